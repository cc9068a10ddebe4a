"""Records a second through HTTP with every check, on SQLite and on PostgreSQL, beside plain COPY in the same run.

COPY gets the same records, a row each, into a table with the same key: what loading them without a server, and
without checks, would take. Every commit of all three is synced to the disk.
"""

import os
import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cbor2
import httpx
import psycopg
from sqlalchemy.engine import make_url
from tools.postgres import ADDRESS_VARIABLE, PostgresError, throw_away

from benchmarks.scale import SMOKE
from unstuck.chain.records import Batch, Kind, Minute, Record, Wear, encode
from unstuck.chain.server.domain.limits import Rate, Rates
from unstuck.chain.server.domain.passwords import Cost
from unstuck.chain.server.domain.possession import CODE_BYTES, code_of, tracker_id
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.serve import Options, build, listen, make_server

_RUNS = 1 if SMOKE else 5
_BATCHES = 2 if SMOKE else 20
"""Batches of one upload: 20 days of minutes."""
_UPLOADS = 1 if SMOKE else 15
"""Uploads of one run: 432,000 records."""
_RECORDS = 1440
"""In one batch: a day of minutes."""
_COPY_ROWS = 10_000
"""Rows of one block given to COPY: under a megabyte."""
_COPY = "COPY of the records, a row each"
_GOAL_PER_S = 100_000
_GOAL_OF_COPY = 0.5
_FREE = Rate(0.0, 1_000_000)


def run() -> list[dict[str, object]]:
    """Rows for SQLite, and for PostgreSQL where it is installed or UNSTUCK_TEST_POSTGRES names one."""
    records = [_minute(at) for at in range(_UPLOADS * _BATCHES * _RECORDS)]
    days = [Batch(tuple(records[at : at + _RECORDS])) for at in range(0, len(records), _RECORDS)]
    batches = [encode(day) for day in days]
    with ExitStack() as stack:
        postgres = _postgres(stack)
        addresses = {"SQLite": stack.enter_context(_server(""))}
        blocks: list[bytes] = []
        if postgres:
            addresses["PostgreSQL"] = stack.enter_context(_server(postgres))
            blocks = [_as_text(records[at : at + _COPY_ROWS]) for at in range(0, len(records), _COPY_ROWS)]
        speeds: dict[str, list[float]] = defaultdict(list)
        for _ in range(_RUNS):
            # In turn, so that what else this machine does meets all of them.
            for name, address in addresses.items():
                speeds[name].append(_ingested_per_s(address, batches, len(records)))
            if postgres:
                speeds[_COPY].append(_copied_per_s(postgres, blocks, len(records)))
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    copied = medians.get(_COPY)
    rows: list[dict[str, object]] = []
    for name in addresses:
        limit = f">= {_GOAL_PER_S}" if name == "SQLite" else f">= {_GOAL_OF_COPY * (copied or 0):.0f}"
        rows.append(_row(f"ingest over HTTP, {name}", medians[name], limit, copied))
    bytes_each = sum(map(len, batches)) / len(records)
    rows.append(
        {"name": "upload, a minute with steps and heart rate", "value": bytes_each, "unit": "bytes", "limit": "<= 4"}
    )
    return rows


def _postgres(stack: ExitStack) -> str:
    """The address of a PostgreSQL that syncs each commit; empty where there is none."""
    named = os.environ.get(ADDRESS_VARIABLE, "")
    try:
        return named or stack.enter_context(throw_away(durable=True))
    except PostgresError as error:
        print(f"ingest: PostgreSQL and COPY are skipped. {error}", file=sys.stderr)
        return ""


def _minute(at: int) -> Record:
    steps = (at * 7919 % 131) if at % 3 == 0 else 0
    return Record(0, at, Kind.MINUTE, 1_769_000_000 + 60 * at, 60, tuple(Minute(steps, 60 + at % 17, 12, Wear.WORN)))


def _row(name: str, value: float, limit: str, copied: float | None) -> dict[str, object]:
    peer = None if copied is None else _COPY
    ratio = None if copied is None else value / copied
    return {
        "name": name, "value": value, "unit": "records/s", "limit": limit,
        "peer": peer, "peer_value": copied, "ratio": ratio,
    }  # fmt: skip


@contextmanager
def _server(database: str) -> Iterator[str]:
    """The real server with every check on; only its rate limits and the cost of the one password are out of the way."""
    settings = Settings(rates=Rates(_FREE, _FREE, _FREE, _FREE, _FREE, _FREE), password_cost=Cost(1, 8, 1))
    with tempfile.TemporaryDirectory() as folder:
        app = build(Options(Path(folder), database=database, settings=settings))
        listener, address = listen("127.0.0.1", 0)
        server = make_server(app)
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield address
        finally:
            server.should_exit = True
            thread.join()
            listener.close()
            app.state.services.database.close()


def _ingested_per_s(address: str, batches: list[bytes], count: int) -> float:
    code, name = code_of(secrets.token_bytes(CODE_BYTES)), secrets.token_hex(8)
    with httpx.Client(base_url=address, timeout=60) as http:
        signed_in = http.post("/v1/accounts", json={"name": name, "password": "correct horse battery"}).json()
        http.headers["Authorization"] = f"Bearer {signed_in['token']}"
        http.post("/v1/trackers", json={"tracker": tracker_id(code), "code": code}).raise_for_status()
        device = http.post("/v1/tokens", json={"name": "phone"}).json()
        http.headers["Authorization"] = f"Bearer {device['token']}"
        bodies = [
            cbor2.dumps({"tracker": tracker_id(code), "batches": batches[at : at + _BATCHES]})
            for at in range(0, len(batches), _BATCHES)
        ]
        begun = time.perf_counter()
        durable = [cbor2.loads(http.post("/v1/ingest", content=body).raise_for_status().content) for body in bodies]
        seconds = time.perf_counter() - begun
    held = sum(last - first + 1 for answer in durable for first, last in answer["durable"][0])
    if held != count:
        raise RuntimeError(f"{held} records are durable, not {count}")
    return count / seconds


def _as_text(records: list[Record]) -> bytes:
    """Records as COPY reads them, a row each."""
    lines = (
        "\t".join(map(str, (1, "tracker", one.boot, one.sequence, one.start, one.duration_s, *map(int, one.value))))
        for one in records
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _copied_per_s(postgres: str, blocks: list[bytes], count: int) -> float:
    """The same records, a row each, already written out as COPY reads them, into a plain table with the same key:
    no checks, one command, one commit. What the server stores for them is a row a batch: 1,440 times fewer.
    """
    with psycopg.connect(make_url(postgres).set(drivername="postgresql").render_as_string(False)) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_copy")
        connection.execute(
            "CREATE TABLE bench_copy (account bigint, tracker text, boot bigint, sequence bigint, start bigint,"
            " duration_s bigint, steps bigint, heart_rate bigint, calories bigint, wear bigint,"
            " PRIMARY KEY (account, tracker, boot, sequence))"
        )
        connection.commit()
        begun = time.perf_counter()
        with connection.cursor().copy("COPY bench_copy FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)
        connection.commit()
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE bench_copy")
    return count / seconds
