"""What follows from a phone's state by the mere passing of time, as the platform documents it. Pure.

Doze and its windows: AOSP DeviceIdleController with its default constants. Standby buckets: the elapsed thresholds of
AppStandbyController. Hibernation: three months without use (Android 12 and later). Where a release changed a number,
the one of the phone's release counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from itertools import cycle as for_ever

from unstuck.chain.phone.host import Bucket
from unstuck.lab.phone.state import App

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86_400.0

LIGHT_AFTER_S = {9: 180.0, 10: 180.0, 11: 180.0}
"""``light_after_inactive_to`` up to 11 (seen in dumps of 9 and 10)."""
_LIGHT_AFTER_S = 240.0
"""The same from 12 on (seen in dumps of 14 and 15)."""
_Steps = tuple[tuple[str, float], ...]
"""States one after another, each with its length."""

_IDLE, _WINDOW = "IDLE", "IDLE_MAINTENANCE"
_LIGHT_WINDOW_S = 60.0
"""``light_idle_maintenance_min_budget``."""
_LIGHT_RAMP: _Steps = ((_IDLE, 300.0), (_WINDOW, _LIGHT_WINDOW_S), (_IDLE, 600.0), (_WINDOW, _LIGHT_WINDOW_S))
_LIGHT_CYCLE: _Steps = ((_IDLE, 900.0), (_WINDOW, _LIGHT_WINDOW_S))
"""``light_idle_to`` doubles up to ``light_max_idle_to``."""

_DEEP_WAY: _Steps = (
    ("INACTIVE", 30 * MINUTE_S),
    ("IDLE_PENDING", 30 * MINUTE_S),
    ("SENSING", 4 * MINUTE_S),
    ("LOCATING", 30.0),
)
_DEEP_RAMP: _Steps = (
    (_IDLE, HOUR_S),
    (_WINDOW, 5 * MINUTE_S),
    (_IDLE, 2 * HOUR_S),
    (_WINDOW, 10 * MINUTE_S),
    (_IDLE, 4 * HOUR_S),
    (_WINDOW, 10 * MINUTE_S),
)
_DEEP_CYCLE: _Steps = ((_IDLE, 6 * HOUR_S), (_WINDOW, 10 * MINUTE_S))
"""``idle_to`` doubles up to ``max_idle_to``, ``idle_pending_to`` up to ``max_idle_pending_to``."""

DEEP_AFTER_S = sum(length_s for _, length_s in _DEEP_WAY)
"""How long a phone lies still, unplugged and dark before deep doze begins."""

RESTRICTED_KILL_S = 120.0
"""A restricted app is killed so long after it went to the background: ActivityManager holds it for idle after a minute
(BACKGROUND_SETTLE_TIME) and waits another (KILL_BG_RESTRICTED_CACHED_IDLE_SETTLE_TIME). People report 1 to 10."""

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


def phases(quiet_s: float, now_s: float, still_s: float | None, android: int) -> Iterator[tuple[float, Doze]]:
    """Every state of doze since the phone went dark and unplugged at ``quiet_s``, with when it began.

    ``still_s``: since when it lies still, None while it is carried about. Motion ends deep doze, not light doze.
    """
    deep = [(quiet_s, "INACTIVE")]
    if still_s is not None:
        deep += _marks(max(quiet_s, still_s), now_s, _DEEP_WAY, _DEEP_RAMP, _DEEP_CYCLE)
    light = list(_marks(quiet_s, now_s, (("INACTIVE", light_after_s(android)),), _LIGHT_RAMP, _LIGHT_CYCLE))
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


def doze(quiet_s: float | None, now_s: float, still_s: float | None, android: int) -> Doze:
    """The state now: the last of :func:`phases`; ``quiet_s`` is None while the screen is on or the phone charges."""
    if quiet_s is None:
        return Doze()
    dark_s = max(0.0, now_s - quiet_s)
    deep = "INACTIVE"
    if still_s is not None:
        deep = _at(max(0.0, now_s - max(quiet_s, still_s)), _DEEP_WAY, _DEEP_RAMP, _DEEP_CYCLE)
    if deep in ("IDLE", "IDLE_MAINTENANCE"):
        return Doze(deep, "OVERRIDE")
    return Doze(deep, _at(dark_s, (("INACTIVE", light_after_s(android)),), _LIGHT_RAMP, _LIGHT_CYCLE))


def _at(dark_s: float, way: _Steps, ramp: _Steps, cycle: _Steps) -> str:
    """The state after so long: the way into doze, its lengthening windows, then the same two for ever."""
    for name, length_s in (*way, *ramp):
        if dark_s < length_s:
            return name
        dark_s -= length_s
    dark_s %= sum(length_s for _, length_s in cycle)
    return cycle[0][0] if dark_s < cycle[0][1] else cycle[1][0]


def _marks(quiet_s: float, now_s: float, way: _Steps, ramp: _Steps, cycle: _Steps) -> Iterator[tuple[float, str]]:
    at_s = quiet_s
    for name, length_s in chain(way, ramp, for_ever(cycle)):
        if at_s > now_s:
            return
        yield at_s, name
        at_s += length_s


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
