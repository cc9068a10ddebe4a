"""The journal keeps what it was given, survives every crash, and says so when it cannot."""

import shutil
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from tests.chain.phone.crash import Steps, dies_before_step
from tests.chain.phone.made import batch
from unstuck.chain.phone import held, schema
from unstuck.chain.phone.entries import Account, Attempt, Rejection
from unstuck.chain.phone.faults import JournalError, JournalFault
from unstuck.chain.phone.journal import CODE_MOST, Journal
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.records import Ranges, decode, encode

T = "tracker-1"


def put(journal: Journal, boot: int, first: int, last: int, now_s: int = 0) -> None:
    made = batch(boot, first, last)
    journal.drain(T, made, encode(made), now_s)


def fill(journal: Journal) -> None:
    for boot in count(2):
        put(journal, boot, 0, 999)


def test_drained_is_not_committed_until_commit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    assert journal.ledger(T).drained == {1: Ranges.span(0, 9)}
    assert journal.ledger(T).committed == {}
    before = journal.synced
    journal.commit(T)
    assert (before, journal.synced) == (False, True)
    assert journal.ledger(T).committed == {1: Ranges.span(0, 9)}
    journal.close()


def test_the_gating_transaction_alone_is_fully_synced(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    watched: list[str] = []
    journal._db.set_trace_callback(watched.append)
    put(journal, 1, 0, 9)
    journal.commit(T)
    journal._db.set_trace_callback(None)
    begin = [place for place, sql in enumerate(watched) if sql == "BEGIN IMMEDIATE"]
    assert len(begin) == 2
    assert "PRAGMA synchronous = FULL" not in watched[: begin[1] - 1]
    assert watched[begin[1] - 1] == "PRAGMA synchronous = FULL"
    assert watched[-3:-1] == ["COMMIT", "PRAGMA synchronous = NORMAL"]
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (1,)
    journal.close()


def test_raw_bytes_come_back_as_they_came(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    journal.commit(T)
    journal.close()
    journal = Journal(tmp_path / "journal")
    (stored,) = journal.stored(T)
    assert journal.raw(stored.id) == encode(batch(1, 0, 9))
    assert journal.sound
    assert not journal.synced, "a commit of an earlier process is not taken on trust"
    journal.close()


def test_the_same_batch_twice_is_kept_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    put(journal, 1, 0, 9)
    assert len(journal.stored(T)) == 1
    journal.close()


def test_only_what_is_confirmed_and_old_is_pruned(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    put(journal, 1, 10, 19)
    put(journal, 1, 20, 29)
    journal.commit(T)
    assert journal.prune(T, 1_000, 90) == 0, "nothing is confirmed"
    assert journal.confirmed(T, {1: Ranges.span(0, 14)}, 100) == 15
    assert journal.confirmed(T, {1: Ranges.span(15, 25)}, 200) == 11
    assert journal.prune(T, 150, 300) == 1, "the second batch was confirmed in part until 200"
    assert journal.prune(T, 1_000, 300) == 1, "the last batch is confirmed in part only"
    ledger = journal.ledger(T)
    assert ledger.pruned == {1: Ranges.span(0, 19)}
    assert ledger.drained == {1: Ranges.span(0, 29)}
    assert journal.contradictions(T) == []
    journal.close()


def test_a_server_cannot_confirm_what_was_never_committed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    assert journal.confirmed(T, {1: Ranges.span(0, 9), 2: Ranges.span(0, 5)}, 0) == 0
    assert journal.prune(T, 1_000, 0) == 0
    assert len(journal.stored(T)) == 1
    journal.close()


def test_what_a_restored_server_lost_is_sent_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    put(journal, 1, 10, 29)
    journal.commit(T)
    journal.uploading(T, journal.stored(T))
    journal.confirmed(T, {1: Ranges.span(0, 9)}, 0)
    journal.confirmed(T, {1: Ranges.span(10, 29)}, 500)
    journal.prune(T, 100, 500)
    assert journal.unconfirmed(T, {1: Ranges.span(5, 14)}) == 15
    ledger = journal.ledger(T)
    assert ledger.confirmed == {1: Ranges.span(0, 14)}, "0 to 9 are pruned and cannot be sent again"
    assert ledger.uploaded == {1: Ranges.span(0, 14)}
    assert journal.contradictions(T) == []
    journal.close()


def test_a_confirmed_range_is_no_longer_rejected(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    journal.commit(T)
    journal.rejected(T, [Rejection(1, 0, 4, "batch.damaged", 7), Rejection(1, 5, 9, "batch.damaged", 7)])
    journal.confirmed(T, {1: Ranges.span(0, 4)}, 8)
    assert journal.rejections(T) == (Rejection(1, 5, 9, "batch.damaged", 7),)
    journal.close()


def test_attempts_are_kept_for_as_long_as_said(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for at in (10, 20, 30):
        journal.attempted(T, Attempt(Side.DRAIN, at, at + 1, Outcome.TRACKER_SILENT, "no answer", 0), keep_after_s=15)
    assert [attempt.began_s for attempt in journal.attempts(T, 10)] == [20, 30]
    assert [attempt.began_s for attempt in journal.attempts(T, 1)] == [30]
    journal.close()


def test_a_second_agent_is_turned_away_and_a_reader_is_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    with pytest.raises(JournalError) as refused:
        Journal(tmp_path / "journal")
    assert refused.value.fault is JournalFault.BUSY
    reader = Journal(tmp_path / "journal", read_only=True)
    assert reader.ledger(T).drained == {1: Ranges.span(0, 9)}
    assert not reader.alone
    with pytest.raises(JournalError) as written:
        reader.commit(T)
    assert written.value.fault is JournalFault.CANNOT_WRITE
    reader.close()
    journal.close()
    Journal(tmp_path / "journal").close()


def test_full_disk_is_said_and_takes_nothing_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    journal.commit(T)
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError) as full:
        fill(journal)
    assert full.value.fault is JournalFault.DISK_FULL
    journal._db.execute("PRAGMA max_page_count = 100000")
    put(journal, 9, 0, 9)
    journal.commit(T)
    assert journal.ledger(T).committed[9] == Ranges.span(0, 9)
    assert journal.contradictions(T) == []
    journal.close()


def test_another_database_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "journal")
    other.execute("CREATE TABLE tracker (a)")
    other.commit()
    other.close()
    with pytest.raises(JournalError) as refused:
        Journal(tmp_path / "journal")
    assert refused.value.fault is JournalFault.OTHER_VERSION
    (tmp_path / "text").write_text("no database " * 100)
    with pytest.raises(JournalError) as refused:
        Journal(tmp_path / "text")
    assert refused.value.fault is JournalFault.DAMAGED, "so looks one whose first page was overwritten"


def test_a_committed_claim_without_bytes_makes_the_journal_unsound(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    journal.saw(T, "name", b"", {}, 0)
    journal.commit(T)
    journal._db.execute("DELETE FROM batch")
    assert journal.contradictions(T) == ["committed without its bytes"]
    journal.close()
    journal = Journal(tmp_path / "journal")
    assert not journal.sound
    journal.close()


def _life(folder: Path, steps: Steps) -> None:
    """Everything a journal does; what was promised outside is written to a file after each promise."""
    promises = folder / "promises"
    promised = promises.read_text().split() if promises.exists() else []

    def promise(word: str) -> None:
        steps()
        with promises.open("a") as file:
            file.write(f"{word} ")

    journal = Journal(folder / "journal")
    journal.saw(T, "name", b"status", {0: Ranges.span(0, 3)}, 1)
    for first in (0, 10):
        for start in (first, first + 5):
            if not journal.ledger(T).drained.get(1, Ranges()).contains(Ranges.span(start, start + 4)):
                put(journal, 1, start, start + 4, now_s=first)
        journal.commit(T)
        if f"trim{first + 9}" not in promised:
            promise(f"trim{first + 9}")
        journal.trimmed(T, 1, Ranges.span(first, first + 9))
    journal.uploading(T, journal.stored(T))
    journal.confirmed(T, {1: Ranges.span(0, 12)}, 1)
    journal.prune(T, 5, 6)
    journal.attempted(T, Attempt(Side.DRAIN, 0, 1, Outcome.SYNCED, "", 20), 0)
    journal.close()


def test_killed_before_every_step_nothing_promised_is_missing(quick_folder: Path) -> None:
    for fatal in count():
        folder = quick_folder / str(fatal)
        folder.mkdir()
        died = dies_before_step(fatal, lambda steps, folder=folder: _life(folder, steps))  # type: ignore[misc]  # bound
        if not died:
            break
        journal = Journal(folder / "journal")
        assert journal.sound, f"killed before step {fatal}"
        ledger = journal.ledger(T)
        promises = (folder / "promises").read_text().split() if (folder / "promises").exists() else []
        for word in promises:
            freed = Ranges.span(0, int(word.removeprefix("trim")))
            assert ledger.committed[1].contains(freed), f"killed before step {fatal}: {word} without a commit"
        for stored in journal.stored(T):
            raw = journal.raw(stored.id)
            assert raw is not None
            assert decode(raw) == batch(stored.boot, stored.first, stored.last)
        journal.close()
        _life(folder, Steps(None))
        journal = Journal(folder / "journal")
        ledger = journal.ledger(T)
        assert ledger.committed == ledger.trimmed == {1: Ranges.span(0, 19)}
        assert ledger.pruned == {1: Ranges.span(0, 9)}
        assert journal.contradictions(T) == []
        journal.close()
    assert fatal > 40, "every statement that writes is a step"


def test_torn_write_ahead_log_never_shows_a_commit_without_its_bytes(quick_folder: Path) -> None:
    """As a power cut leaves it: any beginning of what was written after the last full sync."""
    journal = Journal(quick_folder / "journal")
    journal.saw(T, "name", b"", {}, 0)
    journal.commit(T)
    log = quick_folder / "journal-wal"
    for first in range(0, 40, 10):
        put(journal, 1, first, first + 9)
        if first == 10:
            journal.commit(T)
            safe_bytes = log.stat().st_size
    journal.commit(T)
    whole = log.stat().st_size
    assert whole > safe_bytes
    for cut_bytes in range(safe_bytes, whole + 1, 509):  # a prime, so that cuts fall at all places of a frame
        torn = quick_folder / f"torn{cut_bytes}"
        torn.mkdir()
        shutil.copy(quick_folder / "journal", torn / "journal")
        (torn / "journal-wal").write_bytes(log.read_bytes()[:cut_bytes])
        after = Journal(torn / "journal")
        assert after.sound
        assert after.ledger(T).committed[1].contains(Ranges.span(0, 19)), "synced before the cut"
        after.close()
        shutil.rmtree(torn)
    journal.close()


def journal_of_version_1(path: Path) -> None:
    """As the first version made it, with one attempt."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(schema.STEPS[0])
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("INSERT INTO batch VALUES (1, ?, 0, 0, 9, ?, 5)", (T, encode(batch(0, 0, 9))))
        db.execute("INSERT INTO held VALUES (?, 'committed', 0, 0, 9)", (T,))
        db.execute("INSERT INTO tracker VALUES (?, 'Band', 5, x'00')", (T,))
        db.execute("INSERT INTO attempt VALUES (1, ?, 'drain', 4, 5, 'tracker.silent', 'no answer', 0)", (T,))
        db.commit()


def test_a_journal_of_the_first_version_is_read_as_it_is_and_taken_over_when_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal_of_version_1(path)
    old = [Attempt(Side.DRAIN, 4, 5, Outcome.TRACKER_SILENT, "no answer", 0)]
    new = Attempt(Side.UPLOAD, 6, 7, Outcome.HOST_FORBIDS, "no network", 0, ("phone.offline", "phone.battery_saver"))
    for read_only in (True, True, False, True):
        journal = Journal(path, read_only=read_only)
        assert journal.sound
        assert journal.attempts(T, 9)[:1] == old
        assert journal.ledger(T).committed == {0: Ranges.span(0, 9)}
        if not read_only:
            journal.attempted(T, new, 0)
            journal.commit(T)
            assert journal.synced
        journal.close()
    journal = Journal(path)
    assert journal.attempts(T, 9) == [*old, new]
    journal.close()


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal_of_version_1(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    for read_only in (True, False):
        with pytest.raises(JournalError) as error:
            Journal(path, read_only=read_only)
        assert error.value.fault is JournalFault.OTHER_VERSION


def test_what_an_older_agent_believed_of_rejections_and_names_is_harmless_now(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    good = Rejection(1, 0, 4, "batch.damaged", 7)
    for bad in ((1, 9, 0), (-1, 0, 4), (1, -4, 4), (1, 0, 2**60)):
        journal.rejected(T, [Rejection(*bad, "x", 7)])
    journal.rejected(T, [good, Rejection(1, 5, 9, "\x1b[2J" + "x" * 100, 7)])
    kept, odd = journal.rejections(T)
    assert kept == good
    assert odd.code.isprintable()
    assert len(odd.code) == CODE_MOST
    journal.login = "me"
    journal.told(Account("id", "name\x1b[2J", "http://server"))
    assert journal.account() == Account("id", "name [2J", "http://server")
    journal.close()


def test_what_another_process_writes_is_seen_at_the_next_look(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    put(journal, 1, 0, 9)
    journal.commit(T)
    looks = Journal(tmp_path / "journal", read_only=True)
    assert held.total(looks.ledger(T).confirmed) == 0
    journal.confirmed(T, {1: Ranges.span(0, 4)}, 8)
    assert held.total(looks.ledger(T).confirmed) == 5
    looks.close()
    journal.close()
