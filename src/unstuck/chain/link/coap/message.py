"""CoAP messages: bytes enter, a :class:`Message` leaves, and back. Source: RFC 7252, section 3."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

_VERSION: Final = 1
_PAYLOAD_MARK: Final = 0xFF
_TOKEN_LIMIT_BYTES: Final = 8
_ONE_MORE, _TWO_MORE, _RESERVED = 13, 14, 15
_ONE_OFFSET, _TWO_OFFSET = 13, 269


class Kind(IntEnum):
    """Message types."""

    CON = 0
    NON = 1
    ACK = 2
    RST = 3


class Code(IntEnum):
    """Codes used here; class in the upper three bits."""

    EMPTY = 0
    GET = 1
    POST = 2
    PUT = 3
    DELETE = 4
    CREATED = 0x41
    DELETED = 0x42
    VALID = 0x43
    CHANGED = 0x44
    CONTENT = 0x45
    CONTINUE = 0x5F
    BAD_REQUEST = 0x80
    UNAUTHORIZED = 0x81
    BAD_OPTION = 0x82
    FORBIDDEN = 0x83
    NOT_FOUND = 0x84
    METHOD_NOT_ALLOWED = 0x85
    NOT_ACCEPTABLE = 0x86
    INCOMPLETE = 0x88
    CONFLICT = 0x89
    PRECONDITION_FAILED = 0x8C
    TOO_LARGE = 0x8D
    UNSUPPORTED_FORMAT = 0x8F
    INTERNAL_ERROR = 0xA0
    UNAVAILABLE = 0xA3


class Option(IntEnum):
    """Option numbers used here; odd ones are critical.

    ``SEAL``: our own, of the range for experiments (RFC 7252, 12.2). Even, so whoever does not know it passes over it;
    bits 4 to 1 are 1110, so that it does not tell the blocks of one body from each other (5.4.6).
    """

    URI_HOST = 3
    ETAG = 4
    URI_PORT = 7
    URI_PATH = 11
    CONTENT_FORMAT = 12
    URI_QUERY = 15
    ACCEPT = 17
    BLOCK2 = 23
    BLOCK1 = 27
    SIZE2 = 28
    SEAL = 65052


REQUESTS: Final = frozenset((Code.GET, Code.POST, Code.PUT, Code.DELETE))
"""Methods that a server here knows."""


def dotted(code: int) -> str:
    """A code as people write it: 2.05."""
    return f"{code >> 5}.{code & 0x1F:02d}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``options``: (number, value) in the order of numbers."""

    kind: Kind
    code: int
    number: int
    token: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()
    payload: bytes = b""

    @property
    def is_request(self) -> bool:
        """A code of class 0 other than empty."""
        return 0 < self.code < 0x20

    @property
    def is_response(self) -> bool:
        """A code of class 2, 4 or 5."""
        return self.code >> 5 in (2, 4, 5)

    def all(self, option: int) -> Iterator[bytes]:
        """Values of an option."""
        return (value for number, value in self.options if number == option)

    def first(self, option: int) -> bytes | None:
        """First value of an option."""
        return next(self.all(option), None)

    def to_bytes(self) -> bytes:
        """The message as sent."""
        out = bytearray((_VERSION << 6 | self.kind << 4 | len(self.token), self.code))
        out += self.number.to_bytes(2, "big") + self.token
        before = 0
        for number, value in sorted(self.options, key=lambda option: option[0]):
            delta, delta_more = _split(number - before)
            length, length_more = _split(len(value))
            out.append(delta << 4 | length)
            out += delta_more + length_more + value
            before = number
        if self.payload:
            out.append(_PAYLOAD_MARK)
            out += self.payload
        return bytes(out)


def parse(datagram: bytes) -> Message | None:
    """Read a message; None when it is not one."""
    if len(datagram) < 4 or datagram[0] >> 6 != _VERSION:
        return None
    token_end = 4 + (datagram[0] & 0x0F)
    if token_end > 4 + _TOKEN_LIMIT_BYTES or token_end > len(datagram):
        return None
    kind, code, number = Kind(datagram[0] >> 4 & 3), datagram[1], int.from_bytes(datagram[2:4], "big")
    if code == Code.EMPTY and len(datagram) > 4:
        return None
    body = _parse_options(datagram, token_end)
    if body is None:
        return None
    return Message(kind, code, number, datagram[4:token_end], *body)


def _parse_options(datagram: bytes, at: int) -> tuple[tuple[tuple[int, bytes], ...], bytes] | None:
    options: list[tuple[int, bytes]] = []
    number = 0
    while at < len(datagram):
        head = datagram[at]
        at += 1
        if head == _PAYLOAD_MARK:
            return (tuple(options), datagram[at:]) if at < len(datagram) else None
        sizes = []
        for nibble in (head >> 4, head & 0x0F):
            if nibble == _RESERVED:
                return None
            more = 1 if nibble == _ONE_MORE else 2 if nibble == _TWO_MORE else 0
            offset = _ONE_OFFSET if more == 1 else _TWO_OFFSET if more else nibble
            sizes.append(int.from_bytes(datagram[at : at + more], "big") + offset)
            at += more
        number += sizes[0]
        if at + sizes[1] > len(datagram):
            return None
        options.append((number, datagram[at : at + sizes[1]]))
        at += sizes[1]
    return tuple(options), b""


def _split(value: int) -> tuple[int, bytes]:
    if value < _ONE_OFFSET:
        return value, b""
    if value < _TWO_OFFSET:
        return _ONE_MORE, bytes((value - _ONE_OFFSET,))
    return _TWO_MORE, (value - _TWO_OFFSET).to_bytes(2, "big")


def seal(message: Message) -> Message:
    """The message with the CRC-32 of its bytes as they are without it; an empty message cannot carry one.

    UDP's sum misses two flipped bits in the same column of its words, and short headers have none at all.
    """
    if message.code == Code.EMPTY:
        return message
    own = (int(Option.SEAL), zlib.crc32(message.to_bytes()).to_bytes(4, "big"))
    return replace(message, options=(*message.options, own))


def checked(message: Message) -> tuple[Message, bool | None]:
    """The message without its seal, and whether that is right; None when it has none."""
    seals = list(message.all(Option.SEAL))
    if not seals:
        return message, None
    bare = replace(message, options=tuple(one for one in message.options if one[0] != Option.SEAL))
    return bare, seals == [zlib.crc32(bare.to_bytes()).to_bytes(4, "big")]


def uint(value: int) -> bytes:
    """A number as an option value: no leading zeros, nothing for 0."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
