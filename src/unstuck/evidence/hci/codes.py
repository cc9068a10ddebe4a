"""Names of the codes a person meets in excerpts: HCI statuses, commands, SMP reasons.

Source of the numbers: Bluetooth Core Specification, vol. 1 part F (statuses), vol. 4 part E
(commands, events), vol. 3 part H (pairing). The wording is ours.
"""

from collections.abc import Mapping

CANCELLED = 0x02
"""LE: the host gave up its own attempt."""
PAGE_TIMEOUT = 0x04
AUTHENTICATION_FAILURE = 0x05
KEY_MISSING = 0x06
SUPERVISION_TIMEOUT = 0x08
REMOTE_LOW_RESOURCES = 0x14
REMOTE_POWER_OFF = 0x15
LOCAL_HOST = 0x16
REMOTE_USER = 0x13
LINK_RESPONSE_TIMEOUT = 0x22
MIC_FAILURE = 0x3D
NOT_ESTABLISHED = 0x3E

STATUSES: Mapping[int, str] = {
    0x00: "success",
    0x01: "unknown command",
    0x02: "no such connection, the host cancelled",
    0x03: "hardware failure",
    0x04: "page time-out",
    0x05: "authentication failure",
    0x06: "key missing",
    0x07: "controller out of memory",
    0x08: "connection time-out",
    0x09: "connection limit reached",
    0x0B: "connection already exists",
    0x0C: "command disallowed",
    0x0D: "rejected for want of resources",
    0x0E: "rejected for security reasons",
    0x10: "accept time-out",
    0x11: "unsupported feature",
    0x12: "invalid parameters",
    0x13: "closed by the other side",
    0x14: "closed by the other side, low resources",
    0x15: "closed by the other side, power off",
    0x16: "closed by this phone",
    0x18: "pairing not allowed",
    0x1A: "unsupported remote feature",
    0x1F: "unspecified error",
    0x22: "link response time-out",
    0x28: "instant passed",
    0x29: "pairing with unit key not supported",
    0x2F: "insufficient security",
    0x3B: "unacceptable parameters",
    0x3C: "advertising time-out",
    0x3D: "message integrity failure",
    0x3E: "failed to be established",
    0x3F: "MAC connection failed",
}

COMMANDS: Mapping[int, str] = {
    0x0405: "Create Connection",
    0x0406: "Disconnect",
    0x0411: "Authentication Requested",
    0x0413: "Set Connection Encryption",
    0x041D: "Read Remote Version",
    0x0C03: "Reset",
    0x0C1A: "Write Scan Enable",
    0x1405: "Read RSSI",
    0x200C: "LE Set Scan Enable",
    0x200D: "LE Create Connection",
    0x200E: "LE Create Connection Cancel",
    0x2011: "LE Add Device To Accept List",
    0x2013: "LE Connection Update",
    0x2014: "LE Set Host Channel Classification",
    0x2015: "LE Read Channel Map",
    0x2016: "LE Read Remote Features",
    0x2019: "LE Enable Encryption",
    0x2027: "LE Add Device To Resolving List",
    0x2042: "LE Set Extended Scan Enable",
    0x2043: "LE Extended Create Connection",
    0x2085: "LE Extended Create Connection v2",
}

PAIRING_FAILURES: Mapping[int, str] = {
    0x01: "passkey entry failed",
    0x02: "no out-of-band data",
    0x03: "authentication requirements not met",
    0x04: "confirm value does not match",
    0x05: "pairing not supported",
    0x06: "encryption key too short",
    0x07: "command not supported",
    0x08: "unspecified",
    0x09: "too many attempts",
    0x0A: "invalid parameters",
    0x0B: "DHKey check failed",
    0x0C: "numbers do not match",
    0x0D: "BR/EDR pairing in progress",
    0x0E: "key derivation not allowed",
    0x0F: "key rejected",
}


def status(code: int) -> str:
    """``0x08 connection time-out``; only the number where it has no name here."""
    return f"0x{code:02x} {STATUSES[code]}" if code in STATUSES else f"0x{code:02x}"


def command(opcode: int) -> str:
    """``Read RSSI (0x1405)``; only the number where it has no name here."""
    return f"{COMMANDS[opcode]} (0x{opcode:04x})" if opcode in COMMANDS else f"command 0x{opcode:04x}"


def smp_reason(code: int) -> str:
    """``0x04 confirm value does not match``."""
    return f"0x{code:02x} {PAIRING_FAILURES[code]}" if code in PAIRING_FAILURES else f"0x{code:02x}"
