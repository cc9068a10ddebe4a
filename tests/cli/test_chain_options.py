"""Options of the chain's commands: nonsense gets one sentence, signals what they promise."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unstuck.cli.main import app


@pytest.mark.parametrize(
    "given",
    [
        "up --virtual --speed inf",
        "up --virtual --speed nan",
        "up --virtual --every nan",
        "up --virtual --walk-away nan",
        "tracker --speed 1e300",
        "tracker --drift nan",
        "tracker --drift -1e9",
        "link --role hub --local 7001 --remote 127.0.0.1:7002 --retransmit nan",
        "link --role hub --local 7001 --remote 127.0.0.1:7002 --seconds inf",
        "agent --seconds nan",
        "agent --every inf",
    ],
)
def test_a_number_that_nothing_can_wait_for_is_wrong_usage(given: str) -> None:
    found = CliRunner().invoke(app, given.split())
    assert found.exit_code == 2, found.output
    assert given.split()[-2] in found.output


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no SIGUSR1")
def test_sync_now_does_not_end_an_agent_that_has_not_met_its_tracker(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        arguments = ["-m", "unstuck.cli.main", "agent", "--tracker", where, "--folder", str(tmp_path)]
        agent = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.PIPE)
        silent.settimeout(20.0)
        silent.recv(100)  # it is asking for the tracker
        agent.send_signal(signal.SIGUSR1)
        with pytest.raises(subprocess.TimeoutExpired):
            agent.wait(0.5)
        agent.send_signal(signal.SIGINT)
        agent.communicate(timeout=20.0)
    assert agent.returncode == 130
