"""The tracker's own event log, as far as it was drained: records enter, facts leave.

Source of codes and arguments: docs/reference/tracker-resources.md. Times are those of the tracker's clock.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from unstuck.chain.records import Happening, Kind, Record
from unstuck.chain.records.columns import unfold
from unstuck.chain.tracker.events import Happened, Mode, event_name
from unstuck.evidence.chain.moments import moment
from unstuck.evidence.takeout.place import Place
from unstuck.evidence.takeout.reports import ReportLog
from unstuck.model.evidence import Fact, Scalar

_COLUMNS = {
    Mode.ADVERTISE_MODE: "advertise_h",
    Mode.ADVERTISE_VERY_FAST_MODE: "advertise_h",
    Mode.FAST_MODE: "fast_h",
    Mode.SLOW_MODE: "slow_gg_h",
    Mode.IDLE_MODE: "idle_gg_h",
}
"""Where each mode of the radio belongs in a day; the same as for the log of a Takeout export."""

_CHARGES = {Happened.CHARGE, Happened.CHARGER_IN, Happened.CHARGER_OUT}


def event_facts(tracker: str, records: Iterable[Record], source: str) -> Iterator[Fact]:
    """Facts from the event records among these; a record that comes twice is taken once."""
    events = {(one.boot, one.sequence): one for one in records if one.kind is Kind.EVENT}
    radio = ReportLog()
    for (boot, sequence), record in sorted(events.items()):
        happened = Happening(*record.value)
        time = moment(record.start)
        if time is None:
            continue
        quoted = f"{event_name(happened.code)} {happened.argument}"
        place = Place(source, f"event {boot}/{sequence}", quoted)
        mode = happened.code - Happened.RADIO
        if mode in set(Mode):
            radio.add(time, _COLUMNS[Mode(mode)], happened.argument, place)
        else:
            yield from _single(tracker, boot, happened, time, place)
    yield from _days(radio)


def _single(tracker: str, boot: int, happened: Happening, time: datetime, place: Place) -> Iterator[Fact]:
    if happened.code in _CHARGES:
        charging = {Happened.CHARGER_IN: True, Happened.CHARGER_OUT: False}.get(Happened(happened.code))
        value: dict[str, Scalar] = {"percent": float(happened.argument), "voltage_mv": None, "charging": charging}
        yield place.fact("tracker.battery", value, time)
        if charging is not None:
            yield place.fact("tracker.charger", charging, time)
    elif happened.code == Happened.STARTED and boot > 0:
        yield place.fact("tracker.rebooted", True, time, tracker)
    elif happened.code == Happened.CLOCK_SET:
        yield place.fact("tracker.clock_offset", float(-unfold(happened.argument)), time, tracker)


def _days(radio: ReportLog) -> Iterator[Fact]:
    times = radio.times()
    if not times:
        return
    for day, shown in radio.days(times[0][0].date()):
        hours = {column: round(shown.hours.get(column, 0.0), 3) for column in (*_COLUMNS.values(), "slow_none_h")}
        value: dict[str, Scalar] = {"date": day.isoformat(), **hours, "reports": shown.reports}
        yield shown.place.fact("tracker.radio_day", value, shown.time)
