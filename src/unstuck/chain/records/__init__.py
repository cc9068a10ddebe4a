"""Records and how they travel: measurements enter, batches of bytes leave, and the other way round."""

from unstuck.chain.records.codec import MAX_BATCH_BYTES, BatchError, Columns, Fault, decode, encode, read_columns
from unstuck.chain.records.ranges import Ranges
from unstuck.chain.records.record import (
    FIELDS,
    LARGEST,
    MAX_BATCH_RECORDS,
    Batch,
    Day,
    Happening,
    Kind,
    Minute,
    Record,
    Sleep,
    SleepStage,
    Wear,
    Workout,
    minute,
    value,
)

__all__ = [
    "FIELDS",
    "LARGEST",
    "MAX_BATCH_BYTES",
    "MAX_BATCH_RECORDS",
    "Batch",
    "BatchError",
    "Columns",
    "Day",
    "Fault",
    "Happening",
    "Kind",
    "Minute",
    "Ranges",
    "Record",
    "Sleep",
    "SleepStage",
    "Wear",
    "Workout",
    "decode",
    "encode",
    "minute",
    "read_columns",
    "value",
]
