"""``kill -9`` of a real process at its n-th step: every SQL statement that can change something, every word spoken.

Reading changes nothing: to die before it is to die before the next step that is counted.
"""

import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from typing import Any

_READS = ("SELECT", "BEGIN", "ROLLBACK", "PRAGMA")
"""Statements after which the file is as before. Setting a PRAGMA matters in its commit, which is counted."""

_SURVIVED = 0
_FAILED = 1


class Steps:
    """Counts the steps of this process and kills it without warning before the step it is told."""

    def __init__(self, fatal: int | None) -> None:
        self.count = 0
        self._fatal = fatal

    def __call__(self, what: object = None) -> None:
        """One more step is about to be done."""
        if isinstance(what, str) and what.startswith(_READS):
            return
        if self.count == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1


def _watch_sqlite(steps: Steps) -> None:
    connect = sqlite3.connect

    def watched(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_trace_callback(steps)
        return connection

    # The journal calls the one, the server by way of SQLAlchemy the other.
    sqlite3.connect = watched  # type: ignore[assignment]  # in the child only
    sqlite3.dbapi2.connect = watched  # type: ignore[assignment]  # in the child only


def dies_before_step(fatal: int, work: Callable[[Steps], None]) -> bool:
    """Run the work in a forked process that is killed before the given step; False when it came to its end alive."""
    child = os.fork()
    if child == 0:
        status = _FAILED
        try:
            steps = Steps(fatal)
            _watch_sqlite(steps)
            work(steps)
            status = _SURVIVED
        finally:
            if status == _FAILED:
                traceback.print_exc(file=sys.__stderr__)
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        assert os.WTERMSIG(ended) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(ended) == _SURVIVED, "the child failed by itself"
    return False
