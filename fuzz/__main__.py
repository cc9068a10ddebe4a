"""Replay kept inputs and fuzz: ``python -m fuzz [--seconds N | --runs N] [--keep] [TARGET...]``."""

import argparse
import importlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_HERE = Path(__file__).parent
_CORPUS = _HERE / "corpus"
_FOUND = _HERE.parent / "temp" / "fuzz"
_INPUT_TIMEOUT_S = 10
"""An input of a few kilobytes that takes longer than this hangs, even on a slow machine."""
_MEMORY_LIMIT_MB = 1024
"""Interpreter, numpy and instrumentation take about 200 MB; a small input has no business taking more than the rest."""
_KEPT_BYTES = 1024
"""Kept inputs stay small enough to look at; longer ones reach little that these do not."""


def main() -> int:
    """Replay, then fuzz each target. 0 when nothing was found, 1 otherwise."""
    known = sorted(path.stem.removeprefix("fuzz_") for path in _HERE.glob("fuzz_*.py"))
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz the readers of Unstuck.")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="per target; 0 only replays (default 60)")
    parser.add_argument(
        "--runs", type=int, metavar="N", help="instead, N inputs from a fixed seed: the same every time"
    )
    parser.add_argument("--keep", action="store_true", help="then keep the small inputs that reach new code")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(known))
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(known)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if arguments.runs and arguments.keep:
        parser.error("--keep goes with --seconds: a fixed seed finds nothing new")
    fuzzing = bool(arguments.runs) or arguments.seconds > 0
    if fuzzing and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed (make test-fuzz installs it): replaying the kept inputs only.")
        fuzzing = False
    broken = []
    for target in arguments.targets or known:
        print(f"{target}: {replay(target)} kept inputs replayed", flush=True)
        if fuzzing and not _fuzz(target, arguments.seconds, arguments.runs):
            broken.append(target)
        if fuzzing and arguments.keep:
            print(f"{target}: {_keep(target)} kept inputs now", flush=True)
    if broken:
        print(f"Found something in {', '.join(broken)}; the inputs are in {_FOUND}")
    return int(bool(broken))


def replay(target: str) -> int:
    """Run every kept input of a target; give how many. Whatever the target raises comes through."""
    one_input = load(target)
    inputs = sorted(path for path in (_CORPUS / target).glob("*") if path.is_file())
    done = 0
    try:
        for path in inputs:
            one_input(path.read_bytes())
            done += 1
    finally:
        if done < len(inputs):
            print(f"{target}: raised on the kept input {inputs[done]}", file=sys.stderr)
    return len(inputs)


def load(target: str) -> Callable[[bytes], object]:
    """What a target does with one input."""
    one_input: Callable[[bytes], object] = importlib.import_module(f"fuzz.fuzz_{target}").one_input
    return one_input


def _fuzz(target: str, seconds: int, runs: int | None) -> bool:
    found = _FOUND / target
    work = found / "corpus"
    if runs:
        # Inputs of an earlier run would make this one another one.
        work = found / "fixed"
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    kept = _CORPUS / target
    command = [
        sys.executable,
        "-m",
        "fuzz.worker",
        target,
        str(work),
        *([str(kept)] if kept.is_dir() else []),
        *([f"-runs={runs}", "-seed=1"] if runs else [f"-max_total_time={seconds}"]),
        f"-timeout={_INPUT_TIMEOUT_S}",
        f"-rss_limit_mb={_MEMORY_LIMIT_MB}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
    ]
    log = found / "last.log"
    print(f"{target}: fuzzing, {f'{runs} inputs' if runs else f'{seconds} s'} ...", flush=True)
    with log.open("w") as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    lines = log.read_text(errors="replace").splitlines()
    if status != 0:
        print("\n".join(lines[-40:]))
        return False
    tried = next((line.split()[-1] for line in lines if "number_of_executed_units" in line), "?")
    print(f"{target}: {tried} inputs tried, nothing found", flush=True)
    return True


def _keep(target: str) -> int:
    """Add to the kept inputs what was found to reach code that they do not; give how many there are now."""
    kept = _CORPUS / target
    kept.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "fuzz.worker", target, "-merge=1", f"-max_len={_KEPT_BYTES}"]
    subprocess.run([*command, str(kept), str(_FOUND / target / "corpus")], capture_output=True, check=True)
    return sum(path.is_file() for path in kept.iterdir())


if __name__ == "__main__":
    sys.exit(main())
