"""``dumpsys bluetooth_manager``.

Forms: real dumps of 13 and 15 for the head and the adapter's part (public threads), AOSP source for 9 to 12, for a
GATT client's connection lines and for the state while Bluetooth turns on or off.
"""

from collections.abc import Iterator

from unstuck.lab.phone import times
from unstuck.lab.phone.dumps.view import View, text, yes
from unstuck.lab.phone.state import LiveLink

_KIND = {"le": "[  LE  ]", "br": "[BR/EDR]", "dual": "[ DUAL ]"}
_CLASS = {"br": "0x240404", "dual": "0x240418"}
"""Class of device that is printed with a bond from 14 on: audio headset, headphones."""

_PROFILES = (
    "A2dpService",
    "AvrcpTargetService",
    "HeadsetService",
    "HidHostService",
    "GattService",
    "BluetoothMapService",
    "BluetoothOppService",
    "PanService",
    "BluetoothPbapService",
)
_SHORT_PROFILES = ("GATT", "A2DP", "AVRCP", "BATTERY", "HEADSET", "HID_HOST", "MAP", "OPP", "PAN", "PBAP")


def dump(view: View) -> str:
    """What the service prints."""
    return text(_lines(view))


def _lines(view: View) -> Iterator[str]:
    state, book = view.state, view.book
    on = state.bluetooth == "on"
    yield "Bluetooth Status"
    yield f"  enabled: {yes(on)}"
    yield f"  state: {state.bluetooth.upper()}"
    yield f"  address: {view.address(state.address)}"
    yield f"  name: {state.name}"
    if on:
        yield f"  time since enabled: {_clock(view.wall_s - book.bluetooth_on_s)}"
    yield ""
    if book.switched:
        yield "Enable log:"
        for entry in book.switched:
            yield f"  {_entry(view, entry.at_s, entry.on, entry.reason, entry.by)}"
    else:
        yield "Bluetooth never enabled!"
    yield ""
    count = len(book.bluetooth_crashes)
    yield f"Bluetooth crashed {count} time{'' if count == 1 else 's'}"
    for at_s in book.bluetooth_crashes:
        yield f"  {_stamp(view, at_s)}"
    yield ""
    yield _ble_apps(view.android)
    yield ""
    if view.android >= 12:
        yield "BluetoothManagerService:"
        for name, value in (("mEnable", on), ("mQuietEnable", False), ("mEnableExternal", on)):
            yield f"  {name}:{yes(value)}"
        yield "  mQuietEnableExternal:false"
        yield ""
    yield ""
    if state.bluetooth == "off":
        yield "Bluetooth Service not connected"
        return
    yield from _adapter(view)
    yield from _services(view)
    yield from _gatt(view)
    yield from _profiles(view)


def _clock(seconds: float) -> str:
    milliseconds = round(max(0.0, seconds) * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _stamp(view: View, wall_s: float) -> str:
    moment = view.local(wall_s)
    return times.short_ms(moment) if view.android >= 14 else times.short(moment)


def _entry(view: View, wall_s: float, on: bool, reason: str, by: str) -> str:
    if view.android >= 15:
        word = "Enable" if on else "Disable"
        return f"{_stamp(view, wall_s)} \tPackage [{by}] requested to [{word}]. \tReason is {reason}"
    return f"{_stamp(view, wall_s)} {' Enabled' if on else 'Disabled'}  due to {reason} by {by}"


def _ble_apps(android: int) -> str:
    if android >= 15:
        return "Number of Ble app registered: 0"
    return "0 BLE appsregistered" if android <= 10 else "0 BLE apps registered"


def _adapter(view: View) -> Iterator[str]:
    state = view.state
    connected = any(link.profile != "gatt" for link in state.links)
    yield "AdapterProperties"
    yield f"  Name: {state.name}"
    yield f"  Address: {view.address(state.address)}"
    if view.android <= 13:
        yield "  BluetoothClass: null" if view.android >= 11 else "  BluetoothClass: 0"
        yield "  ScanMode: SCAN_MODE_CONNECTABLE"
    yield f"  ConnectionState: STATE_{'CONNECTED' if connected else 'DISCONNECTED'}"
    yield f"  State: {state.bluetooth.upper()}"
    yield "  MaxConnectedAudioDevices: 5"
    yield "  A2dpOffloadEnabled: true"
    yield "  Discovering: false"
    yield "  DiscoveryEndMs: 0"
    yield "  Bonded devices:"
    for bond in state.bonds:
        kind = _KIND[bond.transport]
        if view.android >= 14 and bond.transport in _CLASS:
            kind += f"[ {_CLASS[bond.transport]} ]"
        yield f"    {view.address(bond.address)} {kind} {bond.name}"
    yield ""


def _services(view: View) -> Iterator[str]:
    if view.android >= 15:
        yield "ScanMode: SCAN_MODE_CONNECTABLE"
        yield ""
        yield "sSnoopLogSettingAtEnable = EMPTY"
        yield "sDefaultSnoopLogSettingAtEnable = null"
    else:
        yield "mSnoopLogSettingAtEnable = empty"
        yield "mDefaultSnoopLogSettingAtEnable = null"
    yield ""
    yield "Enabled Profile Services:"
    for name in _SHORT_PROFILES if view.android >= 15 else _PROFILES:
        yield f"  {name}"
    yield ""


def _gatt(view: View) -> Iterator[str]:
    yield "Profile: GATT" if view.android >= 15 else "Profile: GattService"
    yield "  mAdvertisingServiceUuids:"
    yield "  mMaxScanFilters: 0"
    yield ""
    yield "Registered App"
    yield "  Scanner:"
    yield "  Client:"
    on = view.state.bluetooth == "on"
    clients = _clients(view) if on else {}
    for number in range(view.state.gatt_slots_used if on else 0):
        yield f"      app_if: {number + 6}, appName: com.example.app{number}"
    for package in clients:
        yield f"      app_if: 5, appName: {package}"
    yield "  Server:"
    yield ""
    yield ""
    yield "GATT Scanner Map"
    yield "  Entries: 0"
    yield ""
    yield "GATT Advertiser Map"
    yield ""
    yield "GATT Client Map"
    yield f"  Entries: {len(clients)}"
    yield ""
    for package, links in clients.items():
        yield from _client(view, package, links)
    yield "GATT Server Map"
    yield "  Entries: 0"
    yield ""
    yield "GATT Handle Map"
    yield "  Entries: 0"
    yield "  Requests: 0"
    yield ""


def _clients(view: View) -> dict[str, list[LiveLink]]:
    """The GATT links of every app that has some, and the app of interest as soon as it runs."""
    found: dict[str, list[LiveLink]] = {} if view.app.pid is None else {view.app.package: []}
    for link in view.state.links:
        if link.profile == "gatt" and link.package:
            found.setdefault(link.package, []).append(link)
    return found


def _client(view: View, package: str, links: list[LiveLink]) -> Iterator[str]:
    scans = view.book.scans if package == view.app.package else 0
    yield f"  {package} (Registered)"
    yield f"  LE scans (started/stopped)                                  : {scans} / {scans}"
    yield "  Application ID                     : 5"
    yield "  UUID                               : 13e08566-b3ac-4f2c-9941-026418d9d384"
    yield f"  Connections: {len(links)}"
    for number, link in enumerate(links):
        since = view.local_true(link.since_s)
        held_ms = round(max(0.0, view.now_s - link.since_s) * 1000)
        yield f"    {times.short(since)} - {held_ms}ms : {view.address(link.address)} ({number + 5})"
    yield ""


def _profiles(view: View) -> Iterator[str]:
    audio = [link for link in view.state.links if link.profile in ("a2dp", "headset", "hid")]
    yield "Profile: A2dpService"
    yield f"  mActiveDevice: {view.address(audio[0].address) if audio else 'null'}"
    yield "  mMaxConnectedAudioDevices: 5"
    for link in audio:
        if link.profile == "a2dp":
            yield f"  === A2dpStateMachine for {view.address(link.address)} (Active) ==="
            yield "    getConnectionPolicy: 100"
            yield "    mConnectionState: CONNECTED"
            yield "    mIsPlaying: false"
    yield ""
    yield "Profile: HeadsetService"
    for link in audio:
        if link.profile == "headset":
            yield f"  ==== StateMachine for {view.address(link.address)} ===="
            yield "  totalConnectedDevices: 1"
            yield "  mCurrentState: Connected"
    yield ""
    for link in audio:
        if link.profile == "hid":
            yield "Profile: HidHostService"
            yield "  mTargetDevice: null"
            yield f"    {view.address(link.address)} : 2"
            yield ""
