"""Wall time of the command as a person feels it: a whole process each time, imports included."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.scale import SMOKE, fitbit_pair

_RUNS = 1 if SMOKE else 9
"""Nine runs: the median shrugs off four disturbed ones."""
_HELP_LIMIT_S = 0.3
_PAIR_LIMIT_S = 0.8
_EXPECTED_EXITS = (0, 1)
"""Healthy or stuck; anything else means that the command did not do its work."""


def run() -> list[dict[str, object]]:
    """Rows for ``unstuck --help`` and for diagnosing the two logs of a real Fitbit."""
    label, logs = fitbit_pair()
    diagnose = ["diagnose", *(str(log) for log in logs)]
    return [
        _row("unstuck --help", _median_s(["--help"]), _HELP_LIMIT_S),
        _row(f"unstuck diagnose, {label}", _median_s(diagnose), _PAIR_LIMIT_S),
    ]


def _row(name: str, value_s: float, limit_s: float) -> dict[str, object]:
    return {
        "name": name,
        "value": value_s,
        "unit": "s",
        "limit": f"<= {limit_s}",
        "peer": None,
        "peer_value": None,
        "ratio": None,
    }


def _median_s(arguments: Sequence[str]) -> float:
    command = [str(Path(sys.executable).with_name("unstuck")), *arguments]
    # A user's Python keeps its compiled modules; the first run makes them and is not counted.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(_RUNS + 1):
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        times.append(time.perf_counter() - begun)
        if done.returncode not in _EXPECTED_EXITS:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}")
    return statistics.median(times[1:])
