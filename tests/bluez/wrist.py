"""A tracker on a wrist near the guest, what it did and all that it ever recorded; and what the guest's agent kept."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bluez.guest import Done, Guest, Job
from unstuck.chain.link.coap import Request, Response
from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.host import Host
from unstuck.chain.link.radio.physics import Spot
from unstuck.chain.phone.entries import Ledger
from unstuck.chain.phone.journal import Journal
from unstuck.chain.records import Record, decode
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.tracker.bluetooth.peripheral import Peripheral, Told, static_address
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.cli.state import JOURNAL_FILE

NEAR = Spot(2.0, 0.0)
AWAY = Spot(500.0, 0.0)
"""Even in the open nothing is heard from there."""

STEP_LIMIT_S = 60.0
"""No step at the tracker takes so long, not even on a busy machine without KVM."""

RUN_LIMIT_S = 240.0
"""For one run of the agent with all that is done meanwhile. Its imports alone take half a minute on a busy machine."""

MINUTE_S = 60.0
"""A tracker records one a minute."""

POLL_S = 0.05

Key = tuple[int, int]
"""Boot and sequence number: a record's identity."""


class WatchedTracker(Tracker):
    """Keeps a copy of every record, made before the answer that may let it be freed."""

    def __init__(self, identity: Identity, files: Folder, source: Generator, true_s: float) -> None:
        super().__init__(identity, files, source, true_s)
        self.recorded: dict[Key, Record] = {}
        self.answered = 0

    def handle(self, request: Request, true_s: float) -> Response:
        """Answer, and count the answers with records."""
        self.note(true_s)
        answer = super().handle(request, true_s)
        self.answered += request.path == ("sync",)
        return answer

    def note(self, true_s: float) -> None:
        """Copy what is new."""
        self.advance(true_s)
        boot, end = self.memory.boot, self.memory.next_sequence
        known = sum(one == boot for one, _ in self.recorded)
        fresh = self.memory.run(boot, known, end)
        assert known + len(fresh) == end, "a record went before it was copied"
        self.recorded |= {(record.boot, record.sequence): record for record in fresh}


@dataclass
class Wrist:
    """The tracker, its radio, and what it told of its links."""

    address: str
    air: Air
    host: Host
    tracker: WatchedTracker
    peripheral: Peripheral
    code: str
    told: list[Told] = field(default_factory=list)

    @property
    def ends(self) -> list[int]:
        """HCI reasons for which its links ended."""
        return [one.reason for one in self.told if one.what == "disconnected"]

    def count(self, what: str) -> int:
        """How often something happened."""
        return sum(one.what == what for one in self.told)

    def go(self, spot: Spot) -> None:
        """Be there."""
        self.host.controller.spot = spot
        self.air.changed()

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait for something at the tracker. TimeoutError when it does not come about."""
        async with asyncio.timeout(MINUTE_S + STEP_LIMIT_S):
            while not happened():
                self.tracker.note(time.time())
                await asyncio.sleep(POLL_S)


@contextlib.asynccontextmanager
async def worn(air: Air, folder: Path, seed: int, worn_s: float) -> AsyncIterator[Wrist]:
    """A tracker that has been worn so long and advertises near the guest."""
    code = code_of(bytes([seed]) * 10)
    identity = Identity(tracker_id(code), f"Band {seed}", "1.0.0")
    now_s = time.time()
    tracker = WatchedTracker(identity, Folder(folder / "tracker"), Generator(seed), now_s - worn_s)
    tracker.note(now_s)
    address = static_address(identity.id)
    host = Host(identity.name, address, air, folder / "bonds.json", NEAR)
    told: list[Told] = []
    peripheral = Peripheral(tracker, host, time.time, told.append, code=code)
    await peripheral.start()
    yield Wrist(address, air, host, tracker, peripheral, code, told)
    # The air is shared, and whatever advertises costs the guest time.
    await peripheral.stop()
    air.remove_controller(host.controller)


Attempt = dict[str, Any]
"""What the agent says of an attempt, with ``--json``."""


@dataclass(frozen=True)
class Ran:
    """How a run of the agent in the guest ended. ``journal``: a copy of its journal."""

    done: Done
    attempts: list[Attempt]
    journal: Path


@dataclass
class Phone:
    """The installed agent in the guest, with a folder of its own there."""

    guest: Guest
    name: str
    job: Job | None = None
    heard: int = 0
    """Attempts of this run that were waited for, or passed over."""

    async def start(self, *options: str | Path, limit_s: float = RUN_LIMIT_S) -> None:
        """Start ``unstuck agent``. Its journal lies in the guest's memory and is copied out at its end."""
        (self.guest.out / self.name).mkdir(exist_ok=True)
        folder = f"/root/{self.name}"
        # The inner shell becomes the agent, so that signals reach it; the outer one copies what it leaves.
        script = (
            f'sh -c \'echo $$ > /run/{self.name}.pid; exec "$@"\' sh "$@" --json --folder {folder}; '
            f"status=$?; cp {folder}/{JOURNAL_FILE}* /run/out/{self.name}/; exit $status"
        )
        self.heard = 0
        self.job = await self.guest.python_in(script, "-m", "unstuck", "agent", *options, limit_s=limit_s)

    @property
    def attempts(self) -> list[Attempt]:
        """What this run said until now."""
        assert self.job is not None
        whole, _, _ = self.job.said().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    async def next(self, side: str = "drain") -> Attempt:
        """Wait for the next attempt of one side; what the other side tried until then is passed over."""
        assert self.job is not None
        while True:
            ended = self.job.status.done()
            for attempt in self.attempts[self.heard :]:
                self.heard += 1
                if attempt["side"] == side:
                    return attempt
            assert not ended, await self.job.done()
            await asyncio.sleep(POLL_S)

    async def sync_now(self) -> Attempt:
        """Ask the running agent for a sync, as a person does; how its side towards the tracker went."""
        await self.signal("USR1")
        return await self.next()

    async def signal(self, name: str) -> None:
        """Send the agent a signal."""
        done = await self.guest.run(["sh", "-c", f"kill -{name} $(cat /run/{self.name}.pid)"])
        assert done.status == 0, done

    async def stop(self) -> Ran:
        """Ctrl-C."""
        await self.signal("INT")
        return await self.ended()

    async def ended(self) -> Ran:
        """Wait for its end."""
        assert self.job is not None
        done = await self.job.done()
        return Ran(done, self.attempts, self.guest.out / self.name / JOURNAL_FILE)

    async def sync(self, *options: str | Path) -> Ran:
        """``unstuck agent --once``."""
        await self.start("--once", *options)
        return await self.ended()


def records(path: Path) -> list[Record]:
    """All records in a journal, in the order of boots and numbers, each as often as it is there."""
    journal = Journal(path, read_only=True)
    try:
        found: list[Record] = []
        for tracker in journal.trackers():
            for batch in journal.stored(tracker):
                raw = journal.raw(batch.id)
                assert raw is not None
                found += decode(raw).records
    finally:
        journal.close()
    return sorted(found, key=lambda record: (record.boot, record.sequence))


def ledger(path: Path, tracker: str) -> Ledger:
    """What a journal says of a tracker."""
    journal = Journal(path, read_only=True)
    try:
        return journal.ledger(tracker)
    finally:
        journal.close()
