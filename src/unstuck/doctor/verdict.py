"""The one word first: healthy, stuck or inconclusive, and at which hop.

Never healthy because nothing was seen: that needs data seen to move up to the end. Stuck needs a
boundary seen standing still, or a state that stops everything by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from unstuck.doctor.boundaries import QUIET_OK, Flow
from unstuck.doctor.case import Case
from unstuck.doctor.telling.wording import Clock
from unstuck.model.diagnosis import Finding, HopState, RankedCause, State, Verdict
from unstuck.model.history import How
from unstuck.model.hop import Hop
from unstuck.model.worded import capital, worded

CONVINCING = 0.5
"""Probability from which a cause names the hop: more likely than everything else together."""

SURE = 0.9
"""Probability of the first cause from which nothing more need be asked: doing its fix tells more."""

BLOCKING: Mapping[str, Hop] = {
    "adapter_off": Hop.BLUETOOTH,
    "app_force_stopped": Hop.PHONE,
    "permission_denied": Hop.PHONE,
    "phone_offline": Hop.PHONE,
    "app_version_refused": Hop.SERVER,
    "tracker_version_refused": Hop.SERVER,
    "login_refused": Hop.SERVER,
    "account_refused": Hop.SERVER,
    "tracker_battery_flat": Hop.TRACKER,
    "key_refused": Hop.BLUETOOTH,
}
"""Findings that stop all data by themselves while they hold, with the hop at which they do."""

_WORKING: Mapping[Hop, Mapping[str, str]] = {
    Hop.TRACKER: {
        "tracker_battery_flat": worded("battery fine"),
        "tracker_off_wrist": worded("worn"),
    },
    Hop.BLUETOOTH: {"adapter_off": worded("switched on")},
    Hop.PHONE: {
        "agent_stopped": worded("agent runs"),
        "background_denied": worded("app may run"),
    },
    Hop.SERVER: {"login_refused": worded("login accepted"), "service_errors": worded("answers")},
}
"""Findings whose *no* shows that a hop works, and the words for the chain picture."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict with its place, time and first sentence."""

    verdict: Verdict
    hop: Hop | None
    since: datetime | None
    headline: str


def is_stopped(case: Case, flow: Flow, findings: Sequence[Finding]) -> bool:
    """Whether data is known to stand still: seen at a boundary, blocked by a state, reported, or there is none."""
    if flow.stops or any(_reported(found) for found in findings):
        return True
    if flow.moves and any(found.id == "tracker_off_wrist" and found.state is State.YES for found in findings):
        return True  # nothing comes because there is nothing
    return _concerns_a_tracker(case) and any(_blocks(found) for found in findings)


def judge(
    case: Case,
    flow: Flow,
    findings: Sequence[Finding],
    causes: Sequence[RankedCause],
    *,
    complains: bool = False,
    insists: bool = False,
    hops: Mapping[Hop, float] | None = None,
    shown: Collection[str] = (),
) -> Judgement:
    """Weigh what was seen.

    ``shown``: causes that leave data moving and spoil what is seen of it (late, under another time, not worn).
    ``hops``: probability that a cause at each hop holds: where no single cause convinces, all of a hop together may.
    ``complains``: the person says that data is stuck, or that what was tried did not help. ``insists``: the same once
    more, after having been told that all is well.
    """
    top = causes[0] if causes else None
    sure = top is not None and top.probability >= CONVINCING
    blocking = [found for found in findings if _blocks(found)] if _concerns_a_tracker(case) else []
    idle = top is not None and names_idle(top) and not blocking and not flow.stops
    if top is not None and idle and not insists:
        return Judgement(Verdict.HEALTHY, None, None, worded("{title}. Nothing is broken.", title=worded(top.title)))
    if flow.stops or blocking:
        return _stuck(flow, blocking, top if sure else None, hops or {})
    if complains or any(_reported(found) for found in findings):
        works = {move.hop for move in flow.moves}
        if top is not None and sure and (top.hop not in works or top.id in shown) and _names_more_than_words(case):
            return Judgement(Verdict.STUCK, top.hop, None, worded("{title}.", title=worded(top.title)))
        return Judgement(Verdict.INCONCLUSIVE, None, None, _not_enough(flow))
    if flow.moves:
        return Judgement(Verdict.HEALTHY, None, None, _sentence(flow.moves[-1].text))
    return Judgement(Verdict.INCONCLUSIVE, None, None, _nothing(case, flow))


_NOT_WORN = frozenset({"tracker_off_wrist", "said_not_worn"})
"""The tracker's own log of its days, and the person's word."""


def names_idle(cause: RankedCause) -> bool:
    """Whether it says that nothing is broken, surely enough to let a person go: by itself, or since somebody saw it."""
    seen = any(line.finding in _NOT_WORN for line in cause.evidence)
    return cause.id == "tracker.not_worn" and cause.probability >= (CONVINCING if seen else SURE)


def moves_again(title: str, how: How) -> Judgement:
    """What holds after a fix that helped: by the person's own word, or seen after what was done for them."""
    if how is How.GUIDED:
        headline = worded("Data moves again, as you said. What helped: {title}.", title=worded(title))
    else:
        headline = worded("Data moves again. What helped: {title}.", title=worded(title))
    return Judgement(Verdict.HEALTHY, None, None, headline)


def _stuck(flow: Flow, blocking: Sequence[Finding], top: RankedCause | None, hops: Mapping[Hop, float]) -> Judgement:
    """Where and since when: the hop that the cause names, or all causes of a hop together; else the longest stop."""
    stop = flow.first_stop
    if top is not None:
        own = flow.stop_at(top.hop) or stop
        return Judgement(
            Verdict.STUCK, top.hop, own.since if own is not None else None, worded("{title}.", title=worded(top.title))
        )
    likely = max(hops, key=lambda hop: hops[hop], default=None)
    if stop is not None:
        hop = likely if likely is not None and hops[likely] >= CONVINCING else stop.hop
        return Judgement(Verdict.STUCK, hop, stop.since, _sentence(stop.text))
    return Judgement(Verdict.STUCK, BLOCKING[blocking[0].id], None, _sentence(blocking[0].proof[0].text))


def _names_more_than_words(case: Case) -> bool:
    """Whether there is more than a symptom to go by: a phone that lacks the app altogether is somebody else's."""
    missing = any(fact.subject in case.packages and fact.flag() for fact in case.facts.all("app.not_installed"))
    return not missing or _has_app(case)


def _sentence(text: str) -> str:
    return worded("{sentence}.", sentence=capital(text))


def _not_enough(flow: Flow) -> str:
    if flow.moves:
        return worded("What could be seen works; the trouble lies where nothing was given to look at.")
    return worded("That alone fits many causes; evidence or a few answers would settle it.")


def _concerns_a_tracker(case: Case) -> bool:
    """Whether anything ties the evidence to a tracker: that a phone without one is offline is nobody's case."""
    return case.tracker is not None or _has_app(case) or case.facts.has("reported.symptom", "reported.answer")


def _has_app(case: Case) -> bool:
    return any(
        fact.subject in case.packages and fact.name.startswith("app.") and fact.name != "app.not_installed"
        for fact in case.facts
    )


def _nothing(case: Case, flow: Flow) -> str:
    if flow.notes:
        return flow.notes[0]
    if case.tracker is None and not _has_app(case):
        return worded("Neither a tracker nor its app was recognised in it.")
    if case.tracker is None:
        return worded("No tracker was recognised in it, and nothing in it shows data moving or standing still.")
    return worded("Nothing in it shows the tracker's data moving or standing still.")


def hop_states(
    case: Case, flow: Flow, findings: Sequence[Finding], judgement: Judgement, clock: Clock
) -> tuple[tuple[Hop, HopState, str], ...]:
    """The chain in one line: for each hop whether it works, is broken, or nobody looked."""
    states = {found.id: found.state for found in findings}
    moving = {move.hop for move in flow.moves}
    told: list[tuple[Hop, HopState, str]] = []
    for hop in Hop:
        if judgement.hop is hop:
            text = (
                worded("stuck here")
                if judgement.since is None
                else worded("stopped {time}", time=clock.time(judgement.since))
            )
            told.append((hop, HopState.BROKEN, text))
        elif judgement.verdict is Verdict.STUCK and flow.stop_at(hop) is not None:
            told.append((hop, HopState.BROKEN, worded("stands still")))
        elif hop in moving:
            told.append((hop, HopState.MOVING, worded("data moves")))
        elif hop is Hop.TRACKER:
            told.append(_tracker(case, states, clock))
        else:
            told.append(_by_findings(hop, states))
    return tuple(told)


def _tracker(case: Case, states: Mapping[str, State], clock: Clock) -> tuple[Hop, HopState, str]:
    """When the tracker was last heard, where a trace shows it."""
    names = ("advert.seen", "rssi.read", "link.opened", "link.lost", "link.ended", "link.encrypted", "link.traffic")
    heard = [fact.time for fact in case.of_tracker(*names) if fact.time is not None and fact.time <= case.judged_at]
    if heard:
        fresh = case.judged_at - max(heard) <= QUIET_OK
        return (
            Hop.TRACKER,
            HopState.MOVING if fresh else HopState.UNCHECKED,
            worded("heard {time}", time=clock.time(max(heard))),
        )
    return _by_findings(Hop.TRACKER, states)


def _by_findings(hop: Hop, states: Mapping[str, State]) -> tuple[Hop, HopState, str]:
    for finding, words in _WORKING.get(hop, {}).items():
        if states.get(finding) is State.NO:
            return hop, HopState.MOVING, words
    return hop, HopState.UNCHECKED, worded("not checked")


def _blocks(found: Finding) -> bool:
    return found.state is State.YES and found.id in BLOCKING


def _reported(found: Finding) -> bool:
    return found.state is State.YES and found.id.startswith("symptom.")
