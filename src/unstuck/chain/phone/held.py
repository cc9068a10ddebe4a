"""The table of ranges: which sequence numbers are in which state. Runs inside its caller's transaction."""

import sqlite3
from collections.abc import Iterable, Mapping

from unstuck.chain.records import LARGEST, Ranges

Held = Mapping[int, Ranges]
"""Sequence numbers by boot."""


def read(db: sqlite3.Connection, tracker: str, state: str) -> dict[int, Ranges]:
    """All ranges of a tracker in one state."""
    rows = db.execute(
        "SELECT boot, first, last FROM held WHERE tracker = ? AND state = ? ORDER BY boot, first", (tracker, state)
    )
    return by_boot(rows)


def put(db: sqlite3.Connection, tracker: str, state: str, held: Held) -> None:
    """These and no others are in that state."""
    db.execute("DELETE FROM held WHERE tracker = ? AND state = ?", (tracker, state))
    rows = [(tracker, state, boot, first, last) for boot, ranges in held.items() for first, last in ranges]
    db.executemany("INSERT INTO held VALUES (?, ?, ?, ?, ?)", rows)


def add(db: sqlite3.Connection, tracker: str, state: str, held: Held) -> None:
    """These are in that state too."""
    put(db, tracker, state, joined(read(db, tracker, state), held))


def by_boot(rows: Iterable[tuple[int, int, int]]) -> dict[int, Ranges]:
    """Rows of (boot, first, last) as ranges."""
    intervals: dict[int, list[tuple[int, int]]] = {}
    for boot, first, last in rows:
        intervals.setdefault(boot, []).append((first, last))
    return {boot: Ranges.of(pairs) for boot, pairs in intervals.items()}


def joined(one: Held, other: Held) -> dict[int, Ranges]:
    """In either."""
    return {boot: one.get(boot, Ranges()) | other.get(boot, Ranges()) for boot in sorted({*one, *other})}


def without(one: Held, other: Held) -> dict[int, Ranges]:
    """In the first and not in the other; boots with nothing left are not there."""
    left = {boot: ranges - other.get(boot, Ranges()) for boot, ranges in one.items()}
    return {boot: ranges for boot, ranges in left.items() if ranges}


def common(one: Held, other: Held) -> dict[int, Ranges]:
    """In both; boots with nothing in common are not there."""
    both = {boot: ranges & other.get(boot, Ranges()) for boot, ranges in one.items()}
    return {boot: ranges for boot, ranges in both.items() if ranges}


def total(held: Held) -> int:
    """How many records."""
    return sum(ranges.total for ranges in held.values())


def from_plain(given: object) -> dict[int, Ranges]:
    """``{boot: [[first, last], ...]}`` as CBOR or JSON gives it. ValueError when it is not that."""
    if not isinstance(given, Mapping):
        raise ValueError("ranges are no map")
    found = {}
    for key, pairs in given.items():
        boot = int(key) if isinstance(key, str) and key.isdecimal() else key
        if not _is_number(boot) or not isinstance(pairs, (list, tuple)):
            raise ValueError("ranges of a boot are no list")
        for pair in pairs:
            if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(map(_is_number, pair)):
                raise ValueError("a range is no pair of numbers")
        found[boot] = Ranges.of(pairs)
    return {boot: ranges for boot, ranges in found.items() if ranges}


def to_plain(given: Held) -> dict[str, list[list[int]]]:
    """As JSON carries it; :func:`from_plain` reads it back."""
    return {str(boot): ranges.as_lists() for boot, ranges in given.items() if ranges}


def _is_number(given: object) -> bool:
    """0 to LARGEST, as the records' own numbers."""
    return isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= LARGEST
