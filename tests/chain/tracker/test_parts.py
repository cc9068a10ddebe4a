import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.records import Wear
from unstuck.chain.tracker.battery import CHARGE_AT_MILLIPERCENT, FULL_MILLIPERCENT, Battery
from unstuck.chain.tracker.clock import Clock
from unstuck.chain.tracker.events import Happened, Mode, event_name
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.radio import Radio
from unstuck.chain.tracker.replay import Replay, ReplayError, read_wide_minutes

NOON = 1_460_548_800
"""2016-04-13 12:00 UTC (Unix seconds)."""

HOUR_MS = 3_600_000

HEAD = "Id,ActivityHour," + ",".join(f"Steps{minute:02}" for minute in range(60))


def test_a_clock_drifts_until_it_is_set() -> None:
    clock = Clock(NOON, drift_ppm=20.0)
    assert clock.reads(NOON + 86_400) == pytest.approx(NOON + 86_400 + 1.728)
    assert clock.set(NOON + 86_400, NOON + 86_400).reads(NOON + 86_400) == NOON + 86_400


@given(st.integers(-(10**9), 10**9), st.floats(-100, 100), st.integers(0, 10**6))
def test_a_clock_shows_what_it_was_set_to(jump: int, drift: float, later: int) -> None:
    clock = Clock(NOON, drift_ppm=drift).set(NOON + jump, NOON + 0.25)
    assert clock.reads(NOON + 0.25) == pytest.approx(NOON + jump, abs=0.002)
    assert clock.reads(NOON + later) == pytest.approx(NOON + later + jump, abs=0.3 + later * 1e-4)


def test_the_radio_says_whether_the_phone_or_its_app_is_gone() -> None:
    radio = Radio(0)
    radio.connected(100)
    radio.asked(200)
    seen = [radio.mode]
    radio.advance(2000)
    seen.append(radio.mode)
    radio.disconnected(2000)
    seen.append(radio.mode)
    assert seen == [Mode.FAST_MODE, Mode.IDLE_MODE, Mode.ADVERTISE_VERY_FAST_MODE]
    radio.advance(3000)
    assert radio.report() == {
        Mode.ADVERTISE_VERY_FAST_MODE: 60_000,
        Mode.ADVERTISE_MODE: 1_040_000,
        Mode.FAST_MODE: 5_000,
        Mode.SLOW_MODE: 100_000 + 1_195_000,
        Mode.IDLE_MODE: 600_000,
    }
    assert radio.report() == {}


@given(st.lists(st.tuples(st.sampled_from(["connected", "disconnected", "asked", "advance"]), st.integers(0, 4000))))
def test_the_modes_of_the_radio_add_up_to_the_time_that_passed(acts: list[tuple[str, int]]) -> None:
    radio, now = Radio(0), 0
    for act, wait in acts:
        now += wait
        getattr(radio, act)(now)
    radio.advance(now)
    assert sum(radio.report().values()) == now * 1000


def test_a_busy_radio_empties_the_battery_sooner() -> None:
    quiet = Battery().after(HOUR_MS, {})
    busy = Battery().after(HOUR_MS, {Mode.FAST_MODE: HOUR_MS})
    assert FULL_MILLIPERCENT > quiet.millipercent > busy.millipercent


def test_the_owner_charges_it_until_it_is_full() -> None:
    low = Battery(CHARGE_AT_MILLIPERCENT + 1).after(HOUR_MS, {})
    assert low.charging
    full = low.after(2 * HOUR_MS, {})
    assert (full.percent, full.charging) == (100, False)


@given(st.integers(0, FULL_MILLIPERCENT), st.booleans(), st.integers(0, 100 * HOUR_MS))
def test_a_charge_stays_between_empty_and_full(level: int, charging: bool, spent_ms: int) -> None:
    assert 0 <= Battery(level, charging).after(spent_ms, {Mode.FAST_MODE: spent_ms}).percent <= 100


def test_events_have_names_also_those_nobody_knows() -> None:
    assert event_name(Happened.CLOCK_SET) == "CLOCK_SET"
    assert event_name(Happened.RADIO + Mode.FAST_MODE) == "RADIO.FAST_MODE"
    assert event_name(999) == "999"


def test_a_made_up_person_is_the_same_each_time_and_not_the_neighbour() -> None:
    minutes = random.Random(1).sample(range(NOON, NOON + 5 * 86_400, 60), 200)
    one, again, other = Generator(1), Generator(1), Generator(2)
    forth = [one.sample(minute) for minute in minutes]
    assert [again.sample(minute) for minute in reversed(minutes)] == forth[::-1]
    assert [other.sample(minute) for minute in minutes] != forth


def test_a_made_up_day_is_plausible() -> None:
    for seed in range(8):
        person, start = Generator(seed), NOON - NOON % 86_400
        samples = [person.sample(minute) for minute in range(start, start + 7 * 86_400, 60)]
        steps = sum(sample.minute.steps for sample in samples) / 7
        assert 4_000 < steps < 30_000
        assert all(
            (sample.minute.heart_rate == 0) == (sample.minute.wear == Wear.NOT_WORN)
            and sample.minute.heart_rate < 200
            and sample.minute.steps < 200
            for sample in samples
        )
        asleep_h = sum(end.duration_s for sample in samples for end in sample.ended if len(end.value) == 1) / 7 / 3600
        assert 5 < asleep_h < 10


def test_the_stretches_of_a_night_follow_each_other_without_a_gap() -> None:
    person, start = Generator(4), NOON - NOON % 86_400
    ends = [
        (minute + 60, end.duration_s)
        for minute in range(start, start + 3 * 86_400, 60)
        for end in person.sample(minute).ended
        if len(end.value) == 1
    ]
    breaks = [later - length - earlier for (earlier, _), (later, length) in pairwise(ends)]
    days = [gap for gap in breaks if gap]
    assert len(days) in (2, 3)
    assert all(gap > 12 * 3600 for gap in days)


def test_a_replay_gives_the_minutes_of_the_file_and_nothing_else() -> None:
    lines = [HEAD, "7,4/13/2016 12:00:00 PM," + ",".join(map(str, range(60)))]
    hours = read_wide_minutes(lines)["7"]
    replay = Replay(hours)
    counts = [sample.minute.steps for minute in range(60) if (sample := replay.sample(NOON + 60 * minute))]
    assert counts == list(range(60))
    assert replay.sample(NOON + 3600) is None
    again = Replay(hours, loop=True).sample(NOON + 60 * 7 + 400 * 86_400)
    assert again is not None
    assert again.minute.steps == 7


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Id,Time,Value"],
        [HEAD, "7,4/13/2016 12:00:00 PM,1,2"],
        [HEAD, "7,2016-04-13," + ",".join(["0"] * 60)],
        [HEAD, "7,4/13/2016 12:30:00 PM," + ",".join(["0"] * 60)],
        [HEAD, "7,4/13/2016 12:00:00 PM," + ",".join(["-1"] * 60)],
        [HEAD, "7"],
        ["x" * 140_000],
        [HEAD, "7,4/13/2016 12:00:00 PM," + "0" * 140_000],
    ],
)
def test_what_is_not_a_wide_minute_file_names_the_line(lines: list[str]) -> None:
    with pytest.raises(ReplayError, match=r"line \d"):
        read_wide_minutes(lines)


@pytest.mark.parametrize("count", ["10001", "9" * 30])
def test_a_minute_with_more_steps_than_anybody_makes_is_refused(count: str) -> None:
    hour = "7,4/13/2016 {}:00:00 PM," + ",".join(["0"] * 59)
    with pytest.raises(ReplayError, match=r"line 3: more than 10,000 steps in a minute"):
        read_wide_minutes([HEAD, hour.format(1) + ",10000", hour.format(2) + f",{count}"])


def test_an_empty_replay_is_refused() -> None:
    with pytest.raises(ReplayError, match="no hour"):
        Replay({})
