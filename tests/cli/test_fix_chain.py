"""The hand in our own chain, deed by deed, with a tracker on UDP."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chain.test_up import served
from tests.chain.test_update_command import CODE, IMAGE_BYTES, release
from tests.doctor.remedies.stage import CHAIN, NOTHING_AT_STAKE, planned
from unstuck.chain.link.udp import Address
from unstuck.chain.phone.asking import request_file, take
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.tracker import Claim, TrackerApi
from unstuck.chain.phone.udp import open_link
from unstuck.chain.server.domain.possession import tracker_id
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import VIRTUAL_MODEL, Identity
from unstuck.chain.tracker.serve import serve
from unstuck.cli import fix_chain, up_run
from unstuck.cli.fix_chain import ChainHand
from unstuck.cli.keys import read_public
from unstuck.cli.state import JOURNAL_FILE, TRACKER_CODE_FILE, private_folder
from unstuck.cli.up_login import login_at
from unstuck.doctor.remedies.acts import ChainAct, ChainDeed, Done
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.doctor.remedies.permit import Consent, Permit, Request, permit

OF_DEED = {
    ChainDeed.DRAIN_NOW: "chain.drain_now",
    ChainDeed.RESTART_TRACKER: "chain.restart_tracker",
    ChainDeed.PAIR_AGAIN: "chain.pair_again",
    ChainDeed.UPDATE_FIRMWARE: "chain.update_firmware",
    ChainDeed.SIGN_IN: "chain.sign_in",
}


def leave(deed: ChainDeed) -> Permit:
    remedy = REMEDIES[OF_DEED[deed]]
    request = Request(remedy, CHAIN, ChainAct(deed), Consent(remedy.id, CHAIN, {}))
    return permit(request, [planned(remedy.fix)], NOTHING_AT_STAKE)


def done(
    folder: Path, deed: ChainDeed, before: Callable[[Tracker], None] = lambda tracker: None
) -> tuple[Done, Tracker]:
    async def life() -> tuple[Done, Tracker]:
        async with served() as (tracker, (host, port)):
            before(tracker)
            return await ChainHand(folder, f"{host}:{port}").make(leave(deed)), tracker

    return asyncio.run(life())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fix_chain, "RESTART_S", 0.05)


def test_draining_now_brings_the_records_over(tmp_path: Path) -> None:
    assert done(tmp_path, ChainDeed.DRAIN_NOW)[0] == Done(True)
    journal = Journal(tmp_path / JOURNAL_FILE, read_only=True)
    assert journal.ledger("t-udp").committed
    journal.close()


def test_a_restarted_tracker_has_lost_nothing_and_is_drained(tmp_path: Path) -> None:
    answer, tracker = done(tmp_path, ChainDeed.RESTART_TRACKER)
    assert answer == Done(True)
    assert tracker.memory.boot == 1, "it began a new boot"
    journal = Journal(tmp_path / JOURNAL_FILE, read_only=True)
    assert set(journal.ledger("t-udp").committed) >= {0}
    journal.close()


def test_pairing_anew_is_a_matter_of_bluetooth(tmp_path: Path) -> None:
    answer, _ = done(tmp_path, ChainDeed.PAIR_AGAIN)
    assert not answer.ok
    assert "goes with Bluetooth" in answer.text


def test_an_update_needs_a_server(tmp_path: Path) -> None:
    answer, _ = done(tmp_path, ChainDeed.UPDATE_FIRMWARE)
    assert answer == Done(False, "no server is set; run 'unstuck account login NAME --server URL'")


def test_nobody_to_ask_for_a_password_is_said(tmp_path: Path) -> None:
    answer, _ = done(tmp_path, ChainDeed.SIGN_IN)
    assert not answer.ok
    assert "no terminal" in answer.text


def test_what_needs_the_link_waits_for_a_running_agent_to_stop(tmp_path: Path) -> None:
    running = Journal(tmp_path / JOURNAL_FILE)
    answer, tracker = done(tmp_path, ChainDeed.RESTART_TRACKER)
    running.close()
    assert not answer.ok
    assert "another agent uses it; stop that one first" in answer.text
    assert tracker.memory.boot == 0


def test_a_running_agent_that_hangs_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unstuck.chain.phone.asking.ANSWER_WAIT_S", 0.0)
    running = Journal(tmp_path / JOURNAL_FILE)
    answer, _ = done(tmp_path, ChainDeed.DRAIN_NOW)
    running.close()
    assert answer == Done(False, fix_chain._NOT_SEEN)


def test_the_tracker_of_up_is_reached_through_up_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unstuck.chain.phone.asking.ANSWER_WAIT_S", 0.0)
    (tmp_path / TRACKER_CODE_FILE).write_text("x")
    hand = ChainHand(tmp_path)
    for deed in (ChainDeed.DRAIN_NOW, ChainDeed.RESTART_TRACKER):
        answer = asyncio.run(hand.make(leave(deed)))
        assert not answer.ok
        assert "unstuck up" in answer.text


def test_a_request_is_taken_once(tmp_path: Path) -> None:
    file = request_file(tmp_path / JOURNAL_FILE)
    file.touch()
    assert take(file)
    assert not take(file)


def test_a_link_that_is_none_is_told(tmp_path: Path) -> None:
    answer = asyncio.run(ChainHand(tmp_path, "127.0.0.1:99999").make(leave(ChainDeed.DRAIN_NOW)))
    assert not answer.ok
    assert "a port is at most 65535" in answer.text


def test_a_firmware_under_way_is_neither_started_by_a_restart_nor_left_unfinished(tmp_path: Path) -> None:
    image, key, agent = tmp_path / "band.bin", tmp_path / "maker", private_folder(tmp_path / "agent")
    image.write_bytes(os.urandom(IMAGE_BYTES))
    release("keygen", key)
    release("sign", image, "--key", f"{key}.key", "--product", VIRTUAL_MODEL, "--version", "1.1.0")

    async def life() -> tuple[Done, int, Done, str]:
        with up_run._server(tmp_path, 0, time.time) as house:
            release("publish", f"{image}.release", image, "--key", f"{key}.pub", "--data", tmp_path / "server")
            await login_at(agent, house.address, Claim(tracker_id(CODE), CODE), "band")
            identity = Identity(tracker_id(CODE), "Band", "1.0.0")
            keys = [read_public(Path(f"{key}.pub"))]
            tracker = Tracker(identity, RamFiles(), Generator(4), time.time() - 3600, release_keys=keys)
            ready: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
            serving = asyncio.create_task(serve(tracker, ("127.0.0.1", 0), ready=ready.set_result))
            host, port = await ready
            link = await open_link((host, port), "127.0.0.1")
            await TrackerApi(link).begin_update(Path(f"{image}.release").read_bytes())
            await link.close()
            hand = ChainHand(agent, f"{host}:{port}")
            restarted = await hand.make(leave(ChainDeed.RESTART_TRACKER))
            boot = tracker.memory.boot
            updated = await hand.make(leave(ChainDeed.UPDATE_FIRMWARE))
            serving.cancel()
            await asyncio.wait((serving,))
            return restarted, boot, updated, tracker.firmware.version

    restarted, boot, updated, version = asyncio.run(life())
    assert not restarted.ok
    assert "a firmware update is under way" in restarted.text
    assert boot == 0
    assert updated == Done(True)
    assert version == "1.1.0"
