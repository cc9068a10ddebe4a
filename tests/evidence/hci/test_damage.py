"""Damaged, cut and hostile traces: what was read stays, and the report says how far it went."""

import struct
import zlib
from collections.abc import Callable

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import read
from unstuck.evidence.hci import btsnooz
from unstuck.model.errors import ErrorCode, EvidenceError

Make = Callable[[list[b.Packet]], bytes]

PACKETS = [b.connected(1), b.encrypted(1.2), b.notify(2, b"abc"), b.disconnected(5, 0x08), b.advert(6, -99)]


def test_a_trace_mangled_in_text_mode_is_read_up_to_the_first_impossible_record() -> None:
    good = b.btsnoop(PACKETS)
    later = b.btsnoop([b.advert(7 + at, -60, address=b.OTHER) for at in range(30)])[16:]
    mangled = good + later.replace(b"\x01\x00", b"\x01\x0d\x0a\x00")
    reading = read(mangled)
    assert reading.source.records == len(PACKETS) + 1
    assert "damaged at packet 7" in reading.source.problems[0]
    assert "link.lost" in {fact.name for fact in reading.facts}


@pytest.mark.parametrize("make", [b.btsnoop, b.packetlogger, b.pcap, b.pcapng])
def test_a_trace_cut_in_its_last_record_keeps_the_others(make: Make) -> None:
    reading = read(make(PACKETS)[:-7])
    assert reading.source.records == len(PACKETS) - 1
    assert "damaged at packet 5 (the file ends inside this record)" in reading.source.problems[0]


@pytest.mark.parametrize(("make", "length_at"), [(b.btsnoop, 4), (b.packetlogger, 0), (b.pcap, 8)])
def test_a_record_of_impossible_length_ends_the_reading(make: Make, length_at: int) -> None:
    good, more = make(PACKETS), make([*PACKETS, *PACKETS])
    bad = bytearray(more)
    where = len(good) + length_at
    bad[where : where + 4] = b"\x7f\xff\xff\x7f"
    reading = read(bytes(bad))
    assert reading.source.records == len(PACKETS)
    assert "impossible" in reading.source.problems[0]


def test_a_record_longer_than_its_original_is_impossible() -> None:
    bad = bytearray(b.btsnoop([*PACKETS, *PACKETS]))
    where = len(b.btsnoop(PACKETS))
    struct.pack_into(">I", bad, where, 2)
    assert read(bytes(bad)).source.records == len(PACKETS)


def test_nothing_but_damage_is_an_error() -> None:
    with pytest.raises(EvidenceError) as caught:
        read(b.btsnoop(PACKETS)[:30])
    assert "packet 1" in str(caught.value)
    assert "nothing of it could be read" in str(caught.value)
    assert "everything before" not in str(caught.value)
    assert caught.value.code is ErrorCode.SOURCE_UNUSABLE


def test_truncated_records_are_kept_and_what_they_still_hold_is_used() -> None:
    whole = [b.connected(1), b.notify(2, bytes(100)), b.disconnected(3, 0x08)]
    reading = read(b.btsnoop(whole, cut=40))
    assert reading.source.records == 3
    assert not reading.source.problems
    traffic = next(fact for fact in reading.facts if fact.name == "att.traffic")
    assert traffic.number("bytes") == 100


@pytest.mark.parametrize("cut", range(1, 30))
def test_packets_cut_anywhere_harm_nothing(cut: int) -> None:
    packets = [
        *PACKETS,
        *b.read_rssi(7, -50),
        b.smp(8, True, b"\5\4"),
        b.connected_br(9),
        b.command(9, 0x2014, bytes(5)),
    ]
    assert read(b.btsnoop(packets, cut=cut)).source.records == len(packets)


def test_a_packed_block_that_is_a_bomb_is_cut_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(btsnooz, "INFLATED_LIMIT_BYTES", 100_000)
    record = struct.pack("<HHIB", 3, 3, 1, 0x10) + b"\xff\0"
    packed = struct.pack("<BQ", 2, b.EPOCH_US) + zlib.compress(record * 100_000)
    reading = read(packed)
    assert reading.source.records == 100_000 // len(record)
    assert "damaged" in reading.source.problems[0]


def test_a_packed_block_longer_than_its_content_may_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(btsnooz, "INFLATED_LIMIT_BYTES", 50)
    with pytest.raises(EvidenceError, match="impossible") as caught:
        read(b.snooz(PACKETS))
    assert caught.value.code is ErrorCode.SOURCE_UNUSABLE


def test_a_packed_block_that_cannot_be_unpacked_is_an_error() -> None:
    packed = bytearray(b.snooz(PACKETS))
    packed[20:] = bytes(len(packed) - 20)
    with pytest.raises(EvidenceError) as caught:
        read(bytes(packed))
    assert caught.value.code is ErrorCode.SOURCE_UNUSABLE


def test_a_clock_that_jumps_is_told_and_spoils_no_durations() -> None:
    month_s = 30 * 86_400
    reading = read(b.btsnoop([b.connected(1), b.advert(2, -50), b.disconnected(month_s, 0x13)]))
    assert "clock jumps 30.0 days ahead at packet 3" in reading.source.problems[0]
    ended = next(fact for fact in reading.facts if fact.name == "link.ended")
    assert ended.number("held_s") is None


def test_a_clock_that_jumps_at_a_packet_that_is_only_counted_counts_it_once() -> None:
    found = {fact.name: fact for fact in read(b.btsnoop([b.advert(500, -50), b.connected_br(1, code=0x04)])).facts}
    assert found["link.page_timeout"].number("count") == 1
    assert "link.refused" not in found


def test_a_clock_set_back_is_told() -> None:
    reading = read(b.btsnoop([b.connected(100), b.disconnected(40, 0x13)]))
    assert "clock jumps 60 s back at packet 2" in reading.source.problems[0]


@pytest.mark.parametrize("data", [b"\1", b"\1\3", b"\4", b"\4\5", b"\4\xff\3\x58\2\0", b"\2\1\2", b"\3", b"\7"])
def test_a_clock_that_jumps_at_a_packet_too_short_to_mean_anything_harms_nothing(data: bytes) -> None:
    reading = read(b.btsnoop([b.connected(500), b.Packet(1, False, data)]))
    assert reading.source.records == 2
    assert "clock jumps" in reading.source.problems[0]


@pytest.mark.parametrize("stamp", [0, 5, 1 << 61, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_times_that_cannot_be_harm_nothing(stamp: int) -> None:
    data = bytearray(b.btsnoop([b.connected(1), b.notify(2, b"a"), b.disconnected(3, 0x08), b.notify(9, b"a")]))
    struct.pack_into(">Q", data, 16 + 16, stamp)
    assert read(bytes(data)).source.records == 4
    packed = bytearray(b.snooz(PACKETS, "u64"))
    struct.pack_into("<Q", packed, 1, stamp)
    assert read(bytes(packed)).source.records == len(PACKETS) - 1


def test_time_steps_that_cannot_be_harm_nothing() -> None:
    records = bytearray(b.snooz_records(PACKETS, "u64"))
    struct.pack_into("<Q", records, 4, (1 << 64) - 1)
    packed = struct.pack("<BQ", 2, b.EPOCH_US) + zlib.compress(bytes(records))
    assert read(packed).source.records == len(PACKETS) - 1


def test_times_out_of_order_by_less_than_a_second_are_no_jump() -> None:
    assert not read(b.btsnoop([b.connected(1), b.advert(0.9, -50)])).source.problems


def test_a_trace_without_a_real_clock_gives_undated_facts() -> None:
    data = bytearray(b.btsnoop([b.connected(1)]))
    struct.pack_into(">Q", data, 16 + 16, 5)
    reading = read(bytes(data))
    assert reading.source.span is None
    assert {fact.time for fact in reading.facts} == {None}
