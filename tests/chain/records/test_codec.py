import random
import tracemalloc

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.records import (
    FIELDS,
    LARGEST,
    MAX_BATCH_BYTES,
    MAX_BATCH_RECORDS,
    Batch,
    BatchError,
    Fault,
    Kind,
    Minute,
    Record,
    decode,
    encode,
    minute,
)
from unstuck.chain.records.columns import ColumnError, read_column, write_column

NOON = 1_460_548_800
"""2016-04-13 12:00 UTC (Unix seconds)."""

number = st.one_of(st.just(0), st.integers(0, 200), st.integers(0, LARGEST))


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    boot, first = draw(number), draw(st.integers(0, LARGEST - 40))
    records = []
    for sequence in range(first, first + draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(Kind))
        value = tuple(draw(number) for _ in FIELDS[kind])
        records.append(Record(boot, sequence, kind, draw(number), draw(number), value))
    return Batch.of(records)


def minutes(count: int, *, seed: int = 1) -> Batch:
    source = random.Random(seed)
    return Batch.of(
        Record(3, 10 + i, Kind.MINUTE, NOON + 60 * i, 60, (source.randrange(120), source.randrange(50, 90), 12, 1))
        for i in range(count)
    )


@given(batches())
def test_a_batch_comes_back_as_it_was(batch: Batch) -> None:
    data = encode(batch)
    assert decode(data) == batch
    assert encode(decode(data)) == data


@given(st.lists(number, max_size=60))
def test_a_column_comes_back_as_it_was(numbers: list[int]) -> None:
    assert read_column(write_column(numbers), len(numbers), LARGEST) == numbers


@given(st.binary(max_size=40), st.integers(0, 50))
def test_any_bytes_are_a_column_or_one_error(data: bytes, count: int) -> None:
    try:
        numbers = read_column(data, count, LARGEST)
    except ColumnError:
        return
    assert len(numbers) == count
    assert all(0 <= item <= LARGEST for item in numbers)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_batch_or_one_error(data: bytes) -> None:
    with pytest.raises(BatchError):
        decode(data)


@given(batches(), st.data())
def test_damage_is_one_error_or_another_batch_with_its_own_bytes(batch: Batch, data: st.DataObject) -> None:
    good = bytearray(encode(batch))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(good) - 1))
        good[place] = data.draw(st.integers(0, 255))
    try:
        other = decode(bytes(good))
    except BatchError:
        return
    assert decode(encode(other)) == other


@given(batches(), st.integers(1, 30))
def test_a_batch_cut_short_is_never_a_batch(batch: Batch, cut: int) -> None:
    data = encode(batch)
    with pytest.raises(BatchError):
        decode(data[: max(0, len(data) - cut)])


@given(batches(), st.binary(min_size=1, max_size=5))
def test_bytes_after_a_batch_are_refused(batch: Batch, more: bytes) -> None:
    with pytest.raises(BatchError):
        decode(encode(batch) + more)


def test_a_steady_column_costs_a_few_bytes_whatever_its_length() -> None:
    still = Batch.of(Record(0, i, Kind.MINUTE, NOON + 60 * i, 60, (0, 0, 11, 1)) for i in range(1440))
    assert len(encode(still)) < 60


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({0: 2}, Fault.VERSION),
        ({3: 6}, Fault.COLUMN),
        ({3: MAX_BATCH_RECORDS + 1}, Fault.NOT_A_BATCH),
        ({2: LARGEST}, Fault.NOT_A_BATCH),
        ({1: -1}, Fault.NOT_A_BATCH),
        ({1: True}, Fault.NOT_A_BATCH),
        ({4: b"\x02\x09\x00\x04"}, Fault.COLUMN),
        ({4: b"\x00\x09\x09\x09\x09\x09"}, Fault.KIND),
        ({5: b"\x02\x01\x00\x03"}, Fault.TIME),
        ({5: b"\x00\x00\x80\x00\x00\x00\x00"}, Fault.COLUMN),
        ({6: b""}, Fault.COLUMN),
        ({6: b"\x02\x3c\x00\xff\xff\xff\x7f"}, Fault.COLUMN),
        ({7: []}, Fault.NOT_A_BATCH),
        ({7: [[b"\x00", b"\x00", b"\x00"]]}, Fault.NOT_A_BATCH),
        ({7: [[1, 2, 3, 4]]}, Fault.NOT_A_BATCH),
        ({7: "minutes"}, Fault.NOT_A_BATCH),
    ],
)
def test_each_fault_has_its_code(change: dict[int, object], fault: Fault) -> None:
    outer = cbor2.loads(encode(minutes(5)))
    for place, item in change.items():
        outer[place] = item
    with pytest.raises(BatchError) as error:
        decode(cbor2.dumps(outer))
    assert error.value.fault is fault


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", Fault.NOT_CBOR),
        (b"\x81" * 1000, Fault.NOT_CBOR),
        (bytes(MAX_BATCH_BYTES + 1), Fault.TOO_LARGE),
        (b"\x9f\x01\xff", Fault.NOT_CBOR),
        (b"\x01", Fault.NOT_A_BATCH),
        (b"\x80", Fault.NOT_A_BATCH),
    ],
)
def test_what_is_not_a_batch_at_all_says_so(data: bytes, fault: Fault) -> None:
    with pytest.raises(BatchError) as error:
        decode(data)
    assert error.value.fault is fault


def test_hostile_bytes_cannot_take_much_memory() -> None:
    bombs = [
        b"\x9a\x00\x03\xff\xf0" + b"\x80" * 0x3FFF0,
        b"\x88" + b"\xc1" * (MAX_BATCH_BYTES - 1),
        b"\x5b\x7f" + b"\xff" * 7,
        cbor2.dumps([1, 0, 0, MAX_BATCH_RECORDS, b"\x02\x01\x00\xff\xff\xff\x7f", b"", b"", []]),
    ]
    for bomb in bombs:
        tracemalloc.start()
        with pytest.raises(BatchError):
            decode(bomb)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak_bytes < 40_000_000


def test_another_spelling_of_the_same_cbor_is_refused() -> None:
    data = encode(minutes(5))
    assert data[0] == 0x88  # array of 8
    with pytest.raises(BatchError, match="one form"):
        decode(b"\x98\x08" + data[1:])


@pytest.mark.parametrize("bad", [-1, LARGEST + 1])
def test_numbers_out_of_range_cannot_be_written(bad: int) -> None:
    good = Record(0, 0, Kind.MINUTE, NOON, 60, (1, 2, 3, 1))
    for record in (
        good._replace(boot=bad),
        good._replace(start=bad),
        good._replace(duration_s=bad),
        good._replace(value=(bad, 0, 0, 0)),
    ):
        with pytest.raises(ValueError, match=r"outside|below"):
            encode(Batch.of([record]))


def test_a_batch_is_consecutive_of_one_boot_and_complete() -> None:
    one = Record(0, 0, Kind.MINUTE, NOON, 60, (1, 2, 3, 1))
    for others in ([], [one._replace(sequence=2)], [one._replace(boot=1, sequence=1)], [one]):
        records = [one, *others] if others else []
        with pytest.raises(ValueError, match=r"batch|consecutive"):
            Batch.of(records)
    with pytest.raises(ValueError, match="fields"):
        Batch.of([one._replace(value=(1,))])


def test_only_a_minute_has_minute_fields() -> None:
    assert minute(Record(0, 0, Kind.MINUTE, NOON, 60, (7, 60, 12, 1))) == Minute(7, 60, 12, 1)
    with pytest.raises(ValueError, match="not a minute"):
        minute(Record(0, 0, Kind.SLEEP, NOON, 60, (1,)))
