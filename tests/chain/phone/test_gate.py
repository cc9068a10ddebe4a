"""Every reason against a trim, one by one; and that nothing else opens or shuts the gate."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.phone.gate import Trim, Why, furthest_safe, trim_reasons_not
from unstuck.chain.records import Ranges

ALLOWED = Trim(
    tracker="t1",
    boot=3,
    through=99,
    answering="t1",
    held=Ranges.span(40, 120),
    drained=Ranges.span(40, 110),
    committed=Ranges.span(40, 105),
    synced=True,
    sound=True,
    alone=True,
)


def test_trim_passes_when_all_it_frees_is_committed() -> None:
    assert trim_reasons_not(ALLOWED) == ()


@pytest.mark.parametrize(
    ("trim", "why"),
    [
        (replace(ALLOWED, answering=None), Why.STATUS_UNREAD),
        (replace(ALLOWED, held=None), Why.STATUS_UNREAD),
        (replace(ALLOWED, answering="t2"), Why.OTHER_TRACKER),
        (replace(ALLOWED, erased=True), Why.MEMORY_ERASED),
        (replace(ALLOWED, forbidden="the phone saves its battery"), Why.HOST_FORBIDS),
        (replace(ALLOWED, alone=False), Why.JOURNAL_SHARED),
        (replace(ALLOWED, sound=False), Why.JOURNAL_UNSOUND),
        (replace(ALLOWED, synced=False), Why.NOT_DURABLE),
        (replace(ALLOWED, through=39), Why.NOTHING_TO_FREE),
        (replace(ALLOWED, held=Ranges.span(100, 120)), Why.NOTHING_TO_FREE),
        (replace(ALLOWED, through=120, committed=Ranges.span(40, 110)), Why.NOT_DRAINED),
        (replace(ALLOWED, drained=Ranges(), committed=Ranges()), Why.NOT_DRAINED),
        (replace(ALLOWED, through=110), Why.NOT_COMMITTED),
        (replace(ALLOWED, held=Ranges.span(39, 120)), Why.HOLE_BEFORE),
        (
            replace(ALLOWED, drained=Ranges.of([(40, 60), (62, 110)]), committed=Ranges.of([(40, 60), (62, 105)])),
            Why.HOLE_BEFORE,
        ),
    ],
)
def test_each_reason_alone_shuts_the_gate(trim: Trim, why: Why) -> None:
    reasons = trim_reasons_not(trim)
    assert [reason.why for reason in reasons] == [why]
    assert reasons[0].text


def test_every_reason_is_tested_here() -> None:
    parameters = test_each_reason_alone_shuts_the_gate.pytestmark[0].args[1]  # type: ignore[attr-defined]  # pytest's own
    assert {why for _, why in parameters} == set(Why)


def test_all_reasons_are_listed_not_only_the_first() -> None:
    nothing_known = Trim("t1", 0, 10, held=Ranges.span(0, 20), drained=Ranges.span(5, 8))
    assert [reason.why for reason in trim_reasons_not(nothing_known)] == [
        Why.STATUS_UNREAD,
        Why.JOURNAL_SHARED,
        Why.JOURNAL_UNSOUND,
        Why.NOT_DRAINED,
        Why.HOLE_BEFORE,
        Why.NOT_COMMITTED,
        Why.NOT_DURABLE,
    ]


def test_records_another_phone_freed_are_no_hole() -> None:
    other_drained_the_rest = replace(
        ALLOWED, held=Ranges.span(90, 120), drained=Ranges.span(90, 110), committed=Ranges.span(90, 99)
    )
    assert trim_reasons_not(other_drained_the_rest) == ()


numbers = st.sets(st.integers(0, 40)).map(Ranges.numbers)


@given(held=numbers, drained=numbers, committed=numbers, through=st.integers(0, 41))
def test_gate_opens_exactly_when_nothing_uncommitted_would_be_freed(
    held: Ranges, drained: Ranges, committed: Ranges, through: int
) -> None:
    trim = replace(ALLOWED, held=held, drained=drained, committed=committed, through=through)
    freed = [number for number in range(through + 1) if number in held]
    assert (not trim_reasons_not(trim)) == (bool(freed) and all(number in committed for number in freed))


@given(held=numbers, committed=numbers)
def test_furthest_safe_passes_the_gate_and_one_more_does_not(held: Ranges, committed: Ranges) -> None:
    through = furthest_safe(held, committed) if held else None
    if through is None:
        assert not held or held.first not in committed
        return
    assert trim_reasons_not(replace(ALLOWED, held=held, committed=committed, through=through)) == ()
    later = [number for number in range(through + 1, 42) if number in held]
    if later:
        assert trim_reasons_not(replace(ALLOWED, held=held, committed=committed, through=later[0]))
