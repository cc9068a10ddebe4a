"""The tracker's own account of its radio, day by day, as stacked bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from unstuck.model.diagnosis import Diagnosis
from unstuck.model.evidence import FactSet
from unstuck.web.base.svg import element
from unstuck.web.report.axis import level_ticks
from unstuck.web.report.chart import Canvas

MODES = (
    ("fast_h", "data moving at speed"),
    ("slow_gg_h", "app link open"),
    ("idle_gg_h", "link up, app silent"),
    ("slow_none_h", "a phone is connected, nothing uses it"),
    ("advertise_h", "no phone connected"),
)
"""Parts of ``tracker.radio_day`` from the best to the worst; drawn from the bottom up in this order."""

HEIGHT = 180.0
LABELS = 24.0
RIGHT_UNITS = 20.0
"""Free to the right, for half of the last day's label."""
LEAST_DAY_UNITS = 5.0
"""Narrower bars cannot be told apart; older days are then left out, and it says so."""


@dataclass(frozen=True, slots=True)
class Day:
    """Hours in each mode, in the order of :data:`MODES`; more than 24 are possible, features are counted apart."""

    day: date
    hours: tuple[float, ...]


def radio_days(diagnosis: Diagnosis) -> list[Day]:
    """The days of the tracker's own log, oldest first, one each (the last report counts)."""
    days: dict[date, Day] = {}
    for fact in FactSet(diagnosis.facts).all("tracker.radio_day"):
        try:
            day = date.fromisoformat(fact.text("date")[:10])
        except ValueError:
            continue
        days[day] = Day(day, tuple(max(0.0, fact.number(mode) or 0.0) for mode, _ in MODES))
    return [days[day] for day in sorted(days)]


def most_days(canvas: Canvas) -> int:
    """How many days fit."""
    return int((canvas.width - canvas.left - RIGHT_UNITS) / LEAST_DAY_UNITS)


def draw_days(days: Sequence[Day], canvas: Canvas) -> Markup:
    """The last days that fit as one ``svg`` element; empty when there are none."""
    shown = list(days)[-most_days(canvas) :]
    if not shown:
        return Markup("")
    top = max(24.0, *(sum(day.hours) for day in shown))
    step = (canvas.width - canvas.left - RIGHT_UNITS) / max(len(shown), 7)
    identity = f"days-{canvas.name}"
    parts = [
        element("title", "Hours a day in each radio mode, as the tracker logged them", id=f"{identity}-title"),
        element("desc", _words(shown), id=f"{identity}-desc"),
    ]
    for hours in level_ticks(0, top, 6 if top <= 30 else 24):
        y = 8 + HEIGHT * (1 - hours / top)
        parts.append(element("line", x1=canvas.left, y1=y, x2=canvas.width - RIGHT_UNITS, y2=y, class_="grid"))
        parts.append(element("text", f"{hours:.0f} h", x=canvas.left - 6, y=y + 4, class_="tick", text_anchor="end"))
    every = max(1, round(canvas.tick_units / step))
    for number, day in enumerate(shown):
        x = canvas.left + number * step
        parts.append(_column(day, x + step * 0.14, step * 0.72, top))
        if (len(shown) - 1 - number) % every == 0:
            label = f"{day.day.day} {day.day:%b}"
            parts.append(element("text", label, x=x + step / 2, y=HEIGHT + LABELS, class_="tick", text_anchor="middle"))
    return element(
        "svg", *parts, class_=f"chart chart-{canvas.name}", role="img",
        aria_labelledby=f"{identity}-title {identity}-desc",
        view_box=f"0 0 {canvas.width:.0f} {HEIGHT + LABELS + 8:.0f}",
    )  # fmt: skip


def _column(day: Day, x: float, width: float, top: float) -> Markup:
    told = ", ".join(f"{words} {hours:.1f} h" for (_, words), hours in zip(MODES, day.hours, strict=True) if hours)
    parts = [element("title", f"{day.day.isoformat()}: {told or 'nothing logged'}")]
    y = 8 + HEIGHT
    for (mode, _), hours in zip(MODES, day.hours, strict=True):
        height = HEIGHT * hours / top
        if height > 0:
            y -= height
            parts.append(element("rect", x=x, y=y, width=width, height=height, class_=f"mode mode-{mode}"))
    return element("g", *parts)


def _words(days: Sequence[Day]) -> str:
    alone = sum(day.hours[-1] for day in days) / len(days)
    moving = sum(day.hours[0] for day in days) / len(days)
    return (
        f"{len(days)} days from {days[0].day.isoformat()} to {days[-1].day.isoformat()} (UTC). "
        f"On average {moving:.1f} h a day with data moving at speed and {alone:.1f} h a day with no phone connected."
    )
