"""A battery that the day and the radio drain, and an owner who charges it in time."""

from collections.abc import Mapping
from dataclasses import dataclass

from unstuck.chain.tracker.events import Mode

LIFE_DAYS = 10.0
"""Days from full to empty with the radio idle: what makers promise for a band without a map display."""

FAST_LIFE_HOURS = 20.0
"""Hours that a full battery would last with the radio fast all the time (our assumption: 4 mA average
of a connection at its shortest interval, from 80 mAh)."""

CHARGE_AT_MILLIPERCENT = 15_000
"""The owner puts it on the charger at 15 % (our assumption; apps warn from 20 % down)."""

CHARGING_HOURS = 2.0
"""From empty to full: what makers state for bands."""

FULL_MILLIPERCENT = 100_000
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Battery:
    """Charge in thousandths of a percent, and whether it is on the charger."""

    millipercent: int = FULL_MILLIPERCENT
    charging: bool = False

    @property
    def percent(self) -> int:
        """Charge in whole percent."""
        return self.millipercent // 1000

    def after(self, duration_ms: int, radio: Mapping[Mode, int]) -> "Battery":
        """The battery after so long, with the radio so long in each mode (ms)."""
        drain = duration_ms / (LIFE_DAYS * 24 * _HOUR_MS) + radio.get(Mode.FAST_MODE, 0) / (FAST_LIFE_HOURS * _HOUR_MS)
        gain = duration_ms / (CHARGING_HOURS * _HOUR_MS) if self.charging else 0.0
        level = self.millipercent + round((gain - drain) * FULL_MILLIPERCENT)
        level = max(0, min(FULL_MILLIPERCENT, level))
        charging = level < FULL_MILLIPERCENT if self.charging else level <= CHARGE_AT_MILLIPERCENT
        return Battery(level, charging)
