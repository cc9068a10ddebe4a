"""What is seen anew after a fix counts for now; what was seen before counts for then, and nothing counts twice."""

from datetime import UTC, datetime, timedelta

import pytest

from unstuck.doctor.anew import Before, asked_again, newest, said_before
from unstuck.doctor.diagnose import Options, answer_facts, diagnose
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.network import Network, Said
from unstuck.doctor.tried import failures, seen_at, weigh
from unstuck.model.diagnosis import Finding, Proof, State
from unstuck.model.evidence import Fact
from unstuck.model.history import Answered, How, Result, Tried

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def read(finding: str, state: State, minute: float) -> Finding:
    fact = Fact("bluetooth.adapter", "off", at(minute), "log", "line 1", "")
    return Finding(finding, state, (Proof("read", (fact,)),))


def said(finding: str, state: State, question: str) -> Finding:
    fact = Fact("reported.answer", {"answer": "x"}, None, "you", "", "", question)
    return Finding(finding, state, (Proof("said", (fact,)),))


OFF = read("adapter_off", State.YES, 0)
NOW_ON = said("adapter_off", State.NO, "bluetooth_on")


def test_an_answer_takes_the_place_of_what_was_read_where_a_fix_was_done_between_them() -> None:
    answered, seen = {"adapter_off": NOW_ON}, {"adapter_off": at(0)}
    current, before = newest([OFF], answered, seen, {"bluetooth_on": at(5)}, [at(3)])
    assert current == (NOW_ON,)
    assert [(one.at, dict(one.states), one.said) for one in before] == [(at(0), {"adapter_off": State.YES}, None)]


def test_what_was_read_stays_where_no_fix_was_done_between_it_and_the_answer() -> None:
    answered, seen = {"adapter_off": NOW_ON}, {"adapter_off": at(0)}
    for fixes_at in ([], [at(7)]):
        assert newest([OFF], answered, seen, {"bluetooth_on": at(5)}, fixes_at) == ((OFF,), ())
    later = {"adapter_off": at(6)}
    assert newest([OFF], answered, later, {"bluetooth_on": at(5)}, [at(3)]) == ((OFF,), ())


def test_an_answer_that_became_another_counts_for_its_own_time_and_the_same_one_only_once() -> None:
    answers = [
        Answered("sync_by_hand", answer, at(minute))
        for minute, answer in enumerate(["not_found", "unsure", "not_found", "error", "unsure"])
    ]
    told = said_before(answers, [], {}, load())
    assert [one.at for one in told] == [at(2), at(3)], "I don't know changes nothing, and leaves what was said before"
    assert told[0].states["sync_finds_no_tracker"] is State.YES
    assert told[1].states["sync_shows_error"] is State.YES
    assert all(one.said is not None and one.said.question == "sync_by_hand" for one in told)


def test_of_what_evidence_speaks_of_earlier_answers_say_nothing() -> None:
    answers = [Answered("bluetooth_on", "off", at(1)), Answered("bluetooth_on", "on", at(4))]
    (told,) = said_before(answers, [OFF], {"adapter_off": NOW_ON}, load())
    assert not told.states


def test_the_whole_way_is_asked_about_again_after_any_fix_and_a_part_only_after_a_fix_that_should_have_ended_it() -> (
    None
):
    def ids(over: set[str], *fixes_at: datetime) -> set[str]:
        answered_at = {"sync_by_hand": at(1), "web_page": at(1)}
        asked = asked_again(load(), answered_at, answered_at, fixes_at, over)
        return {question.id for question in asked} & answered_at.keys()

    assert ids(set()) == set()
    assert ids(set(), at(0)) == set(), "it was answered after the fix"
    assert ids(set(), at(2)) == {"sync_by_hand"}
    assert ids({"phone_offline"}, at(2)) == {"sync_by_hand", "web_page"}


def test_what_was_is_never_asked_about_again() -> None:
    past = [question for question in load().questions.values() if question.past]
    assert {"password_changed", "last_sync", "restarts"} <= {question.id for question in past}
    over = {finding for question in past for answer in question.answers for finding in answer.findings}
    answered_at = {question.id: at(1) for question in past}
    again = asked_again(load(), answered_at, answered_at, [at(2)], over)
    assert not {question.id for question in again} & answered_at.keys()


def test_who_could_not_tell_what_a_sync_comes_to_is_not_asked_after_every_fix() -> None:
    moved = Tried("move_closer", at(2), How.GUIDED, Result.DID_NOT_HELP, at(3))
    answers = (Answered("sync_by_hand", "unsure", at(1)),)
    options = Options(symptom="steps_frozen", tried=(moved,), answered_at={"sync_by_hand": at(1)}, answers=answers)
    found = diagnose(answer_facts([("sync_by_hand", "unsure")]), options, at(5))
    assert found.next_question is None or found.next_question.id != "sync_by_hand"


def test_what_was_said_before_a_fix_counts_though_nobody_can_tell_after_it() -> None:
    network, knowledge = Network.of(load()), load()
    failed = [Tried("move_closer", at(2), How.GUIDED, Result.DID_NOT_HELP, at(3))]
    said = Said("bluetooth_on")

    def off(states: dict[str, State], before: tuple[Before, ...] = ()) -> float:
        seen, told = {"adapter_off": at(1)}, {"adapter_off": said}
        found = weigh(network, states, seen, failed, knowledge.fixes, stopped=True, able=None, told=told, before=before)
        return found.marginals["bluetooth.off"]

    earlier = (Before(at(1), {"adapter_off": State.YES}, said),)
    assert off({"adapter_off": State.UNKNOWN}, earlier) == pytest.approx(off({"adapter_off": State.YES}))
    assert off({"adapter_off": State.UNKNOWN}, earlier) > 2 * off({})


def test_support_that_is_asked_again_is_no_second_try() -> None:
    twice = [Tried("contact_support", at(one), How.GUIDED, Result.DID_NOT_HELP, at(one)) for one in (1, 2)]
    assert failures(twice) == twice[:1]


def test_an_answer_without_a_time_is_the_newest_word_and_not_asked_for_again() -> None:
    moved = Tried("move_closer", at(2), How.GUIDED, Result.DID_NOT_HELP, at(3))
    told = answer_facts([("sync_by_hand", "not_found")])
    found = diagnose(told, Options(symptom="steps_frozen", tried=(moved,)), at(5))
    assert found.next_question is not None
    assert found.next_question.id != "sync_by_hand"


def test_a_changed_answer_moves_the_diagnosis_to_what_is_left() -> None:
    """Out of reach first; brought near, the tracker is found and the service gives an error."""
    moved = Tried("move_closer", at(2), How.GUIDED, Result.DID_NOT_HELP, at(3))
    answers = (Answered("sync_by_hand", "not_found", at(1)), Answered("sync_by_hand", "error", at(4)))

    def likely(*given: Answered) -> dict[str, float]:
        told = answer_facts([(given[-1].question, given[-1].answer)])
        options = Options(
            symptom="steps_frozen", tried=(moved,), answered_at={"sync_by_hand": given[-1].at}, answers=given
        )
        return {cause.id: cause.probability for cause in diagnose(told, options, at(5)).causes}

    before, after = likely(*answers[:1]), likely(*answers)
    was, now = (
        sum(p for cause, p in one.items() if cause.startswith(("bluetooth.", "tracker."))) for one in (before, after)
    )
    assert now < 0.1 < 0.4 < was
    assert after["server.outage"] > 3 * before.get("server.outage", 0.0)


def test_what_is_dated_ahead_of_now_was_seen_before_whatever_is_done_today() -> None:
    """A clock that was set back leaves findings from its future; a fix that is done now comes after them."""
    ahead = read("clock_set_back", State.YES, 300)
    assert seen_at([ahead, OFF], {}, at(10)) == {"adapter_off": at(0)}
