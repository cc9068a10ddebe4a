"""One part of a report as one text with line numbers, and the notebook its facts are written to."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Protocol

import numpy as np

from unstuck.evidence.android.sections import Section
from unstuck.evidence.android.text import Offsets
from unstuck.model.evidence import Fact, Value

EXCERPT_CHARACTERS = 200
"""The vocabulary allows no longer excerpt."""

FACTS_PER_KIND = 10_000
"""More facts of one kind than this come from a broken or hostile text; those that stand last are kept."""

_Key = tuple[object, ...]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Place(Protocol):
    """Where facts are found: lines by index, counted from 0; index -1 is the header of the part."""

    @property
    def time(self) -> datetime | None:
        """When the dump ended (UTC), None where unknown."""

    def line(self, index: int) -> bytes:
        """A line without its end."""

    def locator(self, index: int) -> str:
        """``line N`` of the whole text."""


@dataclass(frozen=True, slots=True)
class Page:
    """The body of one part. ``data`` ends with a newline; ``time`` is when its dump ended (UTC) or None."""

    name: str
    data: bytes
    starts: Offsets
    first_line: int
    header_line: int
    header: bytes
    time: datetime | None

    def index(self, offset: int) -> int:
        """Which line of the page (from 0) the byte at ``offset`` is in."""
        return int(np.searchsorted(self.starts, offset, side="right")) - 1

    def find_line(self, beginning: bytes, start: int = 0, end: int | None = None) -> int:
        """Offset of the first line in ``start`` to ``end`` that begins so, or -1; quick on long pages."""
        if start == 0 and self.data.startswith(beginning):
            return 0
        return self.data.find(b"\n" + beginning, max(start - 1, 0), end) + 1 or -1

    def line(self, index: int) -> bytes:
        """Line ``index`` without its end; -1 is the header."""
        if index < 0:
            return self.header
        start = int(self.starts[index])
        end = int(self.starts[index + 1]) if index + 1 < len(self.starts) else len(self.data)
        return self.data[start:end].rstrip(b"\r\n")

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Every line with its index. For short pages only."""
        for index, line in enumerate(self.data.split(b"\n")[:-1]):
            yield index, line.removesuffix(b"\r")

    def locator(self, index: int) -> str:
        """``line N`` of the whole text; index -1 is the header."""
        return f"line {self.header_line if index < 0 else self.first_line + index}"


def page(section: Section, time: datetime | None) -> Page:
    """The whole of a part as one page."""
    kept = section.blocks
    if not kept:
        return Page(section.name, b"", np.empty(0, np.int64), section.header_line, *_head(section), time)
    firsts = [int(block.starts[0]) for block in kept]
    data = b"".join(memoryview(block.data)[first : block.end] for block, first in zip(kept, firsts, strict=True))
    offsets = accumulate((block.size for block in kept[:-1]), initial=0)
    starts = [block.starts + (at - first) for block, first, at in zip(kept, firsts, offsets, strict=True)]
    return Page(section.name, data, np.concatenate(starts), kept[0].first_line, *_head(section), time)


def _head(section: Section) -> tuple[int, bytes]:
    return section.header_line, section.header


def text(raw: bytes) -> str:
    """Bytes of a report as text: damaged characters and control characters cannot do harm."""
    return _CONTROL.sub(" ", raw.decode("utf-8", "replace"))


def excerpt(raw: bytes, note: str = "") -> str:
    """A quotation of at most 200 characters, with a note of ours in front where one is needed."""
    quoted = text(raw[: 4 * EXCERPT_CHARACTERS]).strip()
    return (note + quoted)[:EXCERPT_CHARACTERS]


class Notebook:
    """Collects the facts of one text. What is said twice is kept once, with its first place."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._seen: set[_Key] = set()
        self._about: set[tuple[str, str]] = set()
        self._kinds: dict[str, deque[tuple[int, _Key, Fact]]] = {}
        self._written = 0
        self.dropped = 0

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every fact kept, in the order they were written."""
        rows = sorted((row for kept in self._kinds.values() for row in kept), key=lambda row: row[0])
        return tuple(fact for _, _, fact in rows)

    def state(self, name: str, value: Value, on: Place, index: int, subject: str = "", note: str = "") -> None:
        """How things stood when the dump was made: its time is that of the dump."""
        self._add((name, subject, _key(value)), name, value, on, index, on.time, subject, note)

    def event(
        self, name: str, value: Value, on: Place, index: int, time: datetime | None, subject: str = "", note: str = ""
    ) -> None:
        """Something that happened at its own time."""
        self._add((name, subject, _key(value), time), name, value, on, index, time, subject, note)

    def has(self, name: str, subject: str | None = None) -> bool:
        """Whether any fact of this kind (about this subject) was written."""
        return name in self._kinds if subject is None else (name, subject) in self._about

    def _add(
        self,
        key: _Key,
        name: str,
        value: Value,
        on: Place,
        index: int,
        time: datetime | None,
        subject: str,
        note: str,
    ) -> None:
        if key in self._seen:
            return
        kept = self._kinds.setdefault(name, deque())
        if len(kept) >= FACTS_PER_KIND:
            _, oldest, _ = kept.popleft()
            self._seen.discard(oldest)
            self.dropped += 1
        self._seen.add(key)
        self._about.add((name, subject))
        quoted = excerpt(on.line(index), note)
        fact = Fact(name, value, time, self._source, on.locator(index), quoted, subject)
        kept.append((self._written, key, fact))
        self._written += 1


def _key(value: Value) -> object:
    return value if isinstance(value, (bool, int, float, str, type(None))) else tuple(value.items())
