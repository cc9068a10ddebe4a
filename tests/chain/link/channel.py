"""Two ends and a bad link between them, in virtual time: faults and a seed enter, what each end told leaves."""

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from unstuck.chain.link import Stack, Step
from unstuck.chain.link.events import Event

LATE_MS = 20.0
"""How much later than its turn a packet comes for each packet that may overtake it."""

MOST_OVERTAKEN = 4
"""A packet is overtaken by no more than so many. Numbers come round after 32 and Gattlink cannot tell a packet from the
one 32 before it: with a window of 8 an acknowledgement five acknowledgements late would be taken for a new one. Neither
Bluetooth nor one UDP flow on a quiet network does that."""


@dataclass(frozen=True)
class Faults:
    """Chances per packet; a delay is drawn evenly up to ``delay_ms`` and keeps the order."""

    loss: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    reorder: float = 0.0
    delay_ms: float = 0.0


@dataclass(order=True)
class _Arrival:
    at_ms: float
    order: int
    to: int = field(compare=False)
    packet: bytes = field(compare=False)
    damaged: bool = field(compare=False, default=False)
    may_be_overtaken: int = field(compare=False, default=0)


class Channel:
    """Ends 0 and 1. A Reset packet overtakes nothing and nothing overtakes it: old packets do not outlive a session."""

    def __init__(self, ends: tuple[Stack, Stack], faults: Faults, seed: int, tally: Counter[str] | None = None) -> None:
        self.ends = ends
        self.tally: Counter[str] = Counter() if tally is None else tally
        """Packets by what was done to them."""
        self.faults = faults
        self.now_ms = 0.0
        self.told: tuple[list[Event], list[Event]] = ([], [])
        self.packets = 0
        self.damaged = [0, 0]
        """Damaged packets that came to each end so far."""
        self._random = random.Random(seed)
        self._under_way: list[_Arrival] = []
        self._newest_ms = [0.0, 0.0]
        self._order = 0

    def take(self, end: int, step: Step) -> None:
        """What one end gave: its packets set out, its events are noted."""
        for packet in step.packets:
            self._put(1 - end, packet)
        self.told[end].extend(step.events)

    def _put(self, to: int, packet: bytes) -> None:
        self.packets += 1
        if self._happens(self.faults.loss):
            self.tally["lost"] += 1
            return
        control = packet[0] >= 0x80
        damaged = self._happens(self.faults.corrupt)
        if damaged:
            self.tally["corrupted"] += 1
            place = self._random.randrange(len(packet))
            packet = packet[:place] + bytes((packet[place] ^ 1 << self._random.randrange(8),)) + packet[place + 1 :]
        copies = 2 if self._happens(self.faults.duplicate) else 1
        self.tally["duplicated"] += copies - 1
        for _ in range(copies):
            at_ms = max(self.now_ms + self._random.random() * self.faults.delay_ms, self._newest_ms[to])
            self._newest_ms[to] = at_ms
            self._let_pass(to, at_ms, all_first=control)
            late = not control and self._happens(self.faults.reorder)
            self.tally["reordered"] += late
            behind = self._random.randint(1, MOST_OVERTAKEN) if late else 0
            self._order += 1
            arrival = _Arrival(at_ms + behind * LATE_MS, self._order, to, packet, damaged, behind)
            heapq.heappush(self._under_way, arrival)

    def _let_pass(self, to: int, at_ms: float, *, all_first: bool) -> None:
        for one in self._under_way:
            if one.to == to and one.at_ms > at_ms:
                one.may_be_overtaken -= 1
                if all_first or one.may_be_overtaken <= 0:
                    one.at_ms = at_ms
        heapq.heapify(self._under_way)

    def _happens(self, chance: float) -> bool:
        return self._random.random() < chance

    def run(self, until_ms: float, done: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass until something is so (True) or the time is over (False)."""
        while not done():
            timers = [(end.deadline_ms, place) for place, end in enumerate(self.ends)]
            timer_ms, place = min((at, place) for at, place in [*timers, (math.inf, 0)] if at is not None)
            arrival_ms = self._under_way[0].at_ms if self._under_way else math.inf
            if min(timer_ms, arrival_ms) > until_ms:
                self.now_ms = until_ms
                return False
            self.now_ms = max(self.now_ms, min(timer_ms, arrival_ms))
            if arrival_ms <= timer_ms:
                arrival = heapq.heappop(self._under_way)
                self.damaged[arrival.to] += arrival.damaged
                self.take(arrival.to, self.ends[arrival.to].receive(arrival.packet, self.now_ms))
            else:
                self.take(place, self.ends[place].tick(self.now_ms))
        return True
