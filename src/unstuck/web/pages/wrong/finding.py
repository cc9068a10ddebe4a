"""What is known of one account's trouble: its session, all evidence as it is now, and what the doctor says of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from anyio import to_thread

from unstuck.chain.server import views
from unstuck.chain.server.routes.series import ledger_shape, watermarks_shape
from unstuck.chain.server.storage import guides, trackers
from unstuck.doctor.diagnose import Examination, answer_facts, examine
from unstuck.doctor.guide.document import read_session, session_json
from unstuck.doctor.guide.machine import View, look, options_of, said
from unstuck.doctor.guide.state import Session, begin
from unstuck.doctor.remedies.target import Connection
from unstuck.evidence.chain.server import ServerDocument, read_server
from unstuck.evidence.clocks import join
from unstuck.model.errors import EvidenceError
from unstuck.model.evidence import Reading
from unstuck.model.history import Tried
from unstuck.web.pages.base.visit import Visit
from unstuck.web.pages.bench import Bench
from unstuck.web.pages.hands import CHAIN, SERVER_NAME, Hands, Way
from unstuck.web.pages.wrong.packing import PackingError, unpack

LIVE, READ = "live:", "read:"
"""How evidence of a session begins: something that is connected, something that was read of an upload."""

_FRESH_S = 3.0
"""Real seconds for which a look at what is connected is good enough for the next page."""

_LEDGER_DAYS_S = 30 * 86_400
_SERVER = "chain server"
"""Kind of a source that is a server's ledger (evidence/chain/server.py)."""


@dataclass(frozen=True)
class Found:
    """``hands``: those of this account's tracker, None: there are none here. ``at_home``: its tracker, empty: none."""

    session: Session
    readings: tuple[Reading, ...]
    examination: Examination
    now: datetime
    hands: Hands | None
    at_home: str

    @property
    def live(self) -> bool:
        """Whether looking again takes new evidence."""
        return any(given.path.startswith(LIVE) for given in self.session.evidence)

    def view(self) -> View:
        """The guided session's screen."""
        return look(self.session, self.readings, self.now)


def load(visit: Visit) -> Session | None:
    """The session of this account; None: there is none, or it cannot be read any more."""
    with visit.services.database.read() as connection:
        text = guides.session(connection, visit.account)
    if text is None:
        return None
    try:
        return read_session(text)
    except EvidenceError:
        return None


def save(visit: Visit, session: Session) -> None:
    """Keep it."""
    with visit.services.database.write() as connection:
        guides.put_session(connection, visit.account, session_json(session), visit.services.ambient.now())


async def current(visit: Visit) -> Session:
    """The session of this account, a fresh one where there is none; for the event loop."""
    return await to_thread.run_sync(load, visit) or begin(now_of(visit))


async def put(visit: Visit, session: Session) -> None:
    """Keep it; for the event loop."""
    await to_thread.run_sync(save, visit, session)


def without(session: Session, path: str) -> Session:
    """The session without a piece of its evidence."""
    return replace(session, evidence=tuple(one for one in session.evidence if one.path != path), shown=None)


def now_of(visit: Visit) -> datetime:
    """The server's clock."""
    return datetime.fromtimestamp(visit.services.ambient.now(), UTC)


def hands_of(visit: Visit, bench: Bench) -> Hands | None:
    """Those of this process, where this account has the tracker now."""
    hands = bench.hands
    if hands is None or not hands.tracker:
        return None
    return hands if hands.tracker in _claimed(visit) else None


def ways(visit: Visit, bench: Bench) -> tuple[Way, ...]:
    """What this person can connect."""
    hands = hands_of(visit, bench)
    if hands is not None:
        return hands.ways
    if not _claimed(visit):
        return ()
    return (Way(CHAIN, "This server", "What has arrived here, what is missing and why."),)


async def find(visit: Visit, bench: Bench, session: Session | None = None, *, fresh: bool = False) -> Found:
    """Read everything again and let the doctor think. ``fresh``: a look of a moment ago is not good enough."""
    session = session or await current(visit)
    hands = await to_thread.run_sync(hands_of, visit, bench)
    readings: list[Reading] = []
    for given in session.evidence:
        if given.path.startswith(LIVE):
            readings += await _looked(visit, bench, hands, given.path.removeprefix(LIVE), fresh=fresh)
        elif given.path.startswith(READ):
            readings += await to_thread.run_sync(_read, visit, bench, given.path.removeprefix(READ))
    joined = tuple(join(readings))
    at_home = hands.tracker if hands is not None else next(iter(await to_thread.run_sync(_claimed, visit)), "")
    now = now_of(visit)
    connections = connections_of(session, hands)
    examination = await to_thread.run_sync(think, session, joined, now, connections, visit.when.zone.key)
    return Found(session, joined, examination, now, hands, at_home)


def think(
    session: Session,
    readings: Sequence[Reading],
    now: datetime,
    connections: tuple[Connection, ...],
    zone: str,
    tried: tuple[Tried, ...] = (),
) -> Examination:
    """The doctor's word on all of it. ``zone``: the person's, for all times in it."""
    options = options_of(session)
    if not session.evidence and session.symptom is None:
        options = replace(options, symptom="")
    options = replace(options, connections=connections, tried=(*options.tried, *tried), zone=zone)
    return examine([*readings, *answer_facts(said(session))], options, now)


def connections_of(session: Session, hands: Hands | None) -> tuple[Connection, ...]:
    """Where something could be done."""
    if hands is None:
        return ()
    wanted = [given.path.removeprefix(LIVE) for given in session.evidence if given.path.startswith(LIVE)]
    found = [hands.connection(way) for way in wanted]
    return tuple(one for one in found if one is not None)


async def _looked(visit: Visit, bench: Bench, hands: Hands | None, way: str, *, fresh: bool) -> list[Reading]:
    key = (visit.account, way)
    kept = bench.looks.get(key)
    if kept is not None and not fresh and time.monotonic() - kept[0] < _FRESH_S:
        return list(kept[1])
    found = await hands.look(way) if hands is not None else []
    if way == CHAIN and not any(reading.source.kind == _SERVER for reading in found):
        found = [*found, *await to_thread.run_sync(_ledgers, visit, hands)]
    bench.looks[key] = (time.monotonic(), tuple(found))
    return found


def _ledgers(visit: Visit, hands: Hands | None) -> list[Reading]:
    """What this server itself knows of the account's trackers: of the one with hands, else of all."""
    trackers_here = [hands.tracker] if hands is not None else list(_claimed(visit))
    return [_ledger(visit, tracker) for tracker in trackers_here]


def _ledger(visit: Visit, tracker: str) -> Reading:
    now_s = visit.services.ambient.now()
    with visit.services.database.read() as connection:
        found = views.ledger_of(connection, visit.account, tracker, max(0, int(now_s) - _LEDGER_DAYS_S), None)
        marks = views.watermarks(connection, visit.account, tracker)
    keeps_s = found.hops.tracker.keeps_s if found.hops.tracker else None
    reading = read_server(
        ServerDocument(
            SERVER_NAME,
            tracker,
            now_s,
            None,
            ledger_shape(tracker, found).model_dump(mode="json"),
            watermarks_shape(marks).model_dump(mode="json"),
            keeps_s=keeps_s,
        )
    )
    # That this server answers itself says nothing of a phone's way to it.
    facts = tuple(fact for fact in reading.facts if fact.name != "server.asked")
    return Reading(replace(reading.source, records=len(facts)), facts)


def _read(visit: Visit, bench: Bench, id_: str) -> list[Reading]:
    held = bench.memory.get(visit.account, id_)
    data = held.data if held is not None else None
    if data is None:
        with visit.services.database.read() as connection:
            data = guides.kept_data(connection, visit.account, id_, visit.services.ambient.now())
    if data is None:
        return []
    try:
        return unpack(data, bench.limits.read_bytes)
    except PackingError:
        return []


def _claimed(visit: Visit) -> list[str]:
    with visit.services.database.read() as connection:
        rows = trackers.list_all(connection, visit.account)
    return [str(row["tracker"]) for row in rows if row["released_at"] is None]
