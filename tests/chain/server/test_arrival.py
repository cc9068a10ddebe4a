"""Bodies that do not come: they keep nobody else out, and they do not last."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest
from httpx import Response

from tests.chain.server.test_isolation import PUBLIC
from tests.chain.server.world import CHEAP, NO_LIMITS, Agent, World, code_of_error, durable, minutes
from unstuck.chain.server.domain.limits import Rate, Rates
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.door import PUBLIC_PATHS

Worlds = Callable[..., World]
PATIENCE_S = 20.0
"""Seconds for something that happens at once; a busy machine is slow."""


def with_few(worlds: Worlds, **fields: Any) -> World:
    return worlds(settings=Settings(rates=NO_LIMITS, password_cost=CHEAP, **fields))


@contextmanager
def beginning(agents: Sequence[Agent], expected: int) -> Iterator[list[Future[Response]]]:
    """Each begins an upload; ``expected`` of them are asked for a body that does not come while this lasts."""
    asked, stop = threading.Semaphore(0), asyncio.Event()
    portal = agents[0].person.world.portal

    async def nothing() -> AsyncIterator[bytes]:
        asked.release()
        await stop.wait()
        yield b""

    def begin(agent: Agent) -> Future[Response]:
        http, headers = agent.person.client._http, {"Authorization": f"Bearer {agent.token}"}
        return portal.start_task_soon(lambda: http.request("POST", "/v1/ingest", content=nothing(), headers=headers))

    begun = [begin(agent) for agent in agents]
    try:
        for _ in range(expected):
            assert asked.acquire(timeout=PATIENCE_S)
        yield begun
    finally:
        portal.call(stop.set)
        for one in begun:
            one.result(PATIENCE_S)


def test_an_account_with_many_tokens_keeps_no_place_from_another(worlds: Worlds) -> None:
    world = with_few(worlds, ingest_waiting=4, ingest_arriving=5)
    anna, bert = world.person("anna"), world.person("bert")
    agents = [agent for at in range(8) for agent in [anna.device(f"phone {at}")] * 2]
    with beginning(agents, 4) as begun:
        assert durable(bert.device().send(bert.tracker(), minutes(0, 0, [1]))) == {0: [[0, 0]]}
        assert code_of_error(agents[0].send("x")) == (429, "request.too_often")
        refused = list(islice(as_completed(begun, PATIENCE_S), 12))  # before the places of the others are free again
        assert len(refused) == 12
    answers = [one.result() for one in begun]
    assert sorted(code_of_error(answer) for answer in answers) == (
        [(422, "request.not_cbor")] * 4 + [(429, "request.too_often")] * 12
    )
    assert durable(agents[0].send(anna.tracker(), minutes(0, 0, [1]))) == {0: [[0, 0]]}  # all is given back


def test_a_body_that_has_not_arrived_has_no_place_for_the_work(worlds: Worlds) -> None:
    world = with_few(worlds, ingest_waiting=1)
    people = [world.person(f"person{at}") for at in range(4)]
    with beginning([person.device() for person in people], 4):
        agent, tracker = people[0].device(), people[0].tracker()
        assert durable(agent.send(tracker, minutes(0, 0, [1]))) == {0: [[0, 0]]}


def test_more_arriving_bodies_than_there_is_memory_for_are_told_to_come_back(worlds: Worlds) -> None:
    world = with_few(worlds, ingest_arriving=2)
    people = [world.person(f"person{at}") for at in range(3)]
    with beginning([person.device() for person in people[:2]], 2):
        refused = people[2].device().send("x")
        assert code_of_error(refused) == (503, "server.busy")
        assert int(refused.headers["Retry-After"]) >= 1


def test_the_settings_leave_room_for_others_beside_one_account() -> None:
    settings = Settings()
    assert settings.ingest_of_one < settings.ingest_of_account < settings.ingest_waiting < settings.ingest_arriving
    held = (settings.ingest_arriving + settings.ingest_waiting) * settings.ingest_bytes
    assert held <= 768 * 1024 * 1024


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/accounts", "/v1/tokens", "/v1/nothing", "/v1/ingest"])
def test_a_body_that_does_not_come_is_not_waited_for(worlds: Worlds, path: str) -> None:
    world = with_few(worlds, request_arrival_s=0.05, ingest_arrival_s=0.05)
    agent = world.person("anna").device()

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    for headers in ({}, {"Authorization": f"Bearer {agent.token}"}):
        if path == "/v1/ingest" and not headers:
            continue  # refused before its body is read
        answer = world.client().post(path, content=never(), headers=headers)
        assert code_of_error(answer) == (408, "request.too_slow")
        assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("token", ["", "Bearer x", "Bearer unstuck_session_" + "0" * 16 + "_" + "0" * 64])
def test_what_is_no_json_counts_for_its_address(worlds: Worlds, token: str) -> None:
    world = worlds(settings=Settings(rates=Rates(address=Rate(7.0, 3)), password_cost=CHEAP))
    headers = {"Authorization": token, "Content-Type": "application/json"}

    def ask(path: str, address: str) -> tuple[int, str]:
        return code_of_error(world.client(address).post(path, content=b"{", headers=headers))

    answers = [ask("/v1/sessions", "192.0.2.1") for _ in range(4)]
    assert answers == [(422, "request.invalid")] * 3 + [(429, "request.too_often")]
    assert ask("/v1/accounts", "192.0.2.1") == (429, "request.too_often")
    assert ask("/v1/accounts", "192.0.2.2") == (422, "request.invalid")


@pytest.mark.parametrize("path", ["/v1/status", "/v1/releases", "/v1/me", "/v1/nothing"])
def test_a_request_without_a_token_counts_once(worlds: Worlds, path: str) -> None:
    client = worlds(settings=Settings(rates=Rates(address=Rate(7.0, 3)), password_cost=CHEAP)).client()
    statuses = [client.get(path).status_code for _ in range(4)]
    assert 429 not in statuses[:3]
    assert statuses[3] == 429


def test_a_request_with_a_good_token_does_not_count_for_its_address(worlds: Worlds) -> None:
    rates = Rates(address=Rate(7.0, 1))
    person = worlds(settings=Settings(rates=rates, password_cost=CHEAP)).person("anna")
    assert [person.ask("GET", "/v1/me").status_code for _ in range(3)] == [200] * 3


def test_the_door_knows_every_public_address() -> None:
    assert {path for _, path in PUBLIC} == PUBLIC_PATHS
