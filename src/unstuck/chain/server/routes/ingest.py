"""The upload: batches in, what is durable out. The answer leaves after the commit, never before."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import cbor2
from fastapi import APIRouter, Request, Response

from unstuck.chain.records import Batch, BatchError, Columns, Ranges, read_columns
from unstuck.chain.server.broker import News
from unstuck.chain.server.domain.ingest import Chunk, apart, settle
from unstuck.chain.server.domain.ledger import held_of
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.domain.upload import Upload, read_upload
from unstuck.chain.server.routes.guard import Agent, Caller, TheServices
from unstuck.chain.server.services import BUSY_S, Services
from unstuck.chain.server.storage import trackers

router = APIRouter(prefix="/v1")

CBOR = "application/cbor"
CONFLICT = "record.conflict"
_MOST_RECORDS = 250_000
"""Records of one upload: half a year of minutes, about a second of work. A few bytes can stand for
thousands of records that are all alike, so a limit on bytes alone would not bound the work."""
_OTHERS_S = 1.0
"""Seconds after which one who has enough uploads going on may try another: one takes about that long."""
_REQUEST = {
    "requestBody": {
        "required": True,
        "content": {CBOR: {"schema": {"type": "string", "format": "binary"}}},
        "description": "CBOR map: tracker (text), batches (list of byte strings, see records.md).",
    }
}
_ANSWER = {
    "content": {CBOR: {"schema": {"type": "string", "format": "binary"}}},
    "description": "CBOR map: durable (ranges by boot), rejected (list). All of durable is on disk.",
}


@router.post("/ingest", openapi_extra=_REQUEST, response_class=Response, responses={200: _ANSWER})
async def ingest(request: Request, caller: Agent, services: TheServices) -> Response:
    """Take records. Idempotent by (tracker, boot, sequence); what cannot be taken is named, the rest is taken."""
    with _one_of_few(services, caller):
        body = await _body(request, services)
        # Only now: who is slow to send, or sends nothing, must not keep a place from those whose records are here.
        with services.ingesting.place():
            answer = await services.ingesting.run(lambda: _take(services, caller, read_upload(body)))
    return Response(cbor2.dumps(answer), media_type=CBOR)


def _take(services: Services, caller: Caller, upload: Upload) -> dict[str, object]:
    batches: list[tuple[int, Columns]] = []
    rejected: list[dict[str, object]] = []
    records = 0
    for place, data in enumerate(upload.batches):
        try:
            batches.append((place, read_columns(data)))
            records += len(batches[-1][1].kinds)
        except BatchError as damage:
            rejected.append({"batch": place, "boot": None, "first": None, "last": None, "code": str(damage.fault)})
        if records > _MOST_RECORDS:
            raise Refusal(Code.REQUEST_TOO_LARGE)
    sent = held_of(columns for _, columns in batches)
    durable: dict[int, Ranges] = {}
    conflicting: dict[int, Ranges] = {}
    with services.database.write() as connection:
        if not trackers.hold_claim(connection, caller.account, upload.tracker):
            had = trackers.get(connection, caller.account, upload.tracker) is not None
            raise Refusal(Code.TRACKER_RELEASED if had else Code.TRACKER_NOT_CLAIMED)
        # Nearly always all of it is new: asked once for each run of numbers, stored in one go.
        touched = trackers.touched(connection, caller.account, upload.tracker, sent)
        new: list[Chunk] = []
        for (place, batch), alone in zip(batches, apart([columns for _, columns in batches]), strict=True):
            stored: Iterable[Batch] = ()
            if not alone or batch.ranges & touched.get(batch.boot, Ranges()):
                trackers.add_chunks(connection, caller.account, upload.tracker, new, services.ambient.now())
                new.clear()
                stored = trackers.overlapping(
                    connection, caller.account, upload.tracker, batch.boot, batch.first, batch.last
                )
            settled = settle(batch, upload.batches[place], stored)
            new += settled.fresh
            durable[batch.boot] = durable.get(batch.boot, Ranges()) | settled.durable
            conflicting[batch.boot] = conflicting.get(batch.boot, Ranges()) | settled.conflicting
            for first, last in settled.conflicting:
                rejected.append({"batch": place, "boot": batch.boot, "first": first, "last": last, "code": CONFLICT})
        trackers.add_chunks(connection, caller.account, upload.tracker, new, services.ambient.now())
    if durable:
        services.broker.publish(caller.account, News("records", upload.tracker))
    # Two batches of one upload may contradict each other: then neither may be pruned.
    agreed = {boot: (ranges - conflicting[boot]).as_lists() for boot, ranges in durable.items()}
    return {"durable": agreed, "rejected": rejected}


async def _body(request: Request, services: Services) -> bytes:
    parts: list[bytes] = []
    size = 0
    busy = Refusal(Code.SERVER_BUSY, retry_after_s=BUSY_S)
    with services.uploads.one(("arriving",), services.settings.ingest_arriving, busy):
        try:
            async with asyncio.timeout(services.settings.ingest_arrival_s):
                async for part in request.stream():
                    parts.append(part)
                    size += len(part)
                    if size > services.settings.ingest_bytes:
                        raise Refusal(Code.REQUEST_TOO_LARGE)
        except TimeoutError as error:
            raise Refusal(Code.REQUEST_TOO_SLOW) from error
        return b"".join(parts)


@contextmanager
def _one_of_few(services: Services, caller: Caller) -> Iterator[None]:
    settings, refusal = services.settings, Refusal(Code.REQUEST_TOO_OFTEN, retry_after_s=_OTHERS_S)
    with (
        services.uploads.one(("token", caller.token), settings.ingest_of_one, refusal),
        services.uploads.one(("account", str(caller.account)), settings.ingest_of_account, refusal),
    ):
        yield
