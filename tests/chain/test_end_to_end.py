"""From the wrist to the server, everything real but the radio: nothing lost, nothing twice, whatever dies when."""

import asyncio
import gzip
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import UnionType

import cbor2
import httpx
import pytest

from tests.chain import databases
from tests.chain.link.channel import Faults
from tests.chain.phone.crash import Steps, dies_before_step
from tests.chain.whole import ADDRESS, PASSWORD, TRACKER, Chain, World, recorded
from tests.data import DATA, needs_data
from unstuck.chain.link.coap import Answered, Code, Failed, Request
from unstuck.chain.phone import held
from unstuck.chain.phone.agent import says
from unstuck.chain.phone.drain import Drain
from unstuck.chain.phone.engine import AskTrim, Sync
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import Told, after
from unstuck.chain.records import Ranges, decode
from unstuck.chain.tracker.files import Folder, RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.memory import Capacity, Memory
from unstuck.chain.tracker.replay import Replay, read_wide_minutes

START_S = 1_460_505_600
"""2016-04-13 00:00 UTC."""
HOUR_S = 3600
GOLDEN = "wearable/fitabase/4.12.16-5.12.16__minuteStepsWide_merged.csv.gz"
BAD = Faults(loss=0.1, duplicate=0.05, corrupt=0.01, reorder=0.05, delay_ms=40.0)


def golden_user() -> Replay:
    """One person's month of real minutes."""
    assert DATA is not None
    with gzip.open(DATA / GOLDEN, "rt", encoding="ascii") as lines:
        users = read_wide_minutes(lines)
    return Replay(users[min(users)])


@needs_data
@pytest.mark.parametrize(("faults", "every_s"), [(Faults(), 12 * HOUR_S), (BAD, 24 * HOUR_S)], ids=["perfect", "bad"])
def test_a_golden_month_arrives_minute_by_minute(quick_folder: Path, faults: Faults, every_s: int) -> None:
    source = golden_user()
    world = World(quick_folder, float(source.first_s), source, faults, tracker_files=RamFiles(), drift_ppm=20.0)

    async def month() -> dict[int, int]:
        async with Chain(world) as chain:
            while world.now_s < source.end_s + 60:
                chain.record(every_s)
                await until_synced(chain)
            chain.record(60)
            await until_synced(chain)
            assert chain.journal.contradictions(TRACKER) == []
            return await chain.minutes(source.first_s - HOUR_S, source.end_s + HOUR_S)

    arrived = asyncio.run(month())
    truth = dict(recorded(source, source.first_s, source.end_s))
    assert len(truth) > 40_000
    # The tracker's clock drifts and is set again, so its minutes begin some seconds off: same values in the same order.
    assert list(arrived.values()) == list(truth.values())
    assert all(abs(told - true) <= 30 for told, true in zip(arrived, truth, strict=True))
    assert sum(arrived.values()) == sum(truth.values())


async def until_synced(chain: Chain, most: int = 12) -> None:
    """Sync again as the agent would after a failure, until both sides are through."""
    for _ in range(most):
        drained, uploaded = await chain.sync()
        if {drained, uploaded} <= {Outcome.SYNCED.value, Outcome.NOTHING_NEW.value}:
            return
    raise AssertionError(f"still {drained}, {uploaded}")


# killed


@pytest.fixture
def base(quick_folder: Path) -> World:
    """A chain at its first start, with an account and a tracker that has recorded ten minutes."""
    folder = quick_folder / "base"
    folder.mkdir()
    world = World(folder, START_S, Generator(5))

    async def first_start() -> None:
        async with Chain(world) as chain:
            chain.record(600)

    asyncio.run(first_start())
    return world


def copy_of(base: World, name: str) -> World:
    folder = base.folder.parent / name
    shutil.copytree(base.folder, folder)
    return replace(base, folder=folder)


async def two_syncs(world: World, on_wire: Callable[[object], None], drain: type[Drain] = Drain) -> None:
    """A short life: records, a sync, more records, a sync."""
    async with Chain(world, on_wire=on_wire) as chain:
        if drain is not Drain:
            plant(chain, drain)
        for seconds in (0, 180):
            chain.record(seconds)
            await chain.sync()


def plant(chain: Chain, drain: type[Drain]) -> None:
    """Put another order of operations in the agent's place."""
    real = chain.agent._drain
    chain.agent._drain = drain(real._journal, real._tracker, real._api, real._host, real._clock, real._on_change)


def freed_by_tracker(folder: Path) -> dict[int, Ranges]:
    """What the tracker's memory no longer holds although it did not overwrite it, as its files say."""
    copy = folder / "look"
    shutil.copytree(folder / "tracker", copy)
    memory = Memory(Folder(copy))
    ever = {boot: Ranges.span(0, end - 1) for boot, end in memory.ends.items()}
    freed = held.without(held.without(ever, memory.held), memory.overwritten)
    shutil.rmtree(copy)
    return freed


def check_after_death(folder: Path, *others: str) -> None:
    """What was freed is committed on a phone, with its bytes; ``others``: journals of further phones."""
    committed: dict[int, Ranges] = {}
    for name in ("journal.sqlite", *others):
        if not (folder / name).exists():
            continue
        journal = Journal(folder / name)
        ledger = journal.ledger(TRACKER)
        assert journal.sound
        kept = held.by_boot(
            (batch.boot, batch.first, batch.last)
            for batch in journal.stored(TRACKER)
            if (raw := journal.raw(batch.id)) is not None and decode(raw).ranges == batch.ranges
        )
        journal.close()
        assert not held.without(ledger.committed, held.joined(kept, ledger.pruned)), "committed without its bytes"
        committed = held.joined(committed, ledger.committed)
    assert not held.without(freed_by_tracker(folder), committed), "freed before it was committed"


async def goes_on(world: World) -> None:
    """Everything is switched on again; in the end the server has each minute once."""
    world.now_s += 60
    async with Chain(world) as chain:
        chain.record(60)
        await until_synced(chain)
        end_s = chain.tracker.notes.recorded_until_s
        assert await chain.minutes(START_S, end_s) == dict(recorded(world.source, START_S, end_s))
        assert chain.journal.contradictions(TRACKER) == []
        held_by_server = held.from_plain(
            (await chain.ask("GET", f"/v1/trackers/{TRACKER}/ledger")).json()["hops"]["server"]["held"]
        )
        ledger = chain.journal.ledger(TRACKER)
        assert ledger.confirmed == ledger.committed == held_by_server


def kill_at_every_step(base: World, drain: type[Drain] = Drain) -> int:
    """Kill everything at once before each step in turn; how many there were."""
    for fatal in count():
        world = copy_of(base, f"killed{fatal}")

        def life(steps: Steps, world: World = world) -> None:
            asyncio.run(two_syncs(world, steps, drain))

        if not dies_before_step(fatal, life):
            return fatal
        check_after_death(world.folder)
        asyncio.run(goes_on(world))
        shutil.rmtree(world.folder)
    raise AssertionError("not reached")


@pytest.mark.timeout(300)
def test_killed_before_every_step_nothing_is_lost_and_nothing_is_twice(base: World) -> None:
    steps = kill_at_every_step(base)
    assert steps > 80, f"{steps}: every SQL statement that writes, file write, request and answer is a step"


async def free(drain: Drain, trim: AskTrim) -> None:
    """Past the gate, with a request of its own."""
    assert drain.status is not None
    await drain._api.sync(drain.status.tag, Sync(drain.status.boot, drain.status.end, 1, trim))


class Eager(Drain):
    """The classic fault: the tracker may forget before the phone has written down."""

    async def _sync(self, act: Sync) -> None:
        assert self.status is not None
        told = await self._api.sync(self.status.tag, act)
        assert isinstance(told, Told)
        self._heard(after(self.status, act, told))
        self._view = replace(self._view, asked=True)
        if told.raw is not None:
            await free(self, AskTrim(act.boot, decode(told.raw).last))
            self._keep(act, told.raw)


class Hasty(Drain):
    """Written down, but not synced to the disk when the tracker forgets."""

    async def _sync(self, act: Sync) -> None:
        await super()._sync(act)
        await free(self, AskTrim(act.boot, act.first))


@pytest.mark.parametrize("planted", [Eager, Hasty])
def test_an_order_that_acknowledges_before_it_commits_is_caught(base: World, planted: type[Drain]) -> None:
    with pytest.raises(AssertionError, match="freed before it was committed"):
        kill_at_every_step(base, planted)


# one part fails, the others live on


class DeathError(Exception):
    """The agent ends here."""


def words_of(base: World) -> list[object]:
    """Everything said on both wires in the short life."""
    words: list[object] = []
    asyncio.run(two_syncs(copy_of(base, "words"), words.append))
    return words


class Trouble:
    """Something happens at the n-th word, counted from when it is set going."""

    def __init__(self, place: int, happens: Callable[[], None], at: type | UnionType = object) -> None:
        self._at = at
        self.going = False
        self.happened = False
        self._left = place
        self._happens = happens

    def __call__(self, word: object) -> None:
        if self.going and not self.happened and isinstance(word, self._at):
            if self._left == 0:
                self.happened = True
                self._happens()
            self._left -= 1


def lost() -> None:
    raise httpx.ReadTimeout("lost on purpose")


def dies() -> None:
    raise DeathError


def test_every_word_to_or_from_the_server_may_be_lost(base: World) -> None:
    words = words_of(base)
    places = [place for place, word in enumerate(words) if isinstance(word, (httpx.Request, httpx.Response))]
    assert len(places) >= 10
    for place in places:
        world = copy_of(base, f"lost{place}")
        trouble = Trouble(place, lost)
        trouble.going = True
        asyncio.run(two_syncs(world, trouble))
        assert trouble.happened
        check_after_death(world.folder)
        asyncio.run(goes_on(world))


AGENT_WORDS = Request | Answered | Failed | httpx.Request | httpx.Response
"""What the agent says and hears; the others are the tracker's writes to its memory."""


async def life_with(world: World, place: int, happens: Callable[[Chain], None]) -> bool:
    """Two syncs, the second of which frees, with trouble at one word of the agent; whether there was such a word."""
    trouble = Trouble(place, lambda: happens(chain), AGENT_WORDS)
    async with Chain(world, on_wire=trouble) as chain:
        trouble.going = True
        try:
            for _ in range(2):
                chain.record(180)
                await chain.sync()
        except DeathError:
            trouble.going = False
            chain.journal.close()
            chain.open_journal()
            await until_synced(chain)
    return trouble.happened


def at_every_word(base: World, happens: Callable[[Chain], None]) -> int:
    """That trouble at each word of the agent in a sync, in turn; how many words there were."""
    for place in count():
        world = copy_of(base, f"word{place}")
        if not asyncio.run(life_with(world, place, happens)):
            return place
        check_after_death(world.folder)
        asyncio.run(goes_on(world))
    raise AssertionError("not reached")


def test_the_tracker_may_restart_at_every_word(base: World) -> None:
    assert at_every_word(base, lambda chain: chain.switch_on_tracker()) >= 18


def test_the_agent_may_die_at_every_word_while_the_others_live(base: World) -> None:
    assert at_every_word(base, lambda chain: dies()) >= 18


# what else befalls a chain


def test_what_was_overwritten_is_reported_to_the_minute_and_nothing_else_is_lost(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(2), capacity=Capacity(detail=300, days=30, segment=100))

    async def life() -> None:
        async with Chain(world) as chain:
            chain.record(HOUR_S)
            await until_synced(chain)
            first_hour = chain.journal.ledger(TRACKER).committed[0]
            assert first_hour.total > 60
            chain.record(12 * HOUR_S)
            await until_synced(chain)
            gone = chain.tracker.memory.overwritten
            assert held.total(gone) > 300
            ledger = chain.journal.ledger(TRACKER)
            # The first hour was safe here and had not been freed yet: no loss.
            gone = held.without(gone, {0: Ranges.span(0, first_hour.last)})
            assert ledger.overwritten == gone
            ever = {boot: Ranges.span(0, end - 1) for boot, end in chain.tracker.memory.ends.items()}
            assert ledger.confirmed == held.without(ever, gone)
            truth = dict(recorded(world.source, START_S, chain.tracker.notes.recorded_until_s))
            arrived = await chain.minutes(START_S, int(world.now_s) + 60)
            assert all(truth[start] == steps for start, steps in arrived.items())
            told = (await chain.ask("GET", f"/v1/trackers/{TRACKER}/ledger")).json()
            lost = [hole for hole in told["holes"] if hole["reason"] == "lost"]
            missing = sorted(set(truth) - set(arrived))
            assert [(hole["boot"], hole["first"], hole["last"]) for hole in lost] == [
                (boot, *interval) for boot, ranges in gone.items() for interval in ranges
            ]
            assert min(hole["start"] for hole in lost) <= missing[0]
            assert missing[-1] <= max(hole["end"] for hole in lost)

    asyncio.run(life())


def test_a_server_restored_from_yesterday_gets_again_what_it_lost(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(2))

    async def day() -> None:
        async with Chain(world) as chain:
            chain.record(HOUR_S)
            await until_synced(chain)

    async def after() -> None:
        async with Chain(world) as chain:
            chain.record(60)
            await until_synced(chain)
            end_s = chain.tracker.notes.recorded_until_s
            assert await chain.minutes(START_S, end_s) == dict(recorded(world.source, START_S, end_s))
            assert chain.agent._upload is not None
            assert chain.agent._upload.resent > 50

    asyncio.run(day())
    databases.keep(quick_folder)
    asyncio.run(day())
    databases.restore(quick_folder)
    asyncio.run(after())


def test_a_revoked_login_is_said_as_such_and_the_records_wait(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(2))

    async def life() -> None:
        async with Chain(world) as chain:
            chain.record(600)
            await until_synced(chain)
            body = {"password": PASSWORD, "new_password": "another good horse 7"}
            (await chain.ask("POST", "/v1/account/password", chain.session, json=body)).raise_for_status()
            chain.record(600)
            assert await chain.sync() == (Outcome.SYNCED.value, Outcome.TOKEN_PASSWORD_CHANGED.value)
            attempt = chain.journal.attempts(TRACKER, 1)[0]
            assert says(attempt).startswith("The login was revoked because the password was changed")
            assert "Nothing is lost" in says(attempt)
            ledger = chain.journal.ledger(TRACKER)
            assert held.total(held.without(ledger.committed, ledger.confirmed)) == 10
            again = await chain.ask("POST", "/v1/tokens", chain.session, json={"name": "phone again"})
            async with Server(ADDRESS, again.json()["token"], chain.transport) as server:
                chain.agent = chain.new_agent(chain.journal, server)
                await until_synced(chain)
            assert chain.journal.ledger(TRACKER).confirmed == chain.journal.ledger(TRACKER).committed

    asyncio.run(life())


def test_two_phones_share_one_tracker_and_nothing_is_lost_between_them(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(2))

    async def life() -> None:
        async with Chain(world) as chain:
            other_journal = Journal(quick_folder / "other.sqlite")
            other = chain.new_agent(other_journal, chain.server)
            for turn in range(6):
                chain.record(900)
                agent = (chain.agent, other)[turn % 2]
                assert (await agent.drain_once()).outcome is Outcome.SYNCED
                mine, theirs = chain.journal.ledger(TRACKER).committed, other_journal.ledger(TRACKER).committed
                assert not held.without(freed_by_tracker(world.folder), held.joined(mine, theirs))
            assert freed_by_tracker(world.folder)
            for agent in (other, chain.agent):
                assert (await agent.upload_once()).outcome is Outcome.SYNCED
            end_s = chain.tracker.notes.recorded_until_s
            assert await chain.minutes(START_S, end_s) == dict(recorded(world.source, START_S, end_s))
            other_journal.close()

    asyncio.run(life())


def test_a_full_disk_on_the_phone_frees_nothing_and_goes_on_when_there_is_room(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(2))

    async def life() -> None:
        async with Chain(world) as chain:
            chain.record(600)
            await until_synced(chain)
            database = chain.journal._db
            before = database.execute("PRAGMA page_count").fetchone()[0]
            chain.record(48 * HOUR_S)
            database.execute(f"PRAGMA max_page_count = {before}")
            held_before = chain.tracker.memory.held
            drained = await chain.agent._drain.attempt()
            assert drained.outcome is Outcome.JOURNAL_FULL
            freed = held.without(held_before, chain.tracker.memory.held)
            assert not held.without(freed, chain.journal.ledger(TRACKER).committed)
            database.execute("PRAGMA max_page_count = 1000000")
            await until_synced(chain)
            end_s = chain.tracker.notes.recorded_until_s
            assert await chain.minutes(START_S, end_s) == dict(recorded(world.source, START_S, end_s))

    asyncio.run(life())


def test_a_clock_far_off_is_set_and_no_record_is_lost_or_doubled(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(2))

    async def life() -> None:
        async with Chain(world) as chain:
            for jump_s in (3 * 86_400, -5 * 86_400):
                chain.record(1200)
                request = Request(Code.PUT, ("time",), payload=cbor2.dumps({"now": int(world.now_s) + jump_s}))
                chain.tracker.handle(request, world.now_s)
                chain.record(1200)
                await until_synced(chain)
                assert abs(chain.tracker.clock.reads(world.now_s) - world.now_s) <= 2
                await until_synced(chain)  # that the clock was set is a record too
            ever = {boot: Ranges.span(0, end - 1) for boot, end in chain.tracker.memory.ends.items()}
            assert chain.journal.ledger(TRACKER).confirmed == ever
            arrived = await chain.minutes(START_S - 6 * 86_400, int(world.now_s) + 6 * 86_400)
            truth = dict(recorded(world.source, START_S, chain.tracker.notes.recorded_until_s))
            assert sorted(arrived.values()) == sorted(truth.values())

    asyncio.run(life())
