"""Every service the phone can dump, by name, in the order of ``dumpsys -l``."""

from collections.abc import Callable, Mapping

from unstuck.lab.phone.dumps import apps, bluetooth_manager, network, power, system
from unstuck.lab.phone.dumps.view import View

SERVICES: Mapping[str, Callable[[View], str]] = {
    "activity": system.activity,
    "alarm": system.alarm,
    "app_hibernation": apps.hibernation,
    "appops": apps.appops,
    "battery": power.battery,
    "batterystats": system.batterystats,
    "bluetooth_manager": bluetooth_manager.dump,
    "connectivity": network.connectivity,
    "content": network.content,
    "deviceidle": power.deviceidle,
    "devicestoragemonitor": system.monitor,
    "diskstats": network.diskstats,
    "dropbox": system.dropbox,
    "jobscheduler": system.jobscheduler,
    "location": network.location,
    "netpolicy": network.netpolicy,
    "package": apps.package,
    "power": power.power,
    "settings": network.settings,
    "usagestats": apps.usagestats,
}
"""``app_hibernation`` came with 12; :func:`names` leaves it out before."""


def names(view: View) -> list[str]:
    """The services that this release has."""
    return [name for name in SERVICES if name != "app_hibernation" or view.android >= 12]
