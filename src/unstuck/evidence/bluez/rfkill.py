"""The kernel's radio switches: ``/sys/class/rfkill/rfkillN`` enters, whether Bluetooth is switched off there leaves.

``soft`` is the system's own switch (flight mode, power saving), ``hard`` a switch on the case
(https://docs.kernel.org/driver-api/rfkill.html).
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from unstuck.model.evidence import Fact

FOLDER = Path("/sys/class/rfkill")


@dataclass(frozen=True, slots=True)
class Switch:
    """One Bluetooth radio and how its switches stand."""

    path: str
    soft: bool
    hard: bool


def read_switches(folder: Path = FOLDER) -> list[Switch]:
    """Every Bluetooth radio's switches; empty where the kernel has none or does not show them."""
    found = []
    for entry in sorted(folder.glob("rfkill*")):
        if _word(entry / "type") == "bluetooth":
            found.append(Switch(str(entry), _word(entry / "soft") == "1", _word(entry / "hard") == "1"))
    return found


def blocked_facts(switches: list[Switch], when: datetime, source: str) -> list[Fact]:
    """``bluetooth.adapter`` off where every radio is switched off; nothing otherwise: BlueZ knows better then."""
    if not switches or not all(switch.soft or switch.hard for switch in switches):
        return []
    return [
        Fact("bluetooth.adapter", "off", when, source, switch.path, f"soft={switch.soft:d} hard={switch.hard:d}")
        for switch in switches
    ]


def problem(switches: list[Switch]) -> str:
    """What to do about a radio that is switched off; empty where none is."""
    if any(switch.hard for switch in switches):
        return "bluez: a switch or key of this computer turned the radio off; turn it on there."
    if any(switch.soft for switch in switches):
        return "bluez: the system turned the radio off; turn flight mode off, or run 'rfkill unblock bluetooth'."
    return ""


def _word(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""
