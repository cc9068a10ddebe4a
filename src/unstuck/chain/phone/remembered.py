"""What was read from a SQLite file, kept until the file is written to."""

import sqlite3
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

Found = TypeVar("Found")


class Remembered:
    """Answers of a connection. The same question gets the same answer until something was written: by this connection
    (``total_changes`` counts its rows) or by another one (then ``PRAGMA data_version`` differs; SQLite's own ways).

    The agent asks for its ledger at every step and writes at few. What is given out must not be changed.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._version: tuple[int, int] | None = None
        self._answers: dict[Hashable, object] = {}

    def of(self, question: Hashable, read: Callable[[], Found]) -> Found:
        """The answer, read anew where it may have changed. Not within a transaction. sqlite3.Error: as it comes."""
        version = (self._db.total_changes, self._db.execute("PRAGMA data_version").fetchone()[0])
        if version != self._version:
            self._version = version
            self._answers.clear()
        if question not in self._answers:
            self._answers[question] = read()
        return cast(Found, self._answers[question])
