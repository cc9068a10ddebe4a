"""The real server as a process of its own, started and killed by tests."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import httpx
from sqlalchemy import Connection

from tests.chain import databases
from unstuck.chain.server.routes import ingest
from unstuck.chain.server.storage import trackers
from unstuck.chain.server.storage.database import Database

START_S = 30.0
"""Seconds a start may take on a busy machine."""

PROGRAM = """
import sys
from pathlib import Path
from tests.chain.server import process
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.serve import Options, serve
from tests.chain.server.world import CHEAP, NO_LIMITS

process.set_trap(sys.argv[2])
settings = Settings(rates=NO_LIMITS, password_cost=CHEAP, heartbeat_s=0.2)
serve(Options(Path(sys.argv[1]), port=0, database=sys.argv[3], settings=settings), print)
"""


def set_trap(where: str) -> None:
    """In the server's process: kill it like a power cut at one point of an upload."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    add_chunks, write, take = trackers.add_chunks, Database.write, ingest._take
    if where == "before commit":

        def add_and_die(*given: object) -> None:
            add_chunks(*given)  # type: ignore[arg-type]  # passed on as they came
            die()

        trackers.add_chunks = add_and_die  # type: ignore[assignment]  # the trap
    elif where == "after commit":

        def take_and_die(*given: object) -> dict[str, object]:
            take(*given)  # type: ignore[arg-type]  # passed on as they came
            die()
            return {}

        ingest._take = take_and_die  # type: ignore[assignment]  # the trap
    elif where == "answer before commit":
        # A planted fault: the answer is given from inside a transaction that is not yet committed.
        waiting = []

        @contextmanager
        def late(self: Database) -> Iterator[Connection]:
            holder = write(self)
            waiting.append(holder)
            yield holder.__enter__()

        def take_early(*given: object) -> dict[str, object]:
            Database.write = late  # type: ignore[method-assign]  # the planted fault
            return take(*given)  # type: ignore[arg-type]  # passed on as they came

        ingest._take = take_early  # type: ignore[assignment]  # the planted fault


def _database(data: Path) -> str:
    """As the command line has it: empty for the embedded database, which the server makes itself."""
    if not databases.POSTGRES:
        return ""
    return databases.address_in(data).render_as_string(hide_password=False)


class ServerProcess:
    """Runs while the ``with`` block does; ``embedded``: on SQLite whatever the other tests run on."""

    def __init__(self, data: Path, trap: str = "", *, embedded: bool = False) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(data), trap, "" if embedded else _database(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"http://\S+?:\d+", line)
        assert found is not None, line + self._process.stdout.read()
        self.http = httpx.Client(base_url=found[0], timeout=START_S)
        until = time.monotonic() + START_S
        while True:
            try:
                self.http.get("/v1/status")
                break
            except httpx.ConnectError:
                assert time.monotonic() < until
                time.sleep(0.05)

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        return self._process.wait(START_S)

    def stop(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self.wait()

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        self._process.kill()
        self._process.wait(START_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
