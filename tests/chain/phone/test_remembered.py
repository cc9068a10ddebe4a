"""What is remembered of a file is never older than the file."""

import sqlite3
from pathlib import Path

import pytest

from unstuck.chain.phone.remembered import Remembered


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    with _open(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE one (value)")
        db.execute("INSERT INTO one VALUES (1)")
    return path


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


class Asked:
    """A question that counts how often the file was read for it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db, self.reads, self.remembered = db, 0, Remembered(db)

    def now(self) -> object:
        return self.remembered.of("sum", self._read)

    def _read(self) -> object:
        self.reads += 1
        return self.db.execute("SELECT sum(value) FROM one").fetchone()[0]


def test_the_same_question_is_read_once_while_nothing_is_written(file: Path) -> None:
    asked = Asked(_open(file))
    assert [asked.now() for _ in range(3)] == [1, 1, 1]
    assert asked.reads == 1


def test_what_this_connection_writes_is_seen_at_once(file: Path) -> None:
    asked = Asked(_open(file))
    asked.now()
    asked.db.execute("INSERT INTO one VALUES (5)")
    assert asked.now() == 6
    asked.db.execute("UPDATE one SET value = 2 WHERE value = 5")
    assert asked.now() == 3
    asked.db.execute("DELETE FROM one")
    assert asked.now() is None


def test_what_another_connection_commits_is_seen_at_once(file: Path) -> None:
    asked, other = Asked(_open(file)), _open(file)
    asked.now()
    other.execute("BEGIN")
    other.execute("INSERT INTO one VALUES (5)")
    assert asked.now() == 1  # not committed, so not there
    other.execute("COMMIT")
    assert asked.now() == 6


def test_what_was_rolled_back_is_not_remembered(file: Path) -> None:
    asked = Asked(_open(file))
    asked.now()
    asked.db.execute("BEGIN")
    asked.db.execute("INSERT INTO one VALUES (5)")
    asked.db.execute("ROLLBACK")
    assert asked.now() == 1
