"""The two real emulator reports, checked against what can be read in them with one's own eyes."""

import zipfile
from functools import cache

from tests.data import DATA, needs_data
from unstuck.evidence.android.reader import read, recognise
from unstuck.evidence.android.sections import HEAD, split
from unstuck.evidence.android.text import blocks
from unstuck.model.evidence import Fact, ReaderOptions, Reading
from unstuck.model.vocabulary import violations

ANDROID9 = "emulator-android9-bugreport-sdk_gphone_x86-PSR1.180720.075.zip"
ANDROID_Q = "emulator-androidQ-preview-bugreport-sdk_gphone_x86-QPP1.190205.018.B3.zip"
TRAINING = "com.jeanboy.app.training"
SHELF = "com.jordanml.TestApp"


@cache
def main_text(name: str) -> bytes:
    with zipfile.ZipFile(DATA / "android" / name) as archive:
        return archive.read(archive.read("main_entry.txt").decode().strip())


@cache
def reading(name: str, *packages: str) -> Reading:
    return read([main_text(name)], "report.txt", ReaderOptions(frozenset(packages)))


def facts(read_: Reading, name: str, subject: str = "") -> list[Fact]:
    return [fact for fact in read_.facts if fact.name == name and (not subject or fact.subject == subject)]


def one(read_: Reading, name: str, subject: str = "") -> Fact:
    (fact,) = facts(read_, name, subject)
    return fact


@needs_data
def test_every_service_of_both_reports_is_seen() -> None:
    for name, count in ((ANDROID9, 136), (ANDROID_Q, 161)):
        assert split(blocks([main_text(name)]), HEAD, ()).service_count == count


@needs_data
def test_line_numbers_are_those_of_an_editor() -> None:
    for name, package in ((ANDROID9, TRAINING), (ANDROID_Q, SHELF)):
        lines = main_text(name).split(b"\n")
        found = reading(name, package)
        assert found.facts
        for fact in found.facts:
            line = lines[int(fact.locator.removeprefix("line ")) - 1].decode()
            assert line.strip()[:80] in fact.excerpt or fact.excerpt.endswith(line.strip()[:80]), fact


@needs_data
def test_facts_of_both_reports_keep_to_the_vocabulary() -> None:
    for name, package in ((ANDROID9, TRAINING), (ANDROID_Q, SHELF)):
        assert [wrong for fact in reading(name, package).facts for wrong in violations(fact)] == []


@needs_data
def test_both_are_recognised_as_bug_reports() -> None:
    assert recognise(main_text(ANDROID9)[:65536]) == "bugreport"
    assert recognise(main_text(ANDROID_Q)[:65536]) == "bugreport"


@needs_data
def test_battery_saver_and_doze_of_android_9() -> None:
    found = reading(ANDROID9, TRAINING)
    saver = one(found, "power.battery_saver")
    assert (saver.value, saver.locator) == (False, "line 121701")
    doze = one(found, "power.doze")
    assert (doze.value, doze.locator) == ({"deep": "ACTIVE", "light": "ACTIVE"}, "line 97607")


@needs_data
def test_system_exemption_is_found_by_name() -> None:
    gms = "com.google.android.gms"
    assert one(reading(ANDROID9, gms), "app.doze_exempt", gms).locator == "line 97582"
    assert one(reading(ANDROID_Q, gms), "app.doze_exempt", gms).locator == "line 84837"
