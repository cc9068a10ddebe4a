"""Paired Devices: which trackers belong to the account, and when each was last heard of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from unstuck.evidence.takeout.place import Place
from unstuck.evidence.takeout.streams import CsvRows
from unstuck.evidence.takeout.times import has_zone, iso, time_of
from unstuck.model.evidence import Fact, Scalar

_PHONE_AS_TRACKER = "mobiletrack"
"""The vendor's name for a phone that counts steps itself; it is no tracker and would hide a tracker's silence."""
_ADDRESS_DIGITS = 12
_MOST_ROWS = 1000
"""Trackers one account may have had; the rest of a longer table is not read."""


@dataclass(frozen=True, slots=True)
class _Row:
    fields: dict[str, str]
    place: Place

    def get(self, column: str) -> str:
        return self.fields.get(column, "")

    @property
    def is_phone(self) -> bool:
        names = (self.get("device_type"), self.get("tracker_name"))
        return any(name.replace(" ", "").lower() == _PHONE_AS_TRACKER for name in names)


class PairedDevices:
    """Takes Trackers.csv, Devices.csv and Tracker Optional Configuration.csv and states one device per tracker."""

    def __init__(self) -> None:
        self._trackers: list[_Row] = []
        self._devices: list[_Row] = []
        self._options: list[_Row] = []
        self._phones: set[str] = set()
        self.zone_missing = False

    def add_trackers(self, rows: CsvRows, path: str) -> int:
        """Take Trackers.csv; gives the number of rows."""
        found = list(_rows(rows, path))
        self._phones |= {row.get("tracker_id") for row in found if row.is_phone}
        self._trackers += [row for row in found if not row.is_phone]
        return len(found)

    def add_devices(self, rows: CsvRows, path: str) -> int:
        """Take Devices.csv; gives the number of rows."""
        found = list(_rows(rows, path))
        self._devices += [row for row in found if not row.is_phone]
        return len(found)

    def add_options(self, rows: CsvRows, path: str) -> int:
        """Take Tracker Optional Configuration.csv; gives the number of rows."""
        found = list(_rows(rows, path))
        self._options += found
        return len(found)

    def names(self) -> frozenset[str]:
        """Names of the account's own trackers, to know first-party rows of a series by."""
        named = (row.get(column) for row in self._trackers for column in ("tracker_name", "device_type"))
        return frozenset(name.lower() for name in named if name)

    def facts(self) -> Iterator[Fact]:
        """One device per tracker with its last sync, battery and restarts."""
        unmatched = list(self._devices)
        subjects: dict[str, str] = {}
        for row in self._trackers:
            device = _matching(row, unmatched, self._trackers)
            if device is not None:
                unmatched.remove(device)
            address = "" if device is None else _address(device.get("wire_id"))
            subject = address or row.get("tracker_id") or row.get("tracker_name")
            subjects[row.get("tracker_id")] = subject
            yield _device_fact(row, row, device, address, subject)
            yield from self._sync_facts(row, subject)
        for device in unmatched:
            address = _address(device.get("wire_id"))
            yield _device_fact(device, None, device, address, address or device.get("wire_id"))
        for row in self._options:
            tracker_id = row.get("tracker_id")
            restarted = self._time(row.get("last_reboot_time"))
            if restarted is not None and tracker_id not in self._phones:
                yield row.place.fact("tracker.rebooted", True, restarted, subjects.get(tracker_id, tracker_id))

    def _sync_facts(self, row: _Row, subject: str) -> Iterator[Fact]:
        synced = self._time(row.get("last_sync_date_time"))
        if synced is None:
            return
        yield row.place.fact("tracker.last_sync", iso(synced), synced, subject)
        level = row.get("batt_level").rstrip("%")
        if level.isdecimal() and len(level) <= len("100") and int(level) <= 100:
            yield row.place.fact(
                "tracker.battery", {"percent": float(level), "voltage_mv": None, "charging": None}, synced
            )

    def _time(self, text: str) -> datetime | None:
        found = time_of(text)
        if found is not None and not has_zone(text):
            self.zone_missing = True
        return found


def _device_fact(at: _Row, tracker: _Row | None, device: _Row | None, address: str, subject: str) -> Fact:
    bonded = "" if tracker is None else tracker.get("is_bonded").lower()
    value: dict[str, Scalar] = {
        "name": "" if tracker is None else tracker.get("tracker_name"),
        "type": at.get("device_type"),
        "firmware": None if device is None else device.get("fw_version"),
        "address": address or None,
        "bonded": {"true": True, "1": True, "false": False, "0": False}.get(bonded),
    }
    return at.place.fact("tracker.device", value, None, subject)


def _matching(tracker: _Row, devices: Sequence[_Row], trackers: Sequence[_Row]) -> _Row | None:
    """The device of a tracker. The tables share only the type, so a type that is there twice cannot be matched."""
    kind = tracker.get("device_type").lower()
    alike = [device for device in devices if device.get("device_type").lower() == kind]
    same_kind = [row for row in trackers if row.get("device_type").lower() == kind]
    return alike[0] if len(alike) == 1 and len(same_kind) == 1 else None


def _address(wire_id: str) -> str:
    """A Bluetooth address in lower case with colons; empty where it is none."""
    digits = wire_id.replace(":", "").replace("-", "").lower()
    if len(digits) != _ADDRESS_DIGITS or digits.strip("0123456789abcdef"):
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, _ADDRESS_DIGITS, 2))


def _rows(rows: CsvRows, path: str) -> Iterator[_Row]:
    for number, fields in rows:
        if number > _MOST_ROWS:
            return
        named = {column: field.strip() for column, field in zip(rows.columns, fields, strict=False)}
        yield _Row(named, Place(path, f"line {number}", ",".join(fields)))
