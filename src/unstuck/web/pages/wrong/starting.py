"""The page that everything begins at: the three ways in, and what is there already."""

from fastapi.responses import Response

from unstuck.chain.server.storage import guides
from unstuck.doctor.guide.state import Session
from unstuck.doctor.knowledge.loader import load as knowledge
from unstuck.web.pages.base.visit import Visit
from unstuck.web.pages.bench import Bench
from unstuck.web.pages.wrong import finding
from unstuck.web.pages.wrong.finding import LIVE


def page(visit: Visit, bench: Bench, session: Session | None, said: str = "", status: int = 200) -> Response:
    """``session``: None where nothing was begun. ``said``: what was just done here, a word of the template."""
    given = _files(visit, bench)
    live = {one.path.removeprefix(LIVE) for one in session.evidence if one.path.startswith(LIVE)} if session else set()
    begun = session is not None and (session.symptom is not None or bool(session.evidence))
    symptom = knowledge().symptoms.get(session.symptom or "") if session else None
    return visit.page(
        "wrong/begin.html.j2",
        status=status,
        ways=finding.ways(visit, bench),
        live=live,
        files=given,
        limits=bench.limits,
        session=session if begun else None,
        symptom=symptom.says if symptom else "",
        said=said,
        mega=2**20,
    )


def _files(visit: Visit, bench: Bench) -> list[dict[str, object]]:
    """What was read of uploads, kept and not."""
    now = visit.services.ambient.now()
    with visit.services.database.read() as connection:
        kept = guides.kept(connection, visit.account, now)
    found: list[dict[str, object]] = [
        {"id": one.id, "name": one.name, "size": one.size, "until": one.expires_at, "kept": True} for one in kept
    ]
    known = {one.id for one in kept}
    found += [
        {"id": one.id, "name": one.name, "size": one.size, "left_s": bench.memory.left_s(one), "kept": False}
        for one in bench.memory.of(visit.account)
        if one.id not in known
    ]
    return found
