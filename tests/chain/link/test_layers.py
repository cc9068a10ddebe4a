"""The layers one by one: packets, frames, IP and UDP, header compression, the activity monitor, the session's rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.link import Gattlink, Refusal, Role, Settings, Stack, StackKind, State, packets
from unstuck.chain.link.compression import Ends, compress, decompress
from unstuck.chain.link.events import (
    Active,
    Datagram,
    Dropped,
    DropReason,
    Inactive,
    Opened,
    Received,
    Reset,
    ResetCause,
    Unanswered,
)
from unstuck.chain.link.frames import FrameAssembler
from unstuck.chain.link.ip import IpPacket, checksum, parse_ip, parse_udp, with_udp
from unstuck.chain.link.packets import Malformed, Transfer
from unstuck.chain.link.settings import over_gatt

COMPLETE = bytes.fromhex("8100000808")
HUB, NODE = bytes((169, 254, 0, 2)), bytes((169, 254, 0, 3))


def opened(settings: Settings | None = None, complete: bytes = COMPLETE) -> Gattlink:
    end = Gattlink(settings)
    end.start(0.0)
    end.receive(complete, 0.0)
    assert end.state is State.OPEN
    return end


# packets


@given(st.binary(max_size=600))
def test_any_packet_is_read_as_something(packet: bytes) -> None:
    packets.parse(packet)


@given(st.integers(0, 31), st.none() | st.integers(0, 31), st.binary(max_size=511))
def test_a_data_packet_is_read_back(number: int, ack: int | None, payload: bytes) -> None:
    assert packets.parse(packets.data(number, payload, ack)) == Transfer(ack, number, payload)


@pytest.mark.parametrize("packet", [b"", b"\x81\0\0\x08", b"\x40\x80", b"\x40\x41"])
def test_what_is_no_packet_is_said_to_be_none(packet: bytes) -> None:
    assert isinstance(packets.parse(packet), Malformed)


# frames


@given(st.lists(st.integers(4, 1280), max_size=6), st.integers(1, 600))
def test_frames_come_out_as_they_went_in_however_they_are_cut(lengths: list[int], cut: int) -> None:
    sent = [(b"\x45\0" + length.to_bytes(2, "big")).ljust(length, b"x") for length in lengths]
    stream = b"".join(sent)
    assembler = FrameAssembler()
    got = [frame for at in range(0, len(stream), cut) for frame in assembler.feed(stream[at : at + cut])]
    assert got == sent


def test_impossible_lengths_are_skipped_as_golden_gate_skips_them() -> None:
    good = b"\x45\0\0\x06ab"
    too_long = (b"\x45\0" + (1281).to_bytes(2, "big")).ljust(1281, b"x")
    assert FrameAssembler().feed(b"\x45\0\0\3" + good) == [DropReason.FRAME_TOO_SHORT, good]
    assert FrameAssembler().feed(too_long + good) == [DropReason.FRAME_TOO_LONG, good]


# IP, UDP and short headers


@given(st.binary(max_size=300))
def test_a_checksum_makes_the_sum_zero(data: bytes) -> None:
    even = data + b"\0" * (len(data) % 2)
    assert checksum(even + checksum(even).to_bytes(2, "big")) == 0


@given(st.binary(max_size=1252), st.integers(0, 65_535), st.integers(1, 65_535), st.integers(1, 65_535))
def test_a_datagram_is_read_back(payload: bytes, identification: int, source: int, destination: int) -> None:
    packet = with_udp(IpPacket(HUB, NODE, 17, b"", identification), source, destination, payload)
    again = parse_ip(packet.to_bytes())
    assert again == packet
    datagram = parse_udp(packet)
    assert datagram
    assert (datagram.source_port, datagram.destination_port, datagram.payload) == (source, destination, payload)


@given(st.binary(max_size=200), st.integers(0, 10_000))
def test_one_wrong_bit_anywhere_is_noticed(payload: bytes, place: int) -> None:
    wire = bytearray(with_udp(IpPacket(HUB, NODE, 17, b""), 5683, 5683, payload).to_bytes())
    wire[place // 8 % len(wire)] ^= 1 << place % 8
    packet = parse_ip(bytes(wire))
    datagram = parse_udp(packet) if packet else None
    no_checksum = packet is not None and packet.payload[6:8] == b"\0\0"
    assert datagram is None or no_checksum


PACKETS = st.builds(
    IpPacket,
    source=st.sampled_from([HUB, b"\x0a\1\2\3"]),
    destination=st.sampled_from([NODE, b"\x0a\4\5\6"]),
    protocol=st.sampled_from([1, 6, 50]),
    payload=st.binary(max_size=60),
    identification=st.integers(0, 65_535),
    ttl=st.integers(0, 255),
    service=st.integers(0, 255),
    flags_offset=st.integers(0, 65_535),
)


@given(PACKETS, st.sampled_from([5683, 4000]), st.sampled_from([5683, 4000]), st.binary(max_size=60))
def test_short_headers_give_the_packet_back(packet: IpPacket, source: int, destination: int, payload: bytes) -> None:
    ends = Ends(HUB, NODE, 5683)
    assert decompress(compress(packet, ends), ends) == packet
    carrying = decompress(compress(with_udp(packet, source, destination, payload), ends), ends)
    assert carrying
    datagram = parse_udp(carrying)
    assert datagram
    assert (datagram.source_port, datagram.destination_port, datagram.payload) == (source, destination, payload)


@given(st.binary(max_size=80))
def test_any_short_header_never_raises(tail: bytes) -> None:
    packet = decompress(b"\x80" + tail, Ends(HUB, NODE, 5683))
    assert packet is None or packet.to_bytes()


def test_a_coap_message_costs_seven_bytes_of_header() -> None:
    ends = Ends(HUB, NODE, 5683)
    packet = with_udp(IpPacket(HUB, NODE, 17, b""), 5683, 5683, b"CoAP")
    assert len(compress(packet, ends)) == 7 + 4
    assert len(packet.to_bytes()) == 28 + 4


# the session's rules


def test_nothing_is_acknowledged_before_a_packet_came_in_order() -> None:
    end = opened()
    assert end.receive(b"\x1fstale", 0.0).events == [Dropped(DropReason.GAP, 5)]
    assert end.deadline_ms is None


def test_an_empty_data_packet_does_not_block_what_follows() -> None:
    end = opened()
    assert end.receive(b"\0", 0.0).events == [Dropped(DropReason.EMPTY, 0)]
    assert end.receive(b"\1x", 1.0).events == [Received(b"x")]
    assert end.tick(201.0).packets == [b"\x41"]


def test_an_empty_data_packet_is_never_sent() -> None:
    end = opened()
    step = end.send(b"", 0.0)
    assert (step.refused, step.packets) == (Refusal.EMPTY, [])


def test_a_lost_acknowledgement_is_repeated_with_a_window_of_one() -> None:
    end = opened(complete=bytes.fromhex("8100000101"))
    assert end.receive(b"\0x", 0.0).packets == [b"\x40"]
    assert end.receive(b"\0x", 4000.0).packets == [b"\x40"]


def test_an_acknowledgement_that_is_due_rides_on_data_and_never_lengthens_a_packet() -> None:
    end = opened(Settings(packet_bytes=20, send_window=1, receive_window=1))
    end.send(bytes(60), 0.0)
    step = end.receive(b"\x40\x00data", 1.0)
    assert step.packets == [b"\x40\x01" + bytes(18)]
    assert end.tick(4001.0).packets == [b"\x01" + bytes(18)]


def test_five_packets_of_a_window_of_eight_are_acknowledged_at_once_and_one_after_200_ms() -> None:
    end = opened()
    early = [end.receive(bytes((number,)) + b"x", 0.0).packets for number in range(5)]
    assert early == [[], [], [], [], [b"\x44"]]
    end.receive(b"\x05x", 10.0)
    assert end.deadline_ms == 210.0
    assert end.tick(209.0).packets == []
    assert end.tick(210.0).packets == [b"\x45"]


@pytest.mark.parametrize(("ride", "answer"), [(True, b"\x40\x00answer"), (False, b"\x00answer")])
def test_an_acknowledgement_that_waits_rides_on_the_answer_unless_told_to_wait(ride: bool, answer: bytes) -> None:
    end = opened(Settings(ride=ride))
    assert end.receive(b"\x00asked", 0.0).packets == []
    assert end.send(b"answer", 1.0).packets == [answer]
    assert end.tick(200.0).packets == ([] if ride else [b"\x40"])


def test_an_unanswered_start_is_repeated_each_second_and_told() -> None:
    end = Gattlink()
    assert end.start(0.0).packets == [b"\x80"]
    steps = [end.tick(1000.0 * second) for second in (1, 2, 3)]
    assert [step.packets for step in steps] == [[b"\x80"]] * 3
    assert [event for step in steps for event in step.events] == [Unanswered(1), Unanswered(2), Unanswered(3)]


def test_bytes_are_refused_before_the_session_and_when_the_buffer_is_full() -> None:
    assert Gattlink().send(b"x", 0.0).refused is Refusal.NOT_OPEN
    end = opened()
    assert end.send(bytes(2560), 0.0).refused is None
    assert end.send(b"x", 0.0).refused is Refusal.FULL
    assert opened(complete=bytes.fromhex("8100000000")).send(b"x", 0.0).refused is Refusal.NO_WINDOW


def test_a_stopped_link_hears_nothing_and_starts_anew() -> None:
    end = opened()
    end.send(b"abc", 0.0)
    assert end.stop(1.0).events == [Reset(ResetCause.STOPPED, 3)]
    assert end.receive(COMPLETE, 2.0).events == [Dropped(DropReason.NOT_STARTED, 5)]
    assert end.deadline_ms is None
    assert end.start(3.0).packets == [b"\x80"]
    assert end.receive(COMPLETE, 4.0).events == [Opened(8, 8)]


def test_a_larger_mtu_holds_from_the_next_packet_on() -> None:
    end = opened(Settings(packet_bytes=20, send_window=1))
    end.send(bytes(300), 0.0)
    end.resize(244)
    assert [len(packet) for packet in end.receive(b"\x40", 1.0).packets] == [244]
    with pytest.raises(ValueError, match="5 to 512"):
        end.resize(513)


def test_a_clock_that_steps_back_does_not_stretch_a_timer() -> None:
    end = opened()
    end.send(b"x", 1000.0)
    end.receive(b"\x82", 10.0)
    assert end.deadline_ms == 5000.0


# the stack


@pytest.mark.parametrize(("settings", "header_bytes"), [(over_gatt(244), 1 + 7), (Settings(244), 1 + 28)])
def test_headers_are_short_over_gatt_which_finds_damage_itself_and_whole_over_udp(
    settings: Settings, header_bytes: int
) -> None:
    end = Stack(Role.NODE, settings=settings)
    end.start(0.0)
    end.receive(COMPLETE, 0.0)
    assert end.gattlink.packet_bytes == 244
    assert [len(packet) for packet in end.send(b"coap", 0.0).packets] == [header_bytes + 4]


def open_stack(*, monitor: bool = False, kind: StackKind = StackKind.SNG) -> Stack:
    stack = Stack(Role.NODE, kind, monitor=monitor)
    stack.start(0.0)
    stack.receive(COMPLETE, 0.0)
    return stack


def test_a_frame_with_a_broken_header_ends_the_session_because_no_frame_after_it_can_be_found() -> None:
    frame = bytearray(with_udp(IpPacket(HUB, NODE, 17, b""), 5683, 5683, b"x").to_bytes())
    frame[9] ^= 1
    step = open_stack().receive(b"\0" + frame, 1.0)
    assert step.events == [Reset(ResetCause.DESYNCHRONISED, 0)]
    assert step.packets == [b"\x80"]


def test_a_datagram_with_a_broken_payload_is_dropped_and_the_next_one_comes() -> None:
    good = with_udp(IpPacket(HUB, NODE, 17, b""), 5683, 5683, b"good").to_bytes()
    stack = open_stack()
    assert stack.receive(b"\0" + good[:-1] + b"X", 1.0).events == [Dropped(DropReason.CHECKSUM, len(good))]
    assert stack.receive(b"\1" + good, 2.0).events == [Datagram(b"good")]


@pytest.mark.parametrize(
    "packet",
    [
        with_udp(IpPacket(HUB, b"\x0a\0\0\1", 17, b""), 5683, 5683, b"x"),
        with_udp(IpPacket(HUB, NODE, 17, b""), 5683, 99, b"x"),
        with_udp(IpPacket(HUB, NODE, 17, b"", flags_offset=0x2000), 5683, 5683, b"x"),
        IpPacket(HUB, NODE, 1, b"ping"),
    ],
)
def test_what_is_not_for_us_is_dropped_without_a_reset(packet: IpPacket) -> None:
    wire = packet.to_bytes()
    assert open_stack().receive(b"\0" + wire, 1.0).events == [Dropped(DropReason.NOT_FOR_US, len(wire))]


@pytest.mark.parametrize("length", [3, 1281])
def test_an_impossible_length_ends_the_session_where_headers_are_checked_and_not_where_they_are_not(
    length: int,
) -> None:
    packet = b"\0\x45\0" + length.to_bytes(2, "big")
    assert Reset(ResetCause.DESYNCHRONISED, 0) in open_stack().receive(packet, 1.0).events
    assert open_stack(kind=StackKind.G).receive(packet, 1.0).packets == []


def test_what_waits_for_room_is_counted_as_lost_at_a_reset() -> None:
    stack = open_stack(kind=StackKind.G)
    frame = b"\x45\0" + (1200).to_bytes(2, "big") + bytes(1196)
    assert [stack.send(frame, 1.0).refused for _ in range(3)] == [None, None, None]
    assert stack.reset(2.0).events == [Reset(ResetCause.LOCAL, 3600)]


def test_the_queue_before_the_buffer_is_finite() -> None:
    stack = open_stack()
    refused = [stack.send(bytes(1252), 1.0).refused for _ in range(70)]
    assert refused == [None] * 66 + [Refusal.FULL] * 4


def test_more_than_a_datagram_can_hold_is_refused() -> None:
    assert open_stack().send(bytes(1253), 1.0).refused is Refusal.NOT_A_FRAME
    assert open_stack().send(bytes(1252), 1.0).refused is None
    assert open_stack(kind=StackKind.G).send(b"\x45\0\0\5x!", 1.0).refused is Refusal.NOT_A_FRAME


def test_thirty_seconds_without_packets_are_told_once_for_each_direction() -> None:
    stack = open_stack(monitor=True)
    assert stack.deadline_ms == 30_000.0
    assert stack.tick(30_000.0).events == [Inactive(sending=False), Inactive(sending=True)]
    assert stack.tick(90_000.0).events == []
    assert stack.send(b"x", 90_001.0).events == [Active(sending=True)]
