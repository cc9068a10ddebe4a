"""Live sources on the command line, against a real adb client and the lab's daemon."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.adbd.phones import ExamplePhone, adb_server, connect, running
from unstuck.cli import live
from unstuck.cli.watch import line, watch
from unstuck.doctor.watching import Notice, NoticeKind
from unstuck.lab.adbd import Adbd
from unstuck.model.diagnosis import Diagnosis
from unstuck.model.errors import UsageError

__all__ = ["adb_server"]

LIMIT_S = 40.0


def unstuck(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unstuck", "diagnose", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S, cwd=cwd)


@pytest.mark.parametrize(("given", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), ("45", 45), ("2min", 120)])
def test_lengths_of_time(given: str, seconds: float) -> None:
    assert live.every_s(given) == seconds


@pytest.mark.parametrize("given", ["", "often", "1s", "-30s", "3 days", "nan", "inf", "1e9"])
def test_no_length_of_time(given: str) -> None:
    with pytest.raises(UsageError, match="--every"):
        live.every_s(given)


def test_a_file_of_that_name_is_meant_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert live.words([Path("adb"), Path("bluez"), Path("adb")]) == ("adb", "bluez")
    Path("adb").write_text("a file")
    assert live.words([Path("adb"), Path("bluez")]) == ("bluez",)


@pytest.mark.usefixtures("adb_server")
def test_a_stuck_phone_on_the_cable_is_told_as_that() -> None:
    device = ExamplePhone(saver=True)
    with running(Adbd(device)) as phone:
        done = unstuck("adb", "--phone", connect(phone.daemon))
    assert done.returncode == 1
    assert "battery saver stops the app" in done.stdout
    assert "dumpsys power, line" in done.stdout
    assert done.stderr.startswith("adb: reads the phone's state and logs with commands that only print; nothing on")


@pytest.mark.usefixtures("adb_server")
def test_what_is_shared_names_no_phone(tmp_path: Path) -> None:
    with running(Adbd(ExamplePhone(), ask_owner=True)) as phone:
        serial = connect(phone.daemon)
        done = unstuck("adb", "--phone", serial, "--json", "-")
    assert done.returncode == 4
    found = json.loads(done.stdout)
    assert "has not allowed this computer to look" in found["sources"][0]["problems"][0]
    assert serial.partition(":")[2] not in done.stdout


@pytest.mark.usefixtures("adb_server")
def test_watching_notices_the_stop_names_it_and_ends_with_the_last_diagnosis() -> None:
    device = ExamplePhone()
    with running(Adbd(device)) as phone:
        words = ["adb", "--phone", connect(phone.daemon), "--watch", "--every", "5s", "--plain"]
        command = [sys.executable, "-u", "-m", "unstuck", "diagnose", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            first = watching.stdout.readline()
            device.saver = True
            second = watching.stdout.readline()
            watching.send_signal(signal.SIGINT)
            rest, _ = watching.communicate(timeout=LIMIT_S)
    assert "  now: Not stuck" in first
    assert "  data stopped: Stuck at the phone since " in second
    assert "The phone's battery saver stops the app (> 99 %)" in second
    assert "Stuck at the phone since" in rest
    assert watching.returncode == 1


@pytest.mark.usefixtures("adb_server")
def test_watching_as_json_gives_one_document_a_line_on_each_change() -> None:
    device = ExamplePhone(saver=True)
    with running(Adbd(device)) as phone:
        words = ["adb", "--phone", connect(phone.daemon), "--watch", "--every", "5s", "--json", "-"]
        command = [sys.executable, "-m", "unstuck", "diagnose", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            first = json.loads(watching.stdout.readline())
            phone.now(phone.daemon.vanish)
            second = json.loads(watching.stdout.readline())
            watching.send_signal(signal.SIGINT)
            rest, _ = watching.communicate(timeout=LIMIT_S)
    assert (first["verdict"], second["verdict"]) == ("stuck", "inconclusive")
    assert rest == ""
    assert watching.returncode == 1


def test_nothing_is_lost_when_the_person_stops_while_it_waits() -> None:
    from tests.sample import healthy, stuck_by_range

    looks = iter([healthy(), stuck_by_range()])
    told: list[Notice] = []
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            raise KeyboardInterrupt

    def look() -> Diagnosis:
        return next(looks)

    assert watch(look, told.append, 30.0, wait) == stuck_by_range()
    assert [notice.kind for notice in told] == [NoticeKind.FIRST, NoticeKind.STOPPED]
    assert all(29.0 < seconds <= 30.0 for seconds in waited)
    assert line(told[1]).partition("  ")[2].startswith("data stopped: Stuck at Bluetooth since ")
