"""Links: what connection and disconnection events say, and what they do not say."""

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import facts, only, read
from unstuck.evidence.hci import HciReader
from unstuck.model.evidence import FactSet, ReaderOptions


@pytest.mark.parametrize("sub", [0x01, 0x0A, 0x29])
def test_every_version_of_connection_complete_opens_a_link(sub: int) -> None:
    found = facts([b.connected(1, sub=sub), b.disconnected(4, 0x13)])
    opened = only(found, "link.opened")
    assert opened.subject == b.TRACKER
    assert opened.value == {
        "handle": b.HANDLE,
        "transport": "le",
        "interval_ms": 30.0,
        "latency": 0,
        "timeout_ms": 5000.0,
        "parallel": 1,
    }


def test_a_link_lost_without_a_word_says_how_long_it_held_and_how_strong_it_was() -> None:
    found = facts([b.connected(1), b.advert(60, -97), b.disconnected(76, 0x08)])
    lost = only(found, "link.lost")
    assert lost.value == {"handle": b.HANDLE, "transport": "le", "reason": 8, "held_s": 75.0, "last_rssi": -97}
    assert lost.excerpt == "Disconnection Complete: handle 0x0040, reason 0x08 connection time-out"
    assert lost.locator == "packet 3"


def test_a_link_response_timeout_is_a_loss_too() -> None:
    assert only(facts([b.connected(1), b.disconnected(9, 0x22)]), "link.lost").number("reason") == 0x22


def test_an_old_reading_says_nothing_about_the_signal_at_the_loss() -> None:
    found = facts([b.advert(0, -60), b.connected(1), b.disconnected(500, 0x08)])
    assert only(found, "link.lost").number("last_rssi") is None


def test_a_reading_of_the_live_link_counts_as_last_signal() -> None:
    found = facts([b.advert(0, -60), b.connected(1), *b.read_rssi(10, -88), b.disconnected(20, 0x08)])
    assert only(found, "link.lost").number("last_rssi") == -88


@pytest.mark.parametrize(
    ("reason", "asked", "by"),
    [
        (0x13, False, "peer"),
        (0x14, False, "peer"),
        (0x15, False, "peer"),
        (0x16, False, "phone"),
        (0x16, True, "phone"),
        (0x3B, True, "phone"),
        (0x3B, False, "unknown"),
    ],
)
def test_who_closed_a_link(reason: int, asked: bool, by: str) -> None:
    request = [b.disconnect(5)] if asked else []
    ended = only(facts([b.connected(1), *request, b.disconnected(6, reason)]), "link.ended")
    assert ended.text("by") == by


def test_the_host_giving_up_its_own_attempt_is_no_link_error() -> None:
    zero = "00:00:00:00:00:00"
    found = facts([b.connected(at, zero, handle=0, code=0x02) for at in (1, 5, 9)])
    cancelled = only(found, "link.cancelled")
    assert cancelled.value == {
        "count": 3,
        "first": "2026-01-01T00:00:01+00:00",
        "last": "2026-01-01T00:00:09+00:00",
    }
    assert not found.has("link.opened", "link.refused", "link.not_established", "link.lost")
    assert only(found, "hci.coverage").number("le_connections") == 0


def test_success_followed_by_0x3e_is_one_failure_to_establish() -> None:
    found = facts([b.advert(0.5, -97), b.connected(1), b.disconnected(1.33, 0x3E)])
    failed = only(found, "link.not_established")
    assert failed.subject == b.TRACKER
    assert failed.value == {"handle": b.HANDLE, "transport": "le", "after_s": 0.33, "last_rssi": -97}
    assert not found.has("link.opened", "link.lost", "link.ended")
    assert only(found, "hci.coverage").number("le_connections") == 0


def test_0x3e_as_status_is_a_failure_to_establish_at_once() -> None:
    failed = only(facts([b.connected(1, code=0x3E)]), "link.not_established")
    assert failed.subject == b.TRACKER
    assert failed.number("after_s") == 0


@pytest.mark.parametrize("code", [0x09, 0x0D, 0x3C])
def test_other_statuses_are_refusals(code: int) -> None:
    refused = only(facts([b.connected(1, code=code)]), "link.refused")
    assert refused.value == {"transport": "le", "status": code}
    assert refused.subject == b.TRACKER


@pytest.mark.parametrize(
    ("opcode", "head", "transport"),
    [
        (0x200D, bytes(4) + b"\0\1", "le"),
        (0x2043, b"\0\0\1", "le"),
        (0x2085, bytes(2) + b"\0\0\1", "le"),
        (0x0405, b"", "br"),
    ],
)
def test_an_attempt_refused_by_the_controller_names_the_device(opcode: int, head: bytes, transport: str) -> None:
    address = bytes.fromhex(b.TRACKER.replace(":", ""))[::-1]
    found = facts([b.command(1, opcode, head + address + bytes(12)), b.status(1.01, opcode, 0x0D)])
    refused = only(found, "link.refused")
    assert refused.value == {"transport": transport, "status": 0x0D}
    assert refused.subject == b.TRACKER


def test_page_timeouts_are_counted_for_each_device_and_are_no_refusals() -> None:
    found = facts([b.connected_br(at, code=0x04) for at in range(5)])
    assert only(found, "link.page_timeout").value == {"count": 5}
    assert only(found, "link.page_timeout").subject == b.OTHER
    assert not found.has("link.refused", "link.opened")


def test_a_br_link_is_told_apart_from_le_links() -> None:
    found = facts([b.connected_br(1), b.connected(2), b.disconnected(9, 0x13, 0x0010)])
    assert [fact.text("transport") for fact in found.all("link.opened")] == ["br", "le"]
    assert only(found, "link.ended").text("transport") == "br"
    assert only(found, "links.parallel").number("le_max") == 1


def test_voice_channels_are_no_links() -> None:
    found = facts(
        [
            b.connected_br(1),
            b.connected_br(2, handle=0x0100, link_type=0),
            b.event(3, 0x2C, b"\0\x01\x01" + bytes(14)),
            b.disconnected(4, 0x16, 0x0100),
            b.disconnected(5, 0x13, 0x0101),
            b.disconnected(6, 0x13, 0x0010),
        ]
    )
    assert only(found, "link.ended").number("handle") == 0x0010
    assert not found.has("hci.all_links_closed")


def test_the_most_links_at_once_are_counted() -> None:
    found = facts(
        [
            b.connected(1, "00:00:00:00:00:01", 1),
            b.connected(2, "00:00:00:00:00:02", 2),
            b.disconnected(3, 0x13, 1),
            b.connected(4, "00:00:00:00:00:03", 3),
            b.connected(5, "00:00:00:00:00:04", 4),
        ]
    )
    most = only(found, "links.parallel")
    assert (most.number("le_max"), most.locator) == (3, "packet 5")
    assert [fact.number("parallel") for fact in found.all("link.opened")] == [1, 2, 2, 3]


def test_all_links_closed_by_the_phone_within_a_second_is_bluetooth_going_off() -> None:
    found = facts(
        [
            b.connected(1, b.TRACKER, 1),
            b.connected(2, b.OTHER, 2),
            b.disconnected(9, 0x16, 1),
            b.disconnected(9.02, 0x16, 2),
        ]
    )
    closed = only(found, "hci.all_links_closed")
    assert (closed.number("links"), closed.locator) == (2, "packet 3")


@pytest.mark.parametrize("second", [(9.02, 0x08), (12.0, 0x16)])
def test_links_that_end_otherwise_or_later_are_not_bluetooth_going_off(second: tuple[float, int]) -> None:
    at, reason = second
    found = facts(
        [
            b.connected(1, b.TRACKER, 1),
            b.connected(2, b.OTHER, 2),
            b.disconnected(9, 0x16, 1),
            b.disconnected(at, reason, 2),
        ]
    )
    assert not found.has("hci.all_links_closed")


def test_one_link_retried_within_a_second_is_not_bluetooth_going_off() -> None:
    found = facts(
        [
            b.connected(1, b.TRACKER, 1),
            b.disconnected(1.1, 0x16, 1),
            b.connected(1.4, b.TRACKER, 1),
            b.disconnected(1.5, 0x16, 1),
        ]
    )
    assert not found.has("hci.all_links_closed")


def test_one_link_closed_by_the_phone_is_not_bluetooth_going_off() -> None:
    assert not facts([b.connected(1), b.disconnected(9, 0x16)]).has("hci.all_links_closed")


def test_a_link_that_began_before_the_trace_is_implied_by_its_first_packet() -> None:
    found = facts([b.notify(1, b"abc"), b.notify(2, b"abc"), b.disconnected(3, 0x08)])
    lost = only(found, "link.lost")
    assert lost.subject == "handle 0x0040"
    assert lost.value == {"handle": b.HANDLE, "transport": "le", "reason": 8, "held_s": None, "last_rssi": None}
    assert only(found, "link.traffic").number("received_packets") == 2
    assert not found.has("link.opened")


def test_packets_that_come_just_after_the_end_imply_no_new_link() -> None:
    found = facts([b.connected(1), b.notify(2, b"a"), b.disconnected(3, 0x08), b.notify(3.2, b"late")])
    assert only(found, "link.traffic").number("received_packets") == 1


def test_packets_long_after_the_end_belong_to_a_link_no_event_named() -> None:
    found = facts([b.connected(1), b.notify(2, b"a"), b.disconnected(3, 0x08), b.notify(30, b"new")])
    assert [fact.subject for fact in found.all("link.traffic")] == [b.TRACKER, "handle 0x0040"]


def test_a_handle_used_again_belongs_to_the_new_device() -> None:
    found = facts(
        [
            b.connected(1),
            b.notify(2, b"a"),
            b.disconnected(3, 0x13),
            b.connected(4, b.OTHER),
            b.notify(5, b"bb"),
            b.disconnected(6, 0x13),
        ]
    )
    traffic = {fact.subject: fact.number("bytes") for fact in found.all("att.traffic")}
    assert traffic == {b.TRACKER: 1, b.OTHER: 2}


def test_a_handle_opened_again_without_an_end_is_a_new_link() -> None:
    found = facts([b.connected(1), b.connected(5, b.OTHER), b.disconnected(6, 0x08)])
    assert [fact.subject for fact in found.all("link.opened")] == [b.TRACKER, b.OTHER]
    assert only(found, "link.lost").subject == b.OTHER


# two traces of one phone


def _two(first: list[b.Packet], second: list[b.Packet]) -> tuple[FactSet, FactSet]:
    reader = HciReader(ReaderOptions())
    return (
        FactSet(read(b.btsnoop(first), "log.last", reader=reader).facts),
        FactSet(read(b.btsnoop(second), "log", reader=reader).facts),
    )


def test_links_open_at_the_end_of_one_trace_go_on_in_the_next() -> None:
    _, later = _two([b.connected(1), b.advert(2, -50)], [b.notify(3.2, b"abc"), b.disconnected(11, 0x08)])
    lost = only(later, "link.lost")
    assert lost.subject == b.TRACKER
    assert lost.number("held_s") == 10
    assert only(later, "link.traffic").subject == b.TRACKER


def test_a_link_carried_over_is_found_by_its_end_alone() -> None:
    _, later = _two([b.connected(1), b.advert(2, -50)], [b.disconnected(11, 0x3E)])
    assert only(later, "link.not_established").subject == b.TRACKER


def test_links_are_carried_through_a_trace_that_does_not_mention_them() -> None:
    reader = HciReader(ReaderOptions())
    read(b.btsnoop([b.connected(1)]), reader=reader)
    read(b.btsnoop([b.advert(2, -40, address=b.OTHER)]), reader=reader)
    last = FactSet(read(b.btsnoop([b.disconnected(9, 0x08)]), reader=reader).facts)
    assert only(last, "link.lost").subject == b.TRACKER


def test_nothing_is_carried_over_a_reset() -> None:
    _, later = _two([b.connected(1), b.advert(2, -50)], [*b.reset(3.2), b.notify(5, b"abc")])
    assert only(later, "link.traffic").subject == "handle 0x0040"


@pytest.mark.parametrize("gap_s", [3600, -3600])
def test_nothing_is_carried_over_a_long_gap_or_backwards(gap_s: float) -> None:
    _, later = _two([b.connected(1), b.advert(2, -50)], [b.disconnected(11 + gap_s, 0x08)])
    assert only(later, "link.lost").subject == "handle 0x0040"


def test_a_reset_forgets_the_links_of_the_same_trace() -> None:
    found = facts([b.connected(1), b.notify(2, b"a"), *b.reset(5), b.notify(9, b"bb")])
    assert [fact.subject for fact in found.all("link.traffic")] == [b.TRACKER, "handle 0x0040"]


# what else belongs to a link


def test_parameter_updates_are_told() -> None:
    update = b.meta(2, 0x03, b"\0\x40\0" + (300).to_bytes(2, "little") + b"\4\0" + (600).to_bytes(2, "little"))
    changed = only(facts([b.connected(1), update]), "link.parameters")
    assert changed.value == {"interval_ms": 375.0, "latency": 4, "timeout_ms": 6000.0, "status": 0}
    assert changed.subject == b.TRACKER


def test_phy_updates_are_told() -> None:
    changed = only(facts([b.connected(1), b.meta(2, 0x0C, b"\0\x40\0\2\2")]), "link.phy")
    assert changed.value == {"tx": 2, "rx": 2, "status": 0}


def test_channel_maps_are_counted() -> None:
    found = facts(
        [
            b.connected(1),
            b.complete(2, 0x2015, b"\0\x40\0" + b"\xff\xff\xff\xff\x1f"),
            b.complete(3, 0x2015, b"\0\x40\0" + b"\xff\x01\0\0\0"),
            b.command(4, 0x2014, b"\x0f\0\0\0\0"),
        ]
    )
    maps = [(fact.subject, fact.number("channels")) for fact in found.all("link.channels")]
    assert maps == [(b.TRACKER, 37), (b.TRACKER, 9), ("", 4)]


def test_signal_of_a_live_le_link_is_read() -> None:
    reading = only(facts([b.connected(1), *b.read_rssi(2, -71)]), "rssi.read")
    assert (reading.subject, reading.number("rssi")) == (b.TRACKER, -71)


def test_signal_of_a_br_link_is_relative_and_never_mixed_in() -> None:
    assert not facts([b.connected_br(1), *b.read_rssi(2, -2, 0x0010)]).has("rssi.read")


def test_the_controllers_own_report_on_a_link_is_read() -> None:
    found = facts([b.connected(1), b.quality(9, -102), b.disconnected(9.1, 0x08)])
    report = only(found, "link.quality")
    assert report.subject == b.TRACKER
    assert report.value == {"report": "silent", "rssi": -102, "retransmissions": 7, "missed": 13}
    assert only(found, "link.lost").number("last_rssi") == -102


def test_a_quality_report_on_a_link_never_heard_has_no_signal() -> None:
    found = facts([b.connected(1), b.quality(1.2, -127), b.disconnected(1.3, 0x3E)])
    assert only(found, "link.quality").number("rssi") is None
    assert only(found, "link.not_established").number("last_rssi") is None


@pytest.mark.parametrize("report", [b.quality(9, -60, report=0x06), b.quality(9, -60, handle=0x0999)])
def test_other_vendor_events_and_reports_on_no_link_are_left_alone(report: b.Packet) -> None:
    assert not facts([b.connected(1), report]).has("link.quality")


def test_signal_127_of_a_link_is_no_signal() -> None:
    assert not facts([b.connected(1), *b.read_rssi(2, 127)]).has("rssi.read")


def test_diagnostic_handles_of_the_controller_are_no_links() -> None:
    found = facts([b.att(1, True, b"\x1b\x01\0abc", 0x0EDC), b.smp(2, True, b"\x0a" + bytes(7), 0x0EDC)])
    assert [fact.name for fact in found] == ["hci.coverage"]
