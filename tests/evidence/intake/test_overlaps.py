"""Two traces of the same hours count their events once."""

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.data import DATA, needs_data
from unstuck.evidence.intake import collect
from unstuck.evidence.intake.overlaps import without_repeats
from unstuck.model.evidence import Fact, ReaderOptions, Reading, SourceInfo

START = datetime(2026, 3, 19, 18, 22, tzinfo=UTC)


def trace(path: str, records: int, events: list[tuple[str, float]]) -> Reading:
    facts = tuple(
        Fact(name, {}, START + timedelta(seconds=at_s), path, "packet 1", "", "peer") for name, at_s in events
    )
    span = (START, START + timedelta(seconds=max(at_s for _, at_s in events)))
    return Reading(SourceInfo(path, "btsnoop", records, span), facts)


EVENTS = [("link.opened", 1.0), ("link.lost", 50.0), ("link.opened", 60.0)]


def test_the_summary_of_a_log_counts_once() -> None:
    log = trace("log", 900, [*EVENTS, ("link.lost", 90.0)])
    summary = trace("summary", 100, [(name, at_s + 0.1) for name, at_s in EVENTS])
    used, dropped = without_repeats([log, summary])
    assert used is log
    assert dropped.facts == ()
    assert dropped.source.readable
    assert dropped.source.problems == ("summary: shows the same events as log; they were used once.",)


def test_traces_that_follow_each_other_are_both_used() -> None:
    first = trace("first", 100, EVENTS)
    second = trace("second", 90, [(name, at_s + 1000) for name, at_s in EVENTS])
    second = replace(second, source=replace(second.source, span=(START + timedelta(seconds=999), START)))
    assert without_repeats([first, second]) == [first, second]


def test_overlapping_traces_with_events_of_their_own_are_both_used() -> None:
    one, other = trace("one", 100, EVENTS), trace("other", 90, [(name, at_s + 5) for name, at_s in EVENTS])
    assert without_repeats([one, other]) == [one, other]


def test_other_events_of_the_same_peer_are_not_the_same() -> None:
    one, other = trace("one", 100, EVENTS), trace("other", 90, [("link.ended", at_s) for _, at_s in EVENTS])
    assert without_repeats([one, other]) == [one, other]


def test_a_trace_without_events_is_kept() -> None:
    one, other = trace("one", 100, EVENTS), trace("other", 90, [("att.errors", 3.0)])
    assert without_repeats([one, other]) == [one, other]


@needs_data
def test_a_real_trace_and_a_part_of_it_count_once(tmp_path: Path) -> None:
    whole = (DATA / "hci" / "whoisbe__pongbot-mcp" / "btsnoop_hci.log.last").read_bytes()
    records = []
    at = 16
    while at < len(whole):
        size = 24 + struct.unpack_from(">I", whole, at + 4)[0]
        records.append(whole[at : at + size])
        at += size
    (tmp_path / "part.log").write_bytes(whole[:16] + b"".join(records[:6000]))
    (tmp_path / "whole.log").write_bytes(whole)
    part, complete = collect([tmp_path], ReaderOptions())
    assert (part.facts, len(part.source.problems)) == ((), 1)
    assert complete.source.problems == ()
    assert sum(fact.name == "link.lost" for fact in complete.facts) > 0
