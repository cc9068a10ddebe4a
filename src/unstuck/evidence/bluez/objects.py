"""BlueZ's objects enter as values; facts about this computer's Bluetooth and its devices leave.

Names and types: ``org.bluez.Adapter``, ``org.bluez.Device`` and ``org.bluez.Battery`` in BlueZ's own documentation
(https://git.kernel.org/pub/scm/bluetooth/bluez.git/tree/doc).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from unstuck.evidence.hci.peers import (
    SURE_ADVERT,
    SURE_COMPANY,
    SURE_NAME,
    SURE_OWN_NAME,
    SURE_SERVICE,
    SURE_WEAK,
)
from unstuck.evidence.profiles import VendorProfile, profiles
from unstuck.model.evidence import Fact, Scalar, Value

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
BATTERY = "org.bluez.Battery1"

Properties = Mapping[str, object]
Objects = Mapping[str, Mapping[str, Properties]]
"""Object path to interface to properties, as ``GetManagedObjects`` gives them, without the D-Bus types."""

DEVICES_MOST = 2_000
"""BlueZ forgets what it has not seen for 30 s; more devices than this come from no real room."""

_BASE = "-0000-1000-8000-00805f9b34fb"
"""The Bluetooth base UUID: what stands before it is a 16- or 32-bit one."""

_POWER_STATES = {"off-enabling": "turning_on", "on-disabling": "turning_off", "off-blocked": "off"}
"""``PowerState`` (BlueZ 5.66 and later) where it says more than ``Powered``."""


@dataclass(frozen=True, slots=True)
class _Sign:
    vendor: str
    by: str
    sure: float
    said: str


def read_objects(objects: Objects, when: datetime, source: str) -> list[Fact]:
    """Facts about adapters and devices at the moment ``when`` (UTC)."""
    notes = _Notes(when, source)
    adapters = [(path, held[ADAPTER]) for path, held in objects.items() if ADAPTER in held]
    # The one that is on comes last: rules take the newest state.
    for path, adapter in sorted(adapters, key=lambda pair: _adapter_state(pair[1]) == "on"):
        state = _adapter_state(adapter)
        detail = ", ".join(f"{name}={_shown(adapter.get(name))}" for name in ("Powered", "Discovering", "PowerState"))
        notes.add("bluetooth.adapter", state, path, f"{_text(adapter, 'Address')}: {detail}")
    if not adapters:
        notes.add("bluetooth.adapter", "absent", "/org/bluez", "BlueZ has no adapter")
        return notes.facts
    devices = [(path, held) for path, held in objects.items() if DEVICE in held][:DEVICES_MOST]
    bonds = [path for path, held in devices if _bonded(held[DEVICE])]
    notes.add("bluetooth.bond_count", len(bonds), "/org/bluez", f"{len(bonds)} bonded devices")
    for path, held in devices:
        _device(notes, path, held[DEVICE], held.get(BATTERY, {}))
    return notes.facts


class _Notes:
    def __init__(self, when: datetime, source: str) -> None:
        self.facts: list[Fact] = []
        self._when = when
        self._source = source

    def add(self, name: str, value: Value, path: str, excerpt: str, subject: str = "") -> None:
        clean = "".join(character for character in excerpt if character.isprintable())[:200]
        self.facts.append(Fact(name, value, self._when, self._source, path, clean, subject))


def _device(notes: _Notes, path: str, device: Properties, battery: Properties) -> None:
    address = _text(device, "Address").lower()
    if not address:
        return
    name = _text(device, "Name") or _text(device, "Alias")
    if name.replace("-", ":").lower() == address:
        name = ""  # BlueZ makes an alias of the address where there is no name
    flags = {
        "connected": _flag(device, "Connected"),
        "paired": _flag(device, "Paired"),
        "trusted": _flag(device, "Trusted"),
        "blocked": _flag(device, "Blocked"),
        "services": _flag(device, "ServicesResolved"),
    }
    said = ", ".join(f"{key} {'yes' if flag else 'no'}" for key, flag in flags.items() if flag is not None)
    notes.add("bluetooth.device", {"name": name, **flags}, path, said, address)
    if _bonded(device):
        transport = "le" if _text(device, "AddressType") == "random" else "unknown"
        notes.add("bluetooth.bond", {"name": name, "transport": transport}, path, f"Bonded: {name}", address)
    signs = _surest(device, name)
    for sign in signs:
        value: dict[str, Scalar] = {"vendor": sign.vendor, "name": name, "by": sign.by, "sure": sign.sure}
        notes.add("device.recognised", value, path, sign.said, address)
    # BlueZ shows RSSI only while it hears adverts of the device.
    rssi = _number(device, "RSSI")
    if rssi is not None and rssi != 127:
        notes.add("advert.seen", {"rssi": rssi, "connectable": None}, path, f"RSSI={rssi}", address)
    percent = _number(battery, "Percentage")
    if percent is not None and signs:  # headphones tell theirs too
        charge: dict[str, Scalar] = {"percent": float(percent), "voltage_mv": None, "charging": None}
        notes.add("tracker.battery", charge, path, f"{name}: Percentage={percent}", address)


def _surest(device: Properties, name: str) -> list[_Sign]:
    """For each vendor the surest sign, least sure first, as a trace would tell them."""
    best: dict[str, _Sign] = {}
    for sign in _signs(device, name):
        if sign.vendor not in best or sign.sure > best[sign.vendor].sure:
            best[sign.vendor] = sign
    return sorted(best.values(), key=lambda sign: sign.sure)


def _signs(device: Properties, name: str) -> Iterator[_Sign]:
    uuids = [text.lower() for text in _list(device, "UUIDs")]
    companies = device.get("ManufacturerData")
    known = set(companies) if isinstance(companies, Mapping) else set()
    for vendor, profile in profiles().items():
        yield from _services(vendor, profile, uuids)
        if name and profile.has_name(name):
            sure = SURE_OWN_NAME if profile.own_name else SURE_NAME
            yield _Sign(vendor, "name", sure, f"Name: {name}")
        if known & profile.company_ids:
            yield _Sign(vendor, "advert", SURE_COMPANY, f"Manufacturer data of {profile.name}")


def _services(vendor: str, profile: VendorProfile, uuids: list[str]) -> Iterator[_Sign]:
    for uuid in uuids:
        digits = uuid.replace("-", "")
        try:
            number = int(digits, 16)
        except ValueError:
            continue
        if uuid.endswith(_BASE):
            if profile.has_uuid16(number >> 96):
                yield _Sign(vendor, "service", SURE_WEAK if profile.weak else SURE_ADVERT, f"Service {uuid}")
        elif profile.has_uuid128(number):
            yield _Sign(vendor, "service", SURE_SERVICE, f"Service {uuid}")


def _adapter_state(adapter: Properties) -> str:
    power = _text(adapter, "PowerState")
    return _POWER_STATES.get(power, "on" if _flag(adapter, "Powered") else "off")


def _bonded(device: Properties) -> bool:
    """Keys are held; before BlueZ 5.65 only ``Paired`` says so."""
    bonded = _flag(device, "Bonded")
    return bool(_flag(device, "Paired") if bonded is None else bonded)


def _text(properties: Properties, name: str) -> str:
    found = properties.get(name)
    return found if isinstance(found, str) else ""


def _flag(properties: Properties, name: str) -> bool | None:
    found = properties.get(name)
    return found if isinstance(found, bool) else None


def _number(properties: Properties, name: str) -> int | None:
    found = properties.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _list(properties: Properties, name: str) -> list[str]:
    found = properties.get(name)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _shown(value: object) -> str:
    return "unknown" if value is None else str(value).lower()
