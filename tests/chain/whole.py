"""The whole chain in one process and in virtual time, all of it real; only the radio between the stacks is made up."""

import random
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from fastapi import FastAPI

from tests.chain.link.channel import Channel, Faults
from unstuck.chain.link import Role, Settings, Stack
from unstuck.chain.link.coap import Answered, CoapStep, Endpoint, Failed, Handler, Request
from unstuck.chain.link.events import Datagram
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import Link
from unstuck.chain.server.app import create_app
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.passwords import Cost
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.server.domain.settings import Settings as ServerSettings
from unstuck.chain.server.storage.database import Database, sqlite_url
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Files, Folder
from unstuck.chain.tracker.memory import Capacity
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.source import Source

CODE = code_of(bytes(range(10)))
TRACKER = tracker_id(CODE)
ADDRESS = "http://server"
PASSWORD = "correct horse battery 9"
WEEK_S = 7 * 86_400


class VirtualLink:
    """CoAP over Gattlink over a bad channel; time passes only while a request is under way."""

    def __init__(self, handler: Handler, faults: Faults, seed: int, settings: Settings | None = None) -> None:
        dice = random.Random(seed)
        self.channel = Channel((Stack(Role.HUB, settings=settings), Stack(Role.NODE, settings=settings)), faults, seed)
        self._ends = (Endpoint(dice), Endpoint(dice, handler))
        self._read = [0, 0]
        self._answers: dict[int, Answered | Failed] = {}
        for place, end in enumerate(self.channel.ends):
            self.channel.take(place, end.start(0.0))

    @property
    def now_ms(self) -> float:
        """Virtual time since the link was made."""
        return self.channel.now_ms

    async def request(self, request: Request) -> Answered | Failed:
        """As the driver of a real link does."""
        self._run(lambda: self.channel.ends[0].open, self.now_ms + 120_000)
        handle, step = self._ends[0].request(request, self.now_ms)
        self._take(0, step)
        while handle not in self._answers:
            self._run(lambda: handle in self._answers, self._ends[0].deadline_ms)
            if handle not in self._answers:
                self._take(0, self._ends[0].tick(self.now_ms))
        return self._answers.pop(handle)

    def _run(self, done: Callable[[], bool], until_ms: float | None) -> None:
        def look() -> bool:
            for place in (0, 1):
                for event in self.channel.told[place][self._read[place] :]:
                    self._read[place] += 1
                    if isinstance(event, Datagram):
                        self._take(place, self._ends[place].receive(event.data, self.now_ms))
            return done()

        assert until_ms is not None
        self.channel.run(until_ms, look)

    def _take(self, place: int, step: CoapStep) -> None:
        for datagram in step.datagrams:
            self.channel.take(place, self.channel.ends[place].send(datagram, self.now_ms))
        for event in step.events:
            if isinstance(event, Answered | Failed):
                self._answers[event.handle] = event


@dataclass
class World:
    """Where everything lies, and the one clock (Unix seconds)."""

    folder: Path
    now_s: float
    source: Source
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    capacity: Capacity | None = None
    tracker_files: Files | None = None
    token: str = ""
    drift_ppm: float = 0.0
    settings: ServerSettings = field(default_factory=lambda: ServerSettings(password_cost=Cost(1, 8, 1)))


class Chain:
    """Tracker, link, agent and server of one world, from switching on to the end of the ``with``."""

    def __init__(self, world: World, *, on_wire: Callable[[object], None] = lambda word: None) -> None:
        self.world = world
        self._on_wire = on_wire
        self._stack = ExitStack()
        self._async_stack = AsyncExitStack()

    async def __aenter__(self) -> "Chain":
        world = self.world
        self.switch_on_tracker()
        self.link: Link = self.new_link()
        self.database = Database(sqlite_url(world.folder / "server.sqlite"))
        self._stack.callback(self.database.close)
        self.database.migrate()
        ambient = Ambient(now=lambda: self.now_s, ticks=lambda: self.now_s)
        app = _app(self.database, world.settings, ambient)
        self.transport = _Watched(self.new_network(app), self._on_wire)
        if not world.token:
            world.token = await self._sign_up()
        self.server = await self._async_stack.enter_async_context(Server(ADDRESS, world.token, self.transport))
        self._stack.callback(lambda: self.journal.close())
        self.open_journal()
        return self

    def open_journal(self) -> None:
        """Start the agent on what its journal says."""
        self.journal = Journal(self.world.folder / "journal.sqlite")
        self.agent = self.new_agent(self.journal, self.server)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._async_stack.aclose()
        self._stack.close()

    @property
    def now_s(self) -> float:
        """The world's clock goes on while requests are under way."""
        return self.world.now_s

    def switch_on_tracker(self) -> None:
        """Begin a boot of the tracker."""
        world = self.world
        files = world.tracker_files or _WatchedFiles(world.folder / "tracker", self._on_wire)
        self.tracker = Tracker(
            Identity(TRACKER, "Unstuck One", "1.0.0"),
            files,
            world.source,
            world.now_s,
            capacity=world.capacity,
            drift_ppm=world.drift_ppm,
        )

    def new_network(self, app: FastAPI) -> httpx.AsyncBaseTransport:
        """The way to the server."""
        return httpx.ASGITransport(app)

    def new_link(self) -> Link:
        """A connection."""
        link = VirtualLink(lambda request: self.tracker.handle(request, self.now_s), self.world.faults, self.world.seed)
        return _WatchedLink(link, self._on_wire, self)

    def new_agent(self, journal: Journal, server: Server | None) -> Agent:
        """An agent on this world's clock."""

        async def sleep(seconds: float) -> None:
            self.world.now_s += seconds

        return Agent(journal, TRACKER, self.link, server, Ways(lambda: self.now_s, sleep, lambda: 0.5))

    def record(self, seconds: float) -> None:
        """Let time pass at the wrist."""
        self.world.now_s += seconds
        self.tracker.advance(self.world.now_s)

    async def sync(self) -> tuple[str, str]:
        """One attempt on each side; their outcomes."""
        drained = await self.agent.drain_once()
        uploaded = await self.agent.upload_once()
        return drained.outcome.value, uploaded.outcome.value

    async def ask(self, method: str, path: str, token: str = "", **options: Any) -> httpx.Response:
        """The server's API as a person uses it."""
        headers = {"Authorization": f"Bearer {token or self.world.token}"}
        async with httpx.AsyncClient(transport=self.transport, base_url=ADDRESS, headers=headers) as http:
            return await http.request(method, path, **options)

    async def minutes(self, first_s: int, end_s: int) -> dict[int, int]:
        """Steps by start of minute, all that the server holds. A minute that is there twice fails."""
        pairs = await self.minute_pairs(first_s, end_s)
        assert len(dict(pairs)) == len(pairs), "a minute is there twice"
        return dict(pairs)

    async def minute_pairs(self, first_s: int, end_s: int) -> list[tuple[int, int]]:
        """Start and steps of every minute that the server holds; a clock set back makes two with one start."""
        found: list[tuple[int, int]] = []
        for start_s in range(first_s, end_s, WEEK_S):
            span = {"from": start_s, "to": min(end_s, start_s + WEEK_S)}
            answer = await self.ask("GET", f"/v1/trackers/{TRACKER}/minutes", params=span)
            columns = answer.raise_for_status().json()["minutes"]
            found += zip(columns["start"], columns["steps"], strict=True)
        return found

    async def _sign_up(self) -> str:
        made = await self.ask("POST", "/v1/accounts", "none", json={"name": "owner", "password": PASSWORD})
        self.session = made.raise_for_status().json()["token"]
        claim = {"tracker": TRACKER, "code": CODE}
        (await self.ask("POST", "/v1/trackers", self.session, json=claim)).raise_for_status()
        device = await self.ask("POST", "/v1/tokens", self.session, json={"name": "phone"})
        return str(device.raise_for_status().json()["token"])


_MADE: list[FastAPI] = []


def _app(database: Database, settings: ServerSettings, ambient: Ambient) -> FastAPI:
    """The server on this database. FastAPI reads its own routes anew in each application, which takes a hundred times
    as long as a request: hundreds of chains share the first one's.
    """
    app = create_app(database, settings, ambient)
    if not _MADE:
        _MADE.append(app)
    _MADE[0].state.services = app.state.services
    return _MADE[0]


class _WatchedLink:
    """Every request and every response is a step; the world's clock goes on with the link's."""

    def __init__(self, link: VirtualLink, on_wire: Callable[[object], None], chain: Chain) -> None:
        self.link = link
        self._on_wire = on_wire
        self._chain = chain

    async def request(self, request: Request) -> Answered | Failed:
        """Pass it on."""
        self._on_wire(request)
        began_ms = self.link.now_ms
        answer = await self.link.request(request)
        self._chain.world.now_s += (self.link.now_ms - began_ms) / 1000
        self._on_wire(answer)
        return answer


class _Watched(httpx.AsyncBaseTransport):
    """Every HTTP request and every answer is a step."""

    def __init__(self, inner: httpx.AsyncBaseTransport, on_wire: Callable[[object], None]) -> None:
        self._inner = inner
        self._on_wire = on_wire

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on."""
        self._on_wire(request)
        answer = await self._inner.handle_async_request(request)
        self._on_wire(answer)
        return answer


class _WatchedFiles(Folder):
    """Every change of the tracker's memory is a step."""

    def __init__(self, path: Path, on_wire: Callable[[object], None]) -> None:
        super().__init__(path)
        self._on_wire = on_wire

    def create(self, name: str, data: bytes) -> None:
        """A step, then the change."""
        self._on_wire(name)
        super().create(name, data)

    def append(self, name: str, data: bytes) -> None:
        """A step, then the change."""
        self._on_wire(name)
        super().append(name, data)

    def remove(self, name: str) -> None:
        """A step, then the change."""
        self._on_wire(name)
        super().remove(name)


def recorded(source: Source, first_s: int, end_s: int) -> Iterator[tuple[int, int]]:
    """Start and steps of every minute of a source: the truth to compare with."""
    for start_s in range(first_s, end_s, 60):
        sample = source.sample(start_s)
        if sample is not None:
            yield start_s, sample.minute.steps
