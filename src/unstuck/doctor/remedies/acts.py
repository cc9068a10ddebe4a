"""What can be read and what can be done, as values: over adb, over BlueZ's bus, in our own chain.

A look changes nothing and needs no permit. An act changes something; a hand takes it only in a permit.
"""

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """The way by which something is reached."""

    ADB = "adb"
    BLUEZ = "bluez"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class AdbLook:
    """A shell command on the phone that only reads."""

    command: str

    def __str__(self) -> str:
        return f"adb shell {self.command}"


@dataclass(frozen=True, slots=True)
class AdbShell:
    """A shell command on the phone that changes something. ``ends_link``: the phone goes away by it."""

    command: str
    ends_link: bool = False

    def __str__(self) -> str:
        return f"adb shell {self.command}"


@dataclass(frozen=True, slots=True)
class BluezLook:
    """Reading a property of an object of ``org.bluez``. ``path`` is an object's path, as bluetoothd gives it."""

    path: str
    interface: str
    name: str

    def __str__(self) -> str:
        return f"org.bluez {self.path} {self.interface}.{self.name}"


@dataclass(frozen=True, slots=True)
class BluezCall:
    """A call of a method of ``org.bluez``. ``signature``: D-Bus types of ``arguments``.

    To set a property is ``org.freedesktop.DBus.Properties.Set`` with interface, name and a truth value (``ssv``).
    """

    path: str
    interface: str
    method: str
    signature: str = ""
    arguments: tuple[str | bool, ...] = ()

    def __str__(self) -> str:
        given = " ".join(str(one).lower() if isinstance(one, bool) else one for one in self.arguments)
        return f"org.bluez {self.path} {self.interface}.{self.method} {given}".strip()


class ChainDeed(StrEnum):
    """What our own chain can be told to do."""

    DRAIN_NOW = "drain_now"
    RESTART_TRACKER = "restart_tracker"
    PAIR_AGAIN = "pair_again"
    UPDATE_FIRMWARE = "update_firmware"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class ChainAct:
    """One thing done by our own agent."""

    deed: ChainDeed

    def __str__(self) -> str:
        return f"our agent: {self.deed.value.replace('_', ' ')}"


Look = AdbLook | BluezLook
Act = AdbShell | BluezCall | ChainAct


@dataclass(frozen=True, slots=True)
class Done:
    """What the other side said to an act. ``ok`` False: it was refused or failed; ``text`` says how."""

    ok: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What is connected over one channel.

    ``device``: a serial number, the path of an adapter, the agent's folder. ``sdk``: the phone's API level, 0 where not
    known. ``package`` and ``uid``: the tracker's app, empty and None where not known or not installed. ``address``: the
    tracker's Bluetooth address in capitals. ``pairs_without_loss``: the tracker is known to keep its records when it is
    forgotten here and paired anew.
    """

    channel: Channel
    device: str
    sdk: int = 0
    package: str = ""
    uid: int | None = None
    address: str = ""
    pairs_without_loss: bool = False
