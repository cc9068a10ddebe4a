"""The page, its modules, its service worker, and the token that a browser uploads with."""

import json
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from markupsafe import Markup
from pydantic import ValidationError

from unstuck import __version__
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes import tokens as token_rules
from unstuck.chain.server.storage import accounts
from unstuck.web.pages.base import errors, modules, security
from unstuck.web.pages.base.visit import AnyVisit, Form, SignedIn, Visit, house_of, stranger
from unstuck.web.pages.phone import words

router = APIRouter(include_in_schema=False)

_WORKER = "worker.js"
_PRECACHED = ("unstuck.css", "app.js", "htmx.min.js", "htmx-sse.min.js", "icon.svg")
"""What the layout of every page loads."""
_FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/phone")
def phone(visit: AnyVisit) -> Response:
    """Whoever it is: records can be taken over before anybody signs in, and without a network."""
    return visit.page("phone/phone.html.j2", bluetooth=True, told=_told(visit))


@router.get("/static/phone/{version}/{name}")
async def module(version: str, name: str, request: Request) -> Response:
    """A module of the page; another version than today's is not there."""
    answer = modules.modules().answer(request, name) if version == modules.version() else None
    if answer is None:
        raise Refusal(Code.REQUEST_NOT_FOUND)
    answer.headers["Cache-Control"] = _FOR_EVER
    return answer


@router.get("/phone-worker.js")
def worker(request: Request) -> Response:
    """Keeps the page for when there is no network, and uploads when there is one again."""
    house = house_of(request)
    kept = [
        "/phone",
        *(house.assets.address(name) for name in _PRECACHED),
        *(modules.address(name) for name in modules.modules().names()),
    ]
    visit = stranger(request)
    page = visit.html("phone/phone.html.j2", told=_told(visit))
    script = files("unstuck.web.pages.phone").joinpath(_WORKER).read_text("utf-8")
    for mark, value in (
        ("version", modules.digest_of(page, *kept)),
        ("kept", kept),
        ("agent", __version__),
    ):
        script = script.replace(f'"{{{{ {mark} }}}}"', json.dumps(value))
    script = script.replace("{{ background }}", modules.address("background.js"))
    headers = {**security.headers(), "Cache-Control": "no-cache"}
    return Response(script, 200, headers, "text/javascript; charset=utf-8")


@router.post("/phone/token")
def make_token(visit: SignedIn, form: Form) -> Response:
    """A device token for this browser, at a person's word. It is shown to the page once and to nobody else."""
    caller = visit.caller
    if caller is None:
        raise Refusal(Code.TOKEN_MISSING)
    name = form.get("name", "").strip()
    try:
        made = token_rules.make_device_token(shapes.NewToken(name=name), caller, visit.services)
    except ValidationError:
        return _refused(visit, Refusal(Code.REQUEST_INVALID))
    except Refusal as refusal:
        return _refused(visit, refusal)
    given = {"id": made.id, "token": made.token, "name": name, **_account(visit)}
    return JSONResponse(given, 201, dict(security.headers()))


def _refused(visit: Visit, refusal: Refusal) -> Response:
    wrong, to_do = map(visit.words.told, errors.sentences(refusal))
    body = {"code": str(refusal.code), "message": str(wrong), "what_to_do": str(to_do)}
    return JSONResponse(body, refusal.wording.status, dict(security.headers()))


def _account(visit: Visit) -> dict[str, str]:
    if visit.caller is None:
        return {"account": "", "account_name": ""}
    with visit.services.database.read() as connection:
        found = accounts.get(connection, visit.caller.account)
    return {"account": found.public_id, "account_name": found.name}


def _told(visit: Visit) -> Markup:
    """What the scripts need to know, as JSON."""
    told = {
        "agent": __version__,
        "language": visit.words.language,
        # A stranger's zone is not known here: the browser's own is used.
        "zone": visit.when.zone.key if visit.caller else "",
        "hour12": visit.when.clock != "24" if visit.caller else None,
        **_account(visit),
        "outcomes": words.outcome_words(visit.words),
        "said": words.said(visit.words),
        "records": words.counted(visit.words),
    }
    # No "<" in it, so it cannot end the element it stands in.
    return Markup(json.dumps(told).replace("<", "\\u003c"))
