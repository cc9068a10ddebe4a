"""What is wrong: where it begins, what is connected, and the diagnosis."""

from dataclasses import replace
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.doctor.guide import machine
from unstuck.doctor.guide.state import Kind, Step, begin
from unstuck.web.pages.base import security
from unstuck.web.pages.base.visit import Form, SignedIn
from unstuck.web.pages.bench import bench_of
from unstuck.web.pages.wrong import finding, starting
from unstuck.web.pages.wrong.finding import LIVE, find
from unstuck.web.pages.wrong.shown import closed_doors, diagnosis_values
from unstuck.web.report.html import policy, report, style_sheet

router = APIRouter(prefix="/wrong", include_in_schema=False)

Wanted = Annotated[str, Query(max_length=64)]


@router.get("")
async def begin_page(visit: SignedIn, request: Request, said: Wanted = "") -> Response:
    """The three ways in, and what is there already."""
    bench = bench_of(request)
    session = await to_thread.run_sync(finding.load, visit)
    return await to_thread.run_sync(starting.page, visit, bench, session, said)


@router.post("/connect")
async def connect(visit: SignedIn, form: Form, request: Request) -> Response:
    """Look at something that is connected, from now on."""
    way = form.get("way", "")
    if way not in {one.id for one in await to_thread.run_sync(finding.ways, visit, bench_of(request))}:
        raise Refusal(Code.REQUEST_INVALID)
    session = await finding.current(visit)
    await finding.put(visit, machine.give(session, f"{LIVE}{way}", finding.now_of(visit)))
    return visit.to("/wrong/found")


@router.post("/disconnect")
async def disconnect(visit: SignedIn, form: Form) -> Response:
    """Look at it no more."""
    session = await finding.current(visit)
    await finding.put(visit, finding.without(session, f"{LIVE}{form.get('way', '')}"))
    return visit.to("/wrong")


@router.post("/new")
async def new(visit: SignedIn, form: Form, request: Request) -> Response:
    """Forget what was said and tried, and begin anew; what is kept of files stays, for it was wanted."""
    mendings = bench_of(request).mendings
    if visit.account in mendings and mendings[visit.account].over:
        del mendings[visit.account]
    await finding.put(visit, begin(finding.now_of(visit)))
    return visit.to("/wrong/ask" if form.get("then") == "ask" else "/wrong")


@router.post("/stuck")
async def stuck(visit: SignedIn, form: Form, request: Request) -> Response:
    """The person says that it is stuck all the same."""
    session = await finding.current(visit)
    now = finding.now_of(visit)
    step = Step(
        Kind.MOVES, len(session.answers), len(session.tried), len(session.stops), session.taken_up, session.enough
    )
    session = replace(
        session, stops=(*session.stops, now), closed=False, shown=None, updated=now, steps=(*session.steps, step)
    )
    await finding.put(visit, session)
    return visit.to("/wrong/found")


@router.get("/found")
async def found_page(visit: SignedIn, request: Request) -> Response:
    """The diagnosis as the command line has it."""
    found = await find(visit, bench_of(request))
    if not found.session.evidence and found.session.symptom is None:
        return visit.to("/wrong")
    seen = found.examination
    return visit.page(
        "wrong/found.html.j2",
        found=found,
        asks=found.session.symptom is not None,
        closed=closed_doors(seen.diagnosis),
        s=diagnosis_values(seen.diagnosis),
    )


@router.get("/report.html")
async def whole_report(visit: SignedIn, request: Request) -> Response:
    """The same with its timeline, as the file that ``unstuck diagnose --html`` writes."""
    found = await find(visit, bench_of(request))
    text = await to_thread.run_sync(report, found.examination.diagnosis)
    headers = {**security.headers(), "Content-Security-Policy": policy(style_sheet())}
    return Response(text, 200, headers, "text/html; charset=utf-8")
