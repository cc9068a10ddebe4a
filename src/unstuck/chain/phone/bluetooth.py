"""The agent's end of a link over Bluetooth, through bleak: requests enter, answers or a typed reason leave.

The same on BlueZ, macOS and Windows and, with the backend of ``chain/link/radio``, on the virtual radio. The order is
Golden Gate's: find, connect, prove the attribute table current, pair if need be, subscribe, open Gattlink.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from bleak_retry_connector import (
    BleakAbortedError,
    BleakConnectionError,
    BleakNotFoundError,
    BleakOutOfConnectionSlotsError,
    establish_connection,
)

from unstuck.chain.link.coap import Answered, Endpoint, Failed, Failure, Request
from unstuck.chain.link.driver import Driver
from unstuck.chain.link.gatt import ids
from unstuck.chain.link.settings import PACKET_DEFAULT_BYTES, Settings
from unstuck.chain.link.stack import Role, Stack
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.tracker import TrackerError

SCAN_S = 15.0
"""How long the tracker is listened for: a dozen of its slowest adverts (1 s), of which a phone's scan hears half."""

CONNECT_ATTEMPTS = 2
"""One more than one: the first packet of a connection is lost now and then even near by."""

ANSWER_WAIT_S = 60.0
"""After which a request counts as unanswered on a link that stays up: fifteen retransmissions of Gattlink."""

PACKET_BYTES = 244
"""Longest Gattlink packet: what one LE data packet of 251 bytes carries below L2CAP and ATT headers."""

WEAK_DBM = -85
"""Below this an advert says that the tracker is at the edge of reach (facts of real traces: losses begin there)."""

_NEEDS_KEY = {
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
}
_OFF = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: Outcome.BLUETOOTH_ABSENT,
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: Outcome.BLUETOOTH_ABSENT,
    BleakBluetoothNotAvailableReason.POWERED_OFF: Outcome.BLUETOOTH_OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: Outcome.BLUETOOTH_DENIED,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: Outcome.BLUETOOTH_DENIED,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: Outcome.BLUETOOTH_DENIED,
}


@dataclass(frozen=True, slots=True)
class Radio:
    """Which Bluetooth: None, None is that of this machine."""

    client: type[BaseBleakClient] | None = None
    scanner: type[BaseBleakScanner] | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The tracker's last advert: address, name, signal (dBm)."""

    address: str
    name: str
    rssi_dbm: int


def adapter_present() -> bool:
    """Whether this machine has a Bluetooth adapter, as far as can be told without using it. Only Linux says so."""
    return not sys.platform.startswith("linux") or any(Path("/sys/class/bluetooth").glob("hci*"))


class BluetoothLink:
    """A link to one tracker, made when it is first asked something and kept open after that.

    ``wanted``: address or name; empty: any tracker with Gattlink. ``pair_again``: forget the old keys at the next
    connection. ``requests``, ``moved_bytes``: asked and answered. ``on_change`` is called when the link comes or goes.
    """

    def __init__(
        self, wanted: str, radio: Radio, *, pair_again: bool = False, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self.requests = 0
        self.moved_bytes = 0
        self.heard: Heard | None = None
        self.pair_again = pair_again
        self._wanted = wanted.lower()
        self._radio = radio
        self._on_change = on_change
        self._client: BleakClient | None = None
        self._driver: Driver | None = None
        self._packets: asyncio.Queue[bytes] = asyncio.Queue()
        self._sending: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()

    @property
    def open(self) -> bool:
        """Whether both ends agree on a session now."""
        return self._driver is not None and self._driver.stack.open

    async def request(self, request: Request) -> Answered | Failed:
        """Ask the tracker. TrackerError: Bluetooth is why not; no answer on a live link is an answer too."""
        driver = await self._linked()
        try:
            async with asyncio.timeout(ANSWER_WAIT_S):
                await driver.opened()
                answer = await driver.request(request)
        except TimeoutError:
            answer = Failed(0, Failure.NO_ANSWER)
        except asyncio.CancelledError:
            # The session ended while it was being opened; a caller that was cancelled itself is cancelled on.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise self._lost() from None
        if isinstance(answer, Failed) and answer.failure is Failure.LINK_GONE:
            raise self._lost()
        if isinstance(answer, Failed) and answer.failure is Failure.NO_ANSWER and driver is self._driver:
            # Whatever has stopped at the other end of a link that stays up, the next attempt begins anew.
            await self.close()
        self.requests += 1
        if isinstance(answer, Answered):
            self.moved_bytes += len(request.payload) + len(answer.response.payload)
        return answer

    async def close(self) -> None:
        """End the session and the connection in order."""
        self._ended()
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.disconnect()
            except (BleakError, OSError, EOFError):
                return  # it is gone in any case

    # connecting

    async def _linked(self) -> Driver:
        async with self._connecting:
            if self._driver is not None:
                return self._driver
            await self.close()
            device = await self._find()
            try:
                if self.pair_again:
                    await self._forget(device)
                    self.pair_again = False
                    device = await self._find()
                return await self._connect(device)
            except BleakOutOfConnectionSlotsError as error:
                raise TrackerError(Outcome.NO_SLOT, _short(error)) from error
            except BleakError as error:
                raise self._failed(error) from error
            except (OSError, EOFError, TimeoutError) as error:
                raise TrackerError(Outcome.NOT_CONNECTED, self._detail(_short(error))) from error
            finally:
                if self._driver is None:
                    await self.close()

    async def _find(self) -> BLEDevice:
        def fits(device: BLEDevice, advert: AdvertisementData) -> bool:
            gattlink = {ids.GATTLINK_SERVICE, ids.GATTLINK_SERVICE_SIG} & set(advert.service_uuids)
            named = self._wanted in (device.address.lower(), (advert.local_name or device.name or "").lower())
            if not (named if self._wanted else gattlink):
                return False
            self.heard = Heard(device.address, advert.local_name or device.name or "", advert.rssi)
            return True

        try:
            async with asyncio.timeout(SCAN_S), BleakScanner(backend=self._radio.scanner) as scanner:
                async for device, advert in scanner.advertisement_data():
                    if fits(device, advert):
                        return device
        except TimeoutError as error:
            raise TrackerError(Outcome.TRACKER_NOT_HEARD, self._detail(f"no advert in {SCAN_S:g} s")) from error
        except BleakBluetoothNotAvailableError as error:
            raise TrackerError(_OFF.get(error.reason, Outcome.BLUETOOTH_FAILED), _short(error)) from error
        except (BleakError, OSError, EOFError) as error:
            raise self._failed(error, scanning=True) from error
        raise TrackerError(Outcome.BLUETOOTH_FAILED, "the scan ended by itself")

    async def _connect(self, device: BLEDevice) -> Driver:
        client = self._client = await establish_connection(
            BleakClient,
            device,
            device.name or device.address,
            disconnected_callback=self._disconnected,
            max_attempts=CONNECT_ATTEMPTS,
            backend=self._radio.client,
        )
        rx, tx = _gattlink(client)
        await self._prove_current(client)
        await self._pair_if_needed(client)
        packet_bytes = max(PACKET_DEFAULT_BYTES, min(rx.max_write_without_response_size, PACKET_BYTES))
        stack = Stack(Role.HUB, settings=Settings(packet_bytes=packet_bytes))
        self._packets = asyncio.Queue()
        driver = Driver(stack, self._packets.put_nowait, lambda event: None, Endpoint(random.Random()))
        await client.start_notify(tx, lambda _characteristic, value: driver.received(bytes(value)))
        if not client.is_connected:
            raise BleakError("the link was lost while it was set up")
        self._driver = driver
        self._sending = asyncio.get_running_loop().create_task(self._send(client, rx, self._packets))
        driver.start()
        self._on_change()
        return driver

    async def _forget(self, device: BLEDevice) -> None:
        """Drop this side's key; the system may drop the device with it, so it is looked for anew after that."""
        await BleakClient(device, backend=self._radio.client).unpair()

    @staticmethod
    async def _prove_current(client: BleakClient) -> None:
        """Golden Gate's proof that this side's copy of the attribute table is current; trackers without it go on."""
        pointer = client.services.get_characteristic(ids.EPHEMERAL_POINTER)
        ephemeral = client.services.get_characteristic(ids.EPHEMERAL)
        if pointer is not None and ephemeral is not None:
            await client.read_gatt_char(pointer)
            await client.write_gatt_char(ephemeral, b"\x00", response=True)

    async def _pair_if_needed(self, client: BleakClient) -> None:
        """Reading what needs the key shows whether there is one; without, pair and read again."""
        secure = client.services.get_characteristic(ids.SECURE)
        if secure is None:
            return
        try:
            await client.read_gatt_char(secure)
        except BleakGATTProtocolError as error:
            if error.code not in _NEEDS_KEY:
                raise
        else:
            return
        try:
            await client.pair()
            await client.read_gatt_char(secure)
        except BleakBluetoothNotAvailableError:
            raise
        except BleakError as error:
            refused = client.is_connected or (isinstance(error, BleakDBusError) and _REFUSED in error.dbus_error)
            if not refused:
                raise  # the link was lost meanwhile: nobody refused anything
            raise TrackerError(Outcome.PAIRING_REFUSED, _short(error)) from error

    async def _send(self, client: BleakClient, rx: BleakGATTCharacteristic, packets: asyncio.Queue[bytes]) -> None:
        """Packets in their order; one that the system will not take is lost, and Gattlink sends it again."""
        while True:
            packet = await packets.get()
            try:
                await client.write_gatt_char(rx, packet, response=False)
            except (BleakError, OSError, EOFError):
                if not client.is_connected:
                    return

    # ending

    def _disconnected(self, client: BleakClient) -> None:
        if client is self._client:
            self._ended()

    def _ended(self) -> None:
        driver, self._driver = self._driver, None
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        if driver is not None:
            driver.close()
            self._on_change()

    # reasons

    def _lost(self) -> TrackerError:
        return TrackerError(Outcome.LINK_LOST, self._detail("the link ended without a word"))

    def _failed(self, error: Exception, *, scanning: bool = False) -> TrackerError:
        """The reason in an error of bleak's. It has types for few, so texts are read, as bleak-retry-connector does."""
        text, reason = _short(error), _inner(error)
        if isinstance(reason, BleakBluetoothNotAvailableError):
            return TrackerError(_OFF.get(reason.reason, Outcome.BLUETOOTH_FAILED), text)
        if isinstance(reason, BleakDBusError) and reason.dbus_error in _DBUS:
            return TrackerError(_DBUS[reason.dbus_error], text)
        if any(sign in text.lower() for sign in _KEY_SIGNS):
            return TrackerError(Outcome.KEY_MISSING, text)
        if "slot" in text:
            return TrackerError(Outcome.NO_SLOT, text)
        if scanning:
            there = self._radio.scanner is not None or adapter_present()
            return TrackerError(Outcome.BLUETOOTH_FAILED if there else Outcome.BLUETOOTH_ABSENT, text)
        return TrackerError(Outcome.NOT_CONNECTED, self._detail(text))

    def _detail(self, text: str) -> str:
        if self.heard is None:
            return text
        edge = ", at the edge of reach" if self.heard.rssi_dbm <= WEAK_DBM else ""
        return f"{text}; last heard at {self.heard.rssi_dbm} dBm{edge}"


_DBUS = {
    "org.bluez.Error.NotReady": Outcome.BLUETOOTH_OFF,
    "org.freedesktop.DBus.Error.ServiceUnknown": Outcome.BLUETOOTH_FAILED,
    "org.freedesktop.DBus.Error.Spawn.ChildExited": Outcome.BLUETOOTH_FAILED,
    "org.freedesktop.DBus.Error.AccessDenied": Outcome.BLUETOOTH_DENIED,
    "org.freedesktop.DBus.Error.NoReply": Outcome.BLUETOOTH_FAILED,
}
"""D-Bus errors of BlueZ that say what is wrong with this machine's Bluetooth itself."""

_REFUSED = "org.bluez.Error.Authentication"
"""What BlueZ's errors of pairing begin with; it closes the link with them."""

_KEY_SIGNS = ("0x06", "0x3d", "key missing")
"""The tracker has no key any more (0x06), or another one: encrypting fails and ends the link (0x3d)."""

_DETAIL_LETTERS = 160


def _short(error: BaseException) -> str:
    """One line of it; of a wrapper with advice for other people's set-ups, that of what is inside."""
    reason = _inner(error)
    said = str(reason.args[0]) if isinstance(reason, BleakBluetoothNotAvailableError) else str(reason)
    return (said.splitlines() or [""])[0][:_DETAIL_LETTERS] or type(reason).__name__


def _inner(error: BaseException) -> BaseException:
    return error.__cause__ if isinstance(error, _WRAPPERS) and error.__cause__ else error


_WRAPPERS = (BleakOutOfConnectionSlotsError, BleakNotFoundError, BleakAbortedError, BleakConnectionError)


def _gattlink(client: BleakClient) -> tuple[BleakGATTCharacteristic, BleakGATTCharacteristic]:
    """The two characteristics of Gattlink, under either id of its service."""
    rx = client.services.get_characteristic(ids.GATTLINK_RX)
    tx = client.services.get_characteristic(ids.GATTLINK_TX)
    if rx is None or tx is None:
        raise TrackerError(Outcome.NO_GATTLINK, "it has no Gattlink service")
    return rx, tx
