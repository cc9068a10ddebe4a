"""A D-Bus daemon of our own, and an ``org.bluez`` on it that stands for BlueZ at its outermost wire.

The daemon is the real one; of BlueZ there is only what ``GetManagedObjects`` shows, in the types of BlueZ 5.66.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from dbus_fast import PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusByte, DBusInt16, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_property

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""

READ = PropertyAccess.READ


def missing() -> str:
    """Why no daemon can be started here; empty where it can."""
    return "" if shutil.which("dbus-daemon") else "dbus-daemon is missing; install it with: sudo apt install dbus"


@contextlib.asynccontextmanager
async def bus(folder: Path) -> AsyncIterator[str]:
    """A daemon while the context lasts; its address."""
    socket, config = folder / "bus", folder / "bus.conf"
    config.write_text(CONFIG.format(socket=socket), "utf-8")
    words = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address", "--nosyslog"]
    daemon = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    try:
        assert daemon.stdout is not None
        address = (await daemon.stdout.readline()).decode().strip()
        assert address
        yield address
    finally:
        daemon.terminate()
        await daemon.wait()


class Adapter(ServiceInterface):
    """``org.bluez.Adapter1``."""

    def __init__(self, *, powered: bool = True, discovering: bool = False) -> None:
        super().__init__("org.bluez.Adapter1")
        self.powered, self.discovering = powered, discovering

    @dbus_property(access=READ, name="Address")
    def its_address(self) -> DBusStr:
        return "02:00:00:00:00:01"

    @dbus_property(access=READ, name="Powered")
    def is_powered(self) -> DBusBool:
        return self.powered

    @dbus_property(access=READ, name="Discovering")
    def is_discovering(self) -> DBusBool:
        return self.discovering


class Device(ServiceInterface):
    """``org.bluez.Device1`` of a tracker."""

    def __init__(self, address: str, name: str, **held: Any) -> None:
        super().__init__("org.bluez.Device1")
        self.address, self.called, self.held = address, name, held

    @dbus_property(access=READ, name="Address")
    def its_address(self) -> DBusStr:
        return self.address

    @dbus_property(access=READ, name="AddressType")
    def address_type(self) -> DBusStr:
        return "random"

    @dbus_property(access=READ, name="Name")
    def name(self) -> DBusStr:
        return self.called

    @dbus_property(access=READ, name="Paired")
    def paired(self) -> DBusBool:
        return bool(self.held.get("paired"))

    @dbus_property(access=READ, name="Bonded")
    def bonded(self) -> DBusBool:
        return bool(self.held.get("bonded"))

    @dbus_property(access=READ, name="Connected")
    def connected(self) -> DBusBool:
        return bool(self.held.get("connected"))

    @dbus_property(access=READ, name="Trusted")
    def trusted(self) -> DBusBool:
        return True

    @dbus_property(access=READ, name="Blocked")
    def blocked(self) -> DBusBool:
        return False

    @dbus_property(access=READ, name="ServicesResolved")
    def services_resolved(self) -> DBusBool:
        return bool(self.held.get("connected"))

    @dbus_property(access=READ, name="RSSI")
    def rssi(self) -> DBusInt16:
        return int(self.held.get("rssi", -127))

    @dbus_property(access=READ, name="UUIDs")
    def uuids(self) -> Annotated[list[str], DBusSignature("as")]:
        return list(self.held.get("uuids", ()))

    @dbus_property(access=READ, name="ManufacturerData")
    def manufacturer_data(self) -> Annotated[dict[int, Variant], DBusSignature("a{qv}")]:
        return {0x0399: Variant("ay", b"\1\2")}


class Battery(ServiceInterface):
    """``org.bluez.Battery1``."""

    def __init__(self, percent: int) -> None:
        super().__init__("org.bluez.Battery1")
        self.percent = percent

    @dbus_property(access=READ, name="Percentage")
    def its_percentage(self) -> DBusByte:
        return self.percent


@contextlib.asynccontextmanager
async def bluez(address: str, objects: Mapping[str, Sequence[ServiceInterface]]) -> AsyncIterator[None]:
    """An ``org.bluez`` with these objects while the context lasts."""
    service = await MessageBus(bus_address=address).connect()
    try:
        for path, interfaces in objects.items():
            for interface in interfaces:
                service.export(path, interface)
        await service.request_name("org.bluez")
        yield
    finally:
        service.disconnect()
