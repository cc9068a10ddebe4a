"""Breaking a chain that is only played, so that a person can watch it break: only where the process offers it."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.web.pages.base.visit import Form, SignedIn, Visit
from unstuck.web.pages.bench import Bench, bench_of
from unstuck.web.pages.hands import Breaker
from unstuck.web.pages.wrong.finding import hands_of

router = APIRouter(prefix="/break", include_in_schema=False)

PASS_MINUTES = 40
"""Half an hour of silence is nothing to a doctor; after that it is stuck (boundaries.QUIET_OK)."""


@router.get("")
def page(visit: SignedIn, request: Request) -> Response:
    """What can be broken, and what is."""
    breaker = _breaker(visit, bench_of(request))
    return visit.page("mend/break.html.j2", faults=breaker.faults, struck=breaker.struck, minutes=PASS_MINUTES)


@router.post("/strike")
async def strike(visit: SignedIn, form: Form, request: Request) -> Response:
    """Break it."""
    bench = bench_of(request)
    breaker = await to_thread.run_sync(_breaker, visit, bench)
    try:
        await breaker.strike(form.get("fault", ""))
    except KeyError as error:
        raise Refusal(Code.REQUEST_INVALID) from error
    bench.looks.clear()
    return visit.to("/break")


@router.post("/pass")
async def pass_time(visit: SignedIn, form: Form, request: Request) -> Response:
    """Let the chain's time pass."""
    bench = bench_of(request)
    await (await to_thread.run_sync(_breaker, visit, bench)).pass_time(PASS_MINUTES)
    bench.looks.clear()
    return visit.to("/break")


@router.post("/undo")
async def undo(visit: SignedIn, form: Form, request: Request) -> Response:
    """As it was before."""
    bench = bench_of(request)
    await (await to_thread.run_sync(_breaker, visit, bench)).undo()
    bench.looks.clear()
    return visit.to("/break")


def _breaker(visit: Visit, bench: Bench) -> Breaker:
    """Refusal: nothing here can be broken by this person, and they are not told what else there is."""
    if bench.breaker is None or hands_of(visit, bench) is None:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    return bench.breaker
