"""Real minutes as a source: the wide minute files of Fitabase (one row an hour, one column a minute).

Layout of the file: docs/reference/formats.md of the data's own export, seen in the files of 2016:
columns ``Id``, ``ActivityHour`` (``M/D/YYYY h:mm:ss AM/PM``, local without zone, read as UTC here) and
``Steps00`` to ``Steps59``.
"""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from unstuck.chain.records import Minute, Wear
from unstuck.chain.tracker.source import DAY_S, MINUTE_S, Sample

HOUR_S = 3_600

MOST_STEPS = 10_000
"""A minute. The fastest sprinters make 300; what is far above that is a damaged file, and would not fit a record."""


class ReplayError(ValueError):
    """The lines are not a wide minute file."""


def read_wide_minutes(lines: Iterable[str]) -> dict[str, dict[int, tuple[int, ...]]]:
    """Sixty step counts for each hour (start in Unix s), by user. ReplayError names the line that does not fit."""
    columns = [f"Steps{minute:02}" for minute in range(60)]
    rows = csv.reader(lines)
    try:
        head = next(rows, [])
    except csv.Error as error:
        raise ReplayError(f"line 1: {error}") from error
    if head != ["Id", "ActivityHour", *columns]:
        raise ReplayError("line 1: not the head of a wide minute file (Id, ActivityHour, Steps00 to Steps59)")
    users: dict[str, dict[int, tuple[int, ...]]] = {}
    number = 1
    try:
        for row in rows:
            number += 1
            user, start, counts = _hour(row)
            users.setdefault(user, {})[start] = counts
    except csv.Error as error:
        raise ReplayError(f"line {number + 1}: {error}") from error
    except ValueError as error:
        raise ReplayError(f"line {number}: {error}") from error
    return users


def _hour(row: list[str]) -> tuple[str, int, tuple[int, ...]]:
    """User, start and counts. ValueError says what is wrong."""
    user, hour, *steps = row
    start = int(datetime.strptime(hour, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp())
    counts = tuple(map(int, steps))
    if len(counts) != 60 or min(counts) < 0 or start % HOUR_S:
        raise ValueError("not sixty counts of a whole hour")
    if max(counts) > MOST_STEPS:
        raise ValueError(f"more than {MOST_STEPS:,} steps in a minute, which nobody makes")
    return user, start, counts


class Replay:
    """The steps of one person, minute by minute; nothing else was measured.

    ``loop``: outside its own time the recording repeats, day for day at the same time of day.
    """

    def __init__(self, hours: Mapping[int, tuple[int, ...]], *, loop: bool = False) -> None:
        if not hours:
            raise ReplayError("no hour to replay")
        self._hours = hours
        self._loop = loop
        self.first_s = min(hours)
        self.end_s = max(hours) + HOUR_S
        self._period_s = -(-(self.end_s - self.first_s) // DAY_S) * DAY_S

    def sample(self, minute_s: int) -> Sample | None:
        """The minute's steps; None where the recording has no such hour."""
        if self._loop:
            minute_s = self.first_s + (minute_s - self.first_s) % self._period_s
        hour = self._hours.get(minute_s - minute_s % HOUR_S)
        if hour is None:
            return None
        return Sample(Minute(hour[minute_s % HOUR_S // MINUTE_S], 0, 0, Wear.NOT_KNOWN))
