"""A real adb client against the daemon: it must not notice that there is no phone."""

import subprocess
from pathlib import Path

import pytest

from tests.lab.adbd.phones import BANNER, READY_LIMIT_S, ExamplePhone, adb, connect, running
from unstuck.lab.adbd import Adbd, ShellResult

pytestmark = pytest.mark.usefixtures("adb_server")


class Talker:
    """Says what a test wants, and nothing else."""

    def run(self, command: str) -> ShellResult:
        if command == "fails":
            return ShellResult(b"out\n", b"err\n", 3)
        if command == "much":
            return ShellResult(b"0123456789" * 300_000, b"", 0)
        return ShellResult(f"ran: {command}\n".encode(), b"", 0)

    def file(self, path: str) -> bytes:
        raise FileNotFoundError(path)


def test_output_errors_and_status_stay_apart() -> None:
    with running(Adbd(Talker(), banner=BANNER)) as phone:
        done = adb("-s", connect(phone.daemon), "shell", "fails")
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_megabytes_come_whole() -> None:
    with running(Adbd(Talker(), banner=BANNER)) as phone:
        assert adb("-s", connect(phone.daemon), "shell", "much").stdout == "0123456789" * 300_000


def test_the_phone_is_listed_with_its_model() -> None:
    with running(Adbd(Talker(), banner=BANNER)) as phone:
        serial = connect(phone.daemon)
        row = next(line for line in adb("devices", "-l").stdout.splitlines() if line.startswith(serial))
    assert " device " in row
    assert "model:Pixel_8" in row


def test_exec_out_and_reboot_reach_the_phone() -> None:
    with running(Adbd(Talker(), banner=BANNER)) as phone:
        serial = connect(phone.daemon)
        assert adb("-s", serial, "exec-out", "hello").stdout == "ran: hello\n"
        assert adb("-s", serial, "reboot", "bootloader").returncode == 0
        assert phone.daemon.services[-1] == "reboot:bootloader"


def test_a_file_is_pulled(tmp_path: Path) -> None:
    device = ExamplePhone()
    path = "/data/local/tmp/report.zip"
    device.phone.keep(path, device.phone.bugreport())
    with running(Adbd(device, banner=BANNER)) as phone:
        serial = connect(phone.daemon)
        pulled = adb("-s", serial, "pull", path, str(tmp_path / "report.zip"))
        assert pulled.returncode == 0, pulled.stderr
        missing = adb("-s", serial, "pull", "/no/such", str(tmp_path / "none"))
        assert "No such file" in missing.stdout + missing.stderr
    assert (tmp_path / "report.zip").read_bytes().startswith(b"PK")


def test_a_phone_asks_its_owner_once_and_knows_the_computer_then() -> None:
    with running(Adbd(Talker(), banner=BANNER, ask_owner=True)) as phone:
        serial = connect(phone.daemon)
        assert "unauthorized" in adb("-s", serial, "shell", "hello").stderr
        phone.now(phone.daemon.allow)
        assert adb("-s", serial, "wait-for-device", "shell", "hello").stdout == "ran: hello\n"
        adb("disconnect", serial)
        connect(phone.daemon)
        assert adb("-s", serial, "shell", "again").stdout == "ran: again\n"
        assert len(phone.daemon.known) == 1


def test_a_phone_that_goes_away_ends_a_command_that_runs() -> None:
    slow = Adbd(Talker(), banner=BANNER, answer_after_s=lambda command: 60.0 if command == "slow" else 0.0)
    with running(slow) as phone:
        serial = connect(phone.daemon)
        with subprocess.Popen(["adb", "-s", serial, "shell", "slow"], stdout=subprocess.PIPE) as client:
            while "slow" not in "".join(phone.daemon.services):
                assert client.poll() is None
            phone.now(phone.daemon.vanish)
            assert client.communicate(timeout=READY_LIMIT_S)[0] == b""
