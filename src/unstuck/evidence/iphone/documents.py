"""What pymobiledevice3 prints enters; facts leave. Pure.

``lockdown info`` is the dictionary of lockdown's values, ``diagnostics battery single`` the IORegistry entry of the
battery, ``apps query`` one dictionary per bundle, ``crash ls`` one path per line, ``syslog live`` lines such as
``2026-11-20 10:11:12.000 Fitbit{CFNetwork}[312] <NOTICE>: message``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from unstuck.evidence.android.apperrors import error_kind, http_status
from unstuck.evidence.iphone.tool import SOURCE
from unstuck.model.evidence import Fact, Value

_CRASH = re.compile(r"(?:.*/)?(?P<process>.+?)-(?P<stamp>\d{4}-\d\d-\d\d-\d{6})(?:\..*)?\.ips(?:\.\w+)*")
_LINE = re.compile(
    r"(?P<stamp>\S+ \S+) (?P<process>[^{\[]+)(?:\{[^}]*\})?\[(?P<pid>\d+)\] <(?P<level>\w+)>: ?(?P<said>.*)"
)
_LINES_MOST = 200
"""Facts of one recording of the log; an app that fails says the same over and over."""


@dataclass(frozen=True, slots=True)
class App:
    """An app of interest on the iPhone: its bundle, and the process it runs as."""

    bundle: str
    process: str


def read_device(info: Mapping[str, object], when: datetime) -> list[Fact]:
    """System, model and time zone."""
    place = "lockdown info"
    version, model = _text(info, "ProductVersion"), _text(info, "ProductType")
    facts = []
    if version:
        value = {"release": version, "sdk": None, "maker": "Apple", "model": model, "fingerprint": ""}
        facts.append(_fact("phone.build", value, when, place, f"ProductVersion {version}, ProductType {model}"))
    if zone := _text(info, "TimeZone"):
        facts.append(_fact("phone.time_zone", zone, when, place, f"TimeZone {zone}"))
    return facts


def clock_ahead_s(info: Mapping[str, object], when: datetime) -> float | None:
    """By how much the iPhone's clock is ahead of ours, in seconds; None where it does not say its time."""
    told = info.get("TimeIntervalSince1970")
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return None
    return float(told) - when.timestamp()


def zone_of(info: Mapping[str, object]) -> tzinfo:
    """The iPhone's zone, in which names of crash reports are dated; UTC where it is not known."""
    try:
        return ZoneInfo(_text(info, "TimeZone"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def read_battery(battery: Mapping[str, object], when: datetime) -> list[Fact]:
    """The iPhone's own battery in per cent."""
    percent = battery.get("CurrentCapacity")
    if isinstance(percent, bool) or not isinstance(percent, int) or not 0 <= percent <= 100:
        return []
    place = "diagnostics battery single"
    return [_fact("phone.battery", percent, when, place, f"CurrentCapacity {percent}")]


def read_apps(found: Mapping[str, object], asked: Iterable[str], when: datetime) -> tuple[list[Fact], list[App]]:
    """The trackers' apps that are installed, and the processes they run as."""
    place = "apps query"
    facts, apps = [], []
    for bundle in asked:
        about = found.get(bundle)
        if not isinstance(about, Mapping):
            continue
        apps.append(App(bundle, _text(about, "CFBundleExecutable")))
        version = _text(about, "CFBundleShortVersionString")
        value = {"version_name": version, "version_code": None, "first_install": None, "last_update": None, "uid": None}
        said = f"{bundle} CFBundleShortVersionString {version}"
        facts.append(_fact("app.installed", value, when, place, said, bundle))
    return facts, apps


def read_crashes(paths: Iterable[str], apps: Iterable[App], zone: tzinfo) -> list[Fact]:
    """Crash reports of the apps, by the names of their files; what stands in them is not fetched."""
    by_process = {app.process: app.bundle for app in apps if app.process}
    facts = []
    for path in paths:
        found = _CRASH.fullmatch(path.strip())
        if found is None or found["process"] not in by_process:
            continue
        try:
            local = datetime.strptime(found["stamp"], "%Y-%m-%d-%H%M%S").replace(tzinfo=zone)
        except ValueError:
            continue
        value = {"exception": ""}
        bundle = by_process[found["process"]]
        facts.append(_fact("app.crashed", value, local.astimezone(UTC), "crash ls", path.strip(), bundle))
    return facts


def read_log(lines: Iterable[str], apps: Iterable[App], when: datetime) -> list[Fact]:
    """What the apps themselves wrote that says what went wrong, as it came at about ``when``.

    The lines' own times are left alone: versions of the tool print them in different zones.
    """
    by_process = {app.process: app.bundle for app in apps if app.process}
    facts: list[Fact] = []
    for number, line in enumerate(lines, 1):
        found = _LINE.match(line)
        if found is None or found["process"].strip() not in by_process or len(facts) >= _LINES_MOST:
            continue
        bundle, place = by_process[found["process"].strip()], f"syslog live, line {number}"
        said = found["said"].encode()
        if (status := http_status(said)) is not None:
            facts.append(_fact("app.http", {"status": status}, when, place, found["said"], bundle))
        if (kind := error_kind(said)) is not None:
            value = {"kind": kind, "text": found["said"][:200]}
            facts.append(_fact("app.error", value, when, place, found["said"], bundle))
    return facts


def _text(document: Mapping[str, object], name: str) -> str:
    found = document.get(name)
    return found if isinstance(found, str) else ""


def _fact(name: str, value: Value, when: datetime, place: str, excerpt: str, subject: str = "") -> Fact:
    clean = "".join(character for character in excerpt if character.isprintable())[:200]
    return Fact(name, value, when, SOURCE, place, clean, subject)
