"""The life of the app of interest: what happens to its process enters, log lines and records leave.

Line forms: AOSP's event-log-tags, ActivityManager and BluetoothGatt, as seen in logs of 9, 10 and 14.
"""

from dataclasses import replace

from unstuck.chain.phone.host import Bucket, Permission
from unstuck.lab.phone import consequences
from unstuck.lab.phone.book import Dropped, Exit, Used
from unstuck.lab.phone.pen import SYSTEM, Pen
from unstuck.lab.phone.state import LiveLink

JOB_SERVICE = "androidx.work.impl.background.systemjob.SystemJobService"
"""The service that WorkManager, which nearly every app uses, runs its periodic jobs in."""

JOB_PERIOD_S = 900.0
"""The shortest period Android allows a periodic job."""

BLUETOOTH_PID = 2310
_BLUETOOTH = (1002, BLUETOOTH_PID, 2361)

_NATIVE_REASONS = {
    8: "GATT_CONN_TIMEOUT",
    19: "GATT_CONN_TERMINATE_PEER_USER",
    22: "GATT_CONN_TERMINATE_LOCAL_HOST",
    34: "GATT_CONN_LMP_TIMEOUT",
    62: "GATT_CONN_FAIL_ESTABLISH",
}
"""What the native stack calls a status (gatt_api.h); it logs the end of a link itself from 14 on."""

GATT_SLOTS = 32
"""GATT clients that the stack has room for (GATT_MAX_APPS)."""

_FULL_BYTES = 4 * 2**20
"""Less than a database's log takes before it is folded back: writes fail."""

_SDK_OF_SCAN_PERMISSION = 31

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
    "unreadable": (
        "W",
        "SyncTask",
        "com.google.gson.JsonSyntaxException: java.lang.IllegalStateException: Expected BEGIN_OBJECT but was STRING at "
        "line 1 column 1 path $",
    ),
    "storage_full": ("E", "SQLiteLog", "(13) statement aborts: database or disk is full (SQLITE_FULL)"),
}
"""What an app of the usual libraries logs (Conscrypt, OkHttp, SQLite); the tags of its own are made up."""


class AppLife:
    """One app's process, links, jobs and use."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen
        self._client = 5

    def started(self, at_s: float, why: str) -> None:
        """The app's process starts, unless it is there already."""
        app, book = self._pen.state.app, self._pen.book
        if app.pid is not None:
            return
        app.pid = self._pen.new_pid()
        part = {
            "service": JOB_SERVICE,
            "broadcast": "androidx.work.impl.background.systemalarm.RescheduleReceiver",
            "activity": ".MainActivity",
        }.get(why, ".MainActivity")
        wall_s = self._pen.wall(at_s)
        target = f"{app.package}/{part}"
        shown = f"{{{target}}}" if self._pen.model.android >= 10 else target
        text = f"[0,{app.pid},{app.uid},{app.package},{why},{shown}]"
        book.log(book.events, wall_s, SYSTEM, "I", "am_proc_start", text)
        name = f"u0a{app.uid - 10000}"
        text = f"Start proc {app.pid}:{app.package}/{name} for {why} {shown}"
        book.log(book.system, wall_s + 0.001, SYSTEM, "I", "ActivityManager", text)

    def killed(self, at_s: float, reason: str, adj: int) -> None:
        """The system kills the app's process, which starts again when something asks for it."""
        app = self._pen.state.app
        if app.pid is None:
            self.started(at_s - 2, "service")
        code, text, sub, subtext = _exit_of(reason)
        self._end(at_s, reason, adj, Exit(0, 0, code, text, sub, subtext, _importance(adj), reason))

    def force_stop(self, at_s: float, by_pid: int) -> None:
        """Somebody force-stops the app: nothing of it runs until a person opens it."""
        app, book = self._pen.state.app, self._pen.book
        wall_s = self._pen.wall(at_s)
        text = f"Force stopping {app.package} appid={app.uid} user=0: from pid {by_pid}"
        book.log(book.system, wall_s - 0.004, SYSTEM, "I", "ActivityManager", text)
        if app.pid is not None:
            self.stop(at_s, f"stop {app.package} due to from pid {by_pid}", 21, "FORCE STOP")
        app.stopped = True

    def stop(self, at_s: float, reason: str, sub: int, subtext: str) -> None:
        """End the process because a person, or the system in place of one, asked for it."""
        old = self._pen.model.android < 12
        sub, subtext = (0, "UNKNOWN") if old else (sub, subtext)
        self._end(at_s, reason, 905, Exit(0, 0, 10, "USER REQUESTED", sub, subtext, 400, reason))

    def _end(self, at_s: float, reason: str, adj: int, record: Exit) -> None:
        app, book = self._pen.state.app, self._pen.book
        pid = app.pid or 0
        wall_s = self._pen.wall(at_s)
        rss = f",{110_000_000 + 4096 * pid}" if self._pen.model.android >= 15 else ""
        book.log(book.events, wall_s, SYSTEM, "I", "am_kill", f"[0,{pid},{app.package},{adj},{reason}{rss}]")
        name = f"u0a{app.uid - 10000}"
        text = f"Killing {pid}:{app.package}/{name} (adj {adj}): {reason}"
        book.log(book.system, wall_s + 0.001, SYSTEM, "I", "ActivityManager", text)
        book.log(book.events, wall_s + 0.07, SYSTEM, "I", "am_proc_died", f"[0,{pid},{app.package},{adj},19]")
        book.exits.append(replace(record, at_s=wall_s, pid=pid))
        app.pid = None
        self._pen.drop_links()

    def crashed(self, at_s: float, exception: str) -> None:
        """The app's process crashes."""
        app, book = self._pen.state.app, self._pen.book
        self.started(at_s - 2, "service")
        pid, wall_s = app.pid or 0, self._pen.wall(at_s)
        who = (app.uid, pid, pid)
        for line in ("FATAL EXCEPTION: main", f"Process: {app.package}, PID: {pid}", f"{exception}: synthetic"):
            for ring in (book.crash, book.main):
                book.log(ring, wall_s, who, "E", "AndroidRuntime", line)
        text = f"[{pid},0,{app.package},952680005,{exception},synthetic,Synthetic.java,1]"
        book.log(book.events, wall_s + 0.003, SYSTEM, "I", "am_crash", text)
        book.log(book.events, wall_s + 0.09, SYSTEM, "I", "am_proc_died", f"[0,{pid},{app.package},905,19]")
        book.exits.append(Exit(wall_s, pid, 4, "APP CRASH(EXCEPTION)", 0, "UNKNOWN", 125, "crash"))
        built = self._pen.model.fingerprint
        shortened = f"Process: {app.package}/PID: {pid}/Flags: 0x38e8be44/Package: {app.package} v{app.version_code}"
        book.dropped.append(Dropped(wall_s, "data_app_crash", 1900, f"{shortened}/Build: {built}"))
        app.pid = None
        self._pen.drop_links()

    def job(self, at_s: float) -> None:
        """A run of the periodic job, of two and a half seconds."""
        app = self._pen.state.app
        self.started(at_s - 0.4, "service")
        job = f'job=u0a{app.uid - 10000}:"{app.package}/{JOB_SERVICE}"'
        self._troubles(at_s)
        self._pen.history(at_s, job, "+")
        self._pen.history(at_s + 2.412, job, "-")
        app.next_job_s = at_s + JOB_PERIOD_S

    def _troubles(self, at_s: float) -> None:
        """What a run of the app meets that the state of the phone does not let be, and what the log says of it."""
        state = self._pen.state
        if state.app.data_corrupt:
            self.error(at_s, "database", "")
        if state.storage_free_bytes < _FULL_BYTES:
            self.error(at_s, "storage_full", "")
        if self._pen.model.sdk >= _SDK_OF_SCAN_PERMISSION and Permission.NEARBY_DEVICES not in state.app.permissions:
            self.error(at_s, "scan_denied", "")
        elif state.gatt_slots_used >= GATT_SLOTS and state.bluetooth == "on":
            self.error(at_s, "slots_exhausted", "")

    def gatt(self, at_s: float, address: str, status: int, connected: bool) -> None:
        """The app's callback is told, and logs it as Android does."""
        state, book = self._pen.state, self._pen.book
        app, wall_s = state.app, self._pen.wall(at_s)
        self.started(at_s - 0.4, "service")
        pid = app.pid or 0
        shown = masked(address) if self._pen.model.android >= 14 else address.upper()
        state_text = f"connected={'true' if connected else 'false'} " if self._pen.model.android >= 14 else ""
        text = f"onClientConnectionState() - status={status} clientIf={self._client} {state_text}device={shown}"
        book.log(book.main, wall_s, (app.uid, pid, pid + 17), "D", "BluetoothGatt", text)
        reason = _NATIVE_REASONS.get(status)
        if not connected and reason is not None and self._pen.model.android >= 14:
            said = f"bta_gattc_conn_cback: Disconnected cid:12 transport:BT_TRANSPORT_LE reason:{reason}"
            source = "packages/modules/Bluetooth/system/bta/gatt/bta_gattc_act.cc:1234"
            book.log(book.main, wall_s - 0.004, _BLUETOOTH, "W", "bluetooth", f"{source} {said}")
        state.links = [one for one in state.links if (one.profile, one.address) != ("gatt", address)]
        if connected and status == 0:
            name = next((bond.name for bond in state.bonds if bond.address == address), "")
            state.links.append(LiveLink(address, name, "gatt", at_s, app.package))
            self._pen.history(
                at_s, f'tmpwhitelist=1002:"{_hash(address)} android.bluetooth.device.action.ACL_CONNECTED/u0"', "+"
            )

    def http(self, at_s: float, status: int, url: str) -> None:
        """The app logs a response, as OkHttp's interceptor does."""
        app, book = self._pen.state.app, self._pen.book
        self.started(at_s - 0.4, "service")
        pid = app.pid or 0
        text = f"<-- {status} {url} ({self._pen.chance.randint(90, 400)}ms)"
        book.log(book.main, self._pen.wall(at_s), (app.uid, pid, pid + 23), "I", "okhttp.OkHttpClient", text)

    def error(self, at_s: float, kind: str, text: str) -> None:
        """The app logs an error, or the system one about it."""
        app, book = self._pen.state.app, self._pen.book
        self.started(at_s - 0.4, "service")
        pid, wall_s = app.pid or 0, self._pen.wall(at_s)
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
        self._pen.book.scans += 1
        self._pen.book.scan_s += seconds
        self._pen.history(at_s - seconds, "ble_scan", "+")
        self._pen.history(at_s, "ble_scan", "-")

    def use_app(self, at_s: float) -> None:
        """A person opens it."""
        state, app = self._pen.state, self._pen.state.app
        state.screen_on, state.on_screen = True, app.package
        app.stopped = app.hibernated = False
        if app.enabled:
            self.started(at_s, "activity")
        before = consequences.standby(app, at_s, self._pen.model.android).bucket
        app.used_s, app.forced_bucket = at_s, None
        wall_s = self._pen.wall(at_s)
        root = f"taskRootPackage={app.package} taskRootClass={app.package}.MainActivity"
        self._pen.book.used.append(Used(wall_s, self._activity("ACTIVITY_RESUMED", "MOVE_TO_FOREGROUND", root)))
        after = consequences.standby(app, at_s, self._pen.model.android).bucket
        if before != after:
            self._pen.bucket_event(at_s, int(after), "u-mf")

    def _activity(self, word: str, old_word: str, root: str) -> str:
        """A usage event of the app's activity; 10 renamed them and added the task."""
        name = self._pen.state.app.package
        if self._pen.model.android <= 9:
            return f"type={old_word} package={name} class={name}.MainActivity flags=0x0"
        task = f"instanceId=83997486 {root}".rstrip()
        return f"type={word} package={name} class={name}.MainActivity {task} flags=0x0"

    def leave_app(self, at_s: float) -> None:
        """Another app, or the home screen, is in front."""
        state, app = self._pen.state, self._pen.state.app
        if state.on_screen == app.package:
            state.on_screen = ""
            self._pen.background_s = at_s
            event = self._activity("ACTIVITY_PAUSED", "MOVE_TO_BACKGROUND", "")
            self._pen.book.used.append(Used(self._pen.wall(at_s), event))

    def force_bucket(self, at_s: float, bucket: Bucket) -> None:
        """Somebody puts the app into a bucket."""
        app = self._pen.state.app
        app.forced_bucket, app.forced_s = bucket, at_s
        if not app.doze_exempt:
            self._pen.bucket_event(at_s, int(bucket), "f")

    def update_app(self, at_s: float, version_name: str, version_code: int) -> None:
        """The store replaces the app."""
        app = self._pen.state.app
        if app.pid is not None:
            self.stop(at_s - 1, f"stop {app.package} due to installPackageLI", 21, "FORCE STOP")
        app.version_name, app.version_code, app.updated_s = version_name, version_code, at_s


def _hash(text: str) -> str:
    """A broadcast record's number in hex, the same for the same device."""
    return f"{sum(text.encode()) * 2_654_435 % (1 << 28):x}"


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
    if reason == "permissions revoked":
        return 8, "PERMISSION CHANGE", 0, "UNKNOWN"
    if reason == "kill background":
        return 10, "USER REQUESTED", 24, "KILL BACKGROUND"
    if reason.startswith("stop "):
        return 10, "USER REQUESTED", 23, "STOP APP"
    if reason.startswith("remove task"):
        return 10, "USER REQUESTED", 22, "REMOVE TASK"
    return 13, "OTHER KILLS BY SYSTEM", 0, "UNKNOWN"
