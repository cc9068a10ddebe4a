"""Which container some bytes are, and when the trace in them begins. Decided by content only.

Nothing here needs numpy, so that asking is cheap for files that are no traces at all.
"""

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from unstuck.evidence.hci.book import when

BTSNOOP_MAGIC = b"btsnoop\0"
BTSNOOP_HEAD_BYTES = 16
BTSNOOP_YEAR_0_US = 0x00DCDDB30F2F8000
"""Microseconds from year 0, as btsnoop counts, to 1970."""

PCAP_MAGICS = {
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
}
"""Byte order, and how many units of the second time field make a microsecond."""
PCAPNG_SECTION = b"\x0a\x0d\x0d\x0a"
PCAPNG_ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}

SNOOZ_HEAD_BYTES = 9
SNOOZ_BEGIN = b"--- BEGIN:BTSNOOP_LOG_SUMMARY"
SNOOZ_TYPES = frozenset((0x10, 0x11, 0x12, 0x17, 0x20, 0x21, 0x22, 0x2D))
"""Packet types of btsnooz: event, ACL, SCO, ISO received; command, ACL, SCO, ISO sent."""

PACKETLOGGER_HEAD_BYTES = 13
PACKETLOGGER_MAX_BYTES = 70_000
PACKETLOGGER_TYPES = frozenset(
    (0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x12, 0x13, 0xF8, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF)
)
"""Packet types of Apple's PacketLogger: HCI packets, and notes of several kinds."""


@dataclass(frozen=True, slots=True)
class SnoozLayout:
    """One layout of btsnooz records: ``form`` of the head; the type byte in the head or before the data."""

    form: str
    type_in_data: bool
    has_original_length: bool

    @property
    def head_bytes(self) -> int:
        """Bytes of a record's head."""
        return struct.calcsize(self.form)


SNOOZ_LAYOUTS = (
    SnoozLayout("<HHIB", type_in_data=False, has_original_length=True),
    SnoozLayout("<HHQ", type_in_data=True, has_original_length=True),
    SnoozLayout("<HIB", type_in_data=False, has_original_length=False),
)
"""AOSP version 2, a chip maker's variant of it with 64-bit time steps, and version 1. The version byte of
the head does not tell the first two apart, so the layout that walks the records is taken."""


def recognise(head: bytes) -> str | None:
    """The container's kind word (``btsnoop``, ``btsnooz``, ``packetlogger``, ``pcap``, ``pcapng``), or None.

    ``head`` is the beginning of the file, a few kilobytes if there are as many.
    """
    if head[:8] == BTSNOOP_MAGIC:
        return "btsnoop"
    if head[:4] in PCAP_MAGICS:
        return "pcap"
    if head[:4] == PCAPNG_SECTION and head[8:12] in PCAPNG_ORDERS:
        return "pcapng"
    if is_snooz(head) or head.lstrip().startswith(SNOOZ_BEGIN):
        return "btsnooz"
    if packetlogger_order(head) is not None:
        return "packetlogger"
    return None


def first_time(head: bytes) -> datetime | None:
    """When the trace begins, as far as its first bytes tell; for btsnooz when it ends, which is all its head says."""
    kind = recognise(head)
    if kind == "btsnoop" and len(head) >= BTSNOOP_HEAD_BYTES + 24:
        if hybrid_layout(head[BTSNOOP_HEAD_BYTES:]) is not None:
            return None
        return when(struct.unpack_from(">q", head, BTSNOOP_HEAD_BYTES + 16)[0] - BTSNOOP_YEAR_0_US)
    if kind == "btsnooz":
        packed = snooz_bytes(head)
        return when(snooz_end_us(packed)) if packed is not None and len(packed) >= SNOOZ_HEAD_BYTES else None
    if kind == "packetlogger":
        order = packetlogger_order(head)
        seconds, microseconds = struct.unpack_from(f"{order}II", head, 4)
        return when(seconds * 1_000_000 + microseconds)
    if kind == "pcap" and len(head) >= 32:
        order, units = PCAP_MAGICS[head[:4]]
        seconds, fraction = struct.unpack_from(f"{order}II", head, 24)
        return when(seconds * 1_000_000 + fraction // units)
    if kind == "pcapng":
        return next((when(time_us) for time_us in _pcapng_times(head)), None)
    return None


# btsnooz


def is_snooz(head: bytes) -> bool:
    """Whether this is a btsnooz block already out of its base64: version, time of the last packet, zlib data."""
    if len(head) < SNOOZ_HEAD_BYTES + 2 or head[0] not in (1, 2):
        return False
    first, second = head[SNOOZ_HEAD_BYTES], head[SNOOZ_HEAD_BYTES + 1]
    return first & 0x0F == 8 and (first << 8 | second) % 31 == 0


def snooz_bytes(data: bytes) -> bytes | None:
    """A btsnooz block out of its base64; as it is when it is bare; None when it is neither."""
    if is_snooz(data):
        return data
    lines = data.lstrip().split(b"\n")
    if not lines[0].startswith(SNOOZ_BEGIN):
        return None
    body = bytearray()
    for line in lines[1:]:
        if line.startswith(b"---"):
            break
        body += line.strip()
    try:
        return base64.b64decode(bytes(body[: len(body) // 4 * 4]), validate=True)
    except binascii.Error:
        return None


def snooz_end_us(packed: bytes) -> int:
    """Time of the last packet in microseconds since 1970, 0 where it is no time. Some writers use milliseconds."""
    last = int(struct.unpack_from("<Q", packed, 1)[0])
    if last >= 1 << 61:
        return 0
    return last * 1000 if last < 100_000_000_000_000 else last


def inflate(packed: bytes, limit: int) -> bytes:
    """The records of a btsnooz block, as far as they can be unpacked, at most ``limit`` bytes."""
    engine = zlib.decompressobj()
    try:
        return engine.decompress(packed[SNOOZ_HEAD_BYTES:], limit)
    except zlib.error:
        return b""


def snooz_layout(records: bytes, whole: bool, least: int = 1) -> SnoozLayout | None:
    """The layout that walks these records with known types only; to the exact end when they are ``whole``."""
    for layout in SNOOZ_LAYOUTS:
        walked, reached_end = _walk_snooz(records, layout)
        if walked >= least and (reached_end or not whole):
            return layout
    return None


def _walk_snooz(records: bytes, layout: SnoozLayout) -> tuple[int, bool]:
    at, walked, size = 0, 0, layout.head_bytes
    while at + size < len(records) or (at + size == len(records) and not layout.type_in_data):
        fields = struct.unpack_from(layout.form, records, at)
        kind = records[at + size] if layout.type_in_data else fields[-1]
        if kind not in SNOOZ_TYPES or fields[0] < 1 or (layout.has_original_length and fields[1] < fields[0]):
            return 0, False
        at += size + fields[0] - (not layout.type_in_data)
        walked += 1
    return walked, at == len(records)


def hybrid_layout(records: bytes) -> SnoozLayout | None:
    """The layout of btsnooz records that follow a btsnoop head, as some Android builds write them; None where
    they are ordinary btsnoop records."""
    if len(records) < 24:
        return None
    original, included = struct.unpack_from(">II", records)
    if included <= original <= PACKETLOGGER_MAX_BYTES:
        return None
    part = records[:4096]
    return snooz_layout(part, whole=len(part) == len(records), least=min(3, len(records) // 40 or 1))


# PacketLogger


def packetlogger_order(head: bytes) -> str | None:
    """Byte order of a PacketLogger trace, or None. It has no magic number: the first records must make sense."""
    for order in (">", "<"):
        at, good = 0, 0
        while at + PACKETLOGGER_HEAD_BYTES <= len(head) and good < 3:
            length, seconds, microseconds, kind = struct.unpack_from(f"{order}IIIB", head, at)
            sane = PACKETLOGGER_HEAD_BYTES - 4 <= length <= PACKETLOGGER_MAX_BYTES and microseconds < 1_000_000
            if not sane or kind not in PACKETLOGGER_TYPES or not seconds:
                break
            at, good = at + 4 + length, good + 1
        else:
            if good:
                return order
    return None


# pcapng


def _pcapng_times(head: bytes) -> Iterator[int]:
    order, resolution = PCAPNG_ORDERS[head[8:12]], 1_000_000
    at = 0
    while at + 12 <= len(head):
        kind, length = struct.unpack_from(f"{order}II", head, at)
        if length < 12 or length % 4:
            return
        if kind == 1:
            resolution = pcapng_resolution(head[at + 16 : at + length - 4], order)[0]
        elif kind == 6 and at + 20 <= len(head):
            high, low = struct.unpack_from(f"{order}II", head, at + 12)
            yield (high << 32 | low) * 1_000_000 // resolution
        at += length


def pcapng_resolution(options: bytes, order: str) -> tuple[int, int]:
    """Units per second and offset in seconds of an interface's times, from its options."""
    resolution, offset, at = 1_000_000, 0, 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(f"{order}HH", options, at)
        body = options[at + 4 : at + 4 + length]
        if code == 0 or len(body) < length:
            break
        if code == 9 and length >= 1:
            resolution = 1 << (body[0] & 0x3F) if body[0] & 0x80 else 10 ** min(body[0], 18)
        elif code == 14 and length >= 8:
            offset = int(struct.unpack_from(f"{order}q", body)[0])
        at += 4 + (length + 3) // 4 * 4
    return resolution, offset
