"""What goes wrong at the wrist."""

import random

from unstuck.chain.link.radio.physics import Spot
from unstuck.lab.faults.fault import Fault, Step, at_once, ramp
from unstuck.lab.state import NEAR, Hung, State

MINUTE_S = 60.0
HOUR_S = 3_600.0


def _low(state: State, dice: random.Random) -> None:
    state.wrist.battery_percent = dice.uniform(4.0, 9.0)


def _dying(state: State, dice: random.Random, share: float) -> None:
    state.wrist.battery_percent = max(0.0, state.wrist.battery_percent * (1.0 - share) - 0.5 * share)


def _flat(state: State, dice: random.Random) -> None:
    state.wrist.battery_percent = 0.0


def _weak(state: State, dice: random.Random) -> None:
    state.wrist.battery_percent = dice.uniform(20.0, 35.0)


def _radio_hangs(state: State, dice: random.Random) -> None:
    state.wrist.hung = Hung.RADIO


def _mute(state: State, dice: random.Random) -> None:
    state.wrist.hung = Hung.MUTE


def _left_behind(state: State, dice: random.Random) -> None:
    state.rooms.wrist = Spot(900.0)


def _back(state: State, dice: random.Random) -> None:
    state.rooms.wrist = NEAR
    state.wrist.lagging = True


def _new_app(state: State, dice: random.Random) -> None:
    """The store updates the app, and with it the service stops taking what old firmware says."""
    state.service.minimum_firmware = "2.0.0"
    state.phone.update_app("9.0.0", 90_000_000)
    state.person.update_waited = True


def _wrong_by(least_h: float, most_h: float, sign: int) -> Step:
    def change(state: State, dice: random.Random) -> None:
        state.phone.state.automatic_time = False
        state.phone.state.clock_offset_s = sign * dice.uniform(least_h, most_h) * HOUR_S

    return Step(0.0, change)


def _keeps_restarting(state: State, dice: random.Random) -> None:
    state.wrist.restarts_every_s = dice.uniform(60.0, 150.0)


def _flash(state: State, dice: random.Random) -> None:
    state.wrist.memory_refuses = True


def _sensor(state: State, dice: random.Random) -> None:
    state.wrist.sensor_dead = True


FAULTS = (
    Fault(
        "battery_flat",
        "tracker.battery_empty",
        "The tracker's battery, low for a while, runs flat",
        (*ramp(_dying, 20 * MINUTE_S, 5), Step(25 * MINUTE_S, _flat)),
        before=_low,
    ),
    Fault(
        "battery_collapses",
        "tracker.battery_empty",
        "An old battery gives out from a third, in the middle of a link",
        at_once(_flat),
        before=_weak,
    ),
    Fault(
        "radio_hangs",
        "tracker.hung",
        "The tracker shows the time, and its radio is silent",
        at_once(_radio_hangs),
        form="silent",
    ),
    Fault("mute", "tracker.hung", "The tracker connects and answers nothing", at_once(_mute), form="mute"),
    Fault(
        "phone_left_at_home",
        "tracker.memory_full",
        "The phone stayed at home for longer than the tracker remembers; the person has just come back",
        (Step(0.0, _left_behind), Step(7 * HOUR_S, _back)),
        noticed_s=(7 * HOUR_S + 5, 7 * HOUR_S + 25),
        memory_hours=2,
    ),
    Fault(
        "long_trip",
        "tracker.memory_full",
        "A day's trip without the phone, with a tracker that remembers three hours; the person has just come back",
        (Step(0.0, _left_behind), Step(10 * HOUR_S, _back)),
        noticed_s=(10 * HOUR_S + 5, 10 * HOUR_S + 25),
        memory_hours=3,
    ),
    Fault(
        "firmware_left_behind",
        "tracker.firmware_outdated",
        "The app was updated, and the tracker's firmware does not know what the new one asks",
        at_once(_new_app),
    ),
    Fault(
        "clock_ahead",
        "tracker.clock_wrong",
        "The phone's time was set by hand, ahead, and the tracker takes it over",
        (_wrong_by(13.0, 40.0, 1),),
    ),
    Fault(
        "clock_behind",
        "tracker.clock_wrong",
        "The phone's time was set by hand, behind, and the tracker takes it over",
        (_wrong_by(13.0, 40.0, -1),),
    ),
    Fault(
        "restarts_by_itself",
        "tracker.hardware_fault",
        "The tracker restarts every few minutes",
        at_once(_keeps_restarting),
        form="restarts",
    ),
    Fault(
        "flash_broken",
        "tracker.hardware_fault",
        "The tracker's memory cannot be written any more",
        at_once(_flash),
        form="memory",
    ),
    Fault(
        "sensor_dead",
        "tracker.hardware_fault",
        "It is worn and measures nothing",
        at_once(_sensor),
        form="sensor",
    ),
)
