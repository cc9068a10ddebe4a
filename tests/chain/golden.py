"""The golden month: real minutes of 33 people, and the heart rate that one of them had."""

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from tests.data import DATA
from unstuck.chain.records import Kind, Record
from unstuck.chain.tracker.replay import read_wide_minutes

FOLDER = DATA / "wearable" / "fitabase"
MINUTES = FOLDER / "4.12.16-5.12.16__minuteStepsWide_merged.csv.gz"
HEART = FOLDER / "heartrate_seconds_sample_A.csv"
HEART_USER = "8877689391"

GOLDEN_MINUTES = 1_298_700
GOLDEN_STEPS = 6_938_153
"""Both as the data's own README counts them."""


def golden_month() -> dict[str, dict[int, tuple[int, ...]]]:
    """Sixty counts an hour (start in Unix s), by user."""
    with gzip.open(MINUTES, "rt", newline="") as lines:
        return read_wide_minutes(lines)


def heart_rates() -> dict[int, int]:
    """Mean heart rate of each minute (start in Unix s) that was measured."""
    seconds: dict[int, list[int]] = {}
    with HEART.open(newline="") as lines:
        for row in csv.DictReader(lines):
            at = datetime.strptime(row["Time"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
            seconds.setdefault(int(at) // 60 * 60, []).append(int(row["Value"]))
    return {minute: round(sum(rates) / len(rates)) for minute, rates in seconds.items()}


def minutes(hours: Mapping[int, tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    """(start in Unix s, steps) in order."""
    for hour in sorted(hours):
        for minute, steps in enumerate(hours[hour]):
            yield hour + 60 * minute, steps


def as_records(hours: Mapping[int, tuple[int, ...]], rates: Mapping[int, int]) -> list[Record]:
    """The minutes as records of one boot; 0 where no heart rate was measured."""
    return [
        Record(0, sequence, Kind.MINUTE, start, 60, (steps, rates.get(start, 0), 0, 0))
        for sequence, (start, steps) in enumerate(minutes(hours))
    ]
