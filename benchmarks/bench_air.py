"""Bytes over the air for each minute with steps and heart rate, in four rhythms, beside FIT and JSON on the same link.

Real minutes with their real heart rate where the shared data is, else a made-up person's. What is counted is all that
the agent's own drain and the tracker say to each other on one connection, both directions, from Gattlink's handshake
on, without loss, in virtual time; hours without a minute too, in which the phone asks in vain (and more seldom, as its
rhythm has it). Not counted: the empty packets of a connection, and finding each other.
"""

import asyncio
import json
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_records import measured
from benchmarks.fit import fit_file
from benchmarks.scale import SMOKE
from unstuck.chain.link.coap import Answered, CoapStep, Code, Endpoint, Failed, Request, Response
from unstuck.chain.link.events import Datagram
from unstuck.chain.link.settings import ATT_HEADER_BYTES, over_gatt
from unstuck.chain.link.stack import Role, Stack
from unstuck.chain.phone.drain import Drain
from unstuck.chain.phone.hosts import Desktop
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.rhythm import next_try
from unstuck.chain.phone.tracker import TrackerApi
from unstuck.chain.records import Minute, Ranges, Wear
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.source import Sample

MTU_BYTES = 247
"""ATT MTU: what one LE data packet of 251 bytes carries below L2CAP."""

HEADER_BYTES = ATT_HEADER_BYTES + 4
"""Below Gattlink: ATT and L2CAP."""

LINK_LAYER_BYTES = 14
"""Below L2CAP, for each packet: preamble 1, access address 4, header 2, MIC 4, CRC 3 (Bluetooth Core, vol. 6 part B,
2.1), encrypted, at 1 Mbit/s."""

ASKING = Request(Code.POST, ("sync",), payload=bytes(16))
"""What the peers' answers are asked with: as long as ours."""

RHYTHMS = (("one drain of all", None, 4), ("a sync a day", 86_400, 4), ("every hour", 3_600, 5))
OFTEN = ("every 15 minutes", 900, 12)
"""Name, seconds, most bytes from Gattlink to L2CAP. 4 is the goal. A sync costs about 90 bytes whatever it brings, and
15 minutes are about 65 in a batch: the bounds of the two short rhythms are what was reached, not the goal."""

TRACKER = "C0:00:00:00:00:01"

Minutes = Mapping[int, tuple[int, int]]
"""(steps, heart rate) by start (Unix s)."""


@dataclass(frozen=True, slots=True)
class Air:
    """What went over the air for so many minutes."""

    minutes: int
    bytes: int
    packets: int

    @property
    def each(self) -> float:
        """Bytes a minute with all headers down to L2CAP."""
        return (self.bytes + self.packets * HEADER_BYTES) / self.minutes

    @property
    def each_below(self) -> float:
        """Bytes a minute with those of the link layer too."""
        return self.each + self.packets * LINK_LAYER_BYTES / self.minutes


class Worn:
    """Minutes that were measured, as a source."""

    def __init__(self, minutes: Minutes) -> None:
        self._minutes = minutes

    def sample(self, minute_s: int) -> Sample | None:
        """Steps and heart rate of a minute; None where there was none."""
        found = self._minutes.get(minute_s)
        return Sample(Minute(*found, 0, Wear.NOT_KNOWN)) if found else None


def run() -> list[dict[str, object]]:
    """Rows for each rhythm, and for a sync in vain."""
    whose, minutes = measured()
    rows: list[dict[str, object]] = []
    for name, every_s, most in RHYTHMS if SMOKE else (*RHYTHMS, OFTEN):
        ours, asked = drained(minutes, every_s)
        fit, as_json = (carried(minutes, asked, body) for body in (fit_file, json_text))
        limit = None if most is None else f"<= {most}"
        rows.append(_row(f"{name} ({whose}), Gattlink to L2CAP", ours.each, limit, "FIT", fit.each))
        rows.append(_row(f"{name}, with the link layer", ours.each_below, None, "JSON", as_json.each_below))
    rows.append({"name": "a sync that finds nothing new, Gattlink to L2CAP", "value": in_vain(), "unit": "bytes"})
    return rows


def drained(minutes: Minutes, every_s: int | None) -> tuple[Air, list[float]]:
    """The agent drains the tracker in this rhythm, None: once; and when it asked (Unix s)."""
    now, end = float(min(minutes)), float(max(minutes) + 60)
    asked: list[float] = []
    outcomes: list[Outcome] = []
    device = Tracker(Identity(TRACKER, "Unstuck One", "1.0.0"), RamFiles(), Worn(minutes), now)
    link = Link(device.handler(lambda: now))
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal")
        drain = Drain(journal, TRACKER, TrackerApi(link), Desktop(), lambda: now, lambda: None)
        while now < end:
            again_s = next_try(outcomes or [Outcome.SYNCED], now, 0.0, every_s=every_s).at_s if every_s else end
            now = min(end, again_s)
            attempt = asyncio.run(drain.attempt())
            if not attempt.outcome.good:
                raise RuntimeError(f"{attempt.outcome}: {attempt.detail}")
            outcomes.append(attempt.outcome)
            asked.append(now)
        safe = journal.ledger(TRACKER).committed
        journal.close()
    if safe != {boot: Ranges.span(0, end - 1) for boot, end in device.memory.ends.items()}:
        raise RuntimeError("not every record came over the link")
    return Air(len(minutes), link.bytes, link.packets), asked


def carried(minutes: Minutes, asked: Sequence[float], body: Callable[[Minutes], bytes]) -> Air:
    """The same minutes written by ``body``, at the same times what is new, as the answer to one request."""
    waiting: dict[int, tuple[int, int]] = dict(minutes)
    now = 0.0

    def answer(_request: Request) -> Response:
        new = {at: waiting.pop(at) for at in list(waiting) if at + 60 <= now}
        return Response(Code.CONTENT, body(new) if new else b"")

    link = Link(answer)
    for at in asked:
        now = at
        asyncio.run(link.request(ASKING))
    if waiting:
        raise RuntimeError(f"{len(waiting)} minutes were not carried")
    return Air(len(minutes), link.bytes, link.packets)


def in_vain() -> int:
    """Bytes of a sync to which the tracker has nothing to say."""
    device = Tracker(Identity(TRACKER, "Unstuck One", "1.0.0"), RamFiles(), Worn({}), 0.0)
    link = Link(device.handler(lambda: 0.0))
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal")
        drain = Drain(journal, TRACKER, TrackerApi(link), Desktop(), lambda: 0.0, lambda: None)
        for _ in range(2):
            asyncio.run(drain.attempt())
        before = link.bytes + link.packets * HEADER_BYTES
        asyncio.run(drain.attempt())
        journal.close()
    return link.bytes + link.packets * HEADER_BYTES - before


def json_text(minutes: Minutes) -> bytes:
    """Compact JSON, an object a minute."""
    found = [{"time": at, "steps": steps, "heart_rate": rate} for at, (steps, rate) in sorted(minutes.items())]
    return json.dumps(found, separators=(",", ":")).encode()


class Link:
    """A phone's and a tracker's end joined over GATT without loss; counts what passes between them."""

    def __init__(self, handler: Callable[[Request], Response]) -> None:
        self.bytes = 0
        self.packets = 0
        self._now_ms = 0.0
        self._stacks = {role: Stack(role, settings=over_gatt(MTU_BYTES - ATT_HEADER_BYTES)) for role in Role}
        self._ends = {
            Role.HUB: Endpoint(random.Random(1), seals=False),
            Role.NODE: Endpoint(random.Random(2), handler, seals=False),
        }
        self._air: list[tuple[Role, bytes]] = []
        self._answers: list[Answered | Failed] = []
        for role, stack in self._stacks.items():
            self._air += [(role, packet) for packet in stack.start(0.0).packets]
        self._settle()

    async def request(self, request: Request) -> Answered | Failed:
        """The phone asks; the link runs until the answer is here and acknowledged."""
        self._answers.clear()
        _, step = self._ends[Role.HUB].request(request, self._now_ms)
        self._send(Role.HUB, step)
        self._settle()
        while not self._answers or any(not stack.idle for stack in self._stacks.values()):
            self._wait()
            self._settle()
        return self._answers[0]

    def _wait(self) -> None:
        self._now_ms = min(at for stack in self._stacks.values() if (at := stack.deadline_ms) is not None)
        for role, stack in self._stacks.items():
            self._air += [(role, packet) for packet in stack.tick(self._now_ms).packets]

    def _settle(self) -> None:
        while self._air:
            sender, packet = self._air.pop(0)
            self.bytes += len(packet)
            self.packets += 1
            role = Role.NODE if sender is Role.HUB else Role.HUB
            step = self._stacks[role].receive(packet, self._now_ms)
            self._air += [(role, reply) for reply in step.packets]
            for event in step.events:
                if isinstance(event, Datagram):
                    self._send(role, self._ends[role].receive(event.data, self._now_ms))

    def _send(self, role: Role, step: CoapStep) -> None:
        self._answers += [event for event in step.events if isinstance(event, Answered | Failed)]
        for datagram in step.datagrams:
            self._air += [(role, packet) for packet in self._stacks[role].send(datagram, self._now_ms).packets]


def _row(name: str, value: float, limit: str | None, peer: str, peer_value: float) -> dict[str, object]:
    beside = {"peer": peer, "peer_value": peer_value, "ratio": peer_value / value}
    return {"name": name, "value": value, "unit": "bytes", "limit": limit, **beside}
