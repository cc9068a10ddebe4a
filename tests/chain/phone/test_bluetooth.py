"""The agent's link over Bluetooth: each reason it gives is reached by making the world so."""

import asyncio
from pathlib import Path

import pytest
from bleak import BleakScanner
from bleak.exc import BleakBluetoothNotAvailableReason
from bumble.core import AdvertisingData
from bumble.keys import JsonKeyStore

from tests.chain.bluetooth import FAR, NEAR, TRACKER_ADDRESS, Room, asked, in_the_air, now_s
from unstuck.chain.link.coap import Answered, Code, Failed, Failure, Request
from unstuck.chain.link.radio.host import Host
from unstuck.chain.phone.bluetooth import ANSWER_WAIT_S, BluetoothLink, Radio, adapter_present
from unstuck.chain.phone.reasons import MEANINGS, Outcome, Retry
from unstuck.chain.phone.tracker import TrackerError

REACHED: set[Outcome] = set()


async def refusal(link: BluetoothLink) -> TrackerError:
    """The reason why a request does not get through."""
    with pytest.raises(TrackerError) as refused:
        await link.request(Request(Code.GET, ("status",)))
    REACHED.add(refused.value.outcome)
    assert not link.open
    return refused.value


def test_bluetooth_off() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await room.phone.host.turn_off()
            assert (await refusal(link)).outcome is Outcome.BLUETOOTH_OFF
            await room.phone.host.turn_on()
            await asked(link, "status")
            await room.phone.host.turn_off()
            assert not link.open
            assert (await refusal(link)).outcome is Outcome.BLUETOOTH_OFF

    in_the_air(work())


@pytest.mark.parametrize(
    ("why", "outcome"),
    [
        (BleakBluetoothNotAvailableReason.DENIED_BY_USER, Outcome.BLUETOOTH_DENIED),
        (BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM, Outcome.BLUETOOTH_DENIED),
        (BleakBluetoothNotAvailableReason.NO_BLUETOOTH, Outcome.BLUETOOTH_ABSENT),
        (BleakBluetoothNotAvailableReason.UNKNOWN, Outcome.BLUETOOTH_FAILED),
    ],
)
def test_bluetooth_withheld(why: BleakBluetoothNotAvailableReason, outcome: Outcome) -> None:
    async def work() -> None:
        async with Room() as room:
            room.phone.withheld = why
            assert (await refusal(room.link())).outcome is outcome

    in_the_air(work())


@pytest.mark.skipif(adapter_present(), reason="this machine has a Bluetooth adapter")
def test_no_adapter_in_this_machine() -> None:
    async def work() -> None:
        assert (await refusal(BluetoothLink("", Radio()))).outcome is Outcome.BLUETOOTH_ABSENT

    asyncio.run(work())


def test_a_scan_that_the_system_refuses() -> None:
    async def work() -> None:
        async with Room() as room, BleakScanner(backend=room.phone.scanner):
            assert (await refusal(room.link())).outcome is Outcome.BLUETOOTH_FAILED

    in_the_air(work())


def test_a_tracker_out_of_reach_is_not_heard_and_what_was_heard_last_is_said() -> None:
    async def work() -> None:
        async with Room(spot=FAR) as room:
            link = room.link()
            fault = await refusal(link)
            assert (fault.outcome, fault.detail) == (Outcome.TRACKER_NOT_HEARD, "no advert in 15 s")
            room.move(NEAR)
            await asked(link, "status")
            room.move(FAR)
            await asyncio.sleep(10.0)
            assert "last heard at -" in (await refusal(link)).detail

    in_the_air(work())


def test_another_tracker_than_the_one_wanted_is_not_taken() -> None:
    async def work() -> None:
        async with Room() as room:
            radio = Radio(room.phone.client, room.phone.scanner)
            assert (await refusal(BluetoothLink("C0:00:00:00:00:01", radio))).outcome is Outcome.TRACKER_NOT_HEARD
            for wanted in (TRACKER_ADDRESS, TRACKER_ADDRESS.lower(), "unstuck one"):
                link = BluetoothLink(wanted, radio)
                await asked(link, "status")
                await link.close()

    in_the_air(work())


def test_heard_but_not_reached() -> None:
    async def work() -> None:
        async with Room() as room:
            room.phone.host.controller.sent_dbm = -100.0
            fault = await refusal(room.link())
            assert fault.outcome is Outcome.NOT_CONNECTED
            assert "0x3e" in fault.detail
            assert "last heard at" in fault.detail

    in_the_air(work())


def test_no_slot() -> None:
    async def work() -> None:
        async with Room() as room:
            room.phone.host.controller.elsewhere.links = 7
            link = room.link()
            assert (await refusal(link)).outcome is Outcome.NO_SLOT
            room.phone.host.controller.elsewhere.links = 6
            await asked(link, "status")

    in_the_air(work())


def test_a_tracker_that_is_bonded_to_another_phone_refuses() -> None:
    async def work() -> None:
        async with Room(phones=2) as room:
            first = room.link(0)
            await asked(first, "status")
            await first.close()
            fault = await refusal(room.link(1))
            assert fault.outcome is Outcome.PAIRING_REFUSED
            assert MEANINGS[fault.outcome].retry is Retry.PERSON

    in_the_air(work())


def test_a_tracker_that_forgot_the_key_and_pairing_again() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asked(link, "status")
            await asyncio.sleep(1.0)
            await link.close()
            await room.peripheral.forget_bonds()
            for _ in range(2):
                assert (await refusal(link)).outcome is Outcome.KEY_MISSING
            link.pair_again = True
            await asked(link, "status")
            assert not link.pair_again
            await link.close()
            await asked(link, "status")

    in_the_air(work())


def test_keys_that_differ_are_a_missing_key_too(tmp_path: Path) -> None:
    async def work() -> None:
        async with Room(tmp_path) as room:
            link = room.link()
            await asked(link, "status")
            await asyncio.sleep(1.0)
            await link.close()
            store = JsonKeyStore(None, str(tmp_path / "tracker-keys.json"))
            ((name, keys),) = await store.get_all()
            assert keys.ltk is not None
            keys.ltk.value = bytes(16)
            await store.update(name, keys)
            fault = await refusal(link)
            assert fault.outcome is Outcome.KEY_MISSING
            assert "0x3d" in fault.detail

    in_the_air(work())


def test_pairing_again_with_a_tracker_that_still_knows_another_key_needs_the_button() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asked(link, "status")
            await link.close()
            link.pair_again = True
            assert (await refusal(link)).outcome is Outcome.PAIRING_REFUSED
            room.peripheral.open_pairing()
            await asked(link, "status")

    in_the_air(work())


def test_what_is_no_tracker_of_ours() -> None:
    async def work() -> None:
        async with Room(spot=FAR) as room:
            other = Host("lamp", "C1:00:00:00:00:01", room.air)
            await other.turn_on()
            await other.device.start_advertising(
                own_address_type=other.own_address_type,
                scan_response_data=bytes(AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, b"Lamp")])),
                advertising_data=bytes(
                    AdvertisingData([(AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, b"\x0f\x18")])
                ),
            )
            link = BluetoothLink("Lamp", Radio(room.phone.client, room.phone.scanner))
            assert (await refusal(link)).outcome is Outcome.NO_GATTLINK

    in_the_air(work())


@pytest.mark.parametrize("how", ["away", "power", "tracker ends it", "bluetooth off"])
def test_a_link_lost_in_mid_request(how: str) -> None:
    async def work() -> None:
        async with Room(worn_s=6 * 86_400.0) as room:
            changes: list[bool] = []
            link: BluetoothLink = room.link(on_change=lambda: changes.append(link.open))
            await asked(link, "status")
            request = Request(Code.GET, ("records",), ("boot=0", "from=0", "max=16384"))
            asking = asyncio.create_task(link.request(request))
            await asyncio.sleep(0.06)
            began_s = now_s()
            match how:
                case "away":
                    room.move(FAR)
                case "power":
                    room.wrist.cut()
                case "tracker ends it":
                    for connection in list(room.wrist.device.connections.values()):
                        await connection.disconnect()
                case "bluetooth off":
                    await room.phone.host.turn_off()
            with pytest.raises(TrackerError) as lost:
                await asking
            REACHED.add(lost.value.outcome)
            assert lost.value.outcome is Outcome.LINK_LOST
            assert now_s() - began_s < 5.0
            assert changes[-1] is False
            room.move(NEAR)
            await room.phone.host.turn_on()
            await room.peripheral.start()
            answer = await link.request(request)
            assert isinstance(answer, Answered)
            assert answer.response.code == Code.CONTENT

    in_the_air(work())


def test_no_answer_on_a_live_link_begins_anew_the_next_time() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asked(link, "status")
            session = room.peripheral.session
            assert session is not None
            session._driver = None  # its firmware hangs
            began_s = now_s()
            answer = await link.request(Request(Code.GET, ("status",)))
            assert answer == Failed(answer.handle, Failure.NO_ANSWER)
            assert now_s() - began_s <= ANSWER_WAIT_S + 1.0
            assert not link.open
            await asked(link, "status")

    in_the_air(work())


MOMENTS = [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4]


@pytest.mark.parametrize("moment_s", MOMENTS)
@pytest.mark.parametrize("how", ["away", "power", "bluetooth off", "restart"])
def test_trouble_at_any_moment_of_the_first_connection_is_passing_and_heals(how: str, moment_s: float) -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            asking = asyncio.create_task(link.request(Request(Code.GET, ("status",))))
            await asyncio.sleep(moment_s)
            match how:
                case "away":
                    room.move(FAR)
                case "power":
                    room.wrist.cut()
                case "bluetooth off":
                    await room.phone.host.turn_off()
                case "restart":
                    await room.peripheral.restart()
            await asyncio.wait((asking,))
            fault = asking.exception()
            if fault is not None:
                assert isinstance(fault, TrackerError), fault
                assert MEANINGS[fault.outcome].retry is Retry.BACK_OFF, f"{fault}: nobody needs to act"
            room.move(NEAR)
            await room.phone.host.turn_on()
            await room.peripheral.start()
            for _ in range(3):
                try:
                    await asked(link, "status")
                except TrackerError as again:
                    # One side stored the key, the other had not yet: only then a person pairs anew.
                    if again.outcome is Outcome.KEY_MISSING:
                        link.pair_again = True
                    elif again.outcome is Outcome.PAIRING_REFUSED:
                        room.peripheral.open_pairing()
                    await asyncio.sleep(5.0)
                else:
                    break
            await asked(link, "status")

    in_the_air(work())


@pytest.mark.parametrize("moment_s", MOMENTS)
def test_a_request_that_is_cancelled_at_any_moment_leaves_a_link_that_works(moment_s: float) -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            asking = asyncio.create_task(link.request(Request(Code.GET, ("status",))))
            await asyncio.sleep(moment_s)
            asking.cancel()
            await asyncio.wait((asking,))
            assert asking.cancelled() or asking.exception() is None
            room.peripheral.open_pairing()
            link.pair_again = True
            await asked(link, "status")
            await link.close()
            await asyncio.sleep(1.0)
            assert room.phone.host.device.connections == {}

    in_the_air(work())


def test_two_requests_at_once_share_one_link() -> None:
    async def work() -> None:
        async with Room() as room:
            link = room.link()
            await asyncio.gather(*(asked(link, "status") for _ in range(5)))
            assert [told.what for told in room.told].count("connected") == 1
            assert link.requests == 5

    in_the_air(work())


def test_every_reason_of_bluetooth_was_reached() -> None:
    expected = {outcome for outcome in Outcome if outcome.value.startswith("bluetooth.")}
    if len(REACHED) < 2:
        pytest.skip("the other tests of this module did not run")
    assert expected <= REACHED
