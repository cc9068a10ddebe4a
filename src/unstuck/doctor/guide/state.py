"""What a guided session knows: everything that a person said, gave and tried, and what is on the screen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unstuck.model.history import Answered, Tried

OTHER = "other"
"""The symptom where none of the list fits."""

UNSURE = "unsure"
"""The answer "I don't know"; allowed to every question, and it says nothing."""


class Kind(StrEnum):
    """What a screen asks for."""

    SYMPTOM = "symptom"
    PHONE = "phone"
    MAKE = "make"
    QUESTION = "question"
    FIX = "fix"
    WAIT = "wait"
    MOVES = "moves"
    SUPPORT = "support"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the screen since when; ``id`` is the question or fix, else empty."""

    kind: Kind
    id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """A file or folder that was given as evidence; it is read again whenever the session is opened."""

    path: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """How long the lists were before a choice, so that it can be taken back."""

    kind: Kind
    answers: int
    tried: int
    stops: int
    taken_up: int
    enough: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One guided session. Times are UTC.

    ``symptom``, ``phone`` and ``make`` are None until asked; ``phone`` is ``iphone``, ``android``, an id of a maker or
    UNSURE, ``make`` an id of a vendor's profile, OTHER or UNSURE.
    ``enough``: the person wants no more questions. ``stops``: when the person said that data stands still although
    something had helped or nothing seemed wrong. ``taken_up``: what was skipped among the first so many tries is
    offered again. ``closed``: the person said that data still moves. ``steps``: the choices so far, for going back.
    """

    started: datetime
    updated: datetime
    symptom: str | None = None
    phone: str | None = None
    make: str | None = None
    answers: tuple[Answered, ...] = ()
    evidence: tuple[Given, ...] = ()
    tried: tuple[Tried, ...] = ()
    stops: tuple[datetime, ...] = ()
    taken_up: int = 0
    enough: bool = False
    closed: bool = False
    shown: Shown | None = None
    steps: tuple[Step, ...] = ()


def begin(now: datetime) -> Session:
    """A session in which nothing was said yet."""
    return Session(now, now)
