"""Minutes of one series from one origin, day by day, small enough for ten years of them.

Per day a number of 1,440 bits tells which minutes have a row, and another which of these are an explicit zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from unstuck.evidence.takeout.times import MINUTES_A_DAY

_MOST_DAYS = 4000
"""Days kept of one origin: eleven years. A hostile file could name three million."""
_WHOLE_DAY = (1 << MINUTES_A_DAY) - 1

_QUARTER_MINUTES = 15
_WIDEST_SHIFT_MINUTES = 14 * 60
"""Zones lie between -12 and +14 hours, in quarter hours."""
_COMPARED_DAYS = 14
"""Two weeks of walking are enough to see a shift."""
_LEAST_COMMON_MINUTES = 60
_LEAST_COMMON_PART = 0.6
"""Of the minutes walked in the shorter series; the real export has 99.5 % at the right shift."""
_CLEARER_THAN_NEXT = 1.5
"""How many times more minutes agree than at any other shift; walking is bursty, so the next is far behind."""

Row = tuple[int, object]
"""Number of the row in its file, and the row itself."""


@dataclass(slots=True)
class DayMinutes:
    """One day: which minutes have a row, which of these are zero, their sum, and the newest rows."""

    present: int = 0
    zeros: int = 0
    total: float = 0.0
    newest: int = -1
    newest_row: Row = (0, "")
    path: str = ""


@dataclass(slots=True)
class OriginMinutes:
    """All days of one origin. ``rows`` counts rows taken, repeated minutes too."""

    days: dict[int, DayMinutes] = field(default_factory=dict)
    rows: int = 0

    def add(self, when: tuple[int, int], value: float, path: str, row: Row) -> bool:
        """Take one row. False when it is of a day too many."""
        day_number, minute = when
        day = self.days.get(day_number)
        if day is None:
            if len(self.days) >= _MOST_DAYS:
                return False
            day = self.days[day_number] = DayMinutes()
        self.rows += 1
        bit = 1 << minute
        if not day.present & bit:
            day.present |= bit
            day.total += value
            if not value:
                day.zeros |= bit
        if minute >= day.newest:
            day.newest, day.newest_row, day.path = minute, row, path
        return True

    def newest(self) -> tuple[int, int] | None:
        """The newest minute with a row, as day and minute."""
        days = [number for number, day in self.days.items() if day.present]
        return (max(days), self.days[max(days)].present.bit_length() - 1) if days else None

    def newest_moved(self) -> tuple[int, int] | None:
        """The newest minute with a value other than zero."""
        days = [number for number, day in self.days.items() if day.present & ~day.zeros]
        if not days:
            return None
        day = self.days[max(days)]
        return max(days), (day.present & ~day.zeros).bit_length() - 1

    def cut_after(self, last: tuple[int, int]) -> int:
        """Forget every minute after ``last``; gives how many that were."""
        forgotten = 0
        for number, day in self.days.items():
            keep = _WHOLE_DAY if number < last[0] else (1 << last[1] + 1) - 1 if number == last[0] else 0
            forgotten += (day.present & ~keep).bit_count()
            day.present &= keep
            day.zeros &= keep
        return forgotten

    def shifted(self, minutes: int) -> "OriginMinutes":
        """The same, later by so many minutes. Sums are left out: a day's sum does not tell its minutes apart."""
        moved = OriginMinutes(rows=self.rows)
        for number, day in sorted(self.days.items()):
            for part, bits in _spread(number, day.present, minutes):
                _, zero_bits = next(pair for pair in _spread(number, day.zeros, minutes) if pair[0] == part)
                target = moved.days.setdefault(part, DayMinutes(newest_row=day.newest_row, path=day.path))
                target.present |= bits
                target.zeros |= zero_bits
                target.newest_row, target.path = day.newest_row, day.path
        return moved


def _spread(day: int, bits: int, minutes: int) -> Iterator[tuple[int, int]]:
    """A day's bits moved by less than a day: what stays on each of the two days it then lies on."""
    days, rest = divmod(minutes, MINUTES_A_DAY)
    wide = bits << rest
    yield day + days, wide & _WHOLE_DAY
    yield day + days + 1, wide >> MINUTES_A_DAY


def shift_between(one: OriginMinutes, other: OriginMinutes) -> int | None:
    """Minutes by which ``one`` must be moved to fit ``other``; None where the two do not tell.

    Both must be a series of bursts, as steps are. The shift is the one at which most minutes with a value fall on
    each other, and it counts only when it is far ahead of all others.
    """
    common = sorted(one.days.keys() & other.days.keys())[-_COMPARED_DAYS:]
    if not common:
        return None
    first, last = common[0] - 1, common[-1] + 1
    moved, fixed = _as_one(one, first, last), _as_one(other, first, last)
    agreeing = []
    for shift in range(-_WIDEST_SHIFT_MINUTES, _WIDEST_SHIFT_MINUTES + 1, _QUARTER_MINUTES):
        shifted = moved << shift if shift >= 0 else moved >> -shift
        agreeing.append(((shifted & fixed).bit_count(), shift))
    agreeing.sort(key=lambda pair: (-pair[0], abs(pair[1])))
    (best, shift), (second, _) = agreeing[:2]
    smaller = min(moved.bit_count(), fixed.bit_count())
    if best < max(_LEAST_COMMON_MINUTES, _LEAST_COMMON_PART * smaller, _CLEARER_THAN_NEXT * second):
        return None
    return shift


def _as_one(minutes: OriginMinutes, first: int, last: int) -> int:
    """The minutes with a value other than zero of a run of days, as one row of bits."""
    bits = 0
    for number in range(first, last + 1):
        day = minutes.days.get(number)
        if day is not None:
            bits |= (day.present & ~day.zeros) << (number - first) * MINUTES_A_DAY
    return bits
