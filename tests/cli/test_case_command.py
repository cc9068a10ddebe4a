"""The case file: written whatever is broken, opened whatever is left, and bounded whatever is claimed."""

import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path

import jsonschema
import pytest
from examples.make_evidence import write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from unstuck.cli.main import app
from unstuck.cli.session_run import session_file
from unstuck.doctor.casefile.bundle import open_bundle, pack
from unstuck.doctor.casefile.document import schema
from unstuck.doctor.casefile.reading import case_of
from unstuck.doctor.guide.document import session_json
from unstuck.doctor.guide.machine import choose, give, look
from unstuck.doctor.guide.state import begin
from unstuck.doctor.telling.document import schema as diagnosis_schema
from unstuck.model.errors import EvidenceError, UsageError

Run = Callable[..., Result]
NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    runner = CliRunner()
    return lambda *words: runner.invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    write("battery-saver", tmp_path / "evidence")
    return tmp_path / "evidence"


def a_session(evidence: Path | None = None) -> None:
    session = begin(NOW)
    for choice in ("steps_frozen", "google", "fitbit", "unsure", "enough", "did_not_help", "could_not"):
        session = choose(look(session, [], NOW), choice, NOW)
    if evidence is not None:
        session = give(session, str(evidence), NOW)
    file = session_file(None)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(session_json(session), encoding="utf-8")


def inside(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as bundle:
        assert bundle.testzip() is None
        return {name: bundle.read(name) for name in bundle.namelist()}


def document_of(file: Path) -> dict[str, object]:
    found = json.loads(inside(file)["case.json"])
    jsonschema.validate(found, schema())
    if found["diagnosis"] is not None:
        jsonschema.validate(found["diagnosis"], diagnosis_schema())
    assert isinstance(found, dict)
    return found


def test_a_case_holds_what_was_seen_asked_and_tried(run: Run, evidence: Path, tmp_path: Path) -> None:
    a_session()
    file = tmp_path / "case.zip"
    assert run("case", "export", evidence, "--session", "-o", file).exit_code == 0
    assert sorted(inside(file)) == ["README.txt", "case.json", "report.html"]
    found = document_of(file)
    assert found["versions"]["phone"] == "Google Pixel 8, Android 14"  # type: ignore[index]
    assert found["versions"]["app"].startswith("com.fitbit.FitbitMobile 4.")  # type: ignore[index]
    assert [one["result"] for one in found["tried"]] == ["did_not_help", "failed"]  # type: ignore[attr-defined]
    assert found["symptom"]["id"] == "steps_frozen"  # type: ignore[index]
    assert found["answers"][0]["answer"] == "unsure"  # type: ignore[index]
    assert found["excerpts"]
    assert found["missing"] == []
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_case_opens_as_it_was_seen(run: Run, evidence: Path, tmp_path: Path) -> None:
    a_session()
    file, page, out = tmp_path / "case.zip", tmp_path / "case.html", tmp_path / "case.json"
    run("case", "export", evidence, "--session", "-o", file)
    before = run("diagnose", evidence, "--redact", "--plain").output.splitlines()
    shown = run("case", "open", file, "--plain", "--html", page, "--json", out)
    assert shown.exit_code == 1
    chain = next(line for line in before if "tracker" in line and "server" in line)
    assert chain in shown.output
    assert "The phone's battery saver stops the app" in shown.output
    assert "What was tried" in shown.output
    assert "it did not help" in shown.output
    assert "Not checked" in shown.output
    assert "Android 14" in shown.output
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert json.loads(out.read_text("utf-8")) == document_of(file)
    assert json.loads(run("case", "open", file, "--json", "-").stdout) == document_of(file)


def test_show_lists_what_is_inside(run: Run, evidence: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    run("case", "export", evidence, "-o", file)
    shown = run("case", "show", file, "--plain")
    assert shown.exit_code == 0
    for name in ("README.txt", "case.json", "report.html", "address: "):
        assert name in shown.output


def test_same_case_same_bytes_but_for_the_time() -> None:
    members = {"README.txt": "a", "case.json": "{}"}
    assert pack(members) == pack(dict(members))


def test_evidence_of_the_session_is_read_again(run: Run, evidence: Path, tmp_path: Path) -> None:
    a_session(evidence)
    file = tmp_path / "case.zip"
    run("case", "export", "--session", "-o", file)
    found = document_of(file)
    assert found["diagnosis"]["causes"][0]["id"] == "phone.battery_saver"  # type: ignore[index]


@pytest.mark.parametrize(
    "break_it",
    ["missing", "empty", "damaged", "unknown", "session", "no_session", "fixes", "fixes_not_ours", "all"],
)
def test_it_is_written_whatever_is_broken(run: Run, evidence: Path, tmp_path: Path, break_it: str) -> None:
    state = tmp_path / "state" / "unstuck"
    sources: list[Path] = [evidence]
    every = break_it == "all"
    if break_it == "missing" or every:
        sources = [tmp_path / "nothing.zip"]
    if break_it == "empty":
        (tmp_path / "empty.log").touch()
        sources = [tmp_path / "empty.log"]
    if break_it == "damaged":
        whole = next(evidence.rglob("*.zip")).read_bytes()
        (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
        sources = [tmp_path / "cut.zip"]
    if break_it == "unknown":
        (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8\xff\xe0 no evidence")
        sources = [tmp_path / "picture.jpg"]
    if break_it != "no_session":
        a_session()
    if break_it == "session" or every:
        session_file(None).write_text("{", encoding="utf-8")
    if break_it.startswith("fixes") or every:
        state.mkdir(parents=True, exist_ok=True)
        (state / "fixes.json").write_text("{" if break_it != "fixes_not_ours" else '{"tried": [{"fix": 1}]}')
    file = tmp_path / "case.zip"
    assert run("case", "export", *sources, "--session", "-o", file).exit_code == 0
    found = document_of(file)
    broken = {"session", "no_session", "fixes", "fixes_not_ours", "all"}
    assert bool(found["missing"]) == (break_it in broken)
    assert all(sentence.endswith(".") for sentence in found["missing"])  # type: ignore[attr-defined]
    problems = [problem for source in found["sources"] for problem in source["problems"]]  # type: ignore[attr-defined]
    assert bool(problems) == (break_it in ("missing", "empty", "damaged", "unknown", "all"))
    assert run("case", "open", file).exit_code in (0, 1, 3)


def test_fixes_done_by_the_computer_are_in_it_and_are_evidence(run: Run, evidence: Path, tmp_path: Path) -> None:
    state = tmp_path / "state" / "unstuck"
    a_session()
    entry = {
        "fix": "restart_bluetooth",
        "began": "2026-03-12T12:30:00Z",
        "ended": "2026-03-12T12:31:00Z",
        "how": "automatic",
        "result": "undone",
        "changes": [{"what": "settings global bluetooth_on", "before": "1", "after": "0", "undone": True}],
        "note": "",
        "remedy": "adb.restart_bluetooth",
        "target": None,
    }
    (state / "fixes.json").write_text(json.dumps({"schema": "unstuck.fixes/1", "tried": [entry]}))
    file = tmp_path / "case.zip"
    run("case", "export", "--session", "-o", file)
    found = document_of(file)
    assert [one["fix"] for one in found["tried"]][-1] == "restart_bluetooth"  # type: ignore[attr-defined]
    notes = found["diagnosis"]["notes"]  # type: ignore[index]
    assert any("taken back: Turn Bluetooth off and on" in note for note in notes)
    assert "settings global bluetooth_on: 1 to 0, taken back" in " ".join(run("case", "open", file).output.split())


def test_nothing_asked_or_not_writable_is_one_sentence(run: Run, evidence: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give evidence"):
        run("case", "export", "-o", tmp_path / "case.zip")
    with pytest.raises(UsageError, match="cannot be written"):
        run("case", "export", evidence, "-o", tmp_path / "no" / "such" / "case.zip")
    with pytest.raises(UsageError, match="lies in the evidence"):
        run("case", "export", evidence, "-o", evidence / "case.zip")
    other = tmp_path / "photo.zip"
    other.write_bytes(b"PK\x03\x04 my photos")
    with pytest.raises(UsageError, match="another file of that name"):
        run("case", "export", evidence, "-o", other)
    assert other.read_bytes() == b"PK\x03\x04 my photos"


def test_an_earlier_case_file_is_written_over(run: Run, evidence: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    for _ in range(2):
        assert run("case", "export", evidence, "-o", file).exit_code == 0


def test_a_cut_off_case_shows_what_is_left_wherever_it_is_cut(run: Run, evidence: Path, tmp_path: Path) -> None:
    a_session()
    file, cut = tmp_path / "case.zip", tmp_path / "cut.zip"
    run("case", "export", evidence, "--session", "-o", file)
    whole = file.read_bytes()
    statuses = []
    for share in range(1, 20):
        cut.write_bytes(whole[: len(whole) * share // 20])
        result = run("case", "open", cut, "--plain")
        statuses.append(result.exit_code)
        if result.exit_code != 4:
            assert "is incomplete" in " ".join(result.output.split())
    assert set(statuses) <= {1, 3}
    assert statuses[-1] == 1  # the report is lost; the document is whole
    cut.write_bytes(whole[:300])  # not even the document begins
    assert run("case", "open", cut).exit_code == 4


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_shown_or_said(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = bytearray(_a_bundle(tmp_path_factory))
    for _ in range(data.draw(st.integers(1, 30))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(EvidenceError):
        case_of(open_bundle(bytes(whole), "case.zip").document)


_BUNDLE: list[bytes] = []


def _a_bundle(factory: pytest.TempPathFactory) -> bytes:
    if not _BUNDLE:
        folder = factory.mktemp("bundle")
        write("bluetooth-off", folder / "e")
        CliRunner().invoke(app, ["case", "export", str(folder / "e"), "-o", str(folder / "c.zip")])
        _BUNDLE.append((folder / "c.zip").read_bytes())
    return _BUNDLE[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.data(), JSON)
@settings(max_examples=150, deadline=None)
def test_any_document_is_read_as_far_as_it_is_one(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, strange: object
) -> None:
    """One part of a true document replaced by anything at all: nothing is raised, and the rest stands."""
    document = json.loads(json.dumps(open_bundle(_a_bundle(tmp_path_factory), "c").document))
    place: object = document
    for _ in range(data.draw(st.integers(1, 5))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
        if not keys:
            break
        parent, key = place, data.draw(st.sampled_from(keys))
        place = parent[key]  # type: ignore[index]
    else:
        parent[key] = strange  # type: ignore[index]
    case = case_of(document)
    if case.diagnosis is not None:
        from rich.console import Console

        from unstuck.cli.terminal import render
        from unstuck.web.report.html import report

        render(case.diagnosis, Console(file=StringIO()))
        report(case.diagnosis)


@pytest.mark.parametrize(
    "content", [b"", b"no zip", b"PK\x05\x06" + bytes(18), b"{", b'{"schema": 1}', b"[]", b"{" * 99_999]
)
def test_what_is_no_case_is_status_4_and_one_sentence(run: Run, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "case.zip"
    file.write_bytes(content)
    result = run("case", "open", file)
    assert result.exit_code == 4
    assert "no case file" in " ".join(result.output.split())
    assert run("case", "show", file).exit_code == 4


def test_no_such_file_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        run("case", "open", tmp_path / "none.zip")


def test_a_bomb_is_refused_by_its_bounds(run: Run, evidence: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    run("case", "export", evidence, "-o", file)
    members = inside(file)
    bombs = {
        "case.json": b'{"schema": "unstuck.case/1", "made": "' + b"0" * (80 * 2**20),
        "evidence/001.txt": b"\0" * (80 * 2**20),
    }
    for name, body in bombs.items():
        target = BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
            for other, content in {**members, name: body}.items():
                bundle.writestr(other, content)
        file.write_bytes(target.getvalue())
        result = run("case", "open", file, "--plain")
        said = " ".join(result.output.split())
        assert "times its packed size" in said or "is larger than" in said or "no case file" in said
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for number in range(2_500):
            bundle.writestr(f"evidence/{number}.txt", b"")
        bundle.writestr("case.json", members["case.json"])
    file.write_bytes(target.getvalue())
    assert "more than 2,000 files" in " ".join(run("case", "open", file, "--plain").output.split())


def test_a_later_version_is_read_as_far_as_it_is_known(run: Run, evidence: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    run("case", "export", evidence, "-o", file)
    document = {**document_of(file), "schema": "unstuck.case/2", "mood": "good"}
    document["diagnosis"] = {**document["diagnosis"], "schema": "unstuck.diagnosis/2", "colour": 1}  # type: ignore[dict-item]
    file.write_bytes(pack({"README.txt": "", "case.json": json.dumps(document)}))
    result = run("case", "open", file, "--plain")
    assert result.exit_code == 1
    assert "later version" in result.output
    assert "battery saver" in result.output


def test_names_and_texts_made_to_harm_are_only_shown(run: Run, evidence: Path, tmp_path: Path) -> None:
    file, page = tmp_path / "case.zip", tmp_path / "page.html"
    run("case", "export", evidence, "-o", file)
    document = document_of(file)
    evil = "<script>alert(1)</script>\x1b[2J\u202e[bold]"
    document["picture"] = {**document["picture"], "headline": evil, "phone": evil}  # type: ignore[dict-item]
    document["missing"] = [evil]
    tried = {"fix": evil, "began": "2026-01-01T00:00:00Z", "how": "guided", "result": "helped", "note": evil}
    document["tried"] = [tried]
    members = {"README.txt": "", "case.json": json.dumps(document), "../../evil": "x", "report.html": evil}
    file.write_bytes(pack(members))
    result = run("case", "open", file, "--html", page)
    assert "\x1b[2J" not in result.output
    assert "\u202e" not in result.output
    assert "<script" not in page.read_text("utf-8")
    assert not (tmp_path.parent / "evil").exists()


def test_a_bare_document_opens_too(run: Run, evidence: Path, tmp_path: Path) -> None:
    file, bare = tmp_path / "case.zip", tmp_path / "case.json"
    run("case", "export", evidence, "-o", file)
    bare.write_bytes(inside(file)["case.json"])
    assert run("case", "open", bare).exit_code == 1


def test_closing_writes_a_label_and_changes_nothing_else(run: Run, evidence: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    run("case", "export", evidence, "--with-evidence", "-o", file)
    before = inside(file)
    words = ["--cause", "phone.battery_saver", "--fix", "turn_off_battery_saver", "--by", "person"]
    assert run("case", "close", file, *words).exit_code == 0
    after = inside(file)
    closed = document_of(file)["closed"]
    assert isinstance(closed, dict)
    assert (closed["cause"], closed["fix"], closed["by"]) == ("phone.battery_saver", "turn_off_battery_saver", "person")
    assert {name: body for name, body in after.items() if name != "case.json"} == {
        name: body for name, body in before.items() if name != "case.json"
    }
    old = json.loads(before["case.json"])
    assert {**document_of(file), "closed": None} == old
    assert "Closed: The phone's battery saver stops the app" in run("case", "open", file).output


@pytest.mark.parametrize(
    "words",
    [
        ["--cause", "phone.magic"],
        ["--cause", "phone.offline", "--fix", "pray"],
        ["--cause", "phone.offline", "--by", "Ann"],
    ],
)
def test_a_label_of_unknown_ids_is_refused(run: Run, evidence: Path, tmp_path: Path, words: list[str]) -> None:
    file = tmp_path / "case.zip"
    run("case", "export", evidence, "-o", file)
    before = file.read_bytes()
    with pytest.raises(UsageError, match="use one of"):
        run("case", "close", file, *words)
    assert file.read_bytes() == before


def test_a_case_that_is_not_whole_is_not_closed(run: Run, evidence: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    run("case", "export", evidence, "-o", file)
    file.write_bytes(file.read_bytes()[:-200])
    before = file.read_bytes()
    with pytest.raises(UsageError, match="not whole"):
        run("case", "close", file, "--cause", "phone.offline")
    assert file.read_bytes() == before
