"""``unstuck lab live``: the lab's chain in a browser, to watch it break, see why, and mend it."""

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import typer

from unstuck.chain.paced import PacedLoop
from unstuck.cli.lab_hands import LabBreaker, LabHands, LabLoop
from unstuck.cli.status import ExitStatus
from unstuck.cli.stopping import on_stop
from unstuck.cli.up_door import OnceLink, UpDoor
from unstuck.lab.faults.all import FAULTS
from unstuck.lab.world import Setting, World
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.web.pages.base.tickets import Tickets
from unstuck.web.pages.mount import mount

PHONE = "pixel-14"
MINUTE_S = 60.0
SHOW_EVERY_S = 0.5
"""Real seconds between two looks for the pages."""


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """The command line as given. ``after_min``: minutes of the lab; ``seconds``: real ones, 0: until Ctrl-C."""

    fault: str = ""
    after_min: float = 0.0
    speed: float = 20.0
    port: int = 0
    seconds: float = 0.0


@dataclass
class Live:
    """One lab that can be looked at. Everything on it may be used from any thread once ``ready`` is set."""

    request: LiveRequest
    door: UpDoor = field(default_factory=UpDoor)
    links: Tickets[int] = field(default_factory=Tickets)
    lab: LabLoop = field(default_factory=LabLoop)
    ready: threading.Event = field(default_factory=threading.Event)
    address: str = ""
    account: int = 0

    def __post_init__(self) -> None:
        self.hands = LabHands(self.lab)
        self.breaker = LabBreaker(self.lab, PHONE)

    def run(self, folder: Path, said: Callable[[str], None], stopped: threading.Event | None = None) -> None:
        """Until ``stopped``, the time is over, or Ctrl-C. UsageError: the port cannot be had."""
        loop = PacedLoop(self.request.speed)
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._run(folder, said, stopped))

    async def _run(self, folder: Path, said: Callable[[str], None], stopped: threading.Event | None) -> None:
        ended = asyncio.Event()
        if stopped is None:
            on_stop(ended.set)
        setting = Setting(PHONE, begins_s=time.time())
        try:
            world = World(
                folder,
                setting,
                prepare=lambda app: mount(app, self.door, self.links, self.hands, self.breaker),
                port=self.request.port,
            )
        except OSError as error:
            reason = error.strerror or "it cannot be used"
            raise UsageError(ErrorCode.AGENT_USAGE, given=f"--port {self.request.port}", reason=reason) from error
        async with world:
            self.lab.open(world)
            self.address, self.account = world.backend.address, world.backend.account
            self.door.open(lambda: world.app.agent, world.app.link, lambda: world.kind.name, world.true_time)
            self.ready.set()
            said(f"open this, it signs you in once, within ten minutes: {self.link()}")
            striking = asyncio.create_task(self._strike(world))
            try:
                await self._show(ended, stopped)
            finally:
                striking.cancel()

    def link(self) -> str:
        """A one-time link that signs in."""
        return OnceLink(self.links, self.address, self.account)()

    async def _strike(self, world: World) -> None:
        if self.request.fault:
            await asyncio.sleep(self.request.after_min * MINUTE_S)
            await self.breaker.strike_here(world, FAULTS[self.request.fault])

    async def _show(self, ended: asyncio.Event, stopped: threading.Event | None) -> None:
        """Let the pages see how it stands until it is over."""
        until = time.monotonic() + self.request.seconds if self.request.seconds else float("inf")
        while not ended.is_set() and time.monotonic() < until and not (stopped is not None and stopped.is_set()):
            self.door.moved(at_once=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), SHOW_EVERY_S * self.request.speed)


def run(request: LiveRequest) -> ExitStatus:
    """Show it. UsageError: there is no such fault, or the port cannot be had."""
    live = Live(request)
    known = {fault.id for fault in live.breaker.faults}
    if request.fault and request.fault not in known:
        reason = f"no fault that can strike here; those are {', '.join(sorted(known))}"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=request.fault, reason=reason)
    with tempfile.TemporaryDirectory() as folder:
        live.run(Path(folder), typer.echo)
    return ExitStatus.HEALTHY
