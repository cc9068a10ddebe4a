"""A plain phone that updates a tracker in this process, from wherever the tracker has got to."""

from dataclasses import replace
from typing import Any

import cbor2

from tests.chain.releases.made import KEYS, release
from unstuck.chain.link.coap import Code, Request, Response
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Files
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.memory import Capacity
from unstuck.chain.tracker.resources import Identity

START = 1_460_505_600
"""2016-04-13 00:00 UTC (Unix seconds)."""

ME = Identity("F0:00:00:00:00:01", "a tracker", "1.0.0")
CHUNK_BYTES = 1_000


def tracker(files: Files, true_s: float = START, **more: Any) -> Tracker:
    return Tracker(ME, files, Generator(1), true_s, **{"release_keys": KEYS, "capacity": Capacity(segment=60), **more})


def ask(device: Tracker, method: Code, payload: bytes = b"", *query: str, path: str = "firmware") -> Response:
    return device.handle(Request(method, (path,), query, payload), device.notes.recorded_until_s)


def told(device: Tracker) -> dict[str, Any]:
    fields: dict[str, Any] = cbor2.loads(ask(device, Code.GET).payload)
    return fields


def version(device: Tracker) -> str:
    return str(cbor2.loads(ask(device, Code.GET, path="status").payload)["firmware"])


def put(device: Tracker, image: bytes, offset: int) -> Response:
    return ask(device, Code.PUT, image[offset : offset + CHUNK_BYTES], f"offset={offset}")


def push(device: Tracker, image: bytes, number: str) -> None:
    """Begin or go on, until it is ready."""
    if told(device)["trial"] == "none":
        begun = ask(device, Code.POST, release(image, number))
        assert begun.code == Code.CHANGED, begun.payload
        offset = cbor2.loads(begun.payload)["offset"]
        while offset < len(image):
            answer = put(device, image, offset)
            assert answer.code == Code.CHANGED, answer.payload
            offset = cbor2.loads(answer.payload)["offset"]
    assert told(device)["trial"] == "ready"


def install(device: Tracker, image: bytes, number: str) -> None:
    """All of it, to the first request that the new firmware answers."""
    push(device, image, number)
    assert ask(device, Code.POST, path="restart").code == Code.CHANGED


def charge(device: Tracker, percent: int) -> None:
    device.notes = replace(device.notes, battery_millipercent=percent * 1000, charging=0)
