"""``cmd`` and the small commands of every shell: ``date``, ``id``, ``uptime``, ``cat``, ``reboot``, ``input``."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from unstuck.lab.phone.commands import apps, doze, settings
from unstuck.lab.phone.commands.result import ShellResult, complained, said
from unstuck.lab.phone.dumps import services
from unstuck.lab.phone.dumps.view import SYSTEM_APPS

if TYPE_CHECKING:
    from unstuck.lab.phone.phone import LabPhone

_NO_SERVICE = 20
"""Status of ``cmd`` when there is no such service."""


def cmd(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``cmd SERVICE ...``."""
    if not words:
        return complained("cmd: No service specified; use -l to list all services\n", _NO_SERVICE)
    if words[0] == "-l":
        listed = services.names(phone.view())
        return said("Currently running services:\n" + "".join(f"  {name}\n" for name in listed))
    service = _SERVICES.get(words[0])
    if service is None:
        return complained(f"cmd: Can't find service: {words[0]}\n", _NO_SERVICE)
    return service(phone, words[1:])


def _bluetooth(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    if phone.model.android < 12:
        return complained("Unknown command\n")
    match list(words):
        case ["enable" | "disable" as verb]:
            phone.set_bluetooth(verb == "enable", settings.SHELL)
            return said(f"{verb}: Success\n")
        case [word] if word.startswith("wait-for-state:STATE_"):
            state = word.rpartition("STATE_")[2].lower()
            reached = phone.state.bluetooth == state
            return said(f"{word}: {'Success' if reached else 'Failed'}\n", 0 if reached else 255)
    return complained(f"Unknown command: {' '.join(words)}\n")


def _netpolicy(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    app, state = phone.state.app, phone.state
    metered = [other.uid for other in SYSTEM_APPS if other.metered]
    match list(words):
        case ["set", "restrict-background", "true" | "false" as value]:
            state.data_saver = value == "true"
            return said("")
        case ["get", "restrict-background"]:
            return said(f"Restrict background status: {'enabled' if state.data_saver else 'disabled'}\n")
        case ["add" | "remove" as verb, "restrict-background-whitelist", uid]:
            if uid == str(app.uid):
                app.data_saver_exempt = verb == "add"
                app.rejected_metered = app.rejected_metered and verb != "add"
            return said("")
        case ["add" | "remove" as verb, "restrict-background-blacklist", uid]:
            if uid == str(app.uid):
                app.rejected_metered = verb == "add"
                app.data_saver_exempt = app.data_saver_exempt and verb != "add"
            return said("")
        case ["list", "restrict-background-whitelist"]:
            uids = [*metered, *([app.uid] if app.data_saver_exempt else [])]
            return said(f"Restrict background whitelisted UIDs: {' '.join(str(uid) for uid in uids)}\n")
        case ["list", "restrict-background-blacklist"]:
            uids = [app.uid] if app.rejected_metered else []
            shown = " ".join(str(uid) for uid in uids) or "none"
            return said(f"Restrict background blacklisted UIDs: {shown}\n")
    return complained(f"Error: unknown command '{' '.join(words)}'\n")


def _connectivity(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    state = phone.state
    if phone.model.android < 11:
        return complained("Unknown command\n")
    match list(words):
        case ["airplane-mode"]:
            return said("enabled\n" if state.airplane_mode else "disabled\n")
        case ["airplane-mode", "enable" | "disable" as verb]:
            state.airplane_mode = verb == "enable"
            return said("")
    return complained(f"Unknown command: {' '.join(words)}\n")


def _jobscheduler(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    app = phone.state.app
    package = next((word for word in words[1:] if not word.startswith("-")), "")
    match list(words):
        case ["run", *_] if package == app.package:
            if app.stopped or app.hibernated or not app.enabled:
                return complained(f"Could not find job 12 in package {package} / user 0\n")
            phone.job_now()
            return said("Running job [FORCED]\n" if "-f" in words else "Running job\n")
        case ["run", *_]:
            return complained(f"Could not find package {package} / user 0\n")
        case ["get-job-state", *_] if package == app.package:
            return said("waiting\n")
    return complained(f"Unknown command: {' '.join(words)}\n")


def _location(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    if phone.model.android < 11:
        return complained("Unknown command\n")
    match list(words):
        case ["is-location-enabled", *_]:
            return said("true\n" if phone.state.location else "false\n")
        case ["set-location-enabled", "true" | "false" as value, *_]:
            phone.state.location = value == "true"
            return said("")
    return complained(f"Unknown command: {' '.join(words)}\n")


def _power(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    if list(words[:1]) == ["set-mode"] and len(words) == 2 and words[1] in "01" and phone.model.android >= 11:
        settings.put(phone, "global", "low_power", words[1])
        return said("")
    return complained(f"Unknown command: {' '.join(words)}\n")


def _wifi(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    if list(words[:1]) == ["set-wifi-enabled"] and len(words) == 2 and words[1] in ("enabled", "disabled"):
        settings.wifi(phone, words[1] == "enabled")
        return said("")
    return complained(f"Unknown command: {' '.join(words)}\n")


def _hibernation(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    app = phone.state.app
    rest = [word for word in words if not word.startswith("--")]
    match rest:
        case ["set-state", package, "true" | "false" as value] if package == app.package:
            app.hibernated = value == "true"
            return said("")
        case ["get-state", package] if package == app.package:
            return said("true\n" if app.hibernated else "false\n")
    return complained(f"Unknown command: {' '.join(words)}\n")


def _deviceidle(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    return doze.deviceidle(phone, words) if words else complained("Device idle controller commands:\n", 0)


_SERVICES: Mapping[str, Callable[["LabPhone", Sequence[str]], ShellResult]] = {
    "activity": apps.am,
    "app_hibernation": _hibernation,
    "appops": apps.appops,
    "battery": doze.battery,
    "bluetooth_manager": _bluetooth,
    "connectivity": _connectivity,
    "deviceidle": _deviceidle,
    "jobscheduler": _jobscheduler,
    "location": _location,
    "netpolicy": _netpolicy,
    "package": apps.pm,
    "power": _power,
    "settings": settings.settings,
    "wifi": _wifi,
}


def date(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``date [+FORMAT]``, by the phone's clock and zone."""
    view = phone.view()
    moment = datetime.fromtimestamp(view.wall_s, ZoneInfo(view.state.zone))
    if not words:
        return said(f"{moment:%a %b %e %H:%M:%S %Z %Y}\n")
    if words[0].startswith("+"):
        # The computer's own %s counts from its own zone; the phone's from 1970 in UTC.
        form = words[0][1:].replace("%s", str(int(view.wall_s))).replace("%N", f"{moment.microsecond * 1000:09d}")
        return said(f"{moment.strftime(form)}\n")
    return complained("date: cannot set date: Operation not permitted\n", 1)


def identity(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``id``: the shell's user."""
    return said(
        "uid=2000(shell) gid=2000(shell) groups=2000(shell),1004(input),1007(log),1011(adb),3003(inet) "
        "context=u:r:shell:s0\n"
    )


def uptime(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``uptime``."""
    view = phone.view()
    minutes = int(view.up_s // 60)
    days, rest = divmod(minutes, 1440)
    shown = f"{days} {'day' if days == 1 else 'days'}, " if days else ""
    return said(
        f" {view.now:%H:%M:%S} up {shown}{rest // 60:>2}:{rest % 60:02d},  0 users,  load average: 1.02, 0.98, 0.95\n"
    )


def cat(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``cat``, of the little there is to read."""
    out = b""
    for path in words:
        if path == "/proc/uptime":
            up = phone.view().up_s
            out += f"{up:.2f} {up * 6:.2f}\n".encode()
        elif path.startswith("/data/"):
            return ShellResult(out, f"cat: {path}: Permission denied\n".encode(), 1)
        else:
            return ShellResult(out, f"cat: {path}: No such file or directory\n".encode(), 1)
    return ShellResult(out)


def reboot(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``reboot``, ``reboot -p``."""
    if list(words) == ["-p"]:
        phone.power_off()
    else:
        phone.reboot()
    return said("")


def pidof(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``pidof PACKAGE``."""
    app = phone.state.app
    if list(words) == [app.package] and app.pid is not None:
        return said(f"{app.pid}\n")
    return said("", 1)


def echo(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``echo``."""
    return said(" ".join(words) + "\n")


def nothing(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``true``, ``sleep``: done at once."""
    return said("")


def keys(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``input keyevent``: wake, sleep, power, home."""
    match [word.removeprefix("KEYCODE_") for word in words]:
        case ["keyevent", "WAKEUP" | "224"]:
            phone.screen(True)
        case ["keyevent", "SLEEP" | "223"]:
            phone.screen(False)
        case ["keyevent", "POWER" | "26"]:
            phone.screen(not phone.state.screen_on)
        case ["keyevent", "HOME" | "3"]:
            phone.leave_app()
    return said("")
