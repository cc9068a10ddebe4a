"""The lab's chain as the pages see it: looked at, acted on and broken, from the thread of its server.

The world lives on a loop of its own, whose clock runs as fast as it was told; all that touches it is done there.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from unstuck.chain.paced import PacedLoop
from unstuck.chain.phone.tracker import TrackerApi, TrackerError
from unstuck.cli.fix_chain import RESTART_S, came_of
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.remedies.acts import ChainAct, ChainDeed, Channel, Done, Look
from unstuck.doctor.remedies.drive import Hand
from unstuck.doctor.remedies.hands.adb import AdbHand
from unstuck.doctor.remedies.permit import Permit
from unstuck.doctor.remedies.target import Connection
from unstuck.evidence.intake import collect_as, renamed
from unstuck.evidence.profiles import packages
from unstuck.lab import acts
from unstuck.lab.app import JOURNAL_FILE
from unstuck.lab.evidence import REPORT_FILE, chain_readings
from unstuck.lab.faults.all import FAULTS
from unstuck.lab.faults.fault import Fault
from unstuck.lab.ways import causes
from unstuck.lab.world import World
from unstuck.model.evidence import ReaderOptions, Reading
from unstuck.web.pages.hands import CHAIN, JOURNAL_NAME, PHONE, SERVER_NAME, Way

_Result = TypeVar("_Result")

THE_PHONE = "the phone"
"""What its evidence is called."""

SETTLE_S = 120.0
"""Seconds of the lab for one sync of both sides that was asked for."""

STRIKE_MOST_S = 15.0
"""Seconds of the lab in which a fault that comes little by little is complete: a person watches it."""

BACK_S = 6.0
"""Seconds until Bluetooth that was switched on is on: one to five on real phones."""

HURRY = 2_000.0
"""Seconds of the lab in a real one while nobody wants to watch them: 40 minutes take a good second."""

_NOT_HERE = frozenset({"password_changed", "removed_from_account", "other_account", "maintenance"})
"""They would take the account, the tracker or the pages themselves away from who looks."""
_HARMFUL = frozenset({"repair_bond", "relink_account", "reinstall_app"})


class LabLoop:
    """The world and its loop, once there are any; calls come from other threads."""

    def __init__(self) -> None:
        self._world: World | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, world: World) -> None:
        """To be called on the world's loop."""
        self._world, self._loop = world, asyncio.get_running_loop()

    @property
    def world(self) -> World | None:
        """None: not yet."""
        return self._world

    @property
    def speed(self) -> float:
        """Seconds of the lab in a real one."""
        return self._loop.speed if isinstance(self._loop, PacedLoop) else 1.0

    async def do(self, work: Callable[[World], Coroutine[Any, Any, _Result]]) -> _Result:
        """Done on the world's loop, awaited on the caller's. RuntimeError: there is no world yet."""
        world, loop = self._world, self._loop
        if world is None or loop is None:
            raise RuntimeError("the lab has not begun yet")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(world), loop))


class LabHands:
    """:class:`unstuck.web.pages.hands.Hands` over the lab."""

    ways = (
        Way(CHAIN, "This chain", "The agent's journal, and the server's ledger as the phone reaches it."),
        Way(PHONE, "The phone on a cable", "A bug report of the lab's synthetic phone, taken now."),
    )

    def __init__(self, loop: LabLoop) -> None:
        self._loop = loop
        self._telling: asyncio.Task[None] | None = None

    @property
    def pace(self) -> float:
        """As fast as its clock runs now."""
        return self._loop.speed

    @property
    def tracker(self) -> str:
        """Of the world; empty before it begins."""
        return self._loop.world.tracker_id if self._loop.world is not None else ""

    async def look(self, way: str) -> list[Reading]:
        """The journal and the server, or a fresh bug report."""
        if way == CHAIN:
            return await self._loop.do(_chain)
        file = await self._loop.do(_report)
        return await asyncio.to_thread(
            collect_as, THE_PHONE, file, ReaderOptions(packages()), lambda _text, _done, _all: None
        )

    def connection(self, way: str) -> Connection | None:
        """Both can be acted on."""
        if way == CHAIN:
            return Connection(Channel.CHAIN, "the agent")
        return Connection(Channel.ADB, THE_PHONE, THE_PHONE)

    def hands(self) -> Mapping[Channel, Hand]:
        """Over the phone's shell and over the agent."""
        return {Channel.ADB: AdbHand(self._shell), Channel.CHAIN: LabChainHand(self._loop)}

    async def did_by_hand(self, fix: str) -> None:
        """The lab's person does what the steps say."""

        async def work(world: World) -> None:
            acts.do(fix, world.state, random.Random(world.setting.seed))
            await world.apply()
            if world.app.agent is not None:
                world.app.agent.sync_now()  # a person opens the app to see whether it helped

        await self._loop.do(work)

    async def _shell(self, command: str) -> tuple[str, int | None]:
        async def work(world: World) -> tuple[str, int | None]:
            phone = world.state.phone
            was_on = phone.state.bluetooth == "on"
            result = phone.run(command)
            await world.apply()
            if not was_on and phone.state.bluetooth in ("on", "turning_on"):
                self._telling = asyncio.get_running_loop().create_task(_tell_app(world))
            return (result.stdout + result.stderr).decode("utf-8", "replace"), result.status

        return await self._loop.do(work)


async def _tell_app(world: World) -> None:
    """Android tells apps that Bluetooth is back (ACTION_STATE_CHANGED), and a tracker's app tries at once."""
    await asyncio.sleep(BACK_S)
    world.state.phone.catch_up()
    await world.apply()
    if world.app.agent is not None:
        world.app.agent.sync_now()


async def _chain(world: World) -> list[Reading]:
    found = await chain_readings(world)
    names = {str(world.folder / JOURNAL_FILE): JOURNAL_NAME, world.backend.address: SERVER_NAME}
    for path, name in names.items():
        found = [renamed(reading, path, name) for reading in found]
    return found


async def _report(world: World) -> Path:
    file = world.folder / REPORT_FILE
    file.write_bytes(world.state.phone.bugreport())
    return file


class LabChainHand:
    """What our agent can be told to do, in the lab."""

    def __init__(self, loop: LabLoop) -> None:
        self._loop = loop

    async def look(self, look: Look) -> str | None:
        """Our chain has no settings that a remedy changes."""
        return None

    async def make(self, permit: Permit) -> Done:
        """Do what is permitted; a refusal is the answer, never an exception."""
        act = permit.use()
        if not isinstance(act, ChainAct):
            raise TypeError(f"not for our chain: {act}")
        deed = act.deed
        return await self._loop.do(lambda world: _done(world, deed))


async def _done(world: World, deed: ChainDeed) -> Done:
    match deed:
        case ChainDeed.RESTART_TRACKER:
            try:
                await TrackerApi(world.app.link).restart()
            except TrackerError as fault:
                return Done(False, fault.detail or "the tracker does not answer")
            await asyncio.sleep(RESTART_S)
        case ChainDeed.PAIR_AGAIN | ChainDeed.SIGN_IN:
            fix = {ChainDeed.PAIR_AGAIN: "pair_again", ChainDeed.SIGN_IN: "sign_in_again"}[deed]
            acts.do(fix, world.state, random.Random(world.setting.seed))
            await world.apply()
        case ChainDeed.UPDATE_FIRMWARE:
            return Done(False, "the lab's tracker has no release to take; follow the steps by hand")
        case ChainDeed.DRAIN_NOW:
            pass
    if world.app.agent is None:
        return Done(False, "the app does not run")
    before = len(world.attempts)
    await world.app.settle(SETTLE_S)
    attempts = world.attempts[before:]
    return came_of(attempts) if attempts else Done(False, "the agent made no attempt")


class LabBreaker:
    """:class:`unstuck.web.pages.hands.Breaker` over the lab."""

    def __init__(self, loop: LabLoop, phone: str) -> None:
        self._loop = loop
        self._struck: list[str] = []
        self.faults: tuple[Fault, ...] = tuple(fault for fault in FAULTS.values() if _can_be_struck(fault, phone))

    @property
    def struck(self) -> tuple[str, ...]:
        """In their order."""
        return tuple(self._struck)

    async def strike(self, fault: str) -> None:
        """All its steps, the later ones no later than :data:`STRIKE_MOST_S`. KeyError: there is no such fault."""
        wanted = {one.id: one for one in self.faults}[fault]
        await self._loop.do(lambda world: self.strike_here(world, wanted))

    async def strike_here(self, world: World, fault: Fault) -> None:
        """The same on the world's own loop; what comes little by little goes on after this returns."""
        if fault.id in self._struck:
            return
        self._struck.append(fault.id)
        dice = random.Random(world.setting.seed)
        fault.before(world.state, dice)
        steps = sorted(fault.steps, key=lambda step: step.after_s)
        shrink = min(1.0, STRIKE_MOST_S / steps[-1].after_s) if steps[-1].after_s else 1.0
        began_s = world.true_time()

        async def rest() -> None:
            for step in steps:
                await asyncio.sleep(max(0.0, began_s + shrink * step.after_s - world.true_time()))
                step.change(world.state, dice)
                await world.apply()
            if world.app.agent is not None:
                world.app.agent.sync_now()  # the person looks whether it still works

        self._striking = asyncio.get_running_loop().create_task(rest())
        if not steps[-1].after_s:
            await self._striking

    async def pass_time(self, minutes: float) -> None:
        """As fast as this machine can, at most :data:`HURRY` times."""

        async def work(world: World) -> None:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, PacedLoop)
            usual = loop.speed
            loop.speed = max(usual, HURRY)
            try:
                await asyncio.sleep(60.0 * minutes)
            finally:
                loop.speed = usual

        await self._loop.do(work)

    async def undo(self) -> None:
        """Put everything right that is wrong, whatever was struck, without what loses data."""

        async def work(world: World) -> None:
            if hasattr(self, "_striking"):
                self._striking.cancel()
            put_right(world)
            await world.apply()
            if world.app.agent is not None:
                world.app.agent.sync_now()

        self._struck.clear()
        await self._loop.do(work)


def put_right(world: World) -> None:
    """By the harmless fixes that the catalogue has for what is wrong, the surest first."""
    dice = random.Random(world.setting.seed)
    for _ in range(3):
        for cause in sorted(causes(world.state)):
            fixes = [
                (mend.chance, fix.id)
                for fix in load().fixes.values()
                for mend in fix.mends
                if mend.cause == cause and fix.id not in _HARMFUL
            ]
            for _, fix in sorted(fixes, reverse=True):
                if cause not in causes(world.state):
                    break
                acts.do(fix, world.state, dice)
    world.state.rooms.walls = ()


def _can_be_struck(fault: Fault, phone: str) -> bool:
    """Not those that need another world from its beginning, and not those that take the browser's own account away."""
    fits = not fault.fits or any(phone.startswith(begin) for begin in fault.fits)
    return fits and not fault.memory_hours and fault.id not in _NOT_HERE
