"""The service of the lab: the chain's own server in this process, and what its owner and the account's do to it."""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from fastapi import FastAPI

from unstuck.chain.paced_http import PacedTransport
from unstuck.chain.phone.person import Person
from unstuck.chain.records.ranges import Ranges
from unstuck.chain.server import views
from unstuck.chain.server.app import create_app
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.ledger import held_of
from unstuck.chain.server.domain.passwords import Cost
from unstuck.chain.server.domain.possession import tracker_id
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.serve import listen, make_server
from unstuck.chain.server.storage import accounts
from unstuck.chain.server.storage.database import Database, sqlite_url
from unstuck.chain.server.storage.keyfile import sealer_in
from unstuck.lab.state import Claimed, Login, Service

ADDRESS = "http://server"
MODEL = "unstuck-lab"
"""Product name of the lab's trackers, as releases know it."""

_QUICK = Cost(1, 8, 1)
"""Hashing a password well takes longer than a whole case; nobody attacks a lab."""

_made: list[FastAPI] = []
_maintained: list[str] = []
"""The message while the service is in maintenance. Of the module, as the one application is."""


class Backend:
    """One server with one account, whose name is ``owner``, and a second one to be signed in to by mistake."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], float],
        code: str,
        *,
        prepare: Callable[[FastAPI], None] | None = None,
        port: int = 0,
    ) -> None:
        """``prepare``: the server runs in a thread of its own on ``port`` (0: any) for browsers too, and whoever wants
        more routes adds them here. None: it is asked in this loop, by nobody but the lab.
        """
        self._now = now
        self._code = code
        self._settings = Settings(password_cost=_QUICK)
        self._database = Database(sqlite_url(folder / "server.sqlite"))
        self._database.migrate()
        _maintained.clear()
        ambient = Ambient(now=now, ticks=now)
        self.address = ADDRESS
        self._served: _Served | None = None
        if prepare is None:
            self.app = _shared(self._database, self._settings, ambient)
            self.transport = PacedTransport(httpx.ASGITransport(self.app))
        else:
            sealer = sealer_in(folder, self._database, ambient.random_bytes)
            self.app = create_app(self._database, self._settings, ambient, _message, sealer)
            prepare(self.app)
            self._served = _Served(self.app, port)
            self.address = self._served.address
            self.transport = PacedTransport()
        self._numbers = itertools.count(1)
        self._password = "correct horse battery 0"
        self._owner = Person(self.address, transport=self.transport)
        self._other = Person(self.address, transport=self.transport)
        self._account = 0
        self.token = ""
        """The login that the app was given last."""

    async def __aenter__(self) -> Self:
        if self._served is not None:
            self._served.start()
        await self._owner.__aenter__()
        await self._other.__aenter__()
        await self._owner.register("owner", self._password)
        with self._database.read() as connection:
            found = accounts.by_name(connection, "owner")
        assert found is not None
        self._account = found.id
        await self._owner.claim(tracker_id(self._code), self._code)
        await self.sign_in()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._owner.__aexit__(kind, error, trace)
        await self._other.__aexit__(kind, error, trace)
        if self._served is not None:
            self._served.stop()
        self._database.close()

    async def sign_in(self, *, other: bool = False) -> None:
        """The app gets a new login."""
        if other and not self._other.token:
            with _behind_the_front():
                await self._other.register("other", self._password)
        person = self._other if other else self._owner
        with _behind_the_front():
            self.token = await person.device_token(f"phone {next(self._numbers)}")

    async def spoil_login(self, login: Login) -> None:
        """What makes the app's login worthless."""
        with _behind_the_front():
            match login:
                case Login.PASSWORD_CHANGED:
                    fresh = f"correct horse battery {next(self._numbers)}"
                    await self._owner.change_password(self._password, fresh)
                    self._password = fresh
                case Login.REVOKED | Login.SECOND_FACTOR:
                    for token in await self._owner.tokens():
                        if token["kind"] == "device" and token["revoked"] is None:
                            await self._owner.revoke(str(token["id"]))

    async def claim(self, claimed: Claimed) -> None:
        """Give the tracker to the account again, or take it away."""
        tracker = tracker_id(self._code)
        match claimed:
            case Claimed.OWN:
                with _behind_the_front():
                    await self._owner.claim(tracker, self._code)
                await self.sign_in()
            case Claimed.RELEASED:
                with _behind_the_front():
                    await self._delete(tracker)
            case Claimed.OTHER:
                await self.sign_in(other=True)

    def set(self, service: Service, maintained: bool) -> None:
        """What whoever runs it sets."""
        firmware = {MODEL: service.minimum_firmware} if service.minimum_firmware else {}
        settings = replace(self._settings, minimum_agent=service.minimum_app, minimum_firmware=firmware)
        self.app.state.services = replace(self.app.state.services, settings=settings)
        _maintained[:] = ["back in a while"] if maintained else []

    @property
    def account(self) -> int:
        """Whose tracker it is, once this is entered."""
        return self._account

    def newest_s(self) -> float | None:
        """End of the newest record that the server holds (Unix s), whatever ails its front; None: none yet."""
        with self._database.read() as connection:
            newest = views.watermarks(connection, self._account, tracker_id(self._code))["server"]
        return None if newest is None else newest.time

    def held(self) -> Mapping[int, Ranges]:
        """Every record of the tracker that the server holds, by boot."""
        with self._database.read() as connection:
            return held_of(views.hops_known(connection, self._account, tracker_id(self._code)).places)

    async def _delete(self, tracker: str) -> None:
        headers = {"Authorization": f"Bearer {self._owner.token}"}
        async with httpx.AsyncClient(transport=self.transport, base_url=self.address, headers=headers) as http:
            (await http.delete(f"/v1/trackers/{tracker}")).raise_for_status()


class _Served:
    """The server in a thread, on a port of this machine."""

    def __init__(self, app: FastAPI, port: int) -> None:
        self._listener, self.address = listen("127.0.0.1", port)
        self._server = make_server(app)
        sockets = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=sockets, name="server")

    def start(self) -> None:
        """It answers as soon as it is up; who asks before that waits at the socket."""
        self._thread.start()

    def stop(self) -> None:
        """Let open streams end, and give the port back."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


@contextmanager
def _behind_the_front() -> Iterator[None]:
    """What becomes of an account becomes of it while the service's front is shut for maintenance too: another device
    may have signed out just before."""
    shut = list(_maintained)
    _maintained.clear()
    try:
        yield
    finally:
        _maintained[:] = shut


def _message() -> str | None:
    return _maintained[0] if _maintained else None


def _shared(database: Database, settings: Settings, ambient: Ambient) -> FastAPI:
    """An application on this database. FastAPI reads its routes anew for each one, which takes as long as a case; the
    first one's are used by all that follow, one after another."""
    app = create_app(database, settings, ambient, _message)
    if not _made:
        _made.append(app)
    _made[0].state.services = app.state.services
    return _made[0]
