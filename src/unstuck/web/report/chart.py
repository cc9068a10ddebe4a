"""The timeline as SVG: lanes of links and happenings, the signal below, one time axis for both.

Drawn for two widths, because text in a picture scaled down to a phone cannot be read. What is drawn is
bounded: marks closer than a reader can tell apart become one that says how many it stands for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from markupsafe import Markup

from unstuck.doctor.telling.wording import Clock
from unstuck.web.base.svg import element
from unstuck.web.report.axis import Scale, framed, level_ticks, ticks
from unstuck.web.report.lanes import Bar, Lane, Mark, Picture, Series, Sign

LANE_HEIGHT = 42.0
"""Label, bar and air of one lane, in units (px at full size)."""
BAR_OFFSET, BAR_HEIGHT = 20.0, 12.0
LEVEL_HEIGHT = 150.0
"""Height of the signal panel: 10 dB are about as high as a lane's bar."""
AXIS_HEIGHT = 34.0
MARK_UNITS, CROWDED_MARK_UNITS = 9.0, 30.0
"""Marks of one kind nearer than this are one mark: the width of a sign, or of a sign with its number."""
POINT_UNITS = 3.0
"""Signal points are thinned to lowest and highest within this; that is the width of a dot."""
LEAST_BAR_UNITS = 1.5
"""Shorter links are drawn this long, to be seen at all."""
LETTER_UNITS = 7.0
"""Width of a letter of a label, generously; longer labels are shortened (the whole one is on every bar)."""
GAP_S = 300.0
"""A line of readings is broken where none came for this long: phones read about once a minute."""
LEVEL_FLOOR_DBM, LEVEL_TOP_DBM = -100.0, -50.0
"""The panel shows at least this range, so that two reports look alike; -100 dBm is about the floor of receivers."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """One of the two drawings. ``tick_units`` is the least distance between labels of the time axis."""

    name: str
    width: float
    left: float
    tick_units: float


WIDE = Canvas("wide", 960.0, 44.0, 84.0)
NARROW = Canvas("narrow", 336.0, 34.0, 62.0)


def draw(
    drawn: Picture, canvas: Canvas, clock: Clock, since: datetime | None, describe: str, name: str = "timeline"
) -> Markup:
    """The picture as one ``svg`` element; ``describe`` is what it shows in words. Empty when there is nothing.

    ``name`` makes its ids unique within the page.
    """
    if drawn.span is None:
        return Markup("")
    scale = framed(*drawn.span, canvas.left, canvas.width - canvas.left - 8)
    lanes_height = LANE_HEIGHT * len(drawn.lanes)
    level_top = lanes_height + (26 if drawn.series else 0)
    bottom = level_top + (LEVEL_HEIGHT if drawn.series else 0)
    height = bottom + AXIS_HEIGHT
    identity = f"{name}-{canvas.name}"
    body = [
        element("title", "Timeline of links, happenings and signal", id=f"{identity}-title"),
        element("desc", describe, id=f"{identity}-desc"),
        *_since_span(scale, since, bottom),
        *_grid(scale, clock, canvas, bottom),
    ]
    body += _since_line(scale, since, bottom)
    body += [_lane(lane, scale, LANE_HEIGHT * number, clock) for number, lane in enumerate(drawn.lanes)]
    if drawn.series:
        body.append(_levels(drawn.series, scale, level_top))
    return element(
        "svg", *body, class_=f"chart chart-{canvas.name}", role="img",
        aria_labelledby=f"{identity}-title {identity}-desc", view_box=f"0 0 {canvas.width:.0f} {height:.0f}",
    )  # fmt: skip


def sign(kind: Sign, x: float, y: float) -> Markup:
    """The shape of a sign, centred on a point; each kind has its own shape."""
    shapes = {
        Sign.LOST: f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8",
        Sign.UNHEARD: f"M{x:.1f} {y - 5:.1f}l5 9h-10z",
        Sign.REFUSED: f"M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z",
        Sign.ENDED: f"M{x:.1f} {y - 6:.1f}v12",
        Sign.ON: f"M{x - 4:.1f} {y - 5:.1f}l9 5l-9 5z",
        Sign.OFF: f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8z",
        Sign.FAILED: f"M{x:.1f} {y - 5.5:.1f}v7m0 2.5v2",
        Sign.NOTE: f"M{x - 3:.1f} {y:.1f}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
    }
    halo = element("path", d=shapes[kind], class_="halo")
    return halo + element("path", d=shapes[kind], class_=f"sign sign-{kind.value}")


def _since_span(scale: Scale, since: datetime | None, bottom: float) -> Iterable[Markup]:
    if since is not None and scale.first <= since <= scale.last:
        x = scale.x(since)
        yield element("rect", x=x, y=0, width=scale.left + scale.width - x, height=bottom, class_="stuck-span")


def _since_line(scale: Scale, since: datetime | None, bottom: float) -> Iterable[Markup]:
    if since is not None and scale.first <= since <= scale.last:
        x = scale.x(since)
        yield element("line", x1=x, y1=0, x2=x, y2=bottom, class_="stuck-line")


def _grid(scale: Scale, clock: Clock, canvas: Canvas, bottom: float) -> Iterable[Markup]:
    for moment, label in ticks(scale, clock, max(2, int(scale.width / canvas.tick_units))):
        x = scale.x(moment)
        yield element("line", x1=x, y1=0, x2=x, y2=bottom + 5, class_="grid")
        anchor = (
            "middle"
            if scale.left + 14 < x < scale.left + scale.width - 14
            else "end"
            if x > canvas.left * 2
            else "start"
        )
        yield element("text", label, x=x, y=bottom + 20, class_="tick", text_anchor=anchor)
    yield element("line", x1=scale.left, y1=bottom, x2=scale.left + scale.width, y2=bottom, class_="base")


def _lane(lane: Lane, scale: Scale, top: float, clock: Clock) -> Markup:
    y = top + BAR_OFFSET
    middle = y + BAR_HEIGHT / 2
    most = int(scale.width / LETTER_UNITS)
    label = lane.label if len(lane.label) <= most else lane.label[: most - 1] + "…"
    parts = [
        element("text", label, x=scale.left, y=top + 13, class_="lane-name own" if lane.own else "lane-name"),
        element("line", x1=scale.left, y1=middle, x2=scale.left + scale.width, y2=middle, class_="rail"),
    ]
    parts += [_bar(bar, lane, scale, y, clock) for bar in _merged(lane.bars, scale)]
    clusters = _clustered(lane.marks, scale, MARK_UNITS)
    if sum(len(marks) > 1 for marks in clusters) > scale.width / CROWDED_MARK_UNITS / 2:
        clusters = _clustered(lane.marks, scale, CROWDED_MARK_UNITS)
    parts += [_mark(marks, scale, middle, clock) for marks in clusters]
    return element("g", *parts)


def _bar(bar: Bar, lane: Lane, scale: Scale, y: float, clock: Clock) -> Markup:
    x, end = scale.x(bar.start), scale.x(bar.end)
    kind = "bar bad" if bar.bad else "bar own" if lane.own else "bar"
    begin_words = clock.time(bar.start) if bar.begun else "before this evidence begins"
    end_words = clock.time(bar.end) if bar.over else "the end of the evidence"
    return element(
        "rect", element("title", f"{lane.label}: {begin_words} to {end_words}"), x=x, y=y,
        width=max(LEAST_BAR_UNITS, end - x), height=BAR_HEIGHT, rx=2 if bar.begun and bar.over else 0, class_=kind,
    )  # fmt: skip


def _mark(marks: Sequence[Mark], scale: Scale, y: float, clock: Clock) -> Markup:
    first, last = marks[0], marks[-1]
    x = scale.x(first.time)
    words = f"{clock.time(first.time)}: {first.text}"
    if len(marks) > 1:
        words = f"{clock.time(first.time)} to {clock.time(last.time)}: {len(marks)} times {first.text}"
    parts = [element("title", words), sign(first.sign, x, y)]
    if len(marks) > 1:
        parts.append(element("text", f"{len(marks):,}", x=x + 7, y=y + 3.5, class_="count"))
    return element("g", *parts)


def _merged(bars: Sequence[Bar], scale: Scale) -> list[Bar]:
    """Bars that would touch are one: at most one for every two units of width remains."""
    merged: list[Bar] = []
    for bar in sorted(bars, key=lambda bar: bar.start):
        if merged and scale.x(bar.start) - scale.x(merged[-1].end) < LEAST_BAR_UNITS / 2 and merged[-1].bad is bar.bad:
            last = merged[-1]
            later = bar if bar.end >= last.end else last
            merged[-1] = Bar(last.start, later.end, last.begun, later.over, bar.bad)
        else:
            merged.append(bar)
    return merged


def _clustered(marks: Sequence[Mark], scale: Scale, units: float) -> list[list[Mark]]:
    """Marks of one sign that would cover each other, together."""
    clusters: list[list[Mark]] = []
    newest: dict[Sign, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: mark.time):
        open_one = newest.get(mark.sign)
        if open_one is not None and scale.x(mark.time) - scale.x(open_one[0].time) < units:
            open_one.append(mark)
        else:
            newest[mark.sign] = [mark]
            clusters.append(newest[mark.sign])
    return clusters


def _levels(series: Sequence[Series], scale: Scale, top: float) -> Markup:
    levels = [level for one in series for _, level in one.points]
    low = min([LEVEL_FLOOR_DBM, *(10 * (level // 10) for level in levels)])
    high = max([LEVEL_TOP_DBM, *(-10 * (-level // 10) for level in levels)])

    def y(level: float) -> float:
        return top + LEVEL_HEIGHT * (high - level) / (high - low)

    parts = [element("text", "Signal, dBm", x=scale.left, y=top - 8, class_="lane-name")]
    for level in level_ticks(low, high, 10 if high - low <= 60 else 20):
        parts.append(
            element("line", x1=scale.left, y1=y(level), x2=scale.left + scale.width, y2=y(level), class_="grid")
        )
        parts.append(
            element(
                "text",
                f"{level:.0f}".replace("-", "−"),
                x=scale.left - 6,
                y=y(level) + 4,
                class_="tick",
                text_anchor="end",
            )
        )
    others = 0
    for one in sorted(series, key=lambda one: one.own):
        others += 0 if one.own else 1
        kind = "own" if one.own else f"other-{others}"
        thin = thinned(one.points, scale)
        if one.adverts:
            parts.append(_dots([(scale.x(at), y(level)) for at, level in thin], f"dots {kind}"))
        else:
            parts += [
                _line([(scale.x(at), y(level)) for at, level in run], f"level {kind}")
                for run in _runs(one.points, scale)
            ]
    return element("g", *parts)


def _dots(points: Sequence[tuple[float, float]], kind: str) -> Markup:
    path = "".join(f"M{x - 2.6:.1f} {y:.1f}a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0 -5.2 0" for x, y in points)
    return element("path", d=path, class_=kind)


def _line(points: Sequence[tuple[float, float]], kind: str) -> Markup:
    if len(points) == 1:
        return _dots(points, kind.replace("level", "dots"))
    return element("path", d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), class_=kind)


Points = Sequence[tuple[datetime, float]]


def _columns(points: Points, scale: Scale) -> Iterable[list[tuple[datetime, float]]]:
    columns: dict[int, list[tuple[datetime, float]]] = {}
    for at, level in points:
        columns.setdefault(int(scale.x(at) / POINT_UNITS), []).append((at, level))
    return columns.values()


def thinned(points: Points, scale: Scale) -> list[tuple[datetime, float]]:
    """Lowest and highest point of each column: nothing a reader could see is lost, the number is bounded."""
    kept = []
    for column in _columns(points, scale):
        low, high = min(column, key=lambda point: point[1]), max(column, key=lambda point: point[1])
        kept += [low] if low[1] == high[1] else [low, high]
    return kept


def _runs(points: Points, scale: Scale) -> list[list[tuple[datetime, float]]]:
    """The median of each column, in runs without a long gap."""
    gap = max(GAP_S, 4 * scale.seconds * POINT_UNITS / scale.width)
    runs: list[list[tuple[datetime, float]]] = []
    for column in _columns(points, scale):
        point = column[len(column) // 2][0], float(median(level for _, level in column))
        if runs and (point[0] - runs[-1][-1][0]).total_seconds() <= gap:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs
