"""The tracker's host on a real Bluetooth controller: a transport's name enters, a host for the peripheral leaves.

A USB stick becomes a band that any phone can pair with. Names are Bumble's: ``usb:0``, ``serial:/dev/ttyACM0``,
``hci-socket:0``, ``tcp-client:HOST:PORT``.
"""

import asyncio
from pathlib import Path
from typing import Self

from bumble import core, hci
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host as BumbleHost
from bumble.transport import open_transport
from bumble.transport.common import Transport, TransportInitError, TransportSpecError
from usb1 import USBError

from unstuck.chain.link.radio.bonds import Bonds


class RealRadioError(Exception):
    """The controller cannot be had; the text says why."""


class RealHost:
    """A controller that this process has for itself."""

    def __init__(self, transport: Transport, address: str, keys: Path) -> None:
        self.own_address_type = hci.OwnAddressType.RANDOM
        self._transport = transport
        configuration = DeviceConfiguration(name="Unstuck", address=hci.Address(address))
        self.device = Device(config=configuration, host=BumbleHost(transport.source, transport.sink))
        self.device.keystore = Bonds(keys)
        self._going: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, radio: str, address: str, keys: Path) -> Self:
        """``address``: static random, for life; ``keys``: the file of its bonds. RealRadioError."""
        try:
            return cls(await open_transport(radio), address, keys)
        except (TransportSpecError, TransportInitError, USBError, OSError, ValueError, ImportError) as error:
            raise RealRadioError((str(error).splitlines() or [type(error).__name__])[0]) from error

    async def turn_on(self) -> None:
        """Reset the controller and set it up. RealRadioError: it does not answer."""
        if self._going is not None:
            await self._going
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self.device.power_on()
        except (core.BaseBumbleError, hci.HCI_Error, TimeoutError) as error:
            raise RealRadioError("the controller does not answer") from error

    def cut(self) -> None:
        """A reset: the controller drops every link without a word and advertises no more."""
        self._going = asyncio.get_running_loop().create_task(self._reset())

    async def close(self) -> None:
        """Give the controller back."""
        if self._going is not None:
            await self._going
        await self._transport.close()

    async def _reset(self) -> None:
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self.device.host.reset()
        except (core.BaseBumbleError, hci.HCI_Error, TimeoutError):
            return  # silent already


_ANSWER_S = 5.0
"""A controller answers a command within milliseconds; a USB stick that is starting takes a second or two."""
