"""The time forms of a Takeout export, read quickly.

Forms: ``04/13/26 10:22:05`` in Global Export Data, ``2026-04-13T10:22:05.123456Z`` in the CSV files and Device Events,
and either ISO or space-separated times, with or without a zone, in Paired Devices.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

MINUTES_A_DAY = 1440

_FIRST_YEAR = 2007
"""Fitbit was founded then: earlier dates are a clock that was never set."""
_LAST_YEAR = 2099
"""The two-digit years of Global Export Data end here."""
_SHORT_LENGTH = len("MM/DD/YY HH:MM:SS")
_SHORT_MINUTE_LENGTH = len("MM/DD/YY HH:MM")
_ISO_MINUTE_LENGTH = len("YYYY-MM-DDTHH:MM")


def minute_of(text: str) -> tuple[int, int] | None:
    """Day number (proleptic ordinal) and minute of that day; None where it is no time of a tracker's life.

    The zone is not looked at: callers know it from the file, and every form that has one here is UTC.
    """
    if len(text) == _SHORT_LENGTH and text[2] == "/":
        return _short_minute(text[:_SHORT_MINUTE_LENGTH])
    return _iso_minute(text[:_ISO_MINUTE_LENGTH])


# A heart rate has a row every five seconds, so most rows are in the minute of the row before.
@lru_cache(maxsize=64)
def _short_minute(text: str) -> tuple[int, int] | None:
    try:
        day = date(2000 + int(text[6:8]), int(text[0:2]), int(text[3:5]))
        return _within_life(day, int(text[9:11]), int(text[12:14]))
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _iso_minute(text: str) -> tuple[int, int] | None:
    if len(text) < _ISO_MINUTE_LENGTH or text[4] != "-" or text[10] not in "T ":
        return None
    try:
        day = date(int(text[0:4]), int(text[5:7]), int(text[8:10]))
        return _within_life(day, int(text[11:13]), int(text[14:16]))
    except ValueError:
        return None


def _within_life(day: date, hour: int, minute: int) -> tuple[int, int] | None:
    if not (_FIRST_YEAR <= day.year <= _LAST_YEAR and 0 <= hour < 24 and 0 <= minute < 60):
        return None
    return day.toordinal(), hour * 60 + minute


def time_of(text: object) -> datetime | None:
    """A time to the microsecond, in UTC; one without a zone is taken as UTC. None where it is none."""
    if not isinstance(text, str):
        return None
    stripped = text.strip()
    try:
        if stripped[2:3] == "/":
            found = datetime.strptime(stripped, "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
        else:
            found = datetime.fromisoformat(stripped)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def has_zone(text: str) -> bool:
    """Whether a time says its zone."""
    stripped = text.strip()
    return stripped.endswith(("Z", "z")) or "+" in stripped[10:] or "-" in stripped[10:]


def at_minute(day: int, minute: int) -> datetime:
    """The time of a minute of a day, UTC."""
    return datetime.fromordinal(day).replace(tzinfo=UTC) + timedelta(minutes=minute)


def iso(time: datetime) -> str:
    """ISO 8601 with a Z, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
