"""Cases: made, looked at, linked, withdrawn by their owner; opened, looked at again and noted on by a desk."""

import secrets
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from unstuck.chain.server.domain.limits import Rate
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.routes.guard import address_of
from unstuck.chain.server.storage import cases
from unstuck.chain.server.storage.cases import Kept, Note
from unstuck.doctor.casefile.case import Case
from unstuck.doctor.guide.state import UNSURE
from unstuck.doctor.knowledge.loader import load as knowledge
from unstuck.doctor.telling import wording
from unstuck.model.errors import EvidenceError
from unstuck.web.pages.base import security
from unstuck.web.pages.base.i18n import noop
from unstuck.web.pages.base.visit import AnyVisit, Form, SignedIn, Visit
from unstuck.web.pages.bench import bench_of
from unstuck.web.pages.case import making
from unstuck.web.pages.case.checks import CHECKS, look
from unstuck.web.pages.mend import journal
from unstuck.web.pages.mend.routes import RESULTS
from unstuck.web.pages.wrong.finding import find
from unstuck.web.pages.wrong.shown import diagnosis_values

router = APIRouter(include_in_schema=False)

DAYS = (1, 7, 14, 30)
DEFAULT_DAYS = 14
_DAY_S = 86_400.0
_TOKEN_BYTES = 32
"""256 random bits: nobody guesses one, however often they may ask."""
_MOST_CASES = 20
_NOTE_MOST = 2_000
"""Characters of one note."""
_DESK_RATE = Rate(6.0, 30)
"""Requests from one network address to links of cases: thirty at once, then one in six seconds."""
_NOTE_RATE = Rate(30.0, 10)
"""Notes and looks through one link."""

VERSION_NAMES = {
    "unstuck": noop("Unstuck"),
    "python": noop("Python"),
    "os": noop("System of the server"),
    "phone": noop("Phone"),
    "app": noop("App"),
    "tracker_firmware": noop("Firmware of the tracker"),
}

CaseId = Annotated[str, Path(pattern="^[0-9a-f]{24}$")]
Token = Annotated[str, Path(max_length=100)]


# the owner


@router.get("/case")
async def own_cases(visit: SignedIn, request: Request) -> Response:
    """Cases there are, and what may go into a new one."""
    found = await find(visit, bench_of(request))
    now = visit.services.ambient.now()

    def rows() -> list[Kept]:
        with visit.services.database.write() as connection:
            cases.drop_expired(connection, now)
            return cases.list_all(connection, visit.account, now)

    return visit.page(
        "case/cases.html.j2",
        cases=await to_thread.run_sync(rows),
        parts=making.PARTS,
        nothing=not found.session.evidence and found.session.symptom is None,
    )


@router.post("/case")
async def make(visit: SignedIn, form: Form, request: Request) -> Response:
    """Make it; nobody else can see it yet."""
    found = await find(visit, bench_of(request))
    wanted = making.Wanted(frozenset(id_ for id_, _ in making.PARTS if form.get(id_) == "yes"))
    id_, now = secrets.token_hex(12), visit.services.ambient.now()

    def made() -> None:
        tried = tuple(entry.tried for entry in journal.entries(visit.services, visit.account))
        said = tuple(one for one in found.session.tried if one not in tried)
        bundle = making.make(found, tuple(sorted((*tried, *said), key=lambda one: one.began)), wanted)
        with visit.services.database.write() as connection:
            if len(cases.list_all(connection, visit.account, now)) >= _MOST_CASES:
                raise Refusal(Code.REQUEST_TOO_LARGE)
            cases.make(connection, visit.account, id_, bundle, now, now + DEFAULT_DAYS * _DAY_S)

    await to_thread.run_sync(made)
    return visit.to(f"/case/{id_}")


@router.get("/case/{id}")
def own_case(id: CaseId, visit: SignedIn) -> Response:
    """One case exactly as the desk will see it, with what its owner can do."""
    return _own_page(visit, _own(visit, id))


@router.post("/case/{id}/link")
def link(id: CaseId, visit: SignedIn, form: Form) -> Response:
    """A link for the desk; an earlier one is good no more. It is shown once: only its digest is kept."""
    one = _own(visit, id)
    given = form.get("days", "")
    days = int(given) if given in map(str, DAYS) else DEFAULT_DAYS
    checks = tuple(id_ for id_, _ in CHECKS if form.get(f"check-{id_}") == "yes")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with visit.services.database.write() as connection:
        cases.link(connection, one, token, visit.services.ambient.now() + days * _DAY_S, checks)
    base = str(visit.request.base_url).rstrip("/")
    return _own_page(visit, _own(visit, id), f"{base}/desk/{token}")


@router.post("/case/{id}/withdraw")
def withdraw(id: CaseId, visit: SignedIn, form: Form) -> Response:
    """The link is good no more."""
    with visit.services.database.write() as connection:
        cases.withdraw(connection, _own(visit, id), visit.services.ambient.now())
    return visit.to(f"/case/{id}")


@router.post("/case/{id}/delete")
def delete(id: CaseId, visit: SignedIn, form: Form) -> Response:
    """The case, its link and its notes are gone."""
    with visit.services.database.write() as connection:
        cases.drop(connection, visit.account, id)
    return visit.to("/case")


@router.post("/case/{id}/note")
def own_note(id: CaseId, visit: SignedIn, form: Form) -> Response:
    """A note to the desk."""
    _noted(visit, _own(visit, id), "owner", form.get("text", ""))
    return visit.to(f"/case/{id}#notes")


@router.get("/case/{id}/case.zip")
def download(id: CaseId, visit: SignedIn) -> Response:
    """The file, as ``unstuck case export`` writes it."""
    return _file(visit, _own(visit, id))


# the desk


@router.get("/desk/{token}")
def desk(token: Token, visit: AnyVisit) -> Response:
    """The case of a link. Nobody need be signed in, and nothing here says whose it is."""
    one = _linked(visit, token)
    with visit.services.database.write() as connection:
        cases.note_opened(connection, one, visit.services.ambient.now())
    return _desk_page(visit, one, token)


@router.get("/desk/{token}/case.zip")
def desk_download(token: Token, visit: AnyVisit) -> Response:
    """The file of a link."""
    return _file(visit, _linked(visit, token))


@router.post("/desk/{token}/look")
def desk_look(token: Token, visit: AnyVisit, form: Form, request: Request) -> Response:
    """Look again at what the owner allows; it is noted."""
    one = _linked(visit, token)
    if not one.checks:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    visit.services.count(("desk-act", one.id), _NOTE_RATE)
    lines = look(visit.services, bench_of(request), visit.house.door, one.account, one.checks, visit.words, visit.when)
    named = ", ".join(one.checks)
    with visit.services.database.write() as connection:
        cases.add_note(connection, one, Note(visit.services.ambient.now(), "check", named))
    return _desk_page(visit, one, token, lines)


@router.post("/desk/{token}/note")
def desk_note(token: Token, visit: AnyVisit, form: Form) -> Response:
    """A note to the owner."""
    one = _linked(visit, token)
    visit.services.count(("desk-act", one.id), _NOTE_RATE)
    _noted(visit, one, "desk", form.get("text", ""))
    return visit.to(f"/desk/{token}#notes")


def _linked(visit: Visit, token: str) -> Kept:
    """The case of a link. Refusal: wrong, expired, withdrawn and too often asked for; the first three alike."""
    visit.services.count(("desk", address_of(visit.request)), _DESK_RATE)
    with visit.services.database.read() as connection:
        one = cases.by_token(connection, token, visit.services.ambient.now())
    if one is None:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    return one


def _own(visit: Visit, id_: str) -> Kept:
    with visit.services.database.read() as connection:
        one = cases.get(connection, visit.account, id_, visit.services.ambient.now())
    if one is None:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    return one


def _noted(visit: Visit, one: Kept, by: str, text: str) -> None:
    kept = wording.clean(" ".join(text.split()))[:_NOTE_MOST] if text.strip() else ""
    if not kept:
        return
    with visit.services.database.write() as connection:
        if not cases.add_note(connection, one, Note(visit.services.ambient.now(), by, kept)):
            raise Refusal(Code.REQUEST_TOO_LARGE)


def _file(visit: Visit, one: Kept) -> Response:
    with visit.services.database.read() as connection:
        bundle = cases.bundle(connection, one)
    headers = {**_headers(), "Content-Disposition": 'attachment; filename="case.zip"'}
    return Response(bundle, 200, headers, "application/zip")


def _headers() -> dict[str, str]:
    """The address of a desk's page is its secret: the referrer policy of every page keeps it here, and no search engine
    shall keep it."""
    return {**security.headers(), "X-Robots-Tag": "noindex, nofollow"}


def _values(visit: Visit, one: Kept) -> dict[str, object]:
    with visit.services.database.read() as connection:
        bundle, notes = cases.bundle(connection, one), cases.notes(connection, one)
    try:
        case = making.opened(bundle)
    except EvidenceError as error:
        raise Refusal(Code.REQUEST_NOT_FOUND) from error
    return {
        "one": one,
        "case": case,
        "size": len(bundle),
        "notes": notes,
        "checks": CHECKS,
        "results": RESULTS,
        "versions": VERSION_NAMES,
        "symptom": _symptom(case),
        "replies": _replies(case),
        "titles": {fix.id: fix.title for fix in knowledge().fixes.values()},
        "shown": None if case.diagnosis is None else diagnosis_values(case.diagnosis),
    }


def _own_page(visit: Visit, one: Kept, address: str = "") -> Response:
    return visit.page("case/own.html.j2", v=_values(visit, one), address=address, days=DAYS, default_days=DEFAULT_DAYS)


def _desk_page(visit: Visit, one: Kept, token: str, lines: list[tuple[str, str]] | None = None) -> Response:
    answer = visit.page("case/desk.html.j2", v=_values(visit, one), token=token, lines=lines)
    answer.headers["X-Robots-Tag"] = _headers()["X-Robots-Tag"]
    return answer


def _symptom(case: Case) -> str:
    known = knowledge().symptoms.get(case.symptom)
    return known.says if known is not None else ""


def _replies(case: Case) -> list[tuple[str, str]]:
    found = []
    for reply in case.replies:
        question = knowledge().questions.get(reply.question)
        if question is None:
            continue
        answers = {answer.id: answer.text for answer in question.answers} | {UNSURE: noop("I don't know")}
        found.append((question.text, answers.get(reply.answer, reply.answer)))
    return found
