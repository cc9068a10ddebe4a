"""Log lines in every layout: what is found in them, and when it happened. All lines here are synthetic."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.android import forms
from tests.evidence.android.forms import FITBIT, OTHER, Phone
from tests.evidence.android.helpers import facts, one, read_text, values
from unstuck.evidence.android import loglines
from unstuck.evidence.android.apperrors import error_kind, http_status
from unstuck.evidence.android.killlog import kill_kind, process_event
from unstuck.evidence.android.loglines import TagTable, columns, parse
from unstuck.evidence.android.reader import recognise
from unstuck.evidence.android.text import blocks

GATT = "onClientConnectionState() - status=133 clientIf=6 device=AA:BB:CC:11:22:33"

LAYOUTS = {
    "threadtime": f"08-19 14:00:01.000  4711  4712 D BluetoothGatt: {GATT}",
    "threadtime with uid": f"08-19 14:00:01.000 10140  4711  4712 D BluetoothGatt: {GATT}",
    "threadtime with uid name": f"08-19 14:00:01.000 u0_a8  4711  4712 D BluetoothGatt: {GATT}",
    "threadtime of a second user": f"08-19 14:00:01.000 1010140  4711  4712 D BluetoothGatt: {GATT}",
    "threadtime with long process ids": f"08-19 14:00:01.000 104711 104712 D BluetoothGatt: {GATT}",
    "threadtime with year": f"2023-08-19 14:00:01.000  4711  4712 D BluetoothGatt: {GATT}",
    "threadtime with microseconds": f"08-19 14:00:01.000123  4711  4712 D BluetoothGatt: {GATT}",
    "threadtime with zone": f"2023-08-19 14:00:01.000 +0200  4711  4712 D BluetoothGatt: {GATT}",
    "time": f"08-19 14:00:01.000 D/BluetoothGatt( 4711): {GATT}",
    "brief": f"D/BluetoothGatt( 4711): {GATT}",
    "studio before 2022": f"2023-08-19 14:00:01.000 4711-4712/{FITBIT} D/BluetoothGatt: {GATT}",
    "studio since 2022": f"2023-08-19 14:00:01.000  4711-4712  BluetoothGatt           {FITBIT}  D  {GATT}",
}


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_gatt_line_is_found_in_every_layout(layout: str) -> None:
    line = LAYOUTS[layout]
    assert recognise(line.encode() + b"\n") == "logcat"
    # among many lines of another tag, so that the quick way by columns is taken
    noise = line.replace("BluetoothGatt", "NothingAtAll ").replace(GATT, "nothing")
    text = "\n".join([*[noise] * 300, line, *[noise] * 300]) + "\n"
    status = one(read_text(text), "gatt.status")
    assert (status.subject, status.value) == ("aa:bb:cc:11:22:33", {"status": 133, "new_state": "unknown"})
    assert status.locator == "line 301"
    if layout == "threadtime with zone":
        assert status.time == datetime(2023, 8, 19, 12, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("layout", [name for name in sorted(LAYOUTS) if name.startswith("threadtime")])
def test_columns_and_parsing_agree(layout: str) -> None:
    line = LAYOUTS[layout].encode()
    (block,) = blocks([(line + b"\n") * 200])
    found = columns(block, with_uid="uid" in layout)
    assert found.rows.tolist() == list(range(200))
    assert TagTable().rows(found).others.tolist() == list(range(200))
    entry = parse(line, 1)
    assert entry is not None
    assert entry.tag == b"BluetoothGatt"
    assert entry.pid in (4711, 104711)


def test_brief_log_is_undated_and_that_is_no_fault() -> None:
    reading = read_text(LAYOUTS["brief"] + "\n")
    assert one(reading, "gatt.status").time is None
    assert reading.source.problems == ()


def test_log_without_year_and_without_report_is_undated_and_says_so() -> None:
    reading = read_text(LAYOUTS["threadtime"] + "\n")
    assert one(reading, "gatt.status").time is None
    assert "year" in reading.source.problems[0]


def test_year_is_found_in_a_message_of_the_same_day() -> None:
    text = "\n".join(
        [
            "12-31 23:59:59.000  4711  4712 I Any     : first",
            "01-01 00:00:01.000  4711  4712 D BluetoothGatt: " + GATT,
            "01-01 00:00:02.000  4711  4712 I Any     : saved at 2024-01-01 00:00:02",
            "12-31 23:59:58.000  4711  4712 D BluetoothGatt: " + GATT.replace("133", "8"),
            "01-01 00:00:03.000  4711  4712 I Any     : last",
        ]
    )
    first, second = facts(read_text(text + "\n"), "gatt.status")
    assert first.time == datetime(2024, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert second.time == datetime(2023, 12, 31, 23, 59, 58, tzinfo=UTC)


def test_lines_after_the_report_in_the_year_are_from_the_year_before() -> None:
    head = "== dumpstate: 2024-01-02 08:00:00\n\n------ SYSTEM LOG (logcat -v threadtime -d *:v) ------\n"
    lines = "12-31 22:00:00.000  4711  4712 D BluetoothGatt: " + GATT + "\n"
    lines += "01-02 07:59:00.000  4711  4712 D BluetoothGatt: " + GATT + "\n"
    times = [fact.time for fact in facts(read_text(head + lines), "gatt.status")]
    assert times == [datetime(2023, 12, 31, 22, 0, tzinfo=UTC), datetime(2024, 1, 2, 7, 59, tzinfo=UTC)]


def test_leap_day_finds_its_year() -> None:
    head = "== dumpstate: 2025-03-01 08:00:00\n\n------ SYSTEM LOG (logcat -v threadtime -d *:v) ------\n"
    line = "02-29 22:00:00.000  4711  4712 D BluetoothGatt: " + GATT + "\n"
    assert one(read_text(head + line), "gatt.status").time == datetime(2024, 2, 29, 22, 0, tzinfo=UTC)


def test_errors_of_other_processes_are_not_the_apps() -> None:
    lines = [
        f"08-19 14:00:00.100  1500  1520 I ActivityManager: Start proc 4711:{FITBIT}/u0a140 for service x",
        "08-19 14:00:01.000  4711  4712 W Net     : java.net.SocketTimeoutException: timeout",
        "08-19 14:00:02.000  4799  4799 W Net     : java.net.UnknownHostException: other app",
    ]
    reading = read_text("\n".join(lines) + "\n")
    assert [fact.text("kind") for fact in facts(reading, "app.error")] == ["timeout"]


def test_process_id_given_away_again_is_no_longer_the_apps() -> None:
    head = "== dumpstate: 2023-08-19 15:00:00\n\n------ SYSTEM LOG (logcat -v threadtime -d *:v) ------\n"
    lines = [
        "08-19 13:00:00.000  4711  4712 W Net     : java.net.UnknownHostException: before it was the app's",
        f"08-19 14:00:00.100  1500  1520 I ActivityManager: Start proc 4711:{FITBIT}/u0a140 for service x",
        "08-19 14:00:01.000  4711  4712 W Net     : java.net.SocketTimeoutException: timeout",
        f"08-19 14:10:00.000  1500  1520 I ActivityManager: Killing 4711:{FITBIT}/u0a140 (adj 985): empty #17",
        "08-19 14:30:00.000  4711  4712 W Net     : javax.net.ssl.SSLHandshakeException: of the next owner",
    ]
    reading = read_text(head + "\n".join(lines) + "\n")
    assert [fact.text("kind") for fact in facts(reading, "app.error")] == ["timeout"]


def test_user_id_column_finds_lines_of_processes_whose_start_was_not_logged() -> None:
    phone = Phone("14")
    log = (
        "------ SYSTEM LOG (logcat -v threadtime -v uid -d *:v) ------\n"
        + f"08-19 14:00:01.000 {forms.UID}  6666  6667 W Net     : java.net.UnknownHostException: x\n" * 150
    )
    text = "== dumpstate: 2023-08-19 15:00:00\n" + log + forms.service("package", forms.package(phone), phone)
    assert one(read_text(text), "app.error", FITBIT).text("kind") == "dns"


def test_user_ids_below_ten_are_printed_by_name() -> None:
    log = "------ SYSTEM LOG (logcat -v threadtime -v uid -d *:v) ------\n" + (
        "08-19 14:00:01.000 u0_a8  6666  6667 W Net     : java.net.UnknownHostException: x\n" * 150
    )
    package = "Packages:\n  Package [com.example.eight] (1):\n    userId=10008\n"
    text = "== dumpstate: 2023-08-19 15:00:00\n" + log + forms.service("package", package, Phone("9"))
    assert one(read_text(text, "com.example.eight"), "app.error").text("kind") == "dns"


def test_tag_that_names_the_app_is_the_apps() -> None:
    line = "08-19 14:00:01.000  4711  4712 E FitbitMobile: SQLiteDatabaseCorruptException: x\n"
    assert one(read_text(line * 200), "app.error", FITBIT).text("kind") == "database"


@pytest.mark.parametrize(
    ("tag", "message", "what", "process", "reason"),
    [
        ("am_kill", "[0,3469,com.x,905,empty #1]", "killed", "com.x", "empty #1"),
        ("am_kill", "[0,3469,com.x,905,empty #1,81234]", "killed", "com.x", "empty #1"),
        ("am_kill", "[10,3469,com.x:remote,-700,stop com.x due to from pid 1]", "killed", "com.x:remote",
         "stop com.x due to from pid 1"),
        ("am_kill", "[0,3469,com.x,0,depends on provider a/b in dying proc c (adj -10000)]", "killed", "com.x",
         "depends on provider a/b in dying proc c (adj -10000)"),
        ("ActivityManager", "Killing 1821:com.x/u0a164 (adj 985): empty #17", "killed", "com.x", "empty #17"),
        ("ActivityManager", "Start proc 9155:com.x/u0a86 for activity com.x/.Main", "started", "com.x",
         "activity com.x/.Main"),
        ("ActivityManager", "Start proc com.x for service com.x/.S: pid=77 uid=10086 gids={}", "started", "com.x",
         "service com.x/.S"),
        ("ActivityManager", "Force stopping com.x appid=10086 user=0: from pid 123", "killed", "com.x",
         "force stop: from pid 123"),
        ("am_proc_start", "[0,9155,10086,com.x,broadcast,com.x/.R]", "started", "com.x", "broadcast com.x/.R"),
        ("am_proc_died", "[0,9155,com.x,985,19]", "died", "com.x", ""),
        ("am_crash", "[9155,0,com.x,952680005,java.lang.Error,why,X.java,1]", "crashed", "com.x", "java.lang.Error"),
    ],
)  # fmt: skip
def test_every_form_of_a_process_line(tag: str, message: str, what: str, process: str, reason: str) -> None:
    event = process_event(tag.encode(), message.encode())
    assert event is not None
    assert (event.what, event.process, event.reason) == (what, process, reason)


@pytest.mark.parametrize("message", ["", "[", "[]", "[0,1]", "Killing", "Killing x:y/z", "\xff" * 50])
def test_broken_process_lines_say_nothing(message: str) -> None:
    for tag in (b"am_kill", b"am_crash", b"am_proc_start", b"am_proc_died", b"ActivityManager"):
        assert process_event(tag, message.encode()) is None


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("empty #17", "cached"),
        ("cached #20", "cached"),
        ("too many empty", "cached"),
        ("cached idle & background restricted", "background"),
        ("OneKeyClean", "vendor"),
        ("LockScreenClean: 1", "vendor"),
        ("AutoPowerKill", "vendor"),
        ("AutoThermalKill", "vendor"),
        ("remove task", "user"),
        ("force stop: from pid 99", "user"),
        ("stop com.x due to from pid 99", "user"),
        ("force stop: installPackageLI", "other"),
        ("permissions revoked", "other"),
    ],
)
def test_kinds_of_kills(reason: str, kind: str) -> None:
    assert kill_kind(reason) == kind


def test_one_kill_in_two_logs_is_one_kill() -> None:
    reading = read_text(forms.report(Phone("14")))
    assert [fact.text("reason") for fact in facts(reading, "app.killed")].count("empty #17") == 1
    assert len(facts(reading, "app.crashed")) == 1


def test_kill_of_another_app_is_not_stated() -> None:
    reading = read_text(forms.report(Phone("14")), OTHER)
    assert [fact.subject for fact in facts(reading, "app.killed")] == [OTHER]


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"<-- 401 https://x (12ms)", 401),
        (b"<-- 200 OK https://x", 200),
        (b"HTTP/1.1 503 Service Unavailable", 503),
        (b"HTTP 426 Upgrade Required", 426),
        (b"request failed: statusCode=500", 500),
        (b'{"responseCode": 404}', 404),
        (b"http status 429", 429),
        (b"onClientConnectionState() - status=133", None),
        (b"took 401 ms", None),
        (b"HTTP 4011", None),
    ],
)
def test_http_status_in_a_line(message: bytes, status: int | None) -> None:
    assert http_status(message) == status


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b"javax.net.ssl.SSLHandshakeException: x", "tls"),
        (b"java.security.cert.CertificateNotYetValidException", "tls"),
        (b"java.net.UnknownHostException: Unable to resolve host", "dns"),
        (b"<-- 401 Unauthorized", "auth"),
        (b'{"error":"invalid_grant"}', "auth"),
        (b"android.database.sqlite.SQLiteDatabaseCorruptException", "database"),
        (b"database disk image is malformed (code 11 SQLITE_CORRUPT)", "database"),
        (b"database or disk is full (code 13 SQLITE_FULL)", "storage_full"),
        (b"write failed: ENOSPC (No space left on device)", "storage_full"),
        (b"java.net.SocketTimeoutException: Read timed out", "timeout"),
        (b"HTTP 426", "version_refused"),
        (b"ACCOUNT_NOT_LINKED", "account"),
        (b"HTTP 410 Gone", "account"),
        (b"synced 12 records", None),
        (b"<-- 200 OK", None),
    ],
)
def test_kind_of_an_apps_error(message: bytes, kind: str | None) -> None:
    assert error_kind(message) == kind


@pytest.mark.parametrize(
    ("message", "switched"),
    [("[0,1,1,abc,2]", [True]), ("[1,0,1,abc,2]", [False]), ("[0,0,1,0,1,abc,2]", [True]), ("[0,1,0,0,1,abc,2]", [])],
)
def test_battery_saver_event_before_and_after_10(message: str, switched: list[bool]) -> None:
    line = f"2023-08-19 14:09:00.000  1500  1520 I battery_saver_mode: {message}\n"
    assert values(read_text(line), "power.battery_saver_switched") == switched


def test_failure_to_register_names_the_app_where_it_logs_itself() -> None:
    lines = [
        f"08-19 14:00:00.100  1500  1520 I ActivityManager: Start proc 4711:{FITBIT}/u0a140 for service x",
        "08-19 14:00:01.000  4711  4712 E BluetoothGatt: registerClient failed: too much clientif were registered by "
        "this app!",
    ]
    assert one(read_text("\n".join(lines) + "\n"), "gatt.slots_exhausted").subject == FITBIT


def test_scan_refused_to_another_app_is_left_out() -> None:
    line = (
        "08-19 14:00:05.000  4711  4712 E BluetoothLeScanner: java.lang.SecurityException: Need android.permission."
        f"BLUETOOTH_SCAN permission for AttributionSource {{ uid = 10777, packageName = {OTHER} }}\n"
    )
    assert facts(read_text(line), "bluetooth.scan_denied") == []
    assert one(read_text(line, OTHER), "bluetooth.scan_denied").subject == OTHER


def test_several_processes_of_the_app_are_all_its_own() -> None:
    """Enough lines to be found by columns, and more than one process to look for."""
    lines = [
        f"08-19 14:00:00.{pid % 1000:03d}  1500  1520 I ActivityManager: Start proc {pid}:{FITBIT}:p{pid}/u0a140 for x"
        for pid in (711, 4711, 14711)
    ]
    lines += [f"08-19 14:01:00.000 {pid:5d}  9999 I Any     : nothing" for pid in range(4000, 4300)]
    lines += [f"08-19 14:02:00.000 {pid:5d}  9999 W Net     : HTTP 503" for pid in (711, 712, 4711, 14711, 24711)]
    reading = read_text("\n".join(lines) + "\n")
    assert [fact.locator for fact in facts(reading, "app.http")] == ["line 304"]  # same time and value: said once
    reading = read_text("\n".join(lines).replace("HTTP 503", "HTTP 50") + "\n")
    assert facts(reading, "app.http") == []


_TAGS = [
    "BluetoothGatt",
    "am_kill",
    "am_proc_start",
    "ActivityManager",
    "bt_stack",
    "AndroidRuntime",
    "Other",
    "FitbitMobile",
]
_MESSAGES = [
    GATT,
    f"[0,4711,{FITBIT},905,empty #1]",
    f"[0,4711,10140,{FITBIT},service,x]",
    f"Killing 4711:{FITBIT}/u0a140 (adj 985): empty #17",
    f"Start proc 4711:{FITBIT}/u0a140 for service x",
    f"Process: {FITBIT}, PID: 4711",
    "java.lang.IllegalStateException: x",
    "bta_gattc_conn_cback: Disconnected reason:GATT_CONN_TIMEOUT",
    "HTTP 401 Unauthorized",
    "nothing",
]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1_000_000))
def test_looking_by_columns_and_line_by_line_find_the_same(seed: int) -> None:
    rng = random.Random(seed)
    lines = []
    for number in range(600):
        stamp = f"08-19 14:{number // 60:02d}:{number % 60:02d}.000"
        ids = rng.choice(
            [" 4711  4712", "10140  4711  4712", " 1000  1500  1520", "u0_a8 14711 14712", "104711 104712"]
        )
        level = rng.choice("VDIWEF")
        lines.append(f"{stamp} {ids} {level} {rng.choice(_TAGS):<8}: {rng.choice(_MESSAGES)}")
        if rng.random() < 0.02:
            lines.append(
                rng.choice(["", "x", "--------- beginning of main", stamp, f"{stamp} D/BluetoothGatt( 4711): {GATT}"])
            )
    text = "--------- beginning of main\n" + "\n".join(lines) + "\n"
    by_columns = read_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loglines, "_FEW", 10**9)
        assert read_text(text) == by_columns
