"""What ``unstuck up`` does: a server in a thread, radio, tracker and agent on one event loop, and a look at them."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from unstuck import __version__
from unstuck.chain.paced import PacedLoop
from unstuck.chain.paced_http import PacedTransport
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.asking import answer_requests
from unstuck.chain.phone.bluetooth import BluetoothLink, Radio, adapter_present
from unstuck.chain.phone.host import HostForbidsError
from unstuck.chain.phone.hosts import Desktop
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import sentence
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import Claim, TrackerApi, TrackerError
from unstuck.chain.server.app import create_app
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.possession import tracker_id
from unstuck.chain.server.serve import DATABASE_FILE, listen, make_server
from unstuck.chain.server.storage.database import Database, sqlite_url
from unstuck.chain.server.storage.keyfile import sealer_in
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder, UsedMemoryError, one_tracker
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.source import DAY_S, Source
from unstuck.chain.virtual import VirtualPair
from unstuck.cli.state import (
    JOURNAL_FILE,
    Login,
    private_folder,
    state_folder,
    tracker_code,
)
from unstuck.cli.status import ExitStatus
from unstuck.cli.stopping import on_stop
from unstuck.cli.tracker_run import load_replay
from unstuck.cli.up_door import OnceLink, UpDoor, account_of
from unstuck.cli.up_hands import OwnChain, UpHands
from unstuck.cli.up_login import login_at
from unstuck.cli.up_view import Look, Told, Wrist, document, screen
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.web.pages.base.tickets import Tickets
from unstuck.web.pages.mount import mount

MEMORY_FOLDER = "tracker"
WORN_BEFORE_S = 6 * 3600
"""A new tracker has been worn this long already: there is something to drain at once."""

LOOK_EVERY_S = 1.0
"""Real seconds between two looks: a person sees it move, and the server is hardly asked."""

LAST_SYNC_MOST_S = 10.0
"""Real seconds for the sync after Ctrl-C: one that goes well takes one or two."""

LOOK_AGAIN_S = 5.0
"""Seconds between two looks for a tracker that is not known yet."""

_NAME = "Unstuck virtual tracker"
_LOCAL = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class UpRequest:
    """The command line as given."""

    replay: Path | None = None
    user: str = ""
    seed: int = 1
    speed: float = 1.0
    every_s: float = 60.0
    folder: Path | None = None
    port: int = 0
    seconds: float = 0.0
    as_json: bool = False
    plain: bool = False
    virtual: bool = False
    at: str = ""
    walk_away_s: float = 0.0


def run(request: UpRequest) -> ExitStatus:
    """Run until the time is over or Ctrl-C. UsageError and JournalError as their sentences say."""
    virtual = request.virtual or not adapter_present()
    if not virtual and (request.speed != 1 or request.at or request.replay or request.walk_away_s):
        reason = "goes with --virtual: on a real radio time passes as it does and the tracker is who it is"
        raise UsageError(ErrorCode.AGENT_USAGE, given="--speed, --at, --replay or --walk-away", reason=reason)
    folder = private_folder(request.folder or state_folder() / "up")
    source = load_replay(request.replay, request.user)[1] if request.replay else Generator(request.seed)
    begins_s = _begins_s(request.at)
    loop = PacedLoop(request.speed)
    try:
        # First of all: a second "up" in the same folder must stop before it touches the tracker's memory.
        with ExitStack() as stack:
            stack.callback(loop.close)
            journal = Journal(folder / JOURNAL_FILE)
            stack.callback(journal.close)
            claim = Claim(tracker_id(code), code) if virtual and (code := tracker_code(folder)) else None
            tracker = _tracker(folder / MEMORY_FOLDER, claim, source, begins_s, stack) if claim else None
            start_s = max(begins_s, tracker.notes.recorded_until_s) if tracker else begins_s
            true_time = _Time(loop, start_s)
            house = stack.enter_context(_server(folder, request.port, true_time, request.speed))
            up = _Up(request, folder, journal, tracker, true_time, house, claim)
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                return runner.run(up.run())
    except UsedMemoryError as error:
        raise UsageError(ErrorCode.AGENT_USAGE, given=str(folder / MEMORY_FOLDER), reason=str(error)) from error
    except OSError as error:
        raise UsageError(ErrorCode.AGENT_USAGE, given=str(folder), reason=error.strerror or str(error)) from error


class _Time:
    """The chain's own true time (Unix s), which can be stopped so that the last sync meets a wrist at rest."""

    def __init__(self, loop: PacedLoop, start_s: float) -> None:
        self._loop = loop
        self._start_s = start_s - loop.time()
        self._stopped_s: float | None = None

    def __call__(self) -> float:
        return self._start_s + self._loop.time() if self._stopped_s is None else self._stopped_s

    def stop(self) -> None:
        """It does not pass any more."""
        self._stopped_s = self()


def _begins_s(at: str) -> float:
    """Unix seconds of a time of today (UTC); of now when none is given."""
    if not at:
        return time.time()
    try:
        clock = datetime.strptime(at, "%H:%M")  # noqa: DTZ007 - only hour and minute are taken from it
    except ValueError as error:
        raise UsageError(ErrorCode.AGENT_USAGE, given=f"--at {at}", reason="write it like 15:30") from error
    return datetime.now(UTC).replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0).timestamp()


def _tracker(memory: Path, claim: Claim, source: Source, begins_s: float, stack: ExitStack) -> Tracker:
    first_s = begins_s if memory.exists() else begins_s - WORN_BEFORE_S
    stack.enter_context(one_tracker(memory))  # "unstuck tracker" may be told to use the same
    return Tracker(Identity(claim.tracker, _NAME, __version__), Folder(memory), source, first_s)


@dataclass(frozen=True, slots=True)
class _House:
    """The server with its pages: where it listens, and what it shares with the agent."""

    address: str
    database: Database
    door: UpDoor
    links: Tickets[int]
    hands: UpHands


@contextmanager
def _server(folder: Path, port: int, true_time: Callable[[], float], speed: float = 1.0) -> Iterator[_House]:
    """A server in a thread of its own, on the chain's clock, with its pages."""
    data = private_folder(folder / "server")
    database = Database(sqlite_url(data / DATABASE_FILE))
    try:
        database.migrate()
        listener, address = listen(_LOCAL, port)
        ambient = Ambient(now=true_time)
        sealer = sealer_in(data, database, ambient.random_bytes)
        house = _House(address, database, UpDoor(), Tickets(), UpHands(speed))
        app = create_app(database, ambient=ambient, sealer=sealer)
        mount(app, house.door, house.links, house.hands)
        server = make_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
        with listener:
            thread.start()
            try:
                yield house
            finally:
                server.should_exit = True
                thread.join()
    finally:
        database.close()


class _Up:
    """One run of the chain. ``tracker`` and ``claim``: the virtual one; None: whatever the real radio finds."""

    def __init__(
        self,
        request: UpRequest,
        folder: Path,
        journal: Journal,
        tracker: Tracker | None,
        true_time: _Time,
        house: _House,
        claim: Claim | None,
    ) -> None:
        self._request = request
        self._folder = folder
        self._journal = journal
        self._tracker = tracker
        self._true_time = true_time
        self._house = house
        self._address = house.address
        self._claim = claim
        self._began = time.monotonic()
        self._stopped = asyncio.Event()
        self._name = _NAME
        self._note = ""
        self._once: OnceLink | None = None
        self._pair: VirtualPair | None = None

    async def run(self) -> ExitStatus:
        """Start, watch, stop; the last sync is after the tracker's last minute."""
        on_stop(self._stopped.set)
        async with AsyncExitStack() as stack:
            link, living = await self._radio(stack)
            claim = await self._known(link)
            if claim is None:
                return ExitStatus.HEALTHY
            login = await login_at(self._folder, self._address, claim, _NAME)
            server = await stack.enter_async_context(Server(login.server, login.token, PacedTransport()))
            agent = self._agent(claim.tracker, link, server)
            self._open_pages(agent, link, login, server)
            syncing = asyncio.create_task(agent.run())
            asked = asyncio.create_task(self._answer_requests(agent))
            try:
                await self._watch(agent, link, server, (syncing, *living))
            finally:
                await _cancelled(syncing)
                await _cancelled(asked)
            self._true_time.stop()
            if not self._request.walk_away_s:
                await self._last_sync(agent)
            look = await self._look(agent, link, server)
        if self._request.as_json:
            typer.echo(json.dumps(document(look), indent=2))
        else:
            typer.echo(f"stopped; everything is kept in {self._folder}")
        return ExitStatus.HEALTHY

    async def _answer_requests(self, agent: Agent) -> None:
        """Another process may ask for a sync; its seconds are real ones."""

        async def real(seconds: float) -> None:
            await asyncio.sleep(seconds * self._request.speed)

        await answer_requests(self._folder / JOURNAL_FILE, agent.sync_now, real)

    def _open_pages(self, agent: Agent, link: BluetoothLink, login: Login, server: Server) -> None:
        """The pages see the agent from now on and may have it do things; the person gets a way in."""

        async def sign_in() -> None:
            assert self._claim is not None
            fresh = await login_at(self._folder, self._address, self._claim, _NAME, fresh=True)
            server.renew(fresh.token)
            self._journal.login = server.login

        loop = asyncio.get_running_loop()
        journal = self._folder / JOURNAL_FILE
        self._house.hands.open(
            OwnChain(loop, agent, link, journal, self._true_time, sign_in, lambda: self._press_button())
        )
        self._house.door.open(lambda: agent, link, lambda: self._name, self._true_time)
        account = account_of(self._house.database, login.token)
        if account is None:
            return
        self._once = OnceLink(self._house.links, self._address, account)
        if self._request.as_json or self._request.plain or not sys.stdout.isatty():
            typer.echo(f"pages: {self._address}/", err=True)
            typer.echo(f"open them without a password, once, within ten minutes: {self._once()}", err=True)

    async def _last_sync(self, agent: Agent) -> None:
        """Bring over what is left, unless it takes too long or is stopped once more; what stays behind is safe."""

        async def work() -> None:
            await agent.drain_once()
            await agent.upload_once()

        self._stopped.clear()
        stopped, syncing = asyncio.create_task(self._stopped.wait()), asyncio.create_task(work())
        limit_s = LAST_SYNC_MOST_S * self._request.speed
        await asyncio.wait((stopped, syncing), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if syncing.done():
            syncing.result()
        else:
            typer.echo("stopped before the last sync was through; it goes on at the next start", err=True)
        for task in (stopped, syncing):
            await _cancelled(task)

    async def _radio(self, stack: AsyncExitStack) -> tuple[BluetoothLink, tuple[asyncio.Task[None], ...]]:
        """The link, and what lives at its other end here."""
        if self._tracker is None or self._claim is None:
            link = BluetoothLink("", Radio(), host=Desktop(self._folder))
            stack.push_async_callback(link.close)
            return link, ()
        pair = VirtualPair(self._folder, self._tracker, self._claim.code, self._true_time)
        self._pair = pair
        await pair.start()
        await pair.renew_bond()
        stack.push_async_callback(pair.stop)
        recording = asyncio.create_task(pair.run())
        stack.push_async_callback(_cancelled, recording)
        if self._request.walk_away_s:
            walking = asyncio.create_task(self._walk(pair))
            stack.push_async_callback(_cancelled, walking)
        return pair.link, (recording,)

    def _press_button(self) -> None:
        """Open the virtual tracker for pairing; a real one has a person for that."""
        if self._pair is not None:
            self._pair.peripheral.open_pairing()

    async def _walk(self, pair: VirtualPair) -> None:
        await asyncio.sleep(self._request.walk_away_s * self._request.speed)
        self._note = "On purpose: the tracker is carried away, out of the phone's reach."
        await pair.walk_away()

    async def _known(self, link: BluetoothLink) -> Claim | None:
        """Who the tracker is and what proves that we have it: it tells over the bond. None: stopped meanwhile."""
        api = TrackerApi(link)
        stopped = asyncio.create_task(self._stopped.wait())
        said = ""
        while self._claim is None:
            asking = asyncio.create_task(api.claim())
            await asyncio.wait((stopped, asking), return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                await _cancelled(asking)
                return None
            try:
                self._claim = asking.result()
                self._name = link.heard.name if link.heard and link.heard.name else self._name
            except (TrackerError, HostForbidsError) as fault:
                if isinstance(fault, HostForbidsError):
                    words = fault.reasons[0].text
                else:
                    words = sentence(fault.outcome, fault.detail)
                if words != said:
                    typer.echo(f"looking for a tracker: {words}", err=True)
                said = words
                await asyncio.wait((stopped,), timeout=LOOK_AGAIN_S)
        stopped.cancel()
        return self._claim

    def _agent(self, tracker: str, link: BluetoothLink, server: Server) -> Agent:
        host = Desktop(self._folder)
        ways = Ways(self._true_time, asyncio.sleep, host=host, every_s=self._request.every_s)
        return Agent(self._journal, tracker, link, server, ways, self._house.door.moved)

    async def _watch(
        self, agent: Agent, link: BluetoothLink, server: Server, running: tuple[asyncio.Task[None], ...]
    ) -> None:
        """Show where it stands until the time is over, somebody stops it, or a part ends."""
        stopped = asyncio.create_task(self._stopped.wait())
        with screen(quiet=self._request.as_json, plain=self._request.plain) as show:
            while True:
                self._house.door.moved(at_once=True)
                show(await self._look(agent, link, server))
                wait_s = min(LOOK_EVERY_S, self._left_s()) * self._request.speed
                done, _ = await asyncio.wait((stopped, *running), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                if done or self._left_s() <= 0:
                    break
        stopped.cancel()
        for task in running:
            if task.done():
                task.result()

    def _left_s(self) -> float:
        if not self._request.seconds:
            return LOOK_EVERY_S
        return max(0.0, self._request.seconds - (time.monotonic() - self._began))

    async def _look(self, agent: Agent, link: BluetoothLink, server: Server) -> Look:
        today_s = int(self._true_time()) // DAY_S * DAY_S
        try:
            told = Told(
                await server.days(agent.tracker, today_s, today_s + DAY_S),
                await server.watermarks(agent.tracker),
                await server.ledger(agent.tracker),
            )
        except ServerError as fault:
            told = Told(trouble=fault.detail)
        return Look(
            name=self._name,
            tracker=agent.tracker,
            address=self._address,
            now_s=self._true_time(),
            up_s=time.monotonic() - self._began,
            speed=self._request.speed,
            wrist=self._wrist(agent),
            link_open=link.open,
            rssi_dbm=link.heard.rssi_dbm if link.heard else None,
            moved_bytes=link.moved_bytes,
            agent=agent.snapshot(),
            told=told,
            note=self._note,
            once=self._once() if self._once else "",
        )

    def _wrist(self, agent: Agent) -> Wrist:
        """The virtual tracker as it is; a real one as it last told."""
        tracker, status = self._tracker, agent.snapshot().status
        if tracker is not None:
            newest_s, held = tracker.notes.recorded_until_s, dict(tracker.memory.held)
            return Wrist(newest_s, held, tracker.notes.day_steps, tracker.battery.percent)
        if status is not None:
            return Wrist(status.now_s, status.held, None, status.battery_percent)
        return Wrist(None, {}, None, None)


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait((task,))
