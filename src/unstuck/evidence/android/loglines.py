"""Which lines of a log matter, and what one line says.

Nobody loops over a log. The place of the tag is found for all lines at once by looking at fixed
columns (the usual ``threadtime`` layout, with or without a user id column), eight bytes from there
are compared with the tags of interest, and the columns of process and user id with those of the
apps. Lines of other layouts (``brief``, ``time``, Android Studio) are parsed one by one.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from unstuck.evidence.android.apps import parse_uid
from unstuck.evidence.android.page import text
from unstuck.evidence.android.text import Block

TAGS = (
    b"am_kill:",
    b"am_kill ",
    b"am_crash",
    b"am_proc_",
    b"battery_",
    b"Activity",
    b"AndroidR",
    b"Bluetoot",
    b"bluetoot",
    b"BtGatt.G",
    b"BtGatt.C",
    b"BtGatt.S",
    b"SyncMana",
)
"""First eight bytes of the tags whose lines are looked at; tags are padded to eight with spaces."""

_NATIVE = (0xFFFFFF, int.from_bytes(b"bt_", "little"))
"""Mask and value of the native stack's tags up to Android 14: bt_btm, bt_bta_gattc, bt_stack ..."""

_WORD = 8
_STOP, _SPACE = b". "
_IS_LEVEL = np.zeros(256, np.bool_)
_IS_LEVEL[list(b"VDIWEFAS")] = True
_FEW = 100
"""Looking at one more column for a whole block costs as much as parsing about so many lines."""
_COLUMNS = (31, 37, *(column for column in range(30, 56) if column not in (31, 37)))
"""Columns where the level letter can stand: without and with user id first, then wider ids, years, microseconds."""

_PID_BEFORE_LEVEL = 13
"""The field of the process id, with the space before it, begins so far before the level (five digits)."""

_UID_COLUMN = 18
"""The user id, with the space before it, begins here in the layout without a year."""

_STAMP = rb"(?P<stamp>(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,9})(?P<zone> [+-]\d{4})?"
_LEVEL = rb"(?P<level>[VDIWEFAS])"
_FORMS = tuple(
    re.compile(form)
    for form in (
        _STAMP
        + rb" ++(?:(?P<uid>\S++) ++(?=\d+ ++\d+ [VDIWEFAS] ))?(?P<pid>\d++) ++(?P<tid>\d++) "
        + _LEVEL
        + rb" (?P<tag>.{0,120}?) *+: ?(?P<message>.*)",
        _STAMP + rb" " + _LEVEL + rb"/(?P<tag>.{0,120}?) *+\( *+(?P<pid>\d+)\): ?(?P<message>.*)",
        _STAMP + rb" (?P<pid>\d+)-(?P<tid>\d+)/(?P<process>\S*+) " + _LEVEL + rb"/(?P<tag>.{0,120}?): ?(?P<message>.*)",
        _STAMP
        + rb" ++(?P<pid>\d+)-(?P<tid>\d+) ++(?P<tag>\S.{0,120}?) ++(?P<process>[\w.:]++) ++"
        + _LEVEL
        + rb" ++(?P<message>.*)",
        _LEVEL + rb"/(?P<tag>.{0,120}?) *+\( *+(?P<pid>\d+)\): ?(?P<message>.*)",
    )
)
"""threadtime, time, Android Studio before and after 2022, brief."""

_LOOKED_AT_BYTES = 4_000
"""logd cuts a message at this length (LOGGER_ENTRY_MAX_PAYLOAD)."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Entry:
    """One log line. ``stamp`` is the local time as written (empty in ``brief``); ``number`` counts from 1."""

    number: int
    line: bytes
    stamp: bytes
    zone: bytes
    uid: int | None
    pid: int | None
    process: str
    tag: bytes
    message: bytes


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the level letter of each line of a block stands; -1 where the layout is another one."""

    block: Block
    levels: Rows


def columns(block: Block) -> Columns:
    """Find the level letter of every line at once."""
    data = np.frombuffer(block.data, np.uint8)
    last = len(data) - 1
    levels = np.full(len(block.starts), -1, np.int64)
    # "04-10 10:06:39.549 ": without the full stop, with or without the year, it is no line of this layout.
    dated = data[np.minimum(block.starts + 14, last)] == _STOP
    dated |= data[np.minimum(block.starts + 19, last)] == _STOP
    rest = np.flatnonzero(dated)
    for column in _COLUMNS:
        if len(rest) <= _FEW:
            break  # they are parsed one by one, to the same effect
        spot = block.starts[rest] + column
        fits = spot < last - 1
        spot = np.minimum(spot, last - 1)
        fits &= _IS_LEVEL[data[spot]] & (data[spot - 1] == _SPACE) & (data[spot + 1] == _SPACE)
        levels[rest[fits]] = spot[fits]
        rest = rest[~fits]
    return Columns(block, levels)


def tagged(found: Columns, more: Collection[bytes] = ()) -> Rows:
    """Lines (from 0) whose tag begins like one of :data:`TAGS` or of ``more`` (eight bytes each)."""
    rows = np.flatnonzero(found.levels >= 0)
    words = _words(found.block.data)
    if not len(rows) or words is None:
        return np.empty(0, np.int64)
    at = np.minimum(found.levels[rows] + 2, len(words) - 1)
    wanted = np.frombuffer(b"".join(sorted({*TAGS, *more})), "<u8")
    seen = words[at]
    mask, native = _NATIVE
    hit = np.isin(seen, wanted) | ((seen & np.uint64(mask)) == np.uint64(native))
    found_rows: Rows = rows[hit]
    return found_rows


def owned(found: Columns, uids: Collection[int], pids: Collection[int]) -> Rows:
    """Lines (from 0) written by one of these user ids or processes."""
    rows = np.flatnonzero(found.levels >= 0)
    words = _words(found.block.data)
    if not len(rows) or words is None or not (uids or pids):
        return np.empty(0, np.int64)
    mask = np.uint64(0x00FFFFFFFFFFFFFF)  # seven bytes: a space, five characters, a space
    levels = found.levels[rows]
    hit = np.zeros(len(rows), np.bool_)
    if pids:
        at = np.minimum(np.maximum(levels - _PID_BEFORE_LEVEL, 0), len(words) - 1)
        hit |= np.isin(words[at] & mask, _fields(b"%5d" % pid for pid in pids))
    if uids:
        at = np.minimum(found.block.starts[rows] + _UID_COLUMN, len(words) - 1)
        hit |= np.isin(words[at] & mask, _fields(_printed(uid) for uid in uids))
    return rows[hit]


def has_tag(tag: bytes, more: Collection[bytes] = ()) -> bool:
    """The test of :func:`tagged` for one tag."""
    beginning = (tag.ljust(_WORD) + b": ")[:_WORD]
    return beginning in TAGS or beginning in more or tag.startswith(b"bt_")


def unlike(found: Columns) -> Rows:
    """Lines (from 0) of another layout."""
    return np.flatnonzero(found.levels < 0)


def _fields(columns_: Iterable[bytes]) -> NDArray[np.uint64]:
    printed = b"".join(b" " + column + b" \0" for column in columns_ if len(column) == 5)
    return np.frombuffer(printed, "<u8") if printed else np.empty(0, np.uint64)


def _printed(uid: int) -> bytes:
    """logcat prints a user's name where it has at most five letters (u0_a8), else the number."""
    name = b"u0_a%d" % (uid - 10_000)
    return name if uid >= 10_000 and len(name) <= 5 else b"%5d" % uid


def _words(data: bytes) -> NDArray[np.uint64] | None:
    """Every eight bytes of the data as one number, beginning at each byte; nothing is copied."""
    count = len(data) - _WORD + 1
    return np.ndarray((count,), "<u8", data, strides=(1,)) if count > 0 else None


def entries(block: Block, rows: Rows, telling: re.Pattern[bytes]) -> Iterator[Entry]:
    """Parse those of these lines of a block that hold something telling; unknown forms are passed over."""
    data = block.data
    for row in rows.tolist():
        start, end = block.bounds(row)
        if telling.search(data, start, min(end, start + _LOOKED_AT_BYTES)) is None:
            continue
        entry = parse(data[start:end].rstrip(b"\r\n"), block.first_line + row)
        if entry is not None:
            yield entry


def parse(line: bytes, number: int) -> Entry | None:
    """One log line in any of the forms, or None."""
    looked_at = line[:_LOOKED_AT_BYTES]
    for form in _FORMS:
        if (found := form.match(looked_at)) is not None:
            part = found.groupdict(b"")
            return Entry(
                number,
                line,
                part.get("stamp", b""),
                (part.get("zone") or b"").strip(),
                parse_uid(text(part.get("uid") or b"")),
                int(part["pid"]) if len(part["pid"]) < 10 else None,
                text(part.get("process", b"")),
                part["tag"].strip(),
                part["message"],
            )
    return None


def offset(zone: bytes) -> timezone | None:
    """The zone of ``logcat -v zone``, such as ``+0530``."""
    if len(zone) != 5:
        return None
    length = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
    if length >= timedelta(hours=24):
        return None
    return timezone(-length if zone.startswith(b"-") else length)


def guess_year(sample: bytes) -> int | None:
    """The year of a log that does not say it: the newest date in a message on a line of the same day."""
    years = [
        datetime(int(found[3]), 1, 1).year  # noqa: DTZ001 - only the number is used
        for found in re.finditer(rb"(?m)^(\d\d)-(\d\d) \d\d:\d\d:.{0,400}?\b(20\d\d)-\1-\2\b", sample)
    ]
    return max(set(years), key=years.count) if years else None
