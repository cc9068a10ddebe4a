"""A server in this process with a clock and randomness of its own, and people who use it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cbor2
from anyio.from_thread import start_blocking_portal
from httpx import ASGITransport, AsyncClient, Response

from unstuck.chain.records import Batch, Kind, Minute, Record, Wear, encode
from unstuck.chain.server.app import create_app
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.limits import Rate, Rates
from unstuck.chain.server.domain.passwords import Cost
from unstuck.chain.server.domain.possession import CODE_BYTES, code_of, tracker_id
from unstuck.chain.server.domain.sealing import KEY_BYTES, Sealer
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.storage.database import Database

NOW = 1_769_000_000
PASSWORD = "correct horse battery"
_FREE = Rate(0.0, 1_000_000)
NO_LIMITS = Rates(_FREE, _FREE, _FREE, _FREE, _FREE, _FREE)
CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
"""The least argon2 takes: the tests are about who gets in, not about how long it takes."""


@dataclass
class Time:
    """A clock that moves when told."""

    now: float = float(NOW)
    ticks: float = 0.0

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.ticks += seconds


class Client:
    """Someone at a network address. A fault of the server is raised here, not answered."""

    def __init__(self, world: "World", address: str) -> None:
        self._portal = world.portal
        transport = ASGITransport(world.app, client=(address, 40000))
        self._http = AsyncClient(transport=transport, base_url="http://server")

    def request(self, method: str, path: str, **options: Any) -> Response:
        return self._portal.call(lambda: self._http.request(method, path, **options))

    def get(self, path: str) -> Response:
        return self.request("GET", path)

    def post(self, path: str, **options: Any) -> Response:
        return self.request("POST", path, **options)


@dataclass
class World:
    """One server."""

    database: Database
    dice: random.Random
    settings: Settings = field(default_factory=lambda: Settings(rates=NO_LIMITS, password_cost=CHEAP))
    time: Time = field(default_factory=Time)
    maintenance: str | None = None
    address: str = "192.0.2.1"
    sealer: Sealer = field(default_factory=lambda: Sealer(bytes(range(KEY_BYTES))))

    def __post_init__(self) -> None:
        ambient = Ambient(lambda: self.time.now, lambda: self.time.ticks, self.dice.randbytes)
        self.app = create_app(self.database, self.settings, ambient, lambda: self.maintenance, self.sealer)
        self._running = start_blocking_portal()
        self.portal = self._running.__enter__()

    def client(self, address: str = "") -> Client:
        """A client at some network address."""
        return Client(self, address or self.address)

    def close(self) -> None:
        self._running.__exit__(None, None, None)

    def person(self, name: str, address: str = "") -> "Person":
        """Someone who has just registered."""
        client = self.client(address)
        answer = client.post("/v1/accounts", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return Person(self, name, client, answer.json()["token"])


@dataclass
class Person:
    """An account, signed in."""

    world: World
    name: str
    client: Client
    session: str

    def ask(self, method: str, path: str, token: str = "", **options: Any) -> Response:
        headers = {"Authorization": f"Bearer {token or self.session}", **options.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **options)

    def tracker(self) -> str:
        """Claim a new tracker by the code it shows."""
        code = code_of(self.world.dice.randbytes(CODE_BYTES))
        answer = self.ask("POST", "/v1/trackers", json={"tracker": tracker_id(code), "code": code, "name": "band"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["tracker"])

    def device(self, name: str = "phone") -> "Agent":
        answer = self.ask("POST", "/v1/tokens", json={"name": name})
        assert answer.status_code == 201, answer.text
        return Agent(self, answer.json()["id"], answer.json()["token"])


@dataclass
class Agent:
    """A phone of a person."""

    person: Person
    id: str
    token: str

    def send(self, tracker: str, *batches: Batch | bytes) -> Response:
        data = [batch if isinstance(batch, bytes) else encode(batch) for batch in batches]
        return self.send_raw(cbor2.dumps({"tracker": tracker, "batches": data}))

    def send_raw(self, body: bytes, **headers: str) -> Response:
        return self.person.ask("POST", "/v1/ingest", self.token, content=body, headers=headers)

    def tell(self, tracker: str, /, **hops: Any) -> Response:
        return self.person.ask("POST", f"/v1/trackers/{tracker}/held", self.token, json=hops)

    def get(self, path: str) -> Any:
        answer = self.person.ask("GET", path, self.token)
        assert answer.status_code == 200, answer.text
        return answer.json()


def minutes(boot: int, first: int, steps: Sequence[int], start: int = NOW, wear: Wear = Wear.WORN) -> Batch:
    """Minutes one after the other; ``start`` is that of sequence 0."""
    return Batch(
        tuple(
            Record(
                boot, first + place, Kind.MINUTE, start + 60 * (first + place), 60, tuple(Minute(count, 70, 12, wear))
            )
            for place, count in enumerate(steps)
        )
    )


def durable(answer: Response) -> dict[int, list[list[int]]]:
    assert answer.status_code == 200, answer.text
    return dict(cbor2.loads(answer.content)["durable"])


def rejected(answer: Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return list(cbor2.loads(answer.content)["rejected"])


def code_of_error(answer: Response) -> tuple[int, str]:
    body = answer.json()
    assert {"code", "message", "what_to_do"} <= set(body), body
    return answer.status_code, body["code"]
