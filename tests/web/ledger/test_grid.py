"""From a ledger to slots: each state, UTC days, clocks that were moved, and nothing at all."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.model.records import HoleReason
from unstuck.web.ledger.grid import DAY_S, WORDS, Slot, grid

MIDNIGHT = 1_774_656_000
"""2026-03-28 00:00 UTC: the night after it clocks in Europe are set forward."""
HOUR_S = 3600


def ledger(*holes: tuple[str, int, int], since: int = MIDNIGHT, as_of: int = MIDNIGHT + DAY_S) -> dict[str, Any]:
    listed = [{"reason": reason, "start": start, "end": end} for reason, start, end in holes]
    return {"since": since, "as_of": as_of, "holes": listed}


def test_every_reason_of_a_hole_is_a_state_with_words() -> None:
    assert {reason.value for reason in HoleReason} < {slot.value for slot in Slot}
    assert set(WORDS) == set(Slot)


@pytest.mark.parametrize("reason", list(HoleReason))
def test_a_slot_that_is_wholly_in_a_hole_has_its_reason(reason: HoleReason) -> None:
    found = grid(ledger((reason.value, MIDNIGHT + HOUR_S, MIDNIGHT + 2 * HOUR_S)), per_day=24)
    assert found.rows[0][:3] == (Slot.AT_SERVER, Slot(reason.value), Slot.AT_SERVER)
    assert found.slots(Slot.AT_SERVER) == 23


@pytest.mark.parametrize("reason", ["lost", "not_drained", "not_uploaded"])
def test_one_minute_on_its_way_or_lost_marks_its_slot(reason: str) -> None:
    found = grid(ledger((reason, MIDNIGHT + 600, MIDNIGHT + 660)))
    assert found.rows[0][:2] == (Slot(reason), Slot.AT_SERVER)


def test_a_few_minutes_off_the_wrist_mark_nothing_and_most_of_a_slot_does() -> None:
    few = grid(ledger(("not_worn", MIDNIGHT, MIDNIGHT + 600)))
    most = grid(ledger(("not_worn", MIDNIGHT, MIDNIGHT + 1000)))
    assert few.rows[0][0] is Slot.AT_SERVER
    assert most.rows[0][0] is Slot.NOT_WORN


def test_of_several_the_worst_is_shown() -> None:
    holes = [("not_uploaded", 0, 600), ("lost", 600, 660), ("not_worn", 660, 1800)]
    found = grid(ledger(*((reason, MIDNIGHT + start, MIDNIGHT + end) for reason, start, end in holes)))
    assert found.rows[0][0] is Slot.LOST


def test_a_hole_whose_time_cannot_be_told_marks_the_moment_the_clock_was_moved() -> None:
    moved = MIDNIGHT + 5 * HOUR_S
    found = grid(ledger(("not_drained", moved, moved)), per_day=24)
    assert [place for place, slot in enumerate(found.rows[0]) if slot is Slot.NOT_DRAINED] == [5]


def test_such_a_hole_at_the_very_end_is_seen_too() -> None:
    end = MIDNIGHT + 5 * HOUR_S
    found = grid(ledger(("lost", end, end), as_of=end), per_day=24)
    assert found.rows[0][5] is Slot.LOST


def test_days_are_utc_days_of_one_length_when_clocks_are_set_forward_too() -> None:
    found = grid(ledger(as_of=MIDNIGHT + 3 * DAY_S))
    assert [found.day(row) for row in range(3)] == [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)]
    assert {len(row) for row in found.rows} == {48}
    assert found.slots(Slot.AT_SERVER) == 3 * 48


def test_before_the_first_record_and_after_the_last_word_nothing_is_told() -> None:
    found = grid(ledger(since=MIDNIGHT + 2 * HOUR_S, as_of=MIDNIGHT + 4 * HOUR_S), per_day=24)
    assert found.rows[0] == (Slot.UNTOLD,) * 2 + (Slot.AT_SERVER,) * 2 + (Slot.UNTOLD,) * 20


def test_no_more_than_thirty_days_are_shown_and_none_before_the_first_record() -> None:
    assert len(grid(ledger(as_of=MIDNIGHT + 90 * DAY_S)).rows) == 30
    assert len(grid(ledger(as_of=MIDNIGHT + 90 * DAY_S)).rows[0]) == 48
    assert len(grid(ledger(since=MIDNIGHT + 88 * DAY_S, as_of=MIDNIGHT + 90 * DAY_S)).rows) == 2


def test_a_tracker_that_never_gave_anything_has_no_rows() -> None:
    assert grid(ledger(since=0, as_of=0)).rows == ()
    assert grid(ledger(since=MIDNIGHT, as_of=MIDNIGHT)).used == ()


_HOLE = st.builds(
    lambda reason, start, length: (reason, MIDNIGHT + start, MIDNIGHT + start + length),
    st.sampled_from([reason.value for reason in HoleReason]),
    st.integers(-2 * DAY_S, 40 * DAY_S),
    st.integers(0, 3 * DAY_S),
)


@given(holes=st.lists(_HOLE, max_size=12), length=st.integers(1, 40 * DAY_S), per_day=st.sampled_from([24, 48]))
def test_whatever_the_holes_every_slot_of_every_day_has_one_state(
    holes: list[tuple[str, int, int]], length: int, per_day: int
) -> None:
    found = grid(ledger(*holes, as_of=MIDNIGHT + length), per_day=per_day)
    assert 1 <= len(found.rows) <= 30
    assert {len(row) for row in found.rows} == {per_day}
    assert sum(found.slots(slot) for slot in Slot) == per_day * len(found.rows)
    for reason, start, end in holes:
        last = MIDNIGHT + length
        if reason == "lost" and start < last and max(end, start + 1) > max(MIDNIGHT, last - 29 * DAY_S):
            assert found.slots(Slot.LOST), "a loss is never out of sight"
