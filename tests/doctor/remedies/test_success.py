"""Did it help? Only data that moves where it stood still counts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.doctor.remedies.stage import START, examination
from unstuck.doctor.boundaries import Flow, Move, Stop
from unstuck.doctor.diagnose import Examination
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Boundary
from unstuck.doctor.remedies.success import Helped, Way, cause_is_gone, expected, judge_help, marks
from unstuck.model.diagnosis import RankedCause, Verdict
from unstuck.model.evidence import Fact, Value
from unstuck.model.hop import Hop

LATER = START + timedelta(minutes=3)


def watermark(hop: str, sequence: int, boot: int = 0) -> Fact:
    value: Value = {"hop": hop, "newest": "", "boot": boot, "sequence": sequence}
    return Fact("ledger.watermark", value, START, "server", "watermark", "", "t1")


def attempts(side: str, records: int) -> Fact:
    value: Value = {"side": side, "outcome": "synced", "through": True, "count": 1, "records": records}
    return Fact("agent.attempts", value, START, "journal", "attempt 1", "", "t1")


def answered(status: int, minutes: float) -> Fact:
    return Fact("app.http", {"status": status}, START + timedelta(minutes=minutes), "log", "line 1", "", "com.x.app")


def carried(minutes: float, size: int = 900) -> tuple[Fact, ...]:
    last = START + timedelta(minutes=minutes)
    span: Value = {"handle": 64, "first": (last - timedelta(minutes=1)).isoformat(), "last": last.isoformat()}
    value: Value = {"link": 64, "attribute": 68, "direction": "received", "packets": 9, "bytes": size}
    return (
        Fact("link.traffic", span, last, "trace", "packet 1", "", "t1"),
        Fact("att.traffic", value, last, "trace", "packet 1", "", "t1"),
    )


def seen(
    *facts: Fact,
    boundary: Boundary | None = Boundary.LINK,
    hop: Hop = Hop.BLUETOOTH,
    verdict: Verdict = Verdict.STUCK,
    moves: tuple[Move, ...] = (),
) -> Examination:
    found = examination(verdict=verdict)
    stops = () if boundary is None else (Stop(hop, START - timedelta(hours=2), "it stands still", (), boundary),)
    diagnosis = replace(found.diagnosis, facts=facts, stuck_at=hop if verdict is Verdict.STUCK else None)
    return replace(found, diagnosis=diagnosis, flow=Flow(stops, moves))


@pytest.mark.parametrize(
    ("boundary", "ways"),
    [
        (Boundary.LINK, {Way.IN}),
        (Boundary.DRAIN, {Way.IN}),
        (Boundary.UPLOAD, {Way.OUT}),
        (Boundary.SHOW, {Way.SHOWN}),
    ],
)
def test_what_must_move_is_the_boundary_that_stood_still(boundary: Boundary, ways: set[Way]) -> None:
    assert expected(seen(boundary=boundary)).ways == ways
    assert expected(seen(boundary=boundary)).text.startswith("new data into ")


def test_without_a_stop_the_hop_says_what_must_move() -> None:
    assert expected(seen(boundary=None, hop=Hop.TRACKER)).ways == {Way.IN}
    assert expected(seen(boundary=None, hop=Hop.SERVER)).ways == {Way.OUT, Way.SHOWN}
    assert expected(seen(boundary=None, verdict=Verdict.INCONCLUSIVE)).text == "new data"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((watermark("phone", 10),), (watermark("phone", 11),)),
        ((watermark("phone", 10),), (watermark("phone", 0, boot=1),)),
        ((attempts("drain", 10),), (attempts("drain", 10), attempts("drain", 1))),
        ((), (attempts("drain", 1),)),
        (carried(-120), carried(2)),
        ((), carried(2)),
    ],
)
def test_a_mark_that_goes_on_is_help(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> None:
    assert judge_help(seen(*before), seen(*after)) is Helped.YES


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((watermark("phone", 10),), (watermark("phone", 10),)),
        ((watermark("phone", 10),), (watermark("phone", 3),)),
        ((attempts("drain", 10),), (attempts("drain", 10), attempts("drain", 0))),
        ((), carried(-60)),
        ((), carried(2, size=4)),
    ],
)
def test_a_mark_that_stands_is_no_help(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> None:
    assert judge_help(seen(*before), seen(*after)) is Helped.NOT_YET


def test_old_records_that_go_out_do_not_mend_a_link() -> None:
    before = seen(watermark("server", 10), answered(200, -90))
    after = seen(watermark("server", 90), answered(200, 2), attempts("upload", 80))
    assert judge_help(before, after) is Helped.NOT_YET


def test_new_records_that_come_in_do_not_mend_an_upload() -> None:
    before, after = (seen(attempts("drain", n), boundary=Boundary.UPLOAD, hop=Hop.SERVER) for n in (3, 9))
    assert judge_help(before, after) is Helped.NOT_YET
    sent = seen(attempts("upload", 6), boundary=Boundary.UPLOAD, hop=Hop.SERVER)
    assert judge_help(before, sent) is Helped.YES


def test_a_refused_upload_is_no_mark() -> None:
    assert marks(seen(answered(401, 1), answered(503, 2)).diagnosis) == {}


def test_a_stop_that_is_over_and_something_that_moves_since_is_help() -> None:
    now = Move(Hop.SERVER, "the service accepted an upload", (answered(200, 3),))
    then = Move(Hop.SERVER, "the service accepted an upload", (answered(200, -3),))
    stuck = seen(boundary=Boundary.DRAIN, hop=Hop.PHONE)
    over = {"boundary": None, "hop": Hop.PHONE}
    assert judge_help(stuck, seen(**over, moves=(now,))) is Helped.YES  # type: ignore[arg-type]
    assert judge_help(stuck, seen(**over, moves=(then,))) is Helped.NOT_YET  # type: ignore[arg-type]
    assert judge_help(stuck, seen(boundary=Boundary.DRAIN, hop=Hop.PHONE, moves=(now,))) is Helped.NOT_YET


def test_evidence_that_shows_nothing_of_data_cannot_tell() -> None:
    assert judge_help(seen(), seen(boundary=None, verdict=Verdict.INCONCLUSIVE)) is Helped.CANNOT_TELL


def test_healthy_after_stuck_is_help() -> None:
    assert judge_help(seen(), seen(boundary=None, verdict=Verdict.HEALTHY)) is Helped.YES


def test_a_cause_is_gone_when_it_was_likely_and_is_not_any_more() -> None:
    fix = load().fixes["turn_bluetooth_on"]

    def with_chance(chance: float) -> Examination:
        found = seen()
        cause = RankedCause("bluetooth.off", Hop.BLUETOOTH, "Bluetooth is off", chance, ())
        return replace(found, diagnosis=replace(found.diagnosis, causes=(cause,)))

    assert cause_is_gone(fix, with_chance(0.9), with_chance(0.05))
    assert cause_is_gone(fix, with_chance(0.9), seen())
    assert not cause_is_gone(fix, with_chance(0.9), with_chance(0.4))
    assert not cause_is_gone(fix, with_chance(0.2), with_chance(0.0))
