"""The ordinary gaps of life. Nothing is wrong, and the doctor must not say that something is."""

import random

from unstuck.chain.link.radio.physics import Spot
from unstuck.lab.faults.fault import Fault, Step, at_once
from unstuck.lab.state import NEAR, State

MINUTE_S = 60.0
HOUR_S = 3_600.0


def _nothing(state: State, dice: random.Random) -> None:
    """A day like any other."""


def _charger(on: bool) -> Step:
    def change(state: State, dice: random.Random) -> None:
        state.wrist.on_charger = on
        state.wrist.battery_percent = 40.0 if on else 95.0

    return Step(0.0 if on else 70 * MINUTE_S, change)


def _drawer(state: State, dice: random.Random) -> None:
    state.wrist.worn = False


def _off(state: State, dice: random.Random) -> None:
    state.phone.power_off()


def _on(state: State, dice: random.Random) -> None:
    state.phone.power_on()


def _away(state: State, dice: random.Random) -> None:
    state.rooms.wrist = Spot(400.0)


def _back(state: State, dice: random.Random) -> None:
    state.rooms.wrist = NEAR


HEALTHY = (
    Fault("ordinary_day", "", "A day like any other", at_once(_nothing)),
    Fault(
        "on_the_charger",
        "",
        "The tracker was on its charger for an hour, and is worn again",
        (_charger(True), _charger(False)),
        noticed_s=(2 * HOUR_S, 3 * HOUR_S),
    ),
    Fault(
        "phone_off_overnight",
        "",
        "The phone was off for the night and has been on again for an hour",
        (Step(0.0, _off), Step(6 * HOUR_S, _on)),
        noticed_s=(7 * HOUR_S, 8 * HOUR_S),
    ),
    Fault(
        "short_walk",
        "",
        "The person went for a walk without the phone, and has been back for a while",
        (Step(0.0, _away), Step(50 * MINUTE_S, _back)),
        noticed_s=(100 * MINUTE_S, 150 * MINUTE_S),
    ),
)

FAULTS = (
    Fault(
        "in_a_drawer",
        "tracker.not_worn",
        "The tracker lies in a drawer: there is nothing to sync, and nothing is broken",
        at_once(_drawer),
        noticed_s=(3 * HOUR_S, 5 * HOUR_S),
    ),
)
