"""News for open streams: published from any thread, heard on the event loop, by account."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

_MOST_WAITING = 1000
"""Events a slow listener may fall behind; then its stream ends and it begins anew with the whole state."""


@dataclass(frozen=True, slots=True)
class News:
    """Something changed for a tracker: ``records`` came in, or an agent told what is ``held``."""

    kind: str
    tracker: str


class Broker:
    """Within one process."""

    def __init__(self) -> None:
        self._listeners: dict[int, set[Listener]] = defaultdict(set)
        self._lock = Lock()

    def publish(self, account: int, news: News) -> None:
        """Tell every open stream of the account. Never waits."""
        with self._lock:
            listeners = list(self._listeners.get(account, ()))
        for listener in listeners:
            listener.hear(news)

    def listening(self, account: int) -> int:
        """How many streams of the account are open."""
        with self._lock:
            return len(self._listeners.get(account, ()))

    @contextmanager
    def listen(self, account: int) -> Iterator["Listener"]:
        """A listener of one account's news; to be called on the event loop."""
        listener = Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners[account].add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners[account].discard(listener)
                if not self._listeners[account]:
                    del self._listeners[account]


class Listener:
    """One open stream."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[News | None] = asyncio.Queue()

    def hear(self, news: News) -> None:
        """Called from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, news)

    async def next(self, timeout_s: float) -> News | None:
        """The next news, None when there was none for so long. EOFError: it fell too far behind."""
        if self._queue.qsize() > _MOST_WAITING:
            raise EOFError
        try:
            return await asyncio.wait_for(self._queue.get(), timeout_s)
        except TimeoutError:
            return None

    def _put(self, news: News) -> None:
        if self._queue.qsize() <= _MOST_WAITING:
            self._queue.put_nowait(news)
