"""The links of every device over time, put together from single events."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from unstuck.model.evidence import Fact, FactSet

Span = tuple[datetime, datetime]

TROUBLE = ("link.lost", "link.not_established")
"""Facts that mean that the radio failed, not that somebody hung up."""

SETTLED = timedelta(minutes=18)
"""How long a link must hold without trouble before what came earlier counts as over: one expected sync
rhythm of 15 minutes and a fifth. A link that held less has not shown a sync of its own accord; in the
real case one came back for 15 minutes and went again."""

JOINED_GAP = timedelta(seconds=5)
"""Two traces this near each other are one, cut by the phone; 1.2 s in the real case."""


@dataclass(frozen=True, slots=True)
class LinkSpan:
    """One link of one device.

    ``start`` is None where it began before the trace, ``end`` while it is up. ``seen_until`` is as
    far as anybody watched it: its end, or the end of the trace.
    """

    subject: str
    start: datetime | None
    end: datetime | None
    seen_until: datetime | None
    opened: Fact | None
    closed: Fact | None

    def covers(self, moment: datetime) -> bool:
        """Whether the link was seen up just before ``moment``."""
        last = self.end or self.seen_until
        return (self.start is None or self.start < moment) and (last is None or last >= moment)


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

    def runs_of_trouble(self, subjects: Iterable[str], until: datetime) -> list[tuple[datetime, datetime, int]]:
        """Failures with no settled link between them, as first failure, last failure and their number."""
        wanted = list(subjects)
        runs: list[tuple[datetime, datetime, int]] = []
        for fact in self.trouble_of(wanted):
            if fact.time is None or fact.time > until:
                continue
            if runs and not self.settled(wanted, runs[-1][1], fact.time):
                runs[-1] = (runs[-1][0], fact.time, runs[-1][2] + 1)
            else:
                runs.append((fact.time, fact.time, 1))
        return runs

    def settled(self, subjects: Iterable[str], after: datetime, before: datetime) -> bool:
        """Whether a link that came up after one moment held long enough before the other."""
        return any(
            span.start is not None
            and span.start >= after
            and min(span.end or span.seen_until or before, before) - span.start >= SETTLED
            for span in self.of(subjects)
        )


def history(facts: FactSet, traces: Mapping[str, Span], since: datetime | None = None) -> LinkHistory:
    """Put link events together. Classic (BR/EDR) links are left out: trackers do not use them.

    ``traces``: source -> span of every Bluetooth trace. A link that nobody saw end is up until its
    trace ends; a restart of Bluetooth ends every link. Failures before ``since`` are no trouble of
    interest, but they end their links all the same.
    """
    spans: dict[str, list[LinkSpan]] = defaultdict(list)
    open_since: dict[str, Fact] = {}
    for fact in facts.all("link.opened", "link.lost", "link.ended", "link.not_established", *_ENDS_ALL):
        if fact.time is None or fact.text("transport") == "br":
            continue
        if fact.name in _ENDS_ALL:
            if fact.name != "bluetooth.switched" or fact.flag("on") is False:
                for subject, opened in open_since.items():
                    spans[subject].append(_closed(opened, fact))
                open_since.clear()
            continue
        before = open_since.pop(fact.subject, None)
        if fact.name == "link.opened":
            if before is not None:
                spans[fact.subject].append(LinkSpan(fact.subject, before.time, fact.time, fact.time, before, None))
            open_since[fact.subject] = fact
        elif before is not None:
            spans[fact.subject].append(_closed(before, fact))
        elif fact.name != "link.not_established":
            spans[fact.subject].append(LinkSpan(fact.subject, None, fact.time, fact.time, None, fact))
    resets = [fact.time for fact in facts.all("hci.reset") if fact.time is not None]
    for subject, opened in open_since.items():
        spans[subject].append(LinkSpan(subject, opened.time, None, _watched(opened, traces, resets), opened, None))
    trouble = [
        fact
        for fact in facts.all(*TROUBLE)
        if fact.text("transport") != "br" and (since is None or fact.time is None or fact.time >= since)
    ]
    return LinkHistory(dict(spans), trouble)


_ENDS_ALL = ("hci.reset", "hci.all_links_closed", "bluetooth.switched")


def _closed(opened: Fact, closed: Fact) -> LinkSpan:
    return LinkSpan(opened.subject, opened.time, closed.time, closed.time, opened, closed)


def _watched(opened: Fact, traces: Mapping[str, Span], resets: Sequence[datetime]) -> datetime | None:
    """The end of the trace, or of the traces that go on without a restart."""
    if opened.source not in traces:
        return None
    until = traces[opened.source][1]
    for begins, ends in sorted(traces.values()):
        follows = timedelta() <= begins - until <= JOINED_GAP
        if follows and not any(begins <= reset <= begins + JOINED_GAP for reset in resets):
            until = ends
    return until


def _start(span: LinkSpan) -> float:
    return span.start.timestamp() if span.start is not None else float("-inf")
