"""Kept fuzz inputs are replayed on every run, and none of them breaks its target any more."""

from pathlib import Path

import pytest

from fuzz import __main__ as runner

TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in Path(runner.__file__).parent.glob("fuzz_*.py"))


@pytest.mark.parametrize("target", TARGETS)
def test_kept_inputs_no_longer_break_the_target(target: str) -> None:
    assert runner.replay(target) > 0


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_takes_an_empty_input(target: str) -> None:
    runner.load(target)(b"")


def test_the_input_that_broke_a_target_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "bad").write_bytes(b"!")
    monkeypatch.setattr(runner, "_CORPUS", tmp_path)
    monkeypatch.setattr(runner, "load", lambda target: _refuse)
    with pytest.raises(ValueError, match="refused"):
        runner.replay("some")
    assert "some/bad" in capsys.readouterr().err


def _refuse(data: bytes) -> None:
    raise ValueError(f"refused {data!r}")
