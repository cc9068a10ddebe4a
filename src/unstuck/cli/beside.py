"""A name with text beside it: as wide as the terminal is, the text's further lines below its first."""

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
