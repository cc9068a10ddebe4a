"""Plays a recorded history to our own machine and compares what it sends.

What is compared, for every file and each end of it:

* every packet, byte for byte, and their order; the one freedom is a lone acknowledgement, which may stand before or
  after the data sent in the same instant (Golden Gate lets its client answer before it acknowledges, we after);
* when: packets that a timer sent come within ``LATE_MS`` of ours, early or late, all others within it after ours;
* each end's frames: what our machine delivers is what the other end put in.

Our timers are called as late as Golden Gate's were (its loop runs behind by up to 5 ms), else the delays would add up.
"""

import copy
from collections import deque
from dataclasses import dataclass, field
from typing import TypeVar

from tests.chain.link import vectors
from tests.chain.link.vectors import Given, Sent
from unstuck.chain.link import Role, Settings, Stack, StackKind, Step
from unstuck.chain.link.events import Datagram, Event

LATE_MS = 12.0
"""The largest difference in the files is 9.3 ms (60, 61: a busy machine); the shortest timer has 200 ms."""

EARLY_MS = 1.0
"""Golden Gate's timers count whole milliseconds."""

PACKET_BYTES = {"71": 64, "87": 512, "88": 64, "90": 64, "91": 64, "92": 64}
"""By file number, where the name does not say it; others use the tool's default."""

ANY_ORDER = ("71",)
"""Both ends send at once, a packet every 0.05 ms: the recorder's order between the two directions is not the ends'."""

READ_LATE = ("88_probe_frame_assembler_2", "92_probe_peer_windows_1")
"""The hand-driven peer slept while the tool answered, so the answers' times say nothing. So does each tool's first
packet in 80..92: it was waiting when the peer was made."""


OURS_ONLY = {("85_probe_empty_payload_wedge_1", b"\x41")}
"""What we send where Golden Gate is stuck: the acknowledgement of the packet behind an empty one."""

THEIRS_ONLY = {"86_probe_stale_psn31_false_ack_1": [b"\x40"]}
"""What we do not send: an acknowledgement of a packet that never came."""


Kind = TypeVar("Kind")


@dataclass
class Result:
    """What a replay gave. ``missing``: recorded and not sent by us. ``extra``: sent by us and not recorded."""

    missing: list[tuple[float, bytes]] = field(default_factory=list)
    extra: list[tuple[float, bytes]] = field(default_factory=list)
    late: list[tuple[float, float, bytes]] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)
    compared: int = 0

    @property
    def delivered(self) -> list[bytes]:
        """Frames that came out of our end."""
        return [event.data for _, event in self.events if isinstance(event, Datagram)]

    def seen(self, kind: type[Kind]) -> list[tuple[float, Kind]]:
        """Events of a kind with their times."""
        return [(at, event) for at, event in self.events if isinstance(event, kind)]


class Replay:
    """One end of one file."""

    def __init__(self, name: str, end: str, *, compress: bool = False) -> None:
        self.name = name
        self.end = end
        self.compress = compress
        self.result = Result()
        self._stack: Stack | None = None
        self._starting = False
        self._sent: deque[tuple[float, bytes]] = deque()
        self._client: deque[bytes] = deque()

    def run(self) -> Result:
        """Play the whole history."""
        items = vectors.history(self.name, self.end)
        for place, item in enumerate(items):
            self._pass_time(item.at_ms)
            self._timer_first(item, next((one.packet for one in items[place:] if isinstance(one, Sent)), b""))
            if isinstance(item, Given):
                self._given(item)
            else:
                self._compare(item)
        self.result.extra += self._sent
        return self.result

    def _given(self, item: Given) -> None:
        if item.what == "start":
            # The process is being started; it hears from the moment of its first packet on.
            self._starting = True
            if self.end == "tool":
                self._begin(item.at_ms)
        elif item.what == "kill":
            self._stack = None
            self._sent.clear()
        elif self._stack is None:
            return
        elif item.what == "packet":
            self._took(self._stack.receive(item.content, item.at_ms), item.at_ms)
        elif item.what == "@reset":
            self._took(self._stack.reset(item.at_ms), item.at_ms)
        elif self.compress:
            self._took(self._stack.send(item.content, item.at_ms), item.at_ms)
        else:
            self._client.append(item.content)
        self._feed(item.at_ms)

    def _begin(self, at_ms: float) -> None:
        role = Role.NODE if self.end == "node" or self.name[:2] in ("88", "90") else Role.HUB
        self._stack = Stack(role, StackKind.G, settings(self.name, compress=self.compress))
        self._starting = False
        self._client.clear()
        self._took(self._stack.start(at_ms), at_ms)

    def _feed(self, at_ms: float) -> None:
        if self._stack and not self._stack.open:
            self._client.clear()
        # Beneath the frame check of the stack, for some probes put in what is no frame.
        while self._stack and self._client and self._stack.gattlink.refusal(len(self._client[0])) is None:
            self._took(self._stack.gattlink.send(self._client.popleft(), at_ms), at_ms)

    def _took(self, step: Step, at_ms: float) -> None:
        for packet in step.packets:
            wanted = (self.name, packet) not in OURS_ONLY
            (self._sent if wanted else self.result.extra).append((at_ms, packet))
        self.result.events += [(at_ms, event) for event in step.events]

    def _pass_time(self, until_ms: float) -> None:
        while self._stack and (due := self._stack.deadline_ms) is not None and due < until_ms - LATE_MS:
            self._took(self._stack.tick(due), due)

    def _timer_first(self, item: Given | Sent, follows: bytes) -> None:
        # A packet may reach the recorder after the end's timer ran but before what the timer sent.
        if isinstance(item, Sent) or not self._stack or self._sent:
            return
        due = self._stack.deadline_ms
        if due is not None and due <= item.at_ms + EARLY_MS and follows in copy.deepcopy(self._stack).tick(due).packets:
            self._took(self._stack.tick(due), due)

    def _compare(self, item: Sent) -> None:
        if self._starting:
            self._begin(item.at_ms)
        stack = self._stack
        assert stack is not None
        while not self._sent and (due := stack.deadline_ms) is not None and due <= item.at_ms + LATE_MS:
            before = len(self._sent)
            self._took(stack.tick(max(due, item.at_ms)), due)
            assert len(self._sent) > before or stack.deadline_ms != due, "a deadline did nothing"
        place = self._place(item.packet)
        if place is None:
            self.result.missing.append((item.at_ms, item.packet))
            return
        at_ms, packet = self._sent[place]
        del self._sent[place]
        self.result.compared += 1
        first_of_probe = self.end == "tool" and self.result.compared == 1
        if abs(at_ms - item.at_ms) > LATE_MS and self.name not in READ_LATE and not first_of_probe:
            self.result.late.append((at_ms, item.at_ms, packet))
        self._feed(item.at_ms)

    def _place(self, packet: bytes) -> int | None:
        for place, (at_ms, ours) in enumerate(self._sent):
            if ours == packet:
                return place
            swaps = lone_ack(ours) != lone_ack(packet)
            if not swaps or (at_ms != self._sent[0][0] and not self.name.startswith(ANY_ORDER)):
                # Behind it only a packet that we may send in addition is looked for.
                return next((at for at, (_, one) in enumerate(self._sent) if one == packet), None) if place else None
        return None


def lone_ack(packet: bytes) -> bool:
    """A packet that is nothing but an acknowledgement."""
    return len(packet) == 1 and packet[0] & 0xC0 == 0x40


def settings(name: str, *, compress: bool) -> Settings:
    """The settings the tool was started with, and its habit of letting acknowledgements wait."""
    said = name.rpartition("frag")[2]
    number = name[:2]
    if said.isdigit():
        packet_bytes = int(said)
    elif number in PACKET_BYTES:
        packet_bytes = PACKET_BYTES[number]
    else:
        packet_bytes = max(20, *(len(line.packet) for line in vectors.read(name) if line.way in ("h2n", "n2h", "t2p")))
    window = 31 if name == "92_probe_peer_windows_3" else 8
    return Settings(packet_bytes=packet_bytes, send_window=window, receive_window=window, ride=False, compress=compress)
