"""Gives the pure machines the event loop's clock and a transport: the one place where a link meets asyncio.

Packets enter by :meth:`Driver.received` and leave by the callable given; so it serves UDP as well as GATT.
"""

import asyncio
from collections.abc import Callable

from unstuck.chain.link.coap import Answered, CoapStep, Endpoint, Failed, Failure, Request, Served
from unstuck.chain.link.events import Datagram, Event, Refusal, Step
from unstuck.chain.link.stack import Stack

Told = Callable[[Event | Answered | Failed | Served], None]


class Driver:
    """Runs a stack, and CoAP over it when ``endpoint`` is given; else datagrams are told as events.

    ``transmit`` sends one packet and must not block; ``told`` hears every event in order. All calls on the loop's
    thread. ``lost_datagrams`` counts those of CoAP that the link would not take; CoAP sends them again.
    """

    def __init__(
        self, stack: Stack, transmit: Callable[[bytes], None], told: Told, endpoint: Endpoint | None = None
    ) -> None:
        self.stack = stack
        self.lost_datagrams = 0
        self._transmit = transmit
        self._told = told
        self._endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._waiting: dict[int, asyncio.Future[Answered | Failed]] = {}
        self._opened: asyncio.Future[None] = self._loop.create_future()

    @property
    def now_ms(self) -> float:
        """The loop's clock."""
        return self._loop.time() * 1000.0

    def start(self) -> None:
        """The transport is up."""
        self._took(self.stack.start(self.now_ms))

    def received(self, packet: bytes) -> None:
        """The transport brought a packet. After the end it counts for nothing."""
        if self._closed:
            return
        self._took(self.stack.receive(packet, self.now_ms))

    def reset(self) -> None:
        """Begin a new session."""
        self._took(self.stack.reset(self.now_ms))

    def send(self, datagram: bytes) -> Refusal | None:
        """A datagram for the peer, when there is no CoAP here; None when it was taken."""
        step = self.stack.send(datagram, self.now_ms)
        self._took(step)
        return step.refused

    def close(self) -> None:
        """The transport is gone. Whoever waits for an answer hears just that, and whoever asks later."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
            self._timer = None
        for event in self.stack.stop(self.now_ms).events:
            self._told(event)
        for handle, future in self._waiting.items():
            if not future.done():
                future.set_result(Failed(handle, Failure.LINK_GONE))
        self._waiting.clear()
        self._opened.cancel()

    async def opened(self) -> None:
        """Wait until a session is open for the first time."""
        await asyncio.shield(self._opened)

    async def request(self, request: Request) -> Answered | Failed:
        """Ask the peer. ValueError without CoAP here."""
        if self._endpoint is None:
            raise ValueError("this link has no CoAP endpoint")
        if self._closed:
            return Failed(0, Failure.LINK_GONE)
        handle, step = self._endpoint.request(request, self.now_ms)
        future: asyncio.Future[Answered | Failed] = self._loop.create_future()
        self._waiting[handle] = future
        self._coap(step)
        self._plan()
        try:
            return await future
        finally:
            if self._waiting.pop(handle, None) and not self._closed:
                self._coap(self._endpoint.cancel(handle, self.now_ms))
                self._plan()

    def _took(self, step: Step) -> None:
        for packet in step.packets:
            self._transmit(packet)
        for event in step.events:
            if isinstance(event, Datagram) and self._endpoint:
                self._coap(self._endpoint.receive(event.data, self.now_ms))
            else:
                self._told(event)
        if self.stack.open and not self._opened.done():
            self._opened.set_result(None)
        self._plan()

    def _coap(self, step: CoapStep) -> None:
        for datagram in step.datagrams:
            below = self.stack.send(datagram, self.now_ms)
            self.lost_datagrams += below.refused is not None
            for packet in below.packets:
                self._transmit(packet)
            for event in below.events:
                self._told(event)
        for outcome in step.events:
            self._told(outcome)
            if isinstance(outcome, Answered | Failed):
                future = self._waiting.pop(outcome.handle, None)
                if future and not future.done():
                    future.set_result(outcome)

    def _plan(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        waits = (self.stack.deadline_ms, self._endpoint.deadline_ms if self._endpoint else None)
        due_ms = min((at for at in waits if at is not None), default=None)
        if due_ms is not None:
            self._timer = self._loop.call_at(due_ms / 1000.0, self._tick)

    def _tick(self) -> None:
        if self._endpoint:
            self._coap(self._endpoint.tick(self.now_ms))
        self._took(self.stack.tick(self.now_ms))
