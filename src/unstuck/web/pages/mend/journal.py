"""The journal of fixes of one account, in the server's database: entries enter and leave as values."""

import json

from unstuck.chain.server.services import Services
from unstuck.chain.server.storage import guides
from unstuck.doctor.remedies.journal import Entry, journal_document, journal_of
from unstuck.doctor.telling.history import SCHEMA_ID
from unstuck.model.errors import EvidenceError


def entries(services: Services, account: int) -> tuple[Entry, ...]:
    """All of them in order; one that cannot be read any more is left out."""
    with services.database.read() as connection:
        rows = guides.tried(connection, account)
    found = []
    for number, text in rows:
        try:
            (entry,) = journal_of({"schema": SCHEMA_ID, "tried": [json.loads(text)]})
        except (EvidenceError, ValueError):
            continue
        found.append(Entry(number, entry.tried, entry.remedy, entry.target))
    return tuple(found)


def next_number(services: Services, account: int) -> int:
    """Of an entry to come."""
    with services.database.read() as connection:
        return max((number for number, _ in guides.tried(connection, account)), default=-1) + 1


def keep(services: Services, account: int, entry: Entry) -> None:
    """It is on the disk when this returns."""
    (row,) = journal_document([entry])["tried"]
    with services.database.write() as connection:
        guides.put_tried(connection, account, entry.number, json.dumps(row, ensure_ascii=False))
