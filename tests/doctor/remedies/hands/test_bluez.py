"""The hand over BlueZ on a real D-Bus daemon, with an ``org.bluez`` that notes what it is told."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from dbus_fast import PropertyAccess
from dbus_fast.annotations import DBusBool, DBusObjectPath
from dbus_fast.errors import DBusError
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from tests.doctor.remedies.stage import ADAPTER, NOTHING_AT_STAKE, Stage, examination, planned
from tests.evidence.bluez import daemon
from unstuck.doctor.remedies.acts import AdbLook, BluezLook, Channel, Done
from unstuck.doctor.remedies.bluez import DEVICE, device_path
from unstuck.doctor.remedies.drive import drive
from unstuck.doctor.remedies.hands.bluez import BluezHand
from unstuck.doctor.remedies.treatment import Treatment
from unstuck.model.history import Change, Result


@pytest.fixture(autouse=True)
def _needs_dbus() -> None:
    if reason := daemon.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


class Adapter(ServiceInterface):
    """``org.bluez.Adapter1`` that obeys."""

    def __init__(self, told: list[str], *, powered: bool) -> None:
        super().__init__("org.bluez.Adapter1")
        self.told, self.powered = told, powered

    @dbus_property(access=PropertyAccess.READWRITE, name="Powered")
    def is_powered(self) -> DBusBool:
        return self.powered

    @is_powered.setter
    def set_powered(self, value: DBusBool) -> None:
        self.told.append(f"Powered {value}")
        self.powered = value

    @dbus_method(name="RemoveDevice")
    def remove(self, path: DBusObjectPath) -> None:
        self.told.append(f"RemoveDevice {path}")

    @dbus_method(name="StartDiscovery")
    def start(self) -> None:
        self.told.append("StartDiscovery")

    @dbus_method(name="StopDiscovery")
    def stop(self) -> None:
        self.told.append("StopDiscovery")


class Device(ServiceInterface):
    """``org.bluez.Device1`` that obeys, or refuses to pair."""

    def __init__(self, told: list[str], *, pairs: bool) -> None:
        super().__init__(DEVICE)
        self.told, self.pairs, self.trusted = told, pairs, False

    @dbus_property(access=PropertyAccess.READWRITE, name="Trusted")
    def is_trusted(self) -> DBusBool:
        return self.trusted

    @is_trusted.setter
    def set_trusted(self, value: DBusBool) -> None:
        self.told.append(f"Trusted {value}")
        self.trusted = value

    @dbus_method(name="Disconnect")
    def disconnect(self) -> None:
        self.told.append("Disconnect")

    @dbus_method(name="Pair")
    def pair(self) -> None:
        self.told.append("Pair")
        if not self.pairs:
            raise DBusError("org.bluez.Error.AuthenticationFailed", "the tracker said no")


def treated(folder: Path, fix: str, *, powered: bool = True, pairs: bool = True) -> tuple[list[str], Stage]:
    """What BlueZ was told while a plan of this one fix was treated with consent."""
    told: list[str] = []
    stage = Stage([examination(planned(fix), targets=[ADAPTER], situation=NOTHING_AT_STAKE)], [True] * 9)

    async def life() -> None:
        objects: dict[str, list[ServiceInterface]] = {
            ADAPTER.device: [Adapter(told, powered=powered)],
            device_path(ADAPTER): [Device(told, pairs=pairs)],
        }
        async with daemon.bus(folder) as address, daemon.bluez(address, objects), BluezHand(address) as hand:
            await drive(Treatment().run(), stage, {Channel.BLUEZ: hand})

    asyncio.run(life())
    return told, stage


def test_an_adapter_goes_off_and_on_and_is_on_at_the_end(tmp_path: Path) -> None:
    told, stage = treated(tmp_path, "restart_bluetooth")
    assert told == ["Disconnect", "Powered False", "Powered True"]
    assert not any(entry.standing for entry in stage.journal)


def test_an_adapter_that_is_turned_on_in_vain_is_turned_off_again(tmp_path: Path) -> None:
    told, stage = treated(tmp_path, "turn_bluetooth_on", powered=False)
    assert told == ["Powered True", "Powered False"]
    assert stage.journal[-1].tried.result is Result.UNDONE
    change = Change(f"{ADAPTER.device} Powered", "false", "true", undone=True)
    assert stage.journal[-1].tried.changes == (change,)


def test_pairing_anew_is_done_in_its_order(tmp_path: Path) -> None:
    told, _ = treated(tmp_path, "repair_bond")
    path = device_path(ADAPTER)
    assert told == [f"RemoveDevice {path}", "StartDiscovery", "Pair", "Trusted True", "StopDiscovery"]


def test_what_bluez_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    told, stage = treated(tmp_path, "repair_bond", pairs=False)
    assert told[-1] == "Pair"
    assert stage.journal[0].tried.result is Result.FAILED
    assert "the tracker said no" in stage.journal[0].tried.note
    assert stage.guides == ["repair_bond"], "then the person is shown how to do it by hand"


def test_nothing_is_forgotten_while_records_may_be_on_the_tracker_alone(tmp_path: Path) -> None:
    told: list[str] = []
    unsafe = replace(NOTHING_AT_STAKE, undrained=None)
    stage = Stage([examination(planned("repair_bond"), targets=[ADAPTER], situation=unsafe)], [True] * 9)

    async def life() -> None:
        objects: dict[str, list[ServiceInterface]] = {ADAPTER.device: [Adapter(told, powered=True)]}
        async with daemon.bus(tmp_path) as address, daemon.bluez(address, objects), BluezHand(address) as hand:
            await drive(Treatment().run(), stage, {Channel.BLUEZ: hand})

    asyncio.run(life())
    assert told == []
    assert stage.journal[-1].tried.result is Result.BLOCKED


def test_what_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    async def life() -> list[str | None]:
        async with daemon.bus(tmp_path) as address, BluezHand(address) as hand:
            with pytest.raises(TypeError):
                await hand.look(AdbLook("id"))
            return [await hand.look(BluezLook(ADAPTER.device, "org.bluez.Adapter1", "Powered"))]

    assert asyncio.run(life()) == [None]
    assert Done(True).text == ""
