"""Facts sorted into what a timeline shows: links as bars, happenings as marks, signal as points.

Pure data; where and how it is drawn is in :mod:`unstuck.web.report.chart`.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from unstuck.doctor.telling.wording import clean, duration
from unstuck.model.diagnosis import Diagnosis
from unstuck.model.evidence import Fact, FactSet

MOST_PEERS = 6
"""Devices with a lane of their own: the tracker and those with most happenings; more cannot be told apart."""

MOST_SERIES = 3
"""Signal series beside the tracker's; more lines would hide its points."""


CLOSE_UP_SHARE = 0.25
"""A second, closer picture is drawn when what happened since it stopped is less than this part of the whole."""


class Sign(StrEnum):
    """What a mark means; drawn as a shape, never by colour alone."""

    LOST = "lost"
    UNHEARD = "unheard"
    REFUSED = "refused"
    ENDED = "ended"
    ON = "on"
    OFF = "off"
    FAILED = "failed"
    NOTE = "note"


SIGN_WORDS: Mapping[Sign, str] = {
    Sign.LOST: "link lost without a word",
    Sign.UNHEARD: "new link never heard",
    Sign.REFUSED: "connection refused",
    Sign.ENDED: "link closed in order",
    Sign.ON: "lets data flow: on, started, saver or airplane mode off",
    Sign.OFF: "holds data up: off, stopped, saver or airplane mode on",
    Sign.FAILED: "failed",
    Sign.NOTE: "other happening",
}


_TROUBLE = frozenset({Sign.LOST, Sign.UNHEARD, Sign.REFUSED, Sign.FAILED})


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasted. ``begun`` and ``over`` are False where the evidence does not show that end."""

    start: datetime
    end: datetime
    begun: bool
    over: bool
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment."""

    time: datetime
    sign: Sign
    text: str


@dataclass(slots=True)
class Lane:
    """One line of the picture. ``subject`` is the device's address, empty for the phone's own happenings."""

    label: str
    subject: str = ""
    own: bool = False
    bars: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Series:
    """Signal levels in dBm, oldest first. ``own`` is the tracker's; ``adverts`` are points, readings a line."""

    label: str
    own: bool
    adverts: bool
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a timeline shows; ``span`` is None when there is nothing to draw.

    ``left_out`` counts happenings outside the span and devices without a lane.
    """

    span: tuple[datetime, datetime] | None
    lanes: tuple[Lane, ...]
    series: tuple[Series, ...]
    happenings_left_out: int
    devices_left_out: int


_SEPARATORS = re.compile(r"[\s:._-]")
"""What may stand between the bytes of an address; some devices bear theirs as a name, without them."""
_TRACE = ("link.", "advert.", "rssi.", "hci.", "pairing.")


def picture(diagnosis: Diagnosis) -> Picture:
    """Sort the dated facts of a diagnosis. The span is that of the Bluetooth trace where there is one."""
    facts = FactSet([fact for fact in diagnosis.facts if fact.time is not None])
    traced = [fact.time for fact in facts if fact.time and fact.name.startswith(_TRACE)]
    own = "" if diagnosis.tracker is None else diagnosis.tracker.id
    names = _names(facts, diagnosis)
    groups = _phone_lanes(facts)
    times = traced or [mark.time for lane in groups for mark in lane.marks]
    if not times:
        return Picture(None, (), (), 0, 0)
    span = min(times), max(times)
    inside, left_out = [], 0
    for lane in groups:
        kept = [mark for mark in lane.marks if span[0] <= mark.time <= span[1]]
        left_out += len(lane.marks) - len(kept)
        if lane.label in _LASTING:
            lane.bars = [cut for bar in _bad_spans(lane.marks, span[1]) if (cut := _cut(bar, span)) is not None]
        lane.marks = kept
        if kept or lane.bars:
            inside.append(lane)
    peers = _peer_lanes(facts, own, names, span)
    return Picture(
        span, (*peers[:MOST_PEERS], *inside), _series(facts, own, names), left_out, max(0, len(peers) - MOST_PEERS)
    )


def close_up(drawn: Picture, since: datetime | None) -> Picture | None:
    """The part that matters, when it is too small a part of the whole to be made out; else None.

    That is the time since it is stuck, or else the time in which the tracker's link was in trouble.
    """
    if drawn.span is None:
        return None
    troubles = [mark.time for lane in drawn.lanes if lane.own for mark in lane.marks if mark.sign in _TROUBLE]
    if since is not None and drawn.span[0] < since < drawn.span[1]:
        first, last = since, drawn.span[1]
    elif since is None and len(troubles) > 1:
        first, last = min(troubles), max(troubles)
    else:
        return None
    if last - first > CLOSE_UP_SHARE * (drawn.span[1] - drawn.span[0]):
        return None
    margin = (last - first) / 2
    span = max(drawn.span[0], first - margin), min(drawn.span[1], last + margin)
    lanes = []
    for lane in drawn.lanes:
        bars = [cut for bar in lane.bars if (cut := _cut(bar, span)) is not None]
        marks = [mark for mark in lane.marks if span[0] <= mark.time <= span[1]]
        if bars or marks:
            lanes.append(replace(lane, bars=bars, marks=marks))
    series = (
        replace(one, points=tuple(point for point in one.points if span[0] <= point[0] <= span[1]))
        for one in drawn.series
    )
    return Picture(span, tuple(lanes), tuple(series), 0, 0)


def _names(facts: FactSet, diagnosis: Diagnosis) -> dict[str, str]:
    names: dict[str, str] = {}
    for kind in ("advert.summary", "device.recognised", "bluetooth.bond", "device.name"):  # best last, newest last
        for fact in facts.all(kind):
            if fact.text("name"):
                names[fact.subject] = clean(fact.text("name"))
    if diagnosis.tracker is not None and diagnosis.tracker.name:
        names[diagnosis.tracker.id] = clean(diagnosis.tracker.name)
    return names


def _label(subject: str, names: Mapping[str, str]) -> str:
    name, address = names.get(subject, ""), clean(subject)
    if not name or _SEPARATORS.sub("", name).casefold() == _SEPARATORS.sub("", address).casefold():
        return address or "a device"
    return name if address in name else f"{name} ({address})"


def _peer_lanes(facts: FactSet, own: str, names: Mapping[str, str], span: tuple[datetime, datetime]) -> list[Lane]:
    lanes: dict[str, Lane] = {}
    open_links: dict[tuple[str, str], datetime] = {}
    wanted = ("link.opened", "link.lost", "link.ended", "link.not_established", "link.refused", *_FAILURES)
    for fact in facts.all(*wanted):
        if fact.time is None:
            continue
        label = _label(fact.subject, names)
        lane = lanes.setdefault(fact.subject, Lane(label, fact.subject, own=fact.subject == own and own != ""))
        link = fact.subject, fact.text("handle")
        if fact.name == "link.opened":
            open_links.setdefault(link, fact.time)
        elif fact.name in ("link.lost", "link.ended"):
            lane.bars.append(_closed(fact, fact.time, open_links.pop(link, None), span[0]))
            lane.marks.append(_end(fact, fact.time))
        else:
            lane.marks.append(_FAILURES.get(fact.name, _attempt)(fact, fact.time))
    for (subject, _), start in open_links.items():
        lanes[subject].bars.append(Bar(start, span[1], begun=True, over=False))
    return sorted(lanes.values(), key=lambda lane: (not lane.own, -len(lane.bars) - len(lane.marks), lane.label))


def _closed(fact: Fact, end: datetime, opened: datetime | None, first: datetime) -> Bar:
    if opened is not None:
        return Bar(opened, end, begun=True, over=True)
    held = fact.number("held_s")
    if held is None or held < 0 or held > (end - first).total_seconds():
        return Bar(min(first, end), end, begun=False, over=True)
    return Bar(end - timedelta(seconds=held), end, begun=True, over=True)


def _end(fact: Fact, at: datetime) -> Mark:
    held = fact.number("held_s")
    after = "" if held is None else f" after {duration(held)}"
    reason = fact.number("reason")
    code = "" if reason is None else f" (0x{int(reason):02x})"
    if fact.name == "link.lost":
        return Mark(at, Sign.LOST, f"link lost without a word{code}{after}")
    return Mark(at, Sign.ENDED, f"link closed by {fact.text('by') or 'unknown'}{code}{after}")


def _attempt(fact: Fact, at: datetime) -> Mark:
    if fact.name == "link.not_established":
        return Mark(at, Sign.UNHEARD, "new link never heard (0x3e)")
    return Mark(at, Sign.REFUSED, f"connection refused (0x{int(fact.number('status') or 0):02x})")


_FAILURES: Mapping[str, Callable[[Fact, datetime], Mark]] = {
    "link.encryption_failed": lambda f, at: Mark(
        at, Sign.FAILED, f"encryption failed (0x{int(f.number('status') or 0):02x})"
    ),
    "pairing.failed": lambda f, at: Mark(at, Sign.FAILED, f"pairing failed (0x{int(f.number('reason') or 0):02x})"),
    "att.timeout": lambda f, at: Mark(at, Sign.FAILED, "a request was never answered"),
    "gattlink.reset": lambda f, at: Mark(at, Sign.NOTE, f"Gattlink reset by the {f.text('by') or 'phone'}"),
}


def _series(facts: FactSet, own: str, names: Mapping[str, str]) -> tuple[Series, ...]:
    found: dict[tuple[bool, str], list[tuple[datetime, float]]] = {}
    for fact in facts.all("advert.seen", "rssi.read"):
        level = fact.number("rssi")
        if fact.time is not None and level is not None and -127 < level < 21:  # range of LE RSSI; 127 = not available
            found.setdefault((fact.name == "advert.seen", fact.subject), []).append((fact.time, level))
    most = Counter({key: len(points) for key, points in found.items() if key[1] != own})
    kept = [key for key in ((True, own), (False, own)) if key in found] + [
        key for key, _ in most.most_common(MOST_SERIES)
    ]
    return tuple(
        Series(
            f"{_label(subject, names)}, {'adverts' if adverts else 'readings of the live link'}",
            subject == own and own != "",
            adverts,
            tuple(found[adverts, subject]),
        )
        for adverts, subject in kept
    )


def _cut(bar: Bar, span: tuple[datetime, datetime]) -> Bar | None:
    if bar.end < span[0] or bar.start > span[1]:
        return None
    return Bar(
        max(bar.start, span[0]), min(bar.end, span[1]), bar.begun and bar.start >= span[0],
        bar.over and bar.end <= span[1], bar.bad,
    )  # fmt: skip


# -- the phone's own happenings -----------------------------------------------------------------------

Told = tuple[Sign, str]


def _switch(what: str, bad: bool) -> Callable[[Fact], Told]:
    def told(fact: Fact) -> Told:
        flag = fact.flag("on") if isinstance(fact.value, Mapping) else fact.flag()
        why = ", ".join(part for part in (fact.text("reason"), fact.text("by")) if part)
        words = f"{what} {'on' if flag else 'off'}" + (f" ({clean(why)})" if why else "")
        return (Sign.OFF if flag is bad else Sign.ON), words

    return told


def _says(sign: Sign, text: str, *parts: str) -> Callable[[Fact], Told]:
    def told(fact: Fact) -> Told:
        more = ", ".join(clean(fact.text(part)) for part in parts if fact.text(part))
        return sign, f"{text}: {more}" if more else text

    return told


_EVENTS: Mapping[str, tuple[str, Callable[[Fact], Told]]] = {
    "bluetooth.switched": ("Bluetooth of the phone", _switch("Bluetooth", bad=False)),
    "bluetooth.history": ("Bluetooth of the phone", _switch("Bluetooth", bad=False)),
    "bluetooth.crashed": ("Bluetooth of the phone", _says(Sign.FAILED, "the Bluetooth process crashed")),
    "hci.reset": ("Bluetooth of the phone", _says(Sign.ON, "Bluetooth started anew")),
    "hci.all_links_closed": ("Bluetooth of the phone", _says(Sign.OFF, "all links closed by the phone at once")),
    "hci.hardware_error": ("Bluetooth of the phone", _says(Sign.FAILED, "hardware error of the radio", "code")),
    "hci.command_timeout": ("Bluetooth of the phone", _says(Sign.FAILED, "the radio did not answer a command")),
    "power.battery_saver_switched": ("Battery saver", _switch("battery saver", bad=True)),
    "phone.airplane_switched": ("Airplane mode", _switch("airplane mode", bad=True)),
    "network.switched": ("Network", _switch("network", bad=False)),
    "app.killed": ("App", _says(Sign.OFF, "app killed", "reason")),
    "app.exit": ("App", _says(Sign.OFF, "app ended", "reason_text", "subreason_text")),
    "app.crashed": ("App", _says(Sign.FAILED, "app crashed", "exception")),
    "app.started": ("App", _says(Sign.ON, "app started", "why")),
    "app.error": ("App", _says(Sign.FAILED, "app error", "kind", "text")),
    "app.http": ("App", _says(Sign.NOTE, "answer of the service", "status")),
    "tracker.rebooted": ("Tracker", _says(Sign.NOTE, "the tracker restarted")),
    "tracker.charger": ("Tracker", _switch("charger", bad=False)),
    "tracker.log_gap": ("Tracker", _says(Sign.FAILED, "rows of its own log are missing from here")),
}
"""Facts of the phone, the app and the tracker that are drawn: their lane, and what they say."""

_LASTING = frozenset({"Bluetooth of the phone", "Battery saver", "Airplane mode", "Network"})
"""Lanes whose switches make spans: the bad state is drawn as a bar until it ends."""


def _phone_lanes(facts: FactSet) -> list[Lane]:
    lanes: dict[str, Lane] = {label: Lane(label) for label, _ in _EVENTS.values()}
    for fact in facts.all(*_EVENTS):
        label, told = _EVENTS[fact.name]
        sign, text = told(fact)
        if fact.time is not None:
            lanes[label].marks.append(Mark(fact.time, sign, text))
    return list(lanes.values())


def _bad_spans(marks: Sequence[Mark], end: datetime) -> list[Bar]:
    bars, since = [], None
    for mark in marks:
        if mark.sign is Sign.OFF and since is None:
            since = mark.time
        elif mark.sign is Sign.ON and since is not None:
            bars.append(Bar(since, mark.time, begun=True, over=True, bad=True))
            since = None
    if since is not None:
        bars.append(Bar(since, max(since, end), begun=True, over=False, bad=True))
    return bars
