"""The agent: both sides in their rhythm, each on its own, so that trouble at one never stops the other."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from unstuck.chain.phone import engine, held, rhythm
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.drain import Drain
from unstuck.chain.phone.engine import Status
from unstuck.chain.phone.entries import Attempt, Ledger
from unstuck.chain.phone.faults import JournalError
from unstuck.chain.phone.gate import Reason
from unstuck.chain.phone.host import Host, HostAct
from unstuck.chain.phone.hosts import Desktop
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome, Side, sentence
from unstuck.chain.phone.rhythm import SYNC_EVERY_S, Next
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import Link, TrackerApi, TrackerError, read_status
from unstuck.chain.phone.upload import Upload

ATTEMPTS_KEPT_S = 8 * 7 * 24 * 3600
"""Attempts are remembered for eight weeks: who asks why a night is missing asks weeks later."""

OUTCOMES_LOOKED_AT = 64
"""Attempts of both sides that the rhythm looks back on: back-off and slow-down are at their limit long before."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What the agent takes from outside itself.

    ``clock``: Unix seconds. ``sleep``: waits so many of its seconds. ``chance``: a number of [0, 1).
    """

    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    chance: Callable[[], float] = random.random
    host: Host = field(default_factory=Desktop)
    every_s: float = SYNC_EVERY_S


@dataclass(frozen=True, slots=True)
class Underway:
    """An attempt that goes on. ``moved``: records so far; ``left``: those known to follow, None: not known yet."""

    began_s: int
    moved: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the agent stands now.

    ``last``: the newest attempt by side; ``next``: when each side tries again and why; ``usual_s``: the
    interval in seconds at which each side in fact gets through, learned; ``underway``: attempts that go on;
    ``failing_s``: when the first of those attempts began that have failed since records moved last.
    """

    tracker: str
    status: Status | None
    ledger: Ledger
    last: dict[Side, Attempt]
    next: dict[Side, Next]
    usual_s: dict[Side, float]
    held_back: tuple[Reason, ...]
    underway: dict[Side, Underway]
    failing_s: Mapping[Side, int] = field(default_factory=dict)


class Agent:
    """One tracker's agent. ``server`` None: records are drained and kept, nothing is uploaded.

    ``on_attempt`` hears how each attempt ended; ``on_change`` is called whenever something moved.
    """

    def __init__(
        self,
        journal: Journal,
        tracker: str,
        link: Link,
        server: Server | None,
        ways: Ways,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.tracker = tracker
        self.on_attempt: Callable[[Attempt], None] = lambda attempt: None
        self._journal = journal
        self._ways = ways
        self._on_change = on_change
        journal.login = "" if server is None else server.login
        self._wake = {side: asyncio.Event() for side in Side}
        self._next: dict[Side, Next] = {}
        self._began_s: dict[Side, int] = {}
        self._recent = deque(journal.attempts(tracker, OUTCOMES_LOOKED_AT), OUTCOMES_LOOKED_AT)
        self._failing_s: dict[Side, int] = {}
        for attempt in self._recent:
            self._judge(attempt)
        self._api = TrackerApi(link)
        self._server = server
        self._drain = Drain(journal, tracker, self._api, ways.host, ways.clock, on_change)
        self._upload = (
            None
            if server is None
            else Upload(journal, tracker, server, ways.host, ways.clock, lambda: self._drain.status, on_change)
        )

    def sync_now(self) -> None:
        """Try both sides at once, whatever their rhythm says."""
        for event in self._wake.values():
            event.set()

    def snapshot(self) -> Snapshot:
        """How it stands now."""
        status, ledger = self._status(), self._journal.ledger(self.tracker)
        return Snapshot(
            self.tracker,
            status,
            ledger,
            {attempt.side: attempt for attempt in self._recent},
            dict(self._next),
            {side: self._usual_s(side) for side in Side},
            self._drain.held_back,
            {side: self._underway(side, began_s, ledger) for side, began_s in self._began_s.items()},
            dict(self._failing_s),
        )

    def _underway(self, side: Side, began_s: int, ledger: Ledger) -> Underway:
        if side is Side.UPLOAD and self._upload is not None:
            return Underway(began_s, self._upload.confirmed, held.total(engine.unconfirmed(ledger)))
        # Only what the tracker said in this attempt: an older status does not know what was recorded since.
        status = self._drain.status if self._drain.asked else None
        left = None if status is None else held.total(held.without(status.held, ledger.drained))
        return Underway(began_s, self._drain.drained, left)

    async def run(self) -> None:
        """Go on until cancelled."""
        async with asyncio.TaskGroup() as sides:
            sides.create_task(self._keep_on(Side.DRAIN, self.drain_once))
            if self._upload is not None:
                sides.create_task(self._keep_on(Side.UPLOAD, self.upload_once))

    async def drain_once(self, *needed: HostAct) -> Attempt:
        """One attempt at the tracker, if the host allows ``needed`` too; what it brought is uploaded at once."""
        with self._going(Side.DRAIN):
            attempt = await self._drain.attempt(*needed)
        self._noted(attempt)
        if attempt.records:
            self._wake[Side.UPLOAD].set()
        return attempt

    async def upload_once(self, *needed: HostAct) -> Attempt:
        """One attempt at the server, if the host allows ``needed`` too. ValueError when the agent has none."""
        if self._upload is None:
            raise ValueError("this agent has no server")
        with self._going(Side.UPLOAD):
            attempt = await self._upload.attempt(*needed)
            if attempt.outcome is Outcome.NOT_CLAIMED and await self._claimed():
                attempt = await self._upload.attempt(*needed)
        return self._noted(attempt)

    @contextmanager
    def _going(self, side: Side) -> Iterator[None]:
        self._began_s[side] = int(self._ways.clock())
        self._on_change()
        try:
            yield
        finally:
            del self._began_s[side]

    async def _claimed(self) -> bool:
        """Whether the account has the tracker now: over the bond it tells the code that proves that we have it."""
        if self._server is None:
            return False
        try:
            claim = await self._api.claim()
            if claim.tracker != self.tracker:
                return False
            await self._server.claim(claim.tracker, claim.code)
        except (TrackerError, ServerError):
            return False
        return True

    def _judge(self, attempt: Attempt) -> None:
        if attempt.outcome.moves:
            self._failing_s.pop(attempt.side, None)
        else:
            self._failing_s.setdefault(attempt.side, attempt.began_s)

    def _noted(self, attempt: Attempt) -> Attempt:
        self._recent.append(attempt)
        self._judge(attempt)
        # A full disk is what the attempt itself tells; that it cannot be written down too must not end the agent.
        with suppress(JournalError):
            self._journal.attempted(self.tracker, attempt, attempt.ended_s - ATTEMPTS_KEPT_S)
        self._next[attempt.side] = self._next_try(attempt.side)
        self.on_attempt(attempt)
        self._on_change()
        return attempt

    def _next_try(self, side: Side) -> Next:
        outcomes = [one.outcome for one in self._recent if one.side is side]
        retry_after_s = self._upload.retry_after_s if self._upload is not None and side is Side.UPLOAD else None
        return rhythm.next_try(
            outcomes,
            self._ways.clock(),
            self._ways.chance(),
            every_s=self._ways.every_s,
            retry_after_s=retry_after_s,
        )

    def _usual_s(self, side: Side) -> float:
        synced = [one.ended_s for one in self._recent if one.side is side and one.outcome is Outcome.SYNCED]
        return rhythm.learned_interval_s(synced, self._ways.every_s)

    async def _keep_on(self, side: Side, once: Callable[..., Awaitable[Attempt]]) -> None:
        wake = self._wake[side]
        needed: tuple[HostAct, ...] = ()
        while True:
            # Cleared before the attempt: what is asked for meanwhile is not lost.
            wake.clear()
            await once(*needed)
            await self._until(self._next[side].at_s, wake)
            # Nobody asked for it: then it is an alarm that woke us, where the host allows alarms.
            needed = () if wake.is_set() else (HostAct.WAKE,)

    async def _until(self, at_s: float, wake: asyncio.Event) -> None:
        waiting = {
            asyncio.ensure_future(wake.wait()),
            asyncio.ensure_future(self._ways.sleep(max(0.0, at_s - self._ways.clock()))),
        }
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    def _status(self) -> Status | None:
        if self._drain.status is not None:
            return self._drain.status
        kept = self._journal.status(self.tracker)
        return None if kept is None else read_status(kept[0])


def says(attempt: Attempt) -> str:
    """What happened, what it means for the data and what to do, in one line."""
    return sentence(attempt.outcome, attempt.detail)
