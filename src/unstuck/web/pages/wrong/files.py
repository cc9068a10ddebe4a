"""Files that a person gives: sent, read, kept or forgotten."""

import asyncio
import secrets
import shutil
from collections.abc import Mapping

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.storage import guides
from unstuck.doctor.guide import machine
from unstuck.doctor.guide.state import begin
from unstuck.web.pages.base import security
from unstuck.web.pages.base.visit import Form, SignedIn, Visit, check_origin
from unstuck.web.pages.bench import Bench, Room, bench_of
from unstuck.web.pages.wrong import finding, starting
from unstuck.web.pages.wrong.analysing import Analysis, read
from unstuck.web.pages.wrong.finding import READ
from unstuck.web.pages.wrong.receiving import check_length, receive

router = APIRouter(prefix="/wrong", include_in_schema=False)

UPLOAD_PATH = "/wrong/files"
_ID_BYTES = 12


@router.post("/files")
async def files(visit: SignedIn, request: Request) -> Response:
    """Take an upload piece by piece, then read it in a process of its own."""
    bench = bench_of(request)
    check_origin(request)
    earlier = bench.analyses.get(visit.account)
    if earlier is not None and not earlier.over:
        raise Refusal(Code.SERVER_BUSY, retry_after_s=5.0)
    check_length(request, bench)
    folder = bench.folder()
    room = Room(bench, visit.account)
    try:
        names = await receive(visit, request, bench, folder, room)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        room.give_back()
        raise
    if not names:
        shutil.rmtree(folder, ignore_errors=True)
        room.give_back()
        session = await to_thread.run_sync(finding.load, visit)
        return await to_thread.run_sync(lambda: starting.page(visit, bench, session, "no-file", 422))
    one = Analysis(secrets.token_hex(_ID_BYTES), visit.account, names, room.size, folder)
    bench.analyses[visit.account] = one
    one.task = asyncio.create_task(_analyse(visit, bench, one, room))
    return visit.to(f"/wrong/reading/{one.id}")


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
        finding.save(visit, finding.without(session, f"{READ}{id}"))
    return visit.to("/wrong?said=forgotten")


def _back_to(form: Mapping[str, str]) -> str:
    return "/wrong/found" if form.get("then") == "found" else "/wrong"
