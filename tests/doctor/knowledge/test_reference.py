"""The worked example of docs/reference/knowledge.md is a knowledge folder that loads."""

import re
from pathlib import Path

from unstuck.doctor.knowledge.loader import read_knowledge, read_steps, read_ways
from unstuck.doctor.knowledge.schema import Guard

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "knowledge.md"


def example(folder: Path) -> Path:
    text = PAGE.read_text(encoding="utf-8")
    for name, body in re.findall(r"```toml\n# (\S+)\n(.*?)```", text, flags=re.DOTALL):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    return folder


def test_the_example_is_consistent(tmp_path: Path) -> None:
    knowledge = read_knowledge(example(tmp_path))
    assert set(knowledge.causes) == {"tracker.clock_battery_old"}
    assert knowledge.fixes["change_clock_battery"].guards == (Guard.UNDRAINED,)


def test_the_examples_steps_fit_as_the_page_says(tmp_path: Path) -> None:
    found = read_steps(example(tmp_path), "change_clock_battery")
    assert [(steps.platform, steps.tracker) for steps in found] == [
        ("any", ""),
        ("iphone", "band 2"),
        ("iphone", "band 3"),
        ("acme", "band 2"),
        ("acme", "band 3"),
    ]


def test_the_examples_evidence_is_read(tmp_path: Path) -> None:
    assert [way.platform for way in read_ways(example(tmp_path))] == ["acme"]


def test_the_page_explains_every_guard() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [guard.value for guard in Guard if f"| `{guard.value}` |" not in text] == []
