"""What ``unstuck up`` does: a server in a thread, a tracker and an agent on one event loop, and a look at them."""

import asyncio
import json
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import typer

from unstuck import __version__
from unstuck.chain.link.udp import Address
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.hosts import Desktop
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.udp import UdpLink, open_link
from unstuck.chain.server.app import create_app
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.possession import CODE_BYTES, code_of, tracker_id
from unstuck.chain.server.serve import DATABASE_FILE, listen, make_server
from unstuck.chain.server.storage.database import Database, sqlite_url
from unstuck.chain.server.storage.keyfile import sealer_in
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.serve import accelerated, serve
from unstuck.chain.tracker.source import DAY_S, Source
from unstuck.cli.state import (
    JOURNAL_FILE,
    Login,
    private_folder,
    read_login,
    state_folder,
    write_login,
    write_private,
)
from unstuck.cli.status import ExitStatus
from unstuck.cli.tracker_run import load_replay
from unstuck.cli.up_view import Look, Told, document, screen
from unstuck.model.errors import ErrorCode, UsageError

CODE_FILE = "tracker-code"
ACCOUNT_FILE = "account.json"
WORN_BEFORE_S = 6 * 3600
"""A new tracker has been worn this long already: there is something to drain at once."""

LOOK_EVERY_S = 1.0
"""Real seconds between two looks: a person sees it move, and the server is hardly asked."""

START_PATIENCE_S = 20.0
"""Real seconds for the server to answer at first; it takes one or two."""

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


def run(request: UpRequest) -> ExitStatus:
    """Run until the time is over or Ctrl-C. UsageError and JournalError as their sentences say."""
    folder = private_folder(request.folder or state_folder() / "up")
    source = load_replay(request.replay, request.user)[1] if request.replay else Generator(request.seed)
    code = _code(folder)
    try:
        # First of all: a second "up" in the same folder must stop before it touches the tracker's memory.
        with ExitStack() as stack:
            journal = Journal(folder / JOURNAL_FILE)
            stack.callback(journal.close)
            tracker = _tracker(folder, code, source)
            true_time = _Time(max(time.time(), tracker.notes.recorded_until_s), request.speed)
            address = stack.enter_context(_server(folder, request.port, true_time))
            return asyncio.run(_Up(request, folder, journal, tracker, true_time, address, code).run())
    except OSError as error:
        raise UsageError(ErrorCode.AGENT_USAGE, given=str(folder), reason=error.strerror or str(error)) from error


class _Time:
    """The chain's own true time (Unix s), which can be stopped so that the last sync meets a wrist at rest."""

    def __init__(self, start_s: float, speed: float) -> None:
        self._passes = accelerated(start_s, speed)
        self._stopped_s: float | None = None

    def __call__(self) -> float:
        return self._passes() if self._stopped_s is None else self._stopped_s

    def stop(self) -> None:
        """It does not pass any more."""
        self._stopped_s = self()


def _code(folder: Path) -> str:
    """The code that this tracker shows; its id follows from it."""
    file = folder / CODE_FILE
    if not file.exists():
        write_private(file, code_of(secrets.token_bytes(CODE_BYTES)))
    return file.read_text(encoding="utf-8").strip()


def _tracker(folder: Path, code: str, source: Source) -> Tracker:
    memory = folder / "tracker"
    first_s = time.time() if memory.exists() else time.time() - WORN_BEFORE_S
    return Tracker(Identity(tracker_id(code), _NAME, __version__), Folder(memory), source, first_s)


@contextmanager
def _server(folder: Path, port: int, true_time: Callable[[], float]) -> Iterator[str]:
    """A server in a thread of its own, on the chain's clock; its address."""
    data = private_folder(folder / "server")
    database = Database(sqlite_url(data / DATABASE_FILE))
    try:
        database.migrate()
        listener, address = listen(_LOCAL, port)
        ambient = Ambient(now=true_time)
        sealer = sealer_in(data, database, ambient.random_bytes)
        server = make_server(create_app(database, ambient=ambient, sealer=sealer))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
        with listener:
            thread.start()
            try:
                yield address
            finally:
                server.should_exit = True
                thread.join()
    finally:
        database.close()


class _Up:
    """One run of the chain."""

    def __init__(
        self,
        request: UpRequest,
        folder: Path,
        journal: Journal,
        tracker: Tracker,
        true_time: _Time,
        address: str,
        code: str,
    ) -> None:
        self._request = request
        self._folder = folder
        self._journal = journal
        self._tracker = tracker
        self._true_time = true_time
        self._address = address
        self._code = code
        self._began = time.monotonic()
        self._stopped = asyncio.Event()

    async def run(self) -> ExitStatus:
        """Start, watch, stop; the last sync is after the tracker's last minute."""
        self._stop_on_signals()
        async with AsyncExitStack() as stack:
            login = await _login(self._folder, self._address, self._tracker.identity.id, self._code)
            serving, at = await self._serve_tracker()
            stack.callback(serving.cancel)
            link = await open_link(at, _LOCAL)
            stack.callback(link.close)
            server = await stack.enter_async_context(Server(login.server, login.token))
            agent = self._agent(link, server)
            syncing = asyncio.create_task(agent.run())
            try:
                await self._watch(agent, link, server, (serving, syncing))
            finally:
                await _cancelled(syncing)
            self._true_time.stop()
            for once in (agent.drain_once, agent.upload_once):
                await once()
            look = await self._look(agent, link, server)
            await _cancelled(serving)
        if self._request.as_json:
            typer.echo(json.dumps(document(look), indent=2))
        else:
            typer.echo(f"stopped; everything is kept in {self._folder}")
        return ExitStatus.HEALTHY

    def _stop_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            # Windows has no such handlers; Ctrl-C ends the loop there, and the journal is safe all the same.
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, self._stopped.set)

    async def _serve_tracker(self) -> tuple[asyncio.Task[None], Address]:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[Address] = loop.create_future()
        serving = asyncio.create_task(serve(self._tracker, (_LOCAL, 0), self._true_time, ready=ready.set_result))
        await asyncio.wait((serving, ready), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        return serving, ready.result()

    def _agent(self, link: UdpLink, server: Server) -> Agent:
        speed = self._request.speed
        ways = Ways(
            self._true_time,
            lambda seconds: asyncio.sleep(seconds / speed),
            host=Desktop(self._folder),
            every_s=self._request.every_s,
        )
        return Agent(self._journal, self._tracker.identity.id, link, server, ways)

    async def _watch(
        self, agent: Agent, link: UdpLink, server: Server, running: tuple[asyncio.Task[None], ...]
    ) -> None:
        """Show where it stands until the time is over, somebody stops it, or a part ends."""
        stopped = asyncio.create_task(self._stopped.wait())
        with screen(quiet=self._request.as_json, plain=self._request.plain) as show:
            while True:
                show(await self._look(agent, link, server))
                left_s = self._left_s()
                done, _ = await asyncio.wait(
                    (stopped, *running), timeout=min(LOOK_EVERY_S, left_s), return_when=asyncio.FIRST_COMPLETED
                )
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

    async def _look(self, agent: Agent, link: UdpLink, server: Server) -> Look:
        tracker = self._tracker.identity.id
        today_s = int(self._true_time()) // DAY_S * DAY_S
        try:
            told = Told(
                await server.days(tracker, today_s, today_s + DAY_S),
                await server.watermarks(tracker),
                await server.ledger(tracker),
            )
        except ServerError as fault:
            told = Told(trouble=fault.detail)
        return Look(
            name=self._tracker.identity.name,
            tracker=tracker,
            address=self._address,
            now_s=self._true_time(),
            up_s=time.monotonic() - self._began,
            speed=self._request.speed,
            tracker_newest_s=self._tracker.notes.recorded_until_s,
            tracker_held=dict(self._tracker.memory.held),
            tracker_steps=self._tracker.notes.day_steps,
            battery_percent=self._tracker.battery.percent,
            link_open=link.open,
            moved_bytes=link.moved_bytes,
            agent=agent.snapshot(),
            told=told,
        )


async def _login(folder: Path, address: str, tracker: str, code: str) -> Login:
    """This device's login at the server: the kept one, else a new account that claims the tracker."""
    async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
        await _answers(http)
        kept = read_login(folder)
        if kept is not None:
            known = await http.get(f"/v1/trackers/{tracker}/watermarks", headers=_with(kept.token))
            if known.is_success:
                kept = replace(kept, server=address)
                write_login(folder, kept)  # the port may be another one this time; 'unstuck ledger' reads it here
                return kept
        session = await _session(http, folder / ACCOUNT_FILE)
        await _made(http, "/v1/trackers", {"tracker": tracker, "code": code, "name": _NAME}, session)
        token = await _made(http, "/v1/tokens", {"name": "unstuck up"}, session)
    login = Login(address, token["token"])
    write_login(folder, login)
    return login


async def _session(http: httpx.AsyncClient, file: Path) -> str:
    """A session of this machine's own account, which is made when there is none yet."""
    if file.exists():
        account = json.loads(file.read_text(encoding="utf-8"))
        signed_in = await http.post("/v1/sessions", json=account)
        if signed_in.is_success:
            return str(signed_in.json()["token"])
    account = {"name": f"owner-{secrets.token_hex(6)}", "password": secrets.token_urlsafe(24)}
    write_private(file, json.dumps(account))
    return (await _made(http, "/v1/accounts", account, ""))["token"]


def _with(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


async def _made(http: httpx.AsyncClient, path: str, body: dict[str, str], token: str) -> dict[str, str]:
    answer = await http.post(path, json=body, headers=_with(token))
    if not answer.is_success:
        raise UsageError(ErrorCode.AGENT_USAGE, given=path, reason=f"the server refused it: {answer.text[:200]}")
    made: dict[str, str] = answer.json()
    return made


async def _answers(http: httpx.AsyncClient) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + START_PATIENCE_S
    while True:
        try:
            await http.get("/v1/status")
        except httpx.TransportError as error:
            if time.monotonic() > until:
                raise UsageError(ErrorCode.AGENT_USAGE, given="the server", reason="does not start") from error
            await asyncio.sleep(0.05)
        else:
            return


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))
