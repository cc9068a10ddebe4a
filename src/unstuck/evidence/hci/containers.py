"""Opens the container a trace is in: its first block enters, a framer and what is left of the block leave."""

import struct

from unstuck.evidence.hci.btsnoop import H1, H4, MONITOR, BtsnoopFramer
from unstuck.evidence.hci.btsnooz import PackedSnoozFramer, SnoozFramer
from unstuck.evidence.hci.packetlogger import PacketLoggerFramer
from unstuck.evidence.hci.pcap import PcapFramer, linktype_or_error
from unstuck.evidence.hci.pcapng import PcapngFramer
from unstuck.evidence.hci.recognise import (
    BTSNOOP_HEAD_BYTES,
    PCAP_MAGICS,
    hybrid_layout,
    packetlogger_order,
    recognise,
)
from unstuck.evidence.hci.records import Framer
from unstuck.model.errors import ErrorCode, EvidenceError

PCAP_HEAD_BYTES = 24


def open_container(block: bytes, path: str) -> tuple[Framer, bytes]:
    """The framer for a trace and the rest of its first block. Raises EvidenceError for anything else."""
    kind = recognise(block)
    if kind == "btsnoop":
        if len(block) < BTSNOOP_HEAD_BYTES:
            raise no_records(path, len(block))
        datalink = struct.unpack_from(">I", block, 12)[0]
        rest = block[BTSNOOP_HEAD_BYTES:]
        layout = hybrid_layout(rest) if datalink == H4 else None
        if layout is not None:
            return SnoozFramer(layout, 0, "btsnoop"), rest
        if datalink not in (H1, H4, MONITOR):
            raise EvidenceError(
                ErrorCode.SOURCE_NOT_HCI,
                path=path,
                what=f"this is a btsnoop file of an unknown kind (datalink {datalink})",
            )
        return BtsnoopFramer(datalink), rest
    if kind == "pcap":
        if len(block) < PCAP_HEAD_BYTES:
            raise no_records(path, len(block))
        order, units = PCAP_MAGICS[block[:4]]
        linktype = linktype_or_error(struct.unpack_from(f"{order}I", block, 20)[0] & 0xFFFF, path)
        return PcapFramer(order, units, linktype), block[PCAP_HEAD_BYTES:]
    if kind == "pcapng":
        return PcapngFramer(path), block
    if kind == "btsnooz":
        return PackedSnoozFramer(), block
    if kind == "packetlogger":
        return PacketLoggerFramer(packetlogger_order(block) or ">"), block
    raise EvidenceError(ErrorCode.SOURCE_UNKNOWN, path=path, hint="")


def no_records(path: str, size_bytes: int) -> EvidenceError:
    """The error for a file that begins like a trace and ends before its first record."""
    return EvidenceError(ErrorCode.SOURCE_NO_RECORDS, path=path, size=f"{size_bytes:,} bytes")
