"""Values of Link Status and Link Configuration: bytes to types and back. All little-endian.

Source: Golden Gate, ``docs`` and ``platform/`` (facts of its GATT services).
"""

import struct
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag

INTERVAL_UNIT_MS = 1.25
TIMEOUT_UNIT_MS = 10
SLOW_TIMEOUT_UNIT_MS = 100
"""The unit of time-outs in the phone's preferences; elsewhere it is 10 ms."""


_INTERVAL_LEAST, _INTERVAL_MOST = 6, 3200
_LATENCY_MOST = 499
_TIMEOUT_MOST_MS = 32_000


class Mode(IntEnum):
    """How the tracker keeps the link, as Link Status tells it."""

    DEFAULT = 0
    FAST = 1
    SLOW = 2


class PreferredMode(IntEnum):
    """How the phone wants the link; the numbers differ from :class:`Mode`."""

    FAST = 0
    SLOW = 1


class Command(IntEnum):
    """What the phone can order by General Purpose Command."""

    DISCONNECT = 1


@dataclass(frozen=True, slots=True)
class ConnectionConfiguration:
    """What the link runs with. ``interval`` in 1.25 ms, ``latency`` in events, ``timeout`` in 10 ms."""

    interval: int
    latency: int
    timeout: int
    mtu: int
    mode: Mode

    _FORM = struct.Struct("<HHHHB")

    def to_bytes(self) -> bytes:
        """9 bytes."""
        return self._FORM.pack(self.interval, self.latency, self.timeout, self.mtu, self.mode)

    @classmethod
    def from_bytes(cls, data: bytes) -> "ConnectionConfiguration":
        """9 bytes or more: a known implementation sends one too many. ValueError for less or an unknown mode."""
        if len(data) < cls._FORM.size:
            raise ValueError(f"a connection configuration has {cls._FORM.size} bytes, not {len(data)}")
        interval, latency, timeout, mtu, mode = cls._FORM.unpack_from(data)
        return cls(interval, latency, timeout, mtu, Mode(mode))


class StatusFlag(IntFlag):
    """Flags of Connection Status."""

    BONDED_BEFORE = 1
    ENCRYPTED = 2
    LENGTH_EXTENSION = 4
    LENGTH_EXTENSION_NEEDS_REBOOT = 8
    HALF_BONDED = 16


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """How the link is. Payloads in bytes, times on the air in microseconds."""

    flags: StatusFlag
    tx_bytes: int = 0xFB
    tx_us: int = 0x848
    rx_bytes: int = 0xFB
    rx_us: int = 0x848

    _FORM = struct.Struct("<BBHBH")

    def to_bytes(self) -> bytes:
        """7 bytes."""
        return self._FORM.pack(self.flags, self.tx_bytes, self.tx_us, self.rx_bytes, self.rx_us)

    @classmethod
    def from_bytes(cls, data: bytes) -> "ConnectionStatus":
        """ValueError for fewer than 7 bytes."""
        if len(data) < cls._FORM.size:
            raise ValueError(f"a connection status has {cls._FORM.size} bytes, not {len(data)}")
        flags, tx_bytes, tx_us, rx_bytes, rx_us = cls._FORM.unpack_from(data)
        return cls(StatusFlag(flags & 0x1F), tx_bytes, tx_us, rx_bytes, rx_us)


@dataclass(frozen=True, slots=True)
class Pace:
    """Connection parameters of one mode: intervals in 1.25 ms, latency in events, time-out in 100 ms."""

    interval_min: int
    interval_max: int
    latency: int
    timeout: int

    @property
    def interval_ms(self) -> float:
        """The longest interval."""
        return self.interval_max * INTERVAL_UNIT_MS

    @property
    def timeout_ms(self) -> int:
        """Supervision time-out."""
        return self.timeout * SLOW_TIMEOUT_UNIT_MS

    @property
    def possible(self) -> bool:
        """Whether a controller may take it (Core Specification vol. 4 part E, 7.8.18)."""
        return (
            _INTERVAL_LEAST <= self.interval_min <= self.interval_max <= _INTERVAL_MOST
            and self.latency <= _LATENCY_MOST
            and self.timeout_ms <= _TIMEOUT_MOST_MS
            and self.timeout_ms > 2 * (1 + self.latency) * self.interval_ms
        )


FAST = Pace(12, 12, 0, 20)
"""15 ms, 2 s: while data moves. Golden Gate's usual values."""

SLOW = Pace(96, 116, 3, 40)
"""120 to 145 ms, three events may be skipped, 4 s: between two syncs."""


class _Mask(IntFlag):
    FAST = 1
    SLOW = 2
    LENGTH = 4
    MTU = 8


@dataclass(frozen=True, slots=True)
class PreferredConfiguration:
    """What the phone would like; None: no wish. ``length``: (bytes, microseconds) of the longest packet."""

    fast: Pace | None = FAST
    slow: Pace | None = SLOW
    length: tuple[int, int] | None = None
    mtu: int | None = None

    _FORM = struct.Struct("<BHHBBHHBBBHH")

    def to_bytes(self) -> bytes:
        """18 bytes; absent parts are zero."""
        mask = _Mask(0)
        none = Pace(0, 0, 0, 0)
        for flag, part in (
            (_Mask.FAST, self.fast),
            (_Mask.SLOW, self.slow),
            (_Mask.LENGTH, self.length),
            (_Mask.MTU, self.mtu),
        ):
            mask |= flag if part is not None else _Mask(0)
        paces = [
            value
            for pace in (self.fast or none, self.slow or none)
            for value in (pace.interval_min, pace.interval_max, pace.latency, pace.timeout)
        ]
        return self._FORM.pack(mask, *paces, *(self.length or (0, 0)), self.mtu or 0)

    @classmethod
    def from_bytes(cls, data: bytes) -> "PreferredConfiguration":
        """ValueError for fewer than 18 bytes."""
        if len(data) < cls._FORM.size:
            raise ValueError(f"a preferred configuration has {cls._FORM.size} bytes, not {len(data)}")
        mask, *rest = cls._FORM.unpack_from(data)
        whole = cls(Pace(*rest[0:4]), Pace(*rest[4:8]), (rest[8], rest[9]), rest[10])
        return replace(
            whole,
            fast=whole.fast if mask & _Mask.FAST else None,
            slow=whole.slow if mask & _Mask.SLOW else None,
            length=whole.length if mask & _Mask.LENGTH else None,
            mtu=whole.mtu if mask & _Mask.MTU else None,
        )
