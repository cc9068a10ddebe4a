"""Names of files: those that phones, tools and services give, and those that a person chose.

A name without its endings enters; whether everybody's file is called so leaves. Listed, not guessed: whatever is not
known counts as chosen by a person.
"""

import re

_WORDS = frozenset(
    (
        "adb", "android", "apple", "appops", "batterystats", "bluetooth", "board", "bt", "btsnoop", "btsnooz",
        "bugreport", "capture", "charge", "config", "connectivity", "csv", "data", "debug", "deviceidle",
        "devices", "diagnose", "diskstats", "dumpstate", "dumpsys", "event", "events", "export", "fitbit",
        "fs", "garmin", "getprop", "global", "google", "hci", "health", "jobscheduler", "journal", "json",
        "kernel", "last", "ledger", "log", "logcat", "logs", "main", "misc", "manager", "netpolicy", "package",
        "packages", "packetlogger", "paired", "power", "properties", "pwr", "report", "secure", "service",
        "settings", "snoop", "sqlite", "state", "stats", "steps", "synthetic", "sysdiagnose", "system",
        "takeout", "trace", "trackers", "usagestats", "version",
    )
)  # fmt: skip
"""Words of which tools and our own instructions make names of files."""
_GIVEN_BY_PHONES = re.compile(
    r"(?i)bugreport-[a-z0-9_]{2,24}-[a-z0-9_.]{4,32}-\d{4}(?:-\d\d){5}"  # Android: device, build, time
    r"|dumpstate-\d{4}(?:-\d\d){5}(?:-\w{1,12})?"
    r"|takeout-\d{8}T\d{6}Z(?:-\d{1,3}){0,2}"  # Google
    r"|sysdiagnose_[\d.]{8,10}_[\d-]{5,9}[+-]\d{4}_iP\w{2,4}[-_]OS_iP\w{2,4}_\w{4,8}"  # Apple
)


LONGEST_TIME_DIGITS = 14
"""Digits of a date with its time; a name with more of them may be a number of somebody's."""


LONGEST_TIME_DIGITS = 14
"""Digits of a date with its time; a name with more of them may be a number of somebody's."""


def is_usual(stem: str) -> bool:
    """Whether a file's name, without its endings, is nobody's own."""
    if _GIVEN_BY_PHONES.fullmatch(stem):
        return True
    words = re.findall(r"[^\W\d_]+", stem.casefold())
    digits = len(re.findall(r"\d", stem))
    return all(word in _WORDS or len(word) == 1 for word in words) and digits <= LONGEST_TIME_DIGITS
