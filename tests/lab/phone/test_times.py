"""Times as Android prints them; the forms are those of real reports."""

from datetime import UTC, datetime

import pytest

from unstuck.lab.phone import times


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0"),
        (0.907, "+907ms"),
        (-0.907, "-907ms"),
        (30 * 60, "+30m0s0ms"),
        (-(3 * 3600 + 96.507), "-3h1m36s507ms"),
        (365 * 86_400, "+365d0h0m0s0ms"),
    ],
)
def test_durations_name_every_unit_below_the_first(seconds: float, text: str) -> None:
    assert times.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0"), (-1, "0"), (0.01, "+10ms"), (1.05, "+1s050ms"), (34 * 60 + 13.144, "+34m13s144ms")],
)
def test_the_battery_history_pads_units_below_the_first(seconds: float, text: str) -> None:
    assert times.padded(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0ms"), (1.035, "1s 35ms"), (3 * 3600 + 98.908, "3h 1m 38s 908ms")])
def test_statistics_put_spaces_between(seconds: float, text: str) -> None:
    assert times.spaced(seconds) == text


def test_local_time_follows_the_zones_summer_time() -> None:
    winter = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC).timestamp()
    assert times.full(times.local(winter, "Europe/Zurich")) == "2026-03-29 01:59:59"
    assert times.full(times.local(winter + 1, "Europe/Zurich")) == "2026-03-29 03:00:00"
    assert times.short_ms(times.local(winter + 0.118, "Asia/Kolkata")) == "03-29 06:29:59.118"
