"""What a tracker measures, one record at a time, and how many of them travel together."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from unstuck.chain.records.ranges import Ranges

LARGEST = 2**53 - 1
"""Largest number in a record (the unit is its field's). Up to here every language that may read our
JSON holds integers exactly, and SQLite and PostgreSQL keep them in 8 bytes."""

MAX_BATCH_RECORDS = 16_384
"""Most records in one batch: eleven days of minutes, more than a tracker keeps in detail. It bounds
what a few hostile bytes of "and so many zeros more" can make a reader allocate."""


class Kind(IntEnum):
    """What a record measures; the number is its code in a batch."""

    MINUTE = 1
    DAY = 2
    SLEEP = 3
    WORKOUT = 4
    EVENT = 5


class Wear(IntEnum):
    """Whether the tracker was on the wrist in that minute."""

    NOT_KNOWN = 0
    WORN = 1
    NOT_WORN = 2


class SleepStage(IntEnum):
    """Stage of one stretch of sleep."""

    AWAKE = 1
    LIGHT = 2
    DEEP = 3
    REM = 4


class Record(NamedTuple):
    """One thing measured. (tracker, boot, sequence) is its identity for ever, times are not.

    ``boot`` counts the restarts of the tracker. ``sequence`` starts at 0 in each boot and has no
    gaps. ``start`` is in Unix seconds on the tracker's clock as it was then, ``duration_s`` in
    seconds. ``value`` has the fields that :data:`FIELDS` names for its kind, all 0 to
    :data:`LARGEST`; :func:`minute` and its like name them.

    A named tuple, not a dataclass: a server builds them by the hundred thousand a second.
    """

    boot: int
    sequence: int
    kind: Kind
    start: int
    duration_s: int
    value: tuple[int, ...]


class Minute(NamedTuple):
    """Value of a minute. ``heart_rate`` in beats a minute, 0 = not measured. Calories in 0.1 kcal."""

    steps: int
    heart_rate: int
    calories_tenths: int
    wear: int


class Day(NamedTuple):
    """Value of a day's total. It repeats what the minutes say: never add it to them."""

    steps: int
    calories_tenths: int
    worn_minutes: int


class Sleep(NamedTuple):
    """Value of one stretch of sleep: a :class:`SleepStage`."""

    stage: int


class Workout(NamedTuple):
    """Value of a workout. Its steps and calories are in its minutes too: never add them."""

    activity: int
    steps: int
    calories_tenths: int
    heart_rate_mean: int
    heart_rate_max: int
    distance_m: int


class Happening(NamedTuple):
    """Value of an event of the tracker itself: a code of ``tracker/events.py`` and its argument."""

    code: int
    argument: int


Value = Minute | Day | Sleep | Workout | Happening

VALUES: dict[Kind, type[Value]] = {
    Kind.MINUTE: Minute,
    Kind.DAY: Day,
    Kind.SLEEP: Sleep,
    Kind.WORKOUT: Workout,
    Kind.EVENT: Happening,
}

FIELDS: dict[Kind, tuple[str, ...]] = {kind: shape._fields for kind, shape in VALUES.items()}
"""Names of the numbers in ``Record.value``, by kind, in order."""


def minute(record: Record) -> Minute:
    """The value of a minute with its names. ValueError for any other kind."""
    if record.kind is not Kind.MINUTE:
        raise ValueError(f"record {record.boot}/{record.sequence} is a {record.kind.name}, not a minute")
    return Minute(*record.value)


def value(record: Record) -> Value:
    """The value with the names of its kind's fields."""
    return VALUES[record.kind](*record.value)


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one boot: at least 1, at most :data:`MAX_BATCH_RECORDS`.

    ValueError when they are not consecutive, or a value has not the fields of its kind.
    """

    records: tuple[Record, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.records) <= MAX_BATCH_RECORDS:
            raise ValueError(f"a batch of {len(self.records)} records; 1 to {MAX_BATCH_RECORDS} are possible")
        boot, first = self.records[0].boot, self.records[0].sequence
        if [record[1] for record in self.records] != list(range(first, first + len(self.records))):
            raise ValueError(f"records of boot {boot} from {first} on are not consecutive")
        if any(record[0] != boot for record in self.records):
            raise ValueError(f"records of more than boot {boot} in one batch")
        widths = {kind: len(names) for kind, names in FIELDS.items()}
        if any(len(record[5]) != widths[record[2]] for record in self.records):
            raise ValueError("a value has not the fields of its kind")

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Batch":
        """A batch of these records, in their order."""
        return cls(tuple(records))

    @property
    def boot(self) -> int:
        """Boot of all its records."""
        return self.records[0].boot

    @property
    def first(self) -> int:
        """Sequence number of its first record."""
        return self.records[0].sequence

    @property
    def last(self) -> int:
        """Sequence number of its last record."""
        return self.records[-1].sequence

    @property
    def ranges(self) -> Ranges:
        """The sequence numbers in it."""
        return Ranges.span(self.first, self.last)
