"""One upload read in a process of its own, which is ended where it takes too long or too much."""

import asyncio
import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from unstuck.model.errors import ErrorCode, render
from unstuck.model.evidence import Reading
from unstuck.web.pages.base.i18n import noop
from unstuck.web.pages.wrong.limits import Limits
from unstuck.web.pages.wrong.packing import PackingError, of_rows, pack

_OUT_OF_MEMORY = 3
_HOSTILE_MARK = render(ErrorCode.ARCHIVE_HOSTILE, {}).partition("(")[0]
"""A person may use what was read before the harm began; a server uses nothing of such an archive."""

TOO_LONG = noop("Reading it took longer than is allowed here, so it was stopped. Nothing of it was kept.")
TOO_MUCH = noop("Reading it took more memory than is allowed here, so it was stopped. Nothing of it was kept.")
BROKE_OFF = noop("It could not be read: the reader broke off at it. Nothing of it was kept.")
HOSTILE = noop(
    "This archive is built as no phone builds one, to do harm or by damage, so nothing of it was used. Make a new one."
)
NOTHING = noop("Nothing in it is of a kind that can be read here.")


class State(StrEnum):
    """How far it is."""

    WAITS = "waits"
    READS = "reads"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class Analysis:
    """``names``: of the files in ``folder``; ``size``: their bytes. Used on the event loop alone.

    ``problem``: one sentence where it failed: a key of the catalogue, or what a reader says of the file.
    """

    id: str
    account: int
    names: tuple[str, ...]
    size: int
    folder: Path
    state: State = State.WAITS
    done_bytes: int = 0
    total_bytes: int = 0
    problem: str = ""
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """For a person."""
        return ", ".join(self.names)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)

    @property
    def percent(self) -> int | None:
        """None: not known yet."""
        return min(100, 100 * self.done_bytes // self.total_bytes) if self.total_bytes else None


async def read(one: Analysis, slots: asyncio.Semaphore, limits: Limits) -> bytes | None:
    """Packed readings; None where there is nothing, which ``one.problem`` says. The folder is gone afterwards."""
    try:
        async with slots:
            one.state = State.READS
            readings = await _in_process(one, limits)
        if readings is None:
            one.state = State.FAILED
            return None
        if any(_HOSTILE_MARK in problem for reading in readings for problem in reading.source.problems):
            one.problem = HOSTILE
            one.state = State.FAILED
            return None
        if not any(reading.source.readable and reading.facts for reading in readings):
            problems = [problem for reading in readings for problem in reading.source.problems]
            one.problem = problems[0] if problems else NOTHING
            one.state = State.FAILED
            return None
        one.state = State.DONE
        return pack(readings)
    except asyncio.CancelledError:
        one.state = State.CANCELLED
        raise
    finally:
        shutil.rmtree(one.folder, ignore_errors=True)


async def _in_process(one: Analysis, limits: Limits) -> list[Reading] | None:
    """None: it was stopped or broke off."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "unstuck.web.pages.wrong.reader",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback could quote the file
        cwd=one.folder,
        env=_environment(one.folder),
        start_new_session=True,
        limit=limits.read_bytes,
    )
    try:
        async with asyncio.timeout(limits.analysis_s):
            rows = await _talk(process, one, limits)
            status = await process.wait()
    except TimeoutError:
        one.problem = TOO_LONG
        return None
    except ValueError:  # a line longer than the limit
        one.problem = TOO_MUCH
        return None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        await process.wait()
    if status == 0 and rows is not None:
        try:
            return of_rows(rows)
        except PackingError:
            one.problem = BROKE_OFF
            return None
    if status == -getattr(signal, "SIGXCPU", 0) and status:
        one.problem = TOO_LONG
    else:
        one.problem = TOO_MUCH if status == _OUT_OF_MEMORY else BROKE_OFF
    return None


async def _talk(process: asyncio.subprocess.Process, one: Analysis, limits: Limits) -> object | None:
    assert process.stdin is not None
    assert process.stdout is not None
    asked = {
        "files": list(one.names),
        "memory_bytes": limits.analysis_memory_bytes,
        "cpu_s": limits.analysis_cpu_s,
        "inflated_bytes": limits.analysis_inflated_bytes,
    }
    with suppress(ConnectionError):
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        await process.stdin.drain()
        process.stdin.close()
    while line := await process.stdout.readline():
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(said, dict):
            continue
        if "read" in said:
            rows: object = said["read"]
            return rows
        done, total = said.get("done"), said.get("total")
        if isinstance(done, int) and isinstance(total, int):
            one.done_bytes, one.total_bytes = done, total
    return None


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the server's own: its environment may hold the address of its database."""
    wanted = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONSAFEPATH": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
    }
    if "SYSTEMROOT" in os.environ:  # without it Python does not start on Windows
        wanted["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    return wanted
