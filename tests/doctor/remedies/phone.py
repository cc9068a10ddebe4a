"""A phone's shell as small as the remedies need it: state in, the text forms of AOSP out. Synthetic."""

import copy
import re
from dataclasses import dataclass, field

PACKAGE = "com.fitbit.FitbitMobile"
UID = 10_234
HELP = "Package manager (package) commands:\n  clear [--user USER_ID] [--cache-only] PACKAGE\n    Deletes data.\n"


@dataclass
class State:
    """Everything that a remedy could change."""

    settings: dict[str, str] = field(
        default_factory=lambda: {"bluetooth_on": "1", "airplane_mode_on": "0", "low_power": "null"}
    )
    exempt: set[str] = field(default_factory=set)
    run: str = ""
    run_uid: str = ""
    bucket: int = 20
    granted: dict[str, bool] = field(
        default_factory=lambda: {"BLUETOOTH_SCAN": True, "BLUETOOTH_CONNECT": True, "ACCESS_FINE_LOCATION": True}
    )
    metered: dict[str, set[int]] = field(default_factory=lambda: {"whitelist": set(), "blacklist": set()})


class TinyPhone:
    """Obeys. ``ran``: every command that changed something or tried to. ``help``: what ``pm help`` prints."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self.ran: list[str] = []
        self.help = HELP
        self.deaf = False
        self.lost_data = False

    def copy_of_state(self) -> State:
        return copy.deepcopy(self.state)

    async def __call__(self, command: str) -> tuple[str, int | None]:
        for pattern, obey in _COMMANDS:
            found = re.fullmatch(pattern, command)
            if found is not None:
                if obey in _CHANGES:
                    self.ran.append(command)
                    if self.deaf:
                        return "", 0
                return obey(self, *found.groups()), 0
        return f"/system/bin/sh: {command.split()[0]}: inaccessible or not found\n", 127


def _get(phone: TinyPhone, name: str) -> str:
    return phone.state.settings.get(name, "null") + "\n"


def _bluetooth(phone: TinyPhone, word: str) -> str:
    phone.state.settings["bluetooth_on"] = "1" if word == "enable" else "0"
    return ""


def _airplane(phone: TinyPhone, word: str) -> str:
    phone.state.settings["airplane_mode_on"] = "1" if word == "enable" else "0"
    return ""


def _power(phone: TinyPhone, mode: str) -> str:
    phone.state.settings["low_power"] = mode
    return ""


def _exempt_list(phone: TinyPhone) -> str:
    lines = ["system-excidle,com.android.providers.downloads,10070", "system,com.google.android.gms,10120"]
    return "\n".join([*lines, *(f"user,{one},{UID}" for one in sorted(phone.state.exempt))]) + "\n"


def _exempt(phone: TinyPhone, sign: str, package: str) -> str:
    if sign == "+":
        phone.state.exempt.add(package)
        return f"Added: {package}\n"
    phone.state.exempt.discard(package)
    return f"Removed: {package}\n"


def _appops(phone: TinyPhone, package: str, operation: str) -> str:
    lines = []
    if phone.state.run_uid:
        lines.append(f"Uid mode: {operation}: {phone.state.run_uid}")
    if phone.state.run:
        lines.append(f"{operation}: {phone.state.run}; time=+1d2h3m4s567ms ago")
    return "\n".join(lines or ["No operations.", "Default mode: allow"]) + "\n"


def _set_appop(phone: TinyPhone, uid: str, package: str, operation: str, mode: str) -> str:
    if uid:
        phone.state.run_uid = mode
    else:
        phone.state.run = mode
    return ""


def _bucket(phone: TinyPhone, package: str) -> str:
    return f"{5 if package in phone.state.exempt else phone.state.bucket}\n"


def _set_bucket(phone: TinyPhone, package: str, word: str) -> str:
    known = {"active": 10, "working_set": 20, "frequent": 30, "rare": 40, "restricted": 45, "never": 50}
    phone.state.bucket = known[word]
    return ""


def _dump(phone: TinyPhone, package: str) -> str:
    rows = [
        f"        android.permission.{name}: granted={str(given).lower()}, flags=[ USER_SENSITIVE_WHEN_GRANTED]"
        for name, given in phone.state.granted.items()
    ]
    return "\n".join([f"  Package [{package}] (d3adb33):", "      runtime permissions:", *rows]) + "\n"


def _grant(phone: TinyPhone, word: str, package: str, name: str) -> str:
    phone.state.granted[name] = word == "grant"
    return ""


def _metered(phone: TinyPhone, which: str) -> str:
    uids = "".join(f"{uid} " for uid in sorted(phone.state.metered[which])) or "none"
    return f"Restrict background {which}ed UIDs: {uids}\n"


def _set_metered(phone: TinyPhone, word: str, which: str, uid: str) -> str:
    if word == "add":
        phone.state.metered[which].add(int(uid))
    else:
        phone.state.metered[which].discard(int(uid))
    return ""


def _resolve(phone: TinyPhone, package: str) -> str:
    return f"priority=0 preferredOrder=0 match=0x108000\n{package}/.ui.Main$Start\n"


def _quiet(phone: TinyPhone, *words: str) -> str:
    return ""


def _help(phone: TinyPhone) -> str:
    return phone.help


def _clear(phone: TinyPhone, flag: str, package: str) -> str:
    phone.lost_data = phone.lost_data or not flag
    return "Success\n"


_NAME = r"([\w.]+)"
_COMMANDS = (
    (r"settings get global (\w+)", _get),
    (r"svc bluetooth (enable|disable)", _bluetooth),
    (r"cmd connectivity airplane-mode (enable|disable)", _airplane),
    (r"settings put global low_power ([01])", _power),
    (r"dumpsys deviceidle whitelist", _exempt_list),
    (rf"dumpsys deviceidle whitelist ([+-]){_NAME}", _exempt),
    (rf"cmd appops get {_NAME} (\w+)", _appops),
    (rf"cmd appops set (--uid )?{_NAME} (\w+) (\w+)", _set_appop),
    (rf"am get-standby-bucket {_NAME}", _bucket),
    (rf"am set-standby-bucket {_NAME} (\w+)", _set_bucket),
    (rf"dumpsys package {_NAME}", _dump),
    (rf"pm (grant|revoke) {_NAME} android\.permission\.(\w+)", _grant),
    (r"cmd netpolicy list restrict-background-(whitelist|blacklist)", _metered),
    (r"cmd netpolicy (add|remove) restrict-background-(whitelist|blacklist) (\d+)", _set_metered),
    (
        rf"cmd package resolve-activity --brief -a android\.intent\.action\.MAIN"
        rf" -c android\.intent\.category\.LAUNCHER {_NAME}",
        _resolve,
    ),
    (r"am start -n '([\w.$/]+)'", _quiet),
    (rf"am force-stop {_NAME}", _quiet),
    (r"svc power reboot", _quiet),
    (r"pm help", _help),
    (rf"pm clear (--cache-only )?{_NAME}", _clear),
)
_CHANGES = frozenset(
    {_bluetooth, _airplane, _power, _exempt, _set_appop, _set_bucket, _grant, _set_metered, _quiet, _clear}
)
