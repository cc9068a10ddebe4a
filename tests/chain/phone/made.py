"""Records and batches made for tests."""

from unstuck.chain.records import Batch, Kind, Minute, Record, Wear

MINUTE_S = 60
FIRST_START_S = 1_460_505_600
"""2016-04-13 00:00 UTC, the golden month's first minute."""


def minute(boot: int, sequence: int, steps: int | None = None) -> Record:
    """A minute whose number of steps follows from its identity, unless one is given."""
    counted = (boot * 31 + sequence * 7) % 120 if steps is None else steps
    value = Minute(counted, 60 + sequence % 40, 11, Wear.WORN)
    return Record(boot, sequence, Kind.MINUTE, FIRST_START_S + sequence * MINUTE_S, MINUTE_S, tuple(value))


def batch(boot: int, first: int, last: int) -> Batch:
    """Consecutive minutes, both ends included."""
    return Batch.of(minute(boot, sequence) for sequence in range(first, last + 1))
