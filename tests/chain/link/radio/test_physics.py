"""How well two radios hear each other: formulas at points worked out by hand, and what must hold everywhere."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.link.radio.physics import (
    ANTENNA_LOSS_DB,
    BODY_LOSS_DB,
    CLEAR_DBM,
    NEAREST_M,
    SENSITIVITY_DBM,
    WIFI_CHANNELS_SHARE,
    WIFI_IN_CHANNEL_DB,
    Barrier,
    Heard,
    Jammer,
    Spot,
    Surroundings,
    Wall,
    bit_error_rate,
    chance_of_packet,
    heard,
    path_loss_db,
)

OPEN = Surroundings()
HERE = Spot()
METRES = st.floats(-100, 100)
SPOTS = st.builds(Spot, METRES, METRES, st.booleans())
DBM = st.floats(-150, 30)
SHARES = st.floats(0, 1)
BITS = st.integers(80, 2120)
EARS = st.builds(Heard, DBM, st.lists(st.tuples(SHARES, DBM), max_size=4).map(tuple))


@pytest.mark.parametrize(
    ("far_m", "loss_db"),
    # ITU-R P.1238: 20 log10 2440 = 67.748; N log10 d = 28 per decade; - 28.
    [(0.1, 11.748), (1.0, 39.748), (2.0, 48.177), (10.0, 67.748), (23.0, 77.876), (100.0, 95.748)],
)
def test_path_loss_is_that_of_p_1238(far_m: float, loss_db: float) -> None:
    assert path_loss_db(HERE, Spot(far_m), OPEN) == pytest.approx(loss_db, abs=0.001)


def test_a_band_beside_a_phone_is_heard_as_phones_report_it() -> None:
    assert heard(HERE, Spot(1.0), OPEN).signal_dbm == pytest.approx(-39.748 - ANTENNA_LOSS_DB, abs=0.001)


@given(METRES, METRES, st.floats(0, 50), st.floats(0, 50), st.booleans())
def test_farther_is_never_louder(x_m: float, y_m: float, near_m: float, more_m: float, body: bool) -> None:
    barrier = Barrier(5.0, -200.0, 5.0, 200.0, Wall.HEAVY)
    far = math.hypot(x_m, y_m) or 1.0
    ux, uy = x_m / far, y_m / far
    if far < 1e-3:
        ux, uy = 1.0, 0.0
    around = Surroundings((barrier,))
    near = path_loss_db(HERE, Spot(near_m * ux, near_m * uy, body), around)
    assert path_loss_db(HERE, Spot((near_m + more_m) * ux, (near_m + more_m) * uy, body), around) >= near - 1e-9


@given(SPOTS, SPOTS, st.lists(st.builds(Barrier, METRES, METRES, METRES, METRES, st.sampled_from(Wall)), max_size=5))
def test_the_way_back_loses_as_much(one: Spot, other: Spot, barriers: list[Barrier]) -> None:
    around = Surroundings(tuple(barriers))
    assert path_loss_db(one, other, around) == pytest.approx(path_loss_db(other, one, around))


def test_each_wall_costs_its_decibels_and_only_those_in_the_way() -> None:
    light, heavy = Barrier(2.0, -5.0, 2.0, 5.0), Barrier(3.0, -5.0, 3.0, 5.0, Wall.HEAVY)
    beside, beyond = Barrier(2.5, 1.0, 2.5, 5.0), Barrier(9.0, -5.0, 9.0, 5.0)
    there, free_db = Spot(5.0), path_loss_db(HERE, Spot(5.0), OPEN)

    def walls_db(*barriers: Barrier) -> float:
        return path_loss_db(HERE, there, Surroundings(barriers)) - free_db

    assert walls_db(light) == pytest.approx(3.4)
    assert walls_db(heavy) == pytest.approx(6.9)
    assert walls_db(light, heavy, light) == pytest.approx(3.4 + 6.9 + 3.4)
    assert walls_db(beside, beyond) == 0.0


def test_a_body_and_metal_take_their_share_once() -> None:
    free_dbm = heard(HERE, Spot(5.0), OPEN).signal_dbm
    for one, other in ((True, False), (False, True), (True, True)):
        through = heard(Spot(body=one), Spot(5.0, body=other), OPEN).signal_dbm
        assert free_dbm - through == pytest.approx(BODY_LOSS_DB)
    assert free_dbm - heard(HERE, Spot(5.0), Surroundings(metal_db=25.0)).signal_dbm == pytest.approx(25.0)


def test_nearer_than_near_is_no_louder() -> None:
    assert path_loss_db(HERE, HERE, OPEN) == path_loss_db(HERE, Spot(NEAREST_M), OPEN)


def test_the_sensitivity_is_where_one_bit_in_a_thousand_is_wrong() -> None:
    assert bit_error_rate(SENSITIVITY_DBM) == pytest.approx(1e-3)
    # 3 dB more are 2.0 times the signal: exp(-12.43) / 2.
    assert bit_error_rate(SENSITIVITY_DBM + 3) == pytest.approx(2.03e-6, rel=0.02)
    assert bit_error_rate(-200.0) == pytest.approx(0.5)


@given(DBM, DBM, st.none() | DBM)
def test_more_signal_never_makes_more_errors_and_noise_never_fewer(
    one: float, other: float, noise: float | None
) -> None:
    weak, strong = sorted((one, other))
    assert 0.0 <= bit_error_rate(strong, noise) <= bit_error_rate(weak, noise) <= 0.5
    assert bit_error_rate(one) <= bit_error_rate(one, noise)


@given(EARS, BITS, BITS, st.floats(-30, 30))
def test_chances_are_chances_and_longer_packets_have_less(ear: Heard, one: int, other: int, faded_db: float) -> None:
    short, long = sorted((one, other))
    assert 0.0 <= chance_of_packet(ear, long, faded_db) <= chance_of_packet(ear, short, faded_db) + 1e-9 <= 1.0 + 1e-9


@given(SHARES, BITS)
def test_interference_hits_only_the_share_it_covers(share: float, bits: int) -> None:
    clear = chance_of_packet(Heard(-60.0), bits)
    assert clear == pytest.approx(1.0)
    assert chance_of_packet(Heard(-60.0, ((share, -20.0),)), bits) == pytest.approx(clear * (1 - share))
    assert chance_of_packet(Heard(-60.0, ((share, -150.0),)), bits) == pytest.approx(clear)


def test_a_jammer_is_heard_by_distance_bandwidth_and_time() -> None:
    router = Jammer(Spot(1.0), power_dbm=20.0, busy=0.5)
    ear = heard(Spot(3.0), HERE, Surroundings(jammers=(router, Jammer(Spot(1.0), busy=0.0))))
    ((share, noise_dbm),) = ear.jammed
    assert share == pytest.approx(WIFI_CHANNELS_SHARE * 0.5) == pytest.approx(0.135, abs=0.001)
    assert noise_dbm == pytest.approx(20.0 - 39.748 - ANTENNA_LOSS_DB / 2 + WIFI_IN_CHANNEL_DB, abs=0.001)
    assert pytest.approx(-13.01, abs=0.01) == WIFI_IN_CHANNEL_DB


@given(st.floats(CLEAR_DBM, 20.0), st.integers(8, 3000))
def test_above_a_clear_signal_the_formula_says_exactly_always(signal_dbm: float, size_bits: int) -> None:
    assert (1 - bit_error_rate(signal_dbm)) ** size_bits == 1.0 == chance_of_packet(Heard(signal_dbm), size_bits)


def test_a_jammed_packet_may_be_lost_however_clear_its_signal() -> None:
    assert chance_of_packet(Heard(CLEAR_DBM, ((0.5, CLEAR_DBM),)), 80) < 1.0
