"""What a person told, as ids: answers on the command line or in a file. Unknown ids are one sentence."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from unstuck.doctor.guide.devices import MAKES, PHONES
from unstuck.doctor.guide.state import OTHER, UNSURE
from unstuck.doctor.knowledge.loader import load
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.model.history import How, Result, Tried

MOST_BYTES = 2**20
"""Largest file of answers that is read: every question answered takes 2 kB."""

TRIED = {"did_not_help": Result.DID_NOT_HELP, "helped": Result.HELPED, "could_not": Result.FAILED}
"""What may be said of a fix."""


@dataclass(frozen=True, slots=True)
class Told:
    """A symptom, phone and make, answers (question, answer) and fixes (id, result); empty where nothing was said."""

    symptom: str = ""
    phone: str = ""
    make: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    tried: tuple[tuple[str, Result], ...] = ()

    def history(self, now: datetime) -> tuple[Tried, ...]:
        """What was tried, without times of its own: all of it just now, in the order given."""
        return tuple(Tried(fix, now, How.GUIDED, result, now) for fix, result in self.tried)


def read_told(file: Path) -> Told:
    """A JSON object: question id to answer id, and ``symptom``, ``phone``, ``make`` and ``tried`` (fix id to result).

    UsageError with the file and what is allowed.
    """
    given = str(file)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=given, reason=error.strerror or "cannot be read") from error
    if len(raw) > MOST_BYTES:
        _wrong(given, f"is larger than {MOST_BYTES // 2**20} MB, so it is no file of answers")
    try:
        found = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=lambda pairs: _once(given, pairs))
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        _wrong(given, f'is no JSON{place}; write an object such as {{"bluetooth_on": "on"}}')
    if not isinstance(found, dict):
        _wrong(given, 'is no JSON object; write one such as {"bluetooth_on": "on"}')
    return _told(given, found)


def known_answer(given: str, question: str, answer: object) -> tuple[str, str]:
    """Question and answer, if both are known; UNSURE is an answer to every question. UsageError otherwise."""
    questions = load().questions
    if question not in questions:
        _wrong(given, f"there is no question '{question}'; known are {', '.join(questions)}")
    allowed = [*(one.id for one in questions[question].answers), UNSURE]
    if answer not in allowed:
        _wrong(given, f"the answer to {question} is one of: {', '.join(allowed)}")
    return question, str(answer)


def _told(given: str, found: Mapping[str, object]) -> Told:
    symptom = _one_of(given, found, "symptom", [*load().symptoms, OTHER, UNSURE])
    phone = _one_of(given, found, "phone", [*PHONES, UNSURE])
    make = _one_of(given, found, "make", [*MAKES, UNSURE])
    tried = found.get("tried", {})
    if not isinstance(tried, dict):
        _wrong(given, "'tried' is an object: fix id to result")
    fixes = load().fixes
    for fix, result in tried.items():
        if fix not in fixes:
            _wrong(given, f"there is no fix '{fix}'; known are {', '.join(fixes)}")
        if not isinstance(result, str) or result not in TRIED:
            _wrong(given, f"the result of {fix} is one of: {', '.join(TRIED)}")
    answers = [known_answer(given, key, value) for key, value in found.items() if key not in _KEYS]
    return Told(symptom, phone, make, tuple(answers), tuple((fix, TRIED[result]) for fix, result in tried.items()))


_KEYS = frozenset({"symptom", "phone", "make", "tried"})


def _one_of(given: str, found: Mapping[str, object], key: str, allowed: list[str]) -> str:
    value = found.get(key, "")
    if value != "" and value not in allowed:
        _wrong(given, f"'{key}' is one of: {', '.join(allowed)}")
    return str(value)


def _once(given: str, pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        _wrong(given, f"says '{next(key for key in keys if keys.count(key) > 1)}' twice")
    return found


def _wrong(given: str, reason: str) -> NoReturn:
    raise UsageError(ErrorCode.USAGE_SOURCE, given=given, reason=reason)
