"""The book of facts of one trace: drafts enter as they are seen, a bounded number of facts leaves in order."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from unstuck.model.evidence import Fact, Scalar, Value

FACTS_PER_KIND = 5_000
"""Most facts of one kind from one trace: the first half and the last half of them are kept. A trace of
a week holds a few hundred; the bound keeps a 1 GB trace inside 200 MB of memory."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATED_FROM_US = 631_152_000_000_000
"""1990-01-01. Times before it come from containers that only hold relative times."""
_DATED_TO_US = 4_102_444_800_000_000
"""2100-01-01."""


def when(time_us: int | None) -> datetime | None:
    """Microseconds since 1970 as an aware UTC time; None where the trace has no real clock."""
    if time_us is None or not _DATED_FROM_US <= time_us < _DATED_TO_US:
        return None
    return _EPOCH + timedelta(microseconds=time_us)


def iso(time_us: int | None) -> str | None:
    """The same as ISO text."""
    moment = when(time_us)
    return None if moment is None else moment.isoformat()


def times(count: int) -> str:
    """``once`` or ``14 times``."""
    return "once" if count == 1 else f"{count} times"


class Moment(NamedTuple):
    """Where in the trace something was seen: row of the batch, microseconds since 1970, packet number."""

    row: int
    time_us: int
    number: int


@dataclass(slots=True)
class Draft:
    """A fact before it has a source."""

    name: str
    value: Value
    time_us: int | None
    number: int
    excerpt: str
    subject: str


class Book:
    """Collects drafts, keeps the first and last of each kind, counts the rest."""

    def __init__(self, limit: int = FACTS_PER_KIND) -> None:
        self._half = limit // 2
        self._first: dict[str, list[Draft]] = {}
        self._last: dict[str, deque[Draft]] = {}
        self.dropped: dict[str, int] = {}

    def add(
        self, name: str, value: Scalar | Mapping[str, Scalar], at: Moment | None, excerpt: str, subject: str = ""
    ) -> None:
        """One fact seen at a moment."""
        time_us, number = (None, 1) if at is None else (at.time_us, at.number)
        self.put(Draft(name, value, time_us, number, excerpt, subject))

    def put(self, draft: Draft) -> None:
        """A draft made earlier."""
        first = self._first.setdefault(draft.name, [])
        if len(first) < self._half:
            first.append(draft)
            return
        last = self._last.setdefault(draft.name, deque(maxlen=self._half))
        if len(last) == self._half:
            self.dropped[draft.name] = self.dropped.get(draft.name, 0) + 1
        last.append(draft)

    def facts(self, source: str) -> tuple[Fact, ...]:
        """Everything kept, in the order of the trace."""
        drafts = sorted(self._all(), key=lambda draft: (draft.number, draft.name, draft.subject, draft.excerpt))
        return tuple(
            Fact(
                draft.name,
                draft.value,
                when(draft.time_us),
                source,
                f"packet {draft.number}",
                draft.excerpt,
                draft.subject,
            )
            for draft in drafts
        )

    def _all(self) -> Iterator[Draft]:
        for name, first in self._first.items():
            yield from first
            yield from self._last.get(name, ())
