"""What the server gives for /phone: headers, a page that is of nobody, modules, a token at a person's word."""

import gzip
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import cbor2
import httpx
import pytest
from tools.pages_world import World, world

from tests.chain.phone import made
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.records import encode
from unstuck.web.pages.base import modules, security
from unstuck.web.pages.base.i18n import words_of
from unstuck.web.pages.phone import words

MODULES = Path(__file__).parents[4] / "src" / "unstuck" / "web" / "pages" / "static" / "phone"
NOT_HERE = {
    Outcome.BLUETOOTH_OFF, Outcome.BLUETOOTH_ABSENT, Outcome.TRACKER_NOT_HEARD, Outcome.NO_SLOT, Outcome.KEY_MISSING,
    Outcome.HOST_FORBIDS, Outcome.UPDATED, Outcome.UPDATE_NOT_NEEDED, Outcome.UPDATE_NOT_NOW,
    Outcome.UPDATE_ROLLED_BACK, Outcome.IMAGE_DAMAGED,
}  # fmt: skip
"""What only an agent meets: browsers do not tell these apart, or a page never does it."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("house"), now_s=time.time()) as found:
        yield found


def visitor(house: World, session: str = "") -> httpx.Client:
    port = urlsplit(house.address).port
    cookies = {security.cookie_name("unstuck", port, secure=False): session} if session else None
    return httpx.Client(base_url=house.address, cookies=cookies)


def test_only_this_page_may_ask_for_bluetooth_and_its_policy_is_as_strict(house: World) -> None:
    alex = house.person("alex")
    with visitor(house, alex.session) as client:
        answers = {path: client.get(path) for path in ("/phone", "/", "/settings", "/offline")}
    for path, answer in answers.items():
        assert answer.status_code == 200
        features = answer.headers["Permissions-Policy"].split(", ")
        assert ("bluetooth=(self)" in features) == (path == "/phone")
        assert ("bluetooth=()" in features) == (path != "/phone")
        assert answer.headers["Content-Security-Policy"] == security.POLICY
    assert 'href="/phone"' in answers["/"].text


def test_page_that_is_kept_for_offline_is_of_nobody(house: World) -> None:
    noor = house.person("noor")  # a name that no hash in an address can hold
    with visitor(house) as client:
        before = client.get("/phone").text
    with visitor(house, noor.session) as client:
        own = client.get("/phone").text
    assert "noor" in own
    assert 'name="form"' in own
    assert "noor" not in before
    assert 'name="form"' not in before
    told = json.loads(re.findall(r'<script type="application/json" id="told">(.*?)</script>', before)[0])
    assert (told["account"], told["account_name"], told["zone"]) == ("", "", "")


def test_worker_keeps_all_that_the_page_needs_and_all_of_it_is_there(house: World) -> None:
    with visitor(house) as client:
        script = client.get("/phone-worker.js")
        kept = json.loads(re.findall(r"const KEPT = (\[.*?\]);", script.text)[0])
        found = {path: client.get(path) for path in kept}
        page = client.get("/phone").text
        old = client.get(f"/static/phone/{'0' * 12}/main.js")
    assert "{{" not in script.text
    assert {answer.status_code for answer in found.values()} == {200}
    assert {path.rpartition("/")[2] for path in kept if "/phone/" in path} == {one.name for one in MODULES.iterdir()}
    asked = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert {path for path in asked if "icon-" not in path} <= set(kept)
    assert all("immutable" in found[path].headers["Cache-Control"] for path in kept if path.startswith("/static/"))
    assert old.status_code == 404


def test_modules_import_only_each_other(house: World) -> None:
    for one in MODULES.iterdir():
        text = one.read_text("utf-8")
        assert "innerHTML" not in text
        for name in re.findall(r'^import .* from "(.+)";', text, re.MULTILINE):
            assert (MODULES / name).resolve().parent == MODULES.resolve()
            assert (MODULES / name).exists()


def test_page_and_modules_stay_small(house: World) -> None:
    names = modules.modules().names()
    packed = sum(len(gzip.compress((MODULES / name).read_bytes(), 9)) for name in names)
    assert packed < 60_000


def test_token_needs_a_session_and_a_form_of_ours(house: World) -> None:
    cleo = house.person("cleo")
    own = {"Origin": house.address, "Sec-Fetch-Site": "same-origin"}
    with visitor(house) as client:
        assert client.post("/phone/token", data={"name": "x"}, headers=own).status_code in (303, 401, 403)
    with visitor(house, cleo.session) as client:
        proof = re.findall(r'name="form" value="([^"]+)"', client.get("/phone").text)[0]
        foreign = client.post(
            "/phone/token", data={"name": "x", "form": proof}, headers={"Origin": "http://evil.example"}
        )
        unproven = client.post("/phone/token", data={"name": "x", "form": "x"}, headers=own)
        nameless = client.post("/phone/token", data={"name": " ", "form": proof}, headers=own)
        before = cleo.ask("GET", "/v1/tokens").json()["tokens"]
        made_ = client.post("/phone/token", data={"name": "Chrome · Android", "form": proof}, headers=own)
        shown = client.get("/settings").text
    assert [foreign.status_code, unproven.status_code, nameless.status_code] == [403, 403, 422]
    assert [one["kind"] for one in before] == ["session"]
    assert made_.status_code == 201
    assert made_.headers["Cache-Control"] == "no-store, private"
    assert "Chrome · Android" in shown
    cleo.claim()
    body = cbor2.dumps({"tracker": cleo.tracker, "batches": [encode(made.batch(1, 0, 5))]})
    answer = cleo.ask("POST", "/v1/ingest", made_.json()["token"], content=body)
    assert cbor2.loads(answer.content)["durable"] == {1: [[0, 5]]}


def test_every_outcome_that_a_page_can_meet_has_words_without_commands() -> None:
    found = words.outcome_words(words_of("en"))
    assert set(found) == ({str(one) for one in Outcome} - {str(one) for one in NOT_HERE}) | {"bluetooth.not_chosen"}
    for texts in found.values():
        assert not re.search(r"'unstuck|journal|--", " ".join(texts))
    raised = set()
    for one in MODULES.iterdir():
        raised |= set(re.findall(r'"((?:bluetooth|tracker|token|server|journal)\.[a-z_]+)"', one.read_text("utf-8")))
    assert raised <= set(found)


def test_every_text_the_scripts_ask_for_is_there() -> None:
    said = words.said(words_of("en"))
    asked = set()
    for one in MODULES.iterdir():
        asked |= set(re.findall(r'words\.say\("(\w+)"', one.read_text("utf-8")))
    assert asked <= set(said)
