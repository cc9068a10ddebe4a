"""The outer form of an upload: read as any reader of CBOR reads it, without building what is none."""

import tracemalloc

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.domain.upload import MOST_BATCHES, Upload, read_upload

TRACKERS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}", fullmatch=True)
TRACKER_PART = cbor2.dumps("tracker") + cbor2.dumps("band")


def head(major: int, number: int, width: int) -> bytes:
    """A head whose number takes so many bytes, or as many as it needs; 0: in the first byte if it fits."""
    for code, size in enumerate((0, 1, 2, 4, 8)):
        if size >= width and number < (24 if size == 0 else 256**size):
            return bytes([major << 5 | (23 + code if size else number)]) + number.to_bytes(size if size else 1)[:size]
    raise AssertionError(number)


@st.composite
def uploads(draw: st.DrawFn) -> bytes:
    """Every way to write a valid one."""
    width = st.sampled_from((0, 1, 2, 4, 8))

    def string(major: int, data: bytes) -> bytes:
        return head(major, len(data), draw(width)) + data

    batches = draw(st.lists(st.binary(max_size=300), max_size=6))
    opened = draw(st.booleans())
    parts = [
        string(3, b"tracker") + string(3, draw(TRACKERS).encode()),
        string(3, b"batches")
        + (b"\x9f" if opened else head(4, len(batches), draw(width)))
        + b"".join(string(2, batch) for batch in batches)
        + (b"\xff" if opened else b""),
    ]
    return head(5, 2, draw(width)) + b"".join(draw(st.permutations(parts)))


def code_of(body: bytes) -> Code | None:
    try:
        assert isinstance(read_upload(body), Upload)
    except Refusal as refusal:
        return refusal.code
    return None


@given(uploads())
def test_every_upload_is_read_as_any_reader_of_cbor_reads_it(body: bytes) -> None:
    found = read_upload(body)
    assert {"tracker": found.tracker, "batches": list(found.batches)} == cbor2.loads(body)


@given(TRACKERS, st.lists(st.binary(max_size=300), max_size=30))
def test_what_the_agent_sends_is_read(tracker: str, batches: list[bytes]) -> None:
    assert read_upload(cbor2.dumps({"tracker": tracker, "batches": batches})) == Upload(tracker, tuple(batches))


@given(
    st.binary(max_size=200)
    | st.binary(max_size=60).map(lambda end: b"\xa2" + TRACKER_PART + b"\x67batches" + end)
    | st.recursive(st.integers() | st.text() | st.binary(), st.lists).map(cbor2.dumps)
)
def test_any_bytes_are_an_upload_or_a_refusal(body: bytes) -> None:
    assert code_of(body) in (None, Code.REQUEST_NOT_CBOR, Code.REQUEST_TOO_LARGE)


@given(uploads(), st.data())
def test_an_upload_that_is_cut_off_or_goes_on_is_none(body: bytes, data: st.DataObject) -> None:
    assert code_of(body[: data.draw(st.integers(0, len(body) - 1))]) is Code.REQUEST_NOT_CBOR
    assert code_of(body + b"\x00") is Code.REQUEST_NOT_CBOR


@pytest.mark.parametrize("tracker", ["", "a\0b", "band\n", "-band", "x" * 65, "bänd", "a b"])
def test_an_id_that_no_tracker_has_is_refused(tracker: str) -> None:
    assert code_of(cbor2.dumps({"tracker": tracker, "batches": []})) is Code.REQUEST_NOT_CBOR


@pytest.mark.parametrize("opened", [False, True])
def test_one_batch_too_many_is_told_to_be_split(opened: bool) -> None:
    def body(count: int) -> bytes:
        start, end = (b"\x9f", b"\xff") if opened else (head(4, count, 0), b"")
        return b"\xa2" + TRACKER_PART + b"\x67batches" + start + b"\x41x" * count + end

    assert len(read_upload(body(MOST_BATCHES)).batches) == MOST_BATCHES
    assert code_of(body(MOST_BATCHES + 1)) is Code.REQUEST_TOO_LARGE


@pytest.mark.parametrize("start", [b"\x9a\x00\x0f\x00\x00", b"\x9f", b"\x83"])
def test_a_megabyte_of_empty_lists_takes_no_memory(start: bytes) -> None:
    body = b"\xa2" + TRACKER_PART + b"\x67batches" + start + b"\x80" * (1 << 20)
    tracemalloc.start()
    try:
        assert code_of(body) in (Code.REQUEST_NOT_CBOR, Code.REQUEST_TOO_LARGE)
        assert tracemalloc.get_traced_memory()[1] < 1 << 16
    finally:
        tracemalloc.stop()
