"""How fast the agent drains over Bluetooth, beside raw notifications between the same two devices on the same radio.

Both in one run on the virtual radio (docs/reference/radio.md), two metres apart, in virtual time: what is measured is
the protocols, not this machine. Raw: the tracker notifies as fast as the link takes it, Gattlink's packet size, no
acknowledgements, nothing above. Drain: the agent's own, all of a week of minutes with heart rate, from the first
request to the last byte in its journal; counted are the bytes of the batches alone.
"""

import asyncio
import random
import tempfile
from pathlib import Path

from bumble.core import UUID
from bumble.gatt import Characteristic

from benchmarks.scale import SMOKE
from unstuck.chain.link.gatt import ids
from unstuck.chain.link.settings import gatt_packet_bytes
from unstuck.chain.paced import run as run_paced
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.tracker import TrackerApi
from unstuck.chain.records import Minute, Ranges, Wear
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.source import Sample
from unstuck.chain.virtual import VirtualPair

DAYS = 1 if SMOKE else 7
"""A week: what a tracker holds at the most."""

RUNS = 1 if SMOKE else 3
START_S = 1_460_505_600
NOTIFICATIONS = 100 if SMOKE else 1_000
GOAL = 0.7
"""Share of the raw rate: acknowledgements, headers and one request for many answers must fit into the rest."""


class _Worn:
    """A wrist whose minutes do not repeat, so that batches are as long as those of people."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def sample(self, minute_s: int) -> Sample:
        """Steps now and then, a heart that wanders."""
        steps = self._dice.choice((0, 0, 0, 0, 12, 37, 96, 113))
        return Sample(Minute(steps, self._dice.randint(58, 141), 11 + steps // 5, int(Wear.WORN)))


def run() -> list[dict[str, object]]:
    """Rows: raw, drain, and what it took."""
    raw, drained = zip(*(run_paced(_rates(seed)) for seed in range(RUNS)), strict=True)
    raw_rate, drain_rate = sorted(raw)[RUNS // 2], sorted(drained)[RUNS // 2]
    return [
        {
            "name": f"drain over Bluetooth, {DAYS} days of minutes with heart rate, virtual radio at 2 m",
            "value": drain_rate / 1000,
            "unit": "kB/s",
            "limit": f">= {GOAL * raw_rate / 1000:.1f}",
            "peer": "raw notifications on the same link",
            "peer_value": raw_rate / 1000,
            "ratio": drain_rate / raw_rate,
        },
    ]


async def _rates(seed: int) -> tuple[float, float]:
    """Bytes a second: raw notifications, then the agent's drain, on one connection."""
    loop = asyncio.get_running_loop()

    def now_s() -> float:
        return START_S + DAYS * 86_400 + loop.time()

    tracker = Tracker(Identity("bench", "Unstuck bench", "1.0.0"), RamFiles(), _Worn(seed), START_S)
    tracker.advance(now_s())
    with tempfile.TemporaryDirectory() as folder:
        pair = VirtualPair(Path(folder), tracker, "", now_s, seed=seed)
        await pair.start()
        await TrackerApi(pair.link).status()
        raw = await _raw(pair)
        journal = Journal(Path(folder) / "journal.sqlite")
        agent = Agent(journal, "bench", pair.link, None, Ways(now_s, asyncio.sleep))
        before_s = loop.time()
        attempt = await agent.drain_once()
        took_s = loop.time() - before_s
        if attempt.outcome is not Outcome.SYNCED:
            raise RuntimeError(f"the drain ended with {attempt.outcome}")
        held = journal.ledger("bench").committed
        size = sum(one.size_bytes for one in journal.stored("bench"))
        if not held[0].contains(Ranges.span(0, DAYS * 1_440 - 1)):
            raise RuntimeError("the drain did not bring all")
        journal.close()
        await pair.stop()
    return raw, size / took_s


async def _raw(pair: VirtualPair) -> float:
    """The tracker notifies a characteristic that nobody reads but this."""
    session = pair.peripheral.session
    assert session is not None
    connection = session.connection
    device = connection.device
    services = [service for service in device.gatt_server.services if service.uuid == UUID(ids.LINK_STATUS_SERVICE)]
    characteristic: Characteristic[bytes] = services[0].characteristics[1]
    size = gatt_packet_bytes(session.value_bytes)
    got = 0
    done = asyncio.Event()

    def heard(_sender: object, value: bytearray) -> None:
        nonlocal got
        got += len(value)
        if got >= NOTIFICATIONS * size:
            done.set()

    client = pair.link.client
    assert client is not None
    await client.start_notify(ids.CONNECTION_STATUS, heard)
    session.pace.asked_s = asyncio.get_running_loop().time() + 3600
    session.set_pace()
    await asyncio.sleep(1)
    before_s = asyncio.get_running_loop().time()
    for _ in range(NOTIFICATIONS):
        await device.notify_subscriber(connection, characteristic, bytes(size))
    await done.wait()
    took_s = asyncio.get_running_loop().time() - before_s
    await client.stop_notify(ids.CONNECTION_STATUS)
    return got / took_s
