"""The shell answers as a phone's does, and what it changes shows in the dumps and in what the host forbids."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.phone.made import APP, IDS, NOON_S, made, read, value, values
from unstuck.chain.phone.host import HostAct, HostWhy
from unstuck.evidence.android.recognise import recognise
from unstuck.lab.phone import MODELS, LabPhone

_SETTINGS_OPEN = "Starting: Intent { act=android.settings.BLUETOOTH_SETTINGS }\n"
every_model = pytest.mark.parametrize("model", IDS)


def ran(phone: LabPhone, command: str) -> str:
    """What a command prints that must succeed and not complain."""
    result = phone.run(command)
    assert (result.status, result.stderr) == (0, b""), result
    return result.stdout.decode()


def why(phone: LabPhone, act: HostAct) -> set[HostWhy]:
    return {reason.why for reason in phone.forbids(act)}


@every_model
def test_switching_bluetooth_shows_and_forbids(model: str) -> None:
    phone, clock = made(model)
    ran(phone, "svc bluetooth disable")
    assert value(phone, "bluetooth.adapter") == "ble_on"
    assert values(phone, "bluetooth.switched")[-1] == {
        "on": False,
        "reason": "APPLICATION_REQUEST",
        "by": "com.android.shell",
    }
    assert HostWhy.BLUETOOTH_OFF in why(phone, HostAct.USE_RADIO)
    clock.on(5)
    ran(phone, "svc bluetooth enable")
    assert value(phone, "bluetooth.adapter") == "on"
    assert not phone.forbids(HostAct.USE_RADIO)


@every_model
def test_the_bluetooth_service_is_commanded_from_12_on(model: str) -> None:
    phone, _ = made(model)
    result = phone.run("cmd bluetooth_manager disable")
    assert (result.status == 0) is (MODELS[model].android >= 12)
    assert phone.state.bluetooth == ("ble_on" if result.status == 0 else "on")


@every_model
def test_battery_saver_by_setting_shows_and_forbids(model: str) -> None:
    phone, _ = made(model)
    ran(phone, "settings put global low_power 1")
    assert value(phone, "power.battery_saver") is True
    assert ran(phone, "settings get global low_power") == "1\n"
    assert HostWhy.BATTERY_SAVER in why(phone, HostAct.RUN)
    ran(phone, "settings put global low_power 0")
    assert not phone.forbids(HostAct.RUN)


@every_model
def test_the_exemption_lifts_battery_saver(model: str) -> None:
    phone, _ = made(model)
    ran(phone, "settings put global low_power 1")
    assert ran(phone, f"dumpsys deviceidle whitelist +{APP}") == f"Added: {APP}\n"
    assert value(phone, "app.doze_exempt") is True
    assert f"user,{APP},{phone.state.app.uid}" in ran(phone, "dumpsys deviceidle whitelist")
    assert not phone.forbids(HostAct.RUN)
    assert ran(phone, f"cmd deviceidle whitelist -{APP}") == f"Removed: {APP}\n"
    assert value(phone, "app.doze_exempt") is False


@every_model
@pytest.mark.parametrize("level", ["", "--uid "])
def test_the_background_operation_shows_and_forbids(model: str, level: str) -> None:
    phone, _ = made(model)
    ran(phone, f"appops set {level}{APP} RUN_ANY_IN_BACKGROUND ignore")
    shown = ran(phone, f"cmd appops get {APP} RUN_ANY_IN_BACKGROUND")
    assert "RUN_ANY_IN_BACKGROUND: ignore" in shown
    assert shown.startswith("Uid mode:") is bool(level)
    assert HostWhy.BACKGROUND_RESTRICTED in why(phone, HostAct.RUN)
    ran(phone, f"appops set {level}{APP} RUN_ANY_IN_BACKGROUND {'default' if level else 'allow'}")
    assert not phone.forbids(HostAct.RUN)


@every_model
def test_the_bucket_is_set_shown_and_forgotten_at_the_next_use(model: str) -> None:
    phone, clock = made(model)
    ran(phone, f"am set-standby-bucket {APP} restricted")
    assert ran(phone, f"am get-standby-bucket {APP}") == "45\n"
    assert values(phone, "app.standby_bucket")[0] == 45
    assert HostWhy.STANDBY_RESTRICTED in why(phone, HostAct.UPLOAD)
    clock.on(60)
    ran(phone, f"monkey -p {APP} -c android.intent.category.LAUNCHER 1")
    assert ran(phone, f"am get-standby-bucket {APP}") == "10\n"


@every_model
def test_permissions_are_revoked_and_granted(model: str) -> None:
    phone, _ = made(model)
    if MODELS[model].sdk < 31:
        name, act, reason = "ACCESS_FINE_LOCATION", HostAct.SCAN, HostWhy.NO_LOCATION
    else:
        name, act, reason = "BLUETOOTH_CONNECT", HostAct.USE_RADIO, HostWhy.NO_NEARBY_DEVICES
    ran(phone, f"pm revoke {APP} android.permission.{name}")
    assert {"permission": name, "granted": False} in values(phone, "app.permission")
    assert reason in why(phone, act)
    assert phone.state.app.pid is None
    ran(phone, f"pm grant {APP} android.permission.{name}")
    assert {"permission": name, "granted": True} in values(phone, "app.permission")
    assert reason not in why(phone, act)


@every_model
def test_a_permission_that_the_app_never_asked_for_is_refused_with_an_exception(model: str) -> None:
    phone, _ = made(model)
    result = phone.run(f"pm grant {APP} android.permission.CAMERA")
    assert result.status == 255
    assert b"java.lang.SecurityException: Package" in result.stderr


@every_model
def test_data_saver_and_its_exception(model: str) -> None:
    phone, _ = made(model)
    phone.state.metered = True
    ran(phone, "cmd netpolicy set restrict-background true")
    assert value(phone, "network.data_saver") is True
    assert HostWhy.DATA_SAVER in why(phone, HostAct.UPLOAD)
    ran(phone, f"cmd netpolicy add restrict-background-whitelist {phone.state.app.uid}")
    assert not phone.forbids(HostAct.UPLOAD)
    listed = ran(phone, "cmd netpolicy list restrict-background-whitelist")
    assert str(phone.state.app.uid) in listed
    ran(phone, f"cmd netpolicy add restrict-background-blacklist {phone.state.app.uid}")
    assert value(phone, "network.app_rejected_metered") is True
    assert HostWhy.DATA_SAVER in why(phone, HostAct.UPLOAD)


@every_model
def test_a_stopped_app_stays_stopped_until_it_is_opened(model: str) -> None:
    phone, clock = made(model)
    ran(phone, f"am force-stop {APP}")
    clock.on(1)
    assert value(phone, "app.stopped") is True
    assert HostWhy.FORCE_STOPPED in why(phone, HostAct.RUN)
    killed = value(phone, "app.killed")
    assert isinstance(killed, dict)
    assert killed["kind"] == "user"
    phone.reboot()
    assert phone.state.app.pid is None
    ran(phone, f"am start -n {APP}/.MainActivity")
    assert value(phone, "app.stopped") is False
    assert not phone.forbids(HostAct.RUN)


@every_model
def test_airplane_mode_is_switched_from_11_on(model: str) -> None:
    phone, _ = made(model)
    result = phone.run("cmd connectivity airplane-mode enable")
    on = MODELS[model].android >= 11
    assert (result.status == 0) is on
    assert value(phone, "phone.airplane_mode") is on
    assert (HostWhy.AIRPLANE_MODE in why(phone, HostAct.SCAN)) is on


@every_model
def test_wifi_off_leaves_mobile_data(model: str) -> None:
    phone, _ = made(model)
    ran(phone, "svc wifi disable")
    assert value(phone, "network.default") == {"present": True, "validated": True, "transport": "cellular"}
    ran(phone, "svc data disable")
    assert HostWhy.OFFLINE in why(phone, HostAct.UPLOAD)
    ran(phone, "svc wifi enable")
    assert not phone.forbids(HostAct.UPLOAD)


@every_model
def test_a_maker_without_auto_start_does_not_know_its_operation(model: str) -> None:
    phone, _ = made(model)
    result = phone.run(f"appops set {APP} 10008 ignore")
    xiaomi = MODELS[model].maker == "Xiaomi"
    assert (result.status == 0) is xiaomi
    assert (HostWhy.AUTO_START_OFF in why(phone, HostAct.WAKE)) is xiaomi


@every_model
def test_a_reboot_forgets_the_logs_and_begins_the_uptime_anew(model: str) -> None:
    phone, clock = made(model)
    phone.note_http(clock(), 500)
    clock.on(60)
    ran(phone, "reboot")
    clock.on(300)
    assert values(phone, "app.http") == []
    assert value(phone, "phone.uptime") == {"seconds": 300.0}
    assert ran(phone, "cat /proc/uptime").split()[0] == "300.00"


def test_a_hanging_stack_takes_the_wish_down_and_only_a_reboot_helps() -> None:
    phone, clock = made()
    phone.state.bluetooth = "turning_off"
    ran(phone, "svc bluetooth enable")
    assert value(phone, "bluetooth.adapter") == "turning_off"
    clock.on(60)
    ran(phone, "svc power reboot")
    assert value(phone, "bluetooth.adapter") == "off"
    clock.on(13)
    assert value(phone, "bluetooth.adapter") == "on"


def test_the_report_made_over_the_cable_is_there_to_be_pulled() -> None:
    phone, _ = made()
    phone.keep_hci_log(lambda: b"btsnoop\0synthetic")
    assert phone.run("bugreportz -v").stderr == b"1.2\n"  # where the adb client looks for it
    said = ran(phone, "bugreportz -p").splitlines()
    assert said[0].startswith("BEGIN:/data/user_de/0/com.android.shell/files/bugreports/bugreport-shiba-")
    path = said[-1].removeprefix("OK:")
    assert phone.file(path).startswith(b"PK")
    with pytest.raises(FileNotFoundError):
        phone.file("/data/nothing.zip")


@pytest.mark.parametrize(
    ("command", "status", "out", "error"),
    [
        ("nosuch -x", 127, "", "/system/bin/sh: nosuch: inaccessible or not found\n"),
        ("dumpsys nosuch", 0, "", "Can't find service: nosuch\n"),
        ("cmd nosuch", 20, "", "cmd: Can't find service: nosuch\n"),
        ("settings get global nosuch", 0, "null\n", ""),
        ("echo a; echo b && echo c", 0, "a\nb\nc\n", ""),
        ("nosuch 2>/dev/null || echo no", 0, "no\n", ""),
        ("nosuch 2>/dev/null; echo $?", 0, "127\n", ""),
        ("am start -a android.settings.BLUETOOTH_SETTINGS", 0, _SETTINGS_OPEN, ""),
        ("nosuch 2>&1", 127, "/system/bin/sh: nosuch: inaccessible or not found\n", ""),
        ("echo 'a;b' \"c d\"", 0, "a;b c d\n", ""),
        ("echo 'a", 1, "", "/system/bin/sh: <stdin>[1]: no closing quote\n"),
        ("date -s 2020-01-01", 1, "", "date: cannot set date: Operation not permitted\n"),
        (
            "cat /data/misc/bluetooth/logs/btsnoop_hci.log",
            1,
            "",
            "cat: /data/misc/bluetooth/logs/btsnoop_hci.log: Permission denied\n",
        ),
        ("getprop ro.product.model", 0, "Pixel 8\n", ""),
        ("date +%s", 0, f"{int(NOON_S)}\n", ""),
        ("", 0, "", ""),
    ],
)
def test_the_shell_answers(command: str, status: int, out: str, error: str) -> None:
    phone, _ = made()
    result = phone.run(command)
    assert (result.status, result.stdout.decode(), result.stderr.decode()) == (status, out, error)


def test_the_shell_may_not_say_that_airplane_mode_changed() -> None:
    phone, _ = made()
    result = phone.run("am broadcast -a android.intent.action.AIRPLANE_MODE --ez state true")
    assert b"java.lang.SecurityException: Permission Denial: not allowed to send broadcast" in result.stderr
    assert not phone.state.airplane_mode


def test_logs_are_printed_in_the_layouts_asked_for() -> None:
    phone, clock = made()
    phone.run("logcat -c -b all")
    phone.note_http(clock(), 200)
    for options, begin in (
        ("", "03-12 12:00:00.000 "),
        ("-v threadtime -v uid", "03-12 12:00:00.000 10231 "),
        ("-v year,zone", "2026-03-12 12:00:00.000 +0100 "),
        ("-v time", "03-12 12:00:00.000 I/okhttp.OkHttpClient("),
        ("-v brief", "I/okhttp.OkHttpClient("),
    ):
        assert ran(phone, f"logcat -d -b main -t 1 {options}").splitlines()[-1].startswith(begin)
    assert phone.run("logcat -d -b nosuch").status == 1


def test_single_dumps_are_recognised_by_the_reader() -> None:
    phone, _ = made()
    for name in (
        "bluetooth_manager",
        "deviceidle",
        "usagestats",
        "appops",
        "package",
        "power",
        "connectivity",
        "alarm",
    ):
        assert recognise(phone.run(f"dumpsys {name}").stdout) == f"dumpsys {name}"
    assert recognise(phone.run("getprop").stdout) == "getprop"
    assert recognise(phone.run("settings list global").stdout) == "settings"
    assert recognise(phone.run("logcat -d -b events").stdout) == "logcat"
    assert recognise(phone.run("dumpsys").stdout) == "dumpsys"


_COMMANDS = (
    "svc bluetooth enable",
    "svc bluetooth disable",
    "svc wifi disable",
    "svc wifi enable",
    "svc data disable",
    "svc data enable",
    "cmd bluetooth_manager disable",
    "cmd connectivity airplane-mode enable",
    "cmd connectivity airplane-mode disable",
    "settings put global low_power 1",
    "settings put global low_power 0",
    "settings put global airplane_mode_on 1",
    "settings put secure location_mode 0",
    "settings delete global nosuch",
    f"appops set {APP} RUN_ANY_IN_BACKGROUND ignore",
    f"appops set --uid {APP} RUN_ANY_IN_BACKGROUND deny",
    f"appops set {APP} 10008 ignore",
    f"appops reset {APP}",
    f"pm revoke {APP} android.permission.BLUETOOTH_SCAN",
    f"pm grant {APP} android.permission.BLUETOOTH_SCAN",
    f"pm disable-user --user 0 {APP}",
    f"pm enable {APP}",
    f"pm clear --cache-only {APP}",
    f"pm clear {APP}",
    f"am force-stop {APP}",
    f"am kill {APP}",
    f"am set-standby-bucket {APP} rare",
    f"am start -n {APP}/.Main",
    f"monkey -p {APP} 1",
    f"dumpsys deviceidle whitelist +{APP}",
    f"dumpsys deviceidle whitelist -{APP}",
    "dumpsys battery set level 3",
    "dumpsys battery unplug",
    "cmd netpolicy set restrict-background true",
    "cmd netpolicy add restrict-background-whitelist 10231",
    f"cmd jobscheduler run -f {APP} 12",
    "logcat -c",
    "logcat -d -b all -v brief",
    "dumpsys",
    "input keyevent 26",
    "bugreportz -p",
    "svc power shutdown",
    "reboot",
    "nosuch | grep x",
    "'",
)
_HAPPENINGS = ("job", "gatt", "lost", "http", "crash", "use", "leave", "charge", "screen", "power on", "wait")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(IDS),
    st.lists(
        st.one_of(
            st.sampled_from(_COMMANDS),
            st.sampled_from(_HAPPENINGS),
            st.text(alphabet="amp cdsyrtvl;&|'\"<>-+0127", max_size=24),
        ),
        max_size=30,
    ),
    st.lists(st.floats(0, 5 * 86_400), min_size=30, max_size=30),
)
def test_whatever_is_done_to_a_phone_it_answers_and_its_report_can_be_read(
    model: str, steps: list[str], waits: list[float]
) -> None:
    phone, clock = made(model)
    for step, wait_s in zip(steps, waits, strict=False):
        clock.on(wait_s)
        match step:
            case "job":
                phone.note_job(clock())
            case "gatt" | "lost":
                phone.note_gatt(clock(), "E6:5E:00:00:00:01", 0 if step == "gatt" else 8, step == "gatt")
            case "http":
                phone.note_http(clock(), 500)
            case "crash":
                phone.note_crashed()
            case "use":
                phone.use_app()
            case "leave":
                phone.leave_app()
            case "charge":
                phone.charge(on=not phone.state.charging)
            case "screen":
                phone.screen(on=not phone.state.screen_on)
            case "power on":
                phone.power_on()
            case _:
                assert 0 <= phone.run(step).status <= 255
        for act in HostAct:
            phone.forbids(act)
    reading = read(phone)
    assert reading.source.problems == ()
    assert reading.source.skipped == 0
    assert {fact.name for fact in reading.facts} >= {"phone.build", "app.installed", "bluetooth.adapter"}


@pytest.mark.parametrize("model", IDS)
def test_a_flag_that_clear_does_not_know_or_read_clears_everything(model: str) -> None:
    """Why nobody may send it without having read the help."""
    for command in (f"pm clear --cache-only {APP}", f"pm clear {APP} --cache-only"):
        phone, _ = made(model)
        assert phone.run(command).stdout == b"Success\n"
        cache_only = phone.model.android >= 14 and command.endswith(APP)
        assert phone.state.app.cache_bytes == 0
        assert (phone.state.app.data_bytes > 0) is cache_only
        line = b"clear [--user USER_ID] [--cache-only] PACKAGE"
        assert (line in phone.run("pm help").stdout) is (phone.model.android >= 14)


@pytest.mark.parametrize("model", IDS)
def test_the_first_page_of_the_app_is_found_and_can_be_started(model: str) -> None:
    phone, _ = made(model)
    intent = "-a android.intent.action.MAIN -c android.intent.category.LAUNCHER"
    told = phone.run(f"cmd package resolve-activity --brief {intent} {APP}").stdout.decode().splitlines()
    assert told[0].startswith("priority=0 preferredOrder=0 match=0x108000")
    assert phone.run(f"am start -n '{told[1]}'").status == 0
    assert phone.state.on_screen == APP
    other = phone.run(f"cmd package resolve-activity --brief {intent} com.example.none")
    assert other.stdout == b"No activity found\n"
