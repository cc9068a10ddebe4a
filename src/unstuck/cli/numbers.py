"""Numbers as options: what a range alone lets through."""

import math

import typer

SPEED_MOST = 100_000
"""Times real time: a virtual day in a second; beyond it a look at the screen would be weeks apart."""

DRIFT_MOST_PPM = 100_000.0
"""A clock a tenth too fast or too slow: hundreds of times worse than any quartz."""


def finite(value: float) -> float:
    """The value, unless it is none that anything can wait for or count with: 'nan' passes every comparison."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number.")
    return value
