"""How long bytes stay that the server has confirmed. Runs inside its caller's transaction.

Counted from when the server had the whole batch, not from when it was drained: what waited here for weeks is on a
restored server's backup no sooner than what was drained today.

A clock may be wrong, in 1970 or years ahead, and be set right later. So only time counts that was seen passing: between
two looks at most :data:`UNSEEN_MOST_S`, and nothing when the clock went back. The times of confirmation are moved along
with every other step of the clock. Each step ahead costs at most a day of the stay, whatever its size; a clock that
goes back costs none, and does not keep bytes for ever.
"""

import sqlite3

from unstuck.chain.phone.held import Held
from unstuck.chain.records import Ranges

UNSEEN_MOST_S = 24 * 3600
"""Most that one pause counts: an agent looks several times a day, so this is a pause of the agent or a clock that
was set, and nobody can tell which."""


def mark(db: sqlite3.Connection, tracker: str, confirmed: Held, now_s: int) -> None:
    """The stay of batches that are confirmed to the last record begins now, if it has not begun."""
    _follow(db, tracker, now_s)
    rows = db.execute(f"{_BATCHES} AND confirmed_s IS NULL", (tracker,)).fetchall()
    begin = [(now_s, id_) for id_, *span in rows if _whole(confirmed, *span)]
    db.executemany("UPDATE batch SET confirmed_s = ? WHERE id = ?", begin)


def unmark(db: sqlite3.Connection, tracker: str, confirmed: Held) -> None:
    """Batches that are not wholly confirmed any more begin anew when they are."""
    rows = db.execute(f"{_BATCHES} AND confirmed_s IS NOT NULL", (tracker,)).fetchall()
    ended = [(id_,) for id_, *span in rows if not _whole(confirmed, *span)]
    db.executemany("UPDATE batch SET confirmed_s = NULL WHERE id = ?", ended)


def drop(db: sqlite3.Connection, tracker: str, confirmed: Held, before_s: int) -> list[tuple[int, int, int]]:
    """Drop batches whose stay began before that; which, as (boot, first, last)."""
    rows = db.execute(f"{_BATCHES} AND confirmed_s < ?", (tracker, before_s)).fetchall()
    old = [(id_, *span) for id_, *span in rows if _whole(confirmed, *span)]
    db.executemany("DELETE FROM batch WHERE id = ?", [(id_,) for id_, *_ in old])
    return [(boot, first, last) for _, boot, first, last in old]


_BATCHES = "SELECT id, boot, first, last FROM batch WHERE tracker = ?"


def _follow(db: sqlite3.Connection, tracker: str, now_s: int) -> None:
    """Move the times along with the clock, as far as it went by more than what counts."""
    row = db.execute("SELECT seen_s FROM looked WHERE tracker = ?", (tracker,)).fetchone()
    passed_s = 0 if row is None else now_s - int(row[0])
    step_s = passed_s - min(max(passed_s, 0), UNSEEN_MOST_S)
    if step_s:
        db.execute("UPDATE batch SET confirmed_s = confirmed_s + ? WHERE tracker = ?", (step_s, tracker))
    db.execute("INSERT OR REPLACE INTO looked (tracker, seen_s) VALUES (?, ?)", (tracker, now_s))


def _whole(confirmed: Held, boot: int, first: int, last: int) -> bool:
    return confirmed.get(boot, Ranges()).contains(Ranges.span(first, last))
