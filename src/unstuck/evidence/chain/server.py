"""What a server said when it was asked: its JSON documents enter, facts leave. Source: docs/reference/server-api.md.

A server may be another version or not ours at all: what is not as expected is passed over and counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from unstuck.chain.phone.reasons import MEANINGS, Outcome, Side, sentence
from unstuck.evidence.chain.moments import iso, moment
from unstuck.evidence.chain.outcomes import row_of
from unstuck.model.evidence import Fact, Reading, SourceInfo, Value
from unstuck.model.records import HoleReason

HOLES_STATED = 500
"""Newest holes stated one by one: more than a month has, unless something is badly broken."""

_EXCERPT_MOST = 200


@dataclass(frozen=True, slots=True)
class ServerDocument:
    """The answers of one server, None where there was none; ``fault``: how asking for the ledger ended else.

    ``asked_s``: Unix seconds. ``keeps_s``: for how long the tracker keeps detail, as its own status says.
    """

    address: str
    tracker: str
    asked_s: float
    status: Mapping[str, object] | None = None
    ledger: Mapping[str, object] | None = None
    watermarks: Mapping[str, object] | None = None
    fault: tuple[Outcome, str] | None = None
    keeps_s: int | None = None


def read_server(document: ServerDocument) -> Reading:
    """The facts; problems name what could not be read."""
    problems: list[str] = []
    facts = [*_asked(document), *_status(document)]
    passed_over = 0
    if document.ledger is not None:
        facts += _risk(document, document.ledger)
        found, passed_over = _holes(document, document.ledger)
        facts += found
    if document.watermarks is not None:
        facts += _watermarks(document, document.watermarks)
    if passed_over:
        problems.append("Some holes of its ledger cannot be read; it may be another version.")
    if document.fault is not None:
        problems.append(f"The server did not give its ledger: {sentence(*document.fault)}")
    time = moment(document.asked_s)
    span = None if time is None else (time, time)
    source = SourceInfo(document.address, "chain server", len(facts), span, passed_over, problems=tuple(problems))
    return Reading(source, tuple(facts))


def _fact(
    document: ServerDocument,
    name: str,
    value: Value,
    time: datetime | None,
    where: str,
    excerpt: str,
    subject: str = "",
) -> Fact:
    return Fact(name, value, time, document.address, where, excerpt[:_EXCERPT_MOST], subject)


def _asked(document: ServerDocument) -> Iterator[Fact]:
    time = moment(document.asked_s)
    if document.fault is None:
        value: Value = {"outcome": "answered", "says": "The server answers", "through": True}
        yield _fact(document, "server.asked", value, time, "GET ledger", "the server gave its ledger")
        return
    outcome, detail = document.fault
    value = {"outcome": outcome.value, "says": MEANINGS[outcome].state, "through": False}
    excerpt = sentence(outcome, detail)
    yield _fact(document, "server.asked", value, time, "GET ledger", excerpt)
    for name, stated, subject in row_of(Side.UPLOAD, outcome).word(detail):
        yield _fact(document, name, stated, time, "GET ledger", excerpt, subject)


def _status(document: ServerDocument) -> Iterator[Fact]:
    status = document.status
    if status is None or status.get("service") != "unstuck":
        return
    state, message, minimum = (_text(status.get(key)) for key in ("state", "message", "minimum_agent"))
    value: Value = {"state": state, "message": message, "minimum_agent": minimum}
    excerpt = f"state {state} {message}".strip()
    yield _fact(document, "server.status", value, moment(document.asked_s), "GET status", excerpt)


def _risk(document: ServerDocument, ledger: Mapping[str, object]) -> Iterator[Fact]:
    risk = ledger.get("at_risk")
    if not isinstance(risk, Mapping):
        return
    since, lost_at = _whole(risk.get("since")), _whole(risk.get("lost_at"))
    if since is not None and lost_at is not None:
        value = {"since": iso(since), "lost_at": iso(lost_at)}
        time = moment(document.asked_s)
        yield _fact(
            document, "ledger.at_risk", value, time, "ledger, at risk", f"at risk since {since}", document.tracker
        )


def _holes(document: ServerDocument, ledger: Mapping[str, object]) -> tuple[list[Fact], int]:
    end_s = _whole(ledger.get("as_of")) or 0
    holes = ledger.get("holes")
    if not isinstance(holes, Sequence):
        return [], 1
    found = []
    passed_over = 0
    for hole in holes[-HOLES_STATED:]:
        fact = _hole(document, hole, end_s)
        if fact is None:
            passed_over += 1
        else:
            found.append(fact)
    return found, passed_over


def _hole(document: ServerDocument, hole: object, end_s: int) -> Fact | None:
    if not isinstance(hole, Mapping):
        return None
    start, end = _whole(hole.get("start")), _whole(hole.get("end"))
    reason = hole.get("reason")
    if start is None or end is None or not isinstance(reason, str) or reason not in set(HoleReason):
        return None
    boot, first, last = (_whole(hole.get(key)) for key in ("boot", "first", "last"))
    known = boot is not None and first is not None and last is not None
    lost_at_s = end + document.keeps_s if reason == HoleReason.LOST and document.keeps_s is not None else None
    value: Value = {
        "start": iso(start),
        "end": iso(end),
        "reason": str(reason),
        "records": last - first + 1 if first is not None and last is not None else None,
        "latest": end >= end_s - _LATEST_S,
        "lost_at": "" if lost_at_s is None else iso(lost_at_s),
    }
    where = f"ledger boot {boot}: {first}–{last}" if known else f"ledger {iso(start)[:16]}Z"
    excerpt = f"{reason} from {iso(start)} to {iso(end)}"
    return _fact(document, "ledger.hole", value, moment(end), where, excerpt, document.tracker)


_LATEST_S = 120
"""A hole that ends this near the end of the ledger reaches to it: the minute under way is never missed."""


def _watermarks(document: ServerDocument, watermarks: Mapping[str, object]) -> Iterator[Fact]:
    for hop in ("tracker", "phone", "server"):
        mark = watermarks.get(hop)
        if not isinstance(mark, Mapping):
            continue
        boot, sequence, at_s = (_whole(mark.get(key)) for key in ("boot", "sequence", "time"))
        if boot is None or sequence is None:
            continue
        newest = "" if at_s is None else iso(at_s)
        value: Value = {"hop": hop, "newest": newest, "boot": boot, "sequence": sequence}
        where = f"watermark of the {hop}"
        excerpt = f"{boot}/{sequence} {newest}".strip()
        yield _fact(document, "ledger.watermark", value, moment(document.asked_s), where, excerpt, document.tracker)


def _whole(given: object) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else None


def _text(given: object) -> str:
    return given[:_EXCERPT_MOST] if isinstance(given, str) else ""
