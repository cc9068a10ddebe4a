"""Every answer of the server means one thing."""

from collections.abc import Callable

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.phone import held
from unstuck.chain.phone.answers import Ingested, ServerError, read_ingested, read_server_held, refusal
from unstuck.chain.phone.entries import Rejection, Stored
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.records import Ranges
from unstuck.chain.server.domain.refusals import WORDINGS, Code, Refusal

SENT = (Stored(1, 3, 0, 9, 100, 0), Stored(2, 3, 10, 19, 100, 0))

MEANT = {
    Code.TOKEN_MISSING: Outcome.TOKEN_MISSING,
    Code.TOKEN_UNKNOWN: Outcome.TOKEN_UNKNOWN,
    Code.TOKEN_EXPIRED: Outcome.TOKEN_EXPIRED,
    Code.TOKEN_SIGNED_OUT: Outcome.TOKEN_SIGNED_OUT,
    Code.TOKEN_REVOKED: Outcome.TOKEN_REVOKED,
    Code.TOKEN_REVOKED_PASSWORD: Outcome.TOKEN_PASSWORD_CHANGED,
    Code.TOKEN_REVOKED_SECOND_FACTOR: Outcome.TOKEN_SECOND_FACTOR,
    Code.TOKEN_WRONG_KIND: Outcome.TOKEN_WRONG_KIND,
    Code.TRACKER_NOT_CLAIMED: Outcome.NOT_CLAIMED,
    Code.TRACKER_RELEASED: Outcome.RELEASED,
    Code.REQUEST_TOO_LARGE: Outcome.TOO_LARGE,
    Code.AGENT_TOO_OLD: Outcome.AGENT_TOO_OLD,
    Code.REQUEST_TOO_OFTEN: Outcome.SERVER_BUSY,
    Code.SERVER_BUSY: Outcome.SERVER_BUSY,
    Code.SERVER_STORAGE: Outcome.SERVER_BUSY,
    Code.SERVER_MAINTENANCE: Outcome.SERVER_MAINTENANCE,
    Code.SERVER_FAULT: Outcome.SERVER_FAULT,
    Code.REQUEST_NOT_CBOR: Outcome.SERVER_REFUSED,
}


@pytest.mark.parametrize(("code", "outcome"), MEANT.items())
def test_every_refusal_of_our_server_is_understood(code: Code, outcome: Outcome) -> None:
    error = refusal(WORDINGS[code].status, "7", Refusal(code).body())
    assert error.outcome is outcome
    assert error.retry_after_s == 7.0
    assert WORDINGS[code].what_to_do in error.detail


def test_minimum_version_is_told() -> None:
    body = Refusal(Code.AGENT_TOO_OLD, extra={"minimum": "9.1.0"}).body()
    assert "at least 9.1.0" in refusal(426, None, body).detail


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Outcome.TOKEN_UNKNOWN),
        (403, Outcome.NOT_CLAIMED),
        (404, Outcome.SERVER_REFUSED),
        (409, Outcome.SERVER_REFUSED),
        (413, Outcome.TOO_LARGE),
        (426, Outcome.AGENT_TOO_OLD),
        (429, Outcome.SERVER_BUSY),
        (502, Outcome.SERVER_FAULT),
        (503, Outcome.SERVER_BUSY),
    ],
)
def test_a_status_without_our_words_is_understood_too(status: int, outcome: Outcome) -> None:
    assert refusal(status, None, None).outcome is outcome


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, None), ("5", 5.0), ("soon", None), ("9" * 30, 86_400.0), ("-3", None)]
)
def test_retry_after_is_read_in_whole_seconds_and_bounded(given: str | None, seconds: float | None) -> None:
    assert refusal(503, given, None).retry_after_s == seconds


def test_durable_and_rejected_ranges_are_read() -> None:
    body = cbor2.dumps(
        {
            "durable": {3: [[0, 7]]},
            "rejected": [
                {"batch": 0, "boot": 3, "first": 8, "last": 9, "code": "record.conflict"},
                {"batch": 1, "boot": None, "first": None, "last": None, "code": "batch.column"},
            ],
        }
    )
    assert read_ingested(body, SENT, 50) == Ingested(
        {3: Ranges.span(0, 7)}, (Rejection(3, 8, 9, "record.conflict", 50), Rejection(3, 10, 19, "batch.column", 50))
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"boot": 3, "first": 9, "last": 0},
        {"boot": 3, "first": 0, "last": 2**70},
        {"boot": 3, "first": -1, "last": 9},
        {"boot": 3, "first": False, "last": True},
        {"boot": 3, "first": 0, "last": 20},
        {"boot": 0, "first": 0, "last": 9},
        {"boot": 3, "first": 0, "last": None},
        {"boot": 3, "first": 0, "last": 9.0},
        {"batch": 2},
        {"batch": -1},
        {"batch": True},
        {},
    ],
)
def test_a_rejection_of_what_was_not_sent_is_no_answer(odd: dict[str, object]) -> None:
    body = cbor2.dumps({"durable": {}, "rejected": [{"code": "x", **odd}]})
    assert trouble(lambda: read_ingested(body, SENT, 0)) is Outcome.SERVER_UNREADABLE


def test_nothing_is_believed_of_what_was_not_sent() -> None:
    body = cbor2.dumps({"durable": {3: [[5, 900]], 4: [[0, 9]]}, "rejected": []})
    assert read_ingested(body, SENT, 0).durable == {3: Ranges.span(5, 19)}


@pytest.mark.parametrize("key", ["code", "message", "what_to_do", "minimum"])
def test_no_word_of_a_refusal_reaches_terminal_or_journal_as_it_came(key: str) -> None:
    error = refusal(426, None, {key: "a\ud800\x1b[2Jb\n" + "x" * 9999})
    assert error.detail.isprintable()
    assert "a  [2Jb " in error.detail
    assert len(error.detail) <= 400
    assert refusal(500, None, {key: [1]}).detail == "500"


@pytest.mark.parametrize("tag", [0, 1, 4, 5, 30, 35, 36, 37, 100, 258, 260, 261, 1004])
@pytest.mark.parametrize("value", [[1, 0], [2**70, 2], ["x", 1], "x(", b"x", 2**70, -1, None, [], {}, {"a": []}])
def test_a_tagged_item_that_is_not_what_its_tag_says_is_one_typed_error(tag: int, value: object) -> None:
    body = cbor2.dumps(cbor2.CBORTag(tag, value))
    assert trouble(lambda: read_ingested(body, SENT, 0)) is Outcome.SERVER_UNREADABLE


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_one_typed_error(body: bytes) -> None:
    assert trouble(lambda: read_ingested(body, SENT, 0)) in (None, Outcome.SERVER_UNREADABLE)


numbers = st.integers(-5, 50) | st.sampled_from([2**53 - 1, 2**53, 2**63, 2**70, -(2**70)])
plain = st.recursive(
    st.none() | st.booleans() | numbers | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["durable", "rejected", "code", "message", "what_to_do", "minimum", "batch", "1"]), inner
        )
    ),
    max_leaves=12,
)
rejection = st.fixed_dictionaries(
    {"code": st.text(max_size=80)},
    optional={key: numbers | st.none() | plain for key in ("batch", "boot", "first", "last")},
)
ranges = st.dictionaries(numbers | st.text(max_size=2), st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=3))
answer = plain | st.fixed_dictionaries({"durable": ranges | plain, "rejected": st.lists(rejection, max_size=3) | plain})


@given(answer)
def test_any_values_are_an_answer_of_what_was_sent_or_one_typed_error(body: object) -> None:
    assert trouble(lambda: read_server_held(body)) in (None, Outcome.SERVER_UNREADABLE)
    read: list[Ingested] = []
    fault = trouble(lambda: read.append(read_ingested(cbor2.dumps(body), SENT, 0)))
    if fault is not None:
        assert fault is Outcome.SERVER_UNREADABLE
        return
    (found,) = read
    rejected = held.by_boot((one.boot, one.first, one.last) for one in found.rejected)
    assert not held.without(held.joined(found.durable, rejected), {3: Ranges.span(0, 19)})
    assert all(one.code.isprintable() or not one.code for one in found.rejected)


loose = st.text(st.characters(), max_size=20)
"""With halves of surrogate pairs, as JSON can carry them."""


@given(
    st.integers(300, 599),
    st.none() | st.text(max_size=12),
    plain | st.dictionaries(st.sampled_from(["code", "message", "what_to_do", "minimum"]), plain | loose),
)
def test_any_refusal_is_one_typed_error_that_can_be_kept(status: int, retry_after: str | None, body: object) -> None:
    error = refusal(status, retry_after, body)
    assert error.detail.isprintable()
    error.detail.encode()


def trouble(read: Callable[[], object]) -> Outcome | None:
    """The one typed error of a reader; any other exception fails the test."""
    try:
        read()
    except ServerError as error:
        return error.outcome
    return None
