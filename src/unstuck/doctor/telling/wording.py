"""What every view says in the same words: verdict, times in the phone's zone, durations, locators.

Pure text; glyphs, colours and layout belong to the views.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from unstuck.evidence.profiles import profiles
from unstuck.model.diagnosis import Diagnosis, HopState, PlannedFix, RankedCause, Tracker, Unchecked, Verdict
from unstuck.model.evidence import SourceInfo
from unstuck.model.hop import Hop
from unstuck.model.worded import Number, capital, joined, worded
from unstuck.model.worded import counted as number_of

LEAST_SHOWN_PROBABILITY = 0.01
"""Causes less sure than this are not listed for a person: a hundred of them would be one mistake."""

LISTED_LOCATORS = 3
"""Up to this many packets or lines are listed one by one; more are given as a range."""

HOP_TITLES = {
    Hop.TRACKER: worded("the tracker"),
    Hop.BLUETOOTH: worded("Bluetooth"),
    Hop.PHONE: worded("the phone"),
    Hop.SERVER: worded("the server"),
}

_KINDS = {
    "btsnoop": worded("Bluetooth log"),
    "btsnooz": worded("Bluetooth log in a report"),
    "packetlogger": worded("Bluetooth log (Apple)"),
    "pcap": worded("Bluetooth capture"),
    "pcapng": worded("Bluetooth capture"),
    "adb": worded("Android phone, live"),
    "bluez": worded("this computer's Bluetooth, live"),
    "iphone": worded("iPhone, live"),
    "bugreport": worded("Android bug report"),
    "batterystats": worded("Android battery statistics"),
    "dumpsys": worded("Android service reports"),
    "logcat": worded("Android log"),
    "settings": worded("Android settings"),
    "appops": worded("Android app operations"),
    "getprop": worded("Android properties"),
    "takeout": worded("Takeout export"),
    "chain": worded("agent's journal"),
    "chain server": worded("our server"),
    "answers": worded("your answers"),
    "archive": worded("archive"),
    "folder": worded("folder"),
    "unknown": worded("not recognised"),
}
_WHOLE_NUMBER = re.compile(r"^(packet|line|row) (\d+)$")
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Control, format (bidirectional overrides, zero width), surrogate, private and separator characters."""


def clean(text: str) -> str:
    """Text of unknown origin made safe to show on one line: no control or direction characters."""
    cleaned = " ".join("".join(" " if unicodedata.category(c) in _UNSAFE_CATEGORIES else c for c in text).split())
    return text if cleaned == text else cleaned  # what is clean stays worded


_WEEKDAYS = (worded("Mon"), worded("Tue"), worded("Wed"), worded("Thu"), worded("Fri"), worded("Sat"), worded("Sun"))
_MONTHS = (
    worded("Jan"), worded("Feb"), worded("Mar"), worded("Apr"), worded("May"), worded("Jun"), worded("Jul"),
    worded("Aug"), worded("Sep"), worded("Oct"), worded("Nov"), worded("Dec"),
)  # fmt: skip


@lru_cache(maxsize=32)
def _zone(name: str) -> tuple[tzinfo, str]:
    try:
        return (ZoneInfo(name), name) if name and name != "UTC" else (UTC, "UTC")
    except (KeyError, ValueError, OSError):  # the name comes from evidence and may be anything
        return UTC, "UTC"


@dataclass(frozen=True, slots=True)
class Clock:
    """Times for a person in the phone's zone; UTC when ``zone`` is empty or unknown.

    ``day`` is the moment of reference: times of the same day are given without a date.
    """

    zone: str
    day: datetime | None = None

    def local(self, time: datetime) -> datetime:
        """The same moment in the phone's zone; left in UTC at the very ends of the calendar."""
        try:
            return time.astimezone(_zone(self.zone)[0])
        except OverflowError:
            return time

    def stated(self, time: datetime | None) -> str:
        """The zone in words, as in ``Europe/Vienna, UTC+1``; the offset is the one at ``time``."""
        name = _zone(self.zone)[1]
        if name == "UTC" or time is None:
            return name
        offset = self.local(time).utcoffset()
        minutes = 0 if offset is None else round(offset.total_seconds() / 60)
        hours, rest = divmod(abs(minutes), 60)
        return f"{name}, UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")

    def time(self, time: datetime) -> str:
        """``22:23`` on the day of reference, ``Wed 18 Mar 22:23`` on another, with the year when that differs."""
        local = self.local(time)
        if self.day is not None and local.date() == self.local(self.day).date():
            return f"{local:%H:%M}"
        return joined([self.date(time), f"{local:%H:%M}"])

    def date(self, time: datetime) -> str:
        """``Thu 19 Mar``, with the year unless it is the year of reference."""
        local = self.local(time)
        parts = {"weekday": _WEEKDAYS[local.weekday()], "day": f"{local.day}", "month": _MONTHS[local.month - 1]}
        if self.day is not None and local.year == self.local(self.day).year:
            return worded("{weekday} {day} {month}", **parts)
        return worded("{weekday} {day} {month} {year}", year=f"{local.year}", **parts)

    def span(self, first: datetime, last: datetime) -> str:
        """``Thu 19 Mar 2026, 21:04 – 22:28``, or both ends with their date."""
        begin, end = self.local(first), self.local(last)
        if begin.date() == end.date():
            return joined([Clock(self.zone).date(first), f"{begin:%H:%M} – {end:%H:%M}"], ", ")
        return joined([self.date(first), f"{begin:%H:%M} –", Clock(self.zone).date(last), f"{end:%H:%M}"])


def clock_of(diagnosis: Diagnosis) -> Clock:
    """The clock of a diagnosis: the phone's zone, the day it was judged as of."""
    return Clock(diagnosis.zone, diagnosis.judged_at)


def seen(diagnosis: Diagnosis) -> tuple[datetime, datetime] | None:
    """First and last moment that somebody watched: of the Bluetooth logs where there are any, else of all sources."""
    logs = [source.span for source in diagnosis.sources if source.kind in _LOGS and source.span is not None]
    spans = logs or [source.span for source in diagnosis.sources if source.span is not None]
    times = [moment for span in spans for moment in span]
    if not times:
        return None
    last = max(times) if diagnosis.judged_at is None else min(max(times), diagnosis.judged_at)
    return min(min(times), last), last


_LOGS = frozenset({"btsnoop", "btsnooz", "packetlogger", "pcap", "pcapng"})
"""These say for how long somebody watched; a bug report's history may go back weeks."""


def duration(seconds: float) -> str:
    """``40 s``, ``22 min``, ``3 h 10 min``, ``2 days 4 h``: two units at most, rounded down."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return worded("{seconds} s", seconds=max(0, int(seconds)))
    if minutes < 60:
        return worded("{minutes} min", minutes=minutes)
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return (
            worded("{hours} h {minutes} min", hours=hours, minutes=rest) if rest else worded("{hours} h", hours=hours)
        )
    days, hours = divmod(hours, 24)
    return joined([number_of("{n} day", "{n} days", days), worded("{hours} h", hours=hours) if hours else ""])


def percent(share: float) -> str:
    """``93 %``; never a false 0 or 100."""
    if share < LEAST_SHOWN_PROBABILITY:
        return "< 1 %"
    return f"{min(99, round(share * 100))} %" if share < 0.995 else "> 99 %"


def minutes(count: float) -> str:
    """A person's time: ``1 min``, ``1 h 30 min``, ``2 days``."""
    return worded("< 1 min") if count < 1 else duration(60 * count)


def tracker_name(tracker: Tracker | None) -> str:
    """``Fitbit Inspire 3``, or that none was recognised."""
    if tracker is None:
        return worded("No tracker recognised")
    profile = profiles().get(tracker.vendor)
    vendor = clean(tracker.vendor.capitalize() if profile is None else profile.name.split(" / ")[0])
    name = clean(tracker.name)
    if not name:
        return clean(f"{vendor} tracker {tracker.id}")
    return name if name.lower().startswith(vendor.lower()) else clean(f"{vendor} {name}")


def kind_name(kind: str) -> str:
    """The kind of a source for a person."""
    service = kind.removeprefix("dumpsys ")
    if service != kind:
        return worded("Android service report ({service})", service=clean(service))
    return _KINDS.get(kind, clean(kind).replace("_", " "))


def verdict_sentence(diagnosis: Diagnosis) -> str:
    """The first sentence: what the verdict is, where, since when, for how long."""
    if diagnosis.verdict is Verdict.STUCK:
        return _stuck_sentence(diagnosis)
    if diagnosis.verdict is Verdict.HEALTHY:
        if all(state is HopState.MOVING for _, state, _ in diagnosis.hops):
            return worded("Not stuck: data moves from tracker to server.")
        return worded("Not stuck, as far as could be seen.")
    if not diagnosis.sources:
        return worded("Inconclusive: nothing was read yet.")
    if not any(source.readable for source in diagnosis.sources):
        return worded("Inconclusive: there was nothing to read.")
    return worded("Inconclusive: this evidence cannot tell.")


def _stuck_sentence(diagnosis: Diagnosis) -> str:
    stuck_at, since_when, judged_at = diagnosis.stuck_at, diagnosis.since, diagnosis.judged_at
    if since_when is None:
        if stuck_at is None:
            return worded("Stuck; since when is not known.")
        return worded("Stuck at {where}; since when is not known.", where=HOP_TITLES[stuck_at])
    since = clock_of(diagnosis).time(since_when)
    lasting = "" if judged_at is None or judged_at < since_when else duration((judged_at - since_when).total_seconds())
    if stuck_at is None:
        if not lasting:
            return worded("Stuck since {since}.", since=since)
        return worded("Stuck since {since} ({lasting}).", since=since, lasting=lasting)
    where = HOP_TITLES[stuck_at]
    if not lasting:
        return worded("Stuck at {where} since {since}.", where=where, since=since)
    return worded("Stuck at {where} since {since} ({lasting}).", where=where, since=since, lasting=lasting)


def checked_sentence(diagnosis: Diagnosis) -> str:
    """What a healthy verdict rests on; empty for the others."""
    if diagnosis.verdict is not Verdict.HEALTHY:
        return ""
    works = [HOP_TITLES[hop] for hop, state, _ in diagnosis.hops if state is HopState.MOVING]
    unseen = [HOP_TITLES[hop] for hop, state, _ in diagnosis.hops if state is HopState.UNCHECKED]
    return joined(
        [
            worded("Checked and working: {hops}.", hops=listed(works)) if works else "",
            worded("Not checked: {hops}.", hops=listed(unseen)) if unseen else "",
        ]
    )


def detail_sentence(diagnosis: Diagnosis) -> str:
    """The doctor's own sentence; empty where the first cause says the same, or nothing could be read."""
    if diagnosis.sources and not any(source.readable for source in diagnosis.sources):
        return ""
    headline = clean(diagnosis.headline)
    said = diagnosis.verdict is Verdict.STUCK and any(
        headline.rstrip(".") == clean(cause.title).rstrip(".") for cause in diagnosis.causes[:1]
    )
    return "" if said else headline


def risk_sentence(diagnosis: Diagnosis) -> str:
    """What is overwritten next and when, or that nobody knows; empty unless something is at risk."""
    risk = diagnosis.at_risk
    if risk is None:
        return worded("What may be lost is not known.") if diagnosis.verdict is Verdict.STUCK else ""
    clock = clock_of(diagnosis)
    if diagnosis.judged_at is not None and risk.lost_at <= diagnosis.judged_at:
        return worded(
            "The tracker is overwriting its oldest minutes: what it recorded since {since} began to go about {gone}.",
            since=clock.time(risk.since),
            gone=clock.time(risk.lost_at),
        )
    return worded(
        "Nothing is lost: the oldest unsynced minute is kept until about {until}.", until=clock.time(risk.lost_at)
    )


def shown_causes(diagnosis: Diagnosis) -> list[RankedCause]:
    """The causes worth a person's time; at least the first one when data is stuck."""
    shown = [cause for cause in diagnosis.causes if cause.probability >= LEAST_SHOWN_PROBABILITY]
    if not shown and diagnosis.verdict is Verdict.STUCK:
        return list(diagnosis.causes[:1])
    return shown


def split_plan(diagnosis: Diagnosis) -> tuple[list[PlannedFix], list[PlannedFix]]:
    """What may be done, in order, and what must not be done now."""
    return [f for f in diagnosis.plan if f.blocked is None], [f for f in diagnosis.plan if f.blocked is not None]


def grouped_unchecked(rows: Sequence[Unchecked]) -> list[tuple[str, list[str]]]:
    """How to check, with the titles of the causes it would settle; in the order given."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        titles = groups.setdefault(clean(row.how), [])
        if clean(row.title) not in titles:
            titles.append(clean(row.title))
    return list(groups.items())


def place(locators: Sequence[str]) -> str:
    """Several locators as one: ``packet 5,697``, ``packets 5,853, 6,257``, ``packets 5,726–6,510``.

    Only numbers of the same kind are joined; anything else is given by its first, with the number of the others.
    """
    matches = [_WHOLE_NUMBER.match(locator) for locator in locators]
    numbered = [match for match in matches if match is not None]
    if not locators or len(numbered) < len(locators) or len({match[1] for match in numbered}) != 1:
        first = locators[0] if locators else ""
        match = _WHOLE_NUMBER.match(first)
        told = worded("{place} {number}", place=_PLACES[match[1]][0], number=int(match[2])) if match else clean(first)
        return worded("{first} and {n} more", first=told, n=len(locators) - 1) if len(locators) > 1 else told
    one, several = _PLACES[numbered[0][1]]
    numbers = sorted({int(match[2]) for match in numbered})
    if len(numbers) == 1:
        return worded("{place} {number}", place=one, number=numbers[0])
    if len(numbers) <= LISTED_LOCATORS:
        each = joined([worded("{number}", number=number) for number in numbers], ", ")
        return worded("{place} {number}", place=several, number=each)
    return worded("{places} {first}–{last}", places=several, first=numbers[0], last=numbers[-1])


_PLACES = {
    "packet": (worded("packet"), worded("packets")),
    "line": (worded("line"), worded("lines")),
    "row": (worded("row"), worded("rows")),
}


def source_name(path: str) -> str:
    """The last part of a path, which is what a person recognises."""
    return clean(PurePosixPath(path.replace("\\", "/")).name or path)


def source_sentence(source: SourceInfo, clock: Clock) -> str:
    """What a source turned out to be: kind, size, span, what was passed over, its clock."""
    if not source.readable:
        return worded("{kind}, nothing used", kind=kind_name(source.kind))
    parts = [kind_name(source.kind), number_of("{n} record", "{n} records", source.records)]
    if source.span is not None:
        parts.append(clock.span(*source.span))
    if source.skipped:
        parts.append(worded("{count} passed over", count=source.skipped))
    if abs(source.clock_skew_s) >= 0.05:  # shown with one decimal
        sign = "+" if source.clock_skew_s >= 0 else "-"
        parts.append(worded("clock moved by {sign}{seconds} s", sign=sign, seconds=Number(abs(source.clock_skew_s), 1)))
    return joined(parts, ", ")


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return words[0] if words else ""
    return worded("{first} and {last}", first=joined(words[:-1], ", "), last=words[-1])


def counted(number: int, one: str, many: str) -> str:
    """``1 device``, ``2,000 devices``, for what is shown in English alone."""
    return f"{number:,} {one if number == 1 else many}"


def sentence(text: str) -> str:
    """The text with a capital first letter."""
    return capital(text)
