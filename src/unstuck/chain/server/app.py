"""The application: routes, rules and storage put together."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from unstuck import __version__
from unstuck.chain.server import door
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.passwords import Hasher
from unstuck.chain.server.domain.sealing import Sealer
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.routes import accounts, events, ingest, releases, series, shapes, status, tokens, trackers
from unstuck.chain.server.services import Gate, Services
from unstuck.chain.server.storage.database import Database

_ERRORS: dict[int | str, dict[str, Any]] = {
    422: {"model": shapes.Error, "description": "Not as described."},
    "default": {"model": shapes.Error, "description": "Refused; 'code' says why, 'what_to_do' what helps."},
}


def never() -> str | None:
    """No maintenance."""
    return None


def create_app(
    database: Database,
    settings: Settings | None = None,
    ambient: Ambient | None = None,
    maintenance: Callable[[], str | None] = never,
    sealer: Sealer | None = None,
) -> FastAPI:
    """The server as an ASGI application.

    Args:
        database: Migrated already, see :meth:`Database.migrate`.
        settings: What whoever runs it set.
        ambient: Time and randomness.
        maintenance: Asked at each request; a message (may be empty) while the server is maintained, else None.
        sealer: For second factors; without one they are refused.
    """
    settings = settings or Settings()
    app = FastAPI(title="Unstuck", version=__version__, responses=_ERRORS, docs_url=None, redoc_url=None)
    app.state.services = Services(
        settings=settings,
        ambient=ambient or Ambient(),
        database=database,
        maintenance=maintenance,
        hasher=Hasher(settings.password_cost),
        hashing=Gate(settings.hashing_at_once, settings.hashing_waiting),
        ingesting=Gate(settings.ingest_at_once, settings.ingest_waiting),
        sealer=sealer or Sealer(),
    )
    app.state.manners = door.Manners()
    app.add_middleware(door.Door, maintenance=maintenance, request_bytes=settings.request_bytes)
    door.install(app)
    public = (status.public, accounts.public, releases.public)
    for router in (
        *public,
        accounts.router,
        tokens.router,
        trackers.router,
        series.router,
        ingest.router,
        events.router,
        releases.router,
    ):
        app.include_router(router)
    return app
