"""A device's HCI as a btsnoop file, so that the doctor reads our chain as it reads a real phone.

Format: RFC 1761 with Bluetooth's data link 1002 (H4); times in microseconds since the year 0.
"""

import struct
from collections.abc import Callable
from typing import BinaryIO

from bumble.snoop import Snooper

HEAD = b"btsnoop\0" + struct.pack(">II", 1, 1002)
YEAR_0_US = 0x00DCDDB30F2F8000
"""Microseconds from the year 0, as btsnoop counts, to 1970."""

_RECORD = struct.Struct(">IIIIQ")
_RECEIVED = 1
_COMMAND_OR_EVENT = 2
_TYPES = (0x01, 0x04)
"""H4 packet types of commands and events."""


class Trace(Snooper):
    """Writes to ``output`` as packets pass. ``true_time``: Unix seconds, which may run faster than real time.

    Each packet is flushed: a chain that is killed leaves a whole file. Where ``output`` fails (a full disk) the trace
    ends and the chain goes on; ``failed`` says so.
    """

    def __init__(self, output: BinaryIO, true_time: Callable[[], float]) -> None:
        self.failed = False
        self.packets = 0
        self._output = output
        self._true_time = true_time
        output.write(HEAD)

    def snoop(self, hci_packet: bytes, direction: Snooper.Direction) -> None:
        """One packet between host and controller, with its H4 type in front."""
        if self.failed:
            return
        flags = _RECEIVED if direction is Snooper.Direction.CONTROLLER_TO_HOST else 0
        if hci_packet[0] in _TYPES:
            flags |= _COMMAND_OR_EVENT
        time_us = round(self._true_time() * 1e6) + YEAR_0_US
        size = len(hci_packet)
        try:
            self._output.write(_RECORD.pack(size, size, flags, 0, time_us) + hci_packet)
            self._output.flush()
        except OSError:
            self.failed = True
            return
        self.packets += 1
