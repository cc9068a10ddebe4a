"""How long it takes until data moves, by different helpers: a state enters, minutes and mistakes leave. Pure.

All of them work on a copy of the same world and do their fixes with the same hands (:mod:`unstuck.lab.acts`). Minutes
are hands-on ones: a question's and a fix's own, and two for looking whether it helped; waiting for a service counts the
looking, and a fix that turns out not to be needed counts until the person sees that. A helper that ends without data
moving is charged what the doctor's own plan weighs for that, a working day.
"""

import copy
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import combinations, permutations

from unstuck.doctor.diagnose import Options, diagnose
from unstuck.doctor.guide.machine import View, choose, look
from unstuck.doctor.guide.screens import STOPPED
from unstuck.doctor.guide.state import OTHER, UNSURE, Kind, Session, begin
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.makers import maker_id
from unstuck.doctor.reasoning.repair import LOOK_AGAIN_MINUTES, STILL_STUCK_MINUTES
from unstuck.evidence.profiles import vendor_of_package
from unstuck.lab import acts
from unstuck.lab.person import Sight, answer
from unstuck.lab.state import State
from unstuck.lab.ways import causes
from unstuck.model.diagnosis import Diagnosis
from unstuck.model.diagnosis import State as Seen
from unstuck.model.evidence import Reading
from unstuck.model.hop import Hop

ARTICLE = (
    "restart_tracker",
    "restart_phone",
    "repair_bond",
    "update_app",
    "update_firmware",
    "allow_background",
    "grant_permissions",
    "reinstall_app",
    "contact_support",
)
"""The order that help articles print: restart both, pair anew, update, settings, reinstall, support."""

NOTHING_TO_MEND = frozenset({"tracker.not_worn"})
"""Causes that are no fault: whoever says so, and does nothing, is done."""

INSISTS_MOST = 2
"""How often a person who is told that all is well says that it is not. Judgement: then they give up."""

TRIES_A_SYNC = "sync_by_hand"
"""The question that is answered by doing it: the app is opened, and syncs where it can."""

SCREENS_MOST = 150
"""More screens than any session has: 39 questions, some of them asked again, 27 fixes, and the ends."""


@dataclass(frozen=True, slots=True)
class Treated:
    """One helper's way. ``minutes`` until data moved (or with the charge for giving up), ``moved``: whether it did."""

    minutes: float
    moved: bool
    fixes: tuple[str, ...] = ()
    questions: int = 0
    lost: int = 0
    harmful: int = 0


@dataclass(frozen=True, slots=True)
class Guided:
    """The doctor's way: ``diagnosis`` before the first fix, with all answers; ``first``: before any question."""

    treated: Treated
    first: Diagnosis
    diagnosis: Diagnosis


def flows(state: State) -> bool:
    """Whether data moves, or there is nothing to move."""
    return not causes(state) - NOTHING_TO_MEND


@dataclass(slots=True)
class _Tally:
    """A world of one's own at the same moment, in which time passes as minutes are spent."""

    state: State
    dice: random.Random
    minutes: float = 0.0
    fixes: list[str] = field(default_factory=list)
    questions: int = 0
    lost: int = 0
    harmful: int = 0
    insisted: int = 0
    looked: bool = False
    moved: bool = False

    @classmethod
    def of(cls, state: State, seed: str) -> "_Tally":
        """A copy of the state on a clock of its own."""
        began_s = state.phone.view().now_s
        tally = cls(copy.deepcopy(state), random.Random(seed))
        tally.state.phone.follow_clock(lambda: began_s + 60.0 * tally.minutes)
        return tally

    def ask(self, question: str) -> None:
        """Look an answer up; what a sync by hand comes to was just seen where a fix was tried before."""
        spec = load().questions[question]
        self.questions += 1
        if self.moved:
            return
        self.minutes += 0.0 if spec.again and self.looked else spec.minutes
        self.looked = False

    def opened(self) -> None:
        """The app was opened to tell what a sync by hand comes to."""
        acts.open_app(self.state)
        self.moved = flows(self.state)

    def do(self, fix: str) -> bool:
        """Do it, and say whether data moves now."""
        self.fixes.append(fix)
        known = load().fixes[fix]
        if known.needless_minutes is not None and acts.needless(fix, self.state):
            self.minutes += known.needless_minutes
            return flows(self.state)
        done = acts.do(fix, self.state, self.dice)
        self.minutes += known.minutes + LOOK_AGAIN_MINUTES
        self.looked = True
        self.lost += done.lost
        self.harmful += done.harmful
        return flows(self.state)

    def end(self, moved: bool) -> Treated:
        """The result."""
        minutes = self.minutes if moved else self.minutes + STILL_STUCK_MINUTES
        return Treated(minutes, moved, tuple(self.fixes), self.questions, self.lost, self.harmful)


def by_order(state: State, order: Sequence[str], seed: str) -> Treated:
    """One fix after another until data moves."""
    tally = _Tally.of(state, seed)
    if not causes(state):
        return tally.end(True)
    return tally.end(any(tally.do(fix) for fix in order))


def by_article(state: State, seed: str) -> Treated:
    """As every help article says."""
    return by_order(state, ARTICLE, seed)


def by_hindsight(state: State, seed: str) -> Treated:
    """Who knows all: the cheapest fixes, without harm, after which data moves. Nothing where nothing is to mend."""
    if flows(state):
        return Treated(0.0, True)
    fixes = sorted(acts.FIXES, key=lambda fix: load().fixes[fix].minutes)
    best: Treated | None = None
    useful = []
    before = causes(state)
    for fix in fixes:
        trial = _Tally.of(state, seed)
        moved = trial.do(fix)
        if trial.harmful:
            continue
        if moved:  # the cheapest fix that does it: they are tried in the order of their minutes
            best = trial.end(True)
            break
        if before - causes(trial.state):
            useful.append(fix)
    # First of those that each end something at once, then of all that could: who cannot sign in while a service is down
    # can afterwards.
    could = [fix for fix in fixes if any(mend.cause in before for mend in load().fixes[fix].mends)]
    searches = (combinations(useful, 2), combinations(useful, 3), permutations(could, 2), permutations(could, 3))
    for search in searches:
        if best is not None:
            break
        for several in search:
            treated = by_order(state, several, seed)
            if treated.moved and not treated.harmful and (best is None or treated.minutes < best.minutes):
                best = treated
    return best or by_order(state, (), seed)


def tried_on(state: State, wrong: Collection[str], seed: str) -> dict[str, frozenset[str]]:
    """Each fix that the catalogue has for one of these causes, done first in a copy: which of them it ended."""
    before = causes(state) & frozenset(wrong)
    ends = {}
    for fix in load().fixes.values():
        if before & {mend.cause for mend in fix.mends}:
            trial = _Tally.of(state, seed)
            trial.do(fix.id)
            ends[fix.id] = before - causes(trial.state)
    return ends


def by_first_failed_check(state: State, diagnosis: Diagnosis, seed: str) -> Treated:
    """A checklist from the wrist to the server: mend what the first failed check names, and so on; then the article."""
    knowledge = load()
    failed = {one.id for one in diagnosis.findings if one.state is Seen.YES}
    order: list[str] = []
    for hop in Hop:
        for spec in knowledge.findings.values():
            if spec.hop is not hop or spec.id not in failed or not spec.links:
                continue
            cause = max(spec.links, key=lambda link: link.strength).cause
            mending = [
                (mend.chance, fix.id) for fix in knowledge.fixes.values() for mend in fix.mends if mend.cause == cause
            ]
            if mending and max(mending)[1] not in order:
                order.append(max(mending)[1])
    return by_order(state, [*order, *(fix for fix in ARTICLE if fix not in order)], seed)


def by_doctor(sight: Sight, symptom: str, readings: Sequence[Reading], now: datetime, seed: str) -> Guided:
    """A guided session with a scripted person: the doctor asks and advises, the person looks up and does."""
    if not symptom and not causes(sight.state):  # nobody complains: what does the doctor say of the evidence alone?
        alone = diagnose(readings, Options(), now)
        return Guided(Treated(0.0, True), alone, alone)
    tally = _Tally.of(sight.state, seed)
    before = sight.state
    session: Session = begin(now)
    first: Diagnosis | None = None
    settled: Diagnosis | None = None
    clock = now
    for _ in range(SCREENS_MOST):
        view: View = look(session, readings, clock)
        screen = view.screen
        if screen.kind not in (Kind.SYMPTOM, Kind.PHONE) and first is None:
            first = view.diagnosis
        if screen.kind in (Kind.FIX, Kind.WAIT, Kind.SUPPORT, Kind.MOVES, Kind.CLOSED) and settled is None:
            settled = view.diagnosis
        if tally.moved and settled is not None:  # what was asked after that sync was for the cause alone
            return _guided(tally.end(True), first, settled)
        match screen.kind:
            case Kind.SYMPTOM:
                choice = symptom or OTHER
            case Kind.PHONE:
                choice = maker_id(before.phone.model.maker) or "android"
                offered = [one.id for one in screen.choices]
                choice = choice if choice in offered else "android"
            case Kind.MAKE:
                offered = [one.id for one in screen.choices]
                profile = vendor_of_package(before.phone.state.app.package)
                make = profile.id if profile is not None else ""
                choice = make if make in offered else UNSURE
            case Kind.QUESTION:
                time = 1 + sum(one.question == screen.id for one in session.answers)
                choice = answer(screen.id, replace(sight, state=tally.state), seed, time)
                tally.ask(screen.id)
                if screen.id == TRIES_A_SYNC:
                    tally.opened()
            case Kind.FIX | Kind.WAIT:
                if tally.do(screen.id):
                    return _guided(tally.end(True), first, settled)
                choice = "did_not_help"
            case Kind.SUPPORT:
                if causes(before) <= NOTHING_TO_MEND:
                    return _guided(tally.end(True), first, settled)
                asked = "contact_support" in tally.fixes
                if asked or tally.do("contact_support"):
                    return _guided(tally.end(not asked), first, settled)
                choice = "did_not_help"
            case Kind.MOVES if not flows(tally.state) and tally.insisted < INSISTS_MOST:
                tally.insisted += 1
                choice = STOPPED
            case _:
                return _guided(tally.end(flows(tally.state)), first, settled)
        clock += timedelta(minutes=1)
        session = choose(view, choice, clock)
    return _guided(tally.end(False), first, settled)


def _guided(treated: Treated, first: Diagnosis | None, settled: Diagnosis | None) -> Guided:
    assert first is not None
    return Guided(treated, first, settled or first)
