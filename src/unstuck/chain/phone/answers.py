"""What the server's answers mean: status, headers and bytes enter, a typed outcome leaves. Source: server-api.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cbor2

from unstuck.chain.phone import held
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.journal import Rejection, Stored
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.records import Ranges

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


class ServerError(Exception):
    """The server did not do it. ``retry_after_s``: when it said to come back, in seconds."""

    def __init__(self, outcome: Outcome, detail: str = "", retry_after_s: float | None = None) -> None:
        self.outcome = outcome
        self.detail = detail
        self.retry_after_s = retry_after_s
        super().__init__(f"{outcome}: {detail}")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one upload."""

    durable: Held
    rejected: tuple[Rejection, ...]


def refusal(status: int, retry_after: str | None, body: object) -> ServerError:
    """The error for any answer that is no success; ``body`` is its JSON, or None where it was none."""
    fields: Mapping[object, object] = body if isinstance(body, Mapping) else {}
    code = str(fields.get("code", ""))
    by_status = Outcome.SERVER_FAULT if status in _SERVER_ERRORS else Outcome.SERVER_REFUSED
    outcome = _BY_CODE.get(code) or _BY_STATUS.get(status, by_status)
    words = [str(fields[key]) for key in ("code", "message", "what_to_do") if fields.get(key)]
    if outcome in (Outcome.AGENT_TOO_OLD, Outcome.FIRMWARE_TOO_OLD) and fields.get("minimum"):
        words.append(f"at least {fields['minimum']}")
    return ServerError(outcome, f"{status} {' '.join(words)}".strip()[:_DETAIL_MOST], _seconds(retry_after))


_DETAIL_MOST = 400
"""Characters of the server's own words that are kept: its code and two sentences, and a version."""


def read_ingested(body: bytes, sent: Sequence[Stored], now_s: int) -> Ingested:
    """The answer to an upload of these batches. ServerError when it is not one."""
    fields = _cbor_map(body)
    rejected = []
    for one in _list(fields.get("rejected", [])):
        if not isinstance(one, Mapping) or not isinstance(one.get("code"), str):
            raise _unreadable("a rejection has no code")
        rejected.append(_rejection(one, sent, now_s))
    return Ingested(read_held(fields.get("durable")), tuple(rejected))


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
    boot, first, last = one.get("boot"), one.get("first"), one.get("last")
    code = str(one["code"])
    if isinstance(boot, int) and isinstance(first, int) and isinstance(last, int):
        return Rejection(boot, first, last, code, now_s)
    place = one.get("batch")
    if not isinstance(place, int) or not 0 <= place < len(sent):
        raise _unreadable("a rejection names no batch of the upload")
    return Rejection(sent[place].boot, sent[place].first, sent[place].last, code, now_s)


def _cbor_map(body: bytes) -> Mapping[object, object]:
    try:
        found = cbor2.loads(body)
    except (cbor2.CBORDecodeError, ValueError, RecursionError) as fault:
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
