"""Records of a trace as arrays: blocks of bytes enter, batches of HCI packets leave.

A container's framer finds the records in a block and says where each HCI packet lies, which type it
is, which way it went and when. Nothing is copied per packet; what is decoded later is gathered from
the block by index.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

COMMAND, ACL, SCO, EVENT, ISO = 1, 2, 3, 4, 5
"""H4 packet types (Bluetooth Core, vol. 4 part A)."""
PASSED_OVER = 0
"""Type of a record that holds no HCI packet."""

SENT, RECEIVED, UNKNOWN_WAY = 0, 1, 2
"""Which way a packet went, as the phone sees it."""

MAX_RECORD_BYTES = 65_535
"""Longest record taken for one. Controllers hold buffers of a few kilobytes; lengths are 16 bits."""

FARTHEST_US = 1 << 61
"""Times beyond 73,000 years are nonsense; cut off there, differences of times stay inside 64 bits."""

PAD_BYTES = 64
"""Zero bytes after each block, so that fixed offsets into a short last packet stay inside the array."""

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(slots=True)
class Batch:
    """Records of one block, in order.

    ``data`` is the block with padding; ``start`` and ``length`` give the packet without its H4 type
    byte; ``time_us`` is microseconds since 1970 (UTC). Record ``i`` is packet ``first + i`` of the
    trace, counted from 1 as tshark counts. ``adapter`` numbers the controller where there are several.
    """

    data: Bytes
    raw: bytes
    first: int
    start: Ints
    length: Ints
    kind: Bytes
    way: Bytes
    time_us: Ints
    adapter: Bytes | None = None
    _words: npt.NDArray[np.uint16] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._words = np.ndarray((len(self.raw) - 1,), "<u2", self.raw, strides=(1,))

    def __len__(self) -> int:
        return len(self.start)

    def head(self, count: int) -> "Batch":
        """The first ``count`` records."""
        adapter = None if self.adapter is None else self.adapter[:count]
        return Batch(
            self.data,
            self.raw,
            self.first,
            self.start[:count],
            self.length[:count],
            self.kind[:count],
            self.way[:count],
            self.time_us[:count],
            adapter,
        )

    def byte(self, rows: Ints, offset: int) -> Bytes:
        """The byte at an offset of each packet; beyond a packet's end it is meaningless."""
        return self.data[self.start[rows] + offset]

    def word(self, rows: Ints, offset: int) -> Ints:
        """The little-endian 16-bit word at an offset of each packet."""
        return self._words[self.start[rows] + offset].astype(np.int64)

    def packet(self, row: int) -> bytes:
        """One packet without its H4 type byte."""
        begin = int(self.start[row])
        return self.raw[begin : begin + int(self.length[row])]


class Framer(ABC):
    """Finds the records of one container, block by block.

    ``problem`` is (where, reason) once the trace turned out to be damaged; nothing is read after it.
    ``passed_over`` counts records that hold no HCI packet.
    """

    kind: str

    def __init__(self) -> None:
        self.problem: tuple[str, str] | None = None
        self.passed_over = 0
        self.records = 0
        self._tail = b""

    @abstractmethod
    def feed(self, block: bytes) -> Iterator[Batch]:
        """The records that end inside this block."""

    def finish(self) -> Iterator[Batch]:
        """What could only be read once all bytes were there; says so when the trace ends inside a record."""
        if self.problem is None and self._tail:
            self._damaged("the file ends inside this record")
        return iter(())

    def _damaged(self, reason: str, after: int = 0) -> None:
        self.problem = (f"packet {self.records + after + 1}", reason)
        self._tail = b""


class RecordFramer(Framer):
    """A container whose records follow each other plainly: a walk over their lengths finds them all."""

    def feed(self, block: bytes) -> Iterator[Batch]:
        """The records that end inside this block."""
        if self.problem is not None:
            return
        size = len(self._tail) + len(block)
        raw = b"".join((self._tail, block, bytes(PAD_BYTES)))
        offsets, used = self._walk(raw, size)
        self._tail = raw[used:size]
        if not offsets:
            return
        batch = self._batch(raw, np.array(offsets, np.int64))
        self.records += len(batch)
        self.passed_over += int(np.count_nonzero(batch.kind == PASSED_OVER))
        if len(batch):
            yield batch

    @abstractmethod
    def _walk(self, raw: bytes, size: int) -> tuple[list[int], int]:
        """Offsets of the whole records in ``raw[:size]``, and how many bytes they use."""

    @abstractmethod
    def _batch(self, raw: bytes, offsets: Ints) -> Batch:
        """Arrays for the records at these offsets; shorter where an impossible one is met."""


def view(raw: bytes, dtype: str) -> npt.NDArray[Any]:
    """A number of this type at every byte offset of a block: index it with offsets."""
    width = np.dtype(dtype).itemsize
    return np.ndarray((len(raw) - width + 1,), dtype, raw, strides=(1,))
