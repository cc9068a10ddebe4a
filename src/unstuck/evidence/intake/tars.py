"""Tar archives and single gzip files, read forwards as streams.

The tar format is POSIX.1-2017 ``pax`` (ustar header blocks, extended headers) with GNU long names. The standard
library's ``tarfile`` is not used: it takes extended headers of any claimed length into memory and calls itself once
per chained header, so a small hostile file ends it.
"""

from collections.abc import Callable, Iterator

from unstuck.evidence.intake.files import ignored
from unstuck.evidence.intake.inflate import gunzip
from unstuck.evidence.intake.limits import Budget, Limits
from unstuck.evidence.intake.members import Member, readable
from unstuck.model.errors import ErrorCode, EvidenceError

GZIP_MAGIC = b"\x1f\x8b\x08"
_BLOCK_BYTES = 512
_MAGIC_AT = 257
_MAGIC = b"ustar"
_READ_BYTES = 256 * 2**10
"""Bytes taken from the archive at a time."""
_LONGEST_HEADER_BYTES = 64 * 2**10
"""Of an extended header; real ones hold a path of at most 4,096 bytes and a few times and sizes."""
_LONGEST_HEADER_CHAIN = 16
"""Headers in a row that describe one file; real archives have at most 3."""
_MOST_SIZE_DIGITS = 19
"""Decimal digits of 2**63 bytes."""
_REGULAR = frozenset({b"0", b"\0", b"7"})
_PAX, _PAX_GLOBAL, _GNU_LONG_NAME = b"x", b"g", b"L"

Opener = Callable[[int], Iterator[bytes]]
"""Starts reading a file from its beginning, in chunks of at most so many bytes."""


def is_tar(head: bytes) -> bool:
    """Whether a file begins with a tar header."""
    return head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC


class GzipContainer:
    """One gzip file as a container of the one file in it."""

    def __init__(self, opener: Opener, path: str, name: str, budget: Budget) -> None:
        self.path = path
        self._opener = opener
        self._name = name
        self._budget = budget

    def members(self) -> Iterator[Member]:
        """The file inside; its name is that of the gzip file, and so it is shown."""
        yield Member(
            0,
            self._name,
            self.path,
            None,
            lambda chunk_bytes: gunzip(self._opener(_READ_BYTES), self._budget, self.path, chunk_bytes),
        )


class TarContainer:
    """A tar archive, packed or not. Each pass reads it from the start."""

    def __init__(self, opener: Opener, path: str, limits: Limits) -> None:
        self.path = path
        self._opener = opener
        self._limits = limits

    def members(self) -> Iterator[Member]:
        """Every regular file in it, in order; the bytes of each must be read before the next is asked for.

        Raises:
            EvidenceError: after the last good member, where the archive is damaged, cut off or endless.
        """
        blocks = _Forward(self._opener(_READ_BYTES))
        names: dict[str, int] = {}
        for index in range(self._limits.members):
            header = _next_header(blocks, self.path)
            if header is None:
                return
            name, size_bytes, regular = header
            end = blocks.at + size_bytes
            if regular and not ignored(name):
                names[name] = names.get(name, 0) + 1
                again = f" ({names[name]})" if names[name] > 1 else ""
                shown = f"{self.path}!{readable(name)}{again}"
                yield Member(index, name, shown, size_bytes, _reader(blocks, end, shown))
            blocks.skip_to(end + -size_bytes % _BLOCK_BYTES)
        raise EvidenceError(
            ErrorCode.ARCHIVE_HOSTILE, path=self.path, reason=f"it has more than {self._limits.members:,} files"
        )


def _reader(blocks: "_Forward", end: int, shown: str) -> Opener:
    def chunks(chunk_bytes: int) -> Iterator[bytes]:
        while blocks.at < end:
            piece = blocks.read(min(chunk_bytes, end - blocks.at))
            if not piece:
                raise _damaged(shown, "it stops in the middle")
            yield piece

    return chunks


def _next_header(blocks: "_Forward", path: str) -> tuple[str, int, bool] | None:
    """Name, length and whether it is a regular file; None at the end of the archive."""
    long_name = ""
    long_size: int | None = None
    for _ in range(_LONGEST_HEADER_CHAIN):
        block = blocks.read(_BLOCK_BYTES)
        if not block.strip(b"\0"):
            return None
        if len(block) < _BLOCK_BYTES:
            raise _damaged(path, "it stops in the middle")
        size_bytes = _number(block[124:136])
        if size_bytes is None or not _checksum_fits(block):
            raise _damaged(path, "a header in it is broken")
        kind = block[156:157]
        if kind in (_PAX, _PAX_GLOBAL, _GNU_LONG_NAME):
            if size_bytes > _LONGEST_HEADER_BYTES:
                raise EvidenceError(ErrorCode.ARCHIVE_HOSTILE, path=path, reason="a header in it is endless")
            body = blocks.read(size_bytes)
            blocks.skip_to(blocks.at + -size_bytes % _BLOCK_BYTES)
            if kind == _GNU_LONG_NAME:
                long_name = _text(body)
            elif kind == _PAX:
                records = _pax_records(body)
                long_name = records.get("path", long_name)
                size_text = records.get("size", "")
                if size_text.isdecimal() and len(size_text) <= _MOST_SIZE_DIGITS:
                    long_size = int(size_text)
            continue
        name = _text(block[:100])
        prefix = _text(block[345:500]) if block[_MAGIC_AT : _MAGIC_AT + 6] == b"ustar\0" else ""
        name = long_name or (f"{prefix}/{name}" if prefix else name)
        return name, size_bytes if long_size is None else long_size, kind in _REGULAR and not name.endswith("/")
    raise EvidenceError(ErrorCode.ARCHIVE_HOSTILE, path=path, reason="headers follow headers in it without end")


class _Forward:
    """A stream read by exact lengths, knowing how far it is."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self.at = 0

    def read(self, size_bytes: int) -> bytes:
        """As many bytes as wanted, fewer only at the end."""
        parts = []
        missing = size_bytes
        while missing > 0 and self._more():
            part = self._rest[:missing]
            self._rest = self._rest[len(part) :]
            missing -= len(part)
            parts.append(part)
        data = b"".join(parts)
        self.at += len(data)
        return data

    def skip_to(self, place: int) -> None:
        """Pass over everything before ``place``."""
        while self.at < place and self._more():
            part_bytes = min(place - self.at, len(self._rest))
            self._rest = self._rest[part_bytes:]
            self.at += part_bytes

    def _more(self) -> bool:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._rest = memoryview(chunk)
        return True


def _number(field: bytes) -> int | None:
    """A size: octal digits, or binary where the top bit is set (GNU); None where it is neither."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    return int(digits, 8) if digits.strip(b"01234567") == b"" else None


def _checksum_fits(block: bytes) -> bool:
    return _number(block[148:156]) == sum(block) - sum(block[148:156]) + 8 * ord(" ")


def _pax_records(body: bytes) -> dict[str, str]:
    """Records of an extended header, each ``length key=value`` and a line feed."""
    records: dict[str, str] = {}
    at = 0
    while True:
        digits, space, _ = body[at : at + 20].partition(b" ")
        if not space or not digits.isdigit() or int(digits) <= len(digits):
            return records
        key, _, value = body[at + len(digits) + 1 : at + int(digits)].rstrip(b"\n").partition(b"=")
        records[_text(key)] = _text(value)
        at += int(digits)


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def _damaged(path: str, reason: str) -> EvidenceError:
    return EvidenceError(ErrorCode.ARCHIVE_DAMAGED, path=path, reason=reason)
