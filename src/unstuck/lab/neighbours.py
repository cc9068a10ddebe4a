"""Other devices in the lab's air: one that only advertises, and a phone that takes the tracker for itself."""

import asyncio
from contextlib import suppress

from bleak.exc import BleakError
from bumble.core import AdvertisingData, BaseBumbleError

from unstuck.chain.link.coap import Code, Request
from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.central import VirtualPhone
from unstuck.chain.link.radio.host import Host
from unstuck.chain.link.radio.physics import Spot
from unstuck.chain.phone.bluetooth import BluetoothLink, Radio
from unstuck.chain.phone.tracker import TrackerError
from unstuck.chain.tracker.bluetooth.peripheral import Peripheral

ADVERT_MS = 2_000.0
"""A thermometer or a television: adverts every second or two."""

TRY_EVERY_S = 60.0
"""The other phone looks for the tracker this often while it has not got it."""


class Beacon:
    """Somebody's thermometer."""

    def __init__(self, air: Air, spot: Spot) -> None:
        self._host = Host("beacon", "C7:00:00:00:00:B1", air, None, spot)
        self._on = False

    async def start(self) -> None:
        """Advertise from now on."""
        await self._host.turn_on()
        await self._host.device.start_advertising(
            own_address_type=self._host.own_address_type,
            advertising_data=bytes(AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, b"Thermo")])),
            advertising_interval_min=ADVERT_MS,
            advertising_interval_max=ADVERT_MS,
        )
        self._on = True

    async def stop(self) -> None:
        """Silent."""
        if self._on:
            with suppress(BaseBumbleError):
                await self._host.turn_off()
            self._on = False


class OtherPhone:
    """An old phone that is set up with the tracker too: while it holds the link nobody else gets it."""

    def __init__(self, air: Air, spot: Spot) -> None:
        self.radio = VirtualPhone(Host("old phone", "02:55:4E:53:54:4C", air, None, spot))
        self.link = BluetoothLink("", Radio(self.radio.client, self.radio.scanner))
        self._task: asyncio.Task[None] | None = None

    async def follow(self, here: bool, peripheral: Peripheral) -> None:
        """Come or go. It was paired by its owner once, which the tracker's button allowed."""
        if here and self._task is None:
            await self.radio.host.turn_on()
            peripheral.open_pairing()
            self._task = asyncio.get_running_loop().create_task(self._hold())
        elif not here and self._task is not None:
            await self.stop()

    async def stop(self) -> None:
        """Gone, and its link with it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
            await self.link.close()
            await self.radio.host.turn_off()

    async def _hold(self) -> None:
        while True:
            if not self.link.open:
                with suppress(TrackerError, BleakError):
                    await self.link.request(Request(Code.GET, ("status",)))
            await asyncio.sleep(TRY_EVERY_S if not self.link.open else TRY_EVERY_S / 4)
