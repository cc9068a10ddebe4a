"""``unstuck fix`` as it runs: our own chain with real sockets, and phones that only files show."""

import asyncio
import json
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from unstuck.chain.phone import held
from unstuck.chain.phone.asking import ask_to_sync, request_file
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.tracker import Claim
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.serve import serve
from unstuck.cli import agent_run, fix_run, fix_view, up_run
from unstuck.cli.agent_run import AgentRequest
from unstuck.cli.fix_journal import FIXES_FILE, FixJournal
from unstuck.cli.fix_run import FixRequest
from unstuck.cli.main import app
from unstuck.cli.state import JOURNAL_FILE, private_folder
from unstuck.cli.status import ExitStatus
from unstuck.cli.up_login import login_at
from unstuck.doctor.remedies.acts import Channel, Target
from unstuck.doctor.remedies.journal import Entry
from unstuck.model.errors import UsageError
from unstuck.model.history import Change, How, Result, Tried

CODE = code_of(bytes(range(10)))
CLAIM = Claim(tracker_id(CODE), CODE)
HOUR_S = 3600


@dataclass
class Chain:
    """A tracker on UDP, a server, and the folder of an agent that does not run. ``behind_s``: of the tracker's time."""

    folder: Path
    link: str = ""
    behind_s: float = float(HOUR_S)

    def now_s(self) -> float:
        return time.time() - self.behind_s

    def sync(self) -> ExitStatus:
        return agent_run.run(AgentRequest(self.link, folder=self.folder, once=True))

    def stand_still(self, hours: int) -> None:
        """As if the agent had been stopped so long ago, while the tracker went on for an hour."""
        with closing(sqlite3.connect(self.folder / JOURNAL_FILE)) as db, db:
            db.execute("UPDATE attempt SET began_s = began_s - ?, ended_s = ended_s - ?", (hours * HOUR_S,) * 2)
        self.behind_s = 0.0

    def records(self) -> int:
        with closing(Journal(self.folder / JOURNAL_FILE, read_only=True)) as journal:
            return held.total(journal.ledger(CLAIM.tracker).confirmed)

    def request(self, **given: object) -> FixRequest:
        return FixRequest((Path("chain"),), folder=self.folder, link=self.link, **given)  # type: ignore[arg-type]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "unstuck"


@pytest.fixture
def stopped(tmp_path: Path, state: Path) -> Iterator[Chain]:
    """A chain that synced once and whose agent then stood still for twelve hours."""
    chain = Chain(private_folder(tmp_path / "agent"))
    tracker = Tracker(Identity(CLAIM.tracker, "Band", "1.0"), RamFiles(), Generator(4), chain.now_s() - 2 * HOUR_S)
    ready, over = threading.Event(), threading.Event()

    async def live() -> None:
        def listening(address: tuple[str, int]) -> None:
            chain.link = f"{address[0]}:{address[1]}"
            ready.set()

        serving = asyncio.create_task(serve(tracker, ("127.0.0.1", 0), chain.now_s, ready=listening))
        while not over.is_set():
            await asyncio.sleep(0.02)
        serving.cancel()
        await asyncio.wait((serving,))

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    with up_run._server(chain.folder, 0, time.time) as house:
        thread.start()
        try:
            assert ready.wait(5.0)
            asyncio.run(login_at(chain.folder, house.address, CLAIM, "Band"))
            assert chain.sync() is ExitStatus.HEALTHY
            chain.stand_still(12)
            yield chain
        finally:
            over.set()
            thread.join()


def test_a_chain_whose_agent_stands_still_is_drained_and_seen_to_move(
    stopped: Chain, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stopped.records()
    assert fix_run.run(stopped.request(yes=frozenset({"sync_now"}))) is ExitStatus.HEALTHY
    out = capsys.readouterr().out
    assert "our agent: drain now" in out
    assert "Data moves." in out
    assert stopped.records() > before
    kept = json.loads((state / FIXES_FILE).read_text("utf-8"))
    assert [(one["fix"], one["how"], one["result"]) for one in kept["tried"]] == [("sync_now", "automatic", "helped")]
    assert stat.S_IMODE((state / FIXES_FILE).stat().st_mode) == 0o600


def test_a_dry_run_shows_the_act_and_does_nothing(
    stopped: Chain, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stopped.records()
    assert fix_run.run(stopped.request(dry_run=True, yes=frozenset({"sync_now"}))) is ExitStatus.STUCK
    out = " ".join(capsys.readouterr().out.split())
    assert "our agent: drain now" in out
    assert "It helped when there is new data into the phone within 2 minutes." in out
    assert stopped.records() == before
    assert not (state / FIXES_FILE).exists()


def test_without_a_terminal_and_without_yes_nothing_is_done_and_that_is_said(
    stopped: Chain, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stopped.records()
    assert fix_run.run(stopped.request()) is ExitStatus.STUCK
    said = capsys.readouterr()
    assert "nobody can be asked here" in said.err
    assert stopped.records() == before
    assert not (state / FIXES_FILE).exists()


def test_what_was_not_agreed_to_beforehand_is_not_done(stopped: Chain, state: Path) -> None:
    before = stopped.records()
    assert (
        fix_run.run(stopped.request(yes=frozenset({"restart_phone"}), only=frozenset({"sync_now"}))) is ExitStatus.STUCK
    )
    assert stopped.records() == before
    kept = json.loads((state / FIXES_FILE).read_text("utf-8"))
    assert [one["result"] for one in kept["tried"]] == ["declined"]


def test_a_running_agent_is_asked_to_sync_by_a_file_that_it_takes_away(
    stopped: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    async def life() -> ExitStatus:
        agent = asyncio.create_task(agent_run._run(AgentRequest(stopped.link, folder=stopped.folder, every_s=3600.0)))
        while "drain" not in capsys.readouterr().out:
            await asyncio.sleep(0.05)
        stopped.behind_s -= HOUR_S  # an hour later, long before its own rhythm
        await asyncio.sleep(1.2)  # the tracker records once a second
        assert await ask_to_sync(stopped.folder / JOURNAL_FILE, asyncio.sleep)
        out = ""
        while "drain " not in out:
            await asyncio.sleep(0.05)
            out += capsys.readouterr().out
        agent.cancel()
        await asyncio.wait((agent,))
        return ExitStatus.HEALTHY

    asyncio.run(asyncio.wait_for(life(), 20.0))
    assert not request_file(stopped.folder / JOURNAL_FILE).exists()


def test_an_agent_that_does_not_answer_is_said(tmp_path: Path) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    assert asyncio.run(ask_to_sync(tmp_path / JOURNAL_FILE, sleep)) is False
    assert sum(waited) == 5.0
    assert not request_file(tmp_path / JOURNAL_FILE).exists(), "nobody syncs later because of an old request"


def test_the_document_says_what_was_tried_and_whether_data_moves(stopped: Chain, tmp_path: Path) -> None:
    out = tmp_path / "fix.json"
    assert fix_run.run(stopped.request(yes=frozenset({"sync_now"}), json_file=str(out))) is ExitStatus.HEALTHY
    told = json.loads(out.read_text("utf-8"))
    assert told["schema"] == "unstuck.fix/1"
    assert told["data_moves"] is True
    assert told["verdict_before"] == "stuck"
    assert [one["result"] for one in told["tried"]] == ["helped"]
    assert fix_run.run(stopped.request(dry_run=True, json_file=str(out))) is ExitStatus.HEALTHY, (
        "an earlier one is replaced"
    )


def test_what_is_meant_wrongly_is_one_sentence(state: Path) -> None:
    with pytest.raises(UsageError, match="there is no such fix; known are restart_tracker"):
        fix_run.run(FixRequest((Path("chain"),), yes=frozenset({"pray"})))
    with pytest.raises(UsageError, match="name what to look at"):
        fix_run.run(FixRequest(()))
    with pytest.raises(UsageError, match="only for the sources adb"):
        fix_run.run(FixRequest((Path("chain"),), phone="R5CT"))


def test_a_chain_that_never_ran_is_nothing_readable(tmp_path: Path, state: Path) -> None:
    request = FixRequest((Path("chain"),), folder=tmp_path, dry_run=True)
    assert fix_run.run(request) is ExitStatus.UNREADABLE


def test_a_person_is_asked_and_a_no_is_a_no(
    stopped: Chain, monkeypatch: pytest.MonkeyPatch, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr(fix_view, "can_ask", lambda: True)
    monkeypatch.setattr("typer.confirm", confirm)
    before = stopped.records()
    assert fix_run.run(stopped.request(only=frozenset({"sync_now"}))) is ExitStatus.STUCK
    assert asked == ["  Do it?"]
    assert stopped.records() == before


# the journal of fixes

TRIED = Tried(
    "turn_off_battery_saver",
    datetime(2026, 3, 1, tzinfo=UTC),
    How.AUTOMATIC,
    Result.UNKNOWN,
    changes=(Change("settings global low_power", "on", "off"),),
)


def test_two_fixes_at_once_are_turned_away(tmp_path: Path) -> None:
    with FixJournal(tmp_path), pytest.raises(UsageError, match="another 'unstuck fix' runs"), FixJournal(tmp_path):
        pass


def test_a_journal_that_is_none_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / FIXES_FILE).write_text('{"schema": "other"}')
    with pytest.raises(UsageError, match="is no journal of fixes"):
        FixJournal(tmp_path)
    assert (tmp_path / FIXES_FILE).read_text() == '{"schema": "other"}'


def test_entries_are_on_the_disk_when_they_are_kept(tmp_path: Path) -> None:
    with FixJournal(tmp_path) as journal:
        journal.keep(Entry(0, TRIED, "adb.battery_saver_off"))
        assert FixJournal(tmp_path).entries == journal.entries
        assert journal.next_number == 1


def test_what_stands_on_a_phone_that_is_not_there_waits_for_it(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no adb here
    with FixJournal(private_folder(state)) as journal:
        journal.keep(Entry(0, TRIED, "adb.battery_saver_off", Target(Channel.ADB, "R5CT", 34)))
    assert fix_run.run(FixRequest((), undo=True, yes=frozenset({"turn_off_battery_saver"}))) is ExitStatus.STUCK
    assert "connect R5CT to take it back" in capsys.readouterr().out


def test_undoing_nothing_says_so(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fix_run.run(FixRequest((), undo=True, yes=frozenset({"sync_now"}))) is ExitStatus.HEALTHY
    assert "Nothing that Unstuck changed still stands." in capsys.readouterr().out


def test_the_list_shows_every_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app(["fix", "--list"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "adb.bluetooth_cycle" in out
    assert "charge_tracker: Charge the tracker for at least 30 minutes (guided)" in out
