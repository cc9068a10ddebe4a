"""The pcapng container: sections, interfaces and packet blocks; HCI interfaces are read, others passed over.

Format: the pcapng draft of the IETF opsawg. Packets are counted as tshark counts them: every packet block
of any interface.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unstuck.evidence.hci.pcap import BLUEZ_MONITOR, H4, H4_WITH_DIRECTION, linktype_or_error, unwrap
from unstuck.evidence.hci.recognise import PCAPNG_ORDERS, pcapng_resolution
from unstuck.evidence.hci.records import MAX_RECORD_BYTES, PAD_BYTES, PASSED_OVER, SENT, Batch, Framer
from unstuck.model.errors import EvidenceError

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 0x0A0D0D0A, 1, 2, 3, 6
MAX_BLOCK_BYTES = 16 << 20
"""Blocks other than packets (names, decryption secrets) may be long, but not longer than 16 MB."""
MAX_INTERFACES = 256
"""A machine has a handful of them in one section."""


@dataclass(frozen=True, slots=True)
class Interface:
    """Link type and clock of one interface."""

    linktype: int
    units_per_s: int
    offset_s: int


@dataclass(slots=True)
class _Row:
    interface: int
    start: int
    length: int
    time_us: int


class PcapngFramer(Framer):
    """Packets of a pcapng file."""

    kind = "pcapng"

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._order = "<"
        self._interfaces: list[Interface] = []
        self._other_linktype: int | None = None
        self._last_us = 0
        self.read = 0

    def feed(self, block: bytes) -> Iterator[Batch]:
        """The packets of the blocks that end inside these bytes."""
        if self.problem is not None:
            return
        size = len(self._tail) + len(block)
        raw = b"".join((self._tail, block, bytes(PAD_BYTES)))
        rows: list[_Row] = []
        interfaces: list[Interface] = []
        used = self._blocks(raw, size, rows, interfaces)
        self._tail = raw[used:size]
        if rows:
            batch = self._rows(raw, rows, interfaces)
            self.records += len(batch)
            self.passed_over += int(np.count_nonzero(batch.kind == PASSED_OVER))
            yield batch

    def finish(self) -> Iterator[Batch]:
        """Raises EvidenceError where no interface was HCI at all."""
        if not self.read and self._other_linktype is not None:
            linktype_or_error(self._other_linktype, self._path)
        return super().finish()

    def _blocks(self, raw: bytes, size: int, rows: list[_Row], interfaces: list[Interface]) -> int:
        at = 0
        while at + 12 <= size:
            if raw[at : at + 4] == b"\x0a\x0d\x0d\x0a":
                order = PCAPNG_ORDERS.get(raw[at + 8 : at + 12])
                if order is None:
                    self._damaged("the head of a section is impossible", len(rows))
                    return size
                self._order, self._interfaces = order, []
            kind, length = struct.unpack_from(f"{self._order}II", raw, at)
            if length < 12 or length % 4 or length > MAX_BLOCK_BYTES:
                self._damaged(f"a block of {length:,} bytes is impossible", len(rows))
                return size
            if at + length > size:
                break
            if kind == INTERFACE and length >= 20:
                if len(self._interfaces) >= MAX_INTERFACES:
                    self._damaged("so many interfaces are impossible", len(rows))
                    return size
                self._interface(raw[at + 8 : at + length - 4])
            elif kind in (PACKET, SIMPLE_PACKET, OLD_PACKET):
                row = self._packet(raw, at, kind, length)
                if row is None:
                    self._damaged("the head of this packet is impossible", len(rows))
                    return size
                row_interface = self._interfaces[row.interface]
                if row_interface not in interfaces:
                    interfaces.append(row_interface)
                row.interface = interfaces.index(row_interface)
                rows.append(row)
            at += length
        return at

    def _interface(self, body: bytes) -> None:
        linktype = struct.unpack_from(f"{self._order}H", body)[0]
        units, offset = pcapng_resolution(body[8:], self._order)
        self._interfaces.append(Interface(linktype, units, offset))
        try:
            linktype_or_error(linktype, self._path)
        except EvidenceError:
            self._other_linktype = linktype

    def _packet(self, raw: bytes, at: int, kind: int, length: int) -> _Row | None:
        if kind == SIMPLE_PACKET:
            interface, head = 0, 12
            if length < 16:
                return None
            captured = min(struct.unpack_from(f"{self._order}I", raw, at + 8)[0], length - 16)
            time_us = self._last_us
        else:
            head = 28
            if length < 32:
                return None
            if kind == OLD_PACKET:
                interface = struct.unpack_from(f"{self._order}H", raw, at + 8)[0]
            else:
                interface = struct.unpack_from(f"{self._order}I", raw, at + 8)[0]
            high, low, captured = struct.unpack_from(f"{self._order}III", raw, at + 12)
            if interface >= len(self._interfaces):
                return None
            clock = self._interfaces[interface]
            time_us = (high << 32 | low) * 1_000_000 // clock.units_per_s + clock.offset_s * 1_000_000
        if interface >= len(self._interfaces) or captured > min(length - head - 4, MAX_RECORD_BYTES):
            return None
        if not -(1 << 62) < time_us < 1 << 62:
            return None
        self._last_us = time_us
        return _Row(interface, at + head, captured, time_us)

    def _rows(self, raw: bytes, rows: list[_Row], interfaces: list[Interface]) -> Batch:
        data = np.frombuffer(raw, np.uint8)
        start = np.array([row.start for row in rows], np.int64)
        length = np.array([row.length for row in rows], np.int64)
        of = np.array([row.interface for row in rows], np.int64)
        kind = np.full(len(rows), PASSED_OVER, np.uint8)
        way = np.full(len(rows), SENT, np.uint8)
        adapter = np.zeros(len(rows), np.uint8)
        for index, interface in enumerate(interfaces):
            if interface.linktype not in (H4, H4_WITH_DIRECTION, BLUEZ_MONITOR):
                continue
            mine = np.flatnonzero(of == index)
            self.read += len(mine)
            found = unwrap(raw, data, interface.linktype, start[mine], length[mine])
            start[mine], length[mine], kind[mine], way[mine] = found.start, found.length, found.kind, found.way
            if found.adapter is not None:
                adapter[mine] = found.adapter
        return Batch(
            data=data,
            raw=raw,
            first=self.records + 1,
            start=start,
            length=length,
            kind=kind,
            way=way,
            time_us=np.array([row.time_us for row in rows], np.int64),
            adapter=adapter if adapter.any() else None,
        )
