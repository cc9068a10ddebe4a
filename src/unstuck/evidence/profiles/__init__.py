"""What is known of the trackers' vendors: vendors.toml enters, frozen profiles leave.

Profiles say how a vendor's tracker is recognised on the air, which apps carry its data, and how long
it keeps data. Every number has its source in the file; what nobody published is None.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

EXPECTED_SYNC_MINUTES = 15
"""First expectation for a background sync, in minutes. No vendor publishes one; users of several
exporters report 10 to 15. A device's own rhythm replaces it as soon as it is known."""


@dataclass(frozen=True, slots=True)
class AppProfile:
    """One app of a vendor. ``ios`` is the bundle, empty where unknown."""

    name: str
    packages: tuple[str, ...]
    ios: str


@dataclass(frozen=True, slots=True)
class HandlePair:
    """Attribute handles of a vendor's data pipe: a heuristic where nothing better is on the air."""

    written: int
    notified: int


@dataclass(frozen=True, slots=True)
class VendorProfile:
    """One vendor: signs on the air, apps, and how long its trackers keep data.

    ``service_uuids128`` are (value, mask) pairs of 128-bit integers. ``minute_detail_days`` and
    ``daily_days`` are None where nobody published them. ``weak`` marks signs of a class of sensors
    rather than of a vendor; ``own_name``: a name that nobody else gives a tracker. ``pairs_without_loss``: it is known,
    not guessed, that its trackers keep every record when the phone forgets them and pairs anew.
    """

    id: str
    name: str
    apps: tuple[AppProfile, ...]
    advert_uuids16: frozenset[int]
    service_uuids128: tuple[tuple[int, int], ...]
    company_ids: frozenset[int]
    name_patterns: tuple[re.Pattern[str], ...]
    handles: tuple[HandlePair, ...]
    minute_detail_days: int | None
    daily_days: int | None
    expected_sync_minutes: int
    status_page: str
    sources: tuple[str, ...]
    weak: bool = False
    own_name: bool = False
    pairs_without_loss: bool = False

    def has_uuid16(self, uuid: int) -> bool:
        """Whether a 16-bit service UUID is one of this vendor's trackers'."""
        return uuid in self.advert_uuids16

    def has_uuid128(self, uuid: int) -> bool:
        """Whether a 128-bit service UUID (as an integer) belongs to this vendor."""
        return any(uuid & mask == value & mask for value, mask in self.service_uuids128)

    def has_name(self, name: str) -> bool:
        """Whether a device of this name is one of this vendor's trackers."""
        return any(pattern.fullmatch(name.strip()) for pattern in self.name_patterns)


@cache
def profiles() -> Mapping[str, VendorProfile]:
    """Every vendor profile by its id, in the order of the file."""
    raw = tomllib.loads(files(__package__).joinpath("vendors.toml").read_text("utf-8"))
    return MappingProxyType({vendor: _profile(vendor, rows) for vendor, rows in raw.items()})


@cache
def packages() -> frozenset[str]:
    """Every Android package of every vendor."""
    return frozenset(_vendors_by_package())


def bundles(wanted: frozenset[str]) -> tuple[str, ...]:
    """The iPhone's bundles of the apps that have one of these Android packages (or are such a bundle), in order."""
    apps = [app for profile in profiles().values() for app in profile.apps]
    known = dict.fromkeys(app.ios for app in apps if app.ios and wanted & {app.ios, *app.packages})
    return tuple(known) or tuple(sorted(wanted))


def vendor_of_package(package: str) -> VendorProfile | None:
    """The vendor whose app this Android package or iPhone bundle is, or None."""
    return _vendors_by_package().get(package) or _vendors_by_bundle().get(package)


@cache
def _vendors_by_package() -> Mapping[str, VendorProfile]:
    return {package: profile for profile in profiles().values() for app in profile.apps for package in app.packages}


@cache
def _vendors_by_bundle() -> Mapping[str, VendorProfile]:
    return {app.ios: profile for profile in profiles().values() for app in profile.apps if app.ios}


def _profile(vendor: str, rows: Mapping[str, Any]) -> VendorProfile:
    return VendorProfile(
        id=vendor,
        name=rows["name"],
        apps=tuple(AppProfile(app["name"], tuple(app["packages"]), app["ios"]) for app in rows.get("apps", ())),
        advert_uuids16=frozenset(rows.get("advert_uuids16", ())),
        service_uuids128=tuple((_uuid(value), _uuid(mask)) for value, mask in rows.get("service_uuids128", ())),
        company_ids=frozenset(rows.get("company_ids", ())),
        name_patterns=tuple(re.compile(text, re.IGNORECASE) for text in rows.get("name_patterns", ())),
        handles=tuple(HandlePair(written, notified) for written, notified in rows.get("handles", ())),
        minute_detail_days=rows.get("minute_detail_days"),
        daily_days=rows.get("daily_days"),
        expected_sync_minutes=rows.get("expected_sync_minutes", EXPECTED_SYNC_MINUTES),
        status_page=rows.get("status_page", ""),
        sources=tuple(rows["sources"]),
        weak=rows.get("weak", False),
        own_name=rows.get("own_name", False),
        pairs_without_loss=rows.get("pairs_without_loss", False),
    )


def _uuid(text: str) -> int:
    return int(text.replace("-", ""), 16)
