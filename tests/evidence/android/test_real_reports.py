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
def test_android_9_says_what_can_be_read_in_it() -> None:
    found = reading(ANDROID9, TRAINING)
    expected = {
        "phone.time_zone": ("Asia/Shanghai", 70595),
        "phone.security_patch": ("2018-09-05", 70726),
        "phone.build_date": ("2018-11-10T21:56:29+00:00", 70706),
        "power.battery_saver": (False, 121701),
        "power.doze": ({"deep": "ACTIVE", "light": "ACTIVE"}, 97607),
        "phone.battery": (100, 121546),
        "network.data_saver": (False, 103805),
        "network.restrict_power": (False, 103806),
        # the capability is missing in this row, and lastValidated{false} agrees
        "network.default": ({"present": True, "validated": False, "transport": "wifi"}, 68821),
        "phone.storage": ({"free_bytes": 5936488448, "total_bytes": 6240665600, "free_percent": 95.1}, 97623),
        "phone.storage_low": (False, 97614),
        "phone.airplane_mode": (False, 129284),
        "bluetooth.adapter": ("absent", 136607),
        "app.doze_exempt": (False, 97607),
        "app.stopped": (False, 118875),
        "app.enabled": (True, 118875),
        "app.op": ({"op": "RUN_ANY_IN_BACKGROUND", "mode": "default", "level": "package"}, 91062),
        "network.app_rejected_metered": (False, 103820),
    }
    for name, (value, line) in expected.items():
        fact = one(found, name)
        assert (fact.value, fact.locator) == (value, f"line {line}"), name
    assert found.source.problems == ()
    assert found.source.records == 148_123


@needs_data
def test_android_q_says_what_can_be_read_in_it() -> None:
    found = reading(ANDROID_Q, SHELF)
    expected = {
        "phone.time_zone": ("America/New_York", 53168),
        "phone.security_patch": ("2019-03-05", 53314),
        "power.battery_saver": (False, 117440),
        "power.doze": ({"deep": "ACTIVE", "light": "ACTIVE"}, 84866),
        "network.default": ({"present": True, "validated": True, "transport": "wifi"}, 50453),
        "phone.location": (True, 92971),
        "phone.storage": ({"free_bytes": 4593881088, "total_bytes": 6240665600, "free_percent": 73.6}, 84882),
        "bluetooth.adapter": ("absent", 144325),
    }
    for name, (value, line) in expected.items():
        fact = one(found, name)
        assert (fact.value, fact.locator) == (value, f"line {line}"), name
    buckets = facts(found, "app.standby_bucket", SHELF)
    assert [(fact.value, fact.locator) for fact in buckets[-1:]] == [(10, "line 141832")]
    permissions = {fact.text("permission"): fact.flag("granted") for fact in facts(found, "app.permission", SHELF)}
    assert permissions == {"READ_EXTERNAL_STORAGE": False, "ACCESS_BACKGROUND_LOCATION": False}


@needs_data
def test_installed_apps_of_both_reports() -> None:
    training = one(reading(ANDROID9, TRAINING), "app.installed", TRAINING)
    assert training.value == {
        "version_name": "1.0",
        "version_code": 1,
        "first_install": "2019-04-09T00:23:24+00:00",  # 08:23:24 in Shanghai
        "last_update": "2019-08-15T06:35:03+00:00",
        "uid": 10086,
    }
    shelf = one(reading(ANDROID_Q, SHELF), "app.installed", SHELF)
    assert (shelf.number("uid"), shelf.text("first_install")) == (10106, "2019-04-04T14:49:44+00:00")


@needs_data
def test_kills_and_starts_in_the_logs_of_both_reports() -> None:
    started = facts(reading(ANDROID9, TRAINING), "app.started", TRAINING)
    assert [fact.locator for fact in started] == ["line 14681", "line 24525"]
    messages = "com.google.android.apps.messaging"
    killed = facts(reading(ANDROID_Q, messages), "app.killed", messages)
    # the event log tells the last two again, on lines 16666 and 19130
    assert [fact.locator for fact in killed] == ["line 13141", "line 13361", "line 13551"]
    assert killed[1].value == {"reason": "empty #17", "adj": 985, "kind": "cached"}
    assert killed[1].time is not None
    assert killed[1].time.isoformat() == "2019-04-10T14:06:56.151000+00:00"


@needs_data
def test_download_provider_job_and_its_unmet_constraints() -> None:
    media = "com.android.providers.media"
    job = next(
        fact
        for fact in facts(reading(ANDROID_Q, media), "app.job", media)
        if fact.text("name").endswith("/.IdleService")
    )
    assert (job.flag("ready"), job.text("unsatisfied")) == (False, "DEADLINE,IDLE")


@needs_data
def test_google_services_may_use_metered_networks_in_the_background() -> None:
    gms = "com.google.android.gms"
    assert one(reading(ANDROID9, gms), "network.app_rejected_metered", gms).value is False
    assert one(reading(ANDROID9, gms), "app.installed", gms).number("uid") == 10008


@needs_data
def test_battery_history_of_android_9_is_dated_by_its_clock_marks() -> None:
    switched = facts(reading(ANDROID9, TRAINING), "network.switched")
    assert [(fact.value, fact.locator) for fact in switched] == [
        (True, "line 91557"),
        (False, "line 91567"),
        (True, "line 91568"),
    ]
    # 21:22:32 in Shanghai at +4.387 s, so +5.704 s is 1.317 s later
    assert switched[0].time is not None
    assert switched[0].time.isoformat() == "2019-08-14T13:22:33.317000+00:00"


@needs_data
def test_no_vendor_app_is_on_the_emulators() -> None:
    for name in (ANDROID9, ANDROID_Q):
        missing = one(reading(name), "app.not_installed")
        assert (missing.subject, missing.value) == ("com.fitbit.FitbitMobile", True)


@needs_data
def test_system_exemption_is_found_by_name() -> None:
    gms = "com.google.android.gms"
    assert one(reading(ANDROID9, gms), "app.doze_exempt", gms).locator == "line 97582"
    assert one(reading(ANDROID_Q, gms), "app.doze_exempt", gms).locator == "line 84837"
