"""The shell's second form: packets with an id, so that output, errors and exit status stay apart.

A packet is one byte (0 input, 1 output, 2 errors, 3 exit status, 4 end of input, 5 window size), four bytes of length,
little-endian, and data (AOSP ``shell_protocol.h``).
"""

import struct

from unstuck.lab.adbd.device import ShellResult

_PACKET = struct.Struct("<BI")
_STDOUT, _STDERR, _EXIT = 1, 2, 3


def packets(result: ShellResult) -> bytes:
    """A command's whole answer: output, errors, status."""
    parts = [_packet(_STDOUT, result.stdout), _packet(_STDERR, result.stderr)]
    return b"".join([*parts, _packet(_EXIT, bytes((result.status & 0xFF,)))])


def plain(result: ShellResult) -> bytes:
    """The same as the first form gives it: output and errors in one, and no status."""
    return result.stdout + result.stderr


def _packet(number: int, data: bytes) -> bytes:
    return _PACKET.pack(number, len(data)) + data if data else b""
