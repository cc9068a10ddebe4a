"""Traces that show the same packets in two forms, so that one lost link is not counted twice.

A bug report holds the last packets as a summary in its text, without the data of links, and often also the phone's
whole log of the same hours. The bytes differ; the events do not.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from unstuck.model.errors import ErrorCode, render
from unstuck.model.evidence import Fact, Reading

_SAME_EVENT_S = 0.5
"""The summary counts time backwards from its last packet, in steps; the same event may be some milliseconds off."""
_LEAST_PART = 0.9
"""Of the events of the shorter trace that the longer one must show too."""
_EVENTS = frozenset(
    {
        "hci.reset",
        "link.cancelled",
        "link.encrypted",
        "link.ended",
        "link.lost",
        "link.not_established",
        "link.opened",
        "link.refused",
        "pairing.completed",
        "pairing.failed",
        "pairing.started",
    }
)
"""Facts about one moment that every form of trace shows; traffic is missing from the summary."""
_LESSER_EVENTS = frozenset({"advert.seen", "rssi.read"})
"""Compared only where a trace has no other events: long traces are thinned of these."""

Moments = dict[tuple[str, str], list[float]]


def without_repeats(readings: Sequence[Reading]) -> list[Reading]:
    """The same readings; one whose events are all in another, longer one has no facts any more and says so."""
    kept = list(readings)
    moments = [_moments(reading.facts) for reading in readings]
    by_length = sorted(range(len(kept)), key=lambda place: (kept[place].source.records, -place))
    for at, shorter in enumerate(by_length):
        for longer in by_length[at + 1 :]:
            if _overlap(kept[shorter], kept[longer]) and _is_shown(moments[shorter], moments[longer]):
                source = kept[shorter].source
                said = render(ErrorCode.SOURCE_REPEATS, {"path": source.path, "other": kept[longer].source.path})
                kept[shorter] = Reading(replace(source, problems=(*source.problems, said)))
                break
    return kept


def _overlap(one: Reading, other: Reading) -> bool:
    first, second = one.source.span, other.source.span
    return first is not None and second is not None and first[0] <= second[1] and second[0] <= first[1]


def _moments(facts: Sequence[Fact]) -> Moments:
    """When each kind of event happened to each subject, in order of time."""
    for names in (_EVENTS, _LESSER_EVENTS):
        found: Moments = {}
        for fact in facts:
            if fact.name in names and fact.time is not None:
                found.setdefault((fact.name, fact.subject), []).append(fact.time.timestamp())
        if found:
            return {key: sorted(times) for key, times in found.items()}
    return {}


def _is_shown(shorter: Moments, longer: Moments) -> bool:
    events = shown = 0
    for key, times in shorter.items():
        others = longer.get(key, [])
        for time_s in times:
            at = bisect_left(others, time_s - _SAME_EVENT_S)
            events += 1
            shown += at < len(others) and others[at] <= time_s + _SAME_EVENT_S
    return events > 0 and shown >= _LEAST_PART * events
