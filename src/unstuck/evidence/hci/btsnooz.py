"""btsnooz: the small in-memory trace that Android puts into bug reports, and raw records of the same form.

Head: version, time of the last packet (microseconds since 1970, 64 bits, little-endian); then zlib data
with records of time steps, types and packets. Source: AOSP, tools/scripts/btsnooz.py. ACL data is
stripped by Android, so most such traces tell about links and nothing about traffic.
"""

from collections.abc import Iterator

import numpy as np

from unstuck.evidence.hci.recognise import SnoozLayout, inflate, snooz_bytes, snooz_end_us, snooz_layout
from unstuck.evidence.hci.records import (
    ACL,
    COMMAND,
    EVENT,
    FARTHEST_US,
    ISO,
    PASSED_OVER,
    RECEIVED,
    SCO,
    Batch,
    Framer,
    Ints,
    RecordFramer,
    view,
)

INFLATED_LIMIT_BYTES = 16 << 20
"""Android keeps 256 KB; 16 MB leaves room for every variant and none for a bomb."""

KINDS = np.zeros(256, np.uint8)
KINDS[[0x10, 0x11, 0x12, 0x17, 0x20, 0x21, 0x22, 0x2D]] = (EVENT, ACL, SCO, ISO, COMMAND, ACL, SCO, ISO)


class SnoozFramer(RecordFramer):
    """Raw btsnooz records. They hold time steps: ``start_us`` is the time before the first one."""

    def __init__(self, layout: SnoozLayout, start_us: int, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._layout = layout
        self._now_us = start_us

    def _walk(self, raw: bytes, size: int) -> tuple[list[int], int]:
        offsets: list[int] = []
        layout, at = self._layout, 0
        head, inside = layout.head_bytes, int(layout.type_in_data)
        while at + head + inside <= size:
            length = raw[at] | raw[at + 1] << 8
            kind = raw[at + head] if inside else raw[at + head - 1]
            if length < 1 or KINDS[kind] == PASSED_OVER:
                self._damaged("the head of this record is impossible", len(offsets))
                return offsets, size
            after = at + head + length - 1 + inside
            if after > size:
                break
            offsets.append(at)
            at = after
        return offsets, at

    def _batch(self, raw: bytes, offsets: Ints) -> Batch:
        layout = self._layout
        data = np.frombuffer(raw, np.uint8)
        type_at = offsets + layout.head_bytes - (not layout.type_in_data)
        step_at = offsets + (4 if layout.has_original_length else 2)
        steps = view(raw, "<u8" if layout.type_in_data else "<u4")[step_at].astype(np.int64)
        time_us = self._now_us + np.cumsum(steps)
        self._now_us = int(time_us[-1])
        kind = data[type_at]
        return Batch(
            data=data,
            raw=raw,
            first=self.records + 1,
            start=type_at + 1,
            length=view(raw, "<u2")[offsets].astype(np.int64) - 1,
            kind=KINDS[kind],
            way=((kind & 0xF0) == 0x10).astype(np.uint8) * np.uint8(RECEIVED),
            time_us=time_us,
        )


class PackedSnoozFramer(Framer):
    """A whole btsnooz block, bare or in its base64; it can be read only once all of it is there."""

    kind = "btsnooz"

    def feed(self, block: bytes) -> Iterator[Batch]:
        """Keeps the block for the end; more than the limit is damage."""
        if self.problem is None:
            self._tail += block
            if len(self._tail) > INFLATED_LIMIT_BYTES:
                self._damaged(f"a btsnooz block of more than {INFLATED_LIMIT_BYTES >> 20} MB is impossible")
        return iter(())

    def finish(self) -> Iterator[Batch]:
        """All records."""
        if self.problem is not None:
            return
        packed = snooz_bytes(self._tail)
        records = b"" if packed is None else inflate(packed, INFLATED_LIMIT_BYTES)
        layout = snooz_layout(records, whole=True) or snooz_layout(records[:4096], whole=False, least=3)
        if packed is None or layout is None:
            self._damaged("the block cannot be unpacked")
            return
        inner = SnoozFramer(layout, 0, self.kind)
        batches = [*inner.feed(records), *inner.finish()]
        for batch in batches:
            np.clip(batch.time_us, -FARTHEST_US, FARTHEST_US, out=batch.time_us)
        begin_us = snooz_end_us(packed) - (int(batches[-1].time_us[-1]) if batches else 0)
        for batch in batches:
            batch.time_us += begin_us
        self.records, self.problem, self.passed_over = inner.records, inner.problem, inner.passed_over
        yield from batches
