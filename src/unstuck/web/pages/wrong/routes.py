"""What is wrong: the three ways in, the questions, uploads, and the diagnosis."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.storage import guides
from unstuck.doctor.diagnose import GATE_QUESTIONS
from unstuck.doctor.guide import machine, screens
from unstuck.doctor.guide.machine import View
from unstuck.doctor.guide.screen import Choice, Screen
from unstuck.doctor.guide.state import UNSURE, Kind, Session, Step, begin
from unstuck.doctor.knowledge.loader import load as knowledge
from unstuck.model.errors import UsageError
from unstuck.web.pages.base import security
from unstuck.web.pages.base.visit import ForeignFormError, Form, SignedIn, Visit, check_origin
from unstuck.web.pages.bench import Bench, Room, bench_of
from unstuck.web.pages.wrong import finding, pictures
from unstuck.web.pages.wrong.analysing import Analysis, read
from unstuck.web.pages.wrong.finding import LIVE, READ, find
from unstuck.web.pages.wrong.multipart import (
    FIELD_MOST_BYTES,
    Data,
    Multipart,
    MultipartError,
    Part,
    boundary_of,
    safe_name,
)
from unstuck.web.pages.wrong.shown import closed_doors, diagnosis_values
from unstuck.web.report.html import policy, report, style_sheet

router = APIRouter(prefix="/wrong", include_in_schema=False)

UPLOAD_PATH = "/wrong/files"
_ASKS = (Kind.SYMPTOM, Kind.PHONE, Kind.MAKE, Kind.QUESTION)
_WRITE_BYTES = 2**20
"""Pieces in which an upload is written: a thread is asked once for each."""
_FORM_ROOM_BYTES = 64 * 2**10
"""What a form with files may have beside them."""
_ID_BYTES = 12

Wanted = Annotated[str, Query(max_length=64)]


@router.get("")
async def begin_page(visit: SignedIn, request: Request, said: Wanted = "") -> Response:
    """The three ways in, and what is there already."""
    bench = bench_of(request)
    session = await to_thread.run_sync(finding.load, visit)
    return await to_thread.run_sync(_begin_page, visit, bench, session, said)


def _begin_page(visit: Visit, bench: Bench, session: Session | None, said: str = "", status: int = 200) -> Response:
    given = given_files(visit, bench)
    live = {one.path.removeprefix(LIVE) for one in session.evidence if one.path.startswith(LIVE)} if session else set()
    begun = session is not None and (session.symptom is not None or bool(session.evidence))
    symptom = knowledge().symptoms.get(session.symptom or "") if session else None
    return visit.page(
        "wrong/begin.html.j2",
        status=status,
        ways=finding.ways(visit, bench),
        live=live,
        files=given,
        limits=bench.limits,
        session=session if begun else None,
        symptom=symptom.says if symptom else "",
        said=said,
        mega=2**20,
    )


def given_files(visit: Visit, bench: Bench) -> list[dict[str, object]]:
    """What was read of uploads, kept and not."""
    now = visit.services.ambient.now()
    with visit.services.database.read() as connection:
        kept = guides.kept(connection, visit.account, now)
    found: list[dict[str, object]] = [
        {"id": one.id, "name": one.name, "size": one.size, "until": one.expires_at, "kept": True} for one in kept
    ]
    known = {one.id for one in kept}
    found += [
        {"id": one.id, "name": one.name, "size": one.size, "left_s": bench.memory.left_s(one), "kept": False}
        for one in bench.memory.of(visit.account)
        if one.id not in known
    ]
    return found


@router.post("/connect")
async def connect(visit: SignedIn, form: Form, request: Request) -> Response:
    """Look at something that is connected, from now on."""
    way = form.get("way", "")
    if way not in {one.id for one in await to_thread.run_sync(finding.ways, visit, bench_of(request))}:
        raise Refusal(Code.REQUEST_INVALID)
    session = await _session(visit)
    await _save(visit, machine.give(session, f"{LIVE}{way}", finding.now_of(visit)))
    return visit.to("/wrong/found")


@router.post("/disconnect")
async def disconnect(visit: SignedIn, form: Form) -> Response:
    """Look at it no more."""
    session = await _session(visit)
    await _save(visit, _without(session, f"{LIVE}{form.get('way', '')}"))
    return visit.to("/wrong")


@router.post("/new")
async def new(visit: SignedIn, form: Form, request: Request) -> Response:
    """Forget what was said and tried, and begin anew; what is kept of files stays, for it was wanted."""
    mendings = bench_of(request).mendings
    if visit.account in mendings and mendings[visit.account].over:
        del mendings[visit.account]
    await _save(visit, begin(finding.now_of(visit)))
    return visit.to("/wrong/ask" if form.get("then") == "ask" else "/wrong")


# questions


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
    await _save(visit, session)
    return visit.to("/mend" if question in GATE_QUESTIONS.values() else "/wrong/ask")


def _answered(view: View, choice: str, now: datetime) -> Session:
    """An answer to a question that the machine does not ask now: it takes the place of an earlier one."""
    session = machine.choose(view, choice, now)
    earlier = tuple(one for one in view.session.answers if one.question != view.screen.id)
    return replace(session, answers=(*earlier, session.answers[-1]))


@router.post("/back")
async def back(visit: SignedIn, form: Form) -> Response:
    """Take the last answer back."""
    session = await _session(visit)
    await _save(visit, machine.back(session, finding.now_of(visit)))
    return visit.to("/wrong/ask")


@router.post("/stuck")
async def stuck(visit: SignedIn, form: Form, request: Request) -> Response:
    """The person says that it is stuck all the same."""
    session = await _session(visit)
    now = finding.now_of(visit)
    step = Step(
        Kind.MOVES, len(session.answers), len(session.tried), len(session.stops), session.taken_up, session.enough
    )
    session = replace(
        session, stops=(*session.stops, now), closed=False, shown=None, updated=now, steps=(*session.steps, step)
    )
    await _save(visit, session)
    return visit.to("/wrong/found")


# the diagnosis


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


# files


@router.post("/files")
async def files(visit: SignedIn, request: Request) -> Response:
    """Take an upload piece by piece, then read it in a process of its own."""
    bench = bench_of(request)
    check_origin(request)
    earlier = bench.analyses.get(visit.account)
    if earlier is not None and not earlier.over:
        raise Refusal(Code.SERVER_BUSY, retry_after_s=5.0)
    _check_length(request, bench)
    folder = bench.folder()
    room = Room(bench, visit.account)
    try:
        names = await _receive(visit, request, bench, folder, room)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        room.give_back()
        raise
    if not names:
        shutil.rmtree(folder, ignore_errors=True)
        room.give_back()
        session = await to_thread.run_sync(finding.load, visit)
        return await to_thread.run_sync(lambda: _begin_page(visit, bench, session, "no-file", 422))
    one = Analysis(secrets.token_hex(_ID_BYTES), visit.account, names, room.size, folder)
    bench.analyses[visit.account] = one
    one.task = asyncio.create_task(_analyse(visit, bench, one, room))
    return visit.to(f"/wrong/reading/{one.id}")


def _check_length(request: Request, bench: Bench) -> None:
    """Refusal: it says itself that it is too large. What it does not say is counted as it comes."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > bench.limits.account_bytes + _FORM_ROOM_BYTES:
        raise Refusal(Code.REQUEST_TOO_LARGE)


async def _receive(visit: Visit, request: Request, bench: Bench, folder: Path, room: Room) -> tuple[str, ...]:
    """Names of the files, which are in the folder then. Refusal, ForeignFormError: they are not."""
    limits = bench.limits
    try:
        form = Multipart(boundary_of(request.headers.get("Content-Type", "")))
    except MultipartError as error:  # nothing in it could prove that it is ours
        raise ForeignFormError from error
    try:
        writer = _Writer(visit, folder, room, limits.file_bytes, limits.files)
        try:
            async for piece in _pieces(request, limits.silence_s):
                for event in form.feed(piece):
                    await writer.take(event)
        finally:
            await writer.close()
    except MultipartError as error:
        raise Refusal(Code.REQUEST_INVALID) from error
    except TimeoutError as error:
        raise Refusal(Code.REQUEST_TOO_SLOW) from error
    except ClientDisconnect as error:
        raise Refusal(Code.REQUEST_INVALID) from error
    if not form.ended:
        raise Refusal(Code.REQUEST_INVALID)
    writer.check_proof()
    return tuple(writer.names)


async def _pieces(request: Request, silence_s: float) -> AsyncIterator[bytes]:
    stream = aiter(request.stream())
    while True:
        async with asyncio.timeout(silence_s):
            piece = await anext(stream, None)
        if piece is None:
            return
        yield piece


class _Writer:
    """Puts the parts of a form where they belong; no file is begun before the form is proven to be ours."""

    def __init__(self, visit: Visit, folder: Path, room: Room, file_bytes: int, files: int) -> None:
        self.names: list[str] = []
        self._visit = visit
        self._folder = folder
        self._room = room
        self._file_bytes = file_bytes
        self._files = files
        self._fields: dict[str, bytes] = {}
        self._field: str | None = None
        self._file: BinaryIO | None = None
        self._size = 0
        self._buffer = bytearray()

    def check_proof(self) -> None:
        """ForeignFormError: the field that proves it is missing or wrong."""
        given = self._fields.get("form", b"").decode("ascii", "replace")
        if self._visit.fresh_form_key or not security.form_token_fits(self._visit.form_key, given):
            raise ForeignFormError

    async def take(self, event: Part | Data) -> None:
        if isinstance(event, Part):
            await self.close()
            if event.file is None:
                self._field = event.name
                self._fields[event.name] = b""
                return
            self.check_proof()
            self._field = None
            if not event.file:  # an input without a choice is sent as an empty file without a name
                return
            if len(self.names) >= self._files:
                raise Refusal(Code.REQUEST_TOO_LARGE)
            name = safe_name(event.file, set(self.names))
            self.names.append(name)
            self._size = 0
            self._file = (self._folder / name).open("xb")
            return
        if self._field is not None:
            self._fields[self._field] += event.data
            if len(self._fields[self._field]) > FIELD_MOST_BYTES or len(self._fields) > 10:
                raise Refusal(Code.REQUEST_INVALID)
        elif self._file is not None:
            self._size += len(event.data)
            if self._size > self._file_bytes:
                raise Refusal(Code.REQUEST_TOO_LARGE)
            self._room.take(len(event.data))
            self._buffer += event.data
            if len(self._buffer) >= _WRITE_BYTES:
                await self._flush()

    async def close(self) -> None:
        """End the file that is being written, if any."""
        if self._file is not None:
            await self._flush()
            self._file.close()
            self._file = None

    async def _flush(self) -> None:
        file, data = self._file, bytes(self._buffer)
        self._buffer.clear()
        if file is not None and data:
            try:
                await to_thread.run_sync(file.write, data)
            except OSError as error:
                raise Refusal(Code.SERVER_STORAGE, retry_after_s=60.0) from error


async def _analyse(visit: Visit, bench: Bench, one: Analysis, room: Room) -> None:
    try:
        data = await read(one, bench.slots, bench.limits)
    finally:
        room.give_back()
    if data is None:
        return
    bench.memory.put(one.account, one.id, one.name, one.size, visit.services.ambient.now(), data)
    await to_thread.run_sync(_add, visit, one.id)


def _add(visit: Visit, id_: str) -> None:
    session = finding.load(visit) or begin(finding.now_of(visit))
    finding.save(visit, machine.give(session, f"{READ}{id_}", finding.now_of(visit)))


@router.get("/reading/{id}")
async def reading(id: str, visit: SignedIn, request: Request) -> Response:
    """How far the reading of an upload is."""
    one = _analysis(visit, bench_of(request), id)
    if one.over and one.state == "done":
        if visit.by_htmx:
            return Response(status_code=200, headers={**security.headers(), "HX-Redirect": "/wrong/found"})
        return visit.to("/wrong/found")
    if one.over and visit.by_htmx:
        return Response(status_code=200, headers={**security.headers(), "HX-Redirect": f"/wrong/reading/{id}"})
    template = "wrong/reading_part.html.j2" if visit.by_htmx else "wrong/reading.html.j2"
    return visit.page(template, status=422 if one.state == "failed" else 200, one=one)


@router.post("/reading/{id}/cancel")
async def cancel(id: str, visit: SignedIn, form: Form, request: Request) -> Response:
    """Stop it."""
    one = _analysis(visit, bench_of(request), id)
    if one.task is not None and not one.over:
        one.task.cancel()
    return visit.to("/wrong?said=cancelled")


def _analysis(visit: Visit, bench: Bench, id_: str) -> Analysis:
    one = bench.analyses.get(visit.account)
    if one is None or one.id != id_:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    return one


@router.post("/files/{id}/keep")
def keep(id: str, visit: SignedIn, form: Form, request: Request) -> Response:
    """Keep what was read of it for a month."""
    bench = bench_of(request)
    held = bench.memory.get(visit.account, id)
    if held is None:
        return visit.to("/wrong?said=forgotten")
    now = visit.services.ambient.now()
    kept = guides.Kept(held.id, held.name[:128], held.size, held.given_s, now + bench.limits.keep_s)
    with visit.services.database.write() as connection:
        guides.drop_expired(connection, now)
        if guides.kept_bytes(connection, visit.account) + len(held.data) > bench.limits.kept_bytes:
            raise Refusal(Code.REQUEST_TOO_LARGE)
        guides.keep(connection, visit.account, kept, held.data)
    bench.memory.drop(visit.account, id)
    return visit.to(f"{_back_to(form)}?said=kept")


@router.post("/files/{id}/forget")
def forget(id: str, visit: SignedIn, form: Form, request: Request) -> Response:
    """Forget it now."""
    bench_of(request).memory.drop(visit.account, id)
    with visit.services.database.write() as connection:
        guides.drop_kept(connection, visit.account, [id])
    session = finding.load(visit)
    if session is not None:
        finding.save(visit, _without(session, f"{READ}{id}"))
    return visit.to("/wrong?said=forgotten")


def _back_to(form: Mapping[str, str]) -> str:
    return "/wrong/found" if form.get("then") == "found" else "/wrong"


def _without(session: Session, path: str) -> Session:
    return replace(session, evidence=tuple(one for one in session.evidence if one.path != path), shown=None)


async def _session(visit: Visit) -> Session:
    return await to_thread.run_sync(finding.load, visit) or begin(finding.now_of(visit))


async def _save(visit: Visit, session: Session) -> None:
    await to_thread.run_sync(finding.save, visit, session)
