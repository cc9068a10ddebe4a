"""``dumpsys activity exit-info``, ``jobscheduler``, ``batterystats``, ``alarm`` and ``dropbox``.

Forms: reports of 9 and 10, dumps of 14 and 15; between them AOSP source.
"""

from collections.abc import Iterator

from unstuck.chain.phone.host import Network
from unstuck.lab.phone import times
from unstuck.lab.phone.applife import JOB_PERIOD_S, JOB_SERVICE
from unstuck.lab.phone.dumps.view import SYSTEM_APPS, View, text, yes

_BUCKETS = {5: "EXEMPTED", 10: "ACTIVE", 20: "WORKING_SET", 30: "FREQUENT", 40: "RARE", 45: "RESTRICTED", 50: "NEVER"}


def exit_info(view: View) -> str:
    """``dumpsys activity exit-info``; empty before 11, which has no such records."""
    return text(_exit_info(view)) if view.android >= 11 else ""


def _exit_info(view: View) -> Iterator[str]:
    app, exits = view.app, list(reversed(view.book.exits))
    yield "ACTIVITY MANAGER PROCESS EXIT INFO (dumpsys activity exit-info)"
    saved_s = max((record.at_s for record in exits), default=view.wall_s - 1800)
    yield f"Last Timestamp of Persistence Into Persistent Storage: {times.full_ms(view.local(saved_s))}"
    if not exits:
        return
    yield f"  package: {app.package}"
    yield f"    Historical Process Exit for uid={app.uid}"
    for number, record in enumerate(exits):
        yield f"        ApplicationExitInfo #{number}:"
        moment = times.full_ms(view.local(record.at_s))
        defining = f"definingUid={app.uid} " if view.android >= 12 else ""
        yield (f"          timestamp={moment} pid={record.pid} realUid={app.uid} packageUid={app.uid} {defining}user=0")
        sub = f" subreason={record.subreason} ({record.subreason_text})"
        yield (
            f"          process={app.package} reason={record.reason} ({record.reason_text}){sub} status={record.status}"
        )
        state = "state=empty trace=null"
        yield (f"          importance={record.importance} pss=0.00 rss=0.00 description={record.description} {state}")


def processes(view: View) -> str:
    """The short form of ``dumpsys activity`` that a report asks first."""
    if view.android <= 9:
        title = "ACTIVITY MANAGER RUNNING PROCESSES (dumpsys activity processes)"
        return text([title, "  All known processes:"])
    running = f"    #5: cch+10 CACC {view.app.pid}:{view.app.package}/{view.app_user}  activity=client"
    title = "ACTIVITY MANAGER LRU PROCESSES (dumpsys activity lru)"
    return text([title, "  Activities:", *([running] if view.app.pid else [])])


def activity(view: View) -> str:
    """``dumpsys activity``: the settings' title, the exit records, the list of processes."""
    settings = [
        "ACTIVITY MANAGER SETTINGS (dumpsys activity settings) activity_manager_constants:",
        "  max_cached_processes=32",
    ]
    return text(settings) + exit_info(view) + processes(view)


def jobscheduler(view: View) -> str:
    """``dumpsys jobscheduler``: the app's periodic job and what holds it back."""
    return text(_jobs(view))


def _unmet(view: View) -> list[str]:
    state, app = view.state, view.app
    unmet = []
    if app.next_job_s > view.now_s or not app.next_job_s:
        unmet.append("TIMING_DELAY")
    if state.network in (Network.NONE, Network.UNVALIDATED, Network.CAPTIVE_PORTAL):
        unmet.append("CONNECTIVITY")
    if view.doze.idle and not app.doze_exempt:
        unmet.append("DEVICE_NOT_DOZING")
    if _held(view):
        unmet.append("BACKGROUND_NOT_RESTRICTED")
    return unmet


def _held(view: View) -> bool:
    saver = view.state.battery_saver and not view.app.doze_exempt
    return view.app.restricted or saver


_BITS = {
    "TIMING_DELAY": 1 << 31,
    "CONNECTIVITY": 1 << 28,
    "DEVICE_NOT_DOZING": 1 << 25,
    "BACKGROUND_NOT_RESTRICTED": 1 << 22,
    "WITHIN_QUOTA": 1 << 24,
}
"""Constraint bits of JobStatus."""


def _words(names: list[str]) -> str:
    bits = sum(_BITS[name] for name in names)
    return f"{' '.join(names)} [0x{bits:x}]" if names else "[0x0]"


def _jobs(view: View) -> Iterator[str]:
    app = view.app
    yield "Settings:"
    yield "  min_idle_count=1 "
    yield ""
    yield "Started users: [0]"
    if app.stopped or app.hibernated or not app.enabled:
        yield "Registered 0 jobs:"
        yield "  None."
        return
    service, user = f"{app.package}/{JOB_SERVICE}", view.app_user
    every = [name for name in _BITS if name != "WITHIN_QUOTA" or view.android >= 10]
    unmet = _unmet(view)
    met = [name for name in every if name not in unmet]
    yield "Registered 1 jobs:"
    yield f"  JOB #{user}/12: 4a1b2c3 {service}"
    yield f"    {user} tag=*job*/{service}"
    yield f"    Source: uid={user} user=0 pkg={app.package}"
    yield "    JobInfo:"
    yield f"      Service: {service}"
    yield f"      PERIODIC: interval={times.duration(JOB_PERIOD_S)} flex=+5m0s0ms"
    yield "      Requires: charging=false batteryNotLow=false deviceIdle=false"
    yield "      Backoff: policy=1 initial=+30s0ms"
    yield "      Has early constraint"
    yield f"    Required constraints: {_words(['TIMING_DELAY', 'CONNECTIVITY'])}"
    yield f"    Satisfied constraints: {_words(met)}"
    yield f"    Unsatisfied constraints: {_words(unmet)}"
    yield f"    Tracking: CONNECTIVITY TIME{' QUOTA' if view.android >= 10 else ''}"
    if view.android >= 10:
        yield "    Implicit constraints:"
        yield f"      readyNotDozing: {yes('DEVICE_NOT_DOZING' not in unmet)}"
        yield f"      readyNotRestrictedInBg: {yes(not _held(view))}"
    yield f"    Standby bucket: {_BUCKETS[int(view.standby.bucket)]}"
    yield f"    Enqueue time: {times.duration(min(-1.0, app.next_job_s - JOB_PERIOD_S - view.now_s))}"
    due = times.duration(app.next_job_s - view.now_s) if app.next_job_s else "none"
    yield f"    Run time: earliest={due}, latest=none"
    ready = yes(not unmet)
    if view.android >= 11:
        inside = f"(job={ready} user=true !restricted={yes(not _held(view))} !pending=true !active=true !backingup=true"
    else:
        inside = f"(job={ready} user=true !pending=true !active=true !backingup=true"
    yield f"    Ready: {ready} {inside} comp=true)"


def batterystats(view: View) -> str:
    """``dumpsys batterystats``: the history since it was last begun anew, and BLE scanning."""
    return text(_batterystats(view))


def _batterystats(view: View) -> Iterator[str]:
    book, state = view.book, view.state
    begin = times.dashed(view.local(book.history_from_s))
    used, limit = _size(6628 + 14 * len(book.history)), "512KB" if view.android <= 9 else "4096KB"
    yield f"Battery History (1% used, {used} used of {limit}, 49 strings using 5048):"
    flags = " c0900022" if view.android <= 9 else ""
    yield f"{0:>21} (14) RESET:TIME: {begin}"
    percent = book.history_percent
    plug = "plug=ac" if state.charging and not book.history else "plug=none"
    yield (
        f"{0:>21} (2) {percent:03d}{flags} status=discharging health=good {plug} temp=271 volt={3500 + 8 * percent} "
        "charge=3900 +running"
    )
    for entry in sorted(book.history, key=lambda one: one.at_s):
        offset = times.padded(entry.at_s - book.history_from_s)
        if entry.text in ("START", "SHUTDOWN"):
            yield f"{offset:>21} ({1}) {entry.text}"
            if entry.text == "START":
                yield f"{offset:>21} (14) TIME: {times.dashed(view.local(entry.at_s))}"
        else:
            yield f"{offset:>21} (2) {entry.percent:03d}{flags} {entry.text}"
    yield ""
    yield "Statistics since last charge:"
    on_battery = times.spaced(max(0.0, view.wall_s - book.history_from_s))
    yield f"  System starts: 0, currently on battery: {yes(not state.charging)}"
    yield f"  Time on battery: {on_battery} (100.0%) realtime, {on_battery} (100.0%) uptime"
    yield ""
    yield f"  {view.app_user}:"
    if book.scans:
        yield (
            f"    Bluetooth Scan (total actual realtime): {times.spaced(book.scan_s)} ({book.scans} times) "
            "(currently running in background)"
        )
    yield f"    Apk {view.app.package}:"
    yield "      (nothing executed)"


def _size(count: int) -> str:
    """A size as the history's head has it: bytes up to ten times 1024, then KB (BatteryStats.printSizeValue)."""
    return str(count) if count < 10 * 1024 else f"{count // 1024}KB"


def alarm(view: View) -> str:
    """``dumpsys alarm``: the clock, exemptions and restrictions as the alarm manager knows them."""
    return text(_alarm(view))


def _alarm(view: View) -> Iterator[str]:
    listed = "exemption list" if view.android >= 12 else "whitelist"
    ids = sorted({app.uid for app in SYSTEM_APPS if app.except_idle} | set(view.exempt_ids(True)))
    user = [view.app.uid] if view.app.doze_exempt else []
    yield "Current Alarm Manager state:"
    yield "  Settings:"
    yield "    min_futurity=+5s0ms"
    yield "    min_interval=+1m0s0ms"
    yield "    max_interval=+365d0h0m0s0ms"
    yield ""
    yield "  Forced App Standby Feature enabled: true" if view.android <= 11 else "  App Standby Parole: false"
    yield f"  Force all apps standby: {yes(view.state.battery_saver)}"
    yield "  Small Battery Device: false"
    yield f"  Plugged In: {yes(view.state.charging)}"
    yield f"  Except-idle + user {listed} appids: [{', '.join(str(number) for number in ids)}]"
    yield f"  User {listed} appids: [{', '.join(str(number) for number in user)}]"
    yield f"  Temp {listed} appids: []"
    yield "  Exempted bucket packages:" if view.android >= 12 else "  Exempted packages:"
    yield "  "
    yield "  Restricted packages:"
    if view.app.restricted:
        yield (
            f"    {view.app_user}:{view.app.package}"
            if view.android <= 10
            else (f"    {view.app_user} : {view.app.package}")
        )
    yield "  Stats:"
    yield ""
    wall_ms = round(view.wall_s * 1000)
    yield f"  nowRTC={wall_ms}={times.full_ms(view.now)} nowELAPSED={round(view.up_s * 1000)}"


def dropbox(view: View) -> str:
    """``dumpsys dropbox``: crashes and boots."""
    return text(_dropbox(view))


_SHOWN_CHARACTERS = 70
"""DropBoxManagerService shows so much of an entry, on one line."""


def _dropbox(view: View) -> Iterator[str]:
    entries = list(view.book.dropped)
    yield f"Drop box contents: {len(entries)} entries"
    yield "Max entries: 1000"
    if view.android >= 11:
        yield "Low priority rate limit period: 2000 ms"
        yield "Low priority tags: {data_app_strictmode}"
    yield ""
    for entry in sorted(entries, key=lambda one: one.at_s):
        yield f"{times.full(view.local(entry.at_s))} {entry.tag} (text, {entry.size_bytes} bytes)"
        shown = entry.text[:_SHOWN_CHARACTERS]
        yield f"    {shown}{' ...' if len(entry.text) > _SHOWN_CHARACTERS else ''}"


def monitor(view: View) -> str:
    """``dumpsys devicestoragemonitor``."""
    level = "LOW" if view.state.storage_low else "NORMAL"
    free = view.state.storage_free_bytes
    volume = f"    level={level} lastUsableBytes={free} "
    return text(["Known volumes:", "  Default:", volume, "", "mSeq=1 mForceState=UNKNOWN ", ""])
