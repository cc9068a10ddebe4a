"""One day of one tracker: records and holes enter, totals, hours, sleep and workouts leave. Pure; times in Unix s."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from unstuck.chain.records import Kind, Minute, Record, Sleep, SleepStage, Wear, Workout
from unstuck.chain.server.domain.ledger import LedgerHole
from unstuck.model.records import HoleReason
from unstuck.web.pages.base.i18n import noop

HOUR_S, DAY_S = 3600, 86_400
UP_S = HOUR_S
"""Who was up for longer between two stretches of sleep slept twice."""
LEAST_SHOWN_S = 60
"""Shorter holes are seconds of a clock that was set: nothing could be drawn there."""

REASONS: Mapping[HoleReason, tuple[str, str]] = {
    HoleReason.NOT_WORN: (noop("not worn"), noop("The tracker was not on the wrist.")),
    HoleReason.NOT_RECORDED: (noop("not recorded"), noop("The tracker was off, empty or out of memory.")),
    HoleReason.NOT_DRAINED: (noop("still on the tracker"), noop("It comes with the next sync.")),
    HoleReason.NOT_UPLOADED: (noop("on the phone"), noop("It comes when the phone reaches the server.")),
    HoleReason.NOT_SHOWN: (noop("not shown yet"), noop("The server has it.")),
    HoleReason.LOST: (noop("lost"), noop("It was overwritten on the tracker before a sync; it cannot come back.")),
}
"""The name of a hole, and what it means."""

STAGES: Mapping[SleepStage, str] = {
    SleepStage.AWAKE: noop("awake"),
    SleepStage.REM: noop("REM"),
    SleepStage.LIGHT: noop("light"),
    SleepStage.DEEP: noop("deep"),
}
"""Stages of sleep from the lightest on, as they are drawn from top to bottom."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour, or what the day has of it. Heart rates in beats a minute, None: not measured."""

    start: int
    steps: int
    minutes: int
    lowest: int | None
    mean: int | None
    highest: int | None
    holes: tuple[HoleReason, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of sleep."""

    start: int
    end: int
    stage: SleepStage


@dataclass(frozen=True, slots=True)
class Session:
    """One workout. ``distance_m`` 0: not measured."""

    start: int
    end: int
    steps: int
    calories_tenths: int
    heart_rate_mean: int
    heart_rate_max: int
    distance_m: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day [start, end), as far as it is known."""

    start: int
    end: int
    minutes: tuple[tuple[int, Minute], ...]
    hours: tuple[Hour, ...]
    sleep: tuple[Stretch, ...]
    workouts: tuple[Session, ...]
    holes: tuple[LedgerHole, ...]

    @property
    def steps(self) -> int:
        """Of all minutes."""
        return sum(minute.steps for _, minute in self.minutes)

    @property
    def calories(self) -> int:
        """In kcal."""
        return round(sum(minute.calories_tenths for _, minute in self.minutes) / 10)

    @property
    def worn_s(self) -> int:
        """Seconds on the wrist."""
        return sum(60 for _, minute in self.minutes if minute.wear == Wear.WORN)

    @property
    def slept_s(self) -> int:
        """Seconds asleep, without those awake in between."""
        return sum(one.end - one.start for one in self.sleep if one.stage is not SleepStage.AWAKE)

    @property
    def heart_rates(self) -> tuple[int, int, int] | None:
        """Lowest, mean and highest; None: none was measured."""
        rates = [minute.heart_rate for _, minute in self.minutes if minute.heart_rate]
        return (min(rates), round(sum(rates) / len(rates)), max(rates)) if rates else None


def day(records: Iterable[Record], holes: Sequence[LedgerHole], start: int, end: int) -> Day:
    """The day [start, end) of these records and holes. A minute that came twice counts once, by its start.

    A sleep belongs to the day on which it ends, as a whole: give the records of the evening before too.
    """
    minutes: dict[int, Minute] = {}
    sleep: list[Stretch] = []
    workouts: list[Session] = []
    for record in records:
        until = record.start + record.duration_s
        if record.kind is Kind.MINUTE and start <= record.start < end:
            minutes[record.start] = Minute(*record.value)
        elif record.kind is Kind.SLEEP and start - DAY_S < until <= end + DAY_S:
            stage = Sleep(*record.value).stage
            if stage in SleepStage.__members__.values():
                sleep.append(Stretch(record.start, until, SleepStage(stage)))
        elif record.kind is Kind.WORKOUT and start <= record.start < end:
            workout = Workout(*record.value)
            workouts.append(
                Session(
                    record.start, until, workout.steps, workout.calories_tenths, workout.heart_rate_mean,
                    workout.heart_rate_max, workout.distance_m,
                )
            )  # fmt: skip
    inside = tuple(hole for hole in (_cut(one, start, end) for one in holes) if hole is not None)
    found = tuple(sorted(minutes.items()))
    slept = tuple(one for night in _nights(sleep) if start < max(part.end for part in night) <= end for one in night)
    return Day(start, end, found, tuple(_hours(found, inside, start, end)), slept, tuple(workouts), inside)


def _nights(stretches: Iterable[Stretch]) -> list[list[Stretch]]:
    """Stretches that belong together, in their order."""
    nights: list[list[Stretch]] = []
    until = 0
    for one in sorted(stretches, key=lambda one: one.start):
        if not nights or one.start - until > UP_S:
            nights.append([])
        nights[-1].append(one)
        until = max(until, one.end)
    return nights


def _cut(hole: LedgerHole, start: int, end: int) -> LedgerHole | None:
    first, last = max(hole.start, start), min(hole.end, end)
    if last - first < LEAST_SHOWN_S:
        return None
    return LedgerHole(first, last, hole.reason, hole.boot, hole.first, hole.last)


def _hours(minutes: Sequence[tuple[int, Minute]], holes: Sequence[LedgerHole], start: int, end: int) -> Iterable[Hour]:
    by_hour: dict[int, list[Minute]] = {}
    for at, minute in minutes:
        by_hour.setdefault((at - start) // HOUR_S, []).append(minute)
    for place in range((end - start + HOUR_S - 1) // HOUR_S):
        first = start + place * HOUR_S
        found = by_hour.get(place, [])
        rates = [minute.heart_rate for minute in found if minute.heart_rate]
        inside = (hole.reason for hole in holes if hole.start < first + HOUR_S and hole.end > first)
        yield Hour(
            first,
            sum(minute.steps for minute in found),
            len(found),
            min(rates, default=None),
            round(sum(rates) / len(rates)) if rates else None,
            max(rates, default=None),
            tuple(dict.fromkeys(inside)),
        )
