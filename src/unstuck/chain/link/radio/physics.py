"""How well two radios hear each other: places, walls and other senders enter, signal and chances leave.

Pure, and no more detailed than what a doctor can see from a phone: signal, lost packets, lost links. Models:

* path loss indoors: ITU-R P.1238, L = 20 log10 f + N log10 d - 28 with f in MHz, d in metres, N = 28 (dwelling);
* walls: COST 231 multi-wall model, 3.4 dB for a light wall, 6.9 dB for a heavy one;
* a body between: 15 to 20 dB at 2.4 GHz (measurements of body-worn antennas, IEEE 802.15.6 channel model CM3);
* slow changes by things and people moving: log-normal, a few dB (both models give 4 to 10 dB);
* bit errors: non-coherent binary FSK, BER = 1/2 exp(-SNR/2) (Proakis, Digital Communications), tied to the receiver's
  sensitivity, which Bluetooth defines at BER 0.1 % (Core Specification vol. 6 part A, 4.1);
* Wi-Fi: covers 20 of the 80 MHz that Bluetooth hops over while it sends; its power falls on a channel by bandwidth.
"""

import math
from dataclasses import dataclass, field
from enum import Enum

FREQUENCY_MHZ = 2440.0
"""The middle of Bluetooth's band; over the band the loss differs by 0.15 dB."""

DISTANCE_LOSS = 28.0
"""ITU-R P.1238, power loss coefficient N for a dwelling at 2.4 GHz."""

NEAREST_M = 0.1
"""Nearer than this the far-field model says nothing; signal stays as at this distance."""

ANTENNA_LOSS_DB = 12.0
"""Both antennas together, against isotropic ones. Bands and phones have small antennas beside skin: with 0 dBm sent,
1 m gives about -52 dBm then, the middle of what phones report for bands lying beside them (-45 to -60)."""

TRACKER_DBM = 0.0
"""What a band sends: usual for its coin of a battery (the specification allows up to 20 dBm)."""

SENSITIVITY_DBM = -94.0
"""Signal at which a usual receiver has a bit error rate of 0.1 % on LE 1M (data sheets: -93 to -97; the
specification asks for -70)."""

SENSITIVITY_SNR = -2.0 * math.log(2 * 1e-3)
"""Signal over noise (linear) at that rate, by the formula above: 12.4, or 10.9 dB."""

CLEAR_DBM = SENSITIVITY_DBM + 10.0 * math.log10(80.0 / SENSITIVITY_SNR)
"""Signal from which a bit is wrong less often than a double can tell from never (SNR 80: one in 10^17)."""

SHADOW_DB = 3.0
"""Standard deviation of the slow change. Low end of the models: one room and its neighbours, not a building."""

FADE_DB = 4.0
"""Standard deviation of a single packet's signal: as traces show it for a band at rest (3 to 5 dB)."""

BODY_LOSS_DB = 17.0
"""A body right between the two."""

WIFI_CHANNELS_SHARE = 20.0 / 74.0
"""Share of Bluetooth's 37 data channels (74 MHz) that a 20 MHz Wi-Fi channel covers."""

WIFI_IN_CHANNEL_DB = -10.0 * math.log10(20.0 / 1.0)
"""Share of a Wi-Fi signal of 20 MHz that falls into the 1 MHz a Bluetooth receiver lets in: -13 dB."""


class Wall(Enum):
    """What stands between; value: loss in dB (COST 231)."""

    LIGHT = 3.4
    HEAVY = 6.9


@dataclass(frozen=True, slots=True)
class Barrier:
    """A wall from one point to another (metres)."""

    x1_m: float
    y1_m: float
    x2_m: float
    y2_m: float
    wall: Wall = Wall.LIGHT


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is (metres), and whether a body stands right beside it, in the way."""

    x_m: float = 0.0
    y_m: float = 0.0
    body: bool = False


@dataclass(frozen=True, slots=True)
class Jammer:
    """A Wi-Fi sender: where, how strong (dBm, 20 is usual) and which share of the time it sends (0 to 1)."""

    spot: Spot
    power_dbm: float = 20.0
    busy: float = 0.5


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that stands and sends around two radios."""

    barriers: tuple[Barrier, ...] = ()
    jammers: tuple[Jammer, ...] = ()
    metal_db: float = 0.0
    """Loss of a case or a bag around one of them (dB)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How a receiver hears one sender: mean signal (dBm), and what jams it: (share of packets hit, dBm) pairs."""

    signal_dbm: float
    jammed: tuple[tuple[float, float], ...] = field(default=())


def distance_m(here: Spot, there: Spot) -> float:
    """Metres between two spots."""
    return math.hypot(here.x_m - there.x_m, here.y_m - there.y_m)


def path_loss_db(here: Spot, there: Spot, around: Surroundings) -> float:
    """Loss between two spots: distance, walls crossed, bodies."""
    far_m = max(NEAREST_M, distance_m(here, there))
    loss_db = 20 * math.log10(FREQUENCY_MHZ) + DISTANCE_LOSS * math.log10(far_m) - 28.0
    loss_db += sum(barrier.wall.value for barrier in around.barriers if _crosses(here, there, barrier))
    return loss_db + BODY_LOSS_DB * (here.body or there.body)


def heard(sender: Spot, receiver: Spot, around: Surroundings, sent_dbm: float = TRACKER_DBM) -> Heard:
    """What arrives at the receiver."""
    signal_dbm = sent_dbm - path_loss_db(sender, receiver, around) - ANTENNA_LOSS_DB - around.metal_db
    jammed = tuple(
        (
            WIFI_CHANNELS_SHARE * jammer.busy,
            jammer.power_dbm - path_loss_db(jammer.spot, receiver, around) - ANTENNA_LOSS_DB / 2 + WIFI_IN_CHANNEL_DB,
        )
        for jammer in around.jammers
        if jammer.busy > 0
    )
    return Heard(signal_dbm, jammed)


def bit_error_rate(signal_dbm: float, noise_dbm: float | None = None) -> float:
    """Chance that one bit is wrong; ``noise_dbm`` comes on top of the receiver's own noise."""
    snr = SENSITIVITY_SNR * 10 ** ((signal_dbm - SENSITIVITY_DBM) / 10)
    if noise_dbm is not None:
        own_noise_dbm = SENSITIVITY_DBM - 10 * math.log10(SENSITIVITY_SNR)
        snr /= 1 + 10 ** ((noise_dbm - own_noise_dbm) / 10)
    return 0.5 * math.exp(-min(snr, 1400.0) / 2)


def chance_of_packet(ear: Heard, size_bits: int, faded_db: float = 0.0) -> float:
    """Chance that a packet of so many bits on the air arrives whole, its signal ``faded_db`` off the mean."""
    signal_dbm = ear.signal_dbm + faded_db
    if signal_dbm >= CLEAR_DBM and not ear.jammed:
        return 1.0
    clear = (1 - bit_error_rate(signal_dbm)) ** size_bits
    chance = clear
    for share, noise_dbm in ear.jammed:
        hit = (1 - bit_error_rate(signal_dbm, noise_dbm)) ** size_bits
        # Several jammers act one after another: rarely two at once on one channel.
        chance -= share * (clear - hit)
    return max(0.0, min(1.0, chance))


def _crosses(here: Spot, there: Spot, barrier: Barrier) -> bool:
    def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
        return (bx - ax) * (py - ay) - (by - ay) * (px - ax)

    wall = (barrier.x1_m, barrier.y1_m, barrier.x2_m, barrier.y2_m)
    way = (here.x_m, here.y_m, there.x_m, there.y_m)
    apart = side(*wall, here.x_m, here.y_m) * side(*wall, there.x_m, there.y_m) < 0
    return apart and side(*way, wall[0], wall[1]) * side(*way, wall[2], wall[3]) < 0
