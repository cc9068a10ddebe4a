"""Schedules of troubles: a seed enters, a schedule leaves; lived through, it must end with nothing lost, nothing twice.

The same seed is the same schedule, the same link and the same wrist. A schedule that fails is made shorter as long as
it still fails.
"""

import asyncio
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import cbor2
import httpx
import pytest

from tests.chain import databases
from tests.chain.conftest import MEMORY
from tests.chain.ending import Truth, check_the_end
from tests.chain.link.channel import Faults
from tests.chain.test_end_to_end import START_S, check_after_death, until_synced
from tests.chain.whole import Chain, World
from unstuck.chain.link import Settings
from unstuck.chain.link.coap import Answered, Code, Failed, Failure, Request
from unstuck.chain.phone.faults import JournalError, JournalFault
from unstuck.chain.phone.journal import Journal
from unstuck.chain.tracker import device
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.memory import Capacity, Measured, Memory

MINUTE_S = 60

EVENTS_MOST = 14
MINUTES_MOST = 400
WORDS_MOST = 20
"""A short sync has some twenty words: what is set for later than its last does not happen."""
CLOCK_MOST_S = 100_000
ROOMY: Capacity | None = None
TIGHT = Capacity(detail=300, days=30, segment=100)
"""Five hours: overflows between two syncs that are far apart."""
WRISTS = tuple(Generator(seed) for seed in range(8))
"""A day of a wrist is made once."""

Event = tuple[str, int]


@dataclass(frozen=True)
class Schedule:
    """All that decides what happens."""

    seed: int
    faults: Faults
    packet_bytes: int
    tight: bool
    events: tuple[Event, ...]


def schedule_of(seed: int) -> Schedule:
    """The schedule of a seed: about one in three has a ring that overflows, half have a bad link."""
    dice = random.Random(seed)
    bad = dice.random() < 0.5
    faults = Faults(
        loss=dice.choice((0.02, 0.1, 0.2)) if bad else 0.0,
        duplicate=dice.choice((0.0, 0.1)) if bad else 0.0,
        corrupt=dice.choice((0.0, 0.01, 0.03)) if bad else 0.0,
        reorder=dice.choice((0.0, 0.05)) if bad else 0.0,
        delay_ms=dice.choice((0.0, 80.0)),
    )
    tight = dice.random() < 1 / 3
    events = [("record", dice.randint(1, MINUTES_MOST))]
    for _ in range(dice.randrange(EVENTS_MOST)):
        what = dice.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))[0]
        events.append((what, dice.randint(*RANGES.get(what, (0, WORDS_MOST)))))
    return Schedule(seed, faults, dice.choice((20, 185, 244)), tight, tuple(events))


WEIGHTS = {
    "record": 10,
    "sync": 4,
    "a word is lost": 3,
    "the link drops": 3,
    "the server fails": 2,
    "the server is silent": 3,
    "the tracker restarts": 3,
    "the agent dies": 3,
    "the disk is full": 2,
    "the other phone syncs": 2,
    "a backup is made": 1,
    "the server is restored": 2,
    "the clock jumps": 1,
    "the clock is reset": 1,
    "a second agent comes": 1,
}
"""How often each happens beside the others. "a word is lost", "the tracker restarts" and the like are during a sync."""
RANGES = {
    "record": (1, MINUTES_MOST),
    "the link drops": (0, 200),
    "the server fails": (0, 3),
    "the server is silent": (0, 7),
    "the clock jumps": (-CLOCK_MOST_S, CLOCK_MOST_S),
    "the clock is reset": (0, 1000),
}


class DeathError(Exception):
    """The agent ends here."""


class LostError(Exception):
    """A word to or from the tracker is lost for good."""


class Trouble:
    """Does something at the n-th word from when it is set, once."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._does: Callable[[object], object] = lambda word: None
        self._at: Any = object

    def set(self, place: int, does: Callable[[object], object], at: Any = object) -> None:
        """``at``: the kinds of words that count."""
        self._left, self._does, self._at = place, does, at

    def clear(self) -> None:
        """What did not happen yet does not happen any more."""
        self._left = None

    def __call__(self, word: object) -> object:
        if self._left is None or isinstance(word, str) or not isinstance(word, self._at):
            return None
        self._left -= 1
        if self._left >= 0:
            return None
        self._left = None
        return self._does(word)


class LossyLink:
    """A link whose lost words are silence, as the driver of a real one tells it."""

    def __init__(self, chain: Chain) -> None:
        self._inner = chain.new_link()

    async def request(self, request: Request) -> Answered | Failed:
        """The answer, or silence."""
        try:
            return await self._inner.request(request)
        except LostError:
            return Failed(0, Failure.NO_ANSWER)


class Life:
    """One chain through one schedule."""

    def __init__(self, chain: Chain, trouble: Trouble) -> None:
        self.chain = chain
        self._trouble = trouble
        self._backup = chain.world.folder / "backup"
        self._back_up()

    async def happen(self, what: str, amount: int) -> None:
        """One event of a schedule."""
        chain, tally = self.chain, self.chain.world.tally
        match what:
            case "record":
                chain.record(amount * MINUTE_S)
                return
            case "sync":
                await self.sync()
                return
            case "a word is lost":
                self._trouble.set(amount, self._lose, Request | Answered)
                await self.sync()
                return
            case "the server is silent":
                self._trouble.set(amount, self._time_out, httpx.Request | httpx.Response)
                await self.sync()
                return
            case "the link drops":
                chain.radio.drop_after(amount)
                await self.sync()
                return
            case "the server fails":
                self._trouble.set(amount, self._fail, httpx.Request)
                await self.sync()
                return
            case "the tracker restarts":
                self._trouble.set(amount, lambda word: self._counted(what, chain.restart_tracker))
                await self.sync()
                return
            case "the agent dies":
                self._trouble.set(amount, self._die)
                await self.sync()
                return
            case "the disk is full":
                await self._with_full_disk()
            case "the other phone syncs":
                await self.other_phone()
            case "a backup is made":
                self._back_up()
            case "the server is restored":
                chain.restore_server(self._backup)
            case "the clock jumps":
                self._set_clock(int(chain.now_s) + amount)
            case "the clock is reset":
                self._set_clock(amount)
            case "a second agent comes":
                self._second_agent()
            case _:
                raise AssertionError(what)
        tally[what] += 1

    async def sync(self) -> None:
        """One attempt on each side; an agent that died in it is started again."""
        try:
            await self.chain.sync()
        except DeathError:
            self._trouble.clear()
            self.chain.restart_agent()
        self._trouble.clear()

    def _counted(self, what: str, does: Callable[[], None]) -> None:
        self.chain.world.tally[what] += 1
        does()

    def _time_out(self, word: object) -> None:
        after = isinstance(word, httpx.Response)
        self.chain.world.tally["time-out after commit" if after else "time-out before"] += 1
        raise httpx.ReadTimeout("lost on purpose")

    def _lose(self, word: object) -> None:
        self.chain.world.tally["a word is lost"] += 1
        raise LostError

    def _fail(self, word: object) -> httpx.Response:
        self.chain.world.tally["server 5xx"] += 1
        return httpx.Response(500 + len(str(word)) % 4)

    def _die(self, word: object) -> None:
        self.chain.world.tally["the agent dies"] += 1
        raise DeathError

    async def other_phone(self) -> None:
        """A second phone of the same person in reach for a moment."""
        journal = Journal(self.chain.world.folder / "other.sqlite")
        other = self.chain.new_agent(journal, self.chain.server)
        await other.drain_once()
        await other.upload_once()
        journal.close()

    async def _with_full_disk(self) -> None:
        database = self.chain.journal._db
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages}")
        await self.sync()
        self.chain.restart_agent()

    def _back_up(self) -> None:
        source, copy = sqlite3.connect(self.chain.world.server_file), sqlite3.connect(self._backup)
        source.backup(copy)
        source.close()
        copy.close()

    def _set_clock(self, shows_s: int) -> None:
        request = Request(Code.PUT, ("time",), payload=cbor2.dumps({"now": shows_s}))
        self.chain.tracker.handle(request, self.chain.now_s)

    def _second_agent(self) -> None:
        with pytest.raises(JournalError) as turned_away:
            Journal(self.chain.world.folder / "journal.sqlite")
        assert turned_away.value.fault is JournalFault.BUSY


def noting(truth: Truth) -> type[Memory]:
    """A tracker's memory that says what was ever written to it."""

    class Noting(Memory):
        def write(self, measured: Sequence[Measured], notes: tuple[int, ...]) -> None:
            first = self.next_sequence
            super().write(measured, notes)
            truth.update({(self.boot, first + place): item for place, item in enumerate(measured)})

    return Noting


async def live(world: World, schedule: Schedule) -> None:
    """The schedule, then quiet; then what every hop holds and says is compared with what the wrist recorded."""
    trouble = Trouble()
    truth: Truth = {}
    with mock.patch.object(device, "Memory", noting(truth)):
        async with Chain(world, on_wire=trouble) as chain:
            chain.link = LossyLink(chain)
            chain.restart_agent()
            life = Life(chain, trouble)
            for what, amount in schedule.events:
                await life.happen(what, amount)
            chain.journal.close()
            check_after_death(world.folder, "other.sqlite")
            world.faults = Faults()  # else new minutes pass while the last ones are on their way
            chain.link = chain.new_link()
            chain.open_journal()
            world.now_s += 3 * MINUTE_S - world.now_s % MINUTE_S + 5
            chain.record(0)
            for _ in range(2):  # the second for the record that the clock was set
                await until_synced(chain)
            await life.other_phone()
            await until_synced(chain)
            await check_the_end(chain, truth, moved=any("clock" in what for what, _ in schedule.events))


@cache
def first_start() -> tuple[Path, str]:
    """A folder of a chain that has just been set up, to copy, and the phone's token."""
    folder = Path(tempfile.mkdtemp(prefix="unstuck-test-", dir=MEMORY if MEMORY.is_dir() else None))
    world = World(folder, START_S, WRISTS[0], database=folder / databases.SQLITE)

    async def start() -> None:
        async with Chain(world):
            pass

    asyncio.run(start())
    shutil.rmtree(folder / "tracker")
    return folder, world.token


@contextmanager
def fresh_world(schedule: Schedule) -> Iterator[World]:
    """A chain before its first sync."""
    base, token = first_start()
    folder = Path(tempfile.mkdtemp(prefix="unstuck-test-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        shutil.copytree(base, folder, dirs_exist_ok=True)
        yield World(
            folder,
            START_S,
            WRISTS[schedule.seed % len(WRISTS)],
            schedule.faults,
            schedule.seed,
            TIGHT if schedule.tight else ROOMY,
            link=Settings(schedule.packet_bytes),
            token=token,
            database=folder / databases.SQLITE,
            migrated=True,
        )
    finally:
        shutil.rmtree(folder)


def lives(schedule: Schedule) -> Counter[str]:
    """Live through it; what happened. AssertionError, or whatever a defect raises."""
    with fresh_world(schedule) as world:
        asyncio.run(live(world, schedule))
        return world.tally


def shortest(schedule: Schedule) -> Schedule:
    """The schedule without the events that it fails without too."""
    place = 0
    while place < len(schedule.events):
        shorter = replace(schedule, events=schedule.events[:place] + schedule.events[place + 1 :])
        if fails(shorter):
            schedule = shorter
        else:
            place += 1
    return schedule


def fails(schedule: Schedule) -> bool:
    """Whether it fails, in any way."""
    try:
        lives(schedule)
    except Exception:  # noqa: BLE001  # a crash of the product is a failure like any other
        return True
    return False


def live_through(seeds: Sequence[int]) -> Counter[str]:
    """All these schedules; what happened in them. The first that fails is told in its shortest form."""
    tally: Counter[str] = Counter()
    for seed in seeds:
        schedule = schedule_of(seed)
        try:
            tally += lives(schedule)
        except Exception as error:
            raise AssertionError(f"seed {seed}, shortest: {shortest(schedule)}") from error
        tally["schedules"] += 1
    return tally
