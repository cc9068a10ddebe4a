"""Joining clocks: a planted difference is found again, and nothing is moved without a reason."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.data import DATA, needs_data
from unstuck.evidence.clocks import duration, join
from unstuck.evidence.intake import collect
from unstuck.model.evidence import Fact, ReaderOptions, Reading, SourceInfo, Value

START = datetime(2026, 3, 19, 18, 22, tzinfo=UTC)
TRACKER = "e6:c0:ec:8e:de:51"
MASKED = "XX:XX:XX:XX:DE:51"


def fact(name: str, at_s: float, value: Value, subject: str = "") -> Fact:
    return Fact(name, value, START + timedelta(seconds=at_s), "source", "packet 1", "", subject)


def reading(path: str, kind: str, facts: Sequence[Fact]) -> Reading:
    times = [one.time for one in facts if one.time is not None]
    span = (min(times), max(times)) if times else None
    return Reading(SourceInfo(path, kind, len(facts), span), tuple(facts))


def trace(facts: Sequence[Fact], path: str = "a/btsnoop_hci.log") -> Reading:
    coverage = {"commands": True, "link_events": True, "adverts": True, "acl": True, "records": 1, "le_connections": 1}
    return reading(path, "btsnoop", [fact("hci.coverage", 0, coverage), *facts])


def report(facts: Sequence[Fact], zone: bool = True) -> Reading:
    extra = [fact("phone.time_zone", 0, "Europe/London")] if zone else []
    return reading("a/bugreport.txt", "bugreport", [*extra, *facts])


def lost(at_s: float, peer: str = TRACKER) -> Fact:
    value: Value = {"handle": 64, "transport": "le", "reason": 8, "held_s": 10.0, "last_rssi": -90}
    return fact("link.lost", at_s, value, peer)


def status(at_s: float, code: int = 8, peer: str = TRACKER, state: str = "disconnected") -> Fact:
    return fact("gatt.status", at_s, {"status": code, "new_state": state}, peer)


def switched(at_s: float, on: bool) -> Fact:
    return fact("bluetooth.switched", at_s, {"on": on, "reason": "", "by": ""})


def closed(at_s: float) -> Fact:
    return fact("hci.all_links_closed", at_s, {"links": 3})


def reset(at_s: float) -> Fact:
    return fact("hci.reset", at_s, {"at_start": False})


def later(source: Reading, seconds: float) -> Reading:
    """The same as seen by a clock that is ahead by so much."""
    by = timedelta(seconds=seconds)
    moved = tuple(replace(one, time=None if one.time is None else one.time + by) for one in source.facts)
    span = source.source.span
    assert span is not None
    return replace(source, source=replace(source.source, span=(span[0] + by, span[1] + by)), facts=moved)


MOST_DELAY_S = 0.4


def beside_a_zone(skew_s: float) -> tuple[bool, bool]:
    """Whether some delays, and whether all, bring a difference within two seconds of a zone's other than UTC."""
    zone_s = round(skew_s / 900) * 900.0
    if not zone_s or abs(zone_s) > 14.25 * 3600:
        return False, False
    near = [abs(skew_s + delay_s - zone_s) <= 2.0 for delay_s in (0.0, MOST_DELAY_S)]
    return any(near), all(near)


GAPS = st.lists(st.floats(20, 3000), min_size=3, max_size=12)


@settings(max_examples=200)
@given(
    gaps=GAPS,
    skew_s=st.one_of(
        st.integers(-48, 56).map(lambda quarters: quarters * 900.0),
        st.floats(3, 100_000).map(lambda seconds: round(seconds, 3)),
        st.floats(-100_000, -3).map(lambda seconds: round(seconds, 3)),
    ),
    delays=st.lists(st.floats(0, MOST_DELAY_S), min_size=12, max_size=12),
)
@example(gaps=[20.0, 20.0, 28.0], skew_s=6298.0, delays=[0.0] * 12)
@example(gaps=[20.0, 20.0, 28.0], skew_s=-6298.0, delays=[0.4] * 12)
@example(gaps=[20.0, 20.0, 28.0], skew_s=6297.9, delays=[0.0] * 12)
def test_a_planted_difference_is_found_and_taken_out(gaps: list[float], skew_s: float, delays: list[float]) -> None:
    times = [sum(gaps[:count]) for count in range(1, len(gaps) + 1)]
    # Regular gaps would make another difference just as good; then nothing may be moved, which has its own test.
    distances = sorted(abs(one - other) for at, one in enumerate(times) for other in times[:at])
    assume(all(after - before > 7 for before, after in pairwise(distances)))
    told = report([status(at_s + delay_s) for at_s, delay_s in zip(times, delays, strict=False)])
    seen = later(trace([lost(at_s) for at_s in times]), -skew_s)
    joined = join([told, seen])
    assert joined[0] == told
    found_s = joined[1].source.clock_skew_s
    may_be_zone, must_be_zone = beside_a_zone(skew_s)
    if must_be_zone or (may_be_zone and abs(found_s - skew_s) > 0.5):
        assert found_s == round(skew_s / 900) * 900
    else:
        assert found_s == pytest.approx(skew_s, abs=0.5)
    events = [one for one in joined[1].facts if one.name == "link.lost"]
    for one, at_s in zip(events, times, strict=True):
        assert one.time is not None
        assert (one.time - START).total_seconds() == pytest.approx(at_s + found_s - skew_s, abs=0.001)
    if skew_s:
        side = "behind" if skew_s > 0 else "ahead of"
        assert any(f" {side} a/bugreport.txt's" in problem for problem in joined[1].source.problems)
    else:
        assert joined[1] is seen


@given(
    st.lists(st.tuples(st.floats(0, 7200), st.integers(0, 30)), max_size=12),
    st.lists(st.tuples(st.floats(0, 7200), st.integers(31, 60)), max_size=12),
)
def test_without_shared_events_nothing_moves(seen: list[tuple[float, int]], told: list[tuple[float, int]]) -> None:
    one = trace([fact("link.ended", at_s, {"reason": code}, TRACKER) for at_s, code in seen])
    other = report([status(at_s, code) for at_s, code in told])
    joined = join([one, other])
    assert [reading.facts for reading in joined] == [one.facts, other.facts]
    assert all(reading.source.clock_skew_s == 0 for reading in joined)


@given(st.lists(st.floats(0, 100_000), max_size=30), st.lists(st.floats(0, 100_000), max_size=30))
@settings(max_examples=50)
def test_joining_never_raises_and_keeps_every_fact(seen: list[float], told: list[float]) -> None:
    readings = [trace([lost(at_s) for at_s in seen]), report([status(at_s) for at_s in told])]
    joined = join(readings)
    assert [len(one.facts) for one in joined] == [len(one.facts) for one in readings]


def test_two_seconds_beside_a_zone_are_the_way_of_events_into_logs_as_they_are_beside_none() -> None:
    told = report([status(0), status(500.0), status(700.0)])
    for beside_s, found_s in ((2.0, 3600.0), (-2.0, 3600.0), (2.1, 3602.1), (-2.1, 3597.9)):
        seen = later(trace([lost(0), lost(500.0), lost(700.0)]), -3600 - beside_s)
        assert join([told, seen])[1].source.clock_skew_s == pytest.approx(found_s, abs=0.001)


def test_a_local_time_read_as_utc_is_said_in_words() -> None:
    told = report([switched(0, on=False), switched(60.0, on=True), status(900.0)])
    seen = later(trace([closed(0), reset(60.6), lost(900.0)]), -3 * 3600)
    joined = join([seen, told])
    assert joined[0].source.clock_skew_s == 3 * 3600
    assert joined[0].source.problems == (
        "a/btsnoop_hci.log: its clock is 3 h 0 min behind a/bugreport.txt's; its times were moved "
        "(3 events agree, and it is a time zone's difference).",
    )
    assert joined[1] is told


def test_the_source_without_a_zone_is_the_one_that_moves() -> None:
    told = later(report([status(0), status(500.0), status(700.0)], zone=False), 3600)
    seen = trace([lost(0), lost(500.0), lost(700.0)])
    joined = join([told, seen])
    assert joined[0].source.clock_skew_s == -3600
    assert joined[1] is seen


def test_a_difference_of_two_seconds_is_the_way_of_events_into_logs() -> None:
    told = report([status(1.5), status(501.4), status(701.9)])
    seen = trace([lost(0), lost(500.0), lost(700.0)])
    assert join([told, seen]) == [told, seen]


def test_addresses_that_a_phone_masks_are_still_the_same_peer() -> None:
    told = report([status(0, peer=MASKED), status(500.0, peer=MASKED)])
    seen = later(trace([lost(0), lost(500.0)]), 7200)
    assert join([told, seen])[1].source.clock_skew_s == -7200


def test_other_peers_do_not_vote() -> None:
    told = report([status(0, peer="11:22:33:44:55:66"), status(500.0, peer="11:22:33:44:55:66")])
    seen = later(trace([lost(0), lost(500.0)]), 7200)
    assert join([told, seen])[1].source.clock_skew_s == 0


def test_one_event_alone_is_enough_for_a_zone_and_not_for_anything_else() -> None:
    told = report([switched(0, on=False)])
    assert join([told, later(trace([closed(0)]), 5400)])[1].source.clock_skew_s == -5400
    assert join([told, later(trace([closed(0)]), 5500)])[1].source.clock_skew_s == 0


def test_one_event_among_many_is_not_enough_for_a_zone() -> None:
    told = report([switched(at_s * 1000.0, on=False) for at_s in range(30)])
    seen = later(trace([closed(0)]), 450)
    assert join([told, seen])[1].source.clock_skew_s == 0


def test_two_differences_that_are_equally_good_move_nothing() -> None:
    told = report([status(0), status(1000.0), status(2000.0), status(3000.0)])
    seen = later(trace([lost(1000.0), lost(2000.0)]), 500)
    assert join([told, seen])[1].source.clock_skew_s == 0


def test_no_difference_wins_over_a_zone_with_as_many_votes() -> None:
    told = report([status(0), status(3600.0)])
    seen = trace([lost(0), lost(3600.0)])
    assert join([told, seen]) == [told, seen]


def test_traces_of_one_folder_move_together() -> None:
    told = report([status(0), status(500.0), status(700.0)])
    older = later(trace([reset(-9000.0)], "a/btsnoop_hci.log.last"), 3600)
    newer = later(trace([lost(0), lost(500.0), lost(700.0)]), 3600)
    elsewhere = trace([reset(-100.0)], "b/btsnoop_hci.log")
    joined = join([told, older, newer, elsewhere])
    assert [one.source.clock_skew_s for one in joined] == [0, -3600, -3600, 0]


def test_traces_inside_one_archive_move_together() -> None:
    told = report([status(0), status(500.0)])
    parts = [later(trace([lost(at_s)], f"b.zip!FS/{at_s}.log"), 3600) for at_s in (0, 500.0)]
    assert [one.source.clock_skew_s for one in join([told, *parts])[1:]] == [-3600, -3600]


def test_a_third_source_is_placed_by_the_second() -> None:
    told = report([status(0), status(500.0)])
    seen = later(trace([lost(0), lost(500.0), closed(800.0), reset(810.0)]), 1800)
    log = later(reading("c/logcat.txt", "logcat", [switched(800.0, on=False), switched(810.0, on=True)]), -4000)
    joined = join([told, seen, log])
    assert [one.source.clock_skew_s for one in joined] == [0, -1800, pytest.approx(4000, abs=2)]


def test_times_inside_values_move_too() -> None:
    traffic: Value = {
        "handle": 1, "sent_packets": 1, "sent_bytes": 1, "received_packets": 1, "received_bytes": 1,
        "first": "2026-03-19T18:22:00Z", "last": "2026-03-19T18:30:00Z",
    }  # fmt: skip
    told = report([status(0), status(500.0)])
    seen = later(trace([lost(0), lost(500.0), fact("link.traffic", 0, traffic, TRACKER)]), 3600)
    moved = next(one for one in join([told, seen])[1].facts if one.name == "link.traffic")
    assert (moved.text("first"), moved.text("last")) == ("2026-03-19T17:22:00Z", "2026-03-19T17:30:00Z")


def test_the_span_moves_with_the_facts() -> None:
    told = report([status(0), status(500.0)])
    seen = trace([lost(0), lost(500.0)])
    assert join([told, later(seen, 3600)])[1].source.span == seen.source.span


def test_unknown_is_said_only_where_times_do_not_even_overlap() -> None:
    told = report([status(0)])
    apart = later(trace([reset(0), fact("rssi.read", 5, {"rssi": -60}, TRACKER)]), 86_400)
    problems = join([told, apart])[1].source.problems
    assert len(problems) == 1
    assert "its clock was taken as right" in problems[0]
    assert problems[0].startswith("shows no event that another source shows too")
    assert "(sources compared: 1)" in problems[0]
    together = trace([fact("rssi.read", 0, {"rssi": -60}, TRACKER)])
    assert join([told, together])[1].source.problems == ()


def test_a_single_source_is_left_alone() -> None:
    only = trace([lost(0)])
    assert join([only]) == [only]
    assert join([]) == []


def test_sources_without_times_or_use_are_left_alone() -> None:
    bare = Reading(SourceInfo("x", "settings", 3))
    broken = Reading(SourceInfo("y", "unknown", problems=("y: no.",), readable=False))
    told = report([status(0)])
    assert join([bare, broken, told]) == [bare, broken, told]


def test_a_jump_of_the_clock_inside_a_trace_does_not_mislead() -> None:
    day = 86_400.0
    told = report([status(0), status(500.0), status(700.0)])
    jumped = trace([lost(0), lost(500.0), lost(700.0), reset(99 * day), lost(99 * day + 40)])
    assert join([told, jumped])[1].source.clock_skew_s == 0


def test_a_burst_of_a_thousand_events_is_gone_through_quickly() -> None:
    told = report([status(at_s / 1000) for at_s in range(1000)])
    seen = trace([lost(at_s / 1000) for at_s in range(1000)])
    assert join([told, later(seen, 3600)])[1].source.clock_skew_s == -3600


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2.5, "2.5 s"),
        (61, "1 min 1 s"),
        (10_800, "3 h 0 min"),
        (99.5 * 86_400, "99 days 12 h"),
        (86_399, "23 h 59 min"),
    ],
)
def test_lengths_of_time_are_worded(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@needs_data
def test_the_trace_whose_times_span_99_days_is_not_moved() -> None:
    hci = DATA / "hci"
    given = [
        hci / "bertrandmartel__btsnoop-decoder" / "btsnoop_hci.log",
        hci / "wangdalian__btsnooper" / "btsnoop_hci.log",
    ]
    joined = join(collect(given, ReaderOptions()))
    assert [one.source.clock_skew_s for one in joined] == [0, 0]


@needs_data
def test_the_two_real_traces_of_a_tracker_stay_where_they_are() -> None:
    readings = collect([DATA / "hci" / "whoisbe__pongbot-mcp"], ReaderOptions())
    assert join(readings) == readings


@needs_data
def test_a_log_in_local_time_is_put_on_the_clock_of_a_real_trace(tmp_path: Path) -> None:
    trace_file = DATA / "hci" / "whoisbe__pongbot-mcp" / "btsnoop_hci.log.last"
    (alone,) = collect([trace_file], ReaderOptions())
    lines = []
    for one in alone.facts:
        if one.name == "link.lost" and one.time is not None:
            local = (one.time + timedelta(hours=1, milliseconds=40)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
            call = "onClientConnectionState() - status=8 clientIf=6"
            lines.append(f"{local}  2100  2160 D BluetoothGatt: {call} device={one.subject.upper()}\n")
    assert len(lines) == 6
    (tmp_path / "logcat.txt").write_text("".join(lines))
    log, moved_trace = join(collect([tmp_path / "logcat.txt", trace_file], ReaderOptions()))
    assert (log.source.clock_skew_s, moved_trace.source.clock_skew_s) == (-3600.0, 0.0)
    assert any("1 h 0 min ahead of" in problem for problem in log.source.problems)
