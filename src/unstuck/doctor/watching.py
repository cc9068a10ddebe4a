"""One diagnosis after the other enters; a notice leaves whenever something changed that a person wants to know.

Pure: when to look again, and how, is the caller's matter.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unstuck.model.diagnosis import Diagnosis, RankedCause, Verdict
from unstuck.model.hop import Hop

LEAST_PROBABILITY = 0.3
"""A first cause less sure than this is not named: it would change with every look."""


class NoticeKind(StrEnum):
    """What happened since the look before."""

    FIRST = "first"
    STOPPED = "stopped"
    MOVED = "moved"
    """The stop is at another hop, or has another first cause."""
    FLOWS = "flows"
    UNCLEAR = "unclear"
    SILENT = "silent"
    """Nothing could be read."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something changed. ``at`` is when it was noticed; ``since`` when data stopped, where that is known."""

    kind: NoticeKind
    at: datetime
    verdict: Verdict
    hop: Hop | None
    since: datetime | None
    cause: RankedCause | None
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class _Seen:
    verdict: Verdict
    hop: Hop | None
    cause: str
    readable: bool


class Watch:
    """Compares each diagnosis with the one before. ``last`` is the newest that rests on something."""

    def __init__(self) -> None:
        self._before: _Seen | None = None
        self.last: Diagnosis | None = None

    def see(self, diagnosis: Diagnosis, at: datetime) -> Notice | None:
        """What is new in it at the time ``at``; None where nothing changed."""
        cause = _first(diagnosis)
        readable = any(source.readable and source.kind != "answers" for source in diagnosis.sources)
        seen = _Seen(diagnosis.verdict, diagnosis.stuck_at, cause.id if cause else "", readable)
        before, self._before = self._before, seen
        if readable or self.last is None:
            self.last = diagnosis
        if seen == before:
            return None
        kind = NoticeKind.FIRST if before is None and readable else _kind(seen, before)
        return Notice(kind, at, diagnosis.verdict, diagnosis.stuck_at, diagnosis.since, cause, diagnosis)


def _first(diagnosis: Diagnosis) -> RankedCause | None:
    """The first cause of a stop, where it is sure enough to be named."""
    if diagnosis.verdict is not Verdict.STUCK or not diagnosis.causes:
        return None
    return diagnosis.causes[0] if diagnosis.causes[0].probability >= LEAST_PROBABILITY else None


def _kind(seen: _Seen, before: _Seen | None) -> NoticeKind:
    if not seen.readable:
        return NoticeKind.SILENT
    if seen.verdict is Verdict.HEALTHY:
        return NoticeKind.FLOWS
    if seen.verdict is Verdict.INCONCLUSIVE:
        return NoticeKind.UNCLEAR
    return NoticeKind.MOVED if before is not None and before.verdict is Verdict.STUCK else NoticeKind.STOPPED


def next_look_s(every_s: float, took_s: float) -> float:
    """How long to wait after a look that took so long; a slow phone is left alone for as long as it was busy."""
    return max(every_s - took_s, min(took_s, every_s))
