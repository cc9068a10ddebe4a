"""The asking half: requests and time enter, messages and answers leave. One exchange at a time (RFC 7252, 4.7)."""

import random
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from unstuck.chain.link.coap.message import Code, Kind, Message, Option
from unstuck.chain.link.coap.values import (
    BODY_LIMIT_BYTES,
    LARGEST_EXPONENT,
    Block,
    Request,
    Response,
    bad_block,
    block_of,
    format_of,
)

ACK_TIMEOUT_MS: Final = 5000.0
"""First wait for an answer. Longer than Gattlink's retransmission (4000), else every lost packet makes two requests."""

ACK_RANDOM_FACTOR: Final = 1.5
"""The wait is drawn between one and this many times the above (RFC 7252, 4.8)."""

RETRANSMISSIONS: Final = 4
"""Copies after the first; the wait doubles each time (RFC 7252, 4.8)."""

TOKEN_BYTES: Final = 2
"""One exchange at a time with one peer needs no token at all (RFC 7252, 5.3.1). With the message number it makes 32
bits that keep the answers of an earlier life of this end apart."""

SEPARATE_WAIT_MS: Final = 93_000.0
"""Longest wait for an answer whose request was acknowledged without one: as long as retransmissions would have lasted
by RFC 7252's defaults."""


class Failure(StrEnum):
    """Why a request has no response."""

    NO_ANSWER = "no_answer"
    LINK_GONE = "link_gone"
    REJECTED = "rejected"
    BLOCKS = "blocks"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Answered:
    """The response to the request with this handle, whole."""

    handle: int
    response: Response


@dataclass(frozen=True, slots=True)
class Failed:
    """The request with this handle has no response and is not tried further."""

    handle: int
    failure: Failure


@dataclass(slots=True)
class _Transfer:
    handle: int
    request: Request
    exponent: int = LARGEST_EXPONENT
    sent_bytes: int = 0
    body: bytearray = field(default_factory=bytearray)
    etag: bytes | None = None
    message: Message = field(default_factory=lambda: Message(Kind.CON, Code.EMPTY, 0))
    copies: int = 0
    wait_ms: float = 0.0
    again_at_ms: float = 0.0
    acknowledged: bool = False


class Client:
    """Asks one peer. ``dice`` draws message numbers, tokens and waits."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._number = dice.randrange(0x10000)
        self._handles = 0
        self._queue: deque[_Transfer] = deque()

    @property
    def deadline_ms(self) -> float | None:
        """When :meth:`tick` is next needed."""
        return self._queue[0].again_at_ms if self._queue else None

    def number(self) -> int:
        """A fresh message number."""
        self._number = (self._number + 1) & 0xFFFF
        return self._number

    def request(self, request: Request, now_ms: float) -> tuple[int, list[Message]]:
        """Ask, or queue up behind what is being asked; the handle comes back with the answer."""
        self._handles += 1
        self._queue.append(_Transfer(self._handles, request))
        return self._handles, [] if len(self._queue) > 1 else self._begin(now_ms)

    def cancel(self, handle: int, now_ms: float) -> list[Message]:
        """Forget a request; an answer to it is of no use any more."""
        current = bool(self._queue) and self._queue[0].handle == handle
        self._queue = deque(one for one in self._queue if one.handle != handle)
        return self._begin(now_ms) if current else []

    def tick(self, now_ms: float) -> tuple[list[Message], list[Answered | Failed]]:
        """Time has passed."""
        if not self._queue or now_ms < self._queue[0].again_at_ms:
            return [], []
        now = self._queue[0]
        if now.acknowledged or now.copies > RETRANSMISSIONS:
            return self._end(Failed(now.handle, Failure.NO_ANSWER), now_ms)
        now.copies += 1
        now.wait_ms *= 2
        now.again_at_ms = now_ms + now.wait_ms
        return [now.message], []

    def receive(self, message: Message, now_ms: float) -> tuple[list[Message], list[Answered | Failed]] | None:
        """An acknowledgement, a rejection or a response; None when it belongs to nothing asked."""
        now = self._queue[0] if self._queue else None
        if now is None:
            return None
        ours = message.number == now.message.number and message.kind in (Kind.ACK, Kind.RST)
        if message.kind is Kind.RST:
            return self._end(Failed(now.handle, Failure.REJECTED), now_ms) if ours else None
        if message.code == Code.EMPTY:
            if ours and not now.acknowledged:
                now.acknowledged = True
                now.again_at_ms = now_ms + SEPARATE_WAIT_MS
            return ([], []) if ours else None
        if not message.is_response or message.token != now.message.token or (message.kind is Kind.ACK and not ours):
            return None
        return self._response(now, message, now_ms)

    def _response(
        self, now: _Transfer, message: Message, now_ms: float
    ) -> tuple[list[Message], list[Answered | Failed]]:
        if bad_block(message):
            return self._end(Failed(now.handle, Failure.BLOCKS), now_ms)
        block1, block2 = block_of(message, Option.BLOCK1), block_of(message, Option.BLOCK2)
        if message.code == Code.CONTINUE:
            asked = block_of(now.message, Option.BLOCK1)
            if asked is None or not asked.more:
                return self._end(Failed(now.handle, Failure.BLOCKS), now_ms)
            now.exponent = min(now.exponent, block1.exponent if block1 else now.exponent)
            now.sent_bytes = asked.start + asked.size
            return self._send(now, now_ms), []
        if block2 is None:
            response = Response(message.code, message.payload, format_of(message))
            failed = bool(now.body) and response.ok  # a whole body in the middle of blocks is not what was asked for
            return self._end(Failed(now.handle, Failure.BLOCKS) if failed else Answered(now.handle, response), now_ms)
        return self._block(now, message, block2, now_ms)

    def _block(
        self, now: _Transfer, message: Message, block: Block, now_ms: float
    ) -> tuple[list[Message], list[Answered | Failed]]:
        etag = message.first(Option.ETAG)
        torn = block.start != len(now.body) or (block.more and len(message.payload) != block.size)
        if torn or (now.body and etag != now.etag):
            return self._end(Failed(now.handle, Failure.BLOCKS), now_ms)
        now.body += message.payload
        now.etag = etag
        now.exponent = block.exponent
        if len(now.body) > BODY_LIMIT_BYTES:
            return self._end(Failed(now.handle, Failure.TOO_LARGE), now_ms)
        if block.more:
            return self._send(now, now_ms), []
        response = Response(message.code, bytes(now.body), format_of(message))
        return self._end(Answered(now.handle, response), now_ms)

    def _end(self, outcome: Answered | Failed, now_ms: float) -> tuple[list[Message], list[Answered | Failed]]:
        self._queue.popleft()
        return self._begin(now_ms), [outcome]

    def _begin(self, now_ms: float) -> list[Message]:
        return self._send(self._queue[0], now_ms) if self._queue else []

    def _send(self, now: _Transfer, now_ms: float) -> list[Message]:
        """The next block of a transfer, or the request itself when it fits into one message."""
        options = now.request.options()
        size = 16 << now.exponent
        payload = b""
        if now.body:
            options.append((Option.BLOCK2, Block(len(now.body) // size, False, now.exponent).to_bytes()))
        else:
            payload = now.request.payload[now.sent_bytes : now.sent_bytes + size]
            if len(now.request.payload) > size:
                more = now.sent_bytes + size < len(now.request.payload)
                options.append((Option.BLOCK1, Block(now.sent_bytes // size, more, now.exponent).to_bytes()))
        token = self._dice.randbytes(TOKEN_BYTES)
        message = Message(
            Kind.CON, now.request.method, self.number(), token, tuple(sorted(options, key=lambda one: one[0])), payload
        )
        now.message = message
        now.copies = 1
        now.acknowledged = False
        now.wait_ms = ACK_TIMEOUT_MS * self._dice.uniform(1.0, ACK_RANDOM_FACTOR)
        now.again_at_ms = now_ms + now.wait_ms
        return [message]
