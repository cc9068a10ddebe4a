"""The tracker as a whole: minutes of a source, requests and true time enter; records and answers leave.

It has no clock of its own making and no network: whoever runs it tells it the true time. A minute is
recorded once it is over, in one durable write with everything that belongs to it: the notes say up to
which minute has been recorded, so no restart records a minute twice or forgets one.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace

from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.records import LARGEST, Day, Happening, Kind, Sleep, Wear
from unstuck.chain.records.columns import fold
from unstuck.chain.releases import Installed
from unstuck.chain.tracker.battery import FULL_MILLIPERCENT, Battery
from unstuck.chain.tracker.clock import Clock
from unstuck.chain.tracker.events import Happened
from unstuck.chain.tracker.files import Files
from unstuck.chain.tracker.firmware import Slot
from unstuck.chain.tracker.firmware_resource import DAMAGED, AbandonUpdate, BeginUpdate, FirmwareState, WriteChunk
from unstuck.chain.tracker.memory import DETAIL_A_DAY_RECORDS, Capacity, Measured, Memory
from unstuck.chain.tracker.radio import Radio
from unstuck.chain.tracker.resources import Erase, Identity, Restart, SetClock, State, Trim, answer
from unstuck.chain.tracker.slots import Firmware, always
from unstuck.chain.tracker.source import DAY_S, MINUTE_S, Sample, Source

RESTART_MOST_S = 120
"""A restart shorter than this (seconds) is the ten-second button: the sensor has kept the minutes in between.
After a longer one the tracker was off, and what was not measured is not recorded. In real time the same holds for
a machine that slept in between."""

WRITE_MOST_RECORDS = 240
"""Most records of one write when many minutes are recorded at once (accelerated time)."""

_MINUTE_MOST_RECORDS = 16
"""More than one minute can give: the minute, a total, stretches that end, wear, charger, a radio report."""

CLOCK_TOLERANCE_S = 1
"""The phone tells whole seconds; a difference within one second is not worth an event at every sync."""

REPORT_S = 21_600
"""Seconds between two reports of radio and charge: six hours, as in the device events of a Takeout export."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is as durable as the records. Times in Unix s, true unless ``shows``; ``day_*``: the day under way."""

    recorded_until_s: int
    clock_since_s: int
    clock_offset_ms: int = 0
    day_shows_s: int = 0
    day_steps: int = 0
    day_calories_tenths: int = 0
    day_worn_minutes: int = 0
    battery_millipercent: int = FULL_MILLIPERCENT
    charging: int = 0
    wear: int = int(Wear.NOT_KNOWN)
    reported_s: int = 0


class Tracker:
    """One virtual tracker, from switching on (``true_s``, Unix s) to switching off.

    ``files``: its memory. ``drift_ppm``: of its clock. ``release_keys``: public keys whose signatures on
    firmware it believes; without one it takes none. ``starts``: whether an image can be started.
    ``real_time``: it is told the time every second, so a long step means that nothing was measured in it;
    else (accelerated time) long steps are lived through. OSError when the memory cannot be read or written.
    """

    def __init__(
        self,
        identity: Identity,
        files: Files,
        source: Source,
        true_s: float,
        *,
        capacity: Capacity | None = None,
        drift_ppm: float = 0.0,
        release_keys: Sequence[bytes] = (),
        starts: Callable[[bytes], bool] = always,
        real_time: bool = False,
    ) -> None:
        self.identity = identity
        self.radio = Radio(true_s)
        self._files = files
        self._source = source
        self._capacity = capacity or Capacity()
        self._drift_ppm = drift_ppm
        self._release_keys = tuple(release_keys)
        self._starts = starts
        self._real_time = real_time
        self._true_s = true_s
        self._switch_on()

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return Clock(self.notes.clock_since_s, self.notes.clock_offset_ms, self._drift_ppm)

    @property
    def battery(self) -> Battery:
        """Its battery as of the last recorded minute."""
        return Battery(self.notes.battery_millipercent, bool(self.notes.charging))

    def advance(self, true_s: float) -> None:
        """Record every minute that is over by ``true_s``. Nothing once a write has failed, until a restart."""
        slept = self._real_time and true_s - self._true_s > RESTART_MOST_S
        self._true_s = max(self._true_s, true_s)
        if slept:
            self._skip()
        pending: list[Measured] = []
        room = min(self.memory.most, WRITE_MOST_RECORDS) - _MINUTE_MOST_RECORDS
        while not self.memory.broken and self.notes.recorded_until_s + MINUTE_S <= self._true_s:
            pending += self._minute(self.notes.recorded_until_s)
            if len(pending) > room:
                self._flush(pending)
        self._flush(pending)
        self.radio.advance(self._true_s)

    def handle(self, request: Request, true_s: float) -> Response:
        """Answer a request, and do what it asks before the answer is given out."""
        try:
            self.advance(true_s)
            self.radio.asked(true_s)
            self._keep_firmware()
            given = answer(request, self._state())
            match given.act:
                case Trim(boot, through):
                    self.memory.trim(boot, through)
                case SetClock(shows_s):
                    self._set_clock(shows_s)
                case Restart():
                    self._switch_on()
                case Erase():
                    self._erase()
                case BeginUpdate(release):
                    self.firmware.begin(release)
                case WriteChunk(chunk):
                    if not self.firmware.write(chunk):
                        return DAMAGED
                case AbandonUpdate():
                    self.firmware.abandon()
        except OSError:
            return Response(Code.INTERNAL_ERROR, b"the memory cannot be used; restart the tracker")
        return given.response

    def handler(self, true_time: Callable[[], float]) -> Callable[[Request], Response]:
        """:meth:`handle` as a CoAP endpoint wants it, with the true time (Unix s) from ``true_time``."""
        return lambda request: self.handle(request, true_time())

    # inside

    def _state(self) -> State:
        keeps_s = self.memory.capacity.detail * DAY_S // DETAIL_A_DAY_RECORDS
        percent = self.battery.percent
        installed = Installed(self.identity.model, self.firmware.version, percent, self._release_keys)
        firmware = FirmwareState(
            self.firmware.slots, self.identity.firmware, installed, self.firmware.manifest, self.firmware.offset
        )
        return State(self.identity, self.memory, self._shows(self._true_s), keeps_s, percent, firmware)

    def _shows(self, true_s: float) -> int:
        return max(0, min(LARGEST, round(self.clock.reads(true_s))))

    def _switch_on(self) -> None:
        self.memory = Memory(self._files, self._capacity)
        if self.memory.notes:
            self.notes = Notes(*self.memory.notes)
        else:
            this_minute_s = self._this_minute_s()
            self.notes = Notes(this_minute_s, this_minute_s, reported_s=this_minute_s)
        off_s = self._true_s - self.notes.recorded_until_s
        if off_s > RESTART_MOST_S:
            self._skip()
        self._happened(Happened.STARTED, self.memory.torn)
        self._start_firmware()

    def _this_minute_s(self) -> int:
        return int(self._true_s) // MINUTE_S * MINUTE_S

    def _skip(self) -> None:
        """Up to the minute under way nothing was measured."""
        until_s = max(self.notes.recorded_until_s, self._this_minute_s())
        self.notes = replace(self.notes, recorded_until_s=until_s)

    def _start_firmware(self) -> None:
        self.firmware = Firmware(self._files, self.identity.firmware, self.battery.percent, self._starts)
        if self.firmware.given_up is not None:
            self._happened(Happened.FIRMWARE_BACK, _place(self.firmware.given_up))
        if self.firmware.on_trial:
            self._happened(Happened.FIRMWARE_TRIED, _place(self.firmware.slots.running))

    def _keep_firmware(self) -> None:
        """A request has come and the memory works: with that a firmware on trial has shown all that counts."""
        if self.firmware.on_trial and not self.memory.broken:
            self.firmware.keep()
            self._happened(Happened.FIRMWARE_KEPT, _place(self.firmware.slots.running))

    def _set_clock(self, shows_s: int) -> None:
        change_s = shows_s - self._shows(self._true_s)
        if abs(change_s) <= CLOCK_TOLERANCE_S:
            return
        clock = self.clock.set(shows_s, self._true_s)
        self.notes = replace(self.notes, clock_since_s=clock.since_s, clock_offset_ms=clock.offset_ms)
        self._happened(Happened.CLOCK_SET, fold(change_s))

    def _erase(self) -> None:
        held = sum(ranges.total for ranges in self.memory.held.values())
        self.memory.erase()
        kept = self.notes
        self.notes = replace(kept, day_shows_s=0, day_steps=0, day_calories_tenths=0, day_worn_minutes=0)
        self._happened(Happened.ERASED, held)

    def _happened(self, code: int, argument: int) -> None:
        self._flush([_event(self._shows(self._true_s), code, argument)])

    def _flush(self, pending: list[Measured]) -> None:
        if pending:
            self.memory.write(pending, astuple(self.notes))
            pending.clear()

    def _minute(self, minute_s: int) -> list[Measured]:
        """What a true minute leaves to record; the notes go on with it."""
        sample = self._source.sample(minute_s)
        start = self._shows(minute_s)
        end = start + MINUTE_S
        measured = self._day_change(start)
        if sample:
            measured.append((Kind.MINUTE, start, MINUTE_S, tuple(sample.minute)))
            for stretch in sample.ended:
                kind = Kind.SLEEP if isinstance(stretch.value, Sleep) else Kind.WORKOUT
                measured.append((kind, max(0, end - stretch.duration_s), stretch.duration_s, tuple(stretch.value)))
            measured += self._wear_change(sample.minute.wear, start)
            self._add_to_day(sample)
        measured += self._drain(end)
        self.notes = replace(self.notes, recorded_until_s=minute_s + MINUTE_S)
        self.radio.advance(self.notes.recorded_until_s)
        if self.notes.recorded_until_s >= self.notes.reported_s + REPORT_S:
            measured += self._report(end)
            self.notes = replace(self.notes, reported_s=self.notes.recorded_until_s)
        return measured

    def _day_change(self, start: int) -> list[Measured]:
        """The total of the day under way, when the tracker's clock has left it in either direction."""
        notes, day = self.notes, start - start % DAY_S
        if notes.day_shows_s == day:
            return []
        self.notes = replace(notes, day_shows_s=day, day_steps=0, day_calories_tenths=0, day_worn_minutes=0)
        if not notes.day_shows_s:
            return []
        total = Day(notes.day_steps, notes.day_calories_tenths, notes.day_worn_minutes)
        return [(Kind.DAY, notes.day_shows_s, DAY_S, tuple(total))]

    def _add_to_day(self, sample: Sample) -> None:
        self.notes = replace(
            self.notes,
            day_steps=self.notes.day_steps + sample.minute.steps,
            day_calories_tenths=self.notes.day_calories_tenths + sample.minute.calories_tenths,
            day_worn_minutes=self.notes.day_worn_minutes + (sample.minute.wear == Wear.WORN),
        )

    def _wear_change(self, wear: int, start: int) -> list[Measured]:
        if wear == self.notes.wear:
            return []
        self.notes = replace(self.notes, wear=wear)
        happened = {int(Wear.WORN): Happened.ON_WRIST, int(Wear.NOT_WORN): Happened.OFF_WRIST}.get(wear)
        return [_event(start, happened, 0)] if happened else []

    def _drain(self, end: int) -> list[Measured]:
        before = self.battery
        after = before.after(MINUTE_S * 1000, {})
        self.notes = replace(self.notes, battery_millipercent=after.millipercent, charging=int(after.charging))
        if before.charging == after.charging:
            return []
        return [_event(end, Happened.CHARGER_IN if after.charging else Happened.CHARGER_OUT, after.percent)]

    def _report(self, end: int) -> list[Measured]:
        """Radio and charge of the last hours; what the radio took is drawn from the battery here."""
        spent = self.radio.report()
        battery = self.battery.after(0, spent)
        self.notes = replace(self.notes, battery_millipercent=battery.millipercent)
        modes = [_event(end, Happened.RADIO + mode, duration_ms) for mode, duration_ms in spent.items()]
        return [*modes, _event(end, Happened.CHARGE, battery.percent)]


def _place(slot: Slot) -> int:
    return list(Slot).index(slot)


def _event(start: int, code: int, argument: int) -> Measured:
    return (Kind.EVENT, start, 0, tuple(Happening(int(code), argument)))
