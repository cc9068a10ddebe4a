"""A diagnosis as the pages show it: the values of the command line's report, for a template. Pure."""

from typing import Any

from unstuck.doctor.diagnose import GATE_QUESTIONS
from unstuck.doctor.telling import wording
from unstuck.model.diagnosis import Diagnosis, PlannedFix, Verdict
from unstuck.model.worded import Worded, worded
from unstuck.web.pages.base.i18n import noop
from unstuck.web.report.html import causes_shown, links


def diagnosis_values(diagnosis: Diagnosis) -> dict[str, Any]:
    """For ``wrong/diagnosis.html.j2``."""
    return {
        "d": diagnosis,
        "w": wording,
        "clock": wording.clock_of(diagnosis),
        "tracker": wording.tracker_name(diagnosis.tracker),
        "links": links(diagnosis),
        "causes": causes_shown(diagnosis),
        "plan": wording.split_plan(diagnosis),
        "closed": closed_doors(diagnosis),
        "unchecked": wording.grouped_unchecked(diagnosis.unchecked),
        "where": where,
        "inconclusive": diagnosis.verdict is Verdict.INCONCLUSIVE,
    }


_CHAIN_PLACES = {
    "attempt": noop("attempt {number}"),
    "attempts": noop("attempts {number}"),
    "event": noop("event {number}"),
    "ledger": noop("ledger {number}"),
    "line": noop("line {number}"),
    "packet": noop("packet {number}"),
    "row": noop("row {number}"),
}
"""Kinds of places that a locator begins with."""


def where(locator: str) -> str:
    """A place as words, where it is of a kind that is known."""
    kind, _, number = locator.partition(" ")
    if isinstance(locator, Worded) or not number or kind not in _CHAIN_PLACES:
        return locator
    return worded(_CHAIN_PLACES[kind], number=number)


def closed_doors(diagnosis: Diagnosis) -> list[tuple[PlannedFix, str]]:
    """Steps that must not be done now, each with the question that may open it, empty where there is none."""
    found = []
    for step in diagnosis.plan:
        if step.blocked is not None:
            opens = [id_ for guard, id_ in GATE_QUESTIONS.items() if step.held_by == (guard.value,)]
            found.append((step, opens[0] if opens else ""))
    return found
