"""What must hold between the knowledge files; the first contradiction found is raised as KnowledgeError.

The readers in :mod:`unstuck.doctor.knowledge.loader` check each row by itself (types, ranges, sources);
here rows are checked against each other.
"""

from collections import Counter
from collections.abc import Iterable

from unstuck.doctor.knowledge.rows import invalid
from unstuck.doctor.knowledge.schema import Boundary, EvidenceKind, Knowledge, Link

STRONG = 0.5
"""From this strength on, a cause alone makes its finding more likely than not."""

STRONG_CAUSES_MAX = 4
"""More strong causes than this and the finding tells nothing apart (design: "at most four causes"). What is seen of a
whole way ("the app finds no tracker") is explained by all that closes it and by nothing else: that splits the catalogue
well, so there each strong cause must close the way, however many they are."""

MENDS_NOTHING_BY_ITSELF = frozenset({"contact_support", "wait_for_vendor"})
"""Fixes that others carry out; the catalogue allows them to mend no cause of ours."""

SYMPTOM_PREFIX = "symptom."
"""A symptom is a finding with this before its id."""


def check(knowledge: Knowledge) -> None:
    """Raise KnowledgeError (KNOWLEDGE_INVALID) if the files contradict each other."""
    _links(knowledge)
    _answers(knowledge)
    _fixes(knowledge)
    _causes(knowledge)


def _causes(knowledge: Knowledge) -> None:
    shown = {link.cause for finding in knowledge.findings.values() for link in finding.links}
    mended = {mend.cause for fix in knowledge.fixes.values() for mend in fix.mends}
    for cause in knowledge.causes.values():
        if not cause.id.startswith(f"{cause.hop}."):
            invalid(f"cause {cause.id} does not begin with its hop '{cause.hop}'")
        if cause.id not in shown:
            invalid(f"cause {cause.id} has no finding: nothing could ever speak for it")
        if cause.fault and cause.id not in mended:
            invalid(f"cause {cause.id} is a fault that no fix mends")


def _links(knowledge: Knowledge) -> None:
    for finding in knowledge.findings.values():
        if finding.id.startswith(SYMPTOM_PREFIX):
            invalid(f"finding {finding.id}: '{SYMPTOM_PREFIX}' is kept for symptoms")
        _check_links(knowledge, f"finding {finding.id}", finding.links, finding.way)
    for symptom in knowledge.symptoms.values():
        _known_causes(knowledge, f"symptom {symptom.id}", (link.cause for link in symptom.links))


def _check_links(knowledge: Knowledge, where: str, links: tuple[Link, ...], way: Boundary | None) -> None:
    _known_causes(knowledge, where, (link.cause for link in links))
    strong = [link.cause for link in links if link.strength >= STRONG]
    if way is None and len(strong) > STRONG_CAUSES_MAX:
        invalid(f"{where} is strongly explained by {len(strong)} causes, more than {STRONG_CAUSES_MAX}")
    for cause in strong:
        if way is not None and way not in knowledge.causes[cause].closes:
            invalid(f"{where} is seen of the way '{way}', which {cause} does not close")


def _known_causes(knowledge: Knowledge, where: str, causes: Iterable[str]) -> None:
    counted = Counter(causes)
    for cause, times in counted.items():
        if cause not in knowledge.causes:
            invalid(f"{where} names the unknown cause {cause}")
        if times > 1:
            invalid(f"{where} names the cause {cause} twice")


def _answers(knowledge: Knowledge) -> None:
    asked: set[str] = set()
    for question in knowledge.questions.values():
        ids = Counter(answer.id for answer in question.answers)
        twice = [answer for answer, times in ids.items() if times > 1]
        if twice:
            invalid(f"question {question.id} has the answer {twice[0]} twice")
        for answer in question.answers:
            for finding in answer.findings:
                symptom = finding.removeprefix(SYMPTOM_PREFIX)
                known = symptom in knowledge.symptoms if symptom != finding else finding in knowledge.findings
                if not known:
                    invalid(f"question {question.id}, answer {answer.id} names the unknown finding {finding}")
                asked.add(finding)
    for spec in knowledge.findings.values():
        if spec.seen_in == (EvidenceKind.ANSWER,) and spec.id not in asked:
            invalid(f"finding {spec.id} is seen in answers only, but no answer sets it")


def _fixes(knowledge: Knowledge) -> None:
    for fix in knowledge.fixes.values():
        if not fix.mends and fix.id not in MENDS_NOTHING_BY_ITSELF:
            invalid(f"fix {fix.id} mends nothing")
        _known_causes(knowledge, f"fix {fix.id}", (mend.cause for mend in fix.mends))
