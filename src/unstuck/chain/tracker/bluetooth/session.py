"""One phone's link to the tracker: Gattlink over its GATT connection, and how fast the link runs."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from bumble import core
from bumble import device as bumble_device
from bumble.gatt import Characteristic

from unstuck.chain.link.coap import Endpoint, Request, Response
from unstuck.chain.link.driver import Driver
from unstuck.chain.link.events import Event
from unstuck.chain.link.gatt import ids
from unstuck.chain.link.gatt.values import Command, PreferredConfiguration, PreferredMode
from unstuck.chain.link.settings import PACKET_DEFAULT_BYTES, Settings
from unstuck.chain.link.stack import Role, Stack
from unstuck.chain.tracker.bluetooth.pace import LinkPace

PACKET_BYTES = 244
"""Longest Gattlink packet: what one LE data packet of 251 bytes carries below L2CAP (4) and ATT (3). Longer ones would
be cut in two on the air and lost together."""

ATT_HEAD_BYTES = 3


class Session:
    """From connection to disconnection. ``handle``: answers CoAP requests; ``tx``: the characteristic to notify on."""

    def __init__(
        self,
        connection: bumble_device.Connection,
        tx: Characteristic[bytes],
        handle: Callable[[Request], Response],
        paced: Callable[[], Awaitable[None]],
    ) -> None:
        self.connection = connection
        self.pace = LinkPace()
        self.subscribed = False
        self._tx = tx
        self._handle = handle
        self._paced = paced
        self._loop = asyncio.get_running_loop()
        self.pace.asked_s = self._loop.time()
        self._closed = False
        self._updating = asyncio.Lock()
        self._driver: Driver | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._packets: asyncio.Queue[bytes] = asyncio.Queue()
        self._timer: asyncio.TimerHandle | None = None
        connection.on(connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, self.look)
        connection.on(connection.EVENT_CONNECTION_ATT_MTU_UPDATE, self._resize)

    @property
    def packet_bytes(self) -> int:
        """What one notification carries."""
        return max(PACKET_DEFAULT_BYTES, min(self.connection.att_mtu - ATT_HEAD_BYTES, PACKET_BYTES))

    def look(self) -> None:
        """Start Gattlink once the phone has subscribed on an encrypted link: nothing is told without the bond."""
        if self._closed or self._driver or not self.subscribed or not self.connection.is_encrypted:
            return
        stack = Stack(Role.NODE, settings=Settings(packet_bytes=self.packet_bytes))
        endpoint = Endpoint(random.Random(), self._answer)
        self._driver = Driver(stack, self._packets.put_nowait, self._told, endpoint)
        self._spawn(self._send())
        self._driver.start()
        self._spawn(self._read_wishes())

    def received(self, packet: bytes) -> None:
        """A packet of the phone. Without the bond it goes nowhere."""
        if self._driver and self.connection.is_encrypted:
            self._driver.received(packet)

    def close(self) -> None:
        """The connection is gone."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        if self._driver:
            self._driver.close()
            self._driver = None
        for task in self._tasks:
            task.cancel()

    def set_pace(self) -> None:
        """Bring the connection to the pace that is due, now or when it will be."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._closed:
            return
        due = self.pace.due(self._loop.time())
        if due is None:
            if self._loop.time() < self.pace.due_s():
                self._timer = self._loop.call_at(self.pace.due_s() + 0.01, self.set_pace)
            return
        self.pace.mode, pace = due
        self._spawn(self._update(pace.interval_min, pace.interval_max, pace.latency, pace.timeout_ms))
        self.set_pace()

    # inside

    def _answer(self, request: Request) -> Response:
        self.pace.asked_s = self._loop.time()
        self.set_pace()
        return self._handle(request)

    def _told(self, event: Event | object) -> None:
        """Gattlink's own events matter to nobody here; the connection says what the tracker's radio does."""

    def _resize(self) -> None:
        if self._driver:
            self._driver.stack.resize(self.packet_bytes)

    async def _send(self) -> None:
        device = self.connection.device
        while True:
            packet = await self._packets.get()
            with suppress(core.BaseBumbleError):
                await device.notify_subscriber(self.connection, self._tx, packet)

    async def _update(self, least: int, most: int, latency: int, timeout_ms: int) -> None:
        # One after another, in their order: Bumble takes the first answer for that of all.
        async with self._updating:
            with suppress(core.BaseBumbleError):
                await self.connection.update_parameters(least * 1.25, most * 1.25, latency, timeout_ms)
                await self._paced()

    async def _read_wishes(self) -> None:
        """Link Configuration of the phone, if it hosts one: read, and listen to changes."""
        peer = bumble_device.Peer(self.connection)
        with suppress(core.BaseBumbleError):
            services = await peer.discover_service(core.UUID(ids.LINK_CONFIGURATION_SERVICE))
            if services:
                await services[0].discover_characteristics()
                await self._follow(services[0].characteristics)
        self.set_pace()

    async def _follow(self, characteristics: list[Any]) -> None:
        for one in characteristics:
            uuid = one.uuid.to_hex_str("-").lower()
            if uuid == ids.PREFERRED_CONFIGURATION:
                with suppress(ValueError):
                    self.pace.wishes = PreferredConfiguration.from_bytes(await one.read_value())
            elif uuid == ids.PREFERRED_MODE:
                await one.discover_descriptors()
                await one.subscribe(self._wants)
                self._wants(await one.read_value())
            elif uuid == ids.GENERAL_PURPOSE_COMMAND:
                await one.discover_descriptors()
                await one.subscribe(self._ordered)

    def _wants(self, value: bytes) -> None:
        with suppress(ValueError, IndexError):
            self.pace.wanted = PreferredMode(value[0])
            self.set_pace()

    def _ordered(self, value: bytes) -> None:
        if value[:1] == bytes((Command.DISCONNECT,)):
            self._spawn(self._disconnect())

    async def _disconnect(self) -> None:
        with suppress(core.BaseBumbleError):
            await self.connection.disconnect()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
