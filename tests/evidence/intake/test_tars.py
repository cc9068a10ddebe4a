"""Tar archives and gzip files, read forwards."""

import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.intake.archives import contents, gzipped, tar_container, tarred
from unstuck.evidence.intake.inflate import gunzip
from unstuck.evidence.intake.limits import Budget, Limits
from unstuck.evidence.intake.members import Stream
from unstuck.model.errors import ErrorCode

NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30)
FILES = st.dictionaries(NAMES, st.binary(max_size=3000), max_size=5)


def unpacked(data: bytes, limits: Limits | None = None, piece: int = 100, chunk: int = 1000) -> Stream:
    pieces = (data[at : at + piece] for at in range(0, len(data), piece))
    return Stream(gunzip(pieces, Budget(limits or Limits()), "a.gz", chunk))


@given(FILES, st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]), st.integers(1, 2000))
def test_ordinary_tars_give_what_went_in(files: dict[str, bytes], form: int, piece: int) -> None:
    expected = {f"a.tar!{name}": data for name, data in files.items()}
    assert contents(tar_container(tarred(files, form), piece=piece)) == (expected, [])


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names_are_read(form: int) -> None:
    name = "Takeout/" + "a" * 90 + "/" + "b" * 90 + ".json"
    found, faults = contents(tar_container(tarred({name: b"x", "c.json": b"y"}, form)))
    assert (list(found.values()), faults) == ([b"x", b"y"], [])
    assert next(iter(found)) == f"a.tar!{name}"


@given(FILES, st.binary(max_size=600), st.floats(0, 1))
@settings(max_examples=200)
def test_damage_anywhere_never_raises(files: dict[str, bytes], noise: bytes, place: float) -> None:
    whole = tarred(files)
    at = int(place * len(whole))
    contents(tar_container(whole[:at] + noise + whole[at + len(noise) :]))


def test_a_tar_cut_off_gives_what_is_there() -> None:
    data = tarred({"a.log": b"1" * 700, "b.log": b"2" * 7000})
    found, faults = contents(tar_container(data[:6000]))
    assert found["a.tar!a.log"] == b"1" * 700
    assert set(found["a.tar!b.log"]) == {ord("2")}
    assert [fault.code for fault in faults] == [ErrorCode.ARCHIVE_DAMAGED]


def test_a_header_without_end_is_refused() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 2**33
    _, faults = contents(tar_container(info.tobuf(tarfile.GNU_FORMAT) + bytes(5000)))
    assert [fault.code for fault in faults] == [ErrorCode.ARCHIVE_HOSTILE]


def test_headers_after_headers_without_end_are_refused() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 0
    _, faults = contents(tar_container(info.tobuf() * 5000))
    assert [fault.code for fault in faults] == [ErrorCode.ARCHIVE_HOSTILE]


def test_too_many_members_are_not_gone_through() -> None:
    found, faults = contents(tar_container(tarred({f"{n}": b"" for n in range(50)}), Limits(members=10)))
    assert len(found) == 10
    assert [fault.code for fault in faults] == [ErrorCode.ARCHIVE_HOSTILE]


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4), st.integers(1, 500), st.integers(1, 4000))
def test_gzip_parts_end_to_end_are_one_file(parts: list[bytes], piece: int, chunk: int) -> None:
    stream = unpacked(b"".join(gzipped(part) for part in parts), piece=piece, chunk=chunk)
    assert b"".join(stream) == b"".join(parts)
    assert stream.problem is None


def test_padding_after_a_gzip_file_is_passed_over() -> None:
    stream = unpacked(gzipped(b"hello") + bytes(1000))
    assert (b"".join(stream), stream.problem) == (b"hello", None)


def test_a_gzip_bomb_stops() -> None:
    stream = unpacked(gzipped(bytes(3_000_000)), Limits(ratio_free_bytes=100_000))
    assert sum(map(len, stream)) < 300_000
    assert stream.problem is not None
    assert stream.problem.code is ErrorCode.ARCHIVE_HOSTILE


def test_chunks_are_never_larger_than_wanted() -> None:
    stream = unpacked(gzipped(bytes(100_000)), chunk=777)
    assert {len(chunk) for chunk in stream} == {777, 100_000 % 777}


@given(st.binary(max_size=500), st.floats(0, 1))
def test_damaged_gzip_never_raises(noise: bytes, place: float) -> None:
    whole = gzipped(b"some text " * 100)
    at = int(place * len(whole))
    b"".join(unpacked(whole[:at] + noise + whole[at + len(noise) :]))
