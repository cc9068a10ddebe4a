"""A phone for tests: it answers from the example dumps, behind the lab's adb daemon, to a real adb client.

SYNTHETIC: the texts come from ``examples/``; no phone printed them.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from examples.bugreport import main_text, report

from examples import dumpsys
from unstuck.lab.adbd import Adbd, ShellResult

READY_LIMIT_S = 10.0
BANNER = "ro.product.name=shiba;ro.product.model=Pixel_8;ro.product.device=shiba;"
REPORT_PATH = "/data/user_de/0/com.android.shell/files/bugreports/bugreport-shiba.zip"
UP = timedelta(days=3)
GATT = (
    "10231  8123  8140 D BluetoothGatt: onClientConnectionState() - status={status} clientIf=5 "
    "device=XX:XX:XX:XX:00:01 connected={connected}"
)
KILLED = f" 1000  1511  1702 I am_kill : [0,{{pid}},{dumpsys.APP},905,cached idle & background restricted]"


def now() -> datetime:
    """The time on this phone's wall, without the part below a second."""
    return datetime.now(dumpsys.ZONE).replace(microsecond=0)


@dataclass
class ExamplePhone:
    """Answers the commands of the collector as the phone of ``examples/dumpsys.py``, dated now.

    ``ahead`` is how far the phone's clock is ahead of the true one; ``without`` is a service it lacks, and
    ``asked`` are the command lines it was asked.
    """

    saver: bool = False
    bluetooth_on: bool = True
    ahead: timedelta = timedelta(0)
    without: str = ""
    asked: list[str] = field(default_factory=list)

    def state(self) -> dumpsys.Phone:
        """What the dumps are made from: saver or Bluetooth went over two hours ago, and the app suffered."""
        taken = now() + self.ahead
        switched = taken - timedelta(hours=2)
        enabled = [(taken - UP, "Enabled  due to SYSTEM_BOOT by android")]
        linked = [(switched - timedelta(minutes=56), GATT.format(status=0, connected="true"))]
        if not self.bluetooth_on:
            enabled.append((switched, "Disabled  due to APPLICATION_REQUEST by com.android.systemui"))
            linked.append((switched, GATT.format(status=22, connected="false")))
        kills = [(switched + timedelta(seconds=91), KILLED.format(pid=8123))] if self.saver else []
        return dumpsys.Phone(
            taken=taken,
            enable_log=enabled,
            beat_until=switched if self.saver else taken - timedelta(minutes=4),
            bluetooth_on=self.bluetooth_on,
            gatt_links=1 if self.bluetooth_on and not self.saver else 0,
            saver_since=switched if self.saver else None,
            battery_percent=18 if self.saver else 78,
            system_log=linked,
            event_log=kills,
        )

    def run(self, command: str) -> ShellResult:
        self.asked.append(command)
        phone = self.state()
        words = command.split()
        if words[0] == "date":
            return _said(f"{phone.taken:%Y-%m-%dT%H:%M:%S%z}\n")
        if words[0] == "uptime":
            return _said("up 3 days\n")
        text = main_text(phone)
        if words[0] == "getprop":
            return _said(_between(text, "------ SYSTEM PROPERTIES (getprop) ------\n", "------ "))
        if words[0] == "logcat":
            title = "EVENT LOG" if "events" in words else "SYSTEM LOG"
            return _said(_between(text, f"------ {title} (", "------ ").partition("\n")[2])
        if words[0] == "dumpsys":
            found = _between(text, f"DUMP OF SERVICE {words[1]}:\n", "--------- ")
            if words[1] == self.without:
                found = ""
            return _said(found or f"Can't find service: {words[1]}\n")
        if words[0] == "bugreportz":
            # The version goes to standard error, as the real one's does.
            return (
                ShellResult(b"", b"1.2\n", 0) if words[1] == "-v" else _said(f"BEGIN:{REPORT_PATH}\nOK:{REPORT_PATH}\n")
            )
        if words[:2] == ["settings", "list"]:
            return _said(f"airplane_mode_on=0\nlow_power={int(self.saver)}\n")
        return ShellResult(b"", f"sh: {words[0]}: inaccessible or not found\n".encode(), 127)

    def file(self, path: str) -> bytes:
        if path != REPORT_PATH:
            raise FileNotFoundError(path)
        return report(self.state())


def _between(text: str, begin: str, end: str) -> str:
    return text.partition(begin)[2].partition(f"\n{end}")[0] + "\n" if begin in text else ""


def _said(text: str) -> ShellResult:
    return ShellResult(text.encode(), b"", 0)


class Running:
    """A daemon in a thread of its own, for tests that are not asynchronous."""

    def __init__(self, daemon: Adbd) -> None:
        self.daemon = daemon
        self.loop = asyncio.new_event_loop()

    def now(self, call: Callable[[], None]) -> None:
        """Do something in the daemon's thread and wait until it is done."""

        async def done() -> None:
            call()

        asyncio.run_coroutine_threadsafe(done(), self.loop).result(READY_LIMIT_S)


@contextlib.contextmanager
def running(daemon: Adbd) -> Iterator[Running]:
    """Serve a daemon while the context lasts."""
    held = Running(daemon)
    up, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with daemon:
            up.set()
            await stop.wait()

    def run() -> None:
        held.loop.run_until_complete(serve())
        held.loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert up.wait(READY_LIMIT_S)
        yield held
    finally:
        held.loop.call_soon_threadsafe(stop.set)
        thread.join(READY_LIMIT_S)


def adb(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the real adb client."""
    return subprocess.run(["adb", *words], capture_output=True, text=True, check=False, timeout=30)


def connect(daemon: Adbd) -> str:
    """Connect the real adb client to a daemon; the phone's serial number."""
    adb("connect", daemon.address)
    return daemon.address


@pytest.fixture(scope="session")
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An adb server of our own: nothing on this machine is disturbed. Skipped where there is no adb; CI has it."""
    if shutil.which("adb") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("adb is missing; install it with: sudo apt install adb")
    home: Path = tmp_path_factory.mktemp("adb")
    with socket.socket() as probe, pytest.MonkeyPatch.context() as patch:
        probe.bind(("127.0.0.1", 0))
        patch.setenv("ANDROID_ADB_SERVER_PORT", str(probe.getsockname()[1]))
        probe.close()
        patch.setenv("HOME", str(home))
        patch.setenv("ANDROID_ADB_LOG_PATH", str(home / "log"))
        adb("start-server")
        yield
        adb("kill-server")
