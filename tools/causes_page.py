"""The table of every cause and the kinds of evidence that can show it, drawn from the knowledge."""

from collections.abc import Iterable

from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Cause, EvidenceKind, FindingSpec, Knowledge
from unstuck.model.hop import Hop

_COLUMNS = {
    EvidenceKind.HCI: "Bluetooth log",
    EvidenceKind.BUGREPORT: "Android bug report",
    EvidenceKind.TAKEOUT: "Takeout",
    EvidenceKind.CHAIN: "our own chain",
    EvidenceKind.ANSWER: "an answer",
}

_HEAD = """# Causes by evidence

Generated from the knowledge by `make docs`; do not edit by hand.

{causes} causes, {findings} findings. A number says how many findings of that kind of evidence can speak for the cause;
{none} means that this kind cannot show it. Below the table, each cause with its findings: how likely it is when
only this cause holds, and where it can be seen. The reasons for the numbers are in the knowledge files; most are
judgement, and say so. A cause with forms has the mean, and each form beside it; one that was fitted in the lab has the
judgement and the number of cases beside it.
"""
_NONE = "·"


def causes_page() -> str:
    """The whole page as Markdown."""
    knowledge = load()
    head = _HEAD.format(causes=len(knowledge.causes), findings=len(knowledge.findings), none=f"`{_NONE}`")
    sections = "\n".join(_section(cause, _speaking_for(cause, knowledge)) for cause in knowledge.causes.values())
    return f"{head}\n{_table(knowledge)}\n{sections}"


def _speaking_for(cause: Cause, knowledge: Knowledge) -> list[tuple[float, FindingSpec]]:
    """Findings linked to a cause with their strength, strongest first."""
    found = [
        (link.strength, finding)
        for finding in knowledge.findings.values()
        for link in finding.links
        if link.cause == cause.id
    ]
    return sorted(found, key=lambda pair: (-pair[0], pair[1].id))


def _table(knowledge: Knowledge) -> str:
    rows = [_line(("cause", *_COLUMNS.values())), _line(("---", *("---" for _ in _COLUMNS)))]
    for hop in Hop:
        for cause in knowledge.causes.values():
            if cause.hop is not hop:
                continue
            specs = [finding for _, finding in _speaking_for(cause, knowledge)]
            counts = (sum(kind in spec.seen_in for spec in specs) for kind in _COLUMNS)
            rows.append(_line((f"[`{cause.id}`](#{_anchor(cause)})", *(str(count or _NONE) for count in counts))))
    return "\n".join(rows) + "\n"


def _section(cause: Cause, findings: Iterable[tuple[float, FindingSpec]]) -> str:
    rows = [
        _line((spec.says, f"`{spec.id}`", _likely(spec, cause), ", ".join(_COLUMNS[kind] for kind in spec.seen_in)))
        for strength, spec in findings
    ]
    head = [_line(("finding", "id", "likely", "seen in")), _line(("---",) * 4)]
    return f"## `{cause.id}`\n\n{cause.title}. To check it: {cause.how_to_check}\n\n" + "\n".join([*head, *rows]) + "\n"


def _likely(spec: FindingSpec, cause: Cause) -> str:
    """How likely the finding is with this cause, and what the judgement was where it was fitted."""
    link = next(link for link in spec.links if link.cause == cause.id)
    if link.of_forms:
        return f"{link.strength:.4g}: " + ", ".join(f"{one.form} {one.strength:g}" for one in link.of_forms)
    if link.fitted is None:
        return f"{link.strength:g}"
    return f"{link.strength:g} (judged {link.fitted.before:g}; {link.fitted.cases} cases)"


def _anchor(cause: Cause) -> str:
    """The anchor a Markdown viewer gives the heading: full stops and backticks fall away."""
    return cause.id.replace(".", "")


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
