"""Scales and ticks: moments and levels enter, positions and labels leave."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from unstuck.doctor.telling.wording import Clock

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

_STEPS_S = (
    1, 5, 15, 30, MINUTE_S, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 15 * MINUTE_S, 30 * MINUTE_S, HOUR_S, 2 * HOUR_S,
    3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S, DAY_S, 2 * DAY_S, 7 * DAY_S, 14 * DAY_S, 30 * DAY_S, 90 * DAY_S, 365 * DAY_S,
    3650 * DAY_S, 36_500 * DAY_S, 365_000 * DAY_S,
)  # fmt: skip
"""Distances of ticks that a person reads at once, in seconds."""

SHORTEST_SPAN_S = 10.0
"""A picture shows at least this long; shorter ones would magnify the noise of the clocks."""

MARGIN_SHARE = 0.015
"""Free share of the span at each end, so that the first and last marks are whole."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Moments from ``first`` to ``last`` on ``left`` to ``left + width``, in the units of the picture."""

    first: datetime
    last: datetime
    left: float
    width: float

    @property
    def seconds(self) -> float:
        """Length in seconds, never 0."""
        return max((self.last - self.first).total_seconds(), 1e-6)

    def x(self, moment: datetime) -> float:
        """Position of a moment, kept within the picture."""
        share = (moment - self.first).total_seconds() / self.seconds
        return self.left + self.width * min(1.0, max(0.0, share))


def framed(first: datetime, last: datetime, left: float, width: float) -> Scale:
    """A scale over the span with a margin at both ends; at the ends of the calendar without."""
    length = max((last - first).total_seconds(), SHORTEST_SPAN_S)
    margin = timedelta(seconds=length * MARGIN_SHARE + (length - (last - first).total_seconds()) / 2)
    try:
        return Scale(first - margin, last + margin, left, width)
    except OverflowError:
        return Scale(first, last, left, width)


def ticks(scale: Scale, clock: Clock, most: int) -> list[tuple[datetime, str]]:
    """At most ``most`` round moments in the phone's zone, each with its label; a new day is given by its date."""
    step = next((step for step in _STEPS_S if scale.seconds / step <= most), _STEPS_S[-1])
    found = []
    for moment in _round_moments(scale, clock, step):
        local = clock.local(moment)
        midnight = (local.hour, local.minute, local.second) == (0, 0, 0)
        if step >= DAY_S or (midnight and scale.seconds > HOUR_S):
            label = f"{local.day} {local:%b}" + (f" {local.year}" if step > 30 * DAY_S else "")
        else:
            label = f"{local:%H:%M:%S}" if step < MINUTE_S else f"{local:%H:%M}"
        found.append((moment, label))
    return found


def _round_moments(scale: Scale, clock: Clock, step: int) -> Iterator[datetime]:
    begin = clock.local(scale.first)
    midnight = datetime.combine(begin.date(), time(), begin.tzinfo)
    try:
        if step < DAY_S:
            offset = (scale.first - midnight).total_seconds()
            moment = midnight + timedelta(seconds=step * -(-offset // step))
            while moment <= scale.last:
                yield moment
                moment += timedelta(seconds=step)
            return
        moment = midnight
        while moment <= scale.last:
            if moment >= scale.first:
                yield moment
            moment += timedelta(days=step // DAY_S)
    except OverflowError:  # the calendar ends
        return


def level_ticks(low: float, high: float, step: float) -> list[float]:
    """Round levels from ``low`` to ``high``, both included where they are round."""
    first = -(-low // step)
    return [step * n for n in range(int(first), int(high // step) + 1)]
