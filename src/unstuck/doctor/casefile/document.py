"""A case as the JSON document in the bundle, exactly as ``case.schema.json`` says (docs/reference/case-json.md)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from unstuck.doctor.casefile.case import Case, Closed, Page, Reply
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.privacy.identifiers import PSEUDONYM
from unstuck.doctor.telling.document import Document, document, moment, published, source_document
from unstuck.doctor.telling.history import history_documents
from unstuck.model.diagnosis import Diagnosis, Finding, State

SCHEMA_ID = "unstuck.case/1"
"""Name and version of the document."""

VERSIONS = ("unstuck", "python", "os", "phone", "app", "tracker_firmware")
"""What has a version; null in the document where it is not known."""

_REDACTED = (
    "Addresses, names, accounts, serials, networks, places, hosts, folders and files were replaced by pseudonyms before"
    " this was written; the same thing has the same pseudonym throughout. The key was not kept."
)


def case_document(case: Case) -> Document:
    """The document of a case that was redacted."""
    diagnosis = case.diagnosis
    # What no other part could make up for comes first: a file that is cut off loses its end.
    found: Document = {
        "schema": SCHEMA_ID,
        "made": moment(case.made),
        "versions": {name: case.versions.get(name) for name in VERSIONS},
        "missing": list(case.missing),
        "closed": None if case.closed is None else closed_document(case.closed),
        "symptom": _symptom(case.symptom),
        "phone": case.phone or None,
        "make": case.make or None,
        "answers": [_reply(reply) for reply in case.replies],
        "tried": history_documents(case.tried),
        "picture": None if diagnosis is None else _picture(diagnosis),
        "sources": [source_document(source) for source in case.sources],
        "diagnosis": None if diagnosis is None else document(diagnosis),
        "excerpts": [] if diagnosis is None else list(_excerpts(diagnosis.findings)),
        "evidence": [_page(number, page) for number, page in enumerate(case.pages, 1)],
    }
    found["redaction"] = {"how": _REDACTED, "replaced": pseudonyms(json.dumps(found, ensure_ascii=False))}
    return found


def case_json(found: Mapping[str, object]) -> str:
    """The document as text. Characters that UTF-8 cannot carry become ``?``."""
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def closed_document(closed: Closed) -> Document:
    """The label of a closed case."""
    return {"cause": closed.cause, "fix": closed.fix or None, "by": closed.by, "when": moment(closed.when)}


def pseudonyms(text: str) -> dict[str, int]:
    """How many different things of each kind were replaced in a text."""
    kinds = Counter(found[1:-1].split(" ")[0] for found in {match[0] for match in PSEUDONYM.finditer(text)})
    return dict(sorted(kinds.items()))


def evidence_name(number: int) -> str:
    """The name of a page of evidence in the bundle."""
    return f"evidence/{number:03d}.txt"


def schema() -> Document:
    """The published JSON Schema (2020-12) of the document."""
    return published("case")


def _picture(diagnosis: Diagnosis) -> Document:
    """What a view shows beside the diagnosis document."""
    return {
        "headline": diagnosis.headline,
        "judged_at": moment(diagnosis.judged_at),
        "phone": diagnosis.phone,
        "zone": diagnosis.zone,
        "hops": [{"hop": hop.value, "state": state.value, "text": text} for hop, state, text in diagnosis.hops],
    }


def _symptom(symptom: str) -> Document | None:
    known = load().symptoms.get(symptom)
    return {"id": symptom, "text": known.says if known is not None else ""} if symptom else None


def _reply(reply: Reply) -> Document:
    question = load().questions.get(reply.question)
    answers = {answer.id: answer.text for answer in question.answers} if question is not None else {}
    return {
        "question": reply.question,
        "text": question.text if question is not None else "",
        "answer": reply.answer,
        "answer_text": answers.get(reply.answer, "I don't know" if reply.answer == "unsure" else ""),
        "at": moment(reply.at),
    }


def _excerpts(findings: tuple[Finding, ...]) -> Iterator[Document]:
    """Where every finding that is known was seen, with what stands there."""
    for finding in findings:
        if finding.state is State.UNKNOWN:
            continue
        for proof in finding.proof:
            for fact in proof.facts:
                yield {
                    "finding": finding.id,
                    "state": finding.state.value,
                    "text": proof.text,
                    "source": fact.source,
                    "locator": fact.locator,
                    "time": moment(fact.time),
                    "excerpt": fact.excerpt,
                }


def _page(number: int, page: Page) -> Document:
    return {
        "source": page.source,
        "locator": page.locator,
        "file": evidence_name(number) if page.lines else None,
        "why_not": page.why_not or None,
    }
