"""What the first page and the days are made of, read from the server's storage in one moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from unstuck.chain.records import Record
from unstuck.chain.server import views
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.storage import trackers
from unstuck.web.pages.base.visit import Visit
from unstuck.web.pages.door import Seen
from unstuck.web.pages.home.day import Day, day
from unstuck.web.pages.home.standing import Known

_HOLES_S = 7 * 86_400
"""Seconds of holes that the first page looks at; a day's own page looks at its day."""


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
    found = [TrackerName(row["tracker"], row["name"], row["released_at"] is None) for row in rows]
    return tuple(sorted(found, key=lambda one: (not one.now, one.name)))


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


def known(visit: Visit, tracker: TrackerName) -> Known:
    """All that is known of where its data stands."""
    since = max(0, int(visit.when.now_s) - _HOLES_S)
    with visit.services.database.read() as connection:
        ledger = views.ledger_of(connection, visit.account, tracker.id, since, None)
        received_s = trackers.received_at(connection, visit.account, tracker.id)
    told = (ledger.hops.phone_told_at, ledger.hops.tracker_told_at, received_s)
    heard = [moment for moment in told if moment is not None]
    return Known(ledger, max(heard, default=None), seen(visit, tracker))


def one_day(visit: Visit, tracker: str, wanted: date) -> Day:
    """One day of it."""
    start, end = visit.when.span(wanted)
    with visit.services.database.read() as connection:
        records = views.records(connection, visit.account, tracker, start, end)
        holes = views.ledger_of(connection, visit.account, tracker, start, end).holes
    return day(records, holes, start, end)


def days(visit: Visit, tracker: str, wanted: Iterable[date]) -> list[Day]:
    """Several days, read at once."""
    spans = [visit.when.span(one) for one in wanted]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    with visit.services.database.read() as connection:
        records = views.records(connection, visit.account, tracker, first, last)
        holes = views.ledger_of(connection, visit.account, tracker, first, last).holes
    return [day((one for one in records if _within(one, start, end)), holes, start, end) for start, end in spans]


def _within(record: Record, start: int, end: int) -> bool:
    return record.start < end and record.start + record.duration_s > start
