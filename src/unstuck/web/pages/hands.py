"""What a process that also runs an agent can look at and do for a person: beside the door, for finding and mending."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from unstuck.doctor.remedies.acts import Channel
from unstuck.doctor.remedies.drive import Hand
from unstuck.doctor.remedies.target import Connection
from unstuck.model.evidence import Reading
from unstuck.web.pages.base.i18n import noop

CHAIN, PHONE = "chain", "phone"
"""Ids of what can be connected."""

JOURNAL_NAME, SERVER_NAME = noop("the agent's journal"), noop("the server")
"""What sources of the chain are called on pages: a file's place on this machine says nothing to a person."""


@dataclass(frozen=True, slots=True)
class Way:
    """Something that can be connected. ``title``, ``says``: for a person, in English."""

    id: str
    title: str
    says: str


class Hands(Protocol):
    """May be called from any thread and any event loop. All of it is for who has the tracker, and nobody else.

    ``tracker``: whose agent it is, empty while that is not known. ``pace``: seconds of the chain's clock in a real one.
    """

    @property
    def tracker(self) -> str:
        """Id of the tracker."""

    @property
    def pace(self) -> float:
        """1 unless time is sped up."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """What can be connected, the chain itself first."""

    async def look(self, way: str) -> list[Reading]:
        """Evidence of it as it is now."""

    def connection(self, way: str) -> Connection | None:
        """For acts on it; None: nothing can be done there now."""

    def hands(self) -> Mapping[Channel, Hand]:
        """By which acts are done."""

    async def did_by_hand(self, fix: str) -> None:
        """The person says that the steps of this fix are done: a world that is only played follows."""


class Fault(Protocol):
    """Something that can be broken on purpose."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def says(self) -> str:
        """What happens, for a person, in English."""


class Breaker(Protocol):
    """Only where the chain is played: break it, and undo that. From any thread and any event loop."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Those there are."""

    @property
    def struck(self) -> tuple[str, ...]:
        """Ids of those that were struck and not undone."""

    async def strike(self, fault: str) -> None:
        """KeyError: there is no such fault."""

    async def pass_time(self, minutes: float) -> None:
        """Let so many minutes of the chain pass at once; returns when they have."""

    async def undo(self) -> None:
        """Everything as it was before the first."""
