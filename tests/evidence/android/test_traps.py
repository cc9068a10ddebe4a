"""Every trap of Android's output that is known, by name. All texts here are synthetic."""

import base64
import zlib
from datetime import UTC, datetime

import pytest

from tests.evidence.android import forms
from tests.evidence.android.forms import FITBIT, OTHER, Phone
from tests.evidence.android.helpers import facts, one, read_text, values
from unstuck.evidence.android.reader import recognise

BLUETOOTH_OFF = Phone("8.1", state="BLE_ON", enabled=False)


def test_ble_on_with_enabled_false_is_its_own_answer() -> None:
    assert one(read_text(forms.bluetooth_manager(BLUETOOTH_OFF)), "bluetooth.adapter").value == "ble_on"


@pytest.mark.parametrize("words", ["Bluetooth never enabled!", "Bluetooth Service not connected"])
def test_never_enabled_is_off(words: str) -> None:
    assert one(read_text(f"Bluetooth Status\n{words}\n"), "bluetooth.adapter").value == "off"


def test_never_enabled_beside_a_state_does_not_outweigh_it() -> None:
    text = "Bluetooth Status\n  enabled: true\n  state: ON\n\nBluetooth never enabled!\n"
    assert one(read_text(text), "bluetooth.adapter").value == "on"


def test_missing_service_is_a_third_answer() -> None:
    adapter = one(read_text(forms.report(Phone("14"), bluetooth=False)), "bluetooth.adapter")
    assert adapter.value == "absent"
    assert adapter.excerpt.startswith("no bluetooth_manager among")
    assert one(read_text("Can't find service: bluetooth_manager\n"), "bluetooth.adapter").value == "absent"


def test_report_that_ends_early_does_not_say_absent() -> None:
    whole = forms.report(Phone("14"), bluetooth=False)
    cut = whole[: whole.index(b"DUMP OF SERVICE content:")]
    assert facts(read_text(cut), "bluetooth.adapter") == []


def test_plain_dumpsys_list_tells_absent_from_unread() -> None:
    listed = "Currently running services:\n  SurfaceFlinger\n  power\n" + "-" * 79 + "\nDUMP OF SERVICE power:\n"
    assert one(read_text(listed), "bluetooth.adapter").value == "absent"
    assert facts(read_text(listed.replace("  power\n", "  bluetooth_manager\n")), "bluetooth.adapter") == []


def test_setting_does_not_outweigh_bluetooth_itself() -> None:
    # the synthetic settings say bluetooth_on=0 while the service says ON
    assert one(read_text(forms.report(Phone("14"))), "bluetooth.adapter").value == "on"
    assert one(read_text(forms.settings(Phone("14"))), "bluetooth.adapter").value == "off"


def test_settings_list_prints_keys_and_values() -> None:
    text = "airplane_mode_on=1\nbluetooth_on=0\nlow_power=1\nlocation_mode=0\nwifi_on=1\n"
    assert recognise(text.encode()) == "settings"
    reading = read_text(text)
    assert one(reading, "bluetooth.adapter").value == "off"
    assert one(reading, "phone.airplane_mode").value is True
    assert one(reading, "power.battery_saver").value is True
    assert one(reading, "phone.location").value is False


@pytest.mark.parametrize(("providers", "on"), [("gps,network", True), ("gps", True), ("", False)])
def test_before_10_the_location_providers_stand_for_the_mode(providers: str, on: bool) -> None:
    row = f"_id:7 name:location_providers_allowed pkg:android value:{providers} default:gps defaultSystemSet:true\n"
    assert one(read_text(f"SECURE SETTINGS (user 0)\n{row}"), "phone.location").value is on
    listed = f"location_providers_allowed={providers}\nadb_enabled=1\n"
    assert one(read_text(listed), "phone.location").value is on


def test_a_location_mode_counts_more_than_the_providers() -> None:
    text = "location_mode=0\nlocation_providers_allowed=gps\n"
    assert [fact.value for fact in facts(read_text(text), "phone.location")] == [False]
    assert facts(read_text("location_providers_allowed=null\nadb_enabled=1\n"), "phone.location") == []


@pytest.mark.parametrize(("printed", "count"), [("0 times", 0), ("1 time", 1), ("2 times", 2), ("3 times", 3)])
def test_crash_count_with_and_without_plural(printed: str, count: int) -> None:
    stamps = "".join(f"  08-1{day} 10:00:00.123\n" for day in range(count))
    reading = read_text(f"Bluetooth Status\n  state: ON\nBluetooth crashed {printed}\n{stamps}\n0 BLE appsregistered\n")
    assert one(reading, "bluetooth.crashes").value == count
    assert len(facts(reading, "bluetooth.crashed")) == min(count, 1)  # without a year they cannot be told apart


def test_crash_times_take_the_year_of_the_report() -> None:
    phone = Phone("14", crashes=("12-31 23:30:00.123", "08-18 10:00:00"))
    crashed = [fact.time for fact in facts(read_text(forms.report(phone)), "bluetooth.crashed")]
    assert datetime(2022, 12, 31, 22, 30, 0, 123_000, tzinfo=UTC) in crashed
    assert datetime(2023, 8, 18, 8, 0, tzinfo=UTC) in crashed


@pytest.mark.parametrize("line", ["0 BLE appsregistered", "0 BLE apps registered", "Number of Ble app registered: 0"])
def test_three_spellings_of_registered_apps_do_no_harm(line: str) -> None:
    reading = read_text(f"Bluetooth Status\n  enabled: true\n  state: ON\n{line}\n\nBonded devices:\n\n")
    assert one(reading, "bluetooth.adapter").value == "on"
    assert one(reading, "bluetooth.bond_count").value == 0


@pytest.mark.parametrize(
    ("row", "address", "transport", "name"),
    [
        ("  AA:BB:CC:11:22:33 [DUAL] Name", "aa:bb:cc:11:22:33", "dual", "Name"),
        ("    AA:BB:CC:11:22:33 [ DUAL ] Name", "aa:bb:cc:11:22:33", "dual", "Name"),
        ("    AA:BB:CC:11:22:33 [BR/EDR] Name", "aa:bb:cc:11:22:33", "br", "Name"),
        ("    AA:BB:CC:11:22:33 [  LE  ] Inspire 3", "aa:bb:cc:11:22:33", "le", "Inspire 3"),
        ("    AA:BB:CC:11:22:33 [ ???? ] Name", "aa:bb:cc:11:22:33", "unknown", "Name"),
        ("    AA:BB:CC:11:22:33 [ DUAL ][ 0x240418 ] Name", "aa:bb:cc:11:22:33", "dual", "Name"),
        ("    AA:BB:CC:11:22:33 => 44:55:66:77:88:99 [  LE  ] Name", "44:55:66:77:88:99", "le", "Name"),
        ("    XX:XX:XX:XX:AB:CD [  LE  ] Name", "xx:xx:xx:xx:ab:cd", "le", "Name"),
        ("  5f4dcc3b5aa765d61d8327deb882cf99 [LE] Name", "5f4dcc3b5aa765d61d8327deb882cf99", "le", "Name"),
        ("    AA:BB:CC:11:22:33 [  LE  ] ", "aa:bb:cc:11:22:33", "le", ""),
    ],
)
def test_every_form_of_a_bond(row: str, address: str, transport: str, name: str) -> None:
    reading = read_text(f"Bluetooth Status\n  state: ON\nBonded devices:\n{row}\n\nother\n")
    bond = one(reading, "bluetooth.bond")
    assert (bond.subject, bond.value) == (address, {"name": name, "transport": transport})
    assert one(reading, "bluetooth.bond_count").value == 1


def test_entries_of_the_client_map_are_not_links() -> None:
    reading = read_text(forms.bluetooth_manager(Phone("14")))
    assert one(reading, "bluetooth.gatt_client", FITBIT).value == {"connections": 1}
    assert one(reading, "bluetooth.gatt_client", OTHER).value == {"connections": 0}


def test_only_connected_profiles_count() -> None:
    reading = read_text(forms.bluetooth_manager(Phone("14")))
    link = one(reading, "bluetooth.profile_link")
    assert (link.subject, link.value) == ("11:22:33:44:55:66", {"profile": "a2dp"})


def test_word_battery_saver_in_the_policy_is_not_its_state() -> None:
    text = "POWER MANAGER (dumpsys power)\n  mBatterySaver=true\n  mBatterySaverEnabled: x\n"
    assert facts(read_text(text), "power.battery_saver") == []


def test_battery_saver_was_switched_only_if_it_was_ever_on() -> None:
    last = "    Last OFF time: 2019-08-15 12:07:35.724 -3h1m36s507ms\n"
    head = "POWER MANAGER (dumpsys power)\nBattery saving stats:\n  Battery Saver is currently: OFF\n"
    assert facts(read_text(head + last + "    Times enabled: 0\n"), "power.battery_saver_switched") == []
    switched = one(read_text(head + last + "    Times full enabled: 2\n"), "power.battery_saver_switched")
    assert switched.value is False
    assert switched.time == datetime(2019, 8, 15, 12, 7, 35, 724_000, tzinfo=UTC)


def test_power_exemptions_are_app_ids_and_need_the_package_dump() -> None:
    ids = f"POWER MANAGER (dumpsys power)\n  mDeviceIdleWhitelist=[1000, {forms.UID}]\n"
    assert facts(read_text(ids), "app.doze_exempt") == []
    both = forms.service("package", forms.package(Phone("14")), Phone("14")) + forms.service("power", ids, Phone("14"))
    assert one(read_text(both), "app.doze_exempt", FITBIT).value is True


def test_exemption_list_as_rows() -> None:
    text = f"system-excidle,com.android.vending,10032\nsystem,com.google.android.gms,10008\nuser,{FITBIT},{forms.UID}\n"
    assert recognise(text.encode()) == "dumpsys deviceidle"
    assert one(read_text(text), "app.doze_exempt", FITBIT).value is True
    assert one(read_text(text, "com.android.vending"), "app.doze_exempt").value is False


def test_exempt_only_from_app_standby_is_not_exempt_from_doze() -> None:
    reading = read_text(forms.deviceidle(Phone("14")), "com.android.vending")
    assert one(reading, "app.doze_exempt").value is False


def test_restriction_is_independent_of_bucket_and_exemption() -> None:
    reading = read_text(forms.report(Phone("14", exempt=True, bucket=5, background="ignore")))
    assert one(reading, "app.doze_exempt", FITBIT).value is True
    assert facts(reading, "app.standby_bucket", FITBIT)[-1].value == 5
    assert {"op": "RUN_ANY_IN_BACKGROUND", "mode": "ignore", "level": "package"} in values(reading, "app.op")


def test_operation_under_the_user_id_counts_for_its_app() -> None:
    phone = Phone("14", uid_operations={"BLUETOOTH_CONNECT": "ignore", "FINE_LOCATION": "foreground", "CAMERA": "deny"})
    found = values(read_text(forms.appops(phone)), "app.op", FITBIT)
    assert {"op": "BLUETOOTH_CONNECT", "mode": "ignore", "level": "uid"} in found
    assert {"op": "FINE_LOCATION", "mode": "foreground", "level": "uid"} in found
    assert not any(isinstance(value, dict) and value["op"] == "CAMERA" for value in found)


def test_operation_without_a_row_is_at_its_default() -> None:
    text = f"Current AppOps Service state:\n  Uid u0a140:\n    Package {FITBIT}:\n      CAMERA (allow): \n"
    assert one(read_text(text), "app.op", FITBIT).value == {
        "op": "RUN_ANY_IN_BACKGROUND",
        "mode": "default",
        "level": "package",
    }


def test_appops_get_prints_no_owner() -> None:
    text = "Uid mode: COARSE_LOCATION: ignore\nRUN_ANY_IN_BACKGROUND: ignore; time=+1d2h ago\n"
    assert recognise(text.encode()) == "appops"
    reading = read_text(text)
    assert values(reading, "app.op", FITBIT) == [
        {"op": "COARSE_LOCATION", "mode": "ignore", "level": "uid"},
        {"op": "RUN_ANY_IN_BACKGROUND", "mode": "ignore", "level": "package"},
    ]
    unknown = read_text(text, FITBIT, OTHER)
    assert {fact.subject for fact in facts(unknown, "app.op")} == {""}
    assert "--app" in unknown.source.problems[0]


def test_appops_get_without_operations_gives_the_default() -> None:
    reading = read_text("No operations.\nDefault mode: allow\n")
    assert one(reading, "app.op").text("mode") == "allow"


def test_older_copy_under_hidden_system_packages_is_passed_over() -> None:
    assert one(read_text(forms.report(Phone("13"))), "app.installed", FITBIT).text("version_name") == "4.21.1"
    reading = read_text(forms.report(Phone("13", installed=False)))
    assert facts(reading, "app.installed") == []
    assert one(reading, "app.not_installed").subject == FITBIT


def test_missing_app_is_only_said_for_the_one_asked_about_or_the_default() -> None:
    text = forms.report(Phone("14", installed=False))
    assert [fact.subject for fact in facts(read_text(text, OTHER), "app.not_installed")] == [OTHER]
    assert [fact.subject for fact in facts(read_text(text, OTHER, FITBIT), "app.not_installed")] == [FITBIT]
    assert facts(read_text(text, OTHER, "com.example.other"), "app.not_installed") == []


def test_dump_of_one_package_is_no_list() -> None:
    one_package = "Packages:\n  Package [com.example.one] (1):\n    userId=10001\n"
    assert facts(read_text(one_package), "app.not_installed") == []
    reading = read_text("Key Set Manager:\n\nUnable to find package: com.fitbit.FitbitMobile\n")
    assert one(reading, "app.not_installed").subject == FITBIT


def test_numbers_for_validated_in_14_are_no_booleans() -> None:
    row = (
        "Active default network: 100\nCurrent Networks:\n  NetworkAgentInfo{network{100} handle{1} "
        "ni{MOBILE CONNECTED extra: } firstValidated 16032 lastValidated 24320017 "
        "nc{[ Transports: CELLULAR Capabilities: INTERNET&VALIDATED&NOT_VPN ]}}\n"
    )
    assert one(read_text(row), "network.default").value == {
        "present": True,
        "validated": True,
        "transport": "cellular",
    }
    invalid = row.replace("&VALIDATED&", "&PARTIAL_CONNECTIVITY&")
    assert one(read_text(invalid), "network.default").flag("validated") is False


def test_requests_of_other_apps_do_not_validate_the_network() -> None:
    text = (
        "Active default network: 100\n  NetworkAgentInfo{network{100} ni{WIFI CONNECTED} "
        "nc{[ Transports: WIFI Capabilities: INTERNET&NOT_VPN ]}}\n"
        "      NetworkRequest [ LISTEN id=4, [ Capabilities: INTERNET&VALIDATED&TRUSTED ] ]\n"
    )
    assert one(read_text(text), "network.default").flag("validated") is False


def test_same_service_as_critical_and_normal_is_read_once() -> None:
    phone = Phone("14", saver=True)
    reading = read_text(forms.report(phone))
    sections = [fact for fact in facts(reading, "phone.section") if fact.text("section") == "power"]
    assert len(sections) == 1
    saver = one(reading, "power.battery_saver")
    assert saver.value is True
    critical = forms.report(phone).split(b"\n").index(b"DUMP OF SERVICE CRITICAL power:")
    assert int(saver.locator.removeprefix("line ")) in range(critical, critical + 30)


def test_different_answers_of_a_repeated_service_are_both_kept() -> None:
    again = forms.service("power", forms.power(Phone("14", saver=True)), Phone("14"), "HIGH")
    reading = read_text(forms.report(Phone("14", saver=False), extra=again))
    assert values(reading, "power.battery_saver") == [False, True]


def test_lines_under_the_title_in_14_are_no_content() -> None:
    text = forms.service("bluetooth_manager", forms.bluetooth_manager(Phone("14")), Phone("14"))
    assert "Service host process PID: 1952" in text
    assert one(read_text(text), "bluetooth.adapter").value == "on"
    assert recognise(text.encode()) == "dumpsys bluetooth_manager"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_powershell_text_reads_like_any_other(encoding: str, newline: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    plain = forms.report(Phone("14", extra="Grüße\n")).decode()
    packed = mark + plain.replace("\n", newline).encode(encoding)
    expected, found = read_text(plain), read_text(packed)
    assert found.facts == expected.facts
    assert found.source.records == expected.source.records


def test_utf_16_without_a_mark_is_seen_by_its_zeros() -> None:
    assert recognise(forms.power(Phone("14")).encode("utf-16-le")) == "dumpsys power"
    assert read_text(forms.power(Phone("14", saver=True)).encode("utf-16-le")).facts


def test_packet_log_inside_the_dump_becomes_an_attachment() -> None:
    packets = bytes(range(256)) * 20
    text = forms.bluetooth_manager(Phone("14", extra=forms.snooz_block(packets)))
    reading = read_text(text)
    (attachment,) = reading.attachments
    assert attachment.path == "a.txt#btsnooz"
    assert attachment.data[0] == 2
    assert zlib.decompress(attachment.data[9:]) == packets


def test_same_packet_log_in_a_repeated_section_is_kept_once() -> None:
    phone = Phone("14", extra=forms.snooz_block())
    twice = forms.service("bluetooth_manager", forms.bluetooth_manager(phone), phone, "HIGH")
    reading = read_text(forms.report(phone, extra=twice))
    assert len(reading.attachments) == 1


def test_damaged_packet_log_is_said_and_the_rest_is_read() -> None:
    block = "--- BEGIN:BTSNOOP_LOG_SUMMARY (10 bytes in) ---\n!!!!\n--- END:BTSNOOP_LOG_SUMMARY ---\n"
    reading = read_text(forms.bluetooth_manager(Phone("14", extra=block)))
    assert reading.attachments == ()
    assert "packet log" in reading.source.problems[0]
    assert one(reading, "bluetooth.adapter").value == "on"


def test_cut_packet_log_keeps_what_is_there() -> None:
    whole = base64.b64encode(bytes(range(200))).decode()
    text = f"Bluetooth Status\n  state: ON\n--- BEGIN:BTSNOOP_LOG_SUMMARY (10 bytes in) ---\n{whole[:101]}\n"
    (attachment,) = read_text(text).attachments
    assert attachment.data == bytes(range(75))


def test_unknown_zone_is_said_and_read_as_utc() -> None:
    reading = read_text(forms.report(Phone("14", zone="")))
    assert one(reading, "bluetooth.adapter").time == datetime(2023, 8, 19, 15, 0, 5, tzinfo=UTC)
    assert "time zone" in reading.source.problems[0]


@pytest.mark.parametrize(
    ("zone", "hour"), [("GMT+05:30", 9), ("Asia/Kolkata", 9), ("America/St_Johns", 17), ("UTC", 15)]
)
def test_zone_stands_behind_what_it_dates(zone: str, hour: int) -> None:
    adapter = one(read_text(forms.report(Phone("14", zone=zone))), "bluetooth.adapter")
    assert adapter.time is not None
    assert adapter.time.hour == hour


@pytest.mark.parametrize("zone", ["Europe", "../../etc/passwd", "No/Such", "GMT+99:00", "x" * 70])
def test_impossible_zone_is_no_zone(zone: str) -> None:
    reading = read_text(forms.report(Phone("14", zone=zone)))
    assert one(reading, "bluetooth.adapter").time == datetime(2023, 8, 19, 15, 0, 5, tzinfo=UTC)


def test_boots_that_name_another_build_infer_an_update() -> None:
    build = "    isPrevious: true/Build: maker/model/model:{}/AP1A.2404 ...\n"
    text = (
        "Drop box contents: 3 entries\nMax entries: 1000\n\n"
        "2023-08-01 10:00:00 SYSTEM_BOOT (text, 322 bytes)\n"
        + build.format(13)
        + "2023-08-05 10:00:00 data_app_crash (text, 10 bytes)\n"
        + f"    Process: {FITBIT}/PID: 77/Flags: 0x1 ...\n"
        + "2023-08-09 10:00:00 SYSTEM_BOOT (text, 322 bytes)\n"
        + build.format(14)
    )
    reading = read_text(text)
    updated = one(reading, "phone.system_updated")
    assert updated.value == "2023-08-09T10:00:00+00:00"
    assert updated.excerpt.startswith("inferred")
    assert one(reading, "app.crashed", FITBIT).time == datetime(2023, 8, 5, 10, 0, tzinfo=UTC)


def test_control_characters_do_not_reach_an_excerpt() -> None:
    text = "Bluetooth Status\n  state: ON\nBonded devices:\n  AA:BB:CC:11:22:33 [LE] A\x1b[31mB\x00C\n"
    bond = one(read_text(text), "bluetooth.bond")
    assert "\x1b" not in bond.excerpt + bond.text("name")
    assert "\x00" not in bond.excerpt + bond.text("name")
