"""Reliability as a picture: bins enter, SVG leaves. On the diagonal a doctor is as sure as it is right."""

from collections.abc import Mapping

from markupsafe import Markup

from unstuck.lab.benchmark.score import Calibration
from unstuck.web.base.svg import element

SIDE, LEFT, TOP, BOTTOM, LEGEND = 320.0, 48.0, 16.0, 44.0, 22.0
"""Of the square, and the room around it (units)."""

LEAST_DOT, MOST_DOT = 2.0, 9.0
"""Radius of a bin that holds hardly anything, and of one that holds all."""

COLOURS = ("#1f6feb", "#b3541e", "#2f7d32")
"""Told apart by lightness too, and by what the legend says."""

SHAPES = ("circle", "square", "diamond")


def plot(named: Mapping[str, Calibration]) -> str:
    """The whole file. One series for each name, in their order."""
    height = TOP + SIDE + BOTTOM + LEGEND * len(named)
    width = LEFT + SIDE + 16.0
    parts = [
        element("rect", width="100%", height="100%", fill="#ffffff"),
        element("rect", x=LEFT, y=TOP, width=SIDE, height=SIDE, fill="none", stroke="#8a8a8a"),
        element("line", x1=_x(0.0), y1=_y(0.0), x2=_x(1.0), y2=_y(1.0), stroke="#8a8a8a", stroke_dasharray="4 4"),
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(element("text", f"{tick:g}", x=_x(tick), y=TOP + SIDE + 16, text_anchor="middle"))
        parts.append(element("text", f"{tick:g}", x=LEFT - 6, y=_y(tick) + 4, text_anchor="end"))
    parts.append(
        element("text", "probability that was said", x=LEFT + SIDE / 2, y=TOP + SIDE + 34, text_anchor="middle")
    )
    turned = f"rotate(-90 12 {TOP + SIDE / 2:.0f})"
    parts.append(
        element("text", "share that was true", x=12.0, y=TOP + SIDE / 2, text_anchor="middle", transform=turned)
    )
    for place, (name, one) in enumerate(named.items()):
        parts += _series(one, place)
        y = TOP + SIDE + BOTTOM + LEGEND * place + 8
        parts.append(_dot(LEFT + 6, y, 5.0, place, ""))
        parts.append(element("text", f"{name}: error {one.error:.3f}", x=LEFT + 18, y=y + 4))
    drawn = element(
        "svg",
        element("title", "Reliability of the probabilities that the doctor says"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        view_box=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        height=height,
        font_family="sans-serif",
        font_size=12,
    )
    return str(drawn) + "\n"


def _series(one: Calibration, place: int) -> list[Markup]:
    colour = COLOURS[place % len(COLOURS)]
    points = " ".join(f"{_x(each.mean):.1f},{_y(each.true):.1f}" for each in one.bins)
    line = element("polyline", points=points, fill="none", stroke=colour, stroke_opacity=0.5)
    dots = [
        _dot(
            _x(each.mean),
            _y(each.true),
            LEAST_DOT + (MOST_DOT - LEAST_DOT) * each.weight**0.5,
            place,
            f"{each.low:g} to {each.high:g}: said {each.mean:.3f}, true {each.true:.3f}, {each.count} times",
        )
        for each in one.bins
    ]
    return [line, *dots]


def _dot(x: float, y: float, radius: float, place: int, says: str) -> Markup:
    colour, shape = COLOURS[place % len(COLOURS)], SHAPES[place % len(SHAPES)]
    title = [element("title", says)] if says else []
    if shape == "circle":
        return element("circle", *title, cx=x, cy=y, r=radius, fill=colour)
    turn = {"transform": f"rotate(45 {x:.1f} {y:.1f})"} if shape == "diamond" else {}
    side = radius * 1.7
    return element("rect", *title, x=x - side / 2, y=y - side / 2, width=side, height=side, fill=colour, **turn)


def _x(share: float) -> float:
    return LEFT + SIDE * share


def _y(share: float) -> float:
    return TOP + SIDE * (1.0 - share)
