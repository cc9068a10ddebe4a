"""Batches as bytes: columnar CBOR, described in docs/reference/records.md.

``decode`` takes any bytes and gives a batch or :class:`BatchError`, in memory bounded by
``MAX_BATCH_BYTES`` and ``MAX_BATCH_RECORDS``. Only the one form that ``encode``'s CBOR has is read,
so no two readers can disagree on what a batch says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, chain, repeat
from operator import add

import cbor2

from unstuck.chain.records.columns import ColumnError, fold, read_column, unfold, write_column
from unstuck.chain.records.ranges import Ranges
from unstuck.chain.records.record import FIELDS, LARGEST, MAX_BATCH_RECORDS, Batch, Kind, Record

VERSION = 1
"""Version of the layout; another one is refused as such, so that an old reader can say "update me"."""

MAX_BATCH_BYTES = 1 << 18
"""Most bytes of one batch: 16 a record for the largest count, ten times what a minute needs. CBOR of
nothing but empty lists takes sixty times its size in memory; so much is bearable for hostile bytes."""

_LARGEST_FOLDED = 4 * LARGEST + 3
"""Largest folded gap between two records: both ends may lie anywhere in a field's range."""


class Fault(StrEnum):
    """What is wrong with a batch. Stable codes."""

    TOO_LARGE = "batch.too_large"
    NOT_CBOR = "batch.not_cbor"
    NOT_A_BATCH = "batch.not_a_batch"
    VERSION = "batch.version"
    COLUMN = "batch.column"
    KIND = "batch.kind"
    TIME = "batch.time"


class BatchError(ValueError):
    """The bytes are no batch; ``fault`` says why."""

    def __init__(self, fault: Fault, detail: str) -> None:
        self.fault = fault
        super().__init__(f"{fault}: {detail}")


@dataclass(frozen=True, slots=True)
class Columns:
    """A batch field by field, as it lies in its bytes; all that makes the bytes a batch has been checked.

    ``kinds``, ``starts`` (Unix seconds) and ``durations_s`` have an item for each record. ``values`` has the
    columns of each kind, an item for each record of that kind.
    """

    boot: int
    first: int
    kinds: Sequence[Kind]
    starts: Sequence[int]
    durations_s: Sequence[int]
    values: Mapping[Kind, Sequence[Sequence[int]]]

    @property
    def last(self) -> int:
        """Sequence number of its last record."""
        return self.first + len(self.kinds) - 1

    @property
    def ranges(self) -> Ranges:
        """The sequence numbers in it."""
        return Ranges.span(self.first, self.last)

    def batch(self) -> Batch:
        """The records, one by one: half the work of reading a batch."""
        sequences = range(self.first, self.first + len(self.kinds))
        rows = zip(repeat(self.boot), sequences, self.kinds, self.starts, self.durations_s, self._rows(), strict=False)
        return Batch(tuple(map(Record._make, rows)))

    def _rows(self) -> Iterator[tuple[int, ...]]:
        rows = {kind: zip(*columns, strict=True) for kind, columns in self.values.items()}
        if len(rows) == 1:
            return next(iter(rows.values()))
        return (next(rows[kind]) for kind in self.kinds)


def encode(batch: Batch) -> bytes:
    """A batch as bytes; the same batch always as the same bytes. ValueError: a number outside 0 to LARGEST."""
    records = batch.records
    lateness: list[int] = []
    end = 0
    for _, _, _, start, duration, _ in records:
        lateness.append(fold(start - end))
        end = start + duration
    kinds = [record.kind for record in records]
    values: list[list[bytes]] = []
    for kind in sorted(set(kinds)):
        rows = [record.value for record in records if record.kind is kind]
        values.append([write_column(_checked(column)) for column in zip(*rows, strict=True)])
    data = cbor2.dumps(
        [
            VERSION,
            batch.boot,
            batch.first,
            len(records),
            write_column([int(kind) for kind in kinds]),
            write_column(lateness),
            write_column(_checked([record.duration_s for record in records])),
            values,
        ]
    )
    _checked([batch.boot, batch.last, *(record.start for record in records)])
    if len(data) > MAX_BATCH_BYTES:
        raise ValueError(f"a batch of {len(data)} bytes; {MAX_BATCH_BYTES} are possible")
    return data


def decode(data: bytes) -> Batch:
    """The batch in these bytes. BatchError for anything else."""
    return read_columns(data).batch()


def read_columns(data: bytes) -> Columns:
    """The batch in these bytes, field by field. BatchError for anything else."""
    boot, first, count, kind_data, late_data, duration_data, value_data = _outer(data)
    try:
        codes = read_column(kind_data, count, LARGEST)
        lateness = read_column(late_data, count, _LARGEST_FOLDED)
        durations = read_column(duration_data, count, LARGEST)
        known = {int(kind): kind for kind in Kind}
        if not known.keys() >= set(codes):
            raise BatchError(Fault.KIND, f"kinds {sorted(set(codes) - known.keys())} are not known")
        kinds = list(map(known.__getitem__, codes))
        values = _values(kinds, value_data)
    except ColumnError as error:
        raise BatchError(Fault.COLUMN, str(error)) from error
    # Each start is the end of the record before it, and how much later it was.
    late = (unfold(number) if number else 0 for number in lateness)
    starts = list(accumulate(map(add, late, chain((0,), durations))))
    if min(starts) < 0 or max(starts) > LARGEST:
        raise BatchError(Fault.TIME, f"a start outside 0 to {LARGEST} seconds")
    return Columns(boot, first, kinds, starts, durations, values)


def _outer(data: bytes) -> tuple[int, int, int, bytes, bytes, bytes, list[list[bytes]]]:
    if len(data) > MAX_BATCH_BYTES:
        raise BatchError(Fault.TOO_LARGE, f"{len(data)} bytes, at most {MAX_BATCH_BYTES}")
    try:
        outer = cbor2.loads(data, max_depth=3, allow_indefinite=False)
    except cbor2.CBORDecodeError as error:
        raise BatchError(Fault.NOT_CBOR, str(error)) from error
    match outer:
        case [int(version), *_] if version != VERSION:
            raise BatchError(Fault.VERSION, f"version {version}, this reader knows {VERSION}")
        case [int(), int(boot), int(first), int(count), bytes(kinds), bytes(late), bytes(durations), list(values)]:
            pass
        case _:
            raise BatchError(Fault.NOT_A_BATCH, "not the eight items of a batch")
    shaped = all(isinstance(group, list) and all(isinstance(item, bytes) for item in group) for group in values)
    shaped = shaped and not any(isinstance(number, bool) for number in (boot, first, count))
    if not shaped or cbor2.dumps(outer) != data:
        raise BatchError(Fault.NOT_A_BATCH, "not in the one form of a batch")
    if not (1 <= count <= MAX_BATCH_RECORDS and 0 <= boot <= LARGEST and 0 <= first <= LARGEST - count + 1):
        raise BatchError(Fault.NOT_A_BATCH, "boot, sequence or count out of range")
    return boot, first, count, kinds, late, durations, values


def _values(kinds: list[Kind], groups: list[list[bytes]]) -> dict[Kind, list[list[int]]]:
    """Each kind has its own columns, one a field."""
    present = sorted(set(kinds))
    if [len(group) for group in groups] != [len(FIELDS[kind]) for kind in present]:
        raise BatchError(Fault.NOT_A_BATCH, "not the columns of the kinds in it")
    values = {}
    for kind, group in zip(present, groups, strict=True):
        count = kinds.count(kind)
        values[kind] = [read_column(column, count, LARGEST) for column in group]
    return values


def _checked(numbers: Sequence[int]) -> Sequence[int]:
    if min(numbers) < 0 or max(numbers) > LARGEST:
        raise ValueError(f"a number outside 0 to {LARGEST} in a batch")
    return numbers
