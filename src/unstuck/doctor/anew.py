"""What is seen anew after a fix: a question about the whole way is asked again, and its answer is newer than what was
read or said before. Both count, each at its time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from unstuck.doctor.knowledge.schema import Knowledge, Question
from unstuck.doctor.reasoning.network import Said
from unstuck.model.diagnosis import Finding, State
from unstuck.model.history import Answered

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""When a finding without a time was seen: before the first fix."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was seen ``at`` a moment, before the same was looked at once more. ``said``: by a person; None: read."""

    at: datetime
    states: Mapping[str, State]
    said: Said | None = None


def asked_again(
    knowledge: Knowledge,
    asked: Collection[str],
    answered_at: Mapping[str, datetime],
    fixes_at: Sequence[datetime],
    over: Collection[str],
) -> tuple[Question, ...]:
    """Questions whose answers a fix may have changed since they were given.

    Those about the whole way, and those about something that a fix has most likely ended: was it really ended?
    ``over``: such findings. ``fixes_at``: when each fix was done without helping. What was ``asked`` and has no time,
    as an answer on the command line, is not asked again: it would be for ever.
    """
    return tuple(
        question
        for question in knowledge.questions.values()
        if not question.past
        and (question.id in answered_at or question.id not in asked)
        and any(answered_at.get(question.id, LONG_AGO) <= done for done in fixes_at)
        and (question.again or any(finding in answer.findings for answer in question.answers for finding in over))
    )


def newest(
    found: Sequence[Finding],
    answered: Mapping[str, Finding],
    seen: Mapping[str, datetime],
    answered_at: Mapping[str, datetime],
    fixes_at: Sequence[datetime],
) -> tuple[tuple[Finding, ...], tuple[Before, ...]]:
    """The findings as they were seen last, and what that takes the place of.

    ``found``: evidence first; ``answered``: what the newest answers make of findings; ``seen``: when each of ``found``
    was. What was read gives way to an answer where a fix was done between the two.
    """
    current, before = [], []
    for finding in found:
        answer, at = answered.get(finding.id), seen.get(finding.id, LONG_AGO)
        if answer is None or finding == answer or not _fix_between(at, _moment(answer, answered_at), fixes_at):
            current.append(finding)
            continue
        current.append(answer)
        before.append(Before(at, {finding.id: finding.state}))
    return tuple(current), tuple(before)


def _moment(answer: Finding, answered_at: Mapping[str, datetime]) -> datetime:
    questions = {fact.subject for proof in answer.proof for fact in proof.facts}
    return min((answered_at.get(question, LONG_AGO) for question in questions), default=LONG_AGO)


def _fix_between(one: datetime, other: datetime, fixes_at: Sequence[datetime]) -> bool:
    return any(one <= done < other for done in fixes_at)


def said_before(
    answers: Sequence[Answered], found: Sequence[Finding], answered: Mapping[str, Finding], knowledge: Knowledge
) -> tuple[Before, ...]:
    """What answers said that became others since. ``answers``: all, oldest first.

    The same answer once more says nothing new: it is not counted again. Of findings that evidence speaks of, that
    alone counts.
    """
    read = {one.id for one in found if one.state is not State.UNKNOWN and one != answered.get(one.id)}
    told = []
    for question in knowledge.questions.values():
        given = [one for one in answers if one.question == question.id]
        known = {answer.id for answer in question.answers}  # "I don't know" between two answers changes nothing
        for place, one in enumerate(given[:-1]):
            said = next((answer for answer in question.answers if answer.id == one.answer), None)
            then = next((later.answer for later in given[place + 1 :] if later.answer in known), "")
            if said is None or then == one.answer:
                continue
            states = {
                finding: State.YES if holds else State.NO
                for finding, holds in said.findings.items()
                if finding not in read
            }
            told.append(Before(one.at, states, Said(question.id, len(question.answers))))
    return tuple(told)
