"""The thin part: a phone's adb daemon on a TCP port, for ``adb connect 127.0.0.1:PORT``."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from types import TracebackType

from unstuck.lab.adbd.device import Device, ShellResult
from unstuck.lab.adbd.keys import TOKEN_BYTES, ComputerKey
from unstuck.lab.adbd.machine import AsksToAllow, Closed, Event, Machine, Opened, Received
from unstuck.lab.adbd.shell import packets, plain
from unstuck.lab.adbd.sync import SyncService
from unstuck.lab.adbd.wire import WireError

_READ_BYTES = 1 << 16

_BANNER = ("ro.product.name", "ro.product.model", "ro.product.device")
"""Properties that a daemon tells when it is connected to (``get_connection_string`` in adb.cpp)."""


def _at_once(_command: str) -> float:
    return 0.0


class Adbd:
    """Serves one phone. Use it as an asynchronous context; ``address`` is what ``adb connect`` takes.

    Args:
        device: The phone that answers.
        banner: What the phone says of itself: ``ro.product.name=...;ro.product.model=...;ro.product.device=...;``.
            None asks the phone for these properties, as a real daemon does.
        ask_owner: Whether a computer must be allowed on the phone's screen first, as on every phone that is sold.
        answer_after_s: How long the phone takes over a command line, in seconds of the event loop.
        port: On 127.0.0.1; 0: any that is free. OSError on entering: it cannot be had.
    """

    def __init__(
        self,
        device: Device,
        *,
        banner: str | None = None,
        ask_owner: bool = False,
        answer_after_s: Callable[[str], float] = _at_once,
        port: int = 0,
    ) -> None:
        self._device = device
        self._banner = banner
        self._ask_owner = ask_owner
        self._answer_after_s = answer_after_s
        self._server: asyncio.Server | None = None
        self._port = port
        self._connections: set[_Connection] = set()
        self.known: list[ComputerKey] = []
        """Computers that the owner allowed."""
        self.services: list[str] = []
        """Every service that a computer asked for, in order: ``shell,v2,raw:getprop``."""

    @property
    def port(self) -> int:
        """The TCP port, on 127.0.0.1; before the daemon runs the one that was wanted."""
        return self._port

    @property
    def address(self) -> str:
        """Host and port; adb takes the same words as the phone's serial number."""
        return f"127.0.0.1:{self.port}"

    def allow(self) -> None:
        """The owner taps Allow on the phone's screen, for every computer that asks now."""
        for connection in self._connections:
            connection.allow()

    def vanish(self) -> None:
        """The cable is pulled, or the phone leaves the Wi-Fi: every connection ends without a word."""
        for connection in list(self._connections):
            connection.drop()
        if self._server is not None:
            self._server.close()

    async def __aenter__(self) -> "Adbd":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.drop()
        await asyncio.gather(*(connection.ended.wait() for connection in list(self._connections)))
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        token = (lambda: os.urandom(TOKEN_BYTES)) if self._ask_owner else None
        connection = _Connection(self, Machine(self._says(), self.known, token), writer)
        self._connections.add(connection)
        try:
            await connection.run(reader)
        finally:
            self._connections.discard(connection)
            connection.ended.set()

    def _says(self) -> str:
        if self._banner is not None:
            return self._banner
        answers = ((name, self._device.run(f"getprop {name}").stdout.decode("utf-8", "replace")) for name in _BANNER)
        return "".join(f"{name}={value.strip()};" for name, value in answers)

    async def answer(self, service: str) -> bytes | None:
        """What a service that answers once says; None where it is not served."""
        name, _, argument = service.partition(":")
        kind, *options = name.split(",")
        if kind not in ("shell", "exec", "reboot"):
            return None
        command = f"reboot {argument}".strip() if kind == "reboot" else argument
        delay_s = self._answer_after_s(command)
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        result: ShellResult = self._device.run(command)
        return packets(result) if "v2" in options else plain(result)

    def sync_service(self) -> SyncService:
        """A new ``sync:`` stream."""
        return SyncService(self._device.file)


class _Connection:
    """One computer that is connected."""

    def __init__(self, daemon: Adbd, machine: Machine, writer: asyncio.StreamWriter) -> None:
        self._daemon = daemon
        self._machine = machine
        self._writer = writer
        self._asking: list[ComputerKey] = []
        self._syncs: dict[int, SyncService] = {}
        self._jobs: dict[int, asyncio.Task[None]] = {}
        self.ended = asyncio.Event()

    def allow(self) -> None:
        if self._asking:
            self._daemon.known.extend(self._asking)
            self._asking.clear()
            self._machine.let_in()
            self._flush()

    def drop(self) -> None:
        self._writer.transport.abort()

    async def run(self, reader: asyncio.StreamReader) -> None:
        try:
            # The other side may go away at any moment; that is the end, not a fault.
            with contextlib.suppress(ConnectionError, WireError):
                while data := await reader.read(_READ_BYTES):
                    for event in self._machine.feed(data):
                        self._take(event)
                    self._flush()
                    await self._writer.drain()
        finally:
            for job in list(self._jobs.values()):
                job.cancel()
            self._writer.close()

    def _take(self, event: Event) -> None:
        match event:
            case AsksToAllow(key):
                self._asking.append(key)
            case Opened(stream, service):
                self._daemon.services.append(service)
                if service == "sync:":
                    self._syncs[stream] = self._daemon.sync_service()
                else:
                    self._jobs[stream] = job = asyncio.create_task(self._answer(stream, service))
                    job.add_done_callback(lambda _: self._done(stream))
            case Received(stream, data):
                if (sync := self._syncs.get(stream)) is not None:
                    self._machine.write(stream, sync.feed(data))
                    if sync.over:
                        self._machine.close(stream)
            case Closed(stream):
                self._syncs.pop(stream, None)
                if (running := self._jobs.pop(stream, None)) is not None:
                    running.cancel()

    def _done(self, stream: int) -> None:
        self._jobs.pop(stream, None)

    async def _answer(self, stream: int, service: str) -> None:
        data = await self._daemon.answer(service)
        if data is not None:
            self._machine.write(stream, data)
        self._machine.close(stream)
        self._flush()

    def _flush(self) -> None:
        if (data := self._machine.to_send()) and not self._writer.is_closing():
            self._writer.write(data)
