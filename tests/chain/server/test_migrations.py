"""The layout that the steps make is the layout that the code uses, on every database."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, MetaData

from unstuck.chain.server.serve import Options, build
from unstuck.chain.server.storage.database import Database, sqlite_url
from unstuck.chain.server.storage.schema import metadata
from unstuck.model.errors import UsageError


def test_the_steps_end_at_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_database_of_a_newer_server_is_refused_in_one_sentence(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "server.db"))
    database.migrate()
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(UsageError, match="9999"):
        build(Options(tmp_path))


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x/y", "sqlite://", "sqlite:////nosuch/folder/x.db"])
def test_a_database_that_cannot_be_had_is_said_in_one_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="the database"):
        build(Options(tmp_path, database=url))


def test_maintenance_begins_and_ends_with_a_file(tmp_path: Path) -> None:
    app = build(Options(tmp_path))
    look = app.state.services.maintenance
    assert look() is None
    (tmp_path / "maintenance").write_text("back at noon\n")
    assert look() == "back at noon"
    (tmp_path / "maintenance").unlink()
    assert look() is None
    app.state.services.database.close()


def test_accounts_of_the_first_layout_get_an_id_each(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "server.db"))
    database.migrate("0001")
    with database.write() as connection:
        for name in ("anna", "bert"):
            connection.exec_driver_sql(
                "INSERT INTO accounts (name, password_hash, credentials, created_at, totp_last_step)"
                f" VALUES ('{name}', 'x', 0, 0, -1)"
            )
    database.migrate()
    with database.read() as connection:
        ids = connection.exec_driver_sql("SELECT public_id FROM accounts").scalars().all()
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()
    assert len(set(ids)) == 2
    assert all(ids)


def test_no_row_is_lost_when_the_table_of_accounts_is_made_anew(tmp_path: Path) -> None:
    # SQLite makes it anew to change a column; with its foreign keys on, that took all that hangs on an account along.
    database = Database(sqlite_url(tmp_path / "server.db"))
    database.migrate("0001")
    old = MetaData()
    old.reflect(database.engine)
    tables = [table for table in old.sorted_tables if table.name != "alembic_version"]
    with database.write() as connection:
        for table in tables:
            connection.execute(table.insert().values({column.name: filled(column) for column in table.columns}))
    database.migrate()
    with database.read() as connection:
        counts = {table.name: len(connection.execute(table.select()).all()) for table in tables}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    database.close()
    assert counts.keys() > {"chunks", "claims", "recovery_codes", "tokens", "told", "trackers"}
    assert set(counts.values()) == {1}


def filled(column: Column[Any]) -> object:
    """Some value of the column's type."""
    values: dict[type, object] = {int: 1, float: 1.0, str: "x", bytes: b"x"}
    return values[column.type.python_type]
