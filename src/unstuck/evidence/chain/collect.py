"""The thin part: opens a journal to read it, asks the server, and hands on what they say."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.faults import JournalError
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.server import Server
from unstuck.evidence.chain.journal import JournalDocument, keeps_s, read_journal
from unstuck.evidence.chain.server import ServerDocument, read_server
from unstuck.model.errors import ErrorCode, render
from unstuck.model.evidence import Reading, SourceInfo

_ATTEMPTS_MOST = 20_000
"""Newest attempts read: twice what both sides make in the eight weeks for which they are kept."""


@dataclass(frozen=True, slots=True)
class Account:
    """The agent's login. ``transport`` replaces the network, for a server in the same process."""

    server: str
    token: str
    transport: httpx.AsyncBaseTransport | None = None


async def collect(journal: Path, account: Account | None, now_s: float, until_s: float | None = None) -> list[Reading]:
    """A reading of the journal for each tracker in it, and one of the server for each where there is a login.

    Never raises for what it finds: a journal that cannot be read is a source with a problem. The journal is opened
    read-only, also while an agent writes it. ``until_s``: attempts that ended later are left out.
    """
    try:
        documents = _documents(journal, now_s, until_s)
    except JournalError as fault:
        return [_unreadable(journal, str(fault))]
    if not documents:
        return [_unreadable(journal, "The agent's journal knows no tracker yet; let the agent run once.")]
    readings = [read_journal(document) for document in documents]
    if account is not None:
        readings += [read_server(await _ask(account, document, now_s)) for document in documents]
    return readings


def _documents(path: Path, now_s: float, until_s: float | None) -> Sequence[JournalDocument]:
    if not path.exists():
        return ()
    with closing(Journal(path, read_only=True)) as journal:
        return [_document(journal, path, tracker, name, now_s, until_s) for tracker, name in journal.trackers().items()]


def _document(
    journal: Journal, path: Path, tracker: str, name: str, now_s: float, until_s: float | None
) -> JournalDocument:
    raw = [journal.raw(batch.id) for batch in journal.stored(tracker)]
    return JournalDocument(
        path=str(path),
        looked_s=now_s,
        tracker=tracker,
        name=name,
        status=journal.status(tracker),
        ledger=journal.ledger(tracker),
        sound=journal.sound,
        rejected=len(journal.rejections(tracker)),
        attempts=[
            pair
            for pair in journal.numbered_attempts(tracker, _ATTEMPTS_MOST)
            if until_s is None or pair[1].ended_s <= until_s
        ],
        batches=[data for data in raw if data is not None],
        disk_bytes=_disk(path),
    )


def _disk(path: Path) -> tuple[int, int] | None:
    try:
        usage = shutil.disk_usage(path.parent)
    except OSError:
        return None
    return usage.free, usage.total


async def _ask(account: Account, document: JournalDocument, now_s: float) -> ServerDocument:
    tracker = document.tracker
    kept = keeps_s(document)
    async with Server(account.server, account.token, account.transport) as server:
        try:
            status = await server.status()
        except ServerError:
            status = None  # that the server is silent is said by the question for the ledger
        try:
            ledger, watermarks = await server.ledger(tracker), await server.watermarks(tracker)
        except ServerError as fault:
            reason = fault.outcome, fault.detail
            return ServerDocument(account.server, tracker, now_s, status, fault=reason, keeps_s=kept)
    return ServerDocument(account.server, tracker, now_s, status, ledger, watermarks, keeps_s=kept)


def _unreadable(path: Path, problem: str) -> Reading:
    if not path.exists():
        problem = render(ErrorCode.SOURCE_NO_JOURNAL, {"path": str(path)})
    return Reading(SourceInfo(str(path), "chain", problems=(problem,), readable=False))
