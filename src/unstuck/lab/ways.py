"""Which ways of the data are closed, and by what: a state enters, causes of the catalogue leave. Pure.

This is the lab's own knowledge of its world, read from the state and from the same physics and host policy that the
chain obeys; the doctor never sees it. A test lets the real chain run and checks that data moves just where nothing is
named here.
"""

from dataclasses import dataclass

from unstuck.chain.link.radio.controller import SLOTS
from unstuck.chain.link.radio.physics import FADE_DB, Spot, Surroundings, chance_of_packet, heard
from unstuck.chain.phone.host import HostAct, HostWhy, reasons_not
from unstuck.chain.releases.versions import is_too_old
from unstuck.lab.network import CERTIFICATE_DAYS
from unstuck.lab.state import Claimed, Down, Hung, Login, State, Wedged
from unstuck.model.hop import Hop

DATA_BITS = (27 + 14) * 8
"""A usual packet of the link: 27 bytes and its frame."""

LINK_NEEDS = 0.35
"""Chance of a packet below which links are lost and syncs do not end: measured with the virtual radio
(tests/lab/test_ways.py)."""

BUSY_MOST = 0.9
"""Share of the phone's radio time that others may take before a tracker's turn does not come any more."""

CLOCK_WRONG_S = 300.0
"""A clock wrong by minutes files data under the wrong time."""

_PASSING = frozenset({HostWhy.DOZE, HostWhy.DOZE_ALARMS})
"""Reasons that come and go by themselves within the hour."""

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One closed way: the cause, and the hop at which data stands still for it."""

    cause: str
    hop: Hop


def obstacles(state: State) -> tuple[Obstacle, ...]:
    """Everything that keeps data from moving now; empty when it moves. Being shown late is one too."""
    found = [*_tracker(state), *_bluetooth(state), *_phone(state), *_server(state)]
    return tuple(dict.fromkeys(found))


def causes(state: State) -> frozenset[str]:
    """Their causes."""
    return frozenset(one.cause for one in obstacles(state))


def radio_chance(state: State) -> float:
    """Chance that a packet between tracker and phone arrives, fading averaged."""
    rooms = state.rooms
    around = Surroundings(rooms.walls, rooms.jammers, rooms.metal_db)
    ear = heard(rooms.wrist, Spot(), around)
    fades = (-1.5, -0.5, 0.5, 1.5)
    return sum(chance_of_packet(ear, DATA_BITS, FADE_DB * fade) for fade in fades) / len(fades)


def clear_chance(state: State) -> float:
    """The same with every other sender silent."""
    rooms = state.rooms
    ear = heard(rooms.wrist, Spot(), Surroundings(rooms.walls, (), rooms.metal_db))
    fades = (-1.5, -0.5, 0.5, 1.5)
    return sum(chance_of_packet(ear, DATA_BITS, FADE_DB * fade) for fade in fades) / len(fades)


def _tracker(state: State) -> list[Obstacle]:
    wrist = state.wrist
    found = []
    if wrist.off:
        found.append("tracker.battery_empty")
    if wrist.hung is not Hung.NO:
        found.append("tracker.hung")
    if wrist.restarts_every_s or wrist.memory_refuses or wrist.sensor_dead:
        found.append("tracker.hardware_fault")
    if not wrist.worn or wrist.on_charger:
        found.append("tracker.not_worn")
    if is_too_old(wrist.firmware, state.service.minimum_firmware):
        found.append("tracker.firmware_outdated")
    if abs(state.phone.state.clock_offset_s) > CLOCK_WRONG_S:  # it takes its time from the phone
        found.append("tracker.clock_wrong")
    if wrist.overwriting and wrist.lagging:
        found.append("tracker.memory_full")
    return [Obstacle(cause, Hop.TRACKER) for cause in found]


def _bluetooth(state: State) -> list[Obstacle]:
    rooms, phone = state.rooms, state.phone.state
    found = []
    if phone.bluetooth in ("off", "ble_on"):
        found.append("bluetooth.off")
    if rooms.wedged is not Wedged.NO or phone.bluetooth.startswith("turning"):
        found.append("bluetooth.stack_wedged")
    if clear_chance(state) < LINK_NEEDS:
        found.append("bluetooth.out_of_range")
    elif radio_chance(state) < LINK_NEEDS:
        found.append("bluetooth.interference")
    if rooms.phone_links >= SLOTS or rooms.phone_busy >= BUSY_MOST:
        found.append("bluetooth.too_many_connections")
    if state.wrist.forgot_bond or state.wrist.wrong_key or state.phone_forgot:
        found.append("bluetooth.bond_broken")
    if rooms.other_phone:
        found.append("bluetooth.held_by_other_phone")
    return [Obstacle(cause, Hop.BLUETOOTH) for cause in found]


def _phone(state: State) -> list[Obstacle]:
    lab_phone, host = state.phone, state.phone.host_state()
    phone = lab_phone.state
    acts = (HostAct.RUN, HostAct.WAKE, HostAct.SCAN, HostAct.WRITE_JOURNAL, HostAct.UPLOAD)
    reasons = [one for act in acts for one in reasons_not(act, host) if one.why not in _PASSING]
    found = [one.cause for one in reasons if one.cause.startswith("phone.")]
    if phone.app.data_corrupt:
        found.append("phone.app_data_corrupt")
    if is_too_old(phone.app.version_name, state.service.minimum_app):
        found.append("phone.app_outdated")
    if abs(phone.clock_offset_s) > CERTIFICATE_DAYS * _DAY_S:
        found.append("phone.offline")
    return [Obstacle(cause, Hop.PHONE) for cause in dict.fromkeys(found)]


def _server(state: State) -> list[Obstacle]:
    service = state.service
    found = []
    if service.down is not Down.NO:
        found.append("server.outage")
    if service.login is not Login.GOOD:
        found.append("server.login_expired")
    if service.claimed is not Claimed.OWN:
        found.append("server.account_problem")
    if service.shows_late_s:
        found.append("server.delay")
    return [Obstacle(cause, Hop.SERVER) for cause in found]
