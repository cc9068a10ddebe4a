"""What happens to a phone as a whole: time passing, boots; and the order in which things come.

Every consequence has a moment of its own, and they are done in the order of their moments, however seldom the phone
is looked at.
"""

import random
from collections.abc import Callable
from functools import partial

from unstuck.chain.phone.host import Network
from unstuck.lab.phone import consequences
from unstuck.lab.phone.applife import AppLife
from unstuck.lab.phone.book import Book, Switched
from unstuck.lab.phone.consequences import CLEANED_AFTER_S, HIBERNATION_S, HOUR_S, RESTRICTED_KILL_S
from unstuck.lab.phone.models import Model
from unstuck.lab.phone.pen import SYSTEM_PID, Pen
from unstuck.lab.phone.state import PhoneState
from unstuck.lab.phone.switches import Switches

_Act = Callable[[float], None]

_BLUETOOTH_AFTER_S = 12.4
"""From the boot's beginning to the request for Bluetooth, as a phone of these years takes it."""

_APPS_AFTER_S = 31.0
"""From the boot's beginning to the apps that are told of it."""

_CHARGE_PERCENT_PER_H = 45.0
"""A phone of these years on its own charger."""


class Happenings:
    """The phone's course. ``life`` is the app's, ``switches`` are the phone's."""

    def __init__(self, model: Model, state: PhoneState, book: Book, chance: random.Random) -> None:
        self._pen = Pen(model, state, book, chance)
        self.life = AppLife(self._pen)
        self.switches = Switches(self._pen, self.life)
        self._passed_s = 0.0
        self._coming: list[tuple[float, _Act]] = []

    @property
    def quiet_s(self) -> float | None:
        """Since when the phone is dark and unplugged."""
        return self._pen.quiet_s

    @property
    def still_s(self) -> float | None:
        """Since when it lies still."""
        return self._pen.still_s

    def begin(self, now_s: float) -> None:
        """The records that a phone has which was started a while ago."""
        state, book = self._pen.state, self._pen.book
        self._passed_s = now_s
        self._pen.dark_s = now_s - 600
        self._pen.background_s = now_s - 600
        self._pen.quiet_s = None if state.charging or state.screen_on else now_s - 600
        booted_s = self._pen.wall(state.booted_s)
        book.switched.append(Switched(booted_s + _BLUETOOTH_AFTER_S, True, "SYSTEM_BOOT", "android"))
        book.bluetooth_on_s = booted_s + 14.9
        self._pen.booted(booted_s)
        book.history_from_s = self._pen.wall(max(state.booted_s, book.history_from_s))
        book.history_percent = min(100, round(state.battery_percent) + 16)
        self.life.started(max(state.booted_s + 40, now_s - 7 * HOUR_S), "broadcast")

    def pass_time(self, now_s: float) -> None:
        """Everything that comes by itself, in its order, up to now."""
        while self._pen.state.powered:
            at_s, act = self._next(now_s)
            if at_s > now_s:
                break
            self._drain(max(at_s, self._passed_s))
            self._coming = [one for one in self._coming if one != (at_s, act)]
            act(max(at_s, self._passed_s))
        self._drain(now_s)

    def _next(self, now_s: float) -> tuple[float, _Act]:
        """The first thing to come, and what it does; in the far future when there is none."""
        state, app = self._pen.state, self._pen.state.app
        coming = list(self._coming)
        shown = state.screen_on and state.on_screen == app.package
        if app.pid is not None and app.restricted and not shown and self._pen.model.android >= 12:
            coming.append((self._pen.background_s + RESTRICTED_KILL_S, self._kill_restricted))
        cleaned = self._pen.model.cleaner and not app.auto_start and not state.screen_on and app.pid is not None
        if cleaned:
            coming.append((self._pen.dark_s + CLEANED_AFTER_S, self._clean))
        if not app.hibernated and self._pen.model.android >= 12 and app.enabled:
            coming.append((app.used_s + HIBERNATION_S, self._hibernate))
        if not state.charging and not state.battery_saver and state.saver_trigger_percent:
            coming.append((self._level_at(state.saver_trigger_percent), self._saver_by_itself))
        if not state.charging and state.drain_percent_per_h > 0:
            coming.append((self._level_at(0.0), self.power_off))
        if state.automatic_time and state.clock_offset_s and state.network is Network.VALIDATED:
            coming.append((now_s, self._set_clock))
        for after_s, bucket in consequences.decay(self._pen.model.android)[1:]:
            at_s = app.used_s + after_s
            if at_s > self._passed_s and not app.doze_exempt and app.forced_bucket is None:
                coming.append((at_s, partial(self._bucket_event, bucket=int(bucket))))
        return min(coming, key=lambda one: one[0], default=(float("inf"), self._nothing))

    def _nothing(self, at_s: float) -> None:
        """Never called: what stands behind the end of time."""

    def _level_at(self, percent: float) -> float:
        """When the battery, unplugged, is down to this."""
        state = self._pen.state
        if state.battery_percent <= percent:
            return self._passed_s
        if state.drain_percent_per_h <= 0:
            return float("inf")
        return self._passed_s + (state.battery_percent - percent) / state.drain_percent_per_h * HOUR_S

    def _drain(self, to_s: float) -> None:
        state = self._pen.state
        hours = max(0.0, to_s - self._passed_s) / HOUR_S
        if state.charging:
            state.battery_percent = min(100.0, state.battery_percent + hours * _CHARGE_PERCENT_PER_H)
        elif state.powered and state.drain_percent_per_h > 0:
            state.battery_percent = max(0.0, state.battery_percent - hours * state.drain_percent_per_h)
        self._passed_s = max(self._passed_s, to_s)

    def _kill_restricted(self, at_s: float) -> None:
        self.life.killed(at_s, "cached idle & background restricted", 905)

    def _clean(self, at_s: float) -> None:
        self.life.killed(at_s, self._pen.chance.choice(self._pen.model.cleaner), 905)

    def _hibernate(self, at_s: float) -> None:
        """The app is stopped, loses its permissions and its cache, until a person opens it."""
        app = self._pen.state.app
        if app.pid is not None:
            self.life.stop(at_s, f"stop {app.package} due to from pid {SYSTEM_PID}", 21, "FORCE STOP")
        app.hibernated, app.stopped = True, True
        app.permissions.clear()
        app.cache_bytes = 0

    def _saver_by_itself(self, at_s: float) -> None:
        self._pen.state.battery_saver = True
        self.switches.observe(at_s)

    def _set_clock(self, at_s: float) -> None:
        self._pen.state.clock_offset_s = 0.0

    def _bucket_event(self, at_s: float, bucket: int) -> None:
        self._passed_s = max(self._passed_s, at_s)
        self._pen.bucket_event(at_s, bucket, "t")

    def boot(self, at_s: float, why: str) -> None:
        """Off, if it was on, and on again; logs in memory are lost, records on disk stay."""
        if self._pen.state.powered:
            self.power_off(at_s)
        state, book = self._pen.state, self._pen.book
        state.powered, state.booted_s = True, at_s
        for ring in (book.main, book.system, book.events):
            ring.clear()
        book.switched.clear()
        book.bluetooth_crashes.clear()
        wall_s = self._pen.wall(at_s)
        self._pen.booted(wall_s)
        self._pen.history(at_s, "START")
        # A wedged stack comes out of its wait with a new process.
        wanted = state.bluetooth in ("on", "turning_on", "turning_off") and not state.airplane_mode
        state.boot_reason = why
        state.bluetooth = "off" if wanted else state.bluetooth
        self._coming = [(at_s + _BLUETOOTH_AFTER_S, self._boot_bluetooth)] if wanted else []
        self._pen.dark_s = self._pen.background_s = at_s
        self._pen.quiet_s = None
        self._pen.quiet(at_s)
        self.switches.settle()
        self._coming.append((at_s + _APPS_AFTER_S, self._boot_app))

    def boot_ends(self) -> None:
        """What a boot still brings comes now: a person waits for it before they look."""
        coming, self._coming = self._coming, []
        for at_s, act in sorted(coming, key=lambda one: one[0]):
            act(at_s)

    def _boot_bluetooth(self, at_s: float) -> None:
        if self._pen.state.bluetooth == "off":
            self.switches.bluetooth(at_s, True, "android", "SYSTEM_BOOT")

    def _boot_app(self, at_s: float) -> None:
        """The app hears of the boot, unless it may not start by itself."""
        app = self._pen.state.app
        may = not (app.stopped or app.hibernated) and app.enabled and (app.auto_start or not self._pen.model.auto_start)
        if may:
            self.life.started(at_s, "broadcast")

    def power_off(self, at_s: float) -> None:
        """Shut down: links end, processes end, the screen is dark."""
        state = self._pen.state
        self._pen.history(at_s, "SHUTDOWN")
        state.links.clear()
        state.app.pid = None
        state.screen_on, state.on_screen, state.powered = False, "", False
        if self._boot_bluetooth in [act for _, act in self._coming]:
            state.bluetooth = "on"  # it was to come, and is to come after the next boot
        self._coming = []
        self.switches.settle()
        self._passed_s = max(self._passed_s, at_s)

    def update_system(self, at_s: float) -> None:
        """The packages of the system image carry the new date; the first boot says that the build is another."""
        state = self._pen.state
        state.system_updated_s = at_s
        self.boot(at_s, "reboot,ota")
