from tests.chain.golden import GOLDEN_MINUTES, GOLDEN_STEPS, HEART_USER, as_records, golden_month, heart_rates
from tests.data import needs_data
from unstuck.chain.records import Batch, decode, encode

DAY_RECORDS = 1_440

LIMIT_BYTES = 4.0
"""Bytes a minute record with steps and heart rate may take, as the issue asks."""


@needs_data
def test_the_golden_month_comes_back_minute_by_minute() -> None:
    count = total = size = 0
    for hours in golden_month().values():
        records = as_records(hours, {})
        for first in range(0, len(records), DAY_RECORDS):
            batch = Batch(tuple(records[first : first + DAY_RECORDS]))
            data = encode(batch)
            back = decode(data)
            assert back == batch
            count += len(back.records)
            total += sum(record.value[0] for record in back.records)
            size += len(data)
    assert (count, total) == (GOLDEN_MINUTES, GOLDEN_STEPS)
    assert size / count < LIMIT_BYTES


@needs_data
def test_real_minutes_with_their_real_heart_rate_take_less_than_four_bytes() -> None:
    rates = heart_rates()
    records = [record for record in as_records(golden_month()[HEART_USER], rates) if record.value[1]]
    assert len(records) == len(rates)
    batch = Batch.of(record._replace(sequence=place) for place, record in enumerate(records))
    data = encode(batch)
    assert decode(data) == batch
    assert len(data) / len(records) < LIMIT_BYTES
