"""What time does to a phone: doze, standby, battery saver, kills, hibernation, as the platform documents it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.phone.made import APP, NOON_S, facts, made, value, values
from unstuck.chain.phone.host import Bucket, Host, HostAct, HostForbidsError, HostWhy, Network, ask
from unstuck.lab.phone import LabPhone, consequences
from unstuck.lab.phone.consequences import DAY_S, DEEP_AFTER_S, HOUR_S


def _why(phone: LabPhone, act: HostAct) -> set[HostWhy]:
    return {reason.why for reason in phone.forbids(act)}


def test_light_doze_sets_in_after_minutes_of_darkness() -> None:
    phone, clock = made("pixel-14")
    phone.screen(True)
    clock.on(60)
    phone.screen(False)
    assert phone.doze.light == "INACTIVE"
    clock.on(239)
    assert phone.doze.light == "INACTIVE"
    clock.on(2)
    assert phone.doze.light == "IDLE"
    assert not phone.forbids(HostAct.RUN)


def test_deep_doze_needs_stillness_and_about_an_hour() -> None:
    phone, clock = made("pixel-14")
    phone.screen(True)
    phone.screen(False)
    clock.on(3 * HOUR_S)
    assert phone.doze.deep == "INACTIVE"
    phone.state.still = True
    clock.on(DEEP_AFTER_S - 1)
    assert not phone.forbids(HostAct.RUN)
    clock.on(2)
    assert HostWhy.DOZE in _why(phone, HostAct.RUN)
    assert HostWhy.DOZE_ALARMS in _why(phone, HostAct.WAKE)
    assert value(phone, "power.doze") == {"deep": "IDLE", "light": "OVERRIDE"}


def test_deep_doze_opens_windows() -> None:
    begin = NOON_S
    states = [state.deep for _, state in consequences.phases(begin, begin + 8.4 * HOUR_S, begin, 14)]
    deep = [state for number, state in enumerate(states) if number == 0 or states[number - 1] != state]
    assert deep == [
        "INACTIVE",
        "IDLE_PENDING",
        "SENSING",
        "LOCATING",
        "IDLE",
        "IDLE_MAINTENANCE",
        "IDLE",
        "IDLE_MAINTENANCE",
        "IDLE",
        "IDLE_MAINTENANCE",
    ]
    at = consequences.doze(begin, begin + DEEP_AFTER_S + HOUR_S + 30, begin, 14)
    assert not at.idle


@given(
    st.floats(0, 30 * DAY_S),
    st.one_of(st.none(), st.floats(-HOUR_S, 5 * HOUR_S)),
    st.sampled_from([9, 11, 12, 15]),
)
def test_the_state_of_doze_is_the_last_of_its_phases(dark_s: float, still_s: float | None, android: int) -> None:
    still = None if still_s is None else NOON_S + min(still_s, dark_s)
    now_s = NOON_S + dark_s
    *_, (_, last) = consequences.phases(NOON_S, now_s, still, android)
    # The two add the same lengths up in another order; at a border a rounding decides.
    near = {consequences.doze(NOON_S, now_s + by_s, still, android) for by_s in (-1e-3, 0, 1e-3)}
    assert last in near


def test_doze_that_a_tester_forces_holds_until_it_is_lifted() -> None:
    phone, _ = made()
    assert phone.run("dumpsys deviceidle force-idle").stdout == b"Now forced in to deep idle mode\n"
    assert HostWhy.DOZE in _why(phone, HostAct.RUN)
    assert value(phone, "power.doze") == {"deep": "IDLE", "light": "OVERRIDE"}
    phone.run("dumpsys deviceidle unforce")
    assert not phone.forbids(HostAct.RUN)


def test_an_update_of_the_app_ends_its_process_and_is_dated() -> None:
    phone, clock = made()
    clock.on(3600)
    phone.update_app("4.34", 21305999)
    said = value(phone, "app.installed")
    assert isinstance(said, dict)
    assert (said["version_name"], said["version_code"]) == ("4.34", 21305999)
    assert said["last_update"] == datetime.fromtimestamp(clock(), UTC).isoformat()
    assert phone.state.app.pid is None


def test_after_a_boot_bluetooth_and_the_app_come_by_themselves() -> None:
    phone, clock = made()
    phone.reboot()
    assert HostWhy.BLUETOOTH_OFF in _why(phone, HostAct.SCAN)
    assert phone.run(f"pidof {APP}").status == 1
    clock.on(60)
    assert phone.run(f"pidof {APP}").status == 0
    (switched,) = facts(phone, "bluetooth.switched")
    assert switched.value == {"on": True, "reason": "SYSTEM_BOOT", "by": "android"}
    assert switched.time is not None
    assert switched.time.timestamp() == pytest.approx(NOON_S + 12.4, abs=1)


def test_an_app_that_may_not_start_by_itself_stays_away_after_a_boot() -> None:
    phone, clock = made("oppo-coloros-13")
    phone.state.app.auto_start = False
    phone.reboot()
    clock.on(600)
    assert phone.run(f"pidof {APP}").status == 1


def test_a_phone_that_is_off_charges() -> None:
    phone, clock = made()
    phone.state.battery_percent = 0.0
    phone.power_off()
    phone.charge(True)
    clock.on(HOUR_S)
    assert phone.state.battery_percent > 40
    phone.power_on()
    assert value(phone, "phone.battery") == round(phone.state.battery_percent)


def test_motion_ends_deep_doze_and_not_light_doze() -> None:
    phone, clock = made()
    phone.state.still = True
    clock.on(2 * HOUR_S)
    assert phone.doze.idle
    phone.state.still = False
    clock.on(60)
    assert (phone.doze.deep, phone.doze.light) == ("INACTIVE", "IDLE")


def test_a_run_of_the_app_meets_what_the_phone_is_short_of() -> None:
    phone, clock = made()
    phone.note_job(clock())
    assert values(phone, "app.error") == []
    state = phone.state
    state.app.data_corrupt, state.storage_free_bytes, state.gatt_slots_used = True, 2**20, 32
    clock.on(900)
    phone.note_job(clock())
    kinds = {one["kind"] for one in values(phone, "app.error") if isinstance(one, dict)}
    assert kinds == {"database", "storage_full"}
    assert value(phone, "gatt.slots_exhausted") is True
    phone.state.app.permissions.clear()
    phone.note_job(clock())
    assert value(phone, "bluetooth.scan_denied") is True


def test_the_charger_ends_doze() -> None:
    phone, clock = made()
    phone.state.still = True
    clock.on(2 * HOUR_S)
    assert phone.doze.idle
    phone.charge(True)
    assert phone.doze.deep == "ACTIVE"
    assert not phone.forbids(HostAct.RUN)


def test_an_exempt_app_works_in_doze_and_is_not_woken_by_its_alarms() -> None:
    phone, clock = made()
    phone.state.still = True
    phone.state.app.doze_exempt = True
    clock.on(2 * HOUR_S)
    assert not phone.forbids(HostAct.RUN)
    assert HostWhy.DOZE_ALARMS in _why(phone, HostAct.WAKE)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0.4, Bucket.ACTIVE), (0.6, Bucket.WORKING_SET), (1.5, Bucket.FREQUENT), (3.0, Bucket.RARE)],
)
def test_the_bucket_decays_without_use(days: float, bucket: Bucket) -> None:
    phone, clock = made()
    phone.use_app()
    phone.leave_app()
    clock.on(days * DAY_S)
    assert phone.standby.bucket is bucket
    assert values(phone, "app.standby_bucket")[0] == int(bucket)


def test_each_fall_into_a_bucket_is_an_event_of_its_moment() -> None:
    phone, clock = made()
    phone.use_app()
    phone.leave_app()
    clock.on(30 * HOUR_S)
    fallen = [fact for fact in facts(phone, "app.standby_bucket") if "STANDBY_BUCKET_CHANGED" in fact.excerpt]
    assert [(fact.value, fact.time and fact.time.timestamp()) for fact in fallen] == [
        (20, NOON_S + 12 * HOUR_S),
        (30, NOON_S + 24 * HOUR_S),
    ]


@pytest.mark.parametrize(
    ("model", "days", "bucket"),
    [
        ("pixel-11", 200, Bucket.RARE),
        ("pixel-12", 46, Bucket.RESTRICTED),
        ("pixel-13", 9, Bucket.RESTRICTED),
    ],
)
def test_the_restricted_bucket_came_with_12_and_sooner_with_13(model: str, days: float, bucket: Bucket) -> None:
    phone, clock = made(model)
    phone.use_app()
    clock.on(days * DAY_S)
    assert phone.standby.bucket is bucket


def test_a_rare_app_is_held_back_except_on_the_charger() -> None:
    phone, clock = made("pixel-12")
    clock.on(3 * DAY_S)
    assert HostWhy.STANDBY_RARE in _why(phone, HostAct.UPLOAD)
    phone.charge(True)
    assert not phone.forbids(HostAct.UPLOAD)


def test_battery_saver_comes_by_itself_at_its_level_and_goes_on_the_charger() -> None:
    phone, clock = made()
    state = phone.state
    state.battery_percent, state.drain_percent_per_h, state.saver_trigger_percent = 30.0, 5.0, 20
    clock.on(HOUR_S)
    assert value(phone, "power.battery_saver") is False
    clock.on(2 * HOUR_S)
    assert value(phone, "power.battery_saver") is True
    (switched,) = {fact.time for fact in facts(phone, "power.battery_saver_switched")}
    assert switched is not None
    assert switched.timestamp() == pytest.approx(NOON_S + 2 * HOUR_S, abs=1)
    phone.charge(True)
    assert value(phone, "power.battery_saver") is False


def test_an_empty_battery_turns_the_phone_off() -> None:
    phone, clock = made()
    phone.state.drain_percent_per_h = 40.0
    clock.on(3 * HOUR_S)
    assert not phone.state.powered
    assert phone.run("id").status != 0
    phone.state.battery_percent = 50.0
    phone.power_on()
    assert phone.run("id").status == 0


def test_a_restricted_app_is_killed_two_minutes_after_it_went_to_the_background() -> None:
    phone, clock = made("pixel-14")
    phone.use_app()
    phone.state.app.run_any_in_background = "ignore"
    clock.on(600)
    assert phone.run(f"pidof {APP}").status == 0
    phone.leave_app()
    clock.on(600)
    assert phone.run(f"pidof {APP}").status == 1
    (killed,) = facts(phone, "app.killed")
    assert isinstance(killed.value, dict)
    assert killed.value["kind"] == "background"
    assert killed.time is not None
    assert killed.time.timestamp() == pytest.approx(NOON_S + 720, abs=1)
    told = value(phone, "app.exit")
    assert isinstance(told, dict)
    assert told["subreason_text"] == "CACHED IDLE FORCED APP STANDBY"


@pytest.mark.parametrize(("auto_start", "kills"), [(True, 0), (False, 1)])
def test_a_makers_cleaner_kills_an_app_that_may_not_start_by_itself(auto_start: bool, kills: int) -> None:
    phone, clock = made("xiaomi-hyperos-14")
    phone.use_app()
    phone.leave_app()
    phone.state.app.auto_start = auto_start
    phone.screen(False)
    clock.on(HOUR_S)
    kinds = [one["kind"] for one in values(phone, "app.killed") if isinstance(one, dict)]
    assert kinds == ["vendor"] * kills


def test_months_without_use_put_an_app_to_sleep_and_take_its_permissions() -> None:
    phone, clock = made("pixel-13")
    clock.on(100 * DAY_S)
    app = phone.state.app
    assert (app.hibernated, app.permissions) == (True, set())
    assert HostWhy.FORCE_STOPPED in _why(phone, HostAct.RUN)
    assert value(phone, "app.hibernated") is True
    phone.use_app()
    assert value(phone, "app.hibernated") is False
    assert HostWhy.NO_NEARBY_DEVICES in _why(phone, HostAct.SCAN)


def test_automatic_time_mends_the_clock_as_soon_as_there_is_a_network() -> None:
    phone, clock = made()
    state = phone.state
    state.network, state.clock_offset_s = Network.NONE, 7200.0
    clock.on(60)
    assert phone.run("date +%s").stdout == f"{int(clock() + 7200)}\n".encode()
    phone.state.network = Network.VALIDATED
    clock.on(60)
    assert phone.run("date +%s").stdout == f"{int(clock())}\n".encode()


def test_location_off_hides_trackers_from_old_phones_alone() -> None:
    for model, hidden in (("pixel-11", True), ("pixel-12", False)):
        phone, _ = made(model)
        phone.state.location = False
        assert (HostWhy.NO_LOCATION in _why(phone, HostAct.SCAN)) is hidden


def test_a_quota_holds_the_journal_back() -> None:
    phone, _ = made()
    phone.state.storage_quota_bytes = phone.state.app.data_bytes + 1000
    assert HostWhy.QUOTA_FULL in _why(phone, HostAct.WRITE_JOURNAL)


def test_a_change_of_the_state_is_dated_to_when_it_was_made_not_to_when_it_was_seen() -> None:
    phone, clock = made()
    phone.state.bluetooth = "ble_on"
    clock.on(5 * HOUR_S)
    switched = facts(phone, "bluetooth.switched")[-1]
    assert switched.time is not None
    assert switched.time.timestamp() == NOON_S


def test_logs_forget_the_oldest_lines() -> None:
    phone, clock = made()
    for _ in range(4000):
        clock.on(2)
        phone.note_http(clock(), 200)
    seen = len(values(phone, "app.http"))
    assert 1000 < seen < 4000
    assert len(phone.run("logcat -d -b main").stdout) < 800_000


def test_two_phones_of_one_seed_print_the_same_and_of_another_differ() -> None:
    one, other, third = (made(seed=seed)[0] for seed in (3, 3, 4))
    assert one.bugreport() == other.bugreport()
    assert one.bugreport() != third.bugreport()
    assert APP in one.bugreport_text()


def test_the_agent_can_ask_the_phone_as_any_host() -> None:
    phone, _ = made()
    host: Host = phone
    ask(host, *HostAct)
    phone.state.network = Network.NONE
    with pytest.raises(HostForbidsError) as refused:
        ask(host, HostAct.UPLOAD)
    assert refused.value.causes == ("phone.offline",)
