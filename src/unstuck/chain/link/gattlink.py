"""Gattlink: packets and time enter, packets and events leave. One end of the link, either role: they are alike.

No input or output, no clock: every call takes the present in milliseconds of any steady clock and gives a
:class:`Step`. The caller sends its packets in order and calls :meth:`Gattlink.tick` at :attr:`Gattlink.deadline_ms`.
Source: docs/reference/gattlink.md.
"""

from enum import StrEnum

from unstuck.chain.link import packets
from unstuck.chain.link.events import (
    Dropped,
    DropReason,
    Opened,
    Received,
    Refusal,
    Reset,
    ResetCause,
    Retransmitted,
    Stalled,
    StallEnded,
    Step,
    Unanswered,
)
from unstuck.chain.link.packets import Malformed, ResetComplete, ResetRequest, Transfer, UnknownControl
from unstuck.chain.link.receiver import Arrival, Receiver
from unstuck.chain.link.sender import Sender
from unstuck.chain.link.settings import (
    COMPLETE_WAIT_MS,
    PACKET_LEAST_BYTES,
    PACKET_LIMIT_BYTES,
    REQUEST_REPEAT_MS,
    STALL_NOTICE_MS,
    Settings,
)


class State(StrEnum):
    """Where the session stands."""

    IDLE = "idle"
    ASKING = "asking"
    """A Reset Request of ours is out."""
    ANSWERING = "answering"
    """The peer asked, we agreed; its own Reset Complete is still to come."""
    OPEN = "open"


class Gattlink:
    """One end of a link. Bytes handed to :meth:`send` come out of the peer once and in order, or a Reset is told."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.state = State.IDLE
        self._packet_bytes = self.settings.packet_bytes
        self._now_ms = 0.0
        self._handshake_at_ms: float | None = None
        self._requests = 0
        self._new_session(0, 0)

    def _new_session(self, send_window: int, receive_window: int) -> None:
        self._sender = Sender(send_window, self.settings.buffer_bytes)
        self._receiver = Receiver(receive_window)
        self._retransmit_at_ms: float | None = None
        self._progress_at_ms = 0.0
        self._attempts = 0
        self._stalled = False
        self._silent_since_ms = self._now_ms
        self._stall_at_ms: float | None = None

    # what the caller asks

    @property
    def deadline_ms(self) -> float | None:
        """When :meth:`tick` is next needed; None while only a packet or the caller can change anything."""
        waits = (self._handshake_at_ms, self._retransmit_at_ms, self._receiver.ack_at_ms, self._stall_at_ms)
        return min((at for at in waits if at is not None), default=None)

    @property
    def held_bytes(self) -> int:
        """Bytes handed in and not yet acknowledged."""
        return self._sender.held_bytes

    @property
    def packet_bytes(self) -> int:
        """Longest packet this end sends."""
        return self._packet_bytes

    def refusal(self, size_bytes: int) -> Refusal | None:
        """Why :meth:`send` would not take so many bytes now; None when it would."""
        if self.state is not State.OPEN:
            return Refusal.NOT_OPEN
        if not size_bytes:
            return Refusal.EMPTY  # an empty data packet blocks a Golden Gate receiver until a reset
        if not self._sender.window:
            return Refusal.NO_WINDOW
        return None if self._sender.takes(size_bytes) else Refusal.FULL

    # what happens

    def start(self, now_ms: float) -> Step:
        """The transport is up: ask the peer for a session. Does nothing when already started."""
        step = self._at(now_ms)
        if self.state is State.IDLE:
            self._ask(step)
        return step

    def stop(self, now_ms: float) -> Step:
        """The transport is gone."""
        step = self._at(now_ms)
        self._end_session(step, ResetCause.STOPPED)
        self.state = State.IDLE
        self._handshake_at_ms = None
        self._requests = 0
        return step

    def reset(self, now_ms: float, cause: ResetCause = ResetCause.LOCAL) -> Step:
        """End the session, if there is one, and ask for a new one."""
        step = self._at(now_ms)
        self._end_session(step, cause)
        self._ask(step)
        return step

    def resize(self, packet_bytes: int) -> None:
        """The transport's packet size changed. Packets under way keep their cut. ValueError outside 5..512."""
        if not PACKET_LEAST_BYTES <= packet_bytes <= PACKET_LIMIT_BYTES:
            raise ValueError(f"a packet has {PACKET_LEAST_BYTES} to {PACKET_LIMIT_BYTES} bytes, not {packet_bytes}")
        self._packet_bytes = packet_bytes

    def send(self, data: bytes, now_ms: float) -> Step:
        """Append bytes to the stream: all of them or, with ``refused`` set, none."""
        step = self._at(now_ms)
        step.refused = self.refusal(len(data))
        if step.refused is None:
            self._sender.put(data)
            self._flush(step)
        return step

    def receive(self, packet: bytes, now_ms: float) -> Step:
        """One packet from the peer. Any bytes are allowed; what is of no use becomes a Dropped event."""
        step = self._at(now_ms)
        if self.state is State.IDLE:
            step.events.append(Dropped(DropReason.NOT_STARTED, len(packet)))
            return step
        self._heard(step)
        match packets.parse(packet):
            case ResetRequest():
                self._agree(step)
            case ResetComplete() as complete:
                self._complete(complete, step)
            case Transfer() as transfer:
                self._transfer(transfer, len(packet), step)
            case UnknownControl():
                step.events.append(Dropped(DropReason.UNKNOWN_CONTROL, len(packet)))
            case Malformed():
                step.events.append(Dropped(DropReason.MALFORMED, len(packet)))
        return step

    def tick(self, now_ms: float) -> Step:
        """Time has passed; does what is due and nothing else."""
        step = self._at(now_ms)
        if self._handshake_at_ms is not None and self._now_ms >= self._handshake_at_ms:
            self._ask(step)
        ack_due = self._receiver.ack_at_ms is not None and self._now_ms >= self._receiver.ack_at_ms
        self._notice_stall(step)
        if self._retransmit_at_ms is not None and self._now_ms >= self._retransmit_at_ms:
            self._retransmit(step)
        if ack_due and self.state is State.OPEN:
            self._flush(step, ack_due=True)
        return step

    def _at(self, now_ms: float) -> Step:
        # A clock that steps back would stretch every timer: time stands still until it has caught up.
        self._now_ms = max(self._now_ms, now_ms)
        return Step()

    # sessions

    def _ask(self, step: Step) -> None:
        if self._requests:
            step.events.append(Unanswered(self._requests))
        self._requests += 1
        self.state = State.ASKING
        self._handshake_at_ms = self._now_ms + REQUEST_REPEAT_MS
        step.packets.append(packets.RESET_REQUEST)

    def _agree(self, step: Step) -> None:
        self._end_session(step, ResetCause.PEER)
        self.state = State.ANSWERING
        self._handshake_at_ms = self._now_ms + COMPLETE_WAIT_MS
        step.packets.append(self._announcement())

    def _announcement(self) -> bytes:
        return packets.reset_complete(self.settings.receive_window, self.settings.send_window)

    def _complete(self, complete: ResetComplete, step: Step) -> None:
        if self.state is State.OPEN:
            step.events.append(Dropped(DropReason.SURPLUS_COMPLETE, PACKET_LEAST_BYTES))
            return
        if self.state is State.ASKING:
            step.packets.append(self._announcement())
        send_window = min(self.settings.send_window, complete.receive_window)
        receive_window = min(self.settings.receive_window, complete.send_window)
        self._new_session(send_window, receive_window)
        self.state = State.OPEN
        self._handshake_at_ms = None
        self._requests = 0
        step.events.append(Opened(send_window, receive_window))

    def _end_session(self, step: Step, cause: ResetCause) -> None:
        if self.state is State.OPEN:
            step.events.append(Reset(cause, self._sender.held_bytes))
        self._new_session(0, 0)

    # data

    def _transfer(self, transfer: Transfer, size_bytes: int, step: Step) -> None:
        if self.state is not State.OPEN:
            step.events.append(Dropped(DropReason.HANDSHAKE, size_bytes))
            return
        if size_bytes > PACKET_LIMIT_BYTES:
            step.events.append(Dropped(DropReason.TOO_LONG, size_bytes))
            return
        if transfer.ack is not None:
            self._acknowledged(transfer.ack, step)
        if transfer.number is not None:
            self._arrived(transfer.number, transfer.payload, step)
        if self.state is State.OPEN:
            self._flush(step)

    def _acknowledged(self, number: int, step: Step) -> None:
        if not self._sender.acknowledge(number):
            step.events.append(Dropped(DropReason.NOT_IN_FLIGHT, 1))
            return
        self._attempts = 0
        self._progress_at_ms = self._now_ms
        self._retransmit_at_ms = self._stall_at_ms = None
        if self._sender.outstanding:
            self._arm()

    def _arrived(self, number: int, payload: bytes, step: Step) -> None:
        match self._receiver.take(number, self._now_ms):
            case Arrival.IN_ORDER if payload:
                step.events.append(Received(payload))
            case Arrival.IN_ORDER:
                step.events.append(Dropped(DropReason.EMPTY, 0))
            case Arrival.OLD:
                step.events.append(Dropped(DropReason.DUPLICATE, len(payload)))
            case Arrival.GAP:
                step.events.append(Dropped(DropReason.GAP, len(payload)))
                self._reset_if_stuck(self._receiver.gap_since_ms, step)

    def _flush(self, step: Step, *, ack_due: bool = False) -> None:
        """Send what the window allows, and the acknowledgement: on the first data packet or, if one is due, alone."""
        due = ack_due or self._receiver.due_by_count
        waits = self.settings.ride and self._receiver.ack_at_ms is not None
        fresh = self._sender.fresh(self._packet_bytes, self._receiver.last if due or waits else None)
        if due and not fresh:
            step.packets.append(packets.ack_only(self._receiver.last))
        if due or (waits and fresh):
            self._receiver.acknowledged()
        if fresh:
            step.packets += fresh
            if self._retransmit_at_ms is None:
                self._progress_at_ms = self._now_ms
                self._arm()

    # waiting

    def _arm(self) -> None:
        self._retransmit_at_ms = self._now_ms + self.settings.retransmit_ms
        if self._stall_at_ms is None:
            self._listen(waiting=True)

    def _retransmit(self, step: Step) -> None:
        if self._reset_if_stuck(self._progress_at_ms, step):
            return
        again = self._sender.again()
        self._attempts += 1
        step.events.append(Retransmitted(len(again), self._attempts))
        step.packets += again
        self._arm()

    def _reset_if_stuck(self, since_ms: float | None, step: Step) -> bool:
        limit_ms = self.settings.no_progress_ms
        if limit_ms is None or since_ms is None or self._now_ms - since_ms < limit_ms:
            return False
        self._end_session(step, ResetCause.NO_PROGRESS)
        self._ask(step)
        return True

    def _notice_stall(self, step: Step) -> None:
        if self._stall_at_ms is None or self._now_ms < self._stall_at_ms:
            return
        self._stall_at_ms = self._now_ms + STALL_NOTICE_MS
        self._stalled = True
        step.events.append(Stalled(self._now_ms - self._silent_since_ms))

    def _heard(self, step: Step) -> None:
        if self._stalled:
            step.events.append(StallEnded())
        self._listen(waiting=bool(self._sender.outstanding))

    def _listen(self, *, waiting: bool) -> None:
        self._stalled = False
        self._silent_since_ms = self._now_ms
        self._stall_at_ms = self._now_ms + STALL_NOTICE_MS if waiting else None
