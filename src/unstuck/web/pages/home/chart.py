"""The values of a day's chart as JSON can carry them: a day enters, columns, holes and labels leave."""

from typing import Any

from unstuck.web.pages.base.i18n import Words
from unstuck.web.pages.base.when import When
from unstuck.web.pages.home.day import REASONS, Day

BIN_S = 600
"""Seconds of steps in one bar: 144 a day, a few pixels each on a telephone."""
_TICK_HOURS = 3


def chart(day: Day, words: Words, when: When) -> dict[str, Any]:
    """``heart``: time and beats a minute by minute, null where none; ``steps``: begin of each bar and steps in it."""
    # A tracker's minutes begin where its clock says so, which need not be on the minute.
    rates = {start - (start - day.start) % 60: minute.heart_rate or None for start, minute in day.minutes}
    at = range(day.start, day.end, 60)
    bins = dict.fromkeys(range(day.start, day.end, BIN_S), 0)
    for start, minute in day.minutes:
        bins[day.start + (start - day.start) // BIN_S * BIN_S] += minute.steps
    return {
        "start": day.start,
        "end": day.end,
        "heart": [list(at), [rates.get(moment) for moment in at]],
        "steps": [[start + BIN_S // 2 for start in bins], list(bins.values())],
        "bin_s": BIN_S,
        "ticks": [[moment, when.time(moment)] for moment in _ticks(day, when)],
        "clock": when.clock,
        "zone": when.zone.key,
        "language": words.language,
        "holes": [
            {
                "start": hole.start,
                "end": hole.end,
                "reason": hole.reason,
                "label": words.gettext(REASONS[hole.reason][0]),
            }
            for hole in day.holes
        ],
        "labels": {
            "heart": words.gettext("Heart rate, beats a minute"),
            "steps": words.gettext("Steps in 10 minutes"),
            "time": words.gettext("Time"),
        },
    }


def _ticks(day: Day, when: When) -> list[int]:
    """Every third hour on the clock; a day of 23 or 25 hours has them where the clock shows them."""
    hours = [moment for moment in range(day.start, day.end + 1, 3600) if when.local(moment).hour % _TICK_HOURS == 0]
    return [moment for moment in hours if when.local(moment).minute == 0]
