"""The report as one page: no script, nothing loaded from anywhere, safe against names made to harm.

Whatever comes from evidence is escaped, and control and direction characters are taken out. The page's
own policy (CSP) forbids everything but its one style sheet, which it names by its hash.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, Template
from markupsafe import Markup

from unstuck import __version__
from unstuck.doctor.privacy.identifiers import PSEUDONYM
from unstuck.doctor.telling import wording
from unstuck.doctor.telling.document import SCHEMA_ID
from unstuck.model.diagnosis import CauseEvidence, Diagnosis, HopState, RankedCause, Verdict
from unstuck.model.evidence import Fact
from unstuck.web.base import style
from unstuck.web.base.svg import element
from unstuck.web.base.templates import templates as base_templates
from unstuck.web.report.chart import NARROW, WIDE, draw, sign
from unstuck.web.report.days import MODES, draw_days, most_days, radio_days
from unstuck.web.report.lanes import SIGN_WORDS, Picture, Series, Sign, close_up, picture

FACTS_SHOWN = 40
"""Facts listed under one sentence of proof: more would be leafed through, not read; all are in the JSON document."""
ENTRIES_SHOWN = 300
"""Happenings listed under the timeline; the newest ones, for the same reason."""


@dataclass(frozen=True, slots=True)
class ShownFact:
    """One fact as a row of a table."""

    name: str
    value: str
    time: datetime | None
    locator: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class ShownEvidence:
    """One sentence of proof with everything behind it."""

    line: CauseEvidence
    place: str
    number: int
    facts: tuple[ShownFact, ...]
    more: int


def report(diagnosis: Diagnosis) -> str:
    """The whole page as text, in UTF-8 when written. Redact the diagnosis first if it leaves the house."""
    clock = wording.clock_of(diagnosis)
    drawn = picture(diagnosis)
    closer = close_up(drawn, diagnosis.since)
    days = radio_days(diagnosis)
    words = describe(drawn, clock)
    css = style_sheet()
    text = _template().render(
        d=diagnosis,
        w=wording,
        clock=clock,
        css=Markup(css),
        csp=policy(css),
        version=__version__,
        schema=SCHEMA_ID,
        inconclusive=diagnosis.verdict is Verdict.INCONCLUSIVE,
        tracker=wording.tracker_name(diagnosis.tracker),
        seen=wording.seen(diagnosis),
        links=links(diagnosis),
        causes=causes_shown(diagnosis),
        unproven=any(not cause.evidence for cause in wording.shown_causes(diagnosis)),
        plan=wording.split_plan(diagnosis),
        unchecked=wording.grouped_unchecked(diagnosis.unchecked),
        drawn=drawn,
        chart=[draw(drawn, canvas, clock, diagnosis.since, words) for canvas in (WIDE, NARROW)],
        closer=closer,
        closer_chart=[
            draw(closer, canvas, clock, diagnosis.since, describe(closer, clock), "closer")
            for canvas in (WIDE, NARROW)
            if closer is not None
        ],
        counted=wording.counted,
        signs=_signs(drawn),
        series=[(one, _swatch(one, drawn)) for one in drawn.series],
        entries=diagnosis.timeline[-ENTRIES_SHOWN:],
        entries_left_out=max(0, len(diagnosis.timeline) - ENTRIES_SHOWN),
        days=days,
        days_chart=[draw_days(days, canvas) for canvas in (WIDE, NARROW)],
        days_left_out=max(0, len(days) - most_days(WIDE)),
        modes=[(_square(f"mode mode-{mode}"), words) for mode, words in MODES],
    )
    replaced = PSEUDONYM.search(text) is not None
    return text.replace(_REPLACED_MARK, _REPLACED_NOTE if replaced else "")


_REPLACED_MARK = "<!--replaced-->"
_REPLACED_NOTE = (
    "<p>Words like [address 1] stand for identifiers that were replaced; the same word is the same thing.</p>"
)


def policy(css: str) -> str:
    """The page's Content-Security-Policy: its style sheet by hash, nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def style_sheet() -> str:
    """Tokens for both schemes, then the rules."""
    return style.style_sheet(style.rules("unstuck.web.report", "report.css"))


def templates(package: str) -> Environment:
    """Templates of a package, with the filter that writes a time in UTC."""
    environment = base_templates(package)
    environment.filters["utc"] = _utc
    return environment


@cache
def _template() -> Template:
    return templates("unstuck.web.report").get_template("report.html.j2")


def _utc(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def links(diagnosis: Diagnosis) -> list[str]:
    """How the way into each hop looks: data flows, is cut, or nobody knows."""
    links, flowing = [], True
    for _, state, _ in diagnosis.hops:
        if state is HopState.BROKEN:
            links.append("cut")
        else:
            links.append("flow" if flowing and state is HopState.MOVING else "idle")
        flowing = flowing and state is HopState.MOVING
    return links


Again = tuple[int, int]
"""Where a sentence was shown already: number of the cause, number of the sentence under it; both from 1."""


def causes_shown(diagnosis: Diagnosis) -> list[tuple[RankedCause, list[ShownEvidence], list[Again]]]:
    """Causes with the proof that is new under each, and where the rest of it is."""
    first: dict[tuple[str, str, str], Again] = {}
    told = []
    for number, cause in enumerate(wording.shown_causes(diagnosis), 1):
        fresh: list[ShownEvidence] = []
        again: list[Again] = []
        for line in cause.evidence:
            key = line.text, line.source, line.locator
            if key in first:
                again.append(first[key])
            else:
                fresh.append(_evidence(diagnosis, line))
                first[key] = number, len(fresh)
        told.append((cause, fresh, again))
    return told


def _evidence(diagnosis: Diagnosis, line: CauseEvidence) -> ShownEvidence:
    paths = [source.path for source in diagnosis.sources]
    facts = _behind(diagnosis, line)
    return ShownEvidence(
        line,
        _where(paths, line.source, (line.locator, *line.also)),
        paths.index(line.source) + 1 if line.source in paths else 0,
        tuple(
            ShownFact(f.name, value_words(f), f.time, _where(paths, f.source, (f.locator,)), f.excerpt)
            for f in facts[:FACTS_SHOWN]
        ),
        max(0, len(facts) - FACTS_SHOWN),
    )


def _where(paths: Sequence[str], source: str, locators: Sequence[str]) -> str:
    """The place, with the file's name where the file is a member of what was given."""
    place = wording.place(locators)
    return place if source in paths else f"{wording.source_name(source)}, {place}"


def _behind(diagnosis: Diagnosis, line: CauseEvidence) -> tuple[Fact, ...]:
    for finding in diagnosis.findings:
        if finding.id == line.finding:
            for proof in finding.proof:
                if proof.text == line.text:
                    return proof.facts
    return ()


def value_words(fact: Fact) -> str:
    """A fact's value for a person: ``reason 8, held_s 4514.4``; parts without a value are left out."""
    about = [f"of {fact.subject}"] if fact.subject else []
    if isinstance(fact.value, Mapping):
        return ", ".join(
            [f"{key} {_scalar(part)}" for key, part in fact.value.items() if part not in (None, "")] + about
        )
    return ", ".join([_scalar(fact.value), *about])


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def describe(drawn: Picture, clock: wording.Clock) -> str:
    """The timeline in words, for those who do not see it."""
    if drawn.span is None:
        return ""
    told = [f"From {clock.time(drawn.span[0])} to {clock.time(drawn.span[1])}."]
    for lane in drawn.lanes:
        counts: dict[Sign, int] = {}
        for mark in lane.marks:
            counts[mark.sign] = counts.get(mark.sign, 0) + 1
        parts = [f"{len(lane.bars)} {'links' if lane.subject else 'spans'}"] if lane.bars else []
        parts += [f"{count} times {SIGN_WORDS[kind]}" for kind, count in counts.items()]
        told.append(f"{lane.label}: {', '.join(parts)}.")
    for one in drawn.series:
        levels = [level for _, level in one.points]
        if levels:
            told.append(f"Signal of {one.label}: {len(levels)} values from {min(levels):.0f} to {max(levels):.0f} dBm.")
    return " ".join(told)


def _signs(drawn: Picture) -> list[tuple[Markup, str]]:
    used = {mark.sign for lane in drawn.lanes for mark in lane.marks}
    return [(_icon(sign(kind, 8, 8)), words) for kind, words in SIGN_WORDS.items() if kind in used]


def _swatch(one: Series, drawn: Picture) -> Markup:
    others = [other for other in drawn.series if not other.own]
    kind = "own" if one.own else f"other-{others.index(one) + 1}"
    if one.adverts:
        return _icon(element("circle", cx=8, cy=8, r=3, class_=f"dots {kind}"))
    return _icon(element("path", d="M1 8h14", class_=f"level {kind}"))


def _square(kind: str) -> Markup:
    return _icon(element("rect", x=3, y=3, width=10, height=10, class_=kind))


def _icon(*shapes: Markup) -> Markup:
    return element("svg", *shapes, class_="icon", view_box="0 0 16 16", aria_hidden="true")
