"""What was tried, what came of it, and what was answered: written by whoever does or guides a fix, read by the doctor
and the case file."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class How(StrEnum):
    """Whose hands did it: ours through a cable, a bus or our own chain, or the person's as we guided them."""

    AUTOMATIC = "automatic"
    GUIDED = "guided"


class Result(StrEnum):
    """What came of it. ``UNDONE``: it did not help and was taken back. ``BLOCKED``: the harm gate held it back."""

    HELPED = "helped"
    DID_NOT_HELP = "did_not_help"
    UNDONE = "undone"
    FAILED = "failed"
    DECLINED = "declined"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that was changed, in the words of the device (``settings global low_power``), and its values."""

    what: str
    before: str
    after: str
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """One fix that was tried. Times are UTC; ``ended`` is None while it is under way. ``note``: for a person."""

    fix: str
    began: datetime
    how: How
    result: Result
    ended: datetime | None = None
    changes: tuple[Change, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer (ids of the knowledge, or the one for "I don't know") and when it was given (UTC)."""

    question: str
    answer: str
    at: datetime
