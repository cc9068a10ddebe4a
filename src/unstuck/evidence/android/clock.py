"""Local times as Android writes them enter; UTC leaves, with what had to be assumed.

Reports give local times, mostly without a year. The zone is the phone's ``persist.sys.timezone``, the
year that of the report's own head; a log line later in the year than the report is from the year before.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_STAMP = re.compile(
    rb"(?:(?P<year>\d{4})-)?(?P<month>\d\d)-(?P<day>\d\d)[ T-](?P<hour>\d\d)[:-](?P<minute>\d\d)[:-](?P<second>\d\d)"
    rb"(?:[.,](?P<fraction>\d{1,9}))?"
)
_GMT = re.compile(r"(?:GMT|UTC)([+-])(\d\d?):?(\d\d)?")

_AHEAD = timedelta(days=1)
"""A stamp without a year may be this much newer than the report's head: dumping takes a while, zones differ."""

_OLDEST_YEAR = 2008
"""The year of the first Android phone; a clock that says less was not set."""


@lru_cache(maxsize=64)
def zone_named(name: str) -> tzinfo | None:
    """The time zone of an IANA name or of ``GMT+05:30``; None where there is no such zone."""
    if not re.fullmatch(r"[A-Za-z0-9_+/:-]{1,64}", name):
        return None
    if found := _GMT.fullmatch(name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(offset if found[1] == "+" else -offset) if offset < timedelta(hours=24) else None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones, "Europe"
        return None


@dataclass(slots=True)
class Clock:
    """How this text's local times become UTC.

    ``zone`` is None where the text does not give one: times are then read as if they were UTC, and
    ``assumed_utc`` says that this happened. ``now`` is the local time of the report's head without
    zone, None where there is none; ``undated`` says that stamps without a year had to be given up.
    """

    zone: tzinfo | None = None
    zone_name: str = ""
    now: datetime | None = None
    assumed_utc: bool = False
    undated: bool = False

    def utc(self, local: datetime | None) -> datetime | None:
        """A local time without zone as UTC; None stays None."""
        if local is None:
            return None
        if self.zone is None:
            self.assumed_utc = True
        return self.in_zone(local, self.zone or UTC)

    def in_zone(self, local: datetime, zone: tzinfo) -> datetime | None:
        """The same, where the line itself names the zone."""
        try:
            return local.replace(tzinfo=zone).astimezone(UTC)
        except (OverflowError, ValueError):  # the first and the last day there is
            return None

    def read(self, stamp: bytes) -> datetime | None:
        """UTC of a stamp such as ``2018-04-02 17:06:30``, ``01-05 01:05:16.123`` or ``2026-01-31-12-04-13``."""
        return self.utc(self.local(stamp))

    def local(self, stamp: bytes) -> datetime | None:
        """The stamp as a local time without zone; the year is found where it is missing."""
        found = _STAMP.search(stamp)
        if found is None:
            return None
        micro = int((found["fraction"] or b"0")[:6].ljust(6, b"0"))
        parts = [int(found[name]) for name in ("month", "day", "hour", "minute", "second")]
        if found["year"] is not None:
            return _moment(int(found["year"]), parts, micro)
        if self.now is None:
            self.undated = True
            return None
        return last_before(self.now, parts, micro)


def last_before(now: datetime, parts: list[int], micro: int = 0) -> datetime | None:
    """The newest such month, day, hour, minute and second that is not after ``now`` (by more than a day)."""
    for year in range(now.year + 1, now.year - 5, -1):  # five years hold a 29th of February
        moment = _moment(year, parts, micro)
        if moment is not None and moment - _AHEAD <= now:
            return moment
    return None


def parse_stamp(text: bytes) -> datetime | None:
    """A full local stamp with its year, without zone; None where it is none or the clock was not set."""
    found = _STAMP.search(text)
    if found is None or found["year"] is None:
        return None
    parts = [int(found[name]) for name in ("month", "day", "hour", "minute", "second")]
    micro = int((found["fraction"] or b"0")[:6].ljust(6, b"0"))
    return _moment(int(found["year"]), parts, micro)


def _moment(year: int, parts: list[int], micro: int) -> datetime | None:
    if year < _OLDEST_YEAR - 40:  # 1970 is kept: it says that the clock was not set
        return None
    month, day, hour, minute, second = parts
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), micro)  # noqa: DTZ001 - local by design
    except ValueError:
        return None


_SPAN = re.compile(
    rb"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,6})s)?(?:(\d{1,6})ms)?",
)


def span(text: bytes) -> timedelta | None:
    """A length of time as Android writes it: ``+1h00m44s605ms``, ``7h 6m 12s 756ms``, ``0``."""
    compact = text.strip().lstrip(b"+").replace(b" ", b"")
    if compact == b"0":
        return timedelta(0)
    found = _SPAN.fullmatch(compact)
    if not compact or found is None:
        return None
    days, hours, minutes, seconds, millis = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=millis)
