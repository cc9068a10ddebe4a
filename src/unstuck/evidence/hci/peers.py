"""What is known of the devices around the phone: signs enter, names and recognised trackers leave.

A sign is a piece of evidence that a device is a vendor's tracker: a service in an advert, a service
found or asked for over GATT, a name, the bytes of a vendor's protocol, its handles, or that the same
address was recognised before. Each has a sureness; a device is stated again when a surer sign appears.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from unstuck.evidence.hci.book import Book, Draft, Moment
from unstuck.evidence.profiles import VendorProfile, profiles
from unstuck.model.evidence import Scalar

SURE_ADVERT = 0.97
"""A 16-bit UUID assigned to the vendor; its other products could carry it."""
SURE_SERVICE = 0.98
"""A 128-bit service id of the vendor's own, found on the device or asked for by it."""
SURE_PROTOCOL = 0.9
"""The handshake of the vendor's protocol; six bytes could be chance, on both sides hardly."""
SURE_NAME = 0.7
"""Names can be set by anybody, and products share words."""
SURE_OWN_NAME = 0.99
"""A name that only one open project gives its trackers, whose services are another vendor's published ones."""
SURE_COMPANY = 0.6
"""A company identifier; the company makes other things too."""
SURE_HANDLES = 0.4
"""The attribute handles of one model, on a device nothing else is known of."""
SURE_WEAK = 0.3
"""A standard service: some sensor, perhaps not a tracker."""

DEVICES_KEPT = 20_000
"""Devices of each kind remembered in one trace; a hostile trace may invent a new one with every packet."""

NAMES_KEPT = 20_000
"""Different (device, name) pairs remembered until the end of a trace."""

READING_FRESH_US = 120_000_000
"""Two minutes: an older reading says nothing about the signal when a link was lost."""


@dataclass(slots=True)
class Known:
    """A recognised device: vendor and how sure (0..1)."""

    vendor: str
    sure: float


class LastAdvert(Protocol):
    """Who knows the last advert of a device."""

    def last_rssi(self, address: str, at: Moment) -> tuple[int, int] | None:
        """Time (microseconds) and dBm of the last advert before a moment."""


class Peers:
    """Devices by address. ``known`` and ``names`` outlive the trace: the next one recognises by address.

    Signs are collected and told at the end, in the order of the trace, each only if it is surer than
    those before it: adverts of a block are read before its links, so they do not come in order.
    """

    def __init__(self, book: Book, adverts: LastAdvert, known: dict[str, Known], names: dict[str, str]) -> None:
        self._book = book
        self._adverts = adverts
        self._before = dict(known)
        self.known = known
        self.names = names
        self.connected: set[str] = set()
        self.listed: set[str] = set()
        self._signs: dict[tuple[str, str, str, float], tuple[Moment, str]] = {}
        self._recognised: set[str] = set()
        self._name_drafts: dict[tuple[str, str, str], Draft] = {}
        self._named_at: dict[str, int] = {}
        self._readings: dict[str, tuple[int, int]] = {}

    def met(self, address: str, at: Moment) -> None:
        """A link to this device came up."""
        if not address:
            return
        remember(self.connected, address)
        before = self._before.get(address)
        if before is not None:
            self.sign(address, before.vendor, "address", before.sure, at, "Address recognised in another trace")

    def bonded(self, address: str, at: Moment) -> None:
        """The phone holds keys of this device: it put it on the resolving list."""
        remember(self.listed, address)
        before = self._before.get(address)
        if before is not None:
            said = "Bonded (resolving list), recognised in another trace"
            self.sign(address, before.vendor, "bond", before.sure, at, said)

    def reading(self, address: str, rssi: int, at: Moment) -> None:
        """The phone measured the signal of a live LE link."""
        if address in self._readings or len(self._readings) < DEVICES_KEPT:
            self._readings[address] = (at.time_us, rssi)

    def last_rssi(self, address: str, at: Moment) -> int | None:
        """dBm of the newest advert or reading of the last two minutes."""
        found = [one for one in (self._adverts.last_rssi(address, at), self._readings.get(address)) if one is not None]
        fresh = [one for one in found if 0 <= at.time_us - one[0] <= READING_FRESH_US]
        return max(fresh)[1] if fresh else None

    def name(self, address: str, name: str, source: str, at: Moment) -> None:
        """A name the device gives itself; the newest one is its name."""
        name = "".join(character for character in name.strip("\0 ") if character.isprintable())
        if not address or not name:
            return
        known = address in self._named_at or len(self._named_at) < DEVICES_KEPT
        if known and at.number >= self._named_at.get(address, 0):
            self.names[address] = name
            self._named_at[address] = at.number
        key = (address, name, source)
        before = self._name_drafts.get(key)
        if before is None and len(self._name_drafts) >= NAMES_KEPT:
            return
        said = f"{'Advert' if source == 'advert' else 'Device Name'}: {name!r}"[:200]
        if before is None or at.number < before.number:
            value: dict[str, Scalar] = {"name": name, "source": source}
            self._name_drafts[key] = Draft("device.name", value, at.time_us, at.number, said, address)
        for vendor, profile in profiles().items():
            if profile.has_name(name):
                self.sign(address, vendor, "name", SURE_OWN_NAME if profile.own_name else SURE_NAME, at, said)

    def uuid16(self, address: str, uuid: int, by: str, at: Moment) -> None:
        """A 16-bit service seen in an advert or found on the device."""
        for vendor, profile in profiles().items():
            if profile.has_uuid16(uuid):
                sure = SURE_WEAK if profile.weak else SURE_ADVERT
                said = f"{'Advert' if by == 'advert' else 'GATT'}: service 0x{uuid:04x}"
                self.sign(address, vendor, by, sure, at, said)

    def uuid128(self, address: str, uuid: int, by: str, at: Moment) -> None:
        """A 128-bit service seen in an advert, found on the device, or asked for by it."""
        vendor = vendor_of_uuid128(uuid)
        if vendor is not None:
            text = f"{uuid:032x}"
            said = f"{'Advert' if by == 'advert' else 'GATT'}: service {text[:8]}-{text[8:12]}-..."
            self.sign(address, vendor.id, by, SURE_SERVICE, at, said)

    def company(self, address: str, company: int, at: Moment) -> None:
        """Manufacturer data of an advert."""
        for vendor, profile in profiles().items():
            if company in profile.company_ids:
                self.sign(address, vendor, "advert", SURE_COMPANY, at, f"Advert: company 0x{company:04x}")

    def sign(self, address: str, vendor: str, by: str, sure: float, at: Moment, said: str) -> None:
        """A sign that a device is a tracker of this vendor; of equal ones the first is kept."""
        if not address:
            return
        key = (address, vendor, by, sure)
        before = self._signs.get(key)
        if before is None and len(self._signs) >= DEVICES_KEPT:
            return
        if before is None or at.number < before[0].number:
            self._signs[key] = at, said
            self._recognised.add(address)

    def recognised(self) -> set[str]:
        """Addresses with any sign in this trace."""
        return self._recognised

    def finish(self, wanted: frozenset[str]) -> None:
        """Tell who was recognised. Names of strangers' devices are nobody's business: only those of
        devices that matter are told one by one."""
        sure_of: dict[str, float] = {}
        for (address, vendor, by, sure), (at, said) in sorted(self._signs.items(), key=lambda item: item[1][0].number):
            if sure <= sure_of.get(address, 0.0):
                continue
            sure_of[address] = sure
            name = self.names.get(address, "")
            before = self.known.get(address)
            if ":" in address and (before is None or sure >= before.sure):
                self.known[address] = Known(vendor, sure)
            value: dict[str, Scalar] = {"vendor": vendor, "name": name, "by": by, "sure": sure}
            self._book.add("device.recognised", value, at, said, address)
        matter = wanted | self.connected | self.listed | self._recognised
        for draft in self._name_drafts.values():
            if draft.subject in matter:
                self._book.put(draft)


def remember(devices: set[str], address: str) -> None:
    """Add a device while there is room."""
    if len(devices) < DEVICES_KEPT:
        devices.add(address)


@lru_cache(maxsize=4096)
def vendor_of_uuid128(uuid: int) -> VendorProfile | None:
    """The vendor a 128-bit id belongs to, or None."""
    return next((profile for profile in profiles().values() if profile.has_uuid128(uuid)), None)


@lru_cache(maxsize=4096)
def address_text(address: int) -> str:
    """48 bits as ``e6:c0:ec:8e:de:51``."""
    digits = f"{address:012x}"
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
