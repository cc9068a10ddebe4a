"""Times in a person's zone, on their clock; languages as the browser asks for them."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from unstuck.web.pages.base import i18n
from unstuck.web.pages.base.when import When, clock_of

FRIDAY_S = 1_795_786_920  # 2026-11-27 13:42 UTC
ENGLISH = i18n.words_of("en")


def when(zone: str = "UTC", clock: str = "24", now_s: float = FRIDAY_S) -> When:
    return When(ENGLISH, ZoneInfo(zone), clock, now_s)


@pytest.mark.parametrize(
    ("hour", "words"), [(0, "12:05 AM"), (1, "1:05 AM"), (11, "11:05 AM"), (12, "12:05 PM"), (23, "11:05 PM")]
)
def test_twelve_hours_have_no_zero_and_noon_is_pm(hour: int, words: str) -> None:
    assert when(clock="12").time(1_795_737_600 + hour * 3600 + 300) == words
    assert when().time(1_795_737_600 + hour * 3600 + 300) == f"{hour:02}:05"


def test_a_moment_is_as_short_as_it_is_clear() -> None:
    day_s = 86_400
    assert when().moment(FRIDAY_S) == "13:42"
    assert when().moment(FRIDAY_S - day_s) == "Thursday 13:42"
    assert when().moment(FRIDAY_S + 6 * day_s) == "Thursday 13:42"
    assert when().moment(FRIDAY_S + 7 * day_s) == "Friday 4 December, 13:42"
    assert when().moment(FRIDAY_S - 300 * day_s) == "31 January 2026, 13:42"


def test_the_same_moment_is_another_day_elsewhere() -> None:
    late_s = 1_795_823_400  # 23:50 UTC
    assert when("UTC", now_s=late_s).today == date(2026, 11, 27)
    assert when("Pacific/Kiritimati", now_s=late_s).today == date(2026, 11, 28)
    assert when("Pacific/Kiritimati", now_s=late_s).time(late_s) == "13:50"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 11, 27), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Havana", date(2026, 3, 8), 23),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: str, day: date, hours: float) -> None:
    start, end = when(zone).span(day)
    assert (end - start) / 3600 == hours
    assert when(zone).local(start).date() == day
    assert when(zone).local(end - 1).date() == day


@pytest.mark.parametrize(
    ("chosen", "header", "clock"),
    [
        ("", "en-US,en;q=0.9", "12"),
        ("", "en-GB", "24"),
        ("", "de-DE,en-US;q=0.5", "24"),
        ("", "", "24"),
        ("24", "en-US", "24"),
        ("12", "de-DE", "12"),
    ],
)
def test_clock_is_the_chosen_one_else_that_of_the_browsers_language(chosen: str, header: str, clock: str) -> None:
    assert clock_of(chosen, i18n.wanted(header)) == clock


def test_languages_are_taken_in_the_order_that_is_wanted() -> None:
    assert i18n.wanted("fr;q=0.3, de-AT, en;q=0.8, x;q=0, y;q=z") == ["de-AT", "en", "fr"]
    assert i18n.choose("", ["xx", "en-GB"]) == "en"
    assert i18n.choose("en", ["de"]) == "en"
    assert i18n.choose("xx", []) == "en"


def test_lengths_are_said_in_the_unit_that_fits() -> None:
    assert [str(when().lasting(seconds)) for seconds in (20, 1320, 3600, 11_100, 3 * 86_400)] == [
        "0 min", "22 min", "1 h", "3 h 5 min", "3 days",
    ]  # fmt: skip


def test_values_in_words_are_escaped_and_numbers_are_grouped() -> None:
    assert ENGLISH.gettext("Name: %(name)s", name="<b>") == "Name: &lt;b&gt;"
    assert ENGLISH.ngettext("%(n)s record", "%(n)s records", 12_345) == "12,345 records"
    assert i18n.Words("de", ENGLISH.catalogue).number(12_345.6, 1) == "12.345,6"


def test_times_in_a_sentence_of_the_doctor_are_on_the_persons_clock() -> None:
    told = Markup("Stuck since 14:05 (22 min), 00:30 – 12:00; aa:12:30:bb, 1.12:30, packets 5:10")
    assert when().on_clock(told) == told
    twelve = "Stuck since 2:05 PM (22 min), 12:30 AM – 12:00 PM; aa:12:30:bb, 1.12:30, packets 5:10"
    assert when(clock="12").on_clock(told) == twelve
