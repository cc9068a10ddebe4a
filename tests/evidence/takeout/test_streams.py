"""Rows out of bytes: whatever the size of the chunks, and whatever is broken."""

import csv
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.evidence.takeout.exports import chunked
from unstuck.evidence.takeout.streams import CsvRows, JsonArray

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)


@given(st.lists(JSON_VALUES, max_size=8), st.integers(1, 50), st.sampled_from([None, 2]))
def test_elements_are_those_of_the_array_in_any_chunks(values: list[object], size: int, indent: int | None) -> None:
    array = JsonArray(iter(chunked(json.dumps(values, indent=indent).encode(), size)))
    assert list(array) == list(enumerate(values))
    assert (array.skipped, array.damage) == (0, "")


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.integers(), min_size=1), min_size=1, max_size=8),
    st.integers(0, 200),
)
@example([{"{}": 0}], 4)
@example([{"a": 1}, {"], {}]": 0}], 5)
def test_a_cut_array_gives_its_whole_elements(values: list[object], cut: int) -> None:
    data = json.dumps(values)
    kept = data[: max(1, len(data) - cut)]
    elements = [element for _, element in JsonArray(iter([kept.encode()]))]
    assert elements == values[: len(elements)]


def test_a_broken_element_is_passed_over_and_counted() -> None:
    array = JsonArray(iter([b'[{"a": 1}, {"b": oops}, {"c": 3}, {"d": "x\n"}, {"e": 5}]']))
    assert [element for _, element in array] == [{"a": 1}, {"c": 3}, {"e": 5}]
    assert (array.skipped, array.damage) == (2, "")


def test_what_lies_inside_a_broken_element_is_no_element() -> None:
    array = JsonArray(iter([b'[{"a": oops, "b": {"c": 3}, "d": [{"e": 5}], "f{}": {}}, 7, {"g": "x"}]']))
    assert [element for _, element in array] == [{"g": "x"}]
    assert (array.skipped, array.damage) == (1, "")


def test_after_a_quote_too_many_the_next_line_is_read() -> None:
    array = JsonArray(iter([b'[{\n  "a": 1"\n},{\n  "b": {"c": 3}\n},{\n  "d": oops\n},{\n  "e": 5\n}]']))
    assert [element for _, element in array] == [{"b": {"c": 3}}, {"e": 5}]
    assert (array.skipped, array.damage) == (2, "")


def test_the_index_counts_broken_elements_too() -> None:
    assert [index for index, _ in JsonArray(iter([b'[{"a": 1}, {oops}, {"c": 3}]']))] == [0, 2]


def test_too_much_that_is_broken_ends_the_reading() -> None:
    array = JsonArray(iter([b"[" + b"{oops}, " * 5000 + b"]"]))
    assert list(array) == []
    assert array.damage == "too much of it is broken"


def test_something_else_than_an_array_is_said() -> None:
    array = JsonArray(iter([b'{"a": []}']))
    assert (list(array), array.damage) == ([], "it is not a JSON array")


def test_endless_nesting_and_endless_numbers_are_passed_over() -> None:
    for element in (b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000, b'"' + b"x" * 3_000_000):
        list(JsonArray(iter([b'[{"a": 1}, ' + element + b", "])))


def test_utf16_and_byte_order_marks_are_read() -> None:
    text = '[{"a": "\N{GREEK SMALL LETTER ALPHA}"}]'
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        for size in (1, 3, 1000):
            assert [element for _, element in JsonArray(iter(chunked(text.encode(encoding), size)))] == json.loads(text)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=2, max_size=6), st.integers(1, 30))
def test_csv_rows_are_those_of_the_standard_library(rows: list[list[str]], size: int) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["column", "other"], *rows])
    read = CsvRows(iter(chunked(out.getvalue().encode(), size)))
    expected = [row for row in csv.reader(io.StringIO(out.getvalue())) if ",".join(row).strip()][1:]
    assert [fields for _, fields in read if ",".join(fields).strip()] == expected
    assert read.columns == ["column", "other"]


def test_lines_are_counted_as_an_editor_does() -> None:
    data = b"a,b\r\n1,2\r\n\r\n" + b"x" * 100_000 + b"\r\n3,4"
    rows = CsvRows(iter(chunked(data, 777)))
    assert list(rows) == [(2, ["1", "2"]), (5, ["3", "4"])]
    assert rows.skipped == 1


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (b"[" * 2_000_000 + b"]" * 2_000_000 + b"]", "nested too deep"),
        (b'{"a": ' * 200_000 + b"1" + b"}" * 200_000 + b"]", "nested too deep"),
        (b'{"a": oops}]', "a value in it is broken"),
        (b'{"a": ', "it stops in the middle"),
        (b'"' + b"x" * 3_000_000, "broken or endless"),
    ],
)
def test_the_reason_why_a_list_ends_early_is_the_true_one(tail: bytes, reason: str) -> None:
    array = JsonArray(iter([b"[1, " + tail]))
    assert [element for _, element in array] == [1]
    assert reason in array.damage
