"""Golden Gate's header compression: IPv4 packets enter, shorter frames leave, and back.

``flags (16 bits), length of the frame (16), IP identification (16), fields that differ from their defaults, packed bit
by bit and padded with zeros to a byte, payload``. Source: docs/reference/gattlink.md.
"""

from dataclasses import dataclass
from typing import Final

from unstuck.chain.link.ip import IP_HEADER_BYTES, UDP_HEADER_BYTES, UDP_PROTOCOL, IpPacket

COMPRESSED: Final = 0x8000
_IHL, _DSCP, _ECN, _FLAGS, _OFFSET, _TTL = 0x0001, 0x0002, 0x0004, 0x0008, 0x0010, 0x0020
_PROTOCOL, _SOURCE, _DESTINATION = 0x00C0, 0x0100, 0x0200
_SOURCE_PORT, _DESTINATION_PORT, _UDP_LENGTH = 0x0C00, 0x3000, 0x4000
_PROTOCOLS: Final = {0x0000: 6, 0x0040: UDP_PROTOCOL, 0x0080: 1}
_HEAD_BYTES = 6
_PLAIN_IHL = IP_HEADER_BYTES // 4
_UNSET_PORT = 0
"""Ports B and C of the scheme, which Golden Gate never sets."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two addresses and the port (A of the scheme) that need not be sent, as the one who compresses sees them."""

    source: bytes
    destination: bytes
    port: int


def is_compressed(frame: bytes) -> bool:
    """Whether a frame has a compressed header."""
    return bool(frame[0] & 0x80)


def compress(packet: IpPacket, ends: Ends) -> bytes:
    """A packet as a frame, without IP options. A UDP checksum is lost; a UDP length other than the packet's is kept."""
    bits = _BitsOut()
    flags = COMPRESSED
    for flag, value, width in (
        (_DSCP, packet.service >> 2, 6),
        (_ECN, packet.service & 3, 2),
        (_FLAGS, packet.flags_offset >> 13, 3),
        (_OFFSET, packet.flags_offset & 0x1FFF, 13),
        (_TTL, packet.ttl, 8),
    ):
        flags |= bits.unless_default(flag, value, 0, width)
    code = next((code for code, protocol in _PROTOCOLS.items() if protocol == packet.protocol), _PROTOCOL)
    flags |= code
    if code == _PROTOCOL:
        bits.put(packet.protocol, 8)
    for flag, address, default in (
        (_SOURCE, packet.source, ends.source),
        (_DESTINATION, packet.destination, ends.destination),
    ):
        flags |= bits.unless_default(flag, int.from_bytes(address, "big"), int.from_bytes(default, "big"), 32)
    payload = packet.payload
    if packet.protocol == UDP_PROTOCOL and len(payload) >= UDP_HEADER_BYTES:
        for flag, at in ((_SOURCE_PORT, 0), (_DESTINATION_PORT, 2)):
            flags |= bits.unless_default(flag, int.from_bytes(payload[at : at + 2], "big"), ends.port, 16)
        flags |= bits.unless_default(_UDP_LENGTH, int.from_bytes(payload[4:6], "big"), len(payload), 16)
        payload = payload[UDP_HEADER_BYTES:]
    tail = bits.to_bytes() + payload
    head = (flags, _HEAD_BYTES + len(tail), packet.identification)
    return b"".join(number.to_bytes(2, "big") for number in head) + tail


def decompress(frame: bytes, ends: Ends) -> IpPacket | None:
    """A frame as a packet, UDP checksum 0; None when the fields do not fit into it. ``ends`` as the sender sees them.

    The UDP length is that of the packet. (Golden Gate's own decompressor writes one that is 16 too small.)
    """
    if len(frame) < _HEAD_BYTES:
        return None
    flags, identification = int.from_bytes(frame[:2], "big"), int.from_bytes(frame[4:6], "big")
    bits = _BitsIn(frame[_HEAD_BYTES:])
    words = bits.take(4) if flags & _IHL else _PLAIN_IHL
    service = (bits.take(6) << 2 if flags & _DSCP else 0) | (bits.take(2) if flags & _ECN else 0)
    flags_offset = (bits.take(3) << 13 if flags & _FLAGS else 0) | (bits.take(13) if flags & _OFFSET else 0)
    ttl = bits.take(8) if flags & _TTL else 0
    code = flags & _PROTOCOL
    protocol = bits.take(8) if code == _PROTOCOL else _PROTOCOLS[code]
    source = bits.take(32).to_bytes(4, "big") if flags & _SOURCE else ends.source
    destination = bits.take(32).to_bytes(4, "big") if flags & _DESTINATION else ends.destination
    options = bits.take_bytes((words - _PLAIN_IHL) * 4)
    header = b""
    length = -1
    if protocol == UDP_PROTOCOL:
        ports = []
        for field in (_SOURCE_PORT, _DESTINATION_PORT):
            chosen = flags & field
            ports.append(bits.take(16) if chosen == field else _UNSET_PORT if chosen else ends.port)
        length = bits.take(16) if flags & _UDP_LENGTH else -1
        header = b"".join(port.to_bytes(2, "big") for port in ports)
    payload = bits.rest()
    if payload is None or words < _PLAIN_IHL:
        return None
    if protocol == UDP_PROTOCOL:
        length = UDP_HEADER_BYTES + len(payload) if length < 0 else length
        payload = header + length.to_bytes(2, "big") + b"\0\0" + payload
    return IpPacket(
        source=source,
        destination=destination,
        protocol=protocol,
        payload=payload,
        identification=identification,
        ttl=ttl,
        service=service,
        flags_offset=flags_offset,
        options=options,
    )


class _BitsOut:
    def __init__(self) -> None:
        self._value = 0
        self._width = 0

    def put(self, value: int, width: int) -> None:
        self._value = self._value << width | value
        self._width += width

    def unless_default(self, flag: int, value: int, default: int, width: int) -> int:
        if value == default:
            return 0
        self.put(value, width)
        return flag

    def to_bytes(self) -> bytes:
        padding = -self._width % 8
        return (self._value << padding).to_bytes((self._width + padding) // 8, "big")


class _BitsIn:
    """Takes numbers from the front; past the end they are 0 and :meth:`rest` is None."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, width: int) -> int:
        end = self._at + width
        first, last = self._at // 8, -(-end // 8)
        self._at = end
        if last > len(self._data):
            return 0
        return int.from_bytes(self._data[first:last], "big") >> (-end % 8) & ((1 << width) - 1)

    def take_bytes(self, count: int) -> bytes:
        return bytes(self.take(8) for _ in range(count))

    def rest(self) -> bytes | None:
        at = -(-self._at // 8)
        return None if at > len(self._data) else self._data[at:]
