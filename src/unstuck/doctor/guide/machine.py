"""The guided session as a machine: a session and readings in, a screen out; a choice in, the next session out.

Symptom first, then the phone, then the questions worth most, then fix by fix. The doctor thinks anew after each
step, so the plan changes with every answer, fix and file. A fix that the harm gate holds back is never a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from unstuck.doctor.diagnose import GATE_QUESTIONS, Options, answer_facts, diagnose
from unstuck.doctor.guide import screens
from unstuck.doctor.guide.devices import PHONES, implied
from unstuck.doctor.guide.screen import Screen
from unstuck.doctor.guide.state import OTHER, UNSURE, Given, Kind, Session, Shown, Step
from unstuck.doctor.reasoning.gate import LIFTED_BY
from unstuck.doctor.reasoning.plan import CONTACT_SUPPORT
from unstuck.doctor.reasoning.repair import WAIT_FOR_VENDOR
from unstuck.doctor.tried import when
from unstuck.model.diagnosis import Diagnosis, PlannedFix, Verdict
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.model.evidence import Reading
from unstuck.model.history import Answered, How, Result, Tried

RESULTS = {
    "helped": Result.HELPED,
    "did_not_help": Result.DID_NOT_HELP,
    "not_needed": Result.DID_NOT_HELP,
    "could_not": Result.FAILED,
    "skip": Result.DECLINED,
}
"""What a person says of a fix, by the id of the choice."""

RESTARTS = frozenset({"restart_bluetooth", "restart_phone"})
RESTARTS_QUESTION = "toggle_helped"
"""Whether one of these helped for a while is a question of its own, which then need not be asked."""


LEAST_CHANCE = 0.01
"""Chance of helping below which a step is shown only where nothing better is left (probability)."""


_OPENING = frozenset(LIFTED_BY[guard] for guard in GATE_QUESTIONS if guard in LIFTED_BY)
"""Fixes after which a question tells whether the gate is open: after charging, how full the battery is. That nothing is
left on the tracker only evidence can tell."""


@dataclass(frozen=True, slots=True)
class View:
    """The session with what is on its screen, the screen, and the diagnosis behind it."""

    session: Session
    screen: Screen
    diagnosis: Diagnosis


def look(session: Session, readings: Sequence[Reading], now: datetime) -> View:
    """What to show now. ``readings`` are those of the session's evidence, read by the caller."""
    diagnosis = diagnose([*readings, *answer_facts(said(session))], options_of(session), now)
    moves_by = _moves_in_evidence(session, readings, now)
    kind, id_ = _next(session, diagnosis, readings, moves_by)
    shown = session.shown
    if shown is None or (shown.kind, shown.id) != (kind, id_):
        shown = Shown(kind, id_, now)
    session = replace(session, shown=shown)
    return View(session, screens.draw(session, shown, diagnosis, readings, moves_by), diagnosis)


def choose(view: View, choice: str, now: datetime) -> Session:
    """The session after a choice of the screen. UsageError for an id that the screen does not offer."""
    session, screen = view.session, view.screen
    offered = [one.id for one in screen.choices] + ([UNSURE] if screen.unsure else [])
    if choice not in offered:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=choice, reason=f"choose one of: {', '.join(offered)}")
    step = Step(
        screen.kind, len(session.answers), len(session.tried), len(session.stops), session.taken_up, session.enough
    )
    session = replace(session, steps=(*session.steps, step), updated=now)
    session = _chosen(session, screen, choice, now)
    return replace(session, shown=None)


def back(session: Session, now: datetime) -> Session:
    """The session without its last choice; evidence that was given stays."""
    if not session.steps:
        return session
    step = session.steps[-1]
    return replace(
        session,
        updated=now,
        symptom=None if step.kind is Kind.SYMPTOM else session.symptom,
        phone=None if step.kind is Kind.PHONE else session.phone,
        make=None if step.kind is Kind.MAKE else session.make,
        answers=session.answers[: step.answers],
        tried=session.tried[: step.tried],
        stops=session.stops[: step.stops],
        taken_up=step.taken_up,
        enough=step.enough,
        closed=False,
        shown=None,
        steps=session.steps[:-1],
    )


def give(session: Session, path: str, now: datetime) -> Session:
    """The session with one more file or folder as evidence; the same path again is as if given now."""
    others = tuple(given for given in session.evidence if given.path != path)
    return replace(session, evidence=(*others, Given(path, now)), shown=None, updated=now)


def said(session: Session) -> tuple[tuple[str, str], ...]:
    """The newest answer to each question, those first that follow from the phone and from what helped for a while."""
    follows = list(implied(session.phone or "").items())
    last_stop = max(session.stops, default=None)
    helped = [one for one in session.tried if one.result is Result.HELPED and one.fix in RESTARTS]
    if any(last_stop is not None and last_stop > when(one) for one in helped):
        follows.append((RESTARTS_QUESTION, "yes"))
    newest = {answer.question: answer.answer for answer in session.answers}
    return (*follows, *newest.items())


def options_of(session: Session) -> Options:
    """What the doctor is told beside readings and answers."""
    tried = tuple(
        one for place, one in enumerate(session.tried) if one.result is not Result.DECLINED or place >= session.taken_up
    )
    symptom = session.symptom or ""
    answered_at = {answer.question: answer.at for answer in session.answers}
    return Options(
        symptom="" if symptom in (OTHER, UNSURE) else symptom,
        tried=tried,
        answered_at=answered_at,
        answers=session.answers,
        stopped_again=max(session.stops, default=None),
        says_stuck=bool(symptom),
        phone=session.phone if session.phone is not None and session.phone in PHONES else "",
        make=session.make or "",
    )


def _moves_in_evidence(session: Session, readings: Sequence[Reading], now: datetime) -> Diagnosis | None:
    """What evidence alone says where it is newer than all that was tried and shows data moving; else None."""
    latest = max((*session.stops, *map(when, session.tried)), default=None)
    if latest is None or not any(reading.source.readable for reading in readings):
        return None  # before anything was tried, what moves in it changes nothing: the person has a complaint
    ends = [reading.source.span[1] for reading in readings if reading.source.span is not None]
    ends += [fact.time for reading in readings for fact in reading.facts if fact.time is not None]
    if ends and max(ends) <= latest:
        return None
    seen = diagnose(readings, Options(), now)
    if seen.verdict is not Verdict.HEALTHY or seen.judged_at is None:
        return None
    ahead = any(reading.source.span is not None and reading.source.span[1] > now for reading in readings)
    # What is dated ahead of now was written before a clock was set back: nobody knows that it is newer.
    return seen if latest < seen.judged_at and not ahead else None


def _next(
    session: Session, diagnosis: Diagnosis, readings: Sequence[Reading], moves: Diagnosis | None
) -> tuple[Kind, str]:
    if session.symptom is None:
        return Kind.SYMPTOM, ""
    if session.phone is None and not screens.phone_known(readings):
        return Kind.PHONE, ""
    if session.make is None and diagnosis.tracker is None:
        return Kind.MAKE, ""
    if session.closed:
        return Kind.CLOSED, ""
    if moves is not None or diagnosis.verdict is Verdict.HEALTHY:
        return Kind.MOVES, ""
    fixes = [step for step in diagnosis.plan if step.blocked is None and step.fix != CONTACT_SUPPORT]
    # What hardly helps, and is there to open the gate for a later step, is worth its time where that can then be seen.
    fixes = [step for step in fixes if step.chance >= LEAST_CHANCE or step.fix in _OPENING] or _last(fixes, session)
    shown = session.shown
    if shown is not None and shown.kind in (Kind.FIX, Kind.WAIT) and shown.id in {fix.fix for fix in fixes}:
        return shown.kind, shown.id  # somebody is busy with it
    if diagnosis.next_question is not None and not session.enough:
        return Kind.QUESTION, diagnosis.next_question.id
    gate = _once_more(session, diagnosis)
    if gate:
        return Kind.QUESTION, gate
    asked = {question for question, _ in said(session)}
    for step in _up_to(diagnosis.plan, fixes[0] if fixes else None):
        gate = _gate_question(step)
        if gate and gate not in asked:
            return Kind.QUESTION, gate
    if not fixes:
        return Kind.SUPPORT, ""
    return (Kind.WAIT if fixes[0].fix == WAIT_FOR_VENDOR else Kind.FIX), fixes[0].fix


def _last(fixes: Sequence[PlannedFix], session: Session) -> list[PlannedFix]:
    """What hardly helps: nothing before support was asked, all of it afterwards."""
    return list(fixes) if any(one.fix == CONTACT_SUPPORT for one in session.tried) else []


def _once_more(session: Session, diagnosis: Diagnosis) -> str:
    """Once support was asked: the question whose answer closes a fix, because it may have changed (the login is known
    now). Empty: there is none."""
    asked_at = max((when(one) for one in session.tried if one.fix == CONTACT_SUPPORT), default=None)
    answered_at = {answer.question: answer.at for answer in session.answers}
    gates = (_gate_question(step) for step in diagnosis.plan)
    return next((one for one in gates if asked_at is not None and answered_at.get(one, asked_at) < asked_at), "")


def _up_to(plan: Sequence[PlannedFix], first: PlannedFix | None) -> list[PlannedFix]:
    """The steps whose gates matter now: up to the first that may be done, and what that one only opens the way for."""
    if first is None:
        return list(plan)
    opens = {guard.value for guard, fix in LIFTED_BY.items() if fix == first.fix}
    place = next(place for place, step in enumerate(plan) if step is first)
    return [*plan[: place + 1], *(step for step in plan[place + 1 :] if opens & set(step.held_by))]


def _gate_question(step: PlannedFix) -> str:
    """The question that may open the gate before this fix, or would close it; empty where asking changes nothing."""
    by_guard = {guard.value: question for guard, question in GATE_QUESTIONS.items()}
    if any(guard not in by_guard for guard in step.held_by):
        return ""
    guards = (*step.held_by, *step.unsure_of)
    return next((by_guard[guard] for guard in guards if guard in by_guard), "")


def _chosen(session: Session, screen: Screen, choice: str, now: datetime) -> Session:
    if choice == screens.ENOUGH:
        return replace(session, enough=True)
    if choice == screens.STOPPED:
        return replace(session, stops=(*session.stops, now), closed=False)
    if choice == screens.STILL_MOVES:
        return replace(session, closed=True)
    if choice == screens.TAKE_UP:
        return replace(session, taken_up=len(session.tried))
    match screen.kind:
        case Kind.SYMPTOM:
            return replace(session, symptom=choice)
        case Kind.PHONE:
            return replace(session, phone=choice)
        case Kind.MAKE:
            return replace(session, make=choice)
        case Kind.QUESTION:
            return replace(session, answers=(*session.answers, Answered(screen.id, choice, now)))
        case Kind.FIX | Kind.WAIT | Kind.SUPPORT:
            return replace(session, tried=(*session.tried, _tried(session, screen, choice, now)))
        case _:
            return session


def _tried(session: Session, screen: Screen, choice: str, now: datetime) -> Tried:
    fix = screen.id or CONTACT_SUPPORT
    began = session.shown.since if session.shown is not None else now
    return Tried(fix, min(began, now), How.GUIDED, RESULTS[choice], now)
