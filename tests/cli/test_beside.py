"""Lines keep within the terminal, and go on below where their text begins."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from unstuck.cli.beside import WIDEST, beside, hanging

WORDS = st.lists(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=12), min_size=1).map(
    " ".join
)


def console(width: int) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=width, soft_wrap=True, highlight=False), file


def test_a_numbered_line_goes_on_below_its_text() -> None:
    screen, file = console(20)
    hanging(screen, "  1. Turn Bluetooth off and on")
    assert file.getvalue() == "  1. Turn Bluetooth\n     off and on\n"


def test_a_line_without_a_number_goes_on_two_further_in() -> None:
    screen, file = console(20)
    hanging(screen, "  by hand, guided by Unstuck")
    assert file.getvalue() == "  by hand, guided by\n    Unstuck\n"


def test_a_command_is_not_broken_at_its_hyphens() -> None:
    screen, file = console(24)
    hanging(screen, "begin with --answer-file")
    assert "--answer-file" in file.getvalue()


def test_text_stands_beside_its_name() -> None:
    screen, file = console(24)
    beside(screen, "adb.reboot", 12, "The phone restarts.")
    assert file.getvalue() == "  adb.reboot   The phone\n               restarts.\n"


@given(WORDS, st.integers(40, 200))
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(text: str, width: int) -> None:
    screen, file = console(width)
    beside(screen, "name", 10, text)
    lines = file.getvalue().splitlines()
    assert all(len(line) <= min(width, WIDEST) for line in lines)
    assert " ".join(file.getvalue().split()) == f"name {text}"
