"""A device with Bluetooth in the air: Bumble's host on a controller of ours, with keys kept in a file, on and off."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from bumble import core, hci
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host as BumbleHost
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.snoop import Snooper
from bumble.transport.common import AsyncPipeSink

from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.bonds import Bonds
from unstuck.chain.link.radio.controller import RadioController
from unstuck.chain.link.radio.physics import Spot

# Bumble warns of packets for links that just ended: on a radio with losses that is everyday, not news for a terminal.
# Who wants to read them adds a handler to "bumble".
_LOG = logging.getLogger("bumble")
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False

_KEYS = (
    hci.HCI_LE_Long_Term_Key_Request_Reply_Command,
    hci.HCI_LE_Long_Term_Key_Request_Negative_Reply_Command,
)
_GONE = hci.HCI_ErrorCode.HARDWARE_FAILURE_ERROR

COMMAND_WAIT_S = 8.0
"""How long a host waits for a controller's answer to a command: Android's stack gives up after 8 s (osi alarm
"command_response_timer" was 8 s up to Android 9 and 2 s since; the patient one, so that nothing slow is cut off)."""

STATIC_RANDOM = 0xC0
"""Highest byte from which an address is a static random one (Core Specification vol. 6 part B, 1.3.2.1)."""


class _Bumble(BumbleHost):
    """Bumble's host on one of our controllers. What it lacks: a caller that is cancelled leaves its command half done,
    and the answer is then taken for the next one's; a controller without power leaves everybody waiting for ever.
    """

    def __init__(self, controller: RadioController) -> None:
        super().__init__()
        self._radio = controller
        self.set_packet_sink(AsyncPipeSink(controller))
        controller.set_packet_sink(self)

    async def _send_command(self, *args: Any, **kwargs: Any) -> Any:
        command = asyncio.ensure_future(super()._send_command(*args, **kwargs))
        try:
            return await asyncio.shield(command)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            # Both can come at once: then the caller is really to end, and must not take it for a failed command.
            if command.cancelled() and not (task is not None and task.cancelling()):
                raise hci.HCI_Error(_GONE) from None  # type: ignore[no-untyped-call]  # Bumble gives it no annotation
            await asyncio.wait((command,))
            raise

    async def send_sync_command(self, command: Any, response_timeout: float | None = None) -> Any:
        """As ever; nobody waits for the answer to a key, which is refused when the link has ended meanwhile."""
        try:
            return await super().send_sync_command(command, response_timeout)
        except hci.HCI_Error:
            if isinstance(command, _KEYS):
                return None
            raise

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """To the controller; without power a command fails at once, on one that hangs after a while."""
        if self._radio.powered:
            super().send_hci_packet(packet)
            if self._radio.stalled and isinstance(packet, hci.HCI_Command):
                asyncio.get_running_loop().call_later(COMMAND_WAIT_S, self._fail_command)
        elif isinstance(packet, hci.HCI_Command):
            self._fail_command()

    def on_packet(self, packet: bytes) -> None:
        """From the controller; what it said just before it lost its power is not heard."""
        if self._radio.powered:
            # Whoever was cancelled in this very moment is still among those that Bumble tells.
            with suppress(asyncio.InvalidStateError):
                super().on_packet(packet)

    def lose(self, *, connecting: bool) -> None:
        """The controller is gone: links are, and whoever waits hears that."""
        self._fail_command()
        for handle in list(self.connections):
            self.on_hci_disconnection_complete_event(
                hci.HCI_Disconnection_Complete_Event(status=0, connection_handle=handle, reason=_GONE)
            )
        if connecting:
            self.emit("connection_failure", core.PhysicalTransport.LE, hci.Address.ANY, _GONE)
        self.emit("flush")

    def _fail_command(self) -> None:
        if self.pending_response and not self.pending_response.done():
            self.pending_response.cancel()


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
        self._bumble = _Bumble(self.controller)
        self.device = Device(config=configuration, host=self._bumble)
        self.device.keystore = Bonds(keys) if keys else MemoryKeyStore()
        self.device.pairing_config_factory = lambda _connection: PairingConfig(
            sc=True,
            mitm=False,
            bonding=True,
            delegate=PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT),
            identity_address_type=identity,
        )
        self.on = False
        self._switching = asyncio.Lock()

    def snoop(self, snooper: Snooper | None) -> None:
        """Let all HCI from now on pass by a snooper."""
        self._bumble.snooper = snooper

    async def turn_on(self) -> None:
        """Bluetooth on; links from before are gone. HCI_Error: power was cut meanwhile."""
        async with self._switching:
            if self.on:
                return
            self.controller.powered = True
            await self.device.power_on()
            self.on = True

    async def turn_off(self) -> None:
        """Bluetooth off, links closed in order first, as a phone does."""
        async with self._switching:
            if not self.on:
                return
            self.on = False
            try:
                with suppress(core.BaseBumbleError):
                    await self._wind_down()
            finally:
                self._silent()

    def cut(self) -> None:
        """No power from this moment: nothing more is sent, the peers find out by their time-outs."""
        self.on = False
        self._silent()

    async def _wind_down(self) -> None:
        device = self.device
        if device.is_scanning:
            await device.stop_scanning()
        if device.is_advertising:
            await device.stop_advertising()
        if device.is_le_connecting:
            with suppress(hci.HCI_Error):  # it came about in this very moment and is closed below
                await device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
        reason = hci.HCI_ErrorCode.REMOTE_DEVICE_TERMINATED_CONNECTION_DUE_TO_POWER_OFF_ERROR
        for connection in list(device.connections.values()):
            with suppress(hci.HCI_Error):  # it ended while another one was being closed
                await connection.disconnect(reason)
        await device.power_off()

    def _silent(self) -> None:
        self.air.cut(self.controller)
        self.controller.le_connections.clear()
        self.controller.pending_le_connection = None
        self.controller.le_scan_enable = False
        self.controller.le_legacy_advertiser.stop()
        self.controller.powered = False
        self.device.scanning = False
        self.device.legacy_advertiser = None
        self.device.powered_on = False
        self._bumble.lose(connecting=self.device.is_le_connecting)
