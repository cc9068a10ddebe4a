"""BlueZ read over a real D-Bus daemon, the radio switches, and a recording that may not be made."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dbus_fast.service import ServiceInterface

from tests.evidence.bluez import daemon
from tests.evidence.bluez.daemon import Adapter, Battery, Device
from unstuck.evidence.bluez.collect import collect
from unstuck.evidence.bluez.record import record
from unstuck.model.errors import LiveError
from unstuck.model.evidence import Fact, ReaderOptions, Reading
from unstuck.model.vocabulary import violations

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
TRACKER = "c0:ff:ee:00:00:01"
HCI, ITS = "/org/bluez/hci0", "/org/bluez/hci0/dev_C0_FF_EE_00_00_01"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _needs_dbus() -> None:
    if reason := daemon.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def silent(_text: str, _done: int, _total: int) -> None:
    return None


async def read(switches: Path, seconds: float = 0.0) -> list[Reading]:
    return await collect(ReaderOptions(), silent, seconds=seconds, now=lambda: NOW, switches=switches)


def one(reading: Reading, name: str) -> Fact:
    (found,) = [fact for fact in reading.facts if fact.name == name]
    return found


async def test_adapter_devices_and_battery_become_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = Device(TRACKER.upper(), "Inspire 3", bonded=True, paired=True, connected=True, rssi=-71)
    objects: dict[str, list[ServiceInterface]] = {HCI: [Adapter(discovering=True)], ITS: [tracker, Battery(64)]}
    async with daemon.bus(tmp_path) as address, daemon.bluez(address, objects):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        (reading,) = await read(tmp_path)
    assert [wrong for fact in reading.facts for wrong in violations(fact)] == []
    assert one(reading, "bluetooth.adapter").value == "on"
    assert one(reading, "bluetooth.bond").value == {"name": "Inspire 3", "transport": "le"}
    assert one(reading, "bluetooth.bond").subject == TRACKER
    assert one(reading, "bluetooth.bond_count").value == 1
    assert one(reading, "bluetooth.device").value == {
        "name": "Inspire 3",
        "connected": True,
        "paired": True,
        "trusted": True,
        "blocked": False,
        "services": True,
    }
    assert one(reading, "advert.seen").number("rssi") == -71
    assert one(reading, "tracker.battery").number("percent") == 64
    assert one(reading, "device.recognised").text("vendor") == "fitbit"
    assert {fact.locator for fact in reading.facts if fact.subject} == {ITS}
    assert {fact.time for fact in reading.facts} == {NOW}


async def test_an_adapter_that_is_off_is_told_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switch = tmp_path / "rfkill0"
    switch.mkdir()
    for name, word in (("type", "bluetooth"), ("soft", "1"), ("hard", "0")):
        (switch / name).write_text(f"{word}\n")
    async with daemon.bus(tmp_path) as address, daemon.bluez(address, {HCI: [Adapter(powered=False)]}):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        (reading,) = await read(tmp_path)
    adapters = [fact for fact in reading.facts if fact.name == "bluetooth.adapter"]
    assert [(fact.value, fact.locator) for fact in adapters] == [("off", HCI), ("off", str(switch))]
    assert reading.source.problems == (
        "bluez: the system turned the radio off; turn flight mode off, or run 'rfkill unblock bluetooth'.",
    )


async def test_of_two_adapters_the_one_that_is_on_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = {HCI: [Adapter()], "/org/bluez/hci1": [Adapter(powered=False)]}
    async with daemon.bus(tmp_path) as address, daemon.bluez(address, objects):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        (reading,) = await read(tmp_path)
    assert [fact.value for fact in reading.facts if fact.name == "bluetooth.adapter"] == ["off", "on"]


async def test_a_computer_without_adapter_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with daemon.bus(tmp_path) as address, daemon.bluez(address, {"/org/bluez": [Battery(1)]}):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        (reading,) = await read(tmp_path)
    assert one(reading, "bluetooth.adapter").value == "absent"


async def test_without_bluez_there_is_one_sentence_and_bluez_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with daemon.bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        (reading,) = await read(tmp_path)
    assert not reading.source.readable
    assert reading.source.problems == (
        "bluez: BlueZ does not run here; start it with 'sudo systemctl start bluetooth'.",
    )


async def test_without_a_bus_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    (reading,) = await read(tmp_path)
    assert not reading.source.readable
    assert "there is no system bus" in reading.source.problems[0]


async def test_a_recording_that_is_not_allowed_is_said_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program here stands for btmon without the right to listen: it complains and ends at once."""
    (tmp_path / "btmon").write_text("#!/bin/sh\necho 'Failed to bind channel: Operation not permitted' >&2\nexit 1\n")
    (tmp_path / "btmon").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    async with daemon.bus(tmp_path) as address, daemon.bluez(address, {HCI: [Adapter()]}):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        state, recording = await read(tmp_path, seconds=5)
    assert state.source.readable
    assert not recording.source.readable
    assert recording.source.problems == (
        "bluez: btmon may not record for this user (Failed to bind channel: Operation not permitted); "
        "run the same with sudo; all but the recording was read.",
    )


async def test_without_btmon_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LiveError, match="sudo apt install bluez"):
        await record(tmp_path / "trace", 1.0, "btmon-that-nobody-has")
