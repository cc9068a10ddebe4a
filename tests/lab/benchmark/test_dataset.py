"""Labelled cases for others: whole, checked by their sums, and scored as they deserve."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from benchmarks.doctor.__main__ import main

from tests.lab.benchmark.made import HEAD
from unstuck.doctor.diagnose import Options, diagnose
from unstuck.doctor.knowledge.loader import load
from unstuck.lab.benchmark.dataset import ABOUT, SUMS, export, labels, predictions
from unstuck.lab.benchmark.row import Row, states_of
from unstuck.lab.benchmark.sample import case_at
from unstuck.lab.benchmark.score import SAID, calibrate, first_pairs, measure
from unstuck.lab.evidence import read_files
from unstuck.model.diagnosis import State
from unstuck.model.errors import UsageError

CASES = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few cases, exported once."""
    path = tmp_path_factory.mktemp("data") / "set"
    export(path, HEAD, CASES, lambda done: None)
    return path


def answered(truth: dict[str, Row], say: Callable[[Row], dict[str, Any]]) -> str:
    """Predictions as a file's text."""
    lines = [{"case": case, "given": given, **say(row)} for case, row in truth.items() for given in ("all", "answers")]
    return "".join(json.dumps(line) + "\n" for line in lines)


def rightly(row: Row) -> dict[str, Any]:
    if not row.truth:
        return {"verdict": "healthy", "hop": None, "causes": {}}
    hop = row.hops[0] if row.hops else row.truth[0].partition(".")[0]
    return {"verdict": "stuck", "hop": hop, "causes": dict.fromkeys(row.truth, 1.0)}


def wrongly(row: Row) -> dict[str, Any]:
    cause = next(cause for cause in load().causes if cause not in row.truth and cause.partition(".")[0] not in row.hops)
    return {"verdict": "stuck", "hop": cause.partition(".")[0], "causes": {cause: 1.0}}


def marks(folder: Path, path: Path, say: Callable[[Row], dict[str, Any]]) -> tuple[dict[str, float], float]:
    truth = labels(folder)
    path.write_text(answered(truth, say))
    rows = predictions(path, truth)
    found = {name: one.value for name, one in measure(rows, SAID, resamples=20).items()}
    return found, calibrate(first_pairs(rows)).error


@pytest.mark.timeout(240)
def test_its_own_labels_have_perfect_marks_and_wrong_ones_have_none(folder: Path, tmp_path: Path) -> None:
    right, error = marks(folder, tmp_path / "right.jsonl", rightly)
    assert right["hop"] == right["first"] == right["three"] == 1.0
    assert right["dishonest"] == right["missed"] == error == 0.0
    wrong, error = marks(folder, tmp_path / "wrong.jsonl", wrongly)
    assert wrong["hop"] == wrong["first"] == wrong["three"] == 0.0
    assert wrong["dishonest"] == error == 1.0


@pytest.mark.timeout(240)
def test_every_file_is_in_the_sums_and_has_its_sum(folder: Path) -> None:
    lines = [line.split("  ", 1) for line in (folder / SUMS).read_text().splitlines()]
    sums = {name: digest for digest, name in lines}
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} - {SUMS}
    assert set(sums) == files
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest for name, digest in sums.items())
    assert "CC0-1.0" in (folder / "README.md").read_text()
    assert json.loads((folder / ABOUT).read_bytes())["count"] == CASES


@pytest.mark.timeout(240)
def test_the_evidence_is_what_the_doctor_reads_and_the_answers_are_of_its_questions(folder: Path) -> None:
    knowledge = load()
    for number, case in enumerate(sorted((folder / "cases").iterdir())):
        readings = read_files(sorted((case / "evidence").iterdir()))
        assert len(readings) >= 2
        assert all(reading.source.readable for reading in readings)
        found = diagnose(readings, Options(), datetime.now(UTC))
        assert any(finding.state is not State.UNKNOWN for finding in found.findings)
        answers = json.loads((case / "answers.json").read_bytes())
        assert set(answers) == set(knowledge.questions)
        assert states_of(answers, knowledge)
        assert (case / "chain.json").exists() == (case_at(HEAD.split, HEAD.seed, number).tracker == "unstuck")


@pytest.mark.timeout(240)
def test_a_case_left_out_said_nothing(folder: Path, tmp_path: Path) -> None:
    truth = labels(folder)
    path = tmp_path / "one.jsonl"
    path.write_text(answered(truth, rightly).splitlines()[0] + "\n")
    rows = predictions(path, truth)
    assert len(rows) == CASES
    assert sum(row.said.verdict == "inconclusive" and not row.said.causes for row in rows) == CASES - 1


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{}", "line 1 is no prediction"),
        ("nonsense", "line 1 is no prediction"),
        ('{"case": "9", "given": "all", "verdict": "stuck", "hop": "", "causes": {}}', "case 9, which is not in"),
        ('{"case": "000000", "given": "all", "verdict": "maybe", "hop": "", "causes": {}}', "no prediction"),
        ('{"case": "000000", "given": "all", "verdict": "stuck", "hop": "moon", "causes": {}}', "no prediction"),
        ('{"case": "000000", "given": "all", "verdict": "stuck", "hop": "", "causes": {"x": 2}}', "no prediction"),
    ],
)
def test_what_is_no_prediction_is_refused_with_its_line(folder: Path, tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(UsageError, match=says):
        predictions(path, labels(folder))


@pytest.mark.timeout(240)
def test_the_command_scores_a_folder_and_refuses_what_is_none(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "right.jsonl"
    path.write_text(answered(labels(folder), rightly))
    assert main(["score", str(folder), str(path)]) == 0
    assert "right cause first | 100.0%" in capsys.readouterr().out
    assert main(["score", str(tmp_path), str(path)]) == 2
    assert "is no data set" in capsys.readouterr().err
    assert main(["export", str(folder)]) == 2
    assert "is not empty" in capsys.readouterr().err
