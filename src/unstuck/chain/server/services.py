"""What every request needs, made once."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
from anyio import to_thread

from unstuck.chain.server.broker import Broker
from unstuck.chain.server.domain.ambient import Ambient
from unstuck.chain.server.domain.limits import Limiter, Rate
from unstuck.chain.server.domain.passwords import Hasher
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.domain.sealing import Sealer
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.storage.database import Database

Result = TypeVar("Result")

BUSY_S = 2.0
"""Seconds after which an agent may knock again: an upload in work takes well below one."""


class Gate:
    """Work that is done in a few threads at a time, with a bounded queue. Full: the caller is told to come back."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._threads = anyio.CapacityLimiter(at_once)
        self._waiting = waiting
        self._inside = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue. Refusal: there is none."""
        if self._inside >= self._waiting:
            raise Refusal(Code.SERVER_BUSY, retry_after_s=BUSY_S)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do it in one of the threads, off the event loop."""
        return await to_thread.run_sync(work, limiter=self._threads)


class Shares:
    """What goes on now, counted by key: nobody may have so much of it that nothing is left for the others."""

    def __init__(self) -> None:
        self._now: Counter[tuple[str, ...]] = Counter()

    def has(self, key: tuple[str, ...], most: int) -> bool:
        """Whether this key has most already; to be called on the event loop."""
        return self._now[key] >= most

    @contextmanager
    def one(self, key: tuple[str, ...], most: int, refusal: Refusal) -> Iterator[None]:
        """One more of this key, for as long as it lasts; to be called on the event loop. The refusal: it has most."""
        if self._now[key] >= most:
            raise refusal
        self._now[key] += 1
        try:
            yield
        finally:
            self._now[key] -= 1
            if not self._now[key]:
                del self._now[key]


@dataclass(frozen=True)
class Services:
    """Made by :func:`unstuck.chain.server.app.create_app`. ``maintenance`` gives the message while it lasts."""

    settings: Settings
    ambient: Ambient
    database: Database
    maintenance: Callable[[], str | None]
    hasher: Hasher
    hashing: Gate
    ingesting: Gate
    sealer: Sealer
    limiter: Limiter = field(default_factory=Limiter)
    broker: Broker = field(default_factory=Broker)
    uploads: Shares = field(default_factory=Shares)
    """Uploads now arriving or in work, by token and by account, and those arriving."""

    def count(self, key: tuple[str, ...], rate: Rate) -> None:
        """Count one. Refusal: too often."""
        wait_s = self.limiter.take(key, rate, self.ambient.ticks())
        if wait_s > 0:
            raise Refusal(Code.REQUEST_TOO_OFTEN, retry_after_s=wait_s)

    async def hashing_of(self, work: Callable[[], Result]) -> Result:
        """Hash or verify a password: off the event loop, few at once. Refusal: too many wait."""
        with self.hashing.place():
            return await self.hashing.run(work)
