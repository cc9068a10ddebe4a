"""bleak's interface on the virtual radio: every member of a backend, and the errors that bleak's callers expect."""

import asyncio
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakError,
    BleakGATTProtocolError,
)
from bumble import hci

from tests.chain.bluetooth import FAR, NEAR, TRACKER_ADDRESS, Room, in_the_air, now_s
from unstuck.chain.link.gatt import ids

UNENCRYPTED = 0x0F


def up(client: BleakClient) -> bool:
    return client.is_connected


def characteristic(client: BleakClient, uuid: str) -> BleakGATTCharacteristic:
    found = client.services.get_characteristic(uuid)
    assert found is not None
    return found


def test_a_scan_tells_name_services_and_signal() -> None:
    async def work() -> None:
        async with Room() as room:
            found = await BleakScanner.discover(5.0, return_adv=True, backend=room.phone.scanner)
            ((device, advert),) = found.values()
            assert device.address == TRACKER_ADDRESS
            assert advert.local_name == "Unstuck One"
            assert advert.service_uuids == [ids.GATTLINK_SERVICE]
            assert -90 < advert.rssi < -40
            other = "0000180f-0000-1000-8000-00805f9b34fb"
            nobody = await BleakScanner.discover(5.0, service_uuids=[other], backend=room.phone.scanner)
            assert nobody == []
            passive = await BleakScanner.discover(
                5.0, return_adv=True, scanning_mode="passive", backend=room.phone.scanner
            )
            ((_, heard),) = passive.values()
            assert heard.local_name is None

    in_the_air(work())


def test_two_scans_at_once_are_refused_as_bleak_refuses() -> None:
    async def work() -> None:
        async with Room() as room, BleakScanner(backend=room.phone.scanner):
            second = BleakScanner(backend=room.phone.scanner)
            with pytest.raises(BleakError):
                await second.start()

    in_the_air(work())


def test_every_member_of_a_client() -> None:
    async def work() -> None:
        async with Room() as room:
            gone: list[BleakClient] = []
            client = await room.connected(gone=gone.append)
            assert up(client)
            assert client.address == TRACKER_ADDRESS
            assert client.name == "Unstuck One"
            assert client.mtu_size == 517
            with pytest.raises(BleakError, match="connected already"):
                await client.connect()
            assert bytes(await client.read_gatt_char(ids.MODEL_NUMBER)) == b"unstuck-virtual"
            tx = characteristic(client, ids.GATTLINK_TX)
            (cccd,) = tx.descriptors
            assert bytes(await client.read_gatt_descriptor(cccd)) == b"\0\0"
            await client._backend.write_gatt_descriptor(cccd, b"\1\0")
            assert bytes(await client.read_gatt_descriptor(cccd)) == b"\1\0"
            await client._backend.write_gatt_descriptor(cccd, b"\0\0")
            await client.write_gatt_char(ids.EPHEMERAL, b"\0", response=True)
            with pytest.raises(BleakGATTProtocolError) as refused:
                await client.read_gatt_char(ids.SECURE)
            assert refused.value.code == UNENCRYPTED
            await client.pair()
            assert bytes(await client.read_gatt_char(ids.SECURE)) == b"\0"
            assert await room.phone.bonded() == [TRACKER_ADDRESS]
            said: list[bytes] = []
            await client.start_notify(tx, lambda _one, value: said.append(bytes(value)))
            await asyncio.sleep(1.5)
            assert said[0] == b"\x80", "Gattlink asks for a session"
            await client.write_gatt_char(ids.GATTLINK_RX, b"\x80", response=False)
            await asyncio.sleep(0.5)
            assert said[-1][0] == 0x81
            await client.stop_notify(tx)
            before = len(said)
            await asyncio.sleep(10.0)
            assert len(said) == before
            await client.disconnect()
            assert not up(client)
            assert gone == [], "who ends the link himself is not told that it ended"
            await client.disconnect()
            with pytest.raises(BleakError):
                await client.read_gatt_char(ids.MODEL_NUMBER)
            await client.connect()
            assert bytes(await client.read_gatt_char(ids.SECURE)) == b"\0", "the bond is used at once"
            await client.unpair()
            assert await room.phone.bonded() == []
            assert not up(client)

    in_the_air(work())


@pytest.mark.parametrize("how", ["tracker", "distance", "power", "bluetooth off"])
def test_a_link_that_ends_unasked_is_told_once(how: str) -> None:
    async def work() -> None:
        async with Room() as room:
            gone: list[BleakClient] = []
            client = await room.connected(gone=gone.append)
            match how:
                case "tracker":
                    for connection in list(room.wrist.device.connections.values()):
                        await connection.disconnect()
                case "distance":
                    room.move(FAR)
                case "power":
                    room.wrist.cut()
                case "bluetooth off":
                    await room.phone.host.turn_off()
            await asyncio.sleep(10.0)
            assert len(gone) == 1
            assert not client.is_connected
            await client.disconnect()
            assert len(gone) == 1

    in_the_air(work())


def test_bluetooth_that_is_off_is_said_as_bleak_says_it() -> None:
    async def work() -> None:
        async with Room() as room:
            device = await room.found()
            assert device is not None
            await room.phone.host.turn_off()
            attempts: list[Any] = [
                BleakScanner(backend=room.phone.scanner).start,
                BleakClient(device, backend=room.phone.client).connect,
            ]
            for attempt in attempts:
                with pytest.raises(BleakBluetoothNotAvailableError) as off:
                    await attempt()
                assert off.value.reason is BleakBluetoothNotAvailableReason.POWERED_OFF

    in_the_air(work())


def test_an_absent_tracker_is_a_time_out_after_the_time_given() -> None:
    async def work() -> None:
        async with Room() as room:
            device = await room.found()
            assert device is not None
            room.move(FAR)
            began_s = now_s()
            with pytest.raises(TimeoutError):
                await BleakClient(device, timeout=3.0, backend=room.phone.client).connect()
            assert now_s() - began_s == pytest.approx(3.0, abs=0.1)
            # The same for a bonded one, which is looked for by its keys first.
            room.move(NEAR)
            client = await room.connected()
            await client.pair()
            await asyncio.sleep(1.0)
            await client.disconnect()
            room.move(FAR)
            await asyncio.sleep(10.0)
            began_s = now_s()
            with pytest.raises(TimeoutError):
                await client.connect()
            assert now_s() - began_s < 20.0
            room.move(NEAR)
            await client.connect()

    in_the_air(work())


def test_errors_that_only_hci_knows_keep_their_number() -> None:
    async def work() -> None:
        async with Room() as room:
            device = await room.found()
            assert device is not None
            room.phone.host.controller.elsewhere.links = 7
            with pytest.raises(BleakError, match="no connection slot is free"):
                await BleakClient(device, backend=room.phone.client).connect()
            room.phone.host.controller.elsewhere.links = 0
            client = await room.connected()
            await client.pair()
            await asyncio.sleep(1.0)
            await client.disconnect()
            await room.peripheral.forget_bonds()
            with pytest.raises(BleakError, match="0x06"):
                await client.connect()
            assert not client.is_connected

    in_the_air(work())


def test_no_answer_on_a_live_link_is_no_time_out_of_connecting() -> None:
    async def work() -> None:
        async with Room() as room:
            client = await room.connected()
            await client.pair()  # else the tracker ends the link first
            room.wrist.device.gatt_server.on_gatt_pdu = lambda *_: None  # type: ignore[method-assign]
            with pytest.raises(BleakError, match="no answer"):
                await client.read_gatt_char(ids.MODEL_NUMBER)

    in_the_air(work())


async def left_alone(room: Room) -> None:
    """Whatever was begun and given up has left nothing behind: another phone can have the tracker."""
    await asyncio.sleep(10.0)
    assert room.phone.host.device.connections == {}
    assert room.phone.held == set()
    assert room.wrist.device.connections == {}
    other = await room.connected(1)
    await other.pair()
    await other.disconnect()


def _moments() -> list[float]:
    return [0.0, 0.001, 0.01, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.2]


@pytest.mark.parametrize("moment_s", _moments())
def test_a_connection_that_is_given_up_at_any_moment_leaves_nothing(moment_s: float) -> None:
    async def work() -> None:
        async with Room(phones=2) as room:
            device = await room.found()
            assert device is not None
            client = BleakClient(device, backend=room.phone.client)

            async def all_of_it() -> None:
                await client.connect()
                await client.pair()
                await client.disconnect()

            going = asyncio.create_task(all_of_it())
            await asyncio.sleep(moment_s)
            going.cancel()
            await asyncio.wait((going,))
            await client.disconnect()
            await room.phone.forget(TRACKER_ADDRESS)
            await room.peripheral.forget_bonds()
            await left_alone(room)

    in_the_air(work())


def test_a_connection_that_is_given_up_at_any_turn_of_the_loop_leaves_nothing() -> None:
    async def work(turns: int) -> bool:
        async with Room(phones=2) as room:
            device = await room.found()
            assert device is not None
            begun = asyncio.Event()
            controller = room.phone.host.controller
            create = controller.create_le_connection

            def noted(peer_address: hci.Address) -> None:
                create(peer_address)
                begun.set()

            controller.create_le_connection = noted  # type: ignore[method-assign]
            connecting = asyncio.create_task(BleakClient(device, backend=room.phone.client).connect())
            await begun.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
            done = bool(room.phone.held)
            connecting.cancel()
            await asyncio.wait((connecting,))
            await left_alone(room)
            return done

    assert not in_the_air(work(0))
    assert in_the_air(work(1)) or in_the_air(work(4)) or in_the_air(work(12))
    for turns in (2, 3, 5, 8):
        in_the_air(work(turns))


@pytest.mark.parametrize("moment_s", _moments())
@pytest.mark.parametrize("how", ["off", "cut", "away"])
def test_whatever_ends_the_link_in_the_middle_of_setting_up_is_a_bleak_error(how: str, moment_s: float) -> None:
    async def work() -> None:
        async with Room(phones=2) as room:
            device = await room.found()
            assert device is not None
            client = BleakClient(device, timeout=5.0, backend=room.phone.client)

            async def all_of_it() -> None:
                await client.connect()
                await client.pair()
                await client.read_gatt_char(ids.SECURE)

            going = asyncio.create_task(all_of_it())
            await asyncio.sleep(moment_s)
            match how:
                case "off":
                    await room.phone.host.turn_off()
                case "cut":
                    room.wrist.cut()
                case "away":
                    room.move(FAR)
            began_s = now_s()
            await asyncio.wait((going,))
            assert now_s() - began_s < 35.0
            assert not going.cancelled()
            assert isinstance(going.exception(), BleakError | TimeoutError | None), going.exception()
            await client.disconnect()
            assert room.phone.held == set()
            room.move(NEAR)
            await room.phone.host.turn_on()
            await room.peripheral.start()
            await room.peripheral.forget_bonds()
            await room.phone.forget(TRACKER_ADDRESS)
            await asyncio.sleep(10.0)
            again = await room.connected()
            await again.pair()

    in_the_air(work())
