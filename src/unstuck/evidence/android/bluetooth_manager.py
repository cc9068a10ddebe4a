"""Bluetooth as the phone sees it: ``dumpsys bluetooth_manager``, Android 6 to 15.

State, enable log with reasons, crashes, bonds, open GATT clients, devices connected through profiles,
and the packet log (btsnooz) that is printed into the same dump.
"""

import base64
import binascii
import re
from itertools import islice

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text
from unstuck.model.evidence import Attachment

_STATE = re.compile(rb"(?m)^ {0,4}state: (?:STATE_)?(\w+)\s*$")
_ENABLED = re.compile(rb"(?m)^ {0,4}enabled: (true|false)\b")
_NEVER = re.compile(rb"(?m)^\s*(?:Bluetooth never enabled!|Bluetooth Service not connected)")
_ABSENT = re.compile(rb"(?m)^Can't find service: bluetooth_manager\b")
_STATES = {
    "10": "off",  # numbers up to Android 6 (BluetoothAdapter.STATE_*)
    "11": "turning_on",
    "12": "on",
    "13": "turning_off",
    "14": "turning_on",
    "15": "ble_on",
    "16": "turning_off",
    "OFF": "off",
    "ON": "on",
    "BLE_ON": "ble_on",
    "TURNING_ON": "turning_on",
    "TURNING_OFF": "turning_off",
    "BLE_TURNING_ON": "turning_on",
    "BLE_TURNING_OFF": "turning_off",
}

_STAMP = rb"((?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)"
_SWITCHED = re.compile(
    rb"(?m)^[ \t]+" + _STAMP + rb"[ \t]+(Enabled|Disabled)[ \t]+(?:due to (\w+)[ \t]+)?by ([^\r\n]{1,200}?)[ \t]*\r?$"
)
_REQUESTED = re.compile(
    rb"(?m)^[ \t]+" + _STAMP + rb"[ \t]+Package \[([^\]\r\n]{0,200})\] requested to \[(Enable|Disable)\w*\]\.?"
    rb"(?:[ \t]*Reason is (\w+))?"
)
_CRASHES = re.compile(rb"(?m)^[ \t]*Bluetooth crashed (\d{1,6}) times?\b.*\n")
_CRASH_TIME = re.compile(rb"[ \t]+" + _STAMP + rb"[ \t]*\r?\n")

_BONDS = re.compile(rb"(?m)^( *)Bonded devices:[ \t]*\r?\n")
_ADDRESS = rb"(?:[0-9A-Fa-fXx*]{2}:){5}[0-9A-Fa-fXx*]{2}"
_BOND = re.compile(
    rb"[ \t]+(" + _ADDRESS + rb"|[0-9A-Za-z_=+/-]{8,64})(?:[ \t]*=>[ \t]*(" + _ADDRESS + rb"))?[ \t]*"
    rb"\[ *(DUAL|BR/EDR|LE|\?+) *\][ \t]*(?:\[ *0x[0-9A-Fa-f]+ *\])?[ \t]*([^\r\n]*)"
)
_TRANSPORT = {b"DUAL": "dual", b"BR/EDR": "br", b"LE": "le"}

_CLIENTS = re.compile(rb"(?m)^[ \t]*GATT Client Map[ \t]*\r?\n")
_CLIENT_END = re.compile(
    rb"(?m)^[ \t]*(?:GATT Server Map|GATT Handle Map|GATT Advertiser Map|GATT Scanner Map|\S+ Map)\b"
)
_CLIENT_APP = re.compile(rb"[ \t]+([A-Za-z][\w]*(?:\.\w+)+)[^(\r\n]{0,80}(?:\(Registered\))?[ \t]*\r?$")
_CLIENT_COUNT = re.compile(rb"[ \t]+Connections: (\d{1,4})")
_CLIENT_LINK = re.compile(rb"[ \t]+[\d :.-]*(?:- \d+ms)?[ \t]*:?[ \t]*(" + _ADDRESS + rb")[ \t]*\(?(\d+)\)?")
_MAP_BYTES = 200_000
"""The client map ends within this, or is no map; scan statistics of 100 apps take half of it."""

_MACHINE = re.compile(rb"(?m)^[ \t]*=+[ \t]*(\w*)StateMachine for (" + _ADDRESS + rb")")
_MACHINE_STATE = re.compile(rb"(?m)^[ \t]*(?:mConnectionState|mCurrentState|StateMachine)[:=][ \t]*(\w+)")
_MACHINES_LIMIT = 200
"""At most so many machines are looked at; a phone has a few for each profile."""
_MACHINE_BYTES = 3_000
"""The state of a profile's machine stands within its first lines (seen: 12 lines)."""

_HID = re.compile(rb"(?m)^[ \t]*Profile: HidHost(?:Service)?[ \t]*\r?\n((?:[ \t]+\S[^\r\n]*\r?\n){1,40})")
_HID_DEVICE = re.compile(rb"(?m)^[ \t]+(" + _ADDRESS + rb")[ \t]*:[ \t]*(\d)[ \t]*\r?$")
_HID_CONNECTED = b"2"
"""BluetoothProfile.STATE_CONNECTED, as HidHostService prints its devices' states (AOSP)."""

_SNOOZ_BEGIN = re.compile(rb"(?m)^--- BEGIN:BTSNOOP_LOG_SUMMARY[^\r\n]{0,100}---[ \t]*\r?\n")
_SNOOZ_END = b"--- END:BTSNOOP_LOG_SUMMARY"
_SNOOZ_LIMIT_BYTES = 16 << 20
"""A packed packet log decoded from the dump is at most so long; the phone's ring buffer is 256 KB, a few MB on some."""
_SNOOZ_LIMIT = 8
"""At most so many packet logs are taken out of one text."""


def read(page: Page, context: Context) -> None:
    """State all of the above; packet logs become attachments of the context."""
    _adapter(page, context)
    _switched(page, context)
    _crashes(page, context)
    _bonds(page, context)
    _clients(page, context)
    _profiles(page, context)
    _packet_logs(page, context)


def _adapter(page: Page, context: Context) -> None:
    found = _STATE.search(page.data)
    if found is not None and (state := _STATES.get(text(found[1]))):
        context.notes.state("bluetooth.adapter", state, page, page.index(found.start()))
    elif (enabled := _ENABLED.search(page.data)) is not None:
        value = "on" if enabled[1] == b"true" else "off"
        context.notes.state("bluetooth.adapter", value, page, page.index(enabled.start()))
    elif (never := _NEVER.search(page.data)) is not None:
        context.notes.state("bluetooth.adapter", "off", page, page.index(never.end()))
    elif (absent := _ABSENT.search(page.data)) is not None:
        context.notes.state("bluetooth.adapter", "absent", page, page.index(absent.start()))


def _switched(page: Page, context: Context) -> None:
    for found in _SWITCHED.finditer(page.data):
        value = {"on": found[2] == b"Enabled", "reason": text(found[3] or b""), "by": text(found[4])}
        when = context.clock.read(found[1])
        context.notes.event("bluetooth.switched", value, page, page.index(found.start(1)), when)
    for found in _REQUESTED.finditer(page.data):
        value = {"on": found[3] == b"Enable", "reason": text(found[4] or b""), "by": text(found[2])}
        when = context.clock.read(found[1])
        context.notes.event("bluetooth.switched", value, page, page.index(found.start(1)), when)


def _crashes(page: Page, context: Context) -> None:
    found = _CRASHES.search(page.data)
    if found is None:
        return
    count = int(found[1])
    context.notes.state("bluetooth.crashes", count, page, page.index(found.start(1)))
    at = found.end()
    for _ in range(count):
        if (crash := _CRASH_TIME.match(page.data, at)) is None:
            break
        when = context.clock.read(crash[1])
        context.notes.event("bluetooth.crashed", True, page, page.index(crash.start(1)), when)
        at = crash.end()


def _bonds(page: Page, context: Context) -> None:
    heading = _BONDS.search(page.data)
    if heading is None:
        return
    first = page.index(heading.start()) + 1
    count = 0
    for index in range(first, len(page.starts)):
        found = _BOND.match(page.line(index))
        if found is None:
            break
        count += 1
        # The second address is the one the device is known by; the first changes.
        address = text(found[2] or found[1]).lower()
        value = {"name": text(found[4]).strip(), "transport": _TRANSPORT.get(found[3], "unknown")}
        context.notes.state("bluetooth.bond", value, page, index, address)
    context.notes.state("bluetooth.bond_count", count, page, first - 1)


def _clients(page: Page, context: Context) -> None:
    """``Entries: N`` counts rows of scan statistics, not links: the connection lines are counted."""
    begin = _CLIENTS.search(page.data)
    if begin is None:
        return
    stop = _CLIENT_END.search(page.data, begin.end(), begin.end() + _MAP_BYTES)
    last = page.index(stop.start()) if stop else min(len(page.starts), page.index(begin.end()) + 2_000)
    app, at, links = "", 0, 0
    for index in range(page.index(begin.end()), last):
        line = page.line(index)
        if found := _CLIENT_APP.match(line):
            _client(page, context, app, at, links)
            app, at, links = text(found[1]), index, 0
        elif app and _CLIENT_LINK.match(line):
            links += 1
    _client(page, context, app, at, links)


def _client(page: Page, context: Context, app: str, index: int, links: int) -> None:
    if app:
        context.notes.state("bluetooth.gatt_client", {"connections": links}, page, index, app)


def _profiles(page: Page, context: Context) -> None:
    for found in islice(_MACHINE.finditer(page.data), _MACHINES_LIMIT):
        state = _MACHINE_STATE.search(page.data, found.end(), found.end() + _MACHINE_BYTES)
        other = _MACHINE.search(page.data, found.end(), found.end() + _MACHINE_BYTES)
        if state is None or (other is not None and other.start() < state.start()):
            continue
        if state[1].upper() in (b"CONNECTED", b"STATE_CONNECTED"):
            address = text(found[2]).lower()
            index = page.index(found.start(1))
            context.notes.state(
                "bluetooth.profile_link", {"profile": text(found[1]).lower() or "unknown"}, page, index, address
            )

    for found in _HID.finditer(page.data):
        for device in _HID_DEVICE.finditer(found[1]):
            if device[2] == _HID_CONNECTED:
                at = page.index(found.start(1) + device.start(1))
                value = {"profile": "hid"}
                context.notes.state("bluetooth.profile_link", value, page, at, text(device[1]).lower())


def _packet_logs(page: Page, context: Context) -> None:
    """The block is base64; a damaged tail is dropped, the reader of packets tells what is missing."""
    for begin in islice(_SNOOZ_BEGIN.finditer(page.data), _SNOOZ_LIMIT):
        end = page.data.find(_SNOOZ_END, begin.end())
        if end < 0:
            end = min(len(page.data), begin.end() + 2 * _SNOOZ_LIMIT_BYTES)
        packed = b"".join(page.data[begin.end() : end].split())[: _SNOOZ_LIMIT_BYTES * 4 // 3]
        try:
            data = base64.b64decode(packed[: len(packed) // 4 * 4], validate=True)
        except binascii.Error:
            context.problems.append(
                f"{context.path}: the Bluetooth packet log at {page.locator(page.index(begin.start()))} is damaged; "
                "make a new bug report to have it."
            )
            continue
        known = any(attachment.data == data for attachment in context.attachments)
        if data and not known:
            context.attachments.append(Attachment(f"{context.path}#btsnooz", data))
