"""What a fault is."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from unstuck.lab.state import State

Change = Callable[[State, random.Random], None]


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the world, so long after the fault began (seconds)."""

    after_s: float
    change: Change


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which one cause comes about.

    ``cause``: its id in the catalogue; empty where nothing is wrong. ``says``: what happens, for a person.
    ``noticed_s``: shortest and longest time until the person notices. ``steps``: onset in time.
    ``memory_hours``: what the tracker keeps, where the fault needs a small memory. ``before``: how the world has been
    all along. ``fits``: phones by the beginning of their id; empty: all.
    """

    id: str
    cause: str
    says: str
    steps: tuple[Step, ...]
    noticed_s: tuple[float, float] = (2_700.0, 9_000.0)
    memory_hours: int = 0
    before: Change = field(default=lambda state, dice: None)
    fits: tuple[str, ...] = ()
    least_android: int = 0
    also: frozenset[str] = frozenset()
    """Causes that are true as well, because the fault brings them along."""
    form: str = ""

    def strike_at(self) -> list[float]:
        """When its steps come (seconds after it began), in order."""
        return sorted(step.after_s for step in self.steps)


def at_once(change: Change) -> tuple[Step, ...]:
    """The whole of it in one moment."""
    return (Step(0.0, change),)


def ramp(change: Callable[[State, random.Random, float], None], seconds: float, steps: int) -> tuple[Step, ...]:
    """Little by little; ``change`` is told how far it has come (0 to 1]."""

    def one(share: float) -> Change:
        return lambda state, dice: change(state, dice, share)

    return tuple(Step(seconds * number / steps, one(number / steps)) for number in range(1, steps + 1))
