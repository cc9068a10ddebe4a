"""An event loop on which time passes only when nobody has anything to do: hours of waiting cost nothing.

For all that runs in one process (the virtual radio, agents, trackers), in tests, benchmarks and the fault lab. What
another thread does takes real time: while somebody waits for one, :meth:`VirtualTimeLoop.held` keeps the clock still.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple, Unpack

Result = TypeVar("Result")
Given = TypeVarTuple("Given")

REAL_WAIT_S = 0.05
"""Longest real wait while the clock is held: how late a timer of another thread is noticed at the most."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """``time`` starts at ``start_s`` (seconds of a steady clock) and jumps to the next timer when all are waiting."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s
        self._holds = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Seconds since whatever ``start_s`` meant."""
        return self._now_s

    @contextmanager
    def held(self) -> Iterator[None]:
        """The clock stands while this lasts: somebody waits for a thread or for the network."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Given]], Result], *args: Unpack[Given]
    ) -> "asyncio.Future[Result]":
        """As ever, with the clock standing until it is done."""
        self._holds += 1
        future = super().run_in_executor(executor, func, *args)

        def done(_future: "asyncio.Future[Result]") -> None:
            self._holds -= 1

        future.add_done_callback(done)
        return future

    def passes(self, seconds: float) -> None:
        """Let time pass at once; the selector's business."""
        self._now_s += seconds

    @property
    def stands(self) -> bool:
        """Whether the clock is held."""
        return self._holds > 0


class _JumpingSelector(selectors.DefaultSelector):
    """Never sleeps: what it was told to wait passes at once."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Ready files; else time jumps by ``timeout``. Without any timer only a file or a thread can wake the loop."""
        ready = super().select(0)
        if ready or timeout == 0 or (timeout is not None and timeout < 0):
            return ready
        if timeout is None or self._loop.stands:
            return super().select(timeout if timeout is None else min(timeout, REAL_WAIT_S))
        self._loop.passes(timeout)
        return super().select(0)


def run(work: Coroutine[Any, Any, Result], start_s: float = 0.0) -> Result:
    """Like ``asyncio.run``, on a clock of its own."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start_s)) as runner:
        return runner.run(work)
