"""The map of a ledger on a terminal: told apart without colour, within 80 columns, plain where it must be."""

import io
from typing import Any

from rich.cells import cell_len
from rich.console import Console

from tests.web.ledger.test_grid import HOUR_S, MIDNIGHT, ledger
from unstuck.cli import ledger_map
from unstuck.web.ledger.grid import DAY_S, WORDS, Slot, grid


def every_state(**bounds: int) -> dict[str, Any]:
    """A day on which each reason fills two hours."""
    reasons = [slot.value for slot in Slot if slot not in (Slot.AT_SERVER, Slot.UNTOLD)]
    holes = [
        (reason, MIDNIGHT + (2 * n + 1) * HOUR_S, MIDNIGHT + (2 * n + 3) * HOUR_S) for n, reason in enumerate(reasons)
    ]
    return ledger(*holes, **bounds)


def written(document: dict[str, Any], *, plain: bool = False, encoding: str = "utf-8", colour: bool = False) -> str:
    raw = io.BytesIO()
    console = Console(
        file=io.TextIOWrapper(raw, encoding=encoding, write_through=True), width=80, highlight=False,
        force_terminal=colour or None, no_color=not colour,
    )  # fmt: skip
    ledger_map.show(grid(document), console, plain=plain)
    return raw.getvalue().decode(encoding)


def test_every_state_has_a_glyph_of_its_own_and_the_legend_says_what_it_means() -> None:
    for plain in (False, True):
        told = written(every_state(as_of=MIDNIGHT + DAY_S - HOUR_S), plain=plain)
        row = next(line for line in told.splitlines() if line.startswith("2026-03-28"))
        assert len(set(row[12:])) == len(Slot) - 1, "the last hour is blank and cut off"
        legend = told[told.index(row) + len(row) :]
        for slot, words in WORDS.items():
            assert words in legend, slot


def test_a_month_is_thirty_rows_and_fits_eighty_columns() -> None:
    told = written(every_state(as_of=MIDNIGHT + 60 * DAY_S)).splitlines()
    assert sum(line.startswith("2026-") for line in told) == 30
    assert max(cell_len(line) for line in told) <= 80


def test_hours_stand_above_the_slots_that_begin_with_them() -> None:
    told = written(ledger(("lost", MIDNIGHT + 15 * HOUR_S, MIDNIGHT + 16 * HOUR_S))).splitlines()
    assert told[0].index("15") == told[1].index("X")


def test_plain_and_terminals_without_the_glyphs_get_ascii() -> None:
    document = every_state()
    assert written(document, plain=True).isascii()
    assert written(document, encoding="latin-1") == written(document, plain=True)


def test_without_colour_there_is_no_escape_sequence_and_with_colour_there_is() -> None:
    assert "\x1b[3" not in written(every_state())
    assert "\x1b[3" in written(every_state(), colour=True)


def test_nothing_is_drawn_of_nothing() -> None:
    assert written(ledger(since=0, as_of=0)) == ""
