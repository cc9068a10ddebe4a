"""The answering half: a request message enters, the message that answers it leaves; blocks are put together."""

import zlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from unstuck.chain.link.coap.message import REQUESTS, Code, Kind, Message, Option, uint
from unstuck.chain.link.coap.values import (
    BODY_LIMIT_BYTES,
    LARGEST_EXPONENT,
    Block,
    Handler,
    Request,
    Response,
    bad_block,
    block_of,
    format_of,
)

EXCHANGE_LIFETIME_MS: Final = 247_000.0
"""How long a copy of a message may still come (RFC 7252, 4.8.2)."""

REPLIES_KEPT: Final = 64
"""Replies kept for copies of their requests. One peer with one exchange at a time reaches back over few."""

BODIES_KEPT: Final = 4
"""Bodies in the middle of a transfer, each way. One peer does one at a time; a second after its restart."""

_UNDERSTOOD: Final = frozenset(Option)


@dataclass(frozen=True, slots=True)
class Served:
    """A request was answered."""

    request: Request
    response: Response


class Server:
    """Answers one peer by calling ``handler`` once for each whole request."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._replies: OrderedDict[tuple[int, bytes], tuple[float, Message]] = OrderedDict()
        self._incoming: OrderedDict[Request, bytearray] = OrderedDict()
        self._outgoing: OrderedDict[Request, Response] = OrderedDict()

    def answer(self, message: Message, fresh_number: int, now_ms: float) -> tuple[Message, Served | None]:
        """The reply to a request message; a copy of an answered one gets the same reply and is not handled again.

        ``fresh_number``: message number for a reply that is not an acknowledgement.
        """
        key = (message.number, message.token)
        kept = self._replies.get(key)
        if kept and now_ms - kept[0] < EXCHANGE_LIFETIME_MS:
            return kept[1], None
        reply, served = self._fresh(message)
        piggybacked = message.kind is Kind.CON
        reply = replace(
            reply,
            kind=Kind.ACK if piggybacked else Kind.NON,
            number=message.number if piggybacked else fresh_number,
            token=message.token,
        )
        self._replies[key] = (now_ms, reply)
        self._replies.move_to_end(key)
        while len(self._replies) > REPLIES_KEPT:
            self._replies.popitem(last=False)
        return reply, served

    def _fresh(self, message: Message) -> tuple[Message, Served | None]:
        if message.code not in REQUESTS:
            return _plain(Code.METHOD_NOT_ALLOWED), None
        if any(number & 1 and number not in _UNDERSTOOD for number, _ in message.options):
            return _plain(Code.BAD_OPTION), None
        if bad_block(message):
            return _plain(Code.BAD_REQUEST), None
        request = _request(message)
        if request is None:
            return _plain(Code.BAD_REQUEST), None
        block1 = block_of(message, Option.BLOCK1)
        if block1:
            whole = self._collect(request, message.payload, block1)
            if isinstance(whole, Message):
                return whole, None
            request = replace(request, payload=whole)
        else:
            request = replace(request, payload=message.payload)
        return self._respond(message, request, block1)

    def _collect(self, request: Request, payload: bytes, block: Block) -> bytes | Message:
        """The whole body with its last block; before that, the message that asks for more or refuses."""
        if not block.number:
            self._incoming[request] = bytearray()
            self._incoming.move_to_end(request)
            while len(self._incoming) > BODIES_KEPT:
                self._incoming.popitem(last=False)
        body = self._incoming.get(request)
        if body is None or len(body) != block.start or (block.more and len(payload) != block.size):
            return _plain(Code.INCOMPLETE, (Option.BLOCK1, block.to_bytes()))
        if len(body) + len(payload) > BODY_LIMIT_BYTES:
            del self._incoming[request]
            return _plain(Code.TOO_LARGE, (Option.BLOCK1, block.to_bytes()))
        body += payload
        if block.more:
            return _plain(Code.CONTINUE, (Option.BLOCK1, block.to_bytes()))
        del self._incoming[request]
        return bytes(body)

    def _respond(self, message: Message, request: Request, block1: Block | None) -> tuple[Message, Served | None]:
        asked = block_of(message, Option.BLOCK2) or Block(0, False, LARGEST_EXPONENT)
        served = None
        response = self._outgoing.get(replace(request, payload=b"")) if asked.number else None
        if response is None and asked.number and request.method is not Code.GET:
            return _plain(Code.INCOMPLETE), None  # to act again for the rest of an answer would be wrong
        if response is None:
            response = self._handler(request)
            served = Served(request, response)
        accept = message.first(Option.ACCEPT)
        if response.ok and accept is not None and response.content_format not in (None, int.from_bytes(accept, "big")):
            return _plain(Code.NOT_ACCEPTABLE), served
        options: list[tuple[int, bytes]] = []
        if response.content_format is not None:
            options.append((Option.CONTENT_FORMAT, uint(response.content_format)))
        if block1:
            options.append((Option.BLOCK1, block1.to_bytes()))
        if asked.start and asked.start >= len(response.payload):
            return _plain(Code.BAD_REQUEST), served
        payload = response.payload
        if asked.number or len(payload) > asked.size:
            payload = payload[asked.start : asked.start + asked.size]
            more = asked.start + asked.size < len(response.payload)
            self._keep(request, response, more=more)
            options.append((Option.BLOCK2, replace(asked, more=more).to_bytes()))
            options.append((Option.ETAG, zlib.crc32(response.payload).to_bytes(4, "big")))
            if not asked.number:
                options.append((Option.SIZE2, uint(len(response.payload))))
        return Message(Kind.ACK, response.code, 0, b"", tuple(sorted(options)), payload), served

    def _keep(self, request: Request, response: Response, *, more: bool) -> None:
        key = replace(request, payload=b"")
        self._outgoing.pop(key, None)
        if more:
            self._outgoing[key] = response
        while len(self._outgoing) > BODIES_KEPT:
            self._outgoing.popitem(last=False)


def _request(message: Message) -> Request | None:
    try:
        path = tuple(one.decode() for one in message.all(Option.URI_PATH))
        query = tuple(one.decode() for one in message.all(Option.URI_QUERY))
    except UnicodeDecodeError:
        return None
    return Request(Code(message.code), path, query, b"", format_of(message))


def _plain(code: Code, *options: tuple[int, bytes]) -> Message:
    return Message(Kind.ACK, code, 0, b"", options)
