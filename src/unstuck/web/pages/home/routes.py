"""The first page, its live part, "sync now", and the days."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.web.pages.base import security
from unstuck.web.pages.base.visit import Form, SignedIn, Visit
from unstuck.web.pages.hands import CHAIN
from unstuck.web.pages.home import drawing, live, read
from unstuck.web.pages.home.chart import chart
from unstuck.web.pages.home.day import REASONS, Day
from unstuck.web.pages.home.standing import Known, standing

router = APIRouter(include_in_schema=False)

Wanted = Annotated[str, Query(max_length=64)]
DAYS_SHOWN = 7
_KEEP = {"Unstuck-Keep": "home"}
"""Tells the service worker that this page may be shown again without a network."""


@router.get("/")
def home(visit: SignedIn, tracker: Wanted = "") -> Response:
    """Where the data stands, and today."""
    mine = read.all_trackers(visit)
    shown = read.chosen(visit, tracker)
    if shown is None:
        return visit.page("home/empty.html.j2")
    dates = _up_to(visit.when.today)
    known, days = read.look(visit, shown, dates)
    answer = visit.page(
        "home/home.html.j2",
        tracker=shown,
        trackers=mine,
        asked=tracker,
        chain=CHAIN,
        **_week(visit, shown, dates, days),
        **_now(visit, known, days[-1]),
    )
    answer.headers.update(_KEEP)
    return answer


def now_values(visit: Visit, shown: read.TrackerName) -> dict[str, Any]:
    """What the live part shows."""
    known, days = read.look(visit, shown, [visit.when.today])
    return _now(visit, known, days[-1])


def _now(visit: Visit, known: Known, today: Day) -> dict[str, Any]:
    return {
        "standing": standing(known, visit.words, visit.when),
        "today": today,
        "hours": drawing.hours(today, visit.words, visit.when),
        "door": known.seen is not None,
    }


def _up_to(last: date) -> list[date]:
    return [last - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]


def _week(visit: Visit, shown: read.TrackerName, dates: Sequence[date], days: Sequence[Day]) -> dict[str, Any]:
    """The days as bars, with what is missing in each."""
    named = [
        (one, visit.when.weekday_short(day), f"/days/{day.isoformat()}?tracker={shown.id}")
        for one, day in zip(days, dates, strict=True)
    ]
    return {"week": drawing.week(named, visit.words), "legend": drawing.legend(days, visit.words)}


@router.get("/live")
async def live_part(visit: SignedIn, tracker: Wanted = "") -> Response:
    """The first page's live part, as server-sent events."""
    if visit.caller is None or visit.services.broker.listening(visit.account) >= visit.services.settings.streams_of_one:
        raise Refusal(Code.REQUEST_TOO_OFTEN, retry_after_s=live.RETRY_S)
    headers = {**security.headers(), "X-Accel-Buffering": "no"}
    return StreamingResponse(live.stream(visit, tracker, now_values), 200, headers, "text/event-stream")


@router.post("/sync")
def sync_now(visit: SignedIn, form: Form) -> Response:
    """Ask this process's agent to try both sides at once."""
    shown = read.chosen(visit, form.get("tracker", ""))
    if shown is None or visit.house.door is None or read.seen(visit, shown) is None:
        raise Refusal(Code.TRACKER_NOT_CLAIMED)
    visit.house.door.sync_now()
    if visit.by_htmx:
        return Response(status_code=204, headers=dict(security.headers()))
    return visit.to(f"/?tracker={shown.id}" if form.get("asked") else "/")


@router.get("/days")
def days(visit: SignedIn, tracker: Wanted = "") -> Response:
    """The newest day."""
    return visit.to(f"/days/{visit.when.today.isoformat()}" + (f"?tracker={tracker}" if tracker else ""))


@router.get("/days/{day}")
def one_day(visit: SignedIn, day: str, tracker: Wanted = "") -> Response:
    """One day: steps, heart rate, sleep, workouts, and what is missing and why."""
    wanted = _date(day)
    shown = read.chosen(visit, tracker)
    if shown is None:
        return visit.page("home/empty.html.j2")
    dates = _up_to(min(wanted + timedelta(days=DAYS_SHOWN // 2), max(visit.when.today, wanted)))
    days = read.days(visit, shown.id, dates)
    found = days[dates.index(wanted)]
    return visit.page(
        "home/day.html.j2",
        tracker=shown,
        trackers=read.all_trackers(visit),
        date=wanted,
        before=wanted - timedelta(days=1),
        after=wanted + timedelta(days=1) if wanted < visit.when.today else None,
        day=found,
        sleep=drawing.sleep(found, visit.words, visit.when),
        sums=drawing.stage_sums(found.sleep),
        reasons=REASONS,
        **_week(visit, shown, dates, days),
    )


@router.get("/days/{day}/chart.json")
def chart_values(visit: SignedIn, day: str, tracker: Wanted = "") -> Response:
    """What the chart of a day draws."""
    shown = read.chosen(visit, tracker)
    if shown is None:
        raise Refusal(Code.TRACKER_NOT_CLAIMED)
    found = read.days(visit, shown.id, [_date(day)])[0]
    return JSONResponse(chart(found, visit.words, visit.when), headers=dict(security.headers()))


def _date(given: str) -> date:
    """Refusal: it is none, or none that a page could be of."""
    try:
        found = date.fromisoformat(given)
    except ValueError as error:
        raise Refusal(Code.REQUEST_NOT_FOUND) from error
    if not 1971 <= found.year <= 9998:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    return found
