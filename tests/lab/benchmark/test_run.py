"""A run is whole, can be continued, and hides nothing."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.lab.benchmark.made import HEAD, crashes_at_three, dies_at_three, plays
from unstuck.lab.benchmark.cluster import Dask, installed
from unstuck.lab.benchmark.results import ResultsFile, read
from unstuck.lab.benchmark.row import Head, Row
from unstuck.lab.benchmark.run import Job, Player, Pool, Processes, Progress, play_job, run
from unstuck.lab.benchmark.sample import Split
from unstuck.model.errors import UsageError

CASES = 9


class Here:
    """Plays in this process, one after another."""

    def __init__(self, stops_after: int = 10**6) -> None:
        self.stops_after = stops_after
        self.played: list[int] = []

    def each(self, player: Player, jobs: Iterable[Job]) -> Iterator[list[Row]]:
        for job in jobs:
            if len(self.played) == self.stops_after:
                raise KeyboardInterrupt
            self.played.append(job.number)
            yield player(job)


def silent(_progress: Progress) -> None:
    """Nobody looks."""


def write(path: Path, pool: Pool, player: Player = plays, *, resume: bool = False, head: Head = HEAD) -> None:
    with ResultsFile(path, head, resume=resume) as file:
        run(file, CASES, pool, silent, player)


def rows_in(path: Path) -> tuple[Row, ...]:
    return read(path).rows


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A run that nothing disturbed."""
    write(tmp_path / "whole.jsonl", Here())
    return tmp_path / "whole.jsonl"


def test_a_row_is_the_same_after_it_was_written_and_read(whole: Path) -> None:
    assert [row for number in range(CASES) for row in plays(Job(Split.TRAINING, 1, number))] == list(rows_in(whole))


def test_a_run_that_was_stopped_is_continued_and_nothing_is_played_twice(tmp_path: Path, whole: Path) -> None:
    path, first, second = tmp_path / "run.jsonl", Here(stops_after=4), Here()
    with pytest.raises(KeyboardInterrupt):
        write(path, first)
    write(path, second, resume=True)
    assert first.played + second.played == list(range(CASES))
    assert path.read_bytes() == whole.read_bytes()


def _cut(size: int) -> Callable[[bytes], bytes]:
    return lambda data: data[: len(data) - size]


def _without_last_row(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


@pytest.mark.parametrize("torn", [_cut(1), _cut(40), _without_last_row, lambda data: data[:5], lambda data: b""])
def test_what_a_kill_left_half_written_is_played_again(
    tmp_path: Path, whole: Path, torn: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "torn.jsonl"
    path.write_bytes(torn(whole.read_bytes()))
    write(path, Here(), resume=True)
    assert path.read_bytes() == whole.read_bytes()


def test_a_file_that_is_there_is_not_overwritten(whole: Path) -> None:
    with pytest.raises(UsageError, match="--resume"):
        write(whole, Here())


@pytest.mark.parametrize("other", [{"seed": 2}, {"commit": "def"}, {"fitted": False}, {"split": Split.TEST}])
def test_two_runs_are_not_mixed(whole: Path, other: dict[str, object]) -> None:
    fields = {name: getattr(HEAD, name) for name in Head.__slots__}
    with pytest.raises(UsageError, match=f"another run .another {next(iter(other))}"):
        write(whole, Here(), resume=True, head=Head(**{**fields, **other}))


@pytest.mark.parametrize("text", ["", "{}\n", "[1]\n", "no JSON\n", '{"schema": "unstuck.run/9"}\n'])
def test_what_is_no_run_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError):
        read(path)


def test_processes_give_the_same_as_one_after_another(tmp_path: Path, whole: Path) -> None:
    write(tmp_path / "pool.jsonl", Processes(2))
    assert rows_in(tmp_path / "pool.jsonl") == rows_in(whole)


@pytest.mark.skipif(not installed(), reason="Dask is not installed (the extra lab)")
@pytest.mark.filterwarnings("default")
@pytest.mark.timeout(300)
def test_a_dask_cluster_gives_the_same_as_one_after_another(tmp_path: Path, whole: Path) -> None:
    write(tmp_path / "dask.jsonl", Dask(workers=1))
    assert rows_in(tmp_path / "dask.jsonl") == rows_in(whole)


@pytest.mark.skipif(not installed(), reason="Dask is not installed (the extra lab)")
@pytest.mark.filterwarnings("default")
@pytest.mark.timeout(300)
def test_a_scheduler_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no scheduler"):
        write(tmp_path / "none.jsonl", Dask("tcp://127.0.0.1:9"))


def test_a_case_that_crashes_is_counted_with_its_label(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl", Here(), crashes_at_three)
    found = read(tmp_path / "run.jsonl")
    assert [(row.number, row.error) for row in found.crashed] == [(3, "ValueError: broken")]
    assert found.crashed[0].label == Job(Split.TRAINING, 1, 3).case.label
    assert found.cases == CASES


@pytest.mark.timeout(300)
def test_a_case_that_kills_its_process_is_counted_and_the_others_are_played(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl", Processes(2), dies_at_three)
    found = read(tmp_path / "run.jsonl")
    assert [(row.number, row.error) for row in found.crashed] == [(3, "the process that played it died")]
    assert found.cases == CASES


def test_whatever_breaks_in_the_lab_is_a_row_that_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object) -> None:
        raise ZeroDivisionError("in the world")

    monkeypatch.setattr("unstuck.lab.world.World.trace", broken)
    monkeypatch.setattr("unstuck.lab.world.World.__aenter__", broken)
    (row,) = play_job(Job(Split.TRAINING, 1, 0))
    assert row.error == "ZeroDivisionError: in the world"
    assert row.where.startswith("unstuck/lab/case.py:")


def test_the_time_left_is_told(tmp_path: Path) -> None:
    told: list[Progress] = []
    ticks = iter(range(0, 10_000, 10))
    with ResultsFile(tmp_path / "run.jsonl", HEAD) as file:
        run(file, CASES, Here(), told.append, crashes_at_three, clock=lambda: float(next(ticks)))
    assert [one.done for one in told] == list(range(1, CASES + 1))
    assert told[0].left_s == pytest.approx(10.0 * (CASES - 1))
    assert told[-1] == Progress(CASES, CASES, 1, 0.0)
