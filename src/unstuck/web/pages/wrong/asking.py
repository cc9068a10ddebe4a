"""One question at a time, answers, and the way back."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from unstuck.doctor.diagnose import GATE_QUESTIONS
from unstuck.doctor.guide import machine, screens
from unstuck.doctor.guide.machine import View
from unstuck.doctor.guide.screen import Choice, Screen
from unstuck.doctor.guide.state import UNSURE, Kind, Session
from unstuck.doctor.knowledge.loader import load as knowledge
from unstuck.model.errors import UsageError
from unstuck.web.pages.base.visit import Form, SignedIn, Visit
from unstuck.web.pages.bench import bench_of
from unstuck.web.pages.wrong import finding, pictures
from unstuck.web.pages.wrong.finding import find

router = APIRouter(prefix="/wrong", include_in_schema=False)

_ASKS = (Kind.SYMPTOM, Kind.PHONE, Kind.MAKE, Kind.QUESTION)

Wanted = Annotated[str, Query(max_length=64)]


@router.get("/ask")
async def ask(visit: SignedIn, request: Request, question: Wanted = "") -> Response:
    """One question; the diagnosis once there is none that is worth asking."""
    found = await find(visit, bench_of(request))
    view = await to_thread.run_sync(_view, found, question)
    if view.screen.kind not in _ASKS:
        return visit.to("/wrong/found")
    return _ask_page(visit, view, question)


def _view(found: finding.Found, question: str) -> View:
    """The machine's screen, or the question that somebody wants to answer, where there is such a one."""
    view = found.view()
    if question not in knowledge().questions or view.screen.kind in (Kind.SYMPTOM, Kind.PHONE, Kind.MAKE):
        return view
    return replace(view, screen=_own_question(found, question))


def _own_question(found: finding.Found, question: str) -> Screen:
    wanted = knowledge().questions[question]
    system = "iphone" if found.session.phone == "iphone" else "android"
    return Screen(
        Kind.QUESTION,
        question,
        wanted.text,
        tuple(Choice(one.id, one.text) for one in wanted.answers),
        how_to_look=wanted.look_up.get(found.session.phone or "") or wanted.look_up.get(system, ""),
        unsure=True,
        back=bool(found.session.steps),
    )


def _ask_page(visit: Visit, view: View, question: str, wrong: bool = False) -> Response:
    screen = view.screen
    return visit.page(
        "wrong/ask.html.j2",
        status=422 if wrong else 200,
        screen=screen,
        wanted=question,
        unsure=UNSURE,
        enough=screens.ENOUGH,
        picture=pictures.of(screen, view.session.phone or ""),
        step=len(view.session.steps) + 1,
        wrong=wrong,
    )


@router.post("/ask")
async def answer(visit: SignedIn, form: Form, request: Request) -> Response:
    """Take the answer and go on."""
    question = form.get("question", "")
    found = await find(visit, bench_of(request))
    view = await to_thread.run_sync(_view, found, question)
    # Of another screen than the one that is shown now: a page that was left open. Show what is to be answered now.
    if form.get("kind") != view.screen.kind.value or form.get("id", "") != view.screen.id:
        return visit.to("/wrong/ask")
    now = finding.now_of(visit)
    try:
        if question and view.screen.kind is Kind.QUESTION:
            session = _answered(view, form.get("choice", ""), now)
        else:
            session = machine.choose(view, form.get("choice", ""), now)
    except UsageError:
        return _ask_page(visit, view, question, wrong=True)
    await finding.put(visit, session)
    return visit.to("/mend" if question in GATE_QUESTIONS.values() else "/wrong/ask")


def _answered(view: View, choice: str, now: datetime) -> Session:
    """An answer to a question that the machine does not ask now: it takes the place of an earlier one."""
    session = machine.choose(view, choice, now)
    earlier = tuple(one for one in view.session.answers if one.question != view.screen.id)
    return replace(session, answers=(*earlier, session.answers[-1]))


@router.post("/back")
async def back(visit: SignedIn, form: Form) -> Response:
    """Take the last answer back."""
    session = await finding.current(visit)
    await finding.put(visit, machine.back(session, finding.now_of(visit)))
    return visit.to("/wrong/ask")
