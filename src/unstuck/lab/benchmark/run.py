"""Plays many cases: numbers in, rows out, as they are done. In processes of this machine, or on a Dask cluster."""

import asyncio
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path, PurePath
from typing import Protocol

from unstuck.chain.paced import run as run_paced
from unstuck.doctor.knowledge.loader import as_judged
from unstuck.lab.benchmark.results import ResultsFile
from unstuck.lab.benchmark.row import Head, Row, crashed, rows_of
from unstuck.lab.benchmark.sample import Split, case_at
from unstuck.lab.case import Case, Played, play

CASE_MOST_S = 7 * 86_400.0
"""Virtual seconds after which a case counts as crashed: the longest takes less than a day."""

IN_HAND = 4
"""Cases handed out for each worker, so that none waits for the next."""

DIED = "the process that played it died"


@dataclass(frozen=True, slots=True)
class Job:
    """One case to play. ``fitted``: with the fitted numbers of the knowledge."""

    split: Split
    seed: int
    number: int
    fitted: bool = True

    @property
    def case(self) -> Case:
        """The case itself."""
        return case_at(self.split, self.seed, self.number)


Player = Callable[[Job], list[Row]]


class Pool(Protocol):
    """Whatever plays jobs side by side."""

    def each(self, player: Player, jobs: Iterable[Job]) -> Iterator[list[Row]]:
        """The rows of every job, in the order in which they are done. A worker's death is a row too."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. ``left_s``: expected seconds to its end; None before the first case."""

    done: int
    of: int
    crashed: int
    left_s: float | None


def play_job(job: Job) -> list[Row]:
    """Play a case in a folder of its own, which is removed. A crash is a row, with where it happened."""
    case = job.case
    began_s = time.process_time()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="unstuck-case-") as folder,
            nullcontext() if job.fitted else as_judged(),
        ):
            played = run_paced(_in_time(case, Path(folder)))
    except Exception as error:  # noqa: BLE001  # whatever breaks in a case is a result of the benchmark, and is counted
        return [crashed(job.number, case, f"{type(error).__name__}: {error}", _where(error))]
    return rows_of(job.number, played, time.process_time() - began_s)


async def _in_time(case: Case, folder: Path) -> Played:
    async with asyncio.timeout(CASE_MOST_S):
        return await play(case, folder)


def _where(error: BaseException) -> str:
    """The innermost place in our own code, without the machine's path."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "unstuck" in PurePath(frame.filename).parts]
    if not ours:
        return ""
    parts = PurePath(ours[-1].filename).parts
    inside = parts[len(parts) - 1 - parts[::-1].index("unstuck") :]
    return f"{'/'.join(inside)}:{ours[-1].lineno} in {ours[-1].name}"


class Processes:
    """Processes of this machine."""

    def __init__(self, workers: int = 0) -> None:
        self.workers = workers or os.cpu_count() or 1

    def each(self, player: Player, jobs: Iterable[Job]) -> Iterator[list[Row]]:
        """As :class:`Pool` says. After a death, what was in hand is played again, one at a time."""
        waiting = iter(jobs)
        while True:
            in_hand: dict[int, Job] = {}
            futures: dict[Future[list[Row]], int] = {}
            executor = _executor(self.workers)
            try:
                while True:
                    for job in islice(waiting, IN_HAND * self.workers - len(in_hand)):
                        in_hand[job.number] = job
                        futures[executor.submit(player, job)] = job.number
                    if not in_hand:
                        return
                    done, _ = wait(futures, return_when=FIRST_COMPLETED)
                    for future in done:
                        rows = future.result()
                        del in_hand[futures.pop(future)]
                        yield rows
            except BrokenProcessPool:
                yield from _one_by_one(player, in_hand.values())
            finally:
                executor.shutdown(wait=True, cancel_futures=True)


def _one_by_one(player: Player, jobs: Iterable[Job]) -> Iterator[list[Row]]:
    """Only one at a time, so that a death says whose it was."""
    executor = _executor(1)
    try:
        for job in jobs:
            try:
                yield executor.submit(player, job).result()
            except BrokenProcessPool:
                yield [crashed(job.number, job.case, DIED, "")]
                executor.shutdown()
                executor = _executor(1)
    finally:
        executor.shutdown()


def _executor(workers: int) -> ProcessPoolExecutor:
    # Started afresh, not forked: the same on every system, and nothing of this process comes along. No
    # max_tasks_per_child: with few workers it can wait for ever (CPython issue 115634).
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def run(
    file: ResultsFile,
    count: int,
    pool: Pool,
    tell: Callable[[Progress], None],
    player: Player = play_job,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Play the first ``count`` cases of the file's split and seed that are not in it yet, and add them."""
    head: Head = file.head
    numbers = [number for number in range(count) if number not in file.done]
    before, broken, began_s = count - len(numbers), 0, clock()
    jobs = (Job(head.split, head.seed, number, head.fitted) for number in numbers)
    for done, rows in enumerate(pool.each(player, jobs), start=1):
        file.add(rows)
        broken += any(row.error for row in rows)
        left_s = (clock() - began_s) / done * (len(numbers) - done)
        tell(Progress(before + done, count, broken, left_s))
