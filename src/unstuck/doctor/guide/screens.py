"""The words of every screen of a guided session."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from unstuck.doctor.guide.devices import MAKES, PHONES, system_of
from unstuck.doctor.guide.screen import Choice, Screen
from unstuck.doctor.guide.state import OTHER, Kind, Session, Shown
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Question
from unstuck.doctor.telling import wording
from unstuck.doctor.tried import moving_again
from unstuck.model.diagnosis import Diagnosis, PlannedFix
from unstuck.model.evidence import Reading
from unstuck.model.history import Result
from unstuck.model.worded import counted, joined, worded

ENOUGH = "enough"
"""Choice: no more questions."""
STOPPED = "stopped"
"""Choice: data stands still again, or still."""
STILL_MOVES = "still_moves"
"""Choice: it moves, the session is over."""
TAKE_UP = "take_up"
"""Choice: offer again what was skipped."""

WAIT_MINUTES = 120.0
"""After how long somebody who waits for a service is told to look again: outages end within hours, not minutes."""
LEAST_LIKELY = 0.1
"""Probability from which a cause is named while the session goes on: below, naming it would mislead."""
LIKELY_SHOWN = 3
"""Causes named while the session goes on; more would read like a list of everything."""

_NO_HARM = re.compile(r"^None[^.]*\.\s*")
"""How the harm of a harmless fix begins; what follows is worth reading."""
_OF_IPHONE = frozenset({"packetlogger"})


def phone_known(readings: Sequence[Reading]) -> bool:
    """Whether the evidence says whose phone it is."""
    if any(reading.source.kind in _OF_IPHONE for reading in readings):
        return True
    return any(fact.name == "phone.build" for reading in readings for fact in reading.facts)


def draw(
    session: Session, shown: Shown, diagnosis: Diagnosis, readings: Sequence[Reading], moves_by: Diagnosis | None
) -> Screen:
    """The screen for what is shown."""
    match shown.kind:
        case Kind.SYMPTOM:
            screen = _symptom(shown)
        case Kind.PHONE:
            screen = _phone(shown)
        case Kind.MAKE:
            screen = _make(shown)
        case Kind.QUESTION:
            screen = _question(session, shown, diagnosis)
        case Kind.FIX:
            screen = _fix(shown, diagnosis)
        case Kind.WAIT:
            screen = _wait(shown, diagnosis)
        case Kind.MOVES:
            screen = _moves(session, shown, diagnosis, moves_by)
        case Kind.SUPPORT:
            screen = _support(session, shown, diagnosis)
        case Kind.CLOSED:
            screen = _closed(shown)
    return replace(screen, back=bool(session.steps), notes=_notes(readings))


def resume(session: Session) -> Screen:
    """Whether to go on with a session that was left."""
    symptom = load().symptoms.get(session.symptom or "")
    done = [worded(load().fixes[one.fix].title) for one in session.tried if one.fix in load().fixes]
    day = wording.Clock("").time(session.updated)
    text = [
        counted(
            "It was left on {day} (UTC), after {n} answer.",
            "It was left on {day} (UTC), after {n} answers.",
            len(session.answers),
            day=day,
        )
    ]
    if symptom is not None:
        text.append(worded("You noticed: {symptom}.", symptom=worded(symptom.says)))
    if done:
        text.append(worded("Tried so far: {fixes}.", fixes=joined(done, "; ")))
    choices = (Choice("resume", worded("Go on where I was")), Choice("new", worded("Begin anew and forget that one")))
    return Screen(Kind.SYMPTOM, "", worded("There is a session that was not finished"), choices, tuple(text))


def _symptom(shown: Shown) -> Screen:
    choices = tuple(Choice(symptom.id, symptom.says) for symptom in load().symptoms.values())
    return Screen(
        shown.kind,
        "",
        worded("What do you notice?"),
        (*choices, Choice(OTHER, worded("Something else"))),
        (worded("Nothing leaves this computer, and nothing is changed on your phone."),),
        unsure=True,
    )


def _phone(shown: Shown) -> Screen:
    return Screen(
        shown.kind,
        "",
        worded("Which phone does the tracker's app run on?"),
        tuple(Choice(id_, name) for id_, name in PHONES.items()),
        how_to_look=worded("An iPhone has an apple on its back. On Android: Settings > About phone"),
        unsure=True,
    )


def _make(shown: Shown) -> Screen:
    return Screen(
        shown.kind,
        "",
        worded("Who made the tracker?"),
        tuple(Choice(id_, name) for id_, name in MAKES.items()),
        how_to_look=worded("It stands on its back or inside the band, and the app is called after it"),
        unsure=True,
    )


def _question(session: Session, shown: Shown, diagnosis: Diagnosis) -> Screen:
    question = load().questions[shown.id]
    choices = [Choice(answer.id, answer.text) for answer in question.answers]
    again = any(answer.question == question.id for answer in session.answers)
    if not session.enough:
        choices.append(Choice(ENOUGH, worded("No more questions: show me what to try")))
    return Screen(
        shown.kind,
        question.id,
        question.text,
        tuple(choices),
        (worded("You were asked this before. Look once more: what you did since may have changed it."),)
        if again
        else (),
        how_to_look=_where(question, session, diagnosis),
        likely=_likely(diagnosis),
        unsure=True,
    )


def _where(question: Question, session: Session, diagnosis: Diagnosis) -> str:
    """Where to look on this phone; on both systems where the phone is not known."""
    asked = diagnosis.next_question
    if asked is not None and asked.id == question.id and asked.how_to_look:
        return asked.how_to_look
    known = question.look_up.get(session.phone or "") or question.look_up.get(system_of(session.phone or ""))
    if known:
        return known
    if len(set(question.look_up.values())) == 1:
        return next(iter(question.look_up.values()))
    names = {"iphone": "iPhone", "android": "Android"}
    each = (
        worded("{system}: {text}", system=names.get(system, system), text=worded(text))
        for system, text in question.look_up.items()
    )
    return joined(each, "; ")


def _fix(shown: Shown, diagnosis: Diagnosis) -> Screen:
    step = _step(shown, diagnosis)
    knowledge = load().fixes[step.fix]
    cost = worded(
        "About {minutes}; chance that this is it: {chance}.",
        minutes=wording.minutes(step.minutes),
        chance=wording.percent(step.chance),
    )
    text = [worded(knowledge.explanation), cost]
    harm = _NO_HARM.sub("", knowledge.harm)
    if harm:
        text.append(worded("Mind: {harm}", harm=worded(harm)))
    stopped = (Choice("not_needed", worded("I stopped: it was not needed")),)
    return Screen(
        shown.kind,
        step.fix,
        worded("Try this: {fix}", fix=worded(step.title)),
        (
            Choice("helped", worded("Done, and it helped: data moves")),
            Choice("did_not_help", worded("Done, and it did not help")),
            *(stopped if knowledge.needless_minutes is not None else ()),
            Choice("could_not", worded("I could not do it")),
            Choice("skip", worded("Skip this")),
        ),
        tuple(text),
        steps=step.steps,
        worked_when=step.worked_when,
        credit=step.credit,
        likely=_likely(diagnosis),
        not_now=_not_now(diagnosis),
    )


def _wait(shown: Shown, diagnosis: Diagnosis) -> Screen:
    step = _step(shown, diagnosis)
    again = shown.since + timedelta(minutes=WAIT_MINUTES)
    clock = wording.Clock(diagnosis.zone, shown.since)
    look = worded(
        "Look again after {time} ({zone}), and then every few hours.",
        time=clock.time(again),
        zone=clock.stated(again),
    )
    return Screen(
        shown.kind,
        step.fix,
        step.title,
        (
            Choice("helped", worded("Data moves again")),
            Choice("did_not_help", worded("The service says that all is well again, and still nothing")),
            Choice("skip", worded("I do not want to wait: show me what else there is")),
        ),
        (worded(load().fixes[step.fix].explanation), look, worded("You may leave the session now; it is kept.")),
        steps=step.steps,
        worked_when=step.worked_when,
        credit=step.credit,
        likely=_likely(diagnosis),
        not_now=_not_now(diagnosis),
        ends=True,
    )


def _moves(session: Session, shown: Shown, diagnosis: Diagnosis, by: Diagnosis | None) -> Screen:
    text = []
    helped = moving_again(session.tried, max(session.stops, default=None))
    worked_when = ""
    if by is not None:
        title: str = worded("The evidence that you gave shows data moving")
        text.append(wording.checked_sentence(by))
    elif helped is not None:
        title = worded("Data moves again")
        worked_when = load().fixes[helped.fix].worked_when if helped.fix in load().fixes else ""
        text.append(worded("Check it once more: open the app and look at the time of the last sync."))
    else:
        title = diagnosis.headline
        text.append(worded("So there is nothing to repair."))
    text.append(worded("Look again tomorrow: some causes come back by themselves."))
    choices = (Choice(STILL_MOVES, worded("Yes, all is well")), Choice(STOPPED, worded("No, it is stuck")))
    return Screen(shown.kind, "", title, choices, tuple(text), worked_when=worked_when, ends=True)


def _support(session: Session, shown: Shown, diagnosis: Diagnosis) -> Screen:
    support = next((step for step in diagnosis.plan if step.fix == "contact_support" and step.blocked is None), None)
    text = [worded("All that could be tried safely was tried. The maker's support can see more than any app shows.")]
    text.append(worded("A case file saves you from repeating every step: unstuck case export --session -o case.zip"))
    choices = [
        Choice("helped", worded("Support mended it, or it works now")),
        Choice("did_not_help", worded("They answered, and data still stands still")),
    ]
    if any(one.result is Result.DECLINED for one in session.tried[session.taken_up :]):
        choices.append(Choice(TAKE_UP, worded("Show me once more what I skipped")))
    return Screen(
        shown.kind,
        "",
        worded("Ask the maker's support"),
        tuple(choices),
        tuple(text),
        steps=support.steps if support else (),
        likely=_likely(diagnosis),
        not_now=_not_now(diagnosis),
        ends=True,
    )


def _closed(shown: Shown) -> Screen:
    choices = (Choice(STOPPED, worded("It is stuck again")),)
    text = (worded("Data moves. If it stops again, go on with: unstuck session --resume"),)
    return Screen(shown.kind, "", worded("Done"), choices, text, ends=True)


def _step(shown: Shown, diagnosis: Diagnosis) -> PlannedFix:
    return next(step for step in diagnosis.plan if step.fix == shown.id)


def _likely(diagnosis: Diagnosis) -> tuple[str, ...]:
    causes = [cause for cause in diagnosis.causes if cause.probability >= LEAST_LIKELY][:LIKELY_SHOWN]
    return tuple(
        worded("{cause} ({chance})", cause=worded(cause.title), chance=wording.percent(cause.probability))
        for cause in causes
    )


def _not_now(diagnosis: Diagnosis) -> tuple[str, ...]:
    return tuple(
        worded("{fix}: {reason}", fix=worded(step.title), reason=step.blocked)
        for step in diagnosis.plan
        if step.blocked is not None
    )


def _notes(readings: Sequence[Reading]) -> tuple[str, ...]:
    """What was read, and the first thing that is wrong with each source."""
    notes: list[str] = []
    for source in (reading.source for reading in readings):
        told = wording.source_sentence(source, wording.Clock(""))
        notes.append(worded("{source}: {told}", source=wording.source_name(source.path), told=told))
        notes += source.problems[:1]
    return tuple(notes)
