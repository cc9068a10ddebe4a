"""Identifiers planted wherever evidence can hold them: none of them is in any byte of any file of the case.

First it is shown that they were there to be found: the same evidence, not redacted, holds them.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from examples.scenarios import SCENARIOS
from typer.testing import CliRunner

from tests.evidence.chain.test_readers import attempt, document
from unstuck.chain.phone.reasons import Outcome
from unstuck.cli.case_export import ExportRequest, Gathering
from unstuck.cli.main import app
from unstuck.cli.session_run import session_file
from unstuck.cli.told import Told
from unstuck.doctor.casefile.case import Case, redacted
from unstuck.doctor.casefile.masking import masked
from unstuck.doctor.diagnose import Options, diagnose
from unstuck.doctor.guide.document import session_json
from unstuck.doctor.guide.machine import choose, give, look
from unstuck.doctor.guide.state import begin
from unstuck.doctor.telling.document import to_json
from unstuck.evidence.chain.journal import read_journal
from unstuck.model.evidence import Fact
from unstuck.model.history import Change, How, Result, Tried
from unstuck.web.report.members import members_of

NOW = datetime(2026, 3, 12, 20, 30, tzinfo=UTC)

ADDRESSES = {
    "tracker": "e6:5e:00:00:00:01",
    "earbuds": "40:5e:00:00:00:02",
    "watch": "c8:5e:00:00:00:03",
    "phone": "d4:3a:2c:77:10:9f",
    "router": "f0:9f:c2:1b:88:d1",
}
WORDS = {
    "given name": "Annika",
    "family name": "Xylophon",
    "e-mail": "annika.xylophon@posteo.example.org",
    "network": "Waldhaus-5G",
    "tracker serial": "SYNTHETIC0001",
    "phone serial": "R58MQ0ZK2TL",
    "Android id": "9f3c21d7ab01e864",
    "IMEI": "490154203237518",
    "phone number": "+43 664 5550123",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3WEsyUVAifQ.c2lnbmF0dXJl",
    "Google token": "ya29.a0AfB_byQx7Zk3",
    "password": "hunter2!Kakadu",
    "user of the service": "7XK2QP",
    "latitude": "48.20817",
    "longitude": "16.37382",
    "host": "nas.xylophon-villa.lan",
    "address on the network": "192.168.178.61",
    "folder": "Befunde Quitte",
    "file": "quitten-handy",
    "user of the computer": "axylo83",
}
"""What is planted, by what it is. Nobody's data: all of it was made up."""


def forms(word: str) -> Iterator[bytes]:
    """A word as it could stand in a file: plain, wide, in hexadecimal, and inside any base64."""
    raw = word.encode()
    yield raw
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    yield raw.hex().encode()
    if len(raw) >= 8:  # the middle of a shorter one has too few characters to be sure
        for shift in range(3):
            packed = base64.b64encode(bytes(shift) + raw)
            yield packed[4:-4]
            yield packed[4:-4].translate(bytes.maketrans(b"+/", b"-_"))


def needles() -> Iterator[tuple[str, bytes]]:
    """Every form of everything planted, in small letters."""
    for what, address in ADDRESSES.items():
        parts = address.split(":")
        for order in (parts, parts[::-1]):
            for between in (":", "-", "_", "", ".", " "):
                yield f"address of the {what}", between.join(order).encode()
        yield f"address of the {what}", bytes.fromhex(address.replace(":", ""))
    for what, word in WORDS.items():
        for form in forms(word):
            yield what, form.lower()


def found_in(content: bytes) -> set[str]:
    small = content.lower()
    return {what for what, needle in needles() if needle in small}


APP_LINES = tuple(
    f"10231  8123  8140 W Unstuck.Synthetic: {text}"
    for text in (
        f"<-- 503 https://api.fitbit.com/1/user/{WORDS['user of the service']}/activities.json",
        f"<-- 401 Unauthorized token={WORDS['Google token']} Authorization: Bearer {WORDS['JSON web token']}",
        f'response code: 500 account={WORDS["e-mail"]} token="{WORDS["Google token"]}"',
        f"invalid_grant /1/user/{WORDS['user of the service']}/ login={WORDS['e-mail']} password={WORDS['password']}",
        f"SSLException peer {WORDS['host']}/{WORDS['address on the network']}:443",
        f'Unable to resolve host "{WORDS["host"]}"',
        f'timeout: SocketTimeoutException SSID="{WORDS["network"]}" BSSID={ADDRESSES["router"]}',
        f"response code: 500 lat={WORDS['latitude']} lon={WORDS['longitude']}",
        f"response code: 502 place {WORDS['latitude']}, {WORDS['longitude']}",
        f"SQLITE_FULL /storage/emulated/0/{WORDS['folder']}/x.db",
        f"response code: 503 serial={WORDS['phone serial']} android_id={WORDS['Android id']}",
        f"response code: 503 imei={WORDS['IMEI']} tel={WORDS['phone number']}",
        f"response code: 504 Annika Xylophon's Inspire 3 at {ADDRESSES['tracker']}",
        "response code: 504 account name: Annika Xylophon",
        f"response code: 504 {WORDS['JSON web token']}",
    )
)


def planted_report(main: str) -> str:
    """The text of a bug report of somebody: names, bonds, a log full of secrets beside every proof."""
    main = main.replace("name: Synthetic phone (Unstuck example)", "name: Pixel 8 von Annika")
    main = main.replace("Name: Synthetic phone (Unstuck example)", "Name: Pixel 8 von Annika")
    main = main.replace("XX:XX:XX:XX:00:00", ADDRESSES["phone"].upper())
    main = main.replace(
        "XX:XX:XX:XX:00:02 [ DUAL ] Earbuds", f"{ADDRESSES['earbuds'].upper()} [ DUAL ] Annika Xylophon"
    )
    main = main.replace("XX:XX:XX:XX:00:03 [  LE  ] Watch", f"{ADDRESSES['watch'].upper()} [  LE  ] Xylophons Uhr")
    main = main.replace("XX:XX:XX:XX:00:01", ADDRESSES["tracker"].upper())
    main = main.replace(
        "[ro.product.model]: [Pixel 8]", f"[ro.product.model]: [Pixel 8]\n[ro.serialno]: [{WORDS['phone serial']}]"
    )
    lines = []
    for line in main.splitlines():
        lines.append(line)
        if "BluetoothGatt" in line or "am_proc_start" in line:
            lines += [f"{line[:18]} {planted}" for planted in APP_LINES]
    return "\n".join(lines) + "\n"


def planted_log(log: bytes) -> bytes:
    """A Bluetooth log in which the phone and two devices bear names of people; lengths stay."""
    phone = b"Pixel 8 of Annika Xylophon".ljust(len(b"Synthetic phone (Unstuck example)"), b"!")
    log = log.replace(b"Synthetic phone (Unstuck example)", phone)
    return log.replace(b"\x09Earbuds", b"\x09Annikas").replace(b"\x09Watch", b"\x09Xylos")


def planted_zip(data: bytes, change: Mapping[str, Any]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            body = old.read(name)
            if name.endswith(".txt") and name.startswith("bugreport"):
                body = change["report"](body.decode()).encode()
            new.writestr(name, body)
        new.comment = b"Annika Xylophon"
    return target.getvalue()


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Path], Path]:
    """Evidence of somebody, in folders of somebody, with a session and a journal of fixes beside it."""
    home = tmp_path / "home" / WORDS["user of the computer"]
    folder = home / WORDS["folder"] / "Annika Xylophon"
    folder.mkdir(parents=True)
    evening = SCENARIOS["walked-away"]()
    log = folder / f"{WORDS['file']} btsnoop.log"
    log.write_bytes(planted_log(evening["btsnoop_hci.log"]))
    report = folder / f"{WORDS['file']}.zip"
    report.write_bytes(planted_zip(evening["bugreport-synthetic.zip"], {"report": planted_report}))
    export = folder / "Takeout of Annika"
    for name, body in SCENARIOS["takeout-idle"]().items():
        file = export / name
        file.parent.mkdir(parents=True, exist_ok=True)
        changed = body.replace(b"Medium,Inspire 3,", b"Medium,Annikas Inspire 3,")
        file.write_bytes(changed.replace(b"MobileTrack,MobileTrack", b"Annika Xylophon,MobileTrack"))
    state = home / ".local" / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    session = begin(NOW)
    for choice in ("steps_frozen", "google", "fitbit", "unsure", "enough", "did_not_help"):
        session = choose(look(session, [], NOW), choice, NOW)
    session = give(session, str(report), NOW)
    session = replace(session, tried=tuple(replace(one, note=_NOTE) for one in session.tried))
    session_file(None).parent.mkdir(parents=True)
    session_file(None).write_text(session_json(session), encoding="utf-8")
    entry = {
        "fix": "restart_bluetooth",
        "began": "2026-03-12T20:31:00Z",
        "how": "automatic",
        "result": "undone",
        "note": _NOTE,
        "changes": [
            {"what": "settings global device_name", "before": "Annika Xylophon", "after": "Handy", "undone": True},
            {"what": "wifi ssid", "before": WORDS["network"], "after": "", "undone": True},
            {"what": f"bluez {ADDRESSES['tracker']}", "before": "paired", "after": "", "undone": False},
            {"what": "settings secure android_id", "before": WORDS["Android id"], "after": "", "undone": False},
        ],
    }
    (state / "unstuck" / "fixes.json").write_text(json.dumps({"schema": "unstuck.fixes/1", "tried": [entry]}))
    return [log, report, export], state


_NOTE = (
    f"adb -s {WORDS['phone serial']} as {WORDS['e-mail']} at {ADDRESSES['tracker']}, file /home/"
    f"{WORDS['user of the computer']}/{WORDS['folder']}/x, call {WORDS['phone number']}, "
    f"{WORDS['latitude']}, {WORDS['longitude']}, password={WORDS['password']}, imei={WORDS['IMEI']}, "
    f"adapter {ADDRESSES['phone']}"
)


def exported(out: Path, *words: object) -> dict[str, bytes]:
    done = CliRunner().invoke(app, ["case", "export", *map(str, words), "-o", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(out) as bundle:
        assert bundle.comment == b""
        assert all(not info.extra and not info.comment for info in bundle.infolist())
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_they_are_there_to_be_found(planted: tuple[list[Path], Path], tmp_path: Path) -> None:
    """The same case without redaction holds every one of them, so that finding none says something."""
    request = ExportRequest(tmp_path / "case.zip", tuple(planted[0]), session=True, with_evidence=True)
    members = members_of(Gathering(request, Told(), NOW).case())
    there = found_in("".join(members.values()).encode())
    everything = {*(f"address of the {what}" for what in ADDRESSES), *WORDS}
    assert everything - there == set()


@pytest.mark.parametrize("more", [(), ("--with-evidence",), ("--session",), ("--session", "--with-evidence")])
def test_none_is_in_any_byte_of_the_case(
    planted: tuple[list[Path], Path], tmp_path: Path, more: tuple[str, ...]
) -> None:
    members = exported(tmp_path / "case.zip", *planted[0], *more)
    for name, body in members.items():
        assert found_in(body) == set(), name
        assert found_in(name.encode()) == set(), name
    assert found_in((tmp_path / "case.zip").read_bytes()) == set()
    if "--with-evidence" in more:
        assert any(name.startswith("evidence/") for name in members)


def test_none_is_in_it_when_parts_are_broken(planted: tuple[list[Path], Path], tmp_path: Path) -> None:
    (log, report, export), state = planted
    (state / "unstuck" / "fixes.json").write_text("{")
    whole = report.read_bytes()
    report.write_bytes(whole[: len(whole) // 2])
    gone = log.with_name("Annika gone.log")
    picture = log.with_name("Annika Xylophon.jpg")
    picture.write_bytes(b"\xff\xd8\xff\xe0 Annika")
    bare = log.with_name("Xylophon")
    bare.write_bytes(b"nothing")
    members = exported(tmp_path / "c.zip", log, report, export, gone, picture, bare, "--session", "--with-evidence")
    for name, body in members.items():
        assert found_in(body) == set(), name
    assert b"could not be had" in members["case.json"]


def test_what_is_said_while_it_is_made_is_for_the_person_alone(
    planted: tuple[list[Path], Path], tmp_path: Path
) -> None:
    """Sentences on the terminal may name the person's own files; they are not in the case."""
    members = exported(tmp_path / "case.zip", *planted[0], "--session")
    assert json.loads(members["case.json"])["redaction"]["replaced"].keys() >= {"address", "account", "folder", "file"}


def test_same_thing_has_the_same_pseudonym_in_all_files(planted: tuple[list[Path], Path], tmp_path: Path) -> None:
    found = json.loads(exported(tmp_path / "case.zip", *planted[0], "--session")["case.json"])
    tracker = found["diagnosis"]["tracker"]["id"]
    changes = [change["what"] for one in found["tried"] for change in one["changes"]]
    assert f"bluez {tracker}" in changes


def test_none_is_left_of_our_own_chain() -> None:
    """Names and details of the agent's journal."""
    attempts = (
        attempt(0, Outcome.SYNCED, detail=f"to https://{WORDS['host']}:8443 as {WORDS['e-mail']}"),
        attempt(1, Outcome.TRACKER_SILENT, detail=f"token={WORDS['JSON web token']}"),
    )
    path = f"/home/{WORDS['user of the computer']}/{WORDS['folder']}/journal.sqlite"
    readings = [read_journal(document(path=path, name="Annikas Armband", attempts=attempts))]
    diagnosis = diagnose(readings, Options(symptom="steps_frozen"), NOW)
    assert found_in(to_json(diagnosis).encode())
    case = Case(NOW, diagnosis, tuple(reading.source for reading in readings))
    for name, text in members_of(redacted(case)).items():
        assert found_in(text.encode()) == set(), name


@pytest.mark.parametrize("what", sorted(WORDS))
def test_none_is_left_of_what_was_tried(what: str) -> None:
    """Each alone, with nothing else in the case that could give it away."""
    contexts = {
        "given name": "Annika's Inspire 3",
        "family name": "account name: Annika Xylophon",
        "network": f'SSID="{WORDS["network"]}"',
        "tracker serial": f"serial={WORDS['tracker serial']}",
        "phone serial": f"serial: {WORDS['phone serial']}",
        "Android id": f"android_id={WORDS['Android id']}",
        "password": f"password={WORDS['password']}",
        "user of the service": f"/1/user/{WORDS['user of the service']}/",
        "latitude": f"lat={WORDS['latitude']}",
        "longitude": f"lon={WORDS['longitude']}",
        "folder": f"/sdcard/{WORDS['folder']}/x",
        "file": f"/data/{WORDS['file']}.zip",
        "user of the computer": f"/home/{WORDS['user of the computer']}/x",
    }
    said = contexts.get(what, WORDS[what])
    tried = Tried("sync_now", NOW, How.AUTOMATIC, Result.FAILED, NOW, (Change(said, said, said),), f"It said: {said}")
    paths = (f"/data/{WORDS['file']}.zip",)
    for name, text in members_of(redacted(Case(NOW, tried=(tried,), missing=(said,)), paths)).items():
        assert what not in found_in(text.encode()), name


def test_words_that_nobody_listed_do_not_pass_the_mask() -> None:
    line = (
        f"03-12 09:14:02.614 am_kill Annika {WORDS['e-mail']} {WORDS['IMEI']} {ADDRESSES['phone']} Xylophon7 state=ON"
    )
    shown = masked(line)
    assert found_in(shown.encode()) == set()
    assert shown.startswith("03-12 09:14:02.614 am_kill … ")
    assert shown.endswith("state=ON")


def test_numbers_of_a_pair_of_facts_hide_nothing() -> None:
    """Where a device is known by its address alone, its name, given elsewhere, goes too."""
    facts = (
        Fact("device.name", {"name": "Annika"}, NOW - timedelta(hours=1), "x.log", "packet 1", "", ADDRESSES["watch"]),
        Fact(
            "app.error",
            {"kind": "auth", "text": "Annika"},
            NOW,
            "x.log",
            "line 1",
            "for Annika",
            "com.fitbit.FitbitMobile",
        ),
    )
    diagnosis = replace(diagnose([], Options(symptom="steps_frozen"), NOW), facts=facts)
    for name, text in members_of(redacted(Case(NOW, diagnosis))).items():
        assert found_in(text.encode()) == set(), name
