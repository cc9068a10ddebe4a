"""``pm``, ``am``, ``appops`` and ``monkey``: what the shell can do to an app."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from unstuck.chain.phone.host import Bucket
from unstuck.lab.phone.commands.result import ShellResult, complained, said, threw
from unstuck.lab.phone.dumps import apps
from unstuck.lab.phone.dumps.view import SYSTEM_APPS

if TYPE_CHECKING:
    from unstuck.lab.phone.phone import LabPhone

_MODES = ("allow", "ignore", "deny", "default", "foreground")
_AUTO_START = ("10008", "AUTO_START", "MIUIOP(10008)")
_BUCKETS = {
    "exempted": Bucket.EXEMPTED,
    "active": Bucket.ACTIVE,
    "working_set": Bucket.WORKING_SET,
    "frequent": Bucket.FREQUENT,
    "rare": Bucket.RARE,
    "restricted": Bucket.RESTRICTED,
    "never": Bucket.NEVER,
}


def _plain(words: Sequence[str]) -> list[str]:
    """Words without ``--user N``."""
    rest = list(words)
    while "--user" in rest:
        at = rest.index("--user")
        del rest[at : at + 2]
    return rest


def _known(phone: "LabPhone", package: str) -> bool:
    return package == phone.state.app.package or any(app.package == package for app in SYSTEM_APPS)


def pm(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``pm list packages|path|grant|revoke|dump|clear|trim-caches|enable|disable-user|resolve-activity|help``."""
    match _plain(words):
        case ["help"]:
            return said(_HELP.format(clear=_CLEAR_14 if phone.model.android >= _CACHE_ONLY_ANDROID else _CLEAR))
        case ["resolve-activity", *options]:
            return _resolve(phone, options)
        case ["list", "packages", *options]:
            return _list(phone, options)
        case ["path", package]:
            return _path(phone, package)
        case ["dump", package]:
            return said(apps.one_package(phone.view(), package))
        case ["grant" | "revoke" as verb, package, permission]:
            return _grant(phone, verb, package, permission)
        case ["clear", "--cache-only", package] if phone.model.android >= _CACHE_ONLY_ANDROID:
            return _clear_cache(phone, package)
        case ["clear", option, package, *_] if option.startswith("--"):
            return _clear(phone, package)  # before 14 an option that is not known is passed over
        case ["clear", package, *_]:
            return _clear(phone, package)  # what stands behind the name is never read
        case ["trim-caches", _, *_]:
            phone.trim_caches()
            return said("")
        case ["enable" | "disable-user" | "disable" as verb, package]:
            return _enable(phone, verb, package)
    return complained(f"Unknown command or bad arguments: {' '.join(words)}\n")


_CACHE_ONLY_ANDROID = 14
"""From here on ``pm clear`` knows ``--cache-only`` (AOSP PackageManagerShellCommand.runClear, android-14.0.0_r1)."""

_CLEAR = """\
  clear [--user USER_ID] PACKAGE
    Deletes all data associated with a package.
"""
_CLEAR_14 = """\
  clear [--user USER_ID] [--cache-only] PACKAGE
    Deletes data associated with a package. Options are:
    --user: specifies the user for which we need to clear data
    --cache-only: a flag which tells if we only need to clear cache data
"""
_HELP = """\
Package manager (package) commands:
  help
    Print this help text.

  path [--user USER_ID] PACKAGE
    Print the path to the .apk of the given PACKAGE.

  resolve-activity [--brief] [--components] [--user USER_ID] INTENT
    Prints the activity that resolves to the given INTENT.

{clear}
  enable [--user USER_ID] PACKAGE_OR_COMPONENT
  disable [--user USER_ID] PACKAGE_OR_COMPONENT
  disable-user [--user USER_ID] PACKAGE_OR_COMPONENT
    These commands change the enabled state of a given package or
    component (written as "package/class").

  grant [--user USER_ID] PACKAGE PERMISSION
  revoke [--user USER_ID] PACKAGE PERMISSION
    These commands either grant or revoke permissions to apps.

  trim-caches DESIRED_FREE_SPACE [internal|UUID]
    Trim cache files to reach the given free space.
"""
"""The parts of AOSP's PackageManagerShellCommand.onHelp that this shell obeys."""

_MAIN, _LAUNCHER = "android.intent.action.MAIN", "android.intent.category.LAUNCHER"


def _resolve(phone: "LabPhone", options: Sequence[str]) -> ShellResult:
    """The app's first page (AOSP PackageManagerShellCommand.runQueryIntentActivities, from 7: ResolveInfo.dump, then
    the component). Of other intents and packages there is none here."""
    app = phone.state.app
    if not {"--brief", _MAIN, _LAUNCHER} <= set(options) or options[-1:] != [app.package] or not app.enabled:
        return said("No activity found\n")
    return said(
        f"priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=false\n{app.package}/.MainActivity\n"
    )


def _list(phone: "LabPhone", options: Sequence[str]) -> ShellResult:
    app = phone.state.app
    names = [] if "-3" in options else [other.package for other in SYSTEM_APPS]
    if "-s" not in options:
        names.append(app.package)
    if "-d" in options:
        names = [name for name in names if name == app.package and not app.enabled]
    if "-e" in options and not app.enabled:
        names = [name for name in names if name != app.package]
    sought = [word for word in options if not word.startswith("-")]
    uid = {other.package: other.uid for other in SYSTEM_APPS} | {app.package: app.uid}
    return said(
        "".join(
            f"package:{name}{f' uid:{uid[name]}' if '-U' in options else ''}\n"
            for name in names
            if all(word in name for word in sought)
        )
    )


def _path(phone: "LabPhone", package: str) -> ShellResult:
    if not _known(phone, package):
        return said("", 1)
    for app in SYSTEM_APPS:
        if app.package == package:
            return said(f"package:/system/{app.folder}/{app.folder.rpartition('/')[2]}.apk\n")
    return said(f"package:/data/app/~~x4hIxgHKDj==/{package}-9d78d80==/base.apk\n")


def _grant(phone: "LabPhone", verb: str, package: str, permission: str) -> ShellResult:
    app = phone.state.app
    if not _known(phone, package):
        return threw(verb, f"java.lang.IllegalArgumentException: Unknown package: {package}")
    granted = apps.RUNTIME_PERMISSIONS.get(permission)
    if package != app.package or granted is None:
        return threw(
            verb,
            f"java.lang.SecurityException: Package {package} has not requested permission {permission}"
            if permission.startswith("android.permission.")
            else f"java.lang.IllegalArgumentException: Unknown permission: {permission}",
        )
    if verb == "grant":
        app.permissions.add(granted)
    elif granted in app.permissions:
        app.permissions.discard(granted)
        if app.pid is not None:
            phone.note_killed(reason="permissions revoked", adj=905)
    return said("")


def _clear_cache(phone: "LabPhone", package: str) -> ShellResult:
    app = phone.state.app
    if package == app.package:
        phone.trim_caches()
        return said("Success\n")
    return said("Success\n" if _known(phone, package) else "Failed\n", 0 if _known(phone, package) else 1)


def _clear(phone: "LabPhone", package: str) -> ShellResult:
    """All data of the app: what was not uploaded is lost, its permissions and operations are asked for anew."""
    app = phone.state.app
    if package != app.package:
        return said("Success\n" if _known(phone, package) else "Failed\n", 0 if _known(phone, package) else 1)
    phone.force_stop()
    app.permissions.clear()
    phone.state.free_storage(app.data_bytes + app.cache_bytes)
    app.data_bytes = app.cache_bytes = 0
    app.data_corrupt = False
    return said("Success\n")


def _enable(phone: "LabPhone", verb: str, package: str) -> ShellResult:
    app = phone.state.app
    if package != app.package:
        reason = f"java.lang.IllegalArgumentException: Unknown package: {package}"
        if _known(phone, package):
            reason = "java.lang.SecurityException: Shell cannot change component state for a system package"
        return threw(verb, reason)
    app.enabled = verb == "enable"
    if not app.enabled and app.pid is not None:
        phone.note_killed(reason=f"stop {package} due to package disabled", adj=905)
    word = {"enable": "enabled", "disable-user": "disabled-user", "disable": "disabled"}[verb]
    return said(f"Package {package} new state: {word}\n")


def am(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``am force-stop|kill|start|get-standby-bucket|set-standby-bucket|broadcast``."""
    app = phone.state.app
    match _plain(words):
        case ["force-stop", package]:
            if package == app.package:
                phone.force_stop()
            return said("")
        case ["kill", package]:
            if package == app.package and app.pid is not None and not _shown(phone):
                phone.note_killed(reason="kill background", adj=905)
            return said("")
        case ["get-standby-bucket", package] if package == app.package:
            return said(f"{int(phone.standby.bucket)}\n")
        case ["set-standby-bucket", package, name] if package == app.package:
            return _set_bucket(phone, name)
        case ["start", *options]:
            return _start(phone, options)
        case ["broadcast", *options] if "android.intent.action.AIRPLANE_MODE" in options:
            action = "android.intent.action.AIRPLANE_MODE"
            denial = f"Permission Denial: not allowed to send broadcast {action} from pid=20411, uid=2000"
            return threw("broadcast", f"java.lang.SecurityException: {denial}")
    return complained(f"Error: unknown command or package in '{' '.join(words)}'\n")


def _shown(phone: "LabPhone") -> bool:
    state = phone.state
    return state.screen_on and state.on_screen == state.app.package


def _set_bucket(phone: "LabPhone", name: str) -> ShellResult:
    bucket = _BUCKETS.get(name)
    if bucket is None and name.isdecimal() and int(name) in set(Bucket):
        bucket = Bucket(int(name))
    if bucket is None:
        return complained(f"Error: Unknown bucket: {name}\n")
    phone.force_bucket(bucket)
    return said("")


def _start(phone: "LabPhone", options: Sequence[str]) -> ShellResult:
    app = phone.state.app
    action = next((word for before, word in pairwise(options) if before == "-a"), "")
    if action.startswith(("android.settings.", "android.bluetooth.adapter.action.REQUEST_")):
        phone.leave_app()
        phone.screen(on=True)
        return said(f"Starting: Intent {{ act={action} }}\n")
    named = next((word for word in options if "/" in word or word == app.package), "")
    package = named.partition("/")[0]
    shown = f"cmp={named}" if "/" in named else f"pkg={named}"
    if package != app.package or not app.enabled:
        return ShellResult(
            f"Starting: Intent {{ {shown} }}\n".encode(),
            f"Error type 3\nError: Activity class {{{named}}} does not exist.\n".encode(),
            1,
        )
    phone.use_app()
    return said(f"Starting: Intent {{ {shown} }}\n")


def monkey(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``monkey -p PACKAGE ... 1``: opens the app."""
    rest = list(words)
    package = rest[rest.index("-p") + 1] if "-p" in rest[:-1] else ""
    echo = "".join(f"  bash arg: {word}\n" for word in rest) if phone.model.android >= 10 else ""
    app = phone.state.app
    if package != app.package or not app.enabled:
        return ShellResult(echo.encode(), b"** No activities found to run, monkey aborted.\n", 252)
    phone.use_app()
    return said(f"{echo}Events injected: 1\n## Network stats: elapsed time=25ms (0ms mobile, 0ms wifi)\n")


def appops(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``appops get PACKAGE [OP]``, ``appops set [--uid] PACKAGE OP MODE``, ``appops reset PACKAGE``."""
    rest = _plain(words)
    of_uid = "--uid" in rest
    rest = [word for word in rest if word != "--uid"]
    app = phone.state.app
    if len(rest) > 1 and not _known(phone, rest[1]):
        return complained(f"Error: No UID for {rest[1]} in user 0\n")
    match rest:
        case ["get", package, *operations] if package == app.package and len(operations) < 2:
            return said(apps.printed_ops(phone.view(), operations[0] if operations else ""))
        case ["get", _, *_]:
            return said("No operations.\n")
        case ["reset", *_]:
            app.run_any_in_background, app.run_any_of_uid = "allow", "default"
            return said("")
        case ["set", package, operation, mode]:
            return _set_op(phone, package, operation, mode, of_uid)
    return complained("Error: bad arguments\n")


def _set_op(phone: "LabPhone", package: str, operation: str, mode: str, of_uid: bool) -> ShellResult:
    app = phone.state.app
    if mode not in _MODES:
        return complained(f"Error: Mode {mode} is not valid\n")
    if operation in _AUTO_START:
        if phone.model.maker != "Xiaomi":
            return complained(f"Error: Unknown operation string: {operation}\n")
        app.auto_start = mode == "allow"
        return said("")
    if operation not in ("RUN_ANY_IN_BACKGROUND", "RUN_IN_BACKGROUND", "WAKE_LOCK", "BLUETOOTH_SCAN"):
        return complained(f"Error: Unknown operation string: {operation}\n")
    if package == app.package and operation == "RUN_ANY_IN_BACKGROUND":
        if of_uid:
            app.run_any_of_uid = mode
        else:
            app.run_any_in_background = mode
    return said("")
