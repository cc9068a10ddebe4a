"""The whole chain over Bluetooth in virtual time, all of it real: radio, tracker, agent, journal and server."""

import asyncio
import random
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.chain.bluetooth import FAR, NEAR, Room, asked, in_the_air
from tests.chain.whole import TRACKER, Chain, World, recorded
from unstuck.chain.link.coap import Code, Request
from unstuck.chain.link.radio.physics import Jammer, Spot, Surroundings
from unstuck.chain.link.radio.trace import Trace
from unstuck.chain.paced import PacedLoop
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.bluetooth import BluetoothLink
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import TrackerError
from unstuck.chain.tracker.generator import Generator
from unstuck.doctor.diagnose import Options, diagnose
from unstuck.evidence.clocks import join
from unstuck.evidence.intake import collect
from unstuck.model.diagnosis import Diagnosis, Verdict
from unstuck.model.evidence import Fact, FactSet, ReaderOptions

BEGINS_S = 1_460_505_600
HOUR_S = 3600.0
SOURCE = Generator(4)


class _Network(httpx.AsyncBaseTransport):
    """The server in this process; its threads take real time, so the clock is held for them."""

    def __init__(self, app: FastAPI) -> None:
        self._inner = httpx.ASGITransport(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PacedLoop)
        with loop.held():
            return await self._inner.handle_async_request(request)


class OverBluetooth(Chain):
    """A chain whose link is Bluetooth and whose clock is that of the air."""

    room: Room

    async def __aenter__(self) -> "OverBluetooth":
        await super().__aenter__()
        await self.room.__aenter__()
        self._recording = asyncio.create_task(self._record())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._recording.cancel()
        await asyncio.wait((self._recording,))
        await self.room.__aexit__(kind, error, trace)
        await super().__aexit__(kind, error, trace)

    @property
    def now_s(self) -> float:
        """The air's time."""
        return self.room.true_time()

    def new_network(self, app: FastAPI) -> httpx.AsyncBaseTransport:
        """The server's threads hold the clock."""
        return _Network(app)

    def new_link(self) -> BluetoothLink:
        """The phone's link in a new room."""
        self.room = Room(self.world.folder, tracker=self.tracker, begins_s=self.world.now_s)
        return self.room.link()

    def new_agent(self, journal: Journal, server: Server | None) -> Agent:
        """In its usual rhythm."""
        return Agent(journal, TRACKER, self.link, server, Ways(self.room.true_time, asyncio.sleep, lambda: 0.5))

    async def _record(self) -> None:
        while True:
            self.tracker.advance(self.now_s)
            await asyncio.sleep(20.0)


def over_bluetooth(folder: Path, work: Callable[[OverBluetooth], Awaitable[None]], worn_s: float = HOUR_S) -> None:
    async def life() -> None:
        world = World(folder, BEGINS_S - worn_s, SOURCE)
        chain = OverBluetooth(world)
        chain.switch_on_tracker()
        chain.tracker.advance(BEGINS_S)
        world.now_s = BEGINS_S
        async with chain:
            await work(chain)

    in_the_air(life())


async def brought_home(chain: OverBluetooth) -> None:
    """Everything that the wrist recorded is at the server, once."""
    chain.room.move(NEAR)
    await chain.room.phone.host.turn_on()
    for _ in range(5):
        with suppress(TrackerError):
            await chain.agent.drain_once()
            await chain.agent.upload_once()
        await asyncio.sleep(30.0)
    outcomes = await chain.sync()
    assert set(outcomes) <= {"synced", "nothing_new"}, outcomes
    end_s = int(chain.now_s) // 60 * 60 - 120
    truth = dict(recorded(SOURCE, BEGINS_S - 3600, end_s))
    held = await chain.minutes(BEGINS_S - 3600, end_s)
    assert held == truth
    waiting = await chain.ask("GET", f"/v1/trackers/{TRACKER}/ledger")
    assert waiting.status_code == 200


def test_a_day_with_walks_bluetooth_off_and_restarts_loses_nothing(quick_folder: Path) -> None:
    async def work(chain: OverBluetooth) -> None:
        room, dice = chain.room, random.Random(5)
        agent = asyncio.create_task(chain.agent.run())
        outcomes: list[Outcome] = []
        chain.agent.on_attempt = lambda attempt: outcomes.append(attempt.outcome)

        async def walk() -> None:
            for step in range(1, 40):
                room.move(Spot(2.0 + step * 2.0))
                await asyncio.sleep(1.0)
            room.move(FAR)
            await asyncio.sleep(dice.uniform(60.0, 2 * HOUR_S))
            room.move(NEAR)

        async def switch() -> None:
            await room.phone.host.turn_off()
            await asyncio.sleep(dice.uniform(1.0, HOUR_S))
            await room.phone.host.turn_on()

        async def restart() -> None:
            with suppress(TrackerError):
                await chain.link.request(Request(Code.POST, ("restart",)))

        async def flat() -> None:
            room.wrist.cut()
            await asyncio.sleep(60.0)
            await room.peripheral.start()

        for trouble in (walk, switch, restart, walk, flat, switch, restart, walk, flat):
            await asyncio.sleep(dice.uniform(10 * 60.0, 3 * HOUR_S))
            await trouble()
        await asyncio.sleep(max(0.0, BEGINS_S + 24 * HOUR_S - chain.now_s))
        agent.cancel()
        await asyncio.wait((agent,))
        assert agent.cancelled()
        assert Outcome.SYNCED in outcomes
        assert {Outcome.BLUETOOTH_OFF, Outcome.TRACKER_NOT_HEARD} & set(outcomes)
        await brought_home(chain)

    over_bluetooth(quick_folder, work)


@pytest.mark.parametrize("how", ["away", "power", "bluetooth off"])
def test_a_link_lost_in_mid_transfer_goes_on_where_it_ended(quick_folder: Path, how: str) -> None:
    async def work(chain: OverBluetooth) -> None:
        room, link = chain.room, chain.link
        assert isinstance(link, BluetoothLink)
        draining = asyncio.create_task(chain.agent.drain_once())
        while link.moved_bytes < 12_000:
            assert not draining.done()
            await asyncio.sleep(0.02)
        match how:
            case "away":
                room.move(FAR)
            case "power":
                room.wrist.cut()
            case "bluetooth off":
                await room.phone.host.turn_off()
        attempt = await draining
        assert attempt.outcome is Outcome.LINK_LOST
        safe = attempt.records
        assert safe > 0
        room.move(NEAR)
        await room.phone.host.turn_on()
        await room.peripheral.start()
        moved = link.moved_bytes
        whole = await chain.agent.drain_once()
        assert whole.outcome is Outcome.SYNCED
        ledger = chain.journal.ledger(TRACKER)
        drained = sum(ranges.total for ranges in ledger.committed.values())
        assert drained == safe + whole.records, "what was safe is not asked for again"
        assert link.moved_bytes > moved

    over_bluetooth(quick_folder, work, worn_s=12 * 24 * HOUR_S)


# the phone's trace


async def traced(file: Path, work: Callable[[Room], Awaitable[None]], **options: Any) -> None:
    with file.open("wb") as output:
        async with Room(**options) as room:
            # A trace begins with the adapter: switched on anew, as after a reboot.
            await room.phone.host.turn_off()
            trace = Trace(output, room.true_time)
            room.phone.host.snoop(trace)
            await room.phone.host.turn_on()
            await work(room)
        room.phone.host.snoop(None)
        assert trace.packets > 50
        assert not trace.failed


async def usual(room: Room, minutes: int = 60, *, every_s: float = 300.0) -> None:
    link = room.link()
    for _ in range(round(minutes * 60 / every_s)):
        with suppress(TrackerError):
            await asked(link, "status")
            await link.request(Request(Code.GET, ("records",), ("boot=0", "from=0", "max=180")))
        room.tracker.advance(room.true_time())
        await asyncio.sleep(every_s)


def diagnosed(file: Path) -> Diagnosis:
    readings = join(collect((file,), ReaderOptions()))
    return diagnose(readings, Options(), datetime.fromtimestamp(BEGINS_S + 86_400, UTC))


def facts(file: Path) -> FactSet:
    return FactSet([fact for reading in collect((file,), ReaderOptions()) for fact in reading.facts])


def test_a_healthy_trace_says_healthy(tmp_path: Path) -> None:
    file = tmp_path / "btsnoop_hci.log"
    in_the_air(traced(file, usual))
    assert diagnosed(file).verdict is Verdict.HEALTHY
    found = facts(file)
    (paired,) = found.all("pairing.completed")
    assert paired.number("status") in (None, 0)
    assert found.all("link.lost") == []
    (ended,) = found.all("link.ended")
    assert ended.number("reason") == 0x16, "this phone closed it, and says so"


def test_a_walk_away_is_named_first(tmp_path: Path) -> None:
    file = tmp_path / "btsnoop_hci.log"

    async def work(room: Room) -> None:
        await usual(room, 30)
        for step in range(20):
            room.move(Spot(2.0 + step * 1.2))
            await asyncio.sleep(1.0)
        room.move(Spot(60.0))
        await usual(room, 60)

    in_the_air(traced(file, work))
    said = diagnosed(file)
    assert said.verdict is Verdict.STUCK
    assert said.causes[0].id == "bluetooth.out_of_range"
    assert {lost.number("reason") for lost in facts(file).all("link.lost")} == {0x08}


def test_a_drowned_link_is_named_first(tmp_path: Path) -> None:
    file = tmp_path / "btsnoop_hci.log"
    routers = tuple(Jammer(Spot(0.5, 1.0 * place), busy=0.95) for place in range(3))

    async def work(room: Room) -> None:
        await usual(room, 30)
        room.air.surroundings = Surroundings(jammers=routers)
        room.air.changed()
        await usual(room, 60)

    in_the_air(traced(file, work))
    said = diagnosed(file)
    assert said.verdict is Verdict.STUCK
    assert said.causes[0].id == "bluetooth.interference"


def test_a_missing_key_is_named_first(tmp_path: Path) -> None:
    file = tmp_path / "btsnoop_hci.log"

    async def work(room: Room) -> None:
        await usual(room, 30)
        await room.peripheral.forget_bonds()
        await room.peripheral.restart()
        await usual(room, 120)

    in_the_air(traced(file, work))
    said = diagnosed(file)
    assert said.verdict is Verdict.STUCK
    assert said.causes[0].id.startswith("bluetooth.")
    assert any(cause.id == "bluetooth.bond_broken" for cause in said.causes[:1]), said.causes


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_the_trace_as_we_do(tmp_path: Path) -> None:
    file = tmp_path / "btsnoop_hci.log"

    async def work(room: Room) -> None:
        await usual(room, 10)
        room.wrist.cut()
        await asyncio.sleep(30.0)

    in_the_air(traced(file, work))
    fields = ("-e", "frame.time_epoch", "-e", "bthci_evt.reason")
    shown = subprocess.run(
        ("tshark", "-r", str(file), "-Y", "bthci_evt.code == 0x05", "-T", "fields", *fields),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    rows = [row.split("\t") for row in shown if row]
    lost: list[Fact] = facts(file).all("link.lost")
    assert [int(reason, 0) for _, reason in rows] == [0x08]
    assert lost[0].time is not None
    assert float(rows[0][0]) == pytest.approx(lost[0].time.timestamp(), abs=1e-4)


def test_a_full_disk_ends_the_trace_and_not_the_chain(tmp_path: Path) -> None:
    class Full:
        """A file on a disk that is full after the head."""

        def __init__(self) -> None:
            self.room = 200

        def write(self, data: bytes) -> int:
            self.room -= len(data)
            if self.room < 0:
                raise OSError(28, "No space left on device")
            return len(data)

        def flush(self) -> None:
            """Nothing is kept back."""

    async def work() -> None:
        async with Room() as room:
            trace = Trace(Full(), room.true_time)  # type: ignore[arg-type]
            room.phone.host.snoop(trace)
            await asked(room.link(), "status")
            assert trace.failed
            assert trace.packets > 0

    in_the_air(work())
