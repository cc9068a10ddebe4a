"""Events enter; the state they lead to and the log lines they leave follow: kills, links, switches, boots.

Line forms: AOSP's event-log-tags, ActivityManager and BluetoothGatt, as seen in logs of 9, 10 and 14.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from unstuck.chain.phone.host import Bucket, Network
from unstuck.lab.phone import consequences
from unstuck.lab.phone.book import Book, Charged, Dropped, Exit, Ring, Switched, Used
from unstuck.lab.phone.consequences import CLEANED_AFTER_S, HIBERNATION_S, HOUR_S, RESTRICTED_KILL_S
from unstuck.lab.phone.models import Model
from unstuck.lab.phone.state import LiveLink, PhoneState

_Act = Callable[[float], None]

SYSTEM_PID = 1511
BLUETOOTH_PID = 2310
_SYSTEM = (1000, SYSTEM_PID, 1702)
_SYSTEM_MAIN = (1000, SYSTEM_PID, 1511)
JOB_SERVICE = "androidx.work.impl.background.systemjob.SystemJobService"
"""The service that WorkManager, which nearly every app uses, runs its periodic jobs in."""

JOB_PERIOD_S = 900.0
"""The shortest period Android allows a periodic job."""

_BOOT_S = 31.0
"""From the boot's beginning to the launcher."""

_CHARGE_PERCENT_PER_H = 45.0
"""A phone of these years on its own charger."""

_FULL_PERCENT = 90
"""Taken off the charger above this, a phone begins its battery history anew (BatteryStatsImpl)."""

_ERRORS = {
    "tls": (
        "W",
        "SyncTask",
        "javax.net.ssl.SSLHandshakeException: java.security.cert.CertPathValidatorException: "
        "Trust anchor for certification path not found.",
    ),
    "dns": (
        "W",
        "SyncTask",
        'java.net.UnknownHostException: Unable to resolve host "api.example.org": No address associated with hostname',
    ),
    "timeout": ("W", "SyncTask", "java.net.SocketTimeoutException: timeout"),
    "auth": ("E", "SyncTask", 'token refresh refused: {"error":"invalid_grant"}'),
    "account": ("E", "SyncTask", 'sign-in refused: {"error":"ACCOUNT_NOT_LINKED"}'),
    "version_refused": ("E", "SyncTask", "server refused this version: Upgrade Required"),
    "database": ("E", "SQLiteLog", "(11) database disk image is malformed"),
    "storage_full": ("E", "SQLiteLog", "(13) statement aborts: database or disk is full (SQLITE_FULL)"),
}
"""What an app of the usual libraries logs (Conscrypt, OkHttp, SQLite); the tags of its own are made up."""


@dataclass(slots=True)
class _Seen:
    """What the phone last took notice of; a difference to the state is a change that leaves traces."""

    bluetooth: str
    airplane_mode: bool
    saver: bool
    screen_on: bool
    charging: bool
    network: Network
    transport: str
    restricted: bool
    stopped: bool


class Happenings:
    """The phone's hand. ``quiet_s``: since when it is dark and unplugged, None while it is not."""

    def __init__(self, model: Model, state: PhoneState, book: Book, chance: random.Random) -> None:
        self.model = model
        self.quiet_s: float | None = None
        self._state = state
        self._book = book
        self._chance = chance
        self._seen = self._look()
        self._passed_s = 0.0
        self._dark_s = 0.0
        self._background_s = 0.0
        self._pid = 8000
        self._client = 5
        self._before_airplane: tuple[str, Network] = ("on", Network.VALIDATED)
        self._reason: tuple[str, str] = ("APPLICATION_REQUEST", "com.android.systemui")

    def begin(self, now_s: float) -> None:
        """The records that a phone has which was started a while ago."""
        state, book = self._state, self._book
        self._passed_s = now_s
        self._dark_s = now_s - 600
        self._background_s = now_s - 600
        self.quiet_s = None if state.charging or state.screen_on else now_s - 600
        booted_s = self._wall(state.booted_s)
        book.switched.append(Switched(booted_s + 12.4, True, "SYSTEM_BOOT", "android"))
        book.bluetooth_on_s = booted_s + 14.9
        self._boot_entry(booted_s)
        book.history_from_s = self._wall(max(state.booted_s, book.history_from_s))
        book.history_percent = min(100, round(state.battery_percent) + 16)
        self.started(max(state.booted_s + 40, now_s - 7 * HOUR_S), "broadcast")

    # ---- time ----

    def pass_time(self, now_s: float) -> None:
        """Everything that comes by itself, in its order, up to now."""
        while self._state.powered:
            at_s, act = self._next(now_s)
            if at_s > now_s:
                break
            self._drain(max(at_s, self._passed_s))
            act(max(at_s, self._passed_s))
        self._drain(now_s)

    def _next(self, now_s: float) -> tuple[float, _Act]:
        """The first thing to come, and what it does; in the far future when there is none."""
        state, app = self._state, self._state.app
        coming: list[tuple[float, _Act]] = []
        shown = state.screen_on and state.on_screen == app.package
        if app.pid is not None and app.restricted and not shown and self.model.android >= 12:
            coming.append((self._background_s + RESTRICTED_KILL_S, self._kill_restricted))
        cleaned = self.model.cleaner and not app.auto_start and not state.screen_on and app.pid is not None
        if cleaned:
            coming.append((self._dark_s + CLEANED_AFTER_S, self._clean))
        if not app.hibernated and self.model.android >= 12 and app.enabled:
            coming.append((app.used_s + HIBERNATION_S, self._hibernate))
        if not state.charging and not state.battery_saver and state.saver_trigger_percent:
            coming.append((self._level_at(state.saver_trigger_percent), self._saver_by_itself))
        if not state.charging and state.drain_percent_per_h > 0:
            coming.append((self._level_at(0.0), self.power_off))
        if state.automatic_time and state.clock_offset_s and state.network is Network.VALIDATED:
            coming.append((now_s, self._set_clock))
        for after_s, bucket in consequences.decay(self.model.android)[1:]:
            at_s = app.used_s + after_s
            if at_s > self._passed_s and not app.doze_exempt and app.forced_bucket is None:
                coming.append((at_s, partial(self._bucket_event, bucket=int(bucket), reason="t")))
        return min(coming, key=lambda one: one[0], default=(float("inf"), self._nothing))

    def _nothing(self, at_s: float) -> None:
        """Never called: what stands behind the end of time."""

    def _level_at(self, percent: float) -> float:
        """When the battery, unplugged, is down to this."""
        state = self._state
        if state.battery_percent <= percent:
            return self._passed_s
        if state.drain_percent_per_h <= 0:
            return float("inf")
        return self._passed_s + (state.battery_percent - percent) / state.drain_percent_per_h * HOUR_S

    def _drain(self, to_s: float) -> None:
        state = self._state
        hours = max(0.0, to_s - self._passed_s) / HOUR_S
        if state.powered and state.charging:
            state.battery_percent = min(100.0, state.battery_percent + hours * _CHARGE_PERCENT_PER_H)
        elif state.powered and state.drain_percent_per_h > 0:
            state.battery_percent = max(0.0, state.battery_percent - hours * state.drain_percent_per_h)
        self._passed_s = max(self._passed_s, to_s)

    def _kill_restricted(self, at_s: float) -> None:
        self.killed(at_s, "cached idle & background restricted", 905)

    def _clean(self, at_s: float) -> None:
        self.killed(at_s, self._chance.choice(self.model.cleaner), 905)

    def _hibernate(self, at_s: float) -> None:
        """The app is stopped, loses its permissions and its cache, until a person opens it."""
        app = self._state.app
        if app.pid is not None:
            self._stop(at_s, f"stop {app.package} due to from pid {SYSTEM_PID}", 21, "FORCE STOP")
        app.hibernated, app.stopped = True, True
        app.permissions.clear()
        app.cache_bytes = 0

    def _saver_by_itself(self, at_s: float) -> None:
        self._state.battery_saver = True
        self.observe(at_s)

    def _set_clock(self, at_s: float) -> None:
        self._state.clock_offset_s = 0.0

    def _bucket_event(self, at_s: float, bucket: int, reason: str) -> None:
        self._passed_s = max(self._passed_s, at_s)
        self._book.used.append(
            Used(
                self._wall(at_s),
                f"type=STANDBY_BUCKET_CHANGED package={self._state.app.package} "
                f"standbyBucket={bucket} reason={reason} flags=0x0",
            )
        )

    # ---- switches ----

    def _look(self) -> _Seen:
        state = self._state
        return _Seen(
            state.bluetooth,
            state.airplane_mode,
            state.battery_saver,
            state.screen_on,
            state.charging,
            state.network,
            state.transport,
            state.app.restricted,
            state.app.stopped,
        )

    def observe(self, at_s: float) -> None:
        """Take notice of what was changed in the state since the last time, at the moment it was changed."""
        if self._look() == self._seen:
            return
        state, seen = self._state, self._seen
        if state.airplane_mode != seen.airplane_mode:
            self._airplane(at_s)
        if state.charging != seen.charging:
            self._charger(at_s)
        if state.battery_saver != seen.saver:
            self._saver(at_s)
        if state.screen_on != seen.screen_on:
            self._screen(at_s)
        if state.bluetooth != seen.bluetooth:
            self._bluetooth(at_s, seen.bluetooth)
        if (state.network, state.transport) != (seen.network, seen.transport):
            self._network(at_s, seen.network)
        if state.app.restricted and not seen.restricted:
            self._background_s = max(self._background_s, at_s)
        if state.app.stopped and not seen.stopped:
            self.force_stop(at_s, self._new_pid())
        self._seen = self._look()

    def bluetooth(self, at_s: float, on: bool, by: str, reason: str) -> None:
        """Bluetooth is switched by somebody."""
        state = self._state
        if state.bluetooth in ("turning_on", "turning_off"):
            # A stack that hangs takes the wish down and does nothing.
            self._book.switched.append(Switched(self._wall(at_s), on, reason, by))
            return
        self._reason = (reason, by)
        state.bluetooth = "on" if on else "ble_on" if state.ble_scan_always and not state.airplane_mode else "off"
        self.observe(at_s)
        self._reason = ("APPLICATION_REQUEST", "com.android.systemui")

    def _bluetooth(self, at_s: float, before: str) -> None:
        state, wall_s = self._state, self._wall(at_s)
        reason, by = self._reason
        was, wanted = before in ("on", "turning_on"), state.bluetooth in ("on", "turning_on")
        if before == "on":
            for link in list(state.links):
                if link.profile == "gatt" and link.package == state.app.package:
                    self.gatt(at_s - 0.13, link.address, 22, False)
            state.links.clear()
        if was == wanted:
            return
        self._book.switched.append(Switched(wall_s, wanted, reason, by))
        if wanted:
            self._book.bluetooth_on_s = wall_s
        self._history(at_s, 'tmpwhitelist=1002:"cf63cac android.bluetooth.adapter.action.STATE_CHANGED/u-1"', "+")

    def bluetooth_crash(self, at_s: float) -> None:
        """The native stack aborts; the service starts the process again."""
        state, book = self._state, self._book
        wall_s = self._wall(at_s)
        state.links.clear()
        book.bluetooth_crashes.append(wall_s)
        text = f"[{BLUETOOTH_PID},0,com.android.bluetooth,8961,Native crash,Abort,unknown,0]"
        book.log(book.events, wall_s, _SYSTEM, "I", "am_crash", text)
        if state.bluetooth == "on":
            book.switched.append(Switched(wall_s + 0.2, False, "CRASH", "android"))
            book.switched.append(Switched(wall_s + 0.9, True, "RESTARTED", "android"))
            book.bluetooth_on_s = wall_s + 1.4

    def _airplane(self, at_s: float) -> None:
        state = self._state
        self._history(at_s, f"phone_state={'off' if state.airplane_mode else 'in'}")
        self._reason = ("AIRPLANE_MODE", "android")
        if state.airplane_mode:
            self._before_airplane = (state.bluetooth, state.network)
            if state.bluetooth == self._seen.bluetooth:
                state.bluetooth = "off"
            if state.network is self._seen.network:
                state.network = Network.NONE
        else:
            if state.bluetooth == self._seen.bluetooth:
                state.bluetooth = self._before_airplane[0]
            if state.network is self._seen.network:
                state.network = self._before_airplane[1]
        if state.bluetooth != self._seen.bluetooth:
            self._bluetooth(at_s, self._seen.bluetooth)
            self._seen.bluetooth = state.bluetooth
        self._reason = ("APPLICATION_REQUEST", "com.android.systemui")

    def _network(self, at_s: float, before: Network) -> None:
        now_on, was_on = self._state.network is not Network.NONE, before is not Network.NONE
        kind = 1 if self._state.transport == "wifi" else 0
        if now_on != was_on:
            self._history(at_s, f'conn={kind}:"{"CONNECTED" if now_on else "DISCONNECTED"}"')

    def _saver(self, at_s: float) -> None:
        state, book = self._state, self._book
        wall_s, on = self._wall(at_s), state.battery_saver
        now, before = int(on), int(not on)
        interactive = int(state.screen_on)
        if self.model.android >= 10:
            text = f"[{before},0,{now},0,{interactive},cd-ab,{5 if on else 6}]"
        else:
            text = f"[{before},{now},{interactive},cd-ab]"
        book.log(book.events, wall_s, _SYSTEM_MAIN, "I", "battery_saver_mode", text)
        self._history(at_s, "power_save", "+" if on else "-")
        if on:
            book.saver_on_s, book.saver_times = wall_s, book.saver_times + 1
        else:
            book.saver_off_s = wall_s

    def _screen(self, at_s: float) -> None:
        state, book = self._state, self._book
        on = state.screen_on
        book.log(book.events, self._wall(at_s), _SYSTEM_MAIN, "I", "screen_toggled", "1" if on else "0")
        self._history(at_s, "screen", "+" if on else "-")
        if not on:
            self._dark_s = at_s
            if state.on_screen == state.app.package:
                self._background_s = at_s
        self._quiet(at_s)

    def _charger(self, at_s: float) -> None:
        state, book = self._state, self._book
        if state.charging:
            self._history(at_s, "status=charging plug=ac +plugged")
            if state.battery_saver:
                state.battery_saver = False
        elif state.battery_percent >= _FULL_PERCENT:
            book.history.clear()
            book.history_from_s = self._wall(at_s)
            book.history_percent = round(state.battery_percent)
        else:
            self._history(at_s, "status=discharging plug=none -plugged")
        self._quiet(at_s)

    def _quiet(self, at_s: float) -> None:
        quiet = not self._state.screen_on and not self._state.charging
        if not quiet:
            self.quiet_s = None
        elif self.quiet_s is None:
            self.quiet_s = at_s

    # ---- the app ----

    def started(self, at_s: float, why: str) -> None:
        """The app's process starts, unless it is there already."""
        app, book = self._state.app, self._book
        if app.pid is not None:
            return
        app.pid = self._new_pid()
        part = {
            "service": JOB_SERVICE,
            "broadcast": "androidx.work.impl.background.systemalarm.RescheduleReceiver",
            "activity": ".MainActivity",
        }.get(why, ".MainActivity")
        wall_s = self._wall(at_s)
        target = f"{app.package}/{part}"
        shown = f"{{{target}}}" if self.model.android >= 10 else target
        text = f"[0,{app.pid},{app.uid},{app.package},{why},{shown}]"
        book.log(book.events, wall_s, _SYSTEM, "I", "am_proc_start", text)
        name = f"u0a{app.uid - 10000}"
        text = f"Start proc {app.pid}:{app.package}/{name} for {why} {shown}"
        book.log(book.system, wall_s + 0.001, _SYSTEM, "I", "ActivityManager", text)

    def killed(self, at_s: float, reason: str, adj: int) -> None:
        """The system kills the app's process, which starts again when something asks for it."""
        app = self._state.app
        if app.pid is None:
            self.started(at_s - 2, "service")
        code, text, sub, subtext = _exit_of(reason)
        self._end(at_s, reason, adj, Exit(0, 0, code, text, sub, subtext, _importance(adj), reason))

    def force_stop(self, at_s: float, by_pid: int) -> None:
        """Somebody force-stops the app: nothing of it runs until a person opens it."""
        app, book = self._state.app, self._book
        wall_s = self._wall(at_s)
        text = f"Force stopping {app.package} appid={app.uid} user=0: from pid {by_pid}"
        book.log(book.system, wall_s - 0.004, _SYSTEM, "I", "ActivityManager", text)
        if app.pid is not None:
            self._stop(at_s, f"stop {app.package} due to from pid {by_pid}", 21, "FORCE STOP")
        app.stopped = True
        self._seen.stopped = True

    def _stop(self, at_s: float, reason: str, sub: int, subtext: str) -> None:
        old = self.model.android < 12
        sub, subtext = (0, "UNKNOWN") if old else (sub, subtext)
        self._end(at_s, reason, 905, Exit(0, 0, 10, "USER REQUESTED", sub, subtext, 400, reason))

    def _end(self, at_s: float, reason: str, adj: int, record: Exit) -> None:
        app, book = self._state.app, self._book
        pid = app.pid or 0
        wall_s = self._wall(at_s)
        rss = f",{110_000_000 + 4096 * pid}" if self.model.android >= 15 else ""
        book.log(book.events, wall_s, _SYSTEM, "I", "am_kill", f"[0,{pid},{app.package},{adj},{reason}{rss}]")
        name = f"u0a{app.uid - 10000}"
        text = f"Killing {pid}:{app.package}/{name} (adj {adj}): {reason}"
        book.log(book.system, wall_s + 0.001, _SYSTEM, "I", "ActivityManager", text)
        book.log(book.events, wall_s + 0.07, _SYSTEM, "I", "am_proc_died", f"[0,{pid},{app.package},{adj},19]")
        book.exits.append(replace(record, at_s=wall_s, pid=pid))
        app.pid = None
        self._drop_links()

    def crashed(self, at_s: float, exception: str) -> None:
        """The app's process crashes."""
        app, book = self._state.app, self._book
        self.started(at_s - 2, "service")
        pid, wall_s = app.pid or 0, self._wall(at_s)
        who = (app.uid, pid, pid)
        for line in ("FATAL EXCEPTION: main", f"Process: {app.package}, PID: {pid}", f"{exception}: synthetic"):
            for ring in (book.crash, book.main):
                book.log(ring, wall_s, who, "E", "AndroidRuntime", line)
        text = f"[{pid},0,{app.package},952680005,{exception},synthetic,Synthetic.java,1]"
        book.log(book.events, wall_s + 0.003, _SYSTEM, "I", "am_crash", text)
        book.log(book.events, wall_s + 0.09, _SYSTEM, "I", "am_proc_died", f"[0,{pid},{app.package},905,19]")
        book.exits.append(Exit(wall_s, pid, 4, "APP CRASH(EXCEPTION)", 0, "UNKNOWN", 125, "crash"))
        built = self.model.fingerprint
        shortened = f"Process: {app.package}/PID: {pid}/Flags: 0x38e8be44/Package: {app.package} v{app.version_code}"
        book.dropped.append(Dropped(wall_s, "data_app_crash", 1900, f"{shortened}/Build: {built}"))
        app.pid = None
        self._drop_links()

    def job(self, at_s: float) -> None:
        """A run of the periodic job, of two and a half seconds."""
        app = self._state.app
        self.started(at_s - 0.4, "service")
        job = f'job=u0a{app.uid - 10000}:"{app.package}/{JOB_SERVICE}"'
        self._history(at_s, job, "+")
        self._history(at_s + 2.412, job, "-")
        app.next_job_s = at_s + JOB_PERIOD_S

    def gatt(self, at_s: float, address: str, status: int, connected: bool) -> None:
        """The app's callback is told, and logs it as Android does."""
        state, book = self._state, self._book
        app, wall_s = state.app, self._wall(at_s)
        self.started(at_s - 0.4, "service")
        pid = app.pid or 0
        shown = masked(address) if self.model.android >= 14 else address.upper()
        state_text = f"connected={'true' if connected else 'false'} " if self.model.android >= 14 else ""
        text = f"onClientConnectionState() - status={status} clientIf={self._client} {state_text}device={shown}"
        book.log(book.main, wall_s, (app.uid, pid, pid + 17), "D", "BluetoothGatt", text)
        state.links = [one for one in state.links if (one.profile, one.address) != ("gatt", address)]
        if connected and status == 0:
            name = next((bond.name for bond in state.bonds if bond.address == address), "")
            state.links.append(LiveLink(address, name, "gatt", at_s, app.package))
            self._history(
                at_s, f'tmpwhitelist=1002:"{self._hash(address)} android.bluetooth.device.action.ACL_CONNECTED/u0"', "+"
            )

    def http(self, at_s: float, status: int, url: str) -> None:
        """The app logs a response, as OkHttp's interceptor does."""
        app, book = self._state.app, self._book
        self.started(at_s - 0.4, "service")
        pid = app.pid or 0
        text = f"<-- {status} {url} ({self._chance.randint(90, 400)}ms)"
        book.log(book.main, self._wall(at_s), (app.uid, pid, pid + 23), "I", "okhttp.OkHttpClient", text)

    def error(self, at_s: float, kind: str, text: str) -> None:
        """The app logs an error, or the system one about it."""
        app, book = self._state.app, self._book
        self.started(at_s - 0.4, "service")
        pid, wall_s = app.pid or 0, self._wall(at_s)
        if kind == "slots_exhausted":
            said = "can't Register GATT client, MAX client reached: 32"
            book.log(book.main, wall_s, (app.uid, pid, pid + 17), "E", "BtGatt.GattService", said)
            return
        if kind == "scan_denied":
            said = (
                "java.lang.SecurityException: Need android.permission.BLUETOOTH_SCAN permission for AttributionSource "
                f"{{ uid = {app.uid}, packageName = {app.package}, attributionTag = null }}: AdapterService"
            )
            book.log(book.main, wall_s, (app.uid, pid, pid + 17), "E", "BluetoothLeScanner", said)
            return
        level, tag, said = _ERRORS[kind]
        said = f"{said} {text}".rstrip()
        book.log(book.main, wall_s, (app.uid, pid, pid + 23), level, tag, said)

    def scanned(self, at_s: float, seconds: float) -> None:
        """A scan of the app's that ended now."""
        self._book.scans += 1
        self._book.scan_s += seconds
        self._history(at_s - seconds, "ble_scan", "+")
        self._history(at_s, "ble_scan", "-")

    def use_app(self, at_s: float) -> None:
        """A person opens it."""
        state, app = self._state, self._state.app
        state.screen_on, state.on_screen = True, app.package
        app.stopped = app.hibernated = False
        if app.enabled:
            self.started(at_s, "activity")
        before = consequences.standby(app, at_s, self.model.android).bucket
        app.used_s, app.forced_bucket = at_s, None
        wall_s = self._wall(at_s)
        word = "ACTIVITY_RESUMED" if self.model.android >= 10 else "MOVE_TO_FOREGROUND"
        event = f"type={word} package={app.package} class={app.package}.MainActivity flags=0x0"
        self._book.used.append(Used(wall_s, event))
        after = consequences.standby(app, at_s, self.model.android).bucket
        if before != after:
            self._bucket_event(at_s, int(after), "u-mf")
        self.observe(at_s)

    def leave_app(self, at_s: float) -> None:
        """Another app, or the home screen, is in front."""
        state, app = self._state, self._state.app
        if state.on_screen == app.package:
            state.on_screen = ""
            self._background_s = at_s
            word = "ACTIVITY_PAUSED" if self.model.android >= 10 else "MOVE_TO_BACKGROUND"
            event = f"type={word} package={app.package} class={app.package}.MainActivity flags=0x0"
            self._book.used.append(Used(self._wall(at_s), event))

    def force_bucket(self, at_s: float, bucket: Bucket) -> None:
        """Somebody puts the app into a bucket."""
        app = self._state.app
        app.forced_bucket, app.forced_s = bucket, at_s
        if not app.doze_exempt:
            self._bucket_event(at_s, int(bucket), "f")

    def update_app(self, at_s: float, version_name: str, version_code: int) -> None:
        """The store replaces the app."""
        app = self._state.app
        if app.pid is not None:
            self._stop(at_s - 1, f"stop {app.package} due to installPackageLI", 21, "FORCE STOP")
        app.version_name, app.version_code, app.updated_s = version_name, version_code, at_s

    # ---- the phone ----

    def boot(self, at_s: float, why: str) -> None:
        """Off, if it was on, and on again; logs in memory are lost, records on disk stay."""
        if self._state.powered:
            self.power_off(at_s)
        state, book = self._state, self._book
        state.powered, state.booted_s = True, at_s
        for ring in (book.main, book.system, book.events):
            ring.clear()
        book.switched.clear()
        book.bluetooth_crashes.clear()
        wall_s = self._wall(at_s)
        self._boot_entry(wall_s)
        self._history(at_s, "START")
        if state.bluetooth in ("on", "turning_on", "turning_off") and not state.airplane_mode:
            # A wedged stack comes out of its wait with a new process.
            state.bluetooth = "on"
            book.switched.append(Switched(wall_s + 12.4, True, "SYSTEM_BOOT", "android"))
            book.bluetooth_on_s = wall_s + 14.9
        self._dark_s = self._background_s = at_s
        self.quiet_s = None
        self._quiet(at_s)
        self._seen = self._look()
        app = state.app
        may = not (app.stopped or app.hibernated) and app.enabled and (app.auto_start or not self.model.auto_start)
        if may:
            self.started(at_s + _BOOT_S, "broadcast")

    def power_off(self, at_s: float) -> None:
        """Shut down: links end, processes end, the screen is dark."""
        state = self._state
        self._history(at_s, "SHUTDOWN")
        state.links.clear()
        state.app.pid = None
        state.screen_on, state.on_screen, state.powered = False, "", False
        self._seen = self._look()
        self._passed_s = max(self._passed_s, at_s)

    def update_system(self, at_s: float) -> None:
        """The packages of the system image carry the new date; the first boot says that the build is another."""
        state = self._state
        state.system_updated_s = at_s
        self.boot(at_s, "reboot,ota")

    def _boot_entry(self, wall_s: float) -> None:
        text = f"isPrevious: true/Build: {self.model.fingerprint}/Hardware: {self.model.codename}/Revision: 0"
        self._book.dropped.append(Dropped(wall_s + 9, "SYSTEM_BOOT", 322, text))

    def _drop_links(self) -> None:
        """A dead process holds no link; the stack lets go of it."""
        state = self._state
        state.links = [one for one in state.links if one.package != state.app.package or one.profile != "gatt"]

    # ---- small things ----

    def _wall(self, true_s: float) -> float:
        return true_s + self._state.clock_offset_s

    def _new_pid(self) -> int:
        self._pid = self._pid + self._chance.randint(7, 260)
        if self._pid > 32_000:
            self._pid = 3000 + self._chance.randint(1, 200)
        return self._pid

    def _hash(self, text: str) -> str:
        return f"{sum(text.encode()) * 2_654_435 % (1 << 28):x}"

    def _history(self, at_s: float, text: str, sign: str = "") -> None:
        wall_s = self._wall(at_s)
        if wall_s >= self._book.history_from_s:
            self._book.history.append(Charged(wall_s, round(self._state.battery_percent), sign + text))

    def error_kinds(self) -> tuple[str, ...]:
        """The kinds that :meth:`error` knows."""
        return (*_ERRORS, "slots_exhausted", "scan_denied")

    def log(self, ring: Ring, at_s: float, who: tuple[int, int, int], level: str, tag: str, text: str) -> None:
        """Write a log line of true time ``at_s``."""
        self._book.log(ring, self._wall(at_s), who, level, tag, text)


def masked(address: str) -> str:
    """An address as Android 14 and later print it: ``XX:XX:XX:XX:AB:CD``."""
    return f"XX:XX:XX:XX:{address[-5:].upper()}"


def _importance(adj: int) -> int:
    """RunningAppProcessInfo's importance of an adjustment: cached, service, perceptible."""
    return 400 if adj >= 900 else 300 if adj >= 500 else 230


def _exit_of(reason: str) -> tuple[int, str, int, str]:
    """Code and words of the exit record that goes with a kill (ApplicationExitInfo)."""
    if "background restricted" in reason:
        return 13, "OTHER KILLS BY SYSTEM", 18, "CACHED IDLE FORCED APP STANDBY"
    if reason.startswith("empty"):
        return 13, "OTHER KILLS BY SYSTEM", 3, "TOO MANY EMPTY PROCS"
    if reason.startswith("cached"):
        return 13, "OTHER KILLS BY SYSTEM", 2, "TOO MANY CACHED PROCS"
    if reason.startswith("remove task"):
        return 10, "USER REQUESTED", 22, "REMOVE TASK"
    return 13, "OTHER KILLS BY SYSTEM", 0, "UNKNOWN"
