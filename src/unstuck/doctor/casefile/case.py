"""A case: everything a support desk needs, as values. The form on disk is in document.py, the bundle in bundle.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from unstuck.doctor.privacy.redaction import redact_all
from unstuck.model.diagnosis import Diagnosis
from unstuck.model.evidence import Fact, FactSet, SourceInfo
from unstuck.model.history import Tried

MOST_FACTS = 20_000
"""Facts kept beside those that prove something: about 5 MB of text, and a month of one phone."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the person: ids of the knowledge, and when it was given, where known."""

    question: str
    answer: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """How it ended, for learning: the cause it was, the fix that mended it (may be empty), and whose word it is."""

    cause: str
    fix: str
    by: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Redacted lines of evidence around a proof; ``lines`` is empty where ``why_not`` says why."""

    source: str
    locator: str
    lines: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``made`` is None where a document does not say it.

    ``missing``: a sentence for each part that could not be made, or is not whole.
    ``versions``: of ``unstuck``, ``python``, ``os``, ``phone``, ``app``, ``tracker_firmware``, where known.
    """

    made: datetime | None
    diagnosis: Diagnosis | None = None
    sources: tuple[SourceInfo, ...] = ()
    symptom: str = ""
    phone: str = ""
    make: str = ""
    replies: tuple[Reply, ...] = ()
    tried: tuple[Tried, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    pages: tuple[Page, ...] = ()
    missing: tuple[str, ...] = ()
    closed: Closed | None = None


def redacted(case: Case, paths: tuple[str, ...] = ()) -> Case:
    """The case with every identifier replaced, the same thing by the same pseudonym in all its parts.

    ``paths``: files and folders of this machine that its sentences may name.
    """
    paths = (*(source.path for source in case.sources), *(page.source for page in case.pages), *paths)
    return redact_all(case, case.diagnosis, paths)


def bounded(case: Case) -> Case:
    """The case with no more facts than are of use: all that prove something, and the newest of the others."""
    diagnosis = case.diagnosis
    if diagnosis is None or len(diagnosis.facts) <= MOST_FACTS:
        return case
    proving = {id(fact) for finding in diagnosis.findings for proof in finding.proof for fact in proof.facts}
    kept = set(proving)
    for fact in reversed(diagnosis.facts):
        if len(kept) >= MOST_FACTS + len(proving):
            break
        kept.add(id(fact))
    facts = tuple(fact for fact in diagnosis.facts if id(fact) in kept)
    said = f"Of {len(diagnosis.facts):,} facts {len(facts):,} are here: those that prove something, and the newest."
    return replace(case, diagnosis=replace(diagnosis, facts=facts), missing=(*case.missing, said))


def versions_seen(diagnosis: Diagnosis | None) -> dict[str, str]:
    """The versions of phone, app and tracker that the evidence names."""
    if diagnosis is None:
        return {}
    facts = FactSet(diagnosis.facts)
    found = {"phone": diagnosis.phone}
    installed = facts.latest("app.installed")
    if installed is not None and installed.text("version_name"):
        found["app"] = f"{installed.subject} {installed.text('version_name')}"
    devices = facts.all("tracker.device")
    own = [fact for fact in devices if diagnosis.tracker is not None and diagnosis.tracker.id in _names(fact)]
    firmware = facts.latest("tracker.firmware")
    if firmware is not None:
        found["tracker_firmware"] = firmware.text()
    elif own or len(devices) == 1:
        found["tracker_firmware"] = (own or devices)[-1].text("firmware")
    return {key: version for key, version in found.items() if version}


def _names(fact: Fact) -> tuple[str, str]:
    return fact.subject, fact.text("address").lower()
