"""What the first page and the days are made of, read from the server's storage in one moment."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from unstuck.chain.records import Kind, Record
from unstuck.chain.server import views
from unstuck.chain.server.domain.ledger import LedgerHole
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.storage import trackers
from unstuck.web.pages.base.visit import Visit
from unstuck.web.pages.door import Seen
from unstuck.web.pages.home.day import Day, day
from unstuck.web.pages.home.standing import Known


@dataclass(frozen=True, slots=True)
class TrackerName:
    """One tracker of the account. ``now``: claimed at present; else only its records are here."""

    id: str
    name: str
    now: bool


def all_trackers(visit: Visit) -> tuple[TrackerName, ...]:
    """Those of the account, the present ones first."""
    with visit.services.database.read() as connection:
        rows = trackers.list_all(connection, visit.account)
    here = visit.house.door.snapshot() if visit.house.door else None
    called = {here.agent.tracker: here.name} if here is not None else {}
    found = [
        TrackerName(row["tracker"], _name(row["name"], row["tracker"], called), row["released_at"] is None)
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (not one.now, one.name)))


def _name(given: str, tracker: str, called: Mapping[str, str]) -> str:
    """What its owner calls it, else what it calls itself, else its id."""
    return given if given and given != tracker else called.get(tracker, tracker)


def chosen(visit: Visit, wanted: str) -> TrackerName | None:
    """The tracker asked for, else that of this process's agent, else the first. None: the account has none.

    Refusal: it is not this account's.
    """
    mine = all_trackers(visit)
    if wanted:
        for one in mine:
            if one.id == wanted:
                return one
        raise Refusal(Code.TRACKER_NOT_CLAIMED)
    here = visit.house.door.snapshot() if visit.house.door else None
    if here is not None:
        for one in mine:
            if one.id == here.agent.tracker and one.now:
                return one
    return mine[0] if mine else None


def seen(visit: Visit, tracker: TrackerName) -> Seen | None:
    """What this process's agent says of the tracker: only to who has it now."""
    here = visit.house.door.snapshot() if visit.house.door else None
    return here if here is not None and tracker.now and here.agent.tracker == tracker.id else None


def look(visit: Visit, tracker: TrackerName, dates: Sequence[date]) -> tuple[Known, list[Day]]:
    """Where its data stands, and these days, which follow each other: read in one moment, decoded once."""
    spans = [visit.when.span(one) for one in dates]
    start, end = spans[0][0], spans[-1][1]
    with visit.services.database.read() as connection:
        ledger, records = views.ledger_and_records(connection, visit.account, tracker.id, start, end)
        received_s = trackers.received_at(connection, visit.account, tracker.id)
    told = (ledger.hops.phone_told_at, ledger.hops.tracker_told_at, received_s)
    heard = [moment for moment in told if moment is not None]
    return Known(ledger, max(heard, default=None), seen(visit, tracker)), _days(records, ledger.holes, spans)


def days(visit: Visit, tracker: str, dates: Sequence[date]) -> list[Day]:
    """Several days, which follow each other."""
    spans = [visit.when.span(one) for one in dates]
    start, end = spans[0][0], spans[-1][1]
    with visit.services.database.read() as connection:
        records = views.records(connection, visit.account, tracker, start, end)
        holes = views.ledger_of(connection, visit.account, tracker, start, end).holes
    return _days(records, holes, spans)


def _days(records: Sequence[Record], holes: Sequence[LedgerHole], spans: Sequence[tuple[int, int]]) -> list[Day]:
    """``records`` are ordered by their start. A sleep may have begun the day before, so each day is shown them all."""
    asleep = [one for one in records if one.kind is Kind.SLEEP]
    awake = [one for one in records if one.kind is not Kind.SLEEP]
    starts = [one.start for one in awake]
    return [
        day([*awake[bisect_left(starts, start) : bisect_left(starts, end)], *asleep], holes, start, end)
        for start, end in spans
    ]
