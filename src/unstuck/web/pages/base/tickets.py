"""Secrets good for one use and a short while, in this process's memory: sign-in links, a half-finished sign-in."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")

TICKET_S = 600.0
"""Seconds a ticket is good: time to walk to another screen, not to be found in a history."""
_MOST = 1000
"""Tickets at a time; one more ends the oldest, so that nobody can fill the memory."""


class Tickets(Generic[Value]):
    """Kept as digests. Safe from any thread. ``ticks``: seconds of a clock that never goes back, real ones."""

    def __init__(self, good_s: float = TICKET_S, ticks: Callable[[], float] = time.monotonic) -> None:
        self.good_s = good_s
        self._ticks = ticks
        self._kept: OrderedDict[bytes, tuple[float, Value]] = OrderedDict()
        self._lock = Lock()

    def make(self, value: Value) -> str:
        """A new ticket: 256 random bits. It is shown once and never stored."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._kept[_digest(ticket)] = (self._ticks() + self.good_s, value)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return ticket

    def look(self, ticket: str) -> Value | None:
        """What it stands for, if it is good; it stays so."""
        with self._lock:
            return self._good(_digest(ticket))

    def take(self, ticket: str) -> Value | None:
        """What it stands for, if it is good; it is no more."""
        digest = _digest(ticket)
        with self._lock:
            found = self._good(digest)
            self._kept.pop(digest, None)
            return found

    def _good(self, digest: bytes) -> Value | None:
        found = self._kept.get(digest)
        if found is None:
            return None
        until, value = found
        if self._ticks() >= until:
            del self._kept[digest]
            return None
        return value


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
