"""Synthetic HCI packets and containers for tests. Layouts: Bluetooth Core Specification, vol. 3 and 4.

A packet is a :class:`Packet`: when (seconds), which way, and its bytes with the H4 type first.
"""

import base64
import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

EPOCH_US = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds since 1970."""
YEAR_0_US = 0x00DCDDB30F2F8000

TRACKER = "e6:c0:ec:00:00:01"
OTHER = "40:f9:57:00:00:02"
HANDLE = 0x0040

FITBIT_ADVERT = b"\x02\x01\x06\x03\x02\x62\xfd"
LINK_CONFIGURATION = bytes.fromhex("e8bf6ccf178b32b84c486ae500fcbaab")
"""ABBAFC00-..., the service a Fitbit looks for on the phone, as it goes over the air."""


class Packet(NamedTuple):
    """``at`` seconds after the epoch of these tests; ``received`` as the phone sees it."""

    at: float
    received: bool
    data: bytes

    @property
    def time_us(self) -> int:
        return EPOCH_US + round(self.at * 1_000_000)


def _address(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))[::-1]


# packets


def event(at: float, code: int, body: bytes) -> Packet:
    return Packet(at, True, bytes((4, code, len(body))) + body)


def meta(at: float, sub: int, body: bytes) -> Packet:
    return event(at, 0x3E, bytes((sub,)) + body)


def command(at: float, opcode: int, body: bytes = b"") -> Packet:
    return Packet(at, False, struct.pack("<BHB", 1, opcode, len(body)) + body)


def complete(at: float, opcode: int, body: bytes = b"\0") -> Packet:
    return event(at, 0x0E, struct.pack("<BH", 1, opcode) + body)


def status(at: float, opcode: int, code: int = 0) -> Packet:
    return event(at, 0x0F, struct.pack("<BBH", code, 1, opcode))


def reset(at: float) -> list[Packet]:
    return [command(at, 0x0C03), complete(at + 0.01, 0x0C03)]


def connected(at: float, address: str = TRACKER, handle: int = HANDLE, code: int = 0, sub: int = 0x0A) -> Packet:
    """LE connection complete: legacy (0x01), enhanced (0x0a) or enhanced version 2 (0x29)."""
    body = struct.pack("<BHBB", code, handle, 0, 1) + _address(address)
    if sub != 0x01:
        body += bytes(12)
    body += struct.pack("<HHHB", 24, 0, 500, 0)
    return meta(at, sub, body + (b"\0\0\0" if sub == 0x29 else b""))


def connected_br(at: float, address: str = OTHER, handle: int = 0x0010, code: int = 0, link_type: int = 1) -> Packet:
    return event(at, 0x03, struct.pack("<BH", code, handle) + _address(address) + bytes((link_type, 0)))


def disconnected(at: float, reason: int, handle: int = HANDLE) -> Packet:
    return event(at, 0x05, struct.pack("<BHB", 0, handle, reason))


def disconnect(at: float, handle: int = HANDLE) -> Packet:
    return command(at, 0x0406, struct.pack("<HB", handle, 0x13))


def advert(at: float, rssi: int, data: bytes = FITBIT_ADVERT, address: str = TRACKER, kind: int = 0x0013) -> Packet:
    """Extended advertising report."""
    head = struct.pack("<BHB", 1, kind, 1) + _address(address) + struct.pack("<BBBbb", 1, 0, 0xFF, 127, rssi)
    return meta(at, 0x0D, head + bytes(9) + bytes((len(data),)) + data)


def legacy_adverts(at: float, reports: Iterable[tuple[str, int, bytes]], kind: int = 0) -> Packet:
    """One legacy advertising event with any number of reports (address, RSSI, data)."""
    bodies = [
        bytes((kind, 1)) + _address(address) + bytes((len(data),)) + data + struct.pack("<b", rssi)
        for address, rssi, data in reports
    ]
    return meta(at, 0x02, bytes((len(bodies),)) + b"".join(bodies))


def named(text: str) -> bytes:
    """Advert data with a complete local name."""
    return bytes((len(text.encode()) + 1, 0x09)) + text.encode()


def l2cap(at: float, received: bool, channel: int, body: bytes, handle: int = HANDLE) -> Packet:
    frame = struct.pack("<HH", len(body), channel) + body
    boundary = 2 if received else 0
    return Packet(at, received, struct.pack("<BHH", 2, handle | boundary << 12, len(frame)) + frame)


def att(at: float, received: bool, body: bytes, handle: int = HANDLE) -> Packet:
    return l2cap(at, received, 4, body, handle)


def smp(at: float, received: bool, body: bytes, handle: int = HANDLE) -> Packet:
    return l2cap(at, received, 6, body, handle)


def write(at: float, value: bytes, attribute: int = 0x0042, handle: int = HANDLE) -> Packet:
    """Write command from the phone."""
    return att(at, False, struct.pack("<BH", 0x52, attribute) + value, handle)


def notify(at: float, value: bytes, attribute: int = 0x0044, handle: int = HANDLE) -> Packet:
    return att(at, True, struct.pack("<BH", 0x1B, attribute) + value, handle)


def read_rssi(at: float, rssi: int, handle: int = HANDLE) -> list[Packet]:
    return [
        command(at, 0x1405, struct.pack("<H", handle)),
        complete(at + 0.01, 0x1405, struct.pack("<BHb", 0, handle, rssi)),
    ]


def quality(at: float, rssi: int, report: int = 0x02, missed: int = 13, handle: int = HANDLE) -> Packet:
    """Android's Bluetooth Quality Report."""
    head = struct.pack("<BBBHBbbBBBH", 0x58, report, 0x11, handle, 0, 12, rssi, 0, 22, 0, 6400)
    return event(at, 0xFF, head + struct.pack("<IIII", 0x1234, 7, missed, 0) + bytes(24))


def encrypted(at: float, code: int = 0, version: int = 0x59, handle: int = HANDLE) -> Packet:
    body = struct.pack("<BH", code, handle)
    return event(at, version, body + {0x08: b"\1", 0x59: b"\1\x10", 0x30: b""}[version])


# containers


def btsnoop(packets: Iterable[Packet], datalink: int = 1002, cut: int | None = None) -> bytes:
    """A btsnoop file; ``cut`` keeps only that many bytes of each packet, as filtered logs do."""
    out = bytearray(b"btsnoop\0" + struct.pack(">II", 1, datalink))
    for packet in packets:
        data = packet.data if datalink == 1002 else packet.data[1:]
        kept = data if cut is None else data[:cut]
        out += struct.pack(">IIIIQ", len(data), len(kept), _flags(packet, datalink), 0, packet.time_us + YEAR_0_US)
        out += kept
    return bytes(out)


def _flags(packet: Packet, datalink: int) -> int:
    if datalink == 2001:
        return monitor_opcode(packet)
    return packet.received | (2 if packet.data[0] in (1, 4) else 0)


def monitor_opcode(packet: Packet) -> int:
    """Opcode of the BlueZ monitor for a packet of controller 0."""
    return {1: 2, 4: 3, 2: 5 if packet.received else 4, 3: 7 if packet.received else 6}[packet.data[0]]


def monitor_note(at: float, text: bytes = b"BlueZ daemon") -> bytes:
    """A record of a 2001 file that is no HCI packet."""
    time_us = EPOCH_US + round(at * 1_000_000) + YEAR_0_US
    return struct.pack(">IIIIQ", len(text), len(text), 12, 0, time_us) + text


def snooz_records(packets: Iterable[Packet], layout: str = "v2", with_acl: bool = False) -> bytes:
    """Raw btsnooz records: AOSP version 2 or 1, or the variant with 64-bit time steps."""
    out, before = bytearray(), None
    for packet in packets:
        if packet.data[0] == 2 and not with_acl:
            continue
        kind = (0x10 if packet.received else 0x20) + {4: 0, 2: 1, 3: 2, 1: 0}[packet.data[0]]
        step = 0 if before is None else packet.time_us - before
        before = packet.time_us
        size = len(packet.data)
        if layout == "v2":
            out += struct.pack("<HHIB", size, size, step, kind) + packet.data[1:]
        elif layout == "v1":
            out += struct.pack("<HIB", size, step, kind) + packet.data[1:]
        else:
            out += struct.pack("<HHQB", size, size, step, kind) + packet.data[1:]
    return bytes(out)


def snooz(packets: list[Packet], layout: str = "v2", with_acl: bool = False) -> bytes:
    """A btsnooz block out of its base64."""
    version = 1 if layout == "v1" else 2
    kept = [packet for packet in packets if with_acl or packet.data[0] != 2]
    return struct.pack("<BQ", version, kept[-1].time_us) + zlib.compress(snooz_records(kept, layout, with_acl))


def snooz_text(packets: list[Packet]) -> bytes:
    """The same as it stands in a bug report."""
    packed = base64.b64encode(snooz(packets))
    lines = [packed[at : at + 76] for at in range(0, len(packed), 76)]
    head = b"--- BEGIN:BTSNOOP_LOG_SUMMARY (%d bytes in) ---" % len(packed)
    return b"\n".join((head, *lines, b"--- END:BTSNOOP_LOG_SUMMARY ---", b""))


def packetlogger(packets: Iterable[Packet], order: str = ">") -> bytes:
    """An Apple PacketLogger file."""
    out = bytearray()
    for packet in packets:
        kind = {1: 0, 4: 1, 2: 3 if packet.received else 2, 3: 9 if packet.received else 8}[packet.data[0]]
        seconds, microseconds = divmod(packet.time_us, 1_000_000)
        body = packet.data[1:]
        out += struct.pack(f"{order}IIIB", len(body) + 9, seconds, microseconds, kind) + body
    return bytes(out)


def payload(packet: Packet, linktype: int) -> bytes:
    """A packet as the payload of a pcap link type."""
    if linktype == 187:
        return packet.data
    if linktype == 201:
        return struct.pack(">I", packet.received) + packet.data
    return struct.pack(">HH", 0, monitor_opcode(packet)) + packet.data[1:]


def pcap(packets: Iterable[Packet], linktype: int = 201, order: str = "<", nanoseconds: bool = False) -> bytes:
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = bytearray(struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, linktype))
    for packet in packets:
        seconds, microseconds = divmod(packet.time_us, 1_000_000)
        fraction = microseconds * 1000 if nanoseconds else microseconds
        data = payload(packet, linktype)
        out += struct.pack(f"{order}IIII", seconds, fraction, len(data), len(data)) + data
    return bytes(out)


def _block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = len(body) + 12
    return struct.pack(f"{order}II", kind, size) + body + struct.pack(f"{order}I", size)


def pcapng(
    packets: Iterable[Packet], linktypes: tuple[int, ...] = (201,), order: str = "<", nanoseconds: bool = False
) -> bytes:
    """A pcapng file with these interfaces; all packets are on the first HCI one."""
    out = bytearray(_block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1)))
    for linktype in linktypes:
        options = struct.pack(f"{order}HHB3xHH", 9, 1, 9, 0, 0) if nanoseconds else b""
        out += _block(order, 1, struct.pack(f"{order}HHI", linktype, 0, 65535) + options)
    interface = next((at for at, linktype in enumerate(linktypes) if linktype in (187, 201, 254)), 0)
    for packet in packets:
        stamp = packet.time_us * 1000 if nanoseconds else packet.time_us
        data = payload(packet, linktypes[interface]) if linktypes[interface] in (187, 201, 254) else packet.data
        head = struct.pack(f"{order}IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data))
        out += _block(order, 6, head + data)
    return bytes(out)
