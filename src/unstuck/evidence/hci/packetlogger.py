"""Apple's PacketLogger container: length, time, type, packet; no magic number.

Records: length of what follows the length field, seconds and microseconds since 1970 (32 bits each), a
type byte, the packet. Big-endian, in older files little-endian. Source: Wireshark's description of the
format and the traces BTstack writes.
"""

import struct

import numpy as np

from unstuck.evidence.hci.recognise import PACKETLOGGER_HEAD_BYTES, PACKETLOGGER_MAX_BYTES
from unstuck.evidence.hci.records import ACL, COMMAND, EVENT, ISO, RECEIVED, SCO, Batch, Ints, RecordFramer, view

KINDS = np.zeros(256, np.uint8)
"""H4 type for each PacketLogger type; 0 = a note of the system."""
KINDS[[0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x12, 0x13]] = (COMMAND, EVENT, ACL, ACL, SCO, SCO, ISO, ISO)
WAYS = np.zeros(256, np.uint8)
WAYS[[0x01, 0x03, 0x09, 0x13]] = RECEIVED


class PacketLoggerFramer(RecordFramer):
    """Records of a PacketLogger file."""

    kind = "packetlogger"

    def __init__(self, order: str) -> None:
        super().__init__()
        self._order = order
        self._length = struct.Struct(f"{order}I").unpack_from

    def _walk(self, raw: bytes, size: int) -> tuple[list[int], int]:
        offsets: list[int] = []
        at, last = 0, size - PACKETLOGGER_HEAD_BYTES
        while at <= last:
            length = self._length(raw, at)[0]
            if not PACKETLOGGER_HEAD_BYTES - 4 <= length <= PACKETLOGGER_MAX_BYTES:
                self._damaged(f"a record of {length:,} bytes is impossible", len(offsets))
                return offsets, size
            after = at + 4 + length
            if after > size:
                break
            offsets.append(at)
            at = after
        return offsets, at

    def _batch(self, raw: bytes, offsets: Ints) -> Batch:
        longs = view(raw, f"{self._order}u4")
        data = np.frombuffer(raw, np.uint8)
        kind = data[offsets + 12]
        return Batch(
            data=data,
            raw=raw,
            first=self.records + 1,
            start=offsets + PACKETLOGGER_HEAD_BYTES,
            length=longs[offsets].astype(np.int64) - (PACKETLOGGER_HEAD_BYTES - 4),
            kind=KINDS[kind],
            way=WAYS[kind],
            time_us=longs[offsets + 4].astype(np.int64) * 1_000_000 + longs[offsets + 8],
        )
