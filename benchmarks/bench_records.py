"""Records: bytes each takes, in a batch and over the air, beside JSON; and how many a second are written and read.

Real minutes with their real heart rate where the shared data is, else a made-up person's. Over the air
is a whole sync (status, records, trim) through CoAP, Gattlink and the headers of Bluetooth below it,
both directions, without loss, in virtual time.
"""

import json
import random
import statistics
import time
from collections.abc import Callable, Mapping

import cbor2
from tests.chain import golden

from benchmarks.scale import SMOKE
from unstuck.chain.link.coap import Answered, CoapStep, Code, Endpoint, Request, Response
from unstuck.chain.link.events import Datagram
from unstuck.chain.link.settings import Settings
from unstuck.chain.link.stack import Role, Stack
from unstuck.chain.records import Batch, Kind, Minute, Record, Wear, decode, encode
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.source import Sample

RUNS = 1 if SMOKE else 5
DAY_RECORDS = 1_440
START_S = 1_460_505_600
"""2016-04-13 00:00 UTC (Unix s), for the made-up person."""

BYTES_LIMIT = 4
RHYTHM_S = 900
"""How often a phone drains when it can: 15 minutes."""

PACKET_BYTES = 244
HEADER_BYTES = 21
"""Below a Gattlink packet: ATT 3, L2CAP 4, and of the encrypted LE data packet preamble 1, access address 4,
header 2, MIC 4, CRC 3 (Bluetooth Core, vol. 6 part B, 2.1). Empty polling packets are not counted."""


class Worn:
    """Minutes that were measured, as a source."""

    def __init__(self, minutes: Mapping[int, tuple[int, int]]) -> None:
        self._minutes = minutes

    def sample(self, minute_s: int) -> Sample | None:
        """Steps and heart rate of a minute; None where there was none."""
        found = self._minutes.get(minute_s)
        return Sample(Minute(*found, 0, Wear.NOT_KNOWN)) if found else None


def run() -> list[dict[str, object]]:
    """Rows for size and for speed."""
    whose, minutes = measured()
    records = as_records(minutes)
    batches = [Batch(tuple(records[at : at + DAY_RECORDS])) for at in range(0, len(records), DAY_RECORDS)]
    written = [encode(batch) for batch in batches]
    size = sum(map(len, written)) / len(records)
    text = [{"time": r.start, "steps": r.value[0], "heart_rate": r.value[1]} for r in records]
    as_json = len(json.dumps(text, separators=(",", ":"))) / len(records)
    rows = [
        _row(f"a minute record with steps and heart rate in a batch ({whose})", size, "bytes", f"<= {BYTES_LIMIT}"),
        _row(f"the same over the air, every header, whole sync ({whose})", over_air(minutes), "bytes", "<= 4"),
    ]
    rows[0] |= {"peer": "JSON, compact", "peer_value": as_json, "ratio": as_json / size}
    often = over_air(minutes, every_s=RHYTHM_S)
    rows.append(_row("the same, a sync every 15 minutes", often, "bytes", None))
    many = [
        Batch(tuple(month[at : at + DAY_RECORDS]))
        for month in golden_months()
        for at in range(0, len(month), DAY_RECORDS)
    ]
    count = sum(len(batch.records) for batch in many)
    packed = [encode(batch) for batch in many]
    steps_only = sum(map(len, packed)) / count
    rows.append(_row(f"a minute record with steps alone in a batch ({count:,} minutes)", steps_only, "bytes", None))
    rows.append(_row("records written to batches", _rate(count, lambda: _each(encode, many)), "records/s", None))
    rows.append(_row("records read from batches", _rate(count, lambda: _each(decode, packed)), "records/s", None))
    return rows


def measured() -> tuple[str, dict[int, tuple[int, int]]]:
    """Whose minutes, and (steps, heart rate) by start (Unix s)."""
    if golden.MINUTES.is_file() and golden.HEART.is_file():
        rates = golden.heart_rates()
        steps = dict(golden.minutes(golden.golden_month()[golden.HEART_USER]))
        return f"{len(rates):,} real ones", {at: (steps[at], rates[at]) for at in sorted(rates)}
    person = Generator(1)
    samples = {at: person.sample(at).minute for at in range(START_S, START_S + 2 * 86_400, 60)}
    return f"{len(samples):,} made up", {at: (one.steps, one.heart_rate) for at, one in samples.items()}


def golden_months() -> list[list[Record]]:
    """The golden month of each; of a made-up person where the data is not here."""
    if golden.MINUTES.is_file() and not SMOKE:
        months = [dict(golden.minutes(hours)) for hours in golden.golden_month().values()]
    else:
        months = [{at: Generator(1).sample(at).minute.steps for at in range(START_S, START_S + 86_400, 60)}]
    return [as_records({at: (steps, 0) for at, steps in month.items()}) for month in months]


def as_records(minutes: Mapping[int, tuple[int, int]]) -> list[Record]:
    """Minute records of one boot."""
    return [Record(0, place, Kind.MINUTE, at, 60, (*minutes[at], 0, 0)) for place, at in enumerate(sorted(minutes))]


def over_air(minutes: Mapping[int, tuple[int, int]], every_s: int = 0) -> float:
    """Bytes over the air per minute record: one sync of them all, or one every so many seconds."""
    first, end = min(minutes), max(minutes) + 60
    device = Tracker(Identity("bench", "bench", "0"), RamFiles(), Worn(minutes), first)
    now = float(first)
    link = Link(device.handler(lambda: now))
    found: list[Record] = []
    while now < end:
        now = min(float(end), now + every_s) if every_s else float(end)
        found += link.sync()
    count = sum(record.kind is Kind.MINUTE for record in found)
    if count != len(minutes):
        raise RuntimeError(f"{count} of {len(minutes)} minutes came over the link")
    return link.bytes / count


class Link:
    """A phone's and a tracker's end joined without loss; counts what passes between them."""

    def __init__(self, handler: Callable[[Request], Response]) -> None:
        settings = Settings(packet_bytes=PACKET_BYTES)
        self.bytes = 0
        self._now_ms = 0.0
        self._stacks = {role: Stack(role, settings=settings) for role in Role}
        self._ends = {Role.HUB: Endpoint(random.Random(1)), Role.NODE: Endpoint(random.Random(2), handler)}
        self._air: list[tuple[Role, bytes]] = []
        self._answers: list[Response] = []
        for role, stack in self._stacks.items():
            self._air += [(role, packet) for packet in stack.start(0.0).packets]
        self._settle()

    def sync(self) -> list[Record]:
        """One drain: status, records, trim."""
        status = cbor2.loads(self.ask(Request(Code.GET, ("status",))).payload)
        found: list[Record] = []
        for boot, spans in status["held"].items():
            for start, end in spans:
                while start <= end:
                    query = (f"boot={boot}", f"from={start}", f"max={DAY_RECORDS}")
                    batch = decode(self.ask(Request(Code.GET, ("records",), query)).payload)
                    found += batch.records
                    start = batch.last + 1
            trim = cbor2.dumps({"boot": boot, "through": spans[-1][1]})
            self.ask(Request(Code.POST, ("trim",), payload=trim))
        return found

    def ask(self, request: Request) -> Response:
        """The phone asks; the link runs until the answer is here."""
        self._answers.clear()
        _, step = self._ends[Role.HUB].request(request, self._now_ms)
        self._send(Role.HUB, step)
        while not self._answers:
            self._settle()
            if not self._answers:
                self._wait()
        return self._answers[0]

    def _wait(self) -> None:
        self._now_ms = min(at for stack in self._stacks.values() if (at := stack.deadline_ms) is not None)
        for role, stack in self._stacks.items():
            self._air += [(role, packet) for packet in stack.tick(self._now_ms).packets]

    def _settle(self) -> None:
        while self._air:
            sender, packet = self._air.pop(0)
            self.bytes += len(packet) + HEADER_BYTES
            role = Role.NODE if sender is Role.HUB else Role.HUB
            step = self._stacks[role].receive(packet, self._now_ms)
            self._air += [(role, reply) for reply in step.packets]
            for event in step.events:
                if isinstance(event, Datagram):
                    self._send(role, self._ends[role].receive(event.data, self._now_ms))

    def _send(self, role: Role, step: CoapStep) -> None:
        self._answers += [event.response for event in step.events if isinstance(event, Answered)]
        for datagram in step.datagrams:
            self._air += [(role, packet) for packet in self._stacks[role].send(datagram, self._now_ms).packets]


def _each(work: Callable[..., object], items: list[Batch] | list[bytes]) -> None:
    for item in items:
        work(item)


def _rate(count: int, work: Callable[[], None]) -> float:
    spent = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return count / statistics.median(spent)


def _row(name: str, value: float, unit: str, limit: str | None) -> dict[str, object]:
    empty = {"peer": None, "peer_value": None, "ratio": None}
    return {"name": name, "value": value, "unit": unit, "limit": limit, **empty}
