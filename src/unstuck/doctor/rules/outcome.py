"""What a rule says, and the few phrases rules share."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from unstuck.doctor.case import Case
from unstuck.model.diagnosis import Proof, State
from unstuck.model.evidence import Fact
from unstuck.model.worded import counted, worded

PROOF_FACTS = 12
"""Facts kept behind one sentence of proof: enough to check it, few enough to read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A state and the sentences that prove it."""

    state: State
    proof: tuple[Proof, ...] = ()


Rule = Callable[[Case], Outcome]

UNKNOWN = Outcome(State.UNKNOWN)


def yes(text: str, facts: Iterable[Fact]) -> Outcome:
    """It holds, and this is why."""
    return Outcome(State.YES, (Proof(text, tuple(facts)[:PROOF_FACTS]),))


def no(text: str, facts: Iterable[Fact]) -> Outcome:
    """It does not hold, and this is why."""
    return Outcome(State.NO, (Proof(text, tuple(facts)[:PROOF_FACTS]),))


def either(holds: bool, text_yes: str, text_no: str, facts: Iterable[Fact]) -> Outcome:
    """Yes or no from the same facts."""
    return yes(text_yes, facts) if holds else no(text_no, facts)


def times(count: int, thing: str) -> str:
    """``1 kill``, ``3 kills``."""
    return counted(f"{{n}} {thing}", f"{{n}} {thing}s", count)


def lasting(span: timedelta) -> str:
    """A length of time in words, to the precision people use."""
    minutes = span.total_seconds() / 60
    if minutes < 1:
        return worded("{seconds} s", seconds=round(span.total_seconds()))
    if minutes < 120:
        return worded("{minutes} min", minutes=round(minutes))
    if minutes < 48 * 60:
        return worded("{hours} h", hours=round(minutes / 60))
    return counted("{n} day", "{n} days", round(minutes / 1440))


def numbers(facts: Sequence[Fact], key: str = "") -> list[float]:
    """The numbers of these facts, without those that have none."""
    return [value for fact in facts if (value := fact.number(key)) is not None]
