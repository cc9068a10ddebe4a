"""Zip archives: good ones are read like the standard library reads them, hostile ones do no harm."""

import io
import os
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.intake.archives import (
    bomb,
    contents,
    end,
    entry,
    local_header,
    stored,
    streamed_zip,
    zip_container,
    zip_of,
    zipped,
)
from unstuck.evidence.intake.limits import Limits
from unstuck.model.errors import ErrorCode

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\!\0"), min_size=1, max_size=20).filter(
    lambda name: not name.startswith(".") and name != "__MACOSX" and name.isprintable()
)
FILES = st.dictionaries(NAMES, st.binary(max_size=5000), max_size=6)


def shown(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"a.zip!{name}": data for name, data in files.items()}


@given(FILES, st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]), st.integers(1, 6000))
def test_ordinary_zips_give_what_went_in(files: dict[str, bytes], method: int, chunk_bytes: int) -> None:
    assert contents(zip_container(zipped(files, method)), chunk_bytes) == (shown(files), [])


def test_output_held_back_inside_the_inflater_is_not_lost() -> None:
    # With chunks of one byte all packed bytes are taken long before the last unpacked one is given.
    files = {"0": b"\x90" * 5}
    assert contents(zip_container(zipped(files)), 1) == (shown(files), [])


@given(FILES)
def test_zips_written_to_a_pipe_give_what_went_in(files: dict[str, bytes]) -> None:
    assert contents(zip_container(streamed_zip(files))) == (shown(files), [])


@given(FILES, st.binary(max_size=200))
def test_something_before_the_zip_does_not_matter(files: dict[str, bytes], prefix: bytes) -> None:
    assert contents(zip_container(prefix + zipped(files)))[0] == shown(files)


@given(FILES, st.binary(max_size=300), st.floats(0, 1))
@settings(max_examples=300)
def test_damage_anywhere_never_raises(files: dict[str, bytes], noise: bytes, place: float) -> None:
    whole = zipped(files)
    at = int(place * len(whole))
    contents(zip_container(whole[:at] + noise + whole[at + len(noise) :]))


@given(st.binary(max_size=2000))
def test_garbage_never_raises(data: bytes) -> None:
    contents(zip_container(b"PK\3\4" + data + b"PK\5\6" + data))


@pytest.mark.parametrize("make", [zipped, streamed_zip])
def test_a_download_that_was_cut_off_gives_all_whole_files(make: object) -> None:
    assert callable(make)
    noise = os.urandom(20_000)
    data = make({"one.log": b"1" * 500, "two.log": noise, "three.log": noise[::-1]})
    found, faults = contents(zip_container(data[: len(data) - 15_000]))
    assert found["a.zip!one.log"] == b"1" * 500
    assert found["a.zip!two.log"] == noise
    assert 0 < len(found.get("a.zip!three.log", b"x")) < len(noise)
    assert {fault.code for fault in faults} <= {ErrorCode.ARCHIVE_DAMAGED, ErrorCode.SOURCE_DAMAGED}
    assert any(fault.code is ErrorCode.ARCHIVE_DAMAGED for fault in faults)


def test_a_broken_table_of_contents_does_not_lose_the_files() -> None:
    data = bytearray(zipped({"one.log": b"1" * 500, "two.log": b"2" * 500}))
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    data[second : second + 4] = b"XXXX"
    found, faults = contents(zip_container(bytes(data)))
    assert found == shown({"one.log": b"1" * 500, "two.log": b"2" * 500})
    assert [fault.code for fault in faults] == [ErrorCode.ARCHIVE_DAMAGED]


def test_large_offsets_and_sizes_of_zip64_are_read() -> None:
    # As a packer writes them for files beyond 4 GB; the table says 0xffffffff and the real numbers stand in the extra.
    data = b"x" * 100
    member, crc = stored(b"big.log", data)
    extra = struct.pack("<HHQQQ", 1, 24, len(data), len(data), 0)
    table = entry(b"big.log", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, crc, extra=extra)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(table), len(member))
    place64 = struct.pack("<4sLQL", b"PK\6\7", 0, len(member) + len(table), 1)
    whole = member + table + end64 + place64 + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    with zipfile.ZipFile(io.BytesIO(whole)) as oracle:
        assert oracle.read("big.log") == data
    assert contents(zip_container(whole)) == (shown({"big.log": data}), [])


def test_a_zip64_field_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    # Found by the fuzzer: the archive ends inside the field, which claims 24 bytes.
    header = bytearray(local_header(b"a.log", 0xFFFFFFFF, 0xFFFFFFFF))
    header[28:30] = struct.pack("<H", 28)
    for left in range(28):
        data = bytes(header) + struct.pack("<HHQQQ", 1, 24, 5, 5, 0)[:left]
        assert contents(zip_container(data))[1]


def test_a_bomb_stops_at_the_ratio() -> None:
    limits = Limits(ratio_free_bytes=100_000, ratio=250)
    found, faults = contents(zip_container(bomb(3_000_000), limits))
    assert len(found["a.zip!zeros.log"]) < 300_000
    assert [fault.code for fault in faults] == [ErrorCode.ARCHIVE_HOSTILE]
    assert "250 times" in str(faults[0])


def test_a_bomb_of_many_members_stops_at_the_total() -> None:
    files = {f"{number}.log": bytes(90_000) for number in range(50)}
    found, faults = contents(zip_container(zipped(files), Limits(total_inflated_bytes=1_000_000)))
    assert sum(map(len, found.values())) <= 1_000_000
    assert {fault.code for fault in faults} == {ErrorCode.ARCHIVE_HOSTILE}


def test_a_member_that_never_ends_stops_at_its_limit() -> None:
    found, faults = contents(zip_container(zipped({"a.log": os.urandom(50_000)}), Limits(member_bytes=10_000)))
    assert len(found["a.zip!a.log"]) <= 10_000
    assert [fault.code for fault in faults] == [ErrorCode.SOURCE_TOO_LARGE]


def test_sizes_that_lie_are_not_believed() -> None:
    data = b"y" * 5000
    deflater = zlib.compressobj(wbits=-15)
    packed = deflater.compress(data) + deflater.flush()
    crc = zlib.crc32(data)
    member = local_header(b"a.log", len(packed), 3, crc, method=8) + packed
    assert contents(zip_container(zip_of([member], [entry(b"a.log", len(packed), 3, 0, crc, method=8)])))[0] == shown(
        {"a.log": data}
    )
    too_long = zip_of([member], [entry(b"a.log", 2**31, 2**31, 0, crc, method=8)])
    assert contents(zip_container(too_long))[0] == shown({"a.log": data})


def test_members_laid_over_each_other_are_read_once() -> None:
    member, crc = stored(b"a.log", b"z" * 1000)
    entries = [entry(f"{number}.log".encode(), 1000, 1000, 0, crc) for number in range(500)]
    found, _ = contents(zip_container(zip_of([member], entries)))
    assert len(found) == 1


def test_a_million_members_are_not_gone_through() -> None:
    member, crc = stored(b"a.log", b"z")
    many = [entry(b"%d" % number, 1, 1, number + 1, crc) for number in range(3000)]
    limits = Limits(members=1000)
    found, faults = contents(zip_container(zip_of([member], [entry(b"a.log", 1, 1, 0, crc), *many]), limits))
    assert found["a.zip!a.log"] == b"z"
    assert len(found) == 1000
    assert faults[-1].code is ErrorCode.ARCHIVE_HOSTILE


def test_an_endless_table_of_contents_is_refused() -> None:
    member, crc = stored(b"a.log", b"z")
    table = [entry(b"n" * 1000, 1, 1, 0, crc)] * 100
    _, faults = contents(zip_container(zip_of([member], table), Limits(directory_bytes=50_000)))
    assert [fault.code for fault in faults] == [ErrorCode.ARCHIVE_HOSTILE]


def test_a_locked_member_is_said_to_be_and_the_others_are_read() -> None:
    locked, crc = stored(b"a.log", b"z")
    free, free_crc = stored(b"b.log", b"free")
    whole = zip_of(
        [locked, free], [entry(b"a.log", 1, 1, 0, crc, flags=1), entry(b"b.log", 4, 4, len(locked), free_crc)]
    )
    found, faults = contents(zip_container(whole))
    assert found["a.zip!b.log"] == b"free"
    assert [fault.code for fault in faults] == [ErrorCode.ARCHIVE_ENCRYPTED]


def test_an_unknown_packing_is_said_and_the_others_are_read() -> None:
    odd, crc = stored(b"a.log", b"z")
    free, free_crc = stored(b"b.log", b"free")
    whole = zip_of([odd, free], [entry(b"a.log", 1, 1, 0, crc, method=9), entry(b"b.log", 4, 4, len(odd), free_crc)])
    found, faults = contents(zip_container(whole))
    assert found["a.zip!b.log"] == b"free"
    assert "method 9" in str(faults[0])


def test_a_wrong_checksum_is_said() -> None:
    member, _ = stored(b"a.log", b"z" * 10)
    found, faults = contents(zip_container(zip_of([member], [entry(b"a.log", 10, 10, 0, 12345)])))
    assert found["a.zip!a.log"] == b"z" * 10
    assert "checksum" in str(faults[0])


def test_names_that_climb_out_are_only_names() -> None:
    found, faults = contents(zip_container(zipped({"../../etc/passwd": b"x", "/abs.log": b"y", "C:\\win.log": b"z"})))
    assert sorted(found.values()) == [b"x", b"y", b"z"]
    assert faults == []


def test_names_with_terminal_commands_are_shown_harmless() -> None:
    found, _ = contents(zip_container(zipped({"a\x1b[31m\n.log": b"x"})))
    assert all(name.isprintable() for name in found)


def test_two_members_of_one_name_are_both_read() -> None:
    one, one_crc = stored(b"a.log", b"one")
    two, two_crc = stored(b"a.log", b"two")
    whole = zip_of([one, two], [entry(b"a.log", 3, 3, 0, one_crc), entry(b"a.log", 3, 3, len(one), two_crc)])
    assert contents(zip_container(whole))[0] == {"a.zip!a.log": b"one", "a.zip!a.log (2)": b"two"}


def test_folders_links_and_bookkeeping_are_passed_over() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("folder/", b"")
        archive.writestr("__MACOSX/._a.log", b"x")
        archive.writestr(".hidden/a.log", b"x")
        link = zipfile.ZipInfo("link.log")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
        archive.writestr("good.log", b"good")
    assert contents(zip_container(out.getvalue())) == ({"a.zip!good.log": b"good"}, [])


def test_an_empty_zip_is_empty() -> None:
    assert contents(zip_container(zipped({}))) == ({}, [])
