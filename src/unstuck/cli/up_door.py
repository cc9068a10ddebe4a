"""The agent of ``unstuck up`` as the pages of its server see it: another thread, another event loop, another clock."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from threading import Lock

from unstuck.chain.phone.agent import Agent, Snapshot
from unstuck.chain.phone.bluetooth import BluetoothLink
from unstuck.chain.server.domain import tokens
from unstuck.chain.server.storage import accounts
from unstuck.chain.server.storage.database import Database
from unstuck.web.pages.base.tickets import Tickets
from unstuck.web.pages.door import Seen

_LEAST_S = 0.2
"""Real seconds between two looks: an attempt moves hundreds of times a second, and each look reads the journal."""


class UpDoor:
    """Looks at the agent on the agent's own loop; the pages read the last look from theirs.

    It is made before there is an agent; until :meth:`open` it has nothing to show.
    """

    def __init__(self) -> None:
        self._seen: Seen | None = None
        self._lock = Lock()
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._act: Callable[[], None] = lambda: None
        self._look: Callable[[], Seen | None] | None = None
        self._agent: Snapshot | None = None
        self._looked_s = 0.0
        self._link: tuple[bool, float] | None = None

    def open(
        self,
        agent: Callable[[], Agent | None],
        link: BluetoothLink,
        name: Callable[[], str],
        now_s: Callable[[], float],
    ) -> None:
        """From now on there is an agent; to be called on its loop. ``agent`` None: it does not run at present, and how
        it stood last is shown.
        """
        loop = asyncio.get_running_loop()

        def act() -> None:
            loop.call_soon_threadsafe(lambda: running.sync_now() if (running := agent()) is not None else None)

        def look() -> Seen | None:
            now = now_s()
            if self._link is None or self._link[0] != link.open:
                self._link = link.open, now
            rssi_dbm = link.heard.rssi_dbm if link.heard else None
            running = agent()
            if running is not None:
                self._agent = running.snapshot()
            if self._agent is None:
                return None
            return Seen(name(), now, link.open, self._link[1], rssi_dbm, link.moved_bytes, self._agent)

        self._look, self._act = look, act
        self.moved(at_once=True)

    def moved(self, *, at_once: bool = False) -> None:
        """Something may have changed; to be called on the agent's loop, as often as one likes."""
        real_s = time.monotonic()
        if self._look is None or (not at_once and real_s - self._looked_s < _LEAST_S):
            return
        self._looked_s = real_s
        self._seen = self._look()
        with self._lock:
            listeners = list(self._listeners)
        for loop, changed in listeners:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

    def snapshot(self) -> Seen | None:
        """How it stood a moment ago; None before the first look."""
        return self._seen

    def sync_now(self) -> None:
        """Try both sides at once, whatever their rhythm says."""
        self._act()

    async def changes(self) -> AsyncIterator[None]:
        """Yields whenever there was a new look."""
        own = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._listeners.add(own)
        try:
            while True:
                await own[1].wait()
                own[1].clear()
                yield
        finally:
            with self._lock:
                self._listeners.discard(own)


class OnceLink:
    """The sign-in link that the terminal shows: a new one as soon as the last was used or is too old."""

    def __init__(self, links: Tickets[int], address: str, account: int) -> None:
        self._links = links
        self._address = address
        self._account = account
        self._ticket = ""

    def __call__(self) -> str:
        """The link as it is good now."""
        if self._links.look(self._ticket) is None:
            self._ticket = self._links.make(self._account)
        return f"{self._address}/sign-in/once/{self._ticket}"


def account_of(database: Database, token: str) -> int | None:
    """Whose token it is, on this machine's own database."""
    presented = tokens.read_text(token)
    if presented is None:
        return None
    with database.read() as connection:
        stored = accounts.token(connection, presented.id)
    return stored.account if stored else None
