"""What kind of Android text this is, from its first bytes alone; file names play no part.

A text is only claimed when a line of its beginning has a form that no README, table or source file
has by chance: the title line of a dump, or several rows in a row of the same output.
"""

import re
from collections.abc import Callable

from unstuck.evidence.android.text import encoding

HEAD_BYTES = 1 << 16
"""So much of a text is looked at."""

_LINES = 60
"""A title line stands in the first lines; bug reports of some makers begin with their own header."""

_TITLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("bugreport", re.compile(r"== dumpstate: \d{4}-\d\d-\d\d")),
    ("bugreport", re.compile(r"------ DUMPSYS (CRITICAL|HIGH|NORMAL)? ?\(")),
    ("dumpsys", re.compile(r"Currently running services:$")),
    ("dumpsys {}", re.compile(r"DUMP OF SERVICE (?:CRITICAL |HIGH |NORMAL )?(\S+):$")),
    ("dumpsys {}", re.compile(r"Can't find service: (\w+)$")),
    ("dumpsys bluetooth_manager", re.compile(r"Bluetooth Status$")),
    ("dumpsys bluetooth_manager", re.compile(r"Bluetooth Service not connected$")),
    ("dumpsys deviceidle", re.compile(r"\s+(light_after_inactive_to|light_idle_to|inactive_to)=\+")),
    ("dumpsys deviceidle", re.compile(r"\s+(White|Allow)list (\(except idle\) )?(system|user) apps:$")),
    ("dumpsys deviceidle", re.compile(r"(system-excidle|system|user),[a-z][\w.]+\.[\w.]+,\d{4,6}$")),
    ("dumpsys usagestats", re.compile(r"\s*package=[\w.]+ (u=\d+ bucket=\d+|lastUsedElapsed=)")),
    ("dumpsys usagestats", re.compile(r"\s+Last 24 hour events \(timeRange=")),
    ("dumpsys appops", re.compile(r"Current AppOps Service state:$")),
    ("dumpsys package", re.compile(r"(Activity Resolver Table|Key Set Manager|Database versions):$")),
    ("dumpsys package", re.compile(r"  Package \[[\w.]+\] \([0-9a-f]+\):$")),
    ("dumpsys power", re.compile(r"POWER MANAGER \(dumpsys power\)$")),
    ("dumpsys power", re.compile(r"Battery saver state machine:$")),
    ("dumpsys alarm", re.compile(r"Current Alarm Manager state:$")),
    (
        "dumpsys connectivity",
        re.compile(r"(NetworkFactories for:|NetworkProviders for:|Active default network: (\d+|none)$)"),
    ),
    ("dumpsys netpolicy", re.compile(r"Restrict background: (true|false)$")),
    ("dumpsys diskstats", re.compile(r"Data-Free: \d+K / \d+K total = \d+% free$")),
    ("dumpsys battery", re.compile(r"Current Battery Service state:$")),
    ("dumpsys content", re.compile(r"Data connected: (true|false)$")),
    ("dumpsys location", re.compile(r"(Current Location Manager state|Location Manager State):$")),
    ("dumpsys dropbox", re.compile(r"Drop box contents: \d+ entries$")),
    ("dumpsys jobscheduler", re.compile(r"\s+JOB #(u\d+\w+|\d+)/-?\d+: ")),
    ("dumpsys jobscheduler", re.compile(r"(Registered \d+ jobs:|JobScheduler service|JOB SCHEDULER)")),
    ("dumpsys activity", re.compile(r"\s*ACTIVITY MANAGER [A-Z ]+\(dumpsys activity ")),
    ("dumpsys app_hibernation", re.compile(r"\s*UserLevelState\{packageName='")),
    ("dumpsys devicestoragemonitor", re.compile(r"Current DeviceStorageMonitor state:$")),
    ("settings", re.compile(r"(GLOBAL|SECURE|SYSTEM|CONFIG) SETTINGS \(user \d+\)$")),
    ("batterystats", re.compile(r"Battery History[ (\[]")),
    ("batterystats", re.compile(r"9,0,i,vers,\d+,\d+,")),
    ("batterystats", re.compile(r"Statistics since last charge:$")),
    ("btsnooz", re.compile(r"--- BEGIN:BTSNOOP_LOG_SUMMARY \(\d+ bytes in\) ---$")),
)

_QUOTING = re.compile(r"\s*(```|~~~|#{1,6} |<!|<\w+>|import |from \w+ import |package [\w.]+;|//|/\*|\"\"\"|\{$)")
"""A line that begins so belongs to a document or a program, which may quote a dump further down."""

_TITLE_CHARACTERS = 2_000
"""Longer lines are no titles; rows of some dumps are long, so they are only passed over."""

_LOG_BEGIN = re.compile(r"--------- (beginning of|switch to) (/dev/log/)?\w+")
_THREADTIME = re.compile(r"(\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,9}( [+-]\d{4})? +(\S+ +)?\d+ +\d+ [VDIWEFAS] ")
_TIME = re.compile(r"(\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,9}( [+-]\d{4})? [VDIWEFAS]/.{0,80}\( *\d+\): ")
_BRIEF = re.compile(r"[VDIWEFAS]/.{1,80}?\( *\d+\): ")
_STUDIO = re.compile(
    r"(\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +\d+-\d+(/\S+ [VDIWEFA]/| +\S.{0,80}? +[\w.]+ +[VDIWEFA] )"
)
_PROPERTY = re.compile(r"\[(ro|persist|sys|init|dalvik|gsm|net|dev|debug|service|selinux|vendor)\.[\w.]+\]: \[.*\]?$")
_SETTING = re.compile(
    r"(bluetooth_on|airplane_mode_on|low_power|location_mode|adb_enabled|device_provisioned|wifi_on|mobile_data"
    r"|ble_scan_always_enabled|location_providers_allowed|stay_on_while_plugged_in|auto_time|auto_time_zone|zen_mode"
    r"|android_id|screen_brightness|screen_off_timeout|accelerometer_rotation|airplane_mode_radios|data_roaming"
    r"|user_setup_complete|development_settings_enabled|boot_count|low_power_trigger_level)=.*"
)
_OPERATION = re.compile(
    r"(Uid mode: )?[A-Z][A-Z0-9_]{3,}(\(\d+\))?: (allow|ignore|deny|default|foreground|mode=\d)(;.*)?( / .*)?$"
)
_OPERATION_NONE = re.compile(r"(No operations\.|Default mode: (allow|ignore|deny|default|foreground))$")


def recognise(head: bytes) -> str | None:
    """The kind of a text that begins with ``head``, or None where it is none of ours.

    Kinds: ``bugreport``, ``dumpsys`` (several services), ``dumpsys NAME``, ``settings``, ``appops``,
    ``getprop``, ``logcat``, ``batterystats``, ``btsnooz``.
    """
    codec, mark = encoding(head[:HEAD_BYTES])
    lines = head[mark:HEAD_BYTES].decode(codec, "replace").split("\n")
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        lines.pop()  # cut in the middle
    full = [line.rstrip("\r") for line in lines if line.strip()][:_LINES]
    if not full:
        return None
    return _by_title(full) or _by_rows(full)


def _by_title(lines: list[str]) -> str | None:
    for line in lines:
        if _QUOTING.match(line):
            return None
        if len(line) > _TITLE_CHARACTERS:
            continue
        for kind, title in _TITLES:
            if (found := title.match(line)) is not None:
                return kind.format(found[1]) if "{}" in kind else kind
    return None


def _by_rows(lines: list[str]) -> str | None:
    if all(_OPERATION.match(line) or _OPERATION_NONE.match(line) for line in lines):
        return "appops"
    if _most(lines, _PROPERTY.match, 2):
        return "getprop"
    if sum(1 for line in lines if _SETTING.match(line)) >= 2 and _most(lines, re.compile(r"[\w.:/ -]+=").match, 2):
        return "settings"
    if _LOG_BEGIN.match(lines[0]) or _most(lines, _is_log, 1):
        return "logcat"
    return None


def _is_log(line: str) -> bool:
    shortened = line[:300]
    return any(form.match(shortened) for form in (_THREADTIME, _TIME, _BRIEF, _STUDIO, _LOG_BEGIN))


def _most(lines: list[str], test: Callable[[str], object], least: int) -> bool:
    """Whether more than half of the lines pass, at least ``least`` of them, and the first of all does."""
    passed = sum(1 for line in lines if test(line))
    return bool(test(lines[0])) and passed >= least and 2 * passed > len(lines)
