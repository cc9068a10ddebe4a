"""The ledger: what each hop holds of one tracker, and every hole with exactly one reason.

Two kinds of holes. Records that exist, since sequence numbers have no gaps, and are not here: where
they are says why. Time in which there is no record at all: not worn or not recorded. ``not_shown``
does not occur: what this server holds it shows, from the same rows in the same moment.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from unstuck.chain.records import Columns, Kind, Ranges, Record, Wear
from unstuck.chain.server.domain.ingest import Chunk
from unstuck.model.records import HoleReason

Held = Mapping[int, Ranges]
"""Sequence numbers by boot."""

MINUTE_S = 60
"""Seconds of a minute record. Also the least length of a hole in time: a clock being set by a few
seconds leaves gaps in which nothing could have been recorded."""


@dataclass(frozen=True, slots=True)
class TrackerTold:
    """What the tracker last said of itself. ``now`` on its clock; ``keeps_s``: how long it keeps minutes."""

    now: int
    held: Held
    overwritten: Held
    keeps_s: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk lies, in identity and in time."""

    boot: int
    first: int
    last: int
    starts: int
    ends: int

    @classmethod
    def of(cls, chunk: Chunk) -> "Place":
        """The place of a stored chunk."""
        return cls(chunk.boot, chunk.first, chunk.last, chunk.starts, chunk.ends)


@dataclass(frozen=True, slots=True)
class LedgerHole:
    """A hole [start, end) in Unix seconds; boot and sequence numbers where records are known to exist.

    ``start`` equals ``end`` when the clock was moved and the time of the records cannot be told. Neither lies after the
    time until which the ledger counts.
    """

    start: int
    end: int
    reason: HoleReason
    boot: int | None = None
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Seconds in which the tracker recorded, worn or not, as closed intervals."""

    worn: Ranges = field(default_factory=Ranges)
    unworn: Ranges = field(default_factory=Ranges)

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Coverage":
        """From the minutes among these records. Time recorded as worn in any of them is worn."""
        worn: list[tuple[int, int]] = []
        unworn: list[tuple[int, int]] = []
        for _, _, kind, start, duration_s, value in records:
            if kind is Kind.MINUTE and duration_s > 0:
                (unworn if value[_WEAR] == Wear.NOT_WORN else worn).append((start, start + duration_s - 1))
        on_wrist = Ranges.of(worn)
        return cls(on_wrist, Ranges.of(unworn) - on_wrist)


_WEAR = 3
"""Place of the wear state in a minute's value; tested against its name."""


def union(many: Iterable[Held]) -> dict[int, Ranges]:
    """In any of them."""
    joined: dict[int, Ranges] = {}
    for held in many:
        for boot, ranges in held.items():
            joined[boot] = joined.get(boot, Ranges()) | ranges
    return joined


def held_of(places: Iterable[Place | Columns]) -> dict[int, Ranges]:
    """The sequence numbers in these places."""
    pairs: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place in places:
        pairs[place.boot].append((place.first, place.last))
    return {boot: Ranges.of(intervals) for boot, intervals in pairs.items()}


def identity_holes(
    places: Sequence[Place], phone: Held, tracker: TrackerTold | None, now: int
) -> tuple[LedgerHole, ...]:
    """Records that exist and are not here, in the order of boot and sequence.

    Args:
        places: What the server holds, ordered by boot and first.
        phone: What phones hold and have not had confirmed.
        tracker: What the tracker last said, None when nobody told.
        now: Unix seconds until which time counts: the tracker's clock when it was last heard.
    """
    server = held_of(places)
    on_tracker, overwritten = (tracker.held, tracker.overwritten) if tracker else ({}, {})
    exist = union((server, phone, on_tracker, overwritten))
    keys = [(place.boot, place.first) for place in places]
    holes: list[LedgerHole] = []
    floor: int | None = None
    for boot in sorted(boot for boot, ranges in exist.items() if ranges):
        missing = Ranges.span(0, exist[boot].last) - server.get(boot, Ranges())
        for first, last in missing:
            at = bisect_left(keys, (boot, first))
            neighbours = places[at - 1] if at else None, places[at] if at < len(places) else None
            start, end = _time_of((last - first + 1) * MINUTE_S, boot, *neighbours, floor, now)
            floor = end
            for low, high, reason in _pieces(boot, first, last, phone, tracker):
                count = last - first + 1
                began = start + (end - start) * (low - first) // count
                ended = start + (end - start) * (high + 1 - first) // count
                holes.append(LedgerHole(began, ended, reason, boot, low, high))
    return tuple(holes)


def time_holes(
    coverage: Coverage, identity: Sequence[LedgerHole], since: int | None, until: int
) -> tuple[LedgerHole, ...]:
    """Time without a measurement: not worn, or not recorded. Never overlaps a hole of records.

    Args:
        coverage: What was recorded.
        identity: Holes of records.
        since: Where to begin, None: with the first record.
        until: Where to end; the minute then being recorded is not missed.
    """
    elsewhere = Ranges.of((hole.start, hole.end - 1) for hole in identity if hole.start < hole.end)
    unworn = coverage.unworn - elsewhere
    begins = [ranges.first for ranges in (coverage.worn, coverage.unworn, elsewhere) if ranges]
    start = since if since is not None else min(begins, default=until)
    silent = Ranges.span(start, until - MINUTE_S - 1) - coverage.worn - unworn - elsewhere
    holes = [LedgerHole(first, last + 1, HoleReason.NOT_WORN) for first, last in unworn]
    for first, last in silent:
        if last - first + 1 >= MINUTE_S:
            # A tracker laid down stops recording to save its battery: the silence has the same reason.
            reason = HoleReason.NOT_WORN if first - 1 in unworn else HoleReason.NOT_RECORDED
            holes.append(LedgerHole(first, last + 1, reason))
    return tuple(holes)


def joined(holes: Iterable[LedgerHole]) -> tuple[LedgerHole, ...]:
    """In the order of time; neighbours of time alone with the same reason as one."""
    result: list[LedgerHole] = []
    for hole in sorted(holes, key=lambda hole: (hole.start, hole.end)):
        before = result[-1] if result else None
        alike = before is not None and before.boot is None and hole.boot is None and before.reason is hole.reason
        if before is not None and alike and before.end == hole.start:
            result[-1] = LedgerHole(before.start, hole.end, hole.reason)
        else:
            result.append(hole)
    return tuple(result)


def at_risk(holes: Iterable[LedgerHole], keeps_s: int | None) -> tuple[int, int] | None:
    """Since when records are on the tracker alone, and when the first is overwritten; None: nothing, or not known."""
    waiting = [hole.start for hole in holes if hole.reason is HoleReason.NOT_DRAINED]
    if not waiting or keeps_s is None:
        return None
    return min(waiting), min(waiting) + keeps_s


def _pieces(
    boot: int, first: int, last: int, phone: Held, tracker: TrackerTold | None
) -> list[tuple[int, int, HoleReason]]:
    """The missing numbers cut by reason: the hop nearest to the server that holds them says it."""
    left = Ranges.span(first, last)
    on_phone = left & phone.get(boot, Ranges())
    left -= on_phone
    # Of a tracker nobody told about, "lost" cannot be known: it is the last place known to have had them.
    on_tracker = left & tracker.held.get(boot, Ranges()) if tracker else left
    left -= on_tracker
    reasons = (
        (on_phone, HoleReason.NOT_UPLOADED),
        (on_tracker, HoleReason.NOT_DRAINED),
        (left, HoleReason.LOST),
    )
    return sorted((low, high, reason) for ranges, reason in reasons for low, high in ranges)


def _time_of(
    length_s: int, boot: int, before: Place | None, after: Place | None, floor: int | None, now: int
) -> tuple[int, int]:
    """Start and end of missing records, from their neighbours; a minute each where only one side is known."""
    lowest = max((bound for bound in (before.ends if before else None, floor) if bound is not None), default=None)
    highest = after.starts if after else now
    if lowest is None:
        start, end = max(0, highest - length_s), highest
    elif after is not None and after.boot == boot:
        closed = before is not None and before.boot == boot
        start, end = (lowest if closed else max(lowest, highest - length_s)), highest
    else:
        start, end = lowest, min(highest, lowest + length_s)
    # A clock that was moved, or the total of a day under way, ends in time to come; no record is missing from there.
    return min(start, now), min(max(start, end), now)
