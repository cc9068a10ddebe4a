"""Small drawings of a day that need no script: hours as bars, sleep as steps. A day enters, SVG leaves."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from unstuck.chain.records import SleepStage
from unstuck.model.records import HoleReason
from unstuck.web.base.svg import element
from unstuck.web.pages.base.i18n import Words
from unstuck.web.pages.base.when import When
from unstuck.web.pages.home.day import REASONS, STAGES, Day, Stretch

WIDTH = 480.0
HEIGHT = 120.0
_FOOT = 22.0
_LEFT = 58.0
_GAP = 3.0
_STEPS_LEAST = 1000
"""The scale of steps ends here at least: a quiet day must not look like a marathon."""


def hours(day: Day, words: Words, when: When) -> Markup:
    """Steps of each hour as bars, holes as hatched ground, with a scale."""
    top = _round_up(max([hour.steps for hour in day.hours] + [_STEPS_LEAST]))
    wide = (WIDTH - _LEFT) / max(len(day.hours), 1)
    parts: list[Markup] = [
        element("title", words.gettext("Steps by hour"), id="hours-title"),
        element("desc", _hours_in_words(day, words, when), id="hours-desc"),
        element("defs", _hatch()),
    ]
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT * (1 - share) + 8
        parts.append(element("line", x1=_LEFT, y1=y, x2=WIDTH, y2=y, class_="base" if share == 0 else "grid"))
        parts.append(element("text", words.number(top * share), x=_LEFT - 8, y=y + 4, class_="tick", text_anchor="end"))
    for place, hour in enumerate(day.hours):
        x = _LEFT + place * wide
        if hour.holes and not hour.steps:
            kind = _worst(hour.holes)
            shape = element("rect", x=x, y=8, width=wide, height=HEIGHT, class_=f"hole hole-{kind}", fill="url(#hatch)")
            parts.append(element("g", element("title", words.gettext(REASONS[kind][0])), shape))
        if hour.steps:
            tall = HEIGHT * hour.steps / top
            bar = element(
                "rect", x=x + _GAP / 2, y=8 + HEIGHT - tall, width=wide - _GAP, height=tall, class_="bar own", rx=1.5
            )
            told = words.gettext(
                "%(time)s: %(steps)s steps", time=when.time(hour.start), steps=words.number(hour.steps)
            )
            parts.append(element("g", element("title", told), bar))
        if place % 6 == 0:
            parts.append(_hour_label(x, when.time(hour.start)))
    return element(
        "svg", *parts, class_="chart", role="img", aria_labelledby="hours-title hours-desc",
        view_box=f"0 0 {WIDTH:.0f} {HEIGHT + 8 + _FOOT:.0f}",
    )  # fmt: skip


def sleep(day: Day, words: Words, when: When) -> Markup:
    """Stages of sleep as steps; empty when there is none."""
    if not day.sleep:
        return Markup("")
    first, last = min(one.start for one in day.sleep), max(one.end for one in day.sleep)
    left, row = 72.0, 26.0
    scale = (WIDTH - left) / max(last - first, 1)
    stages = list(STAGES)
    parts: list[Markup] = [
        element("title", words.gettext("Stages of sleep"), id="sleep-title"),
        element("desc", sleep_in_words(day.sleep, words, when), id="sleep-desc"),
    ]
    for place, stage in enumerate(stages):
        y = 8 + place * row + row / 2
        parts.append(element("line", x1=left, y1=y, x2=WIDTH, y2=y, class_="grid"))
        label = words.gettext(STAGES[stage])
        parts.append(element("text", label, x=left - 8, y=y + 4, class_="tick", text_anchor="end"))
    for one in day.sleep:
        x = left + (one.start - first) * scale
        y = 8 + stages.index(one.stage) * row + 4
        told = words.gettext(
            "%(start)s to %(end)s: %(stage)s",
            start=when.time(one.start), end=when.time(one.end), stage=words.gettext(STAGES[one.stage]),
        )  # fmt: skip
        shape = element(
            "rect", x=x, y=y, width=max((one.end - one.start) * scale, 1.0), height=row - 8, rx=2.0,
            class_=f"stage stage-{one.stage.name.lower()}",
        )  # fmt: skip
        parts.append(element("g", element("title", told), shape))
    foot = 8 + row * len(stages) + 16
    parts.append(element("text", when.time(first), x=left, y=foot, class_="tick"))
    parts.append(element("text", when.time(last), x=WIDTH, y=foot, class_="tick", text_anchor="end"))
    return element(
        "svg", *parts, class_="chart", role="img", aria_labelledby="sleep-title sleep-desc",
        view_box=f"0 0 {WIDTH:.0f} {foot + 6:.0f}",
    )  # fmt: skip


def sleep_in_words(stretches: Sequence[Stretch], words: Words, when: When) -> str:
    """How long each stage was."""
    return ", ".join(f"{words.gettext(name)} {when.lasting(seconds)}" for name, seconds in stage_sums(stretches))


def stage_sums(stretches: Sequence[Stretch]) -> list[tuple[str, int]]:
    """Seconds of each stage that occurs, from the lightest on."""
    sums: dict[SleepStage, int] = {}
    for one in stretches:
        sums[one.stage] = sums.get(one.stage, 0) + one.end - one.start
    return [(STAGES[stage], sums[stage]) for stage in STAGES if stage in sums]


def week(days: Sequence[tuple[Day, Markup, str]], words: Words) -> Markup:
    """Steps of several days as bars, each with its label, its 24 hours as a strip with the holes in it, and a link."""
    top = _round_up(max([day.steps for day, _, _ in days] + [_STEPS_LEAST]))
    wide, tall = WIDTH / max(len(days), 1), 96.0
    parts: list[Markup] = []
    for place, (day, label, path) in enumerate(days):
        x = place * wide + wide / 2
        high = tall * day.steps / top
        steps = words.number(day.steps) if day.minutes else "–"
        name = words.ngettext("%(day)s: %(n)s step", "%(day)s: %(n)s steps", day.steps, day=label)
        missing = ", ".join(str(words.gettext(REASONS[reason][0])) for reason in _reasons([day]))
        told = words.gettext("%(name)s; missing: %(missing)s", name=name, missing=missing) if missing else name
        shapes = [element("rect", x=x - wide / 2, y=0, width=wide, height=tall + 60, class_="target")]
        if high:
            shapes.append(
                element("rect", x=x - 18, y=22 + tall - high, width=36, height=high, rx=2.0, class_="bar own")
            )
        shapes.append(element("text", steps, x=x, y=22 + tall - high - 6, class_="value", text_anchor="middle"))
        shapes.append(_strip(day, x - wide / 2 + 6, 22 + tall + 4, wide - 12))
        shapes.append(element("text", label, x=x, y=tall + 54, class_="tick", text_anchor="middle"))
        parts.append(element("a", *shapes, href=path, aria_label=str(told)))
    return element(
        "svg", *parts, class_="chart week", role="group", view_box=f"0 0 {WIDTH:.0f} {tall + 62:.0f}",
        aria_label=str(words.gettext("Steps of the last days")),
    )  # fmt: skip


_STRIP = 7.0


def _strip(day: Day, x: float, y: float, wide: float) -> Markup:
    """The day from midnight to midnight: what is here, and the holes in the ground of their reason."""
    scale = wide / (day.end - day.start)
    parts = [element("rect", x=x, y=y, width=wide, height=_STRIP, class_="strip", rx=1.5)]
    if day.minutes:
        first, last = day.minutes[0][0], day.minutes[-1][0] + 60
        x_first = x + (first - day.start) * scale
        parts.append(element("rect", x=x_first, y=y, width=(last - first) * scale, height=_STRIP, class_="strip-here"))
    for hole in day.holes:
        x_hole, length = x + (hole.start - day.start) * scale, max((hole.end - hole.start) * scale, 1.5)
        parts.append(element("rect", x=x_hole, y=y, width=length, height=_STRIP, class_=f"strip-{hole.reason}"))
    return element("g", *parts)


def legend(days: Sequence[Day], words: Words) -> Markup:
    """What the grounds of the strips mean; only those that occur."""
    entries = [("strip-here", words.gettext("at the server"))]
    entries += [(f"strip-{reason}", words.gettext(REASONS[reason][0])) for reason in _reasons(days)]
    items = [
        element("li", element("svg", element("rect", x=1, y=4, width=14, height=8, class_=kind), class_="icon",
                view_box="0 0 16 16", aria_hidden="true"), element("span", name))
        for kind, name in entries
    ]  # fmt: skip
    told = words.gettext("The strip under each day is its 24 hours.")
    return element("figcaption", element("p", told, class_="muted"), element("ul", *items, class_="legend"))


def _reasons(days: Sequence[Day]) -> list[HoleReason]:
    """Those that occur, the worst first."""
    return sorted({hole.reason for day in days for hole in day.holes}, key=_WEIGHT, reverse=True)


def _hours_in_words(day: Day, words: Words, when: When) -> str:
    told = [
        words.gettext("%(time)s: %(steps)s steps", time=when.time(hour.start), steps=words.number(hour.steps))
        for hour in day.hours
        if hour.steps
    ]
    return "; ".join(told) or str(words.gettext("no steps"))


def _hour_label(x: float, label: str) -> Markup:
    return element("text", label, x=x, y=HEIGHT + 8 + _FOOT - 4, class_="tick")


def _hatch() -> Markup:
    stroke = element("path", d="M-1 5l6 -6M1 7l6 -6", class_="strokes")
    return element("pattern", stroke, id="hatch", width=6, height=6, pattern_units="userSpaceOnUse")


_WEIGHT: Callable[[HoleReason], int] = list(reversed([
    HoleReason.LOST, HoleReason.NOT_DRAINED, HoleReason.NOT_UPLOADED, HoleReason.NOT_SHOWN, HoleReason.NOT_RECORDED,
    HoleReason.NOT_WORN,
])).index  # fmt: skip


def _worst(reasons: Sequence[HoleReason]) -> HoleReason:
    return max(reasons, key=_WEIGHT)


def _round_up(number: int) -> int:
    """The next of 1, 2 or 5 with zeros behind."""
    step = 1
    while step * 10 < number:
        step *= 10
    return next(step * times for times in (1, 2, 5, 10) if step * times >= number)
