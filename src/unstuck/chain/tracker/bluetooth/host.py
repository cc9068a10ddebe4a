"""What the peripheral runs on, and the gate it sets before pairing."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bumble import device as bumble_device
from bumble import hci
from bumble.pairing import PairingDelegate


class BluetoothHost(Protocol):
    """What the peripheral runs on: a host on the virtual radio, or Bumble on a real controller."""

    device: bumble_device.Device
    own_address_type: hci.OwnAddressType

    async def turn_on(self) -> None:
        """Bluetooth on."""

    def cut(self) -> None:
        """Silent from this moment, without a word."""


class Gate(PairingDelegate):
    """Asks before a phone may pair."""

    def __init__(self, may: Callable[[], Awaitable[bool]]) -> None:
        super().__init__(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT)
        self._may = may

    async def accept(self) -> bool:
        """Whether to."""
        return await self._may()
