"""What the agent tells the server of the tracker."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from unstuck.chain.phone.engine import Status
from unstuck.chain.phone.server import Server
from unstuck.chain.records import Ranges

STATUS = Status("t1", "Band", boot=1, end=10, tag=7, now_s=1000, held={1: Ranges.span(0, 9)}, overwritten={})


def told(status: Status) -> dict[str, Any]:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(204)

    async def life() -> None:
        async with Server("http://server", "t", httpx.MockTransport(answer)) as server:
            await server.tell_held("t1", status, {})

    asyncio.run(life())
    found: dict[str, Any] = json.loads(bodies[0])["tracker"]
    return found


def with_versions(model: str, firmware: str) -> Status:
    return replace(STATUS, firmware=firmware, model=model)


def test_model_and_firmware_are_told_with_what_is_held() -> None:
    found = told(with_versions("band-2", "1.3.0"))
    assert (found["model"], found["firmware"]) == ("band-2", "1.3.0")
    assert found["held"] == {"1": [[0, 9]]}


@pytest.mark.parametrize("odd", ["", "x" * 65, "1.0\x1b[2J"])
def test_an_odd_version_does_not_keep_the_ranges_from_being_told(odd: str) -> None:
    found = told(with_versions(odd, odd))
    assert "model" not in found
    assert "firmware" not in found
    assert found["held"] == {"1": [[0, 9]]}
