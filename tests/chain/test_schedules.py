"""Any schedule of troubles: in the end every minute that was not overwritten is at the server, once, and it knows."""

from unittest import mock

import pytest

from tests.chain.link.channel import Faults
from tests.chain.schedules import Schedule, live_through, lives
from tests.chain.test_end_to_end import Eager

QUICK = 200
"""Schedules of the quick run; ``make test-soak`` lives through a thousand more."""
PARTS = 10


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_every_record_arrives_once_and_the_ledger_is_true(part: int) -> None:
    tally = live_through(range(part * QUICK // PARTS, (part + 1) * QUICK // PARTS))
    assert tally["schedules"] == QUICK // PARTS


FOUND = (
    # A day's total that ends after now, the clock being set back, took the loss beside it out of the ledger.
    Schedule(
        1129,
        Faults(),
        packet_bytes=185,
        tight=True,
        events=(("record", 99), ("the clock jumps", -64002), ("record", 346)),
    ),
)


@pytest.mark.parametrize("schedule", FOUND)
def test_what_a_schedule_found_once_stays_mended(schedule: Schedule) -> None:
    lives(schedule)


def test_an_order_that_acknowledges_before_it_commits_is_caught_by_schedules_too() -> None:
    with mock.patch("unstuck.chain.phone.agent.Drain", Eager), pytest.raises(AssertionError, match="shortest"):
        live_through(range(QUICK))
