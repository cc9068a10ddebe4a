"""Sets of integers as closed intervals: which sequence numbers a hop holds."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Interval = tuple[int, int]
"""First and last integer, both included."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """An immutable set of integers, as few closed intervals as can be: sorted, apart, never touching.

    Build it with :meth:`of`, :meth:`span` or :meth:`numbers`, which put any intervals in order; the
    constructor takes only intervals that are (ValueError), so that equal sets compare equal.
    """

    intervals: tuple[Interval, ...] = ()

    def __post_init__(self) -> None:
        previous: int | None = None
        for first, last in self.intervals:
            if last < first or (previous is not None and first <= previous + 1):
                raise ValueError(f"interval {first} to {last} is empty, out of order or touches its neighbour")
            previous = last

    @classmethod
    def of(cls, intervals: Iterable[Iterable[int]]) -> "Ranges":
        """Every integer in these [first, last] pairs, in any order, overlapping or not. ValueError: last < first."""
        merged: list[Interval] = []
        for first, last in sorted((first, last) for first, last in intervals):
            if last < first:
                raise ValueError(f"interval {first} to {last} ends before it begins")
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def span(cls, first: int, last: int) -> "Ranges":
        """All from ``first`` to ``last``, both included; nothing when ``last`` < ``first``."""
        return cls(((first, last),)) if first <= last else cls()

    @classmethod
    def numbers(cls, numbers: Iterable[int]) -> "Ranges":
        """Just these integers."""
        return cls.of((number, number) for number in numbers)

    def __bool__(self) -> bool:
        return bool(self.intervals)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self.intervals, number, key=lambda interval: interval[0]) - 1
        return place >= 0 and number <= self.intervals[place][1]

    def __iter__(self) -> Iterator[Interval]:
        return iter(self.intervals)

    def __or__(self, other: "Ranges") -> "Ranges":
        return self.union(other)

    def __sub__(self, other: "Ranges") -> "Ranges":
        return self.difference(other)

    def __and__(self, other: "Ranges") -> "Ranges":
        return self.intersection(other)

    @property
    def first(self) -> int:
        """Smallest. ValueError when empty."""
        return self._some()[0][0]

    @property
    def last(self) -> int:
        """Largest. ValueError when empty."""
        return self._some()[-1][1]

    @property
    def total(self) -> int:
        """How many integers are in it."""
        return sum(last - first + 1 for first, last in self.intervals)

    def union(self, other: "Ranges") -> "Ranges":
        """In either."""
        return Ranges.of((*self.intervals, *other.intervals))

    def difference(self, other: "Ranges") -> "Ranges":
        """In this, not in the other."""
        left: list[Interval] = []
        cuts, place = other.intervals, 0
        for first, last in self.intervals:
            while place < len(cuts) and cuts[place][1] < first:
                place += 1
            here = place
            while here < len(cuts) and cuts[here][0] <= last:
                if first < cuts[here][0]:
                    left.append((first, cuts[here][0] - 1))
                first = cuts[here][1] + 1
                here += 1
            if first <= last:
                left.append((first, last))
        return Ranges(tuple(left))

    def intersection(self, other: "Ranges") -> "Ranges":
        """In both."""
        return self.difference(self.difference(other))

    def contains(self, other: "Ranges") -> bool:
        """Whether all of the other is in this."""
        return not other.difference(self)

    def gaps(self) -> "Ranges":
        """What is missing between its first and its last."""
        pairs = zip(self.intervals, self.intervals[1:], strict=False)
        return Ranges(tuple((before[1] + 1, after[0] - 1) for before, after in pairs))

    def as_lists(self) -> list[list[int]]:
        """[[first, last], ...] as CBOR and JSON carry it; :meth:`of` reads it back."""
        return [[first, last] for first, last in self.intervals]

    def _some(self) -> tuple[Interval, ...]:
        if not self.intervals:
            raise ValueError("an empty set has no first and no last")
        return self.intervals
