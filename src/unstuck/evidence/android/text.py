"""Chunks of a text in any usual encoding enter; blocks of whole lines with their places leave.

A block is half a megabyte or so of UTF-8 that ends with a newline, together with the offset of every
line in it and the number of its first line. Where the lines are is found once, by vector operations,
and everything that looks for borders or log lines later builds on it.
"""

import codecs
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]
"""Byte offsets into the data they belong to."""

BLOCK_BYTES = 1 << 19
"""Blocks are about this long: small enough to stay in a core's own cache while they are looked at."""

LINE_LIMIT_BYTES = 1 << 16
"""The rest of a longer line is dropped: nothing we read is longer, and memory stays bounded."""

_KEPT_BYTES = LINE_LIMIT_BYTES + 1
"""A line at the limit with its end."""

_SNIFF_BYTES = 4096
"""So much of a text without a byte order mark is enough to see UTF-16 in it."""

_NEWLINE = 10


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines. ``starts`` are the offsets in ``data`` of their first bytes, the last line ends at ``end``.

    ``data`` may hold more than these lines: blocks cut from one chunk share it. ``first_line`` counts from 1.
    """

    data: bytes
    starts: Offsets
    end: int
    first_line: int

    @property
    def size(self) -> int:
        """How many bytes the lines have."""
        return self.end - int(self.starts[0]) if len(self.starts) else 0

    def bounds(self, row: int) -> tuple[int, int]:
        """Where line ``row`` (from 0) begins and ends, its end included."""
        after = int(self.starts[row + 1]) if row + 1 < len(self.starts) else self.end
        return int(self.starts[row]), after

    def line(self, number: int) -> bytes:
        """The line with this number (of the whole text) without its end."""
        start, end = self.bounds(number - self.first_line)
        return self.data[start:end].rstrip(b"\r\n")

    def part(self, begin: int, end: int) -> "Block":
        """Lines ``begin`` to ``end`` (not included), sharing the data."""
        after = int(self.starts[end]) if end < len(self.starts) else self.end
        return Block(self.data, self.starts[begin:end], after, self.first_line + begin)

    def copied(self) -> "Block":
        """The same lines with data of their own, so that the rest of the chunk can go."""
        first = int(self.starts[0]) if len(self.starts) else 0
        if first == 0 and self.end == len(self.data):
            return self
        return Block(self.data[first : self.end], self.starts - first, self.end - first, self.first_line)


@dataclass(slots=True)
class LongLines:
    """Numbers of the lines that were longer than the limit and therefore cut, in order."""

    numbers: list[int] = field(default_factory=list)

    def within(self, block: Block) -> int:
        """How many of them a block holds."""
        first = bisect_left(self.numbers, block.first_line)
        return bisect_left(self.numbers, block.first_line + len(block.starts)) - first


def encoding(head: bytes) -> tuple[str, int]:
    """The codec of a text that begins with ``head`` and the length of its byte order mark.

    PowerShell writes UTF-16LE with a mark when output is redirected; without a mark UTF-16 is
    taken for what it is when nearly every second byte of the head is NUL.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return name, len(mark)
    sample = head[:_SNIFF_BYTES]
    if len(sample) >= 16:  # fewer bytes show no pattern
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        most = len(sample) // 2 * 0.8
        if odd >= most and even <= len(sample) // 20:
            return "utf-16-le", 0
        if even >= most and odd <= len(sample) // 20:
            return "utf-16-be", 0
    return "utf-8", 0


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text as UTF-8 without a byte order mark. Bytes that are no text stay as they are."""
    source = iter(chunks)
    head = b""
    for chunk in source:
        head = head + chunk if head else bytes(chunk)
        if len(head) >= _SNIFF_BYTES:
            break
    codec, mark = encoding(head)
    if codec == "utf-8":
        yield head[mark:] if mark else head
        yield from source
        return
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    yield decoder.decode(head[mark:]).encode("utf-8", "replace")
    for chunk in source:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def blocks(chunks: Iterable[bytes], long: LongLines | None = None) -> Iterator[Block]:
    """Cut a UTF-8 text into blocks of whole lines; where the chunks were cut makes no difference.

    Chunks of a quarter of a megabyte or more are not copied. Lines that are cut are noted in ``long``.
    """
    long = long or LongLines()
    number = 1
    carry = b""
    for data in _joined(chunks):
        first = data.find(b"\n") + 1
        if not first:
            carry = (carry + data[:_KEPT_BYTES])[:_KEPT_BYTES]
            continue
        begin = 0
        if carry:
            yield _one_line(carry + data[:first], number, long)
            number += 1
            begin = first
        for block in _windows(data, begin, number):
            begin = block.end
            number += len(block.starts)
            yield _short(block, long)
        carry = data[begin : begin + _KEPT_BYTES]
    if carry:
        yield _one_line(carry + b"\n", number, long)


def _joined(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Small chunks put together: looking at a block costs some time whatever its size."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= BLOCK_BYTES:
            yield b"".join(parts) if len(parts) > 1 else bytes(chunk)
            parts, size = [], 0
    if size:
        yield b"".join(parts)


def _windows(data: bytes, begin: int, number: int) -> Iterator[Block]:
    """Blocks of a chunk from ``begin`` on; a line over the border of two windows belongs to the second."""
    line = begin
    step = (len(data) - begin) // max(1, round((len(data) - begin) / BLOCK_BYTES)) + 1
    for at in range(begin, len(data), step):
        window = np.frombuffer(data, np.uint8, min(step, len(data) - at), at)
        ends = (window == _NEWLINE).nonzero()[0]
        if not len(ends):
            continue
        starts = np.empty(len(ends), np.int64)
        starts[0] = line
        np.add(ends[:-1], at + 1, out=starts[1:])
        line = at + int(ends[-1]) + 1
        yield Block(data, starts, line, number)
        number += len(starts)


def _one_line(line: bytes, number: int, long: LongLines) -> Block:
    return _short(Block(line, np.zeros(1, np.int64), len(line), number), long)


def _short(block: Block, long: LongLines) -> Block:
    """The same block, with lines that are too long cut and noted."""
    if not _may_be_long(block):
        return block
    too_long = np.flatnonzero(np.diff(block.starts, append=block.end) > _KEPT_BYTES)
    if not len(too_long):
        return block
    long.numbers += (too_long + block.first_line).tolist()
    starts = block.starts
    cut = [
        block.data[start : min(end - 1, start + LINE_LIMIT_BYTES)] + b"\n"
        for start, end in map(block.bounds, range(len(starts)))
    ]
    lengths = [0, *accumulate(map(len, cut))]
    return Block(b"".join(cut), np.array(lengths[:-1], np.int64), lengths[-1], block.first_line)


def _may_be_long(block: Block) -> bool:
    """Whether between two of some evenly spaced places no line begins: asked of few places, it costs little."""
    places = np.arange(int(block.starts[0]), block.end, LINE_LIMIT_BYTES // 2)
    lines_before = np.searchsorted(block.starts, places)
    return bool((lines_before[1:] == lines_before[:-1]).any()) or block.end - int(block.starts[-1]) > _KEPT_BYTES
