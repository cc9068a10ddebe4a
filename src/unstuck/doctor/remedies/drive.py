"""Runs a treatment: what it needs enters, the world's answers leave. Time, person, disk and hands are given."""

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from unstuck.doctor.diagnose import Examination
from unstuck.doctor.remedies.acts import Channel, Done, Look
from unstuck.doctor.remedies.journal import Entry
from unstuck.doctor.remedies.needs import (
    Ask,
    AskHelped,
    AskTime,
    AskUndo,
    Examine,
    Guide,
    Keep,
    LookAt,
    Make,
    Need,
    Pause,
    Proposal,
    Tell,
)
from unstuck.doctor.remedies.permit import Permit
from unstuck.model.diagnosis import PlannedFix
from unstuck.model.history import Tried

_Result = TypeVar("_Result")


class Hand(Protocol):
    """Reads and acts over one channel, on one device."""

    async def look(self, look: Look) -> str | None:
        """What a look gives as text; None where it cannot be read."""

    async def make(self, permit: Permit) -> Done:
        """Use the permit and do what it holds."""


class World(Protocol):
    """Everything else that a treatment needs."""

    async def examine(self, says: str, tried: tuple[Tried, ...]) -> Examination:
        """New evidence, and what the doctor says of it, who knows what was tried."""

    async def agrees(self, proposal: Proposal) -> bool:
        """Whether the person agrees to this."""

    async def agrees_to_undo(self, entry: Entry) -> bool:
        """Whether the person agrees to taking this back."""

    async def helped(self, fix: PlannedFix) -> bool | None:
        """What the person says of it; None where they do not know."""

    async def guided(self, fix: PlannedFix) -> bool:
        """Show the steps; whether the person did them."""

    def now(self) -> datetime:
        """The time, UTC."""

    async def pause(self, seconds: float, says: str) -> None:
        """Let time pass."""

    async def tell(self, text: str) -> None:
        """Say it."""

    def keep(self, entry: Entry) -> None:
        """Bring it to the disk before returning."""


async def drive(treatment: Generator[Need, Any, _Result], world: World, hands: Mapping[Channel, Hand]) -> _Result:
    """Until it ends; its result. What ``world`` or a hand raises comes out here, with the journal as it stands."""
    answer: object = None
    while True:
        try:
            need = treatment.send(answer)
        except StopIteration as ended:
            result: _Result = ended.value
            return result
        answer = await _answer(need, world, hands)


async def _answer(need: Need, world: World, hands: Mapping[Channel, Hand]) -> object:
    match need:
        case Examine(says, tried):
            return await world.examine(says, tried)
        case LookAt(target, look):
            hand = hands.get(target.channel)
            return None if hand is None else await hand.look(look)
        case Ask(proposal):
            return await world.agrees(proposal)
        case AskUndo(entry):
            return await world.agrees_to_undo(entry)
        case AskHelped(fix):
            return await world.helped(fix)
        case AskTime():
            return world.now()
        case Guide(fix):
            return await world.guided(fix)
        case Keep(entry):
            world.keep(entry)
        case Make(permit, says):
            hand = hands.get(permit.target.channel)
            await world.tell(says)
            return Done(False, "it is not connected") if hand is None else await hand.make(permit)
        case Pause(seconds, says):
            await world.pause(seconds, says)
        case Tell(text):
            await world.tell(text)
    return None
