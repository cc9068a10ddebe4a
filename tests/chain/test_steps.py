"""The crash points are all there are: a process is killed before each step that one of the three writes."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.chain.phone import crash
from tests.chain.test_end_to_end import START_S, two_syncs
from tests.chain.whole import Chain, World
from unstuck.chain.tracker.generator import Generator


class Written(crash.Steps):
    """Every step, by its first words."""

    def __init__(self) -> None:
        super().__init__(None)
        self.steps: list[str] = []

    def __call__(self, what: object = None) -> None:
        before = self.count
        super().__call__(what)
        if self.count > before:
            self.steps.append(" ".join(what.split()[:3]) if isinstance(what, str) else type(what).__name__)


@pytest.mark.parametrize(
    ("who", "writes"),
    [
        ("the tracker", ["00000001-00000001.log"]),
        ("the agent", ["INSERT INTO batch", "INSERT INTO held", "INSERT INTO attempt", "COMMIT"]),
        ("the server", ["INSERT INTO chunks", "INSERT INTO told", "COMMIT"]),
        ("the wires", ["Request", "Answered", "Response"]),
    ],
)
def test_each_durable_step_of_all_three_is_a_crash_point(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch, who: str, writes: list[str]
) -> None:
    world = World(quick_folder, START_S, Generator(5))

    async def first_start() -> None:
        async with Chain(world) as chain:
            chain.record(600)

    asyncio.run(first_start())
    for module in (sqlite3, sqlite3.dbapi2):
        monkeypatch.setattr(module, "connect", module.connect)  # to be put back
    written = Written()
    crash._watch_sqlite(written)
    asyncio.run(two_syncs(world, written))
    assert set(writes) <= set(written.steps), who
