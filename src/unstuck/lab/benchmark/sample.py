"""Which cases there are: a split, a seed and a number enter, one case leaves. Pure; without an end.

A case depends on its own number only, so ten thousand cases begin with the first hundred. Causes come first: each is
drawn as often as any other, whatever owners meet in life, and then one of the ways in which it comes about.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache

from unstuck.lab.case import BEHAVIOURS, Case, possible
from unstuck.lab.faults.all import FAULTS, HEALTHY
from unstuck.lab.faults.fault import Fault
from unstuck.lab.phone.models import MODELS
from unstuck.lab.treating import NOTHING_TO_MEND
from unstuck.lab.world import KINDS

SAMPLING = 1
"""Version of this module's choices: another number when the same split, seed and number mean another case."""

HEALTHY_SHARE = 0.15
"""Share of cases in which nothing is wrong. A judgement: enough of them to see one false alarm in a hundred."""

TWO_SHARE = 0.15
"""Share of cases with two faults at once. A judgement: in life fewer, but what is rare must be measured too."""

ORDINARY_SHARE = 0.55
"""Share of people with no peculiarity; the other behaviours share the rest."""

NUMBERS_MOST = 10**7
"""Most cases under one seed, so that no two seeds share a case."""


class Split(StrEnum):
    """What a case may be used for. No case is in both: the last bit of its own seed says which it is in."""

    TRAINING = "training"
    TEST = "test"


def case_at(split: Split, seed: int, number: int) -> Case:
    """The case of this number, from 0. ValueError: a seed below 1 or a number out of range.

    Every chance within a case comes from its own seed. That of a training case is even and that of a test case odd, and
    all are above :data:`NUMBERS_MOST`, where nobody tries out a seed by hand.
    """
    if seed < 1 or not 0 <= number < NUMBERS_MOST:
        raise ValueError(f"seed {seed} and number {number}: seeds begin at 1, numbers are below {NUMBERS_MOST}")
    dice = random.Random(f"case {SAMPLING} {split} {seed} {number}")
    own = (seed * NUMBERS_MOST + number) * 2 + (split is Split.TEST)
    while True:  # only two faults at once can be impossible on every phone
        case = Case(_faults(dice), tracker=dice.choice(sorted(KINDS)), behaviour=_behaviour(dice), seed=own)
        phones = [phone for phone in sorted(MODELS) if possible(replace(case, phone=phone))]
        if phones:
            return replace(case, phone=dice.choice(phones))


def cases(split: Split, seed: int, count: int) -> Iterator[Case]:
    """The first so many."""
    return (case_at(split, seed, number) for number in range(count))


def split_of(case: Case) -> Split:
    """Which split a case belongs to."""
    return Split.TEST if case.seed % 2 else Split.TRAINING


def _faults(dice: random.Random) -> tuple[str, ...]:
    roll = dice.random()
    if roll < HEALTHY_SHARE:
        return (dice.choice(sorted(HEALTHY)),)
    by_cause = mechanisms()
    if roll < HEALTHY_SHARE + TWO_SHARE:
        first, second = dice.sample(sorted(set(by_cause) - NOTHING_TO_MEND), 2)
        return (_one(by_cause[first], dice), _one(by_cause[second], dice))
    return (_one(by_cause[dice.choice(sorted(by_cause))], dice),)


def _one(ways: Sequence[Fault], dice: random.Random) -> str:
    return dice.choice(ways).id


def _behaviour(dice: random.Random) -> str:
    others = (1.0 - ORDINARY_SHARE) / (len(BEHAVIOURS) - 1)
    shares = [ORDINARY_SHARE if one == "ordinary" else others for one in BEHAVIOURS]
    return dice.choices(BEHAVIOURS, shares)[0]


@cache
def mechanisms() -> Mapping[str, Sequence[Fault]]:
    """Every cause with the ways in which it comes about, in a fixed order."""
    found: dict[str, list[Fault]] = {}
    for fault in sorted(FAULTS.values(), key=lambda one: one.id):
        found.setdefault(fault.cause, []).append(fault)
    return found
