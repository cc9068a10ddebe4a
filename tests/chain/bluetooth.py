"""Virtual Bluetooth for tests: phones and a tracker in one air, on a clock that jumps over all waiting."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice

from tests.chain.whole import CODE, TRACKER
from unstuck.chain.link.coap import Answered, Code, Request, Response
from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.central import VirtualPhone
from unstuck.chain.link.radio.host import Host
from unstuck.chain.link.radio.physics import Spot, Surroundings
from unstuck.chain.paced import run
from unstuck.chain.phone.bluetooth import BluetoothLink, Radio
from unstuck.chain.tracker.bluetooth.peripheral import Peripheral, Told, static_address
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity

Result = TypeVar("Result")

TRACKER_ADDRESS = static_address(TRACKER)
PHONE_ADDRESSES = ("02:55:4E:53:54:4B", "02:55:4E:53:54:4C")
NOW_S = 1_460_505_600
NEAR = Spot(2.0)
FAR = Spot(500.0)
"""Out of reach for good."""


def in_the_air(work: Coroutine[Any, Any, Result]) -> Result:
    """Run on the jumping clock; anything that went wrong unnoticed on the loop fails the test."""
    troubles: list[dict[str, Any]] = []

    async def watched() -> Result:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: troubles.append(context))
        return await work

    result = run(watched())
    assert not troubles, troubles
    return result


def now_s() -> float:
    """The air's clock."""
    return asyncio.get_running_loop().time()


class Room:
    """Phones on a table and a tracker near by. ``folder``: where bonds are kept; None: forgotten with the room."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        seed: int = 0,
        surroundings: Surroundings | None = None,
        spot: Spot = NEAR,
        phones: int = 1,
        begins_s: float = NOW_S,
        worn_s: float = 3 * 3600.0,
        tracker: Tracker | None = None,
    ) -> None:
        self.folder = folder
        self.air = Air(surroundings, seed)
        self.told: list[Told] = []
        self._loop = asyncio.get_running_loop()
        self.began_s = now_s()
        self.begins_s = begins_s
        self.phones = [
            VirtualPhone(Host(f"phone{place}", PHONE_ADDRESSES[place], self.air, self._keys(f"phone{place}")))
            for place in range(phones)
        ]
        self.phone = self.phones[0]
        self.wrist = Host("tracker", TRACKER_ADDRESS, self.air, self._keys("tracker"), spot)
        self.tracker = tracker or Tracker(
            Identity(TRACKER, "Unstuck One", "1.0.0"), RamFiles(), Generator(4), begins_s - worn_s
        )
        self.tracker.advance(begins_s)
        self.peripheral = Peripheral(self.tracker, self.wrist, self.true_time, self.told.append, code=CODE)
        self._stack = AsyncExitStack()

    def true_time(self) -> float:
        """Unix seconds; from any thread."""
        return self.begins_s + self._loop.time() - self.began_s

    async def __aenter__(self) -> "Room":
        for phone in self.phones:
            await phone.host.turn_on()
            self._stack.push_async_callback(phone.host.turn_off)
        await self.peripheral.start()
        self._stack.push_async_callback(self.peripheral.stop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def move(self, spot: Spot) -> None:
        """The wrist is elsewhere now."""
        self.wrist.controller.spot = spot
        self.air.changed()

    def link(self, phone: int = 0, **options: Any) -> BluetoothLink:
        """The agent's link from a phone; closed with the room."""
        made = BluetoothLink("", Radio(self.phones[phone].client, self.phones[phone].scanner), **options)
        self._stack.push_async_callback(made.close)
        return made

    async def found(self, phone: int = 0, timeout_s: float = 10.0) -> BLEDevice | None:
        """The tracker as a phone hears it."""
        return await BleakScanner.find_device_by_filter(
            lambda _device, _advert: True, timeout_s, backend=self.phones[phone].scanner
        )

    async def connected(
        self, phone: int = 0, *, gone: Callable[[BleakClient], None] | None = None, timeout_s: float = 10.0
    ) -> BleakClient:
        """A client that is connected, not yet paired."""
        device = await self.found(phone)
        assert device is not None
        client = BleakClient(device, gone, timeout=timeout_s, backend=self.phones[phone].client)
        await client.connect()
        return client

    def _keys(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / f"{name}-keys.json"


async def asked(link: BluetoothLink, *path: str) -> Response:
    """The answer to a GET."""
    answer = await link.request(Request(Code.GET, path))
    assert isinstance(answer, Answered), answer
    return answer.response
