"""Messages of the adb protocol: bytes enter, messages leave, and the other way round.

A message is six little-endian words (command, two arguments, length and sum of the payload, the command's complement)
and a payload (AOSP ``protocol.txt``). From version 0x01000001 on the sum is left 0 and not looked at.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

VERSION_CHECKED = 0x01000000
"""The first version: every payload carries the sum of its bytes."""
VERSION_UNCHECKED = 0x01000001
"""From here on sums are not looked at (``A_VERSION_SKIP_CHECKSUM``)."""
PAYLOAD_OLD_BYTES = 4096
"""The longest payload of the first version (``MAX_PAYLOAD_V1``)."""
PAYLOAD_MOST_BYTES = 1 << 20
"""The longest of all (``MAX_PAYLOAD``)."""

_HEADER = struct.Struct("<6I")


class Command(IntEnum):
    """The commands, as the four letters that stand for them."""

    SYNC = 0x434E5953
    CNXN = 0x4E584E43
    AUTH = 0x48545541
    OPEN = 0x4E45504F
    OKAY = 0x59414B4F
    CLSE = 0x45534C43
    WRTE = 0x45545257
    STLS = 0x534C5453


class WireError(Exception):
    """What came is no adb, or damaged; the connection ends."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. What ``first`` and ``second`` mean depends on the command."""

    command: Command
    first: int
    second: int
    payload: bytes = b""

    def encoded(self, *, checked: bool = False) -> bytes:
        """As it goes over the wire; with the sum of its bytes where the other side looks at it."""
        total = sum(self.payload) & 0xFFFFFFFF if checked else 0
        header = _HEADER.pack(
            self.command, self.first, self.second, len(self.payload), total, self.command ^ 0xFFFFFFFF
        )
        return header + self.payload


class Decoder:
    """Puts messages together from whatever pieces the network delivers."""

    def __init__(self) -> None:
        self.checked = True
        """Whether sums are looked at; the two sides agree on it when they connect."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are complete now. Raises WireError for what cannot be one."""
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            number, first, second, length, total, complement = _HEADER.unpack_from(self._buffer)
            if number ^ 0xFFFFFFFF != complement:
                raise WireError(f"no adb message: {bytes(self._buffer[:4])!r}")
            if length > PAYLOAD_MOST_BYTES:
                raise WireError(f"a payload of {length} bytes is longer than allowed")
            if len(self._buffer) < _HEADER.size + length:
                return
            payload = bytes(self._buffer[_HEADER.size : _HEADER.size + length])
            del self._buffer[: _HEADER.size + length]
            try:
                command = Command(number)
            except ValueError as error:
                raise WireError(f"unknown command 0x{number:08x}") from error
            # The connection's first message comes before both sides know what they agree on.
            if self.checked and command is not Command.CNXN and sum(payload) & 0xFFFFFFFF != total:
                raise WireError("a payload's sum is wrong")
            yield Message(command, first, second, payload)
