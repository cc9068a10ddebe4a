"""What the harm gate is told of our own chain: that nothing is held is known only of this very moment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.doctor.diagnose import Options, examine
from unstuck.doctor.reasoning.gate import Situation
from unstuck.model.evidence import Fact, Reading, SourceInfo, Value

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TRACKER = "t-0123456789ab"
JOURNAL = "journal.sqlite"


def fact(name: str, value: Value, ago_s: float, subject: str = TRACKER, source: str = JOURNAL) -> Fact:
    return Fact(name, value, NOW - timedelta(seconds=ago_s), source, "ledger", "", subject)


def run(side: str, ago_s: float, *, through: bool = True) -> Fact:
    drain = side == "drain"
    value: Value = {
        "side": side,
        "outcome": "synced" if through else "tracker_not_found",
        "says": "All is over" if through else "The tracker was not heard",
        "through": through,
        "person": False,
        "count": 1,
        "records": 5,
        "first": (NOW - timedelta(seconds=ago_s + 3)).isoformat(),
        "hop": "bluetooth" if drain else "server",
        "way": "link" if drain else "upload",
        "sign": "" if through else "silent",
        "waits_s": 1_800.0,
    }
    return fact("agent.attempts", value, ago_s)


def journal(
    ago_s: float = 1.0, *, only: int = 0, waiting: int = 0, rejected: int = 0, sound: bool = True, source: str = JOURNAL
) -> Fact:
    value: Value = {"sound": sound, "only_on_tracker": only, "waiting": waiting, "rejected": rejected}
    return fact("agent.journal", value, ago_s, source=source)


def told(ago_s: float) -> list[Fact]:
    recognised: Value = {"vendor": "unstuck", "name": "Unstuck One", "by": "journal", "sure": 1.0}
    return [fact("device.recognised", recognised, ago_s), fact("tracker.overwritten", 0, ago_s)]


def situation(facts: Sequence[Fact], now: datetime = NOW) -> Situation:
    reading = Reading(SourceInfo(JOURNAL, "chain", len(facts), (NOW - timedelta(hours=5), NOW)), tuple(facts))
    return examine([reading], Options(), now).situation


def drained(ago_s: float = 20.0) -> list[Fact]:
    return [*told(ago_s), run("drain", ago_s), run("upload", ago_s), journal()]


def test_what_was_drained_and_sent_this_minute_is_nowhere_else() -> None:
    known = situation(drained())
    assert (known.undrained, known.unsent) == (False, False)
    assert (known.undrained_minutes, known.unsent_minutes) == (None, None)


@given(st.floats(61.0, 1e6), st.floats(0.0, 1e6))
def test_evidence_older_than_a_record_never_says_that_nothing_is_held(ago_s: float, later_s: float) -> None:
    """Neither where the tracker told it long ago nor where the whole evidence was taken long ago."""
    assert situation(drained(ago_s)).undrained is not False
    old = situation(drained(), NOW + timedelta(seconds=61 + later_s))
    assert old.undrained is not False
    assert old.unsent is not False


@given(st.floats(1.5, 1e6))
def test_a_clock_that_is_behind_the_evidence_shows_nothing(behind_s: float) -> None:
    known = situation(drained(), NOW - timedelta(seconds=behind_s))
    assert known.undrained is not False
    assert known.unsent is not False


@pytest.mark.parametrize(
    "instead",
    [
        journal(only=1),
        journal(sound=False),
        journal(ago_s=90.0),
    ],
)
def test_a_journal_that_lacks_something_or_may_be_wrong_shows_nothing(instead: Fact) -> None:
    known = situation([*drained()[:-1], instead])
    assert known.undrained is not False


@pytest.mark.parametrize("instead", [journal(waiting=1), journal(rejected=1), journal(sound=False)])
def test_what_waits_or_was_refused_is_not_sent(instead: Fact) -> None:
    known = situation([*drained()[:-1], instead])
    assert known.unsent is not False


def test_an_attempt_that_failed_since_shows_nothing() -> None:
    assert situation([*drained(), run("drain", 5.0, through=False)]).undrained is not False
    assert situation([*drained(), run("upload", 5.0, through=False)]).unsent is not False


def test_two_journals_show_nothing() -> None:
    known = situation([*drained(), journal(source="other.sqlite")])
    assert known.undrained is not False
    assert known.unsent is not False


def test_another_trackers_journal_says_nothing_of_this_one() -> None:
    others = [replace(one, subject="t-other") for one in drained() if one.name != "device.recognised"]
    recognised = told(10.0)[:1]
    known = situation([*recognised, *others])
    assert known.undrained is not False
    assert known.unsent is not False


def test_without_an_agent_of_ours_nothing_is_known() -> None:
    assert situation([]).undrained is None
    assert situation([]).unsent is None


def test_where_data_stands_still_records_are_held_whatever_the_journal_says() -> None:
    long_failing = [run("upload", 7_200.0 - n * 600.0, through=False) for n in range(12)]
    assert situation([*told(20.0), run("drain", 20.0), *long_failing, journal()]).unsent is True
