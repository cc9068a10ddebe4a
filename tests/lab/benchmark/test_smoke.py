"""Real cases through the pool, from the lab to the page and to fitted numbers."""

from pathlib import Path

import pytest
from benchmarks.doctor import report
from benchmarks.doctor.__main__ import main
from benchmarks.doctor.plot import plot

from tests.lab.benchmark.made import HEAD
from unstuck.doctor.knowledge.loader import as_judged, load
from unstuck.lab.benchmark.results import Results, ResultsFile, read
from unstuck.lab.benchmark.run import Job, Processes, play_job, run
from unstuck.lab.benchmark.sample import cases
from unstuck.lab.evidence import Given
from unstuck.lab.learning.fit import fit
from unstuck.lab.learning.observed import observed

CASES = 6

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six cases of the training split, played in two processes."""
    path = tmp_path_factory.mktemp("run") / "run.jsonl"
    with ResultsFile(path, HEAD) as opened:
        run(opened, CASES, Processes(2), lambda progress: None)
    return path


@pytest.fixture(scope="module")
def played(file: Path) -> Results:
    return read(file)


def test_every_case_is_played_with_every_kind_of_evidence(played: Results) -> None:
    assert played.crashed == ()
    assert [row.label for row in played.rows if row.given == Given.ALL] == [
        case.label for case in cases(HEAD.split, HEAD.seed, CASES)
    ]
    assert all(row.symptom or row.given != Given.ANSWERS for row in played.rows)
    assert all(row.took_s > 0.0 for row in played.rows if row.given == Given.ALL)


def test_a_row_says_what_was_so_and_what_was_said(played: Results) -> None:
    stuck = [row for row in played.rows if not row.nothing_wrong]
    assert stuck
    assert all(row.cause in row.truth for row in stuck)
    assert all(row.doctor.minutes > 0 and row.article.minutes > 0 for row in stuck if row.symptom)
    assert all(set(row.findings) <= set(load().findings) for row in stuck)
    assert all(set(row.answers) == set(load().questions) for row in played.rows if row.given == Given.ALL)
    assert any(row.ends for row in stuck)


def test_a_case_played_again_is_the_same_case(played: Results) -> None:
    again = play_job(Job(HEAD.split, HEAD.seed, 2))
    before = [row for row in played.rows if row.number == 2]
    fields = [name for name in before[0].__slots__ if name != "took_s"]
    assert [[getattr(row, name) for name in fields] for row in again] == [
        [getattr(row, name) for name in fields] for row in before
    ]


def test_the_page_and_the_picture_are_made_from_it(played: Results) -> None:
    page = report.page(played, load(), "a machine")
    assert f"{CASES} cases of the training split" in page
    assert "| right hop, full evidence | at least 98%" in page
    assert "cases that crashed: 0" in page
    picture = plot(report.calibrations(played.rows, load()))
    assert picture.startswith("<svg")
    assert picture.count("<polyline") == 3


def test_the_same_run_gives_the_same_fitted_numbers_byte_for_byte(file: Path, tmp_path: Path) -> None:
    for name in ("one.toml", "two.toml"):
        assert main(["fit", str(file), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.toml").read_bytes() == (tmp_path / "two.toml").read_bytes()
    with as_judged():
        found = fit(load(), observed(read(file).rows, load()))
    assert found.leaks
    assert all(number.fitted.cases <= CASES for number in found.leaks.values())


def test_nothing_is_fitted_on_the_test_split(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "test.jsonl"
    other.write_text(file.read_text().replace('"split": "training"', '"split": "test"', 1))
    assert main(["fit", str(other), "--out", str(tmp_path / "fitted.toml")]) == 2
    assert "is of the test split" in capsys.readouterr().err
    assert not (tmp_path / "fitted.toml").exists()
