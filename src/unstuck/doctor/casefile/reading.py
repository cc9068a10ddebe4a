"""A case document that came from elsewhere, as a case: as far as it is one."""

from unstuck.doctor.casefile.case import Case, Closed, Page, Reply
from unstuck.doctor.telling.history import tried_of
from unstuck.doctor.telling.reading import Given, diagnosis_of, rows, sources_of, text, texts, time
from unstuck.model.errors import EvidenceError
from unstuck.model.history import Tried


def case_of(document: Given) -> Case:
    """The case. Parts that are not as they should be are left out; nothing is raised for them."""
    given = document.get("versions")
    versions = {str(name): str(one)[:200] for name, one in given.items() if one} if isinstance(given, dict) else {}
    symptom = document.get("symptom")
    diagnosis = diagnosis_of(document.get("diagnosis"), document.get("picture"))
    return Case(
        made=time(document, "made"),
        diagnosis=diagnosis,
        sources=sources_of(document) or (diagnosis.sources if diagnosis is not None else ()),
        symptom=text(symptom, "id") if isinstance(symptom, dict) else "",
        phone=text(document, "phone"),
        make=text(document, "make"),
        replies=tuple(_reply(row) for row in rows(document, "answers")),
        tried=tuple(tried for row in rows(document, "tried") if (tried := _tried(row)) is not None),
        versions=versions,
        pages=tuple(_page(row) for row in rows(document, "evidence")),
        missing=texts(document, "missing"),
        closed=_closed(document.get("closed")),
    )


def _reply(row: Given) -> Reply:
    return Reply(text(row, "question"), text(row, "answer"), time(row, "at"))


def _tried(row: Given) -> Tried | None:
    try:
        return tried_of(row)
    except EvidenceError:
        return None


def _page(row: Given) -> Page:
    return Page(text(row, "source"), text(row, "locator"), why_not=text(row, "why_not"))


def _closed(given: object) -> Closed | None:
    if not isinstance(given, dict):
        return None
    cause, when = text(given, "cause"), time(given, "when")
    return Closed(cause, text(given, "fix"), text(given, "by"), when) if cause and when is not None else None
