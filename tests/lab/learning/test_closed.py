"""Closed case files as what can be learnt from life."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from unstuck.doctor.casefile.bundle import CASE, pack
from unstuck.doctor.casefile.case import Case, Closed
from unstuck.doctor.casefile.document import case_document, case_json
from unstuck.doctor.knowledge.loader import load
from unstuck.lab.learning.closed import closed_cases
from unstuck.model.errors import UnstuckError, UsageError
from unstuck.model.history import How, Result, Tried

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def written(path: Path, closed: Closed | None) -> Path:
    tried = tuple(
        Tried(fix, NOW, How.GUIDED, result, NOW)
        for fix, result in (
            ("restart_bluetooth", Result.DID_NOT_HELP),
            ("restart_phone", Result.HELPED),
            ("pair_again", Result.DECLINED),
        )
    )
    path.write_bytes(pack({CASE: case_json(case_document(Case(NOW, tried=tried, closed=closed)))}))
    return path


def test_a_closed_case_tells_its_cause_and_what_helped(tmp_path: Path) -> None:
    written(tmp_path / "b.zip", Closed("bluetooth.stack_wedged", "restart_phone", "person", NOW))
    written(tmp_path / "a.zip", None)
    (case,) = closed_cases([tmp_path], load())
    assert case.cause == "bluetooth.stack_wedged"
    assert case.tried == (("restart_bluetooth", False), ("restart_phone", True))


def test_an_unknown_cause_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "a.zip", Closed("phone.ghost", "", "support", NOW))
    with pytest.raises(UsageError, match=r"unknown cause phone\.ghost"):
        closed_cases([file], load())


def test_what_is_no_case_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"not a zip")
    with pytest.raises(UnstuckError):
        closed_cases([tmp_path], load())
    with pytest.raises(UsageError):
        closed_cases([tmp_path / "missing.zip"], load())
