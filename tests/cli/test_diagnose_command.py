import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from examples.make_evidence import write
from examples.scenarios import SCENARIOS
from typer.testing import CliRunner, Result

from tests.data import DATA, needs_data
from unstuck.cli.main import app
from unstuck.doctor.telling.document import schema
from unstuck.model.errors import UsageError

PAIR = DATA / "hci" / "whoisbe__pongbot-mcp"
ADDRESS = "e6:c0:ec:8e:de:51"

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    runner = CliRunner()
    return lambda *words, catch=True: runner.invoke(app, [str(word) for word in words], catch_exceptions=catch)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    for scenario in SCENARIOS:
        write(scenario, folder)
    return folder


def read(path: Path) -> dict[str, object]:
    found = json.loads(path.read_text("utf-8"))
    jsonschema.validate(found, schema())
    assert isinstance(found, dict)
    return found


@needs_data
def test_losing_fitbit_is_stuck_at_bluetooth_out_of_range(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "d.json"
    result = run("diagnose", PAIR / "btsnoop_hci.log.last", "--json", out, "--no-redact")
    assert result.exit_code == 1
    found = json.loads(out.read_text("utf-8"))
    jsonschema.validate(found, schema())
    assert (found["verdict"], found["stuck_at"]) == ("stuck", "bluetooth")
    assert found["tracker"] == {"id": ADDRESS, "name": "Inspire 3", "vendor": "fitbit"}
    first = found["causes"][0]
    assert first["id"] == "bluetooth.out_of_range"
    assert "packet 5697" in {line["locator"] for line in first["evidence"]}
    assert found["plan"][0]["fix"] == "move_closer"
    assert "5,697" in result.output


@needs_data
@pytest.mark.parametrize(
    ("moment", "status"),
    [("20:30", 0), ("21:10", 0), ("21:24", 3), ("21:28", 1), ("21:40", 1), ("21:44:27", 1)],
)
def test_the_same_trace_judged_at_other_moments(run: Run, moment: str, status: int) -> None:
    """Healthy before, undecided right after the first loss, stuck while it keeps failing and until it has settled."""
    assert run("diagnose", PAIR / "btsnoop_hci.log.last", "--at", f"2026-03-19T{moment}Z").exit_code == status


@needs_data
def test_its_clean_twin_is_healthy(run: Run) -> None:
    result = run("diagnose", PAIR / "btsnoop_hci.log")
    assert result.exit_code == 0
    assert "Not stuck" in result.output


@needs_data
def test_both_traces_make_one_timeline(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "d.json"
    result = run("diagnose", PAIR / "btsnoop_hci.log", PAIR / "btsnoop_hci.log.last", "--json", out)
    assert result.exit_code == 0
    found = json.loads(out.read_text("utf-8"))
    times = [entry["time"] for entry in found["timeline"]]
    assert times == sorted(times)
    texts = [entry["text"] for entry in found["timeline"]]
    assert sum("The tracker was lost" in text for text in texts) == 2
    assert len(found["sources"]) == 2


@needs_data
def test_folder_is_walked(run: Run) -> None:
    assert run("diagnose", PAIR).exit_code == 0


@needs_data
@pytest.mark.parametrize(
    "path",
    sorted(p for kind in ("hci", "android") for p in (DATA / kind).rglob("*") if p.is_file()),
    ids=lambda p: p.name,
)
def test_every_real_file_gives_a_verdict_or_a_sentence(run: Run, path: Path) -> None:
    result = run("diagnose", path)
    assert result.exit_code in (0, 1, 3, 4)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.output.strip()


def test_json_and_html_are_redacted_unless_told_otherwise(run: Run, examples: Path, tmp_path: Path) -> None:
    out, page, kept = tmp_path / "d.json", tmp_path / "d.html", tmp_path / "kept.json"
    run("diagnose", examples / "walked-away", "--json", out, "--html", page)
    run("diagnose", examples / "walked-away", "--json", kept, "--no-redact")
    tracker = read(kept)["tracker"]
    assert isinstance(tracker, dict)
    address = str(tracker["id"])
    for text in (out.read_text("utf-8"), page.read_text("utf-8")):
        assert address not in text.lower()
        assert address.replace(":", "") not in text.lower()
        assert "Inspire 3" in text


def test_terminal_is_redacted_only_on_demand(run: Run, examples: Path) -> None:
    plain = run("diagnose", examples / "walked-away", "--plain").output
    hidden = run("diagnose", examples / "walked-away", "--plain", "--redact").output
    assert "Inspire 3" in plain
    assert "Inspire 3" in hidden


def test_json_on_standard_output_is_nothing_but_json(run: Run, examples: Path) -> None:
    result = run("diagnose", examples / "bluetooth-off", "--json", "-")
    found = json.loads(result.stdout)
    jsonschema.validate(found, schema())
    assert result.exit_code == 1


def test_missing_file_is_one_sentence_and_status_4(run: Run, tmp_path: Path) -> None:
    result = run("diagnose", tmp_path / "nothing.zip")
    assert result.exit_code == 4
    assert "nothing.zip" in result.output
    assert "Traceback" not in result.output


def test_good_evidence_is_used_beside_bad(run: Run, examples: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK\x03\x04 and then nothing")
    empty = tmp_path / "empty.log"
    empty.write_bytes(b"")
    result = run("diagnose", bad, empty, examples / "walked-away", tmp_path / "vanished")
    assert result.exit_code == 1
    for name in ("bad.zip", "empty.log", "vanished"):
        assert name in result.output


def test_nothing_given_says_what_can_be_read(run: Run) -> None:
    result = run("diagnose")
    assert result.exit_code == 3
    for word in ("Bug report", "Bluetooth log", "Takeout", "steps_frozen"):
        assert word in result.output


def test_a_symptom_alone_asks_the_next_question(run: Run) -> None:
    result = run("diagnose", "--symptom", "steps_frozen")
    assert result.exit_code == 3
    assert "?" in result.output


def test_answers_lead_to_a_verdict(run: Run) -> None:
    result = run("diagnose", "--symptom", "never_connects", "--answer", "bluetooth_on=off")
    assert result.exit_code == 1
    assert "Bluetooth is switched off" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("diagnose", "--symptom", "tired"),
        ("diagnose", "--symptom", "silent", "--answer", "bluetooth_on=perhaps"),
        ("diagnose", "--symptom", "silent", "--answer", "colour=blue"),
        ("diagnose", "--symptom", "silent", "--at", "yesterday"),
        ("diagnose", "adb", "--every", "often"),
        ("diagnose", "README.md", "--watch"),
        ("diagnose", "chain", "--phone", "R58M00000"),
        ("diagnose", "bluez", "--seconds", "-3"),
        ("explain", "bluetooth.of"),
        ("diagnose", "--symptom", "silent", "--html", "/nowhere/at/all.html"),
        ("diagnose", "--colour"),
        ("explain",),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(words: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-m", "unstuck", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_time_without_zone_is_the_phones(run: Run, examples: Path, tmp_path: Path) -> None:
    out = tmp_path / "d.json"
    run("diagnose", examples / "walked-away", "--at", "2026-03-12T18:30", "--json", out)
    assert read(out)["verdict"] == "healthy"


def test_list_checks_names_every_finding(run: Run) -> None:
    from unstuck.doctor.knowledge.loader import load

    output = run("diagnose", "--list-checks").output
    assert all(finding in output for finding in load().findings)


def test_everything_can_be_explained(run: Run) -> None:
    from unstuck.doctor.knowledge.loader import load

    known = load()
    for topic in (*known.causes, *known.fixes, *known.findings, *known.symptoms, *known.questions):
        result = run("explain", topic)
        assert result.exit_code == 0
        assert len(result.output) > 60


def test_help_names_every_option_of_the_contract(run: Run) -> None:
    output = run("diagnose", "--help").output
    for option in (
        "--tracker",
        "--app",
        "--at",
        "--since",
        "--symptom",
        "--json",
        "--html",
        "--redact",
        "--list-checks",
    ):
        assert option in output


def test_a_report_is_never_written_over_evidence(run: Run, examples: Path, tmp_path: Path) -> None:
    log = tmp_path / "keep.log"
    log.write_bytes((examples / "walked-away" / "btsnoop_hci.log").read_bytes())
    before = log.read_bytes()
    for words in (("--json", log), ("--html", log)):
        with pytest.raises(UsageError):
            run("diagnose", log, *words, catch=False)
    with pytest.raises(UsageError):
        run("diagnose", tmp_path, "--html", tmp_path / "new.html", catch=False)
    assert log.read_bytes() == before


def test_only_an_earlier_report_is_written_over(run: Run, examples: Path, tmp_path: Path) -> None:
    page, letter = tmp_path / "page.html", tmp_path / "letter.txt"
    letter.write_text("Dear Ann", "utf-8")
    for _ in range(2):
        assert run("diagnose", examples / "bluetooth-off", "--html", page, "--json", tmp_path / "d.json").exit_code == 1
    with pytest.raises(UsageError):
        run("diagnose", examples / "bluetooth-off", "--html", letter, catch=False)
    assert letter.read_text("utf-8") == "Dear Ann"


def command(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "UNSTUCK_DEBUG"}
    return subprocess.run(
        [sys.executable, "-m", "unstuck", *words], capture_output=True, text=True, check=False, env={**env, **more}
    )


def test_a_fault_of_ours_is_one_sentence_and_status_70(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import unstuck.doctor.knowledge.loader as loader\n"
        "def load():\n    raise ZeroDivisionError('planted')\n"
        "loader.load = load\n"
    )
    done = command("explain", "bluetooth.off", PYTHONPATH=str(tmp_path))
    assert done.returncode == 70
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    told = command("explain", "bluetooth.off", PYTHONPATH=str(tmp_path), UNSTUCK_DEBUG="1")
    assert "ZeroDivisionError: planted" in told.stderr


def test_a_full_disk_behind_standard_output_is_one_sentence() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "unstuck", "explain", "bluetooth.off"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_reader_that_stops_early_is_no_fault() -> None:
    done = subprocess.run(
        f"{sys.executable} -m unstuck diagnose --list-checks | head -n 1", shell=True, capture_output=True, check=False
    )
    assert done.stderr == b""


@pytest.mark.parametrize("given", ["iPhone", "ios", "iphone"])
def test_a_platform_is_known_however_it_is_written(run: Run, given: str) -> None:
    assert "Steps on an iPhone" in run("explain", "allow_background", "--platform", given).output


def test_an_unknown_platform_is_refused() -> None:
    assert command("explain", "allow_background", "--platform", "nokia3310").returncode == 2


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"])
def test_times_at_the_ends_of_the_calendar_are_refused(moment: str) -> None:
    done = command("diagnose", "--symptom", "silent", "--at", moment)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_verbose_tells_what_every_check_said(run: Run, examples: Path) -> None:
    told = run("diagnose", examples / "walked-away", "--verbose").output
    assert "others_lost_too" in told
    assert "battery_saver_on" in told


def test_what_was_undecided_is_in_the_json_too(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "d.json"
    run("diagnose", "--symptom", "silent", "--json", out)
    assert read(out)["notes"] == []
