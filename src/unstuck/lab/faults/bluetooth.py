"""What goes wrong between the two radios."""

import random

from unstuck.chain.link.radio.physics import Jammer, Spot
from unstuck.lab.faults.fault import Change, Fault, Step, at_once, ramp
from unstuck.lab.phone.state import LiveLink
from unstuck.lab.state import CEILING, NEAR, THICK_WALL, State, Wedged

MINUTE_S = 60.0


def _off(state: State, dice: random.Random) -> None:
    state.phone.set_bluetooth(False)


def _airplane(state: State, dice: random.Random) -> None:
    state.phone.state.airplane_mode = True
    state.phone.catch_up()


def _wedge(kind: Wedged) -> Change:
    def change(state: State, dice: random.Random) -> None:
        state.rooms.wedged = kind
        state.rooms.wedged_deep = dice.random() < 0.35
        state.person.helped_before = dice.random() < 0.6
        if kind is Wedged.TURNING:
            state.phone.state.bluetooth = "turning_on"
        elif kind is Wedged.NO_CLIENTS:
            state.phone.state.gatt_slots_used = 32
        elif kind is Wedged.CHIP:
            state.phone.crash_bluetooth()

    return change


def _walk(state: State, dice: random.Random, share: float) -> None:
    away = Spot(30.0, 0.0)
    state.rooms.walls = (THICK_WALL,)
    state.rooms.wrist = Spot(NEAR.x_m + share * (away.x_m - NEAR.x_m), 0.0)


def _upstairs(state: State, dice: random.Random) -> None:
    state.rooms.walls = (THICK_WALL, CEILING)
    state.rooms.wrist = Spot(dice.uniform(16.0, 22.0), 3.0)


def _out(state: State, dice: random.Random, share: float) -> None:
    state.rooms.wrist = Spot(NEAR.x_m + share * 300.0, 0.0)


def _body_and_bag(state: State, dice: random.Random) -> None:
    state.rooms.metal_db = dice.uniform(14.0, 18.0)
    state.rooms.walls = (THICK_WALL,)
    state.rooms.wrist = Spot(dice.uniform(9.0, 12.0), 0.0, body=True)


def _router(state: State, dice: random.Random) -> None:
    near = [
        Jammer(Spot(0.25, 0.2), 20.0, 0.97),
        Jammer(Spot(0.3, -0.2), 20.0, 0.96),
        Jammer(Spot(-0.2, 0.3), 20.0, 0.9),
    ]
    state.rooms.jammers = tuple(near)


def _party(state: State, dice: random.Random) -> None:
    """Headphones, car, watch, keyboard: as many as the phone serves."""
    names = ("Headphones", "Car", "Watch", "Keyboard", "Speaker", "Scale", "Pen")
    phone = state.phone
    for number, name in enumerate(names):
        profile = ("a2dp", "headset", "gatt", "hid")[number % 4]
        link = LiveLink(f"C8:00:00:00:00:{number:02X}", name, profile, 0.0, "com.example.others")
        phone.state.links.append(link)
    state.rooms.phone_links = len(names)
    state.rooms.phone_busy = dice.uniform(0.3, 0.6)
    state.rooms.drop_link = True


def _starved(state: State, dice: random.Random) -> None:
    for number, name in enumerate(("Headphones", "Car", "Watch", "Speaker", "Keyboard")):
        profile = ("a2dp", "headset", "gatt", "a2dp", "hid")[number]
        link = LiveLink(f"C8:00:00:00:00:{number:02X}", name, profile, 0.0, "com.example.others")
        state.phone.state.links.append(link)
    state.rooms.phone_links = 5
    state.rooms.phone_busy = 0.99


def _tracker_forgets(state: State, dice: random.Random) -> None:
    state.wrist.forgot_bond = True


def _phone_forgets(state: State, dice: random.Random) -> None:
    state.phone_forgot = True
    state.phone.state.bonds.clear()


def _keys_differ(state: State, dice: random.Random) -> None:
    state.wrist.wrong_key = True


def _link_ends(state: State, dice: random.Random) -> None:
    """Keys are asked for when a link begins: this one ends, as it does every now and then."""
    state.rooms.drop_link = True


def _old_phone(state: State, dice: random.Random) -> None:
    state.rooms.other_phone = True
    state.rooms.drop_link = True


FAULTS = (
    Fault("switched_off", "bluetooth.off", "Bluetooth was switched off from the quick settings", at_once(_off)),
    Fault(
        "airplane",
        "bluetooth.off",
        "Airplane mode went on and took Bluetooth along",
        at_once(_airplane),
        also=frozenset({"phone.offline"}),
    ),
    Fault(
        "stuck_turning_on",
        "bluetooth.stack_wedged",
        "Bluetooth was being switched on and never got there",
        at_once(_wedge(Wedged.TURNING)),
    ),
    Fault(
        "connections_fail",
        "bluetooth.stack_wedged",
        "The phone hears the tracker, and every connection fails at once",
        (Step(0.0, _wedge(Wedged.REFUSES)), Step(1.0, _link_ends)),
    ),
    Fault(
        "client_slots_gone",
        "bluetooth.stack_wedged",
        "Apps that never let go have taken every client slot of the phone",
        (Step(0.0, _wedge(Wedged.NO_CLIENTS)), Step(1.0, _link_ends)),
    ),
    Fault(
        "chip_hangs",
        "bluetooth.stack_wedged",
        "The phone's Bluetooth chip takes commands and never answers",
        at_once(_wedge(Wedged.CHIP)),
    ),
    Fault(
        "walked_away",
        "bluetooth.out_of_range",
        "The tracker is carried to the other end of the house",
        ramp(_walk, 25.0, 25),
    ),
    Fault("next_floor", "bluetooth.out_of_range", "The phone lies on another floor", at_once(_upstairs)),
    Fault("gone_out", "bluetooth.out_of_range", "The person leaves, the phone stays", ramp(_out, 180.0, 12)),
    Fault(
        "bag_and_body",
        "bluetooth.out_of_range",
        "The phone is in a bag with metal in it, and a body and a wall stand between",
        at_once(_body_and_bag),
    ),
    Fault(
        "between_routers",
        "bluetooth.interference",
        "The phone lies between a router and its repeaters while they are busy",
        at_once(_router),
        form="beside",
    ),
    Fault(
        "slots_taken",
        "bluetooth.too_many_connections",
        "Headphones, car, watch and more have taken every connection of the phone",
        at_once(_party),
    ),
    Fault(
        "radio_starved",
        "bluetooth.too_many_connections",
        "Audio and a car leave the tracker no turn on the phone's radio",
        at_once(_starved),
    ),
    Fault(
        "tracker_forgot",
        "bluetooth.bond_broken",
        "The tracker has lost the phone's key",
        (Step(0.0, _tracker_forgets), Step(1.0, _link_ends)),
    ),
    Fault(
        "phone_forgot",
        "bluetooth.bond_broken",
        "The phone has lost the tracker's key",
        (Step(0.0, _phone_forgets), Step(1.0, _link_ends)),
    ),
    Fault("keys_differ", "bluetooth.bond_broken", "Both have a key, and not the same one", at_once(_keys_differ)),
    Fault(
        "old_phone",
        "bluetooth.held_by_other_phone",
        "An old phone that knows the tracker is switched on near by and takes the link",
        at_once(_old_phone),
    ),
)
