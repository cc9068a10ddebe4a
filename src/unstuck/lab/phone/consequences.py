"""What follows from a phone's state by the mere passing of time, as the platform documents it. Pure.

Doze and its windows: AOSP DeviceIdleController with its default constants. Standby buckets: the elapsed thresholds of
AppStandbyController. Hibernation: three months without use (Android 12 and later). Where a release changed a number,
the one of the phone's release counts.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from unstuck.chain.phone.host import Bucket
from unstuck.lab.phone.state import App

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86_400.0

LIGHT_AFTER_S = {9: 180.0, 10: 180.0, 11: 180.0}
"""``light_after_inactive_to`` up to 11 (seen in dumps of 9 and 10)."""
_LIGHT_AFTER_S = 240.0
"""The same from 12 on (seen in dumps of 14 and 15)."""
_LIGHT_IDLE_S = (300.0, 600.0, 900.0)
"""``light_idle_to`` and its doubling up to ``light_max_idle_to``."""
_LIGHT_WINDOW_S = 60.0
"""``light_idle_maintenance_min_budget``."""

_INACTIVE_S = 30 * MINUTE_S
_PENDING_S = 30 * MINUTE_S
_SENSING_S = 4 * MINUTE_S
_LOCATING_S = 30.0
_DEEP_IDLE_S = (HOUR_S, 2 * HOUR_S, 4 * HOUR_S, 6 * HOUR_S)
"""``idle_to`` and its doubling up to ``max_idle_to``."""
_DEEP_WINDOW_S = (5 * MINUTE_S, 10 * MINUTE_S)
"""``idle_pending_to`` and its doubling up to ``max_idle_pending_to``."""

DEEP_AFTER_S = _INACTIVE_S + _PENDING_S + _SENSING_S + _LOCATING_S
"""How long a phone lies still, unplugged and dark before deep doze begins."""

RESTRICTED_KILL_S = 60.0
"""A restricted app is killed so long after it went to the background (ActivityManager's BACKGROUND_SETTLE_TIME)."""

CLEANED_AFTER_S = 600.0
"""A maker's cleaner acts so long after the screen went dark. Judgement: makers publish no number, people tell of
minutes."""

HIBERNATION_S = 90 * DAY_S
"""AppHibernationService: the unused threshold of three months."""


@dataclass(frozen=True, slots=True)
class Doze:
    """The two states of doze by their names in dumps."""

    deep: str = "ACTIVE"
    light: str = "ACTIVE"

    @property
    def idle(self) -> bool:
        """Deep doze, outside its windows: work, network and alarms are put off."""
        return self.deep == "IDLE"


def light_after_s(android: int) -> float:
    """How long a dark, unplugged phone waits before light doze."""
    return LIGHT_AFTER_S.get(android, _LIGHT_AFTER_S)


def phases(quiet_s: float, now_s: float, still: bool, android: int) -> Iterator[tuple[float, Doze]]:
    """Every state of doze since the phone went dark and unplugged at ``quiet_s``, with when it began."""
    deep = list(_deep(quiet_s, now_s)) if still else [(quiet_s, "INACTIVE")]
    light = list(_light(quiet_s, now_s, android))
    marks = sorted({at for at, _ in deep} | {at for at, _ in light})
    deep_state = light_state = "INACTIVE"
    deep_at = light_at = 0
    for mark in marks:
        while deep_at < len(deep) and deep[deep_at][0] <= mark:
            deep_state = deep[deep_at][1]
            deep_at += 1
        while light_at < len(light) and light[light_at][0] <= mark:
            light_state = light[light_at][1]
            light_at += 1
        over = deep_state in ("IDLE", "IDLE_MAINTENANCE")
        yield mark, Doze(deep_state, "OVERRIDE" if over else light_state)


def doze(quiet_s: float | None, now_s: float, still: bool, android: int) -> Doze:
    """The state now; ``quiet_s`` is None while the screen is on or the phone is charging."""
    if quiet_s is None:
        return Doze()
    return deque(phases(quiet_s, now_s, still, android), 1).pop()[1]


def _deep(quiet_s: float, now_s: float) -> Iterator[tuple[float, str]]:
    at_s = quiet_s
    for name, length_s in (
        ("INACTIVE", _INACTIVE_S),
        ("IDLE_PENDING", _PENDING_S),
        ("SENSING", _SENSING_S),
        ("LOCATING", _LOCATING_S),
    ):
        if at_s > now_s:
            return
        yield at_s, name
        at_s += length_s
    count = 0
    while at_s <= now_s:
        yield at_s, "IDLE"
        at_s += _DEEP_IDLE_S[min(count, len(_DEEP_IDLE_S) - 1)]
        if at_s > now_s:
            return
        yield at_s, "IDLE_MAINTENANCE"
        at_s += _DEEP_WINDOW_S[min(count, len(_DEEP_WINDOW_S) - 1)]
        count += 1


def _light(quiet_s: float, now_s: float, android: int) -> Iterator[tuple[float, str]]:
    yield quiet_s, "INACTIVE"
    at_s = quiet_s + light_after_s(android)
    count = 0
    while at_s <= now_s:
        yield at_s, "IDLE"
        at_s += _LIGHT_IDLE_S[min(count, len(_LIGHT_IDLE_S) - 1)]
        if at_s > now_s:
            return
        yield at_s, "IDLE_MAINTENANCE"
        at_s += _LIGHT_WINDOW_S
        count += 1


@dataclass(frozen=True, slots=True)
class Standby:
    """The bucket, the reason as usagestats prints it, and since when."""

    bucket: Bucket
    reason: str
    since_s: float


def decay(android: int) -> tuple[tuple[float, Bucket], ...]:
    """After how long without use an app falls into which bucket (AppStandbyController's elapsed thresholds)."""
    steps: list[tuple[float, Bucket]] = [
        (0.0, Bucket.ACTIVE),
        (12 * HOUR_S, Bucket.WORKING_SET),
        (24 * HOUR_S, Bucket.FREQUENT),
        (48 * HOUR_S, Bucket.RARE),
    ]
    if android >= 13:
        steps.append((8 * DAY_S, Bucket.RESTRICTED))
    elif android == 12:
        steps.append((45 * DAY_S, Bucket.RESTRICTED))
    return tuple(steps)


def standby(app: App, now_s: float, android: int) -> Standby:
    """The app's bucket now. Exemption from battery optimisation is a bucket of its own."""
    if app.doze_exempt:
        return Standby(Bucket.EXEMPTED, "d", app.installed_s)
    if app.forced_bucket is not None and app.forced_s >= app.used_s:
        return Standby(app.forced_bucket, "f", app.forced_s)
    best = Standby(Bucket.ACTIVE, "u-mf", app.used_s)
    for after_s, bucket in decay(android)[1:]:
        if now_s - app.used_s >= after_s:
            best = Standby(bucket, "t", app.used_s + after_s)
    return best
