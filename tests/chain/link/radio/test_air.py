"""Devices in one air, as their hosts see it: adverts, connections, losses, keys, with the codes of real controllers."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from bumble import core, hci
from bumble.device import Advertisement, Connection, Device
from bumble.keys import PairingKeys
from bumble.pairing import PairingConfig, PairingDelegate

from tests.chain.bluetooth import FAR, NEAR, PHONE_ADDRESSES, TRACKER_ADDRESS, in_the_air, now_s
from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.controller import NO_RSSI_DBM
from unstuck.chain.link.radio.host import Host
from unstuck.chain.link.radio.physics import Spot, Surroundings

ADVERT = bytes(core.AdvertisingData([(core.AdvertisingData.FLAGS, b"\x06")]))
RESPONSE = bytes(core.AdvertisingData([(core.AdvertisingData.COMPLETE_LOCAL_NAME, b"band")]))
TARGET = hci.Address(TRACKER_ADDRESS)


class Pair:
    """A phone, and a band that advertises every 30 ms. ``events`` by name: what each host was told, with the time."""

    def __init__(self, folder: Path | None = None, *, spot: Spot = NEAR, around: Surroundings | None = None) -> None:
        self.air = Air(around, seed=7)
        self.phone = Host("phone", PHONE_ADDRESSES[0], self.air, folder and folder / "phone.json")
        self.band = Host("band", TRACKER_ADDRESS, self.air, folder and folder / "band.json", spot)
        self.gone: dict[str, tuple[int, float]] = {}
        self.taken: list[Connection] = []
        self.phone.device.on("connection", lambda connection: self._watch("phone", connection))
        self.band.device.on("connection", lambda connection: self._watch("band", connection))
        self.band.device.on("connection", self.taken.append)

    async def on(self) -> "Pair":
        await self.phone.turn_on()
        await self.band.turn_on()
        await self.advertise()
        return self

    async def advertise(self, interval_ms: float = 30.0) -> None:
        await self.band.device.start_advertising(
            own_address_type=self.band.own_address_type,
            advertising_data=ADVERT,
            scan_response_data=RESPONSE,
            advertising_interval_min=interval_ms,
            advertising_interval_max=interval_ms,
        )

    async def connect(self, timeout_s: float = 10.0, phone: Host | None = None) -> Connection:
        one = phone or self.phone
        return await one.device.connect(TARGET, timeout=timeout_s, own_address_type=one.own_address_type)

    async def heard(self, for_s: float, *, active: bool = True) -> list[tuple[float, Advertisement]]:
        found: list[tuple[float, Advertisement]] = []
        device = self.phone.device
        listener = device.on("advertisement", lambda advert: found.append((now_s(), advert)))
        await device.start_scanning(legacy=True, active=active, scan_interval=60.0, scan_window=60.0)
        await asyncio.sleep(for_s)
        await device.stop_scanning()
        device.remove_listener("advertisement", listener)
        return found

    def move(self, spot: Spot) -> None:
        self.band.controller.spot = spot
        self.air.changed()

    def _watch(self, name: str, connection: Connection) -> None:
        connection.on("disconnection", lambda reason: self.gone.__setitem__(name, (int(reason), now_s())))


def in_pair(work: Callable[[Pair], Awaitable[None]], folder: Path | None = None, **options: object) -> None:
    async def life() -> None:
        await work(await Pair(folder, **options).on())  # type: ignore[arg-type]

    in_the_air(life())


# adverts


def test_adverts_differ_in_signal_around_the_mean() -> None:
    async def work(pair: Pair) -> None:
        found = await pair.heard(20.0)
        strengths = [advert.rssi for _, advert in found]
        assert len(found) > 200
        assert len(set(strengths)) > 10
        assert sum(strengths) / len(strengths) == pytest.approx(-60.2, abs=2.0)

    in_pair(work)


@pytest.mark.parametrize("interval_ms", [30.0, 100.0, 1022.5])
def test_adverts_come_at_the_interval_that_was_set(interval_ms: float) -> None:
    async def work(pair: Pair) -> None:
        await pair.band.device.stop_advertising()
        await pair.advertise(interval_ms)
        found = await pair.heard(60.0, active=False)
        times_s = sorted({at_s for at_s, _ in found})
        gaps_s = sorted(after - before for before, after in pairwise(times_s))
        assert gaps_s[len(gaps_s) // 2] == pytest.approx(interval_ms / 1000, rel=0.01)

    in_pair(work)


def test_nothing_is_heard_from_out_of_reach_without_power_or_without_listening() -> None:
    async def work(pair: Pair) -> None:
        pair.move(FAR)
        assert await pair.heard(30.0) == []
        pair.move(NEAR)
        pair.phone.controller.elsewhere.share = 1.0
        assert await pair.heard(30.0) == []
        pair.phone.controller.elsewhere.share = 0.0
        pair.band.cut()
        assert await pair.heard(30.0) == []

    in_pair(work)


def test_a_scan_response_is_its_own_and_only_for_who_asks() -> None:
    async def work(pair: Pair) -> None:
        active = {bytes(advert.data) for _, advert in await pair.heard(5.0)}
        passive = {bytes(advert.data) for _, advert in await pair.heard(5.0, active=False)}
        assert ADVERT + RESPONSE in active
        assert passive == {ADVERT}

    in_pair(work)


def test_the_same_seed_gives_the_same_air() -> None:
    def strengths() -> list[int]:
        said: list[int] = []

        async def work(pair: Pair) -> None:
            Host("other", PHONE_ADDRESSES[1], pair.air)
            said.extend(advert.rssi for _, advert in await pair.heard(5.0))

        in_pair(work)
        return said

    assert strengths() == strengths()


# connecting


def test_an_absent_tracker_times_out_and_the_next_attempt_goes_through() -> None:
    async def work(pair: Pair) -> None:
        pair.move(FAR)
        began_s = now_s()
        with pytest.raises(core.TimeoutError):
            await pair.connect(2.0)
        assert now_s() - began_s == pytest.approx(2.0, abs=0.01)
        with pytest.raises(hci.HCI_Error) as nothing:
            await pair.phone.device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
        assert nothing.value.error_code == hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
        pair.move(NEAR)
        await pair.connect(2.0)

    in_pair(work)


def test_both_are_told_the_parameters_that_are_so() -> None:
    async def work(pair: Pair) -> None:
        connection = await pair.connect()
        await asyncio.sleep(1.0)
        (taken,) = pair.taken

        def said(one: Connection) -> tuple[float, int, float]:
            parameters = one.parameters
            return parameters.connection_interval, parameters.peripheral_latency, parameters.supervision_timeout

        assert said(connection) == said(taken)
        await taken.update_parameters(120.0, 145.0, 3, 4000)
        await asyncio.sleep(1.0)
        assert said(connection) == said(taken) == (145.0, 3, 4000.0)
        # And they are so: the peer's silence is noticed after the new time.
        pair.move(FAR)
        began_s = now_s()
        await asyncio.sleep(20.0)
        assert {reason for reason, _ in pair.gone.values()} == {0x08}
        for _, at_s in pair.gone.values():
            assert at_s - began_s == pytest.approx(4.0, abs=0.6)

    in_pair(work)


@pytest.mark.parametrize(
    "wrong", [(0.0, 0.0, 0, 0), (15.0, 15.0, 500, 4000), (15.0, 15.0, 0, 90), (145.0, 145.0, 30, 4000)]
)
def test_parameters_that_cannot_be_are_refused(wrong: tuple[float, float, int, int]) -> None:
    async def work(pair: Pair) -> None:
        connection = await pair.connect()
        with pytest.raises(hci.HCI_Error) as refused:
            await connection.update_parameters(*wrong)
        assert refused.value.error_code == hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR
        await asyncio.sleep(5.0)
        assert pair.gone == {}

    in_pair(work)


def test_a_request_that_is_not_heard_fails_right_after_success() -> None:
    async def work(pair: Pair) -> None:
        # The band hears nothing: its adverts arrive, the request does not.
        pair.phone.controller.sent_dbm = -100.0
        connection = await pair.connect()
        assert "phone" not in pair.gone, "the controller says success first"
        began_s = now_s()
        await asyncio.sleep(1.0)
        reason, at_s = pair.gone["phone"]
        assert reason == 0x3E
        assert at_s == pytest.approx(began_s + 6 * 0.015, abs=0.02)
        assert pair.taken == []
        assert connection.handle not in pair.phone.device.connections
        pair.phone.controller.sent_dbm = 0.0
        await pair.connect()

    in_pair(work)


def test_no_slot_is_0x09_until_one_is_free() -> None:
    async def work(pair: Pair) -> None:
        pair.phone.controller.elsewhere.links = pair.phone.controller.slots
        with pytest.raises(core.ConnectionError) as refused:
            await pair.connect()
        assert refused.value.error_code == 0x09
        pair.phone.controller.elsewhere.links -= 1
        await pair.connect()

    in_pair(work)


def test_a_second_connection_to_the_same_tracker_is_refused_at_once() -> None:
    async def work(pair: Pair) -> None:
        await pair.connect()
        with pytest.raises(hci.HCI_Error) as refused:
            await pair.connect()
        assert refused.value.error_code == hci.HCI_ErrorCode.CONNECTION_ALREADY_EXISTS_ERROR

    in_pair(work)


def test_two_phones_that_answer_one_advert_do_not_both_get_it() -> None:
    async def work(pair: Pair) -> None:
        other = Host("other", PHONE_ADDRESSES[1], pair.air)
        await other.turn_on()
        gone: list[int] = []
        other.device.on("connection", lambda one: one.on("disconnection", lambda reason: gone.append(int(reason))))
        await asyncio.gather(pair.connect(), pair.connect(phone=other))
        await asyncio.sleep(1.0)
        assert len(pair.taken) == 1
        loser = gone or [pair.gone["phone"][0]]
        assert loser == [0x3E]
        assert len(pair.phone.device.connections) + len(other.device.connections) == 1

    in_pair(work)


# live links


def test_rssi_is_read_at_both_ends_and_follows_the_distance() -> None:
    async def work(pair: Pair) -> None:
        connection = await pair.connect()
        await asyncio.sleep(1.0)

        async def mean(one: Connection) -> float:
            said: list[int] = [await one.get_rssi() for _ in range(50)]  # type: ignore[no-untyped-call]  # Bumble's
            assert len(set(said)) > 3
            return sum(said) / len(said)

        near = await mean(connection)
        assert near == pytest.approx(await mean(pair.taken[0]), abs=3.0)
        pair.move(Spot(20.0))
        assert await mean(connection) == pytest.approx(near - 28.0, abs=5.0)
        command = hci.HCI_Read_RSSI_Command(handle=0x0EFF)
        with pytest.raises(hci.HCI_Error) as unknown:
            await pair.phone.device.send_sync_command(command)
        assert unknown.value.error_code == hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        assert pair.air.rssi_dbm(pair.phone.controller, hci.Address("C0:00:00:00:00:00")) == NO_RSSI_DBM

    in_pair(work)


@pytest.mark.parametrize("reason", [0x13, 0x15, 0x16, 0x3B])
def test_the_peer_hears_the_reason_and_who_ended_it_hears_0x16(reason: int) -> None:
    async def work(pair: Pair) -> None:
        await pair.connect()
        await asyncio.sleep(0.5)
        await pair.taken[0].disconnect(reason)
        assert pair.gone["phone"][0] == reason
        assert pair.gone["band"][0] == 0x16

    in_pair(work)


def test_ending_a_link_nobody_hears_lasts_until_the_time_out() -> None:
    async def work(pair: Pair) -> None:
        connection = await pair.connect()
        await asyncio.sleep(0.5)
        pair.move(FAR)
        began_s = now_s()
        await connection.disconnect()
        timeout_s = connection.parameters.supervision_timeout / 1000
        reason, at_s = pair.gone["phone"]
        assert reason == 0x16
        assert at_s == pytest.approx(began_s + timeout_s, abs=0.1)
        await asyncio.sleep(1.0)
        assert pair.gone["band"][0] == 0x08

    in_pair(work)


def test_ending_what_has_ended_is_an_error_and_no_wait_for_ever() -> None:
    async def work(pair: Pair) -> None:
        connection = await pair.connect()
        await connection.disconnect()
        with pytest.raises(hci.HCI_Error):
            await connection.disconnect()

    in_pair(work)


def test_both_ends_that_end_it_at_once_hear_one_end_each() -> None:
    async def work(pair: Pair) -> None:
        connection = await pair.connect()
        await asyncio.sleep(0.5)
        await asyncio.gather(connection.disconnect(), pair.taken[0].disconnect())
        assert {reason for reason, _ in pair.gone.values()} <= {0x13, 0x16}
        assert set(pair.gone) == {"phone", "band"}
        await pair.advertise()
        await pair.connect()

    in_pair(work)


def test_a_power_cut_is_0x08_at_the_other_side_after_its_time_out() -> None:
    async def work(pair: Pair) -> None:
        connection = await pair.connect()
        await asyncio.sleep(100.0)
        timeout_s = connection.parameters.supervision_timeout / 1000
        began_s = now_s()
        pair.band.cut()
        await asyncio.sleep(10.0)
        reason, at_s = pair.gone["phone"]
        assert reason == 0x08
        assert at_s == pytest.approx(began_s + timeout_s, abs=0.05)
        await pair.band.turn_on()
        await pair.advertise()
        await pair.connect()

    in_pair(work)


def test_an_idle_link_that_moves_out_of_reach_has_its_whole_time_out() -> None:
    async def work(pair: Pair) -> None:
        connection = await pair.connect()
        timeout_s = connection.parameters.supervision_timeout / 1000
        await asyncio.sleep(1234.5)
        pair.move(FAR)
        began_s = now_s()
        await asyncio.sleep(10.0)
        for _, at_s in pair.gone.values():
            assert at_s - began_s == pytest.approx(timeout_s, abs=0.05)

    in_pair(work)


def test_power_that_comes_and_goes_many_times_wears_nothing_out() -> None:
    async def work(pair: Pair) -> None:
        for _ in range(100):
            connection = await pair.connect()
            peer = pair.phone.device.l2cap_channel_manager
            assert peer
            connection.send_l2cap_pdu(0x0004, b"\x0a\x01\x00")
            pair.band.cut()
            with pytest.raises(core.BaseBumbleError):
                await pair.band.device.start_advertising()
            await asyncio.sleep(5.0)
            await pair.band.turn_on()
            await pair.advertise()
        connection = await pair.connect()
        await asyncio.sleep(1.0)
        assert connection.handle in pair.phone.device.connections

    in_pair(work)


def test_a_phone_that_switches_off_says_so_and_closes_all() -> None:
    async def work(pair: Pair) -> None:
        await pair.connect()
        await asyncio.sleep(1.0)
        await pair.phone.turn_off()
        assert pair.gone["phone"][0] == 0x16
        assert pair.gone["band"][0] == 0x15
        await pair.phone.turn_off()
        await pair.phone.turn_on()
        await pair.advertise()
        await pair.connect()

    in_pair(work)


def test_switching_off_while_connecting_or_scanning_ends_it_at_once() -> None:
    async def work(pair: Pair) -> None:
        pair.move(FAR)
        connecting = asyncio.create_task(pair.connect(1000.0))
        await pair.phone.device.start_scanning(legacy=True)
        await asyncio.sleep(1.0)
        began_s = now_s()
        await pair.phone.turn_off()
        with pytest.raises(core.ConnectionError):
            await connecting
        assert now_s() - began_s < 1.0
        assert not pair.phone.device.is_scanning
        with pytest.raises(hci.HCI_Error):
            await pair.phone.device.start_scanning(legacy=True)
        await pair.phone.turn_on()
        pair.move(NEAR)
        await pair.connect()

    in_pair(work)


@pytest.mark.parametrize("turns", range(12))
def test_a_command_that_is_given_up_does_not_answer_for_the_next(turns: int) -> None:
    async def work(pair: Pair) -> None:
        device = pair.phone.device
        given_up = asyncio.create_task(device.send_sync_command(hci.HCI_Read_Local_Name_Command()))
        for _ in range(turns):
            await asyncio.sleep(0)
        given_up.cancel()
        answer = await device.send_sync_command(hci.HCI_Read_BD_ADDR_Command())
        assert str(answer.bd_addr) == f"{PHONE_ADDRESSES[0]}/P"
        await asyncio.wait((given_up,))

    in_pair(work)


@pytest.mark.parametrize("turns", range(0, 40, 3))
def test_power_may_go_in_the_middle_of_switching_on(turns: int) -> None:
    async def work(pair: Pair) -> None:
        pair.band.cut()
        starting = asyncio.create_task(pair.band.turn_on())
        for _ in range(turns):
            await asyncio.sleep(0)
        pair.band.cut()
        await asyncio.wait((starting,))
        assert isinstance(starting.exception(), hci.HCI_Error | None)
        pair.band.cut()
        await pair.band.turn_on()
        await pair.advertise()
        await pair.connect()

    in_pair(work)


# keys


async def bond(pair: Pair) -> None:
    connection = await pair.connect()
    await connection.pair()
    assert connection.is_encrypted
    await asyncio.sleep(1.0)  # the band has the phone's keys a moment later
    await connection.disconnect()
    await pair.advertise()


async def keys_of(device: Device) -> list[tuple[str, PairingKeys]]:
    assert device.keystore is not None
    return await device.keystore.get_all()


def test_bonds_outlive_the_process(tmp_path: Path) -> None:
    in_pair(bond, tmp_path)

    async def again(pair: Pair) -> None:
        connection = await pair.connect()
        await connection.encrypt()
        assert connection.is_encrypted
        assert [name for name, _ in await keys_of(pair.phone.device)] == [TRACKER_ADDRESS]
        assert [name for name, _ in await keys_of(pair.band.device)] == [f"{PHONE_ADDRESSES[0]}/P"]

    in_pair(again, tmp_path)


def test_a_tracker_that_forgot_is_0x06_and_the_link_stays_for_pairing() -> None:
    async def work(pair: Pair) -> None:
        await bond(pair)
        assert pair.band.device.keystore is not None
        await pair.band.device.keystore.delete_all()
        connection = await pair.connect()
        with pytest.raises(hci.HCI_Error) as failed:
            await connection.encrypt()
        assert failed.value.error_code == 0x06
        await asyncio.sleep(5.0)
        assert connection.handle in pair.phone.device.connections
        await connection.pair()
        assert connection.is_encrypted

    in_pair(work)


def test_a_phone_that_forgot_cannot_encrypt_and_the_tracker_sees_nothing() -> None:
    async def work(pair: Pair) -> None:
        await bond(pair)
        assert pair.phone.device.keystore is not None
        await pair.phone.device.keystore.delete_all()
        pair.gone.clear()
        connection = await pair.connect()
        with pytest.raises(core.InvalidOperationError):
            await connection.encrypt()
        await asyncio.sleep(5.0)
        assert pair.gone == {}

    in_pair(work)


def test_keys_that_differ_end_the_link_with_0x3d_at_both() -> None:
    async def work(pair: Pair) -> None:
        await bond(pair)
        store = pair.band.device.keystore
        assert store is not None
        ((name, keys),) = await keys_of(pair.band.device)
        assert keys.ltk is not None
        keys.ltk.value = bytes(16)
        await store.update(name, keys)
        pair.gone.clear()
        connection = await pair.connect()
        with pytest.raises(asyncio.CancelledError):
            await connection.encrypt()
        await asyncio.sleep(1.0)
        assert {who: reason for who, (reason, _) in pair.gone.items()} == {"phone": 0x3D, "band": 0x3D}

    in_pair(work)


def test_a_tracker_that_refuses_to_pair_says_0x05_and_the_link_stays() -> None:
    class Refuses(PairingDelegate):
        async def accept(self) -> bool:
            return False

    async def work(pair: Pair) -> None:
        pair.band.device.pairing_config_factory = lambda _connection: PairingConfig(delegate=Refuses())
        connection = await pair.connect()
        with pytest.raises(core.ProtocolError) as refused:
            await connection.pair()
        assert (refused.value.error_namespace, refused.value.error_code) == ("smp", 0x05)
        await asyncio.sleep(5.0)
        assert pair.gone == {}
        assert not connection.is_encrypted

    in_pair(work)
