"""A phone's Bluetooth on the virtual radio, spoken to through bleak's interface: the agent sees no difference.

bleak takes a class as its backend; ``VirtualPhone.client`` and ``VirtualPhone.scanner`` give classes bound to one
phone. The phone also hosts Link Configuration, which real ones do and bleak cannot.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakError,
    BleakGATTProtocolError,
)
from bleak.uuids import normalize_uuid_str
from bumble import att, core, gatt, gatt_client, hci
from bumble import device as bumble_device
from bumble.gatt import Characteristic, Service

from unstuck.chain.link.gatt import ids
from unstuck.chain.link.gatt.values import Command, PreferredConfiguration, PreferredMode
from unstuck.chain.link.radio.host import Host

MTU = 517
"""What phones ask for: the longest attribute value and its head."""

SCAN_INTERVAL_MS = 60.0
SCAN_WINDOW_MS = 30.0
"""Half of the time, as a phone scans for an app in the foreground (Android: 100 % for short, 25 to 50 % else)."""

PAIRING_S = 30.0
"""The Security Manager gives up after 30 s without an answer (Core Specification vol. 3 part H, 3.4)."""


class VirtualPhone:
    """``host``: its Bluetooth. ``configuration`` and ``mode`` are what Link Configuration tells trackers: slow, which
    leaves a tracker fast while it is asked something."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.held: set[bumble_device.Connection] = set()
        """Connections that a client has."""
        self.withheld: BleakBluetoothNotAvailableReason | None = None
        """Why programs may not use Bluetooth though it is on; None: they may."""
        self.no_clients = False
        """Every place for a GATT client is taken by programs that never let go."""
        self.mode = PreferredMode.SLOW
        self.configuration = PreferredConfiguration()
        read_notify = Characteristic.Properties.READ | Characteristic.Properties.NOTIFY
        self._mode: Characteristic[bytes] = Characteristic(
            ids.PREFERRED_MODE,
            read_notify,
            Characteristic.READABLE,
            gatt.CharacteristicValue(read=lambda _connection: bytes((self.mode,))),
        )
        self._command: Characteristic[bytes] = Characteristic(
            ids.GENERAL_PURPOSE_COMMAND, Characteristic.Properties.NOTIFY, Characteristic.READABLE, b""
        )
        configuration: gatt.CharacteristicValue[bytes] = gatt.CharacteristicValue(
            read=lambda _connection: self.configuration.to_bytes()
        )
        host.device.add_service(
            Service(
                ids.LINK_CONFIGURATION_SERVICE,
                [
                    Characteristic(
                        ids.PREFERRED_CONFIGURATION,
                        read_notify,
                        Characteristic.READABLE,
                        configuration,
                    ),
                    self._mode,
                    self._command,
                ],
            )
        )

    @property
    def client(self) -> type[BaseBleakClient]:
        """A client backend for :class:`bleak.BleakClient` that connects from this phone."""
        return type("VirtualClient", (_Client,), {"phone": self})

    @property
    def scanner(self) -> type[BaseBleakScanner]:
        """A scanner backend for :class:`bleak.BleakScanner` that scans from this phone."""
        return type("VirtualScanner", (_Scanner,), {"phone": self})

    async def want(self, mode: PreferredMode) -> None:
        """Tell connected trackers how the link should run from now on."""
        self.mode = mode
        await self.host.device.notify_subscribers(self._mode, bytes((mode,)))

    async def order(self, command: Command) -> None:
        """Give connected trackers an order."""
        await self.host.device.notify_subscribers(self._command, bytes((command,)))

    async def bonded(self) -> list[str]:
        """Addresses of the devices this phone has keys of."""
        store = self.host.device.keystore
        return [] if store is None else [name for name, _keys in await store.get_all()]

    async def forget(self, address: str) -> None:
        """Drop the keys of a device, as "forget" in the phone's Bluetooth list does."""
        store = self.host.device.keystore
        if store is not None:
            with suppress(KeyError):
                await store.delete(address)

    def check_on(self) -> None:
        """BleakBluetoothNotAvailableError when Bluetooth is off or withheld, as bleak's own backends raise it."""
        if self.withheld is not None:
            raise BleakBluetoothNotAvailableError("Bluetooth may not be used", self.withheld)
        if not self.host.on:
            raise BleakBluetoothNotAvailableError("Bluetooth is off", BleakBluetoothNotAvailableReason.POWERED_OFF)


class _Scanner(BaseBleakScanner):
    """bleak's scanner on a virtual phone."""

    phone: VirtualPhone

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str = "active",
        **_kwargs: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """Begin to listen. BleakBluetoothNotAvailableError: Bluetooth is off."""
        self.phone.check_on()
        self.seen_devices = {}
        device = self.phone.host.device
        device.on(device.EVENT_ADVERTISEMENT, self._heard)
        try:
            with _Translated(self.phone):
                await device.start_scanning(
                    legacy=True, active=self._active, scan_interval=SCAN_INTERVAL_MS, scan_window=SCAN_WINDOW_MS
                )
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop listening."""
        device = self.phone.host.device
        with suppress(KeyError):
            device.remove_listener(device.EVENT_ADVERTISEMENT, self._heard)
        if self.phone.host.on:
            with suppress(core.BaseBumbleError):  # it was switched off in this moment, and the scan with it
                await device.stop_scanning()

    def _heard(self, advert: bumble_device.Advertisement) -> None:
        parts = advert.data
        names = parts.get_all(core.AdvertisingData.COMPLETE_LOCAL_NAME)
        uuids = [
            normalize_uuid_str(str(uuid.to_hex_str("-")))
            for kind in (
                core.AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                core.AdvertisingData.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                core.AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
                core.AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            )
            for found in parts.get_all(kind)
            for uuid in found
        ]
        address = str(advert.address).removesuffix("/P")
        made = {
            company: bytes(data) for company, data in parts.get_all(core.AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
        }
        heard = AdvertisementData(names[0] if names else None, made, {}, uuids, None, advert.rssi, (advert,))
        if self.is_allowed_uuid(uuids):
            device = self.create_or_update_device(address, address, heard.local_name, advert.address, heard)
            self.call_detection_callbacks(device, heard)


class _Client(BaseBleakClient):
    """bleak's client on a virtual phone."""

    phone: VirtualPhone

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None = None,
        timeout: float = 30.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout, **kwargs)
        known = address_or_ble_device.details if isinstance(address_or_ble_device, BLEDevice) else None
        self._target = known if isinstance(known, hci.Address) else hci.Address(self.address)
        self._name = (address_or_ble_device.name if isinstance(address_or_ble_device, BLEDevice) else "") or ""
        self._connection: bumble_device.Connection | None = None
        self._peer: bumble_device.Peer | None = None
        self._listeners: dict[int, Callable[[bytes], None]] = {}
        self._why = 0

    @property
    def name(self) -> str:
        """As it advertised."""
        return self._name

    @property
    def mtu_size(self) -> int:
        """Agreed for this connection."""
        return 23 if self._connection is None else int(self._connection.att_mtu)

    @property
    def is_connected(self) -> bool:
        """Whether the link is up."""
        return self._connection is not None

    async def connect(self, pair: bool = False, **kwargs: Any) -> None:
        """Connect, encrypt with the bond there is, discover. TimeoutError: not found in time."""
        self.phone.check_on()
        if self.phone.no_clients:
            raise BleakError("no slot for another GATT client is free")
        device = self.phone.host.device
        timeout_s = float(kwargs.get("timeout", self._timeout))
        if self.is_connected:
            raise BleakError("connected already")
        self._why = 0
        try:
            # Not Bumble's own time-out: it knows none while it looks for a bonded device by its keys, and it waits in a
            # way (asyncio.wait_for of Python 3.11) that forgets a cancellation in the moment of success.
            async with asyncio.timeout(timeout_s):
                with self._translated():
                    connection = await device.connect(
                        self._target, timeout=None, own_address_type=self.phone.host.own_address_type
                    )
        except TimeoutError as error:
            await self._give_up()
            raise TimeoutError(f"{self.address} was not found in {timeout_s:g} s") from error
        except asyncio.CancelledError:
            await self._give_up()
            raise
        assert isinstance(connection, bumble_device.Connection)
        self._connection = connection
        connection.once(connection.EVENT_DISCONNECTION, self._gone)
        self.phone.held.add(connection)
        try:
            await self._set_up(connection)
            if pair:
                await self.pair()
            self._up()
            if _called_off():
                raise asyncio.CancelledError  # Bumble's waits forget it in the moment of success
        except BaseException:
            await self.disconnect()
            raise

    async def _give_up(self) -> None:
        """Bumble forgets an attempt that is cancelled, its controller would not: a connection that nobody waits for
        would come about, and no other phone could have the tracker."""
        device = self.phone.host.device
        with suppress(core.BaseBumbleError):
            await device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            return
        # There was nothing to cancel: it came about in this very moment.
        connection = device.find_connection_by_bd_addr(self._target)
        if connection is not None and connection not in self.phone.held:
            with suppress(core.BaseBumbleError):
                await connection.disconnect()

    async def _set_up(self, connection: bumble_device.Connection) -> None:
        peer = self._peer = bumble_device.Peer(connection)
        with self._translated():
            store = self.phone.host.device.keystore
            if store is not None and await store.get(str(connection.peer_address)):
                await connection.encrypt()
            await peer.request_mtu(MTU)
            await peer.discover_all()  # type: ignore[no-untyped-call]  # Bumble gives it no annotation
        self.services = _collection(peer, lambda: self.mtu_size - 3)

    async def disconnect(self) -> None:
        """Close the link in order, if it is up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self.phone.held.discard(connection)
            with suppress(BleakError), self._translated():
                await connection.disconnect()

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        """LE Secure Connections without a code, unless there is a bond already. BleakError says why not."""
        connection = self._up()
        if connection.is_encrypted:
            return
        try:
            async with asyncio.timeout(PAIRING_S):
                with self._translated():
                    await connection.pair()
        except TimeoutError as error:
            raise BleakError("the tracker did not answer the pairing") from error

    async def unpair(self) -> None:
        """Disconnect and forget the keys."""
        await self.disconnect()
        await self.phone.forget(str(self._target))

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a value. BleakGATTProtocolError: refused."""
        with self._translated():
            return bytearray(await self._proxies().read_value(characteristic.obj))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        """Write a value, waiting for the answer when asked to."""
        with self._translated():
            await self._proxies().write_value(characteristic.obj, bytes(data), with_response=response)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a descriptor."""
        with self._translated():
            return bytearray(await self._proxies().read_value(descriptor.obj))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write a descriptor."""
        with self._translated():
            await self._proxies().write_value(descriptor.obj, bytes(data), with_response=True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        """Subscribe; ``callback`` gets each value."""

        def changed(value: bytes) -> None:
            callback(bytearray(value))

        with self._translated():
            await self._proxies().subscribe(characteristic.obj, changed, prefer_notify=True)
        self._listeners[characteristic.handle] = changed

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        listener = self._listeners.pop(characteristic.handle, None)
        if listener is not None:
            with self._translated():
                await self._proxies().unsubscribe(characteristic.obj, listener)

    def _up(self) -> bumble_device.Connection:
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection

    def _proxies(self) -> gatt_client.Client:
        self._up()
        assert self._peer is not None
        return self._peer.gatt_client

    def _translated(self) -> "_Translated":
        return _Translated(self.phone, lambda: self._why)

    def _gone(self, reason: int) -> None:
        self._why = reason
        if self._connection is None:
            return
        self.phone.held.discard(self._connection)
        self._connection = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()


class _Translated:
    """Turns Bumble's errors into bleak's. ``why``: the code with which the link ended, if it did."""

    def __init__(self, phone: VirtualPhone, why: Callable[[], int] = lambda: 0) -> None:
        self._phone = phone
        self._why = why

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        called_off = isinstance(error, asyncio.CancelledError) and _called_off()
        if called_off or not isinstance(error, core.BaseBumbleError | asyncio.CancelledError):
            return
        self._phone.check_on()
        if isinstance(error, core.TimeoutError):
            raise BleakError("no answer on a link that stayed up") from error
        if isinstance(error, att.ATT_Error):
            raise BleakGATTProtocolError(error.error_code) from error
        if isinstance(error, asyncio.CancelledError):
            raise BleakError(f"the link was lost (0x{self._why():02x})") from error
        raise _failed(error) from error


def _called_off() -> bool:
    """Whether the caller was cancelled, as against a wait that Bumble gave up because the link went."""
    task = asyncio.current_task()
    return task is not None and bool(task.cancelling())


def _failed(error: core.BaseBumbleError) -> BleakError:
    code = getattr(error, "error_code", None)
    if code == hci.HCI_ErrorCode.CONNECTION_LIMIT_EXCEEDED_ERROR:
        return BleakError("no connection slot is free (0x09)")
    if code == hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR:
        return BleakError("PIN or key missing (0x06)")
    named = f"0x{code:02x}" if isinstance(code, int) else type(error).__name__
    return BleakError(f"{error} ({named})")


def _collection(peer: bumble_device.Peer, room: Callable[[], int]) -> BleakGATTServiceCollection:
    """Bumble's proxies as bleak's collection. ``room``: most bytes of a write without response."""
    collection = BleakGATTServiceCollection()
    for service in peer.services:
        listed = BleakGATTService(service, service.handle, _uuid(service.uuid))
        collection.add_service(listed)
        for one in service.characteristics:
            names = list(gatt_char_props_to_strs(int(one.properties)))
            characteristic = BleakGATTCharacteristic(one, one.handle, _uuid(one.uuid), names, room, listed)
            collection.add_characteristic(characteristic)
            for descriptor in one.descriptors:
                collection.add_descriptor(
                    BleakGATTDescriptor(descriptor, descriptor.handle, _uuid(descriptor.type), characteristic)
                )
    return collection


def _uuid(uuid: core.UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-"))
