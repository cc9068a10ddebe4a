"""Fetching an image: from the offset, whatever the server makes of it, and kept between tries."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.chain.releases.made import image, manifest
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.image import ImageFile, forget_images
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.server import Server

IMAGE = image(1_000)
MANIFEST = manifest(IMAGE)


def fetched(answer: Callable[[httpx.Request], httpx.Response], offset: int = 0) -> bytes:
    async def life() -> bytes:
        async with Server("http://server", "t", httpx.MockTransport(answer)) as server:
            return b"".join([piece async for piece in server.image(MANIFEST, offset)])

    return asyncio.run(life())


def test_what_is_missing_is_asked_for() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == f"/v1/releases/firmware/{MANIFEST.product}/2.0.0/image"
        assert request.headers["Range"] == "bytes=300-"
        return httpx.Response(206, content=IMAGE[300:])

    assert fetched(answer, 300) == IMAGE[300:]


def test_a_server_that_sends_all_of_it_is_understood() -> None:
    assert fetched(lambda request: httpx.Response(200, content=IMAGE), 300) == IMAGE[300:]


def test_no_more_is_taken_than_was_promised() -> None:
    endless = httpx.Response(206, content=IMAGE[300:] + bytes(10**6))
    assert fetched(lambda request: endless, 300) == IMAGE[300:]


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (426, {"code": "agent.too_old", "message": "m", "what_to_do": "w", "minimum": "9.0.0"}, Outcome.AGENT_TOO_OLD),
        (404, {"code": "release.not_found", "message": "m", "what_to_do": "w"}, Outcome.SERVER_REFUSED),
        (503, {}, Outcome.SERVER_BUSY),
    ],
)
def test_a_refusal_is_said_as_such(status: int, body: dict[str, str], outcome: Outcome) -> None:
    with pytest.raises(ServerError) as refused:
        fetched(lambda request: httpx.Response(status, json=body))
    assert refused.value.outcome is outcome
    assert body.get("minimum", "") in refused.value.detail


def test_a_line_that_breaks_is_a_silent_server() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("gone")

    with pytest.raises(ServerError) as refused:
        fetched(answer)
    assert refused.value.outcome is Outcome.SERVER_SILENT


def test_a_part_is_kept_and_only_the_signed_whole_is_whole(tmp_path: Path) -> None:
    file = ImageFile(tmp_path, MANIFEST)
    assert (file.size_bytes, file.whole) == (0, False)
    file.append(IMAGE[:400])
    again = ImageFile(tmp_path, MANIFEST)
    assert (again.size_bytes, again.whole) == (400, False)
    again.append(IMAGE[400:])
    assert ImageFile(tmp_path, MANIFEST).whole
    assert again.part(990, 50) == IMAGE[990:]
    again.remove()
    again.append(bytes(len(IMAGE)))
    assert not again.whole
    forget_images(tmp_path)
    assert list(tmp_path.iterdir()) == []
