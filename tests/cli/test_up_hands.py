"""What the pages of ``unstuck up`` can have its own chain do: on the real agent, link and virtual tracker."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from unstuck.chain import paced
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.journal import Journal
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.virtual import VirtualPair
from unstuck.cli.up_hands import OwnChain, OwnHand, UpHands
from unstuck.doctor.remedies.acts import ChainDeed, Done
from unstuck.web.pages.hands import CHAIN, JOURNAL_NAME

CODE = code_of(bytes(range(10)))
BEGAN_S = 1_795_786_920.0


def run(folder: Path, work: Callable[[OwnChain], Awaitable[None]]) -> list[str]:
    """Let a chain run, and the work on it; what was asked of others."""
    asked: list[str] = []

    async def life() -> None:
        loop = asyncio.get_running_loop()

        def now_s() -> float:
            return BEGAN_S + loop.time()

        tracker = Tracker(Identity(tracker_id(CODE), "Band", "1.0.0"), RamFiles(), Generator(3), BEGAN_S - 3600)
        pair = VirtualPair(folder, tracker, CODE, now_s)
        await pair.start()
        journal = Journal(folder / "journal.sqlite")
        agent = Agent(journal, tracker_id(CODE), pair.link, None, Ways(now_s, asyncio.sleep))
        tasks = [asyncio.create_task(pair.run()), asyncio.create_task(agent.run())]

        async def sign_in() -> None:
            asked.append("sign in")

        def press() -> None:
            asked.append("button")
            pair.peripheral.open_pairing()

        await asyncio.sleep(120)
        await work(OwnChain(loop, agent, pair.link, folder / "journal.sqlite", now_s, sign_in, press))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await pair.stop()
        journal.close()

    paced.run(life())
    return asked


@pytest.mark.parametrize("deed", [ChainDeed.DRAIN_NOW, ChainDeed.RESTART_TRACKER, ChainDeed.PAIR_AGAIN])
def test_deed_is_done_and_data_moves_after_it(tmp_path: Path, deed: ChainDeed) -> None:
    async def work(own: OwnChain) -> None:
        before = own.agent.snapshot().ledger.committed
        done = await OwnHand(own)._deed(deed)
        assert done == Done(True)
        after = own.agent.snapshot().ledger.committed
        assert sum(ranges.total for ranges in after.values()) > sum(ranges.total for ranges in before.values())

    asked = run(tmp_path, work)
    assert asked == (["button"] if deed is ChainDeed.PAIR_AGAIN else [])


def test_new_login_is_asked_for_and_firmware_is_left_to_its_command(tmp_path: Path) -> None:
    async def work(own: OwnChain) -> None:
        assert (await OwnHand(own)._deed(ChainDeed.SIGN_IN)).ok
        refused = await OwnHand(own)._deed(ChainDeed.UPDATE_FIRMWARE)
        assert not refused.ok
        assert "unstuck agent --update-firmware" in refused.text

    assert run(tmp_path, work) == ["sign in"]


def test_journal_is_looked_at_under_a_name_without_a_path(tmp_path: Path) -> None:
    async def work(own: OwnChain) -> None:
        hands = UpHands(1.0)
        assert hands.tracker == ""
        hands.open(own)
        found = await asyncio.to_thread(hands._chain)
        assert [one.source.path for one in found] == [JOURNAL_NAME]
        assert all(str(tmp_path) not in fact.source for one in found for fact in one.facts)
        assert hands.connection(CHAIN) is not None

    run(tmp_path, work)


@pytest.mark.timeout(90)
def test_pages_of_up_look_at_its_own_chain(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "unstuck.cli.main", "up", "--virtual", "--speed", "60", "--plain"]
    process = subprocess.Popen(
        [*command, "--seconds", "60", "--folder", str(tmp_path)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
    )
    try:
        assert process.stderr is not None
        link = ""
        for line in process.stderr:
            found = re.search(r"http://\S+/sign-in/once/\S+", line)
            if found:
                link = found[0]
                break
        base = link.split("/sign-in")[0]
        own = {"Sec-Fetch-Site": "same-origin", "Origin": base}
        with httpx.Client(base_url=base, headers=own, follow_redirects=True, timeout=20.0) as http:

            def send(path: str, action: str, **fields: str) -> str:
                page = http.get(path).text
                form = re.search(rf'action="{re.escape(action)}".*?name="form" value="([^"]+)"', page, re.DOTALL)
                assert form, page
                return http.post(action, data={"form": form[1], **fields}).text

            send(link.removeprefix(base), link.removeprefix(base))
            time.sleep(3.0)
            said = send("/wrong", "/wrong/connect", way="chain")
            assert JOURNAL_NAME.replace("'", "&#39;") in said
            assert "Not stuck" in said
            assert http.get("/break").status_code == 404
    finally:
        process.terminate()
        process.wait(20)
        if process.stderr is not None:
            process.stderr.close()
