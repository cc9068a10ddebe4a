"""The receiving half of a session: numbered packets enter; bytes in order and the moments to acknowledge leave."""

from enum import Enum, auto

from unstuck.chain.link.settings import ACK_DELAY_MS, SEQUENCE_NUMBERS


class Arrival(Enum):
    """How a packet relates to the one expected."""

    IN_ORDER = auto()
    OLD = auto()
    GAP = auto()


class Receiver:
    """One direction of one session; ``window`` in packets. There is no reordering buffer."""

    def __init__(self, window: int) -> None:
        self.window = window
        self._expected = 0
        self._anything = False
        self._unacknowledged = 0
        self.ack_at_ms: float | None = None
        self.gap_since_ms: float | None = None

    @property
    def last(self) -> int:
        """The newest packet received in order."""
        return (self._expected - 1) % SEQUENCE_NUMBERS

    @property
    def due_by_count(self) -> bool:
        """More than half of the window is unacknowledged."""
        return self._unacknowledged > self.window // 2

    def take(self, number: int, now_ms: float) -> Arrival:
        """Judge a packet and plan its acknowledgement; only an ``IN_ORDER`` one is to be delivered."""
        back = (self._expected - number) % SEQUENCE_NUMBERS
        if back == 0:
            self._expected = (self._expected + 1) % SEQUENCE_NUMBERS
            self._anything = True
            self._plan_ack(now_ms)
            return Arrival.IN_ORDER
        # Before the first packet in order there is nothing to acknowledge: to repeat "the last one" would
        # acknowledge a packet that never came.
        if self._anything and back <= self._oldest_repeat:
            self._plan_ack(now_ms)
            return Arrival.OLD
        if self.gap_since_ms is None:
            self.gap_since_ms = now_ms
        return Arrival.GAP

    @property
    def _oldest_repeat(self) -> int:
        # A sender repeats at most its window. Golden Gate stops one short of it; with a window of 1 a lost
        # acknowledgement would then never be repeated.
        return max(self.window - 1, 1)

    def _plan_ack(self, now_ms: float) -> None:
        self._unacknowledged += 1
        self.ack_at_ms = now_ms + ACK_DELAY_MS
        self.gap_since_ms = None

    def acknowledged(self) -> None:
        """The acknowledgement went out."""
        self._unacknowledged = 0
        self.ack_at_ms = None
