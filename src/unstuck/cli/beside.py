"""Text as wide as the terminal is, its further lines below where its first begins: beside a name, after a number."""

import re
from textwrap import fill

from rich.console import Console

WIDEST = 100
"""Columns: longer lines are hard to read."""


def beside(console: Console, name: str, name_wide: int, text: str) -> None:
    """Print it. ``name_wide``: columns of the longest name; both are indented by two."""
    hang = " " * (2 + name_wide + 1)
    width = min(console.width, WIDEST)
    told = fill(f"  {name:<{name_wide}} {text}", width, subsequent_indent=hang, break_long_words=False)
    console.print(told, markup=False)


def hanging(console: Console, line: str, style: str = "") -> None:
    """Print a line with the indent it has; it goes on below the text after its number, else two further in."""
    begin = re.match(r" *(\d+\. )?", line)
    assert begin is not None  # everything in it is optional
    hang = " " * (begin.end() if begin[1] else begin.end() + 2)
    width = min(console.width, WIDEST)
    told = fill(line, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
    console.print(told, style=style, markup=False)
