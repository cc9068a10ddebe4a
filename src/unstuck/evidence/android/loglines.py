"""Which lines of a log matter, and what one line says.

Nobody loops over a log. The place of the tag is found for all lines at once by looking at fixed
columns (the usual ``threadtime`` layout, with or without a user id column), eight bytes from there
are compared with the tags of interest, and the columns of process and user id with those of the
apps. Lines of other layouts (``brief``, ``time``, Android Studio) are parsed one by one.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TypeVar

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

_PROCESS_TAGS = (b"am_kill:", b"am_kill ", b"am_crash", b"am_proc_", b"Activity")
"""Of these the ones about processes: nine of ten lines that have a tag of interest."""

_NATIVE_MASK, _NATIVE = np.uint64(0xFFFFFF), np.uint64(int.from_bytes(b"bt_", "little"))
"""The native stack's tags up to Android 14 begin so: bt_btm, bt_bta_gattc, bt_stack ..."""
_TWO_BYTES, _THREE_BYTES_BITS = np.uint64(0xFFFF), np.uint64(24)

_WORD = 8
_STOP = ord(".")
_THREE_BYTES = np.uint64(0xFFFFFF)
_SPACES_MASK, _SPACES = np.uint64(0xFF00FF), np.uint64(0x200020)
_SPACED_LEVELS = tuple(np.uint64(int.from_bytes(b" %c " % level, "little")) for level in b"DIWEVF")
"""The level letter between two spaces, as a number. Lines with the two letters never seen are parsed one by one."""
_FEW = 100
"""Looking at one more column for a whole block costs as much as parsing about so many lines."""
_LEVEL_COLUMN, _UID_LEVEL_COLUMN = 31, 37
"""Columns where the level letter usually stands: without and with a user id."""
_OTHER_LEVELS = tuple(column for column in range(30, 56) if column not in (31, 37))
"""Where else it can stand: wider ids, a year, microseconds, a zone."""

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

_DATE = re.compile(rb"\b(20\d\d)-(\d\d-\d\d)\b")

_LOOKED_AT_BYTES = 4_000
"""logd cuts a message at this length (LOGGER_ENTRY_MAX_PAYLOAD)."""

_FIELD_MASK = np.uint64(0x00FFFFFFFFFFFFFF)
"""Seven bytes: a space, five characters, a space."""

_WIDEST = 99_999
"""The highest id that fits into a column of five."""

_Number = TypeVar("_Number", np.uint8, np.uint64)
Rows = NDArray[np.int64]
Words = NDArray[np.uint64]
_NONE: Rows = np.empty(0, np.int64)


def _word(eight: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(eight, "little"))


_ACTIVITY, _MANAGER = _word(b"Activity"), _word(b"Manager:")
_KILLING, _START, _FORCE = _word(b" Killing"), _word(b" Start p"), _word(b" Force s")
_PROC, _BOUND = _word(b"am_proc_"), _word(b"bound: [")
_KILLS = (_word(b"am_kill:"), _word(b"am_kill "), _word(b"am_crash"))


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
    """The lines of a block in the usual layout.

    ``rows`` are their indexes (from 0), ``levels`` the offsets of their level letters, ``around`` the eight
    bytes from the space before the level: the first five of the tag are the last of them. ``unlike`` are the
    lines of another layout.
    """

    block: Block
    rows: Rows
    levels: Rows
    around: Words
    unlike: Rows


def columns(block: Block, with_uid: bool) -> Columns:
    """Find the level letter of every line at once. ``with_uid``: most lines have a user id column."""
    count = len(block.starts)
    words = _words(block.data)
    if count <= _FEW:
        return Columns(block, _NONE, _NONE, words[:0], np.arange(count))
    usual = (_LEVEL_COLUMN, _UID_LEVEL_COLUMN)[:: -1 if with_uid else 1]
    # In front of the level stand only numbers and a short name, which are wider or flush right: in the usual
    # column any letter between spaces is the level.
    levels = _within(block.starts + usual[0], len(words))
    around = words[levels - 1]
    fits = (around & _SPACES_MASK) == _SPACES
    if fits.all():
        return Columns(block, np.arange(count), levels, around, _NONE)
    levels[~fits] = -1
    rest = np.flatnonzero(~fits)
    for column in (usual[1], *_OTHER_LEVELS):
        if column == _OTHER_LEVELS[0]:
            rest = rest[_dated(block, rest)]
        if len(rest) <= _FEW:
            break  # they are parsed one by one, to the same effect
        spot = _within(block.starts[rest] + column, len(words))
        letters: Words = words[spot - 1] & _THREE_BYTES
        fits = _is_one_of(letters, _SPACED_LEVELS)
        levels[rest[fits]] = spot[fits]
        rest = rest[~fits]
    rows = np.flatnonzero(levels >= 0)
    return Columns(block, rows, levels[rows], words[levels[rows] - 1], np.flatnonzero(levels < 0))


def _within(offsets: Rows, size: int) -> Rows:
    """Rising offsets, none of them behind the last: a line may be shorter than what is looked for in it."""
    return offsets if not len(offsets) or offsets[-1] < size else np.minimum(offsets, size - 1)


def _dated(block: Block, rows: Rows) -> NDArray[np.bool_]:
    """Whether these lines may begin with a time: ``04-10 10:06:39.``, with or without a year in front."""
    data = np.frombuffer(block.data, np.uint8)
    at, last = block.starts[rows], len(data) - 1
    dated: NDArray[np.bool_] = (data[np.minimum(at + 14, last)] == _STOP) | (data[np.minimum(at + 19, last)] == _STOP)
    return dated


@dataclass(frozen=True, slots=True)
class Tagged:
    """Lines (from 0) with tags of interest: about processes, of the native Bluetooth stack, of an app's own, others."""

    process: Rows
    native: Rows
    own: Rows
    others: Rows


class TagTable:
    """Finds the lines whose tag begins with one of :data:`TAGS` or of ``more`` (eight bytes each)."""

    def __init__(self, more: Collection[bytes] = ()) -> None:
        self.more = frozenset(more)
        self._own = [_word(tag) for tag in sorted(self.more)]
        self._others = [_word(tag) for tag in TAGS if tag not in _PROCESS_TAGS]
        self._begins = np.zeros(1 << 16, np.bool_)
        self._begins[[int.from_bytes(tag[:2], "little") for tag in (*TAGS, *more, b"bt_")]] = True

    def rows(self, found: Columns) -> Tagged:
        """Lines of ActivityManager are left out where they do not begin like one that is read."""
        # Two letters leave few lines over, which are then compared in full.
        beginnings = (found.around >> _THREE_BYTES_BITS) & _TWO_BYTES
        maybe = np.flatnonzero(self._begins[beginnings.view(np.int64)])
        if not len(maybe):
            return Tagged(_NONE, _NONE, _NONE, _NONE)
        rows, at = found.rows[maybe], found.levels[maybe] + 2
        words = _words(found.block.data)
        tags = words[_within(at, len(words))]
        second = words[_within(at + _WORD, len(words))]
        third = words[_within(at + 2 * _WORD, len(words))]
        begins = (third == _KILLING) | (third == _START) | (third == _FORCE)
        native = (tags & _NATIVE_MASK) == _NATIVE
        process = (tags == _ACTIVITY) & (second == _MANAGER) & begins
        process |= (tags == _PROC) & (second != _BOUND)
        process |= _is_one_of(tags, _KILLS)
        own, others = _is_one_of(tags, self._own), _is_one_of(tags, self._others)
        return Tagged(rows[process], rows[native], rows[own], rows[others])

    def group(self, tag: bytes) -> str:
        """Which rows of :class:`Tagged` a line with this tag would be in, or empty."""
        beginning = (tag.ljust(_WORD) + b": ")[:_WORD]
        if tag.startswith(b"bt_"):
            return "native"
        if beginning in _PROCESS_TAGS:
            return "process"
        return "own" if beginning in self.more else "others" if beginning in TAGS else ""


def _is_one_of(seen: NDArray[_Number], wanted: Iterable[_Number]) -> NDArray[np.bool_]:
    hit = np.zeros(len(seen), np.bool_)
    for one in wanted:
        hit |= seen == one
    return hit


def owned(found: Columns, uids: Collection[int], pids: Collection[int]) -> Rows:
    """Lines (from 0) written by one of these user ids or processes; give no process ids where user ids tell."""
    if max([*uids, *pids], default=0) > _WIDEST:
        return found.rows  # ids that need more than five columns move all others: look at every line
    if not len(found.rows) or not (uids or pids):
        return _NONE
    hits = []
    if pids:
        # A line that has a level letter is longer than this.
        hits.append(_equal(found.block, found.levels, -_PID_BEFORE_LEVEL, [b"%5d" % pid for pid in pids]))
    if uids:
        starts = found.block.starts
        starts = starts if len(starts) == len(found.rows) else starts[found.rows]
        hits.append(_equal(found.block, starts, _UID_COLUMN, [_printed(uid) for uid in uids]))
    rows: Rows = found.rows[hits[0] if len(hits) == 1 else np.union1d(*hits)]
    return rows


def _equal(block: Block, places: Rows, beside: int, columns_: Sequence[bytes]) -> Rows:
    """At which of these places stand, so far beside them, a space, one of the columns, a space."""
    last = np.frombuffer(block.data, np.uint8)[places + (beside + 5)]
    maybe = np.flatnonzero(_is_one_of(last, {np.uint8(column[4]) for column in columns_}))  # leaves few to compare
    fields = np.array([int.from_bytes(b" " + column + b" ", "little") for column in columns_], np.uint64)
    hit: Rows = maybe[np.isin(_words(block.data)[places[maybe] + beside] & _FIELD_MASK, fields)]
    return hit


def _printed(uid: int) -> bytes:
    """logcat prints a user's name where it has at most five letters (u0_a8), else the number."""
    name = b"u0_a%d" % (uid - 10_000)
    return name if uid >= 10_000 and len(name) <= 5 else b"%5d" % uid


def _words(data: bytes) -> Words:
    """Every eight bytes of the data as one number, beginning at each byte; nothing is copied.

    Data shorter than that are padded: they hold no line anyway.
    """
    if len(data) < _WORD:
        data = data.ljust(_WORD, b"\n")
    return np.ndarray((len(data) - _WORD + 1,), "<u8", data, strides=(1,))


def entries(block: Block, rows: Rows, needles: Sequence[bytes]) -> Iterator[Entry]:
    """Parse those of these lines (in order) that hold one of the needles; unknown forms are passed over."""
    if not len(rows):
        return
    data = block.data
    last = len(block.starts) - 1
    starts = block.starts[rows].tolist()
    ends = block.starts[np.minimum(rows + 1, last)].tolist()
    if int(rows[-1]) == last:
        ends[-1] = block.end
    lines = [data[start:end] for start, end in zip(starts, ends, strict=True)]
    together = b"".join(lines)
    present = [needle for needle in needles if needle in together]
    if not present:
        return  # mostly: asking once for all lines costs a fraction of asking each
    for row, line in zip(rows.tolist(), lines, strict=True):
        for needle in present:
            if needle in line:
                break
        else:
            continue
        entry = parse(line.rstrip(b"\r\n"), block.first_line + row)
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
    """The year of a log that does not say it: what messages most often name on a line of the same day."""
    years: Counter[int] = Counter()
    for found in _DATE.finditer(sample):
        line = sample.rfind(b"\n", 0, found.start()) + 1
        years[int(found[1])] += sample.startswith(found[2], line)
    best = years.most_common(1)
    return best[0][0] if best and best[0][1] else None
