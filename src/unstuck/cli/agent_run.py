"""What ``unstuck agent`` does, apart from its options so that help stays quick."""

import asyncio
import json
import re
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from unstuck.chain.link.udp import resolve
from unstuck.chain.phone.agent import Agent, Ways, says
from unstuck.chain.phone.asking import answer_requests
from unstuck.chain.phone.bluetooth import BluetoothLink, Radio
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.host import Host, HostForbidsError
from unstuck.chain.phone.hosts import Desktop
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import sentence
from unstuck.chain.phone.server import Server, is_local
from unstuck.chain.phone.tracker import Link, TrackerApi, TrackerError, read_status
from unstuck.chain.phone.udp import UdpLink, open_link
from unstuck.cli.progress import Progress
from unstuck.cli.state import JOURNAL_FILE, login_for, private_folder, state_folder, write_login
from unstuck.cli.status import ExitStatus
from unstuck.cli.update_run import update_firmware
from unstuck.model.errors import ErrorCode, UsageError

SHOW_EVERY_S = 0.5
"""Between two looks at how far a sync has got."""

ASK_AGAIN_S = 5.0
"""Between two tries to learn which tracker it is, before anything is known of it."""


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """The command line as given."""

    tracker: str
    server: str = ""
    token_file: Path | None = None
    folder: Path | None = None
    every_s: float = 900.0
    once: bool = False
    seconds: float = 0.0
    as_json: bool = False
    pair_again: bool = False
    update_firmware: bool = False
    adopt_journal: bool = False


def run(request: AgentRequest) -> ExitStatus:
    """Run until done or stopped. UsageError and JournalError as their sentences say."""
    try:
        return asyncio.run(_run(request))
    except OSError as error:
        raise UsageError(ErrorCode.AGENT_USAGE, given=request.tracker, reason=error.strerror or str(error)) from error


async def _run(request: AgentRequest) -> ExitStatus:
    async with AsyncExitStack() as stack:
        hurry = SyncNow()
        stack.callback(hurry.close)
        opened = await open_agent(request, stack, hurry)
        if opened is None:
            return ExitStatus.STUCK
        said = _Says(request.as_json)
        agent, server = opened.agent, opened.server
        if request.update_firmware:
            if server is None:
                given = "--update-firmware"
                raise UsageError(ErrorCode.AGENT_USAGE, given=given, reason="needs a server, which has the releases")
            return await update_firmware(
                agent, opened.link, server, opened.folder, opened.ways, as_json=request.as_json
            )
        if request.once:
            return await _once(agent, said, uploads=server is not None)
        await _keep_on(opened, said, hurry, request.seconds)
    return ExitStatus.HEALTHY


@dataclass(frozen=True, slots=True)
class OpenAgent:
    """An agent with all that it stands on, for as long as its stack is open."""

    folder: Path
    journal: Journal
    link: UdpLink | BluetoothLink
    server: Server | None
    ways: Ways
    agent: Agent


async def open_agent(request: AgentRequest, stack: AsyncExitStack, hurry: "SyncNow") -> OpenAgent | None:
    """Open journal, link and server as the request says. None: the tracker was asked ``once`` who it is, in vain.

    JournalError: BUSY where another agent runs on the journal. UsageError for what cannot be meant.
    """
    folder = private_folder(request.folder or state_folder() / "agent")
    login = login_for(folder, request.server, request.token_file)
    if login is not None:
        write_login(folder, login)
        if login.server.startswith("http:") and not is_local(login.server):
            typer.echo("agent: the token travels unencrypted to this server; use https", err=True)
    elif request.adopt_journal:
        raise UsageError(ErrorCode.AGENT_USAGE, given="--adopt-journal", reason="name the account's server and token")
    journal = Journal(folder / JOURNAL_FILE)
    stack.callback(journal.close)
    host = Desktop(folder)
    link = await _link(request, host)
    stack.push_async_callback(link.close)
    server = None
    if login is not None:
        server = await stack.enter_async_context(Server(login.server, login.token))
    else:
        typer.echo(
            "agent: no server is set; records are drained and kept. Next: unstuck account create NAME --server URL",
            err=True,
        )
    if request.once:
        showing = asyncio.create_task(_show(link, stack.enter_context(Progress())))
        stack.callback(showing.cancel)
    tracker = await _which(journal, link, hurry, once=request.once)
    if tracker is None:
        return None
    ways = Ways(time.time, asyncio.sleep, host=host, every_s=request.every_s)
    agent = Agent(journal, tracker, link, server, ways)
    if request.adopt_journal:
        journal.adopt()
    return OpenAgent(folder, journal, link, server, ways, agent)


async def _show(link: UdpLink | BluetoothLink, progress: Progress) -> None:
    """What a single sync is waiting for, until cancelled."""
    while True:
        doing = f"syncing, {link.moved_bytes / 1000:,.0f} kB so far" if link.open else "looking for the tracker"
        progress(doing, 0, 0)
        await asyncio.sleep(SHOW_EVERY_S)


async def _once(agent: Agent, said: "_Says", *, uploads: bool) -> ExitStatus:
    attempts = [await agent.drain_once()]
    if uploads:
        attempts.append(await agent.upload_once())
    for attempt in attempts:
        said(attempt)
    return ExitStatus.HEALTHY if all(attempt.outcome.good for attempt in attempts) else ExitStatus.STUCK


async def _keep_on(opened: OpenAgent, said: "_Says", hurry: "SyncNow", seconds: float) -> None:
    agent = opened.agent
    agent.on_attempt = said
    hurry.then = agent.sync_now
    asked = asyncio.create_task(answer_requests(opened.folder / JOURNAL_FILE, agent.sync_now, asyncio.sleep))
    try:
        async with asyncio.timeout(seconds or None):
            await agent.run()
    except TimeoutError:
        return
    finally:
        asked.cancel()


class SyncNow:
    """What the signal SIGUSR1 does, from the first moment on: unhandled it would end the agent."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.then: Callable[[], None] = self.asked.set
        if hasattr(signal, "SIGUSR1"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: self.then())

    def close(self) -> None:
        """Leave the signal to others."""
        if hasattr(signal, "SIGUSR1"):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)


async def _which(journal: Journal, link: Link, hurry: "SyncNow", *, once: bool) -> str | None:
    """The tracker's id: from the journal, so that uploads go on while it is away; else it is asked.

    None: it was asked ``once``, in vain.
    """
    known = list(journal.trackers())
    if len(known) == 1:
        return known[0]
    while True:
        try:
            return read_status(await TrackerApi(link).status()).id
        except TrackerError as fault:
            typer.echo(f"agent: the tracker is not known yet: {sentence(fault.outcome, fault.detail)}", err=True)
        except HostForbidsError as fault:
            typer.echo(f"agent: the tracker is not known yet: {fault.reasons[0].text}", err=True)
        if once:
            return None
        hurry.asked.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(hurry.asked.wait(), ASK_AGAIN_S)


async def _link(request: AgentRequest, policy: Host) -> UdpLink | BluetoothLink:
    """Over UDP where a host and a port are named, else over Bluetooth to an address, a name or whatever is near."""
    given = request.tracker
    host, _, port = given.rpartition(":")
    if host and port.isdecimal() and not _BLUETOOTH_ADDRESS.fullmatch(given):
        if int(port) > 65_535:
            raise UsageError(ErrorCode.AGENT_USAGE, given=f"--tracker {given}", reason="a port is at most 65535")
        if request.pair_again:
            raise UsageError(ErrorCode.AGENT_USAGE, given="--pair-again", reason="goes with Bluetooth, not with UDP")
        address = await resolve(host, int(port))
        return await open_link(address, "127.0.0.1" if address[0].startswith("127.") else "0.0.0.0")
    return BluetoothLink("" if given == ANY else given, Radio(), host=policy, pair_again=request.pair_again)


ANY = "bluetooth"
"""Instead of an address or a name: the first tracker that is heard."""

_BLUETOOTH_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


class _Says:
    """One line an attempt."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def __call__(self, attempt: Attempt) -> None:
        ended = datetime.fromtimestamp(attempt.ended_s, UTC)
        if self._as_json:
            line = {
                "side": attempt.side,
                "began": attempt.began_s,
                "ended": attempt.ended_s,
                "outcome": attempt.outcome,
                "detail": attempt.detail,
                "causes": attempt.causes,
                "records": attempt.records,
                "text": says(attempt),
            }
            typer.echo(json.dumps(line))
        else:
            typer.echo(f"{ended:%H:%M:%S} {attempt.side:6} {attempt.records:6,} records  {says(attempt)}")
