"""The CoAP resources: a request and what the tracker is at that moment enter; a response and acts leave.

Nothing is done here. The device does the acts and only then sends the response, so a response that
says "trimmed" is never sent on a promise. Described in docs/reference/tracker-resources.md.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import cbor2

from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.records import LARGEST, Batch, Happening, Kind, Ranges, Record, encode
from unstuck.chain.tracker.events import event_name
from unstuck.chain.tracker.firmware_resource import CBOR_FORMAT, FirmwareAct, FirmwareState, answer_firmware
from unstuck.chain.tracker.log import spans_to_lists

RECORDS_MOST = 16_384
"""Most records of an answer (``most`` is lowered to it): about 25 kB, which a tracker can hold twice in memory."""

EVENTS_MOST = 500
"""Newest events told: a fortnight of them."""

CLOCK_MOST_S = 2**40
"""Latest time the clock can be set to (Unix s): a phone that sends milliseconds by mistake lies below it
only until 2004, and every record of such a clock still fits its numbers."""

RECORDS_DEFAULT = 1_440
"""Records of an answer when ``max`` is not given: a day of minutes, about 5 kB."""

VIRTUAL_MODEL = "unstuck-virtual"
"""Model of a tracker that is this program."""

_QUERY = {"boot", "from", "max"}

_SYNC_NUMBERS = (4, 6)
"""Tag, boot, from, most; and with a trim its boot and number."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a tracker says of itself. ``id`` is its address for life; ``firmware`` the factory's version.

    ``model``: for which releases it takes, the ``product`` of their manifests.
    """

    id: str
    name: str
    firmware: str
    model: str = VIRTUAL_MODEL


class Holding(Protocol):
    """What the memory holds, as :class:`unstuck.chain.tracker.memory.Memory` says it."""

    held: dict[int, Ranges]
    overwritten: dict[int, Ranges]
    trimmed: dict[int, int]
    ends: dict[int, int]
    boot: int

    def run(self, boot: int, first: int, most: int) -> tuple[Record, ...]:
        """Consecutive held records."""


@dataclass(frozen=True, slots=True)
class State:
    """The tracker at one moment. ``shows_s``: its own clock. ``keeps_s``: how long it keeps detail."""

    identity: Identity
    holding: Holding
    shows_s: int
    keeps_s: int
    battery_percent: int
    firmware: FirmwareState


@dataclass(frozen=True, slots=True)
class Trim:
    """Free a boot's records up to here."""

    boot: int
    through: int


@dataclass(frozen=True, slots=True)
class SetClock:
    """Make the clock show this (Unix s)."""

    shows_s: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Begin a new boot; nothing is lost."""


@dataclass(frozen=True, slots=True)
class Erase:
    """Factory reset."""


Act = Trim | SetClock | Restart | Erase | FirmwareAct


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send when the act, if there is one, is done."""

    response: Response
    act: Act | None = None


class _RefusedError(Exception):
    def __init__(self, code: Code, why: str) -> None:
        self.response = Response(code, why.encode())
        super().__init__(why)


def answer(request: Request, state: State) -> Answer:
    """The answer to any request. Refusals carry one English sentence as their payload (RFC 7252, 5.5.2)."""
    try:
        match (request.path, request.method):
            case (("status",), Code.GET):
                return _content(_status(state))
            case (("sync",), Code.POST):
                return _sync(_numbers(request), state)
            case (("records",), Code.GET):
                return _records(_query(request.query), state.holding)
            case (("trim",), Code.POST):
                body = _body(request, "boot", "through")
                return Answer(Response(Code.CHANGED), _may_trim(Trim(body["boot"], body["through"]), state.holding))
            case (("events",), Code.GET):
                return _content(_events(state.holding))
            case (("time",), Code.PUT):
                return _set_clock(_body(request, "now")["now"])
            case (("restart",), Code.POST):
                return Answer(Response(Code.CHANGED), Restart())
            case (("memory",), Code.DELETE):
                return _erase(request, state.identity)
            case (("firmware",), _):
                return Answer(*answer_firmware(request, state.firmware))
            case ((("status" | "sync" | "records" | "trim" | "events" | "time" | "restart" | "memory"),), _):
                raise _RefusedError(Code.METHOD_NOT_ALLOWED, "this resource has no such method")
            case _:
                raise _RefusedError(Code.NOT_FOUND, "no such resource")
    except _RefusedError as refused:
        return Answer(refused.response)


def _content(fields: object, act: Act | None = None) -> Answer:
    return Answer(Response(Code.CONTENT, cbor2.dumps(fields), CBOR_FORMAT), act)


def tag_of(state: State) -> int:
    """A number for all that a phone's picture of the tracker stands on, except what grows and what phones free.

    With the same tag, of each boot only the end can have grown and only the beginning can have been freed. A CRC tells
    any two states apart that differ in one place of up to 32 bits, such as the boot, and others in all but one of
    2**32 cases.
    """
    identity, holding = state.identity, state.holding
    stands_on = [identity.id, identity.name, identity.firmware, holding.boot, state.keeps_s]
    return zlib.crc32(cbor2.dumps([*stands_on, spans_to_lists(holding.overwritten)]))


def _status(state: State) -> dict[str, Any]:
    return {
        "tag": tag_of(state),
        "id": state.identity.id,
        "name": state.identity.name,
        "model": state.identity.model,
        "firmware": state.firmware.installed.version,
        "boot": state.holding.boot,
        "end": state.holding.ends.get(state.holding.boot, 0),
        "now": state.shows_s,
        "battery": state.battery_percent,
        "keeps": state.keeps_s,
        "held": spans_to_lists(state.holding.held),
        "overwritten": spans_to_lists(state.holding.overwritten),
        "trimmed": {boot: state.holding.trimmed[boot] for boot in sorted(state.holding.trimmed)},
    }


def _sync(numbers: list[int], state: State) -> Answer:
    """Records from where the phone asks, the little that changes all the time, and what it wants freed."""
    tag, boot, first, most, *free = numbers
    holding = state.holding
    if tag != tag_of(state):
        raise _RefusedError(Code.PRECONDITION_FAILED, "the tracker is not as the tag says: read its status")
    trim = _may_trim(Trim(*free), holding) if free else None
    run = holding.run(boot, first, min(most, RECORDS_MOST))
    end = holding.ends.get(holding.boot, 0)
    if not run and (boot, first) != (holding.boot, end):
        raise _RefusedError(Code.NOT_FOUND, f"record {first} of boot {boot} is not held")
    batch = [encode(Batch(run))] if run else []
    return _content([state.shows_s, state.battery_percent, end, *batch], trim)


def _records(query: Mapping[str, int], holding: Holding) -> Answer:
    """What a sync gives, for a phone that goes by no status."""
    if "boot" not in query or "from" not in query or not query.get("max", 1):
        raise _RefusedError(Code.BAD_REQUEST, "boot and from are needed, max is 1 or more")
    run = holding.run(query["boot"], query["from"], min(query.get("max", RECORDS_DEFAULT), RECORDS_MOST))
    if not run:
        raise _RefusedError(Code.NOT_FOUND, f"record {query['from']} of boot {query['boot']} is not held")
    return Answer(Response(Code.CONTENT, encode(Batch(run)), CBOR_FORMAT))


def _may_trim(trim: Trim, holding: Holding) -> Trim:
    if trim.through >= holding.ends.get(trim.boot, 0):
        raise _RefusedError(Code.CONFLICT, f"boot {trim.boot} never had record {trim.through}; nothing was freed")
    return trim


def _events(holding: Holding) -> dict[str, Any]:
    events = []
    for boot in sorted(holding.held):
        for first, last in holding.held[boot]:
            for record in holding.run(boot, first, last - first + 1):
                if record.kind is Kind.EVENT:
                    happened = Happening(*record.value)
                    name = event_name(happened.code)
                    events.append(
                        {
                            "boot": boot,
                            "sequence": record.sequence,
                            "at": record.start,
                            "event": name,
                            "argument": happened.argument,
                        }
                    )
    return {"events": events[-EVENTS_MOST:]}


def _set_clock(now_s: int) -> Answer:
    if now_s > CLOCK_MOST_S:
        raise _RefusedError(Code.BAD_REQUEST, "now is in seconds since 1970")
    return Answer(Response(Code.CHANGED), SetClock(now_s))


def _erase(request: Request, identity: Identity) -> Answer:
    try:
        body = cbor2.loads(request.payload, max_depth=2, allow_indefinite=False)
    except cbor2.CBORDecodeError:
        body = None
    if not isinstance(body, dict) or body.get("confirm") != identity.id:
        raise _RefusedError(Code.FORBIDDEN, "a factory reset erases every record: confirm it with the tracker's id")
    return Answer(Response(Code.DELETED), Erase())


def _body(request: Request, *names: str) -> dict[str, int]:
    """The named numbers of a CBOR map, each 0 to LARGEST, and nothing else."""
    try:
        body = cbor2.loads(request.payload, max_depth=2, allow_indefinite=False, allow_duplicate_keys=False)
    except cbor2.CBORDecodeError as error:
        raise _RefusedError(Code.BAD_REQUEST, "the payload is not CBOR") from error
    if not isinstance(body, dict) or body.keys() != set(names):
        raise _RefusedError(Code.BAD_REQUEST, f"the payload is a map of {', '.join(names)}")
    if any(type(number) is not int or not 0 <= number <= LARGEST for number in body.values()):
        raise _RefusedError(Code.BAD_REQUEST, f"{', '.join(names)} are whole numbers from 0 on")
    return body


def _numbers(request: Request) -> list[int]:
    """The numbers of a sync, each 0 to LARGEST, at least one record wanted."""
    try:
        numbers = cbor2.loads(request.payload, max_depth=2, allow_indefinite=False)
    except cbor2.CBORDecodeError as error:
        raise _RefusedError(Code.BAD_REQUEST, "the payload is not CBOR") from error
    if not isinstance(numbers, list) or len(numbers) not in _SYNC_NUMBERS:
        raise _RefusedError(Code.BAD_REQUEST, "the payload is a list of tag, boot, from, most and what to free")
    if any(type(number) is not int or not 0 <= number <= LARGEST for number in numbers) or not numbers[3]:
        raise _RefusedError(Code.BAD_REQUEST, "each is a whole number from 0 on, and most is 1 or more")
    return numbers


def _query(parts: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in parts:
        name, _, text = part.partition("=")
        if name not in _QUERY or name in found or not (text.isascii() and text.isdecimal() and len(text) <= 16):
            raise _RefusedError(Code.BAD_REQUEST, "the query is boot, from and max, each a whole number")
        found[name] = int(text)
    return found
