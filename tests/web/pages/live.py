"""A lab that can be looked at, in a thread: the whole chain, real but for radio waves, wrist and phone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unstuck.cli.lab_live import Live, LiveRequest

START_S = 30.0


@contextmanager
def lab(folder: Path, speed: float = 60.0) -> Iterator[Live]:
    """Ready to be looked at; ended afterwards."""
    live, stopped = Live(LiveRequest(speed=speed)), threading.Event()
    thread = threading.Thread(target=live.run, args=(folder, lambda line: None, stopped), name="lab")
    thread.start()
    try:
        assert live.ready.wait(START_S)
        yield live
    finally:
        stopped.set()
        thread.join()
