"""The proof at full size: a month of 33 people over a perfect and over a bad chain, and a thousand schedules.

``make test-soak`` runs it as tests; ``python -m tests.chain.soak --help`` in parts. It prints what it did and found.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

import cbor2
import httpx

from tests.chain.conftest import MEMORY
from tests.chain.golden import golden_month
from tests.chain.link.channel import Faults
from tests.chain.schedules import DeathError, live_through
from tests.chain.whole import Chain, World, recorded
from unstuck.chain.link import Settings
from unstuck.chain.link.coap import Answered, Request
from unstuck.chain.phone import held
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.records import Batch
from unstuck.chain.server.domain.possession import code_of
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.replay import Replay

HOUR_S = 3600
RHYTHM_S = 24 * HOUR_S
"""Between two syncs: the tracker keeps a week."""
DRIFT_PPM = 20.0
"""A watch's quartz: under two seconds a day."""
WRONG_MOST_S = 30
"""A minute of a clock that drifts and is set again begins at most so far from the true one."""
AGAIN_S = 20.0
"""Between two attempts when one failed."""
ATTEMPTS_MOST = 400
BAD = Faults(loss=0.05, duplicate=0.03, corrupt=0.005, reorder=0.03, delay_ms=40.0)
PACKET_BYTES = 185
"""What an iPhone's MTU leaves."""
SCHEDULES = 1000
"""As many as a run of CI has time for; ``--schedules`` takes any number."""
SCHEDULES_FROM = 10_000
"""The seeds of the quick run lie below."""


@dataclass
class Figures:
    """What a run did and found; figures of parts add up."""

    people: int = 0
    minutes: int = 0
    steps_expected: int = 0
    steps_arrived: int = 0
    drained_twice: int = 0
    uploaded_twice: int = 0
    records: int = 0
    syncs: int = 0
    virtual_s: float = 0.0
    computing_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Figures") -> None:
        """Take in another part."""
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def lines(self, real_s: float) -> list[str]:
        """For people."""
        rows: list[tuple[str, str]] = [
            ("people", f"{self.people}"),
            ("minutes", f"{self.minutes:,}, each there once with its steps"),
            ("steps expected", f"{self.steps_expected:,}"),
            ("steps arrived", f"{self.steps_arrived:,}"),
            ("records of all kinds", f"{self.records:,}"),
            ("records drained twice", f"{self.drained_twice:,}"),
            ("records uploaded twice", f"{self.uploaded_twice:,}"),
            ("attempts to sync", f"{self.syncs:,}"),
            ("virtual time", f"{self.virtual_s / 86_400:,.0f} days"),
            ("real time", f"{real_s:,.0f} s"),
            ("computing time of one core", f"{self.computing_s:,.0f} s"),
            ("virtual to real time", f"{self.virtual_s / real_s:,.0f}"),
            *((f"fault: {kind}", f"{count:,}") for kind, count in sorted(self.faults.items())),
        ]
        return [f"  {name:<36}{value}" for name, value in rows]


class Weather:
    """What befalls one chain, word by word, by dice: the same seed, the same weather."""

    def __init__(self, seed: int, figures: Figures) -> None:
        self.chain: Chain | None = None
        self._dice = random.Random(seed)
        self._figures = figures

    def __call__(self, word: object) -> object:
        if self.chain is None or isinstance(word, str):
            return None
        roll = self._dice.random()
        if roll < 0.01:
            self._dies()
        match word:
            case Request() if roll < 0.05:
                self.chain.radio.drop_after(self._dice.randrange(40))
            case Request() | Answered() if roll < 0.07:
                self._figures.faults["tracker rebooted"] += 1
                self.chain.restart_tracker()
            case httpx.Request() if roll < 0.05:
                self._figures.faults["server 5xx"] += 1
                return httpx.Response(self._dice.choice((500, 502, 503, 504)))
            case httpx.Request() if roll < 0.08:
                self._times_out("time-out before the server")
            case httpx.Response() if roll < 0.08:
                self._times_out("time-out after the commit")
            case _:
                pass
        return None

    def _dies(self) -> None:
        self._figures.faults["agent restarted"] += 1
        raise DeathError

    def _times_out(self, kind: str) -> None:
        self._figures.faults[kind] += 1
        raise httpx.ReadTimeout("on purpose")


async def month_of(world: World, source: Replay, figures: Figures, *, bad: bool) -> None:
    """One person's month, from the wrist to the server, and the comparison minute by minute."""
    weather = Weather(world.seed, figures)
    heard = _Heard(weather)
    began_s = world.now_s
    async with Chain(world, on_wire=heard) as chain:
        with heard.draining():
            weather.chain = chain if bad else None
            while world.now_s < source.end_s + 60:
                chain.record(min(RHYTHM_S, source.end_s + 60 - world.now_s))
                await synced(chain, figures)
            weather.chain = None
            await synced(chain, figures)
        assert chain.journal.contradictions(world.id) == []
        committed = held.total(chain.journal.ledger(world.id).committed)
        span = (source.first_s - HOUR_S, source.end_s + HOUR_S)
        arrived = await chain.minutes(*span)
    truth = dict(recorded(source, source.first_s, source.end_s))
    if bad:
        # The clock drifts and is set again, so minutes begin some seconds off: same values in the same order.
        assert list(arrived.values()) == list(truth.values())
        assert all(abs(told - true) <= WRONG_MOST_S for told, true in zip(arrived, truth, strict=True))
    else:
        assert arrived == truth
    figures.people += 1
    figures.minutes += len(arrived)
    figures.steps_expected += sum(truth.values())
    figures.steps_arrived += sum(arrived.values())
    figures.records += committed
    figures.drained_twice += heard.drained - committed
    figures.uploaded_twice += heard.uploaded - committed
    figures.virtual_s += world.now_s - began_s
    figures.faults += world.tally


class _Heard:
    """Counts the records that go over each of the two hops, before the weather has its way with the second."""

    def __init__(self, weather: Weather) -> None:
        self.drained = 0
        self.uploaded = 0
        self._weather = weather

    def __call__(self, word: object) -> object:
        if isinstance(word, httpx.Request) and word.url.path.endswith("/ingest"):
            self.uploaded += sum(_records_in(batch) for batch in cbor2.loads(word.read())["batches"])
        return self._weather(word)

    @contextmanager
    def draining(self) -> Iterator[None]:
        """Count what comes into any journal."""
        real = Journal.drain

        def drain(journal: Journal, tracker: str, batch: Batch, raw: bytes, now_s: int) -> None:
            self.drained += batch.ranges.total
            real(journal, tracker, batch, raw, now_s)

        with mock.patch.object(Journal, "drain", drain):
            yield


def _records_in(batch: bytes) -> int:
    """The count in a batch's head (docs/reference/records.md)."""
    return int(cbor2.loads(batch)[3])


async def synced(chain: Chain, figures: Figures) -> None:
    """Try as the agent would, until both sides are through."""
    outcomes: set[str] = set()
    for _ in range(ATTEMPTS_MOST):
        figures.syncs += 1
        try:
            outcomes = set(await chain.sync())
        except DeathError:
            chain.restart_agent()
            continue
        if outcomes <= {Outcome.SYNCED.value, Outcome.NOTHING_NEW.value}:
            return
        chain.world.now_s += AGAIN_S
    raise AssertionError(f"still {outcomes}")


def months(users: Sequence[tuple[int, Mapping[int, tuple[int, ...]]]], bad: bool) -> Figures:
    """The months of these people (number, steps by hour), all at one server."""
    folder = Path(tempfile.mkdtemp(prefix="unstuck-soak-", dir=MEMORY if MEMORY.is_dir() else None))
    figures = Figures()
    began_s = time.process_time()
    try:
        for number, hours in users:
            own = folder / f"{number}"
            own.mkdir()
            source = Replay(hours)
            world = World(
                own,
                float(source.first_s),
                source,
                BAD if bad else Faults(),
                seed=number,
                tracker_files=RamFiles(),
                drift_ppm=DRIFT_PPM if bad else 0.0,
                link=Settings(PACKET_BYTES),
                code=code_of(number.to_bytes(10, "big")),
                owner=f"person-{number}",
                database=folder / "server.sqlite",
            )
            asyncio.run(month_of(world, source, figures, bad=bad))
            shutil.rmtree(own)
    finally:
        shutil.rmtree(folder)
    figures.computing_s = time.process_time() - began_s
    return figures


def golden(*, bad: bool, people: int | None = None, processes: int = 2) -> Figures:
    """The golden month of everybody, divided among processes with one server each."""
    by_user = golden_month()
    users = [(number, by_user[user]) for number, user in enumerate(sorted(by_user), 1)][:people]
    parts = [users[place::processes] for place in range(processes)]
    total = Figures()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for part in pool.map(months, parts, [bad] * processes):
            total.add(part)
    return total


def schedules(count: int, processes: int = 2) -> Counter[str]:
    """So many schedules, divided among processes; what happened in them."""
    seeds = [range(SCHEDULES_FROM + place, SCHEDULES_FROM + count, processes) for place in range(processes)]
    tally: Counter[str] = Counter()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for part in pool.map(live_through, seeds):
            tally += part
    return tally


def say(title: str, lines: Sequence[str]) -> None:
    """To the terminal, also while a test runs."""
    print(title, *lines, sep="\n", flush=True)  # noqa: T201  # what it is for


def tally_lines(tally: Counter[str], real_s: float) -> list[str]:
    """For people."""
    rows: list[tuple[str, Any]] = [("real time", f"{real_s:,.0f} s"), *sorted(tally.items())]
    return [f"  {name:<36}{value if isinstance(value, str) else format(value, ',')}" for name, value in rows]


def run_golden(*, bad: bool, people: int | None = None, processes: int = 2) -> Figures:
    """Run and tell."""
    began = time.monotonic()
    figures = golden(bad=bad, people=people, processes=processes)
    title = "golden month, everything goes wrong" if bad else "golden month, a perfect chain"
    say(title, figures.lines(time.monotonic() - began))
    return figures


def run_schedules(count: int, processes: int = 2) -> Counter[str]:
    """Run and tell."""
    began = time.monotonic()
    tally = schedules(count, processes)
    say("schedules", tally_lines(tally, time.monotonic() - began))
    return tally


def main(arguments: Sequence[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.chain.soak", description=__doc__)
    parser.add_argument("what", nargs="*", help="perfect, bad, schedules; all when none is named")
    parser.add_argument("--people", type=int, help="only the first so many")
    parser.add_argument("--schedules", type=int, default=SCHEDULES)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    what = given.what or ["perfect", "bad", "schedules"]
    for bad, name in ((False, "perfect"), (True, "bad")):
        if name in what:
            run_golden(bad=bad, people=given.people, processes=given.processes)
    if "schedules" in what:
        run_schedules(given.schedules, given.processes)


if __name__ == "__main__":
    main(sys.argv[1:])
