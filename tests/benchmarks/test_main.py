"""The benchmark runner judges bounds the right way round and writes what it was given."""

import pytest
from benchmarks.__main__ import _tables, held


def _row(value: float, limit: str | None) -> dict[str, object]:
    return {"name": "reading", "value": value, "unit": "records/s", "limit": limit, "peer": None, "ratio": None}


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        (0.29, "<= 0.3", True),
        (0.31, "<= 0.3", False),
        (1_200_000, ">= 1000000", True),
        (900_000, ">= 1000000", False),
        (5, None, None),
    ],
)
def test_a_bound_is_judged_in_its_own_sense(value: float, limit: str | None, expected: bool | None) -> None:
    assert held(_row(value, limit)) is expected


def test_a_bound_without_a_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="<= or >="):
        held(_row(1, "about 3"))


def test_a_missed_bound_stands_out_in_the_table() -> None:
    table = _tables({"hci": [_row(900_000, ">= 1000000")]})
    assert "| reading | 900,000 records/s | >= 1,000,000 records/s | **no** |" in table


def test_a_peer_is_shown_beside_its_value() -> None:
    row = _row(1_000_000, None) | {"peer": "other", "peer_value": 250_000, "ratio": 4.0}
    assert "| other: 250,000 records/s | 4x |" in _tables({"hci": [row]})
