"""bleak, BlueZ and Linux with a device on the host: the ground on which the agent stands."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.bluez.conftest import Linux
from tests.bluez.peripheral import OPEN_VALUE, SECRET_VALUE, Peripheral, advertising
from unstuck.evidence.hci import HciReader
from unstuck.model.evidence import FactSet, ReaderOptions

pytestmark = [pytest.mark.bluez, pytest.mark.anyio, pytest.mark.timeout(240)]

ADDRESS = "C0:FF:EE:00:00:10"
LARGEST_MTU = 517
"""Of ATT, and what BlueZ asks for; three bytes of it are overhead."""
SUPERVISION_TIMEOUT, REMOTE_USER, LOCAL_HOST = 0x08, 0x13, 0x16


@dataclass(frozen=True)
class Story:
    """What each side saw of one device's first bond, lost link and return."""

    peripheral: Peripheral
    told: dict[str, dict[str, Any]]
    """By the program in the guest, for each step; the last of a name counts."""
    trace: FactSet
    """From the kernel's own trace."""


@pytest.fixture(scope="module")
async def story(linux: Linux) -> Story:
    """Found, connected, heard, paired, lost, back."""
    peripheral = await advertising(linux.air, "Plain", ADDRESS)
    job = await linux.guest.python("-m", "tests.bluez.central", ADDRESS, limit_s=120)
    await job.says("subscribed")
    for value in (b"one", b"two", b"three"):
        await peripheral.notify(value)
    await job.says("secret")
    assert peripheral.ends == []
    await peripheral.vanish()
    await job.says("lost")
    await peripheral.come_back()
    done = await job.done()
    assert done.status == 0, done.stderr
    path = linux.guest.out / "trace.btsnoop"
    trace = HciReader(ReaderOptions(tracker=ADDRESS)).read([path.read_bytes()], str(path))
    return Story(
        peripheral, {told["step"]: told for told in map(json.loads, done.stdout.splitlines())}, FactSet(trace.facts)
    )


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
    lost, ended = story.trace.all("link.lost", "link.ended")
    assert (lost.number("reason"), ended.number("reason")) == (SUPERVISION_TIMEOUT, LOCAL_HOST)
    assert ended.text("by") == "phone"
