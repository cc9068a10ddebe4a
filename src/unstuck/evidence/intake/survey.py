"""A look at the head of every file given: what is it, and is it worth reading?"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from unstuck.evidence.hci import first_time
from unstuck.evidence.intake import readers
from unstuck.evidence.intake.files import FileContainer, FolderContainer
from unstuck.evidence.intake.hints import hint
from unstuck.evidence.intake.limits import CHUNK_BYTES, DIGEST_BYTES, HEAD_BYTES, Budget, amount
from unstuck.evidence.intake.members import Container, Member, SeekableSource, Stream, readable, take
from unstuck.evidence.intake.readers import Reader
from unstuck.evidence.intake.strangers import Stranger, Strangers, Surroundings
from unstuck.evidence.intake.tars import GZIP_MAGIC, GzipContainer, Opener, TarContainer, is_tar
from unstuck.evidence.intake.zips import MAGIC as ZIP_MAGIC
from unstuck.evidence.intake.zips import ZipContainer
from unstuck.evidence.takeout import kinds
from unstuck.model.errors import ErrorCode, EvidenceError

_MOST_FAULTS = 5
"""Sentences about one source; more say nothing new."""
_MAIN_ENTRY = "main_entry.txt"
"""In a bug report zip, the file that names the main text."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One file worth reading. ``head_digest`` is of its head, ``starts`` the first time of a Bluetooth trace."""

    reader: Reader
    kind: str
    name: str
    path: str
    size_bytes: int
    head_digest: bytes
    is_whole_head: bool
    starts: datetime | None
    place: "Place"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member is, to read it again in a later pass. ``alone``: it can be opened without a pass."""

    container: Container
    index: int
    path: str
    alone: Opener | None

    @classmethod
    def of(cls, container: Container, member: Member) -> "Place":
        """The place of a member."""
        return cls(container, member.index, member.path, member.chunks if member.seekable else None)

    def open(self, chunk_bytes: int) -> Iterator[bytes]:
        """Read it, from an archive by going through that again up to its place.

        Raises:
            EvidenceError: where that is no longer possible.
        """
        if self.alone is not None:
            yield from self.alone(chunk_bytes)
            return
        for member in self.container.members():
            if member.index == self.index:
                yield from member.chunks(chunk_bytes)
                return
        raise EvidenceError(ErrorCode.SOURCE_UNREADABLE, path=self.path, reason="it changed while it was read")


@dataclass(slots=True)
class Source:
    """What one path that a person gave turned out to hold."""

    path: str
    kind: str
    leaves: list[Leaf] = field(default_factory=list)
    faults: list[EvidenceError] = field(default_factory=list)
    strangers: Strangers = field(default_factory=Strangers)
    files: int = 0

    def note(self, fault: EvidenceError) -> None:
        """Keep a fault, once."""
        if len(self.faults) < _MOST_FAULTS and all(str(fault) != str(known) for known in self.faults):
            self.faults.append(fault)


class Survey:
    """Looks at sources one after the other. ``looked`` is told the path of every file looked at."""

    def __init__(self, budget: Budget, looked: Callable[[str], None]) -> None:
        self._budget = budget
        self._looked = looked

    def of(self, given: Path) -> Source:
        """What is at this path: the files worth reading, and what is wrong."""
        shown = readable(str(given))
        limits = self._budget.limits
        if os.path.isdir(given):
            source = Source(shown, "folder")
            self._look(source, FolderContainer(given, shown, limits), depth=0, named=False)
        else:
            source = Source(shown, "unknown")
            self._look(source, FileContainer(given, shown, limits), depth=0, named=True)
        if not source.leaves and not source.faults:
            count = "1 file" if source.files == 1 else f"{source.files:,} files"
            source.note(EvidenceError(ErrorCode.SOURCE_NOTHING, path=shown, count=count))
        return source

    def _look(self, source: Source, container: Container, depth: int, named: bool) -> None:
        main_entry = ""
        here = Surroundings()
        strangers: list[Stranger] = []
        first_leaf = len(source.leaves)
        members = container.members()
        while True:
            try:
                member = next(members, None)
            except EvidenceError as fault:
                source.note(fault)
                break
            if member is None:
                break
            head = self._head(source, member)
            if head is None:
                continue
            if member.name.rsplit("/", 1)[-1] == _MAIN_ENTRY:
                main_entry = head.decode("utf-8", "replace").strip()
                here.roots.add(member.name[: -len(_MAIN_ENTRY)])
            inner = self._archive(container, member, head)
            if inner is not None:
                if depth >= self._budget.limits.depth:
                    source.note(_hostile(member.path, "archives lie in archives without end"))
                    continue
                source.kind = "archive" if source.kind == "unknown" else source.kind
                # A single packed file is that file to the person; an archive of many is not.
                self._look(source, inner, depth + 1, named and isinstance(inner, GzipContainer))
                continue
            source.files += 1
            if not self._sort(source, container, member, head, named) and not named:
                strangers.append(_stranger(member, head))
        _surround(here, container, source.leaves[first_leaf:])
        source.strangers.add(strangers, here)
        source.leaves[first_leaf:] = _without_copies(source.leaves[first_leaf:], main_entry)

    def _head(self, source: Source, member: Member) -> bytes | None:
        self._looked(member.path)
        stream = Stream(member.chunks(HEAD_BYTES))
        head = take(stream, HEAD_BYTES)
        if not head and stream.problem is not None:
            source.note(stream.problem)
            return None
        return head

    def _archive(self, container: Container, member: Member, head: bytes) -> Container | None:
        place = Place.of(container, member)
        if head.startswith(ZIP_MAGIC):
            return ZipContainer(member.seekable or self._held(place), member.path, self._budget)
        if head.startswith(GZIP_MAGIC):
            name = member.name.removesuffix(".gz").removesuffix(".tgz")
            return GzipContainer(place.open, member.path, name, self._budget)
        if is_tar(head):
            return TarContainer(place.open, member.path, self._budget.limits)
        return None

    def _held(self, place: Place) -> SeekableSource:
        """An archive inside an archive, unpacked in memory each time it is looked at and let go after."""
        limit = self._budget.limits.nested_bytes

        def load() -> BinaryIO:
            held = BytesIO()
            for chunk in place.open(CHUNK_BYTES):
                held.write(chunk)
                if held.tell() > limit:
                    raise _hostile(place.path, f"an archive inside an archive is larger than {amount(limit)}")
            held.seek(0)
            return held

        return load

    def _sort(self, source: Source, container: Container, member: Member, head: bytes, named: bool) -> bool:
        """Keep a file that some reader takes; False where none does, which is said of one that was named itself."""
        found = readers.recognise(head, member.name)
        if found is None:
            if named and not head:
                source.note(EvidenceError(ErrorCode.SOURCE_EMPTY, path=member.path))
            elif named:
                source.note(EvidenceError(ErrorCode.SOURCE_UNKNOWN, path=member.path, hint=hint(head)))
            return False
        reader, kind = found
        starts = first_time(head) if reader is Reader.HCI else None
        digest = hashlib.blake2b(head, digest_size=DIGEST_BYTES).digest()
        size_bytes = member.size_bytes or 0
        place = Place.of(container, member)
        whole = len(head) < HEAD_BYTES
        source.leaves.append(Leaf(reader, kind, member.name, member.path, size_bytes, digest, whole, starts, place))
        return True


def _stranger(member: Member, head: bytes) -> Stranger:
    # The last part only: folders may be named after people, and a redactor knows whole paths.
    shown = kinds.base_name(member.path)
    return Stranger(member.name, shown if head else f"{shown} (empty)", kinds.expected(head, member.name))


def _surround(here: Surroundings, container: Container, leaves: Sequence[Leaf]) -> None:
    """Note where a container holds a bug report or an export, which bring many files that nobody reads."""
    for leaf in leaves:
        if leaf.place.container is not container:
            continue
        top, inside, _ = leaf.name.partition("/")
        if leaf.reader is Reader.TAKEOUT:
            here.roots |= {f"{top}/"} if inside else set()
            here.loose_export |= not inside
        elif leaf.kind == "bugreport" and not isinstance(container, FolderContainer):
            # In a folder of a person's own, a report may lie beside anything.
            here.roots.add(leaf.name[: leaf.name.rfind("/") + 1])


def _without_copies(leaves: Sequence[Leaf], main_entry: str) -> list[Leaf]:
    """The files of a bug report less its copies of single services, which are parts of the main text."""
    main = next((leaf for leaf in leaves if main_entry and leaf.name.rsplit("/", 1)[-1] == main_entry), None)
    if main is None or main.reader is not Reader.ANDROID:
        return list(leaves)
    root = main.name[: -len(main_entry)]
    return [
        leaf for leaf in leaves if leaf is main or not (leaf.kind.startswith("dumpsys") and leaf.name.startswith(root))
    ]


def _hostile(path: str, reason: str) -> EvidenceError:
    return EvidenceError(ErrorCode.ARCHIVE_HOSTILE, path=path, reason=reason)
