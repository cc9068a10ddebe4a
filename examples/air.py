"""A Fitbit-like tracker, earbuds and a watch around a phone: the Bluetooth half of the stories."""

import random
from collections.abc import Callable
from datetime import datetime

from examples.hcilog import HciLog, Peer

# 16-bit service list FD62 (Fitbit) and 180A, flags before it; the name comes in the scan response.
TRACKER = Peer(
    "e6:5e:00:00:00:01", 1, bytes.fromhex("020106" + "050362fd0a18"), b"\x0a\x09Inspire 3" + bytes.fromhex("020a00")
)
EARBUDS = Peer("40:5e:00:00:00:02", 0, bytes.fromhex("020106") + b"\x08\x09Earbuds")
WATCH = Peer("c8:5e:00:00:00:03", 1, bytes.fromhex("020106") + b"\x06\x09Watch")

# Connection handles the controller gives, in the order of connecting.
WATCH_LINK, EARBUDS_LINK, TRACKER_LINK = 0x40, 0x41, 0x42

# Attribute handles as on a real Inspire 3.
_WRITE, _NOTIFY, _NOTIFY_SWITCH = 0x0042, 0x0044, 0x0045
_VALUE_BYTES = 244
"""What fits in one notification after an MTU of 247."""

PHONE_NAME = "Synthetic phone (Unstuck example)"

Signal = Callable[[float], int]
"""Signal strength in dBm at a time, seconds from the start of the log."""


def near(at_s: float) -> int:
    """Phone in the pocket, tracker on the wrist: -58 to -66 dBm, swinging with the arm."""
    return -66 + round(8 * ((at_s * 0.618) % 1.0))


def walking_away(begin_s: float, end_s: float) -> Signal:
    """Near until ``begin_s``, then falling in a straight line to -97 dBm at ``end_s``."""

    def signal(at_s: float) -> int:
        away = min(max((at_s - begin_s) / (end_s - begin_s), 0.0), 1.0)
        return round(near(at_s) * (1 - away) - 97 * away)

    return signal


class Evening:
    """The log of one evening. Every method adds one thing that happened; times in seconds from the start."""

    def __init__(self, start: datetime, signal: Signal, seed: int) -> None:
        self.log = HciLog(start)
        self._signal = signal
        self._random = random.Random(seed)
        self._sent = self._received = 0
        self.log.boot(PHONE_NAME)

    def _filler(self, size: int) -> bytes:
        return bytes(int(self._random.random() * 256) for _ in range(size))

    def settle(self) -> None:
        """The three devices connect in the first ten seconds; the tracker with its services remembered."""
        log = self.log
        for at_s, link, peer in ((2.1, WATCH_LINK, WATCH), (3.4, EARBUDS_LINK, EARBUDS)):
            log.advert(at_s - 0.2, peer, self._signal(at_s))
            log.seek(at_s - 0.15)
            log.connect(at_s, link, peer)
            log.encrypt(at_s + 0.1, link, link)
        for at_s in (8.9, 9.3, 9.8):
            log.advert(at_s, TRACKER, self._signal(at_s))
        log.seek(9.9)
        self.tracker_connects(10.2)

    def tracker_connects(self, at_s: float) -> None:
        """Connection, encryption, MTU, notifications on, and the Gattlink handshake; no discovery, it is remembered."""
        log = self.log
        log.connect(at_s, TRACKER_LINK, TRACKER)
        log.encrypt(at_s + 0.07, TRACKER_LINK, TRACKER_LINK)
        log.att_sent(at_s + 0.17, TRACKER_LINK, bytes.fromhex("020502"))
        log.att_received(at_s + 0.55, TRACKER_LINK, bytes.fromhex("03f700"))
        log.att_sent(at_s + 0.9, TRACKER_LINK, b"\x12" + _NOTIFY_SWITCH.to_bytes(2, "little") + b"\x01\x00")
        log.att_received(at_s + 1.0, TRACKER_LINK, b"\x13")
        self._notify(at_s + 1.1, b"\x80")
        self._write(at_s + 1.12, bytes.fromhex("8100000808"))
        self._notify(at_s + 1.2, bytes.fromhex("8100000808"))
        self._sent = self._received = 0

    def _notify(self, at_s: float, value: bytes) -> None:
        self.log.att_received(at_s, TRACKER_LINK, b"\x1b" + _NOTIFY.to_bytes(2, "little") + value)

    def _write(self, at_s: float, value: bytes) -> None:
        self.log.att_sent(at_s, TRACKER_LINK, b"\x52" + _WRITE.to_bytes(2, "little") + value)

    def sync(self, at_s: float, packets: int) -> None:
        """A burst of Gattlink data from the tracker, acknowledged every fifth packet and at the end."""
        self._write(at_s, bytes([self._sent % 32]) + self._filler(90))
        self._sent += 1
        self._notify(at_s + 0.1, bytes([0x40 | (self._sent - 1) % 32]))
        for number in range(packets):
            at_s += 0.045
            self._notify(at_s + 0.1, bytes([self._received % 32]) + self._filler(_VALUE_BYTES - 1))
            self._received += 1
            if number % 5 == 4 or number == packets - 1:
                self._write(at_s + 0.12, bytes([0x40 | (self._received - 1) % 32]))

    def background(self, begin_s: float, end_s: float) -> None:
        """Life with the tracker connected: a small sync every few minutes, a larger one every fourth time."""
        at_s, count = begin_s, 0
        while at_s < end_s:
            self.sync(at_s, 16 if count % 4 == 0 else 4)
            at_s += 200 + 60 * self._random.random()
            count += 1

    def measure(self, link: int, begin_s: float, end_s: float, every_s: float) -> None:
        """The phone reads the signal of a live link now and then."""
        at_s = begin_s
        while at_s < end_s:
            self.log.read_rssi(at_s, link, self._signal(at_s))
            at_s += every_s

    def chatter(self, link: int, begin_s: float, end_s: float) -> None:
        """A device that is not the tracker tells the phone something small every 40 seconds."""
        at_s = begin_s
        while at_s < end_s:
            self.log.att_received(at_s, link, bytes.fromhex("1b2000") + self._filler(8))
            at_s += 40

    def vain_attempt(self, at_s: float, link: int, peer: Peer, rssi: int) -> None:
        """Heard once, connected, never answered: 0x3e a third of a second after the success."""
        self.log.advert(at_s - 0.3, peer, rssi)
        self.log.seek(at_s - 0.2)
        self.log.connect(at_s, link, peer)
        self.log.disconnected(at_s + 0.33, link, 0x3E)

    def look_in_vain(self, begin_s: float, end_s: float) -> None:
        """The phone looks for half a minute, gives up, waits, and looks again."""
        at_s = begin_s
        while at_s + 30 < end_s:
            self.log.seek(at_s)
            self.log.give_up(at_s + 30)
            at_s += 90


def evening_apart(start: datetime) -> bytes:
    """Good for an hour and a quarter; then everything the person wears goes out of reach within two minutes."""
    leaves_s, out_s, end_s = 4380.0, 4760.0, 6060.0
    lost = {WATCH_LINK: 4668.2, TRACKER_LINK: 4743.6, EARBUDS_LINK: 4779.9}
    evening = Evening(start, walking_away(leaves_s, out_s), seed=1)
    evening.settle()
    evening.background(12.0, leaves_s)
    for link, lost_s in lost.items():
        evening.measure(link, 20.0 + link % 7, leaves_s, 60.0)
        evening.measure(link, leaves_s + link % 7, lost_s - 6, 20.0)
        evening.log.disconnected(lost_s, link, 0x08)
    for link in (WATCH_LINK, EARBUDS_LINK):
        evening.chatter(link, 15.0 + link % 9, lost[link] - 8)
    weak = ((4751.0, -96), (4792.3, -97), (4810.8, -99), (4853.1, -95), (4901.7, -98), (4960.2, -97), (5033.9, -99))
    for at_s, rssi in weak:
        evening.log.advert(at_s, TRACKER, rssi)
    evening.vain_attempt(4872.4, TRACKER_LINK, TRACKER, -95)
    evening.vain_attempt(4911.0, WATCH_LINK, WATCH, -96)
    evening.vain_attempt(5089.5, TRACKER_LINK, TRACKER, -94)
    evening.look_in_vain(5100.0, end_s)
    return evening.log.btsnoop()


def evening_together(start: datetime) -> bytes:
    """The same evening without the walk: three links held, a sync every few minutes, to the end."""
    end_s = 6060.0
    evening = Evening(start, near, seed=2)
    evening.settle()
    evening.background(12.0, end_s - 30)
    for link in (WATCH_LINK, EARBUDS_LINK, TRACKER_LINK):
        evening.measure(link, 20.0 + link % 7, end_s, 60.0)
    for link in (WATCH_LINK, EARBUDS_LINK):
        evening.chatter(link, 15.0 + link % 9, end_s)
    return evening.log.btsnoop()
