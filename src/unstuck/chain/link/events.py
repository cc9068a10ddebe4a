"""What a link tells its user, as typed events; packets and events leave a machine together in a :class:`Step`."""

from dataclasses import dataclass, field
from enum import StrEnum


class ResetCause(StrEnum):
    """Why a session ended."""

    PEER = "peer"
    LOCAL = "local"
    NO_PROGRESS = "no_progress"
    DESYNCHRONISED = "desynchronised"
    STOPPED = "stopped"


class DropReason(StrEnum):
    """Why something received went no further. None of these is an error of the caller."""

    NOT_STARTED = "not_started"
    HANDSHAKE = "handshake"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    UNKNOWN_CONTROL = "unknown_control"
    SURPLUS_COMPLETE = "surplus_complete"
    EMPTY = "empty"
    DUPLICATE = "duplicate"
    GAP = "gap"
    NOT_IN_FLIGHT = "not_in_flight"
    FRAME_TOO_SHORT = "frame_too_short"
    FRAME_TOO_LONG = "frame_too_long"
    NOT_FOR_US = "not_for_us"
    CHECKSUM = "checksum"


class Refusal(StrEnum):
    """Why something handed in was not taken. Nothing of it was sent."""

    NOT_OPEN = "not_open"
    FULL = "full"
    NO_WINDOW = "no_window"
    EMPTY = "empty"
    NOT_A_FRAME = "not_a_frame"


@dataclass(frozen=True, slots=True)
class Opened:
    """Both ends agree on a session; windows in packets as agreed."""

    send_window: int
    receive_window: int


@dataclass(frozen=True, slots=True)
class Reset:
    """The session is over. ``lost_bytes`` were handed in and never acknowledged; the peer may have them or not."""

    cause: ResetCause
    lost_bytes: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The peer has not opened a session; so many Reset Requests went out since the last one was open."""

    requests: int


@dataclass(frozen=True, slots=True)
class Received:
    """The next bytes of the peer's stream, in order, each once."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Retransmitted:
    """No acknowledgement came in time: this many packets were sent again, for the ``attempt``-th time in a row."""

    packets: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Stalled:
    """Nothing at all was heard for this many milliseconds of retransmission."""

    silent_ms: float


@dataclass(frozen=True, slots=True)
class StallEnded:
    """Something was heard again."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something received was not used. ``size_bytes`` of it."""

    reason: DropReason
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Datagram:
    """A whole frame (stack G) or UDP payload (stack SNG) from the peer."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Inactive:
    """No packet in one direction for the time of the activity monitor."""

    sending: bool


@dataclass(frozen=True, slots=True)
class Active:
    """Packets again in a direction that was inactive."""

    sending: bool


Event = (
    Opened
    | Reset
    | Unanswered
    | Received
    | Retransmitted
    | Stalled
    | StallEnded
    | Dropped
    | Datagram
    | Inactive
    | Active
)


@dataclass(slots=True)
class Step:
    """What one call to a machine gave: packets to send now, in order; events, in order; why it refused, if it did."""

    packets: list[bytes] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    refused: Refusal | None = None
