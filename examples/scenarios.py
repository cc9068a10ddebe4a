"""The five stories. Each gives files by their path; all times of one story stand on one clock, zone Europe/Zurich."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from examples import air, takeout
from examples.bugreport import report
from examples.dumpsys import APP, ZONE, Phone

Files = Mapping[str, bytes]

_LOG_BEGINS = datetime(2026, 3, 12, 18, 22, 0, tzinfo=ZONE)
_BLUETOOTH_ON = datetime(2026, 3, 12, 18, 21, 58, 512_000, tzinfo=ZONE)
_EVENING = datetime(2026, 3, 12, 20, 4, 10, tzinfo=ZONE)
_NOON = datetime(2026, 3, 12, 12, 30, 0, tzinfo=ZONE)
_BY_HAND = "due to APPLICATION_REQUEST by com.android.systemui"
_SWITCHED = (
    (_BLUETOOTH_ON - timedelta(seconds=7, milliseconds=290), f"Disabled  {_BY_HAND}"),
    (_BLUETOOTH_ON, f"Enabled  {_BY_HAND}"),
)
"""Off and on, so that the Bluetooth log takes effect."""
_ON_SINCE_BOOT = (datetime(2026, 3, 10, 9, 16, 2, 87_000, tzinfo=ZONE), "Enabled  due to SYSTEM_BOOT by android")


def _gatt(time: datetime, status: int, connected: bool) -> tuple[datetime, str]:
    state = "true" if connected else "false"
    return time, (
        f"10231  8123  8140 D BluetoothGatt: onClientConnectionState() - status={status} clientIf=5 "
        f"device=XX:XX:XX:XX:00:01 connected={state}"
    )


def _killed(time: datetime, pid: int, reason: str) -> tuple[datetime, str]:
    return time, f" 1000  1511  1702 I am_kill : [0,{pid},{APP},905,{reason}]"


def _started(time: datetime, pid: int) -> tuple[datetime, str]:
    return time, f" 1000  1511  1702 I am_proc_start: [0,{pid},10231,{APP},service,{{{APP}/synthetic}}]"


def walked_away() -> Files:
    """The person leaves the phone on the desk; tracker, watch and earbuds fall silent within two minutes."""
    lost = _LOG_BEGINS + timedelta(seconds=4743, milliseconds=640)
    phone = Phone(
        taken=_EVENING,
        enable_log=(_ON_SINCE_BOOT, *_SWITCHED),
        beat_until=_EVENING,
        gatt_links=0,
        system_log=(_gatt(_LOG_BEGINS + timedelta(seconds=10, milliseconds=640), 0, True), _gatt(lost, 8, False)),
        event_log=(_started(datetime(2026, 3, 12, 7, 2, 11, 4_000, tzinfo=ZONE), 8123),),
    )
    return {"btsnoop_hci.log": air.evening_apart(_LOG_BEGINS), "bugreport-synthetic.zip": report(phone)}


def battery_saver() -> Files:
    """Saver mode goes on at 09:12; within two minutes the system stops the app, and again each time it starts."""
    saver = datetime(2026, 3, 12, 9, 12, 31, 204_000, tzinfo=ZONE)
    morning = datetime(2026, 3, 12, 7, 2, 11, 4_000, tzinfo=ZONE)
    reason = "cached idle & background restricted"
    phone = Phone(
        taken=_NOON,
        enable_log=(_ON_SINCE_BOOT,),
        beat_until=saver,
        gatt_links=0,
        saver_since=saver,
        battery_percent=18,
        system_log=(_gatt(morning + timedelta(seconds=9), 0, True),),
        event_log=(
            _started(morning, 8123),
            _killed(saver + timedelta(seconds=91, milliseconds=410), 8123, reason),
            _started(saver + timedelta(minutes=78), 14410),
            _killed(saver + timedelta(minutes=79, seconds=40), 14410, reason),
        ),
    )
    return {"bugreport-synthetic.zip": report(phone)}


def bluetooth_off() -> Files:
    """Bluetooth is switched off from the quick settings at 07:58 and stays off."""
    off = datetime(2026, 3, 12, 7, 58, 12, 345_000, tzinfo=ZONE)
    phone = Phone(
        taken=_NOON,
        enable_log=(_ON_SINCE_BOOT, (off, f"Disabled  {_BY_HAND}")),
        beat_until=_NOON,
        bluetooth_on=False,
        gatt_links=0,
        system_log=(
            _gatt(datetime(2026, 3, 12, 7, 2, 20, 4_000, tzinfo=ZONE), 0, True),
            _gatt(off - timedelta(milliseconds=130), 22, False),
        ),
    )
    return {"bugreport-synthetic.zip": report(phone)}


def takeout_idle() -> Files:
    """Nine good days, then two on which the phone holds the link for 20 hours and the app says nothing."""
    return takeout.export(datetime(2026, 6, 12, 6, 0, 0, tzinfo=UTC), good_days=9, idle_days=2)


def healthy() -> Files:
    """The evening of ``walked-away`` without the walk; the phone kept its Bluetooth log inside the report."""
    phone = Phone(
        taken=_EVENING,
        enable_log=(_ON_SINCE_BOOT, *_SWITCHED),
        beat_until=_EVENING,
        system_log=(_gatt(_LOG_BEGINS + timedelta(seconds=10, milliseconds=640), 0, True),),
        event_log=(_started(datetime(2026, 3, 12, 7, 2, 11, 4_000, tzinfo=ZONE), 8123),),
    )
    return {"bugreport-synthetic.zip": report(phone, hci_log=air.evening_together(_LOG_BEGINS))}


SCENARIOS: Mapping[str, Callable[[], Files]] = {
    "walked-away": walked_away,
    "battery-saver": battery_saver,
    "bluetooth-off": bluetooth_off,
    "takeout-idle": takeout_idle,
    "healthy": healthy,
}
"""Every story by its name on the command line."""
