"""``unstuck link``: two of our processes over loopback UDP, also through a bad relay; aiocoap as the other end."""

import asyncio
import json
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import aiocoap
import aiocoap.resource
import pytest

from unstuck.chain.link.coap import Answered, Code, Endpoint, Failed, Request
from unstuck.chain.link.samples import BIG, HELLO
from unstuck.chain.link.udp import Address, open_port
from unstuck.cli.link_run import LinkRequest, prepare
from unstuck.model.errors import UsageError

COMMAND = [sys.executable, "-c", "import typer; from unstuck.cli.link import link; typer.run(link)"]
WITHIN_S = 50
"""Longest wait for a process: far above what it needs, below the limit of a test."""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def options(role: str, local: int, remote: int, *more: str) -> list[str]:
    return [*COMMAND, "--role", role, "--local", str(local), "--remote", f"127.0.0.1:{remote}", *more]


@contextmanager
def running(arguments: list[str]) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "listening" in process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def finish(process: "subprocess.Popen[str]") -> list[dict[str, object]]:
    """Ctrl-C, and what it said."""
    process.send_signal(signal.SIGINT)
    said, complaints = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    assert not complaints
    return [json.loads(line) for line in said.splitlines()]


class Relay(threading.Thread):
    """Passes datagrams between two ports of ours and the two ends, losing some."""

    def __init__(self, hub: int, node: int, loss: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.lost = 0
        self._dice = random.Random(seed)
        self._loss = loss
        self._to = (("127.0.0.1", node), ("127.0.0.1", hub))
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for one in self._sockets:
            one.bind(("127.0.0.1", 0))
        self.for_hub, self.for_node = (int(one.getsockname()[1]) for one in self._sockets)

    def run(self) -> None:
        with_hub, with_node = self._sockets
        threading.Thread(target=self._pass, args=(with_hub, with_node, self._to[0]), daemon=True).start()
        self._pass(with_node, with_hub, self._to[1])

    def _pass(self, come: socket.socket, go: socket.socket, to: Address) -> None:
        while datagram := come.recv(2048):
            if self._dice.random() < self._loss:
                self.lost += 1
            else:
                go.sendto(datagram, to)


def test_two_processes_exchange_fifty_kilobytes_and_stop_cleanly(tmp_path: Path) -> None:
    hub, node = free_ports(2)
    body, got = tmp_path / "body", tmp_path / "got"
    body.write_bytes(random.Random(1).randbytes(51_200))
    with running(options("node", node, hub, "--frag", "244", "--json")) as tracker:
        ask = ["--put", "/up", "--body", str(body), "--get", "/up", "--output", str(got), "--frag", "20", "--json"]
        done = subprocess.run(options("hub", hub, node, *ask), capture_output=True, text=True, timeout=WITHIN_S)
        assert done.returncode == 0, done.stderr
        said = finish(tracker)
    assert got.read_bytes() == body.read_bytes()
    served = [(line["method"], line["code"], line["received_bytes"]) for line in said if line["event"] == "served"]
    assert served == [("PUT", "2.01", 51_200), ("GET", "2.05", 0)]
    assert said[-1]["event"] == "stopped"


def test_two_processes_exchange_fifty_kilobytes_through_a_relay_that_loses_packets(tmp_path: Path) -> None:
    hub, node = free_ports(2)
    relay = Relay(hub, node, loss=0.05, seed=3)
    relay.start()
    got = tmp_path / "got"
    settings = ["--frag", "244", "--retransmit", "300", "--compress"]
    with running(options("node", node, relay.for_node, *settings, "--json")) as tracker:
        ask = ["--get", "/big", "--output", str(got), "--json"]
        arguments = options("hub", hub, relay.for_hub, *settings, *ask)
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=WITHIN_S)
        assert done.returncode == 0, done.stderr
        finish(tracker)
    assert got.read_bytes() == BIG
    assert relay.lost > 5


def test_a_client_of_aiocoap_reads_and_writes_through_our_link() -> None:
    hub, node, top = free_ports(3)

    async def exchange() -> tuple[bytes, str, bytes]:
        context = await aiocoap.Context.create_client_context()
        there = f"coap://127.0.0.1:{top}"
        try:
            big = await context.request(aiocoap.Message(code=aiocoap.GET, uri=f"{there}/big")).response
            put = aiocoap.Message(code=aiocoap.PUT, uri=f"{there}/up", payload=BIG)
            written = await context.request(put).response
            back = await context.request(aiocoap.Message(code=aiocoap.GET, uri=f"{there}/up")).response
        finally:
            await context.shutdown()
        return big.payload, str(written.code), back.payload

    with (
        running(options("node", node, hub, "--frag", "185")),
        running(options("hub", hub, node, "--frag", "185", "--top", str(top))) as phone,
    ):
        assert phone.stdout
        assert "opened" in phone.stdout.readline()
        assert asyncio.run(exchange()) == (BIG, "2.01 Created", BIG)


def test_our_client_reads_and_writes_at_a_server_of_aiocoap() -> None:
    (port,) = free_ports(1)

    class Kept(aiocoap.resource.Resource):  # type: ignore[misc]  # aiocoap has no types
        def __init__(self) -> None:
            super().__init__()
            self.body = b""

        async def render_put(self, request: aiocoap.Message) -> aiocoap.Message:
            self.body = request.payload
            return aiocoap.Message(code=aiocoap.CHANGED)

        async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
            return aiocoap.Message(payload=self.body)

    async def exchange() -> list[Answered | Failed]:
        site = aiocoap.resource.Site()
        site.add_resource(["up"], Kept())
        server = await aiocoap.Context.create_server_context(
            site, bind=("127.0.0.1", port), transports=["simplesocketserver"]
        )
        loop = asyncio.get_running_loop()
        end = Endpoint(random.Random(1))
        arrived: asyncio.Queue[bytes] = asyncio.Queue()
        socket_ = await open_port(("127.0.0.1", 0), lambda datagram, _: arrived.put_nowait(datagram))
        outcomes: list[Answered | Failed] = []
        for request in (Request(Code.PUT, ("up",), payload=BIG), Request(Code.GET, ("up",))):
            _, step = end.request(request, loop.time() * 1000)
            while not step.events:
                for datagram in step.datagrams:
                    socket_.send(datagram, ("127.0.0.1", port))
                step = end.receive(await asyncio.wait_for(arrived.get(), WITHIN_S), loop.time() * 1000)
            outcomes += [event for event in step.events if isinstance(event, Answered | Failed)]
        socket_.close()
        await server.shutdown()
        return outcomes

    put, got = asyncio.run(exchange())
    assert isinstance(put, Answered)
    assert put.response.code == Code.CHANGED
    assert isinstance(got, Answered)
    assert got.response.payload == BIG


def test_whole_frames_go_through_a_plain_gattlink_link() -> None:
    hub, node, hub_top, node_top = free_ports(4)
    frame = b"\x45\0\0\x20" + bytes(range(28))
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as near,
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as far,
    ):
        far.bind(("127.0.0.1", 0))
        far.settimeout(WITHIN_S)
        there = ["--stack", "G", "--top", str(node_top), "--top-remote", f"127.0.0.1:{far.getsockname()[1]}"]
        with (
            running(options("node", node, hub, *there)) as tracker,
            running(options("hub", hub, node, "--stack", "G", "--top", str(hub_top))) as phone,
        ):
            for process in (tracker, phone):
                assert process.stdout
                # A busy machine asks more than once.
                assert any("opened" in line for line in process.stdout)
            near.sendto(b"no frame", ("127.0.0.1", hub_top))
            near.sendto(frame, ("127.0.0.1", hub_top))
            assert far.recv(2048) == frame
            assert phone.stdout
            assert "refused  reason=not_a_frame" in phone.stdout.readline()


def test_a_peer_that_is_not_there_is_asked_until_the_time_is_over() -> None:
    hub, node = free_ports(2)
    arguments = options("hub", hub, node, "--seconds", "1.5", "--get", "/hello", "--json")
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=WITHIN_S)
    assert done.returncode == 1
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"event": "unanswered", "requests": 1}.items() <= said[1].items()


def test_hello_is_on_its_line() -> None:
    hub, node = free_ports(2)
    with running(options("node", node, hub)):
        arguments = options("hub", hub, node, "--get", "/hello")
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=WITHIN_S)
    assert f"text={HELLO.decode()}" in done.stdout


GOOD = LinkRequest("hub", "7001", "127.0.0.1:7002")


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (replace(GOOD, role="phone"), "--role phone: is not one of hub, node."),
        (replace(GOOD, stack="DSNG"), "--stack DSNG: is not one of G, SNG."),
        (replace(GOOD, packet_bytes=4), "--frag, --window, --retransmit: a packet has 5 to 512 bytes, not 4."),
        (replace(GOOD, window=32), "--frag, --window, --retransmit: a window has 0 to 31 packets, not 32."),
        (replace(GOOD, local="seven"), "--local seven: is not [HOST:]PORT with a port from 1 to 65535."),
        (replace(GOOD, remote="7002"), "--remote 7002: is not HOST:PORT with a port from 1 to 65535."),
        (replace(GOOD, stack="G"), "--stack G: takes and gives whole IPv4 frames, so it needs --top."),
        (replace(GOOD, top_remote="localhost:7003"), "--top-remote: goes with --top."),
        (replace(GOOD, put="/up"), "--put: needs --body, the file to send."),
        (replace(GOOD, put="/up", body="/no/such"), "/no/such: cannot be read (No such file or directory)."),
        (replace(GOOD, output="x"), "--output: is where --get writes; give --get too."),
    ],
)
def test_bad_options_are_one_sentence(request_: LinkRequest, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        prepare(request_)
    assert str(caught.value) == sentence
