"""What finding and mending keep of an account, for its export: rows enter, names and contents of files leave."""

import json
import zlib
from collections.abc import Iterator

from unstuck.chain.server.services import Services
from unstuck.chain.server.storage import cases, guides

NAMES = """session.json            the guided session: what you noticed, answered and tried in it
tried.json              every fix that was tried from the pages, with what it changed
evidence/ID.json        what was read of files that you wanted kept
cases/ID.zip            case files; cases/ID.json: their links' days, how often they were opened, and notes
"""


def files(services: Services, account: int) -> Iterator[tuple[str, str | bytes]]:
    """One after another."""
    now = services.ambient.now()
    with services.database.read() as connection:
        session, tried = guides.session(connection, account), guides.tried(connection, account)
        kept, made = guides.kept(connection, account, now), cases.list_all(connection, account, now)
    if session is not None:
        yield "session.json", session
    yield "tried.json", _json([json.loads(text) for _, text in tried])
    for one in kept:
        with services.database.read() as connection:
            data = guides.kept_data(connection, account, one.id, now)
        if data is not None:
            yield f"evidence/{one.id}.json", zlib.decompress(data)
    for case in made:
        with services.database.read() as connection:
            bundle, notes = cases.bundle(connection, case), cases.notes(connection, case)
        yield f"cases/{case.id}.zip", bundle
        about = {
            "made_at": case.made_at,
            "expires_at": case.expires_at,
            "withdrawn_at": case.withdrawn_at,
            "checks": list(case.checks),
            "opened": case.opened,
            "opened_at": case.opened_at,
            "notes": [{"at": note.at, "by": note.by, "text": note.text} for note in notes],
        }
        yield f"cases/{case.id}.json", _json(about)


def _json(found: object) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
