"""An iPhone read through the program pymobiledevice3.

The program here is a script that stands for the outermost one: its words, JSON and errors have the forms that the real
tool's source gives them (November 2026), its values are made up. No iPhone was at hand.
"""

import json
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from unstuck.evidence.iphone.collect import LITTLE, collect
from unstuck.evidence.profiles import bundles, packages
from unstuck.model.evidence import Fact, ReaderOptions, Reading
from unstuck.model.vocabulary import violations

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
FITBIT = "com.fitbit.FitbitMobile"
ONE = {
    "BuildVersion": "23B85",
    "ConnectionType": "USB",
    "DeviceClass": "iPhone",
    "DeviceName": "A name",
    "Identifier": "00008110-000000000000001E",
    "ProductType": "iPhone14,2",
    "ProductVersion": "26.1",
    "UniqueDeviceID": "00008110-000000000000001E",
}
TWO = {**ONE, "Identifier": "00008110-000000000000002E"}
INFO = {
    "DeviceName": "A name",
    "ProductType": "iPhone14,2",
    "ProductVersion": "26.1",
    "TimeIntervalSince1970": NOW.timestamp() + 90.0,
    "TimeZone": "Europe/Zurich",
}
APP = {FITBIT: {"CFBundleExecutable": "FitbitMobile", "CFBundleShortVersionString": "4.60", "CFBundleVersion": "99"}}
CRASHES = (
    "/Retired\n/FitbitMobile-2026-11-26-201500.ips\n/Safari-2026-11-26-201501.ips\n/JetsamEvent-2026-11-26-1.ips\n"
)
LOG = (
    "2026-11-27 07:00:01.000001 FitbitMobile{CFNetwork}[312] <NOTICE>: GET /sync HTTP 401 Unauthorized\n"
    "2026-11-27 07:00:02.000001 Safari{CFNetwork}[9] <NOTICE>: HTTP 500\n"
)


def phone(folder: Path, answers: dict[str, tuple[str, str]]) -> None:
    """Put a ``pymobiledevice3`` there that prints (output, errors) for its words, and fails on others as click does."""
    lines = ["#!/bin/sh", 'case "$*" in']
    for words, (output, errors) in answers.items():
        runs = "; exec sleep 60" if words.endswith("live") else ""
        lines.append(
            f"  {shlex.quote(words)}) printf %s {shlex.quote(output)}; printf %s {shlex.quote(errors)} >&2{runs};;"
        )
    lines += ["  *) echo \"Error: No such command '$1'.\" >&2; exit 2;;", "esac"]
    program = folder / "pymobiledevice3"
    program.write_text("\n".join(lines) + "\n", "utf-8")
    program.chmod(0o755)


BUNDLES = bundles(packages())


def answers(**changed: tuple[str, str]) -> dict[str, tuple[str, str]]:
    whole = {
        "usbmux list": (json.dumps([ONE], indent=4), ""),
        "lockdown info": ("2026-11-27 INFO some log line\n" + json.dumps(INFO, indent=4), ""),
        "diagnostics battery single": (json.dumps({"CurrentCapacity": 41, "IsCharging": True}), ""),
        f"apps query {' '.join(BUNDLES)}": (json.dumps(APP), ""),
        "crash ls": (CRASHES, ""),
        "syslog live": (LOG, ""),
    }
    return whole | {words.replace("_", " "): answer for words, answer in changed.items()}


def read(udid: str = "", seconds: float = 0.0) -> list[Reading]:
    def silent(_text: str, _done: int, _total: int) -> None:
        return None

    return collect(udid, ReaderOptions(packages()), silent, seconds=seconds, now=lambda: NOW)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if sys.platform == "win32":
        pytest.skip("the script that stands for the tool needs a shell")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return tmp_path


def one(reading: Reading, name: str) -> Fact:
    (found,) = [fact for fact in reading.facts if fact.name == name]
    return found


def test_what_ios_shows_becomes_facts_and_how_little_it_is_is_said(place: Path) -> None:
    phone(place, answers())
    (reading,) = read()
    assert [wrong for fact in reading.facts for wrong in violations(fact)] == []
    assert one(reading, "phone.build").text("release") == "26.1"
    assert one(reading, "phone.battery").value == 41
    assert one(reading, "app.installed").subject == FITBIT
    assert LITTLE in reading.source.problems


def test_crashes_of_the_app_alone_count_and_are_dated_in_the_phones_zone(place: Path) -> None:
    phone(place, answers())
    (reading,) = read()
    crashed = one(reading, "app.crashed")
    # 20:15 in Zurich, and the iPhone's clock was 90 s ahead of ours.
    assert crashed.time == datetime(2026, 11, 26, 19, 13, 30, tzinfo=UTC)
    assert crashed.subject == FITBIT
    assert reading.source.clock_skew_s == -90


def test_a_recording_shows_what_the_app_wrote_and_that_no_bluetooth_log_came(place: Path) -> None:
    phone(place, answers())
    (reading,) = read(seconds=1.0)
    assert one(reading, "app.http").number("status") == 401
    assert one(reading, "app.error").text("kind") == "auth"
    assert any("needs Apple's Bluetooth profile" in problem for problem in reading.source.problems)


def test_of_two_iphones_one_has_to_be_named(place: Path) -> None:
    phone(place, answers(usbmux_list=(json.dumps([ONE, TWO]), "")))
    (reading,) = read()
    assert not reading.source.readable
    assert "say which with --phone" in reading.source.problems[0]
    (reading,) = read(TWO["Identifier"])
    assert reading.source.readable


def test_cable_and_wifi_of_one_iphone_are_one(place: Path) -> None:
    phone(place, answers(usbmux_list=(json.dumps([ONE, {**ONE, "ConnectionType": "Network"}]), "")))
    (reading,) = read()
    assert reading.source.readable


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (("[]", ""), "no phone is connected; plug the iPhone in"),
        (("", "ERROR Device is not connected\n"), "no phone is connected; plug the iPhone in"),
        (("", "ERROR Device is not paired\n"), "has not allowed this computer to look; unlock it, tap Trust"),
        (("", "ERROR Device is password protected. Please unlock and retry\n"), "unlock it and try again"),
        (("", "ERROR Failed to connect to usbmuxd socket. Make sure it's running.\n"), "sudo apt install usbmuxd"),
        (("", "something nobody knows\n"), "failed (something nobody knows)"),
    ],
)
def test_what_goes_wrong_is_one_sentence(place: Path, listed: tuple[str, str], said: str) -> None:
    phone(place, answers(usbmux_list=listed))
    (reading,) = read()
    assert not reading.source.readable
    assert len(reading.source.problems) == 1
    assert said in reading.source.problems[0]


def test_an_old_tool_is_named_and_the_rest_is_read(place: Path) -> None:
    known = answers()
    del known["diagnostics battery single"]
    phone(place, known)
    (reading,) = read()
    assert one(reading, "phone.build")
    assert "does not know 'diagnostics battery single'" in reading.source.problems[0]


def test_without_the_tool_there_is_one_sentence_with_how_to_get_it(place: Path) -> None:
    (reading,) = read()
    assert not reading.source.readable
    assert reading.source.problems == (
        "iphone: the program pymobiledevice3 is not here; it is a separate tool (GPL): "
        "'pipx install pymobiledevice3', then plug the iPhone in and unlock it.",
    )
