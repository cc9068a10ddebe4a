"""The remedies over BlueZ: methods and properties of ``org.bluez`` on the system bus.

Source: BlueZ, doc/org.bluez.Adapter.rst and doc/org.bluez.Device.rst. An adapter's path is the target's device
(``/org/bluez/hci0``); a device's path follows from it and the address.
"""

from collections.abc import Callable

from unstuck.doctor.remedies.acts import Act, BluezCall, BluezLook, Channel, Target
from unstuck.doctor.remedies.remedy import Back, Do, Need, Remedy, Risk, Set, Setting, Step, Wait

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
PROPERTIES = "org.freedesktop.DBus.Properties"

REST_S = 5.0
"""Seconds between off and on: time for the controller to be reset and for links to end."""

LOOK_AROUND_S = 15.0
"""Seconds of discovery after a device was forgotten: a dozen of a tracker's slowest adverts (1 s)."""

_SOURCE = "BlueZ doc/org.bluez.Adapter.rst, doc/org.bluez.Device.rst"
_TRUE, _FALSE = "true", "false"


def device_path(target: Target) -> str:
    """The object of the tracker, as bluetoothd names it."""
    return f"{target.device}/dev_{target.address.upper().replace(':', '_')}"


def _truth(what: str, path: str, interface: str, name: str, settles_s: float = 2.0) -> Setting:
    """A property that is true or false and can be set."""

    def write(value: str) -> Act | None:
        if value not in (_TRUE, _FALSE):
            return None
        return BluezCall(path, PROPERTIES, "Set", "ssv", (interface, name, value == _TRUE))

    return Setting(what, BluezLook(path, interface, name), _as_truth, write, settles_s)


def _as_truth(text: str) -> str | None:
    return text if text in (_TRUE, _FALSE) else None


def powered(target: Target) -> Setting:
    """Whether the adapter is on."""
    return _truth(f"{target.device} Powered", target.device, ADAPTER, "Powered", settles_s=5.0)


def trusted(target: Target) -> Setting:
    """Whether the tracker may connect by itself."""
    path = device_path(target)
    return _truth(f"{path} Trusted", path, DEVICE, "Trusted")


def _power_on(target: Target) -> tuple[Step, ...]:
    return (Set(powered(target), _TRUE, frozenset({_TRUE}), "turns the adapter on"),)


def _power_cycle(target: Target) -> tuple[Step, ...]:
    adapter = powered(target)
    return (
        Set(adapter, _FALSE, frozenset({_FALSE}), "turns the adapter off"),
        Wait(REST_S, "lets the adapter rest"),
        Back(adapter, "turns the adapter on again"),
    )


def _disconnect(target: Target) -> tuple[Step, ...]:
    return (Do(BluezCall(device_path(target), DEVICE, "Disconnect"), "ends the link to the tracker"),)


def _forget(target: Target) -> tuple[Step, ...]:
    """The device is looked for anew because RemoveDevice takes its object away; then it is paired and trusted."""
    path, adapter = device_path(target), target.device
    return (
        Do(BluezCall(adapter, ADAPTER, "RemoveDevice", "o", (path,)), "forgets the tracker and its key"),
        Do(BluezCall(adapter, ADAPTER, "StartDiscovery"), "looks for the tracker"),
        Wait(LOOK_AROUND_S, "waits until the tracker is heard"),
        Do(BluezCall(path, DEVICE, "Pair"), "pairs with the tracker"),
        Do(
            BluezCall(path, PROPERTIES, "Set", "ssv", (DEVICE, "Trusted", True)),
            "lets the tracker connect by itself",
        ),
        Do(BluezCall(adapter, ADAPTER, "StopDiscovery"), "stops looking"),
    )


def _trust(target: Target) -> tuple[Step, ...]:
    return (Set(trusted(target), _TRUE, frozenset({_TRUE}), "lets the tracker connect by itself"),)


_Steps = Callable[[Target], tuple[Step, ...]]


def _remedy(
    name: str,
    fix: str,
    steps: _Steps,
    changes: str,
    undo: str,
    risk: Risk,
    *,
    of_tracker: bool = True,
    minutes: float = 5.0,
    first: tuple[str, ...] = (),
    needs: frozenset[Need] = frozenset(),
) -> Remedy:
    needs |= frozenset({Need.ADDRESS}) if of_tracker else frozenset[Need]()
    return Remedy(
        f"bluez.{name}", fix, Channel.BLUEZ, changes, undo, risk, minutes, steps, _SOURCE, needs=needs, first=first
    )


REMEDIES = (
    _remedy(
        "power_on",
        "turn_bluetooth_on",
        _power_on,
        "This machine's Bluetooth adapter is turned on.",
        "The adapter is turned off again.",
        Risk.NONE,
        of_tracker=False,
    ),
    _remedy(
        "disconnect",
        "restart_bluetooth",
        _disconnect,
        "The link to the tracker ends; whoever used it connects again.",
        "Nothing to undo.",
        Risk.LOW,
    ),
    _remedy(
        "power_cycle",
        "restart_bluetooth",
        _power_cycle,
        "This machine's Bluetooth is off for 5 seconds, then on again. Its other devices drop out meanwhile.",
        "The adapter is turned on again by itself.",
        Risk.INTERRUPTS,
        of_tracker=False,
    ),
    _remedy(
        "trust",
        "allow_background",
        _trust,
        "The tracker may connect to this machine by itself, without being asked each time.",
        "The tracker is asked about again.",
        Risk.NONE,
        minutes=15.0,
    ),
    _remedy(
        "pair_again",
        "pair_again",
        _forget,
        "This machine forgets the tracker and its key, pairs anew and trusts it. This tracker keeps every record.",
        "Cannot be undone; pair again the same way.",
        Risk.LASTING,
        first=("Keep the tracker beside this machine, and set it to pairing if it has such a mode.",),
        minutes=10.0,
        needs=frozenset({Need.PAIRS_WITHOUT_LOSS}),
    ),
    _remedy(
        "repair",
        "repair_bond",
        _forget,
        "This machine forgets the tracker and its key, pairs anew and trusts it.",
        "Cannot be undone; pair again the same way.",
        Risk.LASTING,
        first=("Keep the tracker beside this machine, charged to half or more.",),
        minutes=10.0,
    ),
)
"""In the order to try them where several carry out one fix."""
