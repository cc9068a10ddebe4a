"""Ctrl-C and a polite kill end in order what runs on an event loop."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress


def on_stop(stop: Callable[[], object]) -> None:
    """Call ``stop`` at SIGINT and SIGTERM, on the loop that is running.

    Windows has no such handlers: there Ctrl-C ends the loop itself, and what must be durable is so at any moment.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
