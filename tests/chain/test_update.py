"""Firmware from the server's registry to a rebooted tracker, everything real but the radio, whatever breaks when."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.chain.link.channel import Faults
from tests.chain.phone.crash import Steps, dies_before_step
from tests.chain.releases.made import KEYS, MODEL, image, release
from tests.chain.test_end_to_end import BAD, START_S, until_synced
from tests.chain.tracker.updating import charge
from tests.chain.whole import Chain, World, recorded
from unstuck.chain.link.coap import Answered, Code, Failed, Failure, Request
from unstuck.chain.phone.agent import Ways, says
from unstuck.chain.phone.firmware import CHUNK_BYTES, SILENT_MOST, Done
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.tracker import Link, TrackerApi
from unstuck.chain.phone.update import Progress, Update
from unstuck.chain.releases import decode_release
from unstuck.chain.server.domain.passwords import Cost
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.storage import releases
from unstuck.chain.tracker.generator import Generator

IMAGE = image(20_000)
VERSION = "2.0.0"


def world_in(folder: Path, **more: object) -> World:
    return replace(World(folder, START_S, Generator(5), release_keys=KEYS), **more)  # type: ignore[arg-type]  # fields


def publish(chain: Chain, data: bytes = IMAGE, version: str = VERSION, stored: bytes | None = None) -> None:
    with chain.database.write() as connection:
        signed = decode_release(release(data, version))
        releases.add(connection, signed, data if stored is None else stored, chain.now_s)


def updating(
    chain: Chain, link: Link | None = None, told: Callable[[Progress], None] = lambda progress: None
) -> Update:
    async def sleep(seconds: float) -> None:
        chain.world.now_s += seconds

    api = TrackerApi(link or chain.link)
    return Update(chain.agent, api, chain.server, chain.world.folder, Ways(lambda: chain.now_s, sleep), told)


async def all_is_well(chain: Chain, version: str = VERSION) -> None:
    """The tracker runs it, and every minute of the wrist is at the server once."""
    chain.record(120)
    await until_synced(chain)
    assert chain.tracker.firmware.version == version
    assert not chain.tracker.firmware.on_trial
    assert chain.tracker.memory.overwritten == {}
    end_s = chain.tracker.notes.recorded_until_s
    assert await chain.minutes(START_S, end_s) == dict(recorded(chain.world.source, START_S, end_s))


@pytest.mark.parametrize("faults", [Faults(), BAD], ids=["perfect", "bad"])
def test_from_the_registry_to_the_rebooted_tracker(quick_folder: Path, faults: Faults) -> None:
    async def life() -> list[Progress]:
        heard: list[Progress] = []
        async with Chain(world_in(quick_folder, faults=faults)) as chain:
            publish(chain)
            chain.record(900)
            began_s, boot = chain.now_s, chain.tracker.memory.boot
            assert await updating(chain, told=heard.append).run() == Done(Outcome.UPDATED, VERSION)
            assert chain.tracker.memory.boot == boot + 1
            assert chain.now_s > began_s or faults == Faults(), "the link takes its time"
            assert list(quick_folder.glob("*.firmware")) == []
            await all_is_well(chain)
            assert (await updating(chain).run()).outcome is Outcome.UPDATE_NOT_NEEDED
        return heard

    heard = asyncio.run(life())
    pushed = [one.done_bytes for one in heard if one.stage == "push"]
    assert pushed == [*range(CHUNK_BYTES, len(IMAGE), CHUNK_BYTES), len(IMAGE)]
    assert [one.stage for one in heard if one.done_bytes == len(IMAGE)] == ["fetch", "push", "restart"]


class Gone:
    """A link that breaks off after so many words to the tracker's firmware, and comes back after so many tries."""

    def __init__(self, link: Link, after: int, away: int, *, answer_lost: bool = False) -> None:
        self._link, self._after, self._away, self._answer_lost = link, after, away, answer_lost
        self.put_bytes = 0

    async def request(self, request: Request) -> Answered | Failed:
        if request.path == ("firmware",) and request.method is Code.PUT:
            self._after -= 1
        if self._after < 0 and self._away > 0:
            self._away -= 1
            if self._answer_lost and request.method is Code.PUT:
                await self._link.request(request)
            return Failed(0, Failure.NO_ANSWER)
        answer = await self._link.request(request)
        if request.path == ("firmware",) and request.method is Code.PUT:
            self.put_bytes += len(request.payload)
        return answer


@pytest.mark.parametrize("after", range(6))
@pytest.mark.parametrize("answer_lost", [False, True])
def test_a_link_lost_in_the_middle_goes_on_at_the_offset(quick_folder: Path, after: int, answer_lost: bool) -> None:
    async def life() -> None:
        async with Chain(world_in(quick_folder)) as chain:
            publish(chain)
            chain.record(300)
            link = Gone(chain.link, after, away=5, answer_lost=answer_lost)
            assert (await updating(chain, link).run()).outcome is Outcome.UPDATED
            taken_once = min(CHUNK_BYTES, len(IMAGE) - after * CHUNK_BYTES) if answer_lost and after < 5 else 0
            assert link.put_bytes + taken_once == len(IMAGE), "no byte is sent twice"
            await all_is_well(chain)

    asyncio.run(life())


def test_a_link_that_stays_away_ends_it_and_the_next_run_goes_on(quick_folder: Path) -> None:
    async def life() -> None:
        async with Chain(world_in(quick_folder)) as chain:
            publish(chain)
            chain.record(300)
            began_s = chain.now_s
            ended = await updating(chain, Gone(chain.link, 2, away=1000)).run()
            assert ended.outcome is Outcome.TRACKER_SILENT
            assert chain.now_s - began_s >= SILENT_MOST * 15
            link = Gone(chain.link, 1000, away=0)
            assert (await updating(chain, link).run()).outcome is Outcome.UPDATED
            assert link.put_bytes == len(IMAGE) - 2 * CHUNK_BYTES
            await all_is_well(chain)

    asyncio.run(life())


def test_a_low_battery_stops_it_before_and_in_the_middle(quick_folder: Path) -> None:
    async def life() -> None:
        async with Chain(world_in(quick_folder)) as chain:
            publish(chain)
            chain.record(300)
            charge(chain.tracker, 49)
            refused = await updating(chain).run()
            assert refused.outcome is Outcome.UPDATE_NOT_NOW
            assert "at least 50 %" in refused.detail
            assert chain.tracker.firmware.slots.update is None
            charge(chain.tracker, 50)

            def drains(progress: Progress) -> None:
                if progress.stage == "push" and progress.done_bytes == 2 * CHUNK_BYTES:
                    charge(chain.tracker, 49)

            refused = await updating(chain, told=drains).run()
            assert refused.outcome is Outcome.UPDATE_NOT_NOW
            assert "at 49 %" in refused.detail
            assert chain.tracker.firmware.offset == 2 * CHUNK_BYTES
            charge(chain.tracker, 60)
            assert (await updating(chain).run()).outcome is Outcome.UPDATED
            await all_is_well(chain)

    asyncio.run(life())


def test_a_server_whose_image_is_another_changes_nothing(quick_folder: Path) -> None:
    async def life() -> None:
        async with Chain(world_in(quick_folder)) as chain:
            publish(chain, stored=image(len(IMAGE), 9))
            assert await updating(chain).run() == Done(Outcome.IMAGE_DAMAGED, VERSION)
            assert chain.tracker.firmware.slots.update is None
            assert list(quick_folder.glob("*.firmware")) == []

    asyncio.run(life())


def test_an_image_fetched_in_part_is_not_fetched_again(quick_folder: Path) -> None:
    async def life() -> list[str]:
        asked: list[str] = []

        def on_wire(word: object) -> None:
            if isinstance(word, httpx.Request) and word.url.path.endswith("/image"):
                asked.append(word.headers["Range"])

        async with Chain(world_in(quick_folder), on_wire=on_wire) as chain:
            publish(chain)
            file = quick_folder / (decode_release(release(IMAGE, VERSION)).manifest.sha256.hex() + ".firmware")
            file.write_bytes(IMAGE[:12_345])
            assert (await updating(chain).run()).outcome is Outcome.UPDATED
        return asked

    assert asyncio.run(life()) == ["bytes=12345-"]


def test_a_spoilt_image_on_this_disk_is_fetched_anew(quick_folder: Path) -> None:
    async def life() -> None:
        async with Chain(world_in(quick_folder)) as chain:
            publish(chain)
            file = quick_folder / (decode_release(release(IMAGE, VERSION)).manifest.sha256.hex() + ".firmware")
            file.write_bytes(bytes(len(IMAGE)))
            assert (await updating(chain).run()).outcome is Outcome.UPDATED

    asyncio.run(life())


def test_a_firmware_that_does_not_start_is_said_and_loses_nothing(quick_folder: Path) -> None:
    async def life() -> None:
        async with Chain(world_in(quick_folder)) as chain:
            publish(chain)
            chain.tracker._starts = lambda data: data != IMAGE
            chain.record(300)
            ended = await updating(chain).run()
            assert ended.outcome is Outcome.UPDATE_ROLLED_BACK
            assert "1.0.0 runs" in ended.detail
            await all_is_well(chain, "1.0.0")

    asyncio.run(life())


def test_a_step_on_the_way_is_taken_first(quick_folder: Path) -> None:
    async def life() -> None:
        async with Chain(world_in(quick_folder)) as chain:
            publish(chain)
            data = image(3_000, 3)
            with chain.database.write() as connection:
                signed = decode_release(release(data, "3.0.0", over="2.0.0"))
                releases.add(connection, signed, data, chain.now_s)
            assert await updating(chain).run() == Done(Outcome.UPDATED, VERSION)
            assert await updating(chain).run() == Done(Outcome.UPDATED, "3.0.0")
            await all_is_well(chain, "3.0.0")

    asyncio.run(life())


def test_old_firmware_loses_no_record_is_said_and_is_mended_by_the_update(quick_folder: Path) -> None:
    settings = Settings(password_cost=Cost(1, 8, 1), minimum_firmware={MODEL: VERSION})

    async def life() -> None:
        async with Chain(world_in(quick_folder, settings=settings)) as chain:
            publish(chain)
            chain.record(300)
            await chain.agent.drain_once()
            uploaded = await chain.agent.upload_once()
            assert uploaded.outcome is Outcome.FIRMWARE_TOO_OLD
            assert uploaded.records >= 5
            for words in ("426", "older than the server supports", f"at least {VERSION}", "--update-firmware"):
                assert words in says(uploaded)
            end_s = chain.tracker.notes.recorded_until_s
            assert await chain.minutes(START_S, end_s) == dict(recorded(chain.world.source, START_S, end_s))
            assert (await updating(chain).run()).outcome is Outcome.UPDATED
            await all_is_well(chain)

    asyncio.run(life())


@pytest.mark.timeout(300)
def test_killed_before_every_step_the_update_ends_well_and_nothing_is_lost(quick_folder: Path) -> None:
    small = image(5_000, 7)
    base = quick_folder / "base"
    base.mkdir()
    world = world_in(base)

    async def first_start() -> None:
        async with Chain(world) as chain:
            publish(chain, small)
            chain.record(300)
            await until_synced(chain)  # to be killed while draining is another test's

    async def one_update(world: World, steps: Steps) -> None:
        async with Chain(world, on_wire=steps) as chain:
            await updating(chain).run()

    async def goes_on(world: World) -> None:
        world.now_s += 60
        async with Chain(world) as chain:
            assert (await updating(chain).run()).outcome in (Outcome.UPDATED, Outcome.UPDATE_NOT_NEEDED)
            await all_is_well(chain)

    asyncio.run(first_start())
    for fatal in count():
        killed = replace(world, folder=quick_folder / f"killed{fatal}")
        shutil.copytree(base, killed.folder)

        def life(steps: Steps, killed: World = killed) -> None:
            asyncio.run(one_update(killed, steps))

        if not dies_before_step(fatal, life):
            break
        asyncio.run(goes_on(killed))
        shutil.rmtree(killed.folder)
    assert fatal > 60, f"{fatal}: every file write, SQL statement that writes, request and answer is a step"
