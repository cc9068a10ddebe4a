"""A diagnosis as the JSON document that other programs read, exactly as ``diagnosis.schema.json`` says.

The keys are a contract (``unstuck.diagnosis/1``, described in docs/reference/diagnosis-json.md): within
one version nothing is renamed or removed.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from unstuck.model.diagnosis import (
    CauseEvidence,
    Diagnosis,
    NextQuestion,
    PlannedFix,
    RankedCause,
    TimelineEntry,
    Tracker,
    Unchecked,
)
from unstuck.model.evidence import Fact, Scalar, SourceInfo
from unstuck.model.records import AtRisk

SCHEMA_ID = "unstuck.diagnosis/1"
"""Name and version of the document."""

SUBJECT = "subject"
"""Part of a fact's value that says what the fact is about."""

BARE = "is"
"""Part of a fact's value that holds the scalar itself, when the fact also has a subject."""

Document = dict[str, Any]
"""A JSON object: keys as in the schema."""


def document(diagnosis: Diagnosis) -> Document:
    """The contract's object: JSON types only, times as RFC 3339 in UTC with Z.

    Numbers that are not finite become null, as JSON has none.
    """
    return {
        "schema": SCHEMA_ID,
        "verdict": diagnosis.verdict.value,
        "stuck_at": None if diagnosis.stuck_at is None else diagnosis.stuck_at.value,
        "since": moment(diagnosis.since),
        "tracker": _tracker(diagnosis.tracker),
        "at_risk": _at_risk(diagnosis.at_risk),
        "causes": [_cause(cause) for cause in diagnosis.causes],
        "plan": [_fix(fix) for fix in diagnosis.plan],
        "unchecked": [_unchecked(row) for row in diagnosis.unchecked],
        "next_question": _question(diagnosis.next_question),
        "facts": [fact_document(fact) for fact in diagnosis.facts],
        "timeline": [_entry(entry) for entry in diagnosis.timeline],
        "sources": [source_document(source) for source in diagnosis.sources],
        "notes": list(diagnosis.notes),
    }


def to_json(diagnosis: Diagnosis) -> str:
    """The document as text: indented, keys in the order of the contract, ends with a newline.

    Characters that UTF-8 cannot carry (halves of surrogate pairs, from damaged names) become ``?``.
    """
    text = json.dumps(document(diagnosis), indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def to_line(diagnosis: Diagnosis) -> str:
    """The same document on one line without its end, for streams of documents (NDJSON)."""
    text = json.dumps(document(diagnosis), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def schema() -> Document:
    """The published JSON Schema (2020-12) of the document."""
    return published("diagnosis")


def published(name: str) -> Document:
    """One of the JSON Schemas that ship with the program: diagnosis, session, questions or case."""
    text = resources.files("unstuck.doctor.telling").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    loaded: Document = json.loads(text)
    return loaded


def moment(time: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z, to the microsecond where there are any; None stays None."""
    return None if time is None else time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _tracker(tracker: Tracker | None) -> Document | None:
    return None if tracker is None else {"id": tracker.id, "name": tracker.name, "vendor": tracker.vendor}


def _at_risk(at_risk: AtRisk | None) -> Document | None:
    return None if at_risk is None else {"from": moment(at_risk.since), "lost_at": moment(at_risk.lost_at)}


def _cause(cause: RankedCause) -> Document:
    return {
        "id": cause.id,
        "probability": _finite(cause.probability),
        "hop": cause.hop.value,
        "title": cause.title,
        "evidence": [_evidence(line) for line in cause.evidence],
    }


def _evidence(line: CauseEvidence) -> Document:
    return {
        "finding": line.finding,
        "text": line.text,
        "source": line.source,
        "locator": line.locator,
        "time": moment(line.time),
        "excerpt": line.excerpt,
    }


def _fix(fix: PlannedFix) -> Document:
    return {
        "fix": fix.fix,
        "title": fix.title,
        "minutes": _finite(fix.minutes),
        "chance": _finite(fix.chance),
        "automatic": fix.automatic,
        "blocked": fix.blocked,
        "steps": list(fix.steps),
        "worked_when": fix.worked_when,
        "credit": fix.credit,
    }


def _unchecked(row: Unchecked) -> Document:
    return {"cause": row.cause, "how": row.how}


def _question(question: NextQuestion | None) -> Document | None:
    return None if question is None else {"id": question.id, "text": question.text, "answers": list(question.answers)}


def fact_document(fact: Fact) -> Document:
    """One fact, as in the document."""
    return {
        "name": fact.name,
        "value": _value(fact),
        "time": moment(fact.time),
        "source": fact.source,
        "locator": fact.locator,
    }


def _value(fact: Fact) -> Scalar | Document:
    if isinstance(fact.value, Mapping):
        parts: Document = {key: _finite(part) for key, part in fact.value.items()}
    elif fact.subject:
        parts = {BARE: _finite(fact.value)}
    else:
        return _finite(fact.value)
    if fact.subject:
        parts[SUBJECT] = fact.subject
    return parts


def _entry(entry: TimelineEntry) -> Document:
    return {"time": moment(entry.time), "hop": entry.hop.value, "text": entry.text}


def source_document(source: SourceInfo) -> Document:
    """A source as in ``sources[]``."""
    return {
        "path": source.path,
        "kind": source.kind,
        "records": source.records,
        "span": None if source.span is None else [moment(source.span[0]), moment(source.span[1])],
        "skipped": source.skipped,
        "clock_skew_s": _finite(source.clock_skew_s),
        "problems": list(source.problems),
    }


def _finite(value: Scalar) -> Scalar:
    return None if isinstance(value, float) and not math.isfinite(value) else value
