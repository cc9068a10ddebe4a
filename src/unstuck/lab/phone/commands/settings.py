"""``settings`` and ``svc``: the switches a person has, from the shell."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unstuck.chain.phone.host import Network
from unstuck.lab.phone.commands.result import ShellResult, complained, said, threw
from unstuck.lab.phone.dumps import network

if TYPE_CHECKING:
    from unstuck.lab.phone.phone import LabPhone

SHELL = "com.android.shell"
_SPACES = ("global", "secure", "system")


def settings(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``settings get|put|delete|list SPACE [NAME [VALUE]]``."""
    rest = [word for word in words if word not in ("--user", "0", "current")] if "--user" in words else list(words)
    if not rest:
        return complained("Settings provider (settings) commands:\n  get, put, delete, reset, list\n")
    verb, rest = rest[0], rest[1:]
    if not rest or rest[0] not in _SPACES:
        return complained(f"Invalid namespace '{rest[0] if rest else ''}'\n")
    space, rest = rest[0], rest[1:]
    match verb, rest:
        case "list", []:
            table = network.table(phone.view(), space)
            return said("".join(f"{name}={value}\n" for name, value in sorted(table.items())))
        case "get", [name]:
            return said(f"{network.table(phone.view(), space).get(name, 'null')}\n")
        case "put", [name, value] | [name, value, "default"]:
            put(phone, space, name, value)
            return said("")
        case "delete", [name]:
            gone = phone.state.settings.pop((space, name), None)
            return said(f"Deleted {int(gone is not None)} rows\n")
    return complained("Bad arguments\n")


def put(phone: "LabPhone", space: str, name: str, value: str) -> None:
    """Write a setting; those that the system watches change what they stand for."""
    state = phone.state
    on = value not in ("0", "false")
    level = min(100, int(value)) if value.isdecimal() else 0
    match space, name:
        case "global", "low_power":
            state.battery_saver = on and not state.charging
        case "global", "low_power_trigger_level":
            state.saver_trigger_percent = level
        case "global", "airplane_mode_on":
            state.airplane_mode = on
        case "global", "ble_scan_always_enabled":
            state.ble_scan_always = on
        case "global", "auto_time":
            state.automatic_time = on
        case "secure", "location_mode":
            state.location = on
        case "global", "bluetooth_on" | "wifi_on" | "mobile_data":
            pass  # what the system writes there; to write it switches nothing
        case _:
            state.settings[space, name] = value


def svc(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``svc bluetooth|wifi|data enable|disable``, ``svc power reboot|shutdown|stayon``."""
    match list(words):
        case ["bluetooth", "enable" | "disable" as verb]:
            phone.set_bluetooth(verb == "enable", SHELL)
        case ["wifi", "enable" | "disable" as verb]:
            wifi(phone, verb == "enable")
        case ["data", "enable" | "disable" as verb]:
            data(phone, verb == "enable")
        case ["power", "reboot", *_]:
            phone.reboot()
        case ["power", "shutdown"]:
            phone.power_off()
        case ["power", "stayon", _]:
            pass
        case ["nfc", _]:
            return threw("nfc", "java.lang.SecurityException: WRITE_SECURE_SETTINGS permission required")
        case _:
            return complained("Available commands:\n    help\n    power\n    data\n    wifi\n    bluetooth\n", 0)
    return said("")


def wifi(phone: "LabPhone", on: bool) -> None:
    """Wi-Fi on or off; mobile data takes over where it is on."""
    state = phone.state
    state.wifi_on = on
    if not on and state.transport == "wifi":
        if state.mobile_data_on and not state.airplane_mode:
            state.transport, state.metered = "mobile", True
        else:
            state.network = Network.NONE
    elif on and not state.airplane_mode and (state.transport != "wifi" or state.network is Network.NONE):
        state.transport, state.metered = "wifi", False
        if state.network is Network.NONE:
            state.network = Network.VALIDATED


def data(phone: "LabPhone", on: bool) -> None:
    """Mobile data on or off."""
    state = phone.state
    state.mobile_data_on = on
    if not on and state.transport == "mobile":
        state.network = Network.NONE
    elif on and state.network is Network.NONE and not state.airplane_mode and not state.wifi_on:
        state.transport, state.metered, state.network = "mobile", True, Network.VALIDATED
