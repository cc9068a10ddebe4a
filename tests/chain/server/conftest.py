"""Databases for the tests: SQLite, or the PostgreSQL that UNSTUCK_TEST_POSTGRES names (it is emptied)."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.chain import databases
from tests.chain.server.world import World
from unstuck.chain.server.storage.database import Database, sqlite_url

_SEED = 20261122
"""Any fixed number; each server draws from its own."""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database, made once and copied for each test."""
    file = tmp_path_factory.mktemp("server") / "empty.db"
    database = Database(sqlite_url(file))
    database.migrate()
    database.close()
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[Database | None]:
    if not databases.POSTGRES:
        yield None
        return
    database = Database(databases.POSTGRES)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def database(migrated: Path, postgres: Database | None, tmp_path: Path) -> Iterator[Database]:
    if postgres is not None:
        with postgres.engine.begin() as connection:
            connection.execute(text("TRUNCATE accounts, claims, releases CASCADE"))
        yield postgres
        return
    database = Database(sqlite_url(Path(shutil.copy(migrated, tmp_path / "server.db"))))
    yield database
    database.close()


@pytest.fixture
def worlds(database: Database) -> Iterator[Callable[..., World]]:
    """Makes servers on the one database."""
    made: list[World] = []

    def make(**fields: Any) -> World:
        made.append(World(database, dice=random.Random(_SEED + len(made)), **fields))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(worlds: Callable[..., World]) -> World:
    """A server without limits."""
    return worlds()
