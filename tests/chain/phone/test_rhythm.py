"""When the next sync is, and why then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.phone.reasons import MEANINGS, Outcome, Retry, sentence
from unstuck.chain.phone.rhythm import (
    BACK_OFF_FIRST_S,
    BACK_OFF_MOST_S,
    PERSON_EVERY_S,
    SLOWEST_TIMES,
    SYNC_EVERY_S,
    Because,
    Next,
    learned_interval_s,
    next_try,
)

NOW_S = 1_000_000.0
SILENT = Outcome.TRACKER_SILENT


def test_the_first_try_is_at_once() -> None:
    assert next_try([], NOW_S, 0.5) == Next(NOW_S, Because.FIRST)


def test_after_a_good_sync_the_rhythm_goes_on_with_some_jitter() -> None:
    assert next_try([Outcome.SYNCED], NOW_S, 0.0) == Next(NOW_S + SYNC_EVERY_S, Because.RHYTHM)
    assert next_try([Outcome.SYNCED], NOW_S, 0.999).at_s < NOW_S + SYNC_EVERY_S


def test_three_empty_syncs_slow_the_rhythm_and_news_bring_it_back() -> None:
    empty = Outcome.NOTHING_NEW
    assert next_try([empty] * 2, NOW_S, 0.0).at_s == NOW_S + SYNC_EVERY_S
    assert next_try([empty] * 3, NOW_S, 0.0) == Next(NOW_S + 2 * SYNC_EVERY_S, Because.NOTHING_NEW)
    assert next_try([empty] * 30, NOW_S, 0.0).at_s == NOW_S + SLOWEST_TIMES * SYNC_EVERY_S
    assert next_try([empty] * 30 + [Outcome.SYNCED], NOW_S, 0.0).at_s == NOW_S + SYNC_EVERY_S


def test_failures_in_a_row_back_off_to_the_rhythm_and_no_further() -> None:
    waits = [next_try([SILENT] * count, NOW_S, 1.0).at_s - NOW_S for count in range(1, 12)]
    assert waits[0] == BACK_OFF_FIRST_S
    assert waits[1] == 2 * BACK_OFF_FIRST_S
    assert waits == sorted(waits)
    assert waits[-1] == BACK_OFF_MOST_S


def test_a_success_in_between_begins_the_back_off_anew() -> None:
    assert next_try([SILENT] * 9 + [Outcome.SYNCED, SILENT], NOW_S, 1.0).at_s == NOW_S + BACK_OFF_FIRST_S


def test_what_the_server_asked_for_is_kept() -> None:
    asked = next_try([Outcome.SERVER_BUSY], NOW_S, 0.5, retry_after_s=120.0)
    assert asked.because is Because.SERVER_SAID
    assert NOW_S + 120.0 <= asked.at_s <= NOW_S + 150.0


def test_what_only_a_person_can_mend_is_not_hammered() -> None:
    assert next_try([Outcome.TOKEN_PASSWORD_CHANGED], NOW_S, 0.0) == Next(NOW_S + PERSON_EVERY_S, Because.PERSON)


@given(
    st.lists(st.sampled_from(Outcome), max_size=40),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(0, 86_400),
)
def test_next_is_never_in_the_past_and_never_further_than_a_day_and_a_bit(
    outcomes: list[Outcome], chance: float, retry_after_s: float | None
) -> None:
    planned = next_try(outcomes, NOW_S, chance, retry_after_s=retry_after_s)
    assert NOW_S <= planned.at_s <= NOW_S + 1.3 * 86_400


def test_interval_is_learned_from_what_really_got_through() -> None:
    hourly = [NOW_S + 3600.0 * number for number in range(10)]
    assert learned_interval_s(hourly[:4]) == SYNC_EVERY_S, "too few to learn from"
    assert learned_interval_s(hourly) == 3600.0
    assert learned_interval_s([NOW_S + 10.0 * number for number in range(10)]) == SYNC_EVERY_S


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_says_state_data_and_next_step(outcome: Outcome) -> None:
    meaning = MEANINGS[outcome]
    assert meaning.state
    assert meaning.data
    assert outcome.good or meaning.step
    told_by_the_way = (
        Outcome.TRIM_HELD_BACK,
        Outcome.REJECTED,
        Outcome.FIRMWARE_TOO_OLD,
        Outcome.OTHER_ACCOUNT,
    )
    assert outcome.good == (meaning.retry is Retry.RHYTHM) or outcome in told_by_the_way
    assert sentence(outcome, "why").startswith(f"{meaning.state} (why).")
