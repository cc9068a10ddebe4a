"""What of an uploaded batch is new, what is held already, and what contradicts what is held."""

from collections.abc import Iterable
from dataclasses import dataclass

from unstuck.chain.records import Batch, Kind, Ranges, Record, encode


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


def chunk(batch: Batch, data: bytes | None = None) -> Chunk:
    """The batch as it is stored; ``data`` its bytes where they are at hand."""
    minute = Kind.MINUTE
    spans = [(start, start + lasts) for _, _, kind, start, lasts, _ in batch.records if kind is minute]
    spans = spans or [(start, start + lasts) for _, _, _, start, lasts, _ in batch.records]
    starts, ends = min(spans)[0], max(end for _, end in spans)
    return Chunk(batch.boot, batch.first, batch.last, starts, ends, encode(batch) if data is None else data)


def settle(batch: Batch, data: bytes, stored: Iterable[Batch]) -> Settled:
    """Compare a batch with the stored ones that overlap it. What is held stays; identity is for ever.

    A record with an identity that is held with other content is not durable: told so, the agent must
    not prune it, for it is on no other hop.
    """
    held: dict[int, Record] = {}
    for other in stored:
        held.update((record.sequence, record) for record in other.records if batch.first <= record.sequence)
    if not held:
        return Settled((chunk(batch, data),), batch.ranges, Ranges())
    conflicting = Ranges.numbers(
        record.sequence for record in batch.records if held.get(record.sequence, record) != record
    )
    missing = batch.ranges - Ranges.numbers(held)
    pieces = (batch.records[first - batch.first : last - batch.first + 1] for first, last in missing)
    return Settled(tuple(chunk(Batch(piece)) for piece in pieces), batch.ranges - conflicting, conflicting)
