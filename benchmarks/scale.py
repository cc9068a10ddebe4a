"""How large a benchmark runs, and where its inputs are. Shared by all benchmarks."""

import os
import tempfile
from pathlib import Path

from examples.make_evidence import write

ROOT = Path(__file__).parents[1]

SMOKE = os.environ.get("UNSTUCK_BENCH_SMOKE") == "1"
"""True: shrink the input, one run each; shows that the benchmark works, measures nothing."""

_DATA = Path(os.environ.get("UNSTUCK_DATA", ROOT.parent / "shared" / "data"))
_PAIR = ("btsnoop_hci.log.last", "btsnoop_hci.log")


def fitbit_pair() -> tuple[str, list[Path]]:
    """The two logs of a real Fitbit and what to call them; the example evidence where they are not here."""
    real = [_DATA / "hci" / "whoisbe__pongbot-mcp" / name for name in _PAIR]
    if all(path.is_file() for path in real):
        return "the Fitbit pair", real
    folder = Path(tempfile.gettempdir()) / "unstuck-bench"
    return "the example logs", [write("walked-away", folder)]


def peak_mb() -> float:
    """Most memory this process ever held, in MB. Unlike ``ru_maxrss`` it does not count the parent's; Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not say how much memory a process held")
