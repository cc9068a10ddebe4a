"""The page's machines do in every step what ours do, on the recorded exchanges of Golden Gate and on bad channels."""

import random
from typing import Any

import cbor2
import pytest
from tools.screenshots import CHROMIUM

from tests.chain.link import replay, vectors
from tests.chain.link.channel import Channel, Faults
from tests.chain.phone import made
from tests.data import needs_data
from tests.web.pages.phone.machines import Machines
from tests.web.pages.phone.traced import TracedEndpoint, TracedStack
from unstuck.chain.link import Role, Settings
from unstuck.chain.link.coap import CoapStep, Code, Endpoint, Request, Response
from unstuck.chain.link.events import Datagram
from unstuck.chain.link.settings import over_gatt
from unstuck.chain.phone.gate import Trim, furthest_safe, trim_reasons_not
from unstuck.chain.records import Batch, BatchError, Kind, Ranges, Record, decode, encode

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed"),
]

ENDS = [(name, end) for name in vectors.names() if name != "none" for end in vectors.ends(name)]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    TracedStack.made = []


@needs_data
@pytest.mark.parametrize(("name", "end"), ENDS)
def test_recorded_exchange_gives_the_same_packets_events_and_timers(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, name: str, end: str
) -> None:
    monkeypatch.setattr(replay, "Stack", TracedStack)
    compress = name in ("13_small_get_SNG_header_compression", "90_probe_header_compression_1")
    replay.Replay(name, end, compress=compress).run()
    assert TracedStack.made
    for stack in TracedStack.made:
        assert stack.calls
        assert machines.call("link", stack.history) is None


BAD = {
    "good": Faults(delay_ms=10),
    "lost": Faults(loss=0.1, delay_ms=10),
    "doubled": Faults(duplicate=0.3, delay_ms=10),
    "overtaken": Faults(reorder=0.1, delay_ms=10),
    "damaged": Faults(corrupt=0.03, delay_ms=10),
    "all": Faults(0.06, 0.06, 0.01, 0.05, 15),
}


class Talk:
    """A hub that asks and a node that answers, both written down, over a bad channel in virtual time."""

    def __init__(self, faults: Faults, seed: int, settings: Settings) -> None:
        ends = TracedStack(Role.HUB, settings=settings), TracedStack(Role.NODE, settings=settings)
        self.channel = Channel(ends, faults, seed)
        self.asking = TracedEndpoint(seed)
        self._answering = Endpoint(random.Random(seed), _served, seals=False)
        self._read = [0, 0]
        for place, end in enumerate(ends):
            self.channel.take(place, end.start(0.0))

    def ask(self, request: Request, until_ms: float) -> None:
        """Until answered or given up; an answer may be lost with a session that damage ended."""
        channel = self.channel
        channel.run(until_ms, lambda: channel.ends[0].open)
        handle, step = self.asking.request(request, channel.now_ms)
        self._take(0, step)
        done = [False]

        def look() -> bool:
            for place in (0, 1):
                for event in channel.told[place][self._read[place] :]:
                    self._read[place] += 1
                    if isinstance(event, Datagram):
                        end = self.asking if place == 0 else self._answering
                        done[0] |= self._take(place, end.receive(event.data, channel.now_ms), handle)
            return done[0]

        while not done[0] and channel.now_ms < until_ms:
            channel.run(min(until_ms, self.asking.deadline_ms or until_ms), look)
            if not done[0]:
                done[0] |= self._take(0, self.asking.tick(channel.now_ms), handle)

    def _take(self, place: int, step: CoapStep, handle: int = 0) -> bool:
        for datagram in step.datagrams:
            self.channel.take(place, self.channel.ends[place].send(datagram, self.channel.now_ms))
        return any(getattr(event, "handle", None) == handle for event in step.events)


def _served(request: Request) -> Response:
    size = int(request.query[0]) if request.query else len(request.payload)
    return Response(Code.CONTENT, bytes(place * 7 % 256 for place in range(size)))


@pytest.mark.parametrize("faults", BAD)
@pytest.mark.parametrize("seed", range(4))
def test_bad_channel_gives_the_same_in_every_step(machines: Machines, faults: str, seed: int) -> None:
    settings = over_gatt(20 if seed % 2 else 244)
    talk = Talk(BAD[faults], seed, settings)
    for size in (0, 30, 1024, 5000, 26_000):
        talk.ask(Request(Code.GET, ("records",), (str(size),)), talk.channel.now_ms + 90_000)
    talk.ask(Request(Code.POST, ("sync",), payload=bytes(2500)), talk.channel.now_ms + 90_000)
    assert len(TracedStack.made) == 2
    for stack in TracedStack.made:
        assert machines.call("link", stack.history) is None
    assert machines.call("coap", talk.asking.history) is None


def _random_batch(dice: random.Random) -> Batch:
    start, first = dice.randrange(2**31), dice.randrange(5000)
    boot = dice.randrange(9)
    records = []
    for sequence in range(first, first + dice.choice((1, 2, 40, 300))):
        kind = dice.choices(list(Kind), (30, 1, 2, 1, 2))[0]
        count = {Kind.MINUTE: 4, Kind.DAY: 3, Kind.SLEEP: 1, Kind.WORKOUT: 6, Kind.EVENT: 2}[kind]
        largest = dice.choice((2, 200, 2**53))
        records.append(
            Record(
                boot, sequence, kind, start, dice.choice((0, 60)), tuple(dice.randrange(largest) for _ in range(count))
            )
        )
        start = max(0, start + dice.choice((60, 60, 60, 0, -500, 10**6)))
    return Batch(tuple(records))


def _verdict(raw: bytes) -> list[int] | None:
    try:
        batch = decode(raw)
    except BatchError:
        return None
    return [batch.boot, batch.first, batch.last]


def test_page_takes_for_a_batch_exactly_what_the_server_does(machines: Machines) -> None:
    dice = random.Random(20261127)
    given = [encode(made.batch(3, 0, 999)), b"", b"\x88"]
    for _ in range(150):
        raw = encode(_random_batch(dice))
        given.append(raw)
        for _ in range(6):
            damaged = bytearray(raw)
            for _ in range(dice.choice((1, 1, 2, 4))):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            given.append(bytes(damaged))
        given += [raw[: dice.randrange(len(raw))], raw + b"\0"]
    wanted = [_verdict(raw) for raw in given]
    assert 200 < sum(one is None for one in wanted) < len(wanted) - 200
    assert machines.call("batches", [raw.hex() for raw in given]) == wanted


def test_cbor_comes_back_as_it_was(machines: Machines) -> None:
    values: list[Any] = [
        0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**53 - 1, -1, -24, -25, -300, -(2**40), b"",
        b"\0" * 300, "", "Uhr \u00e9 \U0001f552",
        [], [1, [2, [b"3"]]], {}, {1: [[0, 5]], "held": {3: []}}, True, False, None,
    ]  # fmt: skip
    raws = [cbor2.dumps(value) for value in values]
    assert machines.call("cbor", [raw.hex() for raw in raws]) == [raw.hex() for raw in raws]
    refused = [
        b"", b"\x18", b"\x9f\xff", b"\xf9\x3c\x00", b"\xc1\x00", b"\x01\x02", b"\x61\xff",
        b"\x9b" + b"\xff" * 8, b"\x81" * 40, b"\x1b\x00\x20\x00\x00\x00\x00\x00\x00", b"\xa2\x01\x02\x01\x03",
    ]  # fmt: skip
    assert machines.call("cbor", [raw.hex() for raw in refused]) == [None] * len(refused)


def _set(dice: random.Random) -> Ranges:
    return Ranges.numbers(number for number in range(30) if dice.random() < dice.choice((0.1, 0.5, 0.9)))


def test_sets_of_numbers_are_those_of_the_agent(machines: Machines) -> None:
    dice = random.Random(5)
    pairs = [(_set(dice), _set(dice)) for _ in range(300)]
    wanted = [[(one | two).as_lists(), (one - two).as_lists(), (one & two).as_lists(), one.total] for one, two in pairs]
    assert machines.call("ranges", [[one.as_lists(), two.as_lists()] for one, two in pairs]) == wanted


def test_gate_has_the_agent_s_reasons_against_every_trim(machines: Machines) -> None:
    dice = random.Random(6)
    trims = []
    for _ in range(600):
        drained = _set(dice)
        trims.append(
            Trim(
                tracker="a",
                boot=1,
                through=dice.randrange(35),
                answering=dice.choice(("a", "a", "b", None)),
                held=dice.choice((None, _set(dice), Ranges.span(0, 20), Ranges())),
                drained=drained,
                committed=dice.choice((drained, drained & _set(dice), Ranges.span(0, 29))),
                synced=dice.random() < 0.8,
                sound=dice.random() < 0.8,
                alone=dice.random() < 0.8,
                erased=dice.random() < 0.2,
                forbidden=dice.choice(("", "", "not now")),
            )
        )
    given = [
        {
            "tracker": one.tracker,
            "boot": one.boot,
            "through": one.through,
            "answering": one.answering,
            "held": None if one.held is None else one.held.as_lists(),
            "drained": one.drained.as_lists(),
            "committed": one.committed.as_lists(),
            "synced": one.synced,
            "sound": one.sound,
            "alone": one.alone,
            "erased": one.erased,
            "forbidden": one.forbidden,
        }
        for one in trims
    ]
    wanted = [[[str(reason.why), reason.about.as_lists()] for reason in trim_reasons_not(one)] for one in trims]
    assert [] in wanted
    assert len({reason[0] for reasons in wanted for reason in reasons}) == 11
    assert machines.call("gate", given) == wanted
    pairs = [(held, committed) for held, committed in ((_set(dice), _set(dice)) for _ in range(300)) if held]
    answers = machines.call("furthest", [[held.as_lists(), committed.as_lists()] for held, committed in pairs])
    assert answers == [furthest_safe(held, committed) for held, committed in pairs]
