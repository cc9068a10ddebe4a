"""What the system is really asked to do, seen from outside: the log is on the disk before the trim leaves."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LIFE = """
import asyncio, os, sys
from pathlib import Path
from tests.chain.phone.test_agent import Wire, made, wants_freed

wire = Wire()
inner = wire.request

async def told(request):
    word = "trim" if wants_freed(request) else "/".join(request.path)
    os.write(2, f"WIRE {word}\\n".encode())
    return await inner(request)

wire.request = told
agent, journal = made(Path(sys.argv[1]), wire)
for _ in range(2):
    asyncio.run(agent.drain_once())
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here")
def test_the_log_is_synced_between_the_last_records_and_the_trim(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    watched = ["strace", "-f", "-y", "-s", "200", "-e", "trace=fsync,fdatasync,write", "-o", str(trace)]
    program = [sys.executable, "-c", LIFE, str(tmp_path)]
    ran = subprocess.run([*watched, *program], cwd=ROOT, capture_output=True, text=True, check=False)
    if "ptrace" in ran.stderr and "WIRE" not in ran.stderr:
        pytest.skip("this system does not let programs be watched")
    assert ran.returncode == 0, ran.stderr
    words = [one for line in trace.read_text().splitlines() if (one := word(line))]
    assert words[-1] != "trim", "what was freed is written down after it"
    after_records = words[words.index("sync") + 1 :]
    assert after_records[: after_records.index("trim")] == ["synced"]


def word(line: str) -> str:
    """What was said on the wire, or that the write-ahead log was synced."""
    if "sync(" in line and "journal-wal" in line:
        return "synced"
    return line.split("WIRE ")[1].split("\\n")[0] if "WIRE " in line else ""
