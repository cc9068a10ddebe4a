"""What the phone says of its apps: ``dumpsys appops``, ``usagestats``, ``package``, ``app_hibernation``.

Forms: reports of 9 and 10, dumps of 12 and 14; between them AOSP source.
"""

from collections.abc import Iterator
from datetime import datetime

from unstuck.chain.phone.host import Permission
from unstuck.lab.phone import times
from unstuck.lab.phone.dumps.view import SYSTEM_APPS, View, text, yes


def appops(view: View) -> str:
    """``dumpsys appops``: the rows under the user id and those under the package."""
    return text(_appops(view))


def _appops(view: View) -> Iterator[str]:
    app = view.app
    yield "Current AppOps Service state:"
    yield "  Settings:"
    yield "    top_state_settle_time=+30s0ms"
    yield "    fg_service_state_settle_time=+10s0ms"
    yield "    bg_state_settle_time=+1s0ms"
    yield ""
    yield "  Uid 1000:"
    yield "    state=pers "
    yield "    Package android:"
    yield "      COARSE_LOCATION (allow): "
    yield f"  Uid {view.app_user}:"
    yield "    state=cch  "
    if view.android >= 10:
        location = Permission.LOCATION in app.permissions
        yield f"      COARSE_LOCATION: mode={'foreground' if location else 'ignore'}"
        yield f"      FINE_LOCATION: mode={'foreground' if location else 'ignore'}"
    if app.run_any_of_uid != "default":
        yield f"      RUN_ANY_IN_BACKGROUND: mode={app.run_any_of_uid}"
    if view.android >= 12 and Permission.NEARBY_DEVICES not in app.permissions:
        yield "      BLUETOOTH_SCAN: mode=ignore"
        yield "      BLUETOOTH_CONNECT: mode=ignore"
    if view.android >= 13 and Permission.NOTIFICATIONS not in app.permissions:
        yield "      POST_NOTIFICATION: mode=ignore"
    yield f"    Package {app.package}:"
    yield "      WAKE_LOCK (allow): "
    yield from _access(view)
    if app.run_any_in_background != "default":
        yield f"      RUN_ANY_IN_BACKGROUND ({app.run_any_in_background}): "
    if view.model.auto_start and view.model.maker == "Xiaomi":
        yield f"      MIUIOP(10008) ({'allow' if app.auto_start else 'ignore'}): "
    yield ""


def _access(view: View) -> Iterator[str]:
    at_s = view.wall_s - 1152.43
    moment = times.full_ms(view.local(at_s))
    if view.android <= 10:
        yield f"          Access: bg    = {moment} ({view.ago(at_s)})"
        yield "          duration=+158ms"
        return
    yield "        null=["
    yield f"          Access: [bg-s] {moment} ({view.ago(at_s)}) duration=+158ms"
    yield "        ]"


def printed_ops(view: View, operation: str = "") -> str:
    """``appops get PACKAGE [OP]``."""
    app = view.app
    modes: dict[str, str] = {}
    if app.run_any_in_background != "default":
        modes["RUN_ANY_IN_BACKGROUND"] = app.run_any_in_background
    modes["WAKE_LOCK"] = "allow; time=+19m12s430ms ago; duration=+158ms"
    if view.model.auto_start and view.model.maker == "Xiaomi":
        modes["MIUIOP(10008)"] = "allow" if app.auto_start else "ignore"
    uid: dict[str, str] = {}
    if app.run_any_of_uid != "default":
        uid["RUN_ANY_IN_BACKGROUND"] = app.run_any_of_uid
    if view.android >= 10:
        location = "foreground" if Permission.LOCATION in app.permissions else "ignore"
        uid |= {"COARSE_LOCATION": location, "FINE_LOCATION": location}
    if view.android >= 12 and Permission.NEARBY_DEVICES not in app.permissions:
        uid |= {"BLUETOOTH_SCAN": "ignore", "BLUETOOTH_CONNECT": "ignore"}
    if view.android >= 13 and Permission.NOTIFICATIONS not in app.permissions:
        uid["POST_NOTIFICATION"] = "ignore"
    if operation:
        lines = [f"Uid mode: {name}: {mode}" for name, mode in uid.items() if name == operation]
        lines += [f"{name}: {mode}" for name, mode in modes.items() if name in (operation, f"MIUIOP({operation})")]
        return text(lines or ["No operations.", "Default mode: allow"])
    lines = [f"Uid mode: {name}: {mode}" for name, mode in uid.items()]
    return text([*lines, *(f"{name}: {mode}" for name, mode in modes.items())])


def usagestats(view: View) -> str:
    """``dumpsys usagestats``: the day's events and the standby rows."""
    return text(_usagestats(view))


def _usagestats(view: View) -> Iterator[str]:
    app, standby = view.app, view.standby
    now = view.now
    day = [event for event in view.book.used if event.at_s > view.wall_s - 86_400]
    begin = view.local(view.wall_s - 86_400)
    yield "user=0 "
    yield f'  Last 24 hour events (timeRange="{_range(begin)} – {_range(now)}" )'
    for event in day:
        yield f'    time="{times.full(view.local(event.at_s))}" {event.text} '
    yield "  "
    # From 11 on the rows stand in a part of their own, and are indented less.
    yield "User 0 App Standby States:" if view.android >= 11 else "  App Standby States:"
    indent = "  " if view.android >= 11 else "    "
    for other in SYSTEM_APPS:
        bucket = 5 if other.idle else 10
        yield indent + _standby_row(view, other.package, bucket, "d" if bucket == 5 else "u-si", 4300.1, 4300.1)
    used_s = max(0.0, view.now_s - app.used_s)
    yield indent + _standby_row(view, app.package, int(standby.bucket), standby.reason, used_s, used_s / 6)
    yield indent
    yield f"{indent}totalElapsedTime={times.duration(view.now_s - view.app.installed_s)}"
    yield f"{indent}totalScreenOnTime={times.duration((view.now_s - view.app.installed_s) / 6)}"
    yield ""


def _range(moment: datetime) -> str:
    return f"{moment:%-m/%-d/%Y, %-I:%M %p}"


def _standby_row(view: View, package: str, bucket: int, reason: str, used_s: float, screen_s: float) -> str:
    used, screen = times.duration(used_s), times.duration(screen_s)
    idle = "y" if bucket >= 40 else "n"
    job = times.duration(max(0.0, view.now_s - view.app.next_job_s + 900)) if package == view.app.package else ""
    job = job if view.app.next_job_s and job else "-24855d3h14m7s849ms"
    if view.android <= 10:
        active, working = times.duration(3600 - used_s), times.duration(7200 - used_s)
        return (
            f"package={package} u=0 bucket={bucket} reason={reason} used={used} usedScr={screen} lastPred={used} "
            f"activeLeft={active} wsLeft={working} lastJob={job} idle={idle}"
        )
    if view.android <= 12:
        active, working = times.duration(3600 - used_s), times.duration(7200 - used_s)
        return (
            f"package={package} u=0 bucket={bucket} reason={reason} used={used} usedByUser={used} usedScr={screen} "
            f"lastPred={used} activeLeft={active} wsLeft={working} lastJob={job} lastInformedBucket={bucket} "
            f"idle={idle}"
        )
    expires = f"(10={times.duration(used_s - 3600)})" if used_s < 43_200 else "<none>"
    return (
        f"package={package} u=0 bucket={bucket} reason={reason} used={used} usedByUser={used} usedScr={screen} "
        f"lastPred=<uninitialized> expiryTimes={expires} lastJob={job} lastInformedBucket={bucket} idle={idle}"
    )


_PERMISSIONS: dict[Permission, tuple[tuple[str, int], ...]] = {
    Permission.LOCATION: (("ACCESS_FINE_LOCATION", 23), ("ACCESS_COARSE_LOCATION", 23)),
    Permission.NEARBY_DEVICES: (("BLUETOOTH_CONNECT", 31), ("BLUETOOTH_SCAN", 31)),
    Permission.NOTIFICATIONS: (("POST_NOTIFICATIONS", 33),),
    Permission.STORAGE: (("READ_EXTERNAL_STORAGE", 23), ("WRITE_EXTERNAL_STORAGE", 23)),
}
"""Which runtime permissions stand for what a person grants, and the SDK each came with."""

RUNTIME_PERMISSIONS = {
    f"android.permission.{name}": permission for permission, names in _PERMISSIONS.items() for name, _ in names
}


def package(view: View) -> str:
    """``dumpsys package``."""
    return text(_package(view))


def _package(view: View) -> Iterator[str]:
    yield "Database versions:"
    yield "  Internal:"
    yield f"    sdkVersion={view.model.sdk} databaseVersion=3"
    yield f"    fingerprint={view.model.fingerprint}"
    yield ""
    yield "Packages:"
    yield from app_block(view)
    for other in SYSTEM_APPS:
        yield from _system_block(view, other.package, other.uid, other.folder, other.version_code, other.version_name)
    yield ""
    yield "Shared users:"
    yield ""


def one_package(view: View, name: str) -> str:
    """``dumpsys package NAME``."""
    if name == view.app.package:
        return text(["Packages:", *app_block(view), "", "Queries:", ""])
    for other in SYSTEM_APPS:
        if other.package == name:
            block = _system_block(view, other.package, other.uid, other.folder, other.version_code, other.version_name)
            return text(["Packages:", *block, "", "Queries:", ""])
    return f"Unable to find package: {name}\n"


def app_block(view: View) -> Iterator[str]:
    """The app's own block."""
    app, android = view.app, view.android
    folder = f"/data/app/{app.package}-x4hIxgHKDj-IPWYRR3NYUQ=="
    if android >= 11:
        folder = f"/data/app/~~x4hIxgHKDj-IPWYRR3NYUQ==/{app.package}-9d78d80Rr3NYUQxIxgHKDj=="
    yield f"  Package [{app.package}] (9d78d80):"
    yield f"    {'appId' if android >= 13 else 'userId'}={app.uid}"
    yield f"    pkg=Package{{c750050 {app.package}}}"
    yield f"    codePath={folder}"
    yield f"    resourcePath={folder}"
    yield f"    versionCode={app.version_code} minSdk={app.min_sdk} targetSdk={app.target_sdk}"
    yield f"    versionName={app.version_name}"
    yield "    splits=[base]"
    yield "    apkSigningVersion=3"
    yield "    flags=[ HAS_CODE ALLOW_CLEAR_USER_DATA ]"
    yield f"    dataDir=/data/user/0/{app.package}"
    first = times.full(view.local_true(app.installed_s))
    updated = times.full(view.local_true(app.updated_s))
    yield f"    timeStamp={updated}"
    if android <= 12:
        yield f"    firstInstallTime={first}"
    yield f"    lastUpdateTime={updated}"
    yield "    installerPackageName=com.android.vending"
    enabled = 0 if app.enabled else 3
    stopped = yes(app.stopped or app.hibernated)
    if android <= 12:
        yield (
            f"    User 0: ceDataInode=51377 installed=true hidden=false suspended=false stopped={stopped} "
            f"notLaunched=false enabled={enabled} instant=false virtual=false"
        )
    else:
        yield (
            f"    User 0: ceDataInode=51377 deDataInode=43262 installed=true hidden=false suspended=false "
            f"distractionFlags=0 stopped={stopped} notLaunched=false enabled={enabled} instant=false virtual=false"
        )
        yield "      installReason=4"
        yield f"      firstInstallTime={first}"
    yield "      gids=[3003]"
    yield "      runtime permissions:"
    for permission, names in _PERMISSIONS.items():
        granted = yes(permission in app.permissions)
        for name, sdk in names:
            if view.model.sdk < sdk or (permission is Permission.STORAGE and view.model.sdk >= 33):
                continue  # 13 replaced the permission for storage by those for media, which a tracker app needs not
            flags = "[ USER_SET ]" if android <= 10 else "[ USER_SET|USER_SENSITIVE_WHEN_GRANTED]"
            yield f"        android.permission.{name}: granted={granted}, flags={flags}"


def _system_block(view: View, name: str, uid: int, folder: str, code: int, version: str) -> Iterator[str]:
    updated = times.full(view.local_true(view.state.system_updated_s + uid % 40))
    yield f"  Package [{name}] ({uid * 48_611 % (1 << 28):x}):"
    yield f"    {'appId' if view.android >= 13 else 'userId'}={uid}"
    yield f"    pkg=Package{{{uid * 35_317 % (1 << 28):x} {name}}}"
    yield f"    codePath=/system/{folder}"
    yield f"    resourcePath=/system/{folder}"
    yield f"    versionCode={code} minSdk={view.model.sdk} targetSdk={view.model.sdk}"
    yield f"    versionName={version}"
    yield "    flags=[ SYSTEM HAS_CODE ALLOW_CLEAR_USER_DATA ]"
    yield f"    timeStamp={updated}"
    if view.android <= 12:
        yield f"    firstInstallTime={updated}"
    yield f"    lastUpdateTime={updated}"
    yield (
        "    User 0: ceDataInode=51212 installed=true hidden=false suspended=false stopped=false "
        "notLaunched=false enabled=0 instant=false virtual=false"
    )
    yield "      gids=[3003]"
    yield "      runtime permissions:"


def hibernation(view: View) -> str:
    """``dumpsys app_hibernation``; the stray quotes are really printed."""
    since = times.full(view.local_true(view.app.used_s))
    rows = (
        ("User Level Hibernation States, user=0", "  UserLevelState"),
        ("Global Level Hibernation States", "GlobalLevelState"),
    )
    lines = []
    for title, word in rows:
        lines.append(title)
        lines += [
            f"{word}{{packageName='{name}', hibernated={yes(asleep)}', savedByte=0', lastUnhibernated={since}}}"
            for name, asleep in ((view.app.package, view.app.hibernated), ("com.android.printspooler", False))
        ]
    return text(lines)
