"""The stack above Gattlink: datagrams, packets and time enter; packets, datagrams and events leave.

``G``: whole IPv4 frames go in and out. ``SNG``: UDP payloads go in and out, this stack adds and checks IPv4 and UDP
with the fixed addresses of the two roles. ``A`` below either: silence in one direction is told after 30 s.
"""

from collections import deque
from enum import StrEnum

from unstuck.chain.link import compression
from unstuck.chain.link.activity import ActivityMonitor
from unstuck.chain.link.events import Datagram, Dropped, DropReason, Received, Refusal, Reset, ResetCause, Step
from unstuck.chain.link.frames import FrameAssembler, is_frame
from unstuck.chain.link.gattlink import Gattlink, State
from unstuck.chain.link.ip import (
    IP_HEADER_BYTES,
    UDP_HEADER_BYTES,
    UDP_PROTOCOL,
    IpPacket,
    parse_ip,
    parse_udp,
    with_udp,
)
from unstuck.chain.link.settings import IP_MTU_BYTES, Settings

PORT = 5683
"""CoAP's; the same on both ends and in both directions."""

DATAGRAM_LIMIT_BYTES = IP_MTU_BYTES - IP_HEADER_BYTES - UDP_HEADER_BYTES
"""Longest UDP payload."""

QUEUE_DATAGRAMS = 64
"""Datagrams that may wait for room in Gattlink's buffer: what a few CoAP exchanges can have under way at once."""


class Role(StrEnum):
    """The phone's side or the tracker's. On the wire only the addresses differ."""

    HUB = "hub"
    NODE = "node"


class StackKind(StrEnum):
    """Which layers, from top to bottom."""

    G = "G"
    SNG = "SNG"


ADDRESSES = {Role.HUB: bytes((169, 254, 0, 2)), Role.NODE: bytes((169, 254, 0, 3))}
"""Fixed by Golden Gate for the first stack of a process."""


class Stack:
    """One end of the whole link. ``monitor``: tell inactivity."""

    def __init__(
        self,
        role: Role,
        kind: StackKind = StackKind.SNG,
        settings: Settings | None = None,
        *,
        monitor: bool = False,
    ) -> None:
        self.role = role
        self.kind = kind
        self.gattlink = Gattlink(settings)
        self._own = ADDRESSES[role]
        self._peer = ADDRESSES[Role.NODE if role is Role.HUB else Role.HUB]
        self._compress = self.gattlink.settings.compress
        self._monitor = ActivityMonitor() if monitor else None
        self._assembler = FrameAssembler()
        self._waiting: deque[bytes] = deque()
        self._identification = 0

    # what the caller asks

    @property
    def deadline_ms(self) -> float | None:
        """When :meth:`tick` is next needed."""
        waits = (self.gattlink.deadline_ms, self._monitor.deadline_ms if self._monitor else None)
        return min((at for at in waits if at is not None), default=None)

    @property
    def open(self) -> bool:
        """Whether a session is open."""
        return self.gattlink.state is State.OPEN

    @property
    def idle(self) -> bool:
        """Whether everything handed in was acknowledged."""
        return not self._waiting and not self.gattlink.held_bytes

    # what happens

    def start(self, now_ms: float) -> Step:
        """The transport is up."""
        if self._monitor:
            self._monitor.start(now_ms)
        return self._through(self.gattlink.start(now_ms), now_ms)

    def stop(self, now_ms: float) -> Step:
        """The transport is gone."""
        if self._monitor:
            self._monitor.stop()
        return self._through(self.gattlink.stop(now_ms), now_ms)

    def reset(self, now_ms: float) -> Step:
        """Begin a new session."""
        return self._through(self.gattlink.reset(now_ms), now_ms)

    def resize(self, packet_bytes: int) -> None:
        """The transport's packet size changed. ValueError outside 5..512."""
        self.gattlink.resize(packet_bytes)

    def send(self, datagram: bytes, now_ms: float) -> Step:
        """A frame (G) or a UDP payload (SNG) for the peer: taken whole, or ``refused``. It may wait for room."""
        fits = is_frame(datagram) if self.kind is StackKind.G else len(datagram) <= DATAGRAM_LIMIT_BYTES
        if not fits:
            return Step(refused=Refusal.NOT_A_FRAME)
        refusal = self.gattlink.refusal(IP_HEADER_BYTES)
        if refusal in (None, Refusal.FULL):
            refusal = Refusal.FULL if len(self._waiting) >= QUEUE_DATAGRAMS else None
        if refusal:
            return Step(refused=refusal)
        self._waiting.append(self._shorter(datagram) if self.kind is StackKind.G else self._frame(datagram))
        return self._through(Step(), now_ms)

    def receive(self, packet: bytes, now_ms: float) -> Step:
        """One Gattlink packet from the peer; any bytes are allowed."""
        step = self._through(self.gattlink.receive(packet, now_ms), now_ms)
        if self._monitor:
            step.events += self._monitor.saw(now_ms, sending=False)
        return step

    def tick(self, now_ms: float) -> Step:
        """Time has passed."""
        step = self._through(self.gattlink.tick(now_ms), now_ms)
        if self._monitor:
            step.events += self._monitor.tick(now_ms)
        return step

    # one step through the layers

    def _through(self, below: Step, now_ms: float) -> Step:
        step = Step(packets=below.packets)
        for event in below.events:
            match event:
                case Received(data):
                    self._cut(data, step, now_ms)
                case Reset(cause, lost_bytes):
                    step.events.append(Reset(cause, lost_bytes + self._forget()))
                case _:
                    step.events.append(event)
        self._push(step, now_ms)
        if self._monitor and step.packets:
            step.events += self._monitor.saw(now_ms, sending=True)
        return step

    def _forget(self) -> int:
        """Drop what belongs to the session that ended; how many bytes of it had not reached Gattlink."""
        lost_bytes = sum(map(len, self._waiting))
        self._assembler = FrameAssembler()
        self._waiting.clear()
        return lost_bytes

    def _push(self, step: Step, now_ms: float) -> None:
        while self._waiting and self.gattlink.refusal(len(self._waiting[0])) is None:
            step.packets += self.gattlink.send(self._waiting.popleft(), now_ms).packets

    def _cut(self, data: bytes, step: Step, now_ms: float) -> None:
        for frame in self._assembler.feed(data):
            if isinstance(frame, DropReason):
                step.events.append(Dropped(frame, 0))
                trusted = self.kind is StackKind.G
            else:
                trusted = self._deliver(frame, step)
            if not trusted:
                # There is no mark to find the next frame by: without a new session everything after is noise.
                self._desynchronised(step, now_ms)
                return

    def _desynchronised(self, step: Step, now_ms: float) -> None:
        below = self._through(self.gattlink.reset(now_ms, ResetCause.DESYNCHRONISED), now_ms)
        step.packets += below.packets
        step.events += below.events

    def _deliver(self, frame: bytes, step: Step) -> bool:
        """Hand a frame up. False when its header cannot be trusted, hence neither the length it was cut by."""
        if self.kind is StackKind.G and not compression.is_compressed(frame):
            step.events.append(Datagram(frame))
            return True
        packet = self._unpack(frame)
        if self.kind is StackKind.G:
            step.events.append(Datagram(packet.to_bytes()) if packet else Dropped(DropReason.MALFORMED, len(frame)))
            return True
        if packet is None:
            return False
        self._deliver_udp(packet, len(frame), step)
        return True

    def _deliver_udp(self, packet: IpPacket, size_bytes: int, step: Step) -> None:
        if packet.fragmented or packet.protocol != UDP_PROTOCOL or packet.destination != self._own:
            step.events.append(Dropped(DropReason.NOT_FOR_US, size_bytes))
            return
        datagram = parse_udp(packet)
        if datagram is None:
            step.events.append(Dropped(DropReason.CHECKSUM, size_bytes))
        elif datagram.destination_port != PORT:
            step.events.append(Dropped(DropReason.NOT_FOR_US, size_bytes))
        else:
            step.events.append(Datagram(datagram.payload))

    def _unpack(self, frame: bytes) -> IpPacket | None:
        if compression.is_compressed(frame):
            return compression.decompress(frame, compression.Ends(self._peer, self._own, PORT))
        return parse_ip(frame)

    def _shorter(self, frame: bytes) -> bytes:
        packet = parse_ip(frame) if self._compress else None
        if packet is None or packet.options:
            return frame
        return compression.compress(packet, compression.Ends(self._own, self._peer, PORT))

    def _frame(self, payload: bytes) -> bytes:
        bare = IpPacket(self._own, self._peer, UDP_PROTOCOL, b"", self._identification)
        self._identification = (self._identification + 1) & 0xFFFF
        packet = with_udp(bare, PORT, PORT, payload)
        if self._compress:
            return compression.compress(packet, compression.Ends(self._own, self._peer, PORT))
        return packet.to_bytes()
