"""``dumpsys deviceidle ...`` and ``dumpsys battery ...``, which change things."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unstuck.lab.phone.commands.result import ShellResult, complained, said
from unstuck.lab.phone.dumps import power

if TYPE_CHECKING:
    from unstuck.lab.phone.phone import LabPhone


def deviceidle(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``whitelist [+PACKAGE|-PACKAGE ...]``, ``get deep|light|screen|charging|network``, ``enabled``."""
    word, rest = words[0], list(words[1:])
    if word == "whitelist":
        return _whitelist(phone, rest)
    if word == "get" and rest:
        return _get(phone, rest[0])
    if word in ("force-idle", "unforce"):
        phone.state.doze_forced = word == "force-idle"
        lifted = f"Light state: {phone.doze.light}, deep state: {phone.doze.deep}\n"
        return said("Now forced in to deep idle mode\n" if word == "force-idle" else lifted)
    if word == "enabled":
        return said("1\n")
    return complained(f"Unknown command: {word}\n")


def _whitelist(phone: "LabPhone", names: Sequence[str]) -> ShellResult:
    if not names:
        return said(power.whitelist(phone.view()))
    app, out = phone.state.app, ""
    for name in names:
        sign, package = name[0], name[1:]
        if sign not in "+-=":
            return complained(f"Package must be prefixed with +, -, or =: {name}\n")
        if package != app.package:
            out += f"Unknown package: {package}\n"
        elif sign == "=":
            out += f"{'true' if app.doze_exempt else 'false'}\n"
        else:
            app.doze_exempt = sign == "+"
            out += f"{'Added' if app.doze_exempt else 'Removed'}: {package}\n"
    return said(out)


def _get(phone: "LabPhone", what: str) -> ShellResult:
    state, doze = phone.state, phone.doze
    answers = {
        "deep": doze.deep,
        "light": doze.light,
        "screen": "true" if state.screen_on else "false",
        "charging": "true" if state.charging else "false",
        "network": "true" if state.network.value != "none" else "false",
    }
    return said(f"{answers[what]}\n") if what in answers else complained(f"Unknown get option: {what}\n")


def battery(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``set level N``, ``set ac 0|1``, ``unplug``, ``reset``: what testers say to the battery service."""
    state = phone.state
    match list(words):
        case ["set", "level", number] if number.isdecimal():
            state.battery_percent = float(min(100, int(number)))
        case ["set", "ac" | "usb", number] if number.isdecimal():
            state.charging = number != "0"
        case ["unplug"]:
            state.charging = False
        case ["reset"]:
            pass
        case _:
            return said(f"Unknown set option or command: {' '.join(words)}\n")
    return said("")
