"""Blocks of lines enter; the parts of a report that somebody reads leave, each with its place.

A bug report is a row of parts. Services begin with ``DUMP OF SERVICE x:`` (or ``CRITICAL x``,
``HIGH x``) and end with ``--------- 0.003s was the duration of dumpsys x, ending at: ...``;
everything else begins with ``------ TITLE (command) ------``. Parts that nobody reads are passed
over without being kept. Form: output of dumpstate and dumpsys, Android 6 to 15.
"""

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from unstuck.evidence.android.text import BLOCK_BYTES, Block

HEAD = "head"
"""Name of what stands before the first part: the header of a report."""

EXITS = "activity exit-info"
"""Name of the part of the activity service that says why processes ended."""

LOGS = frozenset({"SYSTEM LOG", "EVENT LOG", "LAST LOGCAT", "CRASH LOG"})
"""Titles of the log parts that are read."""

SECTION_LIMIT_BYTES = 24 << 20
"""A single part is kept up to here; the longest real one (bluetooth_manager with its packet log) is below 10 MB."""

SERVICES_LIMIT_BYTES = 64 << 20
"""All parts other than logs together are kept up to here, so that memory stays bounded."""

LOGS_LIMIT_BYTES = 64 << 20
"""Of all logs together the newest so many bytes are kept; phones hold at most 16 MB in each of four that we read."""

REPEATS = 4
"""So many parts of one name are kept; a service appears at most as CRITICAL, HIGH and normal."""

_NAMES_LIMIT = 10_000
"""So many names of services are remembered; real phones have about 300."""

_SERVICE = re.compile(rb"DUMP OF SERVICE (?:CRITICAL |HIGH |NORMAL )?([^\s:][^\n:]{0,127}):[ \r]*\n")
_SERVICE_END = re.compile(rb"-{9} [0-9.]+s was the duration of dumpsys (.{1,127}?)(?:, ending at: ([0-9 :.-]+))?\r?\n")
_EXITS = b"ACTIVITY MANAGER PROCESS EXIT INFO"

_DASH, _D, _U, _A, _C = b"-DUAC"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report: whole lines, and where they stood.

    ``blocks`` hold the body; a text with several blocks is long. ``header_line`` is the number of the
    line that names it (the first line of the text where nothing does). ``ended`` is the local time the
    dump ended, as written, or empty. ``cut`` says that it was longer than we keep.
    """

    name: str
    header_line: int
    header: bytes
    blocks: tuple[Block, ...]
    ended: bytes = b""
    cut: bool = False

    @property
    def lines(self) -> int:
        """How many lines the body has, as kept."""
        return sum(len(block.starts) for block in self.blocks)


@dataclass(slots=True)
class Split:
    """All that splitting found. ``services`` are the names of every service seen, read or not.

    ``services_complete`` says that dumpstate came to the end of its services, on ``services_end_line``.
    """

    sections: list[Section] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    service_count: int = 0
    services_complete: bool = False
    services_end_line: int = 0
    services_end: bytes = b""
    lines: int = 0


class _Open:
    """A part while it is read."""

    def __init__(self, name: str, header_line: int, header: bytes) -> None:
        self.name = name
        self.header_line = header_line
        self.header = header
        self.blocks: deque[Block] = deque()
        self.size = 0
        self.ended = b""
        self.cut = False

    def add(self, piece: Block) -> None:
        self.blocks.append(piece)
        self.size += piece.size

    def drop_oldest(self) -> int:
        dropped = self.blocks.popleft().size
        self.size -= dropped
        self.cut = True
        return dropped

    def section(self) -> Section:
        return Section(self.name, self.header_line, self.header, tuple(self.blocks), self.ended, self.cut)


class Splitter:
    """Takes blocks in order, keeps the parts whose names are wanted."""

    def __init__(self, first: str, wanted: Collection[str]) -> None:
        self._wanted = frozenset(wanted)
        self._seen: dict[str, int] = {}
        self._services_left = SERVICES_LIMIT_BYTES
        self._logs_left = LOGS_LIMIT_BYTES
        self._kept: list[_Open] = []
        self._open: _Open | None = self._start(first, 1, b"")
        self.split = Split()

    def take(self, block: Block) -> None:
        """Read one more block."""
        self.split.lines += len(block.starts)
        done = 0
        for index in _candidates(block):
            at = int(block.starts[index])
            after = self._border(block, int(index), at)
            if after is None:
                continue
            name, header, ended = after
            self._keep(block, done, int(index))
            self._finish(ended)
            done = int(index) + 1
            if name:
                self._open = self._start(name, block.first_line + int(index), header)
        self._keep(block, done, len(block.starts))

    def finish(self) -> Split:
        """No more blocks: what was found."""
        self._finish(b"")
        self.split.sections = [part.section() for part in self._kept]
        return self.split

    def _border(self, block: Block, index: int, at: int) -> tuple[str, bytes, bytes] | None:
        """What line ``index`` ends and begins: (name of the new part or empty, its header, end time)."""
        data = block.data
        if data.startswith(b"DUMP OF", at):
            if (found := _SERVICE.match(data, at)) is None:
                return None
            name = found[1].decode("utf-8", "replace")
            self.split.service_count += 1
            if len(self.split.services) < _NAMES_LIMIT:
                self.split.services.add(name)
            return name, found[0].strip(), b""
        if data.startswith(b"ACTIVITY MANAGER ", at):
            # The activity service is the longest of all, and one part of it is read.
            header = data[at : data.find(b"\n", at)].removesuffix(b"\r")
            return (EXITS if header.startswith(_EXITS) else ""), header, b""
        if data.startswith(b"--------- ", at):
            found = _SERVICE_END.match(data, at)
            return None if found is None else ("", b"", found[2] or b"")
        return self._title(block, index, data[at : data.find(b"\n", at)].removesuffix(b"\r"))

    def _title(self, block: Block, index: int, line: bytes) -> tuple[str, bytes, bytes] | None:
        if not line.startswith(b"------ ") or not line.endswith(b" ------"):
            return None
        if line[7:8].isdigit() and b"s was the duration of '" in line:
            if not self.split.services_complete and line.endswith(b"'DUMPSYS' ------"):
                self.split.services_complete = True
                self.split.services_end_line = block.first_line + index
                self.split.services_end = line
            return "", b"", b""
        return line[7:-7].split(b" (", 1)[0].decode("utf-8", "replace"), line, b""

    def _start(self, name: str, line: int, header: bytes) -> _Open | None:
        if name not in self._wanted or self._seen.get(name, 0) >= REPEATS:
            return None
        self._seen[name] = self._seen.get(name, 0) + 1
        self._kept.append(part := _Open(name, line, header))
        return part

    def _finish(self, ended: bytes) -> None:
        if self._open is not None:
            self._open.ended = ended
            self._open = None

    def _keep(self, block: Block, begin: int, end: int) -> None:
        part = self._open
        if part is None or begin >= end:
            return
        piece = block.part(begin, end)
        size = piece.size
        if 2 * size < BLOCK_BYTES:
            piece = piece.copied()  # or a small piece would keep its whole chunk
        if part.name in LOGS:
            self._logs_left -= size
            part.add(piece)
            while self._logs_left < 0:
                longest = max(self._kept, key=lambda kept: kept.size if kept.name in LOGS else 0)
                self._logs_left += longest.drop_oldest()
            return
        if part.cut or part.size + size > SECTION_LIMIT_BYTES or size > self._services_left:
            part.cut = True
            return
        self._services_left -= size
        part.add(piece)


def split(source: Iterable[Block], first: str, wanted: Collection[str]) -> Split:
    """Split a text. ``first`` names what stands before the first border, ``wanted`` what to keep."""
    splitter = Splitter(first, wanted)
    for block in source:
        splitter.take(block)
    return splitter.finish()


def _candidates(block: Block) -> Iterator[int]:
    """Lines that begin with ``--``, ``DU`` or ``AC``: every border is among them, and few other lines are."""
    if len(block.starts) == 1:
        return iter((0,) if block.data.startswith((b"--", b"DU", b"AC"), int(block.starts[0])) else ())
    data = np.frombuffer(block.data, np.uint8)
    first = data[block.starts]
    maybe = np.flatnonzero((first == _DASH) | (first == _D) | (first == _A))
    if not len(maybe):
        return iter(())
    # A line holds at least its newline, so the byte after the first is the line's own or the next line's.
    second = data[np.minimum(block.starts[maybe] + 1, len(data) - 1)]
    return iter(maybe[(second == _DASH) | (second == _U) | (second == _C)].tolist())
