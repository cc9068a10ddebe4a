"""``unstuck release publish`` and ``unstuck agent --update-firmware`` with real sockets and a real server."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unstuck.chain.link.udp import Address
from unstuck.chain.phone.tracker import Claim
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import VIRTUAL_MODEL, Identity
from unstuck.chain.tracker.serve import serve
from unstuck.cli import agent_run, up_run
from unstuck.cli.agent_run import AgentRequest
from unstuck.cli.keys import read_public
from unstuck.cli.main import app
from unstuck.cli.status import ExitStatus
from unstuck.cli.up_login import login_at
from unstuck.model.errors import UsageError

CODE = code_of(bytes(range(10)))
IMAGE_BYTES = 60_000


def release(*arguments: object) -> None:
    found = CliRunner().invoke(app, ["release", *map(str, arguments)])
    assert found.exit_code == 0, found.output


def test_a_published_release_gets_onto_the_tracker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, key, agent = tmp_path / "band.bin", tmp_path / "maker", tmp_path / "agent"
    image.write_bytes(os.urandom(IMAGE_BYTES))
    agent.mkdir()
    release("keygen", key)
    release("sign", image, "--key", f"{key}.key", "--product", VIRTUAL_MODEL, "--version", "1.1.0")

    async def life() -> tuple[ExitStatus, ExitStatus, Tracker]:
        with up_run._server(tmp_path, 0, time.time, 1.0) as house:
            release("publish", f"{image}.release", image, "--key", f"{key}.pub", "--data", tmp_path / "server")
            await login_at(agent, house.address, Claim(tracker_id(CODE), CODE), "band")
            tracker = Tracker(
                Identity(tracker_id(CODE), "Band", "1.0.0"),
                Folder(tmp_path / "tracker"),
                Generator(4),
                time.time() - 3600,
                release_keys=[read_public(Path(f"{key}.pub"))],
            )
            ready: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
            serving = asyncio.create_task(serve(tracker, ("127.0.0.1", 0), ready=ready.set_result))
            host, port = await ready
            request = AgentRequest(f"{host}:{port}", folder=agent, as_json=True, update_firmware=True)
            statuses = await agent_run._run(request), await agent_run._run(request)
            serving.cancel()
            await asyncio.wait((serving,))
        return *statuses, tracker

    first, again, tracker = asyncio.run(life())
    assert first is again is ExitStatus.HEALTHY
    assert tracker.firmware.version == "1.1.0"
    assert tracker.memory.overwritten == {}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert {"fetch", "push", "restart"} <= {line.get("stage") for line in lines}
    assert [line["done_bytes"] for line in lines if line.get("stage") == "push"][-1] == IMAGE_BYTES
    assert [line["outcome"] for line in lines if "outcome" in line] == ["firmware.updated", "firmware.current"]


def test_without_a_server_it_says_what_is_missing(tmp_path: Path) -> None:
    async def life() -> None:
        tracker = Tracker(Identity("t", "Band", "1.0.0"), Folder(tmp_path / "t"), Generator(4), time.time())
        ready: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(tracker, ("127.0.0.1", 0), ready=ready.set_result))
        host, port = await ready
        try:
            await agent_run._run(AgentRequest(f"{host}:{port}", folder=tmp_path, update_firmware=True))
        finally:
            serving.cancel()
            await asyncio.wait((serving,))

    with pytest.raises(UsageError, match="needs a server"):
        asyncio.run(life())
