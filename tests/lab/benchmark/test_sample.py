"""Which cases there are."""

from collections import Counter

import pytest

from unstuck.lab.benchmark.sample import NUMBERS_MOST, Split, case_at, cases, mechanisms, split_of
from unstuck.lab.case import possible
from unstuck.lab.faults.all import FAULTS, HEALTHY

MANY = 3_000


def test_no_case_is_in_both_splits() -> None:
    training = {case.seed for seed in (1, 2) for case in cases(Split.TRAINING, seed, MANY)}
    test = {case.seed for seed in (1, 2) for case in cases(Split.TEST, seed, MANY)}
    assert len(training) == len(test) == 2 * MANY
    assert not training & test
    assert {seed % 2 for seed in training} == {0}
    assert min(training | test) >= NUMBERS_MOST


def test_a_case_knows_its_split() -> None:
    for split in Split:
        assert split_of(case_at(split, 3, 17)) is split


def test_more_cases_begin_with_the_same_ones() -> None:
    assert list(cases(Split.TEST, 1, 50))[:20] == list(cases(Split.TEST, 1, 20))
    assert case_at(Split.TEST, 1, 19) == list(cases(Split.TEST, 1, 20))[19]


def test_every_cause_and_every_way_it_comes_about_is_drawn() -> None:
    drawn = Counter(fault for case in cases(Split.TRAINING, 1, MANY) for fault in case.faults)
    assert set(drawn) == {*FAULTS, *HEALTHY}


def test_causes_are_drawn_alike_however_many_ways_they_have() -> None:
    single = [case for case in cases(Split.TRAINING, 1, MANY) if len(case.faults) == 1 and case.faults[0] in FAULTS]
    drawn = Counter(FAULTS[case.faults[0]].cause for case in single)
    expected = len(single) / len(mechanisms())
    assert set(drawn) == set(mechanisms())
    assert min(drawn.values()) > 0.5 * expected
    assert max(drawn.values()) < 1.6 * expected


def test_what_cannot_be_is_not_drawn() -> None:
    assert all(possible(case) for case in cases(Split.TEST, 5, MANY))


def test_two_faults_at_once_are_of_two_causes() -> None:
    pairs = [case for case in cases(Split.TEST, 1, MANY) if len(case.faults) == 2]
    assert 0.1 * MANY < len(pairs) < 0.2 * MANY
    assert all(len({fault.cause for fault in case.all}) == 2 for case in pairs)


@pytest.mark.parametrize(("seed", "number"), [(0, 1), (-1, 1), (1, -1), (1, NUMBERS_MOST)])
def test_there_is_no_case_outside(seed: int, number: int) -> None:
    with pytest.raises(ValueError, match="seeds begin at 1"):
        case_at(Split.TEST, seed, number)
