"""A Linux guest with BlueZ, on the host's own programs, whose Bluetooth controller is a socket on the host.

The host's root is the guest's, read-only under a memory overlay: what the guest writes is gone with it, except below
``out``. The guest ends when the host lets go of it, when its life is over, or with the host's process.
"""

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bluez import initramfs
from tests.bluez.tools import REPOSITORY, GuestError, Kernel, program

SYSTEM = Path(__file__).with_name("system.sh")

UP_LIMIT_S = 60.0
"""From the start of QEMU to the guest's own system; 4 s without KVM on a quiet machine."""
READY_LIMIT_S = 90.0
"""From there until BlueZ has a powered controller; 6 s on a quiet machine."""
OFF_LIMIT_S = 15.0
"""To power off, before QEMU is killed."""
KVM_LIMIT_S = 15.0
"""A nested KVM that does not work says nothing at all; one that works is up in 2 s."""
LIFE_S = 900
"""The guest powers itself off then, whatever happened to the host's side."""
JOB_LIMIT_S = 60.0
MARGIN_S = 15.0
"""The guest ends a job that is late; the host waits a little longer for it to say so."""
POLL_S = 0.05
MEMORY_MIB = 1536
SERVER = "10.0.2.100"
"""In QEMU's own network, which begins at 10.0.2.0."""


@dataclass(frozen=True)
class Done:
    """How a job ended. A status of 124 or 137 is the guest's time-out."""

    status: int
    stdout: str
    stderr: str


@dataclass
class Job:
    """A command line that runs in the guest."""

    guest: "Guest"
    folder: Path
    limit_s: float
    status: asyncio.Future[int]

    def said(self) -> str:
        """Its standard output until now."""
        path = self.folder / "stdout"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    async def says(self, text: str) -> None:
        """Wait until a line of its standard output contains a text.

        Raises:
            GuestError: It ended or ran out of time without.
        """
        while text not in self.said():
            if self.status.done() and text not in self.said():
                raise GuestError(f"the job ended without saying {text!r}: {await self.done()}")
            await asyncio.sleep(POLL_S)

    async def done(self) -> Done:
        """Wait for its end.

        Raises:
            GuestError: The guest died or fell silent.
        """
        limit_s = self.limit_s + MARGIN_S
        status = await self.guest.within(asyncio.shield(self.status), limit_s, f"did not end job {self.folder.name}")
        errors = (self.folder / "stderr").read_text(encoding="utf-8", errors="replace")
        return Done(status, self.said(), errors)


@dataclass
class Guest:
    """The running guest. Make it with `started`."""

    out: Path
    sockets: Path
    accelerator: str
    process: asyncio.subprocess.Process
    began_s: float
    lines: list[tuple[float, str]] = field(default_factory=list)
    """What came over the serial line, each with its seconds since the start."""
    jobs: dict[str, Job] = field(default_factory=dict)
    line: asyncio.StreamWriter | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def controller(self) -> Path:
        """The socket on which the guest speaks HCI (H4) to its controller. Connect to it before waiting for `ready`."""
        return self.sockets / "hci"

    def trouble(self, what: str) -> GuestError:
        """An error that names the last line of the guest."""
        last = self.lines[-1][1] if self.lines else "nothing"
        end = f" (QEMU ended with status {self.process.returncode})" if self.process.returncode is not None else ""
        return GuestError(f"the guest {what}{end}; its last line was: {last!r}; logs are in {self.out}")

    async def within(self, thing: Awaitable[int], limit_s: float, what: str) -> int:
        """Wait for something of the guest's, at most so long."""
        try:
            return await asyncio.wait_for(thing, limit_s)
        except TimeoutError as error:
            raise self.trouble(f"{what} within {limit_s:.0f} s") from error

    async def listen(self) -> None:
        """Keep what comes over the serial line."""
        assert self.process.stdout is not None
        with (self.out / "serial.log").open("w", encoding="utf-8") as log:
            async for raw in self.process.stdout:
                # The firmware sends control sequences.
                text = re.sub(r"\x1b\S*|[^\x20-\x7e]", "", raw.decode(errors="replace")).strip()
                after_s = time.monotonic() - self.began_s
                if text:
                    self.lines.append((after_s, text))
                    log.write(f"{after_s:8.2f} {text}\n")
                    log.flush()
                self.heard.set()
        await self.process.wait()
        self.heard.set()
        for job in self.jobs.values():
            if not job.status.done():
                job.status.set_exception(self.trouble(f"went away during job {job.folder.name}"))

    async def told(self, text: str) -> int:
        """Wait for a line on the serial line; the number of lines until then."""
        while True:
            for number, (_, line) in enumerate(self.lines, 1):
                if text in line:
                    return number
            if self.process.returncode is not None:
                raise self.trouble(f"went away before it said {text!r}")
            self.heard.clear()
            await self.heard.wait()

    async def ready(self) -> None:
        """Wait until BlueZ has a powered controller and the guest takes jobs.

        Raises:
            GuestError: It did not happen in time.
        """
        await self.within(self.told("guest: ready for jobs"), READY_LIMIT_S, "did not get its controller ready")

    async def come_up(self) -> int:
        """Wait until the guest's own system runs."""
        await self.hold()
        return await self.told("guest: up")

    async def hold(self) -> None:
        """Take the line for jobs, before the guest looks whether somebody does."""
        while self.line is None:
            if self.process.returncode is not None:
                raise self.trouble("did not start")
            try:
                reader, self.line = await asyncio.open_unix_connection(self.sockets / "jobs")
            except (FileNotFoundError, ConnectionRefusedError):
                # QEMU makes it in its first moments.
                await asyncio.sleep(POLL_S)
        self.tasks.append(asyncio.create_task(self.collect(reader)))

    async def collect(self, reader: asyncio.StreamReader) -> None:
        """Note the ends of jobs."""
        # A QEMU that dies resets the line; `listen` tells of its death.
        with contextlib.suppress(ConnectionResetError):
            async for raw in reader:
                name, status = raw.decode().split()
                if not self.jobs[name].status.done():
                    self.jobs[name].status.set_result(int(status))

    async def start(self, command: Sequence[str | Path], limit_s: float = JOB_LIMIT_S) -> Job:
        """Start a command line in the guest, in the checkout, with this run's Python path."""
        assert self.line is not None, "the guest is not up"
        if self.process.returncode is not None:
            raise self.trouble("is not there any more")
        folder = self.out / f"job-{len(self.jobs) + 1}"
        folder.mkdir()
        paths = [str(REPOSITORY / "src"), str(REPOSITORY)]
        script = [
            f"cd {shlex.quote(str(REPOSITORY))}",
            f"export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH={shlex.quote(os.pathsep.join(paths))}",
            f"exec {shlex.join(str(word) for word in command)}",
        ]
        (folder / "run").write_text("\n".join(script) + "\n", encoding="utf-8")
        job = Job(self, folder, limit_s, asyncio.get_running_loop().create_future())
        self.jobs[folder.name] = job
        self.line.write(f"{folder.name} {limit_s:.0f}\n".encode())
        await self.line.drain()
        return job

    async def run(self, command: Sequence[str | Path], limit_s: float = JOB_LIMIT_S) -> Done:
        """Run a command line in the guest to its end."""
        return await (await self.start(command, limit_s)).done()

    async def python_in(self, script: str, *arguments: str | Path, limit_s: float = JOB_LIMIT_S) -> Job:
        """Start a shell script in the guest whose words ("$@") are this run's Python with its arguments."""
        return await self.start(["sh", "-c", script, "sh", sys.executable, *arguments], limit_s)

    def forward(self, port: int) -> str:
        """Let the guest reach a port of this machine, and nothing else; the address under which it does."""
        (self.sockets / "port").write_text(str(port), encoding="ascii")
        return f"http://{SERVER}"

    async def stop(self) -> None:
        """Power off; QEMU is killed if that does not help."""
        if self.line is not None:
            # The guest powers off when the line ends.
            self.line.close()
        if self.line is None or self.process.returncode is not None:
            self.kill()
        try:
            await asyncio.wait_for(self.process.wait(), OFF_LIMIT_S)
        except TimeoutError:
            self.kill()
            await self.process.wait()
        for task in self.tasks:
            await task

    def kill(self) -> None:
        """End QEMU at once."""
        if self.process.returncode is None:
            self.process.kill()


def qemu(kernel: Kernel, initrd: Path, out: Path, sockets: Path, accelerator: str) -> list[str]:
    """QEMU's command line: two processors, the host's root read-only, a network with one way out.

    Who connects to `SERVER` is connected to the port of this machine that the file ``port`` names then.
    """
    forward = f'{program("busybox")} nc 127.0.0.1 "$(cat {sockets}/port)"'
    (sockets / "forward").write_text(f"exec {forward}\n", encoding="ascii")
    way_out = f"guestfwd=tcp:{SERVER}:80-cmd:/bin/sh {sockets}/forward"
    cpu = "host" if accelerator == "kvm" else "max"
    return [
        program("qemu-system-x86_64"),
        *("-accel", "tcg,thread=multi" if accelerator == "tcg" else accelerator, "-cpu", cpu),
        *("-smp", "2", "-m", str(MEMORY_MIB), "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"),
        *("-kernel", str(kernel.image), "-initrd", str(initrd), "-append", "console=ttyS0 quiet panic=-1"),
        *("-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"),
        *("-virtfs", f"local,path={out},mount_tag=out,security_model=none"),
        *("-device", "virtio-serial-pci"),
        *("-chardev", f"socket,id=hci,path={sockets}/hci,server=on,wait=off", "-device", "virtconsole,chardev=hci"),
        *("-chardev", f"socket,id=jobs,path={sockets}/jobs,server=on,wait=off"),
        *("-device", "virtserialport,chardev=jobs,name=jobs"),
        *("-netdev", f"user,id=net,restrict=on,{way_out}", "-device", "virtio-net-pci,netdev=net,romfile="),
    ]


async def launch(kernel: Kernel, out: Path, sockets: Path, accelerator: str) -> Guest:
    """Start QEMU and wait until the guest's own system runs."""
    initrd = sockets / "initrd"
    sockets = sockets / accelerator
    sockets.mkdir()
    process = await asyncio.create_subprocess_exec(
        *qemu(kernel, initrd, out, sockets, accelerator),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    guest = Guest(out, sockets, accelerator, process, time.monotonic())
    guest.tasks.append(asyncio.create_task(guest.listen()))
    try:
        limit_s = KVM_LIMIT_S if accelerator == "kvm" else UP_LIMIT_S
        await guest.within(guest.come_up(), limit_s, f"did not come up (with {accelerator})")
    except BaseException:
        await guest.stop()
        raise
    return guest


@contextlib.asynccontextmanager
async def started(kernel: Kernel, out: Path) -> AsyncIterator[Guest]:
    """A guest whose system runs; give it a controller, then wait for `Guest.ready`.

    ``out`` is emptied. It gets the logs, the trace of HCI and a folder for each job.

    Raises:
        GuestError: It did not come up.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    shutil.copy(SYSTEM, out)
    settings = {"LIFE_S": str(LIFE_S), "MODULES": str(kernel.modules), "BLUETOOTHD": program("bluetoothd")}
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
    (out / "settings").write_text(text, encoding="utf-8")
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="bluez-") as short:
        sockets = Path(short)
        initramfs.write(kernel, sockets / "initrd")
        guest = await first_that_works(kernel, out, sockets)
        try:
            yield guest
        finally:
            await guest.stop()


async def first_that_works(kernel: Kernel, out: Path, sockets: Path) -> Guest:
    """The guest with KVM if that works here, else without: some hosts have a /dev/kvm that is of no use."""
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        with contextlib.suppress(GuestError):
            return await launch(kernel, out, sockets, "kvm")
    return await launch(kernel, out, sockets, "tcg")
