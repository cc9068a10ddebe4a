"""The server as a process: data folder, database, socket, uvicorn."""

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from alembic.util import CommandError
from fastapi import FastAPI
from sqlalchemy.exc import ArgumentError, OperationalError

from unstuck.chain.server.app import create_app
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.storage.database import Database, sqlite_url
from unstuck.chain.server.storage.keyfile import sealer_in
from unstuck.model.errors import ErrorCode, UsageError

DEFAULT_PORT = 8787
DATABASE_FILE = "server.db"
MAINTENANCE_FILE = "maintenance"
"""While a file of this name is in the data folder the server is in maintenance; its text is the message."""

_LONGEST_MESSAGE = 500
"""Characters of the message of maintenance that are shown."""
_MOST_CONNECTIONS = 1000
"""Open connections; uvicorn answers 503 to more."""
_GOODBYE_S = 5
"""Seconds that open streams get to end when the server is stopped."""


@dataclass(frozen=True, slots=True)
class Options:
    """``database``: an SQLAlchemy address; empty: SQLite in the data folder. ``forwarded_from``: proxies to believe."""

    data: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    database: str = ""
    forwarded_from: str = ""
    settings: Settings = field(default_factory=Settings)


def default_data() -> Path:
    """Where the data is kept unless told otherwise: the XDG base directory."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "unstuck" / "server"


def open_database(data: Path, address: str) -> Database:
    """The database, made or brought up to date; ``address`` empty: SQLite in the folder. UsageError: it cannot be."""
    try:
        # Passwords' hashes and second factors are in it: for nobody else on this machine to read.
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not address:
            # SQLite gives its other files the mode of this one; the folder may have been there, open to all.
            (data / DATABASE_FILE).touch(mode=0o600)
        database = Database(address or sqlite_url(data / DATABASE_FILE))
        database.migrate()
    except (OSError, ArgumentError, ImportError, OperationalError, CommandError) as error:
        where = "the database" if address else str(data)
        raise UsageError(ErrorCode.USAGE_SOURCE, given=where, reason=_short(error)) from error
    return database


def build(options: Options) -> FastAPI:
    """The application on its database, which is made or brought up to date. UsageError: it cannot be used."""
    database = open_database(options.data, options.database)
    ambient = Ambient()
    sealer = sealer_in(options.data, database, ambient.random_bytes)
    return create_app(database, options.settings, ambient, maintenance_of(options.data / MAINTENANCE_FILE), sealer)


def maintenance_of(file: Path) -> Callable[[], str | None]:
    """Asks the file at each request: a person can begin and end maintenance without a restart."""

    def look() -> str | None:
        try:
            return file.read_text(errors="replace").strip()[:_LONGEST_MESSAGE]
        except FileNotFoundError:
            return None

    return look


def make_server(app: FastAPI, forwarded_from: str = "") -> uvicorn.Server:
    """A uvicorn server for it; ``serve(sockets=[...])`` runs it on an event loop of the caller's."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            # Addresses and paths say who has which tracker: not in a log unless somebody asks for it.
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=bool(forwarded_from),
            forwarded_allow_ips=forwarded_from or None,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_GOODBYE_S,
        )
    )


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A listening socket and the address to give to people. UsageError: the port cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
        # asyncio does this for sockets of its own alone. Without it the second write of an answer (headers, then body)
        # waits for the other side's delayed acknowledgement: 40 ms on Linux, for every answer.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"{host}:{port}", reason=_short(error)) from error
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    return listener, f"http://{shown}:{listener.getsockname()[1]}"


def serve(options: Options, say: Callable[[str], None], furnish: Callable[[FastAPI], str] = lambda app: "") -> None:
    """Run until stopped. ``say`` gets a line when it listens.

    ``furnish`` may add to the application before; it gives a line that is said too, or nothing.
    """
    app = build(options)
    more = furnish(app)
    listener, address = listen(options.host, options.port)
    with listener:
        say(f"Unstuck server on {address}, data in {options.data}. Ctrl-C stops it.")
        if more:
            say(more)
        if not options.forwarded_from and not _is_loopback(listener):
            say("Passwords travel unencrypted: put a proxy with TLS in front (docs/reference/server-api.md).")
        sys.stdout.flush()
        make_server(app, options.forwarded_from).run(sockets=[listener])


def _is_loopback(listener: socket.socket) -> bool:
    address = str(listener.getsockname()[0])
    return address.startswith("127.") or address == "::1"


def _short(error: Exception) -> str:
    """The first line, without the statement and its values."""
    return str(getattr(error, "orig", None) or error).splitlines()[0][:200]
