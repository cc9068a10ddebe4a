"""Adverts: the advertising reports of a batch enter as arrays; signals, names and services of devices leave.

Layouts are those of the LE meta events 0x02 (legacy), 0x0b (directed) and 0x0d (extended):
Bluetooth Core Specification, vol. 4 part E, 7.7.65.
"""

import numpy as np
import numpy.typing as npt

from unstuck.evidence.hci.book import Book, Moment, iso
from unstuck.evidence.hci.peers import Peers, address_text
from unstuck.evidence.hci.records import Batch, Ints
from unstuck.evidence.hci.wanted import ADDRESS

LEGACY, DIRECTED, EXTENDED = 0x02, 0x0B, 0x0D

NO_RSSI = 127
"""The controller could not measure: no signal strength, not a strong one."""

ROWS_KEPT = 300_000
"""Adverts kept one by one until the end of the trace (26 bytes each), because only then it is known which
devices matter. Beyond it only the devices known to matter by then are kept, every second advert."""

DEVICES_KEPT = 20_000
"""Devices counted. Phones change their random address every 15 minutes; a crowd in a day stays below."""

SUMMARIES = 300
"""Most devices summed up in facts: those that matter, then those seen most often."""

SEEN_PER_DEVICE = 1_500
"""Most adverts of one device stated one by one; evenly thinned beyond it."""

_NOT_CONNECTABLE, _CONNECTABLE, _UNKNOWN = 0, 1, 2
_LEGACY_CONNECTABLE = np.array([1, 1, 0, 0, 2], np.uint8)

_PAYLOADS_KEPT = 200_000
"""Different (device, data length) pairs whose data was looked into."""


class Adverts:
    """All adverts of one trace."""

    def __init__(self) -> None:
        self.count = 0
        self.thinned = 0
        self.unlisted = 0
        self._rows: list[npt.NDArray[np.int64]] = []
        self._kept = 0
        self._stride = 1
        self._looked_into: set[int] = set()
        self._place: dict[int, int] = {}
        self._signals = np.zeros((64, 256), np.int64)
        self._span: dict[int, tuple[int, int, int]] = {}
        self._last: dict[int, tuple[int, int]] = {}
        self._address = np.empty(0, np.int64)
        self._row = np.empty(0, np.int64)
        self._rssi = np.empty(0, np.int64)
        self._time = np.empty(0, np.int64)
        self._by_device: tuple[Ints, Ints, Ints] | None = None

    # one batch

    def take(self, batch: Batch, rows: Ints, subevents: npt.NDArray[np.uint8], peers: Peers) -> None:
        """The advertising reports at these rows of a batch."""
        self._remember_last()
        parts = [self._reports(batch, rows[subevents == code], code) for code in (LEGACY, DIRECTED, EXTENDED)]
        table = np.concatenate(parts, axis=1)
        order = np.argsort(table[0], kind="stable")
        row, address, rssi, connectable, data_at, data_length = table[:, order]
        self.count += len(row)
        time_us = batch.time_us[row]
        self._address, self._row, self._rssi, self._time = address, row, rssi, time_us
        self._by_device = None
        if not len(row):
            return
        self._sum_up(address, rssi, time_us, batch.first + row)
        self._look_into(batch, row, address, data_at, data_length, peers)
        self._keep(np.stack((address, time_us, batch.first + row, rssi, connectable)), peers)

    def _reports(self, batch: Batch, rows: Ints, code: int) -> Ints:
        """Columns (row, address, rssi, connectable, data offset, data length) of single and multiple reports."""
        if not len(rows):
            return np.empty((6, 0), np.int64)
        many = batch.byte(rows, 3) != 1
        tables = [_single(batch, rows[~many], code)]
        tables += [_multiple(batch, int(row), code) for row in rows[many]]
        return np.concatenate(tables, axis=1)

    def _sum_up(self, address: Ints, rssi: Ints, time_us: Ints, number: Ints) -> None:
        """Count each device's adverts by signal: one row of 256 counts for each device."""
        devices, first, inverse = np.unique(address, return_index=True, return_inverse=True)
        last = len(address) - 1 - np.unique(address[::-1], return_index=True)[1]
        places = np.array([self._place_of(device) for device in devices.tolist()], np.int64)
        for device, place, begin, end in zip(
            devices.tolist(), places.tolist(), first.tolist(), last.tolist(), strict=True
        ):
            if place >= 0:
                before = self._span.get(device, (int(time_us[begin]), int(number[begin]), 0))
                self._span[device] = (before[0], before[1], int(time_us[end]))
        if len(self._place) > len(self._signals):
            more = max(2 * len(self._signals), len(self._place)) - len(self._signals)
            self._signals = np.concatenate((self._signals, np.zeros((more, 256), np.int64)))
        place = places[inverse]
        counted = place >= 0
        self.unlisted += int(np.count_nonzero(~counted))
        np.add.at(self._signals, (place[counted], rssi[counted] & 0xFF), 1)

    def _place_of(self, device: int) -> int:
        place = self._place.get(device, -1)
        if place < 0 and len(self._place) < DEVICES_KEPT:
            place = self._place[device] = len(self._place)
        return place

    def _count_of(self, device: int) -> int:
        return int(self._signals[self._place[device]].sum())

    def _keep(self, kept: Ints, peers: Peers) -> None:
        self._rows.append(kept[:, :: self._stride] if self._stride > 1 else kept)
        self._kept += self._rows[-1].shape[1]
        if self._kept > ROWS_KEPT:
            matter = _as_ints(peers.connected | peers.recognised() | peers.listed)
            everything = np.concatenate(self._rows, axis=1)
            chosen = everything[:, np.isin(everything[0], matter)]
            if chosen.shape[1] > ROWS_KEPT // 2:
                chosen = chosen[:, ::2]
                self._stride *= 2
            self._rows, self._kept = [chosen], chosen.shape[1]

    def _look_into(
        self, batch: Batch, row: Ints, address: Ints, data_at: Ints, data_length: Ints, peers: Peers
    ) -> None:
        keys, first = np.unique((address << 11) | np.minimum(data_length, 2047), return_index=True)
        order = np.argsort(first)
        for key, index in zip(keys[order].tolist(), first[order].tolist(), strict=True):
            if key in self._looked_into or not data_length[index]:
                continue
            if len(self._looked_into) < _PAYLOADS_KEPT:
                self._looked_into.add(key)
            begin = int(data_at[index])
            at = Moment(int(row[index]), int(batch.time_us[row[index]]), batch.first + int(row[index]))
            data = batch.raw[begin : begin + int(data_length[index])]
            read_structures(data, address_text(int(address[index])), at, peers)

    # what others ask

    def last_rssi(self, address: str, at: Moment) -> tuple[int, int] | None:
        """Time and dBm of the newest advert of a device before a moment of the present batch."""
        if not address or address.startswith("h"):
            return None
        device = int(address.replace(":", ""), 16)
        devices, keys, source = self._index()
        place = int(np.searchsorted(devices, device))
        if place < len(devices) and devices[place] == device:
            found = int(np.searchsorted(keys, (place << 32) | at.row)) - 1
            if found >= 0 and keys[found] >> 32 == place:
                return int(self._time[source[found]]), int(self._rssi[source[found]])
        return self._last.get(device)

    def _index(self) -> tuple[Ints, Ints, Ints]:
        """Devices of this batch, sorted (device, row) keys, and where each key came from; made once per batch."""
        if self._by_device is None:
            heard = np.flatnonzero(self._rssi != NO_RSSI)
            devices, device = np.unique(self._address[heard], return_inverse=True)
            keys = (device << 32) | self._row[heard]
            order = np.argsort(keys, kind="stable")
            self._by_device = devices, keys[order], heard[order]
        return self._by_device

    def _remember_last(self) -> None:
        heard = self._rssi != NO_RSSI
        address, rssi, time_us = self._address[heard], self._rssi[heard], self._time[heard]
        for device, index in zip(*np.unique(address[::-1], return_index=True), strict=True):
            if int(device) in self._last or len(self._last) < DEVICES_KEPT:
                self._last[int(device)] = (int(time_us[-1 - index]), int(rssi[-1 - index]))

    # the end of the trace

    def addresses(self) -> list[str]:
        """Every device counted."""
        return [address_text(device) for device in self._place]

    def finish(self, book: Book, peers: Peers, wanted: frozenset[str]) -> None:
        """State the adverts of the devices that matter, and sums for them and the most frequent others."""
        matter = set(_as_ints(wanted | peers.connected | peers.recognised()).tolist())
        self._state_seen(book, matter)
        by_count = sorted(self._place, key=lambda device: (device not in matter, -self._count_of(device)))
        for device in by_count[:SUMMARIES]:
            self._state_summary(book, peers, device)
        self.unlisted += sum(self._count_of(device) for device in by_count[SUMMARIES:])

    def _state_seen(self, book: Book, matter: set[int]) -> None:
        if not self._rows:
            return
        everything = np.concatenate(self._rows, axis=1)
        for device in sorted(matter & set(self._place)):
            mine = everything[:, everything[0] == device]
            stride = -(-mine.shape[1] // SEEN_PER_DEVICE) or 1
            mine = mine[:, ::stride]
            self.thinned += self._count_of(device) - mine.shape[1]
            subject = address_text(device)
            for _, time_us, number, rssi, connectable in mine.T.tolist():
                strength = None if rssi == NO_RSSI else rssi
                value = {"rssi": strength, "connectable": None if connectable == _UNKNOWN else bool(connectable)}
                said = "Advert: no RSSI" if strength is None else f"Advert: {strength} dBm"
                book.add("advert.seen", value, Moment(0, time_us, number), said, subject)

    def _state_summary(self, book: Book, peers: Peers, device: int) -> None:
        signals = np.roll(self._signals[self._place[device]], 128).tolist()
        heard = [(rssi, count) for rssi, count in zip(range(-128, 127), signals, strict=False) if count]
        count = sum(signals)
        subject = address_text(device)
        first_us, first_number, last_us = self._span[device]
        median = _median(heard)
        value = {
            "count": count,
            "rssi_min": heard[0][0] if heard else None,
            "rssi_median": median,
            "rssi_max": heard[-1][0] if heard else None,
            "first": iso(first_us),
            "last": iso(last_us),
            "name": peers.names.get(subject, ""),
        }
        said = f"{count} adverts" + (f", {heard[0][0]} to {heard[-1][0]} dBm, median {median:g}" if heard else "")
        book.add("advert.summary", value, Moment(0, first_us, first_number), said, subject)


def _single(batch: Batch, rows: Ints, code: int) -> Ints:
    """Columns of events that hold exactly one report."""
    if code == EXTENDED:
        rows = rows[batch.length[rows] >= 28]
        flags = batch.word(rows, 4)
        address_at, rssi_at = 7, np.full(len(rows), 17)
        data_length, data_at = batch.byte(rows, 27).astype(np.int64), np.full(len(rows), 28)
        connectable = flags & 1
    elif code == LEGACY:
        rows = rows[batch.length[rows] >= 13]
        data_length = batch.byte(rows, 12).astype(np.int64)
        whole = batch.length[rows] >= 14 + data_length
        rows, data_length = rows[whole], data_length[whole]
        address_at, data_at = 6, np.full(len(rows), 13)
        rssi_at = data_at + data_length
        connectable = _LEGACY_CONNECTABLE[np.minimum(batch.byte(rows, 4), 4)].astype(np.int64)
    else:
        rows = rows[batch.length[rows] >= 20]
        address_at, rssi_at = 6, np.full(len(rows), 19)
        data_length, data_at = np.zeros(len(rows), np.int64), np.full(len(rows), 20)
        connectable = np.full(len(rows), _CONNECTABLE)
    low, middle, high = (batch.word(rows, address_at + skip) for skip in (0, 2, 4))
    address = low | (middle << 16) | (high << 32)
    start = batch.start[rows]
    rssi = batch.data[start + rssi_at].astype(np.int8).astype(np.int64)
    data_length = np.minimum(data_length, np.maximum(batch.length[rows] - data_at, 0))
    return np.stack((rows, address, rssi, connectable, start + data_at, data_length)).astype(np.int64)


def _multiple(batch: Batch, row: int, code: int) -> Ints:
    """Columns of an event with several reports, which follow each other whole, as every controller sends them."""
    packet, start = batch.packet(row), int(batch.start[row])
    found: list[tuple[int, ...]] = []
    at = 4
    for _ in range(packet[3] if len(packet) > 3 else 0):
        if code == EXTENDED:
            if at + 24 > len(packet):
                break
            flags, address_at, rssi_at, data_at, length = packet[at], at + 3, at + 13, at + 24, packet[at + 23]
            connectable = flags & 1
            after = data_at + length
        else:
            if at + 9 > len(packet):
                break
            length = packet[at + 8] if code == LEGACY else 0
            address_at, data_at = at + 2, at + 9
            rssi_at = data_at + length if code == LEGACY else at + 15
            connectable = int(_LEGACY_CONNECTABLE[min(packet[at], 4)]) if code == LEGACY else _CONNECTABLE
            after = rssi_at + 1
        if after > len(packet):
            break
        address = int.from_bytes(packet[address_at : address_at + 6], "little")
        rssi = packet[rssi_at] - 256 if packet[rssi_at] > 127 else packet[rssi_at]
        found.append((row, address, rssi, connectable, start + data_at, length))
        at = after
    return np.array(found, np.int64).reshape(-1, 6).T


def read_structures(data: bytes, address: str, at: Moment, peers: Peers) -> None:
    """Names, services and companies in the data of one advert (Core Supplement, part A)."""
    offset = 0
    while offset + 1 < len(data):
        length, kind = data[offset], data[offset + 1]
        if length == 0:
            return
        body = data[offset + 2 : offset + 1 + length]
        offset += 1 + length
        if kind in (0x02, 0x03):
            for index in range(0, len(body) - 1, 2):
                peers.uuid16(address, int.from_bytes(body[index : index + 2], "little"), "advert", at)
        elif kind in (0x06, 0x07):
            for index in range(0, len(body) - 15, 16):
                peers.uuid128(address, int.from_bytes(body[index : index + 16], "little"), "advert", at)
        elif kind in (0x08, 0x09):
            peers.name(address, body.decode("utf-8", "replace"), "advert", at)
        elif kind == 0xFF and len(body) >= 2:
            peers.company(address, int.from_bytes(body[:2], "little"), at)


def _median(heard: list[tuple[int, int]]) -> float | None:
    total = sum(count for _, count in heard)
    if not total:
        return None
    middle = []
    for place in ((total - 1) // 2, total // 2):
        passed = 0
        for rssi, count in heard:
            passed += count
            if passed > place:
                middle.append(rssi)
                break
    return sum(middle) / 2


def _as_ints(addresses: frozenset[str] | set[str]) -> Ints:
    """Addresses as numbers; devices known only by their handle have none."""
    return np.array([int(one.replace(":", ""), 16) for one in addresses if ADDRESS.fullmatch(one)], np.int64)
