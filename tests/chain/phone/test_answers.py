"""Every answer of the server means one thing."""

from collections.abc import Callable

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.phone.answers import Ingested, ServerError, read_ingested, read_server_held, refusal
from unstuck.chain.phone.journal import Rejection, Stored
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


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_one_typed_error(body: bytes) -> None:
    assert trouble(lambda: read_ingested(body, SENT, 0)) in (None, Outcome.SERVER_UNREADABLE)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["durable", "rejected", "code", "batch", "1"]), inner)
    ),
    max_leaves=12,
)


@given(plain)
def test_any_values_are_an_answer_or_one_typed_error(body: object) -> None:
    assert trouble(lambda: read_ingested(cbor2.dumps(body), SENT, 0)) in (None, Outcome.SERVER_UNREADABLE)
    assert trouble(lambda: read_server_held(body)) in (None, Outcome.SERVER_UNREADABLE)


def trouble(read: Callable[[], object]) -> Outcome | None:
    """The one typed error of a reader; any other exception fails the test."""
    try:
        read()
    except ServerError as error:
        return error.outcome
    return None
