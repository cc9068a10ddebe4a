"""The stream of events, on a real server: the whole state first, then news, and an end when the token is revoked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.chain.server.process import ServerProcess
from tests.chain.server.test_durability import TRACKER, join, send
from tests.chain.server.world import PASSWORD


def events_in(stream: httpx.Response) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in stream.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def test_a_stream_tells_the_state_then_news_and_ends_with_its_token(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        headers = join(server)
        stranger = server.http.post("/v1/accounts", json={"name": "bert", "password": PASSWORD}).json()["token"]
        with (
            server.http.stream("GET", "/v1/events", headers=headers) as stream,
            server.http.stream("GET", "/v1/events", headers={"Authorization": f"Bearer {stranger}"}) as other,
        ):
            news = events_in(stream)
            empty = {"tracker": None, "phone": None, "server": None}
            assert next(news) == ("state", {"tracker": TRACKER, "watermarks": empty})
            send(server, headers, 0, 3)
            kind, data = next(news)
            assert (kind, data["watermarks"]["server"]["sequence"]) == ("records", 2)
            told = {"phone": {"held": {"0": [[3, 3]]}}}
            server.http.post(f"/v1/trackers/{TRACKER}/held", json=told, headers=headers)
            kind, data = next(news)
            assert (kind, data["watermarks"]["phone"]["sequence"]) == ("held", 3)
            session = server.http.post("/v1/sessions", json={"name": "anna", "password": PASSWORD}).json()["token"]
            signed_in = {"Authorization": f"Bearer {session}"}
            listed = server.http.get("/v1/tokens", headers=signed_in).json()["tokens"]
            (device,) = [token["id"] for token in listed if token["kind"] == "device"]
            server.http.delete(f"/v1/tokens/{device}", headers=signed_in)
            assert list(news) == []  # it ends
            signed_out = server.http.delete("/v1/sessions/current", headers={"Authorization": f"Bearer {stranger}"})
            assert signed_out.status_code == 204
            assert list(events_in(other)) == []  # another account heard nothing of it
