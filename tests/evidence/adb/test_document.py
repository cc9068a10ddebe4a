"""Single answers put together, and the phone's clock read beside ours."""

from datetime import UTC, datetime, timedelta

import pytest

from unstuck.evidence.adb.commands import PARTS
from unstuck.evidence.adb.document import Answer, PhoneClock, assemble, read_clock
from unstuck.evidence.android import reader as android
from unstuck.model.evidence import ReaderOptions

ASKED = datetime(2026, 11, 27, 5, 0, 0, tzinfo=UTC)
BY_LINE = {command.line: command for command in PARTS}
GETPROP = b"[persist.sys.timezone]: [Asia/Kolkata]\n[ro.build.version.release]: [14]\n"
POWER = b"POWER MANAGER (dumpsys power)\n\nBattery saver state machine:\n  Enabled=true\n"


@pytest.mark.parametrize(
    ("printed", "zone_h", "ahead_s"),
    [
        (b"2026-11-27T10:30:00+0530\n", 5.5, 0.0),
        (b"2026-11-27T00:00:00-0500\n", -5.0, 0.0),
        (b"2026-11-27T05:07:00+0000\r\n", 0.0, 420.0),
    ],
)
def test_the_phones_clock_is_compared_with_the_middle_of_asking(printed: bytes, zone_h: float, ahead_s: float) -> None:
    clock = read_clock(printed, ASKED, ASKED + timedelta(seconds=1))
    assert clock == PhoneClock(timedelta(hours=zone_h), timedelta(seconds=ahead_s))


@pytest.mark.parametrize("printed", [b"", b"date: not found\n", b"2026-13-40T99:00:00+0000", b"Fri Nov 27 2026"])
def test_a_phone_that_prints_something_else_has_no_known_clock(printed: bytes) -> None:
    assert read_clock(printed, ASKED, ASKED) is None


def test_the_reader_finds_every_part_and_places_are_those_of_the_commands() -> None:
    clock = PhoneClock(timedelta(hours=5.5), timedelta(0))
    answers = [
        Answer(BY_LINE["getprop"], GETPROP, ASKED),
        Answer(BY_LINE["dumpsys power"], POWER, ASKED + timedelta(seconds=3)),
    ]
    document = assemble(answers, b"up 1 week, 2 hours\n", clock, ASKED)
    reading = document.told(android.read(document.chunks(), "adb", ReaderOptions()))
    found = {fact.name: fact for fact in reading.facts if fact.name != "phone.section"}
    assert found["power.battery_saver"].value is True
    assert found["power.battery_saver"].locator == "dumpsys power, line 4"
    assert found["power.battery_saver"].time == ASKED + timedelta(seconds=3)
    assert found["phone.time_zone"].locator == "getprop, line 1"
    assert found["phone.uptime"].scalar("seconds") == 7 * 86_400 + 2 * 3_600
    assert reading.source.problems == ()


def test_without_the_phones_clock_its_states_are_undated_and_still_read() -> None:
    document = assemble([Answer(BY_LINE["dumpsys power"], POWER, ASKED)], b"", None, ASKED)
    reading = android.read(document.chunks(), "adb", ReaderOptions())
    (saver,) = [fact for fact in reading.facts if fact.name == "power.battery_saver"]
    assert (saver.value, saver.time) == (True, None)
