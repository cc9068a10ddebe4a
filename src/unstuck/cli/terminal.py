"""A diagnosis on the terminal: one calm screen, the proof's place beside every sentence."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from unstuck.cli.page import Page
from unstuck.doctor.telling import wording
from unstuck.model.diagnosis import CauseEvidence, Diagnosis, HopState, PlannedFix, RankedCause, Unchecked, Verdict

EVIDENCE_LINES = 5
"""Lines of proof under the first cause: with more, the plan would leave the first screen."""
EVIDENCE_LINES_OF_OTHERS = 2
"""Lines of proof under each further cause: enough to see why it is not the first."""
PLAN_LINES = 5
"""Fixes listed; whoever gets past the fifth needs the report, not a longer screen."""
UNCHECKED_TITLES = 3
"""Causes named per way of checking; a person needs the way, the full list is in the report."""
LONGEST_LINK_COLUMNS = 9
"""A longer line between two hops adds nothing and pulls the picture apart."""
LEAST_NOTE_COLUMNS = 11
"""A note under a hop needs this much to stay on two lines ("not checked"); else the chain is drawn downwards."""

_STYLES = {HopState.MOVING: "green", HopState.BROKEN: "bold red", HopState.UNCHECKED: "dim"}
_VERDICT_STYLES = {Verdict.STUCK: "bold red", Verdict.HEALTHY: "bold green", Verdict.INCONCLUSIVE: "bold yellow"}


def render(diagnosis: Diagnosis, console: Console, *, plain: bool = False) -> None:
    """Write the diagnosis to ``console``.

    Adapts to its width from 40 columns on; without colour where the console has none (not a terminal,
    NO_COLOR). ``plain`` keeps to ASCII, as does a console whose encoding cannot carry the glyphs.
    """
    page = Page(console, plain)
    page.blank()
    _header(page, diagnosis)
    if any(state is not HopState.UNCHECKED for _, state, _ in diagnosis.hops):
        _chain(page, diagnosis)
        page.blank()
    _verdict(page, diagnosis)
    if diagnosis.sources and not any(source.readable for source in diagnosis.sources):
        _sources(page, diagnosis)  # nothing was read: why is all there is to say
        return
    if diagnosis.verdict is Verdict.INCONCLUSIVE:
        _question(page, diagnosis)
    _causes(page, diagnosis)
    _plan(page, diagnosis)
    _unchecked(page, diagnosis.unchecked)
    if diagnosis.verdict is not Verdict.INCONCLUSIVE:
        _question(page, diagnosis)
    _sources(page, diagnosis)
    _more(page, diagnosis)


def _more(page: Page, diagnosis: Diagnosis) -> None:
    """What to type for the whole story of the first cause, and for the steps of the fixes told in one line."""
    shown = wording.shown_causes(diagnosis)
    if shown:
        page.paragraph(f"More: unstuck explain {shown[0].id}", "dim")
    folded = [fix.fix for fix in wording.split_plan(diagnosis)[0][1:PLAN_LINES]]
    if folded:
        page.paragraph(f"Steps of the others: unstuck explain FIX, one of {', '.join(folded)}", "dim")
    if shown or folded:
        page.blank()


def _header(page: Page, diagnosis: Diagnosis) -> None:
    parts = []
    if diagnosis.tracker is not None or any(source.readable for source in diagnosis.sources):
        parts.append(wording.tracker_name(diagnosis.tracker))
    if diagnosis.phone:
        parts.append(diagnosis.phone)
    seen = wording.seen(diagnosis)
    if seen is not None:
        clock = wording.Clock(diagnosis.zone)
        parts.append(f"{clock.span(*seen)} ({clock.stated(seen[1])})")
    if parts:
        page.paragraph(" · ".join(parts), "bold")
        page.blank()


def _chain(page: Page, diagnosis: Diagnosis) -> None:
    cells = _cells(page, diagnosis)
    spare = page.width - sum(cell.cell_len for cell in cells)
    link = min(LONGEST_LINK_COLUMNS, spare // max(1, len(cells) - 1) - 1)
    widths = [cell.cell_len + link for cell in cells[:-1]]
    widths.append(page.width - sum(widths))
    if link < 1 or min(widths) <= LEAST_NOTE_COLUMNS:
        _chain_downwards(page, diagnosis)
        return
    line = Text()
    for number, cell in enumerate(cells):
        line.append_text(cell)
        if number < len(cells) - 1:
            line.append(page.glyphs.line * link, style="dim")
    page.line(line)
    notes = [
        page.wrap(note, width - 2, _STYLES[state])
        for (_, state, note), width in zip(diagnosis.hops, widths, strict=True)
    ]
    for row in range(max(len(note) for note in notes)):
        line = Text()
        for number, note in enumerate(notes):
            line.append(" " * (sum(widths[:number]) - line.cell_len))
            line.append_text(note[row] if row < len(note) else Text())
        page.line(line)


def _chain_downwards(page: Page, diagnosis: Diagnosis) -> None:
    for hop, state, note in diagnosis.hops:
        page.paragraph(note or state.value, _STYLES[state], indent=14, mark=f"{_glyph(page, state)} {hop.value:<9}")


def _cells(page: Page, diagnosis: Diagnosis) -> list[Text]:
    """``tracker ●``, ``✕ bluetooth ○``, ``● phone ○``, ``? server``: what arrives left of a hop, what leaves right."""
    cells = []
    flowing = True
    for number, (hop, state, _) in enumerate(diagnosis.hops):
        cell = Text()
        if number > 0:
            cell.append(_glyph(page, state) + " ", style=_STYLES[state])
        cell.append(hop.value, style="bold" if state is HopState.BROKEN else "")
        flowing = flowing and state is HopState.MOVING
        if number == 0:
            cell.append(" " + _glyph(page, state), style=_STYLES[state])
        elif number < len(diagnosis.hops) - 1:
            cell.append(
                " " + (page.glyphs.moving if flowing else page.glyphs.still), style="green" if flowing else "dim"
            )
        cells.append(cell)
    return cells


def _glyph(page: Page, state: HopState) -> str:
    glyphs = page.glyphs
    return {HopState.MOVING: glyphs.moving, HopState.BROKEN: glyphs.broken, HopState.UNCHECKED: glyphs.unchecked}[state]


def _verdict(page: Page, diagnosis: Diagnosis) -> None:
    page.paragraph(wording.verdict_sentence(diagnosis), _VERDICT_STYLES[diagnosis.verdict])
    for sentence in (
        wording.detail_sentence(diagnosis),
        wording.checked_sentence(diagnosis),
        wording.risk_sentence(diagnosis),
    ):
        if sentence:
            page.paragraph(sentence)
    page.blank()


def _causes(page: Page, diagnosis: Diagnosis) -> None:
    shown = wording.shown_causes(diagnosis)
    if not shown:
        return
    page.row("Why" if diagnosis.verdict is Verdict.STUCK else "Possible so far", "how sure", "bold")
    for rank, cause in enumerate(shown, 1):
        page.row(
            cause.title,
            wording.percent(cause.probability),
            "bold" if rank == 1 else "",
            indent=3,
            mark=str(rank),
            right_style="bold" if rank == 1 else "",
        )
        _evidence(page, diagnosis, cause, EVIDENCE_LINES if rank == 1 else EVIDENCE_LINES_OF_OTHERS)
    page.blank()


def _evidence(page: Page, diagnosis: Diagnosis, cause: RankedCause, most: int) -> None:
    for line in cause.evidence[:most]:
        page.row(line.text, _where(diagnosis, line), indent=5)
    more = len(cause.evidence) - most
    if more > 0:
        page.paragraph(f"and {more} more in the report (--html FILE)", "dim", indent=5)


def _where(diagnosis: Diagnosis, line: CauseEvidence) -> str:
    place = wording.place((line.locator, *line.also))
    paths = [source.path for source in diagnosis.sources]
    if line.source not in paths:
        return f"{wording.source_name(line.source)}, {place}"
    if len(paths) < 2:
        return place
    return f"{place} [{paths.index(line.source) + 1}]"


def _plan(page: Page, diagnosis: Diagnosis) -> None:
    open_fixes, blocked = wording.split_plan(diagnosis)
    if not diagnosis.plan:
        return
    if open_fixes:
        heading = "Worth a try" if diagnosis.verdict is Verdict.INCONCLUSIVE else "Do this"
        page.row(heading, ("time", "chance"), "bold")
    for rank, fix in enumerate(open_fixes[:PLAN_LINES], 1):
        _fix(page, rank, fix)
    if len(open_fixes) > PLAN_LINES:
        page.paragraph(f"and {len(open_fixes) - PLAN_LINES} more in the report (--html FILE)", "dim", indent=3)
    for fix in blocked:
        page.paragraph(f"Not now: {fix.title} – {fix.blocked}", "yellow", indent=3)
    page.blank()


def _fix(page: Page, rank: int, fix: PlannedFix) -> None:
    cost = (wording.minutes(fix.minutes), wording.percent(fix.chance))
    page.row(fix.title, cost, "bold" if rank == 1 else "", indent=3, mark=str(rank), right_style="")
    if rank > 1:
        return
    for number, step in enumerate(fix.steps, 1):
        page.paragraph(step, indent=8, mark=f"{number}.")
    if fix.worked_when:
        page.paragraph(f"It worked when: {fix.worked_when}", "dim", indent=5)
    if fix.credit:
        page.paragraph(fix.credit, "dim", indent=5)


def _unchecked(page: Page, rows: Sequence[Unchecked]) -> None:
    if not rows:
        return
    page.paragraph("Not checked", "bold")
    for how, titles in wording.grouped_unchecked(rows):
        named = "; ".join(titles[:UNCHECKED_TITLES])
        if len(titles) > UNCHECKED_TITLES:
            named += f"; and {len(titles) - UNCHECKED_TITLES} more"
        page.paragraph(f"{wording.sentence(how)}: {named}" if how else named, indent=3)
    page.blank()


def _question(page: Page, diagnosis: Diagnosis) -> None:
    question = diagnosis.next_question
    if question is None:
        return
    page.paragraph("This would tell most" if diagnosis.verdict is Verdict.INCONCLUSIVE else "One question", "bold")
    offered = "" if question.answer_ids else f" [{' / '.join(question.answers)}]"
    page.paragraph(f"{question.text}{offered}", indent=3)
    if question.how_to_look:
        page.paragraph(question.how_to_look, "dim", indent=3)
    for given, text in zip(question.answer_ids, question.answers, strict=False):
        page.paragraph(f"--answer {question.id}={given}   {text}", "dim", indent=3)
    page.blank()


def _sources(page: Page, diagnosis: Diagnosis) -> None:
    if not diagnosis.sources:
        return
    page.paragraph("Read", "bold")
    clock = wording.clock_of(diagnosis)
    for number, source in enumerate(diagnosis.sources, 1):
        mark = f"[{number}]"
        page.paragraph(
            f"{wording.source_name(source.path)}: {wording.source_sentence(source, clock)}", "dim", indent=5, mark=mark
        )
        for problem in source.problems:
            page.paragraph(problem, "yellow", indent=5)
    for note in diagnosis.notes:
        page.paragraph(note, "dim", indent=5)
    page.blank()
