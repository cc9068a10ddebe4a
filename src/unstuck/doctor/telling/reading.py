"""A diagnosis document back as values, so that another desk sees the same picture.

The document comes from elsewhere and may be cut off, altered or of a later version: what is not as it should be is
left out, row by row; nothing here raises for it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.telling.document import BARE, SUBJECT
from unstuck.model.diagnosis import (
    CauseEvidence,
    Diagnosis,
    HopState,
    NextQuestion,
    PlannedFix,
    RankedCause,
    TimelineEntry,
    Tracker,
    Unchecked,
    Verdict,
)
from unstuck.model.evidence import Fact, Scalar, SourceInfo, Value
from unstuck.model.hop import Hop
from unstuck.model.records import AtRisk

MOST_TEXT = 4_000
"""Characters kept of one text: our longest sentence has 300."""

Given = Mapping[str, object]
_Word = TypeVar("_Word", bound=StrEnum)
_Made = TypeVar("_Made")


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A row is not as it should be."""


def diagnosis_of(given: object, picture: object = None) -> Diagnosis | None:
    """The diagnosis of a document, and what a view needs beside it (``picture`` of a case); None where it is none."""
    if not isinstance(given, dict) or "verdict" not in given:
        return None
    beside = picture if isinstance(picture, dict) else {}
    try:
        verdict = _word(given, "verdict", Verdict)
    except _Wrong:
        return None
    return Diagnosis(
        verdict=verdict,
        headline=text(beside, "headline"),
        stuck_at=hop(given, "stuck_at"),
        since=time(given, "since"),
        judged_at=time(beside, "judged_at"),
        tracker=_one(given.get("tracker"), lambda row: Tracker(*(text(row, key) for key in ("id", "name", "vendor")))),
        phone=text(beside, "phone"),
        zone=text(beside, "zone"),
        at_risk=_one(given.get("at_risk"), _at_risk),
        hops=_hops(beside),
        causes=_all(given, "causes", _cause),
        plan=_all(given, "plan", _fix),
        unchecked=_all(given, "unchecked", _unchecked),
        next_question=_one(given.get("next_question"), _question),
        findings=(),
        facts=_all(given, "facts", _fact),
        timeline=_all(given, "timeline", _entry),
        sources=sources_of(given),
        notes=texts(given, "notes"),
    )


def sources_of(given: Given) -> tuple[SourceInfo, ...]:
    """The list ``sources`` of a document."""
    return _all(given, "sources", _source)


def rows(given: Given, key: str) -> Iterator[Given]:
    """The objects of a list; everything else in it is passed over."""
    found = given.get(key)
    yield from (row for row in found if isinstance(row, dict)) if isinstance(found, list) else ()


def texts(given: Given, key: str) -> tuple[str, ...]:
    """The texts of a list."""
    found = given.get(key)
    return tuple(one[:MOST_TEXT] for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def text(given: Given, key: str) -> str:
    """A text; empty where there is none."""
    found = given.get(key)
    return found[:MOST_TEXT] if isinstance(found, str) else ""


def time(given: Given, key: str) -> datetime | None:
    """A time in UTC; None where there is none."""
    try:
        found = datetime.fromisoformat(text(given, key))
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def hop(given: Given, key: str) -> Hop | None:
    """A hop; None where there is none."""
    found = text(given, key)
    return Hop(found) if found in set(Hop) else None


def _all(given: Given, key: str, make: Callable[[Given], _Made]) -> tuple[_Made, ...]:
    made = (_one(row, make) for row in rows(given, key))
    return tuple(one for one in made if one is not None)


def _one(given: object, make: Callable[[Given], _Made]) -> _Made | None:
    if not isinstance(given, dict):
        return None
    try:
        return make(given)
    except _Wrong:
        return None


def _word(given: Given, key: str, words: type[_Word]) -> _Word:
    try:
        return words(text(given, key))
    except ValueError:
        raise _Wrong from None


def _number(given: Given, key: str) -> float:
    found = given.get(key)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
        raise _Wrong
    return float(found)


def _share(given: Given, key: str) -> float:
    return min(max(_number(given, key), 0.0), 1.0)


def _count(given: Given, key: str) -> int:
    return max(0, int(_number(given, key)))


def _named(given: Given, key: str) -> str:
    found = text(given, key)
    if not found:
        raise _Wrong
    return found


def _at_risk(row: Given) -> AtRisk:
    since, lost_at = time(row, "from"), time(row, "lost_at")
    if since is None or lost_at is None:
        raise _Wrong
    return AtRisk(since, lost_at)


def _hops(beside: Given) -> tuple[tuple[Hop, HopState, str], ...]:
    told = _all(beside, "hops", lambda row: (_word(row, "hop", Hop), _word(row, "state", HopState), text(row, "text")))
    known = {place: (place, state, words) for place, state, words in told}
    return tuple(known.get(place, (place, HopState.UNCHECKED, "")) for place in Hop)


def _cause(row: Given) -> RankedCause:
    evidence = _all(row, "evidence", _evidence)
    return RankedCause(
        _named(row, "id"), _word(row, "hop", Hop), text(row, "title"), _share(row, "probability"), evidence
    )


def _evidence(row: Given) -> CauseEvidence:
    finding, words, source, locator, excerpt = (
        text(row, key) for key in ("finding", "text", "source", "locator", "excerpt")
    )
    return CauseEvidence(finding, words, source, locator, time(row, "time"), excerpt)


def _fix(row: Given) -> PlannedFix:
    return PlannedFix(
        _named(row, "fix"),
        text(row, "title"),
        max(0.0, _number(row, "minutes")),
        _share(row, "chance"),
        row.get("automatic") is True,
        text(row, "blocked") or None,
        texts(row, "steps"),
        text(row, "worked_when"),
        text(row, "credit"),
    )


def _unchecked(row: Given) -> Unchecked:
    cause = _named(row, "cause")
    known = load().causes.get(cause)
    return Unchecked(cause, known.title if known is not None else cause, text(row, "how"))


def _question(row: Given) -> NextQuestion:
    return NextQuestion(_named(row, "id"), text(row, "text"), texts(row, "answers"))


def _fact(row: Given) -> Fact:
    value, subject = _value(row.get("value"))
    return Fact(_named(row, "name"), value, time(row, "time"), text(row, "source"), text(row, "locator"), "", subject)


def _value(given: object) -> tuple[Value, str]:
    if not isinstance(given, dict):
        return _scalar(given), ""
    parts = {str(key)[:MOST_TEXT]: _scalar(part) for key, part in given.items()}
    subject = str(parts.pop(SUBJECT, "") or "")
    return (parts[BARE] if set(parts) == {BARE} else parts), subject


def _scalar(given: object) -> Scalar:
    if isinstance(given, str):
        return given[:MOST_TEXT]
    return given if isinstance(given, (bool, int, float)) else None


def _entry(row: Given) -> TimelineEntry:
    moment = time(row, "time")
    if moment is None:
        raise _Wrong
    return TimelineEntry(moment, _word(row, "hop", Hop), text(row, "text"))


def _source(row: Given) -> SourceInfo:
    span = row.get("span")
    ends = [time({"at": end}, "at") for end in span[:2]] if isinstance(span, list) else []
    first, last = ends if len(ends) == 2 else (None, None)
    records = _count(row, "records")
    problems = texts(row, "problems")
    return SourceInfo(
        _named(row, "path"),
        text(row, "kind"),
        records,
        (first, last) if first is not None and last is not None else None,
        _count(row, "skipped"),
        _number(row, "clock_skew_s") if row.get("clock_skew_s") is not None else 0.0,
        problems,
        readable=bool(records) or not problems,  # the document does not say it; nothing used comes with a sentence
    )
