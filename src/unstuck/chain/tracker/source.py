"""Where a virtual tracker's measurements come from: a true minute enters, what the wrist did in it leaves."""

from dataclasses import dataclass
from typing import Protocol

from unstuck.chain.records import Minute, Sleep, Workout

MINUTE_S = 60
"""Length of a minute record (seconds)."""

DAY_S = 86_400
"""Length of a day's total (seconds)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of sleep or a workout that ended in this minute: how long before its end it began (s)."""

    duration_s: int
    value: Sleep | Workout


@dataclass(frozen=True, slots=True)
class Sample:
    """One minute of a wrist."""

    minute: Minute
    ended: tuple[Stretch, ...] = ()


class Source(Protocol):
    """What is measured. The same minute always gives the same sample."""

    def sample(self, minute_s: int) -> Sample | None:
        """The minute that begins at ``minute_s`` (Unix s, true, a multiple of 60); None: nothing was measured."""
