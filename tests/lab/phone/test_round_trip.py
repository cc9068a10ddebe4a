"""What a phone is set to is what the readers say of its report, on every model."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest

from tests.lab.phone.made import APP, IDS, NOON_S, TRACKER, facts, made, read, value, values
from unstuck.chain.phone.host import Bucket, Network, Permission
from unstuck.evidence.android import reader
from unstuck.lab.phone import MODELS, Bond, LiveLink
from unstuck.lab.phone.state import BLUETOOTH_STATES
from unstuck.model.evidence import ReaderOptions
from unstuck.model.vocabulary import violations

every_model = pytest.mark.parametrize("model", IDS)


@every_model
def test_a_report_states_facts_of_the_vocabulary_and_has_no_problem(model: str) -> None:
    phone, _ = made(model)
    reading = read(phone)
    assert reading.source.problems == ()
    assert [wrong for fact in reading.facts for wrong in violations(fact)] == []


@every_model
def test_the_phone_and_its_system_are_named(model: str) -> None:
    phone, _ = made(model)
    said, made_as = value(phone, "phone.build"), MODELS[model]
    assert said == {
        "release": str(made_as.android),
        "sdk": made_as.sdk,
        "maker": made_as.maker,
        "model": made_as.model,
        "fingerprint": made_as.fingerprint,
    }
    assert "UNSTUCK.SYNTHETIC" in made_as.fingerprint
    assert value(phone, "phone.security_patch") == made_as.patch
    assert value(phone, "phone.time_zone") == "Europe/Zurich"


@every_model
@pytest.mark.parametrize("state", BLUETOOTH_STATES)
def test_every_state_of_bluetooth_is_told(model: str, state: str) -> None:
    phone, _ = made(model)
    phone.state.bluetooth = state
    assert value(phone, "bluetooth.adapter") == state


@every_model
def test_who_switched_bluetooth_and_when_is_in_the_enable_log(model: str) -> None:
    phone, clock = made(model)
    phone.set_bluetooth(False)
    clock.on(60)
    phone.set_bluetooth(True, by="com.android.shell")
    off, on = facts(phone, "bluetooth.switched")[-2:]
    assert off.value == {"on": False, "reason": "APPLICATION_REQUEST", "by": "com.android.systemui"}
    assert on.value == {"on": True, "reason": "APPLICATION_REQUEST", "by": "com.android.shell"}
    assert off.time == datetime.fromtimestamp(NOON_S, UTC)
    assert on.time == datetime.fromtimestamp(NOON_S + 60, UTC)


@every_model
def test_crashes_of_bluetooth_are_counted(model: str) -> None:
    phone, clock = made(model)
    for _ in range(2):
        phone.crash_bluetooth()
        clock.on(30)
    assert value(phone, "bluetooth.crashes") == 2


@every_model
def test_bonds_are_listed_with_their_kind(model: str) -> None:
    phone, _ = made(model)
    phone.state.bonds += [Bond(TRACKER, "Inspire 3"), Bond("40:5E:00:00:00:02", "Earbuds", "dual")]
    phone.state.bonds.append(Bond("11:22:33:44:55:66", "Car", "br"))
    found = {fact.subject: fact.value for fact in facts(phone, "bluetooth.bond")}
    hidden = MODELS[model].android >= 14
    assert found["xx:xx:xx:xx:00:01" if hidden else TRACKER.lower()] == {"name": "Inspire 3", "transport": "le"}
    assert [value["transport"] for value in found.values() if isinstance(value, dict)] == ["le", "dual", "br"]
    assert value(phone, "bluetooth.bond_count") == 3


@every_model
def test_links_of_the_app_and_of_profiles_are_told(model: str) -> None:
    phone, clock = made(model)
    phone.note_gatt(clock(), TRACKER, 0, True)
    phone.state.links += [
        LiveLink("40:5E:00:00:00:02", "Earbuds", "a2dp"),
        LiveLink("11:22:33:44:55:66", "Car", "headset"),
    ]
    assert value(phone, "bluetooth.gatt_client") == {"connections": 1}
    # The headset's machine does not print its profile in its title.
    profiles = [found["profile"] for found in values(phone, "bluetooth.profile_link") if isinstance(found, dict)]
    assert profiles == ["a2dp", "unknown"]


@every_model
def test_other_apps_links_are_told_as_theirs(model: str) -> None:
    phone, clock = made(model)
    phone.state.links.append(LiveLink("C8:5E:00:00:00:03", "Watch", "gatt", clock(), "com.example.watch"))
    found = {fact.subject: fact.value for fact in facts(phone, "bluetooth.gatt_client")}
    assert found == {APP: {"connections": 0}, "com.example.watch": {"connections": 1}}


@every_model
def test_a_lost_gatt_link_is_in_the_log_with_its_status_and_time(model: str) -> None:
    phone, clock = made(model)
    phone.note_gatt(clock() - 40, TRACKER, 0, True)
    phone.note_gatt(clock() - 10, TRACKER, 8, False)
    up, *_, down = facts(phone, "gatt.status")
    assert isinstance(up.value, dict)
    assert isinstance(down.value, dict)
    assert (up.value["status"], down.value["status"]) == (0, 8)
    assert down.time == datetime.fromtimestamp(NOON_S - 10, UTC)
    assert down.subject == ("xx:xx:xx:xx:00:01" if MODELS[model].android >= 14 else TRACKER.lower())
    assert phone.state.gatt_connected() == []


def test_the_native_stack_tells_the_end_of_a_link_too_from_14_on() -> None:
    for model, lines in (("pixel-13", 1), ("pixel-14", 2)):
        phone, clock = made(model)
        phone.note_gatt(clock(), TRACKER, 8, False)
        assert len(facts(phone, "gatt.status")) == lines


@every_model
@pytest.mark.parametrize("on", [True, False])
def test_battery_saver_is_told_with_its_beginning(model: str, on: bool) -> None:
    phone, clock = made(model)
    phone.state.battery_saver = on
    clock.on(600)
    assert value(phone, "power.battery_saver") is on
    assert value(phone, "network.restrict_power") is on
    switched = facts(phone, "power.battery_saver_switched")
    assert {fact.time for fact in switched} == ({datetime.fromtimestamp(NOON_S, UTC)} if on else set())


@every_model
def test_what_the_app_may_do_in_the_background_is_told(model: str) -> None:
    phone, _ = made(model)
    app = phone.state.app
    app.doze_exempt, app.run_any_in_background, app.run_any_of_uid = True, "ignore", "ignore"
    assert value(phone, "app.doze_exempt") is True
    held = [one for one in values(phone, "app.op") if isinstance(one, dict) and one["op"] == "RUN_ANY_IN_BACKGROUND"]
    assert {(one["mode"], one["level"]) for one in held} == {("ignore", "package"), ("ignore", "uid")}
    (job,) = values(phone, "app.job")
    assert isinstance(job, dict)
    assert "BACKGROUND_NOT_RESTRICTED" in str(job["unsatisfied"])


@every_model
@pytest.mark.parametrize("bucket", [Bucket.ACTIVE, Bucket.WORKING_SET, Bucket.FREQUENT, Bucket.RARE, Bucket.RESTRICTED])
def test_the_standby_bucket_is_told(model: str, bucket: Bucket) -> None:
    phone, clock = made(model)
    phone.force_bucket(bucket)
    clock.on(1)
    assert values(phone, "app.standby_bucket")[0] == int(bucket)


@every_model
def test_an_app_that_is_not_exempt_is_not_exempt(model: str) -> None:
    phone, _ = made(model)
    assert value(phone, "app.doze_exempt") is False


@every_model
def test_permissions_are_told_by_their_names_of_the_release(model: str) -> None:
    phone, _ = made(model)
    phone.state.app.permissions = {Permission.LOCATION}
    sdk = MODELS[model].sdk
    told = {str(one["permission"]): one["granted"] for one in values(phone, "app.permission") if isinstance(one, dict)}
    assert told["ACCESS_FINE_LOCATION"] is True
    assert told.get("BLUETOOTH_SCAN") is (False if sdk >= 31 else None)
    assert told.get("POST_NOTIFICATIONS") is (False if sdk >= 33 else None)


@every_model
def test_the_app_and_its_flags_are_told(model: str) -> None:
    phone, _ = made(model)
    app = phone.state.app
    app.version_name, app.version_code, app.stopped, app.enabled = "4.33", 21305044, True, False
    said = value(phone, "app.installed")
    assert isinstance(said, dict)
    assert (said["version_name"], said["version_code"], said["uid"]) == ("4.33", 21305044, app.uid)
    assert said["last_update"] == datetime.fromtimestamp(app.updated_s, UTC).isoformat()
    assert said["first_install"] == datetime.fromtimestamp(app.installed_s, UTC).isoformat()
    assert value(phone, "app.stopped") is True
    assert value(phone, "app.enabled") is False


@every_model
def test_the_way_to_the_internet_is_told(model: str) -> None:
    phone, _ = made(model)
    assert value(phone, "network.default") == {"present": True, "validated": True, "transport": "wifi"}
    phone.state.network = Network.CAPTIVE_PORTAL
    assert value(phone, "network.default") == {"present": True, "validated": False, "transport": "wifi"}
    phone.state.network = Network.NONE
    assert value(phone, "network.default") == {"present": False, "validated": None, "transport": ""}
    phone.state.network, phone.state.transport = Network.VALIDATED, "mobile"
    assert value(phone, "network.default") == {"present": True, "validated": True, "transport": "cellular"}


@every_model
def test_losing_the_network_is_in_the_battery_history(model: str) -> None:
    phone, clock = made(model)
    phone.state.network = Network.NONE
    clock.on(60)
    assert values(phone, "network.switched") == [False]


@every_model
def test_data_saver_and_a_refused_app_are_told(model: str) -> None:
    phone, _ = made(model)
    phone.state.data_saver, phone.state.app.rejected_metered = True, True
    assert value(phone, "network.data_saver") is True
    assert value(phone, "network.app_rejected_metered") is True


@every_model
def test_airplane_mode_takes_bluetooth_and_network_with_it_and_gives_them_back(model: str) -> None:
    phone, clock = made(model)
    phone.state.airplane_mode = True
    clock.on(5)
    assert value(phone, "phone.airplane_mode") is True
    assert value(phone, "bluetooth.adapter") == "off"
    assert value(phone, "network.default") == {"present": False, "validated": None, "transport": ""}
    last = values(phone, "bluetooth.switched")[-1]
    assert last == {"on": False, "reason": "AIRPLANE_MODE", "by": "android"}
    phone.state.airplane_mode = False
    clock.on(5)
    assert values(phone, "phone.airplane_switched") == [True, False]
    assert value(phone, "bluetooth.adapter") == "on"


@every_model
def test_room_battery_and_location_are_told(model: str) -> None:
    phone, _ = made(model)
    state = phone.state
    state.storage_free_bytes, state.battery_percent, state.location = 120 * 2**20, 17.0, False
    storage = value(phone, "phone.storage")
    assert isinstance(storage, dict)
    assert storage["free_bytes"] == 120 * 2**20
    assert value(phone, "phone.storage_low") is True
    assert value(phone, "phone.battery") == 17
    assert value(phone, "phone.location") is False


@every_model
def test_runs_of_the_job_are_in_the_battery_history(model: str) -> None:
    phone, clock = made(model)
    for ago in (1800, 900, 0):
        phone.note_job(clock() - ago)
    times = [fact.time for fact in facts(phone, "app.beat")]
    assert times == [datetime.fromtimestamp(NOON_S - ago, UTC) for ago in (1800, 900, 0)]


@every_model
def test_a_kill_is_told_once_with_its_reason_and_the_next_start(model: str) -> None:
    phone, clock = made(model)
    phone.note_killed(reason="empty #17", adj=985)
    clock.on(60)
    phone.note_started()
    assert value(phone, "app.killed") == {"reason": "empty #17", "adj": 985, "kind": "cached"}
    assert len(values(phone, "app.started")) == 2
    exits = values(phone, "app.exit")
    assert len(exits) == (1 if MODELS[model].android >= 11 else 0)


@every_model
def test_a_crash_is_told_with_its_exception(model: str) -> None:
    phone, _ = made(model)
    phone.note_crashed(exception="java.lang.OutOfMemoryError")
    assert {"exception": "java.lang.OutOfMemoryError"} in values(phone, "app.crashed")


@every_model
@pytest.mark.parametrize(
    "kind", ["tls", "dns", "auth", "database", "storage_full", "timeout", "version_refused", "account"]
)
def test_errors_in_the_apps_own_log_are_of_their_kind(model: str, kind: str) -> None:
    phone, _ = made(model)
    phone.note_error(kind)
    assert [one["kind"] for one in values(phone, "app.error") if isinstance(one, dict)] == [kind]


@every_model
def test_answers_of_the_server_are_in_the_apps_log(model: str) -> None:
    phone, clock = made(model)
    phone.note_http(clock(), 503)
    assert value(phone, "app.http") == {"status": 503}


@every_model
def test_refused_scans_and_missing_slots_are_logged(model: str) -> None:
    phone, _ = made(model)
    phone.note_error("scan_denied")
    phone.note_error("slots_exhausted")
    assert value(phone, "bluetooth.scan_denied") is True
    assert value(phone, "gatt.slots_exhausted") is True


@every_model
def test_scans_are_counted(model: str) -> None:
    phone, clock = made(model)
    phone.note_scan(clock() - 100, 12.5)
    phone.note_scan(clock(), 30.0)
    assert value(phone, "ble.scan") == {"realtime_s": 42.5, "times": 2}
    assert values(phone, "ble.scanning") == [True, False, True, False]


@every_model
def test_a_system_update_is_inferred_from_the_dump(model: str) -> None:
    phone, clock = made(model)
    clock.on(3600)
    phone.update_system()
    clock.on(3600)
    told = {fact.time for fact in facts(phone, "phone.system_updated")}
    assert len(told) == 1
    (when,) = told
    assert when is not None
    assert abs(when.timestamp() - (NOON_S + 3600)) < 120


@every_model
def test_hibernation_is_told_where_the_release_has_it(model: str) -> None:
    phone, _ = made(model)
    phone.state.app.hibernated = True
    expected = [True] if MODELS[model].android >= 12 else []
    assert values(phone, "app.hibernated") == expected


@every_model
def test_a_clock_that_is_off_shifts_what_is_written_from_then_on(model: str) -> None:
    phone, clock = made(model)
    state = phone.state
    state.automatic_time, state.clock_offset_s = False, 86_400.0
    phone.note_http(clock(), 200)
    (told,) = facts(phone, "app.http")
    assert told.time == datetime.fromtimestamp(NOON_S + 86_400, UTC)


@every_model
def test_the_zip_has_the_text_its_name_and_the_bluetooth_log_where_this_phone_keeps_it(model: str) -> None:
    phone, _ = made(model)
    with zipfile.ZipFile(BytesIO(phone.bugreport(b"btsnoop\0synthetic"))) as archive:
        names = set(archive.namelist())
        entry = archive.read("main_entry.txt").decode()
        assert archive.read(entry).decode() == phone.bugreport_text()
        assert archive.read("version.txt") == b"2.0"
        assert b"Synthetic" in archive.comment
    kept = MODELS[model].hci_log
    assert names == {"version.txt", "main_entry.txt", entry} | ({kept} if kept else set())


@every_model
def test_the_app_asked_about_alone_gives_the_same_facts(model: str) -> None:
    phone, _ = made(model)
    text = phone.bugreport_text().encode()
    alone = reader.read([text], "report", ReaderOptions(packages=frozenset({APP})))
    assert [fact.name for fact in alone.facts] == [fact.name for fact in read(phone).facts]
