"""The five stories. Each gives files by their path; all times of one story stand on one clock, zone Europe/Zurich."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from examples import air, takeout
from examples.phone import ZONE, Day

Files = Mapping[str, bytes]

_LOG_BEGINS = datetime(2026, 3, 12, 18, 22, 0, tzinfo=ZONE)
_BLUETOOTH_ON = datetime(2026, 3, 12, 18, 21, 58, 512_000, tzinfo=ZONE)
_EVENING = datetime(2026, 3, 12, 20, 4, 10, tzinfo=ZONE)
_NOON = datetime(2026, 3, 12, 12, 30, 0, tzinfo=ZONE)


def _evening() -> Day:
    """A day up to the evening, when Bluetooth is switched off and on so that its log takes effect."""
    day = Day()
    day.works_until(_BLUETOOTH_ON - timedelta(seconds=7, milliseconds=290))
    day.phone.set_bluetooth(on=False)
    day.at(_BLUETOOTH_ON).set_bluetooth(on=True)
    day.gatt(_LOG_BEGINS + timedelta(seconds=10, milliseconds=640), 0, connected=True)
    return day


def walked_away() -> Files:
    """The person leaves the phone on the desk; tracker, watch and earbuds fall silent within two minutes."""
    day = _evening()
    lost = _LOG_BEGINS + timedelta(seconds=4743, milliseconds=640)
    day.works_until(lost)
    day.gatt(lost, 8, connected=False)
    day.works_until(_EVENING)
    return {"btsnoop_hci.log": air.evening_apart(_LOG_BEGINS), "bugreport-synthetic.zip": day.phone.bugreport()}


def battery_saver() -> Files:
    """Saver mode goes on at 09:12; within two minutes the system stops the app, and again each time it starts."""
    day = Day()
    saver = datetime(2026, 3, 12, 9, 12, 31, 204_000, tzinfo=ZONE)
    day.gatt(datetime(2026, 3, 12, 7, 2, 20, 4_000, tzinfo=ZONE), 0, connected=True)
    day.works_until(saver)
    state = day.phone.state
    state.battery_saver, state.battery_percent, state.app.doze_exempt = True, 20.0, False
    reason = "cached idle & background restricted"
    day.at(saver + timedelta(seconds=91, milliseconds=410)).note_killed(reason=reason)
    day.at(saver + timedelta(minutes=78)).note_started()
    day.at(saver + timedelta(minutes=79, seconds=40)).note_killed(reason=reason)
    day.phone.state.app.next_job_s = 0.0
    return {"bugreport-synthetic.zip": day.at(_NOON).bugreport()}


def bluetooth_off() -> Files:
    """Bluetooth is switched off from the quick settings at 07:58 and stays off."""
    day = Day()
    day.gatt(datetime(2026, 3, 12, 7, 2, 20, 4_000, tzinfo=ZONE), 0, connected=True)
    off = datetime(2026, 3, 12, 7, 58, 12, 345_000, tzinfo=ZONE)
    day.works_until(off)
    day.phone.set_bluetooth(on=False)
    day.works_until(_NOON)
    return {"bugreport-synthetic.zip": day.phone.bugreport()}


def takeout_idle() -> Files:
    """Nine good days, then two on which the phone holds the link for 20 hours and the app says nothing."""
    return takeout.export(datetime(2026, 6, 12, 6, 0, 0, tzinfo=UTC), good_days=9, idle_days=2)


def healthy() -> Files:
    """The evening of ``walked-away`` without the walk; the phone kept its Bluetooth log inside the report."""
    day = _evening()
    day.works_until(_EVENING)
    return {"bugreport-synthetic.zip": day.phone.bugreport(air.evening_together(_LOG_BEGINS))}


SCENARIOS: Mapping[str, Callable[[], Files]] = {
    "walked-away": walked_away,
    "battery-saver": battery_saver,
    "bluetooth-off": bluetooth_off,
    "takeout-idle": takeout_idle,
    "healthy": healthy,
}
"""Every story by its name on the command line."""
