"""A made-up person as a source: seeded, plausible, synthetic.

It is not a model of anybody. Its days have the shape that tests and demonstrations need: a night
with stages, sitting, walks, now and then a workout, the tracker off the wrist for a while. The
magnitudes: about 100 steps a minute is moderate walking (Tudor-Locke et al. 2018), a sleep cycle
takes about 90 minutes, a resting adult uses about 1.2 kcal a minute; the rest is our choice.
"""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from unstuck.chain.records import Minute, Sleep, SleepStage, Wear, Workout
from unstuck.chain.tracker.source import DAY_S, MINUTE_S, Sample, Stretch

DAY_MINUTES = 1_440
RESTING_CALORIES_TENTHS = 12
WALKING_STEPS_A_MINUTE = 100
RUNNING_STEPS_A_MINUTE = 160
STEP_LENGTH_CM = 75
RUNNING = 1
"""Our code for the only workout it makes."""

_CYCLE = (
    (SleepStage.LIGHT, 35),
    (SleepStage.DEEP, 25),
    (SleepStage.LIGHT, 12),
    (SleepStage.REM, 16),
    (SleepStage.AWAKE, 3),
)
"""Stages of one cycle and their mean length (minutes)."""

_DAYS_KEPT = 4
"""Days kept ready: the one asked for and its neighbours."""


@dataclass(frozen=True, slots=True)
class _Day:
    minutes: tuple[Minute, ...]
    ended: dict[int, tuple[Stretch, ...]]


class Generator:
    """A person of their own for every ``seed``."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._resting_rate = 52 + self._random(-1, "person").randrange(20)
        self._day = lru_cache(_DAYS_KEPT)(self._make_day)

    def sample(self, minute_s: int) -> Sample:
        """Every minute has a sample, at any time."""
        day, second = divmod(minute_s, DAY_S)
        minute = second // MINUTE_S
        made = self._day(day)
        return Sample(made.minutes[minute], made.ended.get(minute, ()))

    def _random(self, day: int, what: str) -> Random:
        return Random(f"{self._seed}/{day}/{what}")

    def _bed(self, day: int) -> int:
        """Minute of this day at which the night begins; the day after ends it."""
        return 1_370 + self._random(day, "bed").randrange(65)

    def _wake(self, day: int) -> int:
        return 380 + self._random(day, "wake").randrange(80)

    def _night(self, day: int) -> list[tuple[int, int, SleepStage]]:
        """Stretches (start, end, stage) of the night that ends on this day, in its minutes; below 0: the day before."""
        source, at, wake = self._random(day, "night"), self._bed(day - 1) - DAY_MINUTES, self._wake(day)
        stretches = []
        while at < wake:
            for stage, length in _CYCLE:
                end = min(wake, at + max(1, round(source.gauss(length, length / 4))))
                if at < end:
                    stretches.append((at, end, stage))
                at = end
        return stretches

    def _make_day(self, day: int) -> _Day:
        source = self._random(day, "day")
        wake, bed = self._wake(day), self._bed(day)
        steps = [0] * DAY_MINUTES
        wear = [int(Wear.WORN)] * DAY_MINUTES
        ended: dict[int, tuple[Stretch, ...]] = {}
        at = wake
        while at < bed:
            at += source.randrange(3, 40)
            for minute in range(at, min(at + source.randrange(1, 9), bed)):
                steps[minute] = source.randrange(5, WALKING_STEPS_A_MINUTE + 20)
        if source.random() < 0.4:
            first, length = wake + 60 + source.randrange(max(1, bed - wake - 180)), 20 + source.randrange(30)
            for minute in range(first, first + length):
                steps[minute] = RUNNING_STEPS_A_MINUTE + source.randrange(-8, 9)
            ended[first + length - 1] = (Stretch(length * MINUTE_S, self._workout(steps[first : first + length])),)
        off = wake + source.randrange(60)
        for minute in range(off, off + 15 + source.randrange(30)):
            steps[minute], wear[minute] = 0, int(Wear.NOT_WORN)
        asleep = set(range(wake)) | set(range(bed, DAY_MINUTES))
        minutes = tuple(
            self._minute(source, steps[minute], wear[minute], minute in asleep) for minute in range(DAY_MINUTES)
        )
        for night, shift in ((self._night(day), 0), (self._night(day + 1), DAY_MINUTES)):
            for first, end, stage in night:
                if 0 <= (last := end - 1 + shift) < DAY_MINUTES:
                    ended[last] = (*ended.get(last, ()), Stretch((end - first) * MINUTE_S, Sleep(stage)))
        return _Day(minutes, ended)

    def _minute(self, source: Random, steps: int, wear: int, asleep: bool) -> Minute:
        if wear == Wear.NOT_WORN:
            return Minute(0, 0, RESTING_CALORIES_TENTHS, wear)
        rate = self._resting_rate + (0 if asleep else 14) + steps // 2 + source.randrange(-3, 4)
        return Minute(steps, rate, RESTING_CALORIES_TENTHS + steps // 2, wear)

    def _workout(self, steps: list[int]) -> Workout:
        total = sum(steps)
        rates = [self._resting_rate + 14 + count // 2 for count in steps]
        calories = sum(RESTING_CALORIES_TENTHS + count // 2 for count in steps)
        distance_m = total * STEP_LENGTH_CM // 100
        return Workout(RUNNING, total, calories, sum(rates) // len(rates), max(rates), distance_m)
