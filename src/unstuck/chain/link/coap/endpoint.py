"""One end of CoAP, asking and answering: datagrams and time enter, datagrams and events leave."""

import random
from dataclasses import dataclass, field

from unstuck.chain.link.coap.client import Answered, Client, Failed
from unstuck.chain.link.coap.message import Code, Kind, Message, checked, parse, seal
from unstuck.chain.link.coap.server import Served, Server
from unstuck.chain.link.coap.values import Handler, Request, Response


@dataclass(slots=True)
class CoapStep:
    """What one call gave: datagrams to send now, in order; events, in order."""

    datagrams: list[bytes] = field(default_factory=list)
    events: list[Answered | Failed | Served] = field(default_factory=list)


class Endpoint:
    """Asks and answers one peer. ``dice`` makes message numbers and tokens: seeded differently at each start.

    ``seals``: every message but an empty one gets a checksum of its own; not needed where the transport below finds
    damage itself. A damaged message is as good as lost. So is one without a seal, once this peer has sealed one: the
    seal itself may be what was damaged.
    """

    def __init__(self, dice: random.Random, handler: Handler | None = None, *, seals: bool = True) -> None:
        self._seals = seals
        self._client = Client(dice)
        self._server = Server(handler or _nothing_here)
        self._peer_seals = False

    @property
    def deadline_ms(self) -> float | None:
        """When :meth:`tick` is next needed."""
        return self._client.deadline_ms

    def request(self, request: Request, now_ms: float) -> tuple[int, CoapStep]:
        """Ask; Answered or Failed with this handle follows later. Requests are asked one after the other."""
        handle, messages = self._client.request(request, now_ms)
        return handle, self._step(messages, [])

    def cancel(self, handle: int, now_ms: float) -> CoapStep:
        """Forget a request."""
        return self._step(self._client.cancel(handle, now_ms), [])

    def tick(self, now_ms: float) -> CoapStep:
        """Time has passed."""
        return self._step(*self._client.tick(now_ms))

    def receive(self, datagram: bytes, now_ms: float) -> CoapStep:
        """One datagram from the peer; any bytes are allowed, what is not CoAP or damaged is ignored."""
        message = self._intact(parse(datagram))
        if message is None:
            return CoapStep()
        if message.is_request and message.kind in (Kind.CON, Kind.NON):
            return self._answer(message, now_ms)
        taken = self._client.receive(message, now_ms)
        step = self._step(*taken) if taken else CoapStep()
        if message.kind is Kind.CON:
            # A response of its own is acknowledged; what nobody asked for, and a ping, are rejected.
            kind = Kind.ACK if taken else Kind.RST
            step.datagrams.insert(0, Message(kind, Code.EMPTY, message.number).to_bytes())
        return step

    def _answer(self, message: Message, now_ms: float) -> CoapStep:
        reply, served = self._server.answer(message, self._client.number(), now_ms)
        return CoapStep([self._bytes(reply)], [served] if served else [])

    def _step(self, messages: list[Message], events: list[Answered | Failed]) -> CoapStep:
        return CoapStep([self._bytes(message) for message in messages], list(events))

    def _bytes(self, message: Message) -> bytes:
        return (seal(message) if self._seals else message).to_bytes()

    def _intact(self, message: Message | None) -> Message | None:
        if message is None or message.code == Code.EMPTY:
            return message
        bare, right = checked(message)
        if right is None:
            return None if self._peer_seals else message
        self._peer_seals = self._peer_seals or right
        return bare if right else None


def _nothing_here(request: Request) -> Response:
    return Response(Code.NOT_FOUND)
