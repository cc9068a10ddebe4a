"""The heat map of a ledger on a terminal: a row a day, a glyph a slot, told apart without colour too."""

from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.text import Text

from unstuck.cli.page import takes_glyphs
from unstuck.web.ledger.grid import WORDS, Grid, Slot

HOURS_BETWEEN_LABELS = 3
"""Hours of the scale above the days; with half-hour slots a label then stands every six columns."""

_GLYPHS = {
    Slot.AT_SERVER: "█",
    Slot.NOT_SHOWN: "▓",
    Slot.NOT_UPLOADED: "▒",
    Slot.NOT_DRAINED: "░",
    Slot.NOT_WORN: "·",
    Slot.NOT_RECORDED: "-",
    Slot.LOST: "X",
    Slot.UNTOLD: " ",
}
"""Density falls with every hop that is still to go."""
_ASCII = {
    **_GLYPHS,
    Slot.AT_SERVER: "#",
    Slot.NOT_SHOWN: "s",
    Slot.NOT_UPLOADED: "p",
    Slot.NOT_DRAINED: "t",
    Slot.NOT_WORN: ".",
}
_STYLES = {
    Slot.AT_SERVER: "green",
    Slot.NOT_SHOWN: "green",
    Slot.NOT_UPLOADED: "cyan",
    Slot.NOT_DRAINED: "yellow",
    Slot.NOT_WORN: "dim",
    Slot.NOT_RECORDED: "dim",
    Slot.LOST: "bold red",
    Slot.UNTOLD: "",
}
_DATE_COLUMNS = len("2026-03-28  ")
_LEGEND_COLUMNS = 78
"""Legend lines stay inside an 80-column terminal."""
_GAP_COLUMNS = 3


def lines(grid: Grid, *, plain: bool) -> Iterator[Text]:
    """The map and its legend; nothing when there is no day. ``plain``: ASCII only."""
    if not grid.rows:
        return
    glyphs = _ASCII if plain else _GLYPHS
    yield Text(_scale(len(grid.rows[0])), style="dim")
    for number, row in enumerate(grid.rows):
        line = Text(f"{grid.day(number).isoformat()}  ")
        for slot, run in groupby(row):
            line.append(glyphs[slot] * len(list(run)), _STYLES[slot])
        line.rstrip()
        yield line
    yield Text()
    yield from _legend(grid, glyphs)


def show(grid: Grid, console: Console, *, plain: bool) -> None:
    """Write it. Plain where the console's encoding cannot carry the glyphs."""
    for line in lines(grid, plain=plain or not takes_glyphs(console.encoding)):
        console.print(line, crop=False, no_wrap=True, overflow="ignore", soft_wrap=True)


def _scale(per_day: int) -> str:
    """Hours above the first slot that begins with them."""
    columns = per_day * HOURS_BETWEEN_LABELS // 24
    labels = "".join(f"{hour:02}".ljust(columns) for hour in range(0, 24, HOURS_BETWEEN_LABELS))
    return f"{'UTC':{_DATE_COLUMNS}}{labels}".rstrip()


def _legend(grid: Grid, glyphs: dict[Slot, str]) -> Iterator[Text]:
    line = Text()
    for slot in grid.used:
        entry = Text.assemble((glyphs[slot] if glyphs[slot].strip() else "blank:", _STYLES[slot]), " ", WORDS[slot])
        if line and len(line) + len(entry) + _GAP_COLUMNS > _LEGEND_COLUMNS:
            yield line
            line = Text()
        line = Text.assemble(line, " " * _GAP_COLUMNS if line else "", entry)
    yield line
