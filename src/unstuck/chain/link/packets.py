"""Gattlink packets: bytes enter, one of five shapes leaves, and back. Source: docs/reference/gattlink.md.

The first byte decides: bit 7 control, else bit 6 "carries an acknowledgement", bits 4..0 a packet number.
"""

from dataclasses import dataclass

RESET_REQUEST = b"\x80"

_CONTROL, _ACK, _NUMBER = 0x80, 0x40, 0x1F
_REQUEST_CODE, _COMPLETE_CODE = 0x80, 0x81
_COMPLETE_BYTES = 5
_VERSION = 0
"""Both ends always say version 0 to 0; nobody looks at it."""


@dataclass(frozen=True, slots=True)
class ResetRequest:
    """The peer asks for a new session. Bytes after the first mean nothing."""


@dataclass(frozen=True, slots=True)
class ResetComplete:
    """The peer agrees to a new session and announces its largest windows, in packets (0..255)."""

    receive_window: int
    send_window: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """A data-class packet: an acknowledgement, or data, or both.

    ``ack`` and ``number``: 0..31 or None. ``payload`` is empty when ``number`` is None; an empty payload with
    a number is a packet that nobody should send.
    """

    ack: int | None
    number: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class UnknownControl:
    """A control packet of a kind that is not defined."""

    code: int


@dataclass(frozen=True, slots=True)
class Malformed:
    """Not a packet: empty, a Reset Complete cut short, or something other than data behind an acknowledgement."""

    reason: str


Packet = ResetRequest | ResetComplete | Transfer | UnknownControl | Malformed


def parse(packet: bytes) -> Packet:
    """Read one packet. Never raises; bit 5 of a data header is ignored, as it is by Golden Gate."""
    if not packet:
        return Malformed("empty")
    first = packet[0]
    if first & _CONTROL:
        return _parse_control(packet)
    if not first & _ACK:
        return Transfer(None, first & _NUMBER, packet[1:])
    ack = first & _NUMBER
    if len(packet) == 1:
        return Transfer(ack, None, b"")
    if packet[1] & (_CONTROL | _ACK):
        return Malformed("no data header behind the acknowledgement")
    return Transfer(ack, packet[1] & _NUMBER, packet[2:])


def _parse_control(packet: bytes) -> Packet:
    if packet[0] == _REQUEST_CODE:
        return ResetRequest()
    if packet[0] != _COMPLETE_CODE:
        return UnknownControl(packet[0])
    if len(packet) < _COMPLETE_BYTES:
        return Malformed("Reset Complete cut short")
    return ResetComplete(receive_window=packet[3], send_window=packet[4])


def reset_complete(receive_window: int, send_window: int) -> bytes:
    """A Reset Complete that announces windows in packets."""
    return bytes((_COMPLETE_CODE, _VERSION, _VERSION, receive_window, send_window))


def ack_only(number: int) -> bytes:
    """An acknowledgement of everything up to and including a packet number."""
    return bytes((_ACK | number,))


def data(number: int, payload: bytes, ack: int | None = None) -> bytes:
    """A data packet, with an acknowledgement in front when one is given."""
    return (b"" if ack is None else ack_only(ack)) + bytes((number,)) + payload
