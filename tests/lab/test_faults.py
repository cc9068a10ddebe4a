"""The faults, the fixes and the person, against the catalogue and against the real chain."""

import random
from pathlib import Path

import pytest

from unstuck.chain.paced import run
from unstuck.doctor.knowledge.loader import load
from unstuck.lab import acts
from unstuck.lab.acts import do
from unstuck.lab.case import BEHAVIOURS, Case, Played, parse, play, possible
from unstuck.lab.faults.all import FAULTS, HEALTHY
from unstuck.lab.person import _LOOK_UP, Sight, answer
from unstuck.lab.phone.models import MODELS
from unstuck.lab.phone.phone import LabPhone
from unstuck.lab.state import Claimed, Down, Hung, Login, State
from unstuck.lab.ways import causes

NOW_S = 1_773_298_800.0
STANDS_S = 35 * 60.0
"""Two rounds of the rhythm: what is older than this at the server stands still."""

MOVES_BUT_WRONG = frozenset({"tracker.clock_wrong", "server.delay", "tracker.memory_full"})
"""Causes with which data arrives: under the wrong time, not shown, or all of it but the oldest."""


def world_state(model: str = "pixel-14") -> State:
    return State(LabPhone(MODELS[model], lambda: NOW_S, package="unstuck.agent", app_name="the Unstuck agent"))


def phone_for(fault: str) -> str:
    return next(model for model in ("pixel-14", *MODELS) if possible(Case((fault,), model)))


def played(fault: str, tmp_path: Path, seed: int = 5) -> Played:
    return run(play(Case(parse(fault), phone_for(parse(fault)[0]), seed=seed), tmp_path, given=()))


def test_every_cause_of_the_catalogue_can_be_made_to_happen() -> None:
    assert {fault.cause for fault in FAULTS.values()} == set(load().causes)


def test_what_is_no_fault_has_no_cause() -> None:
    assert not any(fault.cause for fault in HEALTHY.values())
    assert not HEALTHY.keys() & FAULTS.keys()


def test_every_fix_of_the_catalogue_can_be_done() -> None:
    assert set(load().fixes) == acts.FIXES


def test_every_question_has_an_answer_that_it_allows() -> None:
    questions = load().questions
    assert set(_LOOK_UP) == set(questions)


@pytest.mark.lab
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_the_real_chain_and_its_fix_gets_it_moving_without_loss(fault: str, tmp_path: Path) -> None:
    found = played(fault, tmp_path)
    assert FAULTS[fault].cause in found.truth
    assert not found.flowing or FAULTS[fault].cause == "tracker.not_worn"
    if not found.truth & MOVES_BUT_WRONG:
        assert found.late_s > STANDS_S, "the ways are closed, and data moved all the same"
    if FAULTS[fault].cause != "tracker.not_worn":
        assert found.hindsight.moved, "nothing mends it"
        assert found.expected
        assert found.mended, "nothing is in the way any more, and the chain did not catch up"
    assert found.hindsight.harmful == 0
    assert found.lost == 0


@pytest.mark.parametrize(
    "fault", ["walked_away", "mute", "keys_differ", "force_stopped", "service_hangs", "second_factor"]
)
def test_one_fault_of_each_kind_stops_the_chain_and_is_mended(fault: str, tmp_path: Path) -> None:
    found = played(fault, tmp_path)
    assert found.late_s > STANDS_S
    assert (found.mended, found.expected, found.lost) == (True, True, 0)


@pytest.mark.parametrize("fault", HEALTHY)
def test_an_ordinary_gap_leaves_nothing_to_mend(fault: str, tmp_path: Path) -> None:
    found = played(fault, tmp_path)
    assert (found.truth, found.flowing, found.lost) == (frozenset(), True, 0)
    assert found.late_s < 3 * 3_600.0, "the agent looks seldom while there is nothing new, and within the hour"


def test_two_faults_at_once_are_both_true_and_one_fix_is_not_enough(tmp_path: Path) -> None:
    found = played("switched_off+no_internet", tmp_path)
    assert {"bluetooth.off", "phone.offline"} <= found.truth
    assert set(found.hindsight.fixes) == {"turn_bluetooth_on", "go_online"}
    assert found.mended


def test_who_cannot_sign_in_before_the_service_is_back_is_helped_by_both_in_their_order(tmp_path: Path) -> None:
    found = played("service_unavailable+second_factor", tmp_path)
    assert found.hindsight.moved
    assert set(found.hindsight.fixes) == {"wait_for_vendor", "sign_in_again"}
    assert found.mended


def test_a_login_can_end_while_the_service_is_maintained(tmp_path: Path) -> None:
    found = played("maintenance+login_revoked", tmp_path)
    assert {"server.outage", "server.login_expired"} <= found.truth
    assert (found.mended, found.expected, found.lost) == (True, True, 0)


def test_the_same_seed_plays_the_same_case(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = played("walked_away", tmp_path / "a", 3), played("walked_away", tmp_path / "b", 3)
    assert (one.late_s, one.symptom, one.outcomes) == (other.late_s, other.symptom, other.outcomes)


def test_the_articles_order_loses_what_is_on_the_tracker_alone(tmp_path: Path) -> None:
    found = played("switched_off", tmp_path)
    assert found.article.lost > 0
    assert found.article.minutes > 10 * found.hindsight.minutes


def test_behaviours_are_known() -> None:
    assert BEHAVIOURS[0] == "ordinary"


def test_pairing_anew_in_the_app_erases_and_pairing_again_does_not() -> None:
    state = world_state()
    state.wrist.wrong_key, state.undrained = True, 40
    assert do("pair_again", state, random.Random(1)).lost == 0
    assert "bluetooth.bond_broken" not in causes(state)
    state.wrist.wrong_key = True
    assert do("repair_bond", state, random.Random(1)).lost == 40


def test_reinstalling_loses_what_was_not_sent_and_locks_out_while_the_service_is_down() -> None:
    state = world_state()
    state.unsent, state.service.down = 7, Down.FAULT
    done = do("reinstall_app", state, random.Random(1))
    assert (done.lost, done.locked_out) == (7, True)


def test_who_cannot_sign_in_to_the_web_page_changes_nothing_in_the_app_but_a_new_installation_locks_out() -> None:
    for knows, down in ((False, Down.NO), (True, Down.UNAVAILABLE)):
        state = world_state()
        state.person.knows_login, state.service.down, state.service.login = knows, down, Login.REVOKED
        assert not do("sign_in_again", state, random.Random(1)).harmful
        assert state.service.login is Login.REVOKED
        assert do("reinstall_app", state, random.Random(1)).locked_out


def test_a_login_counts_as_known_by_who_has_just_signed_in_to_the_page_of_a_service_that_is_up() -> None:
    state = world_state()
    sight = Sight(state, (), 0.0, 0.0, 168)
    assert answer("login_known", sight, "anybody") == "yes"
    state.service.down = Down.TIMEOUT
    assert answer("login_known", sight, "anybody") == "no"


def test_a_fix_that_has_nothing_to_do_with_it_changes_nothing() -> None:
    for spoil, wrong in ((Hung.MUTE, "restart_bluetooth"), (Hung.RADIO, "move_closer")):
        state = world_state()
        state.wrist.hung = spoil
        do(wrong, state, random.Random(1))
        assert causes(state) == {"tracker.hung"}


def test_a_tracker_of_another_account_is_given_back_by_the_right_login() -> None:
    state = world_state()
    state.service.claimed = Claimed.OTHER
    do("sign_in_again", state, random.Random(1))
    assert not causes(state)
