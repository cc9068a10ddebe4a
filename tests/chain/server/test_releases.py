"""The registry of releases: what gets in, who gets it, and what is said of old agents and old firmware."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from tests.chain.releases.made import KEYS, MODEL, image, release
from tests.chain.server.world import CHEAP, NO_LIMITS, NOW, Agent, World, code_of_error, durable, minutes
from unstuck.chain.releases import ReleaseKind, decode_release, verified
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.routes import releases as route
from unstuck.chain.server.storage import releases
from unstuck.chain.server.storage.database import Database

IMAGE = image(700_000)
"""Longer than two of the parts that are read at once."""


def publish(database: Database, data: bytes, version: str = "2.0.0", **fields: Any) -> bytes:
    signed = release(data, version, **fields)
    with database.write() as connection:
        releases.add(connection, decode_release(signed), data, float(NOW))
    return signed


def settings(**fields: Any) -> Settings:
    return Settings(rates=NO_LIMITS, password_cost=CHEAP, **fields)


def fetch(agent: Agent, path: str, part: str = "", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    given = {"Range": part, **headers} if part else headers
    answer = agent.person.ask("GET", f"/v1/releases/{path}/image", agent.token, headers=given)
    return answer.status_code, answer.content, dict(answer.headers)


def test_the_list_is_public_and_newest_first_by_kind_and_product(world: World, database: Database) -> None:
    for version in ("1.9.0", "1.10.0", "1.2.0"):
        publish(database, image(), version)
    publish(database, image(), "0.1.0", kind=ReleaseKind.AGENT, product="unstuck")
    signed = publish(database, image(), "3.0.0", product="band-2", notes="Better sleep.", over="2.0.0")
    found = world.client().get("/v1/releases").json()["releases"]
    assert [(one["kind"], one["product"], one["version"]) for one in found] == [
        ("agent", "unstuck", "0.1.0"),
        ("firmware", "band-2", "3.0.0"),
        ("firmware", MODEL, "1.10.0"),
        ("firmware", MODEL, "1.9.0"),
        ("firmware", MODEL, "1.2.0"),
    ]
    assert base64.b64decode(found[1]["signed"]) == signed
    manifest = verified(base64.b64decode(found[1]["signed"]), KEYS)
    assert (manifest.notes, manifest.over) == (found[1]["notes"], found[1]["over"]) == ("Better sleep.", "2.0.0")
    assert found[1]["sha256"] == manifest.sha256.hex()


def test_who_reads_an_image_slowly_keeps_no_connection_of_the_database(world: World, database: Database) -> None:
    manifest = decode_release(publish(database, IMAGE)).manifest
    parts = route._parts(world.app.state.services, manifest, 0, len(IMAGE))
    assert IMAGE.startswith(next(parts))
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # that of a queue has it
    assert len(b"".join(parts)) < len(IMAGE)


def test_a_version_means_one_image_for_ever(world: World, database: Database) -> None:
    publish(database, image(seed=1))
    publish(database, image(seed=1))
    with pytest.raises(ValueError, match="another"):
        publish(database, image(seed=2))
    with database.write() as connection:
        assert releases.withdraw(connection, ReleaseKind.FIRMWARE, MODEL, "2.0.0", float(NOW))
        assert not releases.withdraw(connection, ReleaseKind.FIRMWARE, MODEL, "2.0.0", float(NOW))
    with pytest.raises(ValueError, match="withdrawn"):
        publish(database, image(seed=1))
    assert world.client().get("/v1/releases").json()["releases"] == []
    agent = world.person("anna").device()
    assert fetch(agent, f"firmware/{MODEL}/2.0.0")[0] == 404


def test_an_image_comes_whole_or_from_any_offset_on(world: World, database: Database) -> None:
    publish(database, IMAGE)
    agent = world.person("anna").device()
    path = f"firmware/{MODEL}/2.0.0"
    status, body, headers = fetch(agent, path)
    assert (status, body == IMAGE, headers["accept-ranges"]) == (200, True, "bytes")
    for part, first, end in (
        ("bytes=0-", 0, len(IMAGE)),
        ("bytes=262143-", 262_143, len(IMAGE)),
        ("bytes=5-5", 5, 6),
        ("bytes=699999-999999", 699_999, 700_000),
    ):
        status, body, headers = fetch(agent, path, part)
        assert (status, body == IMAGE[first:end]) == (206, True), part
        assert headers["content-range"] == f"bytes {first}-{end - 1}/{len(IMAGE)}"
    status, body, _ = fetch(agent, path, "bytes=700000-")
    assert status == 416
    for not_understood in ("bytes=-5", "bytes=9-3", "lines=1-2", "bytes=0-1,5-6"):
        assert fetch(agent, path, not_understood)[:2] == (200, IMAGE)


@pytest.mark.parametrize("path", [f"firmware/{MODEL}/9.9.9", "firmware/other/2.0.0", f"agent/{MODEL}/2.0.0"])
def test_what_is_not_offered_is_not_found(world: World, database: Database, path: str) -> None:
    publish(database, image())
    agent = world.person("anna").device()
    answer = agent.person.ask("GET", f"/v1/releases/{path}/image", agent.token)
    assert code_of_error(answer) == (404, "release.not_found")


def test_an_agent_that_is_too_old_gets_its_own_update_and_no_firmware(
    worlds: Callable[..., World], database: Database
) -> None:
    publish(database, image(seed=1))
    publish(database, image(seed=2), "1.0.0", kind=ReleaseKind.AGENT, product="unstuck")
    world = worlds(settings=settings(minimum_agent="1.0.0"))
    agent = world.person("anna").device()
    old = {"Unstuck-Agent": "0.9.0"}
    assert fetch(agent, "agent/unstuck/1.0.0", **old)[:2] == (200, image(seed=2))
    assert fetch(agent, f"firmware/{MODEL}/2.0.0", **old)[0] == 426
    assert fetch(agent, f"firmware/{MODEL}/2.0.0", **{"Unstuck-Agent": "1.0.0"})[0] == 200


def test_old_firmware_is_told_with_what_to_do_and_its_records_are_taken(
    worlds: Callable[..., World], database: Database
) -> None:
    publish(database, image(), "2.1.0")
    world = worlds(settings=settings(minimum_firmware={MODEL: "2.0.0"}))
    anna = world.person("anna")
    tracker, agent = anna.tracker(), anna.device()
    state = {"now": NOW, "held": {"0": [[0, 5]]}, "model": MODEL, "firmware": "1.9.9"}
    assert durable(agent.send(tracker, minutes(0, 0, [1, 2, 3]))) == {0: [[0, 2]]}
    assert agent.tell(tracker, tracker=state).status_code == 204
    for token in (agent.token, anna.session):
        answer = anna.ask("GET", f"/v1/trackers/{tracker}/firmware", token)
        assert code_of_error(answer) == (426, "firmware.too_old")
        assert answer.json()["minimum"] == "2.0.0"
        assert answer.json()["newest"] == "2.1.0"
        assert "--update-firmware" in answer.json()["what_to_do"]
    assert durable(agent.send(tracker, minutes(0, 3, [4]))) == {0: [[3, 3]]}
    assert agent.tell(tracker, tracker=state | {"firmware": "2.0.0"}).status_code == 204
    found = agent.get(f"/v1/trackers/{tracker}/firmware")
    assert found == {"model": MODEL, "firmware": "2.0.0", "minimum": "2.0.0", "newest": "2.1.0"}


@pytest.mark.parametrize("told", [{}, {"model": "other", "firmware": "0.1"}, {"model": MODEL}])
def test_firmware_that_nobody_told_of_is_not_old(worlds: Callable[..., World], told: dict[str, str]) -> None:
    world = worlds(settings=settings(minimum_firmware={MODEL: "2.0.0"}))
    anna = world.person("anna")
    tracker, agent = anna.tracker(), anna.device()
    assert agent.tell(tracker, tracker={"now": NOW, **told}).status_code == 204
    assert agent.get(f"/v1/trackers/{tracker}/firmware")["firmware"] == told.get("firmware")


def test_the_minimum_versions_are_public(worlds: Callable[..., World]) -> None:
    world = worlds(settings=settings(minimum_firmware={MODEL: "2.0.0"}, minimum_agent="0.1.0"))
    for path in ("/v1/status", "/v1/releases"):
        found = world.client().get(path).json()
        assert (found["minimum_agent"], found["minimum_firmware"]) == ("0.1.0", {MODEL: "2.0.0"})
