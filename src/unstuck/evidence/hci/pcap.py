"""The pcap container with HCI link types 187 (H4), 201 (H4 with direction) and 254 (BlueZ monitor).

Format: 24 bytes of head, then records of seconds, fraction, included and original length, and the packet.
Source: the pcap format description and the link type registry of tcpdump.org.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unstuck.evidence.hci.btsnoop import MONITOR_KINDS, MONITOR_WAYS
from unstuck.evidence.hci.records import (
    COMMAND,
    EVENT,
    ISO,
    MAX_RECORD_BYTES,
    PASSED_OVER,
    RECEIVED,
    SENT,
    UNKNOWN_WAY,
    Batch,
    Bytes,
    Ints,
    RecordFramer,
    view,
)
from unstuck.model.errors import ErrorCode, EvidenceError

H4, H4_WITH_DIRECTION, BLUEZ_MONITOR = 187, 201, 254
SNIFFERS = (251, 256, 272)
"""Link types of Bluetooth LE sniffers: what a third device heard on the air."""
RECORD_HEAD_BYTES = 16


def linktype_or_error(linktype: int, path: str) -> int:
    """The link type where it is HCI. Raises EvidenceError that says what it is instead."""
    if linktype in (H4, H4_WITH_DIRECTION, BLUEZ_MONITOR):
        return linktype
    what = f"this is a capture of another network (link type {linktype})"
    if linktype in SNIFFERS:
        what = f"this is the capture of a radio sniffer (Bluetooth LE link layer, link type {linktype})"
    raise EvidenceError(ErrorCode.SOURCE_NOT_HCI, path=path, what=what)


@dataclass(slots=True)
class Packets:
    """Where the HCI packets of link-type payloads lie."""

    start: Ints
    length: Ints
    kind: Bytes
    way: Bytes
    adapter: Bytes | None


def unwrap(raw: bytes, data: Bytes, linktype: int, start: Ints, length: Ints) -> Packets:
    """HCI packets inside payloads of one link type."""
    if linktype == BLUEZ_MONITOR:
        words = view(raw, ">u2")
        opcode = np.where(length >= 4, words[start + 2], 0xFFFF)
        adapter = words[start].astype(np.uint8)
        return Packets(start + 4, np.maximum(length - 4, 0), MONITOR_KINDS[opcode], MONITOR_WAYS[opcode], adapter)
    head = 4 if linktype == H4_WITH_DIRECTION else 0
    kind: npt.NDArray[np.uint8] = data[start + head]
    sane = (kind >= COMMAND) & (kind <= ISO) & (length > head)
    if head:
        way = np.where(data[start + 3] & 1, RECEIVED, SENT).astype(np.uint8)
    else:
        way = np.full(len(start), UNKNOWN_WAY, np.uint8)
        way[kind == EVENT] = RECEIVED
        way[kind == COMMAND] = SENT
    kind = np.where(sane, kind, PASSED_OVER).astype(np.uint8)
    return Packets(start + head + 1, np.maximum(length - head - 1, 0), kind, way, None)


class PcapFramer(RecordFramer):
    """Records of a pcap file; the file's head must already be taken off."""

    kind = "pcap"

    def __init__(self, order: str, units_per_us: int, linktype: int) -> None:
        super().__init__()
        self._order = order
        self._units_per_us = units_per_us
        self._linktype = linktype
        self._length = struct.Struct(f"{order}I").unpack_from

    def _walk(self, raw: bytes, size: int) -> tuple[list[int], int]:
        offsets: list[int] = []
        at, last = 0, size - RECORD_HEAD_BYTES
        while at <= last:
            length = self._length(raw, at + 8)[0]
            if length > MAX_RECORD_BYTES:
                self._damaged(f"a record of {length:,} bytes is impossible", len(offsets))
                return offsets, size
            after = at + RECORD_HEAD_BYTES + length
            if after > size:
                break
            offsets.append(at)
            at = after
        return offsets, at

    def _batch(self, raw: bytes, offsets: Ints) -> Batch:
        longs = view(raw, f"{self._order}u4")
        data = np.frombuffer(raw, np.uint8)
        packets = unwrap(raw, data, self._linktype, offsets + RECORD_HEAD_BYTES, longs[offsets + 8].astype(np.int64))
        return Batch(
            data=data,
            raw=raw,
            first=self.records + 1,
            start=packets.start,
            length=packets.length,
            kind=packets.kind,
            way=packets.way,
            time_us=longs[offsets].astype(np.int64) * 1_000_000
            + longs[offsets + 4].astype(np.int64) // self._units_per_us,
            adapter=packets.adapter,
        )
