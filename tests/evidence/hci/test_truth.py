"""Real captures against TRUTH.tsv, which tshark 4.0.17 made, and against the time line of the Fitbit case.

Where tshark and we differ on purpose, the reason stands in ``DIFFERENT``.
"""

import json
from collections import Counter
from functools import cache
from typing import Any

import pytest

from tests.data import DATA, needs_data
from tests.evidence.hci.reading import read
from unstuck.evidence.hci import HciReader, recognise
from unstuck.model.errors import ErrorCode, EvidenceError
from unstuck.model.evidence import Fact, FactSet, ReaderOptions, Reading

pytestmark = needs_data

PAIR = "whoisbe__pongbot-mcp/btsnoop_hci.log"
TRACKER, PEER_A = "e6:c0:ec:8e:de:51", "40:f9:57:6d:0c:14"
PEER_B, PEER_C = "6a:26:c5:c7:d9:9b", "20:d6:88:ab:af:bb"
SNIFF = "mikeryan__crackle/le_secure_connections.pcapng"

DIFFERENT = {
    # tshark calls three events of two reports each malformed and reads no signal in them.
    ("bertrandmartel__btsnoop-decoder/btsnoop_hci.log", "adverts"),
    # tshark counts the signal of BR/EDR inquiry results among the adverts; they are no adverts.
    ("francozappa__bluffs/sc-pixelbuds-aseries.pcapng", "adverts"),
    ("Swastik36__OPPO-Earbuds/BT_HCI_2026_0719_111441.cfa", "adverts"),
    # Readings of a BR/EDR link are relative to its golden range, not dBm: dropped.
    ("Swastik36__OPPO-Earbuds/btsnoop_fresh.log", "read_rssi"),
    # tshark takes the log packets on a controller's diagnostic handle (0x0edc) for ATT.
    ("wangdalian__btsnooper/btsnoop_hci.log", "att_pdus"),
    ("Swastik36__OPPO-Earbuds/BT_HCI_2026_0719_110149.cfa", "att_pdus"),
    ("Swastik36__OPPO-Earbuds/BT_HCI_2026_0719_111441.cfa", "att_pdus"),
    ("syssi__esphome-jk-bms/bt-snoop-JK-B5A24S.log", "att_pdus"),
}


def _truth() -> dict[str, dict[str, str]]:
    if not DATA.is_dir():
        return {}
    lines = [line for line in (DATA / "hci" / "TRUTH.tsv").read_text().splitlines() if not line.startswith("#")]
    head = lines[0].split("\t")
    rows = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:]]
    return {row["file"]: row for row in rows}


TRUTH = _truth()
READABLE = [name for name in TRUTH if name != SNIFF]


@cache
def _reading(name: str) -> Reading:
    return read((DATA / "hci" / name).read_bytes(), name)


def _found(name: str) -> FactSet:
    return FactSet(_reading(name).facts)


def _number(fact: Fact, key: str) -> int:
    number = fact.number(key)
    assert number is not None
    return int(number)


@pytest.mark.parametrize("name", TRUTH)
def test_every_capture_is_recognised_by_its_content(name: str) -> None:
    head = (DATA / "hci" / name).read_bytes()[:4096]
    assert recognise(head) == ("pcapng" if name.endswith("pcapng") else "btsnoop")


def test_the_link_layer_capture_is_refused_by_name() -> None:
    with pytest.raises(EvidenceError, match="radio sniffer") as caught:
        _reading(SNIFF)
    assert caught.value.code is ErrorCode.SOURCE_NOT_HCI


@pytest.mark.parametrize("name", READABLE)
def test_packets_and_duration_are_tsharks(name: str) -> None:
    source, truth = _reading(name).source, TRUTH[name]
    assert source.records == int(truth["packets"])
    assert source.span is not None
    assert (source.span[1] - source.span[0]).total_seconds() == pytest.approx(float(truth["dur"]), abs=0.06)


@pytest.mark.parametrize("name", READABLE)
def test_connections_are_tsharks(name: str) -> None:
    found = _found(name)
    ours: Counter[str] = Counter()
    for fact in found.all("link.opened", "link.not_established"):
        ours[f"{fact.text('transport').upper()}:0x00"] += 1
    for fact in found.all("link.refused"):
        ours[f"{fact.text('transport').upper()}:0x{_number(fact, 'status'):02x}"] += 1
    for fact in found.all("link.cancelled"):
        ours["LE:0x02"] += _number(fact, "count")
    for fact in found.all("link.page_timeout"):
        ours["BR:0x04"] += _number(fact, "count")
    assert ours == json.loads(TRUTH[name]["conn"])


@pytest.mark.parametrize("name", READABLE)
def test_disconnections_are_tsharks(name: str) -> None:
    found = _found(name)
    ours = Counter(f"0x{_number(fact, 'reason'):02x}" for fact in found.all("link.lost", "link.ended"))
    ours.update("0x3e" for _ in found.all("link.not_established"))
    assert ours == json.loads(TRUTH[name]["disc"])


@pytest.mark.parametrize("name", READABLE)
def test_att_errors_are_tsharks(name: str) -> None:
    ours: Counter[str] = Counter()
    for fact in _found(name).all("att.errors"):
        ours[f"0x{_number(fact, 'code'):02x}(req 0x{_number(fact, 'request'):02x})"] += _number(fact, "count")
    assert ours == json.loads(TRUTH[name]["att_err"])


@pytest.mark.parametrize("name", [name for name in READABLE if (name, "att_pdus") not in DIFFERENT])
def test_att_packets_are_tsharks(name: str) -> None:
    traffic = _found(name).all("link.traffic")
    ours = sum(_number(fact, "sent_packets") + _number(fact, "received_packets") for fact in traffic)
    assert ours == int(TRUTH[name]["att_pdus"])


@pytest.mark.parametrize("name", [name for name in READABLE if (name, "adverts") not in DIFFERENT])
def test_adverts_and_their_signal_are_tsharks(name: str) -> None:
    truth = dict(part.split("=") for part in TRUTH[name]["adv_rssi"].split())
    summaries = _found(name).all("advert.summary")
    heard = [fact for fact in summaries if fact.number("rssi_min") is not None]
    assert sum(_number(fact, "count") for fact in summaries) >= int(truth["n"])
    if heard:
        assert min(_number(fact, "rssi_min") for fact in heard) == int(truth["min"])
        assert max(_number(fact, "rssi_max") for fact in heard) == int(truth["max"])


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("bertrandmartel__btsnoop-decoder/btsnoop_hci.log", 53, 59),
        ("francozappa__bluffs/sc-pixelbuds-aseries.pcapng", 48, 45),
        ("Swastik36__OPPO-Earbuds/BT_HCI_2026_0719_111441.cfa", 92, 91),
    ],
)
def test_adverts_where_tshark_counts_otherwise(name: str, theirs: int, ours: int) -> None:
    assert f"n={theirs} " in TRUTH[name]["adv_rssi"]
    assert sum(_number(fact, "count") for fact in _found(name).all("advert.summary")) == ours


@pytest.mark.parametrize("name", [name for name in READABLE if (name, "read_rssi") not in DIFFERENT])
def test_signal_readings_are_tsharks(name: str) -> None:
    ours = Counter(str(_number(fact, "rssi")) for fact in _found(name).all("rssi.read"))
    assert ours == json.loads(TRUTH[name]["read_rssi"])


def test_relative_readings_of_a_br_link_are_dropped() -> None:
    name = "Swastik36__OPPO-Earbuds/btsnoop_fresh.log"
    assert json.loads(TRUTH[name]["read_rssi"]) == {"0": 61, "-1": 12, "-2": 2}
    assert not _found(name).has("rssi.read")


@pytest.mark.parametrize("name", [name for name in READABLE if "LE:0x00" in TRUTH[name]["conn"]])
def test_simultaneous_links_and_peers_are_tsharks(name: str) -> None:
    found, truth = _found(name), TRUTH[name]
    most = found.latest("links.parallel")
    assert most is not None
    assert most.number("le_max") == int(truth["max_le"])
    peers = {
        fact.subject for fact in found.all("link.opened", "link.not_established") if fact.text("transport") == "le"
    }
    assert len(peers) == int(truth["le_addrs"])


@pytest.mark.parametrize("name", READABLE)
def test_encryption_is_tsharks_and_the_event_it_cannot_read_is_ours(name: str) -> None:
    ours = Counter("0x00" if fact.number("event") != 0x59 else "?" for fact in _found(name).all("link.encrypted"))
    assert ours == json.loads(TRUTH[name]["enc"])


@pytest.mark.parametrize("name", READABLE)
def test_no_capture_shows_pairing_failures_resets_or_dead_commands(name: str) -> None:
    assert json.loads(TRUTH[name]["smp_fail"]) == {}
    silent = ("pairing.failed", "hci.command_timeout", "hci.hardware_error", "gattlink.reset", "gattlink.unanswered")
    assert not _found(name).has(*silent, "att.timeout", "link.encryption_failed", "link.refused")


@pytest.mark.parametrize("name", [name for name in READABLE if name.startswith("syssi") or "Walter" in name])
def test_filtered_logs_say_that_they_could_not_show_links(name: str) -> None:
    coverage = _found(name).latest("hci.coverage")
    assert coverage is not None
    assert coverage.number("le_connections") == 0
    events = name.endswith("bt-snoop-JK-B5A24S.log")
    assert coverage.flag("link_events") is events


# the Fitbit that lost its link


TIME_LINE = [
    (1.8, PEER_B, "link.opened", 0x41),
    (27.2, PEER_A, "link.opened", 0x42),
    (28.0, PEER_C, "link.opened", 0x43),
    (243.9, TRACKER, "link.opened", 0x44),
    (537.9, PEER_C, "link.lost", 0x43),
    (4758.3, TRACKER, "link.lost", 0x44),
    (4872.2, TRACKER, "link.not_established", 0x43),
    (4935.4, TRACKER, "link.not_established", 0x43),
    (4947.4, PEER_A, "link.lost", 0x42),
    (5004.8, TRACKER, "link.opened", 0x42),
    (5007.5, PEER_A, "link.not_established", 0x43),
    (5007.6, PEER_A, "link.opened", 0x43),
    (5010.7, PEER_B, "link.lost", 0x41),
    (5010.9, PEER_B, "link.opened", 0x41),
    (5040.6, TRACKER, "link.lost", 0x42),
    (5066.8, TRACKER, "link.not_established", 0x42),
    (5107.1, TRACKER, "link.opened", 0x42),
    (5763.1, PEER_A, "link.lost", 0x43),
    (5787.8, PEER_A, "link.not_established", 0x43),
    (5848.4, PEER_A, "link.opened", 0x43),
    (6025.9, PEER_B, "link.ended", 0x41),
    (6025.9, PEER_A, "link.ended", 0x43),
    (6025.9, TRACKER, "link.ended", 0x42),
]
"""Seconds from the start, peer, what, handle: the table of the case, line by line."""


def _seconds(reading: Reading, fact: Fact) -> float:
    assert reading.source.span is not None
    assert fact.time is not None
    return (fact.time - reading.source.span[0]).total_seconds()


def test_the_time_line_of_the_lost_fitbit_is_reproduced_line_by_line() -> None:
    reading = _reading(f"{PAIR}.last")
    kinds = ("link.opened", "link.lost", "link.ended", "link.not_established")
    ours = [
        (round(_seconds(reading, fact), 1), fact.subject, fact.name, fact.number("handle"))
        for fact in _found(f"{PAIR}.last").all(*kinds)
    ]
    assert ours == TIME_LINE


def test_what_the_case_says_of_reasons_and_durations_is_read() -> None:
    found = _found(f"{PAIR}.last")
    assert {fact.number("reason") for fact in found.all("link.lost")} == {0x08}
    assert {fact.number("reason") for fact in found.all("link.ended")} == {0x16}
    held = [fact.number("held_s") for fact in found.all("link.lost", subject=TRACKER)]
    assert held == [pytest.approx(4514, abs=1), pytest.approx(36, abs=1)]
    after = [fact.number("after_s") for fact in found.all("link.not_established", subject=TRACKER)]
    assert after == [pytest.approx(0.33, abs=0.03)] * 3
    assert [fact.number("event") for fact in found.all("link.encrypted", subject=TRACKER)] == [0x59] * 3


def test_adverts_after_the_loss_are_weak() -> None:
    reading = _reading(f"{PAIR}.last")
    after = [
        fact.number("rssi")
        for fact in _found(f"{PAIR}.last").all("advert.seen", subject=TRACKER)
        if 4758 < _seconds(reading, fact) < 4865
    ]
    assert after[:4] == [-99, -93, -97, -98]
    assert max(value for value in after if value is not None) < -90


def test_the_controller_itself_says_how_weak_the_tracker_was_when_it_went() -> None:
    found = _found(f"{PAIR}.last")
    lost = {fact.subject: fact.number("last_rssi") for fact in found.all("link.lost")[:2]}
    assert lost == {PEER_C: -64, TRACKER: -102}
    heard = [fact.number("rssi") for fact in found.all("link.quality", subject=TRACKER)]
    assert heard[:7] == [-99, -102, -102, -102, -101, -99, -102]


def test_bluetooth_going_off_at_the_end_is_told() -> None:
    reading = _reading(f"{PAIR}.last")
    closed = _found(f"{PAIR}.last").latest("hci.all_links_closed")
    assert closed is not None
    assert (closed.number("links"), round(_seconds(reading, closed), 1)) == (3, 6025.9)
    resets = _found(PAIR).all("hci.reset")
    assert [fact.flag("at_start") for fact in resets] == [True]


def test_bytes_each_way_of_the_fitbit_are_those_of_the_case() -> None:
    sums: Counter[tuple[str, int]] = Counter()
    for fact in _found(f"{PAIR}.last").all("att.traffic", subject=TRACKER):
        sums[fact.text("direction"), _number(fact, "attribute")] += _number(fact, "bytes")
    assert sums["received", 0x44] == 39_775
    assert sums["sent", 0x42] == 30_816


@pytest.mark.parametrize("name", [f"{PAIR}.last", PAIR])
def test_the_tracker_is_recognised_in_each_file_alone_though_its_services_are_cached(name: str) -> None:
    recognised = _found(name).all("device.recognised", subject=TRACKER)
    assert [fact.text("by") for fact in recognised] == ["advert", "service"]
    assert {(fact.text("vendor"), fact.text("name")) for fact in recognised} == {("fitbit", "Inspire 3")}
    assert not [fact for fact in _found(name).all("device.recognised") if fact.subject != TRACKER]


def test_the_second_file_is_a_clean_twin() -> None:
    found = _found(PAIR)
    assert not found.has("link.lost", "link.not_established", "link.ended")
    assert [fact.subject for fact in found.all("link.opened")] == [PEER_A, PEER_B, TRACKER]


def test_both_files_read_in_turn_carry_nothing_over_the_reset_between_them() -> None:
    reader = HciReader(ReaderOptions())
    readings = [read((DATA / "hci" / name).read_bytes(), name, reader=reader) for name in (f"{PAIR}.last", PAIR)]
    assert readings[0].source.span is not None
    assert readings[1].source.span is not None
    assert (readings[1].source.span[0] - readings[0].source.span[1]).total_seconds() == pytest.approx(1.2, abs=0.05)
    later = FactSet(readings[1].facts)
    assert not [fact for fact in later if fact.subject.startswith("handle")]
    assert later.all("device.recognised", subject=TRACKER)


def test_the_wrist_band_that_dropped_once_is_read() -> None:
    found = _found("wangdalian__btsnooper/btsnoop_hci.log")
    lost: Any = found.latest("link.lost")
    assert (lost.number("reason"), lost.number("held_s")) == (8, pytest.approx(61.8, abs=0.1))


def test_the_clock_that_jumps_ninety_nine_days_is_told() -> None:
    reading = _reading("bertrandmartel__btsnoop-decoder/btsnoop_hci.log")
    assert "its clock jumps 99.5 days ahead at packet 57" in reading.source.problems[0]
