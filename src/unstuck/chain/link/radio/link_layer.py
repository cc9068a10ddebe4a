"""One LE connection on the air: packets to send, time and how well both ends hear each other enter; packets that
arrived and the loss of the link leave.

Pure. Source: Core Specification vol. 6 part B, 4.5 (connection events, acknowledgement, supervision). Events are played
while there is something to carry; in between, what would have been heard is drawn at once for the whole silence, so
that an idle link costs nothing.
"""

import math
import random
from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from unstuck.chain.link.radio.physics import CLEAR_DBM, FADE_DB, SHADOW_DB, Heard, chance_of_packet

OVERHEAD_BYTES = 14
"""Around the payload of a data packet on LE 1M: preamble 1, access address 4, header 2, MIC 4, CRC 3."""

EMPTY_BITS = 80
"""A packet without payload, which carries the acknowledgement only (no MIC)."""

BIT_US = 1.0
"""Microseconds of a bit on LE 1M."""

SPACE_US = 150.0
"""Between two packets of one event (T_IFS)."""

PAYLOAD_BYTES = 251
"""Longest payload of a data packet with the length extension, which every phone since 2016 has."""

ESTABLISH_EVENTS = 6
"""Events in which the first packet must come, else the connection failed to be established (4.5.2)."""

SHADOW_S = 60.0
"""Time in which the slow change of the signal forgets itself: people and doors, not packets."""

SURE = 0.999
"""A chance per event from which a silence does not need watching: ten misses in a row are one in 10^30."""

CALM_CHECK_S = 30.0
"""How often a good link is looked at: half the time in which its signal changes."""

_FADES_DB = tuple(FADE_DB * deviation for deviation in (-2.02018, -0.95857, 0.0, 0.95857, 2.02018))
_WEIGHTS = (0.01126, 0.22208, 0.53333, 0.22208, 0.01126)
"""Five-point Gauss-Hermite rule for a normal distribution: the mean chance over fading."""

_SUM_OF_WEIGHTS = sum(_WEIGHTS)
"""The mean where every chance is 1."""


class End(IntEnum):
    """The two ends."""

    CENTRAL = 0
    PERIPHERAL = 1

    @property
    def other(self) -> "End":
        """The end across."""
        return End(1 - self)


class Loss(IntEnum):
    """How a link ended by itself: the codes that HCI has for it."""

    SUPERVISION = 0x08
    NOT_ESTABLISHED = 0x3E


@dataclass(frozen=True, slots=True)
class Ears:
    """How each end hears the other, and the share of events for which the central's radio is elsewhere (0 to 1)."""

    central: Heard
    peripheral: Heard
    elsewhere: float = 0.0


@dataclass(slots=True)
class _Waiting:
    """A PDU on its way: packets left to carry; the next of them may have arrived without its sender knowing."""

    pdu: object
    packets: list[int]
    arrived: bool = False


@dataclass(slots=True)
class Counts:
    """What happened on the air, for whoever asks how good the link is."""

    packets: int = 0
    lost: int = 0
    events: int = 0


class LinkLayer:
    """One connection. Times in seconds of a clock that never goes back; what is heard holds until :meth:`hear`."""

    def __init__(
        self, dice: random.Random, ears: Ears, now_s: float, *, interval_s: float, latency: int, timeout_s: float
    ) -> None:
        self.interval_s = interval_s
        self.latency = latency
        self.timeout_s = timeout_s
        self.shadow_db = dice.gauss(0.0, SHADOW_DB)
        self.counts = Counts()
        self.silent = dict.fromkeys(End, False)
        """An end that has given the link up sends nothing any more."""
        self._dice = dice
        self._ears = ears
        self._anchor_s = now_s + interval_s
        self._number = 0
        self._awake = True
        self._checked_s = now_s
        self._shadowed_s = now_s
        self._heard_s = dict.fromkeys(End, now_s)
        self._met = dict.fromkeys(End, False)
        self._queues: dict[End, deque[_Waiting]] = {end: deque() for end in End}

    # what is asked

    @property
    def established(self) -> bool:
        """Whether each end has heard the other once."""
        return all(self._met.values())

    @property
    def waiting(self) -> bool:
        """Whether anything is to be carried."""
        return any(self._queues.values())

    def next_s(self, now_s: float) -> float:
        """When :meth:`play` is next needed."""
        event_s = self._anchor_s if self.waiting or not self.established else math.inf
        if self.established and not any(self.silent.values()) and self._chance_of_reply(self._ears) >= SURE:
            return max(now_s, min(event_s, self._checked_s + CALM_CHECK_S))
        # While something waits, its events are the looking; silence is not passed then, and a clock that jumps would
        # stand still for a look that changes nothing.
        watch_s = math.inf if self.waiting else max(self.timeout_s / 8, self.interval_s * (1 + self.latency))
        return max(now_s, min(event_s, self._checked_s + watch_s, *(self._ends_s(end) for end in End)))

    def lost(self, now_s: float) -> dict[End, Loss]:
        """Ends that have not heard anything for too long."""
        return {
            end: Loss.SUPERVISION if self._met[end] else Loss.NOT_ESTABLISHED
            for end in End
            if now_s >= self._ends_s(end) - 1e-9
        }

    def rssi_dbm(self, ear: Heard) -> int:
        """What a receiver reports of one packet."""
        return round(max(-127.0, min(20.0, ear.signal_dbm + self.shadow_db + self._dice.gauss(0.0, FADE_DB))))

    # what happens

    def hear(self, ears: Ears, now_s: float) -> None:
        """From now on both ends hear each other like this; until now it was as before."""
        self._pass_silence(now_s)
        self._ears = ears

    def fall_silent(self, end: End, now_s: float) -> None:
        """This end sends nothing any more."""
        self._pass_silence(now_s)
        self.silent[end] = True

    def put(self, end: End, pdu: object, size_bytes: int, now_s: float) -> None:
        """Something to send from this end; it arrives whole and in order, or never."""
        # Events that a busy machine is late for are not skipped while the link is to be established by them.
        if not self.waiting and self.established:
            self._pass_silence(now_s)
            self._skip_to(now_s)
        whole, rest = divmod(max(size_bytes, 1), PAYLOAD_BYTES)
        self._queues[end].append(_Waiting(pdu, [PAYLOAD_BYTES] * whole + ([rest] if rest else [])))

    def update(self, now_s: float, *, interval_s: float, latency: int, timeout_s: float) -> None:
        """The connection has new parameters."""
        self._pass_silence(now_s)
        self.interval_s, self.latency, self.timeout_s = interval_s, latency, timeout_s
        self._anchor_s = now_s + interval_s
        self._number = 0

    def play(self, now_s: float) -> list[tuple[End, object]]:
        """Let the air be as it is until now: what arrived, with the end it arrived at."""
        arrived: list[tuple[End, object]] = []
        self._shade(now_s)
        while self._anchor_s <= now_s and (self.waiting or not self.established):
            arrived += self._event(self._anchor_s)
            self._checked_s = self._anchor_s
            self._anchor_s += self.interval_s
            self._number += 1
        self._pass_silence(now_s)
        self._skip_to(now_s)
        return arrived

    # inside

    def _ends_s(self, end: End) -> float:
        if self.silent[end]:
            return math.inf
        patience_s = self.timeout_s if self._met[end] else ESTABLISH_EVENTS * self.interval_s
        return self._heard_s[end] + patience_s

    def _skip_to(self, now_s: float) -> None:
        """Events without anything to carry are not played; the next one keeps their beat."""
        if self._anchor_s <= now_s:
            skipped = math.ceil((now_s - self._anchor_s) / self.interval_s + 1e-9)
            self._anchor_s += self.interval_s * skipped
            self._number += skipped

    def _shade(self, now_s: float) -> None:
        """The slow change of the signal up to now."""
        if now_s <= self._shadowed_s:
            return
        keeps = math.exp((self._shadowed_s - now_s) / SHADOW_S)
        self._shadowed_s = now_s
        self.shadow_db = self.shadow_db * keeps + self._dice.gauss(0.0, SHADOW_DB) * math.sqrt(1 - keeps * keeps)

    def _pass_silence(self, now_s: float) -> None:
        """What both ends heard of each other in the events without data since the last look."""
        self._shade(now_s)
        if self.waiting:
            return
        ears, every_s = self._ears, self.interval_s * (1 + self.latency)
        events = math.floor((now_s - self._checked_s) / every_s + 1e-9)
        self._checked_s += events * every_s
        if not events or not self.established or any(self.silent.values()):
            return
        for end, chance in (
            (End.PERIPHERAL, self._chance(ears.peripheral) * (1 - ears.elsewhere)),
            (End.CENTRAL, self._chance_of_reply(ears)),
        ):
            missed = math.inf if chance <= 0.0 else 0.0
            if 0.0 < chance < 1.0:
                missed = math.floor(math.log(max(self._dice.random(), 1e-300)) / math.log1p(-chance))
            if missed < events:
                self._heard_s[end] = max(self._heard_s[end], self._checked_s - every_s * missed)

    def _event(self, at_s: float) -> list[tuple[End, object]]:
        """One connection event: the ends take turns until nothing is left, a packet is lost or the time is over.

        A peripheral that has nothing to send sleeps over ``latency`` events, unless it missed the last one it listened
        to or was told that more is coming.
        """
        if self._number % (1 + self.latency) and not self._awake and not self._queues[End.PERIPHERAL]:
            return []
        self._awake = True
        self.counts.events += 1
        ears = self._ears
        arrived: list[tuple[End, object]] = []
        left_us = self.interval_s * 1e6
        if self._dice.random() < ears.elsewhere or self.silent[End.CENTRAL]:
            return arrived
        fade_db = {end: self._dice.gauss(0.0, FADE_DB) + self.shadow_db for end in End}
        while True:
            bits = {end: self._bits(end) for end in End}
            left_us -= sum(bits.values()) * BIT_US + 2 * SPACE_US
            if left_us < 0:
                return arrived
            if not self._carried(ears.peripheral, End.PERIPHERAL, bits[End.CENTRAL], fade_db, at_s, arrived):
                return arrived
            if self.silent[End.PERIPHERAL]:
                return arrived
            if not self._carried(ears.central, End.CENTRAL, bits[End.PERIPHERAL], fade_db, at_s, arrived):
                return arrived
            # Only now does the central know that its packet came; the peripheral learns it with the next one, whose
            # loss would cost one packet more: not worth a state of its own.
            for end in End:
                self._advance(end)
            if not self.waiting:
                self._awake = False
                return arrived

    def _carried(
        self,
        ear: Heard,
        to: End,
        bits: int,
        fade_db: dict[End, float],
        at_s: float,
        arrived: list[tuple[End, object]],
    ) -> bool:
        """One packet towards an end; False when it was lost."""
        self.counts.packets += 1
        if self._dice.random() >= chance_of_packet(ear, bits, fade_db[to]):
            self.counts.lost += 1
            return False
        self._heard_s[to] = max(self._heard_s[to], at_s)
        self._met[to] = True
        queue = self._queues[to.other]
        if queue and not queue[0].arrived:
            queue[0].arrived = True
            if len(queue[0].packets) == 1:
                arrived.append((to, queue[0].pdu))
        return True

    def _advance(self, end: End) -> None:
        queue = self._queues[end]
        if queue and queue[0].arrived:
            queue[0].packets.pop()
            queue[0].arrived = False
            if not queue[0].packets:
                queue.popleft()

    def _bits(self, end: End) -> int:
        queue = self._queues[end]
        return (queue[0].packets[-1] + OVERHEAD_BYTES) * 8 if queue else EMPTY_BITS

    def _chance(self, ear: Heard) -> float:
        """Mean chance of an empty packet over fading."""
        if ear.signal_dbm + self.shadow_db + _FADES_DB[0] >= CLEAR_DBM and not ear.jammed:
            return _SUM_OF_WEIGHTS
        return sum(
            weight * chance_of_packet(ear, EMPTY_BITS, fade + self.shadow_db)
            for fade, weight in zip(_FADES_DB, _WEIGHTS, strict=True)
        )

    def _chance_of_reply(self, ears: Ears) -> float:
        """Chance that the central hears the peripheral in an event: it answers only what it heard."""
        return self._chance(ears.peripheral) * self._chance(ears.central) * (1 - ears.elsewhere)
