"""A btsnoop file as Android writes it, from packets we make up.

Format: 16 bytes of head (``btsnoop\\0``, version 1, datalink 1002 = H4), then records, all big-endian. Packet
layouts are those of the Bluetooth Core Specification, volume 4 part E.
"""

import struct
from dataclasses import dataclass, field
from datetime import datetime

_EPOCH_US = 0x00DCDDB30F2F8000
"""Microseconds from btsnoop's year 0 to 1970."""
_ANSWER_AFTER_S = 0.0015
"""A controller answers a command within 1 to 2 ms in real logs."""

_SENT, _RECEIVED, _COMMAND_OR_EVENT = 0, 1, 2
_ATT_CHANNEL = 4


@dataclass(frozen=True, slots=True)
class Peer:
    """A device on the air. ``address`` is written the usual way; ``kind`` 0 public, 1 random."""

    address: str
    kind: int
    advert: bytes = b""
    scan_response: bytes = b""

    @property
    def wire(self) -> bytes:
        """The address as it travels: lowest byte first."""
        return bytes.fromhex(self.address.replace(":", ""))[::-1]


NOBODY = Peer("00:00:00:00:00:00", 0)


@dataclass
class HciLog:
    """Packets between one phone and its Bluetooth controller; times are seconds from ``start``."""

    start: datetime
    _records: list[tuple[int, int, bytes]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._records)

    def _add(self, at_s: float, flags: int, packet: bytes) -> None:
        self._records.append((round(at_s * 1_000_000), flags, packet))

    def command(self, at_s: float, opcode: int, parameters: bytes = b"", returns: bytes = b"") -> None:
        """A command and its Command Complete with status 0 and ``returns``."""
        self._add(at_s, _SENT | _COMMAND_OR_EVENT, struct.pack("<BHB", 1, opcode, len(parameters)) + parameters)
        self.event(at_s + _ANSWER_AFTER_S, 0x0E, struct.pack("<BHB", 1, opcode, 0) + returns)

    def command_pending(self, at_s: float, opcode: int, parameters: bytes = b"") -> None:
        """A command and its Command Status 0: the outcome comes later as an event."""
        self._add(at_s, _SENT | _COMMAND_OR_EVENT, struct.pack("<BHB", 1, opcode, len(parameters)) + parameters)
        self.event(at_s + _ANSWER_AFTER_S, 0x0F, struct.pack("<BBH", 0, 1, opcode))

    def event(self, at_s: float, code: int, parameters: bytes) -> None:
        """An event of the controller."""
        self._add(at_s, _RECEIVED | _COMMAND_OR_EVENT, struct.pack("<BBB", 4, code, len(parameters)) + parameters)

    def att_sent(self, at_s: float, handle: int, pdu: bytes) -> None:
        """An ATT packet from the phone, acknowledged by the controller a connection interval later."""
        l2cap = struct.pack("<HH", len(pdu), _ATT_CHANNEL) + pdu
        self._add(at_s, _SENT, struct.pack("<BHH", 2, handle, len(l2cap)) + l2cap)
        self.event(at_s + 0.04, 0x13, struct.pack("<BHH", 1, handle, 1))

    def att_received(self, at_s: float, handle: int, pdu: bytes) -> None:
        """An ATT packet from the device."""
        l2cap = struct.pack("<HH", len(pdu), _ATT_CHANNEL) + pdu
        self._add(at_s, _RECEIVED, struct.pack("<BHH", 2, handle | 0x2000, len(l2cap)) + l2cap)

    def boot(self, name: str) -> None:
        """What a host says when Bluetooth comes up, shortened to what matters."""
        self.command(0.0, 0x0C03)
        self.command(0.016, 0x0C01, bytes.fromhex("ffffffffffffbf3d"))
        self.command(0.022, 0x1001, returns=bytes.fromhex("0c00000c0f004941"))
        self.command(0.041, 0x2001, bytes.fromhex("7ffe027d07000000"))
        self.command(0.058, 0x0C13, name.encode().ljust(248, b"\0"))

    def advert(self, at_s: float, peer: Peer, rssi: int) -> None:
        """An extended advertising report of a legacy connectable advert, and its scan response where there is one."""
        for kind, data in ((0x0013, peer.advert), (0x001B, peer.scan_response)):
            if not data:
                continue
            report = struct.pack("<HB6s", kind, peer.kind, peer.wire)
            report += struct.pack("<BBBbbHB6sB", 1, 0, 0xFF, 127, rssi, 0, 0, bytes(6), len(data)) + data
            self.event(at_s, 0x3E, b"\x0d\x01" + report)
            at_s += 0.0012

    def seek(self, at_s: float) -> None:
        """The phone begins to look for the devices on its accept list (LE Extended Create Connection)."""
        per_phy = struct.pack("<HHHHHHHH", 0x60, 0x30, 24, 40, 0, 500, 0, 0)
        self.command_pending(at_s, 0x2043, bytes([1, 0]) + NOBODY.wire + b"\0\x01" + per_phy)

    def give_up(self, at_s: float) -> None:
        """The phone cancels its own attempt: a connection complete with status 0x02 and no address."""
        self.command(at_s, 0x200E)
        self._connection_complete(at_s + 0.002, 0x02, 0, NOBODY)

    def connect(self, at_s: float, handle: int, peer: Peer) -> None:
        """LE Enhanced Connection Complete with success."""
        self._connection_complete(at_s, 0x00, handle, peer)

    def _connection_complete(self, at_s: float, status: int, handle: int, peer: Peer) -> None:
        interval, latency, timeout = (0, 0, 0) if status else (36, 0, 500)
        self.event(
            at_s,
            0x3E,
            struct.pack("<BBHBB6s", 0x0A, status, handle, 0, peer.kind, peer.wire)
            + bytes(12)
            + struct.pack("<HHHB", interval, latency, timeout, 0),
        )

    def encrypt(self, at_s: float, handle: int, fill: int) -> None:
        """LE Start Encryption with a stored key, then event 0x59 (Encryption Change v2) as new Androids send it."""
        self.command_pending(at_s, 0x2019, struct.pack("<H", handle) + bytes(10) + bytes([fill]) * 16)
        self.event(at_s + 0.38, 0x59, struct.pack("<BHBB", 0, handle, 1, 16))

    def read_rssi(self, at_s: float, handle: int, rssi: int) -> None:
        """Read RSSI of a live LE link, in dBm."""
        self.command(at_s, 0x1405, struct.pack("<H", handle), struct.pack("<Hb", handle, rssi))

    def disconnected(self, at_s: float, handle: int, reason: int) -> None:
        """Disconnection Complete."""
        self.event(at_s, 0x05, struct.pack("<BHB", 0, handle, reason))

    def btsnoop(self) -> bytes:
        """The file, records in the order of their times."""
        base_us = round(self.start.timestamp() * 1_000_000) + _EPOCH_US
        parts = [b"btsnoop\0" + struct.pack(">II", 1, 1002)]
        for at_us, flags, packet in sorted(self._records, key=lambda record: record[0]):
            parts.append(struct.pack(">IIIIq", len(packet), len(packet), flags, 0, base_us + at_us))
            parts.append(packet)
        return b"".join(parts)
