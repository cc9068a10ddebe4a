"""What a person said, tried and keeps of evidence, in SQL. Every function works inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from unstuck.chain.server.storage.schema import fixes, guides, kept_evidence


def session(connection: Connection, account: int) -> str | None:
    """The guided session as it was put; None: there is none."""
    return connection.execute(select(guides.c.document).where(guides.c.account_id == account)).scalar()


def put_session(connection: Connection, account: int, document: str, now: float) -> None:
    """Keep it in the place of the last."""
    drop_session(connection, account)
    connection.execute(insert(guides).values(account_id=account, updated_at=now, document=document))


def drop_session(connection: Connection, account: int) -> None:
    """Forget it."""
    connection.execute(delete(guides).where(guides.c.account_id == account))


def tried(connection: Connection, account: int) -> list[tuple[int, str]]:
    """Every entry of the journal of fixes with its number, in order."""
    rows = connection.execute(
        select(fixes.c.number, fixes.c.document).where(fixes.c.account_id == account).order_by(fixes.c.number)
    )
    return [(number, document) for number, document in rows]


def put_tried(connection: Connection, account: int, number: int, document: str) -> None:
    """Keep an entry, in the place of its earlier state if there is one."""
    connection.execute(delete(fixes).where(fixes.c.account_id == account, fixes.c.number == number))
    connection.execute(insert(fixes).values(account_id=account, number=number, document=document))


@dataclass(frozen=True, slots=True)
class Kept:
    """What was read of one upload. ``size``: bytes of the files; times in Unix seconds."""

    id: str
    name: str
    size: int
    given_at: float
    expires_at: float


def kept(connection: Connection, account: int, now: float) -> list[Kept]:
    """What is kept and has not expired, the oldest first; what has is gone for good."""
    rows = connection.execute(
        select(
            kept_evidence.c.id,
            kept_evidence.c.name,
            kept_evidence.c.size,
            kept_evidence.c.given_at,
            kept_evidence.c.expires_at,
        )
        .where(kept_evidence.c.account_id == account, kept_evidence.c.expires_at > now)
        .order_by(kept_evidence.c.given_at)
    )
    return [Kept(*row) for row in rows]


def kept_data(connection: Connection, account: int, id_: str, now: float) -> bytes | None:
    """What was read; None: this account has no such, or it has expired."""
    return connection.execute(
        select(kept_evidence.c.data).where(
            kept_evidence.c.account_id == account, kept_evidence.c.id == id_, kept_evidence.c.expires_at > now
        )
    ).scalar()


def kept_bytes(connection: Connection, account: int) -> int:
    """What all of it takes here."""
    size = func.coalesce(func.sum(func.length(kept_evidence.c.data)), 0)
    found = connection.execute(select(size).where(kept_evidence.c.account_id == account)).scalar()
    return int(found or 0)


def keep(connection: Connection, account: int, one: Kept, data: bytes) -> None:
    """Keep it until it expires."""
    drop_kept(connection, account, [one.id])
    connection.execute(
        insert(kept_evidence).values(
            account_id=account,
            id=one.id,
            name=one.name,
            size=one.size,
            given_at=one.given_at,
            expires_at=one.expires_at,
            data=data,
        )
    )


def drop_kept(connection: Connection, account: int, ids: Sequence[str]) -> None:
    """Forget these."""
    connection.execute(delete(kept_evidence).where(kept_evidence.c.account_id == account, kept_evidence.c.id.in_(ids)))


def drop_expired(connection: Connection, now: float) -> None:
    """Forget everybody's that has expired."""
    connection.execute(delete(kept_evidence).where(kept_evidence.c.expires_at <= now))
