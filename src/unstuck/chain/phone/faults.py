"""What can be wrong with the journal, as stable codes."""

import sqlite3
from enum import StrEnum

from unstuck.model.errors import ErrorCode, UnstuckError


class JournalFault(StrEnum):
    """Stable codes. Whatever it is, no trim is sent after it."""

    DISK_FULL = "disk_full"
    BUSY = "busy"
    DAMAGED = "damaged"
    OTHER_VERSION = "other_version"
    CANNOT_WRITE = "cannot_write"
    FAILED = "failed"


_WORDS = {
    JournalFault.DISK_FULL: "the disk is full; free some space and it goes on by itself",
    JournalFault.BUSY: "another agent uses it; stop that one first",
    JournalFault.DAMAGED: "it is damaged, or no journal; keep a copy, then begin a new one",
    JournalFault.OTHER_VERSION: "it is of another version or no journal; use the version of Unstuck that made it",
    JournalFault.CANNOT_WRITE: "it cannot be opened or written; check the folder and its permissions",
    JournalFault.FAILED: "the database failed",
}

_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: JournalFault.DISK_FULL,
    sqlite3.SQLITE_BUSY: JournalFault.BUSY,
    sqlite3.SQLITE_LOCKED: JournalFault.BUSY,
    sqlite3.SQLITE_CORRUPT: JournalFault.DAMAGED,
    sqlite3.SQLITE_NOTADB: JournalFault.DAMAGED,
    sqlite3.SQLITE_CANTOPEN: JournalFault.CANNOT_WRITE,
    sqlite3.SQLITE_READONLY: JournalFault.CANNOT_WRITE,
    sqlite3.SQLITE_IOERR: JournalFault.CANNOT_WRITE,
    sqlite3.SQLITE_PERM: JournalFault.CANNOT_WRITE,
}

_PRIMARY_CODE_MASK = 0xFF
"""SQLite's extended codes keep the primary one in their low byte."""


class JournalError(UnstuckError):
    """The journal could not do it; nothing of the call happened. ``fault`` says why."""

    def __init__(self, fault: JournalFault, detail: str = "") -> None:
        self.fault = fault
        reason = f"{_WORDS[fault]} ({detail})" if detail else _WORDS[fault]
        super().__init__(ErrorCode.AGENT_JOURNAL, reason=reason)


def journal_error(error: sqlite3.Error) -> JournalError:
    """The error of ours for one of SQLite's."""
    # Errors of the binding itself, such as the use of a closed file, carry no code.
    code = getattr(error, "sqlite_errorcode", None)
    fault = JournalFault.FAILED if code is None else _BY_SQLITE_CODE.get(code & _PRIMARY_CODE_MASK, JournalFault.FAILED)
    return JournalError(fault, str(error))
