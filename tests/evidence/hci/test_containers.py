"""Containers: what each is recognised by, and that the same packets give the same facts in all of them."""

import struct

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import read
from unstuck.evidence.hci import first_time, recognise
from unstuck.model.errors import ErrorCode, EvidenceError

PACKETS = [
    *b.reset(0),
    b.advert(1, -70),
    b.connected(2),
    b.encrypted(2.2),
    b.write(2.5, b"\x80"),
    b.notify(2.6, b"hello"),
    b.advert(9, -97),
    b.disconnected(10, 0x08),
]
WITHOUT_ACL = [packet for packet in PACKETS if packet.data[0] != 2]

ALL = {
    "btsnoop 1002": (b.btsnoop(PACKETS), "btsnoop"),
    "btsnoop 1001": (b.btsnoop(PACKETS, 1001), "btsnoop"),
    "btsnoop 2001": (b.btsnoop(PACKETS, 2001), "btsnoop"),
    "packetlogger": (b.packetlogger(PACKETS), "packetlogger"),
    "packetlogger, little-endian": (b.packetlogger(PACKETS, "<"), "packetlogger"),
    "pcap 187": (b.pcap(PACKETS, 187), "pcap"),
    "pcap 201": (b.pcap(PACKETS, 201), "pcap"),
    "pcap 254": (b.pcap(PACKETS, 254), "pcap"),
    "pcap 201, big-endian": (b.pcap(PACKETS, 201, ">"), "pcap"),
    "pcap 201, nanoseconds": (b.pcap(PACKETS, 201, nanoseconds=True), "pcap"),
    "pcapng 187": (b.pcapng(PACKETS, (187,)), "pcapng"),
    "pcapng 201": (b.pcapng(PACKETS, (201,)), "pcapng"),
    "pcapng 254": (b.pcapng(PACKETS, (254,)), "pcapng"),
    "pcapng 201, big-endian": (b.pcapng(PACKETS, (201,), ">"), "pcapng"),
    "pcapng 201, nanoseconds": (b.pcapng(PACKETS, (201,), nanoseconds=True), "pcapng"),
    "pcapng, second interface": (b.pcapng(PACKETS, (1, 201)), "pcapng"),
    "btsnooz with ACL": (b.snooz(PACKETS, with_acl=True), "btsnooz"),
    "btsnooz version 1 with ACL": (b.snooz(PACKETS, "v1", with_acl=True), "btsnooz"),
    "btsnooz, 64-bit steps": (b.snooz(PACKETS, "u64", with_acl=True), "btsnooz"),
}


@pytest.mark.parametrize("name", ALL)
def test_the_same_packets_give_the_same_facts_in_every_container(name: str) -> None:
    data, kind = ALL[name]
    assert recognise(data[:4096]) == kind
    reading = read(data)
    assert reading.source.kind == kind
    assert reading.source.records == len(PACKETS)
    assert not reading.source.problems
    assert reading.facts == read(b.btsnoop(PACKETS)).facts


@pytest.mark.parametrize("name", [name for name in ALL if "btsnooz" not in name])
def test_first_time_is_that_of_the_first_packet(name: str) -> None:
    moment = first_time(ALL[name][0][:512])
    assert moment is not None
    assert moment.isoformat() == "2026-01-01T00:00:00+00:00"


def test_first_time_of_a_btsnooz_block_is_that_of_its_last_packet() -> None:
    moment = first_time(ALL["btsnooz with ACL"][0])
    assert moment is not None
    assert moment.isoformat() == "2026-01-01T00:00:10+00:00"


@pytest.mark.parametrize("layout", ["v2", "v1", "u64"])
def test_btsnooz_without_acl_still_tells_about_links(layout: str) -> None:
    reading = read(b.snooz(PACKETS, layout))
    assert reading.source.records == len(WITHOUT_ACL)
    assert reading.facts == read(b.btsnoop(WITHOUT_ACL)).facts


def test_btsnooz_is_read_from_the_text_of_a_report() -> None:
    text = b.snooz_text(PACKETS)
    assert recognise(text) == "btsnooz"
    assert read(text).facts == read(b.btsnoop(WITHOUT_ACL)).facts


def test_a_btsnoop_head_followed_by_raw_btsnooz_records_is_read_to_its_end() -> None:
    hybrid = b.btsnoop([]) + b.snooz_records(PACKETS)
    assert recognise(hybrid) == "btsnoop"
    assert first_time(hybrid) is None
    reading = read(hybrid)
    assert reading.source.records == len(WITHOUT_ACL)
    assert not reading.source.problems
    assert reading.source.span is None
    lost = next(fact for fact in reading.facts if fact.name == "link.lost")
    assert lost.time is None
    assert lost.number("held_s") == 8


def test_monitor_notes_are_passed_over_and_counted_as_packets() -> None:
    plain = b.btsnoop(PACKETS, 2001)
    reading = read(plain[:16] + b.monitor_note(0) + plain[16:])
    assert reading.source.records == len(PACKETS) + 1
    assert reading.source.skipped == 1
    assert next(fact for fact in reading.facts if fact.name == "link.opened").locator == "packet 5"


def test_two_controllers_with_the_same_handle_are_two_links() -> None:
    first = b.btsnoop([b.connected(1), b.disconnected(9, 0x08)], 2001)
    second = bytearray(b.btsnoop([b.connected(2, b.OTHER), b.disconnected(8, 0x13)], 2001)[16:])
    struct.pack_into(">I", second, 8, 1 << 16 | 3)
    size = 24 + struct.unpack_from(">I", second, 4)[0]
    struct.pack_into(">I", second, size + 8, 1 << 16 | 3)
    records = [first[16 : 16 + size], bytes(second), first[16 + size :]]
    reading = read(first[:16] + b"".join(records))
    ends = {fact.subject: (fact.name, fact.number("handle")) for fact in reading.facts if "held_s" in str(fact.value)}
    assert ends == {b.OTHER: ("link.ended", b.HANDLE), b.TRACKER: ("link.lost", b.HANDLE)}


def test_the_way_of_packets_is_inferred_where_the_container_does_not_tell_it() -> None:
    reading = read(b.pcap(PACKETS, 187))
    traffic = next(fact for fact in reading.facts if fact.name == "link.traffic")
    assert (traffic.number("sent_packets"), traffic.number("received_packets")) == (1, 1)


def test_content_decides_not_the_name() -> None:
    assert read(b.pcap(PACKETS), path="capture.pcapng").source.kind == "pcap"


@pytest.mark.parametrize("linktype", [251, 256, 272])
@pytest.mark.parametrize("container", ["pcap", "pcapng"])
def test_link_layer_sniffs_are_refused_with_what_they_are(linktype: int, container: str) -> None:
    packets = [b.Packet(0, True, b"\xd6\xbe\x89\x8e" * 5)]
    if container == "pcapng":
        data = b.pcapng(packets, (linktype,))
    else:
        data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype) + bytes(36)
    with pytest.raises(EvidenceError, match="radio sniffer") as caught:
        read(data)
    assert caught.value.code is ErrorCode.SOURCE_NOT_HCI


def test_a_capture_of_another_network_is_refused() -> None:
    with pytest.raises(EvidenceError, match="another network") as caught:
        read(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    assert caught.value.code is ErrorCode.SOURCE_NOT_HCI


def test_an_unknown_datalink_is_refused() -> None:
    with pytest.raises(EvidenceError, match="datalink 1003") as caught:
        read(b.btsnoop([], 1003))
    assert caught.value.code is ErrorCode.SOURCE_NOT_HCI


def test_no_bytes_at_all_are_empty() -> None:
    with pytest.raises(EvidenceError) as caught:
        read(b"")
    assert caught.value.code is ErrorCode.SOURCE_EMPTY


@pytest.mark.parametrize("data", [b"btsnoop\0", b.btsnoop([])[:15], b.btsnoop([]), b.pcap([]), b.pcapng([])])
def test_a_file_that_ends_before_its_first_record_is_not_called_empty(data: bytes) -> None:
    with pytest.raises(EvidenceError, match=rf"holds no whole record \({len(data)} bytes\)") as caught:
        read(data)
    assert caught.value.code is ErrorCode.SOURCE_NO_RECORDS


@pytest.mark.parametrize("data", [b"hello world", bytes(100), b"PK\x03\x04" + bytes(60), b"\xff" * 64])
def test_other_files_are_no_traces(data: bytes) -> None:
    assert recognise(data) is None
    assert first_time(data) is None
    with pytest.raises(EvidenceError) as caught:
        read(data)
    assert caught.value.code is ErrorCode.SOURCE_UNKNOWN
