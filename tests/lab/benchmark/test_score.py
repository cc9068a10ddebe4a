"""Measures against rows whose marks can be worked out by hand."""

from dataclasses import replace

import pytest

from tests.lab.benchmark.made import row, said
from unstuck.lab.benchmark.row import Row, Way
from unstuck.lab.benchmark.score import DONE, SAID, all_pairs, calibrate, count, first_pairs, measure, shown_pairs

WRONG = said("stuck", "server", server__outage=0.95, phone__battery_saver=0.04)


def values(rows: list[Row], priors: dict[str, float] | None = None) -> dict[str, float]:
    return {name: one.value for name, one in measure(rows, SAID + DONE, priors, resamples=50).items()}


def test_a_doctor_that_is_right_has_full_marks() -> None:
    found = values([row(1), row(2, "battery_flat"), row(3, "ordinary_day")])
    assert found["hop"] == found["first"] == found["three"] == found["quiet"] == found["moved"] == 1.0
    assert found["dishonest"] == found["missed"] == found["open"] == 0.0
    assert "honest" not in found  # nobody was wrong


def test_a_wrong_first_cause_is_wrong_however_near_the_right_one_was() -> None:
    found = values([row(1), replace(row(2), said=WRONG)])
    assert found["hop"] == found["first"] == 0.5
    assert found["three"] == 1.0


def test_who_is_sure_and_wrong_is_dishonest_and_who_says_inconclusive_is_not() -> None:
    unsure = said("inconclusive", "server", server__outage=0.4)
    found = values([replace(row(1), said=WRONG), replace(row(2), said=unsure), row(3), row(4)])
    assert found["dishonest"] == 0.25
    assert found["honest"] == 0.5


def test_each_cause_weighs_the_same_however_many_cases_it_has() -> None:
    rows = [row(1), row(2), row(3), replace(row(4, "battery_flat"), said=WRONG)]
    assert values(rows)["first"] == pytest.approx(0.5)


def test_as_owners_meet_them_a_common_cause_weighs_more() -> None:
    rows = [row(1), row(2), row(3), replace(row(4, "battery_flat"), said=WRONG)]
    priors = {"phone.battery_saver": 0.009, "tracker.battery_empty": 0.001}
    assert values(rows, priors)["first"] == pytest.approx(0.9)


def test_minutes_are_a_ratio_of_means_not_a_mean_of_ratios() -> None:
    quick = replace(row(1), doctor=Way(1.0, True), article=Way(1.0, True))
    slow = replace(row(2), doctor=Way(9.0, True), article=Way(99.0, True))
    found = values([quick, slow])
    assert found["article"] == pytest.approx(10 / 100)
    assert found["minutes_article"] == pytest.approx(50.0)


def test_minutes_count_only_where_something_is_to_mend() -> None:
    drawer = replace(row(2), flowing=True, doctor=Way(500.0, True))
    assert values([row(1), drawer])["minutes"] == 4.0


def test_what_nobody_noticed_is_no_session_and_is_measured_apart() -> None:
    unnoticed = replace(row(2), symptom="", said=WRONG, doctor=Way(0.0, True))
    found = values([row(1), unnoticed])
    assert (found["first"], found["minutes"], found["article"]) == (1.0, 4.0, 0.2)
    assert found["early"] == 0.0


def test_where_hindsight_found_no_way_the_best_of_the_others_stands_for_it() -> None:
    missed = replace(row(1), hindsight=Way(480.0, False), doctor=Way(12.0, True), check=Way(10.0, True))
    assert values([missed])["minutes_hindsight"] == 10.0
    assert values([missed])["hindsight"] == pytest.approx(1.2)


def test_the_charge_for_giving_up_can_be_left_out() -> None:
    found = values([row(1), replace(row(2), doctor=Way(484.0, False))])
    assert found["hindsight_moved"] == 1.0
    assert found["hindsight"] == pytest.approx(61.0)
    assert found["moved"] == 0.5


def test_an_alarm_is_judged_on_the_evidence_alone() -> None:
    alarm = replace(row(1, "ordinary_day"), alone=said("stuck", "phone", phone__battery_saver=0.6))
    assert values([alarm, row(2, "ordinary_day"), row(3, "short_walk")])["quiet"] == pytest.approx(0.75)


def test_to_name_the_drawer_the_tracker_lies_in_is_no_alarm() -> None:
    named = said("stuck", "tracker", tracker__not_worn=0.9)
    drawer = replace(row(1), cause="tracker.not_worn", truth=("tracker.not_worn",), alone=named)
    assert values([drawer])["quiet"] == 1.0
    assert values([replace(drawer, alone=said("stuck", "phone", phone__offline=0.9))])["quiet"] == 0.0


def test_the_interval_holds_the_value_and_shrinks_with_more_cases() -> None:
    def rows(times: int) -> list[Row]:
        return [replace(row(n), said=WRONG) if n % 2 else row(n) for n in range(2 * times)]

    few, many = (measure(rows(times), SAID)["first"] for times in (10, 1_000))
    assert few.low < few.value < few.high
    assert many.high - many.low < 0.5 * (few.high - few.low)
    assert measure(rows(10), SAID)["first"] == few


def test_rows_of_one_case_are_drawn_together() -> None:
    single = [replace(row(n), said=WRONG) if n % 2 else row(n) for n in range(40)]
    fourfold = [replace(one, given=given) for one in single for given in ("all", "report", "trace", "answers")]
    one, four = measure(single, SAID)["first"], measure(fourfold, SAID)["first"]
    assert (four.low, four.high) == pytest.approx((one.low, one.high))
    assert four.cases == one.cases == 40


def test_what_must_be_zero_is_counted_once_a_case() -> None:
    harmed = Way(4.0, True, ("repair_bond",), 0, lost=12, harmful=1)
    rows = [
        replace(row(1), doctor=harmed, lost=3),
        replace(row(1, given="trace"), lost=3),
        replace(row(2), mended=False),
        replace(row(3), mended=False, expected=False),
    ]
    found = count(rows, crashed=2)
    assert (found.harmful, found.lost, found.lost_in_chain) == (1, 12, 3)
    assert (found.mended, found.expected, found.otherwise, found.crashed) == (1, 2, 1, 2)
    assert (found.rows, found.cases) == (4, 3)


def test_calibration_is_the_mean_distance_between_what_was_said_and_what_was_true() -> None:
    said_often = [(0.8, True, 1.0)] * 6 + [(0.8, False, 1.0)] * 4
    assert calibrate(said_often).error == pytest.approx(0.2)
    assert calibrate([*said_often, *[(0.2, False, 1.0)] * 10]).error == pytest.approx(0.5 * 0.2 + 0.5 * 0.2)
    assert calibrate([(1.0, True, 1.0)]).bins[0].low == 0.9


def test_calibration_heeds_the_weights() -> None:
    assert calibrate([(0.5, True, 3.0), (0.5, False, 1.0)]).error == pytest.approx(0.25)


def test_a_cause_that_was_not_shown_counts_as_nought_in_the_catalogue_alone() -> None:
    one = replace(row(1), said=said("stuck", "server", server__outage=0.6, phone__offline=0.2))
    assert [(chance, true) for chance, true, _ in first_pairs([one])] == [(0.6, False)]
    assert [(chance, true) for chance, true, _ in shown_pairs([one])] == [(0.6, False), (0.2, False)]
    causes = ("server.outage", "phone.offline", "phone.battery_saver")
    assert [(chance, true) for chance, true, _ in all_pairs([one], causes)] == [(0.6, False), (0.2, False), (0.0, True)]


def test_nothing_measured_is_nothing_said() -> None:
    assert measure([], SAID) == {}
    assert calibrate([]).error == 0.0
