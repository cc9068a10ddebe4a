"""What was tried, as JSON and back: the one form for the journal of fixes and the case file.

An entry is an object with ``fix``, ``began``, ``ended``, ``how``, ``result``, ``changes`` and ``note``; times
are RFC 3339 in UTC. Within ``unstuck.fixes/1`` nothing is renamed or removed.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn, TypeVar

from unstuck.doctor.telling.document import Document, moment
from unstuck.model.errors import ErrorCode, EvidenceError
from unstuck.model.history import Change, How, Result, Tried

SCHEMA_ID = "unstuck.fixes/1"
"""Name and version of the journal of fixes."""

_Word = TypeVar("_Word", bound=StrEnum)


def history_documents(history: Iterable[Tried]) -> list[Document]:
    """Entries as JSON objects, in the same order."""
    return [tried_document(one) for one in history]


def history_of(given: object) -> tuple[Tried, ...]:
    """The entries of a JSON list. EvidenceError (HISTORY_INVALID) where it is not one of ours."""
    if not isinstance(given, list):
        _invalid("the list of what was tried is no list")
    return tuple(tried_of(one) for one in given)


def tried_document(tried: Tried) -> Document:
    """One entry as a JSON object."""
    return {
        "fix": tried.fix,
        "began": moment(tried.began),
        "ended": moment(tried.ended),
        "how": tried.how.value,
        "result": tried.result.value,
        "changes": [
            {"what": one.what, "before": one.before, "after": one.after, "undone": one.undone} for one in tried.changes
        ],
        "note": tried.note,
    }


def tried_of(given: object) -> Tried:
    """One entry; unknown keys are passed over. EvidenceError (HISTORY_INVALID) where it is not one of ours."""
    row = _object(given, "an entry")
    began = _time(row, "began")
    if began is None:
        _invalid("an entry does not say when it began")
    changes = row.get("changes", [])
    if not isinstance(changes, list):
        _invalid("'changes' is no list")
    return Tried(
        fix=_text(row, "fix"),
        began=began,
        how=_word(row, "how", How),
        result=_word(row, "result", Result),
        ended=_time(row, "ended"),
        changes=tuple(_change(one) for one in changes),
        note=_text(row, "note") if "note" in row else "",
    )


def _change(given: object) -> Change:
    row = _object(given, "a change")
    undone = row.get("undone", False)
    if not isinstance(undone, bool):
        _invalid("'undone' is neither true nor false")
    return Change(_text(row, "what"), _text(row, "before"), _text(row, "after"), undone)


def _object(given: object, what: str) -> Mapping[str, object]:
    if not isinstance(given, dict):
        _invalid(f"{what} is no object")
    return given


def _text(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        _invalid(f"'{key}' is no text")
    return value


def _word(row: Mapping[str, object], key: str, words: type[_Word]) -> _Word:
    try:
        return words(_text(row, key))
    except ValueError:
        _invalid(f"'{key}' is not one of: {', '.join(words)}")


def _time(row: Mapping[str, object], key: str) -> datetime | None:
    if row.get(key) is None:
        return None
    try:
        time = datetime.fromisoformat(_text(row, key))
        return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        _invalid(f"'{key}' is no time")


def _invalid(reason: str) -> NoReturn:
    raise EvidenceError(ErrorCode.HISTORY_INVALID, reason=reason)
