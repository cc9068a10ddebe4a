"""Device Events: the tracker's own log of radio, wrist, charger and battery.

One export of 2026 is known to have them (an Inspire 3), with a Readme that names the parts. Power reports come every
six hours and cover the six hours before their time; battery rows come every hour. The names of the parts are written
in camel case in that export and in snake case in its Readme: both are read.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

from unstuck.evidence.takeout.place import Place
from unstuck.evidence.takeout.reports import MOST_REPORTS, ReportLog
from unstuck.evidence.takeout.times import time_of
from unstuck.model.evidence import Fact, Scalar

_LONGEST_DURATION_MS = 24 * 3_600_000
"""A row that claims more than a day in six hours is broken; features counted apart reach about 8 h."""
_MOST_BATTERY_ROWS = 100_000
"""Hourly rows kept: 11 years of them."""
_DAYS_STATED = 60
"""Days for which facts are stated; older ones say nothing about what is stuck now."""
_EVERY_BATTERY_ROW_FOR = timedelta(days=3)
"""How far back every battery row is stated; before, first, lowest and last of each day."""
_BATTERY_GAP_H = 2.5
"""Hours without an hourly row that are a gap: one row may be late or lost without meaning."""
_REPORT_GAP_H = 9.0
"""Hours between six-hourly reports that are a gap: half a window late is not."""
_REGULAR_ROWS = 24
"""Battery rows from which on they count as regular: a day of them."""

_RADIO_COLUMNS = ("advertise_h", "fast_h", "slow_gg_h", "idle_gg_h", "slow_none_h")
_UNCOUNTED = ""
"""Stands for modes that say nothing of the chain; their report still counts as a report."""


class DeviceEvents:
    """Takes the rows of all Device Events files and states what they show day by day."""

    def __init__(self) -> None:
        self.newest: datetime | None = None
        self.oldest: datetime | None = None
        self._radio = ReportLog()
        self._wrist = ReportLog()
        self._on_charger = ReportLog()
        self._battery: dict[datetime, _BatteryRow] = {}
        self._charger: dict[datetime, tuple[bool, Place]] = {}

    def add(self, element: object, place: Place) -> bool:
        """Take one row, at ``place`` (the row, without the part). False when it is not understood."""
        if not isinstance(element, Mapping):
            return False
        time = time_of(element.get("timestamp"))
        event = element.get("event")
        if time is None or not isinstance(event, Mapping):
            return False
        parts = {_plain(key): (key, value) for key, value in event.items() if isinstance(key, str)}
        understood = self._take(time, parts, place)
        if understood:
            self.newest = max(time, self.newest or time)
            self.oldest = min(time, self.oldest or time)
        return understood

    def facts(self) -> Iterator[Fact]:
        """What the log shows over its last weeks."""
        if self.newest is None:
            return
        since = (self.newest - timedelta(days=_DAYS_STATED)).date()
        for day, shown in self._radio.days(since):
            hours = {column: round(shown.hours.get(column, 0.0), 3) for column in _RADIO_COLUMNS}
            value: dict[str, Scalar] = {"date": day.isoformat(), **hours, "reports": shown.reports}
            yield shown.place.fact("tracker.radio_day", value, shown.time)
        for name, log in (("tracker.wear_day", self._wrist), ("tracker.charger_day", self._on_charger)):
            for day, shown in log.days(since):
                on_h, off_h = (round(shown.hours.get(column, 0.0), 3) for column in ("on_h", "off_h"))
                yield shown.place.fact(name, {"date": day.isoformat(), "on_h": on_h, "off_h": off_h}, shown.time)
        yield from self._battery_facts(since)
        for time, (on, place) in sorted(self._charger.items(), key=lambda item: item[0]):
            if time.date() >= since:
                yield place.fact("tracker.charger", on, time)
        yield from self._gap_facts(since)

    def _take(self, time: datetime, parts: Mapping[str, tuple[str, object]], place: Place) -> bool:
        if "ble" in parts or "hrm" in parts or "charger" in parts or "wrist" in parts:
            return self._take_report(time, parts, place)
        percent = _number(_first(parts, "percentage", "percent", "level", "batterylevel"))
        if percent is not None and 0 <= percent <= 100:
            voltage = _number(_first(parts, "voltage", "voltagemv"))
            charging = _first(parts, "ischarging", "charging")
            row = _BatteryRow(
                percent,
                None if voltage is None else int(voltage),
                charging if isinstance(charging, bool) else None,
                place.below("event"),
            )
            if len(self._battery) < _MOST_BATTERY_ROWS:
                self._battery[time] = row
            return True
        words = {value for _, value in parts.values() if isinstance(value, str)}
        if words & {"CHARGER_IN", "CHARGER_OUT"}:
            if len(self._charger) < MOST_REPORTS:
                self._charger[time] = ("CHARGER_IN" in words, place.below("event"))
            return True
        # Temperature, flash, display and other counters are known and say nothing of the chain.
        return bool(parts)

    def _take_report(self, time: datetime, parts: Mapping[str, tuple[str, object]], place: Place) -> bool:
        duration_ms = _number(_first(parts, "durationms"))
        if duration_ms is None or not 0 <= duration_ms <= _LONGEST_DURATION_MS:
            return False
        if "ble" in parts:
            key, radio = parts["ble"]
            self._radio.add(time, _radio_column(radio), duration_ms, place.below(f"event.{key}"))
        for part in ("hrm", "wrist"):
            if part in parts:
                key, worn = parts[part]
                column = _on_or_off(worn, "ON_WRIST", "OFF_WRIST")
                self._wrist.add(time, column, duration_ms, place.below(f"event.{key}"))
        if "charger" in parts:
            key, charger = parts["charger"]
            column = _on_or_off(charger, "ON_CHARGER", "OFF_CHARGER")
            self._on_charger.add(time, column, duration_ms, place.below(f"event.{key}"))
        return True

    def _battery_facts(self, since: date) -> Iterator[Fact]:
        rows = sorted((time, row) for time, row in self._battery.items() if time.date() >= since)
        if not rows:
            return
        detailed_from = rows[-1][0] - _EVERY_BATTERY_ROW_FOR
        by_day: dict[date, list[tuple[datetime, _BatteryRow]]] = {}
        for time, row in rows:
            by_day.setdefault(time.date(), []).append((time, row))
        for of_day in by_day.values():
            lowest = min(of_day, key=lambda item: (item[1].percent, item[0]))
            telling = {of_day[0][0], lowest[0], of_day[-1][0]}
            for time, row in of_day:
                if time >= detailed_from or time in telling:
                    yield row.place.fact(
                        "tracker.battery",
                        {"percent": row.percent, "voltage_mv": row.voltage_mv, "charging": row.charging},
                        time,
                    )

    def _gap_facts(self, since: date) -> Iterator[Fact]:
        rows = sorted((time, row.place) for time, row in self._battery.items())
        gap_h = _BATTERY_GAP_H
        if len(rows) < _REGULAR_ROWS:
            rows, gap_h = self._radio.times(), _REPORT_GAP_H
        for (before, place), (after, _) in pairwise(rows):
            hours = (after - before) / timedelta(hours=1)
            if hours > gap_h and before.date() >= since:
                yield place.fact("tracker.log_gap", round(hours, 2), before)


@dataclass(frozen=True, slots=True, order=True)
class _BatteryRow:
    percent: float
    voltage_mv: int | None = field(compare=False)
    charging: bool | None = field(compare=False)
    place: Place = field(compare=False)


def _radio_column(radio: object) -> str:
    """Where a mode belongs: the meaning of each was worked out from one tracker's log over two weeks."""
    if not isinstance(radio, Mapping):
        return _UNCOUNTED
    mode, feature = radio.get("type"), radio.get("feature")
    if not isinstance(mode, str):
        return _UNCOUNTED
    if mode.startswith("ADVERTISE"):
        return "advertise_h"
    return {
        ("FAST_MODE", "GG"): "fast_h",
        ("FAST_MODE", "NONE"): "fast_h",
        ("SLOW_MODE", "GG"): "slow_gg_h",
        ("IDLE_MODE", "GG"): "idle_gg_h",
        ("SLOW_MODE", "NONE"): "slow_none_h",
    }.get((mode, feature if isinstance(feature, str) else ""), _UNCOUNTED)


def _on_or_off(part: object, on: str, off: str) -> str:
    words = set(part.values()) if isinstance(part, Mapping) else {part}
    texts = {word for word in words if isinstance(word, str)}
    return "on_h" if on in texts else "off_h" if off in texts else _UNCOUNTED


def _plain(key: str) -> str:
    return key.replace("_", "").lower()


def _first(parts: Mapping[str, tuple[str, object]], *keys: str) -> object:
    return next((parts[key][1] for key in keys if key in parts), None)


def _number(value: object) -> float | None:
    """A number, also where it is written as text (as 64-bit numbers in JSON often are)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, (int, float)) and abs(value) < 2**53 and math.isfinite(value):
        return float(value)
    return None
