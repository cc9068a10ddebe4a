"""Every recorded exchange of Golden Gate, played to our machine in the place of each of its ends; see replay.py."""

from itertools import pairwise

import pytest

from tests.chain.link import vectors
from tests.chain.link.replay import OURS_ONLY, THEIRS_ONLY, Replay
from tests.data import DATA
from unstuck.chain.link import compression
from unstuck.chain.link.compression import Ends
from unstuck.chain.link.events import Opened, Reset, Stalled, StallEnded
from unstuck.chain.link.ip import IpPacket, parse_ip, parse_udp, with_udp
from unstuck.chain.link.stack import ADDRESSES, PORT, Role

pytestmark = pytest.mark.skipif(not (DATA / "golden-gate").is_dir(), reason="the recorded exchanges are not here")

NAMES = vectors.names()
ENDS = [(name, end) for name in NAMES for end in vectors.ends(name)]
WHOLE = [(name, end) for name, end in ENDS if not vectors.is_probe(name) and name[:2] not in ("50", "51", "52", "53")]
PROBES = [name for name in NAMES if vectors.is_probe(name)]
COMPRESSED = "13_small_get_SNG_header_compression", "90_probe_header_compression_1"

FRAME_OF_92_2 = "4500002800010000401126c3a9fe0002a9fe00031633163300140000000102030405060708090a0b"


@pytest.mark.parametrize(("name", "end"), ENDS)
def test_our_end_sends_what_golden_gate_sent(name: str, end: str) -> None:
    result = Replay(name, end, compress=name in COMPRESSED and vectors.is_probe(name)).run()
    assert [packet for _, packet in result.missing] == THEIRS_ONLY.get(name, [])
    assert {(name, packet) for _, packet in result.extra} <= OURS_ONLY
    assert not result.late
    assert result.compared >= 2


@pytest.mark.parametrize(("name", "end"), WHOLE)
def test_our_end_delivers_every_frame_of_its_peer_once_and_in_order(name: str, end: str) -> None:
    result = Replay(name, end).run()
    assert result.delivered == sent_frames(name, "node" if end == "hub" else "hub")


@pytest.mark.parametrize("name", [name for name in NAMES if name[:2] in ("50", "51", "52", "53")])
@pytest.mark.parametrize("end", ["hub", "node"])
def test_across_a_reset_only_frames_under_way_are_lost(name: str, end: str) -> None:
    result = Replay(name, end).run()
    sent = iter(sent_frames(name, "node" if end == "hub" else "hub"))
    assert all(frame in sent for frame in result.delivered)
    restarted = (name[:2], end) in (("52", "hub"), ("53", "node"))
    assert len(result.seen(Reset)) == (0 if restarted else 1)
    assert len(result.seen(Opened)) == 2


@pytest.mark.parametrize("name", PROBES)
def test_probes_come_out_of_the_top(name: str) -> None:
    result = Replay(name, "tool", compress=name in COMPRESSED).run()
    recorded = [line.packet for line in vectors.read(name) if line.way == "top_out"]
    if name == "85_probe_empty_payload_wedge_1":
        recorded *= 2  # Golden Gate refuses the frame behind the empty packet, we deliver it
    if name == "92_probe_peer_windows_2":
        # The recording ends before the frame is read from the tool; its acknowledgement is there.
        recorded.append(bytes.fromhex(FRAME_OF_92_2))
    if name == "90_probe_header_compression_1":
        recorded = [with_right_udp_length(frame) for frame in recorded]
    assert result.delivered == recorded


def test_stall_is_told_every_twelve_seconds_of_silence_and_its_end_once() -> None:
    result = Replay("60_stall_silent_peer_one_way", "node").run()
    assert [round(event.silent_ms / 1000) for _, event in result.seen(Stalled)] == [12, 24, 36, 48]
    assert len(result.seen(StallEnded)) == 1


def test_an_end_that_hears_its_peer_tells_no_stall() -> None:
    result = Replay("60_stall_silent_peer_one_way", "hub").run()
    assert not result.seen(Stalled)


@pytest.mark.parametrize("name", [name for name in NAMES if name[:2] in ("11", "12", "21", "22", "23", "70")])
@pytest.mark.parametrize("end", ["hub", "node"])
def test_ip_and_udp_headers_are_those_of_golden_gate(name: str, end: str) -> None:
    own, peer = (ADDRESSES[role] for role in ((Role.HUB, Role.NODE) if end == "hub" else (Role.NODE, Role.HUB)))
    frames = sent_frames(name, end)
    assert frames
    for number, frame in enumerate(frames):
        packet = parse_ip(frame)
        assert packet
        datagram = parse_udp(packet)
        assert datagram
        ours = with_udp(IpPacket(own, peer, 17, b"", number), PORT, PORT, datagram.payload)
        assert ours.to_bytes() == frame


@pytest.mark.parametrize("end", ["hub", "node"])
def test_compressed_headers_are_those_of_golden_gate(end: str) -> None:
    own, peer = (ADDRESSES[role] for role in ((Role.HUB, Role.NODE) if end == "hub" else (Role.NODE, Role.HUB)))
    ends = Ends(own, peer, PORT)
    frames = raw_frames("13_small_get_SNG_header_compression", end)
    assert frames
    for frame in frames:
        packet = compression.decompress(frame, ends)
        assert packet
        assert compression.compress(packet, ends) == frame


def raw_frames(name: str, end: str) -> list[bytes]:
    out = []
    for session in vectors.sessions(vectors.history(name, end)):
        stream = b"".join(payload for _, payload in session)
        bounds = vectors.frame_bounds(stream)
        out += [stream[begin:end] for begin, end in pairwise(bounds)]
    return out


def sent_frames(name: str, end: str) -> list[bytes]:
    """Frames as they come out of a G top: whole IPv4 packets."""
    role = Role(end)
    ends = Ends(ADDRESSES[role], ADDRESSES[Role.NODE if role is Role.HUB else Role.HUB], PORT)
    frames = []
    for frame in raw_frames(name, end):
        packet = compression.decompress(frame, ends) if compression.is_compressed(frame) else None
        frames.append(packet.to_bytes() if packet else frame)
    return frames


def with_right_udp_length(frame: bytes) -> bytes:
    return frame[:24] + (len(frame) - 20).to_bytes(2, "big") + frame[26:]
