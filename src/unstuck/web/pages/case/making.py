"""A case from what is known of an account's trouble: what the person chose enters, a redacted bundle leaves."""

import platform
from dataclasses import dataclass

from unstuck import __version__
from unstuck.doctor.casefile.bundle import open_bundle, pack
from unstuck.doctor.casefile.case import Case, Reply, bounded, redacted, versions_seen
from unstuck.doctor.casefile.reading import case_of
from unstuck.doctor.diagnose import answer_facts, diagnose
from unstuck.doctor.guide.machine import options_of, said
from unstuck.model.history import Tried
from unstuck.model.worded import worded
from unstuck.web.pages.base.i18n import noop
from unstuck.web.pages.wrong.finding import Found
from unstuck.web.report.members import members_of

PARTS = (
    ("evidence", noop("What was read of files and seen of the chain, with the proof")),
    ("answers", noop("What you noticed, and your answers")),
    ("tried", noop("What was tried, and what came of it")),
    ("versions", noop("Versions of this program, of the phone, the app and the tracker")),
)
"""What may go in or stay out, by id."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Ids of :data:`PARTS`."""

    parts: frozenset[str]


def make(found: Found, tried: tuple[Tried, ...], wanted: Wanted) -> bytes:
    """The bundle. Nothing of what was left out is in it, nor in the diagnosis, which is made anew without it."""
    session, parts = found.session, wanted.parts
    readings = found.readings if "evidence" in parts else ()
    answers = said(session) if "answers" in parts else ()
    options = options_of(session)
    if "tried" not in parts:
        options = type(options)(symptom=options.symptom, says_stuck=options.says_stuck, phone=options.phone)
    if "answers" not in parts:
        options = type(options)(tried=options.tried)
    diagnosis = diagnose([*readings, *answer_facts(answers)], options, found.now)
    left_out = [str(words) for id_, words in PARTS if id_ not in parts]
    own = {"unstuck": __version__, "python": platform.python_version(), "os": platform.system()}
    case = Case(
        made=found.now,
        diagnosis=diagnosis,
        sources=tuple(reading.source for reading in readings),
        symptom=(session.symptom or "") if "answers" in parts else "",
        phone=(session.phone or "") if "answers" in parts else "",
        make=(session.make or "") if "answers" in parts else "",
        replies=tuple(Reply(one.question, one.answer, one.at) for one in session.answers) if answers else (),
        tried=tried if "tried" in parts else (),
        versions={**own, **versions_seen(diagnosis)} if "versions" in parts else {},
        missing=tuple(worded(noop("Left out by the owner: {part}."), part=words) for words in left_out),
    )
    return pack(members_of(redacted(bounded(case))))


def opened(bundle: bytes) -> Case:
    """As whoever gets it reads it. EvidenceError: nothing is left of it."""
    return case_of(open_bundle(bundle, "case.zip").document)
