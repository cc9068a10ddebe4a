"""The memory of a tracker: a ring of finite size that survives a power cut at any moment.

Records enter; they leave only when the phone has said that it holds them (:meth:`Memory.trim`) or
when there is no room (the oldest of their ring first, and ``overwritten`` says exactly which). There
are two rings: daily totals, and everything else ("detail"). The order of every write: first durable,
then visible. How it lies on disk: ``log.py``.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ParamSpec

from unstuck.chain.records import MAX_BATCH_RECORDS, Kind, Ranges, Record
from unstuck.chain.tracker.files import Files
from unstuck.chain.tracker.log import (
    Copied,
    Entry,
    Noted,
    Snapshot,
    Trimmed,
    Written,
    parse_name,
    read_frames,
    segment_name,
    to_frame,
)

DETAIL_A_DAY_RECORDS = 1_480
"""Detail records of a day: 1,440 minutes and room for 40 stretches of sleep, workouts and events (the
generator makes about 25)."""

DETAIL_DAYS = 7
"""Days of minute detail that Fitbit says its trackers keep; the article's "5 to 7 days" at its best."""

TOTAL_DAYS = 30
"""Days of daily totals that Fitbit says its trackers keep."""

P = ParamSpec("P")

Measured = tuple[Kind, int, int, tuple[int, ...]]
"""Kind, start (Unix s, tracker clock), duration (s), value: a record before it has its number."""

Key = tuple[int, int]
"""Boot and sequence number."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much fits, in records. ``segment``: records before a new file is begun. ValueError: nothing would fit."""

    detail: int = DETAIL_DAYS * DETAIL_A_DAY_RECORDS
    days: int = TOTAL_DAYS
    segment: int = DETAIL_A_DAY_RECORDS

    def __post_init__(self) -> None:
        if self.detail < 1 or self.days < 1 or not 1 <= self.segment <= MAX_BATCH_RECORDS:
            raise ValueError(f"no memory works with {self}")


class BrokenMemoryError(OSError):
    """A write failed. What of it is on disk is not known, so nothing more is written until a restart."""


class Memory:
    """The memory as one boot of the tracker sees it. Opening it is that boot: the count goes up by one.

    ``held``, ``overwritten``: sequence numbers by boot. ``trimmed``: last number freed, by boot.
    ``notes``: numbers the device keeps, as durable as the records they come with.
    ``torn``: files that ended in the middle of a write when this boot began.
    """

    def __init__(self, files: Files, capacity: Capacity | None = None) -> None:
        self.capacity = capacity or Capacity()
        self._files = files
        self.boot = self._number = self._floor = self._in_segment = 0
        self.held: dict[int, Ranges] = {}
        self.overwritten: dict[int, Ranges] = {}
        self.trimmed: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.notes: tuple[int, ...] = ()
        self._records: dict[int, dict[int, Record]] = {}
        self._detail: dict[Key, int] = {}  # key -> number of the segment it lies in; oldest first
        self._totals: dict[Key, int] = {}
        self._live: Counter[int] = Counter()
        self._broken = False
        self.torn = 0
        number, boot = self._load()
        self._new_boot(number + 1, boot + 1)

    # what is held

    def run(self, boot: int, first: int, most: int) -> tuple[Record, ...]:
        """Consecutive held records of a boot from ``first`` on, at most so many; empty when ``first`` is not held."""
        records = self._records.get(boot, {})
        found: list[Record] = []
        while len(found) < most and (record := records.get(first + len(found))):
            found.append(record)
        return tuple(found)

    @property
    def broken(self) -> bool:
        """Whether a write failed in this boot."""
        return self._broken

    @property
    def next_sequence(self) -> int:
        """The number the next record of this boot gets."""
        return self.ends.get(self.boot, 0)

    # what changes it

    @property
    def most(self) -> int:
        """Most records of one write."""
        return min(self.capacity.detail, MAX_BATCH_RECORDS)

    def write(self, measured: Sequence[Measured], notes: tuple[int, ...]) -> None:
        """Record these, in this order, and keep the notes that hold after them: all of it or, without power, nothing.

        OSError when the medium refuses. ValueError, and nothing is done, for numbers no record can
        have and for more records than fit (:attr:`most`, and as many totals as there is room for).
        """
        totals = sum(item[0] is Kind.DAY for item in measured)
        if not 1 <= len(measured) <= self.most or totals > self.capacity.days:
            raise ValueError(f"{len(measured)} records with {totals} totals cannot be one write")
        if self._in_segment >= self.capacity.segment:
            self._begin_segment(self._number + 1)
        first = self.next_sequence
        records = tuple(Record(self.boot, first + place, *item) for place, item in enumerate(measured))
        displaced = self._displaced(len(records) - totals, totals)
        self._append(Written(records, displaced, notes))
        for boot, ranges in displaced.items():
            self._lose(boot, ranges)
            self._drop(boot, ranges)
        for record in records:
            self._keep(record, self._number)
        self.held[self.boot] = self.held.get(self.boot, Ranges()) | Ranges.span(first, first + len(records) - 1)
        self.ends[self.boot] = first + len(records)
        self.notes = notes
        self._in_segment += len(records)

    def note(self, notes: tuple[int, ...]) -> None:
        """Keep new notes."""
        self._append(Noted(notes))
        self.notes = notes

    def trim(self, boot: int, through: int) -> int:
        """Free a boot's records up to and including ``through``, because the phone holds them; how many were.

        ValueError when the boot never had such a record: the phone means another tracker.
        """
        if not 0 <= through < self.ends.get(boot, 0):
            raise ValueError(f"boot {boot} has no record {through}")
        if through <= self.trimmed.get(boot, -1):
            return 0
        self._append(Trimmed(boot, through))
        self.trimmed[boot] = through
        gone = self.held.get(boot, Ranges()) & Ranges.span(0, through)
        self._drop(boot, gone)
        self._collect()
        return gone.total

    def erase(self) -> None:
        """Factory reset: nothing is held after it, a new boot begins.

        The boot number goes on and what was held counts as overwritten: a number used twice would
        give two measurements one identity, and the loss would look like a hole without a reason.
        """
        for boot, ranges in self.held.items():
            self._lose(boot, ranges)
        for emptied in (self.held, self._records, self._detail, self._totals, self._live):
            emptied.clear()
        self.notes = ()
        self._floor = self._number + 1
        self._new_boot(self._number + 1, self.boot + 1)

    # inside

    def _load(self) -> tuple[int, int]:
        """Take up what is on disk; (highest segment number, highest boot) used so far, -1 for none."""
        segments: dict[int, list[Entry]] = {}
        used = [(-1, -1)]
        for number, boot, name in sorted((*found, name) for name in self._files.names() if (found := parse_name(name))):
            used.append((number, boot))
            entries, torn = read_frames(self._files.read(name))
            self.torn += torn
            if entries and isinstance(entries[0], Snapshot):
                segments[number] = entries
        if segments:
            newest = segments[max(segments)]
            self._take_state(newest)
            self._take_records(segments)
            self._find_lost()
        return max(number for number, _ in used), max(boot for _, boot in used)

    def _take_state(self, entries: list[Entry]) -> None:
        for entry in entries:
            match entry:
                case Snapshot():
                    self._floor, self.notes = entry.floor, entry.notes
                    self.trimmed, self.ends = dict(entry.trimmed), dict(entry.ends)
                    self.overwritten = dict(entry.overwritten)
                case Written():
                    self.notes = entry.notes
                    for boot, ranges in entry.displaced.items():
                        self._lose(boot, ranges)
                case Trimmed():
                    self.trimmed[entry.boot] = entry.through
                case Noted():
                    self.notes = entry.notes

    def _take_records(self, segments: dict[int, list[Entry]]) -> None:
        found: dict[Key, tuple[Record, int]] = {}
        for number, entries in segments.items():
            for entry in entries if number >= self._floor else ():
                if isinstance(entry, Written | Copied):
                    found.update({(record.boot, record.sequence): (record, number) for record in entry.records})
        by_boot: dict[int, list[int]] = {}
        for boot, sequence in sorted(found):
            self.ends[boot] = max(self.ends.get(boot, 0), sequence + 1)
            gone = self.overwritten.get(boot, Ranges())
            if sequence > self.trimmed.get(boot, -1) and sequence not in gone:
                record, number = found[boot, sequence]
                self._keep(record, number)
                by_boot.setdefault(boot, []).append(sequence)
        self.held = {boot: Ranges.numbers(numbers) for boot, numbers in by_boot.items()}

    def _find_lost(self) -> None:
        """What once was and is neither held nor freed nor overwritten went with a damaged file: say so."""
        for boot, end in self.ends.items():
            known = self.held.get(boot, Ranges()) | self.overwritten.get(boot, Ranges())
            lost = Ranges.span(self.trimmed.get(boot, -1) + 1, end - 1) - known
            if lost:
                self._lose(boot, lost)

    def _new_boot(self, number: int, boot: int) -> None:
        for boot_before, ranges in self._displaced(0, 0).items():  # a smaller capacity than last time
            self._lose(boot_before, ranges)
            self._drop(boot_before, ranges)
        self.boot = boot
        self._begin_segment(number)

    def _begin_segment(self, number: int) -> None:
        snapshot = Snapshot(self.boot, self._floor, self.notes, self.trimmed, self.overwritten, self.ends)
        self._durably(self._files.create, segment_name(number, self.boot), to_frame(snapshot))
        self._number, self._in_segment = number, 0
        self._copy_totals()
        self._collect()

    def _copy_totals(self) -> None:
        """Totals outlive the detail around them: write them again, so that a segment with nothing else can go."""
        in_segment = Counter(self._totals.values())
        keys = [key for key, at in self._totals.items() if at != self._number and in_segment[at] == self._live[at]]
        if keys:
            self._append(Copied(tuple(self._records[boot][sequence] for boot, sequence in keys)))
            for key in keys:
                self._live[self._totals[key]] -= 1
                self._totals[key] = self._number
                self._live[self._number] += 1

    def _collect(self) -> None:
        """Remove the files of which no record is held; all else they say is in the newest one."""
        for name in sorted(self._files.names()):
            found = parse_name(name)
            if found and found[0] != self._number and self._live[found[0]] == 0:
                self._durably(self._files.remove, name)

    def _displaced(self, detail: int, totals: int) -> dict[int, Ranges]:
        """What must go to make room for so many more: the oldest."""
        gone: dict[int, list[int]] = {}
        for ring, more, room in (
            (self._detail, detail, self.capacity.detail),
            (self._totals, totals, self.capacity.days),
        ):
            for boot, sequence in islice(ring, max(0, len(ring) + more - room)):
                gone.setdefault(boot, []).append(sequence)
        return {boot: Ranges.numbers(numbers) for boot, numbers in gone.items()}

    def _keep(self, record: Record, number: int) -> None:
        ring = self._totals if record.kind is Kind.DAY else self._detail
        ring[record.boot, record.sequence] = number
        self._records.setdefault(record.boot, {})[record.sequence] = record
        self._live[number] += 1

    def _lose(self, boot: int, ranges: Ranges) -> None:
        self.overwritten[boot] = self.overwritten.get(boot, Ranges()) | ranges

    def _drop(self, boot: int, ranges: Ranges) -> None:
        for first, last in ranges:
            for sequence in range(first, last + 1):
                record = self._records[boot].pop(sequence)
                ring = self._totals if record.kind is Kind.DAY else self._detail
                self._live[ring.pop((boot, sequence))] -= 1
        left = self.held.get(boot, Ranges()) - ranges
        if left:
            self.held[boot] = left
        else:
            self.held.pop(boot, None)
            self._records.pop(boot, None)

    def _append(self, entry: Entry) -> None:
        self._durably(self._files.append, segment_name(self._number, self.boot), to_frame(entry))

    def _durably(self, write: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> None:
        if self._broken:
            raise BrokenMemoryError("an earlier write to the memory failed; restart the tracker")
        self._broken = True
        write(*arguments, **named)
        self._broken = False
