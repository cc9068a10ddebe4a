import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import cbor2
import pytest

from unstuck.chain.link.coap import Answered, Code, Endpoint, Request, Response
from unstuck.chain.link.driver import Driver
from unstuck.chain.link.settings import Settings
from unstuck.chain.link.stack import Role, Stack
from unstuck.chain.link.udp import Address, open_port
from unstuck.chain.records import decode
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.events import Mode
from unstuck.chain.tracker.files import Folder, RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.serve import PEERS_MOST, accelerated, serve

START = 1_460_505_600
"""2016-04-13 00:00 UTC (Unix seconds)."""

ME = Identity("F0:00:00:00:00:01", "a tracker", "0.1")


@asynccontextmanager
async def phone(tracker: Address) -> AsyncIterator[Driver]:
    """The phone's end of a link over UDP, open."""
    driver: Driver | None = None

    def received(packet: bytes, sender: Address) -> None:
        if driver:
            driver.received(packet)

    port = await open_port(("127.0.0.1", 0), received, only=tracker)
    stack = Stack(Role.HUB, settings=Settings(packet_bytes=244))
    driver = Driver(stack, lambda packet: port.send(packet, tracker), lambda event: None, Endpoint(random.Random(1)))
    driver.start()
    await asyncio.wait_for(driver.opened(), 10)
    yield driver
    driver.close()
    port.close()
    await asyncio.sleep(0)


async def ask(driver: Driver, request: Request) -> Response:
    outcome = await asyncio.wait_for(driver.request(request), 20)
    assert isinstance(outcome, Answered)
    return outcome.response


async def get(driver: Driver, path: str) -> Response:
    return await ask(driver, Request(Code.GET, (path,)))


async def with_tracker(tracker: Tracker) -> tuple[asyncio.Task[None], Address]:
    listening: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(tracker, ("127.0.0.1", 0), lambda: START + 90_000, ready=listening.set_result))
    return task, await asyncio.wait_for(listening, 5)


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_phone_drains_a_day_in_blocks_over_udp() -> None:
    async def drain() -> None:
        tracker = Tracker(ME, RamFiles(), Generator(1), START)
        task, address = await with_tracker(tracker)
        async with phone(address) as driver:
            status = cbor2.loads((await get(driver, "status")).payload)
            assert status["id"] == ME.id
            wanted = cbor2.dumps([status["tag"], 0, 0, 1440])
            response = await ask(driver, Request(Code.POST, ("sync",), payload=wanted))
        assert len(response.payload) > 2048  # several blocks of 1024 bytes
        assert decode(cbor2.loads(response.payload)[3]).records == tracker.memory.run(0, 0, 1440)
        assert tracker.radio.mode is Mode.FAST_MODE
        await stop(task)

    asyncio.run(drain())


def test_many_phones_share_the_slots_and_the_last_ones_are_served() -> None:
    async def crowd() -> None:
        task, address = await with_tracker(Tracker(ME, RamFiles(), Generator(1), START))
        async with AsyncExitStack() as phones:
            for _ in range(PEERS_MOST + 1):
                driver = await phones.enter_async_context(phone(address))
            assert (await get(driver, "status")).code == Code.CONTENT
        await stop(task)

    asyncio.run(crowd())


def test_the_memory_stays_when_the_process_is_stopped(tmp_path: Path) -> None:
    async def day() -> None:
        task, address = await with_tracker(Tracker(ME, Folder(tmp_path), Generator(1), START))
        async with phone(address) as driver:
            await get(driver, "status")
        await stop(task)

    asyncio.run(day())
    again = Tracker(ME, Folder(tmp_path), Generator(1), START + 90_000)
    assert again.memory.held[0].total > 1500
    assert again.notes.recorded_until_s == START + 90_000


def test_accelerated_time_begins_where_it_is_told() -> None:
    clock = accelerated(START, 3600)
    first, second = clock(), clock()
    assert START <= first <= second
