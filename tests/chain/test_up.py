"""``unstuck up``, ``unstuck agent`` and ``unstuck ledger`` as they run: real sockets, real time, a few seconds."""

import asyncio
import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from unstuck.chain.link.udp import Address
from unstuck.chain.phone.faults import JournalError, JournalFault
from unstuck.chain.phone.journal import Journal
from unstuck.chain.records import Ranges
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles, one_tracker
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.serve import serve
from unstuck.cli import agent_run, ledger_run, up_run
from unstuck.cli.agent_run import AgentRequest
from unstuck.cli.ledger_run import LedgerRequest
from unstuck.cli.main import app
from unstuck.cli.state import JOURNAL_FILE
from unstuck.cli.status import ExitStatus
from unstuck.cli.up_run import UpRequest
from unstuck.cli.up_view import Look, line, picture
from unstuck.model.errors import UsageError

NOW_S = 1_460_505_600
FAST = UpRequest(speed=600.0, seconds=2.5, as_json=True)


def ran(request: UpRequest, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert up_run.run(request) is ExitStatus.HEALTHY
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_up_brings_every_step_to_the_server_and_goes_on_when_started_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = replace(FAST, folder=tmp_path, virtual=True, at="16:00")  # nobody takes the tracker off then
    first = ran(request, capsys)
    hops = first["hops"]
    assert hops["tracker"]["only_here"] == 0
    assert hops["phone"]["to_upload"] == {}
    assert hops["server"]["records"] == hops["phone"]["committed"]
    assert hops["server"]["steps_today"] == hops["tracker"]["steps_today"]
    assert hops["server"]["records"] > 360, "six hours were worn before"
    assert first["holes"] == []
    second = ran(request, capsys)
    assert second["tracker"] == first["tracker"] | {"battery": second["tracker"]["battery"]}
    assert second["hops"]["server"]["records"] > hops["server"]["records"]
    assert second["holes"] == []
    assert not [thread for thread in threading.enumerate() if thread.name == "server"]
    status = ledger_run.run(LedgerRequest("", folder=tmp_path, as_json=True))
    told = json.loads(capsys.readouterr().out)
    assert told["tracker"] == first["tracker"]["id"]
    assert told["phone"]["waiting"] == {}
    assert "cannot be reached" in told["note"]
    assert status is ExitStatus.HEALTHY
    with pytest.raises(UsageError, match="only the server knows the times"):
        ledger_run.run(LedgerRequest("", folder=tmp_path, html_file=str(tmp_path / "ledger.html")))


def test_what_up_left_is_diagnosed_and_its_server_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran(replace(FAST, folder=tmp_path), capsys)
    out = tmp_path / "diagnosis.json"
    assert main_app(["diagnose", "chain", "--folder", str(tmp_path), "--json", str(out), "--no-redact"]) == 0
    found = json.loads(out.read_text("utf-8"))
    assert (found["verdict"], found["stuck_at"]) == ("healthy", None)
    assert "Not stuck" in capsys.readouterr().out
    assert found["tracker"]["vendor"] == "unstuck"
    assert [source["kind"] for source in found["sources"]] == ["chain", "chain server", "btsnoop"]
    assert "cannot be reached" in found["sources"][1]["problems"][0]
    names = {fact["name"] for fact in found["facts"]}
    assert {"agent.attempts", "agent.journal", "tracker.battery", "tracker.firmware", "ledger.at_risk"} <= names


def test_a_tracker_that_is_carried_away_is_told_and_brought_home_all_moves_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = replace(FAST, folder=tmp_path, virtual=True, at="15:30", walk_away_s=0.3, seconds=6.0)
    hops = ran(request, capsys)["hops"]
    assert hops["tracker"]["only_here"] > 0, "what came after waits on the wrist"
    out = tmp_path / "diagnosis.json"
    main_app(["diagnose", "chain", "--folder", str(tmp_path), "--json", str(out), "--no-redact"])
    found = json.loads(out.read_text("utf-8"))
    # How sure the cause is depends on how long it lasted, which the machine decides here: test_over_bluetooth.
    assert found["stuck_at"] == "bluetooth"
    capsys.readouterr()
    hops = ran(replace(request, walk_away_s=0.0, at=""), capsys)["hops"]
    assert hops["tracker"]["only_here"] == 0
    assert hops["server"]["records"] == hops["phone"]["committed"]
    assert (tmp_path / "btsnoop_hci.log.last").exists(), "the trace of the walk is kept beside the new one"


def test_diagnosing_a_chain_that_was_never_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main_app(["diagnose", "chain", "--folder", str(tmp_path)]) == ExitStatus.UNREADABLE
    assert "there is no journal" in " ".join(capsys.readouterr().out.split())


def main_app(words: list[str]) -> int:
    """The command as the shell runs it; its exit status."""
    with pytest.raises(SystemExit) as ended:
        app(words)
    return int(str(ended.value.code))


def test_a_second_up_in_the_same_folder_is_turned_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL_FILE)
    with pytest.raises(JournalError) as refused:
        up_run.run(replace(FAST, folder=tmp_path))
    assert refused.value.fault is JournalFault.BUSY
    journal.close()


def test_what_is_shown_fits_eighty_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Look] = []

    def noted(look: Look) -> dict[str, Any]:
        looks.append(look)
        return {}

    monkeypatch.setattr(up_run, "document", noted)
    up_run.run(replace(FAST, seconds=0.5, folder=tmp_path))
    (look,) = looks
    for shown in (look, replace(look, told=replace(look.told, trouble="503 server.maintenance"))):
        console = Console(file=io.StringIO(), width=80)
        console.print(picture(shown))
        lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # a StringIO
        assert sum(one.strip().startswith("sync ") for one in lines) == 2
        assert sum(one.strip().startswith(("tracker", "bluetooth", "phone", "server")) for one in lines) == 4
        assert [hop for hop in ("tracker", "bluetooth", "phone", "server") if hop not in line(shown)] == []


def test_up_leaves_a_memory_alone_that_another_tracker_uses(tmp_path: Path) -> None:
    with one_tracker(tmp_path / "tracker"), pytest.raises(UsageError, match="another tracker uses this memory"):
        up_run.run(replace(FAST, folder=tmp_path))


@pytest.mark.parametrize("side", ["phone", "tracker"])
def test_up_pairs_anew_when_one_side_has_lost_its_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], side: str
) -> None:
    request = replace(FAST, folder=tmp_path)
    ran(request, capsys)
    (tmp_path / f"{side}-keys.json").write_text("")
    again = ran(request, capsys)
    assert again["hops"]["tracker"]["only_here"] == 0
    assert (tmp_path / f"{side}-keys.json.damaged").exists()


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Tracker, Address]]:
    """A tracker on a UDP port that has recorded two hours."""
    tracker = Tracker(Identity("t-udp", "Band", "1.0"), RamFiles(), Generator(4), NOW_S)
    tracker.advance(NOW_S + 7200)
    ready: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(tracker, ("127.0.0.1", 0), lambda: NOW_S + 7200.0, ready=ready.set_result))
    yield tracker, await ready
    serving.cancel()
    await asyncio.wait((serving,))


def test_the_agent_drains_over_udp_without_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def life() -> tuple[ExitStatus, Tracker]:
        async with served() as (tracker, (host, port)):
            request = AgentRequest(f"{host}:{port}", folder=tmp_path, once=True, as_json=True)
            first = await agent_run._run(request)
            assert 0 in tracker.memory.held[0], "it is freed with the next request"
            assert await agent_run._run(request) is ExitStatus.HEALTHY
            return first, tracker

    status, tracker = asyncio.run(life())
    assert status is ExitStatus.HEALTHY
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["side"], one["outcome"]) for one in told] == [("drain", "synced"), ("drain", "nothing_new")]
    journal = Journal(tmp_path / JOURNAL_FILE, read_only=True)
    drained = journal.ledger("t-udp").committed
    journal.close()
    assert drained[0].contains(Ranges.span(0, 119))
    assert 0 not in tracker.memory.held.get(0, Ranges())


def test_an_address_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at most 65535"):
        agent_run.run(AgentRequest("127.0.0.1:99999", folder=tmp_path))
    token = tmp_path / "token"
    token.write_text("t")
    with pytest.raises(UsageError, match="begins with https"):
        agent_run.run(AgentRequest("127.0.0.1:9", server="myserver", token_file=token, folder=tmp_path))
    with pytest.raises(UsageError, match="belong together"):
        agent_run.run(AgentRequest("127.0.0.1:9", server="http://x", folder=tmp_path))


def test_a_ledger_of_nothing_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name the tracker"):
        ledger_run.run(LedgerRequest("", folder=tmp_path))
    with pytest.raises(UsageError, match="no journal in"):
        ledger_run.run(LedgerRequest("t1", folder=tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_up_stopped_or_killed_goes_on_with_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    program = "from unstuck.cli.up_run import *; run(UpRequest(speed=600.0, folder=Path(sys.argv[1]), plain=True))"
    command = [sys.executable, "-c", f"import sys; {program}", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for shown in running.stdout:
            if "upload:synced" in shown:
                assert ledger_run.run(LedgerRequest("", folder=tmp_path, as_json=True)) is ExitStatus.HEALTHY
                told = json.loads(capsys.readouterr().out)
                assert told["note"] == ""
                assert told["server"]["hops"]["server"]["held"]["0"][0][0] == 0
                picture_file = tmp_path / "ledger.html"
                request = LedgerRequest("", folder=tmp_path, html_file=str(picture_file), plain=True)
                assert ledger_run.run(request) is ExitStatus.HEALTHY
                told_in_words = capsys.readouterr().out
                assert "At risk" in told_in_words
                assert told_in_words.count("#") > 12, "six hours were worn before: twelve half hours at the server"
                assert "Everything the tracker recorded is at the server." in picture_file.read_text("utf-8")
                running.send_signal(number)
                break
        rest = running.stdout.read()
    assert running.returncode == (0 if number is signal.SIGINT else -number)
    assert ("stopped; everything is kept" in rest) == (number is signal.SIGINT)
    hops = ran(replace(FAST, folder=tmp_path, seconds=0.5), capsys)["hops"]
    assert hops["server"]["records"] == hops["phone"]["committed"] > 360
    assert hops["server"]["steps_today"] == hops["tracker"]["steps_today"]
