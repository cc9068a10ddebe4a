"""The table of ranges: which sequence numbers are in which state. Runs inside its caller's transaction."""

import sqlite3
from collections.abc import Iterable, Mapping

from unstuck.chain.records import Ranges

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
