"""Everything the server has of one account as a zip, made while it is sent: rows enter, pieces of a file leave."""

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.concurrency import iterate_in_threadpool

from unstuck import __version__
from unstuck.chain.records import FIELDS, Batch, Kind
from unstuck.chain.server import views
from unstuck.chain.server.domain.ledger import held_of
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.storage import accounts, trackers
from unstuck.web.pages.base.visit import Visit
from unstuck.web.pages.mend import exported

_BATCHES_AT_ONCE = 50
"""Read in one go and then let go: a reader on a slow line must not hold a view of the database for minutes."""

MOST_AT_ONCE = 1
"""Exports of one account at a time: each reads all of its records."""
RETRY_S = 10.0
"""Seconds after which another export may be tried."""

_README = """Everything that this Unstuck server has of the account {name}, written {at} (UTC) by Unstuck {version}.

account.json            name, preferences, devices and sessions (never passwords, tokens or second factors)
TRACKER/ledger.json     what each hop holds, every hole with its reason, what is at risk
TRACKER/KIND.csv        records: boot and sequence are their identity; start in Unix seconds on the tracker's clock,
                        duration in seconds; then the values of docs/reference/records.md
{more}
Records that came while this was written may be missing.
"""


class _Sink(io.RawIOBase):
    """What was written since it was last emptied."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Yes; and it cannot seek, so that the zip is made in one go."""
        return True

    def write(self, data: Any) -> int:
        """Keep it until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """All of it; it is empty then."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def key(visit: Visit) -> tuple[str, ...]:
    """Under which exports of this account are counted."""
    return "export", str(visit.account)


async def stream(visit: Visit) -> AsyncIterator[bytes]:
    """The zip, made in threads, as long as it is this account's only one."""
    refusal = Refusal(Code.REQUEST_TOO_OFTEN, retry_after_s=RETRY_S)
    with visit.services.uploads.one(key(visit), MOST_AT_ONCE, refusal):
        async for part in iterate_in_threadpool(parts(visit)):
            yield part


def parts(visit: Visit) -> Iterator[bytes]:
    """The zip, piece by piece."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _about(visit):
            archive.writestr(name, text)
            yield sink.taken()
        for name, content in exported.files(visit.services, visit.account):
            archive.writestr(name, content)
            yield sink.taken()
        with visit.services.database.read() as connection:
            mine = [str(row["tracker"]) for row in trackers.list_all(connection, visit.account)]
        for tracker in mine:
            archive.writestr(f"{_file(tracker)}/ledger.json", _json(_ledger(visit, tracker)))
            for kind in Kind:
                with archive.open(f"{_file(tracker)}/{kind.name.lower()}.csv", "w", force_zip64=True) as file:
                    for text in _rows(visit, tracker, kind):
                        file.write(text.encode())
                        yield sink.taken()
    yield sink.taken()


def _about(visit: Visit) -> Iterator[tuple[str, str]]:
    with visit.services.database.read() as connection:
        tokens = [dict(row) for row in accounts.list_tokens(connection, visit.account)]
        mine = [dict(row) for row in trackers.list_all(connection, visit.account)]
    at, more = f"{visit.when.now_s:.0f}", exported.NAMES
    yield "README.txt", _README.format(name=visit.name, at=f"{at} Unix seconds", version=__version__, more=more)
    chosen = visit.chosen
    yield "account.json", _json(
        {
            "name": visit.name,
            "second_factor": visit.second_factor,
            "preferences": {
                "language": chosen.language, "zone": chosen.zone, "clock": chosen.clock, "theme": chosen.theme,
            },
            "trackers": [{key: row[key] for key in ("tracker", "name", "claimed_at", "released_at")} for row in mine],
            "tokens": tokens,
        }
    )  # fmt: skip


def _ledger(visit: Visit, tracker: str) -> dict[str, Any]:
    with visit.services.database.read() as connection:
        hops = views.hops_known(connection, visit.account, tracker)
        found = views.ledger_of(connection, visit.account, tracker, None, None)
    state = hops.tracker
    return {
        "tracker": tracker,
        "as_of": hops.as_of,
        "hops": {
            "tracker": {
                "told_at": hops.tracker_told_at,
                "held": _ranges(state.held) if state else {},
                "overwritten": _ranges(state.overwritten) if state else {},
            },
            "phone": {"told_at": hops.phone_told_at, "held": _ranges(hops.phone)},
            "server": {"held": _ranges(held_of(hops.places))},
        },
        "holes_since": found.since,
        "holes": [
            {"start": one.start, "end": one.end, "reason": one.reason, "boot": one.boot, "first": one.first,
             "last": one.last}
            for one in found.holes
        ],
        "at_risk": {"since": found.at_risk[0], "lost_at": found.at_risk[1]} if found.at_risk else None,
    }  # fmt: skip


def _rows(visit: Visit, tracker: str, kind: Kind) -> Iterator[str]:
    """The records of one kind as CSV, some thousand rows at a time."""
    yield _csv([("boot", "sequence", "start", "duration_s", *FIELDS[kind])])
    after = (-1, -1)
    while True:
        found = _next(visit, tracker, after)
        if not found:
            return
        after = found[-1].boot, found[-1].first
        yield _csv(
            (one.boot, one.sequence, one.start, one.duration_s, *one.value)
            for batch in found
            for one in batch.records
            if one.kind is kind
        )


def _next(visit: Visit, tracker: str, after: tuple[int, int]) -> list[Batch]:
    with visit.services.database.read() as connection:
        return trackers.batches_after(connection, visit.account, tracker, after, _BATCHES_AT_ONCE)


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json(found: object) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _ranges(held: Any) -> dict[str, list[list[int]]]:
    return {str(boot): ranges.as_lists() for boot, ranges in sorted(held.items()) if ranges}


def _file(tracker: str) -> str:
    """The tracker's id as a name that every system takes: ids may hold colons."""
    return tracker.replace(":", "-")
