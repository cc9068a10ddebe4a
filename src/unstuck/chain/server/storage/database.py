"""Opening the database: SQLite embedded or PostgreSQL, brought to today's layout by Alembic."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
_BUSY_S = 30.0
"""Seconds SQLite waits for another process; inside this one writers queue at a lock."""
_MORE = 40
"""Connections beyond the five kept open: one for each thread that may ask at once."""
_WRITES = {"unstuck_writes": True}
"""Marks the connection of a writer for :func:`_begin_sqlite`."""
_LOCK_KEY = 0x756E737475636B
"""Any fixed number: PostgreSQL's advisory lock, so that two servers starting do not both migrate."""


def sqlite_url(file: Path) -> URL:
    """The address of an embedded database."""
    return URL.create("sqlite", database=str(file))


class Database:
    """One engine. ArgumentError: the address is none.

    ``read`` and ``write`` give a connection in a transaction; leaving ``write`` commits, durably.
    """

    def __init__(self, url: str | URL) -> None:
        address = make_url(url)
        self.is_sqlite = address.get_backend_name() == "sqlite"
        if self.is_sqlite and address.database in (None, "", ":memory:"):
            raise ArgumentError("an embedded database needs a file")
        # Values never go into messages of errors: they are passwords' hashes, digests and measurements.
        self.engine: Engine = (
            create_engine(address, hide_parameters=True, max_overflow=_MORE, connect_args={"timeout": _BUSY_S})
            if self.is_sqlite
            else create_engine(address, hide_parameters=True, max_overflow=_MORE, pool_pre_ping=True)
        )
        self._writers = Lock()
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    def migrate(self, to: str = "head") -> None:
        """Bring the layout up to date. A database of a newer server is refused by Alembic."""
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        with self.engine.connect() as connection, _alone(connection) if self.is_sqlite else _locked(connection):
            config.attributes["connection"] = connection
            command.upgrade(config, to)
            if self.is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                raise CommandError(f"rows of '{broken[0]}' would point nowhere after the change; nothing was changed")
            connection.commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A view of one moment."""
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is on disk when it is left without an exception."""
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writers, self.engine.connect() as connection, connection.execution_options(**_WRITES).begin():
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """SQLite changes a column by making the table anew; with its foreign keys on, dropping the old one would take
    every row that points to it along. They are off meanwhile (inside a transaction the setting does nothing).
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()  # nothing is left to undo after a commit; a broken change must not stay open
        driver.execute("PRAGMA foreign_keys=ON")


@contextmanager
def _locked(connection: Connection) -> Iterator[None]:
    """One server at a time changes a PostgreSQL database."""
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK_KEY})
        connection.commit()


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins and ends transactions itself, see _begin_sqlite
    # secure_delete: what was replaced, such as a secret before it was sealed, does not linger in free pages.
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that reads first and then writes could be refused half-way.
    writes = connection.get_execution_options().get("unstuck_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
