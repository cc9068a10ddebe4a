"""One synthetic report for each Android version's forms; every fact must come out of each."""

from datetime import UTC, datetime

import pytest

from tests.evidence.android import forms
from tests.evidence.android.forms import FITBIT, VERSIONS, Phone
from tests.evidence.android.helpers import facts, one, read_text, values

BEFORE_9 = ("6", "7.1", "8.1")
FROM_9 = tuple(version for version in VERSIONS if version not in BEFORE_9)


@pytest.mark.parametrize("version", VERSIONS)
def test_phone_and_clock_are_read(version: str) -> None:
    reading = read_text(forms.report(Phone(version)))
    build = one(reading, "phone.build").value
    assert build == {
        "release": version,
        "sdk": forms.SDK[version],
        "maker": "Maker",
        "model": "Model",
        "fingerprint": f"maker/model/model:{version}/ABC/1:user/release-keys",
    }
    assert one(reading, "phone.time_zone").value == "Europe/Berlin"
    assert one(reading, "phone.security_patch").value == "2023-08-05"
    assert one(reading, "phone.build_date").value == "2023-08-01T00:00:00+00:00"
    # 15:00:05 in Berlin in summer
    assert one(reading, "bluetooth.adapter").time == datetime(2023, 8, 19, 13, 0, 5, tzinfo=UTC)
    assert reading.source.problems == ()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("state", "expected"), [("ON", "on"), ("OFF", "off"), ("TURNING_ON", "turning_on")])
def test_adapter_state_of_each_version(version: str, state: str, expected: str) -> None:
    assert one(read_text(forms.report(Phone(version, state=state))), "bluetooth.adapter").value == expected


@pytest.mark.parametrize("version", FROM_9)
def test_enable_log_of_each_version_keeps_reason_and_asker(version: str) -> None:
    switched = facts(read_text(forms.report(Phone(version))), "bluetooth.switched")
    reason, by = (
        ("CRASH", "BluetoothSystemServer") if version == "15" else ("APPLICATION_REQUEST", "com.android.systemui")
    )
    assert switched[0].value == {"on": False, "reason": reason, "by": by}
    micro = 148_000 if float(version) >= 14 else 0
    assert switched[0].time == datetime(2023, 8, 19, 12, 49, 29, micro, tzinfo=UTC)


def test_enable_log_of_8_names_who_but_not_why() -> None:
    switched = values(read_text(forms.report(Phone("8.1"))), "bluetooth.switched")
    assert switched == [
        {"on": True, "reason": "", "by": "system boot"},
        {"on": False, "reason": "", "by": "com.android.systemui"},
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("on", [True, False])
def test_battery_saver_of_each_version(version: str, on: bool) -> None:
    saver = one(read_text(forms.report(Phone(version, saver=on))), "power.battery_saver")
    assert saver.value is on
    assert "mBatterySaver" not in saver.excerpt


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("exempt", [True, False])
def test_doze_exemption_of_each_version(version: str, exempt: bool) -> None:
    reading = read_text(forms.report(Phone(version, exempt=exempt)))
    assert one(reading, "app.doze_exempt", FITBIT).value is exempt
    assert one(reading, "power.doze").value == {"deep": "IDLE", "light": "OVERRIDE"}


@pytest.mark.parametrize("version", FROM_9)
@pytest.mark.parametrize("bucket", [5, 10, 45])
def test_standby_bucket_of_each_version(version: str, bucket: int) -> None:
    reading = read_text(forms.report(Phone(version, bucket=bucket)))
    then, now = facts(reading, "app.standby_bucket", FITBIT)
    assert (then.value, then.time) == (40, datetime(2023, 8, 19, 1, 0, tzinfo=UTC))
    assert (now.value, now.time) == (bucket, datetime(2023, 8, 19, 13, 0, 5, tzinfo=UTC))


@pytest.mark.parametrize("version", BEFORE_9)
@pytest.mark.parametrize(("bucket", "idle"), [(40, True), (10, False)])
def test_before_9_there_is_app_idle_instead_of_a_bucket(version: str, bucket: int, idle: bool) -> None:
    reading = read_text(forms.usagestats(Phone(version, bucket=bucket)))
    assert one(reading, "app.idle", FITBIT).value is idle
    assert facts(reading, "app.standby_bucket") == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("mode", ["allow", "ignore", "deny"])
def test_background_restriction_of_each_version(version: str, mode: str) -> None:
    reading = read_text(forms.report(Phone(version, background=mode)))
    operation = "RUN_IN_BACKGROUND" if version in BEFORE_9 else "RUN_ANY_IN_BACKGROUND"
    assert {"op": operation, "mode": mode, "level": "package"} in values(reading, "app.op", FITBIT)


@pytest.mark.parametrize("version", VERSIONS)
def test_app_and_permission_of_each_version(version: str) -> None:
    reading = read_text(forms.report(Phone(version, granted=False, stopped=True)))
    assert one(reading, "app.installed", FITBIT).value == {
        "version_name": "4.21.1",
        "version_code": 20002345,
        "first_install": "2022-01-02T02:04:05+00:00",
        "last_update": "2023-08-01T08:11:12+00:00",
        "uid": forms.UID,
    }
    name = "BLUETOOTH_CONNECT" if float(version) >= 12 else "ACCESS_FINE_LOCATION"
    assert values(reading, "app.permission", FITBIT) == [{"permission": name, "granted": False}]
    assert one(reading, "app.stopped", FITBIT).value is True
    assert one(reading, "app.enabled", FITBIT).value is True


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("validated", [True, False])
def test_validated_network_of_each_version(version: str, validated: bool) -> None:
    network = one(read_text(forms.report(Phone(version, validated=validated))), "network.default")
    assert network.value == {"present": True, "validated": validated, "transport": "wifi"}


@pytest.mark.parametrize("version", VERSIONS)
def test_offline_phone_of_each_version(version: str) -> None:
    network = one(read_text(forms.report(Phone(version, online=False))), "network.default")
    assert network.value == {"present": False, "validated": None, "transport": ""}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("rejected", [True, False])
def test_metered_background_of_each_version(version: str, rejected: bool) -> None:
    reading = read_text(forms.report(Phone(version, rejected=rejected)))
    assert one(reading, "network.app_rejected_metered", FITBIT).value is rejected
    assert one(reading, "network.data_saver").value is False
    assert one(reading, "network.restrict_power").value is False


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("on", [True, False])
def test_location_storage_and_airplane_of_each_version(version: str, on: bool) -> None:
    reading = read_text(forms.report(Phone(version, location=on, storage_low=on)))
    assert one(reading, "phone.location").value is on
    assert one(reading, "phone.storage_low").value is on
    assert one(reading, "phone.airplane_mode").value is True
    storage = one(reading, "phone.storage")
    assert storage.number("free_bytes") == 8_924_568 * 1024
    assert storage.number("free_percent") == 35.0


@pytest.mark.parametrize("version", VERSIONS)
def test_kills_starts_and_crashes_of_each_version(version: str) -> None:
    reading = read_text(forms.report(Phone(version)))
    assert [(fact.text("reason"), fact.text("kind")) for fact in facts(reading, "app.killed", FITBIT)] == [
        ("empty #17", "cached"),
        ("OneKeyClean", "vendor"),
        ("cached idle & background restricted", "background"),
    ]
    assert len(facts(reading, "app.started", FITBIT)) == 1
    assert values(reading, "app.crashed", FITBIT) == [{"exception": "java.lang.IllegalStateException"}]
    assert len(facts(reading, "bluetooth.crashed")) == 1
    assert values(reading, "power.battery_saver_switched") == [True]


@pytest.mark.parametrize("version", VERSIONS)
def test_gatt_lines_and_the_apps_own_errors_of_each_version(version: str) -> None:
    reading = read_text(forms.report(Phone(version)))
    assert [
        (fact.number("status"), fact.text("new_state"), fact.subject) for fact in facts(reading, "gatt.status")
    ] == [
        (133, "unknown", "aa:bb:cc:11:22:33"),
        (0, "connected", "aa:bb:cc:11:22:33"),
        (8, "disconnected", ""),
        (8, "disconnected", ""),
    ]
    assert len(facts(reading, "gatt.slots_exhausted")) == 1
    assert one(reading, "bluetooth.scan_denied").subject == FITBIT
    assert values(reading, "app.http", FITBIT) == [{"status": 401}]
    kinds = [fact.text("kind") for fact in facts(reading, "app.error", FITBIT)]
    assert kinds == ["auth", "dns", "database", "storage_full", "tls"]
    assert one(reading, "app.sync", FITBIT).flag("ok") is False


@pytest.mark.parametrize("version", [version for version in VERSIONS if float(version) >= 11])
def test_exit_records_from_11(version: str) -> None:
    exits = facts(read_text(forms.report(Phone(version))), "app.exit")
    assert [(fact.subject, fact.value, fact.time) for fact in exits] == [
        (
            FITBIT,
            {"reason": 13, "reason_text": "OTHER KILLS BY SYSTEM", "subreason_text": "TOO MANY EMPTY PROCS"},
            datetime(2023, 8, 19, 11, 38, 47, 527_000, tzinfo=UTC),
        ),
        (
            FITBIT,
            {"reason": 10, "reason_text": "USER REQUESTED", "subreason_text": "UNKNOWN"},
            datetime(2023, 8, 18, 7, 0, tzinfo=UTC),
        ),
    ]


@pytest.mark.parametrize("version", ["13", "14", "15"])
def test_hibernation_from_13_in_spite_of_the_stray_quote(version: str) -> None:
    assert one(read_text(forms.report(Phone(version))), "app.hibernated", FITBIT).value is True


@pytest.mark.parametrize("version", VERSIONS)
def test_job_and_its_unmet_constraints(version: str) -> None:
    job = one(read_text(forms.report(Phone(version))), "app.job", FITBIT)
    assert job.value == {
        "name": f"{FITBIT}/.sync.SyncJob",
        "ready": False,
        "unsatisfied": "CONNECTIVITY,BACKGROUND_NOT_RESTRICTED",
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_system_update_is_inferred_and_says_so(version: str) -> None:
    updated = one(read_text(forms.report(Phone(version))), "phone.system_updated")
    assert updated.value == "2023-08-10T02:05:00+00:00"
    assert updated.excerpt.startswith("inferred from 12 system packages")


def test_uptime_from_9() -> None:
    assert one(read_text(forms.report(Phone("9"))), "phone.uptime").number("seconds") == 93_780
