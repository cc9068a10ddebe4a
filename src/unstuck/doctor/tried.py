"""What was tried: what its failing says about the causes, what is not offered again, whether data moves now.

A fix that was done and did not help is evidence like any other: what it would have ended is less likely to hold.
Fixes and findings are taken in the order of time, because a finding speaks about the moment it was seen. The
arithmetic: docs/why/reasoning.md.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from unstuck.doctor.anew import LONG_AGO, Before
from unstuck.doctor.knowledge.schema import Fix, Knowledge
from unstuck.doctor.reasoning.network import Network, Posterior, Said
from unstuck.doctor.reasoning.plan import CONTACT_SUPPORT
from unstuck.model.diagnosis import Finding, State
from unstuck.model.history import Result, Tried

NOT_AGAIN = frozenset({Result.HELPED, Result.DID_NOT_HELP, Result.UNDONE, Result.FAILED, Result.DECLINED})
"""Results after which a fix is not offered once more."""

SPEAKS = frozenset({Result.DID_NOT_HELP, Result.UNDONE})
"""Results that say something about the causes: the fix was done, and data did not move."""

TRIES_MOST = 2
"""How often a fix is offered whose cause is seen to hold again: whoever did it twice has another trouble."""

ENDED = 0.5
"""Chance below which a cause is left, so that what it showed before is taken for over (probability)."""


def failures(tried: Sequence[Tried], since: datetime | None = None) -> list[Tried]:
    """What was done and did not help, in the order of time; only since data stopped, where that is known.

    Support counts once: that it was asked again is no second try.
    """
    spoken = sorted((one for one in tried if one.result in SPEAKS and (since is None or when(one) >= since)), key=when)
    first = next((one for one in spoken if one.fix == CONTACT_SUPPORT), None)
    return [one for one in spoken if one.fix != CONTACT_SUPPORT or one is first]


def when(tried: Tried) -> datetime:
    """When its result was known."""
    return tried.ended or tried.began


def offered(fixes: Mapping[str, Fix], tried: Sequence[Tried], once_more: Collection[str] = ()) -> dict[str, Fix]:
    """The fixes without those that were tried already. Support stays: it is where a plan ends.

    ``once_more``: those that :func:`in_vain` names; they come again until they were done TRIES_MOST times.
    """
    counts = Counter(one.fix for one in tried if one.result in NOT_AGAIN and one.fix != CONTACT_SUPPORT)
    most = {fix_id: TRIES_MOST if fix_id in once_more else 1 for fix_id in fixes}
    return {fix_id: fix for fix_id, fix in fixes.items() if counts[fix_id] < most[fix_id]}


def in_vain(
    found: Sequence[Finding], seen: Mapping[str, datetime], failed: Sequence[Tried], knowledge: Knowledge
) -> frozenset[str]:
    """Fixes after which the cause that they most likely end was seen to hold: a finding that no other cause brings.

    Bluetooth was turned on, and now it is off: it went off again, or was never on.
    """
    last: dict[str, datetime] = {}
    for finding in found:
        spec = knowledge.findings.get(finding.id)
        if finding.state is State.YES and spec is not None and len(spec.links) == 1 and finding.id in seen:
            cause = spec.links[0].cause
            last[cause] = max(seen[finding.id], last.get(cause, LONG_AGO))
    return frozenset(
        one.fix
        for one in failed
        if one.fix in knowledge.fixes
        for mend in knowledge.fixes[one.fix].mends
        if mend.chance > 1.0 - ENDED and when(one) < last.get(mend.cause, LONG_AGO)
    )


def moving_again(
    tried: Sequence[Tried], stopped_again: datetime | None, newest_stop: datetime | None = None
) -> Tried | None:
    """The fix after which data moves, as far as is known; None where it does not.

    ``stopped_again``: when the person said that it had stopped once more. ``newest_stop``: the end of evidence in
    which data stands still; what helped before that did not last.
    """
    told = [one for one in tried if one.result in SPEAKS or one.result is Result.HELPED]
    last = max(told, key=when, default=None)
    if last is None or last.result is not Result.HELPED:
        return None
    over = [moment for moment in (stopped_again, newest_stop) if moment is not None and moment > when(last)]
    return None if over else last


def seen_at(found: Sequence[Finding], answered_at: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """When each finding was last seen to be so; those without a time are left out.

    ``answered_at``: when each question was answered. What is dated after ``now`` was written before a clock was set
    back: nobody knows when, and it is left out too.
    """
    seen: dict[str, datetime] = {}
    for finding in found:
        facts = [fact for proof in finding.proof for fact in proof.facts]
        times = [answered_at.get(fact.subject) if fact.name == "reported.answer" else fact.time for fact in facts]
        known = [time for time in times if time is not None and time <= now]
        if known:
            seen[finding.id] = max(known)
    return seen


def weigh(
    network: Network,
    states: Mapping[str, State],
    seen: Mapping[str, datetime],
    failed: Sequence[Tried],
    fixes: Mapping[str, Fix],
    *,
    stopped: bool,
    able: Collection[str] | None,
    told: Mapping[str, Said] | None = None,
    before: Sequence[Before] = (),
) -> Posterior:
    """The posterior of what holds now, given the findings and, between them, the fixes that failed (oldest first).

    Findings without a time were seen before the first fix. Unknown fixes say nothing. ``told``: those that a person
    answered. ``before``: what was seen before it was looked at once more.
    """
    left = {id_: state for id_, state in states.items() if id_ in network.links and state is not State.UNKNOWN}
    older = sorted(before, key=lambda one: one.at)

    def until(moment: datetime | None) -> _Batch:
        """What was seen up to a moment (None: the rest), of each finding the newest."""
        batch: dict[str, State] = {}
        said: dict[str, Said] = {}
        for one in [one for one in older if moment is None or one.at <= moment]:
            older.remove(one)
            known = {finding: state for finding, state in one.states.items() if finding in network.links}
            batch.update(known)
            said.update(dict.fromkeys(known, one.said) if one.said is not None else {})
        for finding in [one for one in left if moment is None or seen.get(one, LONG_AGO) <= moment]:
            batch[finding] = left.pop(finding)
            said.pop(finding, None)
            if told is not None and finding in told:
                said[finding] = told[finding]
        return _Batch(batch, said)

    first = until(when(failed[0]) if failed else None)
    posterior = network.posterior(first.states, stopped=stopped, able=able, told=first.said)
    for one, following in zip_longest(failed, failed[1:]):
        mends = mends_of(fixes.get(one.fix), network)
        undone = one.result is Result.UNDONE
        posterior = posterior.after_undone(mends) if undone else posterior.after_failed(mends)
        posterior = _given(posterior, until(None if following is None else when(following)))
    return posterior


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was seen between two fixes. ``said``: of it what a person answered."""

    states: Mapping[str, State]
    said: Mapping[str, Said]


def _given(posterior: Posterior, fresh: _Batch) -> Posterior:
    for finding, state in fresh.states.items():
        if finding not in fresh.said:
            posterior = posterior.given(finding, state)
    for said in dict.fromkeys(fresh.said.values()):
        stated = {id_: state for id_, state in fresh.states.items() if fresh.said.get(id_) == said}
        posterior = posterior.given_answer(stated, said)
    return posterior


def mends_of(fix: Fix | None, network: Network) -> dict[str, float]:
    """The causes of the network that a fix ends, or their forms, each with its chance."""
    known = [mend for mend in fix.mends if mend.cause in network.columns] if fix is not None else []
    return {key: chance for mend in known for key, chance in mend.by_key.items()}


def without_mended(
    found: Sequence[Finding], seen: Mapping[str, datetime], failed: Sequence[Tried], knowledge: Knowledge
) -> tuple[Finding, ...]:
    """The findings that still speak about now: those that a fix has most likely ended since become unknown.

    Bluetooth was off; it was turned on and data does not move: that it was off says nothing about now.
    """
    return tuple(
        Finding(finding.id, State.UNKNOWN) if _is_over(finding, seen, failed, knowledge) else finding
        for finding in found
    )


def _is_over(finding: Finding, seen: Mapping[str, datetime], failed: Sequence[Tried], knowledge: Knowledge) -> bool:
    spec = knowledge.findings.get(finding.id)
    if finding.state is not State.YES or spec is None or not spec.links:
        return False
    cause = max(spec.links, key=lambda link: link.strength).cause
    left = 1.0
    for one in failed:
        fix = knowledge.fixes.get(one.fix)
        if one.result is Result.DID_NOT_HELP and fix is not None and seen.get(finding.id, LONG_AGO) <= when(one):
            left *= next((1.0 - mend.chance for mend in fix.mends if mend.cause == cause), 1.0)
    return left < ENDED
