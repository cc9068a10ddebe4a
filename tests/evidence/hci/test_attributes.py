"""ATT traffic, errors, unanswered requests, and the Gattlink handshake."""

import struct

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import facts, only

READ = struct.pack("<BH", 0x0A, 0x0010)
READ_RESPONSE = b"\x0bvalue"


def _error(request: int, code: int) -> bytes:
    return struct.pack("<BBHB", 0x01, request, 0x0010, code)


def test_value_bytes_are_summed_for_each_attribute_and_direction() -> None:
    found = facts(
        [
            b.connected(1),
            *(b.notify(2 + at, bytes(20)) for at in range(3)),
            b.write(6, bytes(7)),
            b.att(7, False, struct.pack("<BH", 0x12, 0x0042) + bytes(5)),
            b.att(8, True, struct.pack("<BH", 0x1D, 0x0009) + bytes(2)),
            b.att(9, False, struct.pack("<BHH", 0x16, 0x0042, 0) + bytes(4)),
        ]
    )
    sums = {
        (fact.number("attribute"), fact.text("direction")): (fact.number("packets"), fact.number("bytes"))
        for fact in found.all("att.traffic")
    }
    assert sums == {(0x44, "received"): (3, 60), (0x42, "sent"): (3, 16), (0x09, "received"): (1, 2)}


def test_the_traffic_of_a_link_is_summed_over_its_life() -> None:
    found = facts([b.connected(1), b.write(2, b"abc"), b.notify(5, b"abcd"), b.disconnected(9, 0x13)])
    assert only(found, "link.traffic").value == {
        "handle": b.HANDLE,
        "sent_packets": 1,
        "sent_bytes": 6,
        "received_packets": 1,
        "received_bytes": 7,
        "first": "2026-01-01T00:00:02+00:00",
        "last": "2026-01-01T00:00:05+00:00",
    }


def test_fragments_that_continue_a_packet_are_not_packets() -> None:
    frame = struct.pack("<HHBH", 203, 4, 0x1B, 0x0044) + bytes(50)
    first = b.Packet(2, True, struct.pack("<BHH", 2, b.HANDLE | 2 << 12, len(frame)) + frame)
    rest = b.Packet(2, True, struct.pack("<BHH", 2, b.HANDLE | 1 << 12, 150) + b"\xcb\0\4\0\x1b\x99\x99" + bytes(143))
    traffic = only(facts([b.connected(1), first, rest]), "att.traffic")
    assert (traffic.number("attribute"), traffic.number("packets"), traffic.number("bytes")) == (0x44, 1, 200)


def test_errors_are_counted_by_code_and_request() -> None:
    found = facts(
        [
            b.connected(1),
            *(b.att(at, True, _error(0x08, 0x0A)) for at in (2, 3)),
            b.att(4, True, _error(0x0A, 0x05)),
        ]
    )
    counts = {(fact.number("code"), fact.number("request")): fact.number("count") for fact in found.all("att.errors")}
    assert counts == {(0x0A, 0x08): 2, (0x05, 0x0A): 1}


def test_a_request_never_answered_on_a_live_link_is_told() -> None:
    found = facts(
        [
            b.connected(1),
            b.att(2, False, READ),
            b.att(2.1, True, READ_RESPONSE),
            b.att(10, False, READ),
            b.disconnected(55, 0x13),
        ]
    )
    unanswered = only(found, "att.timeout")
    assert unanswered.value == {"request": 0x0A, "waited_s": 45.0}
    assert unanswered.locator == "packet 4"


def test_a_request_answered_too_late_is_told() -> None:
    found = facts(
        [
            b.connected(1),
            b.att(2, False, READ),
            b.att(2.1, True, READ_RESPONSE),
            b.att(3, False, READ),
            b.att(40, True, READ_RESPONSE),
        ]
    )
    assert only(found, "att.timeout").number("waited_s") == 37


@pytest.mark.parametrize("end", [b.disconnected(20, 0x08), b.advert(30, -50)])
def test_a_request_open_when_the_link_or_the_trace_ends_soon_is_no_timeout(end: b.Packet) -> None:
    answered = [b.att(2, False, READ), b.att(2.1, True, READ_RESPONSE)]
    assert not facts([b.connected(1), *answered, b.att(5, False, READ), end]).has("att.timeout")


def test_a_log_without_any_answer_shows_no_timeouts() -> None:
    assert not facts([b.connected(1), b.att(2, False, READ), b.disconnected(90, 0x13)]).has("att.timeout")


def test_requests_of_both_sides_are_matched_apart() -> None:
    found = facts(
        [
            b.connected(1),
            b.att(2, False, READ),
            b.att(3, True, READ),
            b.att(3.1, False, READ_RESPONSE),
            b.att(3.2, True, READ_RESPONSE),
            b.disconnected(90, 0x13),
        ]
    )
    assert not found.has("att.timeout")


# Gattlink

HANDSHAKE = [
    b.notify(2, b"\x80"),
    b.write(2.1, b"\x80"),
    b.write(2.2, b"\x81\0\0\x08\x08"),
    b.notify(2.3, b"\x81\0\0\x08\x08"),
]


def test_the_handshake_that_opens_a_session_is_no_reset_and_shows_a_fitbit() -> None:
    found = facts([b.connected(1), *HANDSHAKE, b.write(3, b"\0data")])
    assert not found.has("gattlink.reset", "gattlink.unanswered")
    recognised = only(found, "device.recognised")
    assert (recognised.text("vendor"), recognised.text("by"), recognised.subject) == ("fitbit", "gattlink", b.TRACKER)


@pytest.mark.parametrize(("request_again", "by"), [(b.notify(9, b"\x80"), "tracker"), (b.write(9, b"\x80"), "phone")])
def test_a_reset_in_an_open_session_is_told_with_who_asked(request_again: b.Packet, by: str) -> None:
    found = facts([b.connected(1), *HANDSHAKE, request_again])
    assert only(found, "gattlink.reset").value == {"by": by}


def test_a_session_the_tracker_never_answers_is_told() -> None:
    found = facts([b.connected(1), *(b.write(2 + at, b"\x80") for at in range(5)), b.disconnected(9, 0x13)])
    unanswered = only(found, "gattlink.unanswered")
    assert unanswered.value == {"requests": 5}
    assert unanswered.locator == "packet 2"


def test_a_session_answered_at_the_second_try_is_not_unanswered() -> None:
    found = facts([b.connected(1), b.write(1.5, b"\x80"), *HANDSHAKE, b.disconnected(9, 0x13)])
    assert not found.has("gattlink.unanswered")
