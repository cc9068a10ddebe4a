"""What is shown of one tracker: read from storage in one moment, put together by the rules."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import Connection

from unstuck.chain.records import Kind, Minute, Ranges, Record, Wear
from unstuck.chain.server.domain import ledger
from unstuck.chain.server.domain.ledger import Coverage, Held, LedgerHole, Place, TrackerTold
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.storage import trackers
from unstuck.model.records import HoleReason

MOST_RECORDS = 200_000
"""Records decoded for one answer: over four months of minutes, under a second."""


@dataclass(frozen=True, slots=True)
class HopsKnown:
    """What is known of each hop. Times of telling in Unix seconds, None: nobody told."""

    places: Sequence[Place]
    phone: Held
    phone_told_at: float | None
    tracker: TrackerTold | None
    tracker_told_at: float | None

    @property
    def as_of(self) -> int:
        """Until when the ledger speaks: the tracker's clock when last heard, and what it recorded since.

        The newest record by identity, not by time: a clock that once was ahead must not count for ever.
        """
        newest = self.places[-1].ends if self.places else 0
        return max(newest, self.tracker.now) if self.tracker else newest


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of one tracker, ready to be shown. It speaks from ``since`` on: the first record or the span.

    ``missing``: every hole of records, of whatever time.
    """

    hops: HopsKnown
    since: int
    holes: tuple[LedgerHole, ...]
    at_risk: tuple[int, int] | None
    missing: tuple[LedgerHole, ...]


def hops_known(connection: Connection, account: int, tracker: str) -> HopsKnown:
    """What each hop holds. Of the tracker the newest report counts; the journals of all phones count together."""
    phones: dict[str, Held] = {}
    phone_told_at = tracker_told_at = None
    state: TrackerTold | None = None
    for told in trackers.told_of(connection, account, tracker):
        if told.hop == "phone":
            phones[told.token] = _ranges(told.state["held"])
            phone_told_at = told.told_at
        else:
            fields: Mapping[str, Any] = told.state
            state = TrackerTold(
                fields["now"], _ranges(fields["held"]), _ranges(fields["overwritten"]), fields["keeps_s"]
            )
            tracker_told_at = told.told_at
    places = trackers.places(connection, account, tracker)
    return HopsKnown(places, ledger.union(phones.values()), phone_told_at, state, tracker_told_at)


def ledger_of(connection: Connection, account: int, tracker: str, since: int | None, until: int | None) -> Ledger:
    """The ledger with the holes that reach into [since, until). Refusal: the span holds too much."""
    hops = hops_known(connection, account, tracker)
    return _ledger(hops, since, until, lambda first, last: _records(connection, account, tracker, first, last))


def ledger_and_records(
    connection: Connection, account: int, tracker: str, start: int, end: int
) -> tuple[Ledger, list[Record]]:
    """The ledger from ``start`` on, and :func:`records` of [start, end): what is stored is read once for both."""
    kept: list[Record] = []

    def read(first: int, last: int) -> list[Record]:
        kept.extend(_records(connection, account, tracker, min(first, start), max(last, end)))
        return kept

    found = _ledger(hops_known(connection, account, tracker), start, None, read)
    return found, _within(kept, start, end)


def _ledger(
    hops: HopsKnown, since: int | None, until: int | None, read: Callable[[int, int], Iterable[Record]]
) -> Ledger:
    """``read`` gives the records that reach into a span; more of them do no harm."""
    end = hops.as_of
    identity = ledger.identity_holes(hops.places, hops.phone, hops.tracker, end)
    start = since if since is not None else end - _DAYS_SHOWN_S
    stop = end if until is None else min(until, end)
    # From a chunk before the span to one after it: a hole has the same bounds and reason whatever is asked for.
    begins = [place.starts for place in hops.places]
    earliest = min([*begins, *(hole.start for hole in identity)], default=end)
    first = max((begin for begin in begins if begin <= start), default=earliest)
    last = min((begin for begin in begins if begin >= stop), default=end) if stop < end else end
    coverage = Coverage.of(read(first, last + ledger.MINUTE_S))
    silent = ledger.time_holes(coverage, identity, first, end if last == end else last + ledger.MINUTE_S)
    found = ledger.joined([*identity, *silent])
    # Missing records whose time cannot be told may lie at the very end.
    before = max(stop if stop < end else end + 1, start + 1)
    inside = tuple(hole for hole in found if max(hole.end, hole.start + 1) > start and hole.start < before)
    keeps_s = hops.tracker.keeps_s if hops.tracker else None
    return Ledger(hops, max(start, earliest), inside, ledger.at_risk(identity, keeps_s), identity)


_DAYS_SHOWN_S = 30 * 86400
"""Seconds of holes listed unless a start is asked for."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest record of a hop. ``time``: its end, estimated where the server does not hold it."""

    boot: int
    sequence: int
    time: int | None


def watermarks(connection: Connection, account: int, tracker: str) -> dict[str, Newest | None]:
    """The newest record of tracker, phone and server."""
    hops = hops_known(connection, account, tracker)
    identity = ledger.identity_holes(hops.places, hops.phone, hops.tracker, hops.as_of)
    server = hops.places[-1] if hops.places else None
    on_tracker = hops.tracker.held if hops.tracker else {}
    return {
        "tracker": _newest(on_tracker, hops.places, identity),
        "phone": _newest(hops.phone, hops.places, identity),
        "server": Newest(server.boot, server.last, server.ends) if server else None,
    }


def minutes(connection: Connection, account: int, tracker: str, start: int, end: int) -> list[tuple[Record, Minute]]:
    """Minutes that begin in [start, end), ordered by start and identity. Refusal: too many."""
    found = [
        (record, Minute(*record.value))
        for record in _records(connection, account, tracker, start, end)
        if record.kind is Kind.MINUTE and start <= record.start < end
    ]
    return sorted(found, key=lambda pair: (pair[0].start, pair[0].boot, pair[0].sequence))


def records(connection: Connection, account: int, tracker: str, start: int, end: int) -> list[Record]:
    """Records of every kind that reach into [start, end), ordered by start and identity. Refusal: too many."""
    return _within(_records(connection, account, tracker, start, end), start, end)


def _within(found: Iterable[Record], start: int, end: int) -> list[Record]:
    kept = [record for record in found if record.start < end and record.start + max(record.duration_s, 1) > start]
    return sorted(kept, key=lambda record: (record.start, record.boot, record.sequence))


def days(found: Iterable[tuple[Record, Minute]], zone: tzinfo) -> dict[str, tuple[int, int, int, int]]:
    """Steps, calories in 0.1 kcal, minutes and worn minutes by date in the zone."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for record, minute in found:
        date = datetime.fromtimestamp(record.start, UTC).astimezone(zone).date().isoformat()
        total = sums[date]
        total[0] += minute.steps
        total[1] += minute.calories_tenths
        total[2] += 1
        total[3] += minute.wear == Wear.WORN
    return {date: (total[0], total[1], total[2], total[3]) for date, total in sorted(sums.items())}


def _records(connection: Connection, account: int, tracker: str, start: int, end: int) -> Iterable[Record]:
    if trackers.count_between(connection, account, tracker, start, end) > MOST_RECORDS:
        raise Refusal(Code.WINDOW_TOO_LARGE)
    for batch in trackers.batches_between(connection, account, tracker, start, end):
        yield from batch.records


def _newest(held: Held, places: Sequence[Place], holes: Sequence[LedgerHole]) -> Newest | None:
    boots = [boot for boot, ranges in held.items() if ranges]
    if not boots:
        return None
    boot = max(boots)
    sequence = held[boot].last
    for hole in holes:
        if (
            hole.boot == boot
            and hole.first is not None
            and hole.last is not None
            and hole.first <= sequence <= hole.last
        ):
            return Newest(boot, sequence, hole.end if hole.reason is not HoleReason.LOST else None)
    for place in places:
        if place.boot == boot and place.first <= sequence <= place.last:
            # Where in its chunk it lies is not looked up: exact for the last, else as if all took the same time.
            behind = (place.ends - place.starts) * (place.last - sequence) // (place.last - place.first + 1)
            return Newest(boot, sequence, place.ends - behind)
    return Newest(boot, sequence, None)


def _ranges(stored: object) -> dict[int, Ranges]:
    pairs: Mapping[str, list[list[int]]] = stored if isinstance(stored, dict) else {}
    return {int(boot): Ranges.of(intervals) for boot, intervals in pairs.items()}
