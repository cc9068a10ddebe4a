"""The heat map of a ledger as one page: no script, nothing loaded, readable without colour and without sight.

Each state has its own colour and its own pattern. The page lists every hole in words as well, so the picture may be
passed over by a screen reader and nothing is missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from unstuck import __version__
from unstuck.web.base.svg import element
from unstuck.web.ledger.grid import DAY_S, WORDS, Grid, Slot, grid
from unstuck.web.report import html
from unstuck.web.report.chart import NARROW, WIDE, Canvas

ROW_UNITS = 15.0
"""Height of a day: with thirty of them the picture is about half as high as it is wide."""
GAP_UNITS = 2.0
TOP_UNITS = 20.0
HOLES_SHOWN = 500
"""Holes listed in words, the newest; the JSON document has them all."""

_DATE_UNITS = {WIDE.name: 44.0, NARROW.name: 40.0}
_HOURS_BETWEEN_LABELS = {WIDE.name: 3, NARROW.name: 6}
_STEPS = {WIDE.name: 1, NARROW.name: 3}
"""Days from one date beside the rows to the next."""

_PATTERNS = {
    Slot.NOT_SHOWN: "M1.5 0v6",
    Slot.NOT_UPLOADED: "M-1 5l6 -6M1 7l6 -6",
    Slot.NOT_DRAINED: "M-1 1l6 6M1 -1l6 6",
    Slot.NOT_RECORDED: "M0 3h6",
    Slot.NOT_WORN: "M2 3h2",
    Slot.LOST: "M0 0l6 6M6 0l-6 6",
}
"""Strokes over the ground of a state in a tile of 6 by 6 units; what is at the server is plain."""
_TILE_UNITS = 6


def page(ledger: Mapping[str, Any], name: str, tracker: str) -> str:
    """The whole page as text. ``ledger``: as the server's API gives it; ``name``: the tracker's, may be empty."""
    shown = grid(ledger)
    css = style_sheet()
    holes = list(ledger["holes"])
    risk = ledger["at_risk"]
    return _template().render(
        css=Markup(css),
        csp=html.policy(css),
        version=__version__,
        name=name,
        tracker=tracker,
        as_of=_utc(int(ledger["as_of"])),
        headline=headline(shown, holes),
        risk=(_utc(int(risk["since"])), _utc(int(risk["lost_at"]))) if risk else None,
        charts=[draw(shown, canvas) for canvas in (WIDE, NARROW)],
        legend=[(_swatch(slot), WORDS[slot]) for slot in shown.used if slot is not Slot.UNTOLD],
        untold=WORDS[Slot.UNTOLD] if Slot.UNTOLD in shown.used else "",
        sums=list(_sums(shown)),
        holes=[_row(hole) for hole in reversed(holes[-HOLES_SHOWN:])],
        left_out=max(0, len(holes) - HOLES_SHOWN),
    )


def headline(shown: Grid, holes: Sequence[Mapping[str, Any]]) -> str:
    """The one sentence first: what of the days shown is not at the server and never will be, or is on its way."""
    if not shown.rows:
        return "The server holds no record of this tracker yet."
    reasons = {Slot(hole["reason"]) for hole in holes}
    if Slot.LOST in reasons:
        return "Some records were overwritten before they were drained."
    waiting = [words for slot, words in _WAITING.items() if slot in reasons]
    if waiting:
        return f"Nothing is lost; some records are {' and some '.join(waiting)}."
    return "Everything the tracker recorded is at the server."


_WAITING = {Slot.NOT_DRAINED: "still on the tracker only", Slot.NOT_UPLOADED: "on the phone and not uploaded"}


def draw(shown: Grid, canvas: Canvas) -> Markup:
    """The grid as one ``svg`` element with a title and a description; empty when there is no day."""
    if not shown.rows:
        return Markup("")
    left = _DATE_UNITS[canvas.name]
    width = (canvas.width - left - 8) / len(shown.rows[0])
    height = TOP_UNITS + (ROW_UNITS + GAP_UNITS) * len(shown.rows)
    identity = f"ledger-{canvas.name}"
    body = [
        element("title", "Where the records of each half hour are", id=f"{identity}-title"),
        element("desc", describe(shown), id=f"{identity}-desc"),
        element("defs", *(_pattern(slot, canvas.name) for slot in shown.used if slot in _PATTERNS)),
    ]
    for hour in range(0, 25, _HOURS_BETWEEN_LABELS[canvas.name]):
        x = left + hour * width * len(shown.rows[0]) / 24
        body.append(element("line", x1=x, y1=TOP_UNITS - 4, x2=x, y2=height - GAP_UNITS, class_="grid"))
        body.append(element("text", f"{hour:02}", x=x, y=TOP_UNITS - 8, class_="tick", text_anchor="middle"))
    for number, row in enumerate(shown.rows):
        y = TOP_UNITS + number * (ROW_UNITS + GAP_UNITS)
        day = shown.day(number)
        if (len(shown.rows) - 1 - number) % _STEPS[canvas.name] == 0:
            label = f"{day.day} {day:%b}"
            body.append(element("text", label, x=left - 6, y=y + 11.5, class_="tick", text_anchor="end"))
        body += list(_runs(row, f"{day:%Y-%m-%d}", left, y, width, canvas.name))
    return element(
        "svg", *body, class_=f"chart chart-{canvas.name}", role="img",
        aria_labelledby=f"{identity}-title {identity}-desc", view_box=f"0 0 {canvas.width:.0f} {height:.0f}",
    )  # fmt: skip


def describe(shown: Grid) -> str:
    """What the picture shows, in words and hours."""
    first, last = shown.day(0), shown.day(len(shown.rows) - 1)
    told = ", ".join(f"{words} {hours}" for words, hours in _sums(shown))
    return f"{len(shown.rows)} days from {first.isoformat()} to {last.isoformat()} (UTC): {told}."


def _sums(shown: Grid) -> Iterator[tuple[str, str]]:
    """Each state that occurs, with the hours of its slots."""
    for slot in shown.used:
        if slot is not Slot.UNTOLD:
            yield WORDS[slot], f"{shown.slots(slot) * 24 / len(shown.rows[0]):g} h"


def _runs(row: Sequence[Slot], day: str, left: float, y: float, width: float, canvas: str) -> Iterator[Markup]:
    """One shape for neighbours of one state: a day is a few shapes, not forty-eight."""
    at = 0
    for slot, run in groupby(row):
        length = len(list(run))
        if slot is not Slot.UNTOLD:
            x, wide = left + at * width, length * width
            span = f"{_clock(at, len(row))} to {_clock(at + length, len(row))}"
            shapes = [element("rect", x=x, y=y, width=wide, height=ROW_UNITS, class_=f"slot slot-{slot.value}")]
            if slot in _PATTERNS:
                fill = f"url(#{_pattern_id(slot, canvas)})"
                shapes.append(element("rect", x=x, y=y, width=wide, height=ROW_UNITS, fill=fill))
            yield element("g", element("title", f"{day} {span}: {WORDS[slot]}"), *shapes)
        at += length


def _clock(place: int, per_day: int) -> str:
    minutes = place * (DAY_S // 60) // per_day
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _pattern_id(slot: Slot, canvas: str) -> str:
    return f"{canvas}-{slot.value}"


def _pattern(slot: Slot, canvas: str) -> Markup:
    strokes = element("path", d=_PATTERNS[slot], class_=f"strokes strokes-{slot.value}")
    return element(
        "pattern", strokes, id=_pattern_id(slot, canvas), width=_TILE_UNITS, height=_TILE_UNITS,
        pattern_units="userSpaceOnUse",
    )  # fmt: skip


def _swatch(slot: Slot) -> Markup:
    shapes = [element("rect", x=1, y=1, width=14, height=14, class_=f"slot slot-{slot.value}")]
    if slot in _PATTERNS:
        strokes = element("path", d=_PATTERNS[slot], class_=f"strokes strokes-{slot.value}")
        shapes += [element("g", strokes, transform=f"translate({x} {y})") for x in (2, 8) for y in (2, 8)]
    return element("svg", *shapes, class_="icon", view_box="0 0 16 16", aria_hidden="true")


def _row(hole: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """From, until, reason and the records where they are known."""
    numbers = "" if hole["boot"] is None else f"boot {hole['boot']}: {hole['first']} to {hole['last']}"
    return _utc(int(hole["start"])), _utc(int(hole["end"])), WORDS[Slot(hole["reason"])], numbers


def _utc(unix_s: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=unix_s):%Y-%m-%d %H:%M}Z"


@cache
def style_sheet() -> str:
    """The report's rules and those of this picture."""
    return html.style_sheet() + files("unstuck.web.ledger").joinpath("ledger.css").read_text("utf-8")


@cache
def _template() -> Template:
    return html.templates("unstuck.web.ledger").get_template("ledger.html.j2")
