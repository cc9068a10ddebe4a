"""That nothing waits in the phone opens the way to a new installation: it must be seen, of this very hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from tests.doctor.rules.cases import APP, END, at, data, encrypted, error, http, opened
from tests.doctor.test_diagnose import ROOT_FACT
from unstuck.doctor.diagnose import Options, examine
from unstuck.model.evidence import Fact, Reading, SourceInfo

DRAINED_AGO = 30.0
"""Minutes from the tracker's last packet to the end of the evidence."""


def sent(*more: Fact, upload: Sequence[Fact] = (http(200, DRAINED_AGO),), now: datetime = END) -> bool | None:
    """Whether anything waits there, as the gate is told: False means that nothing does."""
    facts = (ROOT_FACT, opened(60), encrypted(59), *data(DRAINED_AGO), *upload, *more)
    return examine([Reading(SourceInfo("synthetic", "btsnoop", len(facts)), facts)], Options(), now).situation.unsent


ENDS = at("app.stopped", False, 0, APP)


def test_what_the_service_took_right_after_the_last_packet_does_not_wait() -> None:
    assert sent(ENDS) is False


@pytest.mark.parametrize(
    "later",
    [
        error("timeout", DRAINED_AGO - 0.2),
        http(503, DRAINED_AGO - 0.2),
        opened(DRAINED_AGO - 10),
        at("app.beat", {"job": "sync"}, DRAINED_AGO - 5, APP),
    ],
    ids=["part of it timed out", "it was refused", "it met the tracker", "it worked"],
)
def test_what_the_app_did_or_failed_at_since_may_wait(later: Fact) -> None:
    assert sent(later, ENDS) is not False


def test_files_that_broke_after_the_service_had_it_all_hold_nothing() -> None:
    """The one case in which a new installation is the right step."""
    assert sent(error("database", DRAINED_AGO - 2), ENDS) is False


def test_an_upload_from_before_the_last_packet_shows_nothing_of_it() -> None:
    assert sent(ENDS, upload=[http(200, DRAINED_AGO + 1)]) is not False


def test_without_an_answer_of_the_service_nothing_is_known() -> None:
    assert sent(ENDS, upload=[]) is not False
    assert sent(ENDS, upload=[http(500, DRAINED_AGO)]) is not False


def test_evidence_of_more_than_an_hour_ago_shows_nothing_of_now() -> None:
    assert sent(ENDS, now=END + timedelta(minutes=59)) is False
    assert sent(ENDS, now=END + timedelta(minutes=61)) is not False
