"""The tracker over CoAP, as the agent uses it. Every trouble leaves as :class:`TrackerError`.

Source: docs/reference/tracker-resources.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Protocol

import cbor2

from unstuck.chain.link.coap import Answered, Code, Failed, Request, Response
from unstuck.chain.phone import held
from unstuck.chain.phone.engine import Status, Sync
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.words import printable
from unstuck.chain.records import LARGEST, Ranges

_BOOT_MOST = 2**32 - 1
"""A tracker that restarted every second would need a century to get there."""

_PERCENT_MOST = 100

_TAG_MOST = 2**32 - 1


class TrackerError(Exception):
    """The tracker did not do it, or what it said cannot be used."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        self.outcome = outcome
        self.detail = detail
        super().__init__(f"{outcome}: {detail}")


class Link(Protocol):
    """Whatever brings a request to the tracker and its response back; a link's Driver does."""

    async def request(self, request: Request) -> Answered | Failed:
        """The response, or why there is none."""


class Refused(Enum):
    """Why a sync was refused; nothing was freed."""

    CHANGED = auto()
    """The tracker is no longer as its status said."""
    NOT_HELD = auto()
    """It does not hold the first record that was asked for."""


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to a sync: what changes all the time, and a batch as it came, None where there is no record yet."""

    now_s: int
    battery_percent: int
    end: int
    raw: bytes | None


class TrackerApi:
    """The resources of a tracker that an agent needs."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def status(self) -> bytes:
        """What it holds and how it is, as it came; :func:`read_status` reads it."""
        return (await self._expect(Request(Code.GET, ("status",)), Code.CONTENT)).payload

    async def sync(self, tag: int, act: Sync) -> Told | Refused:
        """Records from where it says on, and its trim, which cannot be taken back: only after the gate."""
        numbers = [tag, act.boot, act.first, act.count]
        if act.trim is not None:
            numbers += [act.trim.boot, act.trim.through]
        response = await self._ask(Request(Code.POST, ("sync",), payload=cbor2.dumps(numbers)))
        if response.code == Code.PRECONDITION_FAILED:
            return Refused.CHANGED
        if response.code == Code.NOT_FOUND:
            return Refused.NOT_HELD
        return _read_told(_checked(response, Code.CONTENT).payload)

    async def set_time(self, now_s: int) -> None:
        """Set its clock to these Unix seconds."""
        await self._expect(Request(Code.PUT, ("time",), payload=cbor2.dumps({"now": now_s})), Code.CHANGED)

    async def claim(self) -> "Claim":
        """Who it is and the code that proves possession; told to a bonded phone only."""
        raw = (await self._expect(Request(Code.GET, ("claim",)), Code.CONTENT)).payload
        fields = _fields(raw, "claim")
        return Claim(_text(fields, "id"), _text(fields, "code"))

    async def firmware(self) -> bytes:
        """Its slots and how far an update has got, as it came; :func:`unstuck.chain.phone.firmware.read_told`."""
        return (await self._expect(Request(Code.GET, ("firmware",)), Code.CONTENT)).payload

    async def begin_update(self, release: bytes) -> None:
        """Let it make room for this signed release; only after the gate of updates."""
        await self._update(Request(Code.POST, ("firmware",), payload=release))

    async def put_firmware(self, offset: int, chunk: bytes) -> None:
        """The next bytes of the image."""
        await self._update(Request(Code.PUT, ("firmware",), (f"offset={offset}",), chunk))

    async def abandon_update(self) -> None:
        """Let it give up the update under way or ready."""
        await self._expect(Request(Code.DELETE, ("firmware",)), Code.DELETED)

    async def restart(self) -> None:
        """Begin a new boot; a firmware that is ready is tried then. Only after the gate of updates."""
        await self._expect(Request(Code.POST, ("restart",)), Code.CHANGED)

    async def _update(self, request: Request) -> None:
        response = await self._ask(request)
        if response.code in (Code.FORBIDDEN, Code.PRECONDITION_FAILED):
            raise TrackerError(Outcome.UPDATE_NOT_NOW, _words(response))
        _checked(response, Code.CHANGED)

    async def _expect(self, request: Request, code: Code) -> Response:
        return _checked(await self._ask(request), code)

    async def _ask(self, request: Request) -> Response:
        answer = await self._link.request(request)
        if isinstance(answer, Failed):
            raise TrackerError(Outcome.TRACKER_SILENT, answer.failure.value)
        return answer.response


@dataclass(frozen=True, slots=True)
class Claim:
    """A tracker's id and the code with which an account claims it."""

    tracker: str
    code: str

    def __repr__(self) -> str:
        return f"Claim(tracker={self.tracker!r})"


def read_status(raw: bytes) -> Status:
    """A status out of CBOR. TrackerError when it is none."""
    fields = _fields(raw, "status")
    battery = fields.get("battery")
    if battery is not None:
        battery = _number(fields, "battery", _PERCENT_MOST)
    try:
        return Status(
            id=_text(fields, "id"),
            name=_text(fields, "name"),
            boot=_number(fields, "boot", _BOOT_MOST),
            end=_number(fields, "end", LARGEST),
            tag=_number(fields, "tag", _TAG_MOST),
            now_s=_number(fields, "now", LARGEST),
            held=held.from_plain(fields.get("held")),
            overwritten=held.from_plain(fields.get("overwritten", {})),
            battery_percent=battery,
            firmware=_text(fields, "firmware"),
            model=_text(fields, "model") if "model" in fields else "",
            keeps_s=None if fields.get("keeps") is None else _number(fields, "keeps", LARGEST),
        )
    except ValueError as fault:
        raise _unreadable(f"the status: {fault}") from fault


def _fields(raw: bytes, what: str) -> Mapping[object, object]:
    try:
        fields = cbor2.loads(raw)
    except (cbor2.CBORDecodeError, ValueError, RecursionError) as fault:
        raise _unreadable(f"the {what} is no CBOR") from fault
    if not isinstance(fields, Mapping):
        raise _unreadable(f"the {what} is no map")
    return fields


def write_status(status: Status) -> bytes:
    """A status as :func:`read_status` reads it."""
    fields: dict[str, object] = {
        "tag": status.tag,
        "id": status.id,
        "name": status.name,
        "firmware": status.firmware,
        "boot": status.boot,
        "end": status.end,
        "now": status.now_s,
        "battery": status.battery_percent,
        "keeps": status.keeps_s,
        "held": _lists(status.held),
        "overwritten": _lists(status.overwritten),
    }
    return cbor2.dumps(fields)


def after(status: Status, act: Sync, told: Told) -> Status:
    """The status as it is once the tracker has answered a sync: grown at the end, less what it freed."""
    grown = {status.boot: Ranges.span(status.end, told.end - 1)}
    freed = {} if act.trim is None else {act.trim.boot: Ranges.span(0, act.trim.through)}
    return replace(
        status,
        end=told.end,
        now_s=told.now_s,
        battery_percent=told.battery_percent,
        held=held.without(held.joined(status.held, grown), freed),
    )


def _lists(ranges_by_boot: Held) -> dict[int, list[list[int]]]:
    return {boot: ranges.as_lists() for boot, ranges in ranges_by_boot.items()}


def _read_told(raw: bytes) -> Told:
    try:
        fields = cbor2.loads(raw)
    except (cbor2.CBORDecodeError, ValueError, RecursionError) as fault:
        raise _unreadable("the answer to a sync is no CBOR") from fault
    match fields:
        case [int(now_s), int(battery), int(end)]:
            batch = None
        case [int(now_s), int(battery), int(end), bytes(batch)]:
            pass
        case _:
            raise _unreadable("the answer to a sync is not its three or four items")
    bounds = ((now_s, LARGEST), (battery, _PERCENT_MOST), (end, LARGEST))
    if any(isinstance(number, bool) or not 0 <= number <= most for number, most in bounds):
        raise _unreadable("a number in the answer to a sync is out of range")
    return Told(now_s, battery, end, batch)


def _text(fields: Mapping[object, object], key: str) -> str:
    found = fields.get(key)
    if not isinstance(found, str) or len(found) > _TEXT_MOST:
        raise _unreadable(f"the status has no {key}")
    return found


_TEXT_MOST = 200
"""Characters of an id, a name or a version; Bluetooth's own names have at most 248 bytes."""


def _number(fields: Mapping[object, object], key: str, most: int) -> int:
    found = fields.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= most:
        raise _unreadable(f"the status has no {key}")
    return found


def _checked(response: Response, code: Code) -> Response:
    if response.code != code:
        shown = f"{response.code >> 5}.{response.code & 31:02}"
        raise TrackerError(Outcome.TRACKER_REFUSED, f"{shown} {_words(response)}".strip())
    return response


def _words(response: Response) -> str:
    """The sentence of a refusal; without what a terminal would obey."""
    return printable(response.payload[:_TEXT_MOST].decode(errors="replace"), _TEXT_MOST)


def _unreadable(detail: str) -> TrackerError:
    return TrackerError(Outcome.TRACKER_UNREADABLE, detail)
