"""A session as JSON and back, exactly as ``session.schema.json`` says: so that it can be left and resumed anywhere."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn

from unstuck.doctor.guide.devices import MAKES, PHONES
from unstuck.doctor.guide.state import OTHER, UNSURE, Given, Kind, Session, Shown, Step
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.telling.document import Document, moment, published
from unstuck.doctor.telling.history import history_documents, history_of
from unstuck.model.errors import ErrorCode, EvidenceError
from unstuck.model.history import Answered

SCHEMA_ID = "unstuck.session/1"
"""Name and version of the document."""

MOST_BYTES = 4 * 2**20
"""Largest document that is read: a session of a thousand steps has 200 kB."""


def session_document(session: Session) -> Document:
    """The session as a JSON object, times as RFC 3339 in UTC."""
    shown = session.shown
    return {
        "schema": SCHEMA_ID,
        "started": moment(session.started),
        "updated": moment(session.updated),
        "symptom": session.symptom,
        "phone": session.phone,
        "make": session.make,
        "answers": [{"question": a.question, "answer": a.answer, "at": moment(a.at)} for a in session.answers],
        "evidence": [{"path": given.path, "at": moment(given.at)} for given in session.evidence],
        "tried": history_documents(session.tried),
        "stops": [moment(stop) for stop in session.stops],
        "taken_up": session.taken_up,
        "enough": session.enough,
        "closed": session.closed,
        "shown": None if shown is None else {"kind": shown.kind.value, "id": shown.id, "since": moment(shown.since)},
        "steps": [
            {
                "kind": step.kind.value,
                "answers": step.answers,
                "tried": step.tried,
                "stops": step.stops,
                "taken_up": step.taken_up,
                "enough": step.enough,
            }
            for step in session.steps
        ],
    }


def session_json(session: Session) -> str:
    """The document as text, ending with a newline."""
    return json.dumps(session_document(session), indent=2, ensure_ascii=False) + "\n"


def read_session(text: str) -> Session:
    """A session from its text. EvidenceError (SESSION_INVALID) where it is none; unknown keys are passed over.

    Answers and fixes that the knowledge no longer has are kept: they say nothing and are told in the case file.
    """
    if len(text) > MOST_BYTES:
        _invalid("it is too large")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        _invalid("it is no JSON")
    row = _object(given, "the document")
    if not str(row.get("schema", "")).startswith("unstuck.session/"):
        _invalid("'schema' is not unstuck.session/1")
    symptom, phone, make = (_word_or_none(row, key) for key in ("symptom", "phone", "make"))
    return Session(
        started=_time(row, "started"),
        updated=_time(row, "updated"),
        symptom=symptom if symptom is None or symptom in load().symptoms else OTHER,
        phone=phone if phone is None or phone in PHONES else UNSURE,
        make=make if make is None or make in MAKES else UNSURE,
        answers=tuple(
            Answered(_text(one, "question"), _text(one, "answer"), _time(one, "at")) for one in _rows(row, "answers")
        ),
        evidence=tuple(Given(_text(one, "path"), _time(one, "at")) for one in _rows(row, "evidence")),
        tried=history_of(row.get("tried", [])),
        stops=tuple(_time({"at": stop}, "at") for stop in _list(row, "stops")),
        taken_up=_count(row, "taken_up"),
        enough=row.get("enough") is True,
        closed=row.get("closed") is True,
        shown=_shown(row.get("shown")),
        steps=tuple(_step(one) for one in _rows(row, "steps")),
    )


def schema() -> Document:
    """The published JSON Schema (2020-12) of the document."""
    return published("session")


def _shown(given: object) -> Shown | None:
    if given is None:
        return None
    row = _object(given, "'shown'")
    return Shown(_kind(row), _text(row, "id"), _time(row, "since"))


def _step(row: Mapping[str, object]) -> Step:
    counts = (_count(row, "answers"), _count(row, "tried"), _count(row, "stops"), _count(row, "taken_up"))
    return Step(_kind(row), *counts, row.get("enough") is True)


def _kind(row: Mapping[str, object]) -> Kind:
    try:
        return Kind(_text(row, "kind"))
    except ValueError:
        _invalid(f"'kind' is not one of: {', '.join(Kind)}")


def _object(given: object, what: str) -> Mapping[str, object]:
    if not isinstance(given, dict):
        _invalid(f"{what} is no object")
    return given


def _list(row: Mapping[str, object], key: str) -> list[object]:
    given = row.get(key, [])
    if not isinstance(given, list):
        _invalid(f"'{key}' is no list")
    return given


def _rows(row: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    return [_object(one, f"an entry of '{key}'") for one in _list(row, key)]


def _text(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        _invalid(f"'{key}' is no text")
    return value


def _word_or_none(row: Mapping[str, object], key: str) -> str | None:
    return None if row.get(key) is None else _text(row, key)


def _count(row: Mapping[str, object], key: str) -> int:
    value = row.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _invalid(f"'{key}' is no count")
    return value


def _time(row: Mapping[str, object], key: str) -> datetime:
    try:
        time = datetime.fromisoformat(_text(row, key))
        return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        _invalid(f"'{key}' is no time")


def _invalid(reason: str) -> NoReturn:
    raise EvidenceError(ErrorCode.SESSION_INVALID, reason=reason)
