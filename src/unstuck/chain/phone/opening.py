"""Opening the journal's file: made when it is not there, brought up to date when it is older, refused when newer."""

import sqlite3
from pathlib import Path

from unstuck.chain.durable import sync_folder
from unstuck.chain.phone import schema
from unstuck.chain.phone.faults import JournalError, JournalFault

BUSY_TIMEOUT_MS = 5_000
"""How long to wait for a reader such as ``unstuck ledger``; its transactions take milliseconds."""


def open_file(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """The journal's file, of this version. JournalError and sqlite3.Error: it cannot be had."""
    mode = "ro" if read_only else "rwc"
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    try:
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        if not read_only:
            _prepare(db, path)
        elif 0 < _version(db) < schema.VERSION:
            db = _in_memory(db)
        if _version(db) != schema.VERSION:
            raise JournalError(JournalFault.OTHER_VERSION)
    except (sqlite3.Error, JournalError):
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new journal, or what an older one lacks."""
    if db.execute("PRAGMA schema_version").fetchone() == (0,):
        db.execute("PRAGMA journal_mode = WAL")
    if _version(db) < schema.VERSION:
        db.execute("PRAGMA synchronous = FULL")
        _upgrade(db)
    sync_folder(path.parent)
    db.execute("PRAGMA synchronous = NORMAL")


def _version(db: sqlite3.Connection) -> int:
    """0: nothing is in the file. JournalError: it is no journal."""
    if db.execute("PRAGMA schema_version").fetchone() == (0,):
        return 0
    if db.execute("PRAGMA application_id").fetchone() != (schema.APPLICATION_ID,):
        raise JournalError(JournalFault.OTHER_VERSION)
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _upgrade(db: sqlite3.Connection) -> None:
    """In one transaction: after a crash it is of the old version or of the new one."""
    db.execute("BEGIN EXCLUSIVE")
    for step in schema.STEPS[_version(db) :]:
        for statement in step.split(";"):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {schema.VERSION}")
    db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    db.execute("COMMIT")


def _in_memory(db: sqlite3.Connection) -> sqlite3.Connection:
    """A copy that is up to date, of an older journal that may only be read."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    db.backup(copy)
    db.close()
    _upgrade(copy)
    return copy
