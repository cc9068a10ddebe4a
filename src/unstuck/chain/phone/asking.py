"""Asking an agent in another process to sync now: an empty file beside its journal, which it takes away.

A signal would need the holder's process number, and sent to a program that does not expect it would end it. A file is
the same on every system, waits for nobody, and that it is gone says that it was seen.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

LOOK_EVERY_S = 1.0
"""Seconds between two looks for a request: one look costs some microseconds."""

ANSWER_WAIT_S = 5.0
"""Seconds after which a request that is still there was not seen: five looks."""


def request_file(journal: Path) -> Path:
    """Where the request for the agent of this journal is."""
    return journal.with_name(journal.name + ".sync-now")


async def ask_to_sync(journal: Path, sleep: Callable[[float], Awaitable[object]]) -> bool:
    """Ask the agent that holds the journal to sync now; whether it saw that. OSError where the file cannot be made."""
    file = request_file(journal)
    file.touch(mode=0o600)
    waited_s = 0.0
    while file.exists():
        if waited_s >= ANSWER_WAIT_S:
            file.unlink(missing_ok=True)
            return False
        await sleep(LOOK_EVERY_S / 2)
        waited_s += LOOK_EVERY_S / 2
    return True


async def answer_requests(
    journal: Path, sync_now: Callable[[], None], sleep: Callable[[float], Awaitable[object]]
) -> None:
    """Take requests until cancelled. One from before the start is taken too: the agent syncs then anyway."""
    file = request_file(journal)
    while True:
        if take(file):
            sync_now()
        await sleep(LOOK_EVERY_S)


def take(file: Path) -> bool:
    """Whether there was a request; it is gone then. A folder that cannot be written leaves none to be answered."""
    with suppress(OSError):
        file.unlink()
        return True
    return False
