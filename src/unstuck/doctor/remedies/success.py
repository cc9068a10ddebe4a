"""Did it help? Two examinations enter, one from before and one from after; a judgement leaves.

Help is data that moves where it stood still: a watermark at the stopped boundary that is further than it was. That
a setting now has the right value is no help yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from unstuck.doctor.case import as_time
from unstuck.doctor.diagnose import Examination
from unstuck.doctor.flow import DATA_BYTES
from unstuck.doctor.knowledge.schema import Boundary, Fix
from unstuck.model.diagnosis import Diagnosis, Verdict
from unstuck.model.evidence import Fact, FactSet
from unstuck.model.hop import Hop
from unstuck.model.worded import worded

WAS_LIKELY, IS_UNLIKELY = 0.5, 0.1
"""Probabilities between which a cause counts as gone: more likely than not before, less than one in ten now."""


class Way(StrEnum):
    """The three ways of data that can be watched."""

    IN = "into the phone"
    OUT = "into the service"
    SHOWN = "into what the service shows"


class Helped(StrEnum):
    """What can be said by now."""

    YES = "yes"
    NOT_YET = "not yet"
    CANNOT_TELL = "cannot tell"


Mark = tuple[float, ...]
_COUNTED = -1.0
"""In front of a mark that is a count and no time."""

Marks = Mapping[tuple[Way, str], Mark]
"""How far data has come on each way, by the kind of sign and whose it is; greater is further."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Which ways must move for the trouble of an examination to be over; empty: any."""

    ways: frozenset[Way]

    @property
    def text(self) -> str:
        """What is waited for, for a person."""
        ways = [way for way in Way if way in self.ways] or list(Way)
        return _NEW[ways[0]] if len(ways) == 1 else worded("new data")


_NEW = {
    Way.IN: worded("new data into the phone"),
    Way.OUT: worded("new data into the service"),
    Way.SHOWN: worded("new data into what the service shows"),
}


_WAYS = {
    Boundary.LINK: frozenset({Way.IN}),
    Boundary.DRAIN: frozenset({Way.IN}),
    Boundary.UPLOAD: frozenset({Way.OUT}),
    Boundary.SHOW: frozenset({Way.SHOWN}),
}
_HOPS = {
    Hop.TRACKER: frozenset({Way.IN}),
    Hop.BLUETOOTH: frozenset({Way.IN}),
    Hop.SERVER: frozenset({Way.OUT, Way.SHOWN}),
}


def expected(before: Examination) -> Expected:
    """What has to move: the boundary that was seen to stand still, else what follows from the hop."""
    hop = before.diagnosis.stuck_at
    stop = (before.flow.stop_at(hop) if hop is not None else None) or before.flow.first_stop
    if stop is not None and stop.boundary in _WAYS:
        return Expected(_WAYS[stop.boundary])
    return Expected(_HOPS.get(hop, frozenset()) if hop is not None else frozenset())


def judge_help(before: Examination, after: Examination) -> Helped:
    """Whether data moves now where it stood still ``before``."""
    wanted = expected(before).ways
    first, now = marks(before.diagnosis), marks(after.diagnosis)
    seen = {key: mark for key, mark in now.items() if not wanted or key[0] in wanted}
    if any(mark > first[key] for key, mark in seen.items() if key in first):
        return Helped.YES
    if any(key not in first and _is_new(mark, before) for key, mark in seen.items()):
        return Helped.YES
    if _stop_is_over(before, after):
        return Helped.YES
    if after.diagnosis.verdict is Verdict.HEALTHY and before.diagnosis.verdict is not Verdict.HEALTHY:
        return Helped.YES
    return Helped.NOT_YET if seen or after.diagnosis.verdict is Verdict.STUCK else Helped.CANNOT_TELL


def _stop_is_over(before: Examination, after: Examination) -> bool:
    """Whether nothing is seen to stand still any more, and something is seen to move that did not before.

    A phone's own logs seldom show data on its way in: that its app is back, and sends, is all they can show.
    """
    if not before.flow.stops or after.flow.stops:
        return False
    moved = [fact.time for move in after.flow.moves for fact in move.facts if fact.time is not None]
    return any(time > before.looked_at for time in moved)


def cause_is_gone(fix: Fix, before: Examination, after: Examination) -> bool:
    """Whether what the fix mends held before and holds no longer, although data still stands still for another reason.

    Then taking the fix back would only break again what it has mended.
    """
    then, now = _chances(before.diagnosis), _chances(after.diagnosis)
    return any(
        then.get(mend.cause, 0.0) >= WAS_LIKELY and now.get(mend.cause, 0.0) <= IS_UNLIKELY for mend in fix.mends
    )


def marks(diagnosis: Diagnosis) -> Marks:
    """How far data has come, from all that shows it."""
    found: dict[tuple[Way, str], Mark] = {}

    def further(way: Way, sign: str, mark: Mark) -> None:
        key = (way, sign)
        found[key] = max(mark, found.get(key, mark))

    facts = FactSet(diagnosis.facts)
    for fact in facts.all("ledger.watermark"):
        way = {"phone": Way.IN, "server": Way.OUT}.get(fact.text("hop"))
        boot, sequence = fact.number("boot"), fact.number("sequence")
        if way is not None and boot is not None and sequence is not None:
            further(way, f"watermark {fact.subject}", (_COUNTED, boot, sequence))
    for (way, subject), records in _moved_by_agent(facts).items():
        if records:
            found[(way, f"agent {subject}")] = (_COUNTED, records)
    for fact in facts.all("link.traffic"):
        last = as_time(fact.text("last"))
        if last is not None and _carries(facts, fact):
            further(Way.IN, f"link {fact.subject}", (last.timestamp(),))
    for fact in facts.all("app.http"):
        status = fact.number("status")
        if fact.time is not None and status is not None and 200 <= status < 300:
            further(Way.OUT, f"app {fact.subject}", (fact.time.timestamp(),))
    for fact in facts.all("server.series"):
        newest = as_time(fact.text("newest"))
        if newest is not None:
            further(Way.SHOWN, f"series {fact.subject}", (newest.timestamp(),))
    return found


def _carries(facts: FactSet, traffic: Fact) -> bool:
    first, last = as_time(traffic.text("first")), as_time(traffic.text("last"))
    return any(
        fact.text("direction") == "received"
        and (fact.number("bytes") or 0) >= DATA_BYTES
        and fact.time is not None
        and first is not None
        and last is not None
        and first <= fact.time <= last
        for fact in facts.all("att.traffic", subject=traffic.subject)
    )


def _moved_by_agent(facts: FactSet) -> dict[tuple[Way, str], float]:
    """Records that our agent's attempts moved, over all of them."""
    moved: dict[tuple[Way, str], float] = {}
    for fact in facts.all("agent.attempts"):
        way = {"drain": Way.IN, "upload": Way.OUT}.get(fact.text("side"))
        if way is not None:
            key = (way, fact.subject)
            moved[key] = moved.get(key, 0.0) + (fact.number("records") or 0.0)
    return moved


def _is_new(mark: Mark, before: Examination) -> bool:
    """Whether a sign that was not there before speaks of later than that; a count had nothing to count then."""
    return mark[0] == _COUNTED or mark[0] > before.looked_at.timestamp()


def _chances(diagnosis: Diagnosis) -> dict[str, float]:
    return {cause.id: cause.probability for cause in diagnosis.causes}
