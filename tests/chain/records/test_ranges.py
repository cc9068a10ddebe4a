import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.records import Ranges

numbers = st.frozensets(st.integers(-5, 40), max_size=30)


def as_set(ranges: Ranges) -> frozenset[int]:
    return frozenset(number for first, last in ranges for number in range(first, last + 1))


@given(numbers, numbers)
def test_ranges_are_a_set_of_integers(left: frozenset[int], right: frozenset[int]) -> None:
    a, b = Ranges.numbers(left), Ranges.numbers(right)
    assert as_set(a) == left
    assert as_set(a | b) == left | right
    assert as_set(a - b) == left - right
    assert as_set(a & b) == left & right
    assert a.contains(b) == (left >= right)
    assert a.total == len(left)
    assert bool(a) == bool(left)
    assert all((number in a) == (number in left) for number in range(-7, 43))


@given(numbers, numbers)
def test_equal_sets_are_equal_however_they_were_built(left: frozenset[int], right: frozenset[int]) -> None:
    a, b = Ranges.numbers(left), Ranges.numbers(right)
    assert (a | b) - b == a - b
    assert (a - b) | (a & b) == a
    assert hash(Ranges.of(a.as_lists())) == hash(a)


@given(numbers)
def test_gaps_are_what_is_missing_between_first_and_last(some: frozenset[int]) -> None:
    ranges = Ranges.numbers(some)
    inside = set(range(min(some), max(some) + 1)) if some else set()
    assert as_set(ranges.gaps()) == inside - some
    if some:
        assert (ranges.first, ranges.last) == (min(some), max(some))


@pytest.mark.parametrize("intervals", [((3, 2),), ((0, 1), (2, 3)), ((5, 6), (0, 1))])
def test_intervals_that_are_not_in_their_one_form_are_refused(intervals: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="interval"):
        Ranges(intervals)


def test_a_backward_interval_from_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        Ranges.of([[4, 2]])


def test_an_empty_set_has_no_first() -> None:
    with pytest.raises(ValueError, match="no first"):
        _ = Ranges().first
    assert not Ranges.span(3, 2)
