"""A Google Takeout folder of one tracker: its own radio, battery and wrist log, the pairing tables, the steps."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from examples.air import TRACKER

_REPORT_EVERY = timedelta(hours=6)
"""The tracker's own log is reported every six hours, for the six hours before."""
_HOURS_PER_REPORT = 6.0

# Hours a day in each (mode, feature), as real days of an Inspire 3 had them.
_GOOD = {("FAST_MODE", "GG"): 0.36, ("SLOW_MODE", "GG"): 23.6}
_IDLE = {
    ("ADVERTISE_MODE", "NONE"): 3.9,
    ("FAST_MODE", "GG"): 0.01,
    ("IDLE_MODE", "GG"): 20.1,
    ("SLOW_MODE", "NONE"): 29.4,
}
_HOME = "Takeout/Google Health"
_EVENTS = f"{_HOME}/Device Events_GoogleData"
_TRACKER_ID = "SYNTHETIC0001"


def export(taken: datetime, good_days: int, idle_days: int) -> Mapping[str, bytes]:
    """The folder as of ``taken`` (UTC): the good days first, then the idle ones, which end the evening before."""
    first = (taken - timedelta(days=good_days + idle_days)).replace(hour=0, minute=0, second=0)
    days = [(first + timedelta(days=number), number < good_days) for number in range(good_days + idle_days)]
    stopped = next(day for day, good in days if not good) - timedelta(hours=2, minutes=11)
    files = {
        f"{_EVENTS}/PwrStatsEvents.json": _json([event for day, good in days for event in _radio(day, good)]),
        f"{_EVENTS}/StateOfChargeEvents.json": _json(
            [event for number, (day, _) in enumerate(days) for event in _charge(day, number)]
        ),
        f"{_HOME}/Paired Devices/Trackers.csv": _trackers(first, stopped),
        f"{_HOME}/Paired Devices/Devices.csv": _devices(),
    }
    steps = "".join(f"{time:%Y-%m-%dT%H:%M:%SZ},{count},Inspire 3\n" for time, count in _steps(first, stopped))
    files[f"{_HOME}/Physical Activity_GoogleData/Steps/steps_{first:%Y-%m}-01.csv"] = (
        "timestamp,steps,data source\n" + steps
    ).encode()
    return files


def _json(rows: list[dict[str, object]]) -> bytes:
    return json.dumps(rows, indent=1).encode()


def _stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _radio(day: datetime, good: bool) -> Iterator[dict[str, object]]:
    for number in range(1, 5):
        time = _stamp(day + number * _REPORT_EVERY)
        for (mode, feature), hours in (_GOOD if good else _IDLE).items():
            duration = round(hours / 4 * 3_600_000)
            yield {"event": {"durationMs": duration, "ble": {"feature": feature, "type": mode}}, "timestamp": time}
        worn = round(_HOURS_PER_REPORT * 3_600_000)
        yield {"event": {"durationMs": worn, "hrm": {"type": "ON_WRIST"}}, "timestamp": time}
        yield {"event": {"durationMs": worn, "charger": {"type": "OFF_CHARGER"}}, "timestamp": time}


def _charge(day: datetime, number: int) -> Iterator[dict[str, object]]:
    for hour in range(24):
        percent = 96 - 7 * number - round(7 * hour / 24)
        yield {
            "event": {"type": "HOURLY", "percentage": percent, "voltage": 3600 + 5 * percent, "isCharging": False},
            "timestamp": _stamp(day + timedelta(hours=hour)),
        }


def _trackers(added: datetime, last_sync: datetime) -> bytes:
    head = "tracker_id,date_added,last_sync_date_time,batt_level,tracker_name,device_type,is_bonded"
    rows = (
        f"{_TRACKER_ID},{_stamp(added)},{_stamp(last_sync)},Medium,Inspire 3,Inspire 3,true",
        f"SYNTHETIC0002,{_stamp(added)},{_stamp(last_sync + timedelta(days=2))},,MobileTrack,MobileTrack,false",
    )
    return "\n".join((head, *rows, "")).encode()


def _devices() -> bytes:
    return (
        "wire_id,device_type,serial_number,enabled,fw_version\n"
        f"{TRACKER.address.upper()},Inspire 3,{_TRACKER_ID},true,APP63.20001.220.31 BSL63.0.0\n"
    ).encode()


def _steps(first: datetime, last: datetime) -> Iterator[tuple[datetime, int]]:
    """A minute series of a worn tracker: still at night (explicit zeros), walking twice a day."""
    time = first
    while time <= last:
        minute = time.hour * 60 + time.minute
        walking = 6 * 60 + 40 <= minute < 7 * 60 + 15 or 16 * 60 <= minute < 16 * 60 + 50
        awake = 5 * 60 + 30 <= minute < 21 * 60
        yield time, 96 + minute % 9 if walking else (minute % 7 if awake and minute % 3 else 0)
        time += timedelta(minutes=1)
