"""README.txt of a bundle: what it is, what is in it, and what is not."""

from collections.abc import Sequence

from unstuck.doctor.casefile.bundle import CASE, README, REPORT
from unstuck.doctor.casefile.case import Case
from unstuck.doctor.telling import wording

_INSIDE = {
    README: "this page",
    CASE: "everything, for programs and for 'unstuck case open' (unstuck.case/1)",
    REPORT: "the same for people: open it in any web browser; it loads nothing and runs nothing",
}
_PAGE = "lines of evidence around one proof, redacted"


def readme(case: Case, names: Sequence[str]) -> str:
    """The page as text, at most 76 columns wide where its words allow."""
    lines = ["A case file of Unstuck: a fitness tracker's data that was stuck.", ""]
    if case.diagnosis is not None:
        lines += [wording.verdict_sentence(case.diagnosis)]
        lines += [f"Most likely: {cause.title}." for cause in wording.shown_causes(case.diagnosis)[:1]]
        lines += [""]
    lines += ["In it:", *(f"  {name}: {_INSIDE.get(name, _PAGE)}" for name in names), ""]
    lines += [
        "It is redacted: addresses, names, accounts, serials, networks, places, hosts,",
        "folders and files were replaced by pseudonyms such as [address 1]. The same",
        "thing has the same pseudonym throughout. The key was not kept. Times, products,",
        "apps, versions and signal strengths stay. Redaction knows shapes and contexts;",
        "read report.html before you pass it on.",
        "",
        "No evidence file is in it" + (", only single lines of text." if any(p.lines for p in case.pages) else "."),
        "",
        "At a support desk: unstuck case open FILE",
    ]
    if case.missing:
        lines += ["", "What is missing:", *(f"  {sentence}" for sentence in case.missing)]
    return "\n".join(lines) + "\n"
