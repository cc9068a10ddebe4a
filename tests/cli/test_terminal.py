"""The first screen: the same words at any width, nothing cut, nothing but text."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests import sample
from unstuck.cli.page import NARROWEST_COLUMNS, WIDEST_COLUMNS, takes_glyphs, to_ascii
from unstuck.cli.terminal import EVIDENCE_LINES, PLAN_LINES, render
from unstuck.model.diagnosis import Diagnosis

GOLDEN = Path(__file__).parent / "golden"


class Stream(io.StringIO):
    """A stream with an encoding of its own."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override] # StringIO has none, a terminal has
        """As a terminal's."""
        return self._encoding


def shown(
    diagnosis: Diagnosis, width: int, *, plain: bool = False, encoding: str = "utf-8", color: bool = False
) -> str:
    """What the terminal gets."""
    stream = Stream(encoding)
    console = Console(
        file=stream,
        width=width,
        force_terminal=color,
        color_system="truecolor" if color else None,
        legacy_windows=False,
        _environ={},
    )
    render(diagnosis, console, plain=plain)
    return stream.getvalue()


def words(text: str) -> str:
    """All text without regard to line breaks and indents."""
    return " ".join(text.split())


@pytest.mark.parametrize("width", [100, 60])
@pytest.mark.parametrize("name", ["stuck_by_range", "healthy", "inconclusive", "nothing_readable", "takeout"])
def test_screen_is_as_agreed(name: str, width: int) -> None:
    make: Callable[[], Diagnosis] = getattr(sample, name)
    expected = (GOLDEN / f"{name}-{width}.txt").read_text(encoding="utf-8")
    assert shown(make(), width) == expected


@pytest.mark.parametrize("width", [40, 47, 60, 80, 100, 200])
@pytest.mark.parametrize("make", sample.SAMPLES)
def test_no_line_is_wider_than_the_terminal(make: Callable[[], Diagnosis], width: int) -> None:
    lines = shown(make(), width).split("\n")
    assert max(cell_len(line) for line in lines) <= min(width, WIDEST_COLUMNS)


@pytest.mark.parametrize("width", [20, 40, 60, 100, 200])
def test_no_sentence_is_cut(width: int) -> None:
    text = words(shown(sample.stuck_by_range(), width))
    letters = text.replace(" ", "")
    for sentence in (
        "Stuck at Bluetooth since 22:23 (5 min).",
        "Nothing is lost: the oldest unsynced minute is kept until about Thu 26 Mar 22:23.",
        "Not now: Remove and pair again – 6 minutes of data are only on the tracker",
        "Was the tracker in another room at 22:23?",
        "It worked when: The app shows a time of last sync within the last minute.",
        "More: unstuck explain bluetooth.out_of_range",
    ):
        assert sentence.replace(" ", "") in letters


def test_chain_is_one_line_and_breaks_where_it_breaks() -> None:
    line = next(line for line in shown(sample.stuck_by_range(), 80).split("\n") if "bluetooth ○" in line)
    assert re.fullmatch(r"  tracker ●─+✕ bluetooth ○─+● phone ○─+\? server", line)
    assert re.search(r"tracker ●─+● bluetooth ●─+● phone ●─+\? server", shown(sample.healthy(), 80))


def test_chain_goes_downwards_where_there_is_no_room() -> None:
    text = shown(sample.stuck_by_range(), 44)
    assert re.search(
        r"● tracker +recording\n +✕ bluetooth +lost 22:23\n +● phone +may run\n +\? server +not checked\n", text
    )


@pytest.mark.parametrize("make", sample.SAMPLES)
def test_plain_and_poor_encodings_get_ascii(make: Callable[[], Diagnosis]) -> None:
    assert shown(make(), 80, plain=True).isascii()
    assert shown(make(), 80, encoding="ascii").isascii()
    assert shown(make(), 80, encoding="latin-1").isascii()


def test_ascii_keeps_what_it_can() -> None:
    assert to_ascii("Café – “x” · 日本") == 'Cafe - "x" | ??'
    assert not takes_glyphs("no-such-encoding")


@pytest.mark.parametrize("make", sample.SAMPLES)
def test_without_a_terminal_there_is_no_escape(make: Callable[[], Diagnosis]) -> None:
    text = shown(make(), 80)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_evidence_cannot_colour_or_mark_up_the_screen() -> None:
    text = shown(sample.hostile(), 100, color=True)
    assert "[red]" in text
    ours = {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[1;31m", "\x1b[32m"}
    assert set(re.findall(r"\x1b\[[0-9;]*m", text)) <= ours
    assert text.count("\x1b") == len(re.findall(r"\x1b\[[0-9;]*m", text))


def test_no_color_of_the_environment_is_obeyed() -> None:
    stream = Stream("utf-8")
    console = Console(file=stream, width=80, force_terminal=True, color_system="truecolor", _environ={"NO_COLOR": "1"})
    render(sample.stuck_by_range(), console)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", stream.getvalue())


def test_long_proof_and_long_plans_say_that_there_is_more() -> None:
    full = sample.stuck_by_range()
    cause = replace(full.causes[0], evidence=full.causes[0].evidence[:1] * (EVIDENCE_LINES + 3))
    text = words(shown(replace(full, causes=(cause,), plan=full.plan[:1] * (PLAN_LINES + 2)), 80))
    assert "and 3 more in the report (--html FILE)" in text
    assert "and 2 more in the report (--html FILE)" in text


def test_one_source_needs_no_number_and_two_do() -> None:
    two = shown(sample.stuck_by_range(), 100)
    assert "packets 5,697, 6,459 [1]" in two
    one = shown(replace(sample.stuck_by_range(), sources=sample.stuck_by_range().sources[:1]), 100)
    assert re.search(r"packets 5,697, 6,459$", one, re.MULTILINE)


def test_every_problem_of_a_source_is_told() -> None:
    text = words(shown(sample.nothing_readable(), 60))
    for source in sample.nothing_readable().sources:
        for problem in source.problems:
            assert problem in text


def test_nothing_readable_is_not_shown_as_a_chain_of_unknowns() -> None:
    assert "server" not in shown(replace(sample.nothing_readable(), unchecked=()), 80)


def test_very_narrow_terminals_still_get_every_word() -> None:
    assert "bluetooth" in shown(sample.stuck_by_range(), NARROWEST_COLUMNS - 10)
