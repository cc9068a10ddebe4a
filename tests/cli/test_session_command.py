"""The guided session as a person meets it: at a real terminal, left and resumed, with evidence given in the middle."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from examples.make_evidence import write

from tests.cli.terminal_person import TerminalPerson
from unstuck.doctor.guide.document import schema


def kept(state: Path) -> dict[str, object]:
    found = json.loads((state / "unstuck" / "session" / "session.json").read_text("utf-8"))
    jsonschema.validate(found, schema())
    assert isinstance(found, dict)
    return found


def test_diagnose_with_nothing_at_a_terminal_leads(tmp_path: Path) -> None:
    with TerminalPerson("diagnose", state=tmp_path, columns=60) as person:
        screen = person.sees()
        assert "What do you notice?" in screen
        screens = [screen]
        assert "Which phone" in person.types("1")
        assert "Who made the tracker?" in person.types("2")
        question = person.types("1")
        assert "don't know" in question
        assert "Where to look:" in question
        screens += [question, person.types("enough"), person.types("2")]
        for line in "".join(screens).splitlines():
            assert len(line) <= 60, line
        status, last = person.leaves("q")
    assert status == 3
    assert "unstuck session --resume" in last
    assert kept(tmp_path)["symptom"] == "steps_frozen"


def test_diagnose_with_nothing_elsewhere_says_what_can_be_read(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "unstuck.cli.main", "diagnose"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 3
    assert "Nothing was given" in done.stdout
    assert not (tmp_path / "unstuck").exists()


def test_session_is_kept_for_nobody_else_and_goes_on_where_it_was_left(tmp_path: Path) -> None:
    with TerminalPerson("session", "--plain", state=tmp_path) as person:
        person.sees()
        person.types("4")
        person.types("1")
        first = person.types("?")
        person.types("?")
        file = tmp_path / "unstuck" / "session" / "session.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        person.presses(b"\x03")
        status, last = person.ends()
    assert status == 130
    assert "--resume" in last
    assert "Traceback" not in last
    with TerminalPerson("session", "--resume", state=tmp_path) as person:
        second = person.sees()
        assert second.split("\n")[1] != first.split("\n")[1]
        back = person.types("b")
        assert [line for line in first.splitlines() if line.startswith("   ")][-3:] == [
            line for line in back.splitlines() if line.startswith("   ")
        ][-3:]
    with TerminalPerson("session", state=tmp_path) as person:
        assert "not finished" in person.sees()
        assert "What do you notice?" in person.types("2")


def test_from_symptom_to_flowing_data(tmp_path: Path) -> None:
    with TerminalPerson("session", state=tmp_path) as person:
        person.sees()
        person.types("1")
        person.types("3")
        person.types("1")
        fix = person.types("enough")
        assert "Try this:" in fix
        assert "It worked when:" in fix
        assert "did not help" in fix
        other = person.types("2")
        assert "Try this:" in other
        assert "Data moves again" in person.types("1")
        status, _ = person.leaves("1")
    assert status == 0
    found = kept(tmp_path)
    assert found["closed"] is True
    tried = found["tried"]
    assert isinstance(tried, list)
    assert [one["result"] for one in tried] == ["did_not_help", "helped"]
    with TerminalPerson("session", "--resume", state=tmp_path) as person:
        assert "It is stuck again" in person.sees()
        assert "Try this:" in person.types("1")


def test_evidence_given_in_the_middle_is_used_and_read_again_later(tmp_path: Path) -> None:
    write("bluetooth-off", tmp_path / "evidence dir")
    with TerminalPerson("session", state=tmp_path) as person:
        person.sees()
        person.types("7")
        missing = person.types("e", until="none): ")
        missing = person.types(str(tmp_path / "nothing.zip"))
        assert "there is no such file" in " ".join(missing.split())
        person.types("e", until="none): ")
        screen = person.types(f"'{tmp_path / 'evidence dir'}'")
        assert "Android bug report" in " ".join(screen.split())
        assert "Turn Bluetooth on" in screen
    with TerminalPerson("session", "--resume", state=tmp_path) as person:
        assert "Turn Bluetooth on" in person.sees()


def test_colours_are_left_out_where_they_are_not_wanted(tmp_path: Path) -> None:
    with TerminalPerson("session", state=tmp_path, env={"NO_COLOR": "1"}) as person:
        person.sees()
        assert "\x1b[3" not in person.raw
    with TerminalPerson("session", "--plain", state=tmp_path) as person:
        assert person.sees().isascii()


def test_wrong_keys_do_nothing(tmp_path: Path) -> None:
    with TerminalPerson("session", state=tmp_path) as person:
        person.sees()
        for key in ("99", "0", "b", "\x1b[A", "drop table", "²", "9" * 3000):
            assert "none of the keys" in person.types(key)
        assert "Which phone" in person.types("1")


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"schema": "unstuck.session/1", "started": 3}'])
def test_a_damaged_session_is_one_sentence(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "unstuck" / "session"
    folder.mkdir(parents=True)
    (folder / "session.json").write_text(text)
    with TerminalPerson("session", "--resume", state=tmp_path) as person:
        status, last = person.ends()
    assert status == 2
    assert "unstuck session --new" in " ".join(last.split())
    assert "Traceback" not in last
    with TerminalPerson("session", "--new", state=tmp_path) as person:
        assert "What do you notice?" in person.sees()


def test_nothing_to_resume_is_one_sentence(tmp_path: Path) -> None:
    with TerminalPerson("session", "--resume", state=tmp_path) as person:
        status, last = person.ends()
    assert status == 2
    assert "no session that was left" in last
