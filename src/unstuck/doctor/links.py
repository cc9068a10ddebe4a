"""The links of every device over time, put together from single events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from unstuck.model.evidence import Fact, FactSet

TROUBLE = ("link.lost", "link.not_established")
"""Facts that mean that the radio failed, not that somebody hung up."""

SETTLED_MINUTES = 30
"""How long a link must hold without trouble before what came earlier counts as over: two expected sync rhythms."""


@dataclass(frozen=True, slots=True)
class LinkSpan:
    """One link of one device. ``start`` is None where it began before the trace, ``end`` while it is up."""

    subject: str
    start: datetime | None
    end: datetime | None
    opened: Fact | None
    closed: Fact | None

    def covers(self, moment: datetime) -> bool:
        """Whether the link was up just before ``moment``."""
        return (self.start is None or self.start < moment) and (self.end is None or self.end >= moment)


@dataclass(frozen=True, slots=True)
class LinkHistory:
    """Low-energy links by device, oldest first, and every failure of the radio."""

    spans: dict[str, list[LinkSpan]]
    trouble: Sequence[Fact]

    def of(self, subjects: Iterable[str]) -> list[LinkSpan]:
        """The links of one device, oldest first."""
        return sorted((span for subject in subjects for span in self.spans.get(subject, ())), key=_start)

    def trouble_of(self, subjects: Iterable[str]) -> list[Fact]:
        """The radio failures of one device, oldest first."""
        wanted = set(subjects)
        return [fact for fact in self.trouble if fact.subject in wanted]

    def open_at(self, moment: datetime, besides: Iterable[str]) -> list[LinkSpan]:
        """Links of other devices that were up just before ``moment``."""
        left_out = set(besides)
        return [
            span
            for subject, spans in self.spans.items()
            if subject not in left_out
            for span in spans
            if span.covers(moment)
        ]

    def episode_start(self, subjects: Iterable[str], until: datetime) -> datetime | None:
        """When the latest run of trouble began: the first failure not followed by a settled link.

        None where there was no failure, or where the link settled after the last one.
        """
        runs = self.runs_of_trouble(subjects, until)
        return runs[-1][0] if runs and not self._settled(subjects, runs[-1][1], until) else None

    def runs_of_trouble(self, subjects: Iterable[str], until: datetime) -> list[tuple[datetime, datetime, int]]:
        """Failures with no settled link between them, as first failure, last failure and their number."""
        runs: list[tuple[datetime, datetime, int]] = []
        for fact in self.trouble_of(subjects):
            if fact.time is None or fact.time > until:
                continue
            if runs and not self._settled(subjects, runs[-1][1], fact.time):
                runs[-1] = (runs[-1][0], fact.time, runs[-1][2] + 1)
            else:
                runs.append((fact.time, fact.time, 1))
        return runs

    def _settled(self, subjects: Iterable[str], after: datetime, before: datetime) -> bool:
        least = timedelta(minutes=SETTLED_MINUTES)
        return any(
            span.start is not None and span.start >= after and min(span.end or before, before) - span.start >= least
            for span in self.of(subjects)
        )


def history(facts: FactSet) -> LinkHistory:
    """Put link events together. Classic (BR/EDR) links are left out: trackers do not use them."""
    spans: dict[str, list[LinkSpan]] = defaultdict(list)
    open_since: dict[str, Fact] = {}
    for fact in facts.all("link.opened", "link.lost", "link.ended", "link.not_established"):
        if fact.text("transport") == "br" or fact.time is None:
            continue
        opened = open_since.pop(fact.subject, None)
        if fact.name == "link.opened":
            if opened is not None:
                spans[fact.subject].append(LinkSpan(fact.subject, opened.time, fact.time, opened, None))
            open_since[fact.subject] = fact
        elif fact.name == "link.not_established":
            if opened is not None:
                spans[fact.subject].append(LinkSpan(fact.subject, opened.time, fact.time, opened, fact))
        else:
            start = opened.time if opened is not None else None
            spans[fact.subject].append(LinkSpan(fact.subject, start, fact.time, opened, fact))
    for subject, opened in open_since.items():
        spans[subject].append(LinkSpan(subject, opened.time, None, opened, None))
    trouble = [fact for fact in facts.all(*TROUBLE) if fact.text("transport") != "br"]
    return LinkHistory(dict(spans), trouble)


def _start(span: LinkSpan) -> float:
    return span.start.timestamp() if span.start is not None else float("-inf")
