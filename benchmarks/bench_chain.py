"""The chain: what a batch costs at the phone, what idle agents cost, and how much faster than real a day passes.

The disk is the one that holds the folder for temporary files. Agents and trackers are those of ``unstuck up``, twenty
of each in one process and on this machine's UDP, each agent with a journal of its own and no server.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path

from tests.chain.whole import Chain, World, recorded

from benchmarks.scale import ROOT, SMOKE
from unstuck.chain.link.udp import Address
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.gate import Trim, trim_reasons_not
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.udp import open_link
from unstuck.chain.records import Batch, Kind, Minute, Record, Wear, encode
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.serve import serve

BATCHES = 20 if SMOKE else 500
BATCH_RECORDS = 15
"""A batch of the usual rhythm: 15 minutes."""

TRACKERS = 2 if SMOKE else 20
IDLE_S = 1.0 if SMOKE else 60.0
SETTLE_S = 0.5 if SMOKE else 5.0
"""After every agent's first sync, before idle time is measured."""

EVERY_S = 900.0
SPEED_LIMIT = 500
START_S = 1_460_505_600
"""2016-04-13 00:00 UTC (Unix s)."""

DAY_S = 86_400
VIRTUAL_S = 3_600 if SMOKE else DAY_S
RUNS = 1 if SMOKE else 3
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def run() -> list[dict[str, object]]:
    """Rows for the journal, for idle agents and for virtual time."""
    with tempfile.TemporaryDirectory() as folder:
        synced_ms = fsync_ms(Path(folder))
        spent_ms = committed_ms(Path(folder))
        synced_ms += fsync_ms(Path(folder))
    rows = [
        _row("commit + trim of a batch of 15 minutes, synced: median", statistics.median(spent_ms), "ms"),
        _row("the same, 95th percentile", _percentile(spent_ms), "ms"),
    ]
    beside = (statistics.median(synced_ms), _percentile(synced_ms))
    for row, value in zip(rows, beside, strict=True):
        row |= {"peer": "one fsync of 4 kB", "peer_value": value, "ratio": value / float(str(row["value"]))}
    rows += idle()
    with tempfile.TemporaryDirectory() as folder:
        speed = statistics.median(times_real(Path(folder) / str(place)) for place in range(RUNS))
    limit = f">= {SPEED_LIMIT}"
    return [*rows, _row("a day of the whole chain, one tracker, a sync every 15 minutes", speed, "x real time", limit)]


def committed_ms(folder: Path) -> list[float]:
    """For each batch in turn: keep its bytes, commit, ask the gate, note what was freed."""
    tracker, spent = "bench", []
    journal = Journal(folder / "journal")
    for place in range(BATCHES):
        first = place * BATCH_RECORDS
        batch = Batch(tuple(_minute(at) for at in range(first, first + BATCH_RECORDS)))
        raw = encode(batch)
        began = time.perf_counter()
        journal.drain(tracker, batch, raw, START_S)
        journal.commit(tracker)
        ledger = journal.ledger(tracker)
        wanted = Trim(
            tracker=tracker,
            boot=0,
            through=batch.last,
            answering=tracker,
            held=batch.ranges,
            drained=ledger.drained[0],
            committed=ledger.committed[0],
            synced=journal.synced,
            sound=journal.sound,
            alone=journal.alone,
        )
        if trim_reasons_not(wanted):
            raise RuntimeError("the gate holds back what was committed")
        journal.trimmed(tracker, 0, batch.ranges)
        spent.append((time.perf_counter() - began) * 1000)
    journal.close()
    return spent


def fsync_ms(folder: Path) -> list[float]:
    """Append a page to a file and sync it, as often: what the disk itself takes."""
    spent = []
    with (folder / "plain").open("ab", buffering=0) as file:
        for _ in range(BATCHES // 2):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            spent.append((time.perf_counter() - began) * 1000)
    return spent


def idle() -> list[dict[str, object]]:
    """Rows of a process that does nothing else."""
    code = "import asyncio, json, benchmarks.bench_chain as it; print(json.dumps(asyncio.run(it.idle_here())))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    percent, memory_mb, before_mb = json.loads(done.stdout.splitlines()[-1])
    crowd = f"{TRACKERS} agents and {TRACKERS} trackers in one process"
    return [
        _row(f"CPU between syncs, {crowd}", percent, "% of a core"),
        _row(f"memory, {crowd}", memory_mb, "MB"),
        _row("of that before the first of them, Python and modules", before_mb, "MB"),
    ]


async def idle_here() -> tuple[float, float, float]:
    """Per cent of a core between syncs, MB then, MB before anything was made."""
    before_mb = _memory_mb()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        synced = [asyncio.Event() for _ in range(TRACKERS)]
        for place, first in enumerate(synced):
            address = await _tracker(stack, f"t{place}", place)
            await _agent(stack, folder / f"{place}", f"t{place}", address, first)
        for first in synced:
            await first.wait()
        await asyncio.sleep(SETTLE_S)
        cpu_s, began_s = _cpu_s(), time.monotonic()
        await asyncio.sleep(IDLE_S)
        share = (_cpu_s() - cpu_s) / (time.monotonic() - began_s)
        return share * 100, _memory_mb(), before_mb


async def _tracker(stack: AsyncExitStack, name: str, seed: int) -> Address:
    """A tracker that was worn for an hour, on a port of this machine."""
    device = Tracker(Identity(name, "Unstuck One", "1.0.0"), RamFiles(), Generator(seed), time.time() - 3_600)
    ready: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    _until_end(stack, serve(device, ("127.0.0.1", 0), time.time, ready=ready.set_result))
    return await ready


async def _agent(
    stack: AsyncExitStack, journal_file: Path, tracker: str, address: Address, synced: asyncio.Event
) -> None:
    """An agent in the usual rhythm; ``synced`` is set when it has drained once."""
    journal = Journal(journal_file)
    stack.callback(journal.close)
    link = await open_link(address, "127.0.0.1")
    stack.callback(link.close)
    agent = Agent(journal, tracker, link, None, Ways(time.time, asyncio.sleep, random.random, every_s=EVERY_S))

    def noted(attempt: Attempt) -> None:
        if not attempt.outcome.good:
            raise RuntimeError(f"{attempt.outcome}: {attempt.detail}")
        synced.set()

    agent.on_attempt = noted
    _until_end(stack, agent.run())


def _until_end(stack: AsyncExitStack, work: Coroutine[object, object, None]) -> None:
    task = asyncio.create_task(work)

    async def ended() -> None:
        task.cancel()
        await asyncio.wait((task,))

    stack.push_async_callback(ended)


def times_real(folder: Path) -> float:
    """How many seconds of the chain's time pass in one: tracker, link, agent and server, everything written to disk."""
    folder.mkdir()
    world = World(folder, float(START_S), Generator(2))

    async def day() -> float:
        async with Chain(world) as chain:
            began = time.perf_counter()
            for minute in range(1, VIRTUAL_S // 60 + 1):
                chain.record(60)
                if minute % int(EVERY_S // 60) == 0:
                    outcomes = await chain.sync()
                    if outcomes != (Outcome.SYNCED.value, Outcome.SYNCED.value):
                        raise RuntimeError(f"{outcomes}")
            took_s = time.perf_counter() - began
            arrived = await chain.minutes(START_S, START_S + VIRTUAL_S)
            if arrived != dict(recorded(world.source, START_S, START_S + VIRTUAL_S)):
                raise RuntimeError("the server does not have every minute")
            return VIRTUAL_S / took_s

    return asyncio.run(day())


def _minute(at: int) -> Record:
    steps = (at * 7919 % 131) if at % 3 == 0 else 0
    return Record(0, at, Kind.MINUTE, START_S + 60 * at, 60, tuple(Minute(steps, 60 + at % 17, 12, Wear.WORN)))


def _cpu_s() -> float:
    """Seconds this process has computed: fields 14 and 15 of its stat (proc(5))."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


def _memory_mb() -> float:
    """Memory this process holds now: field 24 of its stat, in pages."""
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[21]) * _PAGE_BYTES / 2**20


def _percentile(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _row(name: str, value: float, unit: str, limit: str | None = None) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit, "limit": limit}
