"""The journal: raw batches and what became of every range, in one SQLite file.

The way of a range: **drained** (its bytes are in the file, perhaps not yet on the disk), **committed**
(the one fully synced transaction says so; before it no trim), **trimmed** (the tracker freed it),
**uploaded** (sent, the answer not known), **confirmed** (the server says it is durable), **pruned** (the
bytes are gone from here). Every method is one transaction: after a crash at any point it happened or
it did not. Times are Unix seconds and are given by the caller.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from unstuck.chain.phone import held, keeping
from unstuck.chain.phone.entries import Account, Attempt, Elsewhere, Ledger, Rejection, State, Stored
from unstuck.chain.phone.faults import JournalError, journal_error
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.lease import Lease
from unstuck.chain.phone.opening import open_file
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.phone.remembered import Remembered
from unstuck.chain.phone.words import printable
from unstuck.chain.records import LARGEST, Batch, Ranges

_SYNC_FULL = 2
"""What ``PRAGMA synchronous`` answers when every commit is synced to the disk."""

CODE_MOST = 64
"""Characters of a rejection's code that are kept; our server's have at most half."""


Found = TypeVar("Found")


class Journal:
    """Open for writing by one agent at a time.

    ``login``: that of the agent, empty without a server. What is drained is of its account, and goes to no other
    (:meth:`stored`) unless a person says so (:meth:`adopt`). What was drained without a login goes to the account
    that is told next.

    Raises:
        JournalError: from every method; see :class:`JournalFault`.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lease = None if read_only else Lease(path)
        self._synced = False
        self.login = ""
        try:
            self._db = open_file(path, read_only=read_only)
            self._remembered = Remembered(self._db)
            self.sound = self._check()
        except sqlite3.Error as fault:
            self._release()
            raise journal_error(fault) from fault
        except JournalError:
            self._release()
            raise

    @property
    def synced(self) -> bool:
        """Whether the last commit of this object was read back as fully synced to a file."""
        return self._synced

    @property
    def alone(self) -> bool:
        """Whether this object holds the lease that only one agent can hold."""
        return self._lease is not None and self._lease.held

    def close(self) -> None:
        """Give the file and the lease back."""
        self._db.close()
        self._release()

    # what the tracker said and gave

    def saw(self, tracker: str, name: str, status: bytes, overwritten: Held, now_s: int) -> None:
        """The tracker's status as it came; what it overwrote is remembered for ever."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO tracker VALUES (?, ?, ?, ?) ON CONFLICT (tracker) DO UPDATE"
                " SET name = excluded.name, seen_s = excluded.seen_s, status = excluded.status",
                (tracker, name, now_s, status),
            )
            held.add(db, tracker, State.OVERWRITTEN, overwritten)

    def drain(self, tracker: str, batch: Batch, raw: bytes, now_s: int) -> None:
        """Keep the bytes as they came. Not synced: only :meth:`commit` makes them safe."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO batch (tracker, boot, first, last, raw, drained_s, login) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (tracker, batch.boot, batch.first, batch.last, raw, now_s, self.login),
            )

    def commit(self, tracker: str) -> None:
        """Make all that is drained safe: the one transaction that a trim waits for, synced to the disk."""
        self._synced = False
        with self._transaction(full=True) as db:
            held.add(db, tracker, State.COMMITTED, _in_batches(db, tracker))
            full = db.execute("PRAGMA synchronous").fetchone() == (_SYNC_FULL,)
        self._synced = full and self._is_wal()

    def trimmed(self, tracker: str, boot: int, ranges: Ranges) -> None:
        """The tracker has freed these."""
        with self._transaction() as db:
            held.add(db, tracker, State.TRIMMED, {boot: ranges})

    # whose it is

    def account(self) -> Account | None:
        """Whose login the agent has; None when its server has not told yet."""
        return self._asked(("account",), self._account)

    def _account(self) -> Account | None:
        with self._reading() as db:
            row = db.execute("SELECT account, name, server FROM login WHERE id = ?", (self.login,)).fetchone()
        return None if row is None else _account(*row)

    def told(self, account: Account) -> None:
        """The server said whose login it is."""
        with self._transaction() as db:
            row = (self.login, account.server, account.id, account.name)
            db.execute("INSERT OR REPLACE INTO login (id, server, account, name) VALUES (?, ?, ?, ?)", row)
            db.execute("UPDATE batch SET login = ? WHERE login = ''", (self.login,))

    def adopt(self) -> None:
        """A person said so: all that is here is of the account of this login."""
        with self._transaction() as db:
            db.execute("UPDATE batch SET login = ?", (self.login,))

    def elsewhere(self, tracker: str) -> tuple[Elsewhere, ...]:
        """What waits for other accounts than that of this login."""
        return self._asked(("elsewhere", tracker), lambda: self._elsewhere(tracker))

    def _elsewhere(self, tracker: str) -> tuple[Elsewhere, ...]:
        with self._reading() as db:
            waiting = held.without(held.read(db, tracker, State.COMMITTED), held.read(db, tracker, State.CONFIRMED))
            rows = db.execute(
                "SELECT account, name, server, boot, first, last FROM batch LEFT JOIN login ON login.id = batch.login"
                f" WHERE tracker = ? AND NOT {_MINE} ORDER BY account",
                (tracker, self.login, self.login),
            ).fetchall()
        spans: dict[Account | None, list[tuple[int, int, int]]] = {}
        for account, name, server, *span in rows:
            boot, first, last = span
            owner = None if account is None else _account(account, name, server)
            spans.setdefault(owner, []).append((boot, first, last))
        counts = {owner: held.total(held.common(held.by_boot(found), waiting)) for owner, found in spans.items()}
        return tuple(Elsewhere(owner, records) for owner, records in counts.items() if records)

    # what the server said

    def uploading(self, tracker: str, batches: Iterable[Stored]) -> None:
        """These are about to be sent; the answer may never come."""
        with self._transaction() as db:
            held.add(db, tracker, State.UPLOADED, _union(batches))

    def confirmed(self, tracker: str, durable: Held, now_s: int) -> int:
        """The server holds these durably; of what is not committed here that is not believed. Counts the news."""
        with self._transaction() as db:
            before = held.read(db, tracker, State.CONFIRMED)
            believed = held.common(durable, held.read(db, tracker, State.COMMITTED))
            held.add(db, tracker, State.CONFIRMED, believed)
            keeping.mark(db, tracker, held.joined(before, believed), now_s)
            db.executemany(
                "DELETE FROM rejection WHERE tracker = ? AND boot = ? AND first >= ? AND last <= ?",
                [(tracker, boot, *interval) for boot, ranges in believed.items() for interval in ranges],
            )
        return held.total(held.without(believed, before))

    def unconfirmed(self, tracker: str, durable: Held) -> int:
        """The server holds just these: what it lost and is still here, of this account, is sent again. Counts them."""
        with self._transaction() as db:
            confirmed = held.read(db, tracker, State.CONFIRMED)
            here = _union(_stored(db, tracker, self.login))
            lost = held.common(held.without(confirmed, durable), here)
            for state in (State.CONFIRMED, State.UPLOADED) if lost else ():
                held.put(db, tracker, state, held.without(held.read(db, tracker, state), lost))
            keeping.unmark(db, tracker, held.without(confirmed, lost))
        return held.total(lost)

    def rejected(self, tracker: str, rejections: Iterable[Rejection]) -> None:
        """The server would not take these; they are kept."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO rejection VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET code = excluded.code, rejected_s = excluded.rejected_s",
                [(tracker, one.boot, one.first, one.last, one.code, one.rejected_s) for one in rejections],
            )

    def prune(self, tracker: str, confirmed_before_s: int, now_s: int) -> int:
        """Drop the bytes of batches that were wholly confirmed before that. Counts the batches."""
        with self._transaction() as db:
            confirmed = held.read(db, tracker, State.CONFIRMED)
            keeping.mark(db, tracker, confirmed, now_s)
            old = keeping.drop(db, tracker, confirmed, confirmed_before_s)
            held.add(db, tracker, State.PRUNED, held.by_boot(old))
        return len(old)

    # what was tried

    def attempted(self, tracker: str, attempt: Attempt, keep_after_s: int) -> None:
        """Remember an attempt; forget those that ended before ``keep_after_s``."""
        with self._transaction() as db:
            db.execute("DELETE FROM attempt WHERE tracker = ? AND ended_s < ?", (tracker, keep_after_s))
            db.execute(
                "INSERT INTO attempt (tracker, side, began_s, ended_s, outcome, detail, records, causes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    tracker,
                    attempt.side,
                    attempt.began_s,
                    attempt.ended_s,
                    attempt.outcome,
                    attempt.detail,
                    attempt.records,
                    " ".join(attempt.causes),
                ),
            )

    def attempts(self, tracker: str, newest: int) -> list[Attempt]:
        """The newest attempts, oldest of them first."""
        return [attempt for _, attempt in self.numbered_attempts(tracker, newest)]

    def numbered_attempts(self, tracker: str, newest: int) -> list[tuple[int, Attempt]]:
        """The same, each with its number in this journal, which it keeps for ever."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT id, side, began_s, ended_s, outcome, detail, records, causes FROM attempt"
                " WHERE tracker = ? ORDER BY id DESC LIMIT ?",
                (tracker, newest),
            ).fetchall()
        return [
            (number, Attempt(Side(side), began, ended, Outcome(outcome), detail, records, tuple(causes.split())))
            for number, side, began, ended, outcome, detail, records, causes in reversed(rows)
        ]

    # what is known

    def trackers(self) -> dict[str, str]:
        """Name by id of every tracker seen."""
        with self._reading() as db:
            return dict(db.execute("SELECT tracker, name FROM tracker ORDER BY tracker").fetchall())

    def status(self, tracker: str) -> tuple[bytes, int] | None:
        """The last status as it came, and when."""
        with self._reading() as db:
            row = db.execute("SELECT status, seen_s FROM tracker WHERE tracker = ?", (tracker,)).fetchone()
        return None if row is None else (row[0], row[1])

    def ledger(self, tracker: str) -> Ledger:
        """Every range, as of one moment."""
        return self._asked(("ledger", tracker), lambda: self._ledger(tracker))

    def _ledger(self, tracker: str) -> Ledger:
        with self._reading() as db:
            pruned = held.read(db, tracker, State.PRUNED)
            return Ledger(
                drained=held.joined(_in_batches(db, tracker), pruned),
                committed=held.read(db, tracker, State.COMMITTED),
                trimmed=held.read(db, tracker, State.TRIMMED),
                uploaded=held.read(db, tracker, State.UPLOADED),
                confirmed=held.read(db, tracker, State.CONFIRMED),
                pruned=pruned,
                overwritten=held.read(db, tracker, State.OVERWRITTEN),
            )

    def rejections(self, tracker: str) -> tuple[Rejection, ...]:
        """What the server would not take, oldest numbers first. Passed over: ranges that an older agent believed."""
        return self._asked(("rejections", tracker), lambda: self._rejections(tracker))

    def _rejections(self, tracker: str) -> tuple[Rejection, ...]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT boot, first, last, code, rejected_s FROM rejection WHERE tracker = ?"
                " AND boot >= 0 AND 0 <= first AND first <= last AND last <= ? ORDER BY boot, first",
                (tracker, LARGEST),
            ).fetchall()
        return tuple(
            Rejection(boot, first, last, printable(code, CODE_MOST), at) for boot, first, last, code, at in rows
        )

    def stored(self, tracker: str) -> list[Stored]:
        """Every batch whose bytes are here, in the order of its records."""
        with self._reading() as db:
            return _stored(db, tracker)

    def own(self, tracker: str) -> tuple[Stored, ...]:
        """Those of the account of this login: what may be sent with it."""
        return self._asked(("own", tracker), lambda: self._own(tracker))

    def _own(self, tracker: str) -> tuple[Stored, ...]:
        with self._reading() as db:
            return tuple(_stored(db, tracker, self.login))

    def raw(self, batch_id: int) -> bytes | None:
        """The bytes of a batch as they came, or None where they are gone."""
        with self._reading() as db:
            row = db.execute("SELECT raw FROM batch WHERE id = ?", (batch_id,)).fetchone()
        return None if row is None else bytes(row[0])

    # transactions

    @contextmanager
    def _transaction(self, *, full: bool = False) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; ``full``: on the disk when it returns."""
        try:
            if full:
                self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                # Still open only when something failed; a full disk may have ended it already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if full:
                    self._db.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as fault:
            raise journal_error(fault) from fault

    def _asked(self, question: tuple[str, ...], read: Callable[[], Found]) -> Found:
        """What is read over and over while nothing changes."""
        try:
            return self._remembered.of((*question, self.login), read)
        except sqlite3.Error as fault:
            raise journal_error(fault) from fault

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One moment's state, whatever is written meanwhile."""
        try:
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._db.execute("ROLLBACK")
        except sqlite3.Error as fault:
            raise journal_error(fault) from fault

    def _is_wal(self) -> bool:
        return bool(self._db.execute("PRAGMA journal_mode").fetchone() == ("wal",))

    def _check(self) -> bool:
        """Whether the file is whole and every state follows from the one before it."""
        if self._db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            return False
        return not any(self.contradictions(tracker) for tracker in self.trackers())

    def contradictions(self, tracker: str) -> list[str]:
        """What cannot be: a range in a state whose forerunner it is not in. Empty in every sound journal."""
        known = self.ledger(tracker)
        pairs = {
            "committed without its bytes": (known.committed, known.drained),
            "trimmed but not committed": (known.trimmed, known.committed),
            "confirmed but not committed": (known.confirmed, known.committed),
            "pruned but not confirmed": (known.pruned, known.confirmed),
        }
        return [words for words, (later, earlier) in pairs.items() if held.without(later, earlier)]

    def _release(self) -> None:
        if self._lease is not None and self._lease.held:
            self._lease.release()


def _account(account: str, name: str, server: str) -> Account:
    """The name made printable: an older agent kept what a server said as it came."""
    return Account(account, printable(name, len(name)), server)


def _in_batches(db: sqlite3.Connection, tracker: str) -> dict[int, Ranges]:
    return held.by_boot(db.execute("SELECT boot, first, last FROM batch WHERE tracker = ?", (tracker,)))


_MINE = """(batch.login = ? OR batch.login IN
    (SELECT id FROM login WHERE account = (SELECT account FROM login WHERE id = ?)))"""
"""Drained with this login, or with another of the same account."""


def _stored(db: sqlite3.Connection, tracker: str, login: str | None = None) -> list[Stored]:
    whose, given = ("", ()) if login is None else (f" AND {_MINE}", (login, login))
    rows = db.execute(
        "SELECT id, boot, first, last, length(raw), drained_s FROM batch"
        f" WHERE tracker = ?{whose} ORDER BY boot, first, last",
        (tracker, *given),
    )
    return [Stored(*row) for row in rows]


def _union(batches: Iterable[Stored]) -> Held:
    return held.by_boot((one.boot, one.first, one.last) for one in batches)
