"""A screen of the guided session on a terminal: its words in order, numbers before what can be chosen."""

from unstuck.cli.page import Page
from unstuck.doctor.guide.screen import Screen


def draw(page: Page, screen: Screen, *, with_notes: bool = False) -> None:
    """Write the screen. ``with_notes``: also what was read and what was wrong with it."""
    page.blank()
    if with_notes:
        for note in screen.notes:
            page.paragraph(note, "dim")
        if screen.notes:
            page.blank()
    page.paragraph(screen.title, "bold")
    for text in screen.text:
        page.paragraph(text)
    if screen.likely:
        page.paragraph(f"Most likely so far: {'; '.join(screen.likely)}", "dim")
    for number, step in enumerate(screen.steps, 1):
        page.paragraph(step, indent=5, mark=f"{number}.")
    if screen.worked_when:
        page.paragraph(f"It worked when: {screen.worked_when}", "dim")
    if screen.credit:
        page.paragraph(screen.credit, "dim")
    if screen.how_to_look:
        page.paragraph(f"Where to look: {screen.how_to_look}", "dim")
    page.blank()
    for number, choice in enumerate(screen.choices, 1):
        page.paragraph(choice.text, indent=5, mark=str(number))
    for line in screen.not_now:
        page.paragraph(f"Not now: {line}", "yellow")
    page.blank()


def keys(screen: Screen, *, evidence: bool = True) -> str:
    """What may be typed, in one line."""
    parts = ["1" if len(screen.choices) == 1 else f"1-{len(screen.choices)}"]
    parts += ["? don't know"] if screen.unsure else []
    parts += ["b back"] if screen.back else []
    parts += ["e give a file"] if evidence else []
    return f"[{', '.join([*parts, 'q leave'])}] "
