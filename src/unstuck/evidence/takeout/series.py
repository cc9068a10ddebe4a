"""Minute series at the server: how far each reaches, day by day, without counting anything twice.

The same minutes come twice in one export, as JSON and as CSV, and the CSV may hold several sources that saw the same
steps. JSON times carry no zone. Steps and heart rate there are UTC in the export that was checked minute by minute;
others say local. So where both forms are there, the shift between them is measured and not assumed.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from unstuck.evidence.takeout.minutes import OriginMinutes, Row, shift_between
from unstuck.evidence.takeout.origins import first_party
from unstuck.evidence.takeout.place import Place
from unstuck.evidence.takeout.times import MINUTES_A_DAY, at_minute, iso
from unstuck.model.errors import ErrorCode, render
from unstuck.model.evidence import Fact, Scalar

_BURSTY = frozenset({"steps", "distance"})
"""Series whose minutes are mostly without a value, so that a shift shows."""
_LOCAL_JSON = frozenset({"calories"})
"""Series whose JSON form is in local time, by others' notes."""
_WITHOUT_TOTAL = frozenset({"heart_rate"})
"""Series that cannot be added up."""
_DAYS_STATED = 60
"""Days stated one by one; older ones say nothing about what is stuck now."""
_MOST_ORIGINS = 16
"""Sources kept per series; people have a handful."""
_PLACEHOLDER_AFTER = timedelta(hours=24)
"""Zeros that go on for longer than this after the last sign of life were written ahead, not measured."""
_CLOCK_SLACK = timedelta(hours=1)
"""Between the clock of the export's name and that of the rows."""


@dataclass(slots=True)
class _Merged:
    present: int = 0
    zeros: int = 0
    total: float = 0.0
    place: Place | None = None


class MinuteSeries:
    """Takes rows of all series and states how far each reaches."""

    def __init__(self) -> None:
        self._json: dict[str, OriginMinutes] = {}
        self._csv: dict[str, dict[str, OriginMinutes]] = {}
        self.problems: list[str] = []

    def add_json(self, series: str, when: tuple[int, int], value: float, path: str, row: Row) -> bool:
        """Take an element of a Global Export Data file."""
        return self._json.setdefault(series, OriginMinutes()).add(when, value, path, row)

    def add_csv(self, series: str, origin: str, when: tuple[int, int], value: float, path: str, row: Row) -> bool:
        """Take a line of a CSV file."""
        origins = self._csv.setdefault(series, {})
        minutes = origins.get(origin)
        if minutes is None:
            if len(origins) >= _MOST_ORIGINS:
                return False
            minutes = origins[origin] = OriginMinutes()
        return minutes.add(when, value, path, row)

    def facts(
        self, own_names: Collection[str], exported: datetime | None, last_event: datetime | None, root: str
    ) -> Iterator[Fact]:
        """How far each series reaches.

        Args:
            own_names: Names of the account's trackers, lower case.
            exported: When the export was made, where known.
            last_event: The newest row of the tracker's own log, as a sign of life.
            root: The export, to name it in problems.
        """
        parts: dict[str, dict[str, OriginMinutes]] = {}
        for series in sorted(self._json.keys() | self._csv.keys()):
            origins = self._csv.get(series, {})
            own = first_party(origins, own_names)
            yield from self._other_sources(series, origins, own)
            found = {f"csv {origin}": origins[origin] for origin in own}
            parts[series] = found | self._json_part(series, list(found.values()), root)
        last = self._last_believed(parts, exported, last_event)
        for series, found in parts.items():
            yield from self._series_facts(series, found, last)

    def _json_part(self, series: str, own_csv: list[OriginMinutes], root: str) -> dict[str, OriginMinutes]:
        minutes = self._json.get(series)
        if minutes is None:
            return {}
        if series in _LOCAL_JSON:
            if own_csv:
                return {}
            data = {"path": root, "what": f"the minutes of {series} have local"}
            self.problems.append(render(ErrorCode.CLOCK_NO_ZONE, data))
            return {"json": minutes}
        shift = None
        if series in _BURSTY and own_csv:
            newest = max(own_csv, key=lambda part: part.newest() or (0, 0))
            shift = shift_between(minutes, newest)
        if not shift:
            return {"json": minutes}
        hours, rest = divmod(abs(shift), 60)
        amount = f"{hours} h {rest} min"
        side = "behind" if shift > 0 else "ahead of"
        data = {
            "path": f"{root}: the JSON form of {series}",
            "amount": amount,
            "side": side,
            "other": "the CSV form",
            "how": "measured over two weeks of minutes",
        }
        self.problems.append(render(ErrorCode.CLOCK_MOVED, data))
        return {"json": minutes.shifted(shift)}

    @staticmethod
    def _other_sources(series: str, origins: dict[str, OriginMinutes], own: Collection[str]) -> Iterator[Fact]:
        for origin, minutes in sorted(origins.items()):
            newest = minutes.newest()
            if origin not in own and newest is not None:
                day = minutes.days[newest[0]]
                yield _csv_place(day.path, day.newest_row).fact(
                    "server.other_source", origin, at_minute(*newest), series
                )

    @staticmethod
    def _last_believed(
        parts: dict[str, dict[str, OriginMinutes]], exported: datetime | None, last_event: datetime | None
    ) -> tuple[int, int] | None:
        """The last minute that can have been measured; None where nothing contradicts any."""
        if exported is not None:
            return _day_and_minute(exported + _CLOCK_SLACK)
        moved = [minutes.newest_moved() for found in parts.values() for minutes in found.values()]
        signs = [at_minute(*when) for when in moved if when is not None]
        if last_event is not None:
            signs.append(last_event)
        newest = [minutes.newest() for found in parts.values() for minutes in found.values()]
        rows = [at_minute(*when) for when in newest if when is not None]
        if not signs or not rows or max(rows) - max(signs) <= _PLACEHOLDER_AFTER:
            return None
        return _day_and_minute(max(signs))

    def _series_facts(
        self, series: str, found: dict[str, OriginMinutes], last: tuple[int, int] | None
    ) -> Iterator[Fact]:
        future = 0
        days: dict[int, _Merged] = {}
        for origin, minutes in found.items():
            if last is not None:
                future = max(future, minutes.cut_after(last))
            for number, day in minutes.days.items():
                if not day.present:
                    continue
                merged = days.setdefault(number, _Merged())
                newer = day.present.bit_length() > merged.present.bit_length()
                # A minute is zero only where no part of the series has more.
                zeros = (merged.zeros | day.zeros) & ~(merged.present & ~merged.zeros) & ~(day.present & ~day.zeros)
                merged.present |= day.present
                merged.zeros = zeros
                merged.total = max(merged.total, day.total)
                if newer or merged.place is None:
                    merged.place = _place(origin, day.path, day.newest_row)
        if not days:
            return
        newest_day, oldest_day = max(days), min(days)
        newest = at_minute(newest_day, days[newest_day].present.bit_length() - 1)
        oldest_bits = days[oldest_day].present
        oldest = at_minute(oldest_day, (oldest_bits & -oldest_bits).bit_length() - 1)
        place = days[newest_day].place
        assert place is not None
        origin = next((name.removeprefix("csv ") for name in sorted(found) if name.startswith("csv ")), "")
        value: dict[str, Scalar] = {
            "newest": iso(newest),
            "oldest": iso(oldest),
            "rows": sum(day.present.bit_count() for day in days.values()),
            "zeros": sum(day.zeros.bit_count() for day in days.values()),
            "origin": origin,
        }
        yield place.fact("server.series", value, newest, series)
        for number, shown in sorted(days.items()):
            if number <= newest_day - _DAYS_STATED or shown.place is None:
                continue
            of_day: dict[str, Scalar] = {
                "date": at_minute(number, 0).date().isoformat(),
                "minutes": shown.present.bit_count(),
                "zeros": shown.zeros.bit_count(),
                "total": None if series in _WITHOUT_TOTAL else round(shown.total, 3),
            }
            yield shown.place.fact("server.day", of_day, at_minute(number, shown.present.bit_length() - 1), series)
        if future:
            yield place.fact("server.future_rows", future, newest, series)


def _place(origin: str, path: str, row: Row) -> Place:
    return Place(path, f"$[{row[0]}]", row[1]) if origin == "json" else _csv_place(path, row)


def _csv_place(path: str, row: Row) -> Place:
    return Place(path, f"line {row[0]}", ",".join(row[1]) if isinstance(row[1], list) else row[1])


def _day_and_minute(time: datetime) -> tuple[int, int]:
    return time.toordinal(), (time.hour * 60 + time.minute) % MINUTES_A_DAY
