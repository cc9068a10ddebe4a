"""Records: bytes each takes in a batch, beside JSON; and how many a second are written and read.

Real minutes with their real heart rate where the shared data is, else a made-up person's. Over the air: bench_air.
"""

import json
import statistics
import time
from collections.abc import Callable, Mapping

from tests.chain import golden

from benchmarks.scale import SMOKE
from unstuck.chain.records import Batch, Kind, Record, decode, encode
from unstuck.chain.tracker.generator import Generator

RUNS = 1 if SMOKE else 5
DAY_RECORDS = 1_440
START_S = 1_460_505_600
"""2016-04-13 00:00 UTC (Unix s), for the made-up person."""

BYTES_LIMIT = 4


def run() -> list[dict[str, object]]:
    """Rows for size and for speed."""
    whose, minutes = measured()
    records = as_records(minutes)
    batches = [Batch(tuple(records[at : at + DAY_RECORDS])) for at in range(0, len(records), DAY_RECORDS)]
    written = [encode(batch) for batch in batches]
    size = sum(map(len, written)) / len(records)
    text = [{"time": r.start, "steps": r.value[0], "heart_rate": r.value[1]} for r in records]
    as_json = len(json.dumps(text, separators=(",", ":"))) / len(records)
    rows = [
        _row(f"a minute record with steps and heart rate in a batch ({whose})", size, "bytes", f"<= {BYTES_LIMIT}"),
    ]
    rows[0] |= {"peer": "JSON, compact", "peer_value": as_json, "ratio": as_json / size}
    many = [
        Batch(tuple(month[at : at + DAY_RECORDS]))
        for month in golden_months()
        for at in range(0, len(month), DAY_RECORDS)
    ]
    count = sum(len(batch.records) for batch in many)
    packed = [encode(batch) for batch in many]
    steps_only = sum(map(len, packed)) / count
    rows.append(_row(f"a minute record with steps alone in a batch ({count:,} minutes)", steps_only, "bytes", None))
    rows.append(_row("records written to batches", _rate(count, lambda: _each(encode, many)), "records/s", None))
    rows.append(_row("records read from batches", _rate(count, lambda: _each(decode, packed)), "records/s", None))
    return rows


def measured() -> tuple[str, dict[int, tuple[int, int]]]:
    """Whose minutes, and (steps, heart rate) by start (Unix s)."""
    if golden.MINUTES.is_file() and golden.HEART.is_file():
        rates = golden.heart_rates()
        steps = dict(golden.minutes(golden.golden_month()[golden.HEART_USER]))
        return f"{len(rates):,} real ones", {at: (steps[at], rates[at]) for at in sorted(rates)}
    person = Generator(1)
    samples = {at: person.sample(at).minute for at in range(START_S, START_S + 2 * 86_400, 60)}
    return f"{len(samples):,} made up", {at: (one.steps, one.heart_rate) for at, one in samples.items()}


def golden_months() -> list[list[Record]]:
    """The golden month of each; of a made-up person where the data is not here."""
    if golden.MINUTES.is_file() and not SMOKE:
        months = [dict(golden.minutes(hours)) for hours in golden.golden_month().values()]
    else:
        months = [{at: Generator(1).sample(at).minute.steps for at in range(START_S, START_S + 86_400, 60)}]
    return [as_records({at: (steps, 0) for at, steps in month.items()}) for month in months]


def as_records(minutes: Mapping[int, tuple[int, int]]) -> list[Record]:
    """Minute records of one boot."""
    return [Record(0, place, Kind.MINUTE, at, 60, (*minutes[at], 0, 0)) for place, at in enumerate(sorted(minutes))]


def _each(work: Callable[..., object], items: list[Batch] | list[bytes]) -> None:
    for item in items:
        work(item)


def _rate(count: int, work: Callable[[], None]) -> float:
    spent = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return count / statistics.median(spent)


def _row(name: str, value: float, unit: str, limit: str | None) -> dict[str, object]:
    empty = {"peer": None, "peer_value": None, "ratio": None}
    return {"name": name, "value": value, "unit": unit, "limit": limit, **empty}
