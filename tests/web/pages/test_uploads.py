"""Files that people give: taken within bounds, read in a process of their own, forgotten unless they say otherwise."""

import io
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from httpx import Response

from tests.chain.server.world import World
from tests.web.pages.screen import OWN, Screen
from unstuck.lab.phone.models import MODELS
from unstuck.lab.phone.phone import LabPhone
from unstuck.web.pages.bench import Bench
from unstuck.web.pages.wrong import memory

Screens = Callable[..., Screen]


@pytest.fixture
def alice(screen: Screens) -> Screen:
    return screen().register("alice")


@pytest.fixture
def bench(alice: Screen, world: World) -> Bench:
    found = world.app.state.bench
    assert isinstance(found, Bench)
    return found


def send(one: Screen, *files: tuple[str, bytes], proof: str | None = None, headers: dict[str, str] = OWN) -> Response:
    one.get("/wrong")
    form = one.fields("/wrong/files")["form"] if proof is None else proof
    given = [("file", (name, data)) for name, data in files]
    one.page = one.world.portal.call(
        lambda: one.http.post("/wrong/files", data={"form": form}, files=given, headers=headers)
    )
    return one.page


def wait(one: Screen, answer: Response) -> str:
    """Until it was read; the last page as a person reads it."""
    path = answer.headers["location"]
    for _ in range(300):
        one.get(path)
        if one.page.status_code == 303:
            return one.read(one.page.headers["location"])
        if 'http-equiv="refresh"' not in one.page.text:
            return one.text()
        time.sleep(0.1)
    raise AssertionError(one.text())


def report(**changes: object) -> bytes:
    phone = LabPhone(MODELS["pixel-14"], lambda: 1_795_786_920.0, package="com.fitbit.FitbitMobile", app_name="Fitbit")
    phone.set_bluetooth(False)
    return phone.bugreport()


def bomb() -> bytes:
    """A zip of 100 kB that unpacks to 100 MB and calls itself a bug report."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        head = b"== dumpstate: 2026-01-01 00:00:00\n"
        archive.writestr("bugreport-x-2026-01-01-00-00-00.txt", head + bytes(100 * 2**20))
    return target.getvalue()


def test_bug_report_ends_in_a_diagnosis_and_the_file_is_gone(alice: Screen, bench: Bench) -> None:
    said = wait(alice, send(alice, ("bugreport.zip", report())))
    assert "Bluetooth" in said
    assert "Bluetooth is off" in alice.page.text or "Turn Bluetooth on" in alice.page.text
    assert bench.uploads == []
    assert bench.upload_bytes == 0


def test_folder_of_uploads_is_for_nobody_else(bench: Bench) -> None:
    folder = bench.folder()
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.parent.stat().st_mode & 0o077 == 0


def test_hostile_zip_ends_in_one_clear_sentence(alice: Screen) -> None:
    said = wait(alice, send(alice, ("bomb.zip", bomb())))
    assert "That could not be read." in said
    told = re.search(r'id="problem">([^<]*)<', alice.page.text)
    assert told
    assert "nothing of it was used" in told[1]
    assert "Traceback" not in alice.page.text
    assert alice.page.status_code == 422


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"analysis_s": 0.05}, "took longer than is allowed"),
        ({"analysis_memory_bytes": 2**20}, "could not be read"),
        ({"read_bytes": 2000}, "took more memory than is allowed"),
    ],
)
def test_reader_that_takes_too_much_is_ended(alice: Screen, bench: Bench, limits: dict[str, float], says: str) -> None:
    bench.limits = replace(bench.limits, **limits)  # type: ignore[arg-type]
    said = wait(alice, send(alice, ("bugreport.zip", report())))
    assert says in said
    assert bench.uploads == []


def test_file_beyond_the_limit_is_refused_and_leaves_nothing(alice: Screen, bench: Bench) -> None:
    bench.limits = replace(bench.limits, file_bytes=1000)
    assert send(alice, ("a.zip", bytes(1001))).status_code == 413
    assert bench.uploads == []
    bench.limits = replace(bench.limits, file_bytes=10**9, account_bytes=1500)
    assert send(alice, ("a.zip", bytes(1000)), ("b.zip", bytes(1000))).status_code == 413
    bench.limits = replace(bench.limits, account_bytes=10**9, all_bytes=1500)
    assert send(alice, ("a.zip", bytes(2000))).status_code == 503
    assert bench.upload_bytes == 0


def test_too_many_files_are_refused(alice: Screen, bench: Bench) -> None:
    assert send(alice, *[(f"{n}.zip", b"x") for n in range(bench.limits.files + 1)]).status_code == 413


def test_form_that_is_not_ours_gets_no_file_to_the_disk(alice: Screen, bench: Bench) -> None:
    assert send(alice, ("a.zip", b"x"), proof="wrong").status_code == 403
    assert send(alice, ("a.zip", b"x"), headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert bench.uploads == []


def test_form_without_a_file_says_so(alice: Screen) -> None:
    send(alice, ("", b""))
    assert "No file was chosen." in alice.text()


def test_what_is_no_evidence_is_said_in_one_sentence(alice: Screen) -> None:
    assert "That could not be read." in wait(alice, send(alice, ("cat.png", b"\x89PNG\r\n" + bytes(100))))


def test_what_was_read_is_kept_only_if_the_person_says_so(
    alice: Screen, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = [0.0]
    bench.memory = memory.Memory(bench.limits, lambda: later[0])
    wait(alice, send(alice, ("one.zip", report())))
    alice.get("/wrong")
    assert "one.zip" in alice.text()
    later[0] += bench.limits.forget_s + 1
    assert "one.zip" not in alice.read("/wrong")
    wait(alice, send(alice, ("two.zip", report())))
    alice.get("/wrong")
    keep = re.search(r'action="(/wrong/files/\w+/keep)"', alice.page.text)
    assert keep
    alice.submit(keep[1])
    later[0] += bench.limits.forget_s + 1
    assert "kept until" in alice.read("/wrong")
    forget = re.search(r'action="(/wrong/files/\w+/forget)"', alice.page.text)
    assert forget
    alice.submit(forget[1])
    assert "two.zip" not in alice.read("/wrong")


def test_what_is_kept_is_gone_after_its_time(alice: Screen, bench: Bench, world: World) -> None:
    wait(alice, send(alice, ("one.zip", report())))
    alice.get("/wrong")
    keep = re.search(r'action="(/wrong/files/\w+/keep)"', alice.page.text)
    assert keep
    alice.submit(keep[1])
    world.time.pass_(bench.limits.keep_s + 1)
    alice.sign_in("alice")
    assert "one.zip" not in alice.read("/wrong")


def test_another_person_sees_nothing_of_an_upload(alice: Screen, screen: Screens) -> None:
    answer = send(alice, ("one.zip", report()))
    bob = screen("192.0.2.9").register("bob")
    assert bob.get(answer.headers["location"]).status_code == 404
    assert "Bluetooth is off" not in bob.read("/wrong")
    wait(alice, answer)
    keep = re.search(r"/wrong/files/(\w+)/keep", alice.get("/wrong").text)
    assert keep
    bob.get("/wrong")
    proof = bob.fields("/wrong/files")["form"]
    bob.post(f"/wrong/files/{keep[1]}/keep", {"form": proof})
    assert "one.zip" not in bob.read("/wrong")
    bob.post(f"/wrong/files/{keep[1]}/forget", {"form": proof})
    assert "one.zip" in alice.read("/wrong")


def test_cancel_ends_the_reading_and_deletes_the_file(alice: Screen, bench: Bench, tmp_path: Path) -> None:
    bench._slots = None
    bench.limits = replace(bench.limits, at_once=0)  # it waits for its turn
    answer = send(alice, ("one.zip", report()))
    alice.get(answer.headers["location"])
    alice.submit(answer.headers["location"] + "/cancel")
    assert "Stopped. The files are deleted." in alice.read("/wrong?said=cancelled")
    for _ in range(50):
        if not bench.uploads:
            break
        time.sleep(0.05)
    assert bench.uploads == []
    assert bench.upload_bytes == 0
