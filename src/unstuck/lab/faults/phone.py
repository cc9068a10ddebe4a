"""What goes wrong in the phone. Each is a switch, a setting or an event of the phone; what follows is the phone's."""

import random

from unstuck.chain.phone.host import Bucket, Network, Permission
from unstuck.lab.faults.fault import Change, Fault, Step, at_once
from unstuck.lab.state import State

MINUTE_S = 60.0
DAY_S = 86_400.0


def _app_too_old(state: State, dice: random.Random) -> None:
    state.service.minimum_app = "5.0.0"


def _old_app(state: State, dice: random.Random) -> None:
    app = state.phone.state.app
    app.updated_s -= dice.uniform(200, 500) * DAY_S
    app.installed_s = min(app.installed_s, app.updated_s - DAY_S)


def _system_update(state: State, dice: random.Random) -> None:
    """The update takes a permission back and puts the app to sleep, as updates have done."""
    state.phone.update_system()
    app = state.phone.state.app
    app.permissions.discard(Permission.NEARBY_DEVICES)
    app.permissions.discard(Permission.LOCATION)


def _system_update_sleeps(state: State, dice: random.Random) -> None:
    state.phone.update_system()
    _not_exempt(state, dice)
    state.phone.state.app.run_any_in_background = "ignore"


def _not_exempt(state: State, dice: random.Random) -> None:
    app = state.phone.state.app
    app.doze_exempt = False
    app.foreground_service = False


def _saver(state: State, dice: random.Random) -> None:
    state.phone.state.battery_saver = True


def _saver_by_itself(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.saver_trigger_percent = 20
    phone.battery_percent = 20.4
    phone.drain_percent_per_h = 6.0


def _restricted(state: State, dice: random.Random) -> None:
    state.phone.state.app.run_any_in_background = "ignore"


def _restricted_uid(state: State, dice: random.Random) -> None:
    state.phone.state.app.run_any_of_uid = "ignore"


def _bucket(state: State, dice: random.Random) -> None:
    app = state.phone.state.app
    app.forced_bucket, app.forced_s = Bucket.RESTRICTED, state.phone.view().now_s


def _auto_start(state: State, dice: random.Random) -> None:
    """The maker's cleaner or a restart ends the app, and nothing may start it again."""
    state.phone.state.app.auto_start = False
    state.phone.screen(False)


def _killed(state: State, dice: random.Random) -> None:
    reasons = state.phone.model.cleaner or ("empty #17",)
    if state.phone.state.app.pid is not None:
        state.phone.note_killed(reason=dice.choice(reasons))


def _revoke(permission: Permission) -> Change:
    """Android ends an app when a permission is taken back (ActivityManager, "permissions revoked"), and its links with
    it."""

    def change(state: State, dice: random.Random) -> None:
        app = state.phone.state.app
        app.permissions.discard(permission)
        if app.pid is not None:
            state.phone.note_killed(reason="permissions revoked", adj=0)

    return change


def _data_saver(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.metered, phone.transport, phone.data_saver = True, "cellular", True


def _metered_denied(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.metered, phone.transport, phone.app.rejected_metered = True, "cellular", True


CACHE_SUFFICES = 0.12
"""How often a cleared cache is room enough on a full phone. Judgement, as in the knowledge: mostly others wait."""


def _full(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.storage_free_bytes = int(dice.uniform(1, 9) * 2**20)
    if dice.random() >= CACHE_SUFFICES:
        phone.storage_wanted_bytes = int(dice.uniform(60, 400) * 2**20)


def _quota(state: State, dice: random.Random) -> None:
    phone = state.phone.state
    phone.storage_quota_bytes = phone.app.data_bytes + 2**20
    phone.storage_free_bytes = int(dice.uniform(120, 300) * 2**20)


def _force_stop(state: State, dice: random.Random) -> None:
    state.phone.run(f"am force-stop {state.phone.state.app.package}")


def _disabled(state: State, dice: random.Random) -> None:
    state.phone.state.app.enabled = False
    if state.phone.state.app.pid is not None:
        state.phone.note_killed(reason="stop due to disabled package", adj=0)


def _corrupt(state: State, dice: random.Random) -> None:
    state.phone.state.app.data_corrupt = True


def _network(network: Network, *, vpn: bool = False) -> Change:
    def change(state: State, dice: random.Random) -> None:
        phone = state.phone.state
        phone.network, phone.vpn = network, vpn

    return change


def _years_off(state: State, dice: random.Random) -> None:
    """The clock after a flat battery: the day the system was built, and certificates are not valid yet."""
    phone = state.phone.state
    phone.automatic_time = False
    phone.clock_offset_s = -dice.uniform(200, 900) * DAY_S


FAULTS = (
    Fault(
        "app_refused",
        "phone.app_outdated",
        "The service stops taking an app this old",
        at_once(_app_too_old),
        before=_old_app,
    ),
    Fault(
        "update_took_permission",
        "phone.os_update",
        "A system update takes the app's permissions back",
        at_once(_system_update),
        least_android=12,
        also=frozenset({"phone.permission_missing"}),
    ),
    Fault(
        "update_put_to_sleep",
        "phone.os_update",
        "A system update puts the app to sleep",
        at_once(_system_update_sleeps),
        also=frozenset({"phone.background_restricted"}),
    ),
    Fault(
        "saver_on",
        "phone.battery_saver",
        "Battery saver is switched on",
        at_once(_saver),
        before=_not_exempt,
    ),
    Fault(
        "saver_by_itself",
        "phone.battery_saver",
        "The phone's battery falls below a fifth and battery saver comes on",
        at_once(_saver_by_itself),
        before=_not_exempt,
    ),
    Fault(
        "restricted",
        "phone.background_restricted",
        "The app's battery use is set to restricted",
        at_once(_restricted),
        before=_not_exempt,
    ),
    Fault(
        "restricted_by_uid",
        "phone.background_restricted",
        "The app's user id may not run in the background, though it is exempt from battery optimisation",
        at_once(_restricted_uid),
    ),
    Fault(
        "restricted_bucket",
        "phone.background_restricted",
        "The phone counts the app as hardly used and runs it once a day",
        at_once(_bucket),
        before=_not_exempt,
        least_android=12,
    ),
    Fault(
        "auto_start_off",
        "phone.background_restricted",
        "The maker's cleaner ends the app, and its auto-start is off",
        (Step(0.0, _auto_start), Step(11 * MINUTE_S, _killed)),
        fits=("xiaomi", "oppo", "oneplus", "huawei"),
        before=_not_exempt,
    ),
    Fault(
        "nearby_denied",
        "phone.permission_missing",
        "The permission for nearby devices is taken back",
        at_once(_revoke(Permission.NEARBY_DEVICES)),
        least_android=12,
    ),
    Fault(
        "location_denied",
        "phone.permission_missing",
        "The permission for location is taken back, without which an older phone finds no tracker",
        at_once(_revoke(Permission.LOCATION)),
        fits=("pixel-9", "pixel-10", "pixel-11", "huawei"),
    ),
    Fault(
        "data_saver",
        "phone.background_data_off",
        "Data saver is on and the phone on mobile data",
        at_once(_data_saver),
    ),
    Fault(
        "mobile_data_denied",
        "phone.background_data_off",
        "The app may not use mobile data in the background, and there is no Wi-Fi",
        at_once(_metered_denied),
    ),
    Fault("storage_full", "phone.storage_full", "The phone has no space left", at_once(_full)),
    Fault(
        "quota_full", "phone.storage_full", "The app may store no more, and the phone is nearly full", at_once(_quota)
    ),
    Fault("force_stopped", "phone.app_stopped", "The app was force-stopped", at_once(_force_stop)),
    Fault("app_disabled", "phone.app_stopped", "The app was disabled", at_once(_disabled)),
    Fault(
        "database_damaged",
        "phone.app_data_corrupt",
        "The app's own database is damaged; it crashes when it opens it",
        at_once(_corrupt),
        form="database",
    ),
    Fault("no_internet", "phone.offline", "The phone has no network", at_once(_network(Network.NONE))),
    Fault("portal", "phone.offline", "A Wi-Fi that wants a sign-in first", at_once(_network(Network.CAPTIVE_PORTAL))),
    Fault(
        "dead_vpn",
        "phone.offline",
        "A VPN that leads nowhere",
        at_once(_network(Network.UNVALIDATED, vpn=True)),
    ),
    Fault(
        "clock_years_off",
        "phone.offline",
        "The phone's clock is years behind: no certificate is valid",
        at_once(_years_off),
    ),
)
