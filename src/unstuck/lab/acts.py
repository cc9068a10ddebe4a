"""What the fixes of the catalogue do to the world, by a person's hands or a cable. Pure: a state enters and is changed.

Each act changes what its steps change, and nothing that it would have to know the cause for: whether it helped is
read from the state afterwards (:mod:`unstuck.lab.ways`). What can lose records loses them here too.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from unstuck.chain.link.radio.physics import Spot
from unstuck.chain.phone.host import Network, Permission
from unstuck.chain.releases.versions import is_too_old
from unstuck.lab.phone.state import PhoneState
from unstuck.lab.state import Claimed, Down, Hung, Login, State, Wedged

NEWEST_APP = "9.1.0"
NEWEST_APP_CODE = 91_000_000
FREED_BYTES = 2 * 2**30
FILES_FROM_AFAR = 0.25
"""How often support can make an app fetch its files anew. Judgement, as in the knowledge."""

CHARGED_PERCENT = 62.0
"""After half an hour on the charger: a quarter an hour and more (battery.py), from empty, and people leave it on."""

HALF_CHARGED_PERCENT = 50.0
ENOUGH_ROOM_BYTES = 2**30
"""From here the steps of charging, and of freeing storage, say to stop."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an act cost. ``lost``: records that are gone for good; ``locked_out``: nobody can sign in for now."""

    lost: int = 0
    locked_out: bool = False

    @property
    def harmful(self) -> bool:
        """Whether it did harm."""
        return self.lost > 0 or self.locked_out


def needless(fix: str, state: State) -> bool:
    """Whether a person sees on the way that this fix is not needed, as its steps say, and stops."""
    seen = _NEEDLESS.get(fix)
    return seen is not None and seen(state)


def do(fix: str, state: State, dice: random.Random) -> Done:
    """Do one fix. KeyError: no such fix."""
    return _ACTS[fix](state, dice) or Done()


def _restart_tracker(state: State, dice: random.Random) -> None:
    if not state.wrist.off:
        state.wrist.restarts += 1
        state.wrist.hung = Hung.NO


def _restart_phone(state: State, dice: random.Random) -> None:
    state.phone.reboot()
    state.phone.boot_ends()
    phone_started(state)


def phone_started(state: State) -> None:
    """What a start of the phone ends, whoever made it start."""
    state.rooms.wedged = Wedged.NO
    state.rooms.wedged_deep = False
    phone = state.phone.state
    phone.gatt_slots_used = 3
    if phone.bluetooth.startswith("turning"):
        phone.bluetooth = "on"


def _restart_bluetooth(state: State, dice: random.Random) -> None:
    if state.phone.state.bluetooth in ("off", "ble_on"):
        return  # who restarts it finds it off, and turning it on is another fix
    state.phone.set_bluetooth(False)
    state.phone.set_bluetooth(True)
    bluetooth_cycled(state)


def bluetooth_cycled(state: State) -> None:
    """What Bluetooth's going off and on ends, whoever switched it."""
    if not state.rooms.wedged_deep:
        state.rooms.wedged = Wedged.NO
        state.phone.state.gatt_slots_used = 3
    elif state.rooms.wedged is Wedged.TURNING:
        state.phone.state.bluetooth = "turning_on"


def _turn_bluetooth_on(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    if phone.airplane_mode:
        phone.airplane_mode = False
        state.phone.catch_up()
    if state.phone.state.bluetooth in ("off", "ble_on"):
        state.phone.set_bluetooth(True)


def _turn_off_battery_saver(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.battery_saver = False
    phone.saver_trigger_percent = 0


def _go_online(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    if phone.airplane_mode:
        phone.airplane_mode = False
        state.phone.catch_up()
    phone = state.phone.state
    phone.vpn = False
    phone.network = Network.VALIDATED
    _set_clock(state, dice)


def _charge_tracker(state: State, dice: random.Random) -> None:
    state.wrist.battery_percent = max(state.wrist.battery_percent, CHARGED_PERCENT)


def _move_closer(state: State, dice: random.Random) -> None:
    state.rooms.wrist = Spot(0.5, 0.0)
    state.rooms.metal_db = 0.0


def _reduce_interference(state: State, dice: random.Random) -> None:
    state.rooms.jammers = ()


def _free_connections(state: State, dice: random.Random) -> None:
    state.rooms.phone_links = 0
    state.rooms.phone_busy = 0.0
    phone = state.phone.state
    phone.links[:] = [link for link in phone.links if link.package == phone.app.package]


def _disconnect_other_phone(state: State, dice: random.Random) -> None:
    state.rooms.other_phone = False


def _set_clock(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.automatic_time = True
    phone.clock_offset_s = 0.0


def _pair_again(state: State, dice: random.Random) -> None:
    """Forget it in the phone's list alone, open it with its button, pair: its records stay."""
    state.wrist.paired_anew += 1
    _new_keys(state)


def _repair_bond(state: State, dice: random.Random) -> Done:
    """Forget on both sides, removing it in the app, which erases it."""
    lost = state.undrained
    state.wrist.erased += 1
    state.undrained = 0
    _new_keys(state)
    return Done(lost)


def _new_keys(state: State) -> None:
    state.wrist.forgot_bond = state.wrist.wrong_key = state.phone_forgot = False


def _update_app(state: State, dice: random.Random) -> None:
    if is_too_old(state.phone.state.app.version_name, NEWEST_APP):
        state.phone.update_app(NEWEST_APP, NEWEST_APP_CODE)


def _update_firmware(state: State, dice: random.Random) -> None:
    wanted = state.service.minimum_firmware
    if wanted and is_too_old(state.wrist.firmware, wanted) and not state.wrist.off:
        state.wrist.firmware = wanted
        state.person.update_waited = False


def _allow_background(state: State, dice: random.Random) -> None:
    app = state.phone.state.app
    app.doze_exempt = True
    app.run_any_in_background = "allow"
    app.run_any_of_uid = "default"
    app.forced_bucket = None
    app.auto_start = True
    app.hibernated = False


def _grant_permissions(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.app.permissions.update(Permission)
    phone.location = True


def _allow_background_data(state: State, dice: random.Random) -> None:
    app = state.phone.state.app
    app.data_saver_exempt = True
    app.rejected_metered = False


def _free_phone_storage(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.free_storage(FREED_BYTES)
    phone.storage_quota_bytes = None


def _clear_app_cache(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.free_storage(phone.app.cache_bytes)
    phone.app.cache_bytes = 0


def _sync_now(state: State, dice: random.Random) -> None:
    """The app, enabled where it was disabled, is opened and left when it is done."""
    state.phone.state.app.enabled = True
    open_app(state)


def open_app(state: State) -> None:
    """Somebody opens the app and looks while it syncs, to do that or to tell what happens. It also ends a force-stop;
    nothing happens where the app is disabled, or closes at once."""
    app = state.phone.state.app
    if not app.enabled or app.data_corrupt:
        return
    state.phone.use_app()
    state.phone.leave_app()
    state.synced_by_hand += 1
    state.wrist.lagging = False


def _sign_in_again(state: State, dice: random.Random) -> None:
    """Its first step is to sign in to the web page; who does not get in there changes nothing in the app."""
    if state.service.down is not Down.NO or not state.person.knows_login:
        return
    state.service.login = Login.GOOD
    if state.service.claimed is Claimed.OTHER:
        state.service.claimed = Claimed.OWN


def _relink_account(state: State, dice: random.Random) -> Done:
    """Setting it up in an account again erases what only it holds, as makers' apps do."""
    if state.service.down is not Down.NO or not state.person.knows_login:
        return Done(locked_out=True)
    lost = state.undrained
    if lost:
        state.wrist.erased += 1
        state.undrained = 0
    state.service.claimed = Claimed.OWN
    state.service.login = Login.GOOD
    return Done(lost)


def _reinstall_app(state: State, dice: random.Random) -> Done:
    lost = state.unsent
    state.app_installed += 1
    state.unsent = 0
    app = state.phone.state.app
    app.data_corrupt = False
    app.enabled = True
    app.hibernated = app.stopped = False
    app.permissions.update(Permission)
    _update_app(state, dice)
    signed_in = state.service.down is Down.NO and state.person.knows_login
    if signed_in:
        state.service.login = Login.GOOD
        if state.service.claimed is Claimed.OTHER:
            state.service.claimed = Claimed.OWN
    return Done(lost, locked_out=not signed_in)


def _wait_for_vendor(state: State, dice: random.Random) -> None:
    state.service.down = Down.NO
    state.service.shows_late_s = 0.0
    state.service.status_green = True
    state.service.others_late = False


def _contact_support(state: State, dice: random.Random) -> None:
    """They exchange what is broken, mend what no app shows at the account, now and then the app's files from afar.

    They see what has arrived: where the app holds nothing more, they lead a person through setting it up afresh.
    """
    wrist = state.wrist
    wrist.restarts_every_s = 0.0
    wrist.memory_refuses = wrist.sensor_dead = False
    wrist.hung = Hung.NO
    state.service.claimed = Claimed.OWN
    app = state.phone.state.app
    if app.data_corrupt and (state.unsent == 0 or dice.random() < FILES_FROM_AFAR):
        app.data_corrupt = False
        state.app_installed += 1  # its files are new


def _has_room(phone: PhoneState) -> bool:
    return phone.storage_free_bytes >= ENOUGH_ROOM_BYTES and phone.storage_quota_bytes is None


_ACTS: Mapping[str, Callable[[State, random.Random], Done | None]] = {
    "restart_tracker": _restart_tracker,
    "restart_phone": _restart_phone,
    "restart_bluetooth": _restart_bluetooth,
    "turn_bluetooth_on": _turn_bluetooth_on,
    "turn_off_battery_saver": _turn_off_battery_saver,
    "go_online": _go_online,
    "charge_tracker": _charge_tracker,
    "move_closer": _move_closer,
    "reduce_interference": _reduce_interference,
    "free_connections": _free_connections,
    "disconnect_other_phone": _disconnect_other_phone,
    "set_clock": _set_clock,
    "pair_again": _pair_again,
    "repair_bond": _repair_bond,
    "update_app": _update_app,
    "update_firmware": _update_firmware,
    "allow_background": _allow_background,
    "grant_permissions": _grant_permissions,
    "allow_background_data": _allow_background_data,
    "free_phone_storage": _free_phone_storage,
    "clear_app_cache": _clear_app_cache,
    "sync_now": _sync_now,
    "sign_in_again": _sign_in_again,
    "relink_account": _relink_account,
    "reinstall_app": _reinstall_app,
    "wait_for_vendor": _wait_for_vendor,
    "contact_support": _contact_support,
}
_NEEDLESS: Mapping[str, Callable[[State], bool]] = {
    "charge_tracker": lambda state: state.wrist.battery_percent >= HALF_CHARGED_PERCENT,
    "update_app": lambda state: not is_too_old(state.phone.state.app.version_name, NEWEST_APP),
    "update_firmware": lambda state: not state.person.update_waited,
    "free_phone_storage": lambda state: _has_room(state.phone.state),
}
FIXES = frozenset(_ACTS)
"""Every fix that can be done here: all of the catalogue (tested)."""
