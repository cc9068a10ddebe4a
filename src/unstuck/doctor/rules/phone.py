"""Rules about the phone: what it allows the app, what it did to it, and whether it reaches the internet."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from unstuck.doctor.agent import overdue
from unstuck.doctor.case import Case, as_time
from unstuck.doctor.makers import strict_maker
from unstuck.doctor.rules.outcome import UNKNOWN, Outcome, Rule, either, lasting, no, numbers, times, yes
from unstuck.model.evidence import Fact
from unstuck.model.worded import Number, worded

LOGS = ("logcat", "event log", "system log", "main log")
"""Names under which readers report that a log was read."""

SAVER_BEFORE_STOP = timedelta(minutes=30)
"""Two expected sync rhythms: a stop this soon after the saver came on may be its doing."""

RARE_BUCKET = 40
"""Standby bucket from which background work runs once a day or less (40 rare, 45 restricted, 50 never)."""

BACKGROUND_OPS = ("RUN_ANY_IN_BACKGROUND", "RUN_IN_BACKGROUND")
"""App operations that carry the person's choice "restricted" (Android 9 and later, 7 and 8)."""

BEAT_MINUTES = 15.0
"""Period of the jobs that keep tracker apps going, as seen in a real battery history."""

MISSED_BEATS = 4
"""Missed beats in a row that are no jitter: Doze may stretch a period, an hour of silence is a stop."""

NEARBY_SDK = 31
"""Android 12: BLUETOOTH_CONNECT and BLUETOOTH_SCAN are runtime permissions from here on, location before."""

NEARBY_PERMISSIONS = ("BLUETOOTH_CONNECT", "BLUETOOTH_SCAN")
LOCATION_PERMISSIONS = ("ACCESS_FINE_LOCATION", "ACCESS_COARSE_LOCATION")

CLOCK_JUMP = timedelta(minutes=10)
"""More than sources differ by, and less than anybody sets a clock back by."""

UNMETERED = frozenset({"wifi", "ethernet"})
"""Networks that are metered only where a person says so; data saver and refusals of mobile data spare them."""

LOW_FREE_PERCENT = 2.0
"""Free share under which apps fail to write; Android warns at 5 %."""

LOW_FREE_BYTES = 500_000_000
"""Android's own low-storage mark is 500 MB or 5 %, whichever is less (StorageManager)."""

OLD_APP = timedelta(days=365)
"""A year without an update: vendors publish every few weeks."""

FRESH_APP = timedelta(days=120)
"""Within this the app is current enough to rule out that it is too old."""

SILENT_AFTER_END = timedelta(hours=1)
"""A log must reach this far past the app's end to show that it was not started again."""

UPDATE_BEFORE_STOP = timedelta(days=3)
"""An update shows its effect within days."""

UPDATE_LONG_AGO = timedelta(days=14)
"""After two quiet weeks an update is not the reason."""

NETWORK_ERRORS = 2
"""A single failed name look-up or time-out belongs to every day."""


def battery_saver_on(case: Case) -> Outcome:
    """State of the saver."""
    return _flag(case, "power.battery_saver", "battery saver was on", "battery saver was off")


def stopped_with_battery_saver(case: Case) -> Outcome:
    """The saver's switch-on time against the stop."""
    switched = [fact for fact in case.facts.all("power.battery_saver_switched") if fact.flag() and fact.time]
    if not switched or case.stopped_at is None:
        return UNKNOWN
    near = [
        fact
        for fact in switched
        if fact.time is not None and timedelta(minutes=-1) <= case.stopped_at - fact.time <= SAVER_BEFORE_STOP
    ]
    return either(
        bool(near),
        "data stopped within half an hour of battery saver",
        "data stopped at another time",
        near or switched,
    )


def app_not_exempt(case: Case) -> Outcome:
    """The person's list of exemptions."""
    facts = case.of_app("app.doze_exempt")
    if not facts:
        return UNKNOWN
    return either(
        facts[-1].flag() is False,
        "the app is not exempt from battery optimisation",
        "the app is exempt from battery optimisation",
        facts[-1:],
    )


def background_denied(case: Case) -> Outcome:
    """Both levels, package and user id, each on its own enough to restrict."""
    facts = [fact for fact in case.of_app("app.op") if fact.text("op") in BACKGROUND_OPS]
    denied = [fact for fact in facts if fact.text("mode") in ("ignore", "deny")]
    if denied:
        return yes(worded("{op} is {mode} for the app", op=denied[-1].text("op"), mode=denied[-1].text("mode")), denied)
    if facts:
        return no("the app may run in the background", facts)
    read = [fact for fact in case.facts.all("phone.section") if "appops" in fact.text("section")]
    installed = case.of_app("app.installed")
    return no("nothing restricts the app in the background", [*read, *installed]) if read and installed else UNKNOWN


def bucket_rare(case: Case) -> Outcome:
    """Standby bucket of the app."""
    facts = case.of_app("app.standby_bucket")
    bucket = facts[-1].number() if facts else None
    if bucket is None:
        return UNKNOWN
    return either(
        bucket >= RARE_BUCKET,
        worded("standby bucket {bucket}: the phone counts the app among the rarely used", bucket=Number(bucket)),
        worded("standby bucket {bucket}: the phone counts the app among those in use", bucket=Number(bucket)),
        facts[-1:],
    )


def app_killed_in_background(case: Case) -> Outcome:
    """Kills that are no ordinary cleaning of cached processes."""
    kills = case.recent(case.of_app("app.killed"))
    hard = [fact for fact in kills if fact.text("kind") in ("background", "vendor")]
    hard += [fact for fact in case.recent(case.of_app("app.exit")) if _held_back(fact)]
    if hard:
        why = hard[-1].text("subreason_text") or hard[-1].text("reason")
        return yes(worded("the phone ended the app {times} ({why})", times=times(len(hard), "time"), why=why), hard)
    alive = [*case.of_app("app.started"), *kills]
    return no("the phone did not kill the app for running in the background", alive) if alive else UNKNOWN


def _held_back(fact: Fact) -> bool:
    """Exit records that name a restriction (ApplicationExitInfo, Android 11 and later)."""
    words = f"{fact.text('reason_text')} {fact.text('subreason_text')}".upper()
    return any(word in words for word in ("RESTRICT", "EXCESSIVE RESOURCE", "FREEZER", "DEPENDENCY DIED"))


def jobs_held_back(case: Case) -> Outcome:
    """Unmet constraints of jobs, or a regular job that missed its beat."""
    held = [
        fact
        for fact in case.of_app("app.job")
        if fact.flag("ready") is False and any(word in fact.text("unsatisfied").upper() for word in _RESTRICTING)
    ]
    if held:
        return yes(
            worded(
                "{jobs} of the app waits for {unsatisfied}",
                jobs=times(len(held), "job"),
                unsatisfied=held[-1].text("unsatisfied"),
            ),
            held,
        )
    gaps = [gap for beats in _beats(case).values() for gap in _gaps_that_count(case, beats)]
    if gaps:
        worst = max(gaps, key=lambda gap: gap[1])
        return yes(
            worded("its regular job fell silent for {lasting}", lasting=lasting(worst[1])), [fact for fact, _ in gaps]
        )
    calm = case.of_app("app.job", "app.beat")
    return no("the app's jobs ran as planned", calm[-2:]) if calm else UNKNOWN


def _beats(case: Case) -> dict[tuple[str, str], list[Fact]]:
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in case.of_app("app.beat"):
        if fact.time is not None:
            found.setdefault((fact.subject, fact.text("job")), []).append(fact)
    return found


def _gaps_that_count(case: Case, beats: list[Fact]) -> list[tuple[Fact, timedelta]]:
    """Missed beats that last up to the end or hold the moment of the stop; an old gap healed."""
    least = timedelta(minutes=BEAT_MINUTES * MISSED_BEATS)
    ends = [fact.time for fact in beats[1:]] + [case.judged_at]
    found = []
    for fact, until in zip(beats, ends, strict=True):
        if fact.time is None or until is None or until - fact.time < least or len(beats) < MISSED_BEATS:
            continue
        open_end = until == case.judged_at
        if open_end or (case.stopped_at is not None and fact.time <= case.stopped_at <= until):
            found.append((fact, until - fact.time))
    return found


_RESTRICTING = ("BACKGROUND_NOT_RESTRICTED",)
"""Constraint names that mean that a restriction holds the job back (JobStatus, AOSP). A spent quota or
Doze holds jobs of healthy apps back too."""


def maker_stops_apps(case: Case) -> Outcome:
    """The maker's rank at dontkillmyapp.com."""
    build = case.latest("phone.build")
    if build is None or not build.text("maker"):
        return UNKNOWN
    maker, strict = strict_maker(build.text("maker"))
    return either(
        strict,
        worded("{maker} phones are known for stopping apps", maker=maker),
        worded("{maker} phones seldom stop apps", maker=maker),
        [build],
    )


def permission_denied(case: Case) -> Outcome:
    """The permissions that scanning and connecting need on this version of Android."""
    build = case.latest("phone.build")
    sdk = int(build.number("sdk") or 0) if build is not None else 0
    needed = NEARBY_PERMISSIONS if sdk >= NEARBY_SDK or sdk == 0 else LOCATION_PERMISSIONS[:1]
    grants = [fact for fact in case.of_app("app.permission") if fact.text("permission") in needed]
    refused = [fact for fact in grants if fact.flag("granted") is False]
    refused += [
        fact
        for fact in case.of_app("app.op")
        if fact.text("mode") in ("ignore", "deny") and fact.text("op") in (*needed, *_OPS_OF.get(needed[0], ()))
    ]
    if refused:
        return yes(
            worded("permission {value} is denied", value=refused[0].text("permission") or refused[0].text("op")),
            refused,
        )
    return no("the permissions for finding the tracker are granted", grants) if grants else UNKNOWN


_OPS_OF = {"ACCESS_FINE_LOCATION": ("FINE_LOCATION",)}
"""App operations named otherwise than their permission."""


def scan_refused(case: Case) -> Outcome:
    """A refused scan in the log."""
    refused = case.recent(case.of_app("bluetooth.scan_denied"))
    if refused:
        return yes("a Bluetooth scan was refused for want of a permission", refused)
    scans = case.of_app("ble.scan")
    return no("the app's Bluetooth scans ran", scans) if scans else UNKNOWN


def location_off(case: Case) -> Outcome:
    """The location switch, where scanning depends on it."""
    fact = case.latest("phone.location")
    build = case.latest("phone.build")
    if fact is None or fact.flag() is None or build is None or not build.number("sdk"):
        return UNKNOWN
    if (build.number("sdk") or 0) >= NEARBY_SDK:
        return UNKNOWN  # whether scanning needs location then depends on what the app declared
    return either(fact.flag() is False, "location was off", "location was on", [fact])


def background_data_blocked(case: Case) -> Outcome:
    """Data saver, or the app's own refusal on metered networks."""
    rejected = [fact for fact in case.of_app("network.app_rejected_metered") if fact.flag()]
    saver = case.latest("network.data_saver")
    way = case.latest("network.default")
    on_wifi = way is not None and way.text("transport").casefold() in UNMETERED
    if (rejected or (saver is not None and saver.flag())) and on_wifi and way is not None:
        return no("background data is limited on mobile networks alone, and the phone was on Wi-Fi", [way])
    if rejected:
        return yes("background data is refused to the app on metered networks", rejected)
    if saver is None or saver.flag() is None:
        return UNKNOWN
    return either(saver.flag() is True, "data saver was on", "data saver was off", [saver])


def storage_low(case: Case) -> Outcome:
    """Free space, or the system's own flag."""
    flag = case.latest("phone.storage_low")
    space = case.latest("phone.storage")
    if flag is not None and flag.flag():
        return yes("the phone reports low storage", [flag])
    if space is None or space.number("free_percent") is None:
        return no("the phone does not report low storage", [flag]) if flag is not None else UNKNOWN
    percent, free = space.number("free_percent") or 0.0, space.number("free_bytes")
    low = percent < LOW_FREE_PERCENT or (free is not None and free < LOW_FREE_BYTES)
    return either(
        low,
        worded("only {percent} % of the storage was free", percent=Number(percent)),
        worded("{percent} % of the storage was free", percent=Number(percent)),
        [space],
    )


def app_could_not_write(case: Case) -> Outcome:
    """No-space errors of the app."""
    return _app_errors(case, "storage_full", "the app could not write for want of room")


def app_force_stopped(case: Case) -> Outcome:
    """The package's stopped and enabled flags."""
    stopped = [fact for fact in case.of_app("app.stopped") if fact.flag() is not None]
    enabled = [fact for fact in case.of_app("app.enabled", "app.hibernated") if fact.flag() is not None]
    bad = [fact for fact in stopped if fact.flag()]
    bad += [fact for fact in enabled if (fact.name == "app.enabled") is (fact.flag() is False)]
    if bad:
        words = _NOT_RUNNING[bad[0].name]
        return yes(words, bad)
    return no("the app is not force-stopped", stopped[-1:]) if stopped else UNKNOWN


_NOT_RUNNING = {
    "app.stopped": worded("the app is force-stopped"),
    "app.enabled": worded("the app is disabled"),
    "app.hibernated": worded("the app is hibernated"),
}


def app_crashed(case: Case) -> Outcome:
    """Crashes of the app."""
    crashes = case.of_app("app.crashed")
    crashes += [fact for fact in case.of_app("app.exit") if "CRASH" in fact.text("reason_text").upper()]
    crashes = case.recent(crashes)
    if crashes:
        return yes(worded("the app crashed {times}", times=times(len(crashes), "time")), crashes)
    alive = case.of_app("app.started", "app.exit")
    return no("the app started and did not crash", alive[-1:]) if alive else UNKNOWN


def app_never_restarted(case: Case) -> Outcome:
    """Whether a start follows the app's last end while the log goes on."""
    ends = [fact for fact in case.recent(case.of_app("app.killed", "app.crashed")) if fact.time is not None]
    if not ends:
        return UNKNOWN
    last = ends[-1]
    alive = case.of_app("app.started", "app.http", "app.error", "app.beat", "app.sync")
    later = [fact for fact in alive if fact.time and last.time and fact.time > last.time]
    if later:
        return no("the app lived on afterwards", later[:1])
    if case.linked:
        return UNKNOWN
    reach = case.before(last)
    if reach is not None and reach >= SILENT_AFTER_END:
        return yes(worded("the app ended and was not started again for {lasting}", lasting=lasting(reach)), [last])
    return UNKNOWN


def app_database_damaged(case: Case) -> Outcome:
    """Database errors of the app."""
    return _app_errors(case, "database", "the app's database is damaged")


def app_version_refused(case: Case) -> Outcome:
    """HTTP 426 or a refusal text."""
    refused = [fact for fact in case.of_app("app.http") if fact.number("status") == 426]
    refused += [
        fact
        for fact in case.of_app("app.error")
        if fact.text("kind") == "version_refused" and "firmware" not in fact.text("text").lower()
    ]
    updated = [as_time(fact.text("last_update")) for fact in case.of_app("app.installed")]
    refused = _still(
        case, [fact for fact in refused if not any(new and fact.time and new > fact.time for new in updated)]
    )
    if refused:
        return yes("the service refused the app's version", refused)
    good = _accepted(case)
    return no("the service accepted the app", good) if good else UNKNOWN


def app_update_old(case: Case) -> Outcome:
    """Age of the app's last update."""
    facts = case.of_app("app.installed")
    updated = as_time(facts[-1].text("last_update")) if facts else None
    if updated is None:
        return UNKNOWN
    age = case.judged_at - updated
    if age >= OLD_APP:
        return yes(worded("the app was last updated {lasting} ago", lasting=lasting(age)), facts[-1:])
    return (
        no(worded("the app was updated {lasting} ago", lasting=lasting(age)), facts[-1:])
        if timedelta() <= age <= FRESH_APP
        else UNKNOWN
    )


def os_updated_before_stop(case: Case) -> Outcome:
    """The inferred time of the system update against the stop."""
    fact = case.latest("phone.system_updated")
    updated = as_time(fact.text()) if fact is not None else None
    if fact is None or updated is None:
        return UNKNOWN
    if case.stopped_at is not None:
        lag = case.stopped_at - updated
        if timedelta() <= lag <= UPDATE_BEFORE_STOP:
            return yes(
                worded("the system was updated {lasting} before it stopped (inferred)", lasting=lasting(lag)), [fact]
            )
        return no("the system was not updated in the days before it stopped (inferred)", [fact])
    age = case.judged_at - updated
    return (
        no(worded("the last system update was {lasting} ago (inferred)", lasting=lasting(age)), [fact])
        if age >= UPDATE_LONG_AGO
        else UNKNOWN
    )


def clock_by_hand(case: Case) -> Outcome:
    """The setting that lets the network set the clock."""
    fact = case.latest("phone.automatic_time")
    if fact is None or fact.flag() is None:
        return UNKNOWN
    return either(fact.flag() is False, "the phone's clock was set by hand", "the phone set its clock itself", [fact])


def clock_set_back(case: Case) -> Outcome:
    """Lines of the phone's logs that are dated after the moment of judgement."""
    names = ("app.http", "app.beat", "app.started", "gatt.status", "agent.attempts", "link.opened", "link.traffic")
    dated = [fact for fact in case.facts.all(*names) if fact.time is not None]
    later = [fact for fact in dated if fact.time is not None and fact.time - case.judged_at > CLOCK_JUMP]
    if later:
        return yes("its logs hold times that have not come yet: the clock was set back", later[-3:])
    return no("no time in its logs lies in the future", dated[-1:]) if dated else UNKNOWN


def phone_offline(case: Case) -> Outcome:
    """The default network and whether it was validated."""
    fact = case.latest("network.default")
    if fact is None:
        return UNKNOWN
    if fact.flag("present") is False:
        return yes("the phone had no network", [fact])
    if fact.flag("validated") is False:
        return yes("the phone's network leads nowhere (not validated)", [fact])
    return no("the phone had validated internet", [fact]) if fact.flag("validated") else UNKNOWN


def app_network_errors(case: Case) -> Outcome:
    """Name, TLS and time-out errors of the app."""
    errors = _still(case, [fact for fact in case.of_app("app.error") if fact.text("kind") in ("dns", "tls", "timeout")])
    if len(errors) >= NETWORK_ERRORS:
        return yes(
            worded(
                "{errors} of the app ({kind})", errors=times(len(errors), "network error"), kind=errors[-1].text("kind")
            ),
            errors,
        )
    good = _accepted(case)
    return no("the app reached its service", good) if good and not errors else UNKNOWN


def uploads_wait(case: Case) -> Outcome:
    """Fast transfers to the phone on a day for which the service has nothing."""
    fast = {
        fact.text("date"): fact for fact in case.facts.all("tracker.radio_day") if (fact.number("fast_h") or 0) >= 0.05
    }
    have = {fact.text("date") for fact in case.facts.all("server.day") if (fact.number("minutes") or 0) > 0}
    if not fast or not have:
        return UNKNOWN
    waiting = [fast[date] for date in sorted(fast) if date > max(have)]
    if waiting:
        return yes(
            worded(
                "the phone drained the tracker on {date}, the service has nothing from then on",
                date=waiting[0].text("date"),
            ),
            waiting,
        )
    return no("what the phone drained reached the service", [fast[max(fast)]])


def agent_stopped(case: Case) -> Outcome:
    """Whether our agent should have tried again long ago."""
    last = overdue(case)
    if last is not None and last.time is not None:
        return yes(
            worded("our agent made its last attempt {lasting} ago", lasting=lasting(case.judged_at - last.time)), [last]
        )
    runs = case.of_tracker("agent.attempts")
    return no("our agent runs in its rhythm", runs[-1:]) if runs else UNKNOWN


def _flag(case: Case, name: str, text_yes: str, text_no: str) -> Outcome:
    fact = case.latest(name)
    if fact is None or fact.flag() is None:
        return UNKNOWN
    return either(fact.flag() is True, text_yes, text_no, [fact])


def _app_errors(case: Case, kind: str, text: str) -> Outcome:
    errors = _still(case, [fact for fact in case.of_app("app.error") if fact.text("kind") == kind])
    if errors:
        return yes(worded("{text} ({lines})", text=worded(text), lines=times(len(errors), "line")), errors)
    good = _accepted(case)
    return no("the app worked without such an error", good) if good else UNKNOWN


def _still(case: Case, bad: list[Fact]) -> list[Fact]:
    """Errors that may still hold: recent, and with no good answer of the service after the last of them."""
    good = _accepted(case)
    if bad and good and good[-1].time and bad[-1].time and good[-1].time > bad[-1].time:
        return []
    return case.recent(bad)


def _accepted(case: Case) -> list[Fact]:
    return [fact for fact in case.of_app("app.http") if 200 <= (numbers([fact], "status") or [0])[0] < 300][-1:]


def _person_only(_: Case) -> Outcome:
    return UNKNOWN


_ALL: tuple[Callable[[Case], Outcome], ...] = (
    battery_saver_on,
    stopped_with_battery_saver,
    app_not_exempt,
    background_denied,
    bucket_rare,
    app_killed_in_background,
    jobs_held_back,
    maker_stops_apps,
    permission_denied,
    scan_refused,
    location_off,
    background_data_blocked,
    storage_low,
    app_could_not_write,
    app_force_stopped,
    app_crashed,
    app_never_restarted,
    app_database_damaged,
    app_version_refused,
    app_update_old,
    os_updated_before_stop,
    clock_by_hand,
    clock_set_back,
    phone_offline,
    app_network_errors,
    uploads_wait,
    agent_stopped,
)

RULES: Mapping[str, Rule] = {
    **{rule.__name__: rule for rule in _ALL},
    "syncs_only_when_open": _person_only,
    "sync_shows_error": _person_only,
}
