"""Zip archives, read in place and never unpacked to disk.

The format is PKWARE's APPNOTE 6.3 (sections 4.3 and 4.5: local headers, central directory, zip64). It is read here and
not by the standard library's ``zipfile`` for three reasons: that one turns the whole table of contents into objects
before any limit can act (a million members), has no way to read a download that was cut off, and trusts sizes.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from unstuck.evidence.intake.files import ignored
from unstuck.evidence.intake.inflate import deflated_length, inflate
from unstuck.evidence.intake.limits import Budget, Limits, MemberCount
from unstuck.evidence.intake.members import Member, SeekableSource, readable
from unstuck.model.errors import ErrorCode, EvidenceError

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip begins: with a member, or at once with the end when it is empty."""

_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_ENTRY = struct.Struct("<4s6H3L5H2L")
_ENTRY_MAGIC = b"PK\x01\x02"
_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_END64_PLACE = struct.Struct("<4sLQL")
_END64_PLACE_MAGIC = b"PK\x06\x07"
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_MAGIC = b"PK\x06\x06"
_LONGEST_COMMENT_BYTES = 0xFFFF
_IN_ZIP64 = 0xFFFFFFFF
_ZIP64_FIELD = 0x0001

_FLAG_ENCRYPTED = 0x0001
_FLAG_SIZES_FOLLOW = 0x0008
_FLAG_UTF8 = 0x0800
_STORED, _DEFLATED = 0, 8
_UNIX_KIND, _UNIX_LINK = 0o170000, 0o120000

_READ_BYTES = 64 * 2**10
"""Packed bytes taken at a time: one is inflated to at most 64 MB, which the inflater hands out in pieces."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the archive says of one member. Sizes are claims; None where they follow after the data."""

    name: str
    flags: int
    method: int
    checksum: int | None
    packed_bytes: int | None
    size_bytes: int | None
    header_at: int
    is_link: bool = False


class ZipContainer:
    """A zip archive. Every pass opens it anew, so nothing stays open between passes."""

    def __init__(self, source: SeekableSource, path: str, budget: Budget) -> None:
        self.path = path
        self._source = source
        self._budget = budget

    def members(self) -> Iterator[Member]:
        """Every file in it, by its table of contents; without one, by going through it from the start.

        Raises:
            EvidenceError: after the last good member: ARCHIVE_DAMAGED, ARCHIVE_HOSTILE.
        """
        seen: set[int] = set()
        names: dict[str, int] = {}
        with self._source() as handle:
            try:
                yield from self._files(handle, _by_directory(handle, self._budget.limits, self.path), seen, names)
            except EvidenceError as fault:
                if fault.code is not ErrorCode.ARCHIVE_DAMAGED:
                    raise
                yield from self._files(handle, _by_headers(handle, self._budget, self.path), seen, names)
                raise

    def _files(
        self, handle: BinaryIO, entries: Iterator[_Entry], seen: set[int], names: dict[str, int]
    ) -> Iterator[Member]:
        for entry in entries:
            # Members laid over each other are how a small archive claims to be endless.
            if entry.header_at in seen:
                continue
            if len(seen) >= self._budget.limits.members:
                raise _hostile(self.path, f"it has more than {self._budget.limits.members:,} files")
            seen.add(entry.header_at)
            if entry.name.endswith("/") or entry.is_link or ignored(entry.name):
                continue
            names[entry.name] = names.get(entry.name, 0) + 1
            again = f" ({names[entry.name]})" if names[entry.name] > 1 else ""
            shown = f"{self.path}!{readable(entry.name)}{again}"
            yield Member(len(seen) - 1, entry.name, shown, entry.size_bytes, self._reader(handle, entry, shown))

    def _reader(self, handle: BinaryIO, entry: _Entry, shown: str) -> Callable[[int], Iterator[bytes]]:
        def chunks(chunk_bytes: int) -> Iterator[bytes]:
            if entry.flags & _FLAG_ENCRYPTED:
                raise EvidenceError(ErrorCode.ARCHIVE_ENCRYPTED, path=self.path)
            if entry.method not in (_STORED, _DEFLATED):
                raise _hostile(shown, f"it is packed by method {entry.method}, which Unstuck does not know")
            header = _local_header(handle, entry.header_at)
            if header is None:
                raise _damaged(shown, "its place in the archive is wrong")
            start = entry.header_at + _LOCAL.size + header.extra_bytes
            count = MemberCount(self._budget, shown)
            packed = _slice(handle, start, entry.packed_bytes, shown)
            unpacked = inflate(packed, count, shown, chunk_bytes)
            if entry.method == _STORED:
                unpacked = _counted(packed, count, chunk_bytes)
            checksum = 0
            for chunk in unpacked:
                checksum = zlib.crc32(chunk, checksum)
                yield chunk
            if entry.checksum is not None and checksum != entry.checksum:
                raise _damaged(shown, "its checksum does not fit; what was read of it may be wrong")

        return chunks


@dataclass(frozen=True, slots=True)
class _Local:
    entry: _Entry
    extra_bytes: int


def _by_directory(handle: BinaryIO, limits: Limits, path: str) -> Iterator[_Entry]:
    """The entries of the table of contents, read piece by piece.

    Raises:
        EvidenceError: ARCHIVE_DAMAGED where the table is missing or wrong, ARCHIVE_HOSTILE where it is endless.
    """
    try:
        file_bytes = handle.seek(0, os.SEEK_END)
        place, table_bytes, shift = _find_directory(handle, file_bytes, path)
        if table_bytes > limits.directory_bytes:
            raise _hostile(path, "its table of contents is endless")
        handle.seek(place)
        table = BytesIO(handle.read(table_bytes))
    except OSError as fault:
        raise _damaged(path, fault.strerror or "it cannot be read") from fault
    while True:
        head = table.read(_ENTRY.size)
        if not head:
            return
        if len(head) < _ENTRY.size or not head.startswith(_ENTRY_MAGIC):
            raise _damaged(path, "its table of contents is broken")
        fields = _ENTRY.unpack(head)
        _, _, _, flags, method, _, _, checksum, packed, size, name_bytes, extra_bytes, comment_bytes = fields[:13]
        unix_mode, header_at = fields[15] >> 16, fields[16]
        raw_name = table.read(name_bytes)
        extra = table.read(extra_bytes)
        table.seek(comment_bytes, os.SEEK_CUR)
        wide = _wide_numbers(extra, (size, packed, header_at))
        size, packed, header_at = wide
        is_link = unix_mode & _UNIX_KIND == _UNIX_LINK
        yield _Entry(_name(raw_name, flags), flags, method, checksum, packed, size, header_at + shift, is_link)


def _find_directory(handle: BinaryIO, file_bytes: int, path: str) -> tuple[int, int, int]:
    """Where the table of contents starts, its length, and how far all places in it are shifted.

    They are shifted where something lies before the archive, as in a self-extracting one.
    """
    tail_bytes = min(file_bytes, _END.size + _LONGEST_COMMENT_BYTES)
    handle.seek(file_bytes - tail_bytes)
    tail = handle.read(tail_bytes)
    found = tail.rfind(_END_MAGIC)
    if found < 0 or len(tail) - found < _END.size:
        raise _damaged(path, "its end is missing")
    end_at = file_bytes - tail_bytes + found
    *_, table_bytes, table_at, _ = _END.unpack_from(tail, found)
    table_end = end_at
    if found >= _END64_PLACE.size and tail.startswith(_END64_PLACE_MAGIC, found - _END64_PLACE.size):
        # Its own note of where it lies is wrong in a shifted archive; it always lies right before the note.
        end64_at = end_at - _END64_PLACE.size - _END64.size
        handle.seek(max(end64_at, 0))
        end64 = handle.read(_END64.size)
        if len(end64) < _END64.size or not end64.startswith(_END64_MAGIC):
            raise _damaged(path, "its end is broken")
        *_, table_bytes, table_at = _END64.unpack(end64)
        table_end = end64_at
    start = table_end - table_bytes
    if start < 0:
        raise _damaged(path, "its end is broken")
    return start, table_bytes, start - table_at


def _by_headers(handle: BinaryIO, budget: Budget, path: str) -> Iterator[_Entry]:
    """The members of an archive without a usable table of contents, one after the other from its start."""
    at = 0
    while True:
        header = _local_header(handle, at)
        if header is None:
            return
        yield header.entry
        entry = header.entry
        start = at + _LOCAL.size + header.extra_bytes
        if entry.packed_bytes is not None:
            at = start + entry.packed_bytes
            continue
        if entry.method != _DEFLATED or entry.flags & _FLAG_ENCRYPTED:
            return
        try:
            packed = _slice(handle, start, None, path)
            end = start + deflated_length(packed, MemberCount(budget, path), path)
        except EvidenceError as fault:
            if fault.code in (ErrorCode.SOURCE_DAMAGED, ErrorCode.SOURCE_UNUSABLE):
                return
            raise
        next_at = _after_sizes(handle, end)
        if next_at is None:
            return
        at = next_at


def _after_sizes(handle: BinaryIO, end: int) -> int | None:
    """Where the next header is after the sizes that follow a member: 12 to 24 bytes, with or without a mark."""
    handle.seek(end)
    follows = handle.read(28)
    for length in (16, 12, 24, 20):
        if follows.startswith((_LOCAL_MAGIC, _ENTRY_MAGIC), length):
            return end + length
    return None


def _local_header(handle: BinaryIO, at: int) -> _Local | None:
    """The header before a member's data; None where there is none at this place."""
    try:
        handle.seek(at)
        head = handle.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(_LOCAL_MAGIC):
            return None
        _, _, flags, method, _, _, checksum, packed, size, name_bytes, extra_bytes = _LOCAL.unpack(head)
        raw_name = handle.read(name_bytes)
        extra = handle.read(extra_bytes)
    except (OSError, ValueError, OverflowError):
        # A place that no file can have.
        return None
    if flags & _FLAG_SIZES_FOLLOW and not packed:
        entry = _Entry(_name(raw_name, flags), flags, method, None, None, None, at)
    else:
        size, packed, _ = _wide_numbers(extra, (size, packed, at))
        entry = _Entry(_name(raw_name, flags), flags, method, checksum, packed, size, at)
    return _Local(entry, name_bytes + extra_bytes)


def _wide_numbers(extra: bytes, numbers: tuple[int, int, int]) -> tuple[int, int, int]:
    """Size, packed size and place, with those that do not fit 32 bits taken from the zip64 field."""
    at = 0
    while at + 4 <= len(extra):
        field, length = struct.unpack_from("<HH", extra, at)
        if field == _ZIP64_FIELD:
            body = extra[at + 4 : at + 4 + length]
            wide = [value for (value,) in struct.iter_unpack("<Q", body[: len(body) // 8 * 8])]
            size, packed, place = (wide.pop(0) if number == _IN_ZIP64 and wide else number for number in numbers)
            return size, packed, place
        at += 4 + length
    return numbers


def _slice(handle: BinaryIO, start: int, length: int | None, path: str) -> Iterator[bytes]:
    """Packed bytes from one place on; up to the end of the archive where no length is known."""
    at = start
    end = None if length is None else start + length
    while end is None or at < end:
        try:
            # Sought each time: several members and the table of contents share one handle.
            handle.seek(at)
            piece = handle.read(_READ_BYTES if end is None else min(_READ_BYTES, end - at))
        except (OSError, ValueError, OverflowError) as fault:
            raise _damaged(path, "it cannot be read") from fault
        if not piece:
            return
        at += len(piece)
        yield piece


def _counted(packed: Iterator[bytes], count: MemberCount, chunk_bytes: int) -> Iterator[bytes]:
    """Stored bytes: counted, in pieces no larger than wanted."""
    for piece in packed:
        for at in range(0, len(piece), chunk_bytes):
            part = piece[at : at + chunk_bytes]
            count.add(len(part), count.inflated_bytes + len(part))
            yield part


def _name(raw: bytes, flags: int) -> str:
    # Names are UTF-8 where the flag says so, else code page 437; many packers write UTF-8 without the flag.
    text = raw.decode("utf-8", "replace")
    if not flags & _FLAG_UTF8 and "\N{REPLACEMENT CHARACTER}" in text:
        text = raw.decode("cp437")
    return text.replace("\\", "/")


def _damaged(path: str, reason: str) -> EvidenceError:
    return EvidenceError(ErrorCode.ARCHIVE_DAMAGED, path=path, reason=reason)


def _hostile(path: str, reason: str) -> EvidenceError:
    return EvidenceError(ErrorCode.ARCHIVE_HOSTILE, path=path, reason=reason)
