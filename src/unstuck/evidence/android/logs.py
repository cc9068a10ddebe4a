"""Log lines become facts: kills, starts and crashes of the apps of interest, GATT status, and the apps' own errors.

Two passes: the first learns which processes are the apps' and takes what the system says about them,
the second reads what the apps themselves wrote.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from unstuck.evidence.android import apperrors, gattlog, killlog
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.loglines import Columns, Entry, Tagged, TagTable, columns, entries, offset, owned
from unstuck.evidence.android.page import text
from unstuck.evidence.android.sections import Section
from unstuck.evidence.android.text import Block
from unstuck.model.evidence import Scalar

_BLUETOOTH_PROCESS = "com.android.bluetooth"

_SAME = timedelta(seconds=2)
"""Two lines about one kill or crash, from the system log and the event log, are at most so far apart."""

_REMEMBERED = 50
"""So many kills and crashes, and runs of one process id, are remembered."""

_TEXT_CHARACTERS = 160
"""An error's text is cut here; the excerpt holds the line itself."""


@dataclass(slots=True)
class _Life:
    """One run of a process: when it began and ended, None where that was not seen."""

    package: str
    start: datetime | None
    end: datetime | None = None


@dataclass(slots=True)
class _State:
    lives: dict[int, deque[_Life]] = field(default_factory=dict)
    said: deque[tuple[str, str, datetime | None]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    crashing: dict[int | None, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Log:
    """One log part. A log is long: its blocks are never joined. ``with_uid``: its lines name the user id."""

    name: str
    header: bytes
    header_line: int
    time: datetime | None
    with_uid: bool
    blocks: tuple[Block, ...]

    def line(self, index: int) -> bytes:
        """Line ``index`` of the whole text (counted from 0) without its end; -1 is the header."""
        at = bisect_right(self.blocks, index + 1, key=lambda block: block.first_line) - 1
        return self.header if index < 0 or at < 0 else self.blocks[at].line(index + 1)

    def locator(self, index: int) -> str:
        """``line N`` of the whole text."""
        return f"line {self.header_line if index < 0 else index + 1}"


def log(section: Section, time: datetime | None) -> Log:
    """A log part of a report."""
    with_uid = b"-v uid" in section.header
    return Log(section.name, section.header, section.header_line, time, with_uid, section.blocks)


def read(logs: Sequence[Log], context: Context) -> None:
    """State the facts of all logs of one text."""
    search = _Search(context.apps.sought())
    state = _State()
    uids = context.apps.uids()
    for part in logs:
        for block in part.blocks:
            found = columns(block, part.with_uid)
            tagged = search.tagged(found)
            for entry in search.about(found, tagged):
                _about(part, context, entry, state)
            if _told_by_uid(part, uids):  # while the block is still in the cache
                for entry in search.own(found, tagged, uids, ()):
                    _own(part, context, entry, state, search)
    learnt, pids = context.apps.uids(), set(state.lives)
    for part in logs:
        if part.name == "EVENT LOG" or (_told_by_uid(part, uids) and learnt == uids):
            continue
        for block in part.blocks:
            found = columns(block, part.with_uid)
            for entry in search.own(found, search.tagged(found), learnt, () if _told_by_uid(part, learnt) else pids):
                _own(part, context, entry, state, search)


def _told_by_uid(part: Log, uids: Collection[int]) -> bool:
    """Where the log has user ids they tell whose a line is, and a process id may be another's by now."""
    return bool(uids) and part.with_uid and part.name != "EVENT LOG"


class _Search:
    """Which lines of a block are worth parsing."""

    def __init__(self, packages: Sequence[str]) -> None:
        tags = {name.rpartition(".")[2].encode()[:8]: name for name in packages}
        self.own_tags = {tag: name for tag, name in tags.items() if len(tag) == 8}
        self._table = TagTable(self.own_tags)
        self._names = (_BLUETOOTH_PROCESS.encode(), *(name.encode() for name in packages))
        self._telling = (*gattlog.NEEDLES, b"AndroidRuntime", b"battery_saver_mode", *self._names)

    def tagged(self, found: Columns) -> Tagged:
        """Lines with a tag of interest."""
        return self._table.rows(found)

    def about(self, found: Columns, tagged: Tagged) -> list[Entry]:
        """Lines in which the system speaks of the apps or of Bluetooth."""
        block = found.block
        lines = [
            *(entry for entry in entries(block, found.unlike, self._telling) if self._tells(entry)),
            *entries(block, tagged.process, self._names),
            *entries(block, tagged.native, gattlog.NATIVE_NEEDLES),
            *entries(block, tagged.others, self._telling),
            *entries(block, tagged.own, self._telling),
        ]
        return sorted(lines, key=_number)

    def _tells(self, entry: Entry) -> bool:
        """What the columns decide for other lines."""
        group = self._table.group(entry.tag)
        needles = {"native": gattlog.NATIVE_NEEDLES, "process": self._names}.get(group, self._telling)
        return bool(group) and any(needle in entry.line for needle in needles)

    def own(self, found: Columns, tagged: Tagged, uids: Collection[int], pids: Collection[int]) -> list[Entry]:
        """Telling lines that may be the apps' own: by user id, by process, or by a tag that names the app."""
        rows = owned(found, uids, pids)
        if len(tagged.own):
            rows = np.union1d(tagged.own, rows)
        lines = [
            *entries(found.block, found.unlike, apperrors.TELLING),
            *entries(found.block, rows, apperrors.TELLING),
        ]
        return sorted(lines, key=_number)


def _number(entry: Entry) -> int:
    return entry.number


def _time(context: Context, entry: Entry) -> datetime | None:
    local = context.clock.local(entry.stamp) if entry.stamp else None
    if local is not None and entry.zone and (zone := offset(entry.zone)) is not None:
        return context.clock.in_zone(local, zone)
    return context.clock.utc(local)


def _owner(context: Context, entry: Entry, state: _State, own_tags: dict[bytes, str]) -> str:
    """Whose line it is: by user id where the log has one, else by process, else by the tag."""
    if entry.uid is not None:
        return context.apps.of_uid(entry.uid)
    if package := context.apps.of_process(entry.process):
        return package
    if entry.pid is not None and (lives := state.lives.get(entry.pid)):
        when = _time(context, entry)
        for life in reversed(lives):
            begun = life.start is None or when is None or when >= life.start - _SAME
            over = life.end is not None and when is not None and when > life.end + _SAME
            if begun and not over:
                return life.package
    return own_tags.get(entry.tag[:8], "")


def _own(on: Log, context: Context, entry: Entry, state: _State, search: _Search) -> None:
    """What an app itself reports."""
    package = _owner(context, entry, state, search.own_tags)
    if not package:
        return
    when = _time(context, entry)
    index = entry.number - 1
    if (status := apperrors.http_status(entry.message)) is not None:
        context.notes.event("app.http", {"status": status}, on, index, when, package)
    if (kind := apperrors.error_kind(entry.message)) is not None:
        value = {"kind": kind, "text": text(entry.message)[:_TEXT_CHARACTERS].strip()}
        context.notes.event("app.error", value, on, index, when, package)


def _about(on: Log, context: Context, entry: Entry, state: _State) -> None:
    """What the system reports about the app or about Bluetooth."""
    when = _time(context, entry)
    index = entry.number - 1
    tag = entry.tag
    if tag.startswith(b"am_") or tag == b"ActivityManager":
        _process(on, context, entry, index, when, state)
    elif tag == b"AndroidRuntime":
        _runtime(on, context, entry, index, when, state)
    elif tag == b"battery_saver_mode":
        if (saver := killlog.saver_switched(entry.message)) is not None:
            context.notes.event("power.battery_saver_switched", saver, on, index, when)
    elif tag == b"SyncManager":
        for package in context.apps.packages:
            if package.encode() in entry.message and b"failed sync operation" in entry.message:
                value: dict[str, Scalar] = {"ok": False, "detail": text(entry.message[-_TEXT_CHARACTERS:])}
                context.notes.event("app.sync", value, on, index, when, package)
    _bluetooth(on, context, entry, index, when, state)


def _bluetooth(on: Log, context: Context, entry: Entry, index: int, when: datetime | None, state: _State) -> None:
    notes = context.notes
    if (gatt := gattlog.status(entry.message)) is not None:
        address, status, new_state = gatt
        notes.event("gatt.status", {"status": status, "new_state": new_state}, on, index, when, address)
    if gattlog.slots_exhausted(entry.message):
        notes.event("gatt.slots_exhausted", True, on, index, when, _owner(context, entry, state, {}))
    if gattlog.scan_denied(entry.message):
        named = gattlog.named_package(entry.message)
        package = named if named in context.apps.packages else _owner(context, entry, state, {})
        if package or not named:
            notes.event("bluetooth.scan_denied", True, on, index, when, package)


def _process(on: Log, context: Context, entry: Entry, index: int, when: datetime | None, state: _State) -> None:
    event = killlog.process_event(entry.tag, entry.message)
    if event is None:
        return
    package = context.apps.of_process(event.process) or context.apps.of_uid(event.uid)
    if event.what == "crashed" and event.process == _BLUETOOTH_PROCESS:
        context.notes.event("bluetooth.crashed", True, on, index, when)
    if not package:
        return
    if event.what == "started":
        context.apps.learn(package, event.uid)
        if event.pid is not None:
            lives = state.lives.setdefault(event.pid, deque(maxlen=_REMEMBERED))
            if lives and _near(lives[-1].start, when):
                return  # the other log's line about the same start
            lives.append(_Life(package, when))
        context.notes.event("app.started", {"why": event.reason}, on, index, when, package)
        return
    if event.pid is not None:
        lives = state.lives.setdefault(event.pid, deque([_Life(package, None)], _REMEMBERED))
        lives[-1].end = lives[-1].end or when
    if event.what == "died" or _repeated(state, event.what, package, when):
        return
    if event.what == "crashed":
        context.notes.event("app.crashed", {"exception": event.reason}, on, index, when, package)
    else:
        value = {"reason": event.reason, "adj": event.adj, "kind": killlog.kill_kind(event.reason)}
        context.notes.event("app.killed", value, on, index, when, package)


def _runtime(on: Log, context: Context, entry: Entry, index: int, when: datetime | None, state: _State) -> None:
    """``FATAL EXCEPTION``, then ``Process: com.x, PID: 123``, then the exception, all of one process."""
    if (process := killlog.crashing_process(entry.message)) is not None:
        state.crashing[entry.pid] = context.apps.of_process(process)
        return
    package = state.crashing.get(entry.pid, "")
    if package and (exception := killlog.exception_name(entry.message)) is not None:
        del state.crashing[entry.pid]
        if not _repeated(state, "crashed", package, when):
            context.notes.event("app.crashed", {"exception": exception}, on, index, when, package)


def _repeated(state: _State, what: str, package: str, when: datetime | None) -> bool:
    """Whether the other log already told this; remembers it otherwise."""
    for said, about, at in reversed(state.said):
        if (said, about) == (what, package) and when is not None and _near(at, when):
            return True
    state.said.append((what, package, when))
    return False


def _near(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _SAME
