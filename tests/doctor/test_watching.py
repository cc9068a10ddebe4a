"""What a person is told while somebody keeps looking: every change once, and the stop by name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.sample import healthy, inconclusive, nothing_readable, stuck_by_range
from unstuck.doctor.watching import NoticeKind, Watch, next_look_s
from unstuck.model.diagnosis import Diagnosis, RankedCause
from unstuck.model.hop import Hop

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def kinds(*diagnoses: Diagnosis) -> list[NoticeKind | None]:
    watch = Watch()
    found = [watch.see(one, NOON + timedelta(seconds=30 * number)) for number, one in enumerate(diagnoses)]
    return [notice.kind if notice is not None else None for notice in found]


def with_cause(cause: str, probability: float = 0.9, hop: Hop = Hop.BLUETOOTH) -> Diagnosis:
    return replace(stuck_by_range(), stuck_at=hop, causes=(RankedCause(cause, hop, cause, probability, ()),))


def test_only_changes_are_told() -> None:
    assert kinds(healthy(), healthy(), healthy()) == [NoticeKind.FIRST, None, None]


def test_the_stop_is_told_with_hop_since_and_cause() -> None:
    watch = Watch()
    watch.see(healthy(), NOON)
    notice = watch.see(stuck_by_range(), NOON + timedelta(seconds=30))
    assert notice is not None
    assert (notice.kind, notice.hop, notice.at) == (NoticeKind.STOPPED, Hop.BLUETOOTH, NOON + timedelta(seconds=30))
    assert notice.since == stuck_by_range().since
    assert notice.cause is not None
    assert notice.cause.id == "bluetooth.out_of_range"


def test_a_stop_and_its_end() -> None:
    found = kinds(healthy(), stuck_by_range(), stuck_by_range(), healthy())
    assert found == [NoticeKind.FIRST, NoticeKind.STOPPED, None, NoticeKind.FLOWS]


def test_another_hop_or_another_cause_is_a_change_of_the_same_stop() -> None:
    found = kinds(with_cause("a"), with_cause("b"), with_cause("b", hop=Hop.PHONE), with_cause("b", hop=Hop.PHONE))
    assert found == [NoticeKind.FIRST, NoticeKind.MOVED, NoticeKind.MOVED, None]


def test_causes_that_nobody_is_sure_of_do_not_flicker() -> None:
    found = kinds(with_cause("a", 0.2), with_cause("b", 0.21), with_cause("a", 0.22))
    assert found == [NoticeKind.FIRST, None, None]


def test_a_phone_that_went_away_is_told_once_and_the_last_diagnosis_stays() -> None:
    watch = Watch()
    for number, one in enumerate((stuck_by_range(), nothing_readable(), nothing_readable())):
        notice = watch.see(one, NOON + timedelta(seconds=number))
        assert (notice.kind if notice else None) == (NoticeKind.FIRST, NoticeKind.SILENT, None)[number]
    assert watch.last == stuck_by_range()


def test_nothing_to_read_from_the_beginning_is_told_as_that() -> None:
    assert kinds(nothing_readable(), inconclusive()) == [NoticeKind.SILENT, NoticeKind.UNCLEAR]


@pytest.mark.parametrize(("every_s", "took_s", "waits_s"), [(30.0, 2.0, 28.0), (30.0, 20.0, 20.0), (30.0, 90.0, 30.0)])
def test_a_slow_phone_is_left_alone_for_a_while(every_s: float, took_s: float, waits_s: float) -> None:
    assert next_look_s(every_s, took_s) == waits_s
