"""Files and folders of this machine as containers. Nothing else in evidence opens a file."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from unstuck.evidence.intake.limits import Limits, too_large
from unstuck.evidence.intake.members import Member, readable
from unstuck.model.errors import ErrorCode, EvidenceError

_OPEN_FLAGS = (
    os.O_RDONLY
    # Never wait for the other end of a pipe that took the file's place after it was looked at.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_IGNORED_FOLDERS = frozenset({"__MACOSX"})
"""Folders that hold only a Mac's own bookkeeping."""


def ignored(name: str) -> bool:
    """Whether a path inside a folder or archive is bookkeeping: hidden, or a Mac's resource copies."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return any(part.startswith(".") or part in _IGNORED_FOLDERS for part in parts)


def open_regular(path: Path, shown: str) -> BinaryIO:
    """Open a regular file without ever waiting.

    Raises:
        EvidenceError: SOURCE_MISSING, SOURCE_NOT_FILE for a pipe or device, SOURCE_UNREADABLE when it may not be read.
    """
    try:
        # Looked at before it is opened: opening a device can itself do something.
        _require_regular(os.stat(path).st_mode, shown)
        descriptor = os.open(path, _OPEN_FLAGS)
    except (OSError, ValueError) as fault:
        raise _cannot_open(shown, fault) from fault
    handle = os.fdopen(descriptor, "rb")
    try:
        _require_regular(os.fstat(descriptor).st_mode, shown)
    except EvidenceError:
        handle.close()
        raise
    return handle


def read_file(path: Path, shown: str, limits: Limits, chunk_bytes: int) -> Iterator[bytes]:
    """The bytes of a file, in chunks.

    Raises:
        EvidenceError: as :func:`open_regular`; SOURCE_UNREADABLE when reading fails; SOURCE_TOO_LARGE.
    """
    with open_regular(path, shown) as handle:
        read_bytes = 0
        while True:
            try:
                chunk = handle.read(chunk_bytes)
            except OSError as fault:
                raise _cannot_open(shown, fault) from fault
            if not chunk:
                return
            read_bytes += len(chunk)
            if read_bytes > limits.member_bytes:
                raise too_large(shown, limits)
            yield chunk


class FileContainer:
    """One file that a person named."""

    def __init__(self, path: Path, shown: str, limits: Limits) -> None:
        self.path = shown
        self._file = path
        self._limits = limits

    def members(self) -> Iterator[Member]:
        """The file itself."""
        yield _member(0, self._file, self._file.name, self.path, self._limits)


class FolderContainer:
    """A folder with all that is in it. Links to folders are not followed, so there are no loops."""

    def __init__(self, path: Path, shown: str, limits: Limits) -> None:
        self.path = shown
        self._folder = path
        self._limits = limits

    def members(self) -> Iterator[Member]:
        """Every file below the folder, by name, that is neither hidden nor a Mac's bookkeeping.

        Raises:
            EvidenceError: after the last good member, for the first folder that could not be listed or
                when there is too much.
        """
        first_fault: EvidenceError | None = None
        index = 0
        waiting: list[tuple[Path, str, int]] = [(self._folder, "", 0)]
        while waiting:
            folder, inside, depth = waiting.pop()
            if depth > self._limits.folder_depth:
                first_fault = first_fault or self._too_much(f"folders lie more than {self._limits.folder_depth} deep")
                continue
            try:
                names = sorted(os.listdir(folder))
            except OSError as fault:
                first_fault = first_fault or _cannot_open(_joined(self.path, readable(inside)), fault)
                continue
            below = []
            for name in names:
                if ignored(name):
                    continue
                child, child_inside = folder / name, f"{inside}{name}"
                if os.path.isdir(child):
                    if not os.path.islink(child):
                        below.append((child, f"{child_inside}/", depth + 1))
                    continue
                if index >= self._limits.members:
                    raise self._too_much(f"it has more than {self._limits.members:,} files")
                yield _member(index, child, child_inside, _joined(self.path, readable(child_inside)), self._limits)
                index += 1
            waiting.extend(reversed(below))
        if first_fault is not None:
            raise first_fault

    def _too_much(self, reason: str) -> EvidenceError:
        return EvidenceError(ErrorCode.SOURCE_TOO_LARGE, path=self.path, reason=reason)


def _member(index: int, path: Path, name: str, shown: str, limits: Limits) -> Member:
    try:
        size_bytes: int | None = os.stat(path).st_size
    except (OSError, ValueError):
        size_bytes = None
    return Member(
        index,
        name,
        shown,
        size_bytes,
        lambda chunk_bytes: read_file(path, shown, limits, chunk_bytes),
        lambda: open_regular(path, shown),
    )


def _joined(folder: str, inside: str) -> str:
    return os.path.join(folder, inside.rstrip("/")) if inside else folder


def _require_regular(mode: int, shown: str) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = (
        (stat.S_ISDIR, "it is a folder"),
        (stat.S_ISFIFO, "it is a pipe"),
        (stat.S_ISSOCK, "it is a socket"),
        (stat.S_ISCHR, "it is a device"),
        (stat.S_ISBLK, "it is a device"),
    )
    reason = next((text for is_kind, text in kinds if is_kind(mode)), "it is of an unknown kind")
    raise EvidenceError(ErrorCode.SOURCE_NOT_FILE, path=shown, reason=reason)


def _cannot_open(shown: str, fault: OSError | ValueError) -> EvidenceError:
    if isinstance(fault, FileNotFoundError):
        return EvidenceError(ErrorCode.SOURCE_MISSING, path=shown)
    reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
    return EvidenceError(ErrorCode.SOURCE_UNREADABLE, path=shown, reason=reason[:1].lower() + reason[1:])
