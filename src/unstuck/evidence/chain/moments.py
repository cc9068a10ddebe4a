"""Unix seconds of the chain as times of evidence. Numbers come from files and servers, so any may be absurd."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(unix_s: float) -> datetime | None:
    """The time; None before 1970 and beyond the calendar's end."""
    try:
        return _EPOCH + timedelta(seconds=unix_s) if unix_s >= 0 else None
    except OverflowError:
        return None


def iso(unix_s: float) -> str:
    """The time as facts carry it; empty where there is none."""
    found = moment(unix_s)
    return "" if found is None else found.isoformat()
