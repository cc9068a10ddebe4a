"""One guest for all tests here: it takes a quarter of a minute to come up."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from bumble import hci
from bumble.transport import open_transport

from tests.bluez import tools
from tests.bluez.air import Air, LinuxController
from tests.bluez.guest import Guest, started
from tests.bluez.tools import Kernel

LINUX = hci.Address("C0:FF:EE:00:00:01", hci.Address.PUBLIC_DEVICE_ADDRESS)


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
    async with started(kernel, tools.CACHE / "last") as guest:
        air = Air()
        async with await open_transport(f"unix-client:{guest.controller}") as transport:
            LinuxController(air, LINUX, transport)
            await guest.ready()
            yield Linux(kernel, guest, air)
