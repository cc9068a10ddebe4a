"""The lab phone: state, clock, records, and what happens to it from outside.

Nothing runs by itself. Whenever the phone is asked or told something, it first does what would have happened since:
settings that were changed leave their log lines, a restricted app is killed, the battery runs down, buckets decay.
"""

import random
from collections.abc import Callable
from datetime import timedelta

from unstuck.chain.phone.host import Bucket, Forbidden, HostAct, HostState, Permission, reasons_not
from unstuck.lab.phone import consequences
from unstuck.lab.phone.applife import AppLife
from unstuck.lab.phone.book import Book
from unstuck.lab.phone.consequences import DAY_S, HOUR_S, Doze, Standby
from unstuck.lab.phone.dumps import bugreport
from unstuck.lab.phone.dumps.view import View
from unstuck.lab.phone.happenings import Happenings
from unstuck.lab.phone.models import Model
from unstuck.lab.phone.shell import Shell, ShellResult
from unstuck.lab.phone.state import App, PhoneState
from unstuck.lab.phone.switches import Switches

SHELL_PID = 20411
"""Process of the shell's am, which logs name as who force-stopped an app."""

_FREE = 0.42
"""Share of the storage that is free when a case begins: neither near full nor new."""

_SINCE_BOOT_S = (9 * HOUR_S, 4 * DAY_S)
"""A phone was last started between so long ago when a case begins."""


class LabPhone:
    """A synthetic Android phone with one app of interest.

    ``clock``: true time in Unix seconds. The phone's state is :attr:`state`; take it anew for each change, so that the
    change is dated right. Implements the chain's ``Host``.
    """

    def __init__(
        self,
        model: Model,
        clock: Callable[[], float],
        *,
        package: str,
        app_name: str,
        zone: str = "Europe/Zurich",
        seed: int = 0,
    ) -> None:
        now_s = clock()
        chance = random.Random(f"{model.id} {package} {seed}")
        app = App(
            package,
            app_name,
            installed_s=now_s - 120 * DAY_S,
            updated_s=now_s - 10 * DAY_S,
            used_s=now_s - 20 * 60,
            auto_start=True,
            target_sdk=min(model.sdk, 34),
        )
        booted_s = now_s - chance.uniform(*_SINCE_BOOT_S)
        built_s = (model.built + timedelta(days=9)).timestamp()
        self.model = model
        self._state = PhoneState(
            app,
            storage_total_bytes=model.storage_bytes,
            storage_free_bytes=round(model.storage_bytes * _FREE),
            booted_s=booted_s,
            zone=zone,
            system_updated_s=min(built_s, booted_s - 3 * DAY_S),
        )
        self._clock = clock
        self._book = Book(history_from_s=now_s - 8 * HOUR_S)
        self._happenings = Happenings(model, self._state, self._book, chance)
        self._happenings.begin(now_s)
        self._shell = Shell(self)
        self._files: dict[str, bytes] = {}
        self._hci_log: Callable[[], bytes] | None = None
        self._touched_s = now_s

    @property
    def state(self) -> PhoneState:
        """How it stands now. What is changed in it counts from this moment."""
        self.catch_up()
        return self._state

    def follow_clock(self, clock: Callable[[], float]) -> None:
        """Go by another clock from now on, which must not be behind: for a copy that lives on by itself."""
        self._clock = clock

    def catch_up(self) -> None:
        """Let everything happen that time and changes of the state bring, up to now."""
        now_s = self._clock()
        self._happenings.switches.observe(self._touched_s)
        self._happenings.pass_time(now_s)
        self._happenings.switches.observe(now_s)
        self._touched_s = now_s

    # ---- what the chain's agent asks ----

    def forbids(self, act: HostAct) -> tuple[Forbidden, ...]:
        """Every reason why the app may not do this now."""
        return reasons_not(act, self.host_state())

    def host_state(self) -> HostState:
        """The phone as the agent's host policy sees it, at this moment."""
        state, now_s = self.state, self._clock()
        app, sdk = state.app, self.model.sdk
        permissions = set(app.permissions)
        if sdk < 31:
            permissions.add(Permission.NEARBY_DEVICES)
            if not state.location:
                permissions.discard(Permission.LOCATION)  # up to 11 a scan finds nothing while location is off
        if sdk < 33:
            permissions.add(Permission.NOTIFICATIONS)
        quota = None
        if state.storage_quota_bytes is not None:
            quota = max(0, state.storage_quota_bytes - app.data_bytes)
        return HostState(
            on_screen=state.screen_on and state.on_screen == app.package,
            charging=state.charging,
            force_stopped=app.stopped or app.hibernated or not app.enabled or not state.powered,
            background_restricted=app.restricted,
            auto_start_off=self.model.auto_start and not app.auto_start,
            unrestricted=app.doze_exempt,
            battery_saver=state.battery_saver,
            dozing=self._doze(now_s).idle,
            bucket=consequences.standby(app, now_s, self.model.android).bucket,
            permissions=frozenset(permissions),
            scan_needs_location=sdk < 31,
            bluetooth_on=state.bluetooth == "on",
            airplane_mode=state.airplane_mode,
            network=state.network,
            metered=state.metered,
            data_saver=state.data_saver or app.rejected_metered,
            data_saver_exempt=app.data_saver_exempt and not app.rejected_metered,
            storage_free_bytes=state.storage_free_bytes,
            storage_quota_left_bytes=quota,
        )

    @property
    def doze(self) -> Doze:
        """Doze now."""
        self.catch_up()
        return self._doze(self._clock())

    @property
    def standby(self) -> Standby:
        """The app's standby bucket now."""
        state = self.state
        return consequences.standby(state.app, self._clock(), self.model.android)

    # ---- what happens to the app ----

    def note_job(self, time_s: float) -> None:
        """The app's periodic job ran. What it met on the way is logged by itself: a corrupt database, a full disk, a
        scan that was refused, no GATT client left."""
        self._now(time_s).job(time_s)

    def note_gatt(self, time_s: float, address: str, status: int, connected: bool) -> None:
        """The app was told of a GATT connection's new state; statuses are those of Android (0 ok, 8 time-out ...)."""
        self._now(time_s).gatt(time_s, address, status, connected)

    def note_http(self, time_s: float, status: int, url: str = "https://api.example.org/1/records") -> None:
        """The app had an answer from its server, and logs it."""
        self._now(time_s).http(time_s, status, url)

    def note_error(self, kind: str, text: str = "", time_s: float | None = None) -> None:
        """The app logs an error of a kind: tls, dns, auth, database, storage_full, timeout, version_refused, account,
        or scan_denied or slots_exhausted, which the system logs. ``text`` goes behind the usual one. KeyError: no such
        kind."""
        at_s = self._at(time_s)
        self._now(at_s).error(at_s, kind, text)

    def note_started(self, time_s: float | None = None, why: str = "service") -> None:
        """The app's process started, for a service, a broadcast or an activity."""
        at_s = self._at(time_s)
        self._now(at_s).started(at_s, why)

    def note_killed(self, time_s: float | None = None, reason: str = "empty #17", adj: int = 905) -> None:
        """The system killed the app's process, for a reason of Android's or of a maker's cleaner."""
        at_s = self._at(time_s)
        self._now(at_s).killed(at_s, reason, adj)

    def note_crashed(self, time_s: float | None = None, exception: str = "java.lang.IllegalStateException") -> None:
        """The app's process crashed."""
        at_s = self._at(time_s)
        self._now(at_s).crashed(at_s, exception)

    def note_scan(self, time_s: float, seconds: float) -> None:
        """The app scanned for its tracker, so long up to this time."""
        self._now(time_s).scanned(time_s, seconds)

    # ---- what a person does ----

    def use_app(self) -> None:
        """A person opens the app: it is on the screen, no longer stopped or hibernated, and counts as used."""
        self._now().use_app(self._clock())
        self.catch_up()

    def leave_app(self) -> None:
        """The person goes to the home screen."""
        self._now().leave_app(self._clock())

    def screen(self, on: bool) -> None:
        """The screen goes on (to the home screen or to what was there) or off."""
        self.state.screen_on = on
        self.catch_up()

    def charge(self, on: bool) -> None:
        """Put on the charger or taken off."""
        self.state.charging = on
        self.catch_up()

    def set_bluetooth(self, on: bool, by: str = "com.android.systemui", reason: str = "APPLICATION_REQUEST") -> None:
        """Bluetooth is switched, by whom and why as the enable log says. Off leaves scanning on where it is allowed."""
        self._switches().bluetooth(self._clock(), on, by, reason)

    def crash_bluetooth(self) -> None:
        """The Bluetooth process crashes and is started again."""
        self._switches().bluetooth_crash(self._clock())

    def update_app(self, version_name: str, version_code: int) -> None:
        """The store installs another version of the app; its process ends."""
        self._now().update_app(self._clock(), version_name, version_code)

    def update_system(self) -> None:
        """A system update is installed and the phone starts again with it."""
        self._course().update_system(self._clock())

    def reboot(self) -> None:
        """Off and on again: Bluetooth comes 12 seconds later, the apps half a minute later."""
        self._course().boot(self._clock(), "reboot")

    def boot_ends(self) -> None:
        """Wait for the boot to end, in no time."""
        self._course().boot_ends()

    def power_off(self) -> None:
        """Off until :meth:`power_on`."""
        self._course().power_off(self._clock())

    def power_on(self) -> None:
        """On again."""
        if not self._state.powered:
            self._course().boot(self._clock(), "power key")

    # ---- what a cable or Wi-Fi sees ----

    def run(self, command: str) -> ShellResult:
        """``adb shell COMMAND``: what it prints and its status."""
        self.catch_up()
        result = self._shell.run(command)
        self.catch_up()
        return result

    def file(self, path: str) -> bytes:
        """A file that the phone made, for ``adb pull``. FileNotFoundError: there is none."""
        try:
            return self._files[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def keep(self, path: str, data: bytes) -> None:
        """Put a file where ``adb pull`` finds it."""
        self._files[path] = data

    def bugreport(self, hci_log: bytes | None = None) -> bytes:
        """The zip that ``adb bugreport`` gives. ``hci_log``: the Bluetooth log, where this phone keeps one in it."""
        return bugreport.archive(self.view(), hci_log)

    def bugreport_text(self) -> str:
        """The main text of the report."""
        return bugreport.main_text(self.view())

    def view(self) -> View:
        """All that a dump is written from, at this moment."""
        state, now_s = self.state, self._clock()
        return View(
            self.model,
            state,
            self._book,
            now_s,
            self.doze,
            self.standby,
            self._happenings.quiet_s,
            self._happenings.still_s,
        )

    def hci_log(self) -> bytes | None:
        """The Bluetooth log that the phone keeps, where somebody gave it one with :meth:`keep_hci_log`."""
        return self._hci_log() if self._hci_log is not None else None

    def keep_hci_log(self, source: Callable[[], bytes]) -> None:
        """From now on a report made over the cable holds what ``source`` gives when asked."""
        self._hci_log = source

    # ---- what the shell does besides ----

    def force_stop(self) -> None:
        """Force-stop the app, as the button in its settings does."""
        self._switches().force_stop(self._clock(), SHELL_PID)

    def force_bucket(self, bucket: Bucket) -> None:
        """Put the app into a standby bucket, until it is used."""
        self._now().force_bucket(self._clock(), bucket)

    def job_now(self) -> None:
        """Run the app's job, as the shell can demand."""
        self.note_job(self._clock())

    def trim_caches(self) -> None:
        """Give the cache of the app back to the phone."""
        state = self.state
        state.free_storage(state.app.cache_bytes)
        state.app.cache_bytes = 0

    def clear_log(self, buffer: str) -> None:
        """Forget a log buffer. KeyError: no such buffer."""
        rings = {"main": self._book.main, "system": self._book.system}
        rings |= {"events": self._book.events, "crash": self._book.crash}
        rings[buffer].clear()

    def _doze(self, now_s: float) -> Doze:
        if self._state.doze_forced:
            return Doze("IDLE", "OVERRIDE")
        course = self._happenings
        return consequences.doze(course.quiet_s, now_s, course.still_s, self.model.android)

    def _switches(self) -> Switches:
        self.catch_up()
        return self._happenings.switches

    def _course(self) -> Happenings:
        self.catch_up()
        return self._happenings

    def _at(self, time_s: float | None) -> float:
        return self._clock() if time_s is None else time_s

    def _now(self, time_s: float | None = None) -> AppLife:
        self.catch_up()
        return self._happenings.life
