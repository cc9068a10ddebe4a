"""The tracker over CoAP, as the agent uses it. Every trouble leaves as :class:`TrackerError`. Source: tracker.md."""

from collections.abc import Mapping
from typing import Protocol

import cbor2

from unstuck.chain.link.coap import Answered, Code, Failed, Request, Response
from unstuck.chain.phone import held
from unstuck.chain.phone.engine import Status
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.records import LARGEST

_BOOT_MOST = 2**32 - 1
"""A tracker that restarted every second would need a century to get there."""

_PERCENT_MOST = 100


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


class TrackerApi:
    """The resources of a tracker that an agent needs."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def status(self) -> bytes:
        """What it holds and how it is, as it came; :func:`read_status` reads it."""
        return (await self._expect(Request(Code.GET, ("status",)), Code.CONTENT)).payload

    async def records(self, boot: int, first: int, most: int) -> bytes | None:
        """A batch from ``first`` on, as it came; None when the tracker does not hold ``first``."""
        query = (f"boot={boot}", f"from={first}", f"max={most}")
        response = await self._ask(Request(Code.GET, ("records",), query))
        return None if response.code == Code.NOT_FOUND else _checked(response, Code.CONTENT).payload

    async def trim(self, boot: int, through: int) -> None:
        """Let it free a boot up to and including ``through``. Cannot be taken back: only after the gate."""
        payload = cbor2.dumps({"boot": boot, "through": through})
        await self._expect(Request(Code.POST, ("trim",), payload=payload), Code.CHANGED)

    async def set_time(self, now_s: int) -> None:
        """Set its clock to these Unix seconds."""
        await self._expect(Request(Code.PUT, ("time",), payload=cbor2.dumps({"now": now_s})), Code.CHANGED)

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


def read_status(raw: bytes) -> Status:
    """A status out of CBOR. TrackerError when it is none."""
    try:
        fields = cbor2.loads(raw)
    except (cbor2.CBORDecodeError, ValueError, RecursionError) as fault:
        raise _unreadable("the status is no CBOR") from fault
    if not isinstance(fields, Mapping):
        raise _unreadable("the status is no map")
    battery = fields.get("battery")
    if battery is not None:
        battery = _number(fields, "battery", _PERCENT_MOST)
    try:
        return Status(
            id=_text(fields, "id"),
            name=_text(fields, "name"),
            boot=_number(fields, "boot", _BOOT_MOST),
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
    text = response.payload[:_TEXT_MOST].decode(errors="replace")
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _unreadable(detail: str) -> TrackerError:
    return TrackerError(Outcome.TRACKER_UNREADABLE, detail)
