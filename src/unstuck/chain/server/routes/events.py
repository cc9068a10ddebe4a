"""Server-sent events: a page or a program hears at once when records arrive."""

import json
from collections.abc import AsyncIterator

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from unstuck.chain.server import views
from unstuck.chain.server.broker import News
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.routes.guard import Anyone, Caller, TheServices
from unstuck.chain.server.routes.series import watermarks_shape
from unstuck.chain.server.services import Services
from unstuck.chain.server.storage import accounts, trackers

router = APIRouter(prefix="/v1")

_STREAM = {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-sent events."}
_RETRY_S = 5.0
"""Seconds after which another stream may be tried."""


@router.get("/events", response_class=StreamingResponse, responses={200: _STREAM})
async def events(caller: Anyone, services: TheServices) -> StreamingResponse:
    """First the state of every tracker, then each change. A stream cut and opened again misses nothing."""
    if services.broker.listening(caller.account) >= services.settings.streams_of_one:
        raise Refusal(Code.REQUEST_TOO_OFTEN, retry_after_s=_RETRY_S)
    return StreamingResponse(_stream(services, caller), media_type="text/event-stream")


async def _stream(services: Services, caller: Caller) -> AsyncIterator[str]:
    with services.broker.listen(caller.account) as listener:
        for news in await to_thread.run_sync(_all, services, caller):
            yield await to_thread.run_sync(_event, services, caller, news)
        while await to_thread.run_sync(_still_good, services, caller):
            try:
                heard = await listener.next(services.settings.heartbeat_s)
            except EOFError:
                return
            if heard is None:
                yield ": alive\n\n"
            else:
                yield await to_thread.run_sync(_event, services, caller, heard)


def _all(services: Services, caller: Caller) -> list[News]:
    with services.database.read() as connection:
        return [News("state", row["tracker"]) for row in trackers.list_all(connection, caller.account)]


def _event(services: Services, caller: Caller, news: News) -> str:
    with services.database.read() as connection:
        found = views.watermarks(connection, caller.account, news.tracker)
    data = {"tracker": news.tracker, "watermarks": watermarks_shape(found).model_dump()}
    return f"event: {news.kind}\ndata: {json.dumps(data)}\n\n"


def _still_good(services: Services, caller: Caller) -> bool:
    with services.database.read() as connection:
        stored = accounts.token(connection, caller.token)
    if stored is None or stored.revoked is not None or services.maintenance() is not None:
        return False
    return stored.expires_at is None or services.ambient.now() < stored.expires_at
