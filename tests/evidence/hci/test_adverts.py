"""Adverts: signals, layouts, thinning, and which of them are told one by one."""

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import facts, only, read
from unstuck.evidence.hci import HciReader, adverts
from unstuck.model.evidence import FactSet, ReaderOptions

STRANGER = "00:00:00:00:00:09"


def test_adverts_of_a_tracker_are_told_one_by_one() -> None:
    found = facts([b.advert(1, -97), b.advert(2, -80, kind=0x0010)])
    seen = [(fact.number("rssi"), fact.flag("connectable"), fact.locator) for fact in found.all("advert.seen")]
    assert seen == [(-97, True, "packet 1"), (-80, False, "packet 2")]


def test_adverts_of_a_device_that_connected_are_told_even_those_before() -> None:
    found = facts([b.advert(1, -60, b"", b.OTHER), b.connected(2, b.OTHER)])
    assert [fact.subject for fact in found.all("advert.seen")] == [b.OTHER]


def test_strangers_are_only_summed_up() -> None:
    found = facts([b.advert(at, -60 - at, b.named("Somebody's TV"), STRANGER) for at in range(4)])
    assert not found.has("advert.seen", "device.recognised", "device.name")
    assert only(found, "advert.summary").value == {
        "count": 4,
        "rssi_min": -63,
        "rssi_median": -61.5,
        "rssi_max": -60,
        "first": "2026-01-01T00:00:00+00:00",
        "last": "2026-01-01T00:00:03+00:00",
        "name": "Somebody's TV",
    }


def test_a_signal_of_127_is_no_signal() -> None:
    found = facts([b.advert(1, 127), b.advert(2, -90)])
    assert [fact.number("rssi") for fact in found.all("advert.seen")] == [None, -90]
    summary = only(found, "advert.summary")
    assert (summary.number("count"), summary.number("rssi_max")) == (2, -90)


def test_a_device_heard_without_any_signal_has_no_numbers() -> None:
    assert only(facts([b.advert(1, 127)]), "advert.summary").number("rssi_median") is None


def test_a_signal_of_127_is_never_the_last_signal_of_a_lost_link() -> None:
    found = facts([b.connected(1), b.advert(2, -91), b.advert(3, 127), b.disconnected(4, 0x08)])
    assert only(found, "link.lost").number("last_rssi") == -91


def test_several_reports_in_one_event_are_read() -> None:
    packet = b.legacy_adverts(1, [(b.TRACKER, -70, b.FITBIT_ADVERT), (STRANGER, -50, b""), (b.TRACKER, 127, b"")])
    found = facts([packet])
    counts = {fact.subject: fact.number("count") for fact in found.all("advert.summary")}
    assert counts == {b.TRACKER: 2, STRANGER: 1}
    assert [fact.number("rssi") for fact in found.all("advert.seen", subject=b.TRACKER)] == [-70, None]


def test_several_extended_reports_in_one_event_are_read() -> None:
    one, two = b.advert(1, -70).data[5:], b.advert(1, -55, b"", STRANGER).data[5:]
    found = facts([b.meta(1, 0x0D, b"\2" + one + two)])
    assert {fact.subject for fact in found.all("advert.summary")} == {b.TRACKER, STRANGER}


@pytest.mark.parametrize(("kind", "connectable"), [(0, True), (1, True), (2, False), (3, False), (4, None)])
def test_legacy_adverts_say_whether_they_are_connectable(kind: int, connectable: bool | None) -> None:
    found = facts([b.legacy_adverts(1, [(b.TRACKER, -70, b.FITBIT_ADVERT)], kind)])
    assert only(found, "advert.seen").flag("connectable") is connectable


def test_directed_adverts_are_read() -> None:
    address = bytes.fromhex(b.TRACKER.replace(":", ""))[::-1]
    found = facts([b.connected(1), b.meta(2, 0x0B, b"\1\1\1" + address + bytes(7) + b"\xb0")])
    assert only(found, "advert.seen").number("rssi") == -80


def test_a_watch_that_advertises_and_never_connects_is_summed_up_with_its_name() -> None:
    data = b.snooz([b.advert(at, -60, b.named("oraimo Watch 5 Lite"), b.OTHER) for at in range(742)])
    found = FactSet(read(data).facts)
    summary = only(found, "advert.summary")
    assert (summary.number("count"), summary.text("name")) == (742, "oraimo Watch 5 Lite")
    coverage = only(found, "hci.coverage")
    assert (coverage.flag("acl"), coverage.flag("link_events"), coverage.number("le_connections")) == (False, False, 0)


def test_the_tracker_asked_for_is_told_one_by_one_by_address_or_name() -> None:
    packets = [b.advert(1, -60, b.named("My Band"), STRANGER)]
    for wanted in (STRANGER, "band"):
        reader = HciReader(ReaderOptions(tracker=wanted))
        found = FactSet(read(b.btsnoop(packets), reader=reader).facts)
        assert [fact.subject for fact in found.all("advert.seen")] == [STRANGER]


def test_a_masked_address_means_the_devices_with_its_visible_tail() -> None:
    data = b.btsnoop([b.advert(1, -60, b"", STRANGER), b.advert(2, -60, b"", "00:00:00:00:01:09")])
    for tracker in ("XX:XX:XX:XX:00:09", "xx:00:00:00:00:09", " XX:xx:XX:XX:XX:09 "):
        found = FactSet(read(data, reader=HciReader(ReaderOptions(tracker=tracker))).facts)
        told = {STRANGER, "00:00:00:00:01:09"} if tracker.strip().endswith("XX:09") else {STRANGER}
        assert {fact.subject for fact in found.all("advert.seen")} == told


@pytest.mark.parametrize(
    "tracker",
    ["XX:XX:XX:XX:00:01", "xx:5e:00:00:00:99", "Jane: watch", ":", "a:b", "zz:zz:zz:zz:zz:zz", "0x:1:2:3:4:5"],
)
def test_a_colon_in_what_is_asked_for_does_not_make_it_an_address(tracker: str) -> None:
    reader = HciReader(ReaderOptions(tracker=tracker))
    found = FactSet(read(b.btsnoop([b.advert(1, -60, b"", STRANGER)]), reader=reader).facts)
    assert not found.has("advert.seen")
    assert only(found, "advert.summary").subject == STRANGER


def test_a_name_with_a_colon_is_found_by_it() -> None:
    reader = HciReader(ReaderOptions(tracker="Jane: watch"))
    found = FactSet(read(b.btsnoop([b.advert(1, -60, b.named("Jane: Watch 5"), STRANGER)]), reader=reader).facts)
    assert [fact.subject for fact in found.all("advert.seen")] == [STRANGER]


def test_many_adverts_of_one_device_are_thinned_and_it_is_told() -> None:
    many = adverts.SEEN_PER_DEVICE * 3
    reading = read(b.btsnoop([b.advert(at / 10, -60) for at in range(many)]))
    found = FactSet(reading.facts)
    seen = found.all("advert.seen")
    assert len(seen) == adverts.SEEN_PER_DEVICE
    assert seen[-1].locator == f"packet {many - 2}"
    assert only(found, "advert.summary").number("count") == many
    assert reading.source.skipped == many - len(seen)
    assert "only counted" in reading.source.problems[0]


def test_a_crowd_is_summed_up_for_a_bounded_number_of_devices() -> None:
    crowd = [b.advert(at / 100, -60, b"", f"00:00:00:00:{at >> 8:02x}:{at & 255:02x}") for at in range(1000)]
    reading = read(b.btsnoop([*crowd, b.advert(20, -70)]))
    summaries = FactSet(reading.facts).all("advert.summary")
    assert len(summaries) == adverts.SUMMARIES
    assert b.TRACKER in {fact.subject for fact in summaries}
    assert reading.source.skipped == 1001 - adverts.SUMMARIES


def test_more_adverts_than_are_kept_leave_those_that_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adverts, "ROWS_KEPT", 50)
    noise = [b.advert(at / 100, -60, b"", STRANGER) for at in range(100)]
    reading = read(b.btsnoop([*noise, *(b.advert(2 + at, -70) for at in range(10))]))
    assert len(FactSet(reading.facts).all("advert.seen", subject=b.TRACKER)) == 10
