"""When to try again: pure policies. Times in Unix seconds; chance is a number of [0, 1) that the caller draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from unstuck.chain.phone.reasons import MEANINGS, Outcome, Retry

SYNC_EVERY_S = 15 * 60
"""What trackers' apps are seen to do in the background (10 to 15 minutes)."""

EMPTY_BEFORE_SLOWER = 3
"""Syncs in a row that found nothing new before the rhythm slows: a tracker records every minute it is on."""

SLOWEST_TIMES = 4
"""Never slower than this many times the usual rhythm, so that a tracker put on again is seen within the hour."""

BACK_OFF_FIRST_S = 30
"""A passing trouble (a lost packet, a server that restarts) is over after half a minute more often than not."""

BACK_OFF_MOST_S = SYNC_EVERY_S
"""Trying less often than the rhythm would turn one fault into a late tracker."""

PERSON_EVERY_S = 6 * 3600
"""How often it is looked whether the person has done what only a person can do; "sync now" looks at once."""

JITTER = 0.2
"""Share of the rhythm by which each agent differs, so that a million agents do not knock at the same second."""


class Because(StrEnum):
    """Why the next sync is when it is."""

    FIRST = "first"
    RHYTHM = "rhythm"
    NOTHING_NEW = "nothing_new"
    BACK_OFF = "back_off"
    SERVER_SAID = "server_said"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Next:
    """When, and why then."""

    at_s: float
    because: Because


def next_try(
    outcomes: Sequence[Outcome],
    now_s: float,
    chance: float,
    *,
    every_s: float = SYNC_EVERY_S,
    retry_after_s: float | None = None,
) -> Next:
    """When to try one side again, after these outcomes (oldest first, the last one just now).

    ``every_s``: the usual rhythm. ``retry_after_s``: what the server asked for.
    """
    if not outcomes:
        return Next(now_s, Because.FIRST)
    retry = MEANINGS[outcomes[-1]].retry
    if retry is Retry.RHYTHM:
        return _rhythm(outcomes, now_s, chance, every_s)
    if retry_after_s is not None:
        return Next(now_s + retry_after_s * (1.0 + JITTER * chance), Because.SERVER_SAID)
    if retry is Retry.PERSON:
        return Next(now_s + PERSON_EVERY_S * (1.0 - JITTER * chance), Because.PERSON)
    failures = _in_a_row(outcomes, lambda outcome: not outcome.good)
    longest = min(BACK_OFF_MOST_S, every_s, BACK_OFF_FIRST_S * 2.0 ** min(failures - 1, 16))
    # Half of it is sure, so that nothing is hammered; half is chance, so that agents spread out.
    return Next(now_s + longest * (0.5 + 0.5 * chance), Because.BACK_OFF)


def learned_interval_s(synced_s: Sequence[float], every_s: float = SYNC_EVERY_S) -> float:
    """The interval at which this tracker in fact gets through: the median of the gaps between good syncs.

    Until it has been seen five times it is the rhythm; never less than that.
    """
    gaps = sorted(after - before for before, after in pairwise(synced_s))
    if len(gaps) < 5:
        return every_s
    return max(every_s, gaps[len(gaps) // 2])


def _rhythm(outcomes: Sequence[Outcome], now_s: float, chance: float, every_s: float) -> Next:
    empty = _in_a_row(outcomes, lambda outcome: outcome is Outcome.NOTHING_NEW)
    times = min(SLOWEST_TIMES, 2.0 ** max(0, empty - EMPTY_BEFORE_SLOWER + 1))
    because = Because.NOTHING_NEW if times > 1 else Because.RHYTHM
    return Next(now_s + every_s * times * (1.0 - JITTER * chance), because)


def _in_a_row(outcomes: Sequence[Outcome], is_so: Callable[[Outcome], bool]) -> int:
    count = 0
    for outcome in reversed(outcomes):
        if not is_so(outcome):
            break
        count += 1
    return count
