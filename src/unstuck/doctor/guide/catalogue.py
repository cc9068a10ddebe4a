"""Every question with its answers and what each says, every symptom and every fix, as one JSON document."""

from unstuck.doctor.guide.devices import MAKES, PHONES
from unstuck.doctor.guide.state import OTHER, UNSURE
from unstuck.doctor.knowledge.schema import Knowledge
from unstuck.doctor.telling.document import Document, published
from unstuck.model.diagnosis import State

SCHEMA_ID = "unstuck.questions/1"
"""Name and version of the document."""


def questions_document(knowledge: Knowledge) -> Document:
    """The document, in the order of the knowledge."""
    return {
        "schema": SCHEMA_ID,
        "questions": [
            {
                "id": question.id,
                "text": question.text,
                "minutes": question.minutes,
                "look_up": dict(question.look_up),
                "answers": [
                    {
                        "id": answer.id,
                        "text": answer.text,
                        "findings": {
                            finding: (State.YES if holds else State.NO).value
                            for finding, holds in answer.findings.items()
                        },
                    }
                    for answer in question.answers
                ]
                + [{"id": UNSURE, "text": "I don't know", "findings": {}}],
            }
            for question in knowledge.questions.values()
        ],
        "symptoms": [{"id": symptom.id, "text": symptom.says} for symptom in knowledge.symptoms.values()]
        + [{"id": OTHER, "text": "Something else"}],
        "makes": [{"id": id_, "text": name} for id_, name in MAKES.items()],
        "phones": [{"id": id_, "text": name} for id_, name in PHONES.items()],
        "fixes": [{"id": fix.id, "text": fix.title} for fix in knowledge.fixes.values()],
    }


def schema() -> Document:
    """The published JSON Schema (2020-12) of the document."""
    return published("questions")
