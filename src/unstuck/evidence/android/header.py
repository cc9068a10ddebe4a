"""The head of a bug report and its system properties: which phone, which system, which clock."""

import re
from datetime import UTC, datetime

from unstuck.evidence.android.clock import parse_stamp
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_DUMPSTATE = re.compile(rb"== dumpstate: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_FINGERPRINT = re.compile(rb"Build fingerprint: '([^'\n]{1,300})'")
_SDK = re.compile(rb"Android SDK version: (\d{1,4})")
_UPTIME = re.compile(rb"Uptime: up ([^\n]{1,120})")
_UPTIME_PART = re.compile(rb"(\d{1,6}) (week|day|hour|minute|second)s?\b")
_SECONDS = {b"week": 604_800, b"day": 86_400, b"hour": 3_600, b"minute": 60, b"second": 1}
_PROPERTY = re.compile(rb"\[[\w.]+\]: \[(.*)\]\r?\n")
_FINGERPRINT_RELEASE = re.compile(r"[^:]*:([^/]+)/")

_WANTED = frozenset(
    {
        "persist.sys.timezone",
        "ro.build.date",
        "ro.build.date.utc",
        "ro.build.fingerprint",
        "ro.build.version.release",
        "ro.build.version.sdk",
        "ro.build.version.security_patch",
        "ro.product.manufacturer",
        "ro.product.model",
    }
)


def listed_services(page: Page) -> set[str]:
    """The services that a plain ``dumpsys`` lists before it prints them; empty where there is no list."""
    if page.find_line(b"Currently running services:") < 0:
        return set()
    return {text(line.strip()) for _, line in page.lines() if line.startswith(b"  ")}


def report_time(page: Page) -> datetime | None:
    """Local time in the head of the report, without zone."""
    found = _DUMPSTATE.search(page.data)
    return None if found is None else parse_stamp(found[1])


def properties(page: Page) -> dict[str, tuple[str, int]]:
    """System properties we use: value and line index."""
    found: dict[str, tuple[str, int]] = {}
    for name in _WANTED:
        at = page.find_line(b"[" + name.encode() + b"]: [")
        if at >= 0 and (match := _PROPERTY.match(page.data, at)) is not None:
            found[name] = (text(match[1]), page.index(at))
    return found


def read_head(page: Page, context: Context) -> None:
    """State ``phone.uptime`` and, unless the properties say it better, ``phone.build``."""
    if (found := _UPTIME.search(page.data)) is not None:
        parts = _UPTIME_PART.findall(found[1])
        up_s = sum(int(number) * _SECONDS[unit] for number, unit in parts)
        if parts:
            context.notes.state("phone.uptime", {"seconds": float(up_s)}, page, page.index(found.start()))
    if context.notes.has("phone.build"):
        return
    if (found := _FINGERPRINT.search(page.data)) is not None:
        fingerprint = text(found[1])
        sdk = _SDK.search(page.data)
        release = _FINGERPRINT_RELEASE.match(fingerprint)
        value = {
            "release": release[1] if release else "",
            "sdk": int(sdk[1]) if sdk else None,
            "maker": fingerprint.partition("/")[0],
            "model": "",
            "fingerprint": fingerprint,
        }
        context.notes.state("phone.build", value, page, page.index(found.start()))


def read_properties(page: Page, context: Context) -> None:
    """State ``phone.build``, ``phone.build_date``, ``phone.security_patch`` and ``phone.time_zone``."""
    found = properties(page)

    def get(name: str) -> str:
        return found.get(name, ("", 0))[0]

    notes = context.notes
    if release := get("ro.build.version.release"):
        sdk = get("ro.build.version.sdk")
        value = {
            "release": release,
            "sdk": int(sdk) if sdk.isascii() and sdk.isdigit() and len(sdk) <= 4 else None,
            "maker": get("ro.product.manufacturer"),
            "model": get("ro.product.model"),
            "fingerprint": get("ro.build.fingerprint"),
        }
        notes.state("phone.build", value, page, found["ro.build.version.release"][1])
    if (built := _build_date(get("ro.build.date.utc"), get("ro.build.date"))) is not None:
        where = found.get("ro.build.date.utc", found.get("ro.build.date", ("", 0)))[1]
        notes.state("phone.build_date", built.isoformat(), page, where)
    if patch := get("ro.build.version.security_patch"):
        notes.state("phone.security_patch", patch, page, found["ro.build.version.security_patch"][1])
    if zone := get("persist.sys.timezone"):
        notes.state("phone.time_zone", zone, page, found["persist.sys.timezone"][1])


def built(page: Page) -> datetime | None:
    """When the running system was built, or None."""
    found = properties(page)
    return _build_date(found.get("ro.build.date.utc", ("", 0))[0], found.get("ro.build.date", ("", 0))[0])


def _build_date(seconds: str, words: str) -> datetime | None:
    if seconds.isascii() and seconds.isdigit() and len(seconds) <= 11:
        return datetime.fromtimestamp(int(seconds), UTC)
    # "Fri Mar  1 09:05:39 UTC 2019"; other zones than UTC are not resolved: the day is what counts.
    parts = words.split()
    if len(parts) != 6 or parts[4] not in ("UTC", "GMT"):
        return None
    try:
        return datetime.strptime(" ".join([*parts[1:4], parts[5]]), "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
