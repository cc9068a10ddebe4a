"""What is seen of the boundaries between the hops: data standing still, or moving, as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from unstuck.doctor.knowledge.schema import Boundary
from unstuck.model.evidence import Fact
from unstuck.model.hop import Hop

QUIET_OK = timedelta(minutes=30)
"""Two expected sync rhythms: as long a silence on an open link, or as long without a link, is no fault."""

STALE = timedelta(hours=24)
"""Kills, crashes and refusals older than this do not say what is so now: logs rotate, things heal."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A boundary over which data does not move.

    ``hop`` is where it stands still, ``boundary`` what kind of way is closed: only causes that can
    close it explain the stop. ``saw_before``: data was seen to move up to ``since``.
    """

    hop: Hop
    since: datetime
    text: str
    facts: tuple[Fact, ...]
    boundary: Boundary
    saw_before: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """A boundary over which data was seen to move up to the end. ``hop`` is the hop that works."""

    hop: Hop
    text: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """Everything seen of data standing still or moving.

    ``linked``: the tracker's link is up at the end. ``notes``: sentences on what is undecided.
    """

    stops: tuple[Stop, ...]
    moves: tuple[Move, ...]
    linked: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def first_stop(self) -> Stop | None:
        """The boundary that has stood still the longest."""
        return min(self.stops, key=lambda stop: stop.since, default=None)

    def stop_at(self, hop: Hop) -> Stop | None:
        """The longest stop of one hop."""
        return min((stop for stop in self.stops if stop.hop is hop), key=lambda stop: stop.since, default=None)


@dataclass(slots=True)
class Seen:
    """A flow while it is being put together."""

    stops: list[Stop]
    moves: list[Move]
    notes: list[str]
    linked: bool | None = None
