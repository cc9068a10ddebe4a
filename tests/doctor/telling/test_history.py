"""What was tried survives JSON whole, and what is not ours is refused with one sentence."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.doctor.telling.history import history_documents, history_of
from unstuck.model.errors import ErrorCode, EvidenceError
from unstuck.model.history import Change, How, Result, Tried

TIMES = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
CHANGES = st.builds(Change, TEXTS, TEXTS, TEXTS, st.booleans())
TRIED = st.builds(
    Tried,
    TEXTS,
    TIMES,
    st.sampled_from(How),
    st.sampled_from(Result),
    st.none() | TIMES,
    st.lists(CHANGES, max_size=3).map(tuple),
    TEXTS,
)
ONE = {"fix": "sync_now", "began": "2026-01-02T03:04:05Z", "how": "guided", "result": "helped"}


@given(st.lists(TRIED, max_size=4))
def test_history_comes_back_as_it_was(history: list[Tried]) -> None:
    assert history_of(json.loads(json.dumps(history_documents(history)))) == tuple(history)


def test_what_is_left_out_has_its_usual_value() -> None:
    assert history_of([ONE]) == (
        Tried("sync_now", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), How.GUIDED, Result.HELPED),
    )


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {},
        {**ONE, "began": None},
        {**ONE, "began": "yesterday"},
        {**ONE, "began": "0001-01-01T00:00:00+23:00"},
        {**ONE, "how": "by magic"},
        {**ONE, "result": 1},
        {**ONE, "changes": {}},
        {**ONE, "changes": [{"what": "x", "before": 1, "after": "2"}]},
        {**ONE, "changes": [{"what": "x", "before": "1", "after": "2", "undone": "no"}]},
    ],
)
def test_an_entry_that_is_not_ours_is_refused(entry: object) -> None:
    with pytest.raises(EvidenceError) as raised:
        history_of([entry])
    assert raised.value.code is ErrorCode.HISTORY_INVALID


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_read_or_refused(given_: object) -> None:
    try:
        assert isinstance(history_of(given_), tuple)
    except EvidenceError:
        return
