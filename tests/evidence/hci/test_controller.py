"""The controller: unanswered commands, resets, hardware errors, and what a trace could show at all."""

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import facts, only, read
from unstuck.evidence.hci import HciReader, book
from unstuck.model.evidence import FactSet, ReaderOptions

SCAN, VENDOR = 0x200C, 0xFD57


def _answered(count: int, start: float = 0.0) -> list[b.Packet]:
    return [
        packet
        for at in range(count)
        for packet in (b.command(start + at, SCAN, b"\1\0"), b.complete(start + at + 0.01, SCAN))
    ]


def test_a_command_never_answered_is_told_with_how_long_it_waited() -> None:
    found = facts([*_answered(8), b.command(10, 0x1405, b"\x40\0"), b.advert(17.5, -50)])
    timeout = only(found, "hci.command_timeout")
    assert timeout.value == {"opcode": 0x1405, "waited_s": 7.5}
    assert timeout.locator == "packet 17"
    assert timeout.excerpt == "Read RSSI (0x1405): no answer for 7.5 s"


def test_a_command_answered_later_than_the_host_waits_is_told() -> None:
    found = facts([*_answered(8), b.command(10, 0x1405), b.advert(11, -50), b.complete(13, 0x1405)])
    assert only(found, "hci.command_timeout").number("waited_s") == 3


def test_command_status_is_an_answer_too() -> None:
    found = facts([*_answered(8), b.command(10, 0x0406, b"\x40\0\x13"), b.status(10.1, 0x0406), b.advert(20, -50)])
    assert not found.has("hci.command_timeout")


def test_a_reset_ends_the_waiting() -> None:
    found = facts([*_answered(8), b.command(10, 0x1405), *b.reset(14), b.advert(900, -50)])
    assert only(found, "hci.command_timeout").number("waited_s") == 4


@pytest.mark.parametrize("rest", [[], [b.advert(11.5, -50)], b.reset(10.5)], ids=["end", "soon after", "reset"])
def test_a_command_still_open_within_two_seconds_is_no_timeout(rest: list[b.Packet]) -> None:
    assert not facts([*_answered(8), b.command(10, 0x1405), *rest]).has("hci.command_timeout")


def test_a_phone_that_slept_with_a_command_open_is_no_timeout() -> None:
    found = facts([*_answered(8), b.command(10, 0x1405), b.complete(40, 0x1405)])
    assert not found.has("hci.command_timeout")


def test_a_clock_set_with_a_command_open_is_no_timeout() -> None:
    found = facts([*_answered(8), b.command(10, 0x1405), b.advert(400_000, -50), b.complete(400_001, 0x1405)])
    assert not found.has("hci.command_timeout")


def test_commands_of_one_kind_are_answered_in_order() -> None:
    found = facts([*_answered(8), b.command(10, SCAN), b.command(10.1, SCAN), *(b.complete(11, SCAN),) * 2])
    assert not found.has("hci.command_timeout")


def test_one_lost_answer_makes_no_chain_of_timeouts() -> None:
    found = facts([*_answered(4), b.command(5, SCAN), b.advert(6, -50), *_answered(20, 10)])
    assert len(found.all("hci.command_timeout")) == 1


def test_answers_in_the_next_block_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unstuck.evidence.hci.reader.BLOCK_BYTES", 64)
    assert not facts(_answered(30)).has("hci.command_timeout")


def test_a_filtered_log_without_answers_shows_no_timeouts() -> None:
    assert not facts([b.command(at, SCAN) for at in range(50)]).has("hci.command_timeout")


def test_a_vendor_command_that_never_has_an_answer_is_no_timeout() -> None:
    assert not facts([*_answered(8), b.command(10, VENDOR), b.advert(20, -50)]).has("hci.command_timeout")
    answered = [b.command(9, VENDOR), b.complete(9.1, VENDOR)]
    assert facts([*_answered(8), *answered, b.command(10, VENDOR), b.advert(20, -50)]).has("hci.command_timeout")


def test_host_flow_control_has_no_answer_and_is_no_timeout() -> None:
    found = facts([*_answered(8), b.command(10, 0x0C35, b"\1\x40\0\1\0"), b.advert(20, -50)])
    assert not found.has("hci.command_timeout")


def test_resets_say_whether_the_trace_began_with_them() -> None:
    found = facts([*b.reset(0.5), b.advert(5, -50), *b.reset(60)])
    assert [fact.flag("at_start") for fact in found.all("hci.reset")] == [True, False]


def test_a_hardware_error_is_told() -> None:
    error = only(facts([b.event(1, 0x10, b"\x42")]), "hci.hardware_error")
    assert error.value == {"code": 0x42}


def test_coverage_says_what_a_full_trace_could_show() -> None:
    found = facts([*b.reset(0), b.advert(1, -50), b.connected(2), b.notify(3, b"a")])
    assert only(found, "hci.coverage").value == {
        "commands": True,
        "link_events": True,
        "adverts": True,
        "acl": True,
        "records": 5,
        "le_connections": 1,
    }


def test_coverage_says_that_a_filtered_trace_could_not_show_links() -> None:
    coverage = only(facts([b.notify(3, b"a")]), "hci.coverage")
    assert [coverage.flag(part) for part in ("commands", "link_events", "adverts", "acl")] == [
        False,
        False,
        False,
        True,
    ]


def test_a_trace_full_of_records_without_one_le_connection_says_so() -> None:
    found = facts([*_answered(50), *(b.connected_br(60 + at, code=0x04) for at in range(20))])
    coverage = only(found, "hci.coverage")
    assert (coverage.number("records"), coverage.number("le_connections")) == (120, 0)
    assert coverage.flag("link_events") is True


def test_facts_of_one_kind_are_bounded_and_the_rest_is_counted() -> None:
    many = book.FACTS_PER_KIND + 400
    packets = [packet for at in range(many) for packet in (b.connected(at), b.disconnected(at + 0.5, 0x08))]
    reading = read(b.btsnoop(packets))
    lost = FactSet(reading.facts).all("link.lost")
    assert len(lost) == book.FACTS_PER_KIND
    assert (lost[0].locator, lost[-1].locator) == ("packet 2", f"packet {len(packets)}")
    assert reading.source.skipped == 2 * 400
    assert "800 of its records are only counted" in reading.source.problems[0]


def test_facts_come_in_the_order_of_the_trace() -> None:
    reading = read(b.btsnoop([b.connected(1), b.advert(2, -50), b.disconnected(3, 0x08), b.advert(4, -50)]))
    numbers = [int(fact.locator.removeprefix("packet ")) for fact in reading.facts]
    assert numbers == sorted(numbers)


def test_a_reader_used_again_forgets_nothing_it_should_not_and_no_facts_leak() -> None:
    reader = HciReader(ReaderOptions())
    data = b.btsnoop([*b.reset(0), b.connected(1), b.disconnected(9, 0x08)])
    first = read(data, reader=reader)
    second = read(data, reader=reader)
    assert first.facts == second.facts
