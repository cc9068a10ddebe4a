"""Accounts, recovery codes and tokens, in SQL. Every function works inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from unstuck.chain.server.domain.tokens import Fresh, Revoked, Stored, TokenKind
from unstuck.chain.server.storage.schema import accounts, recovery_codes, tokens, told


@dataclass(frozen=True, slots=True)
class Account:
    """One account. ``credentials`` counts changes of its password and second factor."""

    id: int
    public_id: str
    name: str
    password_hash: str
    credentials: int
    totp_secret: str | None
    totp_pending: str | None
    totp_last_step: int


_ACCOUNT = (
    accounts.c.id,
    accounts.c.public_id,
    accounts.c.name,
    accounts.c.password_hash,
    accounts.c.credentials,
    accounts.c.totp_secret,
    accounts.c.totp_pending,
    accounts.c.totp_last_step,
)


def add(connection: Connection, public_id: str, name: str, password_hash: str, now: float) -> int | None:
    """The id of a new account; None when the name is taken."""
    taken = connection.execute(select(accounts.c.id).where(accounts.c.name == name)).first()
    if taken is not None:
        return None
    row = insert(accounts).values(
        public_id=public_id,
        name=name,
        password_hash=password_hash,
        credentials=0,
        created_at=now,
        totp_last_step=-1,
    )
    return int(connection.execute(row.returning(accounts.c.id)).scalar_one())


def by_name(connection: Connection, name: str) -> Account | None:
    """The account of this name."""
    row = connection.execute(select(*_ACCOUNT).where(accounts.c.name == name)).first()
    return Account(*row) if row else None


def locked(connection: Connection, account: int) -> Account:
    """The account, kept from changing until the transaction ends."""
    return Account(*connection.execute(select(*_ACCOUNT).where(accounts.c.id == account).with_for_update()).one())


def get(connection: Connection, account: int) -> Account:
    """The account of this id."""
    return Account(*connection.execute(select(*_ACCOUNT).where(accounts.c.id == account)).one())


@dataclass(frozen=True, slots=True)
class Secrets:
    """The second factor of one account, by column."""

    id: int
    public_id: str
    fields: dict[str, str]


def secrets(connection: Connection) -> list[Secrets]:
    """Every account that has a second factor or is setting one up."""
    columns = (accounts.c.totp_secret, accounts.c.totp_pending)
    rows = connection.execute(
        select(accounts.c.id, accounts.c.public_id, *columns).where(or_(*(column.is_not(None) for column in columns)))
    )
    names = [column.name for column in columns]
    return [
        Secrets(id_, public_id, {name: secret for name, secret in zip(names, found, strict=True) if secret})
        for id_, public_id, *found in rows
    ]


def change(connection: Connection, account: int, **values: object) -> None:
    """Set columns of one account."""
    connection.execute(update(accounts).where(accounts.c.id == account).values(**values))


def change_credentials(connection: Connection, account: int, **values: object) -> None:
    """Set columns, and make logins begun before this moment fail."""
    change(connection, account, credentials=accounts.c.credentials + 1, **values)


def erase(connection: Connection, account: int) -> None:
    """Delete the account and, by the foreign keys of every table that it leads, all that is kept of it."""
    connection.execute(accounts.delete().where(accounts.c.id == account))


def replace_recovery_codes(connection: Connection, account: int, digests: tuple[bytes, ...]) -> None:
    """These and no others."""
    connection.execute(recovery_codes.delete().where(recovery_codes.c.account_id == account))
    if digests:
        connection.execute(insert(recovery_codes), [{"account_id": account, "digest": digest} for digest in digests])


def spend_recovery_code(connection: Connection, account: int, digest: bytes, now: float) -> bool:
    """Whether the code was good; it is no more."""
    unused = and_(
        recovery_codes.c.account_id == account,
        recovery_codes.c.digest == digest,
        recovery_codes.c.used_at.is_(None),
    )
    return connection.execute(update(recovery_codes).where(unused).values(used_at=now)).rowcount == 1


def recovery_codes_left(connection: Connection, account: int) -> int:
    """How many were not used."""
    unused = and_(recovery_codes.c.account_id == account, recovery_codes.c.used_at.is_(None))
    return int(connection.execute(select(func.count()).select_from(recovery_codes).where(unused)).scalar_one())


def add_token(
    connection: Connection, account: int, kind: TokenKind, fresh: Fresh, name: str, now: float, expires_at: float | None
) -> None:
    """Keep the digest of a new token."""
    connection.execute(
        insert(tokens).values(
            account_id=account,
            id=fresh.id,
            kind=str(kind),
            name=name,
            digest=fresh.digest,
            created_at=now,
            expires_at=expires_at,
        )
    )


def token(connection: Connection, id_: str) -> Stored | None:
    """What is kept of a token."""
    columns = (
        tokens.c.account_id,
        tokens.c.id,
        tokens.c.kind,
        tokens.c.digest,
        tokens.c.expires_at,
        tokens.c.revoked,
        tokens.c.last_used_at,
    )
    row = connection.execute(select(*columns).where(tokens.c.id == id_)).first()
    if row is None:
        return None
    account, id_, kind, digest, expires_at, revoked, last_used_at = row
    reason = Revoked(revoked) if revoked else None
    return Stored(account, id_, TokenKind(kind), bytes(digest), expires_at, reason, last_used_at)


def touch(connection: Connection, account: int, id_: str, now: float) -> None:
    """Remember when a token was used."""
    connection.execute(
        update(tokens).where(tokens.c.account_id == account, tokens.c.id == id_).values(last_used_at=now)
    )


def live_tokens(connection: Connection, account: int, kind: TokenKind, now: float) -> Sequence[str]:
    """Ids of those that are neither revoked nor expired, the oldest first."""
    live = and_(
        tokens.c.account_id == account,
        tokens.c.kind == kind,
        tokens.c.revoked.is_(None),
        or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now),
    )
    return (
        connection.execute(select(tokens.c.id).where(live).order_by(tokens.c.created_at, tokens.c.id)).scalars().all()
    )


def list_tokens(connection: Connection, account: int) -> list[RowMapping]:
    """All of an account, the newest first, without digests."""
    columns = [column for column in tokens.c if column.name not in ("digest", "account_id")]
    rows = connection.execute(
        select(*columns).where(tokens.c.account_id == account).order_by(tokens.c.created_at.desc(), tokens.c.id)
    )
    return list(rows.mappings())


def revoke(connection: Connection, account: int, id_: str, reason: Revoked, now: float) -> bool:
    """Whether the account has such a token; one that was revoked before keeps its reason.

    What a revoked device told of its journal counts no more when a person says the device is gone.
    """
    own = and_(tokens.c.account_id == account, tokens.c.id == id_)
    if connection.execute(select(tokens.c.id).where(own)).first() is None:
        return False
    connection.execute(
        update(tokens).where(own, tokens.c.revoked.is_(None)).values(revoked=str(reason), revoked_at=now)
    )
    if reason is Revoked.BY_PERSON:
        connection.execute(
            told.delete().where(told.c.account_id == account, told.c.token_id == id_, told.c.hop == "phone")
        )
    return True


def revoke_others(connection: Connection, account: int, keep: str, reason: Revoked, now: float) -> None:
    """Every live token but one."""
    others = and_(tokens.c.account_id == account, tokens.c.id != keep, tokens.c.revoked.is_(None))
    connection.execute(update(tokens).where(others).values(revoked=str(reason), revoked_at=now))
