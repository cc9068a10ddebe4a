"""One trace from batches to facts: each packet that matters goes to the part that knows it.

Nearly all packets are only counted, in arrays. The few per cent that change something (connection,
security and pairing events, telling ATT packets) are taken one by one, in the order of the trace.
"""

import numpy as np
import numpy.typing as npt

from unstuck.evidence.hci import codes
from unstuck.evidence.hci.adverts import DIRECTED, EXTENDED, LEGACY, Adverts
from unstuck.evidence.hci.attributes import EVERY_HANDLE, Attributes, probes
from unstuck.evidence.hci.book import Book, Moment
from unstuck.evidence.hci.commands import RESET, Commands
from unstuck.evidence.hci.events import (
    ATTEMPTS,
    COMMANDS_TAKEN,
    COMPLETES_TAKEN,
    EVENTS_TAKEN,
    META_TAKEN,
    QUALITY_REPORTS,
    QUALITY_SUBEVENT,
    Events,
)
from unstuck.evidence.hci.gatt import RESET_COMPLETE, RESET_COMPLETE_BYTES, RESET_REQUEST, Gatt
from unstuck.evidence.hci.links import Link, Links
from unstuck.evidence.hci.pairing import Pairing
from unstuck.evidence.hci.peers import Known, Peers, address_text
from unstuck.evidence.hci.records import ACL, COMMAND, EVENT, FARTHEST_US, RECEIVED, SENT, UNKNOWN_WAY, Batch, Ints

ATT_CHANNEL, SMP_CHANNEL = 0x0004, 0x0006
"""Fixed L2CAP channels (Core, vol. 3 part A, 2.1)."""

BACK_US = 1_000_000
"""One second backwards: smaller steps are records written out of order."""
AHEAD_US = 86_400_000_000
"""One day without any record: a phone with Bluetooth on scans every few minutes; longer is a clock being set."""

JUMPS_BELIEVED = 100
"""Jumps of the clock in one trace after which no duration in it is believed any more."""

TELLING_KEPT = 50_000
"""Most telling ATT packets looked into one by one; one discovery of services has about fifty."""

CONTROLLERS_MASK = 0x0F
"""Sixteen controllers in one trace are told apart; a computer has one or two."""

DIAGNOSTIC_HANDLES = (0x0EDC, 0x0EEF)
"""ACL handles on which Qualcomm and Samsung controllers send their own logs (named so in AOSP's ACL
manager); random bytes there would look like ATT and pairing."""

_CONTINUES = 1
"""Packet boundary flag of an ACL fragment that continues a packet and so has no L2CAP head."""
_FROM_CONTROLLER = 2
"""Packet boundary flag that only controllers set on LE links; tells the way where the container does not."""

_TELLING_RECEIVED = np.zeros(256, bool)
_TELLING_RECEIVED[[0x06, 0x07, 0x09, 0x11]] = True
_TELLING_SENT = np.zeros(256, bool)
_TELLING_SENT[0x06] = True


QUALITY_BYTES = 27
"""Bytes of a quality report up to the last field that is read."""


def _table(codes_taken: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    table = np.zeros(65536, bool)
    table[list(codes_taken)] = True
    return table


_EVENTS, _METAS, _COMMANDS = _table(EVENTS_TAKEN), _table(META_TAKEN), _table(COMMANDS_TAKEN)
_QUALITY = _table(tuple(QUALITY_REPORTS))
_COMPLETES, _ATTEMPTS = _table(COMPLETES_TAKEN), _table(ATTEMPTS)


class Session:
    """Reads one trace. ``carried`` are links open at the end of the trace before, by handle."""

    def __init__(self, carried: dict[int, Link], known: dict[str, Known], names: dict[str, str]) -> None:
        self.book = Book()
        self.adverts = Adverts()
        self.peers = Peers(self.book, self.adverts, known, names)
        self.links = Links(self.book, self.peers, carried)
        self.commands = Commands()
        self.attributes = Attributes(self.book)
        self.gatt = Gatt(self.book, self.links, self.peers)
        self.pairing = Pairing(self.book, self.links)
        self.events = Events(self.book, self.links, self.peers, self.pairing)
        self.first: Moment | None = None
        self.newest_us = 0
        self.oldest_us = 0
        self.last_us = 0
        self.jumps: list[tuple[int, int]] = []
        self.jump_count = 0
        self.kinds: npt.NDArray[np.int64] = np.zeros(6, np.int64)
        self.link_events = False
        self._telling = 0

    def take(self, batch: Batch) -> None:
        """The next batch of the trace."""
        np.clip(batch.time_us, -FARTHEST_US, FARTHEST_US, out=batch.time_us)
        self.kinds += np.bincount(batch.kind, minlength=6)[:6]
        jumps = self._clock(batch)
        self.links.next_batch()
        before = dict(self.links.open)
        event_rows, ended, ended_handles = self._event_rows(batch, jumps)
        att, att_handles, acl_rows = self._acl_rows(batch, ended, ended_handles)
        self._one_by_one(batch, np.unique(np.concatenate((event_rows, acl_rows))), jumps[::-1].tolist())
        self.attributes.take(batch, att, att_handles, before, self.links)
        self._close()

    # which rows matter

    def _clock(self, batch: Batch) -> Ints:
        """Rows before which the clock jumped."""
        time_us = batch.time_us
        if self.first is None:
            self.first = Moment(0, int(time_us[0]), batch.first)
            self.events.started_us = self.oldest_us = self.newest_us = self.last_us = int(time_us[0])
        step = np.diff(time_us, prepend=self.last_us)
        jumps = np.flatnonzero((step < -BACK_US) | (step > AHEAD_US))
        self.jump_count += len(jumps)
        for row in jumps[: max(0, 1 - len(self.jumps))].tolist():
            self.jumps.append((batch.first + row, int(step[row])))
        self.last_us = int(time_us[-1])
        self.oldest_us = min(self.oldest_us, int(time_us.min()))
        self.newest_us = max(self.newest_us, int(time_us.max()))
        return jumps

    def _event_rows(self, batch: Batch, jumps: Ints) -> tuple[Ints, Ints, Ints]:
        """Rows of events and commands to take one by one; rows and handles of ended links, resets among them."""
        events = np.flatnonzero((batch.kind == EVENT) & (batch.length >= 3))
        code = batch.byte(events, 0)
        meta = events[code == 0x3E]
        sub = batch.byte(meta, 2)
        advert = (sub == LEGACY) | (sub == DIRECTED) | (sub == EXTENDED)
        self.adverts.take(batch, meta[advert], sub[advert], self.peers)
        complete = events[(code == 0x0E) & (batch.length[events] >= 5)]
        status = events[(code == 0x0F) & (batch.length[events] >= 6)]
        completed, answered = batch.word(complete, 3), batch.word(status, 4)
        commands = np.flatnonzero((batch.kind == COMMAND) & (batch.length >= 2))
        opcode = batch.word(commands, 0)
        self.commands.take(
            batch, commands, opcode, np.concatenate((complete, status)), np.concatenate((completed, answered)), jumps
        )
        connection = (code == 0x03) & (batch.length[events] >= 12)
        page_timeout = connection & (batch.byte(events, 2) == codes.PAGE_TIMEOUT)
        self._page_timeouts(batch, events[page_timeout])
        ended = events[(code == 0x05) & (batch.length[events] >= 6)]
        self.link_events |= bool(len(meta) > np.count_nonzero(advert) or connection.any() or len(ended))
        vendor = events[(code == 0xFF) & (batch.length[events] >= QUALITY_BYTES)]
        quality = (batch.byte(vendor, 2) == QUALITY_SUBEVENT) & _QUALITY[batch.byte(vendor, 3)]
        refused = status[_ATTEMPTS[answered] & (batch.byte(status, 2) != 0)]
        taken = (
            events[_EVENTS[code] & ~page_timeout],
            meta[_METAS[sub]],
            complete[_COMPLETES[completed]],
            vendor[quality],
            refused,
            commands[_COMMANDS[opcode]],
            _newest_before(commands[_ATTEMPTS[opcode]], refused),
        )
        resets = commands[opcode == RESET]
        ended_handles = np.append(self._handles(batch, ended, 3), np.full(len(resets), EVERY_HANDLE))
        return np.concatenate(taken), np.append(ended, resets), ended_handles

    def _page_timeouts(self, batch: Batch, rows: Ints) -> None:
        address = batch.word(rows, 5) | (batch.word(rows, 7) << 16) | (batch.word(rows, 9) << 32)
        found = zip(*(part.tolist() for part in np.unique(address, return_index=True, return_counts=True)), strict=True)
        for one, index, count in found:
            row = int(rows[index])
            at = Moment(row, int(batch.time_us[row]), batch.first + row)
            self.links.page_timeout(at, address_text(one), count)

    def _handles(self, batch: Batch, rows: Ints, offset: int) -> Ints:
        handles = batch.word(rows, offset) & 0xFFF
        return (
            handles
            if batch.adapter is None
            else handles | ((batch.adapter[rows].astype(np.int64) & CONTROLLERS_MASK) << 12)
        )

    def _acl_rows(self, batch: Batch, ended: Ints, ended_handles: Ints) -> tuple[Ints, Ints, Ints]:
        """Rows and handles of ATT packets, and the ACL rows to take one by one."""
        acl = np.flatnonzero((batch.kind == ACL) & (batch.length >= 9))
        boundary = (batch.word(acl, 0) >> 12) & 3
        begins = (boundary != _CONTINUES) & ~np.isin(batch.word(acl, 0) & 0xFFF, DIAGNOSTIC_HANDLES)
        acl, boundary = acl[begins], boundary[begins]
        unknown = batch.way[acl] == UNKNOWN_WAY
        if unknown.any():
            batch.way[acl[unknown]] = np.where(boundary[unknown] == _FROM_CONTROLLER, RECEIVED, SENT)
        channel = batch.word(acl, 6)
        att = acl[channel == ATT_CHANNEL]
        handles = self._handles(batch, att, 0)
        probed = probes(batch, att, handles, ended, ended_handles, self.links.ended_us)
        telling = self._telling_rows(batch, att)
        return att, handles, np.concatenate((acl[channel == SMP_CHANNEL], telling, np.array(probed, np.int64)))

    def _telling_rows(self, batch: Batch, att: Ints) -> Ints:
        opcode, size, received = batch.byte(att, 8), batch.word(att, 4), batch.way[att] == RECEIVED
        whole = batch.length[att] >= 8 + size
        telling = np.where(received, _TELLING_RECEIVED[opcode], _TELLING_SENT[opcode])
        telling |= ~received & (opcode == 0x08) & (size == 7) & (batch.word(att, 13) == 0x2A00)
        telling |= received & (opcode == 0x0B) & (size == 17)
        value = batch.byte(att, 11)
        carries = (opcode == 0x1B) | (opcode == 0x52) | (opcode == 0x12)
        telling |= carries & (size == 4) & (value == RESET_REQUEST)
        telling |= carries & (size == 3 + RESET_COMPLETE_BYTES) & (value == RESET_COMPLETE)
        rows = att[telling & whole][: max(0, TELLING_KEPT - self._telling)]
        self._telling += len(rows)
        return rows

    # one by one

    def _one_by_one(self, batch: Batch, rows: Ints, jumps: list[int]) -> None:
        columns = (batch.start[rows], batch.length[rows], batch.kind[rows], batch.way[rows], batch.time_us[rows])
        bases = np.zeros(len(rows), np.int64)
        if batch.adapter is not None:
            bases = (batch.adapter[rows].astype(np.int64) & CONTROLLERS_MASK) << 12
        raw, first = batch.raw, batch.first
        for row, start, length, kind, way, time_us, base in zip(
            rows.tolist(), *(column.tolist() for column in columns), bases.tolist(), strict=True
        ):
            while jumps and jumps[-1] <= row:
                self._jumped(jumps)
            at = Moment(row, time_us, first + row)
            packet = raw[start : start + length]
            if kind == EVENT:
                self.events.event(at, packet, base)
            elif kind == COMMAND:
                self.events.command(at, packet, base)
            else:
                self._acl(at, packet, way, base)

        while jumps:
            self._jumped(jumps)

    def _jumped(self, jumps: list[int]) -> None:
        jumps.pop()
        self.links.clock_jumped(self.jump_count > JUMPS_BELIEVED)

    def _acl(self, at: Moment, packet: bytes, way: int, base: int) -> None:
        handle = base + ((packet[0] | packet[1] << 8) & 0xFFF)
        channel = packet[6] | packet[7] << 8
        if self.links.is_late(handle, at.time_us):
            return
        if channel == SMP_CHANNEL:
            self.pairing.smp(at, handle, way, packet[8:])
        elif channel == ATT_CHANNEL and _is_telling(packet):
            self.gatt.packet(at, handle, way, packet[8:])
        elif channel == ATT_CHANNEL:
            self.links.find(handle, at, "le")

    def _close(self) -> None:
        for link in self.links.closed:
            self.gatt.state(link)
            self.attributes.state(link, self.last_us)
        self.links.closed.clear()

    # the end

    def finish(self, wanted: frozenset[str]) -> dict[int, Link]:
        """State what is only known at the end; gives the links still open."""
        still_open = self.links.finish()
        self._close()
        self.attributes.finish()
        self.commands.finish(self.book)
        self.adverts.finish(self.book, self.peers, wanted)
        self.peers.finish(wanted)
        records = int(self.kinds.sum())
        value = {
            "commands": bool(self.kinds[COMMAND]),
            "link_events": self.link_events,
            "adverts": self.adverts.count > 0,
            "acl": bool(self.kinds[ACL]),
            "records": records,
            "le_connections": self.links.le_opened,
        }
        said = f"{records} records: {int(self.kinds[COMMAND])} commands, {int(self.kinds[EVENT])} events, "
        said += f"{int(self.kinds[ACL])} ACL packets, {self.adverts.count} adverts"
        self.book.add("hci.coverage", value, self.first, said)
        return still_open


def _newest_before(rows: Ints, moments: Ints) -> Ints:
    """For each moment the newest of the rows before it, and the last row of all for the batch that follows."""
    places = np.searchsorted(rows, moments) - 1
    return np.concatenate((rows[places[places >= 0]], rows[-1:]))


def _is_telling(packet: bytes) -> bool:
    """Whether an ATT packet is whole and long enough for its opcode; a probe may be any packet."""
    size = packet[4] | packet[5] << 8
    if len(packet) < 8 + size or size < 3:
        return False
    return packet[8] in (0x06, 0x07, 0x08, 0x09, 0x0B, 0x11, 0x12, 0x1B, 0x52)
