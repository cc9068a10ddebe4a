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
SURE_COMPANY = 0.6
"""A company identifier; the company makes other things too."""
SURE_HANDLES = 0.4
"""The attribute handles of one model, on a device nothing else is known of."""
SURE_WEAK = 0.3
"""A standard service: some sensor, perhaps not a tracker."""

NAMES_KEPT = 20_000
"""Different (device, name) pairs remembered until the end of a trace."""

READING_FRESH_US = 120_000_000
"""Two minutes: an older reading says nothing about the signal when a link was lost."""


@dataclass(slots=True)
class Known:
    """A recognised device: vendor, best name, how sure (0..1)."""

    vendor: str
    name: str
    sure: float


class LastAdvert(Protocol):
    """Who knows the last advert of a device."""

    def last_rssi(self, address: str, at: Moment) -> tuple[int, int] | None:
        """Time (microseconds) and dBm of the last advert before a moment."""


class Peers:
    """Devices by address. ``known`` outlives the trace: the next one recognises by address."""

    def __init__(self, book: Book, adverts: LastAdvert, known: dict[str, Known], names: dict[str, str]) -> None:
        self._book = book
        self._adverts = adverts
        self._before = dict(known)
        self.known = known
        self.names = names
        self.connected: set[str] = set()
        self.listed: set[str] = set()
        self._stated: dict[str, float] = {}
        self._name_drafts: list[Draft] = []
        self._values: list[tuple[str, dict[str, Scalar]]] = []
        self._named: set[tuple[str, str, str]] = set()
        self._readings: dict[str, tuple[int, int]] = {}

    def met(self, address: str, at: Moment) -> None:
        """A link to this device came up."""
        if not address:
            return
        self.connected.add(address)
        before = self._before.get(address)
        if before is not None and address not in self._stated:
            self._state(address, before.vendor, "address", before.sure, at, "recognised in another trace by address")

    def bonded(self, address: str, at: Moment) -> None:
        """The phone holds keys of this device: it put it on the resolving list."""
        self.listed.add(address)
        before = self._before.get(address)
        if before is not None and address not in self._stated:
            self._state(address, before.vendor, "bond", before.sure, at, "bonded; recognised in another trace")

    def reading(self, address: str, rssi: int, at: Moment) -> None:
        """The phone measured the signal of a live LE link."""
        self._readings[address] = (at.time_us, rssi)

    def last_rssi(self, address: str, at: Moment) -> int | None:
        """dBm of the newest advert or reading of the last two minutes."""
        found = [one for one in (self._adverts.last_rssi(address, at), self._readings.get(address)) if one is not None]
        fresh = [one for one in found if 0 <= at.time_us - one[0] <= READING_FRESH_US]
        return max(fresh)[1] if fresh else None

    def name(self, address: str, name: str, source: str, at: Moment) -> None:
        """A name the device gives itself."""
        name = "".join(character for character in name.strip("\0 ") if character.isprintable())
        if not address or not name or (address, name, source) in self._named:
            return
        self._named.add((address, name, source))
        self.names[address] = name
        said = f"{'Advert' if source == 'advert' else 'Device Name'}: {name!r}"[:200]
        if len(self._name_drafts) < NAMES_KEPT:
            value: dict[str, Scalar] = {"name": name, "source": source}
            self._name_drafts.append(Draft("device.name", value, at.time_us, at.number, said, address))
        for vendor, profile in profiles().items():
            if profile.has_name(name):
                self.sign(address, vendor, "name", SURE_NAME, at, said)

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
        """A sign that a device is a tracker of this vendor; stated when it is the surest so far."""
        if not address or sure <= self._stated.get(address, 0.0):
            return
        self._state(address, vendor, by, sure, at, said)

    def _state(self, address: str, vendor: str, by: str, sure: float, at: Moment, said: str) -> None:
        self._stated[address] = sure
        name = self.names.get(address, "")
        before = self.known.get(address)
        if ":" in address and (before is None or sure >= before.sure):
            self.known[address] = Known(vendor, name, sure)
        value: dict[str, Scalar] = {"vendor": vendor, "name": name, "by": by, "sure": sure}
        self._values.append((address, value))
        self._book.add("device.recognised", value, at, said, address)

    def finish(self, wanted: frozenset[str]) -> None:
        """Names learned after a device was recognised belong to it too. Names of strangers' devices are
        nobody's business: only those of devices that matter are stated one by one."""
        matter = wanted | self.connected | self.listed | self.recognised()
        for draft in self._name_drafts:
            if draft.subject in matter:
                self._book.put(draft)
        for address, value in self._values:
            value["name"] = value["name"] or self.names.get(address, "")
            if address in self.known:
                self.known[address].name = self.names.get(address, self.known[address].name)

    def recognised(self) -> frozenset[str]:
        """Addresses stated in this trace as trackers."""
        return frozenset(self._stated)


@lru_cache(maxsize=4096)
def vendor_of_uuid128(uuid: int) -> VendorProfile | None:
    """The vendor a 128-bit id belongs to, or None."""
    return next((profile for profile in profiles().values() if profile.has_uuid128(uuid)), None)


@lru_cache(maxsize=4096)
def address_text(address: int) -> str:
    """48 bits as ``e6:c0:ec:8e:de:51``."""
    digits = f"{address:012x}"
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
