"""One connection of the daemon, as a pure machine: bytes enter, bytes and asked-for services leave.

A connection begins with CNXN; a phone that does not know the computer sends a token and waits for a key that was
allowed on its screen. Streams then carry one service each; a side sends its next WRTE only after the OKAY for the last.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from unstuck.lab.adbd.keys import ComputerKey, parse_key
from unstuck.lab.adbd.wire import (
    PAYLOAD_MOST_BYTES,
    PAYLOAD_OLD_BYTES,
    VERSION_CHECKED,
    VERSION_UNCHECKED,
    Command,
    Decoder,
    Message,
)

FEATURES = ("shell_v2", "cmd", "stat_v2", "ls_v2", "fixed_push_mkdir", "apex", "abb", "abb_exec")
"""What the daemon can, in the words of a real one (Android 11), without what is not served here."""

_SIGNATURE, _PUBLIC_KEY, _TOKEN = 2, 3, 1
"""First argument of AUTH: what its payload is."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The computer asks for a service; ``stream`` is this side's number for it."""

    stream: int
    service: str


@dataclass(frozen=True, slots=True)
class Received:
    """Data on an open stream."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The computer closed a stream."""

    stream: int


@dataclass(frozen=True, slots=True)
class AsksToAllow:
    """A computer that the phone does not know sent its key: the phone's screen asks its owner."""

    key: ComputerKey


Event = Opened | Received | Closed | AsksToAllow


@dataclass(slots=True)
class _Stream:
    remote: int
    waiting: deque[bytes] = field(default_factory=deque)
    may_send: bool = True
    closing: bool = False


class Machine:
    """The phone's side of one connection.

    ``banner`` is what follows ``device::`` (``ro.product.name=...;``); ``token`` makes a fresh token of 20 bytes, None
    for a phone that lets everybody in, as emulators do; ``known`` are the computers it was allowed to trust.
    """

    def __init__(self, banner: str, known: Sequence[ComputerKey], token: Callable[[], bytes] | None) -> None:
        self._banner = banner
        self._known = known
        self._make_token = token
        self._token = b""
        self._decoder = Decoder()
        self._checked = False
        self._most_bytes = PAYLOAD_OLD_BYTES
        self._out = bytearray()
        self._streams: dict[int, _Stream] = {}
        self._last_stream = 0
        self.online = False
        """Whether the computer was let in."""

    def feed(self, data: bytes) -> list[Event]:
        """Take what came. Raises WireError where the connection must end."""
        events: list[Event] = []
        for message in self._decoder.feed(data):
            events += self._take(message)
        return events

    def to_send(self) -> bytes:
        """What has to be sent now; each byte is given once."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def let_in(self) -> None:
        """Open the connection: the computer is known, or was allowed just now."""
        self.online = True
        version = VERSION_CHECKED if self._checked else VERSION_UNCHECKED
        banner = f"device::{self._banner}features={','.join(FEATURES)}"
        self._send(Message(Command.CNXN, version, PAYLOAD_MOST_BYTES, banner.encode()))

    def write(self, stream: int, data: bytes) -> None:
        """Send data on a stream; it goes out as fast as the computer takes it."""
        found = self._streams.get(stream)
        if found is not None:
            pieces = range(0, len(data), self._most_bytes)
            found.waiting.extend(data[at : at + self._most_bytes] for at in pieces)
            self._go_on(stream, found)

    def close(self, stream: int) -> None:
        """Close a stream once everything is out."""
        found = self._streams.get(stream)
        if found is not None:
            found.closing = True
            self._go_on(stream, found)

    def _take(self, message: Message) -> list[Event]:
        if message.command is Command.CNXN:
            self._connect(message)
        elif message.command is Command.AUTH:
            return self._authenticate(message)
        elif not self.online:
            return []
        elif message.command is Command.OPEN:
            return [self._open(message)]
        elif (found := self._streams.get(message.second)) is None:
            # A stream that ended here while this was under way; OKAY and CLSE for it are nothing new.
            if message.command is Command.WRTE:
                self._send(Message(Command.CLSE, 0, message.first))
        elif message.command is Command.OKAY:
            found.may_send = True
            self._go_on(message.second, found)
        elif message.command is Command.WRTE:
            self._send(Message(Command.OKAY, message.second, message.first))
            return [Received(message.second, message.payload)]
        elif message.command is Command.CLSE:
            del self._streams[message.second]
            return [Closed(message.second)]
        return []

    def _connect(self, message: Message) -> None:
        self._checked = message.first < VERSION_UNCHECKED
        self._decoder.checked = self._checked
        self._most_bytes = max(PAYLOAD_OLD_BYTES, min(message.second, PAYLOAD_MOST_BYTES))
        self._streams.clear()
        self.online = False
        if self._make_token is None:
            self.let_in()
        else:
            self._challenge(self._make_token)

    def _challenge(self, make_token: Callable[[], bytes]) -> None:
        self._token = make_token()
        self._send(Message(Command.AUTH, _TOKEN, 0, self._token))

    def _authenticate(self, message: Message) -> list[Event]:
        if self._make_token is None or not self._token:
            return []
        if message.first == _SIGNATURE:
            if any(key.signed(self._token, message.payload) for key in self._known):
                self.let_in()
            else:
                self._challenge(self._make_token)
        elif message.first == _PUBLIC_KEY and (key := parse_key(message.payload)) is not None:
            return [AsksToAllow(key)]
        return []

    def _open(self, message: Message) -> Event:
        self._last_stream += 1
        stream = self._last_stream
        self._streams[stream] = _Stream(message.first)
        self._send(Message(Command.OKAY, stream, message.first))
        return Opened(stream, message.payload.rstrip(b"\0").decode("utf-8", "replace"))

    def _go_on(self, stream: int, found: _Stream) -> None:
        if found.waiting and found.may_send:
            found.may_send = False
            self._send(Message(Command.WRTE, stream, found.remote, found.waiting.popleft()))
        if found.closing and not found.waiting and found.may_send:
            self._send(Message(Command.CLSE, stream, found.remote))
            del self._streams[stream]

    def _send(self, message: Message) -> None:
        self._out += message.encoded(checked=self._checked)
