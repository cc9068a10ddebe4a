"""``unstuck case open`` and ``show``: what is in a case file from elsewhere. Nothing of it is run or trusted."""

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from unstuck.cli.output import write_report
from unstuck.cli.page import Page
from unstuck.cli.status import ExitStatus
from unstuck.cli.terminal import render
from unstuck.doctor.casefile.bundle import MOST_BYTES, Opened, open_bundle
from unstuck.doctor.casefile.case import Case, Reply
from unstuck.doctor.casefile.document import VERSIONS
from unstuck.doctor.casefile.reading import case_of
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.telling import wording
from unstuck.evidence.intake.limits import amount
from unstuck.model.diagnosis import Verdict
from unstuck.model.errors import ErrorCode, EvidenceError, UsageError
from unstuck.model.history import Result, Tried

_STATUS = {
    Verdict.HEALTHY: ExitStatus.HEALTHY,
    Verdict.STUCK: ExitStatus.STUCK,
    Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
}
_RESULTS = {
    Result.HELPED: "it helped",
    Result.DID_NOT_HELP: "it did not help",
    Result.UNDONE: "it did not help and was taken back",
    Result.FAILED: "it could not be done",
    Result.DECLINED: "skipped",
    Result.BLOCKED: "held back: it could have done harm",
    Result.UNKNOWN: "what came of it is not known",
}
_VERSION_NAMES = {"unstuck": "Unstuck", "python": "Python", "os": "system", "tracker_firmware": "tracker"}


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """The command line as given."""

    file: Path
    json_file: str = ""
    html_file: str = ""
    plain: bool = False


def read_case_file(file: Path) -> Opened:
    """What can be read of it. UsageError where there is no such file, EvidenceError where nothing of a case is left."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=error.strerror or "cannot be read") from error
    return open_bundle(data, str(file))


def run(request: OpenRequest) -> ExitStatus:
    """Show it and return the exit status."""
    page = _page(request.plain)
    try:
        opened = read_case_file(request.file)
    except EvidenceError as error:
        page.paragraph(str(error), "yellow")
        return ExitStatus.UNREADABLE
    case = case_of(opened.document)
    if request.json_file:
        text = json.dumps(opened.document, indent=2, ensure_ascii=False)
        write_report(request.json_file, text.encode("utf-8", "replace").decode("utf-8"), (request.file,))
    if request.html_file and case.diagnosis is not None:
        from unstuck.web.report.html import report

        # Drawn anew from the values: the page in the bundle may be anything.
        write_report(request.html_file, report(case.diagnosis), (request.file,))
    if request.json_file != "-":
        _show_case(page, opened, case, request)
    return _STATUS[case.diagnosis.verdict] if case.diagnosis is not None else ExitStatus.INCONCLUSIVE


def show(file: Path, *, plain: bool = False) -> ExitStatus:
    """List the files in it with their sizes, and what was replaced."""
    page = _page(plain)
    try:
        opened = read_case_file(file)
    except EvidenceError as error:
        page.paragraph(str(error), "yellow")
        return ExitStatus.UNREADABLE
    for problem in opened.problems:
        page.paragraph(problem, "yellow")
    page.paragraph("In this case file", "bold")
    for name, size in opened.sizes.items():
        page.row(name, amount(size), indent=3)
    redaction = opened.document.get("redaction")
    replaced = redaction.get("replaced") if isinstance(redaction, dict) else None
    if isinstance(replaced, dict) and replaced:
        told = ", ".join(f"{kind}: {count}" for kind, count in replaced.items())
        page.paragraph(f"Replaced by pseudonyms: {told}", indent=3)
    page.paragraph(
        "Look at the rest: unstuck case open FILE, and report.html inside in a web browser.", "dim", indent=3
    )
    return ExitStatus.HEALTHY


def _page(plain: bool) -> Page:
    return Page(Console(no_color=plain or None, highlight=False), plain)


def _show_case(page: Page, opened: Opened, case: Case, request: OpenRequest) -> None:
    made = "" if case.made is None else f", made {wording.Clock('').time(case.made)} (UTC)"
    page.blank()
    page.paragraph(f"Case file{made}", "bold")
    for problem in opened.problems:
        page.paragraph(problem, "yellow")
    for sentence in case.missing:
        page.paragraph(sentence, "yellow")
    versions = [f"{_VERSION_NAMES.get(name, name)} {case.versions[name]}" for name in VERSIONS if name in case.versions]
    if versions:
        page.paragraph(" · ".join(versions), "dim")
    if case.diagnosis is not None:
        render(case.diagnosis, Console(no_color=request.plain or None, highlight=False), plain=request.plain)
    else:
        page.paragraph("No diagnosis is left in it.", "yellow")
        for source in case.sources:
            page.paragraph(f"{source.path}: {wording.kind_name(source.kind)}", indent=3)
        page.blank()
    _told(page, case)
    _tried(page, case)
    if case.closed is not None:
        fix = load().fixes.get(case.closed.fix)
        cause = load().causes.get(case.closed.cause)
        page.paragraph(f"Closed: {cause.title if cause else case.closed.cause}", "bold")
        if case.closed.fix:
            page.paragraph(f"Mended by: {fix.title if fix else case.closed.fix}", indent=3)
        page.blank()


def _told(page: Page, case: Case) -> None:
    symptom = load().symptoms.get(case.symptom)
    if symptom is None and not case.replies:
        return
    page.paragraph("What the person said", "bold")
    if symptom is not None:
        page.paragraph(symptom.says, indent=3)
    for reply in case.replies:
        page.paragraph(_reply(reply), indent=3)
    page.blank()


def _reply(reply: Reply) -> str:
    question = load().questions.get(reply.question)
    if question is None:
        return f"{reply.question}: {reply.answer}"
    answers = {answer.id: answer.text for answer in question.answers}
    return f"{question.text} {answers.get(reply.answer, 'not known')}"


def _tried(page: Page, case: Case) -> None:
    if not case.tried:
        return
    page.paragraph("What was tried", "bold")
    clock = wording.Clock("")
    for one in case.tried:
        page.row(f"{_title(one)}: {_RESULTS[one.result]}", clock.time(one.began), indent=3)
        for change in one.changes:
            undone = ", taken back" if change.undone else ""
            page.paragraph(f"{change.what}: {change.before} to {change.after}{undone}", "dim", indent=5)
        if one.note:
            page.paragraph(one.note, "dim", indent=5)
    page.blank()


def _title(tried: Tried) -> str:
    fix = load().fixes.get(tried.fix)
    return fix.title if fix is not None else tried.fix
