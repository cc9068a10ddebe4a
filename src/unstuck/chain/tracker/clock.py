"""A clock that drifts and is set by the phone. True time enters, the tracker's time leaves."""

from dataclasses import dataclass

DRIFT_PPM = 20.0
"""Parts per million: the usual tolerance of the 32,768 Hz crystal of a wearable, 1.7 s a day."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Off by ``offset_ms`` at true time ``since_s`` (Unix s), and by ``drift_ppm`` more ever since."""

    since_s: int
    offset_ms: int = 0
    drift_ppm: float = 0.0

    def reads(self, true_s: float) -> float:
        """What it shows at a true time (Unix s)."""
        return true_s + self.offset_ms / 1000 + (true_s - self.since_s) * self.drift_ppm / 1e6

    def set(self, shown_s: float, true_s: float) -> "Clock":
        """The clock made to show ``shown_s`` at a true time."""
        return Clock(int(true_s), round((shown_s - true_s) * 1000), self.drift_ppm)
