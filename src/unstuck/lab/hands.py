"""The lab's fixes done with the real thing: a fix and a world enter, a treated world and its journal leave.

What ``unstuck fix`` has a remedy for goes through the very same treatment, permit and hands, over the lab phone's shell
and by the agent that runs there; all else the scripted person does (:mod:`unstuck.lab.acts`).
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from unstuck.chain.phone.reasons import Side
from unstuck.chain.phone.tracker import TrackerApi, TrackerError
from unstuck.doctor.boundaries import Flow
from unstuck.doctor.diagnose import Examination
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import Situation
from unstuck.doctor.remedies.acts import ChainAct, ChainDeed, Channel, Done, Look, Target
from unstuck.doctor.remedies.catalogue import remedies_for
from unstuck.doctor.remedies.drive import Hand, drive
from unstuck.doctor.remedies.hands.adb import AdbHand
from unstuck.doctor.remedies.journal import Entry, with_entry
from unstuck.doctor.remedies.needs import Proposal
from unstuck.doctor.remedies.permit import Permit
from unstuck.doctor.remedies.treatment import Treatment
from unstuck.lab import acts
from unstuck.lab.state import Down
from unstuck.lab.treating import flows
from unstuck.lab.ways import causes
from unstuck.lab.world import World
from unstuck.model.diagnosis import Diagnosis, PlannedFix, RankedCause, Verdict
from unstuck.model.errors import ErrorCode, LiveError
from unstuck.model.history import Tried
from unstuck.model.hop import Hop

TURN_S = 120.0
"""Longest that one sync asked for by hand is waited for: the radio looks for the tracker and drains a full memory."""

LOOKS_AFTER_S = 60.0
"""A person looks after a minute whether it helped."""


_WEB_FIRST = "sign in to the account in a web browser"
"""In the words of the steps: the trial that changes nothing."""


def targets(world: World) -> tuple[Target, ...]:
    """What can be acted on: the phone, and the agent where the tracker is ours."""
    phone = world.state.phone
    adb = Target(Channel.ADB, "lab", phone.model.sdk, phone.state.app.package, phone.state.app.uid)
    chain = Target(Channel.CHAIN, str(world.folder), address=world.address, pairs_without_loss=True)
    return (adb, chain) if world.kind.open else (adb,)


def hands(world: World) -> Mapping[Channel, Hand]:
    """The hands for them."""
    return {Channel.ADB: AdbHand(_Shell(world)), Channel.CHAIN: AgentHand(world)}


async def do(fix: str, world: World, dice: random.Random) -> tuple[Entry, ...]:
    """Do one fix to its end; the journal of it, empty where no remedy has it. KeyError: no such fix."""
    if not remedies_for(fix, targets(world)):
        acts.do(fix, world.state, dice)
        await world.apply()
        return ()

    async def look(tried: tuple[Tried, ...]) -> Examination:
        return seen(world, fix)

    bedside = Bedside(world, dice, look)
    await drive(Treatment(live=False).run(), bedside, hands(world))
    return bedside.journal


def seen(world: World, fix: str) -> Examination:
    """What somebody sees who knows the world, with this one fix as the plan."""
    state = world.state
    known = load().fixes[fix]
    planned = PlannedFix(fix, known.title, known.minutes, 1.0, True, None, ("1",), known.worked_when)
    now = datetime.fromtimestamp(world.phone_time(), UTC)
    ranked = tuple(RankedCause(one, Hop.PHONE, one, 1.0, ()) for one in sorted(causes(state)))
    diagnosis = Diagnosis(
        verdict=Verdict.HEALTHY if flows(state) else Verdict.STUCK,
        headline="",
        stuck_at=None,
        since=None,
        judged_at=now,
        tracker=None,
        phone="",
        zone="UTC",
        at_risk=None,
        hops=(),
        causes=ranked,
        plan=(planned,),
        unchecked=(),
        next_question=None,
        findings=(),
        facts=(),
        timeline=(),
        sources=(),
    )
    return Examination(diagnosis, truth(world), Flow((), ()), now, targets(world))


def truth(world: World) -> Situation:
    """What the harm gate would be told by somebody who knows the world."""
    state = world.state
    return Situation(
        undrained=state.undrained > 0,
        unsent=state.unsent > 0,
        vendor_down=state.service.down is not Down.NO,
        tracker_battery_percent=state.wrist.battery_percent,
        login_known=state.person.knows_login,
    )


@dataclass
class Bedside:
    """The world of a treatment in the lab: a person who agrees to everything and does what is shown.

    ``look``: takes the evidence and judges it, knowing what was tried. ``did``: what the person's own hands did, with
    what it cost.
    """

    world: World
    dice: random.Random
    look: Callable[[tuple[Tried, ...]], Awaitable[Examination]]
    journal: tuple[Entry, ...] = ()
    did: list[tuple[str, acts.Done]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    asked: list[Proposal] = field(default_factory=list)

    async def examine(self, says: str, tried: tuple[Tried, ...]) -> Examination:
        """An app that a remedy opened is put away first: in front of a person it may do all that it may not else."""
        await self._put_away()
        return await self.look(tried)

    async def agrees(self, proposal: Proposal) -> bool:
        """Yes."""
        self.asked.append(proposal)
        return True

    async def agrees_to_undo(self, entry: Entry) -> bool:
        """Yes."""
        return True

    async def helped(self, fix: PlannedFix) -> bool | None:
        """Whether data can move, after a look."""
        await self.pause(LOOKS_AFTER_S, "")
        await self._put_away()
        return flows(self.world.state)

    async def guided(self, fix: PlannedFix) -> bool:
        """The scripted person does it, step by step: who is told to sign in on the web first, and cannot, goes no
        further."""
        if any(_WEB_FIRST in line for line in fix.steps) and not self._gets_in():
            return False
        self.did.append((fix.fix, acts.do(fix.fix, self.world.state, self.dice)))
        await self.world.apply()
        return True

    def now(self) -> datetime:
        """By the phone's clock."""
        return datetime.fromtimestamp(self.world.phone_time(), UTC)

    async def pause(self, seconds: float, says: str) -> None:
        """Virtual time passes."""
        await self.world.pass_time(seconds)

    async def tell(self, text: str) -> None:
        """Remembered."""
        self.said.append(text)

    def keep(self, entry: Entry) -> None:
        """Remembered."""
        self.journal = with_entry(self.journal, entry)

    def _gets_in(self) -> bool:
        state = self.world.state
        return state.service.down is Down.NO and state.person.knows_login

    async def _put_away(self) -> None:
        phone = self.world.state.phone
        if phone.state.on_screen == phone.state.app.package:
            await self.world.pass_time(LOOKS_AFTER_S)
            phone.leave_app()
            await self.world.apply()


@dataclass(frozen=True, slots=True)
class _Shell:
    """The lab phone's shell, after which the world follows."""

    world: World

    async def __call__(self, command: str) -> tuple[str, int | None]:
        state = self.world.state
        phone = state.phone
        if not phone.state.powered:
            raise LiveError(ErrorCode.LIVE_GONE, phone="lab")
        before = _Before.of(self.world)
        result = phone.run(command)
        if phone.state.booted_s != before.booted_s:
            acts.phone_started(state)
        if before.bluetooth == "off" and phone.state.bluetooth == "on":
            acts.bluetooth_cycled(state)
        if phone.state.on_screen == phone.state.app.package and not before.open:
            state.synced_by_hand += 1  # an app that is opened syncs
        if before != _Before.of(self.world):
            await self.world.apply()
        return (result.stdout + result.stderr).decode(), result.status


@dataclass(frozen=True, slots=True)
class _Before:
    """What of the phone a command can change that has consequences outside it."""

    booted_s: float
    bluetooth: str
    open: bool
    alive: bool

    @classmethod
    def of(cls, world: World) -> "_Before":
        """As it is."""
        phone = world.state.phone.state
        on = "off" if phone.bluetooth in ("off", "ble_on") else phone.bluetooth
        return cls(phone.booted_s, on, phone.on_screen == phone.app.package, phone.app.pid is not None)


@dataclass(frozen=True, slots=True)
class AgentHand:
    """The hand in our own chain: the agent that runs on the lab's phone does it, with its own link."""

    world: World

    async def look(self, look: Look) -> str | None:
        """There is nothing to look at."""
        return None

    async def make(self, permit: Permit) -> Done:
        """What the agent here can do; a refusal is the answer."""
        act = permit.use()
        if not isinstance(act, ChainAct):
            raise TypeError(f"not for our chain: {act}")
        if self.world.app.agent is None:
            return Done(False, "the agent does not run")
        match act.deed:
            case ChainDeed.DRAIN_NOW:
                return await self._sync()
            case ChainDeed.RESTART_TRACKER:
                return await self._restart()
            case ChainDeed.PAIR_AGAIN:
                return await self._pair_again()
        return Done(False, "not here")

    async def _sync(self) -> Done:
        """One attempt at each side; good when nothing was amiss or something was brought."""
        app = self.world.app
        before = len(app.attempts)
        await app.settle(TURN_S)
        new = app.attempts[before:]
        bad = [one for one in new if not one.outcome.good]
        if not {one.side for one in new} >= {Side.DRAIN}:
            return Done(False, "the tracker did not get its turn")
        return Done(not bad or any(one.records for one in new), bad[0].detail if bad else "")

    async def _restart(self) -> Done:
        try:
            await TrackerApi(self.world.app.link).restart()
        except TrackerError as fault:
            return Done(False, fault.outcome.value)
        return await self._sync()

    async def _pair_again(self) -> Done:
        """The person presses the tracker's button first, as the remedy says."""
        self.world.peripheral.open_pairing()
        self.world.app.link.pair_again = True
        await self.world.app.link.close()
        done = await self._sync()
        if self.world.app.link.open:
            self.world.note_paired()
            return done
        self.world.app.link.pair_again = False
        return Done(False, done.text or "it did not pair")
