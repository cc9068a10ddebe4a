"""Hostile traces: whatever could grow with every packet is bounded, and what is told stays right."""

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import facts, only, read
from unstuck.evidence.hci import adverts, attributes, commands, links, pairing, peers, session


def _address(number: int) -> str:
    return f"00:00:00:00:{number >> 8:02x}:{number & 255:02x}"


def test_devices_that_never_answer_are_told_for_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "DEVICES_KEPT", 2)
    found = facts([b.connected_br(at, _address(at % 5), code=0x04) for at in range(20)])
    assert [fact.number("count") for fact in found.all("link.page_timeout")] == [4, 4]


def test_devices_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "DEVICES_KEPT", 2)
    monkeypatch.setattr(peers, "NAMES_KEPT", 1)
    monkeypatch.setattr(pairing, "DEVICES_KEPT", 1)
    packets = [b.connected(at, _address(at), at) for at in range(5)]
    packets += [b.advert(10 + at, -60, b.FITBIT_ADVERT + b.named(f"Inspire {at}"), _address(at)) for at in range(5)]
    packets += [b.event(20 + at, 0x31, bytes((at, 0, 0, 0, 0, 0))) for at in range(5)]
    found = facts(packets)
    assert len(found.all("link.opened")) == 5
    assert len({fact.subject for fact in found.all("device.recognised")}) == 2
    assert len(found.all("device.name")) == 1
    assert len(found.all("pairing.started")) == 1


def test_devices_heard_are_counted_for_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adverts, "DEVICES_KEPT", 3)
    reading = read(b.btsnoop([b.advert(at, -60, b"", _address(at % 10)) for at in range(100)]))
    summaries = [fact for fact in reading.facts if fact.name == "advert.summary"]
    assert [fact.number("count") for fact in summaries] == [10, 10, 10]
    assert reading.source.skipped == 70


def test_more_devices_than_the_first_table_holds_are_counted_right() -> None:
    found = facts([b.advert(at, -60, b"", _address(at % 200)) for at in range(400)])
    assert {fact.number("count") for fact in found.all("advert.summary")} == {2}


def test_sums_of_attributes_are_bounded_and_those_of_the_link_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "CELLS_KEPT", 2)
    found = facts([b.connected(1), *(b.notify(2 + at, b"a", at + 1) for at in range(9)), b.disconnected(20, 0x13)])
    assert len(found.all("att.traffic")) == 2
    assert only(found, "link.traffic").number("received_packets") == 9


def test_room_for_sums_comes_back_when_links_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "CELLS_KEPT", 1)
    monkeypatch.setattr("unstuck.evidence.hci.reader.BLOCK_BYTES", 64)
    packets = [b.connected(1), b.notify(2, b"a"), b.disconnected(3, 0x13)]
    found = facts([*packets, *(packet._replace(at=packet.at + 9) for packet in packets)])
    assert len(found.all("att.traffic")) == 2


def test_unanswered_requests_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "TIMEOUTS_KEPT", 1)
    request, answer = b"\x0a\1\0", b"\x0bx"
    packets = [b.att(2, False, request), b.att(40, True, answer), b.att(50, False, request), b.att(90, True, answer)]
    assert len(facts([b.connected(1), *packets]).all("att.timeout")) == 1


def test_unanswered_commands_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "WAITING_KEPT", 3)
    answered = [packet for at in range(40) for packet in (b.command(at, 0x200C), b.complete(at + 0.1, 0x200C))]
    silent = [b.command(50 + at, 0x1405 + at) for at in range(6)]
    assert len(facts([*answered, *silent, b.advert(90, -60)]).all("hci.command_timeout")) == 3


def test_a_clock_that_jumps_for_ever_spoils_all_durations_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "JUMPS_BELIEVED", 1)
    jumping = [b.advert(at, -60, b"", b.OTHER) for at in (500, 5, 500, 5)]
    found = facts([*jumping, b.connected(6), b.disconnected(9, 0x13)])
    assert only(found, "link.ended").number("held_s") is None


def test_a_section_with_endless_interfaces_is_damaged() -> None:
    reading = read(b.pcapng([b.advert(1, -60)], (201,)) + b.pcapng([b.advert(2, -60)], (201,) * 300))
    assert reading.source.records == 1
    assert "so many interfaces are impossible" in reading.source.problems[0]


def test_controllers_beyond_sixteen_are_not_told_apart() -> None:
    data = bytearray(b.btsnoop([b.connected(1)], 2001))
    data[24:26] = b"\0\x11"
    opened = next(fact for fact in read(bytes(data)).facts if fact.name == "link.opened")
    assert opened.number("handle") == b.HANDLE
