"""A treatment that a person follows in the browser: the doctor's machine, one fix at a time, asked by pages.

It lives on the server's event loop between two requests. What it asks waits for an answer; what it does is in the
journal before it is done, so that a server that ends in between leaves nothing that cannot be taken back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from unstuck.doctor.diagnose import Examination
from unstuck.doctor.remedies.acts import Channel
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.doctor.remedies.drive import Hand, drive
from unstuck.doctor.remedies.journal import Entry
from unstuck.doctor.remedies.needs import Proposal
from unstuck.doctor.remedies.treatment import Outcome, Treatment
from unstuck.model.diagnosis import PlannedFix
from unstuck.model.errors import UnstuckError
from unstuck.model.history import Tried
from unstuck.web.pages.base.i18n import noop

ANSWER_S = 3600.0
"""Real seconds for which a question waits; after that nobody is there, and nothing is done."""

_LONGEST_NAP_S = 0.5
"""Real seconds between two looks at the chain's clock, which may run faster than ours."""

LOST = noop("It was stopped by a fault of ours. What was done so far is in the list of what was tried.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What waits for an answer: consent to a proposal or an undoing, whether it helped, whether the steps are done."""

    kind: str
    proposal: Proposal | None = None
    entry: Entry | None = None
    fix: PlannedFix | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """A pause. ``until_s``: Unix seconds of the chain's clock."""

    says: str
    began_s: float
    until_s: float


@dataclass
class Mending:
    """One fix being done. ``examine``: new evidence and what the doctor says of it. ``clock``: Unix seconds.

    ``keep``: brings an entry of the journal to the disk. ``did_by_hand``: told once the person has done the steps.
    """

    fix: str
    title: str
    examine_now: Callable[[tuple[Tried, ...]], Awaitable[Examination]]
    keep_entry: Callable[[Entry], None]
    did_by_hand: Callable[[str], Awaitable[None]]
    hands: Mapping[Channel, Hand]
    clock: Callable[[], float]
    pace: float
    live: bool
    next_number: int
    doing: str = ""
    said: list[str] = field(default_factory=list)
    asked: Asked | None = None
    waits: Waits | None = None
    timers: dict[int, tuple[float, float]] = field(default_factory=dict)
    """By the number of a step: when its timer was started and when it ends, Unix seconds of the chain's clock."""
    entries: list[Entry] = field(default_factory=list)
    outcome: Outcome | None = None
    problem: str = ""
    shown: bool = False
    """Whether a page has shown how it ended."""
    version: int = 0
    """Rises with every change, for pages that look again."""
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)
    _answer: "asyncio.Future[object] | None" = field(default=None, repr=False)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.outcome is not None or bool(self.problem)

    def start(self, then: Callable[["Mending"], Awaitable[None]]) -> None:
        """Begin; ``then`` is awaited at the end, also of one that was stopped."""
        self.task = asyncio.create_task(self._run(then))

    async def _run(self, then: Callable[["Mending"], Awaitable[None]]) -> None:
        treatment = Treatment(self.next_number, frozenset({self.fix}), live=self.live)
        try:
            self.outcome = await drive(treatment.run(), self, self.hands)
        except UnstuckError as error:
            self.problem = str(error)
        finally:
            self.asked = self.waits = None
            if not self.over:
                self.problem = LOST
            self._changed()
            await then(self)

    async def stop(self) -> None:
        """The person wants no more of it. A setting that was changed for a moment only gets its value back."""
        if self.task is not None and not self.task.done():
            self.problem = noop("You stopped it.")
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task
        halves = [entry for entry in self.entries if entry.tried.ended is None and is_half(entry)]
        if halves:
            await take_back(self, halves)

    def answer(self, value: object) -> bool:
        """What the person says; False: nothing was asked."""
        if self._answer is None or self._answer.done():
            return False
        self._answer.set_result(value)
        return True

    # the world of a treatment

    async def examine(self, says: str, tried: tuple[Tried, ...]) -> Examination:
        """New evidence."""
        self._now_doing(says)
        return await self.examine_now(tried)

    async def agrees(self, proposal: Proposal) -> bool:
        """Ask."""
        return await self._ask(Asked("agree", proposal=proposal)) is True

    async def agrees_to_undo(self, entry: Entry) -> bool:
        """It was the person who asked for it."""
        return True

    async def helped(self, fix: PlannedFix) -> bool | None:
        """Ask; None where they do not know."""
        answer = await self._ask(Asked("helped", fix=fix))
        return answer if isinstance(answer, bool) else None

    async def guided(self, fix: PlannedFix) -> bool:
        """Show the steps until the person says that they are done."""
        done = await self._ask(Asked("guide", fix=fix)) is True
        if done:
            await self.did_by_hand(fix.fix)
        return done

    def now(self) -> datetime:
        """The chain's clock."""
        return datetime.fromtimestamp(self.clock(), UTC)

    async def pause(self, seconds: float, says: str) -> None:
        """Let the chain's time pass."""
        began_s = self.clock()
        self.waits = Waits(says, began_s, began_s + seconds)
        self._changed()
        while (left_s := began_s + seconds - self.clock()) > 0:
            await asyncio.sleep(min(_LONGEST_NAP_S, left_s / self.pace))
        self.waits = None

    async def tell(self, text: str) -> None:
        """One line."""
        self.said.append(text)
        self._changed()

    def keep(self, entry: Entry) -> None:
        """To the disk."""
        self.keep_entry(entry)
        self.entries = [one for one in self.entries if one.number != entry.number] + [entry]
        self._changed()

    async def _ask(self, asked: Asked) -> object:
        self.asked = asked
        self.doing = ""
        self._answer = asyncio.get_running_loop().create_future()
        self._changed()
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._answer
        except TimeoutError:
            return None
        finally:
            self.asked = self._answer = None
            self._changed()

    def _now_doing(self, says: str) -> None:
        if says != self.doing:
            self.doing = says
            self._changed()

    def _changed(self) -> None:
        self.version += 1


def is_half(entry: Entry) -> bool:
    """Whether it changed something for a moment only and was stopped in it."""
    remedy, target = REMEDIES.get(entry.remedy), entry.target
    return (
        remedy is not None
        and target is not None
        and any(remedy.gives_back(target, change.what) for change in entry.standing)
    )


async def take_back(world: Mending, entries: Sequence[Entry]) -> None:
    """Undo what still stands of these."""
    await drive(Treatment(live=world.live).undo(entries, REMEDIES), world, world.hands)
