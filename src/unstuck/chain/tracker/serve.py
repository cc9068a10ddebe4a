"""A tracker on UDP: the one place where it meets the network and the clock of this machine."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from unstuck.chain.link.coap import Endpoint
from unstuck.chain.link.driver import Driver
from unstuck.chain.link.events import Opened, Reset, Stalled, StallEnded
from unstuck.chain.link.settings import Settings
from unstuck.chain.link.stack import Role, Stack
from unstuck.chain.link.udp import Address, open_port
from unstuck.chain.tracker.device import Tracker

TICK_S = 1.0
"""How often it looks whether a minute is over (real seconds): a minute is recorded at most so late."""

PACKET_BYTES = 244
"""Longest Gattlink packet: what one LE data packet of 251 bytes carries below L2CAP and ATT headers."""

PEERS_MOST = 4
"""Phones at once, as a band has connection slots; the one longest silent makes room."""

TrueTime = Callable[[], float]


def accelerated(start_s: float, speed: float) -> TrueTime:
    """A true time (Unix s) that begins at ``start_s`` now and passes ``speed`` times as fast as real time."""
    began = time.monotonic()
    return lambda: start_s + (time.monotonic() - began) * speed


class Peers:
    """The links to the phones that speak to this port, one each."""

    def __init__(self, tracker: Tracker, true_time: TrueTime, send: Callable[[bytes, Address], None]) -> None:
        self._tracker = tracker
        self._true_time = true_time
        self._send = send
        self._drivers: dict[Address, Driver] = {}

    def received(self, packet: bytes, sender: Address) -> None:
        """A packet from a phone, known or not."""
        driver = self._drivers.pop(sender, None)
        if driver is None:
            if len(self._drivers) >= PEERS_MOST:
                self._drivers.pop(next(iter(self._drivers))).close()
            driver = self._link(sender)
        self._drivers[sender] = driver
        driver.received(packet)

    def close(self) -> None:
        """End every link."""
        for driver in self._drivers.values():
            driver.close()
        self._drivers.clear()

    def _link(self, peer: Address) -> Driver:
        endpoint = Endpoint(random.Random(), self._tracker.handler(self._true_time))
        stack = Stack(Role.NODE, settings=Settings(packet_bytes=PACKET_BYTES))
        driver = Driver(stack, lambda packet: self._send(packet, peer), self._told, endpoint)
        driver.start()
        return driver

    def _told(self, event: Any) -> None:
        if isinstance(event, Opened | StallEnded):
            self._tracker.radio.connected(self._true_time())
        elif isinstance(event, Reset | Stalled):
            self._tracker.radio.disconnected(self._true_time())


async def serve(
    tracker: Tracker,
    local: Address,
    true_time: TrueTime = time.time,
    *,
    ready: Callable[[Address], None] = lambda address: None,
) -> None:
    """Run a tracker until cancelled. ``ready`` hears where it listens. OSError: port or memory cannot be used."""
    peers: Peers | None = None

    def received(packet: bytes, sender: Address) -> None:
        if peers:
            peers.received(packet, sender)

    port = await open_port(local, received)
    peers = Peers(tracker, true_time, port.send)
    try:
        ready(port.address)
        while True:
            tracker.advance(true_time())
            await asyncio.sleep(TICK_S)
    finally:
        peers.close()
        port.close()
