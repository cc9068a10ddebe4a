"""The files of a case's bundle: a case that was redacted enters, texts by name leave."""

from dataclasses import replace

from unstuck.doctor.casefile.bundle import CASE, README, REPORT
from unstuck.doctor.casefile.case import Case
from unstuck.doctor.casefile.document import case_document, case_json, evidence_name
from unstuck.doctor.casefile.readme import readme
from unstuck.model.errors import UnstuckError
from unstuck.web.report.html import report


def members_of(case: Case) -> dict[str, str]:
    """The files of the bundle of a case that was redacted."""
    pages = {evidence_name(n): "\n".join(page.lines) + "\n" for n, page in enumerate(case.pages, 1) if page.lines}
    members = {README: "", CASE: ""}
    if case.diagnosis is not None:
        try:
            members[REPORT] = report(case.diagnosis)
        except UnstuckError as error:
            case = replace(case, missing=(*case.missing, f"The report could not be drawn: {error}"))
    members[CASE] = case_json(case_document(case))
    members |= pages
    members[README] = readme(case, tuple(members))
    return members
