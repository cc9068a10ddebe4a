"""Any schedule of troubles, generated: in the end every minute is at the server, once."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import cbor2
import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chain.conftest import MEMORY
from tests.chain.link.channel import Faults
from tests.chain.test_end_to_end import START_S, check_after_death, until_synced
from tests.chain.whole import TRACKER, Chain, World, recorded
from unstuck.chain.link.coap import Answered, Code, Failed, Failure, Request
from unstuck.chain.phone.journal import Journal
from unstuck.chain.records import Ranges
from unstuck.chain.tracker.generator import Generator

FAULTS = st.builds(
    Faults,
    loss=st.sampled_from((0.0, 0.05, 0.2)),
    duplicate=st.sampled_from((0.0, 0.1)),
    corrupt=st.sampled_from((0.0, 0.01)),
    reorder=st.sampled_from((0.0, 0.05)),
    delay_ms=st.sampled_from((0.0, 80.0)),
)
EVENTS = st.one_of(
    st.tuples(st.just("record"), st.integers(1, 400)),
    st.tuples(st.just("sync"), st.just(0)),
    st.tuples(st.just("sync with a word lost"), st.integers(0, 30)),
    st.tuples(st.just("tracker restarts"), st.just(0)),
    st.tuples(st.just("agent restarts"), st.just(0)),
    st.tuples(st.just("other phone syncs"), st.just(0)),
    st.tuples(st.just("clock jumps"), st.integers(-100_000, 100_000)),
)


class LostError(Exception):
    """A word to or from the tracker is lost for good."""


class Loss:
    """Loses the n-th word that the agent says or hears, once."""

    def __init__(self) -> None:
        self.left: int | None = None

    def __call__(self, word: object) -> None:
        if self.left is None or isinstance(word, str):
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise httpx.ReadTimeout("lost") if isinstance(word, httpx.Request | httpx.Response) else LostError


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


async def happen(chain: Chain, loss: Loss, what: str, amount: int) -> None:
    """One event of a schedule."""
    match what:
        case "record":
            chain.record(amount * 60)
        case "sync":
            await chain.sync()
        case "sync with a word lost":
            loss.left = amount
            await chain.sync()
            loss.left = None
        case "tracker restarts":
            chain.record(0)
            chain.switch_on_tracker()
        case "agent restarts":
            chain.journal.close()
            chain.open_journal()
        case "other phone syncs":
            journal = Journal(chain.world.folder / "other.sqlite")
            other = chain.new_agent(journal, chain.server)
            await other.drain_once()
            await other.upload_once()
            journal.close()
        case "clock jumps":
            body = cbor2.dumps({"now": int(chain.now_s) + amount})
            chain.tracker.handle(Request(Code.PUT, ("time",), payload=body), chain.now_s)


async def live(world: World, schedule: list[tuple[str, int]]) -> None:
    """The schedule, then quiet; then what is at the server is compared with the wrist, record by record."""
    loss = Loss()
    async with Chain(world, on_wire=loss) as chain:
        chain.link = LossyLink(chain)
        await happen(chain, loss, "agent restarts", 0)
        for what, amount in schedule:
            await happen(chain, loss, what, amount)
        nothing_freed_too_early(world, chain)
        world.faults = Faults()  # else new minutes pass while the last ones are on their way
        chain.link = chain.new_link()
        await happen(chain, loss, "agent restarts", 0)
        chain.record(120)
        for _ in range(2):  # the second for the record that the clock was set
            await until_synced(chain)
        await happen(chain, loss, "other phone syncs", 0)
        ever = {boot: Ranges.span(0, end - 1) for boot, end in chain.tracker.memory.ends.items()}
        told = (await chain.ask("GET", f"/v1/trackers/{TRACKER}/ledger")).json()
        assert {int(boot): Ranges.of(pairs) for boot, pairs in told["hops"]["server"]["held"].items()} == ever
        truth = dict(recorded(world.source, START_S, chain.tracker.notes.recorded_until_s))
        spans = (START_S - 200_000 - START_S % 60, int(world.now_s) + 200_000)
        assert sorted(steps for _, steps in await chain.minute_pairs(*spans)) == sorted(truth.values())


def nothing_freed_too_early(world: World, chain: Chain) -> None:
    """What the tracker freed is committed by one of its phones."""
    chain.journal.close()
    check_after_death(world.folder, "other.sqlite")
    chain.open_journal()


@settings(max_examples=30, deadline=None)
@given(FAULTS, st.lists(EVENTS, max_size=14), st.integers(0, 2**32))
def test_whatever_happens_every_record_arrives_once(faults: Faults, schedule: list[tuple[str, int]], seed: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="unstuck-test-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        asyncio.run(live(World(folder, START_S, Generator(seed), faults, seed), schedule))
    finally:
        shutil.rmtree(folder)
