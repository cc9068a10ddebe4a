"""Every view says the same, and says it so that a person understands it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import sample
from unstuck.doctor.telling import wording
from unstuck.doctor.telling.wording import Clock
from unstuck.model.diagnosis import Tracker, Unchecked, Verdict
from unstuck.model.records import AtRisk

NOON = datetime(2026, 3, 19, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (22 * 60, "22 min"), (3600, "1 h"), (11_400, "3 h 10 min"),
     (47 * 3600, "47 h"), (48 * 3600, "2 days"), (187_200, "2 days 4 h")],
)  # fmt: skip
def test_duration_has_two_units_at_most(seconds: int, words: str) -> None:
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "< 1 %"),
        (0.0099, "< 1 %"),
        (0.01, "1 %"),
        (0.93, "93 %"),
        (0.9949, "99 %"),
        (0.995, "> 99 %"),
        (1.0, "> 99 %"),
    ],
)
def test_percent_never_claims_certainty(share: float, words: str) -> None:
    assert wording.percent(share) == words


@pytest.mark.parametrize(
    ("locators", "words"),
    [
        ((), ""),
        (("packet 5697",), "packet 5,697"),
        (("packet 5697", "packet 6459"), "packets 5,697, 6,459"),
        (("packet 9", "packet 3", "packet 5", "packet 12"), "packets 3–12"),
        (("packet 7", "packet 7"), "packet 7"),
        (("packet 7", "line 8"), "packet 7 and 1 more"),
        (("$[3].event.ble", "$[4].event.ble"), "$[3].event.ble and 1 more"),
    ],
)
def test_places_are_joined_where_they_are_of_one_kind(locators: tuple[str, ...], words: str) -> None:
    assert wording.place(locators) == words


def test_times_are_in_the_phones_zone_and_say_so() -> None:
    clock = Clock("Europe/Vienna", NOON)
    assert clock.time(NOON) == "13:00"
    assert clock.stated(NOON) == "Europe/Vienna, UTC+1"
    assert clock.stated(NOON + timedelta(days=60)) == "Europe/Vienna, UTC+2"
    assert Clock("Asia/Kolkata").stated(NOON) == "Asia/Kolkata, UTC+5:30"
    assert Clock("America/New_York").stated(NOON) == "America/New_York, UTC-4"


@pytest.mark.parametrize("zone", ["", "UTC", "Nowhere/Atall", "../../etc/passwd", "\0", "x" * 5000])
def test_unknown_zone_is_utc_and_says_so(zone: str) -> None:
    assert Clock(zone).stated(NOON) == "UTC"
    assert Clock(zone, NOON).time(NOON) == "12:00"


def test_other_days_have_their_date_and_other_years_their_year() -> None:
    clock = Clock("UTC", NOON)
    assert clock.time(NOON - timedelta(days=1)) == "Wed 18 Mar 12:00"
    assert clock.time(NOON - timedelta(days=365)) == "Wed 19 Mar 2025 12:00"
    assert clock.span(NOON, NOON + timedelta(hours=1)) == "Thu 19 Mar 2026, 12:00 – 13:00"


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"]))
def test_any_time_in_any_zone_can_be_said(time: datetime, zone: str) -> None:
    clock = Clock(zone, time)
    assert clock.time(time)
    assert clock.stated(time)


def test_first_sentence_says_where_since_when_and_how_long() -> None:
    assert wording.verdict_sentence(sample.stuck_by_range()) == "Stuck at Bluetooth since 22:23 (5 min)."


def test_since_unknown_is_said() -> None:
    assert wording.verdict_sentence(replace(sample.stuck_by_range(), since=None)) == (
        "Stuck at Bluetooth; since when is not known."
    )


def test_healthy_says_what_it_rests_on_and_what_nobody_looked_at() -> None:
    assert wording.verdict_sentence(sample.healthy()) == "Not stuck, as far as could be seen."
    assert wording.checked_sentence(sample.healthy()) == (
        "Checked and working: the tracker, Bluetooth and the phone. Not checked: the server."
    )


def test_nothing_seen_is_never_called_healthy() -> None:
    for diagnosis in (sample.inconclusive(), sample.nothing_readable()):
        words = wording.verdict_sentence(diagnosis)
        assert words.startswith("Inconclusive")
        assert wording.checked_sentence(diagnosis) == ""


def test_risk_is_told_before_and_after_the_first_loss() -> None:
    before = sample.stuck_by_range()
    assert wording.risk_sentence(before) == (
        "Nothing is lost: the oldest unsynced minute is kept until about Thu 26 Mar 22:23."
    )
    judged = before.judged_at
    assert judged is not None
    late = replace(before, at_risk=AtRisk(judged - timedelta(days=8), judged - timedelta(days=1)))
    assert wording.risk_sentence(late).startswith("The tracker is overwriting its oldest minutes")
    assert wording.risk_sentence(replace(before, at_risk=None)) == "What may be lost is not known."
    assert wording.risk_sentence(sample.healthy()) == ""


def test_causes_below_one_percent_are_not_listed_but_the_first_is() -> None:
    full = sample.stuck_by_range()
    assert [cause.id for cause in wording.shown_causes(full)] == ["bluetooth.out_of_range", "bluetooth.interference"]
    rare = replace(full, causes=full.causes[2:])
    assert [cause.id for cause in wording.shown_causes(rare)] == ["bluetooth.stack_wedged"]
    assert wording.shown_causes(replace(rare, verdict=Verdict.INCONCLUSIVE)) == []


def test_unchecked_causes_are_grouped_by_how_to_check_them() -> None:
    rows = (
        Unchecked("a.a", "A", "x"),
        Unchecked("a.b", "B", "y"),
        Unchecked("a.c", "C", "x"),
        Unchecked("a.d", "A", "x"),
    )
    assert wording.grouped_unchecked(rows) == [("x", ["A", "C"]), ("y", ["B"])]


@pytest.mark.parametrize(
    ("tracker", "words"),
    [
        (None, "No tracker recognised"),
        (Tracker("aa", "Inspire 3", "fitbit"), "Fitbit Inspire 3"),
        (Tracker("aa", "Fitbit One", "fitbit"), "Fitbit One"),
        (Tracker("aa:bb", "", "garmin"), "Garmin tracker aa:bb"),
        (Tracker("aa", "Band X", "nobody"), "Nobody Band X"),
    ],
)
def test_tracker_has_its_makers_name(tracker: Tracker | None, words: str) -> None:
    assert wording.tracker_name(tracker) == words


@given(st.text())
def test_clean_text_is_one_line_without_control_or_direction_characters(text: str) -> None:
    cleaned = wording.clean(text)
    assert wording.clean(cleaned) == cleaned
    assert not any(ord(c) < 32 or c in "\u202e\u2066\u200b\ufeff\x7f\x9b" for c in cleaned)
