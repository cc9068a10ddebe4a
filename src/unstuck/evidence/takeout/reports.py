"""Six-hourly reports of a tracker's own log, put together by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from unstuck.evidence.takeout.place import Place

_REPORT_WINDOW = timedelta(hours=6)
_SAME_REPORT = timedelta(minutes=5)
"""Rows of one report are stamped within seconds of each other; reports are hours apart."""
MOST_REPORTS = 40_000
"""Report times kept: 27 years of them."""
_MS_AN_HOUR = 3_600_000


@dataclass(slots=True)
class _Report:
    """One power report: milliseconds per column, and where its last row is."""

    place: Place
    columns_ms: dict[str, float]


@dataclass(slots=True)
class ReportedDay:
    """What the reports say of one day; ``place`` is the last row of the newest of them."""

    place: Place
    time: datetime
    hours: dict[str, float]
    reports: int


class ReportLog:
    """Six-hourly reports of one kind, to be told apart by day: those of an export, and those of our own tracker."""

    def __init__(self) -> None:
        self._reports: dict[datetime, _Report] = {}

    def add(self, time: datetime, column: str, duration_ms: float, place: Place) -> None:
        """A row: so long in this column during the six hours before ``time``."""
        report = self._reports.get(time)
        if report is None:
            if len(self._reports) >= MOST_REPORTS:
                return
            report = self._reports[time] = _Report(place, {})
        report.columns_ms[column] = report.columns_ms.get(column, 0.0) + duration_ms
        report.place = place

    def times(self) -> list[tuple[datetime, Place]]:
        """When reports were made, in order."""
        return sorted(((time, report.place) for time, report in self._reports.items()), key=lambda item: item[0])

    def days(self, since: date) -> Iterator[tuple[date, ReportedDay]]:
        """Hours per column and UTC day.

        A report covers the six hours before it, or the time since the one before when that is shorter (the tracker
        restarted). Where midnight lies inside, its hours are shared out by the part of the window on either side.
        """
        days: dict[date, ReportedDay] = {}
        window_start = last_end = None
        for time, report in sorted(self._reports.items(), key=lambda item: item[0]):
            is_new = last_end is None or time - last_end > _SAME_REPORT
            if is_new:
                window_start = time - _REPORT_WINDOW if last_end is None else max(time - _REPORT_WINDOW, last_end)
                last_end = time
            if time.date() < since or window_start is None:
                continue
            for day, share in _shares(window_start, time):
                shown = days.get(day)
                if shown is None:
                    shown = days[day] = ReportedDay(report.place, time, {}, 0)
                shown.place = report.place
                shown.time = min(time, _last_second(day))
                shown.reports += is_new
                for column, duration_ms in report.columns_ms.items():
                    shown.hours[column] = shown.hours.get(column, 0.0) + share * duration_ms / _MS_AN_HOUR
        yield from sorted((item for item in days.items() if item[0] >= since), key=lambda item: item[0])


def _shares(start: datetime, end: datetime) -> Iterator[tuple[date, float]]:
    """The days a window lies on, with the part of it on each. A window is at most six hours: two days."""
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    if start >= midnight:
        yield end.date(), 1.0
        return
    after = (end - midnight) / (end - start)
    yield start.date(), 1.0 - after
    if after:
        yield end.date(), after


def _last_second(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
