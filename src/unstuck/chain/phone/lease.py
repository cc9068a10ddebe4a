"""One agent at a time on one journal: a lock that the system takes back when its holder dies."""

import sqlite3
from pathlib import Path

from unstuck.chain.phone.faults import JournalError, JournalFault, journal_error


class Lease:
    """Held from its making to :meth:`release`.

    It is SQLite's own exclusive lock on an empty file beside the journal: the same on every system,
    and it leaves readers of the journal alone.

    Raises:
        JournalError: BUSY when another agent holds it.
    """

    def __init__(self, journal: Path) -> None:
        self.held = False
        try:
            self._db = sqlite3.connect(journal.with_name(journal.name + ".lease"), timeout=0.0, isolation_level=None)
        except sqlite3.Error as fault:
            raise journal_error(fault) from fault
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as fault:
            self._db.close()
            raise journal_error(fault) from fault
        self.held = True

    def release(self) -> None:
        """Let another agent have it. Raises JournalError FAILED when it was released before."""
        if not self.held:
            raise JournalError(JournalFault.FAILED, "the lease was released before")
        self.held = False
        self._db.close()
