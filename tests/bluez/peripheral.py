"""A plain peripheral on the host, with which the harness is proven before a tracker stands there."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bumble import hci
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.data_types import CompleteLocalName, Flags
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, Service
from bumble.host import Host
from bumble.keys import PairingKeys
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from tests.bluez.air import NOT_SPOKEN, Air
from tests.bluez.uuids import COUNT, OPEN, SECRET, SERVICE

OPEN_VALUE = b"anybody may read this"
SECRET_VALUE = b"only over an encrypted link"

FOUND_BY_ALL = AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED
"""Linux leaves a device out that does not say it is discoverable, and tries BR/EDR unless told."""

IRK = bytes(range(16))
"""Linux refuses Bumble's default, which is all zeros. The device never hides its address, so it is not a secret."""

ADVERTISING_MS = 250
"""A scan sees it soon. At 50 ms, twice, a guest without KVM on a busy machine lags seconds behind what it hears."""


@dataclass
class Peripheral:
    """The device, and what happened to it."""

    air: Air
    controller: Controller
    device: Device
    counter: Characteristic[bytes]
    pairings: list[PairingKeys] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """HCI reasons for which connections ended."""

    async def notify(self, value: bytes) -> None:
        """Send a notification to whoever subscribed."""
        await self.device.notify_subscribers(self.counter, value)

    async def vanish(self) -> None:
        """Go out of reach."""
        await self.air.lose(self.controller)

    async def come_back(self) -> None:
        """Be in reach, and advertise as a real one does that has lost its phone."""
        self.air.back(self.controller)
        await self.advertise()

    async def forget(self) -> None:
        """Lose all keys, as after a reset, and with them the connection."""
        assert self.device.keystore is not None
        await self.device.keystore.delete_all()
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    async def advertise(self) -> None:
        """Start advertising, and again after each connection."""
        await self.device.stop_advertising()
        await self.device.start_advertising(
            own_address_type=hci.OwnAddressType.PUBLIC,
            auto_restart=True,
            advertising_interval_min=ADVERTISING_MS,
            advertising_interval_max=ADVERTISING_MS,
        )


@contextlib.asynccontextmanager
async def advertising(air: Air, name: str, address: str) -> AsyncIterator[Peripheral]:
    """A peripheral with a public address that advertises, and bonds unasked (LE Secure Connections, just works)."""
    public = hci.Address(address, hci.Address.PUBLIC_DEVICE_ADDRESS)
    controller = Controller(name, link=air, public_address=public)
    controller.le_features &= ~NOT_SPOKEN
    advert = AdvertisingData([Flags(FOUND_BY_ALL), CompleteLocalName(name)])
    settings = DeviceConfiguration(name=name, address=public, advertising_data=bytes(advert), irk=IRK)
    device = Device(config=settings, host=Host(controller, AsyncPipeSink(controller)))
    device.pairing_config_factory = lambda connection: PairingConfig(
        sc=True,
        mitm=False,
        bonding=True,
        delegate=PairingDelegate(),
        identity_address_type=PairingConfig.AddressType.PUBLIC,
    )
    read, notify = Characteristic.Properties.READ, Characteristic.Properties.NOTIFY
    encrypted = Characteristic.READ_REQUIRES_ENCRYPTION
    counter = Characteristic(UUID(COUNT), notify, Characteristic.READABLE, b"")
    device.add_service(
        Service(
            UUID(SERVICE),
            [
                Characteristic(UUID(OPEN), read, Characteristic.READABLE, OPEN_VALUE),
                Characteristic(UUID(SECRET), read, Characteristic.READABLE | encrypted, SECRET_VALUE),
                counter,
            ],
        )
    )
    peripheral = Peripheral(air, controller, device, counter)

    def on_connection(connection: Connection) -> None:
        connection.on("pairing", peripheral.pairings.append)
        connection.on("disconnection", peripheral.ends.append)

    device.on("connection", on_connection)
    await device.power_on()
    await peripheral.advertise()
    yield peripheral
    # The air is shared, and whatever advertises costs the guest time.
    await device.power_off()
    air.remove_controller(controller)
