"""Chunks of a text in any usual encoding enter; blocks of whole lines with their places leave.

A block is half a megabyte or so of UTF-8 that ends with a newline, together with the offset of every
line in it and the number of its first line. Where the lines are is found once, by vector operations,
and everything that looks for borders or log lines later builds on it.
"""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]
"""Byte offsets into the data they belong to."""

BLOCK_BYTES = 1 << 18
"""Blocks are about this long: small enough to stay in a core's own cache while they are looked at."""

LINE_LIMIT_BYTES = 1 << 16
"""The rest of a longer line is dropped: nothing we read is longer, and memory stays bounded."""

_SNIFF_BYTES = 4096
"""So much of a text without a byte order mark is enough to see UTF-16 in it."""

_NEWLINE = 10


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines. ``starts`` are the offsets of their first bytes; ``first_line`` counts from 1."""

    data: bytes
    starts: Offsets
    first_line: int

    def line(self, number: int) -> bytes:
        """The line with this number (of the whole text) without its end."""
        row = number - self.first_line
        start = int(self.starts[row])
        end = int(self.starts[row + 1]) if row + 1 < len(self.starts) else len(self.data)
        return self.data[start:end].rstrip(b"\r\n")


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


def line_starts(data: bytes) -> Offsets:
    """Offset of the first byte of every line of ``data``, which ends with a newline."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE)
    starts = np.empty(len(ends), np.int64)
    if len(ends):
        starts[0] = 0
        np.add(ends[:-1], 1, out=starts[1:])
    return starts


def blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Cut a UTF-8 text into blocks of whole lines; where the chunks were cut makes no difference."""
    line = 1
    for data in _whole_lines(chunks):
        starts = line_starts(data)
        count = len(starts)
        longest = int(np.diff(starts).max(initial=0)) if count > 1 else 0
        if max(longest, len(data) - int(starts[-1])) > LINE_LIMIT_BYTES + 1:
            data = _without_long_lines(data, starts)
            starts = line_starts(data)
        yield Block(data, starts, line)
        line += count


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for piece in _pieces(chunks):
        parts.append(piece)
        size += len(piece)
        if size < BLOCK_BYTES:
            continue
        if (cut := piece.rfind(b"\n") + 1) == 0:
            data = b"".join(parts)
            cut = data.rfind(b"\n") + 1
            if cut:
                yield data[:cut]
            parts = [data[cut:][: LINE_LIMIT_BYTES + 1]]
        else:
            parts[-1] = piece[:cut]
            yield b"".join(parts)
            parts = [piece[cut:][: LINE_LIMIT_BYTES + 1]]
        size = len(parts[0])
    if size:
        data = b"".join(parts)
        yield data if data.endswith(b"\n") else data + b"\n"


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if len(chunk) <= 2 * BLOCK_BYTES:
            yield chunk
        else:
            for at in range(0, len(chunk), BLOCK_BYTES):
                yield chunk[at : at + BLOCK_BYTES]


def _without_long_lines(data: bytes, starts: Offsets) -> bytes:
    bounds = [*starts.tolist(), len(data)]
    return b"".join(data[start : min(end - 1, start + LINE_LIMIT_BYTES)] + b"\n" for start, end in pairwise(bounds))
