"""The sending half of a session: bytes enter, numbered packets leave and are kept until acknowledged (go-back-N)."""

from collections import deque

from unstuck.chain.link import packets
from unstuck.chain.link.settings import SEQUENCE_NUMBERS


class Sender:
    """One direction of one session. ``window`` in packets, ``room_bytes`` the bytes it may hold at most."""

    def __init__(self, window: int, room_bytes: int) -> None:
        self.window = window
        self._room_bytes = room_bytes
        self._unsent = bytearray()
        self._in_flight: deque[bytes] = deque()
        self._in_flight_bytes = 0
        self._first = 0

    @property
    def outstanding(self) -> int:
        """Packets sent and not acknowledged."""
        return len(self._in_flight)

    @property
    def held_bytes(self) -> int:
        """Bytes handed in and not acknowledged."""
        return len(self._unsent) + self._in_flight_bytes

    def takes(self, size_bytes: int) -> bool:
        """Whether so many bytes fit. What is larger than the whole room fits when nothing is held."""
        return not self.held_bytes or self.held_bytes + size_bytes <= self._room_bytes

    def put(self, data: bytes) -> None:
        """Append to the stream."""
        self._unsent += data

    def acknowledge(self, number: int) -> bool:
        """Forget everything up to and including a packet; False when that packet is not under way."""
        distance = (number - self._first) % SEQUENCE_NUMBERS
        if distance >= len(self._in_flight):
            return False
        for _ in range(distance + 1):
            self._in_flight_bytes -= len(self._in_flight.popleft())
        self._first = (number + 1) % SEQUENCE_NUMBERS
        return True

    def fresh(self, packet_bytes: int, ack: int | None) -> list[bytes]:
        """Cut as many new packets as the window allows; the first carries ``ack`` when one is due."""
        out = []
        while self._unsent and len(self._in_flight) < self.window:
            head_bytes = 1 if ack is None else 2
            payload = bytes(self._unsent[: packet_bytes - head_bytes])
            del self._unsent[: len(payload)]
            out.append(packets.data(self._number(len(self._in_flight)), payload, ack))
            self._in_flight.append(payload)
            self._in_flight_bytes += len(payload)
            ack = None
        return out

    def again(self) -> list[bytes]:
        """Everything under way once more, cut as it was."""
        return [packets.data(self._number(place), payload) for place, payload in enumerate(self._in_flight)]

    def _number(self, place: int) -> int:
        return (self._first + place) % SEQUENCE_NUMBERS
