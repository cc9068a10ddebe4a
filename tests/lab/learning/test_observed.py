"""What of a run can be learnt from."""

from dataclasses import replace

from tests.lab.benchmark.made import row
from unstuck.doctor.knowledge.loader import load
from unstuck.lab.benchmark.row import crashed
from unstuck.lab.learning.observed import Seen, observed


def test_a_case_is_observed_once_whatever_its_rows_and_their_order() -> None:
    rows = [row(2), row(1, given="trace"), row(1, given="all"), row(1, given="report")]
    assert len(observed(rows, load())) == 2
    assert observed(rows, load()) == observed(reversed(rows), load())


def test_the_fullest_evidence_wins_and_the_rest_fills_in() -> None:
    rows = [
        row(1, given="trace", findings={"adapter_off": True, "battery_saver_on": True}),
        row(1, given="all", findings={"battery_saver_on": False}),
    ]
    (case,) = observed(rows, load())
    assert case.seen["battery_saver_on"] == Seen(False)
    assert case.seen["adapter_off"] == Seen(True)


def test_an_answer_counts_where_no_evidence_speaks_and_as_told() -> None:
    answers = {"battery_saver": "yes", "airplane_mode": "unsure"}
    (case,) = observed([row(1, answers=answers)], load())
    assert case.seen["battery_saver_on"] == Seen(True, told=True)
    (case,) = observed([row(1, answers=answers, findings={"battery_saver_on": False})], load())
    assert case.seen["battery_saver_on"] == Seen(False)


def test_of_all_complaints_a_person_makes_one() -> None:
    (case,) = observed([row(1)], load())
    spoken = {finding: seen for finding, seen in case.seen.items() if finding.startswith("symptom.")}
    assert set(spoken) == {f"symptom.{symptom}" for symptom in load().symptoms}
    assert [finding for finding, seen in spoken.items() if seen.holds] == ["symptom.silent"]


def test_who_complains_of_nothing_says_nothing_about_complaints() -> None:
    (case,) = observed([replace(row(1), symptom="")], load())
    assert not any(finding.startswith("symptom.") for finding in case.seen)


def test_a_case_that_crashed_teaches_nothing() -> None:
    assert observed([crashed(1, row(1).case, "ValueError", "")], load()) == []
