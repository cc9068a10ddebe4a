"""The pages before one is signed in, and the way out. What may and may not be is decided by the server's own rules."""

import ipaddress
from dataclasses import replace
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.domain.tokens import Revoked
from unstuck.chain.server.routes import accounts as signing
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes.accounts import Proven
from unstuck.chain.server.storage import accounts, preferences
from unstuck.web.pages.base import errors
from unstuck.web.pages.base.security import local_path
from unstuck.web.pages.base.visit import AnyVisit, Form, SignedIn, Visit, sign_in_path
from unstuck.web.pages.base.when import is_zone

router = APIRouter(include_in_schema=False)

Next = Annotated[str, Query(max_length=500)]

_CODE_LETTERS = 64
"""Longest code that is looked at: a recovery code has 19 letters."""


@router.get("/sign-in")
def sign_in_page(visit: AnyVisit, next: Next = "/") -> Response:
    """Name and password."""
    if visit.caller is not None:
        return visit.to(local_path(next))
    return _sign_in_page(visit, local_path(next))


@router.post("/sign-in")
async def sign_in(visit: AnyVisit, form: Form) -> Response:
    """The first half; the second follows where a second factor is set."""
    name, then = form.get("name", ""), local_path(form.get("next", "/"))
    zone = form.get("zone", "")
    try:
        proven = await signing.password_proven(visit.services, visit.request, name, form.get("password", ""))
        if proven.account.totp_secret is not None:
            ticket = visit.house.passed.make(proven)
            return visit.page("account/code.html.j2", ticket=ticket, then=then, zone=zone, wrong="", to_do="")
        return await _begin(visit, proven, "", then, zone)
    except Refusal as refusal:
        return _sign_in_page(visit, then, name, refusal)


@router.post("/sign-in/code")
async def second_factor(visit: AnyVisit, form: Form) -> Response:
    """The second half. The password is proven by a ticket that is good for ten minutes."""
    ticket, then = form.get("ticket", ""), local_path(form.get("next", "/"))
    zone = form.get("zone", "")
    proven = visit.house.passed.look(ticket)
    if not isinstance(proven, Proven):
        return visit.to(sign_in_path(then))
    try:
        answer = await _begin(visit, proven, form.get("code", "")[:_CODE_LETTERS], then, zone)
    except Refusal as refusal:
        wrong, to_do = map(visit.words.told, errors.sentences(refusal))
        status = refusal.wording.status
        return visit.page(
            "account/code.html.j2", status=status, ticket=ticket, then=then, zone=zone, wrong=wrong, to_do=to_do
        )
    visit.house.passed.take(ticket)
    return answer


@router.get("/register")
def register_page(visit: AnyVisit) -> Response:
    """A new account."""
    if visit.caller is not None:
        return visit.to("/")
    return _register_page(visit)


@router.post("/register")
async def register(visit: AnyVisit, form: Form) -> Response:
    """Make the account and sign in."""
    name = form.get("name", "")
    try:
        given = shapes.Registering(name=name, password=SecretStr(form.get("password", "")))
        signed_in = await signing.register(given, visit.request, visit.services)
    except ValidationError:
        return _register_page(visit, name, Refusal(Code.ACCOUNT_NAME_INVALID))
    except Refusal as refusal:
        return _register_page(visit, name, refusal)
    await to_thread.run_sync(lambda: _keep_zone(visit, name.strip().lower(), form.get("zone", "")))
    return visit.signed_in(visit.to("/"), signed_in.token)


@router.post("/sign-out")
def sign_out(visit: SignedIn, _form: Form) -> Response:
    """End this session, and take from the browser what it keeps."""
    if visit.caller is not None:
        with visit.services.database.write() as connection:
            now = visit.services.ambient.now()
            accounts.revoke(connection, visit.account, visit.caller.token, Revoked.SIGNED_OUT, now)
    return visit.signed_out(visit.to("/sign-in"))


@router.get("/sign-in/once/{ticket}")
def once_page(ticket: str, visit: AnyVisit) -> Response:
    """A one-time link asks before it signs in: what looks at links ahead of people must not use it up."""
    account = _of_link(visit, ticket, take=False)
    if account is None:
        return visit.page("account/once.html.j2", status=410, name="", ticket="")
    with visit.services.database.read() as connection:
        name = accounts.get(connection, account).name
    return visit.page("account/once.html.j2", name=name, ticket=ticket)


@router.post("/sign-in/once/{ticket}")
def once(ticket: str, visit: AnyVisit, form: Form) -> Response:
    """Use the link up."""
    account = _of_link(visit, ticket, take=True)
    if account is None:
        return visit.page("account/once.html.j2", status=410, name="", ticket="")
    with visit.services.database.write() as connection:
        signed_in = signing.new_session(visit.services, connection, account)
        _prefer_zone(connection, account, form.get("zone", ""))
    return visit.signed_in(visit.to("/"), signed_in.token)


def _of_link(visit: Visit, ticket: str, *, take: bool) -> int | None:
    """The account of a link that is good, asked for from this machine and by its own name. None: no."""
    links = visit.house.links
    if links is None or not _is_from_here(visit.request):
        return None
    return links.take(ticket) if take else links.look(ticket)


_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def _is_from_here(request: Request) -> bool:
    """From a program on this machine, not through a proxy, and not by a name that somebody else's DNS gave it."""
    try:
        own = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        own = False
    forwarded = any(name in request.headers for name in _FORWARDED)
    return own and not forwarded and request.url.hostname in _OWN_NAMES


def _sign_in_page(visit: Visit, then: str, name: str = "", refusal: Refusal | None = None) -> Response:
    return _with_fault(visit, "account/sign_in.html.j2", refusal, name=name, then=then)


def _register_page(visit: Visit, name: str = "", refusal: Refusal | None = None) -> Response:
    return _with_fault(visit, "account/register.html.j2", refusal, name=name)


def _with_fault(visit: Visit, template: str, refusal: Refusal | None, **values: Any) -> Response:
    wrong, to_do = map(visit.words.told, errors.sentences(refusal) if refusal else ("", ""))
    settings = visit.services.settings
    return visit.page(
        template,
        status=refusal.wording.status if refusal else 200,
        wrong=wrong,
        to_do=to_do,
        registration_open=settings.registration_open,
        here_only=visit.house.links is not None,
        **values,
    )


async def _begin(visit: Visit, proven: Proven, code: str, then: str, zone: str) -> Response:
    signed_in = await to_thread.run_sync(lambda: signing.begin_session(visit.services, proven, code))
    await to_thread.run_sync(lambda: _keep_zone(visit, proven.account.name, zone))
    return visit.signed_in(visit.to(then), signed_in.token)


def _keep_zone(visit: Visit, name: str, zone: str) -> None:
    with visit.services.database.write() as connection:
        account = accounts.by_name(connection, name)
        if account is not None:
            _prefer_zone(connection, account.id, zone)


def _prefer_zone(connection: Connection, account: int, zone: str) -> None:
    """The zone of the browser, while the account has chosen none."""
    chosen = preferences.get(connection, account)
    if not chosen.zone and is_zone(zone):
        preferences.put(connection, account, replace(chosen, zone=zone))
