"""One Android text enters as chunks; its facts leave.

The text may be the main text of a bug report or what one command printed. It is read once, as a
stream; parts that nobody reads are not kept. The zone and the apps' user ids may stand anywhere in
the text, so the parts that matter are kept until the end and read then.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import chain

from unstuck.evidence import profiles
from unstuck.evidence.android import bluetooth_manager, deviceidle, header, power
from unstuck.evidence.android.apps import Apps
from unstuck.evidence.android.clock import Clock, parse_stamp, zone_named
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Notebook, Page, page
from unstuck.evidence.android.recognise import HEAD_BYTES, recognise
from unstuck.evidence.android.sections import HEAD, LOGS, Section, Split, split
from unstuck.evidence.android.text import as_utf8, blocks
from unstuck.model.errors import ErrorCode, EvidenceError
from unstuck.model.evidence import ReaderOptions, Reading, SourceInfo

__all__ = ["read", "recognise"]

PROPERTIES = "SYSTEM PROPERTIES"
"""Title of the part that ``getprop`` printed."""

_READERS: Mapping[str, Callable[[Page, Context], None]] = {
    "bluetooth_manager": bluetooth_manager.read,
    "deviceidle": deviceidle.read,
    "power": power.read,
    "battery": power.read_battery,
}

_WANTED = frozenset({HEAD, PROPERTIES, *LOGS, *_READERS})


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
    found = split(blocks(as_utf8(chain((head,), source))), _first(kind), _WANTED)
    context = Context(path, Notebook(path), Apps(options.packages or profiles.packages()))
    return _reading(found, kind, context)


def _first(kind: str) -> str:
    """What stands before the first border of a text of this kind."""
    return {"bugreport": HEAD, "getprop": PROPERTIES, "logcat": "SYSTEM LOG"}.get(kind, kind.removeprefix("dumpsys "))


def _reading(found: Split, kind: str, context: Context) -> Reading:
    context.clock = _clock(found.sections)
    for section in found.sections:
        if (reader := _READERS.get(section.name)) is not None:
            reader(page(section, _time(section, context)), context)
    facts = tuple(context.notes.facts)
    times = [fact.time for fact in facts if fact.time is not None]
    span = (min(times), max(times)) if times else None
    source = SourceInfo(context.path, kind, found.lines, span, context.notes.dropped, 0.0, tuple(context.problems))
    return Reading(source, facts, tuple(context.attachments))


def _clock(sections: list[Section]) -> Clock:
    now = None
    zone = ""
    for section in sections:
        if section.name == HEAD and now is None:
            now = header.report_time(page(section, None))
        elif section.name == PROPERTIES and not zone:
            zone = header.properties(page(section, None)).get("persist.sys.timezone", ("", 0))[0]
    return Clock(zone_named(zone) if zone else None, zone, now)


def _time(section: Section, context: Context) -> datetime | None:
    """When a part was dumped: the time at its end, else that of the report's head."""
    ended = parse_stamp(section.ended) if section.ended else None
    return context.clock.utc(ended or context.clock.now)
