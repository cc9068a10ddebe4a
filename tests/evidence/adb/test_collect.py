"""A phone read through a real adb client and the lab's daemon."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lab.adbd.phones import BANNER, ExamplePhone, adb, connect, running
from unstuck.evidence.adb import client as client_module
from unstuck.evidence.adb import collect as collect_module
from unstuck.evidence.adb.client import AdbClient
from unstuck.evidence.adb.collect import collect
from unstuck.evidence.adb.commands import CLOCK, PARTS, READ_ONLY
from unstuck.evidence.profiles import packages
from unstuck.lab.adbd import Adbd, ShellResult
from unstuck.model.errors import ErrorCode, LiveError
from unstuck.model.evidence import ReaderOptions, Reading
from unstuck.model.vocabulary import violations

pytestmark = pytest.mark.usefixtures("adb_server")

OPTIONS = ReaderOptions(packages())

CHANGES = re.compile(
    r"\b(set|put|reset|delete|clear|enable|disable|force|whitelist|unforce|step|kill|start|stop|install|uninstall|grant"
    r"|revoke|write|send|broadcast|reboot|rm|mv|cp|dd|svc|am|pm|cmd|input|setprop|unplug|tempwhitelist|-c|--reset)\b|[;&|>`$]"
)
"""Words and signs with which a command line for a phone changes something; none of ours has one."""


class Told:
    """Keeps what progress said."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str, done: int, total: int) -> None:
        self.texts.append(text)


def read(serial: str, *, full: bool = False, told: Told | None = None) -> list[Reading]:
    return collect(AdbClient(), serial, OPTIONS, told or Told(), full=full)


def test_only_what_is_on_the_list_reaches_the_phone_and_in_that_order() -> None:
    device = ExamplePhone()
    with running(Adbd(device, banner=BANNER)) as phone:
        told = Told()
        (reading,) = read(connect(phone.daemon), told=told)
        services = list(phone.daemon.services)
    assert reading.source.readable
    sent = [re.sub(r"^shell,v2(,TERM=[^,:]*)?(,raw)?:", "", service) for service in services]
    assert sent == device.asked == [command.line for command in READ_ONLY]
    assert [text for text in told.texts if text.startswith("asking")] == [
        f"asking {phone.daemon.address}: {line}" for line in sent
    ]


def test_nothing_on_the_list_can_change_a_phone() -> None:
    for command in READ_ONLY:
        # "settings list" and "logcat -d" print and end; "dumpsys x" with words after the name may do more than print.
        assert not CHANGES.search(command.line), command.line
        words = command.line.split()
        assert words[0] in {"date", "uptime", "getprop", "dumpsys", "settings", "logcat"}
        assert words[0] != "settings" or words[1] == "list"
        assert words[0] != "dumpsys" or words[2:] in ([], ["exit-info"])
        assert words[0] != "logcat" or "-d" in words
        assert words[0] != "date" or words[1].startswith("+")
        assert command.purpose
        assert command.limit_s > 0


def test_the_page_for_owners_lists_every_command_and_what_it_is_for() -> None:
    page = (Path(__file__).parents[3] / "docs" / "howto" / "diagnose-a-live-phone.md").read_text("utf-8")
    rows = [f"| `{command.line}` | {command.purpose} |" for command in READ_ONLY]
    assert [row for row in page.splitlines() if row.startswith("| `")] == rows


def test_the_facts_are_those_of_the_vocabulary_and_say_where_they_stood() -> None:
    with running(Adbd(ExamplePhone(saver=True), banner=BANNER)) as phone:
        (reading,) = read(connect(phone.daemon))
    assert [wrong for fact in reading.facts for wrong in violations(fact)] == []
    saver = next(fact for fact in reading.facts if fact.name == "power.battery_saver")
    assert saver.value is True
    assert re.fullmatch(r"dumpsys power, line \d+", saver.locator)
    assert saver.time is not None
    assert abs(saver.time - datetime.now(UTC)) < timedelta(minutes=1)
    killed = next(fact for fact in reading.facts if fact.name == "app.killed")
    assert re.fullmatch(r"logcat( -b events)?, line \d+", killed.locator)


def test_a_phone_whose_clock_is_wrong_is_put_on_ours_and_that_is_said() -> None:
    with running(Adbd(ExamplePhone(ahead=timedelta(minutes=7)), banner=BANNER)) as phone:
        (reading,) = read(connect(phone.daemon))
    assert reading.source.clock_skew_s == pytest.approx(-420, abs=1)
    assert "ahead of this computer's; its times were moved" in reading.source.problems[-1]
    newest = max(fact.time for fact in reading.facts if fact.time is not None)
    assert abs(newest - datetime.now(UTC)) < timedelta(minutes=1)


def test_of_two_phones_the_one_that_was_named_is_asked() -> None:
    one, other = ExamplePhone(saver=True), ExamplePhone()
    with running(Adbd(one, banner=BANNER)) as first, running(Adbd(other, banner=BANNER)) as second:
        serials = connect(first.daemon), connect(second.daemon)
        (unnamed,) = read("")
        assert not unnamed.source.readable
        assert "say which with --phone" in unnamed.source.problems[0]
        assert all(serial in unnamed.source.problems[0] for serial in serials)
        assert one.asked == other.asked == []
        (reading,) = read(serials[1])
    assert reading.source.readable
    assert one.asked == []
    assert other.asked


def test_a_phone_that_did_not_allow_this_computer_is_said_in_one_sentence() -> None:
    device = ExamplePhone()
    with running(Adbd(device, banner=BANNER, ask_owner=True)) as phone:
        serial = connect(phone.daemon)
        (reading,) = read(serial)
        assert not reading.source.readable
        assert reading.source.problems == (
            f"serial {serial}: the phone has not allowed this computer to look; "
            "unlock it, tap Allow on its screen, and try again.",
        )
        assert device.asked == []
        phone.now(phone.daemon.allow)
        adb("-s", serial, "wait-for-device")
        (reading,) = read(serial)
    assert reading.source.readable


def test_a_phone_that_vanishes_gives_what_it_said_before() -> None:
    class Leaving(ExamplePhone):
        def run(self, command: str) -> ShellResult:
            if command == "dumpsys usagestats":
                daemon.vanish()
            return super().run(command)

    daemon = Adbd(Leaving(saver=True), banner=BANNER)
    with running(daemon):
        (reading,) = read(connect(daemon))
    assert reading.source.readable
    assert "went away while it was asked 'dumpsys usagestats'" in reading.source.problems[0]
    assert any(fact.name == "power.battery_saver" for fact in reading.facts)


def test_a_slow_command_is_passed_over_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = tuple(replace(part, limit_s=1.0) if part.service == "batterystats" else part for part in PARTS)
    monkeypatch.setattr(collect_module, "PARTS", quick)
    device = ExamplePhone(saver=True)
    slow = Adbd(device, banner=BANNER, answer_after_s=lambda line: 30.0 if line == "dumpsys batterystats" else 0.0)
    with running(slow) as phone:
        (reading,) = read(connect(phone.daemon))
    assert "did not answer 'dumpsys batterystats' within 1 s" in reading.source.problems[0]
    assert any(fact.name == "app.killed" for fact in reading.facts)


def test_a_phone_that_prints_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Flooding(ExamplePhone):
        def run(self, command: str) -> ShellResult:
            return ShellResult(b"x" * (3 << 20)) if command == "dumpsys dropbox" else super().run(command)

    monkeypatch.setattr(client_module, "OUTPUT_LIMIT_BYTES", 2 << 20)
    with running(Adbd(Flooding(saver=True), banner=BANNER)) as phone:
        (reading,) = read(connect(phone.daemon))
    assert reading.source.problems[0] == "adb: 'dumpsys dropbox' printed more than 2 MB and was passed over."
    assert any(fact.name == "app.killed" for fact in reading.facts)


def test_a_phone_without_bluetooth_says_so() -> None:
    with running(Adbd(ExamplePhone(without="bluetooth_manager"), banner=BANNER)) as phone:
        (reading,) = read(connect(phone.daemon))
    adapter = [fact.value for fact in reading.facts if fact.name == "bluetooth.adapter"]
    assert adapter == ["absent"]


def test_a_whole_report_is_made_and_read_only_where_it_was_asked_for() -> None:
    device = ExamplePhone(saver=True)
    with running(Adbd(device, banner=BANNER)) as phone:
        readings = read(connect(phone.daemon), full=True)
    assert [reading.source.kind for reading in readings if reading.source.readable] == ["bugreport"]
    assert readings[0].source.path.startswith("adb bugreport!")
    assert any(fact.name == "power.battery_saver" and fact.flag() for fact in readings[0].facts)
    assert device.asked == [CLOCK.line, "bugreportz -v", "bugreportz -p"]


def test_without_the_program_there_is_one_sentence() -> None:
    (reading,) = collect(AdbClient("adb-that-nobody-has"), "", OPTIONS, Told())
    assert not reading.source.readable
    assert (
        "the program adb-that-nobody-has is not here; install the Android platform tools" in reading.source.problems[0]
    )


def test_a_phone_on_the_wifi_is_connected_to_by_its_address() -> None:
    with running(Adbd(ExamplePhone(), banner=BANNER)) as phone:
        (reading,) = read(phone.daemon.address)
    assert reading.source.readable


def test_a_phone_that_is_not_there_is_named() -> None:
    with running(Adbd(ExamplePhone(), banner=BANNER)) as phone:
        serial = connect(phone.daemon)
        with pytest.raises(LiveError) as caught:
            AdbClient().choose("R58M000000")
    assert caught.value.code is ErrorCode.LIVE_UNKNOWN
    assert serial in str(caught.value)
