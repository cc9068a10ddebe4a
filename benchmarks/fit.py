"""Minutes as a FIT file of monitoring messages, as small as the format allows: what records are measured beside.

Sources: "FIT Protocol" (Garmin, https://developer.garmin.com/fit/protocol/): file header of 14 bytes, definition and
data messages, CRC of 16 bits; Profile.xlsx of the FIT SDK: ``file_id`` (message 0), ``monitoring`` (message 55) with
``timestamp`` (field 253), ``timestamp_min_8`` (25), ``cycles_16`` (9, in steps), ``heart_rate`` (27). A header with a
compressed timestamp reaches 31 seconds ahead, so it cannot carry minutes.
"""

import struct
from collections.abc import Mapping

EPOCH_S = 631_065_600
"""FIT's seconds count from 1989-12-31 00:00 UTC."""

_ENUM, _UINT8, _UINT16, _UINT32, _UINT32Z = (0x00, 1), (0x02, 1), (0x84, 2), (0x86, 4), (0x8C, 4)
_FILE_ID = ((0, _ENUM), (1, _UINT16), (2, _UINT16), (3, _UINT32Z), (4, _UINT32))
_FULL = ((253, _UINT32), (9, _UINT16), (27, _UINT8))
_SHORT = ((25, _UINT8), (9, _UINT16), (27, _UINT8))
_MONITORING, _MONITORING_FILE, _DEVELOPMENT = 55, 32, 255
_REACH_MINUTES = 255
"""How far ``timestamp_min_8`` reaches beyond the last whole timestamp."""


def fit_file(minutes: Mapping[int, tuple[int, int]]) -> bytes:
    """(steps, heart rate) by start (Unix s) as a file."""
    start_s = min(minutes) - EPOCH_S
    body = _definition(0, 0, _FILE_ID)
    body += struct.pack("<BBHHII", 0, _MONITORING_FILE, _DEVELOPMENT, 0, 1, start_s)
    body += _definition(1, _MONITORING, _FULL) + _definition(2, _MONITORING, _SHORT)
    whole_at = -1
    for at in sorted(minutes):
        steps, heart_rate = minutes[at]
        minute = (at - EPOCH_S) // 60
        if whole_at < 0 or minute - whole_at > _REACH_MINUTES:
            body += struct.pack("<BIHB", 1, at - EPOCH_S, steps, heart_rate)
            whole_at = minute
        else:
            body += struct.pack("<BBHB", 2, minute & 0xFF, steps, heart_rate)
    header = struct.pack("<BBHI4s", 14, 0x20, 2132, len(body), b".FIT")
    file = header + struct.pack("<H", crc(header)) + body
    return file + struct.pack("<H", crc(file))


def _definition(local: int, number: int, fields: tuple[tuple[int, tuple[int, int]], ...]) -> bytes:
    head = struct.pack("<BBBHB", 0x40 | local, 0, 0, number, len(fields))
    return head + b"".join(bytes((field, size, base)) for field, (base, size) in fields)


def crc(data: bytes) -> int:
    """CRC-16 with the polynomial 0x8005, reflected, from 0: zero over data that ends with its own."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
