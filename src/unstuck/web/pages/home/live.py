"""The live part of the first page: news of the server and of the agent enter, fragments of HTML leave."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any

from anyio import to_thread

from unstuck.chain.server.domain.refusals import Refusal
from unstuck.chain.server.storage import accounts
from unstuck.web.pages.base.visit import Visit
from unstuck.web.pages.home import read

RETRY_S = 5.0
"""Seconds after which another stream may be tried."""
_LEAST_S = 0.5
"""Real seconds between two fragments: a person sees it move, and the database is hardly asked."""

Values = Callable[[Visit, read.TrackerName], dict[str, Any]]


async def stream(visit: Visit, tracker: str, values: Values) -> AsyncGenerator[str, None]:
    """A fragment at first, then whenever something changed. A stream cut and opened again misses nothing."""
    services = visit.services
    changed = asyncio.Event()
    before: dict[str, str] = {}
    with services.broker.listen(visit.account) as listener:
        changed.set()
        tasks = [asyncio.create_task(_hear(changed, visit))]
        try:
            while await to_thread.run_sync(_still_good, visit):
                if changed.is_set():
                    changed.clear()
                    parts = await to_thread.run_sync(_parts, visit, tracker, values)
                    for name, text in parts.items():
                        if before.get(name) != text:
                            yield _event(name, text)
                    before = parts
                    await asyncio.sleep(_LEAST_S)
                news = asyncio.create_task(listener.next(services.settings.heartbeat_s))
                waiting = asyncio.create_task(changed.wait())
                try:
                    done, _ = await asyncio.wait((news, waiting), return_when=asyncio.FIRST_COMPLETED)
                finally:  # also where the browser has gone meanwhile: nothing is left behind
                    news.cancel()
                    waiting.cancel()
                    await asyncio.wait((news, waiting))
                if news in done:
                    try:
                        heard = news.result()
                    except EOFError:
                        return
                    # Nothing heard: a page that says "since 14:02" must notice by itself that time has passed.
                    changed.set()
                    if heard is None:
                        yield ": alive\n\n"
        finally:
            for task in tasks:
                task.cancel()
    yield _event("end", "")


async def _hear(changed: asyncio.Event, visit: Visit) -> None:
    if visit.house.door is not None:
        async for _ in visit.house.door.changes():
            changed.set()


def _parts(visit: Visit, tracker: str, values: Values) -> dict[str, str]:
    now = replace(visit, when=replace(visit.when, now_s=visit.services.ambient.now()))
    try:
        shown = read.chosen(now, tracker)
    except Refusal:
        shown = None
    if shown is None:
        return {}
    found = values(now, shown)
    return {
        "now": now.html("home/now.html.j2", tracker=shown, **found),
        "today": now.html("home/today.html.j2", tracker=shown, **found),
        "said": now.html("home/said.html.j2", **found),
        "verdict": now.html("home/verdict.html.j2", tracker=shown, **found),
    }


def _still_good(visit: Visit) -> bool:
    if visit.caller is None or visit.services.maintenance() is not None:
        return False
    with visit.services.database.read() as connection:
        stored = accounts.token(connection, visit.caller.token)
    if stored is None or stored.revoked is not None:
        return False
    return stored.expires_at is None or visit.services.ambient.now() < stored.expires_at


def _event(name: str, text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
