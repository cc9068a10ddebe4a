"""Questions as JSON, and a session replayed from a file without a person."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from unstuck.cli.main import app
from unstuck.doctor.guide.catalogue import schema
from unstuck.doctor.knowledge.loader import load
from unstuck.model.errors import UsageError

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    runner = CliRunner()
    return lambda *words: runner.invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_questions_as_json_say_what_each_answer_says(run: Run) -> None:
    found = json.loads(run("questions", "--json").output)
    jsonschema.validate(found, schema())
    assert [one["id"] for one in found["questions"]] == list(load().questions)
    for question in found["questions"]:
        assert question["answers"][-1] == {"id": "unsure", "text": "I don't know", "findings": {}}
    battery = next(one for one in found["questions"] if one["id"] == "battery_saver")
    assert battery["answers"][1]["findings"] == {"battery_saver_on": "yes"}
    assert {one["id"] for one in found["fixes"]} == set(load().fixes)


def test_questions_as_text_name_ids_and_places(run: Run) -> None:
    text = run("questions").output
    for question in load().questions.values():
        assert f"({question.id})" in text.replace("\n  ", " ")
    for symptom in load().symptoms:
        assert f"{symptom}:" in text


def replay(run: Run, folder: Path, told: object, *more: object) -> tuple[int, dict[str, object]]:
    file, out = folder / "answers.json", folder / "d.json"
    file.write_text(json.dumps(told))
    result = run("diagnose", "--answers", file, "--json", out, *more)
    return result.exit_code, json.loads(out.read_text("utf-8"))


def test_answers_from_a_file_are_those_of_the_command_line(run: Run, tmp_path: Path) -> None:
    told = {"symptom": "steps_frozen", "background_setting": "restricted", "worn": "unsure"}
    status, found = replay(run, tmp_path, told)
    out = tmp_path / "other.json"
    words = ["--symptom", "steps_frozen", "--answer", "background_setting=restricted", "--answer", "worn=unsure"]
    assert run("diagnose", *words, "--json", out).exit_code == status
    other = json.loads(out.read_text("utf-8"))
    assert found["causes"] == other["causes"]
    assert found["next_question"] == other["next_question"]


def test_what_was_tried_changes_the_plan(run: Run, tmp_path: Path) -> None:
    told: dict[str, object] = {"symptom": "steps_frozen", "bluetooth_on": "off"}
    _, before = replay(run, tmp_path, told)
    _, after = replay(run, tmp_path, {**told, "tried": {"turn_bluetooth_on": "did_not_help"}})
    fixes = [[step["fix"] for step in found["plan"]] for found in (before, after)]  # type: ignore[attr-defined]
    assert "turn_bluetooth_on" in fixes[0]
    assert "turn_bluetooth_on" not in fixes[1]


def test_what_helped_makes_it_healthy(run: Run, tmp_path: Path) -> None:
    status, found = replay(run, tmp_path, {"symptom": "other", "tried": {"restart_phone": "helped"}})
    assert (status, found["verdict"]) == (0, "healthy")


def test_phone_chooses_the_steps(run: Run, tmp_path: Path) -> None:
    def steps(phone: str) -> object:
        told = {"symptom": "steps_frozen", "phone": phone, "background_setting": "restricted"}
        _, found = replay(run, tmp_path, told)
        plan = found["plan"]
        assert isinstance(plan, list)
        return next(step["steps"] for step in plan if step["fix"] == "allow_background")

    assert steps("iphone") != steps("samsung") != steps("xiaomi")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"),
        ("{", "line 1"),
        ("[]", "no JSON object"),
        ('{"bluetooth_on": "perhaps"}', "on, off, unsure"),
        ('{"bluetooth_on": 1}', "on, off, unsure"),
        ('{"bluetooth_on": ["on"]}', "on, off, unsure"),
        ('{"blue": "on"}', "there is no question 'blue'"),
        ('{"symptom": "sad"}', "steps_frozen"),
        ('{"symptom": []}', "steps_frozen"),
        ('{"phone": "brick"}', "samsung"),
        ('{"tried": []}', "fix id to result"),
        ('{"tried": {"pray": "helped"}}', "there is no fix 'pray'"),
        ('{"tried": {"sync_now": "yes"}}', "did_not_help, helped, could_not"),
        ('{"worn": "yes", "worn": "no"}', "says 'worn' twice"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_file_that_cannot_be_meant_is_one_sentence(run: Run, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "answers.json"
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        run("diagnose", "--answers", file)
    assert said in str(raised.value)
    assert str(file) in str(raised.value)


def test_a_file_that_is_not_there_or_endless_is_one_sentence(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        run("diagnose", "--answers", tmp_path / "none.json")
    (tmp_path / "big.json").write_bytes(b" " * (2**20 + 1))
    with pytest.raises(UsageError, match="larger than 1 MB"):
        run("diagnose", "--answers", tmp_path / "big.json")
