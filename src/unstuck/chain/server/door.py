"""What stands before every route: maintenance, rate, size and time of the body, one shape of errors, headers."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unstuck.chain.server.domain import tokens
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.routes.guard import check_address, services_of

_LOG = logging.getLogger("unstuck.server")
STATUS_PATH = "/v1/status"
INGEST_PATH = "/v1/ingest"
PUBLIC_PATHS = frozenset({STATUS_PATH, "/v1/releases", "/v1/accounts", "/v1/sessions"})
"""Addresses that want no token: counted whatever stands where a token would, since nobody reads it."""
_MAINTENANCE_RETRY_S = 300.0
"""Seconds an agent waits during maintenance: a third of its rhythm of 15 minutes."""
_STORAGE_RETRY_S = 60.0
"""Seconds an agent waits when the disk is full or the database away: somebody has to act."""
_HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


def answer(refusal: Refusal) -> JSONResponse:
    """The refusal as a response."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after_s)))
    if refusal.wording.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.code is Code.REQUEST_TOO_SLOW:
        headers["Connection"] = "close"  # RFC 9110, 15.5.9: the rest of the body is waited for no more
    return JSONResponse(refusal.body(), refusal.wording.status, headers)


def _bearer(request: Request) -> bool:
    return tokens.read(request.headers.get("Authorization")) is not None


@dataclass(frozen=True, slots=True)
class Manners:
    """How a request is met; what shares the application with the API gives its own for its own addresses.

    ``answer``: a refusal as a response. ``has_token``: whether the request shows a token, and so is counted for that
    instead of its network address. ``streams``: whether the route of this path reads and bounds its own body.
    """

    answer: Callable[[Request, Refusal], Response] = lambda _request, refusal: answer(refusal)
    has_token: Callable[[Request], bool] = _bearer
    streams: Callable[[str], bool] = lambda path: path == INGEST_PATH


class Door:
    """ASGI middleware: refuses what is too large, slow or often or comes during maintenance, before it is parsed."""

    def __init__(self, app: ASGIApp, maintenance: Callable[[], str | None], request_bytes: int) -> None:
        self._app = app
        self._maintenance = maintenance
        self._request_bytes = request_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            receive = await self._admitted(scope, receive)
        except Refusal as refusal:
            await _answered(Request(scope), refusal)(scope, receive, _with_headers(send))
            return
        await self._app(scope, receive, _with_headers(send))

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """What the routes receive. Refusal: the request gets no further."""
        message = self._maintenance() if scope["path"] != STATUS_PATH else None
        if message is not None:
            raise Refusal(
                Code.SERVER_MAINTENANCE, retry_after_s=_MAINTENANCE_RETRY_S, extra={"said": message} if message else {}
            )
        request = Request(scope)
        services = services_of(request)
        # Here and not by the routes alone: FastAPI refuses a body that is no JSON before it asks who sends it.
        manners = manners_of(request)
        if scope["path"] in PUBLIC_PATHS or not manners.has_token(request):
            check_address(request, services)
        if manners.streams(scope["path"]):  # which reads its own body, piece by piece, once it knows who sends
            return receive
        try:
            async with asyncio.timeout(services.settings.request_arrival_s):
                return _replayed(await _whole(receive, self._request_bytes), receive)
        except TimeoutError as error:
            raise Refusal(Code.REQUEST_TOO_SLOW) from error


def manners_of(request: Request) -> Manners:
    """Those of this application."""
    found = request.app.state.manners
    if not isinstance(found, Manners):
        raise TypeError("the application was not made by create_app")
    return found


def _answered(request: Request, refusal: Refusal) -> Response:
    return manners_of(request).answer(request, refusal)


def install(app: FastAPI) -> None:
    """Give every error the one shape. Nothing of the request is repeated: it may be a password."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        Refusal: _refused,
        RequestValidationError: _invalid,
        HTTPException: _http,
        OperationalError: _storage,
        PoolTimeout: _storage,
        Exception: _fault,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _refused(request: Request, error: Exception) -> Response:
    return _answered(request, error) if isinstance(error, Refusal) else await _fault(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    fields = []
    if isinstance(error, RequestValidationError):
        fields = sorted({".".join(map(str, fault["loc"]))[:_FIELD_LETTERS] for fault in error.errors()})[:_FIELDS]
    return _answered(request, Refusal(Code.REQUEST_INVALID, extra={"fields": fields}))


_FIELDS = 20
"""Wrong fields named at most: more help nobody."""
_FIELD_LETTERS = 100
"""Letters of one field's place: keys of the request are in it."""


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    code = {404: Code.REQUEST_NOT_FOUND, 405: Code.REQUEST_METHOD}.get(status, Code.REQUEST_INVALID)
    response = _answered(request, Refusal(code))
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


async def _storage(request: Request, error: Exception) -> Response:
    _LOG.error("the database refused: %s", type(getattr(error, "orig", error)).__name__)
    return _answered(request, Refusal(Code.SERVER_STORAGE, retry_after_s=_STORAGE_RETRY_S))


async def _fault(request: Request, _error: Exception) -> Response:
    return _answered(request, Refusal(Code.SERVER_FAULT))


async def _whole(receive: Receive, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            raise Refusal(Code.REQUEST_TOO_LARGE)
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            named = {name.lower() for name, _ in given}
            message = {**message, "headers": [*given, *(one for one in _HEADERS if one[0] not in named)]}
        await send(message)

    return sent
