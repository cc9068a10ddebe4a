"""The benchmark of the doctor: ``python -m benchmarks.doctor [run|report|export|score|fit] ...``; --help of each."""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.doctor import plot, report
from unstuck import __version__
from unstuck.doctor.knowledge.fitted import FITTED_FILE
from unstuck.doctor.knowledge.loader import as_judged, load
from unstuck.lab.benchmark import dataset, results
from unstuck.lab.benchmark.cluster import Dask, installed
from unstuck.lab.benchmark.results import Results, ResultsFile
from unstuck.lab.benchmark.row import Head
from unstuck.lab.benchmark.run import Pool, Processes, Progress, run
from unstuck.lab.benchmark.sample import SAMPLING, Split
from unstuck.lab.learning.closed import closed_cases
from unstuck.lab.learning.fit import WEIGHT, fit, missing_links
from unstuck.lab.learning.observed import observed
from unstuck.lab.learning.written import Origin, as_toml
from unstuck.model.errors import ErrorCode, UnstuckError, UsageError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KNOWLEDGE = ROOT / "src" / "unstuck" / "doctor" / "knowledge"
RUNS = ROOT / "temp" / "bench-doctor"
SMOKE_CASES = 4
STATUS_BAD_USE = 2


def main(arguments: list[str] | None = None) -> int:
    """Do it. 2: used wrongly, or a file cannot be used; the sentence is on stderr."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        return int(given.do(given))
    except UnstuckError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return STATUS_BAD_USE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doctor", description="Measure the doctor in the lab.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("run", help="play cases, and write the page when all are played")
    one.add_argument("--cases", type=int, default=300, help="how many (300)")
    one.add_argument("--split", type=Split, choices=list(Split), default=Split.TEST, help="which cases (test)")
    one.add_argument("--seed", type=int, default=1, help="from which seed, from 1 (1)")
    one.add_argument("--file", type=Path, help="file of results (temp/bench-doctor/SPLIT-SEED.jsonl)")
    one.add_argument("--resume", action="store_true", help="continue the file where it is there")
    one.add_argument("--processes", type=int, default=0, help="workers of this machine (as many as cores)")
    one.add_argument("--cluster", default="", metavar="ADDRESS", help="a Dask scheduler: tcp://host:8786")
    one.add_argument("--plain", action="store_true", help="processes without Dask, where it is installed")
    one.add_argument("--judgement", action="store_true", help="without the fitted numbers, to compare")
    one.add_argument("--smoke", action="store_true", help="a few cases, the page on the screen, nothing written")
    one.set_defaults(do=_run)

    one = commands.add_parser("report", help="write RESULTS.md and calibration.svg from a file of results")
    one.add_argument("file", type=Path)
    one.add_argument("--print", action="store_true", dest="show", help="on the screen, and write nothing")
    one.set_defaults(do=_report)

    one = commands.add_parser("export", help="write labelled cases for others into a new folder")
    one.add_argument("folder", type=Path)
    one.add_argument("--cases", type=int, default=100, help="how many (100)")
    one.add_argument("--split", type=Split, choices=list(Split), default=Split.TRAINING, help="which cases (training)")
    one.add_argument("--seed", type=int, default=1, help="from which seed, from 1 (1)")
    one.set_defaults(do=_export)

    one = commands.add_parser("score", help="score what another doctor said of an exported folder")
    one.add_argument("folder", type=Path)
    one.add_argument("predictions", type=Path)
    one.set_defaults(do=_score)

    one = commands.add_parser("fit", help="fit numbers of the knowledge from training cases and closed case files")
    one.add_argument("file", type=Path, help="results of the training split")
    one.add_argument("--closed", type=Path, nargs="*", default=[], help="closed case files, or folders of them")
    one.add_argument("--weight", type=float, default=WEIGHT, help=f"cases that the judgement is worth ({WEIGHT:g})")
    one.add_argument("--mends", action="store_true", help="also the lab's chances that a fix mends (its own judgement)")
    one.add_argument("--out", type=Path, default=KNOWLEDGE / FITTED_FILE, help="where to (the knowledge's own file)")
    one.set_defaults(do=_fit)
    return parser


def _run(given: argparse.Namespace) -> int:
    head = _head(given.split, given.seed, fitted=not given.judgement)
    if given.smoke:
        with tempfile.TemporaryDirectory() as folder:
            played = _play(given, head, Path(folder) / "smoke.jsonl", SMOKE_CASES)
        print(report.page(played, load(), _machine()))
        return int(bool(played.crashed))
    file = given.file or RUNS / f"{given.split.value}-{given.seed}{'-judgement' if given.judgement else ''}.jsonl"
    played = _play(given, head, file, given.cases)
    if given.split is Split.TEST and not given.judgement:
        _write(played)
    else:
        print(report.page(played, load(), _machine()))
    return 0


def _play(given: argparse.Namespace, head: Head, path: Path, cases: int) -> Results:
    with ResultsFile(path, head, resume=given.resume) as file:
        run(file, cases, _pool(given), _tell)
    print(file=sys.stderr)
    return results.read(path).first(cases)


def _pool(given: argparse.Namespace) -> Pool:
    if given.cluster or (installed() and not given.plain and not given.smoke):
        if not installed():
            reason = "needs Dask; install it with: pip install 'unstuck[lab]'"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--cluster {given.cluster}", reason=reason)
        return Dask(given.cluster, given.processes)
    return Processes(given.processes)


def _tell(progress: Progress) -> None:
    crashed = f", {progress.crashed} crashed" if progress.crashed else ""
    left = "" if progress.left_s is None else f", {_time(progress.left_s)} left"
    line = f"{progress.done:,} of {progress.of:,} cases{crashed}{left}"
    if sys.stderr.isatty():
        print(f"\r{line:<70}", end="", file=sys.stderr, flush=True)
    elif progress.done % 50 == 0 or progress.done == progress.of:
        print(line, file=sys.stderr, flush=True)


def _time(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes / 60:.1f} h" if minutes >= 90 else f"{minutes:.0f} min" if minutes >= 2 else f"{seconds:.0f} s"


def _report(given: argparse.Namespace) -> int:
    played = results.read(given.file)
    if given.show:
        print(report.page(played, load(), _machine()))
    else:
        _write(played)
    return 0


def _write(played: Results) -> None:
    knowledge = load()
    (HERE / "RESULTS.md").write_text(report.page(played, knowledge, _machine()))
    (HERE / "calibration.svg").write_text(plot.plot(report.calibrations(played.rows, knowledge)))
    print("Written to benchmarks/doctor/RESULTS.md and calibration.svg", file=sys.stderr)


def _export(given: argparse.Namespace) -> int:
    head = _head(given.split, given.seed, fitted=True)
    dataset.export(given.folder, head, given.cases, lambda done: _tell(Progress(done, given.cases, 0, None)))
    print(file=sys.stderr)
    return 0


def _score(given: argparse.Namespace) -> int:
    truth = dataset.labels(given.folder)
    print(report.said(dataset.predictions(given.predictions, truth), load()))
    return 0


def _fit(given: argparse.Namespace) -> int:
    played = results.read(given.file)
    head = played.head
    if head.split is not Split.TRAINING:
        reason = "is of the test split; what was fitted on it could not be measured on it any more"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=given.file.name, reason=reason)
    with as_judged():
        knowledge = load()
        closed = closed_cases(given.closed, knowledge)
        cases = observed(played.rows, knowledge)
        found = fit(knowledge, cases, closed, weight=given.weight, mends_of_the_lab=given.mends)
        for one in missing_links(knowledge, cases):
            print(
                f"a link is missing? {one.finding} holds in {one.share:.0%} of {one.cases} cases of {one.cause} "
                f"(leak {one.leak:g})"
            )
    origin = Origin(head.split.value, head.seed, len(cases), len(closed), given.weight, head.commit, head.date)
    given.out.write_text(as_toml(found, origin))
    print(
        f"{len(found.strengths)} strengths, {len(found.leaks)} leaks, {len(found.mends)} chances to mend and "
        f"{len(found.priors)} priors from {len(cases)} cases and {len(closed)} case files",
        file=sys.stderr,
    )
    return 0


def _head(split: Split, seed: int, *, fitted: bool) -> Head:
    if seed < 1:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--seed {seed}", reason="seeds begin at 1")
    commit, date = _git("describe", "--always", "--dirty", "--exclude=*"), _git("show", "-s", "--format=%cs")
    return Head(split, seed, SAMPLING, fitted and (KNOWLEDGE / FITTED_FILE).is_file(), commit, date, __version__)


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


if __name__ == "__main__":
    sys.exit(main())
