import asyncio
import gzip
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unstuck.chain.link.radio.air import Air
from unstuck.chain.link.radio.host import Host
from unstuck.chain.records import Ranges
from unstuck.chain.tracker.bluetooth.peripheral import Peripheral
from unstuck.chain.tracker.bluetooth.real import RealHost
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder, RamFiles, one_tracker
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.memory import Memory
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.serve import TrueTime
from unstuck.cli import tracker_run
from unstuck.cli.main import main
from unstuck.cli.tracker_run import Settings, load_replay, run
from unstuck.model.errors import UsageError

HEAD = "Id,ActivityHour," + ",".join(f"Steps{minute:02}" for minute in range(60))
ROWS = [f"{user},4/13/2016 12:00:00 PM," + ",".join([str(user)] * 60) for user in (7, 8)]

RUN = "import typer; from unstuck.cli.tracker import tracker; typer.run(tracker)"


def wide_file(folder: Path, *, packed: bool) -> Path:
    """Two made-up people, an hour each."""
    text = "\n".join([HEAD, *ROWS]) + "\n"
    path = folder / ("minutes.csv.gz" if packed else "minutes.csv")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


def options(folder: Path, port: int = 0, replay: Path | None = None) -> Settings:
    return Settings(replay, "", 1, "", "a tracker", folder, "127.0.0.1", port, "udp", 1.0, 0.0)


@pytest.mark.parametrize("packed", [False, True])
def test_a_replay_takes_the_user_asked_for_or_the_first(tmp_path: Path, packed: bool) -> None:
    path = wide_file(tmp_path, packed=packed)
    assert load_replay(path, "")[0] == "7"
    user, replay = load_replay(path, "8")
    sample = replay.sample(replay.first_s)
    assert sample is not None
    assert (user, sample.minute.steps) == ("8", 8)


def test_a_replay_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    path = wide_file(tmp_path, packed=False)
    with pytest.raises(UsageError, match="no user 9; it has 7, 8"):
        load_replay(path, "9")
    with pytest.raises(UsageError, match="No such file"):
        load_replay(tmp_path / "none.csv", "")
    (tmp_path / "other.csv").write_text("a,b\n")
    with pytest.raises(UsageError, match="line 1"):
        load_replay(tmp_path / "other.csv", "")
    (tmp_path / "cut.csv.gz").write_bytes(wide_file(tmp_path, packed=True).read_bytes()[:-20])
    with pytest.raises(UsageError, match=r"cut\.csv\.gz"):
        load_replay(tmp_path / "cut.csv.gz", "")


@pytest.mark.parametrize("place", [3, 10, 12, 20, -8, -1])
def test_a_packed_replay_with_a_damaged_byte_is_said_in_one_sentence(tmp_path: Path, place: int) -> None:
    packed = bytearray(wide_file(tmp_path, packed=True).read_bytes())
    packed[place] ^= 0xFF
    (tmp_path / "bad.csv.gz").write_bytes(packed)
    with pytest.raises(UsageError, match=r"bad\.csv\.gz"):
        load_replay(tmp_path / "bad.csv.gz", "")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("7,4/13/2016 12:00:00 PM," + "0" * 140_000, "line 2: field larger"),
        ("7,4/13/2016 12:00:00 PM," + ",".join(["9" * 30] * 60), "line 2: more than 10,000 steps"),
    ],
)
def test_a_replay_that_cannot_be_a_persons_names_the_line(tmp_path: Path, row: str, why: str) -> None:
    (tmp_path / "odd.csv").write_text(f"{HEAD}\n{row}\n")
    with pytest.raises(UsageError, match=why):
        load_replay(tmp_path / "odd.csv", "")


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example"])
def test_a_name_that_no_host_can_have_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    commands = [
        ["agent", "--tracker", f"{host}:5684", "--folder", str(tmp_path / "agent")],
        ["link", "--role", "hub", "--local", "7001", "--remote", f"{host}:7002"],
        ["link", "--role", "hub", "--local", f"{host}:7001", "--remote", "127.0.0.1:7002"],
        ["tracker", "--host", host, "--port", "0", "--memory", str(tmp_path / "tracker")],
    ]
    for command in commands:
        monkeypatch.setattr(sys, "argv", ["unstuck", *command])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2, command
        said = capsys.readouterr().err
        assert "is no name of a host" in said, command
        assert said.count("unstuck: ") == 1, command


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(UsageError, match="in use"):
            run(options(tmp_path, taken.getsockname()[1]))
    assert not list(tmp_path.glob("*.log")), "the memory is untouched"


def test_a_second_tracker_leaves_the_memory_of_the_first_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, "--port", "0", "--memory", str(tmp_path), "--speed", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        before = sorted(tmp_path.iterdir())
        try:
            with pytest.raises(UsageError, match="another tracker uses this memory"):
                run(options(tmp_path))
            assert sorted(tmp_path.iterdir()) == before
        finally:
            process.kill()
    with one_tracker(tmp_path):
        pass  # the system has given it back


def test_a_killed_tracker_has_every_record_up_to_some_moment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, "--port", "0", "--memory", str(tmp_path), "--speed", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        deadline_s = time.monotonic() + 20
        while sum(path.stat().st_size for path in tmp_path.iterdir()) < 5_000 and time.monotonic() < deadline_s:
            time.sleep(0.05)
        process.kill()
    again = Memory(Folder(tmp_path))
    gone = again.overwritten.get(0, Ranges())
    assert again.held[0] | gone == Ranges.span(0, again.ends[0] - 1)
    assert again.ends[0] > 100


def test_after_faster_time_it_goes_on_where_it_was_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lived = Tracker(Identity("t", "a tracker", "1"), Folder(tmp_path), Generator(1), time.time())
    lived.advance(time.time() + 16 * 3600)
    times: list[float] = []

    async def look(tracker: Tracker, _local: object, true_time: TrueTime, **_more: object) -> None:
        times.extend((tracker.notes.recorded_until_s, true_time()))

    monkeypatch.setattr(tracker_run, "serve", look)
    run(options(tmp_path))
    assert 0 <= times[1] - times[0] < 60
    assert "its time is 16.0 hours ahead" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")
def test_the_signal_is_the_button(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed: list[Peripheral] = []

    class Radio(Host):
        async def close(self) -> None:
            """Nothing to give back."""

    async def opened(_radio: str, address: str, keys: Path) -> Radio:
        return Radio("tracker", address, Air(), keys)

    async def press() -> None:
        device = Tracker(Identity("t", "a tracker", "1"), RamFiles(), Generator(1), time.time())
        life = asyncio.create_task(tracker_run._on_air(device, "usb:0", tmp_path, "code", time.time))
        said = ""
        async with asyncio.timeout(10):
            while "kill -USR1" not in said:
                await asyncio.sleep(0.01)
                said += capsys.readouterr().out
            os.kill(os.getpid(), signal.SIGUSR1)
            while not pressed:
                await asyncio.sleep(0.01)
        life.cancel()
        await asyncio.wait((life,))

    monkeypatch.setattr(RealHost, "open", opened)
    monkeypatch.setattr(Peripheral, "open_pairing", lambda tracker: pressed.append(tracker))
    asyncio.run(press())
    assert "another phone may pair for 120 s" in capsys.readouterr().out


def test_ctrl_c_stops_it_and_its_memory_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, "--port", "0", "--memory", str(tmp_path), "--speed", "100000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert "listens on UDP 127.0.0.1:" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert "all it recorded is in its memory" in said
    assert process.returncode == 0
    again = Memory(Folder(tmp_path))
    assert again.boot == 1
    assert again.held[0].total >= 1
