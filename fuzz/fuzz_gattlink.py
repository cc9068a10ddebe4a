"""The link: any packets at any times never raise, never break its own rules, and a new session is always possible.

The first byte of an input chooses stack, windows and packet size; the rest is a script: (what, size) pairs with bytes
behind them. Packets go to one end of a whole stack with CoAP on top, so frames, IP, compression and CoAP are reached.
"""

import random

from unstuck.chain.link import Gattlink, Role, Settings, Stack, StackKind, Step, frames
from unstuck.chain.link.coap import CoapStep, Code, Endpoint, Request
from unstuck.chain.link.events import Datagram
from unstuck.chain.link.samples import SampleResources

LOADED_NOW = (Gattlink, frames)
"""Instrumented with the rest."""

WINDOWS = (1, 2, 8, 31)
PACKET_BYTES = (5, 20, 64, 512)
CHOICES = 8
"""What a step of the script does; the first three give the peer's next packet in order, so that frames come through."""


class Link:
    """One end and what a peer that keeps to the rules would number its packets."""

    def __init__(self, choice: int) -> None:
        windows = WINDOWS[choice >> 2 & 3], WINDOWS[choice >> 4 & 3]
        settings = Settings(PACKET_BYTES[choice & 3], *windows, compress=bool(choice & 0x80))
        kind = StackKind.G if choice & 0x40 else StackKind.SNG
        self.stack = Stack(Role.NODE, kind, settings, monitor=True)
        self.coap = Endpoint(random.Random(choice), SampleResources())
        self.now_ms = 0.0
        self.number = 0

    def took(self, step: Step) -> None:
        """Check what came out, pass it on."""
        for packet in step.packets:
            if not 1 <= len(packet) <= self.stack.gattlink.packet_bytes:
                raise AssertionError(f"a packet of {len(packet)} bytes")
            if packet[0] >= 0x80:
                self.number = 0
        for event in step.events:
            if isinstance(event, Datagram):
                self.answered(self.coap.receive(event.data, self.now_ms))

    def answered(self, step: CoapStep) -> None:
        """What CoAP sends goes back over the link."""
        for datagram in step.datagrams:
            self.took(self.stack.send(datagram, self.now_ms))

    def step(self, what: int, data: bytes) -> None:
        """One step of the script."""
        if what < 3:
            self.took(self.stack.receive(bytes((self.number,)) + data, self.now_ms))
            self.number = (self.number + 1) % 32
        elif what == 3:
            self.took(self.stack.receive(data, self.now_ms))
        elif what == 4:
            self.now_ms += int.from_bytes(data[:2], "big")
            self.took(self.stack.tick(self.now_ms))
            self.answered(self.coap.tick(self.now_ms))
        elif what == 5:
            self.took(self.stack.send(data, self.now_ms))
        elif what == 6:
            request = Request(Code.PUT, ("store", "x"), payload=data * 20)
            self.answered(self.coap.request(request, self.now_ms)[1])
        else:
            self.open()

    def open(self) -> None:
        """What a peer does to open a session."""
        self.took(self.stack.receive(b"\x80", self.now_ms))
        self.took(self.stack.receive(bytes.fromhex("8100000808"), self.now_ms))
        if not self.stack.open:
            raise AssertionError("a new session was refused")


def one_input(data: bytes) -> None:
    """One input."""
    if not data:
        return
    link = Link(data[0])
    link.took(link.stack.start(0.0))
    link.open()
    at = 1
    while at + 2 <= len(data):
        link.step(data[at] % CHOICES, data[at + 2 : at + 2 + data[at + 1]])
        at += 2 + data[at + 1]
    link.open()
    for _ in range(1000):
        due_ms = link.stack.deadline_ms
        if due_ms is None:
            return
        link.now_ms = max(link.now_ms, due_ms)
        link.took(link.stack.tick(link.now_ms))
        if link.stack.deadline_ms == due_ms:
            raise AssertionError("a deadline that does not pass")
