"""The CoAP resources: a request and what the tracker is at that moment enter; a response and acts leave.

Nothing is done here. The device does the acts and only then sends the response, so a response that
says "trimmed" is never sent on a promise. Described in docs/reference/tracker-resources.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import cbor2

from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.records import LARGEST, Batch, Happening, Kind, Ranges, Record, encode
from unstuck.chain.tracker.events import event_name
from unstuck.chain.tracker.firmware_resource import CBOR_FORMAT, FirmwareAct, FirmwareState, answer_firmware
from unstuck.chain.tracker.log import spans_to_lists

RECORDS_DEFAULT = 1_440
"""Records of an answer when ``max`` is not given: a day of minutes, about 5 kB."""

RECORDS_MOST = 4_096
"""Most records of an answer (``max`` is lowered to it): about 16 kB, which a tracker can hold twice in memory."""

EVENTS_MOST = 500
"""Newest events told: a fortnight of them."""

CLOCK_MOST_S = 2**40
"""Latest time the clock can be set to (Unix s): a phone that sends milliseconds by mistake lies below it
only until 2004, and every record of such a clock still fits its numbers."""

VIRTUAL_MODEL = "unstuck-virtual"
"""Model of a tracker that is this program."""

_QUERY = {"boot", "from", "max"}


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
            case (("records",), Code.GET):
                return _records(request, state.holding)
            case (("events",), Code.GET):
                return _content(_events(state.holding))
            case (("trim",), Code.POST):
                return _trim(_body(request, "boot", "through"), state.holding)
            case (("time",), Code.PUT):
                return _set_clock(_body(request, "now")["now"])
            case (("restart",), Code.POST):
                return Answer(Response(Code.CHANGED), Restart())
            case (("memory",), Code.DELETE):
                return _erase(request, state.identity)
            case (("firmware",), _):
                return Answer(*answer_firmware(request, state.firmware))
            case (("status",) | ("records",) | ("events",) | ("trim",) | ("time",) | ("restart",) | ("memory",), _):
                raise _RefusedError(Code.METHOD_NOT_ALLOWED, "this resource has no such method")
            case _:
                raise _RefusedError(Code.NOT_FOUND, "no such resource")
    except _RefusedError as refused:
        return Answer(refused.response)


def _content(fields: Mapping[str, Any]) -> Answer:
    return Answer(Response(Code.CONTENT, cbor2.dumps(fields), CBOR_FORMAT))


def _status(state: State) -> dict[str, Any]:
    return {
        "id": state.identity.id,
        "name": state.identity.name,
        "model": state.identity.model,
        "firmware": state.firmware.installed.version,
        "boot": state.holding.boot,
        "now": state.shows_s,
        "battery": state.battery_percent,
        "keeps": state.keeps_s,
        "held": spans_to_lists(state.holding.held),
        "overwritten": spans_to_lists(state.holding.overwritten),
        "trimmed": {boot: state.holding.trimmed[boot] for boot in sorted(state.holding.trimmed)},
    }


def _records(request: Request, holding: Holding) -> Answer:
    query = _query(request.query)
    most = min(query.get("max", RECORDS_DEFAULT), RECORDS_MOST)
    if "boot" not in query or "from" not in query or most < 1:
        raise _RefusedError(Code.BAD_REQUEST, "boot and from are needed, max is 1 or more")
    run = holding.run(query["boot"], query["from"], most)
    if not run:
        raise _RefusedError(Code.NOT_FOUND, f"record {query['from']} of boot {query['boot']} is not held")
    return Answer(Response(Code.CONTENT, encode(Batch(run)), CBOR_FORMAT))


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


def _trim(body: Mapping[str, int], holding: Holding) -> Answer:
    boot, through = body["boot"], body["through"]
    if through >= holding.ends.get(boot, 0):
        raise _RefusedError(Code.CONFLICT, f"boot {boot} never had record {through}; nothing was freed")
    return Answer(Response(Code.CHANGED), Trim(boot, through))


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


def _query(parts: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in parts:
        name, _, text = part.partition("=")
        if name not in _QUERY or name in found or not (text.isascii() and text.isdecimal() and len(text) <= 16):
            raise _RefusedError(Code.BAD_REQUEST, "the query is boot, from and max, each a whole number")
        found[name] = int(text)
    return found
