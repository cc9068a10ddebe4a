"""Bytes stay for days after the server has confirmed them, whatever the clock says."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.chain.phone.made import batch
from unstuck.chain.phone import schema
from unstuck.chain.phone.engine import KEEP_CONFIRMED_S
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.keeping import UNSEEN_MOST_S
from unstuck.chain.records import Ranges, encode

T = "tracker-1"
DAY_S = 24 * 3600
NOW_S = 1_760_000_000
ALL = {1: Ranges.span(0, 9)}
WRONG = (0, 2**32, NOW_S - DAY_S * 400, NOW_S + DAY_S * 400)
"""What a clock shows that lost its battery, or that a person set wrong."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """With one batch, committed."""
    found = Journal(tmp_path / "journal")
    with closing(found):
        made = batch(1, 0, 9)
        found.drain(T, made, encode(made), NOW_S)
        found.commit(T)
        yield found


def prune(journal: Journal, now_s: int) -> int:
    """As the engine says it."""
    return journal.prune(T, now_s - KEEP_CONFIRMED_S, now_s)


def days_kept(journal: Journal, now_s: int) -> int:
    """Days of looking every day until the bytes go."""
    for day in range(100):
        if prune(journal, now_s + day * DAY_S):
            return day
    raise AssertionError("kept for ever")


def test_what_was_drained_long_before_it_was_confirmed_stays_as_long_as_anything(journal: Journal) -> None:
    late_s = NOW_S + 9 * DAY_S
    journal.confirmed(T, ALL, late_s)
    assert prune(journal, late_s) == 0
    assert journal.unconfirmed(T, {}) == 10, "a server restored from last night's backup gets it again"
    journal.confirmed(T, ALL, late_s)
    assert days_kept(journal, late_s) == 9


def test_what_the_server_lost_begins_its_stay_anew(journal: Journal) -> None:
    journal.confirmed(T, ALL, NOW_S)
    for day in range(8):
        assert prune(journal, NOW_S + day * DAY_S) == 0
    journal.unconfirmed(T, {1: Ranges.span(0, 8)})
    assert prune(journal, NOW_S + 30 * DAY_S) == 0, "one record is not confirmed"
    again_s = NOW_S + 31 * DAY_S
    journal.confirmed(T, ALL, again_s)
    assert days_kept(journal, again_s) == 9


def test_what_the_server_still_has_goes_on_with_its_stay(journal: Journal) -> None:
    journal.confirmed(T, ALL, NOW_S)
    for day in range(8):
        journal.confirmed(T, ALL, NOW_S + day * DAY_S)
        assert journal.unconfirmed(T, ALL) == 0
    assert days_kept(journal, NOW_S + 8 * DAY_S) == 1


def test_a_batch_of_records_that_were_confirmed_before_has_a_stay_too(journal: Journal) -> None:
    journal.confirmed(T, ALL, NOW_S)
    made = batch(1, 2, 6)
    journal.drain(T, made, encode(made), NOW_S)
    journal.commit(T)
    assert days_kept(journal, NOW_S) == 9
    assert journal.stored(T) == []


@pytest.mark.parametrize("wrong_s", WRONG)
def test_a_clock_that_was_wrong_at_the_confirmation_does_not_end_the_stay(journal: Journal, wrong_s: int) -> None:
    journal.confirmed(T, ALL, wrong_s)
    prune(journal, wrong_s)
    assert days_kept(journal, NOW_S) in (8, 9), "set right it costs a day at most, and it is not for ever"


@pytest.mark.parametrize("wrong_s", WRONG)
def test_a_clock_that_goes_wrong_and_right_again_does_not_end_the_stay(journal: Journal, wrong_s: int) -> None:
    journal.confirmed(T, ALL, NOW_S)
    for now_s in (NOW_S, wrong_s, NOW_S + 60, wrong_s + 60):
        assert prune(journal, now_s) == 0
    assert 7 <= days_kept(journal, NOW_S + 120) <= 9


def test_a_pause_counts_as_a_day(journal: Journal) -> None:
    journal.confirmed(T, ALL, NOW_S)
    assert prune(journal, NOW_S + 365 * DAY_S) == 0
    assert days_kept(journal, NOW_S + 365 * DAY_S) == (KEEP_CONFIRMED_S - UNSEEN_MOST_S) // DAY_S + 1


def journal_of_version_2(path: Path) -> None:
    """As the former version made it: ten records confirmed, ten waiting, all drained long ago."""
    with closing(sqlite3.connect(path)) as db:
        for step in schema.STEPS[:2]:
            db.executescript(step)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 2")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("INSERT INTO batch VALUES (1, ?, 1, 0, 9, ?, 5, 'me')", (T, encode(batch(1, 0, 9))))
        db.execute("INSERT INTO batch VALUES (2, ?, 1, 10, 19, ?, 5, 'me')", (T, encode(batch(1, 10, 19))))
        db.execute("INSERT INTO held VALUES (?, 'committed', 1, 0, 19)", (T,))
        db.execute("INSERT INTO held VALUES (?, 'confirmed', 1, 0, 9)", (T,))
        db.execute("INSERT INTO tracker VALUES (?, 'Band', 5, x'00')", (T,))
        db.commit()


def test_a_journal_of_the_former_version_keeps_everything_and_its_stays_begin_now(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal_of_version_2(path)
    for read_only in (True, False, True):
        with closing(Journal(path, read_only=read_only)) as journal:
            assert journal.sound
            assert [(one.id, one.first, one.drained_s) for one in journal.stored(T)] == [(1, 0, 5), (2, 10, 5)]
            assert journal.raw(1) == encode(batch(1, 0, 9))
            assert journal.ledger(T).confirmed == ALL
    with closing(Journal(path)) as journal:
        assert days_kept(journal, NOW_S) == 9
        assert [one.id for one in journal.stored(T)] == [2], "what is not confirmed stays"
        assert journal.contradictions(T) == []
