"""``unstuck fix bluez`` as a whole command: a real D-Bus daemon, and an ``org.bluez`` on it that obeys."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from dbus_fast import PropertyAccess
from dbus_fast.annotations import DBusBool, DBusObjectPath, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from tests.evidence.bluez import daemon
from unstuck.cli import fix_run
from unstuck.cli.fix_run import FixRequest
from unstuck.cli.status import ExitStatus
from unstuck.doctor.remedies import treatment

HCI, ITS = "/org/bluez/hci0", "/org/bluez/hci0/dev_C0_FF_EE_00_00_01"
ON = frozenset({"turn_bluetooth_on"})
READY_LIMIT_S = 10.0


class Adapter(ServiceInterface):
    """``org.bluez.Adapter1`` that obeys, and notes what it is told."""

    def __init__(self, told: list[str], *, powered: bool) -> None:
        super().__init__("org.bluez.Adapter1")
        self.told, self.powered = told, powered

    @dbus_property(access=PropertyAccess.READ, name="Address")
    def its_address(self) -> DBusStr:
        return "02:00:00:00:00:01"

    @dbus_property(access=PropertyAccess.READ, name="Discovering")
    def is_discovering(self) -> DBusBool:
        return False

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


class Tracker(daemon.Device):
    """Connected as long as the adapter is on."""

    def __init__(self, adapter: Adapter, name: str) -> None:
        super().__init__("C0:FF:EE:00:00:01", name, bonded=True, paired=True)
        self.adapter = adapter

    @dbus_property(access=PropertyAccess.READ, name="Connected")
    def connected(self) -> DBusBool:
        return self.adapter.powered


@contextmanager
def serving(folder: Path, objects: Mapping[str, Sequence[ServiceInterface]]) -> Iterator[str]:
    """Daemon and ``org.bluez`` in a thread while the context lasts; the bus's address."""
    ready, over = threading.Event(), threading.Event()
    found: list[str] = []

    async def live() -> None:
        async with daemon.bus(folder) as address, daemon.bluez(address, objects):
            found.append(address)
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        assert ready.wait(READY_LIMIT_S)
        yield found[0]
    finally:
        over.set()
        thread.join(READY_LIMIT_S)


@pytest.fixture
def adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adapter]:
    """An adapter that is off, and a tracker bonded with it."""
    if reason := daemon.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(treatment, "BLIND_MINUTES", 0.0)
    own = Adapter([], powered=False)
    with serving(tmp_path, {HCI: [own], ITS: [Tracker(own, "Inspire 3")]}) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield own


def journal(folder: Path) -> list[dict[str, object]]:
    kept: list[dict[str, object]] = json.loads((folder / "state/unstuck/fixes.json").read_text("utf-8"))["tried"]
    return kept


def test_a_dry_run_says_which_call_it_would_make_and_makes_none(
    adapter: Adapter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fix_run.run(FixRequest((Path("bluez"),), dry_run=True)) is ExitStatus.STUCK
    out = " ".join(capsys.readouterr().out.split())
    assert "Set org.bluez.Adapter1 Powered true [/org/bluez/hci0 Powered was false]" in out
    assert adapter.told == []


def test_an_adapter_that_is_off_is_turned_on_and_off_again_on_demand(
    adapter: Adapter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = fix_run.run(FixRequest((Path("bluez"),), yes=ON, only=ON))
    assert adapter.told == ["Powered True"]
    assert status in (ExitStatus.HEALTHY, ExitStatus.INCONCLUSIVE), "BlueZ shows a link, and no data"
    (entry,) = journal(tmp_path)
    assert (entry["fix"], entry["how"]) == ("turn_bluetooth_on", "automatic")
    capsys.readouterr()
    assert fix_run.run(FixRequest((Path("bluez"),), undo=True, yes=ON)) is ExitStatus.HEALTHY
    assert adapter.told == ["Powered True", "Powered False"]
    assert "sets /org/bluez/hci0 Powered back from true to false" in capsys.readouterr().out


def test_undoing_by_the_word_undo_alone_finds_the_adapter(adapter: Adapter, tmp_path: Path) -> None:
    fix_run.run(FixRequest((Path("bluez"),), yes=ON, only=ON))
    assert fix_run.run(FixRequest((), undo=True, dry_run=True)) is ExitStatus.STUCK
    assert adapter.told == ["Powered True"], "a dry run only says it"
    (entry,) = journal(tmp_path)
    assert entry["changes"] == [
        {"what": "/org/bluez/hci0 Powered", "before": "false", "after": "true", "undone": False}
    ]


def test_without_consent_the_bus_is_only_read(adapter: Adapter, tmp_path: Path) -> None:
    assert fix_run.run(FixRequest((Path("bluez"),))) is ExitStatus.STUCK
    assert adapter.told == []
    assert not (tmp_path / "state/unstuck/fixes.json").exists()
