"""The harm gate: the one place that says why a fix may not be done now.

Whatever can lose data passes only when it is *known* that there is nothing to lose: unknown counts
as a reason. The same gate stands before what the doctor does by itself and before what it prints.
Which unknown blocks and which is only said: docs/why/reasoning.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from unstuck.doctor.knowledge.schema import Fix, Guard
from unstuck.model.worded import counted, worded

FIRMWARE_BATTERY_MIN_PERCENT = 50.0
"""Least charge of the tracker before a firmware update (percent). Makers name no common number; an
update keeps the radio busy for 20 minutes and more, so we ask for half, well above where a tracker
begins to save its radio."""

ALWAYS_GUARDED: Mapping[str, frozenset[Guard]] = {
    "repair_bond": frozenset({Guard.UNDRAINED}),
    "relink_account": frozenset({Guard.UNDRAINED, Guard.LOGIN_UNKNOWN, Guard.VENDOR_DOWN}),
    "reinstall_app": frozenset({Guard.UNSENT, Guard.LOGIN_UNKNOWN, Guard.VENDOR_DOWN}),
    "sign_in_again": frozenset({Guard.LOGIN_UNKNOWN, Guard.VENDOR_DOWN}),
    "update_firmware": frozenset({Guard.BATTERY_LOW}),
}
"""Guards of the catalogue that hold whatever the knowledge files say: a line lost from a data file
must not open the gate."""

REMOVES_NOTHING = frozenset({"sign_in_again"})
"""Fixes that ask for the login without taking anything away first: whether it is known shows by
itself, so that nobody confirmed it is said and does not block."""

LIFTED_BY: Mapping[Guard, str] = {
    Guard.UNDRAINED: "sync_now",
    Guard.UNSENT: "sync_now",
    Guard.VENDOR_DOWN: "wait_for_vendor",
    Guard.BATTERY_LOW: "charge_tracker",
}
"""The fix to do first so that a guard no longer holds. A login is confirmed by asking, not by a fix."""

_MINUTES_PER_HOUR = 60.0
_MINUTES_PER_DAY = 24 * 60.0


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the things that a fix could harm. None: nobody looked, or it could not be told.

    ``undrained``: records may be on the tracker alone, and how many minutes of them.
    ``unsent``: records may be in the phone's app alone, and how many minutes of them.
    ``vendor_down``: the service is known to be down (a green status page is no proof of False).
    ``tracker_battery_percent``: 0 to 100. ``login_known``: the person confirmed knowing the login.
    ``link_up``: the phone reaches the tracker now.
    """

    undrained: bool | None = None
    undrained_minutes: float | None = None
    unsent: bool | None = None
    unsent_minutes: float | None = None
    vendor_down: bool | None = None
    tracker_battery_percent: float | None = None
    login_known: bool | None = None
    link_up: bool | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, as the guard it comes from and as a sentence for a person (no full stop)."""

    guard: Guard
    text: str


def reasons_not_now(fix: Fix, situation: Situation) -> tuple[Reason, ...]:
    """Every reason why the fix may not be done now; empty when it may.

    Undrained, unsent, battery and login block unless they are known to be well. The service blocks
    when it is known to be down; that it was not checked is a caution, see ``cautions``.
    """
    return _judge(fix, situation, blocking=True)


def cautions(fix: Fix, situation: Situation) -> tuple[Reason, ...]:
    """What was not checked and does not block the fix, to be said beside it."""
    return _judge(fix, situation, blocking=False)


@lru_cache(maxsize=64)  # the catalogue's, twice
def guards_of(fix: Fix) -> tuple[Guard, ...]:
    """All guards of a fix: those of the knowledge and those that always hold, in the order of ``Guard``."""
    held = frozenset(fix.guards) | ALWAYS_GUARDED.get(fix.id, frozenset())
    return tuple(guard for guard in Guard if guard in held)


def _judge(fix: Fix, situation: Situation, *, blocking: bool) -> tuple[Reason, ...]:
    reasons = []
    for guard in guards_of(fix):
        judged = _look(guard, situation, fix.id)
        if judged is not None and judged[1] is blocking:
            reasons.append(Reason(guard, judged[0]))
    return tuple(reasons)


def _look(guard: Guard, situation: Situation, fix: str) -> tuple[str, bool] | None:
    """The sentence and whether it blocks, or None when all is well."""
    match guard:
        case Guard.UNDRAINED:
            return _undrained(situation)
        case Guard.UNSENT:
            return _unsent(situation)
        case Guard.VENDOR_DOWN:
            return _vendor(situation.vendor_down)
        case Guard.BATTERY_LOW:
            return _battery(situation.tracker_battery_percent)
        case Guard.LOGIN_UNKNOWN:
            return _login(situation.login_known, blocks_unknown=fix not in REMOVES_NOTHING)
        case _:
            assert_never(guard)


def _undrained(situation: Situation) -> tuple[str, bool] | None:
    at_stake = _at_stake(situation.undrained, situation.undrained_minutes)
    if at_stake is False:
        return None
    first = worded("sync first")
    if situation.link_up is False:
        first = worded("it cannot be reached now, so bring it back in touch and sync first")
    if at_stake is None:
        return worded("Nobody has shown that nothing is left on the tracker; {first}", first=first), True
    held = _records(situation.undrained_minutes)
    return worded("{held} only on the tracker; {first}", held=held, first=first), True


def _unsent(situation: Situation) -> tuple[str, bool] | None:
    at_stake = _at_stake(situation.unsent, situation.unsent_minutes)
    if at_stake is False:
        return None
    if at_stake is None:
        return worded("Nobody has shown that the app has sent everything; let it sync to the end first"), True
    held = _records(situation.unsent_minutes)
    return worded("{held} only in the phone's app; let it sync to the end first", held=held), True


def _vendor(down: bool | None) -> tuple[str, bool] | None:
    if down is None:
        return worded("Whether the service is up was not checked; look at its status page before you sign out"), False
    if down:
        return worded("The service is down, so signing in again could fail; wait until it is back"), True
    return None


def _battery(percent: float | None) -> tuple[str, bool] | None:
    least = f"{FIRMWARE_BATTERY_MIN_PERCENT:.0f} %"
    if percent is None or not 0.0 <= percent <= 100.0:
        return worded("The tracker's battery level is not known; charge it to {least} or more first", least=least), True
    if percent < FIRMWARE_BATTERY_MIN_PERCENT:
        return worded(
            "The tracker's battery is at {percent} %; charge it to {least} or more first",
            percent=math.floor(percent),
            least=least,
        ), True
    return None


def _login(known: bool | None, *, blocks_unknown: bool) -> tuple[str, bool] | None:
    if known is None:
        text = worded("Nobody has confirmed that the login is known; try it in a web browser first")
        return text, blocks_unknown
    return None if known else (worded("The login is not known; recover the password first"), True)


def _at_stake(held: bool | None, minutes: float | None) -> bool | None:
    """Whether there is something to lose. A number above zero, or one that is no number, outweighs a "no"."""
    if minutes is not None and not minutes <= 0.0:
        return True
    return held


def _records(minutes: float | None) -> str:
    """How much there is to lose, with its verb; rounded up, so that it is never made smaller."""
    if minutes is None or not math.isfinite(minutes) or minutes <= 0.0:
        return worded("Records are")
    if minutes <= 2 * _MINUTES_PER_HOUR:
        return counted("{n} minute is", "{n} minutes are", math.ceil(minutes))
    if minutes <= 2 * _MINUTES_PER_DAY:
        return counted("{n} hour is", "{n} hours are", math.ceil(minutes / _MINUTES_PER_HOUR))
    return counted("{n} day is", "{n} days are", math.ceil(minutes / _MINUTES_PER_DAY))
