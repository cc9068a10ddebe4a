"""The harm gate, reason by reason and over every situation."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Fix, Guard
from unstuck.doctor.reasoning.gate import (
    ALWAYS_GUARDED,
    FIRMWARE_BATTERY_MIN_PERCENT,
    LIFTED_BY,
    Situation,
    cautions,
    guards_of,
    reasons_not_now,
)

NOTHING_TO_LOSE = Situation(
    undrained=False,
    unsent=False,
    vendor_down=False,
    tracker_battery_percent=80.0,
    login_known=True,
    link_up=True,
)


def fix(*guards: Guard, id_: str = "some_fix") -> Fix:
    return Fix(id_, id_, "", 1.0, 0, (), guards, "", "", "")


def texts(guard: Guard, situation: Situation) -> list[str]:
    reasons = reasons_not_now(fix(guard), situation)
    assert all(reason.guard is guard for reason in reasons)
    return [reason.text for reason in reasons]


def test_a_fix_without_guards_is_always_allowed() -> None:
    assert reasons_not_now(fix(), Situation()) == ()
    assert cautions(fix(), Situation()) == ()


def test_with_nothing_to_lose_everything_is_allowed() -> None:
    assert reasons_not_now(fix(*Guard), NOTHING_TO_LOSE) == ()
    assert cautions(fix(*Guard), NOTHING_TO_LOSE) == ()


def test_when_nothing_is_known_only_the_service_does_not_block() -> None:
    blocking = {reason.guard for reason in reasons_not_now(fix(*Guard), Situation())}
    assert blocking == set(Guard) - {Guard.VENDOR_DOWN}
    assert [reason.guard for reason in cautions(fix(*Guard), Situation())] == [Guard.VENDOR_DOWN]


@pytest.mark.parametrize(
    ("situation", "says"),
    [
        (Situation(undrained=True, undrained_minutes=22), "22 minutes are only on the tracker; sync first"),
        (Situation(undrained=True, undrained_minutes=0.4), "1 minute is only on the tracker; sync first"),
        (Situation(undrained=True, undrained_minutes=21.1), "22 minutes are only on the tracker; sync first"),
        (Situation(undrained=True, undrained_minutes=60 * 25.5), "26 hours are only on the tracker; sync first"),
        (Situation(undrained=True, undrained_minutes=60 * 24 * 4), "4 days are only on the tracker; sync first"),
        (Situation(undrained=True), "Records are only on the tracker; sync first"),
        (Situation(undrained=True, undrained_minutes=0.0), "Records are only on the tracker; sync first"),
        (Situation(undrained=True, undrained_minutes=math.nan), "Records are only on the tracker; sync first"),
        (Situation(undrained=False, undrained_minutes=3), "3 minutes are only on the tracker; sync first"),
        (Situation(undrained=None), "Nobody has shown that nothing is left on the tracker; sync first"),
        (
            Situation(undrained=True, undrained_minutes=22, link_up=False),
            "22 minutes are only on the tracker; it cannot be reached now, so bring it back in touch and sync first",
        ),
    ],
)
def test_undrained_records_block_and_the_amount_is_named(situation: Situation, says: str) -> None:
    assert texts(Guard.UNDRAINED, situation) == [says]


@pytest.mark.parametrize(
    ("situation", "says"),
    [
        (
            Situation(unsent=True, unsent_minutes=90),
            "90 minutes are only in the phone's app; let it sync to the end first",
        ),
        (Situation(unsent=True), "Records are only in the phone's app; let it sync to the end first"),
        (Situation(), "Nobody has shown that the app has sent everything; let it sync to the end first"),
    ],
)
def test_unsent_records_block_and_the_amount_is_named(situation: Situation, says: str) -> None:
    assert texts(Guard.UNSENT, situation) == [says]


def test_a_service_known_to_be_down_blocks() -> None:
    assert texts(Guard.VENDOR_DOWN, Situation(vendor_down=True)) == [
        "The service is down, so signing in again could fail; wait until it is back"
    ]
    assert texts(Guard.VENDOR_DOWN, Situation(vendor_down=False)) == []


def test_a_service_nobody_checked_is_a_caution_not_a_block() -> None:
    assert texts(Guard.VENDOR_DOWN, Situation()) == []
    (caution,) = cautions(fix(Guard.VENDOR_DOWN), Situation())
    assert "status page" in caution.text


@pytest.mark.parametrize(
    ("percent", "says"),
    [
        (12.9, "The tracker's battery is at 12 %; charge it to 50 % or more first"),
        (49.9, "The tracker's battery is at 49 %; charge it to 50 % or more first"),
        (None, "The tracker's battery level is not known; charge it to 50 % or more first"),
        (math.nan, "The tracker's battery level is not known; charge it to 50 % or more first"),
        (255.0, "The tracker's battery level is not known; charge it to 50 % or more first"),
    ],
)
def test_a_low_or_unknown_battery_blocks(percent: float | None, says: str) -> None:
    assert texts(Guard.BATTERY_LOW, Situation(tracker_battery_percent=percent)) == [says]


def test_a_battery_at_the_limit_is_enough() -> None:
    assert texts(Guard.BATTERY_LOW, Situation(tracker_battery_percent=FIRMWARE_BATTERY_MIN_PERCENT)) == []


def test_a_login_that_is_not_known_or_not_confirmed_blocks() -> None:
    assert texts(Guard.LOGIN_UNKNOWN, Situation(login_known=False)) == [
        "The login is not known; recover the password first"
    ]
    assert texts(Guard.LOGIN_UNKNOWN, Situation()) == [
        "Nobody has confirmed that the login is known; try it in a web browser first"
    ]
    assert texts(Guard.LOGIN_UNKNOWN, Situation(login_known=True)) == []


def test_every_reason_is_listed_not_only_the_first() -> None:
    situation = Situation(undrained=True, unsent=True, vendor_down=True, tracker_battery_percent=5, login_known=False)
    assert [reason.guard for reason in reasons_not_now(fix(*Guard), situation)] == list(Guard)


@pytest.mark.parametrize("id_", sorted(ALWAYS_GUARDED))
def test_a_fix_of_the_catalogue_is_guarded_even_if_its_data_forgot(id_: str) -> None:
    assert set(guards_of(fix(id_=id_))) == ALWAYS_GUARDED[id_]
    worst = Situation(vendor_down=True, login_known=False)
    assert {reason.guard for reason in reasons_not_now(fix(id_=id_), worst)} == ALWAYS_GUARDED[id_]


def test_signing_in_again_shows_by_itself_whether_the_login_is_known() -> None:
    again = fix(id_="sign_in_again")
    assert reasons_not_now(again, Situation()) == ()
    assert Guard.LOGIN_UNKNOWN in {caution.guard for caution in cautions(again, Situation())}
    assert reasons_not_now(again, Situation(login_known=False))


TRI = st.sampled_from([True, False, None])
AMOUNT = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))
SITUATIONS = st.builds(
    Situation,
    undrained=TRI,
    undrained_minutes=AMOUNT,
    unsent=TRI,
    unsent_minutes=AMOUNT,
    vendor_down=TRI,
    tracker_battery_percent=AMOUNT,
    login_known=TRI,
    link_up=TRI,
)


@given(situation=SITUATIONS, guards=st.frozensets(st.sampled_from(Guard)))
@settings(max_examples=500, deadline=None)
def test_no_fix_passes_while_a_loss_it_is_guarded_against_is_true_or_unknown(
    situation: Situation, guards: frozenset[Guard]
) -> None:
    reasons = reasons_not_now(fix(*guards), situation)
    blocked = {reason.guard for reason in reasons}
    lossy = {
        guard
        for guard, lost in ((Guard.UNDRAINED, situation.undrained), (Guard.UNSENT, situation.unsent))
        if guard in guards and lost is not False
    }
    assert lossy <= blocked
    for reason in reasons:
        assert reason.text[0].isupper() or reason.text[0].isdigit()
        assert "nan" not in reason.text
        assert "inf" not in reason.text


@pytest.fixture(scope="module")
def fixes() -> Mapping[str, Fix]:
    return load().fixes


@given(situation=SITUATIONS)
@settings(max_examples=200, deadline=None)
def test_nothing_in_the_shipped_knowledge_that_can_lose_data_passes(
    fixes: Mapping[str, Fix], situation: Situation
) -> None:
    for each in fixes.values():
        passes = reasons_not_now(each, situation) == ()
        if passes and Guard.UNDRAINED in each.guards:
            assert situation.undrained is False
        if passes and Guard.UNSENT in each.guards:
            assert situation.unsent is False
        if passes and Guard.VENDOR_DOWN in each.guards:
            assert situation.vendor_down is not True


def test_the_shipped_knowledge_names_every_guard_the_gate_insists_on(fixes: Mapping[str, Fix]) -> None:
    for id_, guards in ALWAYS_GUARDED.items():
        assert guards <= set(fixes[id_].guards), id_


def test_what_lifts_a_guard_is_a_fix_that_is_not_behind_the_same_guard(fixes: Mapping[str, Fix]) -> None:
    for guard, id_ in LIFTED_BY.items():
        assert guard not in guards_of(fixes[id_])
