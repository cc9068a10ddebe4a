"""The locked requirements: hashes for everything, no address of a registry, in step with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def _pins(lock: Path) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE):
        pins.setdefault(name, set()).add(version)
    return pins


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~ ;\[]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


def test_there_are_locks_for_building_running_testing_fuzzing_and_the_lab() -> None:
    assert [lock.stem for lock in LOCKS] == ["build", "dev", "fuzz", "lab", "runtime"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.stem))
def test_no_lock_names_an_address(lock: Path) -> None:
    assert not re.search(r"://|index-url|find-links", lock.read_text())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.stem))
def test_every_pin_has_a_hash(lock: Path) -> None:
    entries = re.split(r"^(?=[a-z0-9-]+==)", lock.read_text(), flags=re.MULTILINE)
    assert [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []


def test_locks_hold_all_that_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runtime, extras = project["dependencies"], project["optional-dependencies"]
    wanted = {"runtime": runtime} | {extra: runtime + asked for extra, asked in extras.items()}
    missing = {name: _names(wanted[name]) - _pins(ROOT / "requirements" / f"{name}.txt").keys() for name in wanted}
    assert {name for name, some in missing.items() if some} == set()


def test_locks_agree_on_versions() -> None:
    seen: dict[str, set[str]] = {}
    clashes = []
    for lock in LOCKS:
        for name, versions in _pins(lock).items():
            if seen.setdefault(name, versions) != versions:
                clashes.append(name)
    assert clashes == []
