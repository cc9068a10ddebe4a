"""The settings, by their forms alone; and that what is deleted is gone from every table."""

import csv
import io
import json
import zipfile
from collections.abc import Callable

from sqlalchemy import func, select

from tests.chain.server.world import NOW, PASSWORD, World, minutes
from tests.web.pages.screen import Screen
from tests.web.pages.test_signing import code, enrolled
from unstuck.chain.records import Batch, Kind, Record
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.server.storage import accounts, cases, guides
from unstuck.chain.server.storage.schema import metadata

Screens = Callable[..., Screen]
CODE = code_of(b"0123456789")


def test_view_is_kept_with_the_account(screen: Screens) -> None:
    one = screen().register("alice", zone="")
    assert "Times are those of UTC." in one.read("/")
    one.get("/settings")
    one.submit("/settings/view", language="en", zone="America/New_York", clock="12", theme="dark")
    other = screen()
    other.sign_in("alice")
    assert 'data-theme="dark"' in other.get("/settings").text
    assert "Times are those of America/New York." in other.text()
    assert " AM" in other.text() or " PM" in other.text()


def test_view_takes_nothing_it_does_not_know(screen: Screens) -> None:
    one = screen().register("alice", zone="Europe/Nowhere")
    one.get("/settings")
    one.submit("/settings/view", language="../x", zone="/etc/passwd", clock="13", theme='"><b>')
    assert "data-theme" not in one.get("/settings").text
    assert "Times are those of UTC." in one.text()


def test_zone_of_the_browser_is_taken_only_while_none_is_chosen(screen: Screens) -> None:
    screen().register("alice", zone="Asia/Tokyo")
    other = screen()
    other.get("/sign-in")
    other.submit("/sign-in", name="alice", password=PASSWORD, zone="Europe/Paris")
    assert "Asia/Tokyo" in other.read("/")


def test_new_password_works_and_signs_the_others_out(screen: Screens) -> None:
    one = screen().register("alice")
    other = screen()
    other.sign_in("alice")
    one.get("/settings")
    assert one.submit("/settings/password", password="wrong", new_password="entirely new words").status_code == 403
    assert one.submit("/settings/password", password=PASSWORD, new_password="short").status_code == 422
    one.submit("/settings/password", password=PASSWORD, new_password="entirely new words")
    assert "The password is changed." in one.read(one.page.headers["location"].split("#")[0])
    assert other.get("/").status_code == 303
    assert other.sign_in("alice", "entirely new words").status_code == 303


def test_second_factor_is_turned_off_with_both_factors(screen: Screens, world: World) -> None:
    one = screen().register("alice")
    secret, codes = enrolled(one)
    assert len(set(codes)) == 10
    one.get("/settings")
    assert "It is on. 10 recovery codes are left." in one.text()
    assert secret not in one.page.text
    assert codes[0] not in one.page.text
    world.time.pass_(60)
    assert one.submit("/settings/second-factor/remove", password=PASSWORD, code="000000").status_code == 403
    one.submit("/settings/second-factor/remove", password=PASSWORD, code=code(world, secret))
    other = screen()
    assert other.sign_in("alice").status_code == 303


def test_wrong_first_code_shows_the_same_secret_again(screen: Screens) -> None:
    one = screen().register("alice")
    one.get("/settings")
    one.submit("/settings/second-factor", password=PASSWORD)
    secret = one.page.text.split('<code class="secret">')[1].split("<")[0]
    assert "data:image/svg+xml" in one.page.text
    assert one.submit("/settings/second-factor/confirm", code="000000").status_code == 403
    assert secret in one.page.text


def test_tracker_is_claimed_with_its_code_alone_and_released(screen: Screens) -> None:
    one = screen().register("alice")
    one.get("/settings")
    assert one.submit("/settings/trackers", code=CODE.lower().replace("-", " "), name="Band").status_code == 303
    one.get("/settings")
    one.submit("/settings/trackers", code=CODE, name="Band")
    assert tracker_id(CODE) in one.get("/settings").text
    other = screen().register("bob")
    other.get("/settings")
    assert other.submit("/settings/trackers", code=CODE).status_code == 409
    one.get("/settings")
    one.submit(f"/settings/trackers/{tracker_id(CODE)}/release")
    other.get("/settings")
    assert other.submit("/settings/trackers", code=CODE).status_code == 303


def test_device_token_is_shown_once_and_revoked(screen: Screens, world: World) -> None:
    one = screen().register("alice")
    one.get("/settings")
    one.submit("/settings/devices", name="Phone <in> the hall")
    token = one.page.text.split('id="token">')[1].split("<")[0]
    assert token.startswith("unstuck_device_")
    assert token not in one.get("/settings").text
    assert "Phone <in> the hall" in one.text()
    identity = token.split("_")[2]
    one.submit(f"/settings/devices/{identity}/revoke")
    answer = world.client().request("GET", "/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["code"] == "token.revoked_by_person"


def test_signing_out_another_screen_ends_it(screen: Screens) -> None:
    one = screen().register("alice")
    other = screen()
    other.sign_in("alice")
    identity = other.token().split("_")[2]
    one.get("/settings")
    one.submit(f"/settings/devices/{identity}/revoke")
    assert other.get("/").status_code == 303
    assert one.get("/").status_code == 200


def test_export_has_every_record_and_the_ledger_and_no_secret(screen: Screens, world: World) -> None:
    one = screen().register("alice")
    one.get("/settings")
    one.submit("/settings/trackers", code=CODE, name="Band")
    one.get("/settings")
    one.submit("/settings/devices", name="Phone")
    token = one.page.text.split('id="token">')[1].split("<")[0]
    alice = world.person("helper")  # only for its way to send
    agent = alice.device()
    agent.token = token
    tracker = tracker_id(CODE)
    for first in range(0, 300, 5):  # more batches than are read in one go
        agent.send(tracker, minutes(1, first, range(first, first + 5)))
    agent.send(tracker, Batch((Record(1, 300, Kind.SLEEP, NOW, 600, (2,)),)))
    one.get("/settings")
    answer = one.submit("/settings/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="unstuck-2026-01-21.zip"'
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    rows = list(csv.DictReader(io.StringIO(archive.read(f"{tracker}/minute.csv").decode())))
    assert [int(row["steps"]) for row in rows] == list(range(300))
    assert [int(row["sequence"]) for row in rows] == list(range(300))
    assert archive.read(f"{tracker}/sleep.csv").decode().splitlines()[1] == f"1,300,{NOW},600,2"
    ledger = json.loads(archive.read(f"{tracker}/ledger.json"))
    assert ledger["hops"]["server"]["held"] == {"1": [[0, 300]]}
    account = json.loads(archive.read("account.json"))
    assert account["name"] == "alice"
    everything = b"".join(archive.read(name) for name in archive.namelist())
    for secret in (token.split("_")[3], one.token().split("_")[3], "argon2", "digest"):
        assert secret.encode() not in everything


def test_one_export_at_a_time(screen: Screens, world: World) -> None:
    one = screen().register("alice")
    one.get("/settings")
    proof = one.fields("/settings/export")
    uploads = world.app.state.services.uploads
    with uploads.one(("export", "1"), 1, RuntimeError()):
        assert one.post("/settings/export", proof).status_code == 429
    assert one.post("/settings/export", proof).status_code == 200
    assert not uploads.has(("export", "1"), 1), "its place is free again"


def mended(one: Screen, world: World) -> None:
    """A row in each table of finding and mending."""
    with world.database.write() as connection:
        account = accounts.by_name(connection, "alice")
        assert account is not None
        guides.put_session(connection, account.id, "{}", 0.0)
        guides.put_tried(connection, account.id, 0, "{}")
        guides.keep(connection, account.id, guides.Kept("x", "a.zip", 1, 0.0, 9e9), b"read")
        cases.make(connection, account.id, "c", b"bundle", 0.0, 9e9)
        case = cases.get(connection, account.id, "c", 0.0)
        assert case is not None
        cases.add_note(connection, case, cases.Note(0.0, "desk", "hello"))


def test_deleting_everything_leaves_nothing_in_any_table(screen: Screens, world: World) -> None:
    one = screen().register("alice")
    secret, _ = enrolled(one)
    one.get("/settings")
    one.submit("/settings/trackers", code=CODE, name="Band")
    one.get("/settings")
    one.submit("/settings/devices", name="Phone")
    token = one.page.text.split('id="token">')[1].split("<")[0]
    bob = world.person("bob")
    theirs = bob.tracker()
    bob.device().send(theirs, minutes(1, 0, [7]))
    before = rows(world)
    agent = bob.device()
    agent.token = token
    agent.send(tracker_id(CODE), minutes(1, 0, [1, 2, 3]))
    agent.tell(tracker_id(CODE), phone={"held": {"1": [[3, 4]]}})
    mended(one, world)
    filled = {name for name, count in rows(world).items() if count}
    assert filled == set(metadata.tables) - {"releases"}, "each table of an account has something to be deleted"
    world.time.pass_(60)
    one.get("/settings")
    good = code(world, secret)
    assert one.submit("/settings/delete", words="delete", password=PASSWORD, code=good).status_code == 422
    assert one.submit("/settings/delete", words="delete everything", password="wrong", code=good).status_code == 403
    assert one.submit("/settings/delete", words="delete everything", password=PASSWORD, code="1").status_code == 403
    assert one.submit("/settings/delete", words="Delete  everything", password=PASSWORD, code=good).status_code == 200
    assert "This server has nothing of you any more." in one.text()
    left = rows(world)
    assert left == {**dict.fromkeys(before, 0), "accounts": 1, "tokens": 3, "trackers": 1, "claims": 1, "chunks": 1}
    assert one.get("/").status_code == 303
    assert screen().sign_in("alice").status_code == 401
    assert bob.ask("GET", f"/v1/trackers/{theirs}/watermarks").status_code == 200


def rows(world: World) -> dict[str, int]:
    with world.database.read() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def test_account_is_deleted_by_the_api_with_its_password(world: World) -> None:
    person = world.person("alice")
    assert person.ask("POST", "/v1/account/delete", json={"password": "wrong"}).status_code == 403
    assert person.ask("POST", "/v1/account/delete", json={"password": PASSWORD}).status_code == 204
    assert person.ask("GET", "/v1/account").status_code == 401
