"""A diagnosis as the pages show it: the values of the command line's report, for a template. Pure."""

from typing import Any

from unstuck.doctor.telling import wording
from unstuck.model.diagnosis import Diagnosis, Verdict
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
        "unchecked": wording.grouped_unchecked(diagnosis.unchecked),
        "inconclusive": diagnosis.verdict is Verdict.INCONCLUSIVE,
    }
