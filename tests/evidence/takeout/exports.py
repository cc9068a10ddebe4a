"""Synthetic Takeout exports for tests. Every byte is made here; nothing is from a real account.

The form of each file follows the notes on real exports: names of keys and columns, time forms, and values as text.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

EVENTS_FOLDER = "Takeout/Google Health/Device Events_GoogleData"

Hours = tuple[float, float, float, float, float]
"""Hours a day: advertising, fast, slow with the app's link, idle with it, slow without a feature."""

REAL_WEEK: Mapping[str, Hours] = {
    "2026-03-30": (24.0, 0.0, 0.0, 0.0, 0.0),
    "2026-04-01": (23.1, 0.01, 0.9, 0.0, 0.0),
    "2026-04-10": (3.9, 0.0, 0.0, 20.1, 29.4),
    "2026-04-11": (4.4, 0.0, 0.0, 19.6, 27.5),
    "2026-04-12": (0.3, 0.31, 20.4, 2.8, 3.7),
    "2026-04-13": (0.0, 0.36, 23.6, 0.0, 0.0),
}
"""Hours per day as they were computed from one real export of 2026 (facts on vendor clouds, section 5.1)."""

MODES = (
    ("ADVERTISE_MODE", "NONE"),
    ("FAST_MODE", "GG"),
    ("SLOW_MODE", "GG"),
    ("IDLE_MODE", "GG"),
    ("SLOW_MODE", "NONE"),
)


def stamp(time: datetime) -> str:
    """A time as Device Events write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def radio_row(time: datetime, mode: str, feature: str, hours: float) -> dict[str, object]:
    """One row of PwrStatsEvents.json about the radio."""
    event = {"durationMs": round(hours * 3_600_000), "ble": {"feature": feature, "type": mode}}
    return {"event": event, "timestamp": stamp(time)}


def radio_week(days: Mapping[str, Hours]) -> list[dict[str, object]]:
    """Four reports a day, at 06, 12, 18 and 24 o'clock UTC, that add up to these hours."""
    rows = []
    for day, hours in days.items():
        for report in range(1, 5):
            end = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=6 * report)
            for (mode, feature), of_day in zip(MODES, hours, strict=True):
                if of_day:
                    rows.append(radio_row(end, mode, feature, of_day / 4))
    return rows


def battery_row(time: datetime, percent: int, kind: str = "HOURLY") -> dict[str, object]:
    """One row of StateOfChargeEvents.json."""
    event = {"type": kind, "percentage": percent, "voltage": 3700 + 5 * percent, "isCharging": False}
    return {"event": event, "timestamp": stamp(time)}


def charger_row(time: datetime, on: bool) -> dict[str, object]:
    """One row of ChargerEvents.json."""
    return {"event": {"type": "CHARGER_IN" if on else "CHARGER_OUT"}, "timestamp": stamp(time)}


def minute_json(rows: Iterable[tuple[datetime, object]]) -> bytes:
    """A file of Global Export Data: values as text, times without a zone."""
    listed = [
        {"dateTime": time.strftime("%m/%d/%y %H:%M:%S"), "value": value if isinstance(value, dict) else str(value)}
        for time, value in rows
    ]
    return as_json(listed)


def series_csv(column: str, rows: Iterable[tuple[datetime, object, str]]) -> bytes:
    """A file of Physical Activity_GoogleData, with the column that names the source."""
    lines = [f"timestamp,{column},data source"]
    lines += [f"{time.strftime('%Y-%m-%dT%H:%M:%SZ')},{value},{origin}" for time, value, origin in rows]
    return "\n".join(lines).encode() + b"\n"


def as_json(rows: object) -> bytes:
    """As Takeout writes JSON."""
    return json.dumps(rows, indent=2).encode()


def chunked(data: bytes, size: int = 1000) -> Iterable[bytes]:
    """In pieces, as from a file."""
    return (data[at : at + size] for at in range(0, len(data), size))
