"""What a process that also runs an agent offers to the pages: how it stands, "sync now", and news."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from unstuck.chain.phone.agent import Snapshot


@dataclass(frozen=True, slots=True)
class Seen:
    """How agent and link stand. ``now_s``, ``link_since_s``: Unix seconds of the chain's own time.

    ``link_since_s``: since when the link is open, or closed. ``moved_bytes``: over Bluetooth since the start.
    ``agent``: last and next attempts with their reasons, what is under way, what each hop holds by its own ledger.
    """

    name: str
    now_s: float
    link_open: bool
    link_since_s: float
    rssi_dbm: int | None
    moved_bytes: int
    agent: Snapshot


class Door(Protocol):
    """May be called from any thread."""

    def snapshot(self) -> Seen | None:
        """How it stood a moment ago; None before the first look."""

    def sync_now(self) -> None:
        """Try both sides at once, whatever their rhythm says."""

    def changes(self) -> AsyncIterator[None]:
        """Yields whenever :meth:`snapshot` would say something new. On the event loop of whoever listens."""
