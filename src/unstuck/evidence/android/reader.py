"""One Android text enters as chunks; its facts leave.

The text may be the main text of a bug report or what one command printed. It is read once, as a
stream; parts that nobody reads are not kept. The zone and the apps' user ids may stand anywhere in
the text, so the parts that matter are kept until the end and read then.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import chain

from unstuck.evidence import profiles
from unstuck.evidence.android import (
    activity,
    alarm,
    appops,
    batterystats,
    bluetooth_manager,
    connectivity,
    content,
    deviceidle,
    dropbox,
    header,
    jobscheduler,
    location,
    logs,
    netpolicy,
    package,
    power,
    settings,
    storage,
    usagestats,
)
from unstuck.evidence.android.apps import Apps
from unstuck.evidence.android.clock import Clock, parse_stamp, zone_named
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.loglines import guess_year, parse
from unstuck.evidence.android.page import Notebook, Page, page
from unstuck.evidence.android.recognise import HEAD_BYTES, recognise
from unstuck.evidence.android.sections import EXITS, HEAD, LOGS, Section, Split, split
from unstuck.evidence.android.text import LINE_LIMIT_BYTES, LongLines, as_utf8, blocks
from unstuck.model.errors import ErrorCode, EvidenceError, render
from unstuck.model.evidence import ReaderOptions, Reading, Scalar, SourceInfo

__all__ = ["read", "recognise"]

PROPERTIES = "SYSTEM PROPERTIES"
"""Title of the part that ``getprop`` printed."""

_READERS: Mapping[str, Callable[[Page, Context], None]] = {
    # Facts that are said twice keep their first place, so the order is from the best witness to the weakest.
    HEAD: header.read_head,
    "package": package.read,
    "bluetooth_manager": bluetooth_manager.read,
    "btsnooz": bluetooth_manager.read,
    "deviceidle": deviceidle.read,
    "power": power.read,
    "battery": power.read_battery,
    "appops": appops.read,
    "appops get": appops.read_printed,
    "usagestats": usagestats.read,
    "jobscheduler": jobscheduler.read,
    "alarm": alarm.read,
    "netpolicy": netpolicy.read,
    "connectivity": connectivity.read,
    "location": location.read,
    "diskstats": storage.read,
    "devicestoragemonitor": storage.read_monitor,
    EXITS: activity.read,
    "app_hibernation": activity.read_hibernation,
    "dropbox": dropbox.read,
    "settings": settings.read,
    "content": content.read,
    "batterystats": batterystats.read,
}
"""What reads which part, in this order. The properties and the logs come between the head and the services."""

_WANTED = frozenset({PROPERTIES, *LOGS, *_READERS})

_FIRST = {"bugreport": HEAD, "dumpsys": HEAD, "getprop": PROPERTIES, "logcat": "SYSTEM LOG", "appops": "appops get"}
"""What stands before the first border of a text of a kind, where that is not a service."""

_YEAR_SAMPLE_BYTES = 4 << 20
"""A log that does not say its year is searched so far for a date that does."""


def read(chunks: Iterable[bytes], path: str, options: ReaderOptions) -> Reading:
    """Read one text. ``path`` names it in facts and sentences.

    Raises :class:`EvidenceError` with ``source.empty`` or ``source.unknown``. What is damaged or too
    long inside is passed over and said in ``Reading.source.problems``.
    """
    source = iter(chunks)
    head = b""
    for chunk in source:
        head = head + chunk if head else bytes(chunk)
        if len(head) >= HEAD_BYTES:
            break
    if not head:
        raise EvidenceError(ErrorCode.SOURCE_EMPTY, path=path)
    kind = recognise(head)
    if kind is None:
        raise EvidenceError(ErrorCode.SOURCE_UNKNOWN, path=path)
    first = _FIRST.get(kind, kind.removeprefix("dumpsys "))
    long = LongLines()
    found = split(blocks(as_utf8(chain((head,), source)), long), first, _WANTED)
    context = Context(path, Notebook(path), Apps(options.packages or profiles.packages()))
    _read_all(found, context)
    # Lines of parts that nobody reads are left out: real reports have some long ones there, and nothing is lost.
    long_lines = sum(long.within(block) for part in found.sections for block in part.blocks)
    return _reading(found, kind, context, long_lines)


def _read_all(found: Split, context: Context) -> None:
    parts = found.sections
    context.clock = _clock(parts)
    context.bluetooth_asked = "bluetooth_manager" in found.services or _complete_at(found) is not None
    for part in _named(parts, PROPERTIES):
        paper = page(part, _time(part, context))
        header.read_properties(paper, context)
        context.built = context.built or header.built(paper)
    for name, reader in _READERS.items():
        for part in _named(parts, name):
            reader(page(part, _time(part, context)), context)
        if name == "package":
            _read_logs(parts, context)
    _state_absence(found, context)
    for part in parts:
        title = part.header or b"".join(block.line(block.first_line) for block in part.blocks[:1])
        paper = page(Section(part.name, part.header_line, title, ()), _time(part, context))
        if title:
            value: dict[str, Scalar] = {"section": part.name.lower().replace(" ", "_"), "lines": part.lines}
            context.notes.state("phone.section", value, paper, -1)


def _read_logs(parts: Sequence[Section], context: Context) -> None:
    logs.read([logs.log(part, _time(part, context)) for part in parts if part.name in LOGS], context)


def _named(parts: Sequence[Section], name: str) -> list[Section]:
    return [part for part in parts if part.name == name and part.blocks]


def _complete_at(found: Split) -> Section | None:
    """What says that every service was printed: dumpstate's last line, or the list of a plain ``dumpsys``."""
    if found.services_complete:
        return Section("", found.services_end_line, found.services_end, ())
    for part in _named(found.sections, HEAD):
        if header.listed_services(paper := page(part, None)):
            return Section("", part.header_line, paper.line(0), ())
    return None


def _state_absence(found: Split, context: Context) -> None:
    """Every service was printed, and Bluetooth is not among them: the phone (an emulator) has none."""
    place = _complete_at(found)
    if place is None or "bluetooth_manager" in found.services:
        return
    for part in _named(found.sections, HEAD):
        if "bluetooth_manager" in header.listed_services(page(part, None)):
            return
    note = f"no bluetooth_manager among {found.service_count} services; "
    context.notes.state("bluetooth.adapter", "absent", page(place, _time(place, context)), -1, note=note)


def _reading(found: Split, kind: str, context: Context, long_lines: int) -> Reading:
    facts = context.notes.facts
    times = [fact.time for fact in facts if fact.time is not None]
    span = (min(times), max(times)) if times else None
    problems = [*context.problems, *_problems(found, context)]
    if long_lines:
        limit = f"{LINE_LIMIT_BYTES >> 10} kB"
        data = {"path": context.path, "limit": limit, "count": f"{long_lines:,}"}
        problems.append(render(ErrorCode.SOURCE_LONG_LINES, data))
    skipped = context.notes.dropped + long_lines
    source = SourceInfo(context.path, kind, found.lines, span, skipped, 0.0, tuple(problems))
    return Reading(source, facts, tuple(context.attachments))


def _problems(found: Split, context: Context) -> list[str]:
    path = context.path
    problems = []
    if context.clock.assumed_utc:
        problems.append(f"{path}: does not name the phone's time zone; its times are read as UTC and may be hours off.")
    if context.clock.undated:
        problems.append(f"{path}: does not name the year; its lines are used without their times.")
    if cut := sorted({part.name for part in found.sections if part.cut}):
        problems.append(f"{path}: too long in {', '.join(cut)}; of logs the newest part was read, else the first.")
    if context.notes.dropped:
        problems.append(
            f"{path}: holds too many facts of one kind; {context.notes.dropped:,} that stand first were left out."
        )
    return problems


def _clock(sections: Sequence[Section]) -> Clock:
    now: datetime | None = None
    zone = ""
    for section in sections:
        if section.name == HEAD and now is None:
            now = header.report_time(page(section, None))
        elif section.name == PROPERTIES and not zone:
            zone = header.properties(page(section, None)).get("persist.sys.timezone", ("", 0))[0]
    named = zone_named(zone) if zone else None
    for section in _named(sections, "alarm"):
        if (found := alarm.moment(page(section, None))) is not None:
            now = now or found[0]
            named = named or timezone(found[1])
    return Clock(named, zone, now or _end_of_dumps(sections) or _end_of_logs(sections))


def _end_of_dumps(sections: Sequence[Section]) -> datetime | None:
    ended = [when for section in sections if (when := parse_stamp(section.ended)) is not None]
    return max(ended, default=None)


def _end_of_logs(sections: Sequence[Section]) -> datetime | None:
    """The last line's time in the year that the messages themselves name."""
    for section in sections:
        if section.name not in LOGS or not section.blocks:
            continue
        block = section.blocks[-1]
        stamps = (parse(block.line(block.first_line + row), 1) for row in range(len(block.starts) - 1, -1, -1)[:200])
        last = next((entry.stamp for entry in stamps if entry is not None and entry.stamp), None)
        if last is None:
            continue
        if (full := parse_stamp(last)) is not None:
            return full
        sample = b"".join(part.copied().data for part in section.blocks[-16:])[-_YEAR_SAMPLE_BYTES:]
        if (year := guess_year(sample)) is not None:
            return Clock(now=datetime(year, 12, 31, 23, 59, 59) - timedelta(days=1)).local(last)  # noqa: DTZ001
    return None


def _time(section: Section, context: Context) -> datetime | None:
    """When a part was dumped: the time at its end, else that of the report's head."""
    ended = parse_stamp(section.ended) if section.ended else None
    return context.clock.utc(ended or context.clock.now)
