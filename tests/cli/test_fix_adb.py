"""``unstuck fix adb`` through a real adb client and the lab's daemon, on the lab's synthetic phone."""

import json
import time
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.cli.terminal_person import TerminalPerson
from tests.lab.adbd.phones import adb_server, connect, running
from unstuck.cli import fix_run
from unstuck.cli.fix_run import FixRequest
from unstuck.cli.fix_view import Terminal
from unstuck.cli.status import ExitStatus
from unstuck.doctor.remedies import treatment
from unstuck.lab.adbd import Adbd, ShellResult
from unstuck.lab.phone import MODELS, Bond, LabPhone
from unstuck.lab.phone.lived import LivedPhone

__all__ = ["adb_server"]
pytestmark = pytest.mark.usefixtures("adb_server")

APP = "com.fitbit.FitbitMobile"
SAVER = "turn_off_battery_saver"


class Asked:
    """The lab's phone, and what it was asked."""

    def __init__(self, phone: LabPhone) -> None:
        self.phone = phone
        self.asked: list[str] = []

    def run(self, command: str) -> ShellResult:
        self.asked.append(command)
        result = self.phone.run(command)
        if command == "settings put global low_power 0":  # what an app does that is let work again
            self.phone.note_started()
            self.phone.note_gatt(time.time(), "c0:ff:ee:00:00:01", 0, connected=True)
            self.phone.note_http(time.time(), 200)
        return ShellResult(result.stdout, result.stderr, result.status)

    def file(self, path: str) -> bytes:
        return self.phone.file(path)


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """A phone whose battery saver is on and whose app has been killed for it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(treatment, "BLIND_MINUTES", 0.0)
    ago_s = [3 * 3600.0]
    lab = LabPhone(MODELS["pixel-14"], lambda: time.time() - ago_s[0], package=APP, app_name="Fitbit")
    lab.charge(False)
    lab.state.battery_saver = True
    lab.note_killed(reason="cached idle & background restricted")
    ago_s[0] = 0.0
    return Asked(lab)


def request(serial: str, **given: object) -> FixRequest:
    return FixRequest((Path("adb"),), phone=serial, symptom="steps_frozen", **given)  # type: ignore[arg-type]


def saves(phone: Asked) -> bool:
    return phone.phone.state.battery_saver


def changes(phone: Asked) -> list[str]:
    words = ("settings put", "svc ", "am start", "am force", "am set", "pm grant", "pm clear", "cmd appops set")
    return [line for line in phone.asked if line.startswith(words)]


def test_a_setting_is_changed_kept_in_the_journal_and_set_back_on_demand(
    phone: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agreed = {"only": frozenset({SAVER}), "yes": frozenset({SAVER})}
    with running(Adbd(phone, banner="ro.product.model=Lab;")) as running_phone:
        serial = connect(running_phone.daemon)
        status = fix_run.run(request(serial, **agreed))
        out = " ".join(capsys.readouterr().out.split())
        assert changes(phone) == ["settings put global low_power 0"], out
        assert not saves(phone)
        assert "adb shell settings put global low_power 0 [settings global low_power was on]" in out
        assert status is ExitStatus.HEALTHY
        kept = json.loads((tmp_path / "unstuck" / "fixes.json").read_text("utf-8"))["tried"]
        assert kept[0]["result"] == "helped"
        assert kept[0]["changes"] == [
            {"what": "settings global low_power", "before": "on", "after": "off", "undone": False}
        ]
        assert kept[0]["target"]["device"] == serial
        assert fix_run.run(FixRequest((), phone=serial, undo=True, yes=frozenset({SAVER}))) is ExitStatus.HEALTHY
    assert changes(phone) == ["settings put global low_power 0", "settings put global low_power 1"]
    assert saves(phone)
    kept = json.loads((tmp_path / "unstuck" / "fixes.json").read_text("utf-8"))["tried"]
    assert (kept[0]["result"], kept[0]["changes"][0]["undone"]) == ("helped", True), "it did help, and is undone"
    assert kept[0]["note"] == "Taken back later, on demand."


def test_bluetooth_is_not_left_off_by_who_presses_ctrl_c_in_between(
    phone: Asked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def pressed(self: Terminal, seconds: float, says: str) -> None:
        if says == "lets Bluetooth rest":
            assert phone.phone.state.bluetooth != "on"
            raise KeyboardInterrupt

    monkeypatch.setattr(Terminal, "pause", pressed)
    cycle = frozenset({"restart_bluetooth"})
    helped = ("toggle_helped=yes",)
    with running(Adbd(phone, banner="ro.product.model=Lab;")) as running_phone:
        serial = connect(running_phone.daemon)
        assert fix_run.run(request(serial, only=cycle, yes=cycle, answers=helped)) is ExitStatus.INTERRUPTED
    assert changes(phone) == ["svc bluetooth disable", "svc bluetooth enable"]
    assert phone.phone.state.bluetooth == "on"
    assert "'unstuck fix --undo' takes it back" in capsys.readouterr().err


def test_a_dry_run_only_reads(phone: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(Adbd(phone, banner="ro.product.model=Lab;")) as running_phone:
        fix_run.run(request(connect(running_phone.daemon), dry_run=True, yes=frozenset({SAVER})))
    assert changes(phone) == []
    assert saves(phone)
    assert "adb shell settings put global low_power 0" in capsys.readouterr().out
    assert not (tmp_path / "unstuck" / "fixes.json").exists()


def test_no_phone_is_nothing_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert fix_run.run(FixRequest((Path("adb"),), yes=frozenset({SAVER}))) is ExitStatus.UNREADABLE


class Living:
    """A phone whose app syncs as soon as the phone lets it, as ``unstuck lab phone`` serves it."""

    def __init__(self, phone: LivedPhone) -> None:
        self.phone = phone

    def run(self, command: str) -> ShellResult:
        self.phone.sync_if_due()
        return self.phone.run(command)

    def file(self, path: str) -> bytes:
        return self.phone.file(path)


def test_a_person_at_a_terminal_agrees_sees_it_help_exports_the_case_and_takes_it_back(tmp_path: Path) -> None:
    def restrict(phone: LabPhone) -> None:
        phone.state.app.run_any_in_background = "ignore"

    tracker = Bond("E6:5E:00:00:00:01", "Inspire 3")
    lived = LivedPhone(
        MODELS["pixel-14"], time.time, package=APP, app_name="Fitbit", tracker=tracker, strikes=[(0.0, restrict)]
    )
    case = tmp_path / "case.zip"
    with running(Adbd(Living(lived), banner="ro.product.model=Lab;")) as running_phone:
        serial = connect(running_phone.daemon)
        with TerminalPerson("fix", "adb", "--phone", serial, state=tmp_path, columns=100) as person:
            shown = person.sees("Do it? [y/N]: ")
            assert "Allow the app to work in the background" in shown
            assert lived.state.app.run_any_in_background == "ignore", "nothing before the yes"
            status, rest = person.leaves("y")
        assert (status, lived.state.app.run_any_in_background) == (0, "allow")
        assert "  helped\n\nData moves.\n" in rest
        words = ["case", "export", "-o", str(case)]
        with TerminalPerson(*words, state=tmp_path) as person:
            assert person.ends()[0] == 0
        with TerminalPerson("fix", "--undo", state=tmp_path, columns=100) as person:
            person.sees("Set it back? [y/N]: ")
            status, rest = person.leaves("y")
        assert (status, lived.state.app.run_any_in_background, lived.state.app.doze_exempt) == (0, "ignore", False)
        assert "helped" not in rest, "what it came to was told when it ended"
    with ZipFile(case) as bundle:
        told = json.loads(bundle.read("case.json"))
    assert [(one["fix"], one["result"]) for one in told["tried"]] == [("allow_background", "helped")]
    assert serial not in json.dumps(told)
