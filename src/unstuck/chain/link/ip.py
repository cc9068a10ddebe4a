"""IPv4 and UDP: a payload and its addresses enter, a packet leaves, and back. Sources: RFC 791, RFC 768, RFC 1071.

Only what a link needs: no options are written, fragments are not put together.
"""

import struct
from dataclasses import dataclass, replace
from typing import Final

UDP_PROTOCOL: Final = 17
IP_HEADER_BYTES: Final = 20
UDP_HEADER_BYTES: Final = 8

TTL_HOPS = 255
"""What Golden Gate's IP stack writes; there is no router on the way."""

_VERSION = 4
_MORE_FRAGMENTS_AND_OFFSET = 0x3FFF
_HEADER = struct.Struct(">BBHHHBBH4s4s")
_UDP = struct.Struct(">HHHH")


@dataclass(frozen=True, slots=True)
class IpPacket:
    """An IPv4 packet taken apart. ``flags_offset``: three flag bits, then the offset in units of 8 bytes."""

    source: bytes
    destination: bytes
    protocol: int
    payload: bytes
    identification: int = 0
    ttl: int = TTL_HOPS
    service: int = 0
    flags_offset: int = 0
    options: bytes = b""

    def to_bytes(self) -> bytes:
        """The packet with its header checksum."""
        words = (IP_HEADER_BYTES + len(self.options)) // 4
        total = words * 4 + len(self.payload)
        parts = (self.identification, self.flags_offset, self.ttl, self.protocol)
        start = (_VERSION << 4 | words, self.service, total)
        header = _HEADER.pack(*start, *parts, 0, self.source, self.destination) + self.options
        checked = header[:10] + checksum(header).to_bytes(2, "big") + header[12:]
        return checked + self.payload

    @property
    def fragmented(self) -> bool:
        """A piece of a larger packet."""
        return bool(self.flags_offset & _MORE_FRAGMENTS_AND_OFFSET)


def parse_ip(packet: bytes) -> IpPacket | None:
    """Take a packet apart; None when its header is not that of an IPv4 packet of this very length."""
    if len(packet) < IP_HEADER_BYTES:
        return None
    first, service, total, identification, flags_offset, ttl, protocol, _, source, destination = _HEADER.unpack_from(
        packet
    )
    header_bytes = (first & 0x0F) * 4
    if first >> 4 != _VERSION or not IP_HEADER_BYTES <= header_bytes <= total or total != len(packet):
        return None
    if checksum(packet[:header_bytes]):
        return None
    return IpPacket(
        source=source,
        destination=destination,
        protocol=protocol,
        payload=packet[header_bytes:],
        identification=identification,
        ttl=ttl,
        service=service,
        flags_offset=flags_offset,
        options=packet[IP_HEADER_BYTES:header_bytes],
    )


def with_udp(packet: IpPacket, source_port: int, destination_port: int, payload: bytes) -> IpPacket:
    """The packet carrying a UDP datagram, checksum filled in."""
    length = UDP_HEADER_BYTES + len(payload)
    bare = _UDP.pack(source_port, destination_port, length, 0) + payload
    # A sum of zero is sent as all ones: zero means that there is none.
    total = checksum(_pseudo_header(packet, length) + bare) or 0xFFFF
    return replace(packet, protocol=UDP_PROTOCOL, payload=bare[:6] + total.to_bytes(2, "big") + payload)


@dataclass(frozen=True, slots=True)
class UdpDatagram:
    """A UDP datagram taken apart."""

    source_port: int
    destination_port: int
    payload: bytes


def parse_udp(packet: IpPacket) -> UdpDatagram | None:
    """The datagram in a packet; None when it is none, its length is impossible, or its checksum (if any) is wrong."""
    data = packet.payload
    if packet.protocol != UDP_PROTOCOL or len(data) < UDP_HEADER_BYTES:
        return None
    source_port, destination_port, length, sent = _UDP.unpack_from(data)
    if not UDP_HEADER_BYTES <= length <= len(data):
        return None
    if sent and checksum(_pseudo_header(packet, length) + data[:length]):
        return None
    return UdpDatagram(source_port, destination_port, data[UDP_HEADER_BYTES:length])


def _pseudo_header(packet: IpPacket, length: int) -> bytes:
    return packet.source + packet.destination + struct.pack(">BBH", 0, UDP_PROTOCOL, length)


def checksum(data: bytes) -> int:
    """The Internet checksum: zero over data that holds its right checksum."""
    if len(data) % 2:
        data += b"\0"
    # 2**16 leaves 1 modulo 0xFFFF, so the one's complement sum of the words is the number modulo 0xFFFF,
    # with 0xFFFF in place of 0 unless every byte is zero.
    rest = int.from_bytes(data, "big") % 0xFFFF
    if rest == 0 and any(data):
        rest = 0xFFFF
    return ~rest & 0xFFFF
