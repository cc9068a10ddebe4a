"""The agent's attempts as facts: every run of like ends, and the trouble at hand in the words of the vocabulary.

Trouble that is over is only in the runs: what was so before the last good attempt of a side does not hold now.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.reasons import MEANINGS, Retry, Side, sentence
from unstuck.chain.phone.rhythm import BACK_OFF_MOST_S, PERSON_EVERY_S, SLOWEST_TIMES, SYNC_EVERY_S
from unstuck.evidence.chain.moments import iso, moment
from unstuck.evidence.chain.outcomes import OF_TRACKER, row_of
from unstuck.model.evidence import Fact, Value
from unstuck.model.vocabulary import AGENT

Numbered = tuple[int, Attempt]
"""An attempt with its number in the journal."""

_EXCERPT_MOST = 200

_WAITS_S = {
    Retry.RHYTHM: float(SYNC_EVERY_S * SLOWEST_TIMES),
    Retry.BACK_OFF: float(BACK_OFF_MOST_S),
    Retry.PERSON: float(PERSON_EVERY_S),
}
"""Longest wait after an outcome. A server may ask for more, but then only its own side waits."""


def is_through(attempt: Attempt) -> bool:
    """Whether what there was got over the boundary, with something left to be said or not."""
    return MEANINGS[attempt.outcome].retry is Retry.RHYTHM


def attempt_facts(tracker: str, numbered: Sequence[Numbered], source: str) -> Iterator[Fact]:
    """Facts from attempts in the order in which they ended."""
    for side in Side:
        own = [pair for pair in numbered if pair[1].side is side]
        for _, run in groupby(own, key=lambda pair: pair[1].outcome):
            yield _run(tracker, list(run), source)
        trouble = takewhile(lambda pair: not is_through(pair[1]), reversed(own))
        for number, attempt in reversed(list(trouble)):
            for name, value, subject in row_of(side, attempt.outcome).word(" ".join((attempt.detail, *attempt.causes))):
                about = tracker if subject == OF_TRACKER else subject
                yield _fact(name, value, attempt, f"attempt {number}", source, about)
        if side is Side.UPLOAD and own and is_through(own[-1][1]):
            number, attempt = own[-1]
            yield _fact("app.http", {"status": 200}, attempt, f"attempt {number}", source, AGENT)


def _run(tracker: str, run: Sequence[Numbered], source: str) -> Fact:
    (first_number, first), (number, last) = run[0], run[-1]
    meaning, row = MEANINGS[last.outcome], row_of(last.side, last.outcome)
    where = f"attempt {number}" if len(run) == 1 else f"attempts {first_number}–{number}"
    value: Value = {
        "side": last.side.value,
        "outcome": last.outcome.value,
        "says": meaning.state,
        "through": is_through(last),
        "person": meaning.retry is Retry.PERSON,
        "count": len(run),
        "records": sum(attempt.records for _, attempt in run),
        "first": iso(first.began_s),
        "hop": row.hop.value,
        "way": row.way,
        "sign": row.sign,
        "code": _code(last.detail),
        "waits_s": _WAITS_S[meaning.retry],
    }
    return _fact("agent.attempts", value, last, where, source, tracker)


def _code(detail: str) -> str:
    """The CoAP code of a refusal (``5.00``) where the detail begins with one, else empty (RFC 7252, 5.9)."""
    found = re.match(r"[45]\.\d\d\b", detail)
    return found[0] if found else ""


def _fact(name: str, value: Value, attempt: Attempt, where: str, source: str, subject: str) -> Fact:
    excerpt = sentence(attempt.outcome, attempt.detail)[:_EXCERPT_MOST]
    return Fact(name, value, moment(attempt.ended_s), source, where, excerpt, subject)
