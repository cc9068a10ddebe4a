"""Records, watermarks, holes and what is at risk: what the chain holds and what it may lose."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unstuck.model.hop import Hop


class HoleReason(StrEnum):
    """Why a span is missing at the server. Exactly one holds for each hole."""

    NOT_WORN = "not_worn"
    NOT_RECORDED = "not_recorded"
    NOT_DRAINED = "not_drained"
    NOT_UPLOADED = "not_uploaded"
    NOT_SHOWN = "not_shown"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Watermark:
    """The newest record known to be at a hop, and how it is known."""

    hop: Hop
    newest: datetime
    source: str
    locator: str


@dataclass(frozen=True, slots=True)
class Hole:
    """A span [start, end) missing at the server, with its one reason."""

    start: datetime
    end: datetime
    reason: HoleReason


@dataclass(frozen=True, slots=True)
class AtRisk:
    """What will be overwritten next: data recorded since ``since`` begins to go at ``lost_at``."""

    since: datetime
    lost_at: datetime
