"""One guest for all tests here: it takes a quarter of a minute to come up."""

import compileall
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from bumble.transport import open_transport

from tests.bluez import tools
from tests.bluez.guest import Guest, started
from tests.bluez.tools import REPOSITORY, GuestError, Kernel
from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.controller import RadioController

LINUX = "02:55:4E:53:54:01"
"""A locally administered public address, which no maker can have given to a real adapter."""


@dataclass(frozen=True)
class Linux:
    """The running guest, and the air in which its controller is."""

    kernel: Kernel
    guest: Guest
    air: Air


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Bumble needs asyncio, and one loop for as long as the guest lives."""
    return "asyncio"


@pytest.fixture(scope="session")
async def linux(anyio_backend: str) -> AsyncIterator[Linux]:
    """A guest whose BlueZ is ready. Skipped where it cannot be made; in CI that is a failure."""
    if reason := tools.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    kernel = tools.kernel()
    # Else each run there compiles the agent again, which takes a guest without KVM ten seconds.
    compileall.compile_dir(REPOSITORY / "src", quiet=1)
    for last_try in (False, True):
        async with contextlib.AsyncExitStack() as stack:
            try:
                running = await stack.enter_async_context(ready(kernel))
            except GuestError:
                if last_try:
                    raise
                continue
            yield running
            return


@contextlib.asynccontextmanager
async def ready(kernel: Kernel) -> AsyncIterator[Linux]:
    """A guest with a controller in an air of its own, ready for jobs."""
    out = tools.CACHE / "last"
    if out.exists():
        # One start in some thirty died on a busy machine, for a reason not found: the logs of the one before are kept.
        shutil.rmtree(tools.CACHE / "before", ignore_errors=True)
        out.rename(tools.CACHE / "before")
    async with started(kernel, out) as guest:
        air = Air()
        async with await open_transport(f"unix-client:{guest.controller}") as transport:
            controller = RadioController("linux", air, LINUX)
            controller.set_packet_sink(transport.sink)
            transport.source.set_packet_sink(controller)
            await guest.ready()
            yield Linux(kernel, guest, air)
