"""Log lines about GATT connections: the only place where a phone keeps why a connection failed."""

import re

from unstuck.evidence.android.page import text

NATIVE_NEEDLES = (b"bta_gattc_conn_cback", b"btm_sec_disconnected")
NEEDLES = (
    *NATIVE_NEEDLES,
    b"onClientConnectionState",
    b"MAX client reached",
    b"too much clientif",
    b"BLUETOOTH_SCAN",
)
"""A line without any of these says nothing here; of the native stack's lines only the first two are read."""

_APP = re.compile(rb"onClientConnectionState\(\) - status=(\d{1,4})\b(.{0,200}?)device=(\S{1,64})")
_CONNECTED = re.compile(rb"\bconnected=(true|false)\b")
_NATIVE = re.compile(rb"(?:bta_gattc_conn_cback|btm_sec_disconnected):.{0,300}?\breason:?\s*(?:=\s*)?(\w+)")
_ADDRESS = re.compile(rb"\b((?:[0-9A-Fa-fXx]{2}:){5}[0-9A-Fa-fXx]{2})\b")
_HEX = re.compile(r"0x([0-9a-fA-F]{1,4})")
_PACKAGE = re.compile(
    rb"packageName ?= ?([\w.]+)|Permission Denial: [^\n]{0,100}?\bfrom ([\w.]+)|\bfor package ([\w.]+)"
)

_REASONS = {
    "GATT_CONN_OK": 0,
    "GATT_CONN_L2C_FAILURE": 1,
    "GATT_CONN_TIMEOUT": 8,
    "GATT_CONN_TERMINATE_PEER_USER": 19,
    "GATT_CONN_TERMINATE_LOCAL_HOST": 22,
    "GATT_CONN_LMP_TIMEOUT": 34,
    "GATT_CONN_FAIL_ESTABLISH": 62,
    "GATT_CONN_TERMINATED_POWER_OFF": 21,
    "HCI_ERR_AUTH_FAILURE": 5,
    "HCI_ERR_KEY_MISSING": 6,
    "HCI_ERR_MEMORY_FULL": 7,
    "HCI_ERR_CONNECTION_TOUT": 8,
    "HCI_ERR_MAX_NUM_OF_CONNECTIONS": 9,
    "HCI_ERR_HOST_REJECT_RESOURCES": 13,
    "HCI_ERR_PEER_USER": 19,
    "HCI_ERR_REMOTE_LOW_RESOURCE": 20,
    "HCI_ERR_REMOTE_POWER_OFF": 21,
    "HCI_ERR_CONN_CAUSE_LOCAL_HOST": 22,
    "HCI_ERR_LMP_RESPONSE_TIMEOUT": 34,
    "HCI_ERR_CONN_FAILED_ESTABLISHMENT": 62,
}
"""Names of the native stack (gatt_api.h, hci_error_code.h of AOSP 14) with the numbers apps are given."""


def status(message: bytes) -> tuple[str, int, str] | None:
    """Address in lower case (empty where it is not said), status and new state of a GATT line, or None."""
    if (found := _APP.search(message)) is not None:
        connected = _CONNECTED.search(message)
        state = "unknown" if connected is None else "connected" if connected[1] == b"true" else "disconnected"
        return text(found[3]).strip(",;").lower(), int(found[1]), state
    if (found := _NATIVE.search(message)) is None:
        return None
    name = text(found[1])
    number = _HEX.fullmatch(name)
    code = int(number[1], 16) if number else _REASONS.get(name)
    if code is None:
        return None
    address = _ADDRESS.search(message)
    return text(address[1]).lower() if address else "", code, "disconnected"


def slots_exhausted(message: bytes) -> bool:
    """No GATT client slot was left."""
    return b"MAX client reached" in message or b"too much clientif" in message


def scan_denied(message: bytes) -> bool:
    """A scan was refused for want of the permission that Android 12 brought."""
    return b"BLUETOOTH_SCAN" in message and (b"SecurityException" in message or b"Need " in message)


def named_package(message: bytes) -> str:
    """The package a refusal names, or empty."""
    found = _PACKAGE.search(message)
    return text(found[1] or found[2] or found[3]) if found else ""
