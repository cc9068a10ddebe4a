"""The CoAP resource ``firmware``: a request and how the slots stand enter; a response and an act leave.

Nothing is done here; see ``resources.py``. Described in docs/reference/tracker-resources.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cbor2

from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.releases import Against, Installed, Manifest, install_reasons_not
from unstuck.chain.tracker.firmware import Slot, Slots, Trial

CBOR_FORMAT = 60
"""Content-Format of CBOR (IANA, CoAP Content-Formats)."""

CHUNK_MOST_BYTES = 16 * 1024
"""Most bytes of one chunk: what a tracker can hold in memory beside its records."""

_OFFSET_DIGITS = 9
"""Digits of an offset: above the largest image."""


@dataclass(frozen=True, slots=True)
class FirmwareState:
    """The firmware at one moment. ``manifest``, ``offset``: of the update under way and how far it has got."""

    slots: Slots
    factory: str
    installed: Installed
    manifest: Manifest | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class BeginUpdate:
    """Make the other slot ready for this release."""

    release: bytes


@dataclass(frozen=True, slots=True)
class WriteChunk:
    """Append to the image."""

    chunk: bytes


@dataclass(frozen=True, slots=True)
class AbandonUpdate:
    """Give up the update."""


FirmwareAct = BeginUpdate | WriteChunk | AbandonUpdate

DAMAGED = Response(Code.PRECONDITION_FAILED, b"the image is not the one that the manifest promises; begin anew")
"""The answer to the last chunk when the whole does not have its digest."""


def answer_firmware(request: Request, state: FirmwareState) -> tuple[Response, FirmwareAct | None]:
    """The answer to any request for it. A low battery is 4.12: the same request will do once it is charged."""
    match request.method:
        case Code.GET:
            return _content(_told(state)), None
        case Code.POST:
            return _begin(request.payload, state)
        case Code.PUT:
            return _write(request, state)
        case Code.DELETE:
            return Response(Code.DELETED), AbandonUpdate()
        case _:
            return _refused(Code.METHOD_NOT_ALLOWED, "this resource has no such method")


def _told(state: FirmwareState) -> dict[str, Any]:
    slots, update = state.slots, None
    if slots.update is not None and state.manifest is not None:
        update = {"release": slots.update.release, "offset": state.offset, "size": state.manifest.size_bytes}
    return {
        "model": state.installed.product,
        "version": state.installed.version,
        "running": str(slots.running),
        "active": str(slots.active),
        "trial": slots.trial.name.lower(),
        "slots": {str(slot): _slot(slots, slot, state.factory) for slot in Slot},
        "update": update,
        "keys": list(state.installed.keys),
    }


def _slot(slots: Slots, slot: Slot, factory: str) -> dict[str, Any] | None:
    image = slots.image(slot)
    if image is not None:
        return {"version": image.version, "size": image.size_bytes, "sha256": image.sha256}
    return {"version": factory} if slot is slots.active else None


def _begin(release: bytes, state: FirmwareState) -> tuple[Response, FirmwareAct | None]:
    refused = _not_now(release, state)
    if refused is not None:
        return refused, None
    if state.slots.trial is Trial.STARTED:
        # Only while the memory does not work: else this very request would have ended the trial.
        return _refused(Code.CONFLICT, "the firmware that runs is on trial; restart the tracker first")
    under_way = state.slots.update
    if under_way is not None and under_way.release == release:
        return _content({"offset": state.offset}, Code.CHANGED), None
    if under_way is not None or state.slots.trial is Trial.READY:
        return _refused(Code.CONFLICT, "another update is under way or ready; give it up first")
    return _content({"offset": 0}, Code.CHANGED), BeginUpdate(release)


def _write(request: Request, state: FirmwareState) -> tuple[Response, FirmwareAct | None]:
    offset = _offset(request.query)
    if offset is None:
        return _refused(Code.BAD_REQUEST, "the query is offset, a whole number")
    update, manifest = state.slots.update, state.manifest
    if update is None or manifest is None:
        return _refused(Code.CONFLICT, "no update is under way")
    refused = _not_now(update.release, state)
    if refused is not None:
        return refused, None
    if offset != state.offset:
        return _refused(Code.CONFLICT, f"the next byte is {state.offset}")
    end = offset + len(request.payload)
    if not 1 <= len(request.payload) <= CHUNK_MOST_BYTES or end > manifest.size_bytes:
        most = min(CHUNK_MOST_BYTES, manifest.size_bytes - offset)
        return _refused(Code.BAD_REQUEST, f"a chunk here has 1 to {most} bytes")
    return _content({"offset": end}, Code.CHANGED), WriteChunk(request.payload)


def _not_now(release: bytes, state: FirmwareState) -> Response | None:
    reasons = install_reasons_not(release, state.installed)
    if not reasons:
        return None
    only_battery = {against for against, _ in reasons} == {Against.BATTERY_LOW}
    code = Code.PRECONDITION_FAILED if only_battery else Code.FORBIDDEN
    return Response(code, "; ".join(text for _, text in reasons).encode())


def _offset(query: tuple[str, ...]) -> int | None:
    if len(query) != 1:
        return None
    name, _, text = query[0].partition("=")
    fits = name == "offset" and text.isascii() and text.isdecimal() and len(text) <= _OFFSET_DIGITS
    return int(text) if fits else None


def _content(fields: Mapping[str, Any], code: Code = Code.CONTENT) -> Response:
    return Response(code, cbor2.dumps(fields), CBOR_FORMAT)


def _refused(code: Code, why: str) -> tuple[Response, None]:
    return Response(code, why.encode()), None
