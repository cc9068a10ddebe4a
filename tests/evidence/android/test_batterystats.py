"""Battery history: real extracts, and synthetic rows for the forms they do not show."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.data import DATA, needs_data
from tests.evidence.android.helpers import facts, one, read_text, values
from unstuck.evidence.android.clock import span
from unstuck.evidence.android.reader import recognise
from unstuck.model.evidence import Reading

HEALTH = "com.mi.health"


def real(name: str) -> Reading:
    return read_text(Path(DATA / "android" / name).read_bytes(), HEALTH)


@needs_data
def test_keep_alive_job_beats_every_quarter_of_an_hour() -> None:
    beats = facts(real("batterystats-xiaomi-hyperos-mi-fitness-extract.txt"), "app.beat", HEALTH)
    assert [fact.locator for fact in beats] == ["line 8", "line 10", "line 34", "line 80"]
    times = [fact.time for fact in beats if fact.time is not None]
    assert times[0] == datetime(2026, 1, 31, 12, 7, 59, 385_000, tzinfo=UTC)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(timedelta(minutes=14, seconds=57) <= gap <= timedelta(minutes=15, seconds=1) for gap in gaps)


@needs_data
def test_adapter_switch_scan_time_and_network_of_the_extract() -> None:
    reading = real("batterystats-xiaomi-hyperos-mi-fitness-extract.txt")
    history = one(reading, "bluetooth.history")
    assert (history.value, history.locator) == ({"on": None}, "line 4")
    scan = one(reading, "ble.scan", HEALTH)
    assert (scan.value, scan.locator) == ({"realtime_s": 25.771, "times": 2}, "line 126")
    assert values(reading, "network.switched") == [True]
    scanning = facts(reading, "ble.scanning")
    assert [fact.value for fact in scanning[:4]] == [True, False, True, False]
    assert scanning[1].time == datetime(2026, 1, 31, 12, 26, 53, 656_000, tzinfo=UTC)
    assert "time zone" in reading.source.problems[0]


@needs_data
def test_bluetooth_off_and_on_sample() -> None:
    reading = real("sampleBlueOnOff.log")
    assert [(fact.value, fact.locator) for fact in facts(reading, "ble.scanning")] == [
        (True, "line 3"),
        (False, "line 24"),
        (True, "line 34"),
    ]
    assert [(fact.value, fact.locator) for fact in facts(reading, "phone.airplane_switched")] == [
        (True, "line 9"),
        (False, "line 24"),
    ]


@needs_data
def test_airplane_mode_sample() -> None:
    reading = real("airplane_on_off.log")
    switched = facts(reading, "phone.airplane_switched")
    assert [(fact.value, fact.locator) for fact in switched] == [(False, "line 16"), (True, "line 102")]
    assert switched[0].time == datetime(2020, 11, 13, 9, 54, 43, 630_000, tzinfo=UTC)
    assert switched[0].excerpt.startswith("inferred")
    assert [(fact.value, fact.locator) for fact in facts(reading, "network.switched")] == [
        (True, "line 66"),
        (False, "line 101"),
    ]


@needs_data
def test_power_sample() -> None:
    reading = real("power_sample-tcl.txt")
    assert reading.source.kind == "dumpsys power"
    assert one(reading, "power.battery_saver").value is False
    assert one(reading, "phone.battery").value == 13
    assert one(reading, "phone.section").value == {"section": "power", "lines": 171}


@needs_data
def test_alarm_sample_dates_itself_and_gives_its_zone() -> None:
    reading = real("alarm_sample-tcl.txt")
    uptime = one(reading, "phone.uptime")
    assert uptime.number("seconds") == 16_727.112
    # 1783974699246 ms since 1970 is printed as 22:31:39 local: two hours before UTC
    assert uptime.time == datetime(2026, 7, 13, 20, 31, 39, tzinfo=UTC)
    assert reading.source.problems == ()


HISTORY = """Battery History (1% used, 67KB used of 4096KB, 278 strings using 12KB):
                    0 (14) RESET:TIME: 2026-01-31-12-00-00
                    0 (2) 100 status=discharging +running +bluetooth phone_state=in
             +1m00s000ms (2) 100 +tmpwhitelist=1000:"932cb3b android.bluetooth.device.action.ACL_CONNECTED/u0"
             +1m30s000ms (2) 100 -tmpwhitelist=1000:"932cb3b android.bluetooth.device.action.ACL_CONNECTED/u0"
             +2m00s000ms (2) 100 -bluetooth +power_save
             +3m00s000ms (2) 100 +job=u0a260:"@androidx.work@com.mi.health/.Sync"
         +1h00m00s000ms (10) TIME: 2026-01-31-20-00-00
         +1h00m01s000ms (2) 100 -power_save +bluetooth
"""


def test_clock_marks_move_the_entries_after_them() -> None:
    reading = read_text(HISTORY, HEALTH)
    saver = facts(reading, "power.battery_saver_switched")
    assert [(fact.value, fact.time) for fact in saver] == [
        (True, datetime(2026, 1, 31, 12, 2, tzinfo=UTC)),
        (False, datetime(2026, 1, 31, 20, 0, 1, tzinfo=UTC)),  # the phone slept for hours in between
    ]
    assert values(reading, "bluetooth.history") == [{"on": True}, {"on": False}, {"on": True}]
    assert one(reading, "ble.link_wakeup").time == datetime(2026, 1, 31, 12, 1, tzinfo=UTC)
    assert one(reading, "app.beat", HEALTH).value == {"job": "@androidx.work@com.mi.health/.Sync"}


CHECKIN = """9,0,i,vers,36,177,AP1A,AP1A
9,hsp,0,10260,"com.mi.health/com.xiaomi.KeepAlive"
9,hsp,1,1000,"932cb3b android.bluetooth.device.action.ACL_CONNECTED/u0"
9,hsp,2,0,"CONNECTED"
9,hsp,3,1002,"cf android.bluetooth.adapter.action.STATE_CHANGED/u-1"
9,h,0:RESET:TIME:1700000000000
9,h,0,Bl=100,Bs=d,Pst=in,+r
9,h,60000,+Ejb=0
9,h,1000,-Ejb=0,+Etw=1
9,h,1000,Ecn=2
9,h,5000:TIME:1700009999000
9,h,1000,+ps,+Etw=3,-bles,Pst=off
9,h,0,+Ejb=77
"""


def test_checkin_rows_say_the_same() -> None:
    assert recognise(CHECKIN.encode()) == "batterystats"
    reading = read_text(CHECKIN, HEALTH)
    start = datetime.fromtimestamp(1_700_000_000, UTC)
    assert one(reading, "app.beat", HEALTH).time == start + timedelta(seconds=60)
    assert one(reading, "ble.link_wakeup").time == start + timedelta(seconds=61)
    assert one(reading, "network.switched").value is True
    later = datetime.fromtimestamp(1_700_010_000, UTC)
    assert one(reading, "power.battery_saver_switched").time == later
    assert one(reading, "bluetooth.history").value == {"on": None}
    assert one(reading, "ble.scanning").value is False
    assert one(reading, "phone.airplane_switched").value is True
    assert reading.source.problems == ()  # checkin times need no zone


def test_scan_time_belongs_to_the_app_of_its_block() -> None:
    text = (
        "Battery History (0% used):\nStatistics since last charge:\n"
        "  u0a99:\n    Bluetooth Scan (total actual realtime): 9h 0m 0s 1ms  (9 times)\n    Apk com.example.x:\n"
        "  u0a260:\n    Bluetooth Scan (total actual realtime): 7h 6m 12s 756ms  (25 times) (currently running in "
        "background)\n    Apk com.mi.health:\n      1 wakeup\n  u0a261:\n    Apk com.example.y:\n"
    )
    scan = one(read_text(text, HEALTH), "ble.scan")
    assert (scan.subject, scan.value) == (HEALTH, {"realtime_s": 25_572.756, "times": 25})


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(b"0", 0.0), (b"+36ms", 0.036), (b"+1h00m44s605ms", 3644.605), (b"7h 6m 12s 756ms ", 25_572.756),
     (b"+2d1h0m0s0ms", 176_400.0), (b"", None), (b"soon", None), (b"+", None)],
)  # fmt: skip
def test_spans_as_android_writes_them(written: bytes, seconds: float | None) -> None:
    found = span(written)
    assert (None if found is None else found.total_seconds()) == seconds
