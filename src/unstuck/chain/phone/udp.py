"""The agent's end of a link over UDP, for virtual trackers: requests enter, answers or silence leave."""

import asyncio
import random

from unstuck.chain.link.coap import Answered, Endpoint, Failed, Failure, Request
from unstuck.chain.link.driver import Driver
from unstuck.chain.link.settings import Settings
from unstuck.chain.link.stack import Role, Stack
from unstuck.chain.link.udp import Address, UdpPort, open_port

PACKET_BYTES = 244
"""Longest Gattlink packet: what one LE data packet of 251 bytes carries below L2CAP and ATT headers."""

ANSWER_WAIT_S = 45.0
"""Real seconds after which a request counts as unanswered: ten retransmissions of Gattlink. A tracker
near by answers within one."""


class UdpLink:
    """A link to one tracker. ``requests``, ``moved_bytes``: asked and answered since it was opened."""

    def __init__(self, driver: Driver, port: UdpPort) -> None:
        self.requests = 0
        self.moved_bytes = 0
        self._driver = driver
        self._port = port

    @property
    def open(self) -> bool:
        """Whether both ends agree on a session now."""
        return self._driver.stack.open

    async def request(self, request: Request) -> Answered | Failed:
        """Ask the tracker; silence is an answer too."""
        try:
            async with asyncio.timeout(ANSWER_WAIT_S):
                if not self.open:
                    await self._driver.opened()
                answer = await self._driver.request(request)
        except TimeoutError:
            return Failed(0, Failure.NO_ANSWER)
        self.requests += 1
        if isinstance(answer, Answered):
            self.moved_bytes += len(request.payload) + len(answer.response.payload)
        return answer

    async def close(self) -> None:
        """End the session and give the port back."""
        self._driver.close()
        self._port.close()


async def open_link(tracker: Address, local_host: str) -> UdpLink:
    """Begin a session with the tracker at this address. OSError when no port can be had."""
    drivers: list[Driver] = []

    def received(packet: bytes, _sender: Address) -> None:
        for driver in drivers:
            driver.received(packet)

    port = await open_port((local_host, 0), received, only=tracker)
    stack = Stack(Role.HUB, settings=Settings(packet_bytes=PACKET_BYTES))
    driver = Driver(stack, lambda packet: port.send(packet, tracker), lambda event: None, Endpoint(random.Random()))
    drivers.append(driver)
    driver.start()
    return UdpLink(driver, port)
