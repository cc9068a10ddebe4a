"""The guided session: what is shown when, that it ends, that it can be left anywhere, and that it never harms."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from examples.make_evidence import write
from examples.scenarios import SCENARIOS
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.doctor.guide.devices import MAKES, PHONES
from unstuck.doctor.guide.document import read_session, schema, session_document, session_json
from unstuck.doctor.guide.machine import RESTARTS, RESTARTS_QUESTION, View, back, choose, give, look
from unstuck.doctor.guide.state import UNSURE, Kind, Session, begin
from unstuck.doctor.knowledge.loader import load, makers
from unstuck.doctor.reasoning.gate import guards_of
from unstuck.evidence.clocks import join
from unstuck.evidence.intake import collect
from unstuck.evidence.profiles import profiles
from unstuck.model.errors import ErrorCode, EvidenceError, UsageError
from unstuck.model.evidence import ReaderOptions, Reading
from unstuck.model.history import Result
from unstuck.model.hop import Hop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SESSIONS_EACH = 8
"""Sessions of chance for each symptom."""

MOST_STEPS = 80
"""Questions (38) and fixes (26) together are fewer: a session that goes on longer goes round in circles."""


class Person:
    """Somebody who makes choices, two minutes each."""

    def __init__(self, readings: Sequence[Reading] = ()) -> None:
        self.now = NOON
        self.readings = readings
        self.session: Session = begin(self.now)

    @property
    def view(self) -> View:
        view = look(self.session, self.readings, self.now)
        self.session = view.session
        return view

    def does(self, *choices: str) -> View:
        for choice in choices:
            view = self.view
            self.now += timedelta(minutes=2)
            self.session = choose(view, choice, self.now)
        return self.view

    def gets_to(self, kind: Kind, answers: dict[str, str] | None = None) -> View:
        """Answers questions, and does fixes in vain, until such a screen comes."""
        for _ in range(MOST_STEPS):
            view = self.view
            if view.screen.kind is kind:
                return view
            fixes = view.screen.kind in (Kind.FIX, Kind.WAIT)
            self.does("did_not_help" if fixes else (answers or {}).get(view.screen.id, UNSURE))
        raise AssertionError("went round in circles")


def test_symptom_comes_first_then_the_phone_then_a_question_with_where_to_look_on_it() -> None:
    person = Person()
    assert person.view.screen.kind is Kind.SYMPTOM
    assert person.does("steps_frozen").screen.kind is Kind.PHONE
    assert person.does("iphone").screen.kind is Kind.MAKE
    view = person.does("fitbit")
    assert view.screen.kind is Kind.QUESTION
    question = load().questions[view.screen.id]
    assert view.screen.how_to_look == question.look_up["iphone"]
    assert {choice.id for choice in view.screen.choices} >= {answer.id for answer in question.answers}
    assert view.screen.unsure


def test_where_to_look_names_both_systems_where_the_phone_is_not_known() -> None:
    person = Person()
    person.does("never_connects", UNSURE, "fitbit")
    for _ in range(20):
        screen = person.view.screen
        both = load().questions[screen.id].look_up
        assert screen.how_to_look
        if both["iphone"] != both["android"]:
            assert both["iphone"] in screen.how_to_look
            assert both["android"] in screen.how_to_look
            return
        person.does(UNSURE)
    raise AssertionError("no question with two places came")


def test_phone_answers_the_questions_that_it_settles() -> None:
    person = Person()
    person.does("steps_frozen", "samsung", "fitbit")
    states = {found.id: found.state.value for found in person.view.diagnosis.findings}
    assert states["maker_stops_apps"] == "yes"
    iphone = Person()
    iphone.does("steps_frozen", "iphone", "fitbit")
    states = {found.id: found.state.value for found in iphone.view.diagnosis.findings}
    assert (states["maker_stops_apps"], states["location_off"]) == ("no", "no")


def test_make_chooses_words_and_steps_and_is_no_evidence() -> None:
    def plan(make: str) -> View:
        person = Person()
        return person.does("steps_frozen", "iphone", make)

    fitbit, garmin = plan("fitbit").diagnosis, plan("garmin").diagnosis
    assert [step.fix for step in fitbit.plan] == [step.fix for step in garmin.plan]
    assert fitbit.causes == garmin.causes
    assert any("Garmin Connect" in line for step in garmin.plan for line in step.steps)
    assert not any("Garmin Connect" in line for step in fitbit.plan for line in step.steps)


def test_every_make_has_a_profile() -> None:
    assert set(MAKES) - {"other"} <= set(profiles())


def test_every_phone_offered_has_steps_of_its_own_or_of_its_system() -> None:
    assert set(PHONES) - {"iphone", "android"} <= set(makers().values())


def test_a_good_answer_leads_to_its_fix_and_a_yes_to_the_end() -> None:
    person = Person()
    person.does("steps_frozen", "samsung", "fitbit")
    view = person.gets_to(Kind.FIX, {"bluetooth_on": "off", "worn": "yes"})
    assert view.screen.steps
    assert view.screen.worked_when
    end = person.does("helped")
    assert end.screen.kind is Kind.MOVES
    assert person.session.tried[-1].result is Result.HELPED
    assert person.session.tried[-1].began < (person.session.tried[-1].ended or NOON)
    assert person.does("still_moves").screen.kind is Kind.CLOSED


def test_what_stops_again_goes_on_without_the_fix_that_helped() -> None:
    person = Person()
    person.does("steps_frozen", "samsung", "fitbit", "enough")
    fix = person.view.screen.id
    person.does("helped")
    view = person.does("stopped")
    assert view.screen.kind in (Kind.FIX, Kind.QUESTION, Kind.SUPPORT)
    assert fix not in {step.fix for step in view.diagnosis.plan}


def test_a_restart_that_helped_for_a_while_is_an_answer() -> None:
    person = Person()
    person.does("never_connects", "samsung", "fitbit", "enough")
    while person.view.screen.id not in ("restart_bluetooth", "restart_phone"):
        person.does("skip")
    view = person.does("helped", "stopped")
    states = {found.id: found.state.value for found in view.diagnosis.findings}
    assert states["toggling_helped_before"] == "yes"
    assert RESTARTS_QUESTION in load().questions
    assert set(load().fixes) >= RESTARTS


def test_a_fix_in_hand_stays_on_the_screen_until_its_result_is_told() -> None:
    person = Person()
    person.does("steps_frozen", "samsung", "fitbit", "enough")
    first = person.view
    person.now += timedelta(hours=3)
    kept = read_session(session_json(person.session))
    again = look(kept, [], person.now)
    assert again.screen == first.screen
    assert again.session.shown == first.session.shown


def test_waiting_for_the_service_says_when_to_look_again() -> None:
    person = Person()
    person.does("error_shown", "iphone", "fitbit")
    view = person.gets_to(Kind.WAIT, {"status_page": "incident", "others": "yes", "worn": "yes"})
    assert view.screen.id == "wait_for_vendor"
    later = f"{person.now + timedelta(hours=2):%H:%M}"
    assert any(later in text for text in view.screen.text), view.screen.text


def test_support_comes_when_nothing_is_left_with_the_case_file() -> None:
    person = Person()
    person.does("silent", "android", "fitbit")
    view = person.gets_to(Kind.SUPPORT, {"sync_by_hand": "closes"})
    assert any("unstuck case export --session" in step for step in view.screen.steps)
    assert any("only on the tracker" in line or "Nobody has shown" in line for line in view.screen.not_now)
    tried = [one.fix for one in person.session.tried]
    assert len(tried) == len(set(tried))


def test_a_sync_by_hand_is_asked_for_again_after_a_fix_in_vain_and_says_so() -> None:
    person = Person()
    person.does("never_connects", "google", UNSURE)
    view = person.gets_to(Kind.FIX, {"sync_by_hand": "not_found"})
    assert "sync_by_hand" in {one.question for one in view.session.answers}
    view = person.does("did_not_help")
    assert (view.screen.kind, view.screen.id) == (Kind.QUESTION, "sync_by_hand")
    assert any("Look once more" in line for line in view.screen.text)
    view = person.does("error")
    assert view.diagnosis.causes[0].hop in (Hop.PHONE, Hop.SERVER)
    assert [one.answer for one in view.session.answers if one.question == "sync_by_hand"] == ["not_found", "error"]


def test_after_support_a_session_goes_on() -> None:
    person = Person()
    person.does("never_connects", "google", UNSURE)
    person.gets_to(Kind.SUPPORT)
    tried = len(person.session.tried)
    view = person.does("did_not_help")
    assert [one.fix for one in view.session.tried[tried:]] == ["contact_support"]
    assert view.screen.kind is not Kind.CLOSED


def test_after_support_what_was_not_tried_yet_is_offered_until_nothing_is_left() -> None:
    person = Person()
    person.does("never_connects", "google", UNSURE)
    person.gets_to(Kind.SUPPORT)
    before = {one.fix for one in person.session.tried}
    person.does("did_not_help")
    view = person.gets_to(Kind.SUPPORT)
    after = [one.fix for one in view.session.tried if one.fix not in before]
    assert len(after) > 5
    assert len(set(after)) == len(after)
    losing = {fix.id for fix in load().fixes.values() if {g.value for g in guards_of(fix)} & {"undrained", "unsent"}}
    assert not losing & set(after)


def test_a_login_that_was_found_again_opens_its_fix_after_support() -> None:
    person = Person()
    person.does("steps_frozen", "google", UNSURE)
    said = {"sync_by_hand": "sign_in", "login_known": "no", "password_changed": "yes"}
    view = person.gets_to(Kind.SUPPORT, said)
    assert "sign_in_again" not in {one.fix for one in view.session.tried}
    view = person.does("did_not_help")
    for _ in range(MOST_STEPS):
        if view.screen.id == "login_known" or view.screen.kind is not Kind.QUESTION:
            break
        view = person.does(UNSURE)
    assert (view.screen.kind, view.screen.id) == (Kind.QUESTION, "login_known")
    view = person.does("yes")
    assert (view.screen.kind, view.screen.id) == (Kind.FIX, "sign_in_again")


def test_the_battery_is_asked_about_before_charging_is_advised_for_an_update() -> None:
    person = Person()
    person.does("error_shown", "google", UNSURE)
    asked = []
    for _ in range(MOST_STEPS):
        view = person.view
        if view.screen.kind in (Kind.FIX, Kind.SUPPORT) and view.screen.id == "charge_tracker":
            break
        if view.screen.kind is Kind.QUESTION:
            asked.append(view.screen.id)
            person.does({"firmware": "yes", "sync_by_hand": "breaks_off", "battery_half": "no"}.get(asked[-1], UNSURE))
        elif view.screen.kind is Kind.FIX:
            person.does("did_not_help")
        else:
            break
    assert person.view.screen.id == "charge_tracker"
    assert "battery_half" in asked


def test_who_stops_a_long_fix_says_so_and_goes_on() -> None:
    person = Person()
    person.does("never_connects", "google", UNSURE)
    for _ in range(MOST_STEPS):
        view = person.view
        offered = [one.id for one in view.screen.choices]
        if view.screen.kind is Kind.FIX:
            assert ("not_needed" in offered) == any("stop here" in line for line in view.screen.steps)
        if "not_needed" in offered:
            break
        person.does("did_not_help" if view.screen.kind is Kind.FIX else UNSURE)
    assert view.screen.id == "charge_tracker"
    view = person.does("not_needed")
    assert view.screen.id != "charge_tracker"
    assert view.session.tried[-1].result is Result.DID_NOT_HELP


def test_what_was_skipped_can_be_taken_up_at_the_end() -> None:
    person = Person()
    person.does("steps_frozen", "android", "fitbit", "enough")
    skipped = person.view.screen.id
    person.does("skip")
    person.gets_to(Kind.SUPPORT)
    view = person.does("take_up")
    assert view.screen.kind in (Kind.FIX, Kind.QUESTION)
    assert skipped in {step.fix for step in view.diagnosis.plan}


def test_back_takes_back_one_choice_after_the_other_up_to_the_beginning() -> None:
    person = Person()
    seen = [person.view.screen]
    for choice in ("steps_frozen", "samsung", "garmin", UNSURE, "enough", "did_not_help", "skip"):
        seen.append(person.does(choice).screen)
    for screen in reversed(seen[:-1]):
        person.session = back(person.session, person.now)
        assert person.view.screen.title == screen.title
    assert not person.session.answers
    assert not person.session.tried
    assert not person.view.screen.back


def test_login_is_asked_for_before_signing_in_is_advised() -> None:
    person = Person()
    person.does("error_shown", "iphone", "fitbit")
    answers = {"asks_login": "yes", "password_changed": "yes", "worn": "yes", "others": "no", "status_page": "green"}
    for _ in range(MOST_STEPS):
        view = person.view
        if view.screen.id == "login_known":
            break
        assert view.screen.id != "sign_in_again"
        person.does("did_not_help" if view.screen.kind is Kind.FIX else answers.get(view.screen.id, UNSURE))
    assert person.view.screen.id == "login_known"
    assert person.does("no").screen.id != "sign_in_again"
    person.session = back(person.session, person.now)
    assert person.does("yes").screen.id == "sign_in_again"


def test_evidence_can_be_given_at_any_point_and_may_answer_instead(tmp_path: Path) -> None:
    scenario = next(one for one in SCENARIOS if "saver" in one)
    write(scenario, tmp_path)
    readings = join(collect([tmp_path], ReaderOptions()))
    person = Person()
    person.does("steps_frozen")
    person.session = give(person.session, str(tmp_path), person.now)
    person.readings = readings
    view = person.view
    assert view.screen.kind is not Kind.PHONE  # the report says whose phone it is
    assert any("bug report" in note for note in view.screen.notes)
    assert view.diagnosis.causes[0].id == "phone.battery_saver"


def test_new_evidence_in_which_data_moves_ends_the_session(tmp_path: Path) -> None:
    write("healthy", tmp_path)
    readings = join(collect([tmp_path], ReaderOptions()))
    end = max(reading.source.span[1] for reading in readings if reading.source.span is not None)

    def shown_when_tried(moment: datetime) -> Kind:
        person = Person()
        person.session = begin(moment)
        person.now = moment
        person.does("steps_frozen", "google", "fitbit", "enough", "did_not_help")
        person.readings = readings
        person.now = max(moment, end)  # evidence of the future is not to be had
        return person.view.screen.kind

    assert shown_when_tried(end - timedelta(hours=1)) is Kind.MOVES
    assert shown_when_tried(end + timedelta(hours=1)) is not Kind.MOVES  # what was tried is newer: it says nothing


@pytest.mark.parametrize("symptom", load().symptoms)
@given(choices=st.lists(st.integers(0, 20), max_size=MOST_STEPS))
@settings(max_examples=SESSIONS_EACH, deadline=None)
def test_whatever_is_chosen_nothing_harmful_is_ever_a_step(symptom: str, choices: list[int]) -> None:
    """Records are never known to be safe from answers alone, so what could lose them is never offered."""
    person = Person()
    person.does(symptom)
    losing = {fix.id for fix in load().fixes.values() if {g.value for g in guards_of(fix)} & {"undrained", "unsent"}}
    for choice in choices:
        view = person.view
        if view.screen.kind in (Kind.FIX, Kind.WAIT):
            step = next(step for step in view.diagnosis.plan if step.fix == view.screen.id)
            assert step.blocked is None
            assert step.fix not in losing
            offered_before = [t.fix for t in person.session.tried[person.session.taken_up :]]
            assert step.fix not in offered_before
        ids = [one.id for one in view.screen.choices] + ([UNSURE] if view.screen.unsure else [])
        person.does(ids[choice % len(ids)])
        document = session_document(person.session)
        jsonschema.validate(document, schema())
        assert read_session(json.dumps(document)) == person.session


def test_a_choice_that_is_not_on_the_screen_is_refused() -> None:
    with pytest.raises(UsageError):
        Person().does("reinstall_app")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema": "unstuck.case/1"}',
        '{"schema": "unstuck.session/1"}',
        '{"schema": "unstuck.session/1", "started": "x", "updated": "x"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_session_is_one_sentence(text: str) -> None:
    with pytest.raises(EvidenceError) as raised:
        read_session(text)
    assert raised.value.code is ErrorCode.SESSION_INVALID


def test_unknown_keys_questions_and_fixes_of_later_versions_do_no_harm() -> None:
    person = Person()
    person.does("steps_frozen", "samsung", "fitbit", UNSURE)
    document = session_document(person.session)
    document["new"] = 1
    document["answers"].append({"question": "later", "answer": "yes", "at": "2026-03-01T12:00:00Z"})
    document["symptom"] = "later"
    document["phone"] = "later"
    document["make"] = "later"
    session = read_session(json.dumps(document))
    assert look(session, [], NOON).screen.kind is Kind.QUESTION


def test_words_are_for_a_person() -> None:
    """No id of ours in what is shown."""
    person = Person()
    for _ in range(60):
        screen = person.view.screen
        for text in (screen.title, *screen.text, *screen.likely, *screen.not_now, *(c.text for c in screen.choices)):
            told = re.sub(r"unstuck explain \w+", "", text)
            assert "_" not in told, text
            assert not re.search(rf"\b(?:{'|'.join(Hop)})\.[a-z]", told), text
        if screen.kind is Kind.SUPPORT:
            break
        person.does("did_not_help" if screen.kind is Kind.FIX else screen.choices[0].id)
