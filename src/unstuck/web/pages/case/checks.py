"""What a desk may look at again, where the owner allows it: read only, and nothing that says who anybody is."""

from collections import Counter
from collections.abc import Callable, Mapping

from unstuck.chain.phone.reasons import MEANINGS, Side
from unstuck.chain.server import views
from unstuck.chain.server.services import Services
from unstuck.chain.server.storage import trackers
from unstuck.web.pages.base.i18n import Words, noop
from unstuck.web.pages.base.when import When
from unstuck.web.pages.bench import Bench
from unstuck.web.pages.door import Door
from unstuck.web.pages.home.day import REASONS

LEDGER, AGENT = "ledger", "agent"
CHECKS = (
    (LEDGER, noop("What has arrived at the server, and what is missing")),
    (AGENT, noop("When the agent last reached tracker and server, and why not")),
)
"""Ids and what they show."""

_HOLES_DAYS_S = 7 * 86_400
_SIDES = {Side.DRAIN: noop("From the tracker"), Side.UPLOAD: noop("To the server")}

Lines = list[tuple[str, str]]
"""What is looked at, and what is seen there."""


def look(
    services: Services, bench: Bench, door: Door | None, account: int, checks: tuple[str, ...], words: Words, when: When
) -> Lines:
    """All of the checks that are allowed."""
    made: Mapping[str, Callable[[], Lines]] = {
        LEDGER: lambda: _ledger(services, account, words, when),
        AGENT: lambda: _agent(services, bench, door, account, words, when),
    }
    return [line for one in checks if one in made for line in made[one]()]


def _mine(services: Services, account: int) -> list[str]:
    with services.database.read() as connection:
        rows = trackers.list_all(connection, account)
    return [str(row["tracker"]) for row in rows if row["released_at"] is None]


def _ledger(services: Services, account: int, words: Words, when: When) -> Lines:
    lines: Lines = []
    for tracker in _mine(services, account):
        since = max(0, int(services.ambient.now()) - _HOLES_DAYS_S)
        with services.database.read() as connection:
            marks = views.watermarks(connection, account, tracker)
            holes = views.ledger_of(connection, account, tracker, since, None).holes
        for hop, name in (("server", noop("Newest at the server")), ("phone", noop("Newest on the phone"))):
            newest = marks[hop]
            seen = newest is not None and newest.time is not None
            text = str(when.moment(newest.time)) if newest is not None and newest.time is not None else ""
            lines.append((str(words.gettext(name)), text if seen else str(words.gettext("not known"))))
        counted = Counter(hole.reason for hole in holes)
        for reason, count in counted.items():
            told = words.gettext(REASONS[reason][0])
            holes_said = words.ngettext("%(n)s hole in a week", "%(n)s holes in a week", count)
            lines.append((str(told), str(holes_said)))
        if not counted:
            lines.append((str(words.gettext("Holes in a week")), str(words.gettext("none"))))
    return lines or [(str(words.gettext("Ledger")), str(words.gettext("no tracker is claimed")))]


def _agent(services: Services, bench: Bench, door: Door | None, account: int, words: Words, when: When) -> Lines:
    seen = door.snapshot() if door is not None else None
    if seen is None or seen.agent.tracker not in _mine(services, account):
        return [(str(words.gettext("Agent")), str(words.gettext("it runs elsewhere; only its uploads are seen here")))]
    link = words.gettext("open") if seen.link_open else words.gettext("closed")
    lines: Lines = [
        (
            str(words.gettext("Bluetooth link")),
            str(words.gettext("%(state)s since %(moment)s", state=link, moment=when.moment(seen.link_since_s))),
        )
    ]
    for side, name in _SIDES.items():
        last = seen.agent.last.get(side)
        if last is not None:
            meaning = words.told(MEANINGS[last.outcome].state)
            lines.append((str(words.gettext(name)), f"{when.moment(last.ended_s)}: {meaning}"))
    return lines
