"""What our own agent's attempts and ledger say of the boundaries. Silent where no agent of ours is in the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from unstuck.doctor.boundaries import QUIET_OK, STALE, Move, Seen, Stop
from unstuck.doctor.case import Case, as_time
from unstuck.doctor.knowledge.schema import Boundary
from unstuck.model.evidence import Fact
from unstuck.model.hop import Hop
from unstuck.model.worded import worded

DRAIN, UPLOAD = "drain", "upload"

OVERDUE_TIMES = 1.5
"""Longest wait of an outcome, times this, after which no attempt means that the agent does not run: half of it is for
a device that slept in between."""

SILENT, WRONG, FAILED = "silent", "wrong", "failed"
"""Signs of a run: the tracker was called and not heard; it answered, and wrongly; the phone's own Bluetooth failed."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side's attempts. ``trouble``: the runs since it was last through, oldest first; empty while it is."""

    runs: Sequence[Fact]
    trouble: Sequence[Fact]

    @property
    def last(self) -> Fact | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def through(self) -> Fact | None:
        """The newest run when it got through."""
        return self.last if self.runs and not self.trouble else None

    @property
    def began(self) -> datetime | None:
        """When the trouble began."""
        return as_time(self.trouble[0].text("first")) if self.trouble else None

    def of(self, sign: str) -> list[Fact]:
        """The runs of the trouble with this sign, newest first."""
        return [fact for fact in reversed(self.trouble) if fact.text("sign") == sign]


def side(case: Case, name: str) -> Side:
    """Attempts of one side up to the moment of judgement."""
    runs = [
        fact
        for fact in case.of_tracker("agent.attempts")
        if fact.text("side") == name and fact.time is not None and fact.time <= case.judged_at
    ]
    at = len(runs)
    while at and runs[at - 1].flag("through") is not True:
        at -= 1
    return Side(runs, runs[at:])


def overdue(case: Case) -> Fact | None:
    """The newest attempt when each side should have tried again long ago; None while the agent runs."""
    last = [fact for name in (DRAIN, UPLOAD) if (fact := side(case, name).last) is not None]
    if not last or any(_fresh(case, fact) for fact in last):
        return None
    return max(last, key=_time)


def fresh_loss(case: Case) -> Fact | None:
    """The newest hole of records that were overwritten within the last day."""
    found = [
        (gone, fact)
        for fact in case.of_tracker("ledger.hole")
        if fact.text("reason") == "lost" and (gone := as_time(fact.text("lost_at"))) is not None
    ]
    recent = [(gone, fact) for gone, fact in found if case.judged_at - gone <= STALE]
    return max(recent, key=lambda pair: pair[0])[1] if recent else None


def all_drained(case: Case, now: datetime) -> bool:
    """Whether our agent shows that nothing was on the tracker alone less than a record's time before ``now``.

    Its journal must be whole and hold all that the tracker told of, the tracker must have told it just now, and nothing
    may have gone wrong since. What is older shows nothing: the tracker goes on recording.
    """
    told = case.of_tracker("tracker.overwritten")[-1:]  # dated when the tracker told its status
    journal = _whole_journal(case, now)
    if journal is None or not told or not _just_now(told[0], now) or side(case, DRAIN).through is None:
        return False
    return journal.number("only_on_tracker") == 0


def all_sent(case: Case, now: datetime) -> bool:
    """Whether our agent shows that the server confirmed all that it holds, within a record's time before ``now``."""
    journal = _whole_journal(case, now)
    if journal is None or side(case, UPLOAD).through is None:
        return False
    return journal.number("waiting") == 0 and journal.number("rejected") == 0


RECORD_EVERY_S = 60.0
"""A tracker of ours makes a record a minute (docs/reference/records.md): what is older says little of now."""


def _whole_journal(case: Case, now: datetime) -> Fact | None:
    """The journal as it was just read; None where it is older or not sound. Several that differ show nothing."""
    read = case.of_tracker("agent.journal")
    sound = bool(read) and all(fact.flag("sound") is True for fact in read)
    return read[-1] if sound and len({fact.source for fact in read}) == 1 and _just_now(read[-1], now) else None


def _just_now(fact: Fact, now: datetime) -> bool:
    """Not longer ago than a record takes, and not in the future: then a clock is wrong and nothing can be said."""
    return fact.time is not None and timedelta(0) <= now - fact.time <= timedelta(seconds=RECORD_EVERY_S)


def at_work(case: Case) -> bool:
    """Whether our agent's attempts are in the evidence: the tracker's own log came through it, so it is older."""
    return bool(case.of_tracker("agent.attempts"))


def watch_agent(case: Case, seen: Seen) -> None:
    """Add what the attempts show."""
    drain, upload = side(case, DRAIN), side(case, UPLOAD)
    quiet = overdue(case)
    if quiet is not None:
        seen.stops.append(
            Stop(Hop.PHONE, _time(quiet), worded("the agent has not run since"), (quiet,), Boundary.DRAIN)
        )
    _side(case, drain, Hop.BLUETOOTH, worded("the agent had everything from the tracker"), seen)
    _side(case, upload, Hop.SERVER, worded("the server had everything from the agent"), seen)
    asked = case.latest("server.asked")
    if asked is not None and upload.through is not None and _turned_away_since(case, upload.through):
        seen.notes.append(
            worded(
                "{says} just now, after the last good upload; look again in half an hour.",
                says=worded(asked.text("says")),
            )
        )
    lost = fresh_loss(case)
    if lost is not None:
        text = worded("the oldest records were overwritten before they were drained")
        seen.stops.append(Stop(Hop.TRACKER, _began_to_go(lost), text, (lost,), Boundary.ANY))
    if drain.through is not None and _fresh(case, drain.through):
        seen.linked = True
    elif drain.of(SILENT):
        seen.linked = False


def _side(case: Case, own: Side, hop: Hop, works: str, seen: Seen) -> None:
    turned_away = hop is Hop.SERVER and own.through is not None and _turned_away_since(case, own.through)
    if own.through is not None and _fresh(case, own.through) and not turned_away:
        seen.moves.append(Move(hop, works, (own.through,)))
    began, last = own.began, own.last
    if began is None or last is None:
        return
    asked = case.latest("server.asked")
    if asked is not None and asked.flag("through") and last.text("hop") == Hop.SERVER and _time(asked) > _time(last):
        seen.notes.append(worded("The server answers now; the agent tries again by itself."))
    elif case.judged_at - began > QUIET_OK or last.flag("person"):
        proof = tuple(reversed(own.trouble))
        stop = Stop(
            Hop(last.text("hop")), began, worded(last.text("says")), proof, Boundary(last.text("way")), _worked(own)
        )
        seen.stops.append(stop)
    else:
        seen.notes.append(
            worded("{says}, for a short while only; the agent tries again by itself.", says=worded(last.text("says")))
        )


def _began_to_go(lost: Fact) -> datetime:
    """When the oldest record of a hole was overwritten: as long before the newest as it was recorded before it."""
    start, end, gone = (as_time(lost.text(key)) for key in ("start", "end", "lost_at"))
    if start is None or end is None or gone is None:
        return _time(lost)
    return gone - (end - start)


def _turned_away_since(case: Case, last: Fact) -> bool:
    """Whether the server, asked after this attempt, gave nothing: then what it took before says little of now."""
    asked = case.latest("server.asked")
    return asked is not None and asked.flag("through") is False and _time(asked) > _time(last)


def _worked(own: Side) -> bool:
    return len(own.trouble) < len(own.runs)


def _fresh(case: Case, fact: Fact) -> bool:
    """Whether the agent need not have tried again yet."""
    return case.judged_at - _time(fact) <= OVERDUE_TIMES * timedelta(seconds=fact.number("waits_s") or 0.0)


def _time(fact: Fact) -> datetime:
    assert fact.time is not None
    return fact.time
