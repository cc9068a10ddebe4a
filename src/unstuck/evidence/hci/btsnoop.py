"""The btsnoop container: datalinks 1001 (H1), 1002 (H4) and 2001 (BlueZ monitor).

Format: "btsnoop\\0", version 1, datalink, then records of 24 bytes of head (original length, included
length, flags, drops, microseconds since year 0) and the packet, all big-endian. Source: the Symbian
btsnoop description as used by AOSP, BlueZ and Wireshark.
"""

import struct

import numpy as np

from unstuck.evidence.hci.records import (
    ACL,
    COMMAND,
    EVENT,
    ISO,
    MAX_RECORD_BYTES,
    PASSED_OVER,
    RECEIVED,
    SCO,
    Batch,
    Ints,
    RecordFramer,
    view,
)

H1, H4, MONITOR = 1001, 1002, 2001
FILE_HEAD_BYTES = 16
RECORD_HEAD_BYTES = 24
YEAR_0_US = 0x00DCDDB30F2F8000
"""Microseconds from year 0, as btsnoop counts, to 1970."""

MAX_FLAGS = 3
"""Only two flag bits exist (received; command or event). More of them, together with a packet type that
does not exist, is not a record but the middle of one."""

MONITOR_KINDS = np.zeros(65536, np.uint8)
"""H4 type for each opcode of the BlueZ monitor (BlueZ, src/shared/btsnoop.h); 0 = not HCI."""
MONITOR_KINDS[[2, 3, 4, 5, 6, 7, 18, 19]] = (COMMAND, EVENT, ACL, ACL, SCO, SCO, ISO, ISO)
MONITOR_WAYS = np.zeros(65536, np.uint8)
MONITOR_WAYS[[3, 5, 7, 19]] = RECEIVED

_LENGTH = struct.Struct(">I").unpack_from
_LENGTH_LOW = struct.Struct(">H").unpack_from


class BtsnoopFramer(RecordFramer):
    """Records of a btsnoop file; the file's head must already be taken off."""

    kind = "btsnoop"

    def __init__(self, datalink: int) -> None:
        super().__init__()
        self._datalink = datalink

    def _walk(self, raw: bytes, size: int) -> tuple[list[int], int]:
        """This loop runs once for each record, so it reads the low half of the length only and runs into
        the padding; lengths that need the high half are impossible and found in the arrays."""
        offsets: list[int] = []
        add = offsets.append
        at = 0
        try:
            while True:
                (length,) = _LENGTH_LOW(raw, at + 6)
                add(at)
                at += RECORD_HEAD_BYTES + length
        except struct.error:
            pass
        while offsets and offsets[-1] > size - RECORD_HEAD_BYTES:
            at = offsets.pop()
        if offsets:
            length = _LENGTH(raw, offsets[-1] + 4)[0]
            if length <= MAX_RECORD_BYTES and offsets[-1] + RECORD_HEAD_BYTES + length > size:
                at = offsets.pop()
        return offsets, min(at, size)

    def _batch(self, raw: bytes, offsets: Ints) -> Batch:
        longs = view(raw, ">u4")
        original = longs[offsets].astype(np.int64)
        included = longs[offsets + 4].astype(np.int64)
        flags = longs[offsets + 8].astype(np.int64)
        time_us = view(raw, ">i8")[offsets + 16].astype(np.int64) - YEAR_0_US
        data = np.frombuffer(raw, np.uint8)
        start = offsets + RECORD_HEAD_BYTES
        adapter = None
        if self._datalink == MONITOR:
            kind = MONITOR_KINDS[flags & 0xFFFF]
            way = MONITOR_WAYS[flags & 0xFFFF]
            adapter = (flags >> 16).astype(np.uint8)
            wrong = np.zeros(len(offsets), bool)
            length = included
        elif self._datalink == H1:
            way = (flags & 1).astype(np.uint8)
            kind = np.where(flags & 2, np.where(way == RECEIVED, EVENT, COMMAND), ACL).astype(np.uint8)
            wrong = flags > MAX_FLAGS
            length = included
        else:
            way = (flags & 1).astype(np.uint8)
            kind = data[start]
            wrong = (kind < COMMAND) | (kind > ISO) | (included == 0)
            kind = np.where(wrong, PASSED_OVER, kind).astype(np.uint8)
            wrong &= flags > MAX_FLAGS
            start = start + 1
            length = np.maximum(included - 1, 0)
        bad = (included > original) | (included > MAX_RECORD_BYTES) | wrong
        keep = len(offsets)
        if bad.any():
            keep = int(np.argmax(bad))
            length_text = f"a record of {int(included[keep]):,} bytes"
            what = length_text if included[keep] > MAX_RECORD_BYTES else "the head of this record"
            self._damaged(f"{what} is impossible", keep)
        return Batch(
            data=data,
            raw=raw,
            first=self.records + 1,
            start=start[:keep],
            length=length[:keep],
            kind=kind[:keep],
            way=way[:keep],
            time_us=time_us[:keep],
            adapter=None if adapter is None else adapter[:keep],
        )
