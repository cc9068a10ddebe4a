"""What the server's answers mean: status, headers and bytes enter, a typed outcome leaves. Source: server-api.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cbor2

from unstuck.chain.phone import held
from unstuck.chain.phone.entries import Rejection, Stored
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.journal import CODE_MOST
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.words import printable
from unstuck.chain.records import LARGEST, Ranges

MAX_ANSWER_BYTES = 4 * 2**20
"""Most bytes of an answer that is read: a ledger of a hundred thousand ranges."""

RETRY_AFTER_MOST_S = 24 * 3600
"""A server that asks for longer is asked again after a day all the same."""

_BY_STATUS = {
    401: Outcome.TOKEN_UNKNOWN,
    403: Outcome.NOT_CLAIMED,
    413: Outcome.TOO_LARGE,
    426: Outcome.AGENT_TOO_OLD,
    429: Outcome.SERVER_BUSY,
    503: Outcome.SERVER_BUSY,
}
"""For codes that this version does not know."""

_BY_CODE = {
    outcome.value: outcome
    for outcome in (
        Outcome.TOKEN_MISSING,
        Outcome.TOKEN_UNKNOWN,
        Outcome.TOKEN_EXPIRED,
        Outcome.TOKEN_SIGNED_OUT,
        Outcome.TOKEN_REVOKED,
        Outcome.TOKEN_PASSWORD_CHANGED,
        Outcome.TOKEN_SECOND_FACTOR,
        Outcome.TOKEN_WRONG_KIND,
        Outcome.NOT_CLAIMED,
        Outcome.RELEASED,
        Outcome.TOO_LARGE,
        Outcome.AGENT_TOO_OLD,
        Outcome.FIRMWARE_TOO_OLD,
        Outcome.SERVER_BUSY,
        Outcome.SERVER_MAINTENANCE,
    )
}

_SERVER_ERRORS = range(500, 600)

_DETAIL_MOST = 400
"""Characters of the server's own words that are kept: its code and two sentences, and a version."""


class ServerError(Exception):
    """The server did not do it. ``retry_after_s``: when it said to come back, in seconds.

    ``detail`` holds its own words: made printable here, so that none reaches journal or terminal as it came.
    """

    def __init__(self, outcome: Outcome, detail: str = "", retry_after_s: float | None = None) -> None:
        self.outcome = outcome
        self.detail = printable(detail, _DETAIL_MOST)
        self.retry_after_s = retry_after_s
        super().__init__(f"{outcome}: {self.detail}")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one upload."""

    durable: Held
    rejected: tuple[Rejection, ...]


def refusal(status: int, retry_after: str | None, body: object) -> ServerError:
    """The error for any answer that is no success; ``body`` is its JSON, or None where it was none."""
    fields: Mapping[object, object] = body if isinstance(body, Mapping) else {}
    said = {key: text for key, text in fields.items() if isinstance(text, str) and text}
    code = said.get("code", "")
    by_status = Outcome.SERVER_FAULT if status in _SERVER_ERRORS else Outcome.SERVER_REFUSED
    outcome = _BY_CODE.get(code) or _BY_STATUS.get(status, by_status)
    words = [said[key] for key in ("code", "message", "what_to_do") if key in said]
    if outcome in (Outcome.AGENT_TOO_OLD, Outcome.FIRMWARE_TOO_OLD) and "minimum" in said:
        words.append(f"at least {said['minimum']}")
    return ServerError(outcome, f"{status} {' '.join(words)}".strip(), _seconds(retry_after))


def read_ingested(body: bytes, sent: Sequence[Stored], now_s: int) -> Ingested:
    """The answer to an upload of these batches. ServerError when it is not one.

    Of records that were not sent nothing is believed: they stay here as unconfirmed.
    """
    fields = _cbor_map(body)
    rejected = []
    for one in _list(fields.get("rejected", [])):
        if not isinstance(one, Mapping) or not isinstance(one.get("code"), str):
            raise _unreadable("a rejection has no code")
        rejected.append(_rejection(one, sent, now_s))
    asked = held.by_boot((batch.boot, batch.first, batch.last) for batch in sent)
    return Ingested(held.common(read_held(fields.get("durable")), asked), tuple(rejected))


def read_held(given: object) -> dict[int, Ranges]:
    """``{boot: [[first, last], ...]}`` as CBOR or JSON has it. ServerError when it is not that."""
    try:
        return held.from_plain(given)
    except ValueError as fault:
        raise _unreadable(str(fault)) from fault


def read_server_held(body: object) -> dict[int, Ranges]:
    """What the server holds, out of its ledger. ServerError when it is none."""
    place: object = body
    for key in ("hops", "server", "held"):
        place = place.get(key) if isinstance(place, Mapping) else None
    return read_held(place)


def _rejection(one: Mapping[object, object], sent: Sequence[Stored], now_s: int) -> Rejection:
    """Its own range, or the whole batch at its place where it names none. What is stored is looked at for ever."""
    code = printable(str(one["code"]), CODE_MOST)
    named = [one.get(key) for key in ("boot", "first", "last")]
    if named == [None, None, None]:
        place = _number(one.get("batch"))
        if place >= len(sent):
            raise _unreadable("a rejection names no batch of the upload")
        return Rejection(sent[place].boot, sent[place].first, sent[place].last, code, now_s)
    boot, first, last = map(_number, named)
    if not any(batch.boot == boot and batch.first <= first <= last <= batch.last for batch in sent):
        raise _unreadable("a rejection is of records that were not sent")
    return Rejection(boot, first, last, code, now_s)


def _number(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= LARGEST:
        raise _unreadable("a rejection has no place")
    return given


_NO_CBOR = (cbor2.CBORDecodeError, ValueError, TypeError, ArithmeticError, LookupError, MemoryError, RecursionError)
"""What the decoder may raise: it makes dates, fractions and the like of tagged items, with their errors."""


def _cbor_map(body: bytes) -> Mapping[object, object]:
    try:
        found = cbor2.loads(body)
    except _NO_CBOR as fault:
        raise _unreadable("no CBOR") from fault
    if not isinstance(found, Mapping):
        raise _unreadable("no map")
    return found


def _list(given: object) -> Sequence[object]:
    if not isinstance(given, list):
        raise _unreadable("no list of rejections")
    return given


def _unreadable(detail: str) -> ServerError:
    return ServerError(Outcome.SERVER_UNREADABLE, detail)


def _seconds(retry_after: str | None) -> float | None:
    """Whole seconds; the form with a date is not read, the own back-off serves then."""
    if retry_after is None or not retry_after.strip().isdecimal():
        return None
    return float(min(int(retry_after.strip()[:9]), RETRY_AFTER_MOST_S))
