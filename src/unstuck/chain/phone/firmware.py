"""Updating a tracker's firmware: what is known enters, the one next act leaves. It does nothing and remembers nothing.

As in ``engine.py`` each decision is made anew from what tracker, server and disk show, so an update that
was cut off goes on where the tracker's own slot ends. Before anything that changes the tracker stands
one gate, :func:`update_reasons_not`.

Everything is drained before an update begins, and again before the restart. The tracker promises that
neither loses a record; but a new firmware is the one thing that could break that promise, and what is on
this disk cannot be lost by it. What the wrist records while the image travels is drained before the
restart; what it records in the moment of the restart itself is all that rests on the promise.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import cbor2

from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.tracker import TrackerError
from unstuck.chain.phone.words import printable
from unstuck.chain.releases import (
    Against,
    Installed,
    ManifestError,
    Release,
    ReleaseKind,
    SignatureError,
    decode_release,
    install_reasons_not,
)
from unstuck.chain.releases.versions import is_too_old, read

CHUNK_BYTES = 4 * 1024
"""Bytes of one chunk: a few seconds of a poor link, so that a lost one repeats little, and few enough requests."""

SILENT_MOST = 20
"""Requests in a row that a tracker may leave unanswered. With the wait for an answer (45 s) and the pause after it
that is twenty minutes: somebody who left the room has come back by then, or the update is for another day."""

PAUSE_S = 15.0
"""Seconds between a request without an answer and the next try."""

DAMAGED_MOST = 2
"""Images whose digest is wrong before it is given up: one may be a spoilt file, two are a spoilt server."""

RESTARTS_MOST = 3
"""Restarts asked for before it is said that the tracker does not start what it has."""


TRIES_MOST = 4
"""Times that a tracker is asked to begin or to give up: two are enough for one that does what it says."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a tracker says of its firmware. ``release``, ``offset``: of the update under way; ``ready``: digest of the
    image that the next start tries; ``keys``: whose signatures it believes.
    """

    model: str
    version: str
    release: bytes | None
    offset: int
    ready: bytes | None
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """What a server offers. ``releases``: of firmware, not checked. ``minimum_agent``: empty: none."""

    releases: tuple[Release, ...]
    minimum_agent: str = ""


class Why(StrEnum):
    """What speaks against touching the tracker's firmware. The order is the order in which reasons are told."""

    STATUS_UNREAD = "status_unread"
    OTHER_TRACKER = "other_tracker"
    HOST_FORBIDS = "host_forbids"
    AGENT_TOO_OLD = "agent_too_old"
    UNDRAINED = "undrained"
    IMAGE_NOT_WHOLE = "image_not_whole"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class View:
    """What is known. ``tracker``: whose journal this is; ``agent``: our own version.

    ``told``, ``offers``, ``answering`` (the id the tracker gave), ``battery_percent``: None: not asked.
    ``undrained``: records it holds that are not committed here. ``drained``: that was found out since the
    last change. ``image_bytes``, ``image_whole``: of the wanted release, on this disk. ``forbidden``: the
    host's words. ``silent``: times the tracker did not answer since something moved. ``damaged``: images thrown away.
    ``tries``: times it was asked to begin or give up. ``restarts``, ``aim``: restarts asked for, and the
    version they were for.
    """

    tracker: str
    agent: str
    offers: Offers | None = None
    told: Told | None = None
    answering: str | None = None
    battery_percent: int | None = None
    undrained: int | None = None
    drained: bool = False
    image_bytes: int = 0
    image_whole: bool = False
    forbidden: str = ""
    silent: int = 0
    damaged: int = 0
    tries: int = 0
    restarts: int = 0
    aim: str = ""


@dataclass(frozen=True, slots=True)
class AskOffers:
    """Ask the server for its releases."""


@dataclass(frozen=True, slots=True)
class AskTold:
    """Ask the tracker for its firmware, after so many seconds."""

    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FetchImage:
    """Fetch what is missing of the image."""

    release: Release


@dataclass(frozen=True, slots=True)
class DropImage:
    """It is complete and not what was signed: away with it."""

    release: Release


@dataclass(frozen=True, slots=True)
class Drain:
    """Bring over every record first."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """Let the tracker give up an update that is not the wanted one."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Let the tracker make room."""

    release: Release


@dataclass(frozen=True, slots=True)
class Push:
    """Send the next bytes."""

    release: Release
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Let the tracker start what is ready."""

    release: Release


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do now."""

    outcome: Outcome
    detail: str = ""


Act = AskOffers | AskTold | FetchImage | DropImage | Drain | Abandon | Begin | Push | Restart | Done


def next_update_act(view: View) -> Act:
    """The one thing to do next."""
    told = view.told
    if view.offers is None:
        return AskOffers()
    if told is None:
        if view.silent > SILENT_MOST:
            return Done(Outcome.TRACKER_SILENT, "what it has of the update stays on it; start again to go on")
        return AskTold(PAUSE_S if view.silent else 0.0)
    if view.restarts and told.ready is None:
        return _after_restart(view, told)
    release = wanted(view)
    if release is None:
        return Done(Outcome.UPDATE_NOT_NEEDED, f"it runs {told.version}")
    manifest = release.manifest
    is_ready = told.ready == manifest.sha256
    if not is_ready and not view.image_whole:
        if view.damaged >= DAMAGED_MOST:
            return Done(Outcome.IMAGE_DAMAGED, f"{manifest.version}")
        return FetchImage(release) if view.image_bytes < manifest.size_bytes else DropImage(release)
    if not view.drained:
        return Drain()
    reasons = update_reasons_not(view, release)
    if reasons:
        return Done(Outcome.UPDATE_NOT_NOW, "; ".join(text for _, text in reasons))
    if is_ready:
        if view.restarts >= RESTARTS_MOST:
            return Done(Outcome.UPDATE_NOT_NOW, f"{manifest.version} is ready, but the tracker does not start it")
        return Restart(release)
    if told.release == release.raw and told.offset < manifest.size_bytes:
        return Push(release, told.offset, min(CHUNK_BYTES, manifest.size_bytes - told.offset))
    if view.tries >= TRIES_MOST:
        return Done(Outcome.TRACKER_UNREADABLE, "it does not do with the update what it says")
    return Begin(release) if told.release is None and told.ready is None else Abandon()


def _after_restart(view: View, told: Told) -> Act:
    if not view.drained:
        return Drain()
    if told.version == view.aim:
        return Done(Outcome.UPDATED, view.aim)
    return Done(Outcome.UPDATE_ROLLED_BACK, f"{view.aim} did not start or did not stay; {told.version} runs")


def wanted(view: View) -> Release | None:
    """The release to install: the newest that may be, else the newest at all, whose reasons are then told.

    None: none is newer than what runs. What waits on charge alone counts as may be.
    """
    if view.offers is None or view.told is None:
        return None
    told, now = view.told, read(view.told.version)
    newer = [
        release
        for release in view.offers.releases
        if release.manifest.product == told.model and (now is None or (read(release.manifest.version) or now) > now)
    ]
    newer.sort(key=lambda release: read(release.manifest.version) or (0, 0, 0), reverse=True)
    installed = Installed(told.model, told.version, None, told.keys)
    for release in newer:
        if all(against is Against.BATTERY_LOW for against, _ in install_reasons_not(release.raw, installed)):
            return release
    return newer[0] if newer else None


def update_reasons_not(view: View, release: Release) -> tuple[tuple[Why, str], ...]:
    """Every reason why this release may not be begun, sent or started now; empty when it may.

    The tracker itself asks the same rules of releases again; it does not rest on us.
    """
    reasons: list[tuple[Why, str]] = []
    if view.answering is None or view.told is None or view.undrained is None:
        reasons.append((Why.STATUS_UNREAD, "the tracker on this connection has not said what it holds"))
    elif view.answering != view.tracker:
        text = f"the tracker that answers is {view.answering}; the journal is of {view.tracker}"
        reasons.append((Why.OTHER_TRACKER, text))
    if view.forbidden:
        reasons.append((Why.HOST_FORBIDS, view.forbidden))
    if view.offers is not None and is_too_old(view.agent, view.offers.minimum_agent):
        text = f"this agent is {view.agent}; the server wants {view.offers.minimum_agent}: update it first"
        reasons.append((Why.AGENT_TOO_OLD, text))
    if view.undrained:
        reasons.append((Why.UNDRAINED, f"{view.undrained} records are on the tracker only: sync first"))
    is_ready = view.told is not None and view.told.ready == release.manifest.sha256
    if not view.image_whole and not is_ready:
        reasons.append((Why.IMAGE_NOT_WHOLE, "the image is not whole on this disk"))
    if view.told is not None:
        installed = Installed(view.told.model, view.told.version, view.battery_percent, view.told.keys)
        reasons += [(Why.RELEASE, text) for _, text in install_reasons_not(release.raw, installed)]
    return tuple(reasons)


def read_told(raw: bytes) -> Told:
    """What a tracker says of its firmware, out of CBOR. TrackerError when it is not that."""
    try:
        fields = cbor2.loads(raw)
    except (cbor2.CBORDecodeError, ValueError, RecursionError) as fault:
        raise TrackerError(Outcome.TRACKER_UNREADABLE, "its firmware is no CBOR") from fault
    release: bytes | None = None
    ready: bytes | None = None
    offset = 0
    match fields:
        case {"model": str(model), "version": str(version), "keys": list(keys), "active": str(active)}:
            pass
        case _:
            raise TrackerError(Outcome.TRACKER_UNREADABLE, "what it says of its firmware")
    match fields:
        case {"update": {"release": bytes(sent), "offset": int(offset)}}:
            release = sent
    match fields:
        case {"trial": "ready", "slots": dict(slots)}:
            others = [slot for name, slot in slots.items() if name != active and isinstance(slot, Mapping)]
            ready = next((slot["sha256"] for slot in others if isinstance(slot.get("sha256"), bytes)), b"")
    shown = model + version
    readable = shown.isprintable() and len(shown) <= _TEXT_MOST
    if not readable or offset < 0 or not all(isinstance(key, bytes) for key in keys):
        raise TrackerError(Outcome.TRACKER_UNREADABLE, "what it says of its firmware")
    return Told(model, version, release, offset, ready, tuple(keys))


_TEXT_MOST = 200
"""Characters of model and version together."""


def read_offers(body: object) -> Offers:
    """The firmware in a server's list of releases. A release that this version cannot read is passed over.

    ServerError when it is no such list. Only what is signed is looked at: the rest of an entry is for people.
    """
    match body:
        case {"releases": list(entries), "minimum_agent": str(minimum)}:
            pass
        case _:
            raise ServerError(Outcome.SERVER_UNREADABLE, "no list of releases")
    found = []
    for entry in entries:
        try:
            release = decode_release(base64.b64decode(entry["signed"], validate=True))
        except (KeyError, TypeError, ValueError, ManifestError, SignatureError):
            continue
        if release.manifest.kind is ReleaseKind.FIRMWARE:
            found.append(release)
    return Offers(tuple(found), printable(minimum, _TEXT_MOST))
