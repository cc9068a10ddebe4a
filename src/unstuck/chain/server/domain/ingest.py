"""What of an uploaded batch is new, what is held already, and what contradicts what is held."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import add

from unstuck.chain.records import Batch, Columns, Kind, Ranges, Record, encode, read_columns


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records as they are stored: chunks of one tracker never overlap.

    ``starts`` and ``ends`` in Unix seconds of the tracker's clock: from the first minute in it to the
    end of the last, or of all records where there is no minute.
    """

    boot: int
    first: int
    last: int
    starts: int
    ends: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of one batch. ``durable``: held once ``fresh`` is committed, with the same content."""

    fresh: tuple[Chunk, ...]
    durable: Ranges
    conflicting: Ranges


def chunk(columns: Columns, data: bytes) -> Chunk:
    """A batch as it is stored; ``data``: its bytes."""
    starts, lasts = columns.starts, columns.durations_s
    if len(columns.values) > 1 and Kind.MINUTE in columns.values:
        minutes = [kind is Kind.MINUTE for kind in columns.kinds]
        starts, lasts = list(compress(starts, minutes)), list(compress(lasts, minutes))
    return Chunk(columns.boot, columns.first, columns.last, min(starts), max(map(add, starts, lasts)), data)


def apart(batches: Sequence[Columns]) -> list[bool]:
    """Whether each of these batches shares no record with another of them."""
    order = sorted(range(len(batches)), key=lambda place: (batches[place].boot, batches[place].first))
    alone = [True] * len(batches)
    reach: tuple[int, int, int] | None = None  # the boot, the furthest record so far, and the batch that has it
    for place in order:
        boot, last = batches[place].boot, batches[place].last
        if reach is not None and reach[0] == boot:
            if batches[place].first <= reach[1]:
                alone[place] = alone[reach[2]] = False
            if last <= reach[1]:
                continue
        reach = boot, last, place
    return alone


def settle(columns: Columns, data: bytes, stored: Iterable[Batch]) -> Settled:
    """Compare a batch with the stored ones that overlap it. What is held stays; identity is for ever.

    A record with an identity that is held with other content is not durable: told so, the agent must
    not prune it, for it is on no other hop.
    """
    held: dict[int, Record] = {}
    for other in stored:
        held.update((record.sequence, record) for record in other.records if columns.first <= record.sequence)
    if not held:
        return Settled((chunk(columns, data),), columns.ranges, Ranges())
    batch = columns.batch()
    conflicting = Ranges.numbers(
        record.sequence for record in batch.records if held.get(record.sequence, record) != record
    )
    missing = batch.ranges - Ranges.numbers(held)
    pieces = (batch.records[first - batch.first : last - batch.first + 1] for first, last in missing)
    fresh = tuple(recut(Batch(piece)) for piece in pieces)
    return Settled(fresh, batch.ranges - conflicting, conflicting)


def recut(batch: Batch) -> Chunk:
    """A batch that did not come as these bytes, as it is stored."""
    data = encode(batch)
    return chunk(read_columns(data), data)
