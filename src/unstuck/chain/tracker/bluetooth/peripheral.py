"""The tracker's Bluetooth: it advertises, bonds with a phone and hosts the services of Golden Gate and of every band.

Sources: Golden Gate's GATT services (ids and values in ``chain/link/gatt``), Bluetooth SIG's Device Information and
Battery services, Core Specification vol. 3 part C for advertising intervals.
"""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

import cbor2
from bumble import core, hci
from bumble import device as bumble_device
from bumble.core import AdvertisingData
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.pairing import PairingConfig

from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.link.gatt import ids
from unstuck.chain.link.gatt.values import ConnectionConfiguration, ConnectionStatus, Mode, StatusFlag
from unstuck.chain.tracker.bluetooth.guard import guard
from unstuck.chain.tracker.bluetooth.host import BluetoothHost, Gate
from unstuck.chain.tracker.bluetooth.session import Session
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.firmware_resource import CBOR_FORMAT
from unstuck.chain.tracker.radio import VERY_FAST_ADVERTISING_S

FAST_ADVERTISING_MS = 30.0
"""While a phone is expected back (T_GAP(adv_fast_interval1), 30 to 60 ms)."""

SLOW_ADVERTISING_MS = 1022.5
"""Else: the longest usual interval that phones are tuned to find (Apple's accessory guidelines list it)."""

PAIRING_OPEN_S = 120.0
"""How long the button keeps the tracker open for another phone: as long as bands show their pairing code."""

RESTART_S = 10.0
"""How long a restart takes until it advertises again: as long as the button is held."""

ANSWERED_S = 1.0
"""How long after the answer to "restart" the radio goes down: the answer takes a few connection events."""

UNENCRYPTED_MOST_S = 30.0
"""How long a phone may hold the link without encrypting it: as long as pairing may stand still (Security Manager
timeout, Core Specification vol. 3 part H 3.4). Only one phone fits, and this one keeps the owner's away."""

MANUFACTURER = "Unstuck"

_SWITCHED_OFF = int(hci.HCI_ErrorCode.REMOTE_DEVICE_TERMINATED_CONNECTION_DUE_TO_POWER_OFF_ERROR)
_READ = Characteristic.Properties.READ
_NOTIFY = Characteristic.Properties.NOTIFY
_ENCRYPTED_READ = Characteristic.READABLE | Characteristic.READ_REQUIRES_ENCRYPTION


@dataclass(frozen=True, slots=True)
class Told:
    """What the peripheral tells whoever watches: ``connected``, ``disconnected`` (reason), ``paired``, ``refused``."""

    what: str
    peer: str
    reason: int = 0


class Peripheral:
    """``true_time``: Unix seconds. ``told`` hears what happens. ``code``: proves possession; a bonded phone may read it
    (resource ``claim``). One phone at a time, as bands do.
    """

    def __init__(
        self,
        tracker: Tracker,
        host: BluetoothHost,
        true_time: Callable[[], float],
        told: Callable[[Told], None] = lambda told: None,
        *,
        code: str = "",
    ) -> None:
        self._code = code
        self.mute = False
        """What is sent over Gattlink goes nowhere: the radio lives and the rest of the tracker hangs."""
        self.session: Session | None = None
        self._tracker = tracker
        self._host = host
        self._true_time = true_time
        self._told = told
        self._loop = asyncio.get_running_loop()
        self._open_until_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._slow_down: asyncio.TimerHandle | None = None
        self._going_down: asyncio.TimerHandle | None = None
        self._unencrypted: asyncio.TimerHandle | None = None
        self._reset = False
        """A factory reset was answered; the bonds go with the radio."""
        self._advertising = asyncio.Lock()
        self._stopped = False
        """Switched off, or on its way down or up."""
        self._tx: Characteristic[bytes] = Characteristic(ids.GATTLINK_TX, _NOTIFY, Characteristic.Permissions(0), b"")
        self._configuration: Characteristic[bytes] = Characteristic(
            ids.CONNECTION_CONFIGURATION,
            _READ | _NOTIFY,
            Characteristic.READABLE,
            CharacteristicValue(read=lambda connection: self._configuration_of(connection).to_bytes()),
        )
        device = host.device
        device.add_services(self._services())
        guard(device.gatt_server)
        device.pairing_config_factory = self._pairing
        device.on(device.EVENT_CONNECTION, self._connected)
        self._tx.on(Characteristic.EVENT_SUBSCRIPTION, self._subscribed)

    # what others may do

    async def start(self) -> None:
        """Bluetooth on, and advertise."""
        self._stopped = False
        await self._host.turn_on()
        await self._advertise()

    async def stop(self) -> None:
        """Close the link in order and fall silent."""
        self._stopped = True
        for timer in (self._slow_down, self._going_down, self._unencrypted):
            if timer:
                timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for connection in list(self._host.device.connections.values()):
            await self._drop(connection)
        self._close()
        self._host.cut()
        await self._finish_reset()

    def open_pairing(self) -> None:
        """The button was held: another phone may pair for two minutes."""
        self._open_until_s = self._loop.time() + PAIRING_OPEN_S

    async def forget_bonds(self) -> None:
        """As a factory reset does, and whoever comes first may pair; phones still have their keys."""
        store = self._host.device.keystore
        if store is not None:
            await store.delete_all()

    async def fall_silent(self) -> None:
        """The radio is gone without a word, until :meth:`start`; links end by time-out."""
        self._stopped = True
        self._host.cut()
        self._close()
        await self._finish_reset()

    async def restart(self, takes_s: float = RESTART_S) -> None:
        """The radio is gone without a word for so long; links end by time-out. Records are the device's business."""
        if self._stopped:
            return
        await self.fall_silent()
        await asyncio.sleep(takes_s)
        await self.start()

    # services

    def _services(self) -> list[Service]:
        write = Characteristic.Properties.WRITE_WITHOUT_RESPONSE
        encrypted_write = Characteristic.WRITEABLE | Characteristic.WRITE_REQUIRES_ENCRYPTION
        pointed = core.UUID(ids.EPHEMERAL)
        return [
            Service(
                ids.GATTLINK_SERVICE,
                [
                    Characteristic(ids.GATTLINK_RX, write, encrypted_write, CharacteristicValue(write=self._received)),
                    self._tx,
                ],
            ),
            Service(
                ids.LINK_STATUS_SERVICE,
                [
                    self._configuration,
                    Characteristic(
                        ids.CONNECTION_STATUS,
                        _READ | _NOTIFY,
                        Characteristic.READABLE,
                        CharacteristicValue(read=lambda connection: self._status_of(connection).to_bytes()),
                    ),
                    Characteristic(ids.SECURE, _READ, _ENCRYPTED_READ, b"\x00"),
                ],
            ),
            Service(
                ids.CONFIRMATION_SERVICE,
                [
                    Characteristic(ids.EPHEMERAL_POINTER, _READ, Characteristic.READABLE, bytes(pointed)[::-1]),
                    Characteristic(
                        ids.EPHEMERAL,
                        Characteristic.Properties.WRITE,
                        Characteristic.WRITEABLE,
                        # Our table never changes, so the proof that the phone's copy is current is only accepted.
                        CharacteristicValue(write=lambda _connection, _value: None),
                    ),
                ],
            ),
            Service(
                ids.DEVICE_INFORMATION_SERVICE,
                [
                    self._text(ids.MANUFACTURER_NAME, lambda: MANUFACTURER),
                    self._text(ids.MODEL_NUMBER, lambda: self._tracker.identity.model),
                    self._text(ids.FIRMWARE_REVISION, lambda: self._tracker.firmware.version),
                ],
            ),
            Service(
                ids.BATTERY_SERVICE,
                [
                    Characteristic(
                        ids.BATTERY_LEVEL,
                        _READ | _NOTIFY,
                        Characteristic.READABLE,
                        CharacteristicValue(read=lambda _connection: bytes((self._tracker.battery.percent,))),
                    )
                ],
            ),
        ]

    @staticmethod
    def _text(uuid: str, said: Callable[[], str]) -> Characteristic[bytes]:
        return Characteristic(
            uuid, _READ, Characteristic.READABLE, CharacteristicValue(read=lambda _connection: said().encode())
        )

    def _configuration_of(self, connection: bumble_device.Connection) -> ConnectionConfiguration:
        parameters = connection.parameters
        return ConnectionConfiguration(
            round(parameters.connection_interval / 1.25),
            parameters.peripheral_latency,
            round(parameters.supervision_timeout / 10),
            connection.att_mtu,
            self.session.pace.mode if self.session else Mode.DEFAULT,
        )

    @staticmethod
    def _status_of(connection: bumble_device.Connection) -> ConnectionStatus:
        flags = StatusFlag.LENGTH_EXTENSION
        if connection.is_encrypted:
            flags |= StatusFlag.ENCRYPTED | StatusFlag.BONDED_BEFORE
        return ConnectionStatus(flags)

    def _received(self, connection: bumble_device.Connection, value: bytes) -> None:
        if self.session and self.session.connection is connection and not self.mute:
            self.session.received(value)

    # connections

    def _connected(self, connection: bumble_device.Connection) -> None:
        connection.on(connection.EVENT_DISCONNECTION, lambda reason: self._disconnected(connection, reason))
        if self.session or self._stopped:
            # One phone at a time; a controller may take a second one all the same.
            self._spawn(self._drop(connection))
            return
        self._tracker.radio.connected(self._true_time())
        self.session = Session(connection, self._tx, self._answer, self._tell_configuration)
        connection.on(connection.EVENT_PAIRING, lambda _keys: self._tell("paired"))
        connection.on(connection.EVENT_PAIRING_FAILURE, lambda reason: self._tell("refused", int(reason)))
        self._tell("connected")
        self._unencrypted = self._loop.call_later(UNENCRYPTED_MOST_S, lambda: self._drop_stranger(connection))

    def _drop_stranger(self, connection: bumble_device.Connection) -> None:
        if not connection.is_encrypted:
            self._spawn(self._drop(connection))

    def _disconnected(self, connection: bumble_device.Connection, reason: int) -> None:
        if self.session and self.session.connection is connection:
            self._tell("disconnected", int(reason))
            self._close()
        self._spawn_advertising()

    @staticmethod
    async def _drop(connection: bumble_device.Connection) -> None:
        with suppress(core.BaseBumbleError):  # it is gone already
            await connection.disconnect(_SWITCHED_OFF)

    def _subscribed(self, connection: bumble_device.Connection, notify: bool, _indicate: bool) -> None:
        session = self.session
        if session and session.connection is connection:
            session.subscribed = notify
            session.look()

    def _answer(self, request: Request) -> Response:
        if request.path == ("claim",) and request.method is Code.GET and self._code:
            # Only here, over the bond: who is bonded has held the tracker in the hand.
            claim = {"id": self._tracker.identity.id, "code": self._code}
            return Response(Code.CONTENT, cbor2.dumps(claim), CBOR_FORMAT)
        boot = self._tracker.memory.boot
        response = self._tracker.handle(request, self._true_time())
        self._reset |= (request.path, request.method, response.code) == (("memory",), Code.DELETE, Code.DELETED)
        if self._tracker.memory.boot != boot:
            # The answer is sent first; then the radio goes down as it does in a real restart.
            if self._going_down:
                self._going_down.cancel()
            self._going_down = self._loop.call_later(ANSWERED_S, lambda: self._spawn(self.restart()))
        return response

    async def _finish_reset(self) -> None:
        """Who wears it next must not be read by the phone of who wore it before."""
        if self._reset:
            await self.forget_bonds()
            self._reset = False

    async def _tell_configuration(self) -> None:
        """Whoever listens to Link Status hears that the link runs otherwise now."""
        if self.session:
            connection = self.session.connection
            value = self._configuration_of(connection).to_bytes()
            await self._host.device.notify_subscriber(connection, self._configuration, value)

    def _close(self) -> None:
        if self._unencrypted:
            self._unencrypted.cancel()
        if self.session:
            self.session.close()
            self.session = None
            self._tracker.radio.disconnected(self._true_time())

    def _tell(self, what: str, reason: int = 0) -> None:
        peer = str(self.session.connection.peer_address) if self.session else ""
        self._told(Told(what, peer.removesuffix("/P"), reason))

    # pairing

    def _pairing(self, connection: bumble_device.Connection) -> PairingConfig:
        """LE Secure Connections with bonding, without a code: a band has neither keys nor room for one."""
        return PairingConfig(sc=True, mitm=False, bonding=True, delegate=Gate(self._may_pair))

    async def _may_pair(self) -> bool:
        """The first phone may; another one only while the button has opened the tracker."""
        store = self._host.device.keystore
        bonds = await store.get_all() if store is not None else []
        return not bonds or self._loop.time() < self._open_until_s

    # adverts

    def _spawn_advertising(self) -> None:
        if not self._stopped:
            self._spawn(self._advertise())

    async def _advertise(self, *, fast: bool = True) -> None:
        """Fast for 30 s, then slow until somebody connects."""
        async with self._advertising:
            if self._slow_down:
                self._slow_down.cancel()
            with suppress(core.BaseBumbleError):  # power was cut: who switches it on again begins anew
                await self._begin_to_advertise(fast=fast)

    async def _begin_to_advertise(self, *, fast: bool) -> None:
        device = self._host.device
        if device.is_advertising:
            await device.stop_advertising()
        if device.connections or not device.powered_on:
            return
        interval_ms = FAST_ADVERTISING_MS if fast else SLOW_ADVERTISING_MS
        flags = AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED
        name = self._tracker.identity.name.encode()
        await device.start_advertising(
            own_address_type=self._host.own_address_type,
            advertising_data=bytes(
                AdvertisingData(
                    [
                        (AdvertisingData.FLAGS, bytes((flags,))),
                        (
                            AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                            bytes(core.UUID(ids.GATTLINK_SERVICE)),
                        ),
                    ]
                )
            ),
            scan_response_data=bytes(AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, name[:_NAME_BYTES])])),
            advertising_interval_min=interval_ms,
            advertising_interval_max=interval_ms,
            auto_restart=False,
        )
        if fast:
            self._slow_down = self._loop.call_later(
                VERY_FAST_ADVERTISING_S, lambda: self._spawn(self._advertise(fast=False))
            )

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_NAME_BYTES = 29
"""Most bytes of a name: a scan response has 31, two of them its head."""


def static_address(identity: str) -> str:
    """A static random address for life, from the tracker's id: the same one every time it is switched on."""
    digest = bytearray(hashlib.sha256(identity.encode()).digest()[:6])
    digest[0] |= 0xC0
    return ":".join(f"{byte:02X}" for byte in digest)
