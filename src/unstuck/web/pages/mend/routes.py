"""Mend it: the plan, one fix at a time, consent, timers, what came of it, and taking back."""

import asyncio
import re
from dataclasses import replace
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.doctor.diagnose import Examination
from unstuck.doctor.knowledge.loader import load as knowledge
from unstuck.doctor.reasoning.plan import CONTACT_SUPPORT
from unstuck.doctor.remedies.catalogue import remedies_for
from unstuck.doctor.remedies.journal import Entry
from unstuck.doctor.remedies.permit import held_back
from unstuck.doctor.remedies.remedy import Ready, Wait
from unstuck.doctor.telling import wording
from unstuck.doctor.tried import SPEAKS
from unstuck.model.diagnosis import PlannedFix, Verdict
from unstuck.model.history import Result, Tried
from unstuck.web.pages.base import security
from unstuck.web.pages.base.i18n import noop
from unstuck.web.pages.base.visit import Form, SignedIn, Visit
from unstuck.web.pages.bench import Bench, bench_of
from unstuck.web.pages.mend import journal, timers
from unstuck.web.pages.mend.treating import Mending, take_back
from unstuck.web.pages.wrong import finding
from unstuck.web.pages.wrong.finding import Found, find
from unstuck.web.pages.wrong.shown import closed_doors

router = APIRouter(prefix="/mend", include_in_schema=False)

RESULTS = {
    Result.HELPED: noop("helped"),
    Result.DID_NOT_HELP: noop("did not help"),
    Result.UNDONE: noop("did not help, and was taken back"),
    Result.FAILED: noop("could not be done"),
    Result.DECLINED: noop("not done"),
    Result.BLOCKED: noop("not now"),
    Result.UNKNOWN: noop("done; whether it helped is not known"),
}
_ANSWERS: dict[str, object] = {"yes": True, "no": False, "unsure": None}
_TRIED_SHOWN = 20
_TYPED = re.compile(r"'unstuck [a-z]")
"""How a step of the knowledge names a command."""
_CASE_STEP = noop("Make a case here and look at it: names, addresses and serials are taken out; see that you agree.")
_NO_HARM = re.compile(r"^None[^.]*\.\s*")
"""How the harm of a harmless fix begins; what follows is worth reading."""


@router.get("")
async def page(visit: SignedIn, request: Request) -> Response:
    """The plan, or the fix that is being done."""
    bench = bench_of(request)
    mending = bench.mendings.get(visit.account)
    if mending is not None and mending.shown and not visit.by_htmx:
        _put_away(bench, visit.account)
        mending = None
    if mending is not None:
        mending.shown = mending.over
        return _part(visit, mending) if visit.by_htmx else visit.page("mend/doing.html.j2", **_values(visit, mending))
    if visit.by_htmx:
        return Response(status_code=200, headers={**security.headers(), "HX-Redirect": "/mend"})
    found = await find(visit, bench)
    if not found.session.evidence and found.session.symptom is None:
        return visit.to("/wrong")
    return await to_thread.run_sync(_plan_page, visit, bench, found)


def _plan_page(visit: Visit, bench: Bench, found: Found) -> Response:
    seen = found.examination
    done = {one.fix for one in found.session.tried if one.result in (*SPEAKS, Result.DECLINED, Result.FAILED)}
    may = [step for step in seen.diagnosis.plan if step.blocked is None and step.fix not in done]
    may.sort(key=lambda step: step.fix == CONTACT_SUPPORT)
    names = {one.id: one.title for one in knowledge().fixes.values()}
    entries = journal.entries(visit.services, visit.account)
    return visit.page(
        "mend/plan.html.j2",
        d=seen.diagnosis,
        w=wording,
        why=knowledge().fixes[may[0].fix].explanation if may else "",
        harm=_NO_HARM.sub("", knowledge().fixes[may[0].fix].harm) if may else "",
        moves=seen.diagnosis.verdict is Verdict.HEALTHY,
        now_step=may[0] if may else None,
        how=_how(seen, may[0]) if may else None,
        later=may[1:],
        closed=closed_doors(seen.diagnosis),
        entries=entries[::-1][:_TRIED_SHOWN],
        names=names,
        results=RESULTS,
        found=found,
        skipped=[one for one in found.session.tried if one.result is Result.DECLINED],
    )


def _how(seen: Examination, step: PlannedFix) -> str:
    """``auto``: the machine can do it here; ``hand``: only the person."""
    for remedy, _ in remedies_for(step.fix, seen.targets):
        if held_back(remedy, seen.diagnosis.plan, seen.situation) is None:
            return "auto"
    return "hand"


@router.post("/do")
async def do(visit: SignedIn, form: Form, request: Request) -> Response:
    """Begin a fix: ``how`` is ``auto`` where the machine shall do what it can, else it is the person's hands."""
    bench = bench_of(request)
    fix = form.get("fix", "")
    if fix not in knowledge().fixes:
        raise Refusal(Code.REQUEST_INVALID)
    running = bench.mendings.get(visit.account)
    if running is not None and not running.over:
        return visit.to("/mend")
    found = await find(visit, bench)
    mending = await to_thread.run_sync(lambda: _mending(visit, bench, found, fix, auto=form.get("how") == "auto"))
    bench.mendings[visit.account] = mending

    async def then(ended: Mending) -> None:
        await to_thread.run_sync(_note, visit, ended)

    mending.start(then)
    return visit.to("/mend")


def _mending(visit: Visit, bench: Bench, found: Found, fix: str, *, auto: bool) -> Mending:
    hands = found.hands
    services = visit.services

    async def examine(tried: tuple[Tried, ...]) -> Examination:
        session = await to_thread.run_sync(finding.load, visit) or found.session
        new = await find(visit, bench, session, fresh=True)
        connections = finding.connections_of(session, hands) if auto else ()
        return await to_thread.run_sync(
            lambda: finding.think(session, new.readings, finding.now_of(visit), connections, visit.when.zone.key, tried)
        )

    async def did_by_hand(done: str) -> None:
        if hands is not None:
            await hands.did_by_hand(done)

    return Mending(
        fix=fix,
        title=knowledge().fixes[fix].title,
        examine_now=examine,
        keep_entry=lambda entry: journal.keep(services, visit.account, entry),
        did_by_hand=did_by_hand,
        hands=hands.hands() if hands is not None and auto else {},
        clock=services.ambient.now,
        pace=hands.pace if hands is not None else 1.0,
        live=found.live,
        next_number=journal.next_number(services, visit.account),
    )


def _note(visit: Visit, ended: Mending) -> None:
    """What came of it goes into the session, so that the plan changes with it."""
    session = finding.load(visit)
    done = [entry.tried for entry in ended.entries if entry.tried.ended is not None]
    done = [one for one in done if one.result is not Result.BLOCKED]
    if session is not None and done:
        finding.save(visit, replace(session, tried=(*session.tried, *done), shown=None, updated=finding.now_of(visit)))


def _values(visit: Visit, mending: Mending) -> dict[str, Any]:
    asked = mending.asked
    steps: list[dict[str, object]] = []
    if asked is not None and asked.kind == "guide" and asked.fix is not None:
        for number, text in enumerate(_for_a_page(asked.fix.steps)):
            if text:
                timer = mending.timers.get(number)
                steps.append({"number": number, "text": text, "wait_s": timers.wait_s(text), "timer": timer})
    last = mending.entries[-1] if mending.entries else None
    return {
        "m_": mending,
        "asked": asked,
        "steps": steps,
        "acts": _acts(asked.proposal.acts) if asked is not None and asked.proposal is not None else [],
        "last": last,
        "results": RESULTS,
        "support": CONTACT_SUPPORT,
        "pace": mending.pace,
        "clock_s": mending.clock(),
    }


def _for_a_page(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Steps without what is typed in a terminal: the page that does the same is named once, at its first place."""
    typed = [number for number, text in enumerate(steps) if _TYPED.search(text)]
    return tuple(
        text if number not in typed else (_CASE_STEP if number == typed[0] else "") for number, text in enumerate(steps)
    )


def _acts(acts: tuple[Ready | Wait, ...]) -> list[dict[str, str]]:
    shown = []
    for act in acts:
        if isinstance(act, Wait):
            shown.append({"says": act.says, "what": f"{act.seconds:.0f} s", "was": ""})
        else:
            was = "" if act.change is None else f"{act.change.what}: {act.change.before} → {act.change.after}"
            shown.append({"says": act.says, "what": str(act.act), "was": was})
    return shown


def _part(visit: Visit, mending: Mending) -> Response:
    """What has changed since the page looked last; 204 where nothing has."""
    seen = visit.request.headers.get("HX-Trigger-Name", "")
    if seen == f"v{mending.version}" and mending.waits is None:
        return Response(status_code=204, headers=dict(security.headers()))
    return visit.page("mend/doing_part.html.j2", **_values(visit, mending))


@router.post("/answer")
async def answer(visit: SignedIn, form: Form, request: Request) -> Response:
    """Yes, no or not known, to what was asked. ``asked`` must be what is asked now."""
    mending = _running(visit, bench_of(request))
    value = form.get("value", "")
    if mending.asked is not None and form.get("asked") == mending.asked.kind and value in _ANSWERS:
        mending.answer(_ANSWERS[value])
        await _settle(mending)
    return visit.to("/mend")


async def _settle(mending: Mending) -> None:
    """Give it a moment, so that the next page shows what follows."""
    before = mending.version
    for _ in range(10):
        await asyncio.sleep(0.03)
        if mending.version != before:
            return


@router.post("/timer")
async def timer(visit: SignedIn, form: Form, request: Request) -> Response:
    """Start the timer of a step."""
    mending = _running(visit, bench_of(request))
    asked, given = mending.asked, form.get("step", "")
    if asked is not None and asked.fix is not None and given.isdecimal() and int(given) < len(asked.fix.steps):
        wait_s = timers.wait_s(asked.fix.steps[int(given)])
        if wait_s is not None:
            now_s = mending.clock()
            mending.timers[int(given)] = (now_s, now_s + wait_s)
    return visit.to("/mend")


@router.post("/stop")
async def stop(visit: SignedIn, form: Form, request: Request) -> Response:
    """No more of it."""
    await _running(visit, bench_of(request)).stop()
    return visit.to("/mend")


@router.post("/go-on")
async def go_on(visit: SignedIn, form: Form, request: Request) -> Response:
    """The end of a fix was seen: back to the plan."""
    bench = bench_of(request)
    mending = bench.mendings.get(visit.account)
    if mending is not None and mending.over:
        _put_away(bench, visit.account)
    return visit.to("/mend")


def _put_away(bench: Bench, account: int) -> None:
    """How it ended was seen; what is looked at next is looked at anew."""
    del bench.mendings[account]
    for key in [key for key in bench.looks if key[0] == account]:
        del bench.looks[key]


@router.post("/again")
async def again(visit: SignedIn, form: Form) -> Response:
    """What was skipped is offered again."""
    session = await to_thread.run_sync(finding.load, visit)
    if session is not None:
        kept = tuple(one for one in session.tried if one.result is not Result.DECLINED)
        await to_thread.run_sync(finding.save, visit, replace(session, tried=kept, taken_up=0, steps=()))
    return visit.to("/mend")


@router.post("/{number}/undo")
async def undo(number: str, visit: SignedIn, form: Form, request: Request) -> Response:
    """Take back what still stands of one entry."""
    bench = bench_of(request)
    running = bench.mendings.get(visit.account)
    if running is not None and not running.over:
        return visit.to("/mend")
    wanted = await to_thread.run_sync(journal.entries, visit.services, visit.account)
    chosen: list[Entry] = [one for one in wanted if str(one.number) == number and one.standing]
    if not chosen:
        return visit.to("/mend")
    found = await find(visit, bench)
    fix = chosen[0].tried.fix
    mending = await to_thread.run_sync(lambda: _mending(visit, bench, found, fix, auto=True))
    await take_back(mending, chosen)
    return visit.to("/mend")


def _running(visit: Visit, bench: Bench) -> Mending:
    mending = bench.mendings.get(visit.account)
    if mending is None:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    return mending
