"""Puts the pages into the server's application, beside its API: ``mount(app, door)``."""

from collections.abc import Awaitable, Callable
from functools import cache

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from jinja2 import Environment

from unstuck.chain.server.domain.refusals import Refusal
from unstuck.chain.server.door import Manners
from unstuck.web.base.templates import templates
from unstuck.web.pages.account import routes as account
from unstuck.web.pages.base import assets, errors, security, shell
from unstuck.web.pages.base.tickets import Tickets
from unstuck.web.pages.base.visit import ForeignFormError, House, SignInFirstError, presented, sign_in_path, stranger
from unstuck.web.pages.bench import Bench
from unstuck.web.pages.case import routes as case
from unstuck.web.pages.door import Door
from unstuck.web.pages.hands import Breaker, Hands
from unstuck.web.pages.home import routes as home
from unstuck.web.pages.mend import breaking
from unstuck.web.pages.mend import routes as mend
from unstuck.web.pages.phone import routes as phone
from unstuck.web.pages.settings import routes as settings
from unstuck.web.pages.wrong import asking, files
from unstuck.web.pages.wrong import routes as wrong

ROUTERS = (
    shell.router,
    account.router,
    home.router,
    settings.router,
    wrong.router,
    asking.router,
    files.router,
    mend.router,
    breaking.router,
    case.router,
    phone.router,
)
"""Each group of pages; a new one is added here."""

STREAMED = frozenset({files.UPLOAD_PATH})
"""Paths whose route reads and bounds its own body, as uploads of evidence do."""


def mount(
    app: FastAPI,
    door: Door | None = None,
    links: Tickets[int] | None = None,
    hands: Hands | None = None,
    breaker: Breaker | None = None,
) -> None:
    """Add the pages to an application made by ``create_app``.

    Args:
        app: The server.
        door: The agent in this process; None: there is only a server here.
        links: Where one-time sign-in links are kept; None: there are none.
        hands: What this process can look at and do beside its agent; None: nothing.
        breaker: Breaks a chain that is only played; None: it is a real one.
    """
    app.state.pages = House(_templates(), assets.load(), door, links)
    app.state.bench = Bench(hands, breaker)
    api = app.state.manners
    assert isinstance(api, Manners)
    app.state.manners = Manners(
        answer=lambda request, refusal: (
            api.answer(request, refusal) if _of_api(request.url.path) else _refused(request, refusal)
        ),
        has_token=lambda request: (
            api.has_token(request) if _of_api(request.url.path) else presented(request) is not None
        ),
        streams=lambda path: api.streams(path) or path in STREAMED,
    )
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        SignInFirstError: _sign_in_first,
        ForeignFormError: _foreign_form,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    for router in ROUTERS:
        app.include_router(router)


@cache
def _templates() -> Environment:
    return templates("unstuck.web.pages")


def _of_api(path: str) -> bool:
    return path.startswith("/v1/") or path == "/openapi.json"


def _refused(request: Request, refusal: Refusal) -> Response:
    if request.url.path.endswith(".json"):
        return JSONResponse(refusal.body(), refusal.wording.status, dict(security.headers()))
    return errors.page(stranger(request), refusal)


async def _sign_in_first(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInFirstError)
    path = sign_in_path(error.path)
    if request.headers.get("HX-Request") == "true":
        # A part of a page cannot be replaced by the page to sign in: the browser goes there as a whole.
        return Response(status_code=401, headers={**security.headers(), "HX-Redirect": path})
    return RedirectResponse(path, 303, headers=dict(security.headers()))


async def _foreign_form(request: Request, _error: Exception) -> Response:
    return errors.foreign(stranger(request))
