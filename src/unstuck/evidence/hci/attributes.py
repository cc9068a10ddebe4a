"""ATT traffic: the attribute packets of a batch enter as arrays; bytes per link and attribute, errors and
requests that were never answered leave.

Opcodes and the 30 s transaction time-out: Bluetooth Core Specification, vol. 3 part F.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unstuck.evidence.hci.book import Book, Moment, iso, times
from unstuck.evidence.hci.links import LATE_PACKET_US, Cell, Link, Links
from unstuck.evidence.hci.records import RECEIVED, SENT, Batch, Ints

ATT_TIMEOUT_US = 30_000_000
"""A transaction that is not answered within 30 s has failed; no more may be sent (vol. 3 part F, 3.3.3)."""

CELLS_KEPT = 50_000
"""Most (link, attribute) sums held at once; a device has some dozens of attributes in use."""
TIMEOUTS_KEPT = 5_000
"""Most unanswered requests remembered."""

ERROR = 0x01
REQUESTS = (0x02, 0x04, 0x06, 0x08, 0x0A, 0x0C, 0x0E, 0x10, 0x12, 0x16, 0x18, 0x20)
RESPONSES = (0x01, 0x03, 0x05, 0x07, 0x09, 0x0B, 0x0D, 0x0F, 0x11, 0x13, 0x17, 0x19, 0x21)
NOTIFICATION, INDICATION, WRITE_COMMAND = 0x1B, 0x1D, 0x52

_NAMES = {
    0x02: "Exchange MTU",
    0x04: "Find Information",
    0x06: "Find By Type Value",
    0x08: "Read By Type",
    0x0A: "Read",
    0x0C: "Read Blob",
    0x0E: "Read Multiple",
    0x10: "Read By Group Type",
    0x12: "Write",
    0x16: "Prepare Write",
    0x18: "Execute Write",
    0x20: "Read Multiple Variable",
}

_HEAD_OF_VALUE = np.zeros(256, np.int64)
"""ATT bytes before (and after) the value, for the packets that carry one attribute's value; 0 = carries none."""
_HEAD_OF_VALUE[[NOTIFICATION, INDICATION, WRITE_COMMAND, 0x12]] = 3
_HEAD_OF_VALUE[0x16] = 5
_HEAD_OF_VALUE[0xD2] = 15

_ASKS = np.zeros(256, bool)
_ASKS[[*REQUESTS]] = True
_ANSWERS = np.zeros(256, bool)
_ANSWERS[[*RESPONSES]] = True


@dataclass(slots=True)
class Waiting:
    """A request without an answer so far."""

    at: Moment
    opcode: int


class Attributes:
    """ATT traffic of one trace."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._waiting: dict[tuple[int, int], tuple[Link, Waiting]] = {}
        self.answered = 0
        self._cells = 0
        self._timeouts: list[tuple[int, str, Waiting, int]] = []

    def take(self, batch: Batch, rows: Ints, handles: Ints, before: dict[int, Link], links: Links) -> None:
        """The ATT packets at these rows; ``before`` are the links open when the batch began."""
        owners, owner = _owners(rows, handles, before, links)
        known = owner >= 0
        rows, owner = rows[known], owner[known]
        if not len(rows):
            return
        opcode = batch.byte(rows, 8)
        way = (batch.way[rows] == RECEIVED).astype(np.int64)
        size = batch.word(rows, 4)
        self._traffic(batch, rows, owners, owner, way, size)
        self._values(batch, rows, owners, owner, way, size, opcode)
        self._errors(batch, rows, owners, owner, opcode)
        self._answers(batch, rows, owners, owner, way, opcode)

    def _traffic(self, batch: Batch, rows: Ints, owners: list[Link], owner: Ints, way: Ints, size: Ints) -> None:
        slot = owner * 2 + way
        packets = np.bincount(slot, minlength=2 * len(owners))
        volume = np.bincount(slot, size, minlength=2 * len(owners))
        present, first = np.unique(owner, return_index=True)
        last = len(owner) - 1 - np.unique(owner[::-1], return_index=True)[1]
        for index, begin, end in zip(present.tolist(), first.tolist(), last.tolist(), strict=True):
            link = owners[index]
            for side in (SENT, RECEIVED):
                link.traffic[2 * side] += int(packets[2 * index + side])
                link.traffic[2 * side + 1] += int(volume[2 * index + side])
            link.first_att = link.first_att or _moment(batch, int(rows[begin]))
            link.last_att = _moment(batch, int(rows[end]))

    def _values(
        self,
        batch: Batch,
        rows: Ints,
        owners: list[Link],
        owner: Ints,
        way: Ints,
        size: Ints,
        opcode: npt.NDArray[np.uint8],
    ) -> None:
        head = _HEAD_OF_VALUE[opcode]
        carries = (head > 0) & (batch.length[rows] >= 11) & (size >= head)
        rows, owner, way = rows[carries], owner[carries], way[carries]
        volume = (size - head)[carries]
        slot = (owner << 17) | (batch.word(rows, 9) << 1) | way
        slots, first, inverse, counts = np.unique(slot, return_index=True, return_inverse=True, return_counts=True)
        sums = np.bincount(inverse, volume, minlength=len(slots))
        for one, index, packets, total in zip(
            slots.tolist(), first.tolist(), counts.tolist(), sums.tolist(), strict=True
        ):
            cell = self._cell(owners[one >> 17].attributes, one & 0x1FFFF, batch, int(rows[index]))
            cell.packets += packets
            cell.bytes += int(total)

    def _cell(self, cells: dict[int, Cell], slot: int, batch: Batch, row: int) -> Cell:
        """The sum of a slot; one that nobody keeps once there are too many."""
        cell = cells.get(slot)
        if cell is None:
            cell = Cell(_moment(batch, row))
            if self._cells < CELLS_KEPT:
                self._cells += 1
                cells[slot] = cell
        return cell

    def _errors(self, batch: Batch, rows: Ints, owners: list[Link], owner: Ints, opcode: npt.NDArray[np.uint8]) -> None:
        chosen = (opcode == ERROR) & (batch.length[rows] >= 13)
        rows, owner = rows[chosen], owner[chosen]
        if not len(rows):
            return
        slot = (owner << 16) | (batch.byte(rows, 12).astype(np.int64) << 8) | batch.byte(rows, 9)
        slots, first, counts = np.unique(slot, return_index=True, return_counts=True)
        for one, index, count in zip(slots.tolist(), first.tolist(), counts.tolist(), strict=True):
            self._cell(owners[one >> 16].errors, one & 0xFFFF, batch, int(rows[index])).packets += count

    def _answers(
        self, batch: Batch, rows: Ints, owners: list[Link], owner: Ints, way: Ints, opcode: npt.NDArray[np.uint8]
    ) -> None:
        """Match each request with the next packet of its kind: one may be open per side of a link."""
        asks, answers = _ASKS[opcode], _ANSWERS[opcode]
        chosen = asks | answers
        rows, owner, way, opcode, asks = rows[chosen], owner[chosen], way[chosen], opcode[chosen], asks[chosen]
        asker = np.where(asks, way, 1 - way)
        lane = (owner << 1) | asker
        order = np.argsort(lane, kind="stable")
        rows, lane, asks, opcode = rows[order], lane[order], asks[order], opcode[order]
        time_us = batch.time_us[rows]
        first_of_lane = np.ones(len(lane), bool)
        first_of_lane[1:] = lane[1:] != lane[:-1]
        last_of_lane = np.ones(len(lane), bool)
        last_of_lane[:-1] = first_of_lane[1:]
        for index in np.flatnonzero(first_of_lane):
            link, key = owners[int(lane[index]) >> 1], int(lane[index]) & 1
            entry = self._waiting.pop((id(link), key), None)
            if entry is not None and not asks[index]:
                self._settle(link, entry[1], int(time_us[index]))
        answered = np.zeros(len(lane), bool)
        answered[:-1] = asks[:-1] & ~asks[1:] & ~last_of_lane[:-1]
        self.answered += int(np.count_nonzero(answered))
        late = np.flatnonzero(answered)
        late = late[time_us[late + 1] - time_us[late] > ATT_TIMEOUT_US]
        for index in late:
            waiting = Waiting(_moment(batch, int(rows[index])), int(opcode[index]))
            self._settle(owners[int(lane[index]) >> 1], waiting, int(time_us[index + 1]))
        for index in np.flatnonzero(asks & last_of_lane):
            link, key = owners[int(lane[index]) >> 1], int(lane[index]) & 1
            self._waiting[id(link), key] = link, Waiting(_moment(batch, int(rows[index])), int(opcode[index]))

    def _settle(self, link: Link, waiting: Waiting, until_us: int) -> None:
        self.answered += 1
        self._judge(link, waiting, until_us)

    def _judge(self, link: Link, waiting: Waiting, until_us: int) -> None:
        overdue = until_us - waiting.at.time_us > ATT_TIMEOUT_US and not link.clock_jumped
        if overdue and len(self._timeouts) < TIMEOUTS_KEPT:
            self._timeouts.append((link.number, link.subject, waiting, until_us))

    def state(self, link: Link, until_us: int) -> None:
        """The facts of a link whose life is over, or of one still open at the end of the trace."""
        for key in (SENT, RECEIVED):
            entry = self._waiting.pop((id(link), key), None)
            until = link.closed_us if link.closed_us is not None else until_us
            if entry is not None:
                self._judge(link, entry[1], until)
        if link.first_att is None or link.last_att is None:
            return
        sent, sent_bytes, received, received_bytes = link.traffic
        self._book.add(
            "link.traffic",
            {
                "handle": link.number,
                "sent_packets": sent,
                "sent_bytes": sent_bytes,
                "received_packets": received,
                "received_bytes": received_bytes,
                "first": iso(link.first_att.time_us),
                "last": iso(link.last_att.time_us),
            },
            link.last_att,
            f"ATT on handle 0x{link.number:04x}: {sent} packets sent, {received} received",
            link.subject,
        )
        self._cells -= len(link.attributes) + len(link.errors)
        for slot, cell in link.attributes.items():
            attribute, direction = slot >> 1, "received" if slot & 1 else "sent"
            self._book.add(
                "att.traffic",
                {
                    "link": link.number,
                    "attribute": attribute,
                    "direction": direction,
                    "packets": cell.packets,
                    "bytes": cell.bytes,
                },
                cell.first,
                f"attribute 0x{attribute:04x} {direction}: {cell.packets} values, {cell.bytes} bytes",
                link.subject,
            )
        for slot, cell in link.errors.items():
            code, request = slot >> 8, slot & 0xFF
            said = f"ATT Error Response: 0x{code:02x} to {_NAMES.get(request, f'request 0x{request:02x}')}"
            value = {"code": code, "request": request, "count": cell.packets}
            self._book.add("att.errors", value, cell.first, f"{said}, {times(cell.packets)}", link.subject)

    def finish(self) -> None:
        """State the requests that were never answered; a log without any answer shows none."""
        for handle, subject, waiting, until_us in self._timeouts if self.answered else ():
            waited = round((until_us - waiting.at.time_us) / 1_000_000, 3)
            name = _NAMES.get(waiting.opcode, f"0x{waiting.opcode:02x}")
            said = f"ATT {name} on handle 0x{handle:04x}: no answer for {waited:g} s"
            value = {"request": waiting.opcode, "waited_s": waited}
            self._book.add("att.timeout", value, waiting.at, said, subject)


EVERY_HANDLE = -1
"""Stands for all handles: a reset ends every link."""


def probes(
    batch: Batch, rows: Ints, handles: Ints, ended_rows: Ints, ended_handles: Ints, ended_us: dict[int, int]
) -> list[int]:
    """Rows at which a handle is used that may not be open: its first use, and first uses well after an end."""
    found: list[int] = []
    for handle, places in _by_handle(handles):
        mine = rows[places]
        reached_us = np.maximum.accumulate(batch.time_us[mine])
        first_us = ended_us.get(handle)
        first = 0 if first_us is None else int(np.searchsorted(reached_us, first_us + LATE_PACKET_US, "right"))
        ends = ended_rows[(ended_handles == handle) | (ended_handles == EVERY_HANDLE)]
        soon = np.searchsorted(reached_us, batch.time_us[ends] + LATE_PACKET_US, "right")
        later = np.maximum(soon, np.searchsorted(mine, ends, "right"))
        chosen = np.unique(np.append(later, first))
        found += mine[chosen[chosen < len(mine)]].tolist()
    return found


def _by_handle(handles: Ints) -> Iterator[tuple[int, Ints]]:
    """Each handle with the places where it stands, in order."""
    order = np.argsort(handles, kind="stable")
    each, begins = np.unique(handles[order], return_index=True)
    if len(each):
        yield from zip(each.tolist(), np.split(order, begins[1:]), strict=True)


def _owners(rows: Ints, handles: Ints, before: dict[int, Link], links: Links) -> tuple[list[Link], Ints]:
    """The links of this batch, and for each row the place of its link in that list; -1 where it has none."""
    owners: list[Link] = []
    owner = np.full(len(rows), -1, np.int64)
    changes: dict[int, list[tuple[int, Link | None]]] = {}
    for row, handle, link in links.transitions:
        changes.setdefault(handle, []).append((row, link))
    for handle, mine in _by_handle(handles):
        segments = [(0, before.get(handle)), *changes.get(handle, ())]
        edges = [*np.searchsorted(rows[mine], [row for row, _ in segments]).tolist(), len(mine)]
        for (_, link), begin, end in zip(segments, edges[:-1], edges[1:], strict=True):
            if link is not None and end > begin:
                owner[mine[begin:end]] = len(owners)
                owners.append(link)
    return owners, owner


def _moment(batch: Batch, row: int) -> Moment:
    return Moment(row, int(batch.time_us[row]), batch.first + row)
