"""A phone for tests: the lab's, with some hours behind it up to now, behind the lab's daemon, on a real adb client."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from unstuck.lab.adbd import Adbd, ShellResult
from unstuck.lab.phone import MODELS, Bond, LabPhone
from unstuck.lab.phone.lived import LivedPhone, Strike

READY_LIMIT_S = 10.0
BANNER = "ro.product.name=shiba;ro.product.model=Pixel_8;ro.product.device=shiba;"
APP = "com.fitbit.FitbitMobile"
TRACKER = "E6:5E:00:00:00:01"


def lived(*, saver: bool, bluetooth_on: bool, ahead: timedelta) -> LabPhone:
    """A phone whose app worked for hours; two hours ago battery saver or the end of Bluetooth stopped it, if so."""

    def clock_ahead(phone: LabPhone) -> None:
        phone.state.automatic_time = False
        phone.state.clock_offset_s = ahead.total_seconds()

    def save(phone: LabPhone) -> None:
        phone.state.battery_saver = True

    def kill(phone: LabPhone) -> None:
        phone.note_killed(reason="cached idle & background restricted")
        phone.state.app.next_job_s = 0.0

    strikes: list[Strike] = [] if bluetooth_on else [(0.0, lambda phone: phone.set_bluetooth(on=False))]
    strikes += [(0.0, save), (91.0, kill)] if saver else []
    return LivedPhone(
        MODELS["pixel-14"],
        time.time,
        package=APP,
        app_name="Fitbit",
        tracker=Bond(TRACKER, "Inspire 3"),
        strikes=strikes,
        before=clock_ahead,
    )


class ExamplePhone:
    """A lab phone that may be swapped for a stuck one while somebody watches.

    ``ahead`` is how far its clock is ahead of the true one, ``without`` a service it lacks, and ``asked`` are the
    command lines it was asked, but for those about its name.
    """

    def __init__(
        self,
        *,
        saver: bool = False,
        bluetooth_on: bool = True,
        ahead: timedelta = timedelta(0),
        without: str = "",
    ) -> None:
        self.saver = saver
        self.asked: list[str] = []
        self._without = without
        self._well = lived(saver=False, bluetooth_on=bluetooth_on, ahead=ahead)
        self._saving = lived(saver=True, bluetooth_on=bluetooth_on, ahead=ahead)

    @property
    def phone(self) -> LabPhone:
        """The one that answers now."""
        return self._saving if self.saver else self._well

    def run(self, command: str) -> ShellResult:
        if not command.startswith("getprop "):
            self.asked.append(command)
        if command == f"dumpsys {self._without}":
            return ShellResult(b"", f"Can't find service: {self._without}\n".encode(), 0)
        return self.phone.run(command)

    def file(self, path: str) -> bytes:
        return self.phone.file(path)


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
