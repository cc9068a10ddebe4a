"""How a person wants pages to be, in SQL. Every function works inside the caller's transaction."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from unstuck.chain.server.storage.schema import preferences


@dataclass(frozen=True, slots=True)
class Preferences:
    """Empty: as the browser says. ``language``: a tag such as ``de``; ``zone``: a name of the IANA time zone database;
    ``clock``: ``24`` or ``12``; ``theme``: ``light`` or ``dark``.
    """

    language: str = ""
    zone: str = ""
    clock: str = ""
    theme: str = ""


def get(connection: Connection, account: int) -> Preferences:
    """What the account has chosen."""
    columns = (preferences.c.language, preferences.c.zone, preferences.c.clock, preferences.c.theme)
    row = connection.execute(select(*columns).where(preferences.c.account_id == account)).first()
    return Preferences(*row) if row else Preferences()


def put(connection: Connection, account: int, chosen: Preferences) -> None:
    """Keep what the account has chosen."""
    connection.execute(delete(preferences).where(preferences.c.account_id == account))
    connection.execute(insert(preferences).values(account_id=account, **asdict(chosen)))
