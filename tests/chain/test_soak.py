"""The proof at full size, with its own figures (``make test-soak``)."""

import pytest

from tests.chain.golden import GOLDEN_MINUTES, GOLDEN_STEPS
from tests.chain.soak import SCHEDULES, run_golden, run_schedules
from tests.data import needs_data

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

EVERYTHING = {
    "lost",
    "duplicated",
    "reordered",
    "corrupted",
    "link dropped",
    "tracker rebooted",
    "agent restarted",
    "server 5xx",
    "time-out before the server",
    "time-out after the commit",
}
PEOPLE = 33


@needs_data
@pytest.mark.parametrize("bad", [False, True], ids=["perfect", "everything"])
def test_the_golden_month_of_33_people_arrives_to_the_step(bad: bool) -> None:
    figures = run_golden(bad=bad)
    assert (figures.people, figures.minutes) == (PEOPLE, GOLDEN_MINUTES)
    assert figures.steps_arrived == figures.steps_expected == GOLDEN_STEPS
    kinds = {kind for kind, count in figures.faults.items() if count}
    assert kinds == (EVERYTHING if bad else set())


def test_a_thousand_schedules_end_with_nothing_lost_and_nothing_twice() -> None:
    assert run_schedules(SCHEDULES)["schedules"] == SCHEDULES
