"""The running part of ``unstuck link``: checked options enter, sockets and machines run, the exit status leaves."""

import asyncio
import json
import random
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import typer

from unstuck.chain.link import Role, Settings, Stack, StackKind
from unstuck.chain.link.coap import Answered, Code, Endpoint, Failed, Request, Served
from unstuck.chain.link.coap.message import dotted
from unstuck.chain.link.driver import Driver
from unstuck.chain.link.events import Datagram, Dropped, Event
from unstuck.chain.link.samples import TEXT, SampleResources
from unstuck.chain.link.settings import RETRANSMIT_MS
from unstuck.chain.link.udp import Address, UdpPort, open_port, resolve
from unstuck.cli.stopping import on_stop
from unstuck.model.errors import ErrorCode, UsageError

LINGER_S = 0.5
"""After the last answer: the time in which the delayed acknowledgement (0.2 s) of it still goes out."""


SHOWN_BYTES = 200
"""Longest text of an answer that stands on its line."""


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What the person asked for, unchecked."""

    role: str
    local: str
    remote: str
    stack: str = "SNG"
    packet_bytes: int = 20
    window: int = 8
    retransmit_ms: float = RETRANSMIT_MS
    compress: bool = False
    top: str = ""
    top_remote: str = ""
    get: str = ""
    put: str = ""
    body: str = ""
    output: str = ""
    seconds: float = 0.0
    as_json: bool = False
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Checked options."""

    role: Role
    kind: StackKind
    settings: Settings
    local: Address
    remote: Address
    top: Address | None
    top_remote: Address | None
    asks: tuple[Request, ...]
    request: LinkRequest


def run(request: LinkRequest) -> int:
    """Check the options, run the link until it is done or stopped; the exit status. UsageError for what cannot be."""
    return asyncio.run(serve(prepare(request), Lines(as_json=request.as_json)))


def prepare(request: LinkRequest) -> Plan:
    """Check what can be checked before anything is opened. UsageError in one sentence."""
    role = _one_of(Role, request.role, "--role")
    kind = _one_of(StackKind, request.stack, "--stack")
    try:
        settings = Settings(
            request.packet_bytes,
            request.window,
            request.window,
            request.retransmit_ms,
            compress=request.compress,
        )
    except ValueError as error:
        raise UsageError(ErrorCode.USAGE_LINK, given="--frag, --window, --retransmit", reason=str(error)) from error
    asked = bool(request.get or request.put)
    if kind is StackKind.G and not request.top:
        raise _wrong("--stack G", "takes and gives whole IPv4 frames, so it needs --top")
    if request.top and asked:
        raise _wrong("--top", "takes the place of our CoAP, so --get and --put do not go with it")
    if request.top_remote and not request.top:
        raise _wrong("--top-remote", "goes with --top")
    if request.put and not request.body:
        raise _wrong("--put", "needs --body, the file to send")
    if request.output and not request.get:
        raise _wrong("--output", "is where --get writes; give --get too")
    if request.seconds < 0:
        raise _wrong("--seconds", "must not be negative")
    return Plan(
        role=role,
        kind=kind,
        settings=settings,
        local=_address(request.local, "--local", host="127.0.0.1"),
        remote=_address(request.remote, "--remote", host=""),
        top=_address(request.top, "--top", host="127.0.0.1") if request.top else None,
        top_remote=_address(request.top_remote, "--top-remote", host="") if request.top_remote else None,
        asks=tuple(_asks(request)),
        request=request,
    )


def _asks(request: LinkRequest) -> list[Request]:
    out = []
    if request.put:
        try:
            payload = _read_body(request.body)
        except OSError as error:
            raise _wrong(request.body, f"cannot be read ({error.strerror})") from error
        out.append(Request(Code.PUT, _segments(request.put), payload=payload))
    if request.get:
        path, _, query = request.get.partition("?")
        out.append(Request(Code.GET, _segments(path), tuple(one for one in query.split("&") if one)))
    return out


def _segments(path: str) -> tuple[str, ...]:
    return tuple(one for one in path.split("/") if one)


def _wrong(given: str, reason: str) -> UsageError:
    return UsageError(ErrorCode.USAGE_LINK, given=given, reason=reason)


Choice = TypeVar("Choice", Role, StackKind)


def _one_of(kind: type[Choice], given: str, option: str) -> Choice:
    try:
        return kind(given)
    except ValueError as error:
        raise _wrong(f"{option} {given}", f"is not one of {', '.join(kind)}") from error


def _address(given: str, option: str, *, host: str) -> Address:
    before, _, port = given.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() else 0
    if not 0 < number < 65_536 or not (before or host):
        form = "[HOST:]PORT" if host else "HOST:PORT"
        raise _wrong(f"{option} {given}", f"is not {form} with a port from 1 to 65535")
    return before or host, number


class Lines:
    """Prints one line an event."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def say(self, at_ms: float, name: str, values: dict[str, object]) -> None:
        """One event, ``at_ms`` after the start."""
        if self._as_json:
            text = json.dumps({"t_ms": round(at_ms, 1), "event": name, **values})
        else:
            text = f"{at_ms / 1000:9.3f}  {name}" + "".join(f"  {key}={value}" for key, value in values.items())
        typer.echo(text)
        sys.stdout.flush()


def _read_body(path: str) -> bytes:
    """The bytes of a file, or of standard input for ``-``. OSError when it cannot be read."""
    return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()


class _Session:
    """The link of one run: what it says, and the port through which others use it."""

    def __init__(self, plan: Plan, lines: Lines) -> None:
        self._plan = plan
        self._lines = lines
        self._started_s = asyncio.get_running_loop().time()
        self.remote = plan.remote
        self.above: Address | None = None
        self.port: UdpPort | None = None
        self.top: UdpPort | None = None
        self.driver: Driver | None = None

    def say(self, name: str, **values: object) -> None:
        self._lines.say((asyncio.get_running_loop().time() - self._started_s) * 1000, name, values)

    def transmit(self, packet: bytes) -> None:
        if self._plan.request.verbose:
            self.say("sent", hex=packet.hex())
        if self.port:
            self.port.send(packet, self.remote)

    def received(self, packet: bytes, sender: Address) -> None:
        if self._plan.request.verbose:
            self.say("got", hex=packet.hex())
        if self.driver:
            self.driver.received(packet)

    def from_top(self, datagram: bytes, sender: Address) -> None:
        if not self._plan.top_remote:
            self.above = sender
        refused = self.driver.send(datagram) if self.driver else None
        if refused:
            self.say("refused", reason=str(refused), size_bytes=len(datagram))

    def told(self, event: Event | Answered | Failed | Served) -> None:
        match event:
            case Datagram(data):
                if self.top and self.above:
                    self.top.send(data, self.above)
                self.say("datagram", size_bytes=len(data))
            case Served(request, response):
                sizes = {"received_bytes": len(request.payload), "sent_bytes": len(response.payload)}
                path = "/" + "/".join(request.path)
                self.say("served", method=request.method.name, path=path, code=dotted(response.code), **sizes)
            case Answered(_, response):
                values = {"code": dotted(response.code), "size_bytes": len(response.payload)}
                if response.content_format == TEXT and len(response.payload) <= SHOWN_BYTES:
                    values["text"] = response.payload.decode(errors="replace")
                self.say("answered", **values)
            case Dropped() if not self._plan.request.verbose:
                pass
            case _:
                fields = {key: value for key, value in asdict(event).items() if key != "handle"}
                self.say(type(event).__name__.lower(), **fields)


async def serve(plan: Plan, lines: Lines) -> int:
    """Run the link. 0 when done or stopped, 1 when a request failed. UsageError when a port or host cannot be had."""
    stop = asyncio.Event()
    on_stop(stop.set)
    session = _Session(plan, lines)
    try:
        session.remote = await resolve(*plan.remote)
        session.port = await open_port(plan.local, session.received, only=session.remote)
        if plan.top_remote:
            session.above = await resolve(*plan.top_remote)
        if plan.top:
            session.top = await open_port(plan.top, session.from_top)
    except OSError as error:
        _close(session)
        raise _wrong("the link", f"a port or host is not to be had ({error.strerror or error})") from error
    endpoint = None if plan.top else Endpoint(random.Random(), SampleResources(), seals=False)
    stack = Stack(plan.role, plan.kind, plan.settings)
    session.driver = driver = Driver(stack, session.transmit, session.told, endpoint)
    session.say("listening", role=plan.role.value, local="{}:{}".format(*session.port.address))
    driver.start()
    asking = asyncio.ensure_future(_ask(plan, driver)) if plan.asks else None
    status = await _until(stop, plan.request.seconds, asking)
    driver.close()
    _close(session)
    session.say("stopped", ignored_datagrams=session.port.ignored, lost_datagrams=driver.lost_datagrams)
    return status


def _close(session: _Session) -> None:
    for port in (session.port, session.top):
        if port:
            port.close()


async def _until(stop: asyncio.Event, seconds: float, asking: "asyncio.Future[bool] | None") -> int:
    stopping = asyncio.ensure_future(stop.wait())
    waits = {stopping} | ({asking} if asking else set())
    await asyncio.wait(waits, timeout=seconds or None, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if asking is None:
        return 0
    if not asking.done():
        asking.cancel()
        return 1
    return 0 if asking.result() else 1


async def _ask(plan: Plan, driver: Driver) -> bool:
    """Ask in turn; False when one failed or was refused."""
    await driver.opened()
    for request in plan.asks:
        outcome = await driver.request(request)
        if isinstance(outcome, Failed) or not outcome.response.ok:
            return False
        if request.method is Code.GET and plan.request.output:
            try:
                Path(plan.request.output).write_bytes(outcome.response.payload)
            except OSError as error:
                raise UsageError(
                    ErrorCode.USAGE_OUTPUT, path=plan.request.output, reason=error.strerror or "unknown"
                ) from error
    await asyncio.sleep(LINGER_S)
    return True
