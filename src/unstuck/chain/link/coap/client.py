"""The asking half: requests and time enter, messages and answers leave.

One request at a time (RFC 7252, 4.7). Of a long answer, once its length is known, several blocks are asked for at
once: the link below delivers in order and has its own windows, so congestion is its business, and waiting for each
block would leave most of it idle.
"""

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


BLOCKS_AHEAD: Final = 8
"""Blocks of one answer asked for at once. On a fast link (15 ms) an answer is back after two or three events, in which
some 4 kB fit; twice that keeps it busy when an event is lost."""


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
class _Ask:
    """One message that waits for its answer. ``block``: which block of the answer it asks for, after the first."""

    message: Message
    block: int | None
    wait_ms: float
    again_at_ms: float
    copies: int = 1
    acknowledged: bool = False


@dataclass(slots=True)
class _Transfer:
    handle: int
    request: Request
    exponent: int = LARGEST_EXPONENT
    sent_bytes: int = 0
    body: bytearray = field(default_factory=bytearray)
    etag: bytes | None = None
    early: dict[int, bytes] = field(default_factory=dict)
    """Blocks that came before one in front of them."""
    blocks: int | None = None
    """How many the answer has; None: not known yet."""
    asked: int = 1
    """Blocks asked for so far."""
    asks: list[_Ask] = field(default_factory=list)


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
        return min((ask.again_at_ms for ask in self._queue[0].asks), default=None) if self._queue else None

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
        if not self._queue:
            return [], []
        now = self._queue[0]
        due = [ask for ask in now.asks if now_ms >= ask.again_at_ms]
        if any(ask.acknowledged or ask.copies > RETRANSMISSIONS for ask in due):
            return self._end(Failed(now.handle, Failure.NO_ANSWER), now_ms)
        for ask in due:
            ask.copies += 1
            ask.wait_ms *= 2
            ask.again_at_ms = now_ms + ask.wait_ms
        return [ask.message for ask in due], []

    def receive(self, message: Message, now_ms: float) -> tuple[list[Message], list[Answered | Failed]] | None:
        """An acknowledgement, a rejection or a response; None when it belongs to nothing asked."""
        now = self._queue[0] if self._queue else None
        if now is None:
            return None
        ours = next((ask for ask in now.asks if ask.message.number == message.number), None)
        if message.kind not in (Kind.ACK, Kind.RST):
            ours = None
        if message.kind is Kind.RST:
            return self._end(Failed(now.handle, Failure.REJECTED), now_ms) if ours else None
        if message.code == Code.EMPTY:
            if ours and not ours.acknowledged:
                ours.acknowledged = True
                ours.again_at_ms = now_ms + SEPARATE_WAIT_MS
            return ([], []) if ours else None
        ask = next((ask for ask in now.asks if ask.message.token == message.token), None)
        if not message.is_response or ask is None or (message.kind is Kind.ACK and ours is not ask):
            return None
        return self._response(now, ask, message, now_ms)

    def _response(
        self, now: _Transfer, ask: _Ask, message: Message, now_ms: float
    ) -> tuple[list[Message], list[Answered | Failed]]:
        now.asks.remove(ask)
        if bad_block(message):
            return self._end(Failed(now.handle, Failure.BLOCKS), now_ms)
        block1, block2 = block_of(message, Option.BLOCK1), block_of(message, Option.BLOCK2)
        if message.code == Code.CONTINUE:
            asked = block_of(ask.message, Option.BLOCK1)
            if asked is None or not asked.more:
                return self._end(Failed(now.handle, Failure.BLOCKS), now_ms)
            now.exponent = min(now.exponent, block1.exponent if block1 else now.exponent)
            now.sent_bytes = asked.start + asked.size
            return self._send(now, now_ms), []
        if block2 is None:
            response = Response(message.code, message.payload, format_of(message))
            failed = ask.block is not None and response.ok  # a whole body amid blocks is not what was asked for
            return self._end(Failed(now.handle, Failure.BLOCKS) if failed else Answered(now.handle, response), now_ms)
        return self._block(now, ask, message, block2, now_ms)

    def _block(
        self, now: _Transfer, ask: _Ask, message: Message, block: Block, now_ms: float
    ) -> tuple[list[Message], list[Answered | Failed]]:
        etag = message.first(Option.ETAG)
        first = ask.block is None
        torn = block.number != (ask.block or 0) or (block.more and len(message.payload) != block.size)
        other = not first and (etag != now.etag or block.exponent != now.exponent)
        past = now.blocks is not None and block.more != (block.number < now.blocks - 1)
        if torn or other or past:
            return self._end(Failed(now.handle, Failure.BLOCKS), now_ms)
        if first:
            now.etag, now.exponent = etag, block.exponent
            whole_bytes = message.first(Option.SIZE2)
            if whole_bytes is not None and block.more:
                now.blocks = max(2, -(-int.from_bytes(whole_bytes, "big") // block.size))
        if not block.more:
            now.blocks = block.number + 1
        now.early[block.number] = message.payload
        while (following := now.early.pop(len(now.body) // block.size, None)) is not None:
            now.body += following
            if len(following) < block.size:
                break
        if max(len(now.body), (now.blocks or 0) * block.size - block.size) > BODY_LIMIT_BYTES:
            return self._end(Failed(now.handle, Failure.TOO_LARGE), now_ms)
        if block.more or now.asks or now.early:
            return self._ask_on(now, now_ms), []
        response = Response(message.code, bytes(now.body), format_of(message))
        return self._end(Answered(now.handle, response), now_ms)

    def _ask_on(self, now: _Transfer, now_ms: float) -> list[Message]:
        """More blocks: the next one, and ahead of it where it is known that there are as many."""
        messages: list[Message] = []
        ahead = 1 if now.blocks is None else BLOCKS_AHEAD
        while len(now.asks) < ahead and (now.blocks is None or now.asked < now.blocks):
            options = now.request.options()
            options.append((Option.BLOCK2, Block(now.asked, False, now.exponent).to_bytes()))
            messages.append(self._put(now, now.asked, options, b"", now_ms))
            now.asked += 1
        return messages

    def _end(self, outcome: Answered | Failed, now_ms: float) -> tuple[list[Message], list[Answered | Failed]]:
        self._queue.popleft()
        return self._begin(now_ms), [outcome]

    def _begin(self, now_ms: float) -> list[Message]:
        return self._send(self._queue[0], now_ms) if self._queue else []

    def _send(self, now: _Transfer, now_ms: float) -> list[Message]:
        """The request, or the next block of its body when it does not fit into one message."""
        options = now.request.options()
        size = 16 << now.exponent
        payload = now.request.payload[now.sent_bytes : now.sent_bytes + size]
        if len(now.request.payload) > size:
            more = now.sent_bytes + size < len(now.request.payload)
            options.append((Option.BLOCK1, Block(now.sent_bytes // size, more, now.exponent).to_bytes()))
        return [self._put(now, None, options, payload, now_ms)]

    def _put(
        self, now: _Transfer, block: int | None, options: list[tuple[int, bytes]], payload: bytes, now_ms: float
    ) -> Message:
        token = self._dice.randbytes(TOKEN_BYTES)
        while any(ask.message.token == token for ask in now.asks):
            token = self._dice.randbytes(TOKEN_BYTES)
        in_order = tuple(sorted(options, key=lambda one: one[0]))
        message = Message(Kind.CON, now.request.method, self.number(), token, in_order, payload)
        wait_ms = ACK_TIMEOUT_MS * self._dice.uniform(1.0, ACK_RANDOM_FACTOR)
        now.asks.append(_Ask(message, block, wait_ms, now_ms + wait_ms))
        return message
