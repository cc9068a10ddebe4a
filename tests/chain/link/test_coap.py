"""CoAP: our codec against aiocoap's, our two ends against each other over bad links, the recorded messages."""

import random
from dataclasses import replace
from itertools import pairwise

import aiocoap
import pytest
from aiocoap.message import Direction
from aiocoap.numbers.types import Type as OracleType
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.chain.link import vectors
from tests.chain.link.channel import Channel, Faults
from tests.data import DATA
from unstuck.chain.link import Role, Settings, Stack, Step
from unstuck.chain.link.coap import Answered, CoapStep, Code, Endpoint, Failed, Failure, Request, Response, Served
from unstuck.chain.link.coap.message import Kind, Message, Option, parse, seal
from unstuck.chain.link.coap.values import Block
from unstuck.chain.link.events import Datagram
from unstuck.chain.link.ip import parse_ip, parse_udp
from unstuck.chain.link.samples import BIG, HELLO, SampleResources

# codec

MESSAGES = st.builds(
    Message,
    kind=st.sampled_from(Kind),
    code=st.integers(1, 255),
    number=st.integers(0, 0xFFFF),
    token=st.binary(max_size=8),
    options=st.lists(st.tuples(st.integers(0, 65_804 - 269), st.binary(max_size=300)), max_size=6).map(
        lambda options: tuple(sorted(options, key=lambda one: one[0]))
    ),
    payload=st.binary(max_size=64),
)


@given(MESSAGES)
def test_what_is_written_is_read_back(message: Message) -> None:
    assert parse(message.to_bytes()) == message


OPAQUE = (4, 252, 2000, 40_000)
"""Options whose values aiocoap keeps as they are."""


@given(
    st.sampled_from(Kind),
    st.sampled_from([Code.GET, Code.PUT, Code.CONTENT, Code.CONTINUE, Code.INCOMPLETE]),
    st.integers(0, 0xFFFF),
    st.binary(max_size=8),
    st.lists(st.tuples(st.sampled_from(OPAQUE), st.binary(max_size=300)), max_size=4),
    st.lists(st.text(max_size=20), max_size=4),
    st.binary(max_size=64),
)
def test_aiocoap_writes_and_reads_the_same(
    kind: Kind,
    code: Code,
    number: int,
    token: bytes,
    opaque: list[tuple[int, bytes]],
    path: list[str],
    payload: bytes,
) -> None:
    options = opaque + [(int(Option.URI_PATH), one.encode()) for one in path]
    ours = Message(kind, code, number, token, tuple(sorted(options, key=lambda one: one[0])), payload)
    theirs = aiocoap.Message.decode(ours.to_bytes())
    assert theirs.mtype == OracleType(kind)
    assert (theirs.code, theirs.mid, theirs.token, theirs.payload) == (code, number, token, payload)
    assert theirs.opt.uri_path == tuple(path)
    theirs.direction = Direction.OUTGOING
    assert theirs.encode() == ours.to_bytes()


@given(st.binary(max_size=80))
@example(bytes.fromhex("40000000") + b"\x35\0\0\0\0\x80")
@example(bytes.fromhex("40010000") + b"\x35\0\0\0\0\x80")
def test_aiocoap_and_we_agree_on_what_is_a_message(datagram: bytes) -> None:
    ours = parse(datagram)
    if ours is None:
        return
    try:
        theirs = aiocoap.Message.decode(datagram)
    except UnicodeDecodeError:
        # It reads options that are text at once; with us whoever asks for the text finds out.
        assert any(not is_text(value) for _, value in ours.options)
        return
    assert (theirs.mid, theirs.token, theirs.payload) == (ours.number, ours.token, ours.payload)


def is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(st.integers(0, 2**20 - 1), st.booleans(), st.integers(0, 6))
def test_blocks_are_those_of_aiocoap(number: int, more: bool, exponent: int) -> None:
    message = aiocoap.Message(code=aiocoap.GET, _mid=1, _mtype=aiocoap.CON, block2=(number, more, exponent))
    ours = parse(message.encode())
    assert ours
    assert ours.first(Option.BLOCK2) == Block(number, more, exponent).to_bytes()


@pytest.mark.skipif(not (DATA / "golden-gate").is_dir(), reason="the recorded exchanges are not here")
@pytest.mark.parametrize("name", [name for name in vectors.names() if name[:2] in ("10", "11", "12", "20", "21", "22")])
def test_recorded_messages_are_written_as_they_were(name: str) -> None:
    count = 0
    for end in vectors.ends(name):
        for session in vectors.sessions(vectors.history(name, end)):
            stream = b"".join(payload for _, payload in session)
            bounds = vectors.frame_bounds(stream)
            for begin, finish in pairwise(bounds):
                packet = parse_ip(stream[begin:finish])
                datagram = parse_udp(packet) if packet else None
                assert datagram
                message = parse(datagram.payload)
                assert message
                assert message.to_bytes() == datagram.payload
                count += 1
    assert count >= 2


# two ends


class Hub:
    """A client and a server on two stacks over a channel."""

    def __init__(self, faults: Faults, seed: int, own: Settings | None = None) -> None:
        own = own or Settings(185)
        self.channel = Channel((Stack(Role.HUB, settings=own), Stack(Role.NODE, settings=own)), faults, seed)
        dice = random.Random(seed)
        self.handled: list[Request] = []
        resources = SampleResources()

        def handle(request: Request) -> Response:
            self.handled.append(request)
            return resources(request)

        self.coap = (Endpoint(dice), Endpoint(dice, handle))
        self.outcomes: list[Answered | Failed] = []
        take = self.channel.take

        def through(end: int, step: Step) -> None:
            take(end, step)
            for event in step.events:
                if isinstance(event, Datagram):
                    self.took(end, self.coap[end].receive(event.data, self.channel.now_ms))

        self.channel.take = through  # type: ignore[method-assign]  # CoAP listens to what the stacks tell
        for end in (0, 1):
            self.channel.take(end, self.channel.ends[end].start(0.0))
        self.channel.run(60_000, lambda: all(end.open for end in self.channel.ends))

    def took(self, end: int, step: CoapStep) -> None:
        for datagram in step.datagrams:
            self.channel.take(end, self.channel.ends[end].send(datagram, self.channel.now_ms))
        self.outcomes += [event for event in step.events if not isinstance(event, Served)]

    def ask(self, request: Request) -> Answered | Failed:
        count = len(self.outcomes)
        self.took(0, self.coap[0].request(request, self.channel.now_ms)[1])
        while len(self.outcomes) == count:
            due_ms = self.coap[0].deadline_ms
            assert due_ms is not None
            self.channel.run(due_ms, lambda: len(self.outcomes) > count)
            self.took(0, self.coap[0].tick(self.channel.now_ms))
        return self.outcomes[-1]


def test_fifty_kilobytes_go_both_ways_in_blocks() -> None:
    hub = Hub(Faults(), 1)
    assert hub.ask(Request(Code.PUT, ("up",), payload=BIG)) == Answered(1, Response(Code.CREATED))
    assert hub.ask(Request(Code.GET, ("up",))) == Answered(2, Response(Code.CONTENT, BIG, 42))
    assert hub.ask(Request(Code.GET, ("big",))) == Answered(3, Response(Code.CONTENT, BIG, 42))
    assert [len(request.payload) for request in hub.handled] == [51_200, 0, 0]


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 0.1), st.floats(0, 0.1), st.binary(min_size=1, max_size=6000), st.integers(0, 2**32))
def test_a_body_arrives_whole_and_is_handled_once_over_a_bad_link(
    loss: float, duplicate: float, body: bytes, seed: int
) -> None:
    hub = Hub(Faults(loss=loss, duplicate=duplicate, delay_ms=60), seed)
    outcome = hub.ask(Request(Code.PUT, ("store", "x"), payload=body))
    if isinstance(outcome, Failed):
        assert outcome.failure is Failure.NO_ANSWER
        return
    assert outcome.response == Response(Code.CREATED)
    assert [request.payload for request in hub.handled] == [body]
    answer = hub.ask(Request(Code.GET, ("store", "x")))
    assert isinstance(answer, Failed) or answer.response.payload == body


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 0.15), st.binary(min_size=1, max_size=6000), st.integers(0, 2**32))
@example(0.1, b"\1\2" * 2048, 7)
def test_whatever_is_damaged_what_is_answered_and_handled_is_true(corrupt: float, body: bytes, seed: int) -> None:
    hub = Hub(Faults(corrupt=corrupt, delay_ms=60), seed, Settings(20))
    outcome = hub.ask(Request(Code.PUT, ("store", "x"), payload=body))
    assert all((one.path, one.payload) == (("store", "x"), body) for one in hub.handled)
    if isinstance(outcome, Answered):
        assert outcome.response.code in (Code.CREATED, Code.INCOMPLETE)
        answer = hub.ask(Request(Code.GET, ("store", "x")))
        assert isinstance(answer, Failed) or answer.response.payload in (body, b"")


def test_one_wrong_bit_makes_a_message_as_good_as_lost() -> None:
    asks, answers = Endpoint(random.Random(1)), Endpoint(random.Random(2), SampleResources())
    _, step = asks.request(Request(Code.GET, ("nothing",)), 0.0)
    asks.receive(answers.receive(step.datagrams[0], 0.0).datagrams[0], 0.0)  # so that both know the other seals
    _, step = asks.request(Request(Code.GET, ("hello",)), 0.0)
    (asked,) = step.datagrams
    (answered,) = answers.receive(asked, 0.0).datagrams
    for whole, end in ((asked, answers), (answered, asks)):
        # Bytes 0 and 1 hold the version and the code: what is no message, or an empty one, has no seal to check.
        for bit in range(16, 8 * len(whole)):
            wrong = bytearray(whole)
            wrong[bit // 8] ^= 1 << bit % 8
            assert end.receive(bytes(wrong), 0.0) == CoapStep(), bit
    assert asks.receive(answered, 0.0).events == [Answered(2, Response(Code.CONTENT, HELLO, 0))]


def test_two_wrong_bits_that_udp_does_not_see_are_seen() -> None:
    end = Endpoint(random.Random(1), SampleResources())
    wrong = bytearray(seal(Message(Kind.CON, Code.PUT, 7, b"t", ((11, b"store"), (11, b"x")), b"\1\0\0\0")).to_bytes())
    wrong[-4] ^= 1
    wrong[-2] ^= 1
    assert end.receive(bytes(wrong), 0.0) == CoapStep()


def test_a_peer_without_seals_is_understood_until_it_has_sealed_once() -> None:
    end = Endpoint(random.Random(1), SampleResources())
    bare = Message(Kind.CON, Code.GET, 7, b"t", ((11, b"hello"),))
    assert len(end.receive(bare.to_bytes(), 0.0).datagrams) == 1
    assert len(end.receive(seal(replace(bare, number=8)).to_bytes(), 0.0).datagrams) == 1
    assert end.receive(replace(bare, number=9).to_bytes(), 0.0) == CoapStep()


def test_a_peer_that_never_answers_is_given_up_after_five_copies() -> None:
    end = Endpoint(random.Random(1))
    handle, step = end.request(Request(Code.GET, ("hello",)), 0.0)
    copies = list(step.datagrams)
    outcomes: list[object] = []
    waits: list[float] = []
    while (due_ms := end.deadline_ms) is not None:
        waits.append(due_ms)
        step = end.tick(due_ms)
        copies += step.datagrams
        outcomes += step.events
    assert len(copies) == 5
    assert len(set(copies)) == 1
    assert outcomes == [Failed(handle, Failure.NO_ANSWER)]
    assert 5000 <= waits[0] <= 7500
    assert waits == [pytest.approx(waits[0] * factor) for factor in (1, 3, 7, 15, 31)]


def test_requests_are_asked_one_after_the_other() -> None:
    ask, answer = Endpoint(random.Random(1)), Endpoint(random.Random(2), SampleResources())
    _, first = ask.request(Request(Code.GET, ("hello",)), 0.0)
    _, second = ask.request(Request(Code.GET, ("nothing",)), 0.0)
    assert not second.datagrams
    reply = answer.receive(first.datagrams[0], 0.0)
    step = ask.receive(reply.datagrams[0], 0.0)
    assert step.events == [Answered(1, Response(Code.CONTENT, HELLO, 0))]
    step = ask.receive(answer.receive(step.datagrams[0], 0.0).datagrams[0], 0.0)
    assert step.events == [Answered(2, Response(Code.NOT_FOUND))]


def test_a_copy_of_a_request_gets_the_same_reply_and_is_not_handled_again() -> None:
    handled: list[Request] = []

    def handle(request: Request) -> Response:
        handled.append(request)
        return Response(Code.CHANGED, bytes((len(handled),)))

    end = Endpoint(random.Random(1), handle)
    asked = Message(Kind.CON, Code.POST, 7, b"t").to_bytes()
    assert end.receive(asked, 0.0).datagrams == end.receive(asked, 1000.0).datagrams
    assert len(handled) == 1


def test_a_separate_response_is_acknowledged_and_taken() -> None:
    end = Endpoint(random.Random(1))
    handle, step = end.request(Request(Code.GET, ("slow",)), 0.0)
    asked = parse(step.datagrams[0])
    assert asked
    assert end.receive(Message(Kind.ACK, Code.EMPTY, asked.number).to_bytes(), 10.0) == CoapStep()
    assert end.tick(60_000.0) == CoapStep()
    later = Message(Kind.CON, Code.CONTENT, 99, asked.token, (), b"done")
    step = end.receive(later.to_bytes(), 61_000.0)
    assert step.datagrams == [Message(Kind.ACK, Code.EMPTY, 99).to_bytes()]
    assert step.events == [Answered(handle, Response(Code.CONTENT, b"done"))]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (((9, b""),), Code.BAD_OPTION),
        (((Option.URI_PATH, b"\xff"),), Code.BAD_REQUEST),
        (((Option.BLOCK2, b"\x07"),), Code.BAD_REQUEST),
        (((Option.URI_PATH, b"hello"), (Option.ACCEPT, b"\x3c")), Code.NOT_ACCEPTABLE),
        (((Option.URI_PATH, b"hello"), (Option.BLOCK2, b"\x56")), Code.BAD_REQUEST),
        (((Option.URI_PATH, b"up"), (Option.BLOCK1, b"\x1e")), Code.INCOMPLETE),
    ],
)
def test_what_a_request_may_not_be_is_said_by_code(options: tuple[tuple[int, bytes], ...], code: Code) -> None:
    end = Endpoint(random.Random(1), SampleResources())
    method = Code.PUT if code is Code.INCOMPLETE else Code.GET
    reply = parse(end.receive(Message(Kind.CON, method, 1, b"", options).to_bytes(), 0.0).datagrams[0])
    assert reply
    assert reply.code == code


def test_a_ping_is_answered_with_a_reset() -> None:
    step = Endpoint(random.Random(1)).receive(Message(Kind.CON, Code.EMPTY, 5).to_bytes(), 0.0)
    assert step.datagrams == [Message(Kind.RST, Code.EMPTY, 5).to_bytes()]


def test_a_smaller_block_that_the_server_asks_for_is_used() -> None:
    end = Endpoint(random.Random(1))
    _, step = end.request(Request(Code.PUT, ("x",), payload=bytes(3000)), 0.0)
    asked = parse(step.datagrams[0])
    assert asked
    options = ((int(Option.BLOCK1), Block(0, True, 2).to_bytes()),)
    step = end.receive(Message(Kind.ACK, Code.CONTINUE, asked.number, asked.token, options).to_bytes(), 1.0)
    following = parse(step.datagrams[0])
    assert following
    assert following.first(Option.BLOCK1) == Block(16, True, 2).to_bytes()
    assert len(following.payload) == 64


@given(st.lists(st.one_of(st.binary(max_size=40), MESSAGES.map(Message.to_bytes), st.floats(0, 100_000)), max_size=30))
def test_any_bytes_never_raise(script: list[bytes | float]) -> None:
    end = Endpoint(random.Random(1), SampleResources())
    now_ms = 0.0
    handle, _ = end.request(Request(Code.PUT, ("x",), payload=bytes(3000)), now_ms)
    for item in script:
        if isinstance(item, bytes):
            end.receive(item, now_ms)
        else:
            now_ms += item
            end.tick(now_ms)
    end.cancel(handle, now_ms)
    assert end.deadline_ms is None
