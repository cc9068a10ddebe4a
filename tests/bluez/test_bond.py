"""bleak, BlueZ and Linux with a device on the host: the ground on which the agent stands."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.bluez.conftest import Linux
from tests.bluez.guest import Job
from tests.bluez.peripheral import OPEN_VALUE, SECRET_VALUE, Peripheral, advertising
from unstuck.evidence.hci import HciReader
from unstuck.model.evidence import FactSet, ReaderOptions

pytestmark = [pytest.mark.bluez, pytest.mark.anyio, pytest.mark.timeout(240)]

LARGEST_MTU = 517
"""Of ATT, and what BlueZ asks for; three bytes of it are overhead."""
AUTHENTICATION, KEY_MISSING, SUPERVISION_TIMEOUT, REMOTE_USER, LOCAL_HOST = 0x05, 0x06, 0x08, 0x13, 0x16


Told = dict[str, dict[str, Any]]
"""What the program in the guest told of each step; the last of a name counts."""


@dataclass(frozen=True)
class Story:
    """What each side saw of one device."""

    peripheral: Peripheral
    told: Told
    trace: FactSet
    """From the kernel's own trace."""


async def ended(job: Job, peripheral: Peripheral) -> Story:
    """Wait for the program's end, and hear what both sides say."""
    done = await job.done()
    assert done.status == 0, done.stderr
    told = {line["step"]: line for line in map(json.loads, done.stdout.splitlines())}
    path = job.guest.out / "trace.btsnoop"
    options = ReaderOptions(tracker=str(peripheral.controller.public_address).removesuffix("/P"))
    trace = HciReader(options).read([path.read_bytes()], str(path))
    return Story(peripheral, told, FactSet(trace.facts))


@pytest.fixture(scope="module")
async def story(linux: Linux) -> Story:
    """Found, connected, heard, paired, lost, back."""
    async with advertising(linux.air, "Plain", "C0:FF:EE:00:00:10") as peripheral:
        job = await linux.guest.python("-m", "tests.bluez.central", "bond", "C0:FF:EE:00:00:10", limit_s=120)
        await job.says("subscribed")
        for value in (b"one", b"two", b"three"):
            await peripheral.notify(value)
        await job.says("secret")
        assert peripheral.ends == []
        await peripheral.vanish()
        await job.says("lost")
        await peripheral.come_back()
        return await ended(job, peripheral)


async def test_bluez_finds_the_device_by_its_advert(story: Story) -> None:
    assert story.told["found"]["name"] == "Plain"


async def test_bluez_agrees_on_the_largest_mtu(story: Story) -> None:
    assert story.told["subscribed"]["longest_write"] == LARGEST_MTU - 3


async def test_values_and_notifications_arrive(story: Story) -> None:
    assert story.told["open"]["value"] == OPEN_VALUE.decode()
    assert story.told["heard"]["value"] == ["one", "two", "three"]


async def test_a_bond_outlives_a_lost_link(story: Story) -> None:
    assert story.told["secret"]["value"] == SECRET_VALUE.decode()
    assert len(story.peripheral.pairings) == 1
    assert story.peripheral.pairings[0].ltk is not None, "one key for both sides: LE Secure Connections"
    assert len(story.trace.all("link.encrypted")) == len(story.trace.all("link.opened")) == 2


async def test_both_sides_know_why_a_link_ended(story: Story) -> None:
    assert story.peripheral.ends == [SUPERVISION_TIMEOUT, REMOTE_USER]
    lost, closed = story.trace.all("link.lost", "link.ended")
    assert (lost.number("reason"), closed.number("reason")) == (SUPERVISION_TIMEOUT, LOCAL_HOST)
    assert closed.text("by") == "phone"


async def test_a_device_that_lost_its_keys_is_refused_until_it_is_paired_anew(linux: Linux) -> None:
    if linux.kernel.version.startswith("6.1."):
        pytest.skip(f"Linux {linux.kernel.version} does not survive this (see META_PACKAGES)")
    async with advertising(linux.air, "Forgetful", "C0:FF:EE:00:00:11") as peripheral:
        job = await linux.guest.python("-m", "tests.bluez.central", "forgotten", "C0:FF:EE:00:00:11", limit_s=120)
        await job.says("secret")
        await peripheral.forget()
        story = await ended(job, peripheral)

    # bleak says only that the device disconnected, in words that depend on the moment; the reason is in the trace.
    assert "refused" in story.told
    assert "secret on a lost bond" not in story.told
    failed = story.trace.all("link.encryption_failed")
    assert {fact.number("status") for fact in failed} == {KEY_MISSING}
    # BlueZ may try again by itself.
    first, *refused, last = peripheral.ends
    assert (first, set(refused), last) == (REMOTE_USER, {AUTHENTICATION}, REMOTE_USER)
    assert len(peripheral.pairings) == 2
    assert story.told["secret on a new bond"]["value"] == SECRET_VALUE.decode()
