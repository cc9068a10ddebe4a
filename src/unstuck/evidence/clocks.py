"""Several sources enter, each with its own clock; the same readings on one clock leave.

Two sources that saw the same event - Bluetooth going off, a link lost, a link refused - tell by how much their clocks
differ. Every pair of events that could be the same one votes for a difference; the difference most pairs agree on is
taken when enough agree. What can be wrong in practice is a local time read as UTC (whole quarters of an hour), a clock
that was never set (any constant), or nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from unstuck.model.errors import ErrorCode, render
from unstuck.model.evidence import Fact, Reading, Value

_TOLERANCE_S = 1.5
"""How far apart two logs may put one event: a few milliseconds for link events, a second for Bluetooth coming up."""
_NO_SKEW_S = 2.0
"""Differences up to this are the time events take to reach a log, not a wrong clock."""
_ZONE_STEP_S = 900.0
"""Zones differ by quarters of an hour."""
_WIDEST_ZONE_S = 14.25 * 3600
"""Zones lie between -12 and +14 hours."""
_WIDEST_SKEW_S = 400 * 86_400.0
"""A clock further off than a year and a bit was never set, and constant differences mean nothing then."""
_LEAST_PART = 0.5
"""Part of the smaller source's comparable events that must agree on a difference that is no zone's."""
_LEAST_VOTES = 2
_CHANCE_ALLOWED = 0.05
"""Chance at which one pair alone may agree with some zone by accident."""
_MOST_EVENTS = 400
"""Events of one source that vote, the newest; a day of Bluetooth has some dozen."""

_ADAPTER = -1
"""Code of Bluetooth going on or off among the codes of link events, which are HCI reasons from 0 up."""
_GATT_GENERIC = 0x85
"""GATT's own code for a connection that failed, where HCI says 0x3e (failed to be established)."""
_NOT_ESTABLISHED = 0x3E

_ON_OUR_CLOCK = frozenset({"bluez", "iphone"})
"""Live sources without events to compare: their clock is this computer's, or was measured against it."""

_TIMES_IN_VALUES = frozenset({"first", "last", "newest", "oldest", "first_install", "last_update"})
"""Named parts of values that are ISO times."""
_TIMES_AS_VALUES = frozenset({"tracker.last_sync", "phone.system_updated"})
"""Facts whose whole value is an ISO time of the source's own clock."""


@dataclass(frozen=True, slots=True)
class _Event:
    """Something two sources can both see. ``code`` and ``on`` say what, ``peer`` the end of an address or nothing."""

    at_s: float
    code: int
    on: bool
    peer: str

    def may_be(self, other: "_Event") -> bool:
        """Whether both can be the same event."""
        same_peer = self.peer == other.peer or not self.peer or not other.peer
        return self.code == other.code and self.on == other.on and same_peer


@dataclass(slots=True)
class _Clock:
    """Readings whose times come from one clock, with the events they can be compared by."""

    places: list[int]
    rank: int
    path: str
    events: list[_Event]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class _Skew:
    seconds: float
    votes: int

    @property
    def is_zone(self) -> bool:
        return abs(self.seconds) <= _WIDEST_ZONE_S and self.seconds % _ZONE_STEP_S == 0


def join(readings: Sequence[Reading]) -> list[Reading]:
    """Put all readings on one clock: that of the phone's report, else of its Bluetooth trace.

    The difference of each source is estimated from events it shares with those already placed, best known first. Where
    it is more than two seconds, the source's times are moved, ``clock_skew_s`` says by how much, and a sentence is
    added to its problems. Where nothing is shared, nothing is moved; that is said when the times do not even overlap.

    Returns:
        The readings in the order given, the same objects where nothing changed.
    """
    joined = list(readings)
    waiting = sorted(_clocks(readings), key=lambda clock: (clock.rank, clock.places))
    if not waiting:
        return joined
    placed = [waiting.pop(0)]
    reference = placed[0].path
    while waiting:
        known = [event for clock in placed for event in clock.events]
        found = [(skew, clock) for clock in waiting if (skew := estimate(known, clock.events)) is not None]
        if not found:
            break
        skew, clock = max(found, key=lambda pair: (pair[0].votes, -pair[1].rank))
        waiting.remove(clock)
        placed.append(_moved_clock(clock, skew.seconds))
        if abs(skew.seconds) > _NO_SKEW_S:
            for place in clock.places:
                joined[place] = _moved(joined[place], skew.seconds, reference, _why(skew))
    compared = {"count": str(sum(len(clock.places) for clock in placed))}
    for clock in waiting:
        if all(clock.end_s < other.start_s or clock.start_s > other.end_s for other in placed):
            for place in clock.places:
                # Without the path: the sentence stands beside the source's name wherever it is shown.
                joined[place] = _with_problem(joined[place], render(ErrorCode.CLOCK_UNKNOWN, compared))
    return joined


def estimate(known: Sequence[_Event], events: Sequence[_Event]) -> _Skew | None:
    """Seconds to add to the times of ``events`` so that they fit ``known``; None where nothing tells.

    Every pair that may be one event votes for its difference. The differences are gone through in order with a window
    as wide as the tolerance; each event counts once in a window. No difference at all wins a tie, then a zone's.
    """
    pairs = sorted(
        (fixed.at_s - moving.at_s, one, other)
        for one, fixed in enumerate(known)
        for other, moving in enumerate(events)
        if abs(fixed.at_s - moving.at_s) <= _WIDEST_SKEW_S and fixed.may_be(moving)
    )
    if not pairs:
        return None
    candidates = sorted(_windows(pairs), key=_preference, reverse=True)
    best = candidates[0]
    rivals = [other for other in candidates if abs(other.seconds - best.seconds) > 2 * _TOLERANCE_S]
    if abs(best.seconds) <= _NO_SKEW_S:
        return best
    if rivals and rivals[0].votes >= best.votes:
        return None
    comparable = min(len({one for _, one, _ in pairs}), len({other for _, _, other in pairs}))
    if best.is_zone:
        near = sum(1 for difference, _, _ in pairs if abs(difference) <= _WIDEST_ZONE_S)
        by_chance = near * 2 * _TOLERANCE_S / _ZONE_STEP_S
        if best.votes >= _LEAST_VOTES or by_chance <= _CHANCE_ALLOWED:
            return best
        return None
    return best if best.votes >= max(_LEAST_VOTES, _LEAST_PART * comparable) else None


def measured(reading: Reading, seconds: float, reference: str) -> Reading:
    """The same on ``reference``'s clock, where both clocks were read at one moment.

    Args:
        reading: With times of the source's own clock.
        seconds: To add to its times; up to two seconds nothing is moved.
        reference: Whose clock it is put on, for the sentence.
    """
    if abs(seconds) <= _NO_SKEW_S:
        return reading
    return _moved(reading, seconds, reference, "both were read at one moment")


def _preference(skew: _Skew) -> tuple[int, bool, bool, float]:
    return skew.votes, abs(skew.seconds) <= _NO_SKEW_S, skew.is_zone, -abs(skew.seconds)


def _windows(pairs: Sequence[tuple[float, int, int]]) -> Iterator[_Skew]:
    """For the window that starts at each difference: how many events agree, and on what."""
    fixed: Counter[int] = Counter()
    moving: Counter[int] = Counter()
    end = 0
    for start, (difference, left_fixed, left_moving) in enumerate(pairs):
        reached = end
        while end < len(pairs) and pairs[end][0] - difference <= 2 * _TOLERANCE_S:
            fixed[pairs[end][1]] += 1
            moving[pairs[end][2]] += 1
            end += 1
        if end > reached:
            # Otherwise the window holds nothing that the one before did not.
            yield _Skew(_snapped(pairs[(start + end) // 2][0]), min(len(fixed), len(moving)))
        for counter, event in ((fixed, left_fixed), (moving, left_moving)):
            counter[event] -= 1
            if not counter[event]:
                del counter[event]


def _snapped(seconds: float) -> float:
    """A difference next to a zone's is a zone's: the rest is the time events take to reach a log.

    As far beside it as counts for no skew at all, since the two are one question: a clock that is right but for a zone.
    Some clock that was never set lies there by chance, one in two hundred; it is then left up to two seconds off, as
    every other clock is.
    """
    zone = round(seconds / _ZONE_STEP_S) * _ZONE_STEP_S
    return zone if zone and abs(seconds - zone) <= _NO_SKEW_S and abs(zone) <= _WIDEST_ZONE_S else round(seconds, 3)


def _clocks(readings: Sequence[Reading]) -> list[_Clock]:
    """One clock per source; traces that lie in one folder or archive were written by one phone and share theirs."""
    by_key: dict[tuple[str, str], list[int]] = {}
    for place, reading in enumerate(readings):
        if reading.source.kind in _ON_OUR_CLOCK:
            continue
        if reading.source.readable and reading.source.span is not None and reading.facts:
            family = _family(reading)
            archive, inside, _ = reading.source.path.partition("!")
            together = archive if inside else archive.rpartition("/")[0]
            key = (family, together) if family == "trace" else (family, f"{reading.source.path}#{place}")
            by_key.setdefault(key, []).append(place)
    return [_clock(family, [readings[place] for place in places], places) for (family, _), places in by_key.items()]


def _clock(family: str, together: Sequence[Reading], places: list[int]) -> _Clock:
    facts = [fact for reading in together for fact in reading.facts]
    has_zone = any(fact.name == "phone.time_zone" for fact in facts)
    # A report that names its zone is surest; a trace counts in UTC on most phones; a bare log says only local time.
    rank = 0 if has_zone else {"trace": 1, "phone": 2, "export": 3}[family]
    events = sorted((event for fact in facts for event in _events(fact)), key=lambda event: event.at_s)
    spans = [reading.source.span for reading in together if reading.source.span is not None]
    start_s = min(span[0].timestamp() for span in spans)
    end_s = max(span[1].timestamp() for span in spans)
    return _Clock(places, rank, together[0].source.path, events[-_MOST_EVENTS:], start_s, end_s)


def _family(reading: Reading) -> str:
    names = {fact.name for fact in reading.facts}
    if "hci.coverage" in names:
        return "trace"
    return "export" if any(name.startswith(("tracker.", "server.")) for name in names) else "phone"


def _events(fact: Fact) -> Iterator[_Event]:
    """What of a fact another source may have seen too."""
    seen = _SEEN.get(fact.name)
    if seen is None or fact.time is None:
        return
    for code, on in seen(fact):
        yield _Event(fact.time.timestamp(), code, on, _peer(fact.subject))


def _switched(fact: Fact) -> Iterator[tuple[int, bool]]:
    on = fact.flag("on")
    if on is not None:
        yield _ADAPTER, on


def _gatt_status(fact: Fact) -> Iterator[tuple[int, bool]]:
    status = fact.number("status")
    if status is not None:
        code = int(status)
        opened = code == 0 and fact.text("new_state") == "connected"
        if code or opened:
            yield _NOT_ESTABLISHED if code == _GATT_GENERIC else code, opened


def _ended(fact: Fact) -> Iterator[tuple[int, bool]]:
    reason = fact.number("reason")
    if reason is not None:
        yield int(reason), False


_SEEN: Mapping[str, Callable[[Fact], Iterator[tuple[int, bool]]]] = {
    "bluetooth.switched": _switched,
    "bluetooth.history": _switched,
    "hci.reset": lambda _: iter(((_ADAPTER, True),)),
    "hci.all_links_closed": lambda _: iter(((_ADAPTER, False),)),
    "gatt.status": _gatt_status,
    "link.lost": _ended,
    "link.ended": _ended,
    "link.not_established": lambda _: iter(((_NOT_ESTABLISHED, False),)),
    "link.opened": lambda _: iter(((0, True),)),
    "ble.link_wakeup": lambda _: iter(((0, True),)),
}


def _peer(subject: str) -> str:
    """The last two bytes of an address: newer systems mask the rest in what they print."""
    return subject[-5:].lower() if subject.count(":") == 5 else ""


def _moved_clock(clock: _Clock, seconds: float) -> _Clock:
    if abs(seconds) <= _NO_SKEW_S:
        return clock
    events = [replace(event, at_s=event.at_s + seconds) for event in clock.events]
    return _Clock(clock.places, clock.rank, clock.path, events, clock.start_s + seconds, clock.end_s + seconds)


def _why(skew: _Skew) -> str:
    agree = "1 event agrees" if skew.votes == 1 else f"{skew.votes} events agree"
    return f"{agree}, and it is a time zone's difference" if skew.is_zone else agree


def _moved(reading: Reading, seconds: float, reference: str, how: str) -> Reading:
    by = timedelta(seconds=seconds)
    facts = tuple(_moved_fact(fact, by) for fact in reading.facts)
    span = reading.source.span
    if span is not None:
        span = (_later(span[0], by), _later(span[1], by))
    data = {
        "path": reading.source.path,
        "amount": duration(abs(seconds)),
        "side": "behind" if seconds > 0 else "ahead of",
        "other": reference,
        "how": how,
    }
    source = replace(reading.source, span=span, clock_skew_s=seconds)
    return _with_problem(replace(reading, source=source, facts=facts), render(ErrorCode.CLOCK_MOVED, data))


def _moved_fact(fact: Fact, by: timedelta) -> Fact:
    value: Value = fact.value
    if isinstance(value, Mapping):
        value = {
            key: _moved_text(part, by) if key in _TIMES_IN_VALUES and isinstance(part, str) else part
            for key, part in value.items()
        }
    elif fact.name in _TIMES_AS_VALUES and isinstance(value, str):
        value = _moved_text(value, by)
    return replace(fact, time=None if fact.time is None else _later(fact.time, by), value=value)


def _moved_text(text: str, by: timedelta) -> str:
    try:
        moved = datetime.fromisoformat(text) + by
    except (ValueError, OverflowError):
        return text
    return moved.isoformat().replace("+00:00", "Z")


def _later(time: datetime, by: timedelta) -> datetime:
    try:
        return time + by
    except OverflowError:
        # Only a clock that was never set is that far out; where exactly says nothing.
        return time


def _with_problem(reading: Reading, problem: str) -> Reading:
    return replace(reading, source=replace(reading.source, problems=(*reading.source.problems, problem)))


def duration(seconds: float) -> str:
    """A length of time for a person: ``3 h 0 min``, ``4 min 10 s``, ``7.5 s``."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"
