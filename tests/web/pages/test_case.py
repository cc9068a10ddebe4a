"""Cases for a desk: chosen, looked at, linked, opened, noted on, withdrawn; nothing identifying, nobody else's."""

import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest

from tests.chain.server.world import World
from tests.web.pages.screen import Screen
from tests.web.pages.test_wrong import answer_until_found, follow

Screens = Callable[..., Screen]


@pytest.fixture
def alice(screen: Screens, world: World) -> Screen:
    person = world.person("alice")
    person.tracker()
    one = screen()
    one.sign_in("alice")
    answer_until_found(one, symptom="never_connects", phone="google", make="fitbit")
    return one


def make(one: Screen, **left_out: str) -> str:
    """Make a case; its address."""
    one.get("/case")
    fields = one.fields("/case")
    one.post("/case", {name: value for name, value in fields.items() if name not in left_out})
    assert one.page.status_code == 303, one.text()
    path = one.page.headers["location"]
    follow(one)
    return str(path)


def linked(one: Screen, path: str, **given: str) -> str:
    """Make a link; its path."""
    one.get(path)
    fields = {name: value for name, value in one.fields(f"{path}/link").items() if not name.startswith("check-")}
    one.post(f"{path}/link", {**fields, "days": "14", **given})
    found = re.search(r'id="link">http://server(/desk/[\w-]+)<', one.page.text)
    assert found, one.text()
    return found[1]


@pytest.fixture
def desk(screen: Screens) -> Screen:
    return screen("198.51.100.4")


def test_desk_sees_what_the_owner_saw_and_no_account(alice: Screen, desk: Screen) -> None:
    path = make(alice)
    assert "Nobody but you can see it." in alice.text()
    link = linked(alice, path)
    said = desk.read(link)
    assert desk.page.status_code == 200
    assert "never finds the tracker" in said or "connect" in said
    assert "Questions" not in said
    assert "alice" not in desk.page.text
    assert desk.page.headers["x-robots-tag"] == "noindex, nofollow"


def test_owner_sees_how_often_it_was_opened(alice: Screen, desk: Screen) -> None:
    path = make(alice)
    link = linked(alice, path)
    assert "Nobody has opened it yet." in alice.read(path)
    desk.get(link)
    desk.get(link)
    assert "It was opened 2 times, last on" in alice.read(path)


def test_withdrawn_expired_and_wrong_links_answer_alike(alice: Screen, desk: Screen, world: World) -> None:
    path = make(alice)
    withdrawn = linked(alice, path)
    alice.get(path)
    alice.submit(f"{path}/withdraw")
    gone = desk.get(withdrawn)
    wrong = desk.get("/desk/" + "x" * 43)
    assert gone.status_code == wrong.status_code == 404
    expiring = linked(alice, path, days="1")
    assert desk.get(expiring).status_code == 200
    world.time.pass_(86_401)
    late = desk.get(expiring)
    assert late.status_code == 404

    def bare(text: str) -> str:
        return re.sub(r'value="[^"]*"', "", text)

    assert bare(gone.text) == bare(wrong.text) == bare(late.text)


def test_new_link_ends_the_old_one(alice: Screen, desk: Screen) -> None:
    path = make(alice)
    first = linked(alice, path)
    second = linked(alice, path)
    assert desk.get(first).status_code == 404
    assert desk.get(second).status_code == 200


def test_links_are_rate_limited(alice: Screen, desk: Screen) -> None:
    link = linked(alice, make(alice))
    seen = {desk.get(f"/desk/{n:043d}").status_code for n in range(40)}
    assert seen == {404, 429}
    assert desk.get(link).status_code == 429


def test_remote_checks_only_as_the_owner_allows(alice: Screen, desk: Screen) -> None:
    path = make(alice)
    link = linked(alice, path)
    assert "Look again" not in desk.read(link)
    proof = desk.fields(f"{link}/note")["form"]
    assert desk.post(f"{link}/look", {"form": proof}).status_code == 404
    link = linked(alice, path, **{"check-ledger": "yes"})
    desk.get(link)
    desk.submit(f"{link}/look")
    assert "Newest at the server" in desk.text()
    assert "Bluetooth link" not in desk.text()
    assert "looked again at: What has arrived at the server, and what is missing" in alice.read(path)


def test_notes_go_both_ways_and_are_only_text(alice: Screen, desk: Screen) -> None:
    path = make(alice)
    link = linked(alice, path)
    desk.get(link)
    desk.submit(f"{link}/note", text="Try <b>this</b><script>alert(1)</script>")
    alice.get(path)
    assert "<script>alert" not in alice.page.text
    assert "&lt;script&gt;alert(1)" in alice.page.text
    alice.submit(f"{path}/note", text="Done, thank you")
    assert "Done, thank you" in desk.read(link)
    alice.get(path)
    alice.submit(f"{path}/note", text="x" * 9_000)
    assert "x" * 2_001 not in desk.get(link).text


def test_note_without_proof_is_refused(alice: Screen, desk: Screen) -> None:
    link = linked(alice, make(alice))
    desk.get(link)
    assert desk.post(f"{link}/note", {"text": "hello"}).status_code == 403


def test_parts_that_were_left_out_are_not_in_it(alice: Screen) -> None:
    path = make(alice, answers="", versions="")
    data = alice.get(f"{path}/case.zip").content
    document = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("case.json"))
    assert document["symptom"] is None
    assert document["answers"] == []
    assert document["versions"]["unstuck"] is None
    assert any("Left out by the owner" in one for one in document["missing"])


def test_file_holds_no_name_and_no_tracker_id(alice: Screen, world: World) -> None:
    alice.get("/wrong")
    alice.submit("/wrong/connect", way="chain")
    path = make(alice)
    archive = zipfile.ZipFile(io.BytesIO(alice.get(f"{path}/case.zip").content))
    whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "alice" not in whole


def test_another_person_can_do_nothing_with_a_case(alice: Screen, screen: Screens) -> None:
    path = make(alice)
    bob = screen("192.0.2.9").register("bob")
    bob.get("/case")
    bob.get("/wrong")
    proof = bob.fields("/wrong/files")["form"]
    assert bob.get(path).status_code == 404
    assert bob.get(f"{path}/case.zip").status_code == 404
    for act in ("link", "withdraw", "note"):
        assert bob.post(f"{path}/{act}", {"form": proof, "text": "x"}).status_code == 404
    bob.post(f"{path}/delete", {"form": proof})
    assert alice.get(path).status_code == 200


def test_deleted_case_is_gone_for_all(alice: Screen, desk: Screen) -> None:
    path = make(alice)
    link = linked(alice, path)
    alice.get(path)
    alice.submit(f"{path}/delete")
    assert alice.get(path).status_code == 404
    assert desk.get(link).status_code == 404
