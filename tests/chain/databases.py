"""Where a server under test keeps its data: SQLite in its folder, or a PostgreSQL database of that folder's own.

The second when UNSTUCK_TEST_POSTGRES names a PostgreSQL (``make test-postgres`` starts one). Either way the data
goes with the folder: a copy of the folder has a copy of the database.
"""

import os
import shutil
import uuid
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url
from tools.postgres import ADDRESS_VARIABLE

from unstuck.chain.server.storage.database import sqlite_url

POSTGRES = os.environ.get(ADDRESS_VARIABLE, "")
SQLITE = "server.sqlite"
_MARK = "server.postgres"
"""A file in the folder: the database's name, and the folder it was made for."""
_KEPT = "kept"

_made: dict[str, Path] = {}
"""Each database and the folder it belongs to."""


def address_in(folder: Path) -> URL:
    """The database of the server whose folder this is; made empty, or as a copy, when it is not there."""
    return sqlite_url(folder / SQLITE) if not POSTGRES else _address(_own(folder))


def keep(folder: Path) -> None:
    """Make a backup of the database; nobody may have it open."""
    if POSTGRES:
        (folder / _KEPT).write_text(_create(folder, _own(folder)))
    else:
        shutil.copy(folder / SQLITE, folder / _KEPT)


def restore(folder: Path) -> None:
    """Put the backup in the database's place; nobody may have it open."""
    if POSTGRES:
        (folder / _MARK).write_text(f"{(folder / _KEPT).read_text()}\n{folder}")
        return
    for name in ("-wal", "-shm"):
        (folder / (SQLITE + name)).unlink(missing_ok=True)
    shutil.copy(folder / _KEPT, folder / SQLITE)


def drop_made(*, all_of_them: bool = True) -> None:
    """Drop what was made in this process; else only those whose folder is gone."""
    for name in [name for name, folder in _made.items() if all_of_them or not folder.exists()]:
        _run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        del _made[name]


def _own(folder: Path) -> str:
    mark = folder / _MARK
    name, _, made_for = mark.read_text().partition("\n") if mark.exists() else ("", "", "")
    if made_for != str(folder):
        name = _create(folder, name)
        mark.write_text(f"{name}\n{folder}")
    return name


def _create(folder: Path, template: str) -> str:
    drop_made(all_of_them=False)
    name = f"unstuck_test_{uuid.uuid4().hex}"
    _run(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    _made[name] = folder
    return name


def _run(statement: str) -> None:
    address = make_url(POSTGRES).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement.encode())


def _address(name: str) -> URL:
    return make_url(POSTGRES).set(database=name)
