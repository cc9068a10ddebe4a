"""The guest itself: it runs what it is told, writes nothing to the host, and nothing waits for ever."""

import dataclasses
from pathlib import Path

import pytest

from tests.bluez import tools
from tests.bluez.conftest import Linux
from tests.bluez.guest import started

pytestmark = [pytest.mark.bluez, pytest.mark.anyio, pytest.mark.timeout(240)]

TIMED_OUT = 124
"""How timeout(1) ends."""


async def test_status_and_words_of_a_job_come_back(linux: Linux) -> None:
    done = await linux.guest.run(["sh", "-c", "echo said; echo complained >&2; exit 3"])
    assert (done.status, done.stdout, done.stderr) == (3, "said\n", "complained\n")


async def test_a_late_job_is_ended(linux: Linux) -> None:
    done = await linux.guest.run(["sleep", "60"], limit_s=1)
    assert done.status == TIMED_OUT


async def test_waiting_for_words_ends_with_the_job(linux: Linux) -> None:
    job = await linux.guest.start(["echo", "something else"])
    with pytest.raises(tools.GuestError, match=r"ended without saying 'hello'.*something else"):
        await job.says("hello")


async def test_what_the_guest_writes_stays_there(linux: Linux, tmp_path: Path) -> None:
    mine, its = tmp_path / "mine", tmp_path / "its"
    mine.write_text("from the host")
    done = await linux.guest.run(["sh", "-c", f"cat {mine} && echo changed > {mine} && echo new > {its} && cat {its}"])
    assert (done.status, done.stdout) == (0, "from the hostnew\n"), done.stderr
    assert mine.read_text() == "from the host"
    assert not its.exists()


async def test_a_dead_bluetoothd_is_started_again(linux: Linux) -> None:
    again = 'kill -KILL "$(cat /run/bluetoothd.pid)"; until bluetoothctl show | grep "Powered: yes"; do sleep 0.2; done'
    done = await linux.guest.run(["sh", "-c", again])
    assert done.status == 0, done.stderr
    assert "guest: bluetoothd ended with status 137" in [line for _, line in linux.guest.lines]


async def test_a_guest_that_does_not_come_up_says_what_it_said_last(anyio_backend: str, tmp_path: Path) -> None:
    if reason := tools.missing():
        pytest.skip(reason)
    image = tmp_path / "image"
    image.write_text("not a kernel")
    kernel = dataclasses.replace(tools.kernel(), image=image)
    with pytest.raises(tools.GuestError, match=r"QEMU ended with status 1\); its last line was: '.*kernel"):
        async with started(kernel, tmp_path / "out"):
            pass
