"""One connection on the air: what arrives, when it is lost, what it costs."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.chain.link.radio.link_layer import (
    EMPTY_BITS,
    ESTABLISH_EVENTS,
    OVERHEAD_BYTES,
    PAYLOAD_BYTES,
    SPACE_US,
    Ears,
    End,
    LinkLayer,
    Loss,
)
from unstuck.chain.link.radio.physics import Heard

GOOD, DEAF = Heard(-40.0), Heard(-160.0)
CLEAR = Ears(GOOD, GOOD)
SILENCE = Ears(DEAF, DEAF)
DAY_S = 86_400.0

Air = Callable[[float], Ears]
Arrived = tuple[float, End, object]


class Played:
    """A link and the clock it is played on, as the air plays it."""

    def __init__(
        self, air: Air, *, interval_s: float = 0.015, latency: int = 0, timeout_s: float = 2.0, seed: int = 1
    ) -> None:
        self.air = air
        self.now_s = 0.0
        self.layer = LinkLayer(
            random.Random(seed), air(0.0), 0.0, interval_s=interval_s, latency=latency, timeout_s=timeout_s
        )
        self.arrived: list[Arrived] = []
        self.ended: dict[End, tuple[float, Loss]] = {}

    def put(self, end: End, pdu: object, size_bytes: int = 27) -> None:
        self.layer.put(end, pdu, size_bytes, self.now_s)

    def until(self, end_s: float, done: Callable[[], bool] = lambda: False) -> None:
        """Play as often as the layer wants it."""
        while len(self.ended) < 2 and not done():
            next_s = self.layer.next_s(self.now_s)
            if next_s > end_s:
                break
            self.now_s = max(self.now_s, next_s)
            self.arrived += [(self.now_s, end, pdu) for end, pdu in self.layer.play(self.now_s)]
            self.layer.hear(self.air(self.now_s), self.now_s)
            for end, why in self.layer.lost(self.now_s).items():
                self.ended[end] = (self.now_s, why)
                self.layer.fall_silent(end, self.now_s)
        self.now_s = max(self.now_s, min(end_s, self.now_s) if done() else end_s)

    def at(self, end: End) -> list[object]:
        return [pdu for _, there, pdu in self.arrived if there is end]


LEVELS = st.floats(-110.0, -60.0)
SCHEDULES = st.lists(st.tuples(st.floats(0.001, 3.0), LEVELS, LEVELS, st.floats(0.0, 1.0)), min_size=1, max_size=12)
SENT = st.lists(st.tuples(st.sampled_from(End), st.integers(1, 900), st.floats(0.0, 1.0)), min_size=1, max_size=20)


@given(SCHEDULES, SENT, st.integers(0, 3), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_everything_arrives_once_whole_and_in_order_or_the_link_is_lost(
    schedule: list[tuple[float, float, float, float]],
    sent: list[tuple[End, int, float]],
    latency: int,
    seed: int,
) -> None:
    def air(now_s: float) -> Ears:
        for lasts_s, there_dbm, back_dbm, elsewhere in schedule:
            now_s -= lasts_s
            if now_s < 0:
                return Ears(Heard(there_dbm), Heard(back_dbm), elsewhere)
        return CLEAR

    play = Played(air, latency=latency, seed=seed)
    for number, (end, size, pause_s) in enumerate(sent):
        play.put(end, number, size)
        play.until(play.now_s + pause_s)
    play.until(play.now_s + 60.0)
    for end in End:
        to_it = [number for number, (sender, _, _) in enumerate(sent) if sender is end.other]
        assert play.at(end) == to_it[: len(play.at(end))], "in order, none twice, none left out"
        if not play.ended:
            assert play.at(end) == to_it
    assert play.ended or not play.layer.waiting


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("interval_s", "latency", "timeout_s"), [(0.015, 0, 2.0), (0.145, 3, 4.0)])
def test_an_idle_link_within_reach_is_never_lost_in_a_day(
    seed: int, interval_s: float, latency: int, timeout_s: float
) -> None:
    near = Ears(Heard(-65.0), Heard(-65.0))
    play = Played(lambda _: near, interval_s=interval_s, latency=latency, timeout_s=timeout_s, seed=seed)
    play.until(DAY_S)
    assert play.ended == {}
    assert play.now_s == DAY_S


def test_looking_often_does_not_make_a_link_better() -> None:
    edge = Ears(Heard(-97.0), Heard(-97.0))

    def lives_s(look_every_s: float) -> float:
        lives: list[float] = []
        for seed in range(30):
            play = Played(lambda _: edge, interval_s=0.145, latency=3, timeout_s=4.0, seed=seed)
            play.layer._met = dict.fromkeys(End, True)  # as if it had come about
            while not play.ended and play.now_s < 100.0:
                play.until(play.now_s + look_every_s)
                play.layer.play(play.now_s)
            lives.append(play.now_s)
        return sum(lives) / len(lives)

    assert lives_s(0.1) < 1.5 * lives_s(10.0)


@given(st.floats(0.1, 32.0), st.integers(0, 3), st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_time_out_comes_after_exactly_the_silence_agreed(timeout_s: float, latency: int, busy: bool) -> None:
    timeout_s = max(timeout_s, 2 * (1 + latency) * 0.015 + 0.01)
    gone_s = 10.0
    play = Played(lambda now_s: CLEAR if now_s < gone_s else SILENCE, latency=latency, timeout_s=timeout_s)
    play.until(gone_s - 1e-6)
    # What was heard last: the event before, or the one before those that the peripheral slept over.
    play.layer.play(play.now_s)
    play.layer.hear(SILENCE, play.now_s)
    if busy:
        play.put(End.CENTRAL, "lost")
    play.until(100.0)
    for end in End:
        ended_s, why = play.ended[end]
        assert why is Loss.SUPERVISION
        assert int(why) == 0x08
        assert gone_s + timeout_s - 0.015 * (1 + latency) - 1e-3 <= ended_s <= gone_s + timeout_s + 1e-3
    assert play.at(End.PERIPHERAL) == []


def test_six_events_without_an_answer_and_it_never_came_about() -> None:
    play = Played(lambda _: Ears(DEAF, GOOD))
    play.until(100.0)
    ended_s, why = play.ended[End.CENTRAL]
    assert why is Loss.NOT_ESTABLISHED
    assert int(why) == 0x3E
    assert ended_s == pytest.approx(ESTABLISH_EVENTS * 0.015)
    # The peripheral did hear the central: for it the link was there and is lost.
    assert play.ended[End.PERIPHERAL][1] is Loss.SUPERVISION
    nobody = Played(lambda _: SILENCE)
    nobody.until(100.0)
    assert {why for _, why in nobody.ended.values()} == {Loss.NOT_ESTABLISHED}


def test_an_event_that_is_heard_in_the_sixth_is_in_time() -> None:
    play = Played(lambda now_s: CLEAR if now_s >= 5.5 * 0.015 else SILENCE)
    play.until(5.5 * 0.015)
    play.layer.hear(CLEAR, play.now_s)
    play.until(1.0)
    assert play.ended == {}
    assert play.layer.established


def test_a_radio_that_is_elsewhere_starves_the_link_and_at_last_loses_it() -> None:
    def took_s(elsewhere: float) -> float:
        play = Played(lambda _: Ears(GOOD, GOOD, elsewhere))
        play.until(1.0)
        began_s = play.now_s
        for number in range(200):
            play.put(End.PERIPHERAL, number, PAYLOAD_BYTES)
        play.until(600.0, lambda: not play.layer.waiting)
        assert len(play.at(End.CENTRAL)) == 200
        return play.now_s - began_s

    free_s = took_s(0.0)
    assert took_s(0.5) == pytest.approx(2 * free_s, rel=0.35)
    assert took_s(0.8) > 3 * free_s
    held: dict[str, float] = {"share": 0.0}
    play = Played(lambda _: Ears(GOOD, GOOD, held["share"]))
    play.until(1.0)
    held["share"] = 1.0
    play.layer.hear(play.air(play.now_s), play.now_s)
    play.until(60.0)
    assert {why for _, why in play.ended.values()} == {Loss.SUPERVISION}


@pytest.mark.parametrize("interval_s", [0.0075, 0.015, 0.05])
def test_throughput_is_bounded_by_the_time_on_the_air(interval_s: float) -> None:
    play = Played(lambda _: Ears(Heard(0.0), Heard(0.0)), interval_s=interval_s)
    play.until(interval_s)
    began_s, packets = play.now_s, 500
    for number in range(packets):
        play.put(End.PERIPHERAL, number, PAYLOAD_BYTES)
    play.until(60.0, lambda: not play.layer.waiting)
    # A full packet, the central's empty one before it, two spaces: by the air times of the specification.
    exchange_us = (PAYLOAD_BYTES + OVERHEAD_BYTES) * 8 + EMPTY_BITS + 2 * SPACE_US
    assert exchange_us == 2120 + 80 + 300
    per_event = math.floor(interval_s * 1e6 / exchange_us)
    assert play.layer.counts.lost == 0
    assert (play.now_s - began_s) / interval_s == pytest.approx(packets / per_event, abs=1.1)


def test_long_pdus_are_carried_in_packets_of_251_bytes() -> None:
    play = Played(lambda _: Ears(Heard(0.0), Heard(0.0)))
    play.until(0.015)
    before = play.layer.counts.packets
    play.put(End.CENTRAL, "long", 2 * PAYLOAD_BYTES + 1)
    play.until(1.0)
    # Three packets there, and an answer to each.
    assert play.layer.counts.packets - before == 2 * 3


def test_a_sleeping_peripheral_is_reached_at_the_event_it_wakes_for() -> None:
    waits: list[float] = []
    for start in range(40):
        play = Played(lambda _: CLEAR, interval_s=0.1, latency=3, timeout_s=4.0)
        play.until(1.0 + 0.037 * start)
        asked_s = play.now_s
        play.put(End.CENTRAL, "down")
        play.until(play.now_s + 5.0)
        waits.append(play.arrived[-1][0] - asked_s)
    assert max(waits) <= 0.4 + 1e-6
    assert max(waits) > 0.3, "three events are slept over"
    assert min(waits) < 0.1

    play = Played(lambda _: CLEAR, interval_s=0.1, latency=3, timeout_s=4.0)
    play.until(1.037)
    play.put(End.PERIPHERAL, "up")
    play.until(3.0)
    assert play.arrived[-1][0] - 1.037 <= 0.1, "who has something to say wakes up for it"


def test_more_data_keeps_a_sleeper_awake() -> None:
    play = Played(lambda _: Ears(Heard(0.0), Heard(0.0)), interval_s=0.1, latency=3, timeout_s=4.0)
    play.until(1.0)
    for number in range(100):
        play.put(End.CENTRAL, number, PAYLOAD_BYTES)
    play.until(10.0, lambda: not play.layer.waiting)
    # 39 exchanges of 2500 us fit into an event: three events in a row, after at most three that were slept over.
    assert play.now_s - 1.0 < 0.4 + 0.3


def test_lost_packets_are_sent_again_and_counted() -> None:
    weak = Ears(Heard(-93.0), Heard(-93.0))
    play = Played(lambda _: weak, seed=3)
    play.until(0.5)
    for number in range(50):
        play.put(End.CENTRAL, number, PAYLOAD_BYTES)
    play.until(600.0, lambda: not play.layer.waiting)
    counts = play.layer.counts
    assert play.at(End.PERIPHERAL) == list(range(50))
    assert counts.lost > 20
    assert counts.packets - counts.lost >= 2 * 50


def test_new_parameters_count_from_then_on() -> None:
    play = Played(lambda _: CLEAR)
    play.until(1.0)
    play.layer.update(play.now_s, interval_s=0.1, latency=0, timeout_s=6.0)
    play.air = lambda _: SILENCE
    play.layer.hear(SILENCE, play.now_s)
    play.until(100.0)
    assert {round(ended_s, 1) for ended_s, _ in play.ended.values()} == {7.0}


@pytest.mark.parametrize(("updated_s", "put_s"), [(5.14, 8.41), (5.33, 6.74)])
def test_a_look_that_changes_nothing_is_not_wanted_again_at_once(updated_s: float, put_s: float) -> None:
    """On a clock that jumps it would be wanted for ever."""
    layer = LinkLayer(random.Random(1), Ears(GOOD, GOOD, 0.1), 0.0, interval_s=1.0, latency=4, timeout_s=12.0)
    now_s = 0.0
    changes: tuple[tuple[float, Callable[[], object]], ...] = (
        (updated_s, lambda: layer.update(updated_s, interval_s=1.0, latency=0, timeout_s=12.0)),
        (put_s, lambda: layer.put(End.CENTRAL, "late", 27, put_s)),
        (put_s + 20.0, lambda: None),
    )
    for at_s, change in changes:
        while (next_s := layer.next_s(now_s)) < at_s:
            layer.play(next_s)
            assert layer.next_s(next_s) > next_s
            now_s = next_s
        now_s = at_s
        change()


def test_a_silent_end_is_lost_to_the_other_alone() -> None:
    play = Played(lambda _: CLEAR)
    play.until(1.0)
    play.layer.fall_silent(End.PERIPHERAL, play.now_s)
    play.until(100.0)
    assert set(play.ended) == {End.CENTRAL}
    assert play.ended[End.CENTRAL][0] == pytest.approx(1.0 + 2.0, abs=0.02)


def test_a_machine_that_is_late_does_not_fail_a_new_link() -> None:
    play = Played(lambda _: CLEAR)
    play.now_s = 1.0
    play.put(End.CENTRAL, "first")
    play.until(2.0)
    assert play.ended == {}
    assert play.at(End.PERIPHERAL) == ["first"]


def test_the_signal_reported_scatters_around_what_is_heard() -> None:
    play = Played(lambda _: CLEAR)
    said = [play.layer.rssi_dbm(Heard(-70.0)) for _ in range(2000)]
    assert len(set(said)) > 10
    assert sum(said) / len(said) == pytest.approx(-70.0 + play.layer.shadow_db, abs=0.5)
    assert play.layer.rssi_dbm(Heard(-500.0)) == -127


def test_the_slow_change_goes_on_under_load() -> None:
    play = Played(lambda _: CLEAR)
    shadows: list[float] = []
    for number in range(600):
        play.put(End.CENTRAL, number, PAYLOAD_BYTES)
        play.put(End.CENTRAL, number, PAYLOAD_BYTES)
        play.until(play.now_s + 1.0)
        shadows.append(play.layer.shadow_db)
    assert max(shadows) - min(shadows) > 4.0
