"""A device with Bluetooth in the air: Bumble's host on a controller of ours, with keys kept in a file, on and off."""

import logging
from pathlib import Path

from bumble import hci
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host as BumbleHost
from bumble.keys import JsonKeyStore, MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.snoop import Snooper
from bumble.transport.common import AsyncPipeSink

from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.controller import RadioController
from unstuck.chain.link.radio.physics import Spot

# Bumble warns of packets for links that just ended: on a radio with losses that is everyday, not news for a terminal.
# Who wants to read them adds a handler to "bumble".
_LOG = logging.getLogger("bumble")
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False

STATIC_RANDOM = 0xC0
"""Highest byte from which an address is a static random one (Core Specification vol. 6 part B, 1.3.2.1)."""


class Host:
    """``address``: as ``AA:BB:CC:DD:EE:FF``; static random when its two highest bits are set (trackers), else public
    (phones). ``keys``: file of its bonds; None: forgotten with the process.

    Must be made on a running loop; call :meth:`turn_on` before use.
    """

    def __init__(self, name: str, address: str, air: Air, keys: Path | None = None, spot: Spot | None = None) -> None:
        self.air = air
        static = int(address[:2], 16) >= STATIC_RANDOM
        self.own_address_type = hci.OwnAddressType.RANDOM if static else hci.OwnAddressType.PUBLIC
        self.controller = RadioController(name, air, None if static else address, spot)
        kind = hci.Address.RANDOM_DEVICE_ADDRESS if static else hci.Address.PUBLIC_DEVICE_ADDRESS
        identity = PairingConfig.AddressType.RANDOM if static else PairingConfig.AddressType.PUBLIC
        configuration = DeviceConfiguration(name=name, address=hci.Address(address, kind))
        self._bumble = BumbleHost()
        self._bumble.set_packet_sink(AsyncPipeSink(self.controller))
        self.controller.set_packet_sink(self._bumble)
        self.device = Device(config=configuration, host=self._bumble)
        self.device.keystore = JsonKeyStore(None, str(keys)) if keys else MemoryKeyStore()
        self.device.pairing_config_factory = lambda _connection: PairingConfig(
            sc=True,
            mitm=False,
            bonding=True,
            delegate=PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT),
            identity_address_type=identity,
        )
        self.on = False

    def snoop(self, snooper: Snooper | None) -> None:
        """Let all HCI from now on pass by a snooper."""
        self._bumble.snooper = snooper

    async def turn_on(self) -> None:
        """Bluetooth on; links from before are gone."""
        self.controller.powered = True
        await self.device.power_on()
        self.on = True

    async def turn_off(self) -> None:
        """Bluetooth off, links closed in order first, as a phone does."""
        if not self.on:
            return
        self.on = False
        for connection in list(self.device.connections.values()):
            await connection.disconnect(hci.HCI_ErrorCode.REMOTE_DEVICE_TERMINATED_CONNECTION_DUE_TO_POWER_OFF_ERROR)
        await self.device.power_off()
        self._silent()

    def cut(self) -> None:
        """No power from this moment: nothing more is sent, the peers find out by their time-outs."""
        self.on = False
        self._silent()
        for connection in list(self.device.connections.values()):
            self.device.on_disconnection(connection.handle, hci.HCI_ErrorCode.HARDWARE_FAILURE_ERROR)

    def _silent(self) -> None:
        self.air.cut(self.controller)
        self.controller.le_connections.clear()
        self.controller.pending_le_connection = None
        self.controller.le_scan_enable = False
        self.controller.le_legacy_advertiser.stop()
        self.controller.powered = False
