"""Folders for tests that open hundreds of journals."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chain import databases

MEMORY = Path("/dev/shm")
"""Linux: a disk in memory. A killed process loses no more on it than on a real one, and a sync costs nothing."""


@pytest.fixture(scope="session", autouse=True)
def _drop_databases() -> Iterator[None]:
    yield
    databases.drop_made()


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder where syncing is quick, if the system has such a place."""
    if not MEMORY.is_dir():
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="unstuck-test-", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)
