"""What ``unstuck ledger`` does, apart from its options so that help stays quick."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from unstuck.chain.phone import engine, held
from unstuck.chain.phone.agent import says
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.entries import Rejection
from unstuck.chain.phone.faults import JournalError, JournalFault
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import MEANINGS, Side, sentence
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import TrackerError, read_status
from unstuck.cli import ledger_map
from unstuck.cli.output import write_report
from unstuck.cli.state import JOURNAL_FILE, Login, login_for, usual_folder
from unstuck.cli.status import ExitStatus
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.web.ledger.grid import WORDS, grid
from unstuck.web.ledger.page import page

ATTEMPTS_SHOWN = 10
"""Newest attempts of both sides: two hours of the usual rhythm and what went wrong last."""

HOLES_SHOWN = 40
"""Holes in the table; ``--json`` has them all."""

RANGES_SHOWN = 4
"""Ranges of one boot in a cell; the rest is counted."""


@dataclass(frozen=True, slots=True)
class LedgerRequest:
    """The command line as given."""

    tracker: str
    server: str = ""
    token_file: Path | None = None
    folder: Path | None = None
    as_json: bool = False
    html_file: str = ""
    plain: bool = False


def run(request: LedgerRequest) -> ExitStatus:
    """Show it. Status 1 when something is late or lost. UsageError when nothing can be known."""
    folder = request.folder or usual_folder()
    login = login_for(folder, request.server, request.token_file)
    local = _local(folder, request.tracker)
    tracker = request.tracker or (local["tracker"] if local else "")
    if not tracker:
        raise UsageError(ErrorCode.AGENT_USAGE, given="ledger", reason="name the tracker, or run 'unstuck up' first")
    server, why_not = asyncio.run(_ask(login, tracker))
    if server is None and local is None:
        raise UsageError(ErrorCode.AGENT_USAGE, given=tracker, reason=f"no journal in {folder}; {why_not}")
    document = {"schema": "unstuck.ledger/1", "tracker": tracker, "server": server, "phone": local, "note": why_not}
    if request.html_file:
        _write_page(request.html_file, document, why_not)
    if request.as_json:
        typer.echo(json.dumps(document, indent=2))
    else:
        _show(document, Console(no_color=request.plain or None, highlight=False), plain=request.plain)
    return _status(server, local)


def _write_page(target: str, document: Mapping[str, Any], why_not: str) -> None:
    """The picture needs times, which only the server knows."""
    server, local = document["server"], document["phone"]
    if server is None:
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=target, reason=f"only the server knows the times; {why_not}")
    write_report(target, page(server, local["name"] if local else "", document["tracker"]))


async def _ask(login: Login | None, tracker: str) -> tuple[dict[str, Any] | None, str]:
    if login is None:
        return None, "no server is set"
    async with Server(login.server, login.token) as server:
        try:
            return await server.ledger(tracker), ""
        except ServerError as fault:
            return None, sentence(fault.outcome, fault.detail)


def _local(folder: Path, wanted: str) -> dict[str, Any] | None:
    """What the journal says; None where there is none, or it knows no such tracker."""
    if not (folder / JOURNAL_FILE).exists():
        return None
    journal = Journal(folder / JOURNAL_FILE, read_only=True)
    try:
        known = journal.trackers()
        tracker = wanted or (next(iter(known)) if len(known) == 1 else "")
        if tracker not in known:
            return None
        return _document(journal, tracker, known[tracker])
    finally:
        journal.close()


def _document(journal: Journal, tracker: str, name: str) -> dict[str, Any]:
    ledger = journal.ledger(tracker)
    kept = journal.status(tracker)
    on_tracker: Held = {}
    told_at = None
    if kept is not None:
        try:
            on_tracker, told_at = held.without(read_status(kept[0]).held, ledger.trimmed), kept[1]
        except TrackerError as fault:
            raise JournalError(JournalFault.DAMAGED, fault.detail) from fault
    return {
        "tracker": tracker,
        "name": name,
        "sound": journal.sound,
        "tracker_told_at": told_at,
        "tracker_held": held.to_plain(on_tracker),
        "overwritten": held.to_plain(ledger.overwritten),
        "committed": held.to_plain(ledger.committed),
        "trimmed": held.to_plain(ledger.trimmed),
        "waiting": held.to_plain(engine.unconfirmed(ledger)),
        "confirmed": held.to_plain(ledger.confirmed),
        "pruned": held.to_plain(ledger.pruned),
        "rejected": [_rejection(one) for one in journal.rejections(tracker)],
        "attempts": [
            {
                "side": one.side,
                "began": one.began_s,
                "ended": one.ended_s,
                "outcome": one.outcome,
                "causes": one.causes,
                "records": one.records,
                "text": says(one),
            }
            for one in journal.attempts(tracker, ATTEMPTS_SHOWN)
        ],
    }


def _rejection(one: Rejection) -> dict[str, Any]:
    return {"boot": one.boot, "first": one.first, "last": one.last, "code": one.code, "at": one.rejected_s}


def _status(server: Mapping[str, Any] | None, local: Mapping[str, Any] | None) -> ExitStatus:
    """Stuck when records were lost or rejected, or the last attempt of a side failed."""
    if server is not None and any(hole["reason"] == "lost" for hole in server["holes"]):
        return ExitStatus.STUCK
    if local is not None:
        last = {one["side"]: one["outcome"] for one in local["attempts"]}
        if local["rejected"] or not all(outcome.good for outcome in last.values()):
            return ExitStatus.STUCK
    return ExitStatus.HEALTHY


def _show(document: Mapping[str, Any], console: Console, *, plain: bool) -> None:
    server, local = document["server"], document["phone"]
    name = f"{local['name']} · " if local else ""
    console.print(f"{name}{document['tracker']}\n", markup=False)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in ("hop", "holds", "boot: first to last", "as of"):
        table.add_column(column, justify="right" if column == "holds" else "left")
    for hop, ranges, told in _hops(server, local):
        table.add_row(hop, f"{_count(ranges):,}", _ranges(ranges), _time(told))
    console.print(table)
    if server is not None:
        _days(server, console, plain)
        _holes(server, console)
    if document["note"]:
        console.print(f"\nThe server was not asked, the journal speaks: {document['note']}", markup=False)
    if local is not None:
        _phone(local, console)


def _hops(server: Mapping[str, Any] | None, local: Mapping[str, Any] | None) -> list[tuple[str, Any, int | None]]:
    if server is not None:
        hops = server["hops"]
        return [
            ("tracker", hops["tracker"]["held"], hops["tracker"]["told_at"]),
            ("tracker, overwritten", hops["tracker"]["overwritten"], hops["tracker"]["told_at"]),
            ("phone, not uploaded", hops["phone"]["held"], hops["phone"]["told_at"]),
            ("server", hops["server"]["held"], server["as_of"]),
        ]
    assert local is not None
    return [
        ("tracker", local["tracker_held"], local["tracker_told_at"]),
        ("tracker, overwritten", local["overwritten"], local["tracker_told_at"]),
        ("phone, not uploaded", local["waiting"], None),
        ("server, as it confirmed", local["confirmed"], None),
    ]


def _days(server: Mapping[str, Any], console: Console, plain: bool) -> None:
    shown = grid(server)
    if shown.rows:
        console.print("\nThe last days", style="bold")
        ledger_map.show(shown, console, plain=plain)


def _holes(server: Mapping[str, Any], console: Console) -> None:
    holes = server["holes"]
    if holes:
        console.print("\nMissing at the server", style="bold")
    for hole in holes[-HOLES_SHOWN:]:
        console.print(
            f"  {_time(hole['start'])} to {_time(hole['end'])}  {WORDS[hole['reason']]}",
            markup=False,
        )
    if len(holes) > HOLES_SHOWN:
        console.print(f"  and {len(holes) - HOLES_SHOWN:,} older ones; --json has them all", markup=False)
    risk = server["at_risk"]
    said = f"recorded since {_time(risk['since'])}; overwriting begins {_time(risk['lost_at'])}" if risk else "nothing"
    console.print(f"\nAt risk: {said}", markup=False)


def _phone(local: Mapping[str, Any], console: Console) -> None:
    for one in local["rejected"]:
        numbers = f"{one['boot']}: {one['first']} to {one['last']}"
        console.print(f"Rejected by the server: {numbers} ({one['code']})", markup=False)
    if local["attempts"]:
        console.print("\nLast attempts (records moved)", style="bold")
    for one in local["attempts"]:
        side = "tracker" if one["side"] == Side.DRAIN else "server"
        words = MEANINGS[one["outcome"]].state if one["outcome"].good else one["text"]
        console.print(f"  {_time(one['ended'])}  {side:8}{one['records']:6,}  {words}", markup=False)


def _count(plain: Mapping[str, list[list[int]]]) -> int:
    return sum(last - first + 1 for ranges in plain.values() for first, last in ranges)


def _ranges(plain: Mapping[str, list[list[int]]]) -> str:
    parts = []
    for boot, ranges in plain.items():
        shown = ", ".join(f"{first} to {last}" for first, last in ranges[-RANGES_SHOWN:])
        more = f" and {len(ranges) - RANGES_SHOWN} more" if len(ranges) > RANGES_SHOWN else ""
        parts.append(f"{boot}: {shown}{more}")
    return "; ".join(parts) or "none"


def _time(unix_s: int | None) -> str:
    return "" if unix_s is None else f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M}Z"
