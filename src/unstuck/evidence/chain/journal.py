"""One tracker's journal: everything in it enters as one document, facts leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from unstuck.chain.phone import held
from unstuck.chain.phone.engine import Status, unconfirmed
from unstuck.chain.phone.entries import Ledger
from unstuck.chain.phone.reasons import Side
from unstuck.chain.phone.tracker import TrackerError, read_status
from unstuck.chain.records import BatchError, Record, decode
from unstuck.evidence.chain.attempts import Numbered, attempt_facts, is_through
from unstuck.evidence.chain.events import event_facts
from unstuck.evidence.chain.moments import iso, moment
from unstuck.model.evidence import Fact, Reading, SourceInfo, Value

VENDOR = "unstuck"
"""Id of our own trackers' profile."""


@dataclass(frozen=True, slots=True)
class JournalDocument:
    """What a journal says of one tracker. Times in Unix seconds; ``looked_s``: when it was read.

    ``status``: the tracker's last answer as it came and when it was told. ``batches``: as they came, those still kept.
    ``disk_bytes``: free and all of the disk it lies on, None where that is not known.
    """

    path: str
    looked_s: float
    tracker: str
    name: str
    status: tuple[bytes, int] | None
    ledger: Ledger
    sound: bool
    rejected: int
    attempts: Sequence[Numbered]
    batches: Sequence[bytes]
    disk_bytes: tuple[int, int] | None = None


def read_journal(document: JournalDocument) -> Reading:
    """The facts, in the order of the parts of a journal."""
    problems: list[str] = []
    facts = [
        *_status(document, problems),
        *_disk(document),
        *_holds(document),
        *attempt_facts(document.tracker, document.attempts, document.path),
        *_risk(document),
        *event_facts(document.tracker, _records(document, problems), document.path),
    ]
    return Reading(
        SourceInfo(
            document.path,
            "chain",
            len(document.attempts),
            _span(document),
            len(problems),
            problems=tuple(dict.fromkeys(problems)),
        ),
        tuple(facts),
    )


def keeps_s(document: JournalDocument) -> int | None:
    """Seconds for which the tracker keeps detail, as it last told."""
    told = _told(document)
    return told[0].keeps_s if told else None


def _told(document: JournalDocument) -> tuple[Status, int] | None:
    if document.status is None:
        return None
    try:
        return read_status(document.status[0]), document.status[1]
    except TrackerError:
        return None


def _span(document: JournalDocument) -> tuple[datetime, datetime] | None:
    ends = [document.looked_s, *(attempt.ended_s for _, attempt in document.attempts)]
    begins = [*(attempt.began_s for _, attempt in document.attempts), document.looked_s]
    first, last = moment(min(begins)), moment(max(ends))
    return None if first is None or last is None else (first, last)


def _status(document: JournalDocument, problems: list[str]) -> Iterator[Fact]:
    told = _told(document)
    if told is None:
        if document.status is not None:
            problems.append("The tracker's last status cannot be read.")
        return
    status, at_s = told
    time = moment(at_s)

    def fact(name: str, value: Value, excerpt: str, subject: str = "") -> Fact:
        return Fact(name, value, time, document.path, "status of the tracker", excerpt, subject)

    known: Value = {"vendor": VENDOR, "name": document.name[:_NAME_MOST], "by": "journal", "sure": 1.0}
    yield fact("device.recognised", known, document.name[:_NAME_MOST], document.tracker)
    yield fact("tracker.firmware", status.firmware, f"firmware {status.firmware}"[:_NAME_MOST], document.tracker)
    if status.battery_percent is not None:
        value: Value = {"percent": float(status.battery_percent), "voltage_mv": None, "charging": None}
        yield fact("tracker.battery", value, f"battery {status.battery_percent} %")
    offset_s = float(status.now_s - at_s)
    yield fact("tracker.clock_offset", offset_s, f"its clock {status.now_s}, the phone's {at_s}", document.tracker)
    lost = held.without(document.ledger.overwritten, document.ledger.drained)
    excerpt = f"overwritten {held.to_plain(lost)}" if lost else "nothing overwritten"
    yield fact("tracker.overwritten", held.total(lost), excerpt[:_NAME_MOST], document.tracker)


_NAME_MOST = 200
"""Characters of a name or a quotation."""


def _disk(document: JournalDocument) -> Iterator[Fact]:
    """A full disk keeps the agent from writing down even that it is full."""
    if document.disk_bytes is None or document.disk_bytes[1] <= 0:
        return
    free, whole = document.disk_bytes
    value: Value = {"free_bytes": free, "total_bytes": whole, "free_percent": 100.0 * free / whole}
    excerpt = f"{free} of {whole} bytes free"
    yield Fact("phone.storage", value, moment(document.looked_s), document.path, "disk of the journal", excerpt)


def _holds(document: JournalDocument) -> Iterator[Fact]:
    told = _told(document)
    ledger = document.ledger
    only_there = held.without(held.without(told[0].held, ledger.trimmed), ledger.committed) if told else {}
    waiting = unconfirmed(ledger)
    value: Value = {
        "sound": document.sound,
        "only_on_tracker": held.total(only_there),
        "waiting": held.total(waiting),
        "rejected": document.rejected,
    }
    boots = [f"boot {boot}: {ranges.first}–{ranges.last}" for boot, ranges in waiting.items() if ranges]
    where = f"ledger {', '.join(boots[-_BOOTS_NAMED:])}" if boots else "ledger"
    excerpt = f"{held.total(waiting)} records wait for the server"
    yield Fact("agent.journal", value, moment(document.looked_s), document.path, where, excerpt, document.tracker)


_BOOTS_NAMED = 3
"""Boots named in a locator; the ledger's own table has them all."""


def _risk(document: JournalDocument) -> Iterator[Fact]:
    """What was recorded since the last good drain began is on the tracker alone."""
    kept = keeps_s(document)
    good = [pair for pair in document.attempts if pair[1].side is Side.DRAIN and is_through(pair[1])]
    if kept is None or not good:
        return
    number, attempt = good[-1]
    value: Value = {"since": iso(attempt.began_s), "lost_at": iso(attempt.began_s + kept)}
    excerpt = f"the tracker keeps {kept} s of detail"
    yield Fact(
        "ledger.at_risk",
        value,
        moment(attempt.ended_s),
        document.path,
        f"attempt {number}",
        excerpt,
        document.tracker,
    )


def _records(document: JournalDocument, problems: list[str]) -> Iterator[Record]:
    for raw in document.batches:
        try:
            yield from decode(raw).records
        except BatchError:
            problems.append("A batch in it cannot be read.")
