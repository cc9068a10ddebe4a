"""Trackers, their records and what hops told, in SQL. Every function works inside the caller's transaction."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, or_, select, update

from unstuck.chain.records import MAX_BATCH_RECORDS, Batch, Ranges, decode
from unstuck.chain.server.domain.ingest import Chunk
from unstuck.chain.server.domain.ledger import Held, Place
from unstuck.chain.server.storage.schema import chunks, claims, told, trackers


def claim(connection: Connection, account: int, tracker: str, name: str, now: float) -> bool:
    """Whether the tracker is this account's now; False when it is another's. Claiming again changes the name."""
    holder = connection.execute(
        select(claims.c.account_id).where(claims.c.tracker == tracker).with_for_update()
    ).scalar_one_or_none()
    if holder is not None and holder != account:
        return False
    if holder is None:
        connection.execute(insert(claims).values(tracker=tracker, account_id=account))
    own = and_(trackers.c.account_id == account, trackers.c.tracker == tracker)
    if connection.execute(select(trackers.c.tracker).where(own)).first() is None:
        connection.execute(insert(trackers).values(account_id=account, tracker=tracker, name=name, claimed_at=now))
    else:
        connection.execute(update(trackers).where(own).values(name=name, released_at=None))
    return True


def release(connection: Connection, account: int, tracker: str, now: float) -> None:
    """Let others claim it. The records stay with this account."""
    connection.execute(delete(claims).where(claims.c.account_id == account, claims.c.tracker == tracker))
    own = and_(trackers.c.account_id == account, trackers.c.tracker == tracker)
    connection.execute(update(trackers).where(own, trackers.c.released_at.is_(None)).values(released_at=now))


def get(connection: Connection, account: int, tracker: str) -> RowMapping | None:
    """The tracker, if the account has or had it."""
    own = and_(trackers.c.account_id == account, trackers.c.tracker == tracker)
    return connection.execute(select(trackers).where(own)).mappings().first()


def list_all(connection: Connection, account: int) -> list[RowMapping]:
    """All that the account has or had, by id."""
    rows = connection.execute(select(trackers).where(trackers.c.account_id == account).order_by(trackers.c.tracker))
    return list(rows.mappings())


def hold_claim(connection: Connection, account: int, tracker: str) -> bool:
    """Whether the account has the tracker now; keeps it so until the transaction ends.

    On PostgreSQL this is what makes two uploads for one tracker wait for each other; SQLite has one
    writer anyway.
    """
    own = and_(claims.c.account_id == account, claims.c.tracker == tracker)
    return connection.execute(select(claims.c.tracker).where(own).with_for_update()).first() is not None


def touched(connection: Connection, account: int, tracker: str, held: Held) -> Held:
    """Of these runs of numbers those that share a record with something stored."""
    found: dict[int, Ranges] = {}
    for boot, ranges in held.items():
        for first, last in ranges:
            query = select(chunks.c.first).where(_overlaps(account, tracker, boot, first, last)).limit(1)
            if connection.execute(query).first() is not None:
                found[boot] = found.get(boot, Ranges()) | Ranges.span(first, last)
    return found


def overlapping(connection: Connection, account: int, tracker: str, boot: int, first: int, last: int) -> list[Batch]:
    """The stored batches that share a record with first to last."""
    rows = connection.execute(select(chunks.c.data).where(_overlaps(account, tracker, boot, first, last)))
    return [decode(bytes(data)) for (data,) in rows]


def _overlaps(account: int, tracker: str, boot: int, first: int, last: int) -> ColumnElement[bool]:
    return and_(
        chunks.c.account_id == account,
        chunks.c.tracker == tracker,
        chunks.c.boot == boot,
        # A chunk is never longer than a batch: without this bound every chunk before would be looked at.
        chunks.c.first > first - MAX_BATCH_RECORDS,
        chunks.c.first <= last,
        chunks.c.last >= first,
    )


def add_chunks(connection: Connection, account: int, tracker: str, fresh: Iterable[Chunk], now: float) -> None:
    """Store chunks that overlap nothing stored."""
    rows = [
        {
            "account_id": account,
            "tracker": tracker,
            "boot": chunk.boot,
            "first": chunk.first,
            "last": chunk.last,
            "starts": chunk.starts,
            "ends": chunk.ends,
            "received_at": now,
            "data": chunk.data,
        }
        for chunk in fresh
    ]
    if rows:
        connection.execute(insert(chunks), rows)


def places(connection: Connection, account: int, tracker: str) -> list[Place]:
    """Where every chunk lies, ordered by boot and first."""
    rows = connection.execute(
        select(chunks.c.boot, chunks.c.first, chunks.c.last, chunks.c.starts, chunks.c.ends)
        .where(chunks.c.account_id == account, chunks.c.tracker == tracker)
        .order_by(chunks.c.boot, chunks.c.first)
    )
    return [Place(*row) for row in rows]


def newest(connection: Connection, account: int, tracker: str) -> Place | None:
    """Where the newest chunk lies: of the last boot, the last."""
    row = connection.execute(
        select(chunks.c.boot, chunks.c.first, chunks.c.last, chunks.c.starts, chunks.c.ends)
        .where(chunks.c.account_id == account, chunks.c.tracker == tracker)
        .order_by(chunks.c.boot.desc(), chunks.c.first.desc())
        .limit(1)
    ).first()
    return Place(*row) if row else None


def received_at(connection: Connection, account: int, tracker: str) -> float | None:
    """When the newest upload with records came, in Unix seconds; None: none ever did."""
    own = and_(chunks.c.account_id == account, chunks.c.tracker == tracker)
    found: float | None = connection.execute(select(func.max(chunks.c.received_at)).where(own)).scalar_one()
    return found


def count_between(connection: Connection, account: int, tracker: str, start: int, end: int) -> int:
    """How many records the chunks hold that reach into [start, end)."""
    held = func.coalesce(func.sum(chunks.c.last - chunks.c.first + 1), 0)
    return int(connection.execute(select(held).where(_between(account, tracker, start, end))).scalar_one())


def batches_between(connection: Connection, account: int, tracker: str, start: int, end: int) -> Iterable[Batch]:
    """The stored batches that reach into [start, end), ordered by boot and first."""
    rows = connection.execute(
        select(chunks.c.data).where(_between(account, tracker, start, end)).order_by(chunks.c.boot, chunks.c.first)
    )
    for (data,) in rows:
        yield decode(bytes(data))


def batches_after(connection: Connection, account: int, tracker: str, after: tuple[int, int], most: int) -> list[Batch]:
    """The next stored batches behind (boot, first), ordered by both; (-1, -1) begins with the first."""
    boot, first = after
    behind = or_(chunks.c.boot > boot, and_(chunks.c.boot == boot, chunks.c.first > first))
    rows = connection.execute(
        select(chunks.c.data)
        .where(chunks.c.account_id == account, chunks.c.tracker == tracker, behind)
        .order_by(chunks.c.boot, chunks.c.first)
        .limit(most)
    )
    return [decode(bytes(data)) for (data,) in rows]


def _between(account: int, tracker: str, start: int, end: int) -> ColumnElement[bool]:
    return and_(
        chunks.c.account_id == account,
        chunks.c.tracker == tracker,
        chunks.c.starts < end,
        chunks.c.ends > start,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent last told of one hop, and when, in Unix seconds."""

    hop: str
    token: str
    told_at: float
    state: Mapping[str, object]


def tell(connection: Connection, account: int, tracker: str, hop: str, token: str, state: object, now: float) -> None:
    """Replace what this token told of this hop."""
    own = and_(told.c.account_id == account, told.c.tracker == tracker, told.c.hop == hop, told.c.token_id == token)
    connection.execute(delete(told).where(own))
    connection.execute(
        insert(told).values(
            account_id=account, tracker=tracker, hop=hop, token_id=token, told_at=now, state=json.dumps(state)
        )
    )


def told_of(connection: Connection, account: int, tracker: str) -> list[Told]:
    """All that was told of a tracker, the newest last."""
    rows = connection.execute(
        select(told.c.hop, told.c.token_id, told.c.told_at, told.c.state)
        .where(told.c.account_id == account, told.c.tracker == tracker)
        .order_by(told.c.told_at, told.c.token_id)
    )
    return [Told(hop, token, told_at, json.loads(state)) for hop, token, told_at, state in rows]
