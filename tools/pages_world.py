"""A server with its pages and a made-up person, for screenshots and browser tests: a real socket, a clock of its own.

The records are those of the generator (synthetic); the holes are made on purpose, one of each reason.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cbor2
import httpx
from fastapi import FastAPI

from unstuck.chain.records import Batch, Kind, Record, Sleep, encode
from unstuck.chain.server.app import create_app
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.limits import Rate, Rates
from unstuck.chain.server.domain.passwords import Cost
from unstuck.chain.server.domain.possession import tracker_id
from unstuck.chain.server.domain.sealing import KEY_BYTES, Sealer
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.serve import listen, make_server
from unstuck.chain.server.storage.database import Database, sqlite_url
from unstuck.chain.tracker.generator import Generator
from unstuck.web.pages.base.tickets import Tickets
from unstuck.web.pages.door import Door
from unstuck.web.pages.mount import mount

NOW_S = 1_795_786_920
"""Friday 27 November 2026, 14:02 in Berlin: a day with a morning behind it."""
PASSWORD = "correct horse battery"
CODE = "UNST-UCKA-BCDE-FGHI"
SEED = 7
MINUTE_S, DAY_S = 60, 86_400
BATCH_RECORDS = 60
"""Records of one batch: what an hourly sync brings."""
_FREE = Rate(0.0, 1_000_000)
_CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
"""The least argon2 takes: nothing here is about how long it takes."""


@dataclass
class World:
    """One server."""

    address: str
    database: Database
    clock: list[float]
    links: Tickets[int]
    app: FastAPI
    stop: Callable[[], None] = field(repr=False, default=lambda: None)

    def person(self, name: str) -> "Person":
        """Somebody who registers by the API."""
        answer = httpx.post(f"{self.address}/v1/accounts", json={"name": name, "password": PASSWORD})
        answer.raise_for_status()
        return Person(self, name, answer.json()["token"])


@dataclass
class Person:
    """An account and, once it has one, its tracker and phone."""

    world: World
    name: str
    session: str
    tracker: str = ""
    device: str = ""

    def ask(self, method: str, path: str, token: str = "", **options: Any) -> httpx.Response:
        """A request to the API."""
        headers = {"Authorization": f"Bearer {token or self.session}"}
        answer = httpx.request(method, f"{self.world.address}{path}", headers=headers, **options)
        answer.raise_for_status()
        return answer

    def claim(self, code: str = CODE, name: str = "Band 2") -> None:
        """Have a tracker, and a phone that may upload."""
        self.tracker = tracker_id(code)
        self.ask("POST", "/v1/trackers", json={"tracker": self.tracker, "code": code, "name": name})
        self.device = self.ask("POST", "/v1/tokens", json={"name": "Phone in the hall"}).json()["token"]

    def send(self, records: Sequence[Record]) -> None:
        """Upload records without holes among them."""
        pieces = [records[first : first + BATCH_RECORDS] for first in range(0, len(records), BATCH_RECORDS)]
        batches = [encode(Batch(tuple(piece))) for piece in pieces]
        body = cbor2.dumps({"tracker": self.tracker, "batches": batches})
        self.ask("POST", "/v1/ingest", self.device, content=body)

    def tell(self, **hops: Any) -> None:
        """What the phone says that tracker and phone hold."""
        self.ask("POST", f"/v1/trackers/{self.tracker}/held", self.device, json=hops)


@contextmanager
def world(folder: Path, door: Door | None = None, now_s: float = NOW_S, port: int = 0) -> Iterator[World]:
    """A server that listens on this machine until it is left."""
    clock = [float(now_s)]
    database = Database(sqlite_url(folder / "server.db"))
    database.migrate()
    settings = Settings(rates=Rates(_FREE, _FREE, _FREE, _FREE, _FREE, _FREE), password_cost=_CHEAP, heartbeat_s=1.0)
    app = create_app(database, settings, Ambient(now=lambda: clock[0]), sealer=Sealer(bytes(range(KEY_BYTES))))
    links: Tickets[int] = Tickets()
    mount(app, door, links)
    listener, address = listen("127.0.0.1", port)
    server = make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
    with listener:
        thread.start()
        try:
            yield World(address, database, clock, links, app)
        finally:
            server.should_exit = True
            thread.join()
            database.close()


def days_of(seed: int, first_s: int, last_s: int, boot: int = 3) -> list[Record]:
    """Every record of the time [first, last) that the generator's person makes, numbered from 0."""
    source, found = Generator(seed), []
    for start in range(first_s // MINUTE_S * MINUTE_S, last_s // MINUTE_S * MINUTE_S, MINUTE_S):
        sample = source.sample(start)
        found.append((Kind.MINUTE, start, MINUTE_S, tuple(sample.minute)))
        for one in sample.ended:
            kind = Kind.SLEEP if isinstance(one.value, Sleep) else Kind.WORKOUT
            found.append((kind, start + MINUTE_S - one.duration_s, one.duration_s, tuple(one.value)))
    return [
        Record(boot, number, kind, start, length, value) for number, (kind, start, length, value) in enumerate(found)
    ]


def furnish(person: Person, now_s: int = NOW_S, days: int = 8) -> None:
    """Eight days with one hole of each reason; the last 22 minutes are on the tracker only."""
    records = days_of(SEED, now_s - days * DAY_S, now_s)
    midnight = now_s - (now_s + 3600) % DAY_S  # in Berlin, where it is winter
    lost = (midnight - 2 * DAY_S + 15 * 3600, midnight - 2 * DAY_S + 17 * 3600)
    silent = (midnight + 9 * 3600 + 600, midnight + 10 * 3600 + 300)
    end = now_s - 22 * MINUTE_S
    kept = [one for one in records if not silent[0] <= one.start < silent[1]]
    numbered = [one._replace(sequence=number) for number, one in enumerate(kept)]
    gone = [one.sequence for one in numbered if lost[0] <= one.start < lost[1]]
    on_tracker = [one.sequence for one in numbered if one.start >= end]
    at_server = [one for one in numbered if not lost[0] <= one.start < lost[1] and one.start < end]
    before = [one for one in at_server if one.sequence < gone[0]]
    person.send(before)
    person.send(at_server[len(before) :])
    held = {"3": [[on_tracker[0], on_tracker[-1]]]}
    overwritten = {"3": [[gone[0], gone[-1]]]}
    person.tell(
        tracker={"now": now_s, "held": held, "overwritten": overwritten, "keeps_s": 7 * DAY_S}, phone={"held": {}}
    )
