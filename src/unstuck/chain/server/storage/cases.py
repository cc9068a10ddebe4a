"""Case files for a support desk, in SQL. Every function works inside the caller's transaction."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from unstuck.chain.server.storage.schema import case_notes, cases

MOST_NOTES = 200
"""Notes of one case; more would be a chat, and fill the disk."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One case. Times in Unix seconds. ``linked``: whether somebody may have a link to it."""

    account: int
    id: str
    made_at: float
    expires_at: float
    linked: bool
    withdrawn_at: float | None
    checks: tuple[str, ...]
    opened: int
    opened_at: float | None


@dataclass(frozen=True, slots=True)
class Note:
    """``by``: ``desk`` or ``owner``, or ``check`` where the desk looked at something."""

    at: float
    by: str
    text: str


def digest(token: str) -> bytes:
    """As which the secret of a link is kept."""
    return hashlib.sha256(token.encode()).digest()


def make(connection: Connection, account: int, id_: str, bundle: bytes, now: float, expires_at: float) -> None:
    """A case without a link: its maker's alone."""
    connection.execute(
        insert(cases).values(
            account_id=account, id=id_, made_at=now, expires_at=expires_at, checks="", opened=0, bundle=bundle
        )
    )


def list_all(connection: Connection, account: int, now: float) -> list[Kept]:
    """Those of an account that have not expired, the newest first."""
    wanted = _select().where(cases.c.account_id == account, cases.c.expires_at > now)
    return [_kept(row) for row in connection.execute(wanted.order_by(cases.c.made_at.desc()))]


def get(connection: Connection, account: int, id_: str, now: float) -> Kept | None:
    """One of them."""
    wanted = _select().where(cases.c.account_id == account, cases.c.id == id_, cases.c.expires_at > now)
    row = connection.execute(wanted).first()
    return None if row is None else _kept(row)


def by_token(connection: Connection, token: str, now: float) -> Kept | None:
    """That of a link. None alike for a wrong, an expired and a withdrawn one."""
    good = cases.c.digest == digest(token), cases.c.expires_at > now, cases.c.withdrawn_at.is_(None)
    row = connection.execute(_select().where(*good)).first()
    return None if row is None else _kept(row)


def bundle(connection: Connection, one: Kept) -> bytes:
    """Its file. LookupError: it is gone."""
    found: bytes | None = connection.execute(
        select(cases.c.bundle).where(cases.c.account_id == one.account, cases.c.id == one.id)
    ).scalar()
    if found is None:
        raise LookupError(one.id)
    return found


def link(connection: Connection, one: Kept, token: str, expires_at: float, checks: tuple[str, ...]) -> None:
    """Give it a link; an earlier one is good no more."""
    _update(
        connection,
        one,
        digest=digest(token),
        expires_at=expires_at,
        checks=" ".join(checks),
        withdrawn_at=None,
        opened=0,
        opened_at=None,
    )


def withdraw(connection: Connection, one: Kept, now: float) -> None:
    """The link is good no more; the case stays its maker's."""
    _update(connection, one, withdrawn_at=now, digest=None)


def note_opened(connection: Connection, one: Kept, now: float) -> None:
    """Somebody opened the link."""
    _update(connection, one, opened=cases.c.opened + 1, opened_at=now)


def drop(connection: Connection, account: int, id_: str) -> None:
    """Delete it with its notes."""
    connection.execute(delete(cases).where(cases.c.account_id == account, cases.c.id == id_))


def drop_expired(connection: Connection, now: float) -> None:
    """Delete everybody's that have expired."""
    connection.execute(delete(cases).where(cases.c.expires_at <= now))


def notes(connection: Connection, one: Kept) -> list[Note]:
    """In order."""
    rows = connection.execute(
        select(case_notes.c.at, case_notes.c.by, case_notes.c.text)
        .where(case_notes.c.account_id == one.account, case_notes.c.case_id == one.id)
        .order_by(case_notes.c.number)
    )
    return [Note(*row) for row in rows]


def add_note(connection: Connection, one: Kept, note: Note) -> bool:
    """Add it; False: there are too many."""
    mine = case_notes.c.account_id == one.account, case_notes.c.case_id == one.id
    count = connection.execute(select(func.count()).where(*mine)).scalar() or 0
    if count >= MOST_NOTES:
        return False
    connection.execute(
        insert(case_notes).values(
            account_id=one.account, case_id=one.id, number=count, at=note.at, by=note.by, text=note.text
        )
    )
    return True


def _select() -> Select[Any]:
    return select(
        cases.c.account_id,
        cases.c.id,
        cases.c.made_at,
        cases.c.expires_at,
        cases.c.digest,
        cases.c.withdrawn_at,
        cases.c.checks,
        cases.c.opened,
        cases.c.opened_at,
    )


def _kept(row: Row[Any]) -> Kept:
    account, id_, made_at, expires_at, secret, withdrawn_at, checks, opened, opened_at = tuple(row)
    given = tuple(checks.split())
    return Kept(account, id_, made_at, expires_at, secret is not None, withdrawn_at, given, opened, opened_at)


def _update(connection: Connection, one: Kept, **values: object) -> None:
    wanted = update(cases).where(cases.c.account_id == one.account, cases.c.id == one.id)
    connection.execute(wanted.values(**values))
