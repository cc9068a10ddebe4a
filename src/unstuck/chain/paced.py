"""An event loop whose clock runs faster than real time, or jumps over all waiting: for a chain within one process.

Everything on the loop shares the clock, so radio, tracker and agent agree on how long a second is: a link still needs
its four seconds to time out. What a thread or the network does takes real time; while somebody waits for that,
:meth:`PacedLoop.held` keeps the clock from running away.
"""

import asyncio
import math
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar, TypeVarTuple

Result = TypeVar("Result")
Given = TypeVarTuple("Given")

FINE_S = 0.001
"""A selector rounds shorter waits up to this: at 60 times real time that would be 60 ms, four connection events."""

_HAIR = 4
"""Smallest steps of a number: more than two roundings can take away."""

_Ready = list[tuple[selectors.SelectorKey, int]]

REAL_WAIT_S = 0.05
"""Longest real wait while a jumping clock is held: how late a timer of another thread is noticed at the most."""

LOOKED_AT_EVERY = 16
"""Rounds of an undisturbed loop from one look at its files to the next. A signal has to be seen within milliseconds,
and each look is a call of the system: together a twelfth of the time that a case of the lab takes."""


class PacedLoop(asyncio.SelectorEventLoop):
    """``speed``: seconds of the loop in a real second of waiting; infinite: all waiting is skipped.

    Only waiting is sped up. Work takes as long as it takes (on an infinitely fast clock: no time), so that a busy
    machine does not make time-outs of 20 s out of a few milliseconds.
    """

    def __init__(self, speed: float = math.inf, start_s: float = 0.0) -> None:
        self._speed = speed
        self._holds = 0
        # One object, replaced as a whole: another thread that reads the time never sees half of a change.
        self._line = _Line(start_s, time.monotonic(), 0.0 if math.isinf(speed) else 1.0)
        super().__init__(_Selector(self))

    @property
    def speed(self) -> float:
        """Seconds of the loop in a real second of waiting. May be read from any thread."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """From now on; to be set on the loop's own thread. ValueError: from or to skipping all waiting."""
        if math.isinf(speed) or math.isinf(self._speed):
            raise ValueError("a clock that jumps and one that runs do not change into each other")
        self._speed = speed

    def time(self) -> float:
        """Seconds since whatever ``start_s`` meant. May be read from any thread."""
        line = self._line
        return line.at(time.monotonic()) if line.pace else line.base_s

    @contextmanager
    def held(self) -> Iterator[None]:
        """Somebody waits for a thread or for the network."""
        self._hold(1)
        try:
            yield
        finally:
            self._hold(-1)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Given], Result], *args: *Given
    ) -> "asyncio.Future[Result]":
        """As ever, with the clock held until it is done."""
        self._hold(1)
        try:
            future = super().run_in_executor(executor, func, *args)
        except BaseException:
            self._hold(-1)
            raise
        future.add_done_callback(lambda _future: self._hold(-1))
        return future

    def wait(self, select: Callable[[float | None], _Ready], timeout: float | None) -> _Ready:
        """The selector's wait for ``timeout`` seconds of the loop."""
        if timeout is None or timeout <= 0:
            return select(timeout)
        if math.isinf(self._speed):
            ready = select(min(timeout, REAL_WAIT_S) if self._holds else 0)
            if not ready and not self._holds:
                # A hair past the moment: who reckons in milliseconds may find, by rounding, that it has not come yet,
                # asyncio's own allowance of 1 ns is less than a time of Unix seconds can hold, and nothing moves on.
                until_s = self._line.base_s + timeout
                self._line = _Line(until_s + _HAIR * math.ulp(until_s), self._line.since_s, 0.0)
            return ready
        self._rebase(1.0 if self._holds else self._speed)
        if not self._holds:
            # A busy machine wakes us late: that is work, and must not make several timers due at once.
            self._line = replace(self._line, most_s=self._line.base_s + timeout)
        real_s = timeout / self._line.pace
        try:
            if real_s >= FINE_S:
                return select(real_s)
            time.sleep(real_s)
            return select(0)
        finally:
            self._rebase(1.0)

    @property
    def undisturbed(self) -> bool:
        """Time is not real here, and no thread is at work: nothing can come from outside but a signal."""
        return math.isinf(self._speed) and not self._holds

    def _hold(self, change: int) -> None:
        # Never while the selector waits: both happen on the loop's own thread.
        self._holds += change

    def _rebase(self, pace: float) -> None:
        real_s = time.monotonic()
        self._line = _Line(self._line.at(real_s), real_s, pace)


@dataclass(frozen=True, slots=True)
class _Line:
    """How the loop's clock runs from a moment on: loop's and real seconds then, seconds of the loop in a real one, and
    the most it may show."""

    base_s: float
    since_s: float
    pace: float
    most_s: float = math.inf

    def at(self, real_s: float) -> float:
        return min(self.most_s, self.base_s + (real_s - self.since_s) * self.pace)


class _Selector(selectors.DefaultSelector):
    """Waits as the loop's clock says."""

    def __init__(self, loop: PacedLoop) -> None:
        super().__init__()
        self._loop = loop

        self._passed = 0

    def select(self, timeout: float | None = None) -> _Ready:
        """Files that are ready. Without any timer only a file or a thread can wake the loop."""
        return self._loop.wait(self._look, timeout)

    def _look(self, timeout: float | None) -> _Ready:
        """The system's own wait, mostly left out where it could tell nothing: no file but the loop's own to wake it,
        and no thread at work that could do that."""
        if timeout == 0 and self._loop.undisturbed and len(self.get_map()) == 1:
            self._passed = (self._passed + 1) % LOOKED_AT_EVERY
            if self._passed:
                return []
        return super().select(timeout)


def run(work: Coroutine[Any, Any, Result], speed: float = math.inf, start_s: float = 0.0) -> Result:
    """Like ``asyncio.run``, on a clock of its own."""
    with asyncio.Runner(loop_factory=lambda: PacedLoop(speed, start_s)) as runner:
        return runner.run(work)
