"""Deflate and gzip as streams whose output is bounded and counted."""

import zlib
from collections.abc import Iterator

from unstuck.evidence.intake.limits import CHUNK_BYTES, Budget, MemberCount
from unstuck.model.errors import ErrorCode, EvidenceError

_RAW_DEFLATE = -zlib.MAX_WBITS
_GZIP = zlib.MAX_WBITS | 16
_MOST_GZIP_PARTS = 100_000
"""Gzip files may be joined end to end; a block-wise packer makes about 16,000 parts per GB."""


def inflate(packed: Iterator[bytes], count: MemberCount, path: str, chunk_bytes: int) -> Iterator[bytes]:
    """Raw deflate data, unpacked; what follows its end is left unread.

    Raises:
        EvidenceError: SOURCE_DAMAGED where it cannot be unpacked or stops too early, SOURCE_UNUSABLE where
            nothing at all came out; and as :class:`MemberCount`.
    """
    one = _Inflater(packed, count, path, chunk_bytes)
    yield from one.run(_RAW_DEFLATE)


def deflated_length(packed: Iterator[bytes], count: MemberCount, path: str) -> int:
    """How many packed bytes a raw deflate stream has, found by unpacking it.

    Raises:
        EvidenceError: as :func:`inflate`.
    """
    one = _Inflater(packed, count, path, CHUNK_BYTES)
    for _ in one.run(_RAW_DEFLATE):
        pass
    return one.packed_bytes


def gunzip(packed: Iterator[bytes], budget: Budget, path: str, chunk_bytes: int) -> Iterator[bytes]:
    """A gzip file, unpacked, with all its joined parts; zeros and rubbish after the last part are passed over.

    Raises:
        EvidenceError: as :func:`inflate`.
    """
    one = _Inflater(packed, MemberCount(budget, path), path, chunk_bytes)
    for _ in range(_MOST_GZIP_PARTS):
        yield from one.run(_GZIP)
        if not one.next_starts_with(b"\x1f\x8b"):
            return
    raise EvidenceError(ErrorCode.ARCHIVE_HOSTILE, path=path, reason=f"it has more than {_MOST_GZIP_PARTS:,} parts")


class _Inflater:
    """Unpacks one or several deflate streams that lie end to end in ``packed``."""

    def __init__(self, packed: Iterator[bytes], count: MemberCount, path: str, chunk_bytes: int) -> None:
        self._packed = packed
        self._count = count
        self._path = path
        self._chunk_bytes = chunk_bytes
        self._fed_bytes = 0
        self._rest = b""

    def run(self, window_bits: int) -> Iterator[bytes]:
        inflater = zlib.decompressobj(window_bits)
        waiting: list[bytes] = []
        waiting_bytes = 0
        pending = self._rest
        fault = ""
        while not inflater.eof and not fault:
            if not pending:
                pending = next(self._packed, b"")
                self._fed_bytes += len(pending)
            # Asked once more without input, since output cut off by the limit may wait inside.
            is_last = not pending
            try:
                piece = inflater.decompress(pending, self._chunk_bytes - waiting_bytes)
            except zlib.error:
                fault = "it cannot be unpacked"
                break
            pending = inflater.unconsumed_tail
            self._count.add(len(piece), self._fed_bytes - len(pending))
            if piece:
                waiting.append(piece)
                waiting_bytes += len(piece)
            elif is_last and not inflater.eof:
                fault = "it stops in the middle"
            if waiting_bytes >= self._chunk_bytes:
                yield b"".join(waiting)
                waiting, waiting_bytes = [], 0
        self._rest = inflater.unused_data
        if waiting_bytes:
            yield b"".join(waiting)
        if fault:
            raise self._damaged(fault)

    @property
    def packed_bytes(self) -> int:
        return self._fed_bytes - len(self._rest)

    def next_starts_with(self, magic: bytes) -> bool:
        while len(self._rest) < len(magic):
            more = next(self._packed, b"")
            if not more:
                return False
            self._fed_bytes += len(more)
            self._rest += more
        return self._rest.startswith(magic)

    def _damaged(self, reason: str) -> EvidenceError:
        where = f"byte {self._count.inflated_bytes:,}"
        code = ErrorCode.SOURCE_DAMAGED if self._count.inflated_bytes else ErrorCode.SOURCE_UNUSABLE
        return EvidenceError(code, path=self._path, where=where, reason=reason)
