"""No account sees or infers another's data: every route of the application is tried, also those added later."""

import json
import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests.chain.server.world import NOW, Agent, Person, World, minutes

PUBLIC = {("GET", "/v1/status"), ("GET", "/v1/releases"), ("POST", "/v1/accounts"), ("POST", "/v1/sessions")}
"""Routes without a token. A new one must be added here by hand, and thought about."""
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/account/password"): {"password": "x", "new_password": "y"},
    ("POST", "/v1/account/second-factor"): {"password": "x"},
    ("POST", "/v1/account/second-factor/confirm"): {"code": "000000"},
    ("POST", "/v1/account/second-factor/remove"): {"password": "x", "code": "000000"},
    ("POST", "/v1/tokens"): {"name": "new"},
    ("POST", "/v1/trackers"): {"tracker": "x", "code": "AAAA"},
    ("POST", "/v1/trackers/{tracker}/held"): {"phone": {"held": {"0": [[0, 5]]}}},
}
"""A valid body for each route that takes one: what is refused must be refused for who asks."""
ENDLESS = {("GET", "/v1/events")}
"""Answers that do not end; tested on a real server in test_events.py."""


def routes_of(world: World) -> list[tuple[str, str]]:
    found = []
    for path, operations in world.app.openapi()["paths"].items():
        found += [(method.upper(), path) for method in operations]
    return sorted(found)


def filled(path: str, tracker: str, token: str) -> str:
    path = path.replace("{tracker}", tracker).replace("{token}", token)
    path = path.replace("{kind}/{product}/{version}", "firmware/none/1.0.0")
    assert "{" not in path, f"{path}: this test does not know that parameter"
    return f"{path}?from={NOW - 3600}&to={NOW + 3600}" if path.endswith(("minutes", "days")) else path


def ask(person: Person, method: str, path: str, token: str, tracker: str, device: str) -> Any:
    options: dict[str, Any] = {}
    if (method, path) in BODIES:
        options["json"] = BODIES[method, path]
    return person.ask(method, filled(path, tracker, device), token, **options)


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("anna-of-the-secret-name")


@pytest.fixture
def owned(anna: Person) -> tuple[str, Agent]:
    tracker, agent = anna.tracker(), anna.device("secret device name")
    assert agent.send(tracker, minutes(0, 0, [4711, 4712])).status_code == 200
    told = {"now": NOW, "held": {"0": [[0, 4713]]}, "overwritten": {}}
    assert agent.tell(tracker, tracker=told).status_code == 204
    return tracker, agent


def test_the_walk_meets_every_route_of_the_application(world: World) -> None:
    inside = {
        (method, route.path)
        for router in (world.app.router,)
        for route in _flat(router.routes)
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert inside == set(routes_of(world))
    assert len(inside) >= 20


def _flat(routes: Any) -> list[Any]:
    found = []
    for route in routes:
        inner = getattr(route, "original_router", None)
        found += _flat(inner.routes) if inner is not None else [route]
    return found


def test_every_route_but_the_public_ones_wants_a_token(world: World) -> None:
    client = world.client()
    for method, path in routes_of(world):
        if (method, path) in PUBLIC:
            continue
        for headers in ({}, {"Authorization": "Bearer unstuck_session_" + "0" * 16 + "_" + "0" * 64}):
            answer = client.request(method, filled(path, "x", "0" * 16), headers=headers)
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.json()["code"] in ("token.missing", "token.unknown")


@pytest.mark.parametrize("kind", ["session", "device"])
def test_another_account_is_answered_as_if_nothing_were_there(
    world: World, anna: Person, owned: tuple[str, Agent], kind: str
) -> None:
    tracker, agent = owned
    bert = world.person("bert")
    asked = 0
    for method, path in routes_of(world):
        if (method, path) in PUBLIC | ENDLESS or "{" not in path:
            continue
        asked += 1
        token = bert.session if kind == "session" else bert.device().token
        theirs = ask(bert, method, path, token, tracker, agent.id)
        nobodys = ask(bert, method, path, token, "nobodys-tracker", "0123456789abcdef")
        assert theirs.status_code in (403, 404), (method, path, theirs.text)
        assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content), (method, path)
    assert asked >= 7
    assert anna.ask("GET", "/v1/account", anna.session).status_code == 200
    assert agent.get(f"/v1/trackers/{tracker}/minutes?from={NOW}&to={NOW + 120}")["minutes"]["steps"] == [4711, 4712]


def test_no_answer_to_another_account_has_anything_of_the_first(
    world: World, anna: Person, owned: tuple[str, Agent]
) -> None:
    tracker, agent = owned
    bert = world.person("bert")
    phone = bert.device("mine")
    hers = re.compile(f"{tracker}|{agent.id}|secret|471[1-3]")
    for method, path in routes_of(world):
        if (method, path) in PUBLIC | ENDLESS or path == "/v1/sessions/current":
            continue
        for token in (bert.session, phone.token):
            answer = ask(bert, method, path, token, "x", "0" * 16)
            shown = answer.text.replace(json.loads(answer.text).get("secret", " "), "") if answer.text else ""
            assert not hers.search(shown.replace("what_to_do", "")), (method, path, answer.text)


def test_the_same_tracker_id_and_identity_in_two_accounts_are_two(world: World, anna: Person) -> None:
    from unstuck.chain.server.domain.possession import code_of, tracker_id

    code = code_of(bytes(10))
    bert = world.person("bert")
    for person, steps in ((anna, 10), (bert, 20)):
        assert person.ask("POST", "/v1/trackers", json={"tracker": tracker_id(code), "code": code}).status_code == 201
        agent = person.device()
        assert agent.send(tracker_id(code), minutes(0, 0, [steps])).status_code == 200
        found = agent.get(f"/v1/trackers/{tracker_id(code)}/minutes?from={NOW}&to={NOW + 60}")
        assert found["minutes"]["steps"] == [steps]
        person.ask("DELETE", f"/v1/trackers/{tracker_id(code)}")
