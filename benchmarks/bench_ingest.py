"""Records a second through HTTP with every check, on SQLite and on PostgreSQL, beside plain COPY of the same rows."""

import os
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cbor2
import httpx

from benchmarks.scale import SMOKE
from unstuck.chain.records import Batch, Kind, Minute, Record, Wear, encode
from unstuck.chain.server.domain.limits import Rate, Rates
from unstuck.chain.server.domain.passwords import Cost
from unstuck.chain.server.domain.possession import CODE_BYTES, code_of, tracker_id
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.serve import Options, build, listen, make_server

_POSTGRES = os.environ.get("UNSTUCK_TEST_POSTGRES", "")
"""Where PostgreSQL is, if anywhere; records are added to it and left there."""
_RUNS = 1 if SMOKE else 5
_BATCHES = 2 if SMOKE else 20
"""Batches of one upload: 20 days of minutes."""
_UPLOADS = 1 if SMOKE else 15
"""Uploads of one run: 432,000 records."""
_RECORDS = 1440
"""In one batch: a day of minutes."""
_GOAL_PER_S = 100_000
_FREE = Rate(0.0, 1_000_000)


def run() -> list[dict[str, object]]:
    """Rows for SQLite, and for PostgreSQL when UNSTUCK_TEST_POSTGRES names one."""
    records = [_minute(at) for at in range(_UPLOADS * _BATCHES * _RECORDS)]
    days = [Batch(tuple(records[at : at + _RECORDS])) for at in range(0, len(records), _RECORDS)]
    batches = [encode(day) for day in days]
    bytes_each = sum(map(len, batches)) / len(records)
    rows: list[dict[str, object]] = []
    copied = _median(lambda: _copied_per_s(records)) if _POSTGRES else None
    for name, url in (("SQLite", ""), ("PostgreSQL", _POSTGRES)):
        if name == "SQLite" or url:
            with tempfile.TemporaryDirectory() as folder, _server(Path(folder), url) as address:
                value = _median(lambda address=address: _ingested_per_s(address, batches, len(records)))  # type: ignore[misc]  # mypy does not infer a lambda with a default
            limit = f">= {_GOAL_PER_S}" if name == "SQLite" else f">= {(copied or 0) / 2:.0f}"
            rows.append(_row(f"ingest over HTTP, {name}", value, limit, copied))
    rows.append(
        {"name": "upload, a minute with steps and heart rate", "value": bytes_each, "unit": "bytes", "limit": "<= 4"}
    )
    return rows


def _minute(at: int) -> Record:
    steps = (at * 7919 % 131) if at % 3 == 0 else 0
    return Record(0, at, Kind.MINUTE, 1_769_000_000 + 60 * at, 60, tuple(Minute(steps, 60 + at % 17, 12, Wear.WORN)))


def _row(name: str, value: float, limit: str, copied: float | None) -> dict[str, object]:
    peer = None if copied is None else "COPY of the same rows"
    ratio = None if copied is None else value / copied
    return {
        "name": name, "value": value, "unit": "records/s", "limit": limit,
        "peer": peer, "peer_value": copied, "ratio": ratio,
    }  # fmt: skip


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_RUNS))


@contextmanager
def _server(folder: Path, url: str) -> Iterator[str]:
    """The real server with every check on; only its rate limits and the cost of the one password are out of the way."""
    settings = Settings(rates=Rates(_FREE, _FREE, _FREE, _FREE, _FREE, _FREE), password_cost=Cost(1, 8, 1))
    app = build(Options(folder, database=url, settings=settings))
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


def _copied_per_s(records: list[Record]) -> float:
    """One row a minute into a plain table with the same key, no checks, one commit."""
    import psycopg

    with psycopg.connect(_POSTGRES.replace("+psycopg", "")) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_copy")
        connection.execute(
            "CREATE TABLE bench_copy (account bigint, tracker text, boot bigint, sequence bigint, start bigint,"
            " duration_s bigint, steps bigint, heart_rate bigint, calories bigint, wear bigint,"
            " PRIMARY KEY (account, tracker, boot, sequence))"
        )
        connection.commit()
        begun = time.perf_counter()
        with connection.cursor().copy("COPY bench_copy FROM STDIN") as copy:
            for record in records:
                copy.write_row((1, "tracker", record.boot, record.sequence, record.start, 60, *record.value))
        connection.commit()
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE bench_copy")
    return len(records) / seconds
