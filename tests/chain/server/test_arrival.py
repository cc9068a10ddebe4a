"""Bodies that do not come: they keep nobody else out, and they do not last."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from httpx import Response

from tests.chain.server.world import CHEAP, NO_LIMITS, Agent, World, code_of_error, durable, minutes
from unstuck.chain.server.domain.settings import Settings

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
