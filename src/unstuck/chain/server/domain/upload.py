"""The outer form of an upload, read by hand.

A general reader of CBOR builds whatever the bytes say before anybody can look at it: a megabyte of empty
lists takes sixty times its size. This one stops at the first byte that no upload has.
"""

import re
from dataclasses import dataclass

from unstuck.chain.server.domain.names import TRACKER_PATTERN
from unstuck.chain.server.domain.refusals import Code, Refusal

MOST_BATCHES = 1000
"""Batches of one upload; more would only be smaller ones."""

_BYTES, _TEXT, _ARRAY, _MAP, _SIMPLE = 2, 3, 4, 5, 7
"""Major types of RFC 8949, 3.1."""
_OPEN = 31
"""The short count that stands for no stated length; of a simple value: the break that ends it."""
_BREAK = (_SIMPLE, None)
_ID = re.compile(TRACKER_PATTERN)


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload, its batches not decoded yet."""

    tracker: str
    batches: tuple[bytes, ...]


def read_upload(body: bytes) -> Upload:
    """The parts of an upload. Refusal: it is none, or has too many batches."""
    reader = _Reader(body)
    if reader.head() != (_MAP, 2):
        raise Refusal(Code.REQUEST_NOT_CBOR)
    tracker: str | None = None
    batches: tuple[bytes, ...] | None = None
    for _ in range(2):
        match reader.text():
            case "tracker" if tracker is None:
                tracker = reader.text()
                if _ID.fullmatch(tracker) is None:  # among others a zero character, which PostgreSQL does not take
                    raise Refusal(Code.REQUEST_NOT_CBOR)
            case "batches" if batches is None:
                batches = reader.strings()
            case _:
                raise Refusal(Code.REQUEST_NOT_CBOR)
    if tracker is None or batches is None or reader.left:
        raise Refusal(Code.REQUEST_NOT_CBOR)
    return Upload(tracker, batches)


class _Reader:
    """Goes through the bytes once. Refusal: they are something else than asked for, or too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._at

    def head(self) -> tuple[int, int | None]:
        """The major type of the next item and its number; None: no stated length, or the break."""
        first = self._take(1)[0]
        major, short = first >> 5, first & 31
        if short < 24:
            return major, short
        if short < 28:
            return major, int.from_bytes(self._take(1 << (short - 24)))
        if short == _OPEN:
            return major, None
        raise Refusal(Code.REQUEST_NOT_CBOR)

    def text(self) -> str:
        """A text in one piece."""
        data = self._string(_TEXT, self.head())
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise Refusal(Code.REQUEST_NOT_CBOR) from error

    def strings(self) -> tuple[bytes, ...]:
        """A list of byte strings, its length stated or not."""
        major, count = self.head()
        # Each takes a byte at least: a count of more than there is room for is damage, not size.
        if major != _ARRAY or (count is not None and count > self.left):
            raise Refusal(Code.REQUEST_NOT_CBOR)
        if count is not None and count > MOST_BATCHES:
            raise Refusal(Code.REQUEST_TOO_LARGE)
        found: list[bytes] = []
        while count is None or len(found) < count:
            head = self.head()
            if count is None and head == _BREAK:
                break
            found.append(self._string(_BYTES, head))
            if len(found) > MOST_BATCHES:
                raise Refusal(Code.REQUEST_TOO_LARGE)
        return tuple(found)

    def _string(self, major: int, head: tuple[int, int | None]) -> bytes:
        if head[0] != major or head[1] is None:
            raise Refusal(Code.REQUEST_NOT_CBOR)
        return self._take(head[1])

    def _take(self, count: int) -> bytes:
        if count > self.left:
            raise Refusal(Code.REQUEST_NOT_CBOR)
        self._at += count
        return self._data[self._at - count : self._at]
