"""The tracker as phones see it: services, bonds, adverts, one phone at a time, the pace of the link, restarts."""

import asyncio
from pathlib import Path
from typing import Any

import cbor2
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, hci

from tests.chain.bluetooth import Room, asked, in_the_air, now_s
from tests.chain.whole import CODE, TRACKER
from unstuck.chain.link.coap import Answered, Code, Request
from unstuck.chain.link.gatt import ids
from unstuck.chain.link.gatt.values import (
    FAST,
    SLOW,
    Command,
    ConnectionConfiguration,
    ConnectionStatus,
    Mode,
    Pace,
    PreferredConfiguration,
    PreferredMode,
    StatusFlag,
)
from unstuck.chain.phone.bluetooth import BluetoothLink
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.tracker import TrackerError
from unstuck.chain.tracker.bluetooth.peripheral import PAIRING_OPEN_S, UNENCRYPTED_MOST_S, static_address

WRITE = "write-without-response"


def test_services_and_properties_are_those_of_golden_gate() -> None:
    async def work() -> dict[str, dict[str, list[str]]]:
        async with Room() as room:
            client = await room.connected()
            return {
                service.uuid: {one.uuid: sorted(one.properties) for one in service.characteristics}
                for service in client.services
            }

    found = in_the_air(work())
    assert found[ids.GATTLINK_SERVICE] == {ids.GATTLINK_RX: [WRITE], ids.GATTLINK_TX: ["notify"]}
    assert found[ids.LINK_STATUS_SERVICE] == {
        ids.CONNECTION_CONFIGURATION: ["notify", "read"],
        ids.CONNECTION_STATUS: ["notify", "read"],
        ids.SECURE: ["read"],
    }
    assert found[ids.CONFIRMATION_SERVICE] == {ids.EPHEMERAL_POINTER: ["read"], ids.EPHEMERAL: ["write"]}
    assert found[ids.BATTERY_SERVICE] == {ids.BATTERY_LEVEL: ["notify", "read"]}
    assert ids.SERIAL_NUMBER not in found[ids.DEVICE_INFORMATION_SERVICE], "nobody is followed by it"


def test_link_status_tells_what_is_so() -> None:
    async def work() -> None:
        async with Room() as room:
            client = await room.connected()
            raw = bytes(await client.read_gatt_char(ids.CONNECTION_CONFIGURATION))
            assert len(raw) == 9
            said = ConnectionConfiguration.from_bytes(raw)
            parameters = next(iter(room.phone.host.device.connections.values())).parameters
            assert said.interval * 1.25 == parameters.connection_interval
            assert said.timeout * 10 == parameters.supervision_timeout
            assert (said.mtu, said.mode) == (517, Mode.DEFAULT)
            raw = bytes(await client.read_gatt_char(ids.CONNECTION_STATUS))
            assert len(raw) == 7
            assert ConnectionStatus.from_bytes(raw).flags == StatusFlag.LENGTH_EXTENSION
            await client.pair()
            raw = bytes(await client.read_gatt_char(ids.CONNECTION_STATUS))
            assert StatusFlag.ENCRYPTED in ConnectionStatus.from_bytes(raw).flags
            pointer = bytes(await client.read_gatt_char(ids.EPHEMERAL_POINTER))
            assert pointer.hex() == ids.EPHEMERAL.replace("-", ""), "in big-endian order"
            assert bytes(await client.read_gatt_char(ids.BATTERY_LEVEL)) == bytes((room.tracker.battery.percent,))
            assert bytes(await client.read_gatt_char(ids.FIRMWARE_REVISION)) == b"1.0.0"

    in_the_air(work())


def test_without_the_bond_nothing_is_told_and_nothing_is_taken() -> None:
    async def work() -> None:
        async with Room() as room:
            client = await room.connected()
            said: list[bytes] = []
            await client.start_notify(ids.GATTLINK_TX, lambda _one, value: said.append(bytes(value)))
            for packet in (b"\x80", b"\x81\0\0\x08\x08", b"\0" + b"CoAP"):
                await client.write_gatt_char(ids.GATTLINK_RX, packet, response=False)
            proxies = client._backend._proxies()  # type: ignore[attr-defined]  # past bleak's own checks
            for uuid in (ids.GATTLINK_RX, ids.GATTLINK_TX):
                found = client.services.get_characteristic(uuid)
                assert found is not None
                with pytest.raises(att.ATT_Error) as refused:
                    await proxies.read_value(found.handle)
                assert refused.value.error_code == att.ATT_READ_NOT_PERMITTED_ERROR
            with pytest.raises(BleakGATTProtocolError):
                await client.read_gatt_char(ids.SECURE)
            await asyncio.sleep(UNENCRYPTED_MOST_S - 5.0)
            assert said == []
            assert room.peripheral.session is not None
            assert room.peripheral.session._driver is None

    in_the_air(work())


def test_no_phone_can_overwrite_what_is_only_to_be_read() -> None:
    async def work() -> None:
        async with Room() as room:
            client = await room.connected()
            await client.pair()
            proxies = client._backend._proxies()  # type: ignore[attr-defined]  # past bleak's own checks
            server = room.wrist.device.gatt_server
            writable = 0
            for attribute in server.attributes:
                if attribute.permissions & attribute.WRITEABLE:
                    writable += 1
                    continue
                with pytest.raises(att.ATT_Error) as refused:
                    await proxies.write_value(attribute.handle, b"changed", with_response=True)
                assert refused.value.error_code == att.ATT_WRITE_NOT_PERMITTED_ERROR
                await proxies.write_value(attribute.handle, b"changed", with_response=False)
            # RX, the ephemeral characteristic and one switch for each characteristic that notifies.
            assert writable >= 6
            await client.disconnect()
            again = await room.connected()
            assert bytes(await again.read_gatt_char(ids.EPHEMERAL_POINTER)).hex() == ids.EPHEMERAL.replace("-", "")

    in_the_air(work())


def test_a_bonded_phone_that_sends_nonsense_gets_nowhere_and_spoils_nothing() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asked(link, "status")
            client = link._client
            assert client is not None
            for packet in (b"", b"\xff", b"\x81", b"\x20", bytes(400), b"\x00" * 244):
                await client.write_gatt_char(ids.GATTLINK_RX, packet, response=False)
            await asyncio.sleep(30.0)
            await link.close()
            await asked(link, "status")

    in_the_air(work())


def test_the_claim_is_told_over_the_bond_alone() -> None:
    async def work() -> None:
        async with Room() as room:
            fields = cbor2.loads((await asked(room.link(), "claim")).payload)
            assert fields == {"id": TRACKER, "code": CODE}
            # By any other way, as over UDP, the tracker does not know such a thing.
            assert room.tracker.handle(Request(Code.GET, ("claim",)), room.true_time()).code == Code.NOT_FOUND

    in_the_air(work())


# pairing


def test_another_phone_pairs_only_while_the_button_has_opened_the_tracker() -> None:
    async def work() -> None:
        async with Room(phones=2) as room:
            mine, other = room.link(0), room.link(1)
            await asked(mine, "status")
            await mine.close()
            with pytest.raises(TrackerError) as refused:
                await asked(other, "status")
            assert refused.value.outcome is Outcome.PAIRING_REFUSED
            assert room.told[-1].what in ("refused", "disconnected")
            assert "refused" in [told.what for told in room.told]
            room.peripheral.open_pairing()
            await asyncio.sleep(PAIRING_OPEN_S + 1.0)
            with pytest.raises(TrackerError):
                await asked(other, "status")
            room.peripheral.open_pairing()
            await asked(other, "status")
            await other.close()
            await asked(mine, "status")

    in_the_air(work())


def test_a_stranger_who_does_not_pair_is_sent_away_and_the_owner_gets_in() -> None:
    async def work() -> None:
        async with Room(phones=2) as room:
            mine = room.link(0)
            await asked(mine, "status")
            await asyncio.sleep(2 * UNENCRYPTED_MOST_S)
            assert mine.open, "who is bonded may stay"
            await mine.close()
            stranger = await room.connected(1)
            await asyncio.sleep(UNENCRYPTED_MOST_S + 5.0)
            assert not stranger.is_connected
            await asked(mine, "status")

    in_the_air(work())


def test_while_one_phone_is_connected_no_other_one_hears_the_tracker() -> None:
    async def work() -> None:
        async with Room(phones=2) as room:
            mine = room.link(0)
            await asked(mine, "status")
            assert await room.found(1, 20.0) is None
            await mine.close()
            assert await room.found(1, 20.0) is not None

    in_the_air(work())


def test_a_second_connection_does_not_disturb_the_first() -> None:
    async def work() -> None:
        async with Room(phones=2) as room:
            mine = room.link(0)
            device = await room.found(1)
            assert device is not None
            await asked(mine, "status")
            # A controller may answer a connection request all the same, as when both came in one moment.
            await room.wrist.device.start_advertising(own_address_type=room.wrist.own_address_type)
            with pytest.raises(BleakError):
                await BleakClient(device, backend=room.phones[1].client).connect()
            await asyncio.sleep(5.0)
            assert mine.open
            await asked(mine, "status")
            await mine.close()
            await asyncio.sleep(1.0)
            assert await room.found(1) is not None, "it advertises again"

    in_the_air(work())


def test_two_phones_that_want_it_at_once_both_get_it_in_turn() -> None:
    async def work() -> None:
        async with Room(phones=2) as room:
            room.peripheral.open_pairing()

            async def sync(phone: int) -> None:
                link = room.link(phone)
                while True:
                    try:
                        await asked(link, "status")
                    except TrackerError:
                        await asyncio.sleep(1.0)
                    else:
                        return await link.close()

            async with asyncio.timeout(100.0):
                await asyncio.gather(sync(0), sync(1))

    in_the_air(work())


# adverts


def test_adverts_are_fast_for_half_a_minute_then_slow() -> None:
    async def work() -> None:
        async with Room() as room:

            async def heard(for_s: float) -> int:
                seen = 0

                def count(*_: Any) -> None:
                    nonlocal seen
                    seen += 1

                device = room.phone.host.device
                listener = device.on("advertisement", count)
                async with BleakScanner(backend=room.phone.scanner, scanning_mode="passive"):
                    await asyncio.sleep(for_s)
                device.remove_listener("advertisement", listener)
                return seen

            # A phone that listens half of the time: 30 ms, then 1022.5 ms.
            assert 250 < await heard(20.0) < 420
            await asyncio.sleep(20.0)
            assert 20 < await heard(100.0) < 80
            client = await room.connected(timeout_s=30.0)
            await client.disconnect()
            assert 120 < await heard(10.0) < 220, "after a link it is fast again"

    in_the_air(work())


def test_the_address_is_static_random_and_the_same_for_life() -> None:
    assert static_address("t-1") == static_address("t-1") != static_address("t-2")
    assert int(static_address("t-1")[:2], 16) >= 0xC0


# the pace of the link


def interval_ms(room: Room) -> float:
    (connection,) = room.phone.host.device.connections.values()
    return float(connection.parameters.connection_interval)


def test_the_link_is_fast_while_asked_and_slow_afterwards() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asked(link, "status")
            await asyncio.sleep(1.0)
            assert interval_ms(room) == 15.0
            await asyncio.sleep(10.0)
            assert interval_ms(room) == 145.0
            await asked(link, "status")
            await asyncio.sleep(1.0)
            assert interval_ms(room) == 15.0
            session = room.peripheral.session
            assert session is not None
            assert session.pace.mode is Mode.FAST

    in_the_air(work())


def test_what_the_phone_wishes_is_followed() -> None:
    async def work() -> None:
        async with Room() as room:
            room.phone.configuration = PreferredConfiguration(slow=Pace(160, 200, 1, 60))
            link = room.link()
            await asked(link, "status")
            await asyncio.sleep(10.0)
            assert interval_ms(room) == 250.0
            (connection,) = room.phone.host.device.connections.values()
            assert connection.parameters.peripheral_latency == 1
            assert connection.parameters.supervision_timeout == 6000.0
            await room.phone.want(PreferredMode.FAST)
            await asyncio.sleep(2.0)
            assert interval_ms(room) == 15.0
            await asyncio.sleep(60.0)
            assert interval_ms(room) == 15.0
            await room.phone.want(PreferredMode.SLOW)
            await asyncio.sleep(2.0)
            assert interval_ms(room) == 250.0

    in_the_air(work())


@pytest.mark.parametrize("wish", [Pace(0, 0, 0, 0), Pace(1, 9999, 255, 255), Pace(12, 6, 0, 20)])
def test_a_wish_that_cannot_be_is_not_followed(wish: Pace) -> None:
    async def work() -> None:
        async with Room() as room:
            room.phone.configuration = PreferredConfiguration(fast=wish, slow=wish)
            link = room.link()
            await asked(link, "status")
            await asyncio.sleep(1.0)
            assert interval_ms(room) == FAST.interval_ms
            await asyncio.sleep(10.0)
            assert interval_ms(room) == SLOW.interval_ms
            await asked(link, "status")

    in_the_air(work())


def test_changes_of_pace_are_told_to_who_listens() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asked(link, "status")
            client = link._client
            assert client is not None
            said: list[ConnectionConfiguration] = []
            await client.start_notify(
                ids.CONNECTION_CONFIGURATION,
                lambda _one, value: said.append(ConnectionConfiguration.from_bytes(bytes(value))),
            )
            await asyncio.sleep(10.0)
            assert [(one.mode, one.interval) for one in said][-1] == (Mode.SLOW, SLOW.interval_max)

    in_the_air(work())


def test_the_phone_can_order_the_tracker_to_disconnect() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asked(link, "status")
            await asyncio.sleep(2.0)
            await room.phone.order(Command.DISCONNECT)
            await asyncio.sleep(2.0)
            assert not link.open
            await asked(link, "status")

    in_the_air(work())


# restarts


async def order(room: Room, request: Request) -> None:
    answer = await room.link().request(request)
    assert isinstance(answer, Answered)
    assert answer.response.code in (Code.CHANGED, Code.DELETED)


def test_a_restart_keeps_records_and_bonds_and_the_answer_comes_first() -> None:
    async def work() -> None:
        async with Room() as room:
            held = sum(ranges.total for ranges in room.tracker.memory.held.values())
            boot = room.tracker.memory.boot
            link = room.link()
            answer = await link.request(Request(Code.POST, ("restart",)))
            assert isinstance(answer, Answered)
            began_s = now_s()
            await asyncio.sleep(5.0)
            assert not link.open
            assert await room.found(0, 4.0) is None
            await asked(link, "status")
            assert now_s() - began_s > 10.0
            assert room.tracker.memory.boot == boot + 1
            assert sum(ranges.total for ranges in room.tracker.memory.held.values()) > held
            assert [told.what for told in room.told].count("paired") == 1

    in_the_air(work())


async def reset(link: BluetoothLink) -> None:
    answer = await link.request(Request(Code.DELETE, ("memory",), payload=cbor2.dumps({"confirm": TRACKER})))
    assert isinstance(answer, Answered)
    assert answer.response.code == Code.DELETED


def test_a_factory_reset_keeps_neither_records_nor_bonds(tmp_path: Path) -> None:
    async def work() -> None:
        async with Room(tmp_path, phones=2) as room:
            old, new = room.link(0), room.link(1)
            await reset(old)
            await asyncio.sleep(30.0)
            with pytest.raises(TrackerError) as refused:
                await asked(old, "claim")
            assert refused.value.outcome is Outcome.KEY_MISSING
            held = cbor2.loads((await asked(new, "status")).payload)["held"]
            assert sum(last - first + 1 for spans in held.values() for first, last in spans) < 10

    in_the_air(work())


def test_a_reset_that_is_refused_keeps_the_bonds() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            answer = await link.request(Request(Code.DELETE, ("memory",), payload=cbor2.dumps({"confirm": "other"})))
            assert isinstance(answer, Answered)
            assert answer.response.code == Code.FORBIDDEN
            await link.close()
            await room.peripheral.restart()
            await asked(link, "status")
            assert [told.what for told in room.told].count("paired") == 1

    in_the_air(work())


def test_bonds_go_also_when_the_tracker_is_stopped_right_after_the_reset(tmp_path: Path) -> None:
    async def work() -> None:
        async with Room(tmp_path) as room:
            await reset(room.link())

    in_the_air(work())

    async def again() -> None:
        async with Room(tmp_path) as room:
            with pytest.raises(TrackerError):
                await asked(room.link(), "claim")

    in_the_air(again())


def test_who_forgot_the_bond_is_not_let_in_with_the_old_key() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asked(link, "status")
            await asyncio.sleep(1.0)
            await link.close()
            await room.peripheral.forget_bonds()
            with pytest.raises(TrackerError) as refused:
                await asked(link, "status")
            assert refused.value.outcome is Outcome.KEY_MISSING

    in_the_air(work())


def test_stopped_is_stopped_whatever_was_under_way() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await order(room, Request(Code.POST, ("restart",)))
            await room.peripheral.stop()
            assert await room.found(0, 60.0) is None, "the restart that was ordered does not bring it back"
            await link.close()
            await room.peripheral.start()
            restarting = [asyncio.create_task(room.peripheral.restart()) for _ in range(2)]
            await asyncio.wait(restarting)
            await asked(link, "status")

    in_the_air(work())


@pytest.mark.parametrize("turns", range(0, 60, 4))
def test_a_restart_at_any_turn_of_advertising_comes_back(turns: int) -> None:
    async def work() -> None:
        async with Room() as room:
            client = await room.connected()
            await client.disconnect()
            for _ in range(turns):
                await asyncio.sleep(0)
            await room.peripheral.restart()
            assert await room.found() is not None
            (connection, *_) = [*room.wrist.device.connections.values(), None]
            assert connection is None

    in_the_air(work())


def test_bonds_are_in_the_file(tmp_path: Path) -> None:
    async def work() -> list[str]:
        async with Room(tmp_path) as room:
            await asked(room.link(), "status")
            return [told.what for told in room.told]

    assert "paired" in in_the_air(work())
    assert "paired" not in in_the_air(work()), "both remember"


def test_reasons_are_those_of_hci() -> None:
    async def work() -> None:
        async with Room() as room:
            client = await room.connected()
            await client.disconnect()
            await asyncio.sleep(1.0)
            assert [(told.what, told.reason) for told in room.told] == [
                ("connected", 0),
                ("disconnected", hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR),
            ]

    in_the_air(work())
