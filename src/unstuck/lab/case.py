"""One case: a fault in a world, seen through different evidence, treated, mended in the real chain, and scored."""

import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from unstuck.doctor.diagnose import Options, diagnose
from unstuck.lab import evidence, hands
from unstuck.lab.evidence import Given
from unstuck.lab.faults.all import FAULTS, HEALTHY
from unstuck.lab.faults.fault import Fault
from unstuck.lab.person import Sight, complaint, everything_said
from unstuck.lab.treating import (
    Guided,
    Treated,
    by_article,
    by_doctor,
    by_first_failed_check,
    by_hindsight,
    flows,
    tried_on,
)
from unstuck.lab.ways import causes, obstacles
from unstuck.lab.world import Setting, World
from unstuck.model.diagnosis import Diagnosis

WELL_S = (4_200.0, 7_800.0)
"""How long all is well before the fault: five to nine syncs."""

CATCH_UP_S = 45 * 60.0
"""How long the chain is given to catch up after a fix: the longest back-off of the agent (15 min), and a full drain."""

CAUGHT_UP_S = 25 * 60.0
"""The server's newest record is no older than this once data moves again: a round of the rhythm, and its jitter."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is played. ``faults``: one or more ids. ``behaviour``: of the person. ``seed``: of all chance."""

    faults: tuple[str, ...]
    phone: str = "pixel-14"
    tracker: str = "unstuck"
    behaviour: str = "ordinary"
    seed: int = 1

    @property
    def label(self) -> str:
        """All of it in one word; the seed of what chance decides for the person."""
        return "/".join(("+".join(self.faults), self.phone, self.tracker, self.behaviour, str(self.seed)))

    @property
    def all(self) -> tuple[Fault, ...]:
        """The faults themselves. KeyError: there is no such fault."""
        return tuple(FAULTS.get(one) or HEALTHY[one] for one in self.faults)


BEHAVIOURS = ("ordinary", "forgets_login", "old_app", "restless")
"""How people differ: one does not know the login, one never updates, one moves about the house all day."""


def possible(case: Case) -> bool:
    """Whether this phone can have these faults."""
    from unstuck.lab.phone.models import MODELS

    model = MODELS[case.phone]
    return all(
        (not fault.fits or any(case.phone.startswith(begin) for begin in fault.fits))
        and model.android >= fault.least_android
        for fault in case.all
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What the doctor said with one kind of evidence, and where it led. ``alone``: of the evidence, without a
    complaint and without a person."""

    given: Given
    alone: Diagnosis
    guided: Guided
    failed_check: Treated


@dataclass(frozen=True, slots=True)
class Played:
    """A case that was played. ``truth``: every cause that is true; ``hops``: where data stands still.

    ``judged``: by evidence. ``mended``: whether the real chain caught up after the fixes of the first session (without
    one, those that hindsight names); ``expected``: whether it was to be expected; ``lost``: records that are nowhere
    though nothing overwrote them. ``answers``: what this person says to every question. ``ends``: of the fixes that
    could mend what is wrong, which causes each ended when it was done first (empty: none).
    """

    case: Case
    symptom: str
    truth: frozenset[str]
    hops: frozenset[str]
    flowing: bool
    late_s: float
    judged: Mapping[Given, Judged]
    article: Treated
    hindsight: Treated
    mended: bool
    expected: bool
    lost: int
    outcomes: Mapping[str, int] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, frozenset[str]] = field(default_factory=dict)


async def play(case: Case, folder: Path, given: tuple[Given, ...] = tuple(Given)) -> Played:
    """Play it on the running loop. ``folder``: for everything that the world writes."""
    async with noticed(case, folder) as (world, dice):
        return await _judge(world, case, given, dice)


@asynccontextmanager
async def noticed(case: Case, folder: Path) -> AsyncIterator[tuple[World, random.Random]]:
    """The world at the moment when the person notices, and the dice for what comes then. On the running loop."""
    dice = random.Random(case.label)
    hours = max((fault.memory_hours for fault in case.all), default=0)
    begins_s = 1_773_273_600.0 + dice.randrange(0, 20) * 3_600
    setting = Setting(case.phone, case.tracker, begins_s, case.seed, hours)
    async with World(folder, setting) as world:
        _behave(case.behaviour, world, dice)
        for fault in case.all:
            fault.before(world.state, dice)
        await world.apply()
        await world.pass_time(dice.uniform(*WELL_S))
        await _strike(world, case, dice)
        await world.apply()
        yield world, dice


def _behave(behaviour: str, world: World, dice: random.Random) -> None:
    state = world.state
    match behaviour:
        case "forgets_login":
            state.person.knows_login = False
        case "old_app":
            app = state.phone.state.app
            app.updated_s -= dice.uniform(90, 300) * 86_400
            app.installed_s = min(app.installed_s, app.updated_s - 86_400)
        case "restless":
            state.phone.screen(True)
            state.rooms.phone_links = 1
            state.rooms.phone_busy = 0.1


async def _strike(world: World, case: Case, dice: random.Random) -> None:
    """Every step of every fault at its time, then on to the moment when the person notices."""
    began_s = world.true_time()
    steps = sorted(
        ((step.after_s, place, step) for fault in case.all for place, step in enumerate(fault.steps)),
        key=lambda one: one[:2],
    )
    for after_s, _, step in steps:
        await world.pass_time(max(0.0, began_s + after_s - world.true_time()))
        step.change(world.state, dice)
        await world.apply()
    noticed_s = max(dice.uniform(*fault.noticed_s) for fault in case.all)
    await world.pass_time(max(0.0, began_s + noticed_s - world.true_time()))


def sight_of(world: World) -> Sight:
    """What there is to see now."""
    newest = world.backend.newest_s()
    late_s = world.true_time() - (newest if newest is not None else world.setting.begins_s)
    hours = world.setting.memory_hours or world.kind.keeps_hours
    return Sight(world.state, world.attempts, late_s, world.true_time(), hours)


def true_causes(world: World, case: Case) -> frozenset[str]:
    """Everything that is wrong now, and what the faults brought though it may close no way yet."""
    brought = {cause for fault in case.all for cause in ({fault.cause} | fault.also) if cause}
    return causes(world.state) | brought


async def _judge(world: World, case: Case, given: tuple[Given, ...], dice: random.Random) -> Played:
    state = world.state
    sight = sight_of(world)
    symptom = complaint(sight, dice)
    truth = true_causes(world, case)
    await evidence.save(world)
    judged = {}
    for one in given:
        if one is Given.ANSWERS and not symptom:
            continue
        read = await evidence.readings(world, one)
        alone = diagnose(read, Options(), evidence.now(world))
        guided = by_doctor(sight, symptom, read, evidence.now(world), case.label)
        judged[one] = Judged(one, alone, guided, by_first_failed_check(state, guided.first, case.label))
    flowing = flows(state)
    hops = frozenset(one.hop.value for one in obstacles(state))
    article, hindsight = by_article(state, case.label), by_hindsight(state, case.label)
    answers, ends = everything_said(sight, case.label), tried_on(state, truth, case.label)
    # What the doctor's session had done is done for real; without one, what would have been best.
    sessions = (judged[one].guided.treated for one in given if one in judged and symptom)
    best = next(sessions, hindsight)
    fixes = best.fixes
    mended, expected = await mend(world, fixes)
    return Played(
        case,
        symptom,
        truth,
        hops,
        flowing,
        sight.late_s,
        judged,
        article,
        hindsight,
        mended,
        expected,
        world.lost(),
        _outcomes(world),
        answers,
        ends,
    )


async def mend(world: World, fixes: tuple[str, ...]) -> tuple[bool, bool]:
    """Do these fixes in the real chain, and see whether it catches up; and whether it should."""
    dice = random.Random(world.setting.seed)
    for fix in fixes:
        await hands.do(fix, world, dice)
        await world.pass_time(60.0)
        if world.app.agent is not None:
            world.app.agent.sync_now()  # the person opens the app to see whether it helped
    await world.pass_time(CATCH_UP_S)
    newest = world.backend.newest_s() or 0.0
    return abs(world.true_time() - newest) <= CAUGHT_UP_S, not causes(world.state)


def _outcomes(world: World) -> dict[str, int]:
    found: dict[str, int] = {}
    for attempt in world.attempts:
        found[attempt.outcome.value] = found.get(attempt.outcome.value, 0) + 1
    return found


def parse(text: str) -> tuple[str, ...]:
    """Ids of faults from ``a+b``. KeyError: one of them does not exist."""
    ids = tuple(re.split(r"\s*\+\s*", text.strip()))
    for one in ids:
        if one not in FAULTS and one not in HEALTHY:
            raise KeyError(one)
    return ids
