"""Releases: listed for everyone, their images for agents, and whether a tracker's firmware is still supported."""

import base64
import re
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.responses import StreamingResponse

from unstuck.chain.releases import Manifest, ReleaseKind
from unstuck.chain.releases.manifest import PRODUCT_PATTERN
from unstuck.chain.releases.versions import is_too_old
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes.guard import (
    Anyone,
    Device,
    OwnTracker,
    TheServices,
    check_address,
    check_agent,
)
from unstuck.chain.server.services import Services
from unstuck.chain.server.storage import releases, trackers
from unstuck.chain.server.storage.releases import Published

public = APIRouter(prefix="/v1", dependencies=[Depends(check_address)])
router = APIRouter(prefix="/v1")

OCTETS = "application/octet-stream"
_PART_BYTES = 256 * 1024
"""Read from the database at once: many agents may fetch, and none needs the whole image in memory here."""
_RANGE = re.compile(r"bytes=(\d{1,9})-(\d{0,9})")
"""The one form of Range that is understood (RFC 9110, 14.1.2); as it allows, others are as if not there."""

_BODY: dict[str, Any] = {"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {**_BODY, "description": "The image."},
    206: {**_BODY, "description": "The part asked for."},
}

Version = Annotated[str, Path(pattern=r"^[0-9.]{5,24}$", description="As the list names it.")]
Product = Annotated[str, Path(pattern=PRODUCT_PATTERN, description="As the list names it.")]


@public.get("/releases")
def list_releases(services: TheServices) -> shapes.Releases:
    """Every release that is offered, with its signed manifest."""
    with services.database.read() as connection:
        found = releases.list_all(connection)
    return shapes.Releases(
        releases=[_shape(one) for one in found],
        minimum_agent=services.settings.minimum_agent,
        minimum_firmware=dict(services.settings.minimum_firmware),
    )


@router.get("/releases/{kind}/{product}/{version}/image", response_class=Response, responses=_ANSWERS)
def image(
    kind: ReleaseKind,
    product: Product,
    version: Version,
    caller: Device,
    request: Request,
    services: TheServices,
    range_: Annotated[str | None, Header(alias="Range", description="bytes=FIRST-[LAST], to go on")] = None,
) -> Response:
    """The image of a release, from any offset on. An agent that is too old gets the agents' images only: its own."""
    if kind is ReleaseKind.FIRMWARE:
        check_agent(request, services)
    with services.database.read() as connection:
        manifest = releases.offered(connection, kind, product, version)
    if manifest is None:
        raise Refusal(Code.RELEASE_NOT_FOUND)
    size = manifest.size_bytes
    first, end, status = 0, size, 200
    asked = _RANGE.fullmatch(range_ or "")
    if asked and (not asked[2] or int(asked[2]) >= int(asked[1])):
        first, status = int(asked[1]), 206
        end = min(size, int(asked[2]) + 1) if asked[2] else size
        if first >= size:
            raise Refusal(Code.RANGE_NOT_POSSIBLE, extra={"size": size})
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(end - first), "ETag": f'"{manifest.sha256.hex()}"'}
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    return StreamingResponse(_parts(services, manifest, first, end), status, headers, OCTETS)


@router.get("/trackers/{tracker}/firmware")
def firmware(tracker: OwnTracker, caller: Anyone, services: TheServices) -> shapes.FirmwareShape:
    """The firmware that agents last told of, against the releases. 426 when it is older than the minimum.

    It refuses nothing else: records of any firmware are taken.
    """
    with services.database.read() as connection:
        told = [one.state for one in trackers.told_of(connection, caller.account, tracker) if one.hop == "tracker"]
        offered = releases.list_all(connection)
    state = told[-1] if told else {}
    model, version = (str(state[name]) if state.get(name) else None for name in ("model", "firmware"))
    minimum = services.settings.minimum_firmware.get(model or "")
    newest = next(
        (
            one.manifest.version
            for one in offered
            if one.manifest.kind is ReleaseKind.FIRMWARE and one.manifest.product == model
        ),
        None,
    )
    found = shapes.FirmwareShape(model=model, firmware=version, minimum=minimum, newest=newest)
    if version is not None and is_too_old(version, minimum or ""):
        raise Refusal(Code.FIRMWARE_TOO_OLD, extra=found.model_dump())
    return found


def _parts(services: Services, manifest: Manifest, first: int, end: int) -> Iterator[bytes]:
    for offset in range(first, end, _PART_BYTES):
        with services.database.read() as connection:
            part = releases.part(connection, manifest, offset, min(_PART_BYTES, end - offset))
        yield part  # outside: who reads slowly must not keep a connection of the database


def _shape(one: Published) -> shapes.ReleaseShape:
    manifest = one.manifest
    return shapes.ReleaseShape(
        kind=manifest.kind,
        product=manifest.product,
        version=manifest.version,
        size=manifest.size_bytes,
        sha256=manifest.sha256.hex(),
        battery=manifest.battery_percent,
        published=manifest.published_s,
        notes=manifest.notes,
        over=manifest.over,
        signed=base64.b64encode(one.release.raw).decode(),
    )
