"""The ledger and the series of one tracker."""

from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Query

from unstuck.chain.server import views
from unstuck.chain.server.domain.ledger import Held, held_of
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes.guard import Anyone, OwnTracker, TheServices

router = APIRouter(prefix="/v1/trackers/{tracker}")

_LATEST_S = 253_370_764_800
"""Unix seconds of the year 9999: the last that a date can name, in every time zone."""
_LONGEST_S = 366 * 86400
"""Seconds of one question for a series."""

From = Annotated[int, Query(alias="from", ge=0, le=_LATEST_S, description="Unix seconds, included.")]
To = Annotated[int, Query(alias="to", ge=0, le=_LATEST_S, description="Unix seconds, not included.")]
MaybeFrom = Annotated[int | None, Query(alias="from", ge=0, le=_LATEST_S)]
MaybeTo = Annotated[int | None, Query(alias="to", ge=0, le=_LATEST_S)]


@router.get("/ledger")
def ledger(
    tracker: OwnTracker, caller: Anyone, services: TheServices, start: MaybeFrom = None, end: MaybeTo = None
) -> shapes.LedgerShape:
    """What each hop holds, every hole with its one reason, and what is at risk."""
    with services.database.read() as connection:
        found = views.ledger_of(connection, caller.account, tracker, start, end)
    return ledger_shape(tracker, found)


def ledger_shape(tracker: str, found: views.Ledger) -> shapes.LedgerShape:
    """A ledger as it is sent."""
    hops, state = found.hops, found.hops.tracker
    risk = found.at_risk
    return shapes.LedgerShape(
        tracker=tracker,
        since=found.since,
        as_of=hops.as_of,
        hops=shapes.Hops(
            tracker=shapes.TrackerHop(
                told_at=hops.tracker_told_at,
                held=_lists(state.held if state else {}),
                overwritten=_lists(state.overwritten if state else {}),
            ),
            phone=shapes.PhoneHop(told_at=hops.phone_told_at, held=_lists(hops.phone)),
            server=shapes.ServerHop(held=_lists(held_of(hops.places))),
        ),
        holes=[
            shapes.HoleShape(
                start=hole.start, end=hole.end, reason=hole.reason, boot=hole.boot, first=hole.first, last=hole.last
            )
            for hole in found.holes
        ],
        at_risk=shapes.AtRiskShape(since=risk[0], lost_at=risk[1]) if risk else None,
    )


@router.get("/watermarks")
def watermarks(tracker: OwnTracker, caller: Anyone, services: TheServices) -> shapes.Watermarks:
    """The newest record of each hop."""
    with services.database.read() as connection:
        return watermarks_shape(views.watermarks(connection, caller.account, tracker))


def watermarks_shape(found: dict[str, views.Newest | None]) -> shapes.Watermarks:
    """Watermarks as they are sent."""
    shown = {
        hop: shapes.WatermarkShape(boot=newest.boot, sequence=newest.sequence, time=newest.time) if newest else None
        for hop, newest in found.items()
    }
    return shapes.Watermarks(**shown)


@router.get("/minutes")
def minutes(tracker: OwnTracker, caller: Anyone, services: TheServices, start: From, end: To) -> shapes.Minutes:
    """Minutes as columns."""
    _check(start, end)
    with services.database.read() as connection:
        found = views.minutes(connection, caller.account, tracker, start, end)
    return shapes.Minutes(
        minutes=shapes.MinuteColumns(
            boot=[record.boot for record, _ in found],
            sequence=[record.sequence for record, _ in found],
            start=[record.start for record, _ in found],
            duration_s=[record.duration_s for record, _ in found],
            steps=[minute.steps for _, minute in found],
            heart_rate=[minute.heart_rate or None for _, minute in found],
            calories_tenths=[minute.calories_tenths for _, minute in found],
            wear=[minute.wear for _, minute in found],
        )
    )


@router.get("/days")
def days(
    tracker: OwnTracker,
    caller: Anyone,
    services: TheServices,
    start: From,
    end: To,
    zone: Annotated[str, Query(max_length=64, description="A name of the IANA time zone database.")] = "UTC",
) -> shapes.Days:
    """Sums of each day in a time zone."""
    _check(start, end)
    if zone not in _zones():
        raise Refusal(Code.REQUEST_INVALID, extra={"fields": ["query.zone"]})
    with services.database.read() as connection:
        found = views.minutes(connection, caller.account, tracker, start, end)
    return shapes.Days(
        zone=zone,
        days=[
            shapes.DayShape(date=date, steps=steps, calories_tenths=calories, minutes=count, worn_minutes=worn)
            for date, (steps, calories, count, worn) in views.days(found, ZoneInfo(zone)).items()
        ],
    )


def _check(start: int, end: int) -> None:
    if end < start:
        raise Refusal(Code.REQUEST_INVALID, extra={"fields": ["query.from", "query.to"]})
    if end - start > _LONGEST_S:
        raise Refusal(Code.WINDOW_TOO_LARGE)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _lists(held: Held) -> dict[str, list[list[int]]]:
    return {str(boot): ranges.as_lists() for boot, ranges in sorted(held.items()) if ranges}
