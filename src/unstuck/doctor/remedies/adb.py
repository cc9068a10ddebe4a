"""The remedies over adb: shell commands of Android, each from the API level on where AOSP has it.

What needs root, or a permission that the shell lacks, is not here. Sources are the help texts and sources of AOSP,
named beside each remedy; what makers change in them is not known, so every setting is read again after it was set.
Nothing here deletes an app's data, removes an app or takes a bond away.
"""

import re
from collections.abc import Callable

from unstuck.doctor.remedies.acts import Act, AdbLook, AdbShell, Channel, Target
from unstuck.doctor.remedies.remedy import Back, Do, Made, Need, Remedy, Risk, Set, Setting, Step, Wait

PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+")
"""What Android allows as a package's name. Nothing else is ever put into a command."""

BLUETOOTH_REST_S = 5.0
"""Seconds between off and on: the stack takes two or three to close its links and give the chip up."""

BLUETOOTH_SETTLES_S = 10.0
"""Seconds for Bluetooth to come up: it loads the chip's firmware first."""

APP_REST_S = 2.0
"""Seconds between stopping an app and starting it."""

REBOOT_S = 120.0
"""Seconds for a phone to start and to be unlocked by its owner."""

ACTIVE = 10
"""The standby bucket of apps in use (``UsageStatsManager.STANDBY_BUCKET_ACTIVE``)."""

_BUCKETS = {10: "active", 20: "working_set", 30: "frequent", 40: "rare", 45: "restricted", 50: "never"}
_ON, _OFF = "on", "off"
_ALLOW = "allow"
_RUN = "RUN_ANY_IN_BACKGROUND"
_MODES = ("allow", "ignore", "deny", "foreground")


def _shell(commands: dict[str, str]) -> Callable[[str], Act | None]:
    """The act for each value that can be set."""
    return lambda value: AdbShell(commands[value]) if value in commands else None


# what can be read and set


BLUETOOTH = Setting(
    "settings global bluetooth_on",
    AdbLook("settings get global bluetooth_on"),
    lambda text: {"0": _OFF, "1": _ON, "2": _ON}.get(text.strip()),
    _shell({_ON: "svc bluetooth enable", _OFF: "svc bluetooth disable"}),
    BLUETOOTH_SETTLES_S,
)
AIRPLANE = Setting(
    "settings global airplane_mode_on",
    AdbLook("settings get global airplane_mode_on"),
    lambda text: {"0": _OFF, "1": _ON}.get(text.strip()),
    _shell({_ON: "cmd connectivity airplane-mode enable", _OFF: "cmd connectivity airplane-mode disable"}),
)
SAVER = Setting(
    "settings global low_power",
    AdbLook("settings get global low_power"),
    lambda text: {"0": _OFF, "1": _ON, "null": _OFF}.get(text.strip()),
    _shell({_ON: "settings put global low_power 1", _OFF: "settings put global low_power 0"}),
)


def exempt(package: str) -> Setting:
    """Whether the app is on the person's list of exemptions from battery optimisation."""
    listed = re.compile(rf"^\s*(user|system|system-excidle),{re.escape(package)},", re.MULTILINE)

    def value_of(text: str) -> str | None:
        if not re.search(r"^\s*(user|system|system-excidle),", text, re.MULTILINE):
            return None  # every phone has system apps on it: no line at all is no answer
        return "listed" if listed.search(text) else "not listed"

    commands = {
        "listed": f"dumpsys deviceidle whitelist +{package}",
        "not listed": f"dumpsys deviceidle whitelist -{package}",
    }
    return Setting(
        f"deviceidle whitelist {package}", AdbLook("dumpsys deviceidle whitelist"), value_of, _shell(commands)
    )


def background(package: str, *, of_uid: bool) -> Setting:
    """Whether the app may run in the background: the operation of the package, or that of its uid."""
    prefix, flag = ("Uid mode: ", "--uid ") if of_uid else ("", "")
    line = re.compile(rf"^\s*{prefix}{_RUN}: (\w+)", re.MULTILINE)
    default = re.compile(r"^\s*Default mode: (\w+)", re.MULTILINE)

    def value_of(text: str) -> str | None:
        found = line.search(text) or (None if of_uid else default.search(text))
        if found is None and not of_uid and f"Uid mode: {_RUN}" in text:
            return _ALLOW  # only the uid has a mode of its own: the package is at the default
        return found[1] if found is not None else None

    return Setting(
        f"appops {flag}{package} {_RUN}",
        AdbLook(f"cmd appops get {package} {_RUN}"),
        value_of,
        _shell({mode: f"cmd appops set {flag}{package} {_RUN} {mode}" for mode in _MODES}),
    )


def bucket(package: str) -> Setting:
    """The app's standby bucket, as its number."""
    return Setting(
        f"standby bucket {package}",
        AdbLook(f"am get-standby-bucket {package}"),
        lambda text: text.strip() if text.strip().isdecimal() else None,
        _shell({str(number): f"am set-standby-bucket {package} {word}" for number, word in _BUCKETS.items()}),
    )


def permission(package: str, name: str) -> Setting:
    """One runtime permission; not there where the app does not ask for it."""
    line = re.compile(rf"^\s*android\.permission\.{name}: granted=(true|false)", re.MULTILINE)

    def value_of(text: str) -> str | None:
        found = line.search(text)
        return None if found is None else {"true": "granted", "false": "not granted"}[found[1]]

    commands = {
        "granted": f"pm grant {package} android.permission.{name}",
        "not granted": f"pm revoke {package} android.permission.{name}",
    }
    return Setting(f"permission {name} {package}", AdbLook(f"dumpsys package {package}"), value_of, _shell(commands))


def metered(uid: int, which: str) -> Setting:
    """Whether the app is on one of the two lists of data on metered networks (``whitelist``, ``blacklist``)."""
    line = re.compile(rf"^Restrict background {which}ed UIDs: (.*)$", re.MULTILINE)

    def value_of(text: str) -> str | None:
        found = line.search(text)
        if found is None:
            return None
        return "listed" if str(uid) in found[1].split() else "not listed"

    commands = {
        "listed": f"cmd netpolicy add restrict-background-{which} {uid}",
        "not listed": f"cmd netpolicy remove restrict-background-{which} {uid}",
    }
    look = AdbLook(f"cmd netpolicy list restrict-background-{which}")
    return Setting(f"netpolicy restrict-background-{which} {uid}", look, value_of, _shell(commands))


# what is done


def _bluetooth_on(target: Target) -> tuple[Step, ...]:
    steps: list[Step] = []
    if target.sdk >= _AIRPLANE_SDK:
        steps.append(Set(AIRPLANE, _OFF, frozenset({_OFF}), "turns airplane mode off", optional=True))
    steps.append(Set(BLUETOOTH, _ON, frozenset({_ON}), "turns Bluetooth on"))
    return tuple(steps)


def _bluetooth_cycle(target: Target) -> tuple[Step, ...]:
    return (
        Set(BLUETOOTH, _OFF, frozenset({_OFF}), "turns Bluetooth off"),
        Wait(BLUETOOTH_REST_S, "lets Bluetooth rest"),
        Back(BLUETOOTH, "turns Bluetooth on again"),
    )


def _saver_off(target: Target) -> tuple[Step, ...]:
    return (Set(SAVER, _OFF, frozenset({_OFF}), "turns the battery saver off"),)


def _allow_background(target: Target) -> tuple[Step, ...]:
    package = target.package
    listed = frozenset({"listed"})
    steps: list[Step] = []
    if target.sdk >= _BACKGROUND_SDK:
        says = "allows the app to run in the background"
        modes = [False, True] if target.sdk >= _OF_UID_SDK else [False]
        # Active and working set may do their work at once or nearly; the buckets above wait for hours. It comes before
        # the exemption, which puts the app into a bucket of its own, so that undoing ends with it.
        well = frozenset(str(number) for number in range(20 + 1))
        steps.append(Set(bucket(package), str(ACTIVE), well, "counts the app as one in use", optional=True))
        steps += [
            Set(background(package, of_uid=of_uid), _ALLOW, frozenset({_ALLOW, "default"}), says, optional=True)
            for of_uid in modes
        ]
    steps.append(Set(exempt(package), "listed", listed, "exempts the app from battery optimisation", optional=True))
    return tuple(steps)


def _grant(target: Target) -> tuple[Step, ...]:
    names = ("BLUETOOTH_SCAN", "BLUETOOTH_CONNECT") if target.sdk >= _NEARBY_SDK else ("ACCESS_FINE_LOCATION",)
    return tuple(
        Set(
            permission(target.package, name),
            "granted",
            frozenset({"granted"}),
            f"gives the app the permission {name}",
            optional=True,
        )
        for name in names
    )


def _background_data(target: Target) -> tuple[Step, ...]:
    uid = target.uid if target.uid is not None else 0
    return (
        Set(
            metered(uid, "blacklist"),
            "not listed",
            frozenset({"not listed"}),
            "lifts the ban on data in the background",
            optional=True,
        ),
        Set(metered(uid, "whitelist"), "listed", frozenset({"listed"}), "exempts the app from the data saver"),
    )


def _open(target: Target) -> tuple[Step, ...]:
    package = target.package
    look = AdbLook(
        "cmd package resolve-activity --brief -a android.intent.action.MAIN"
        f" -c android.intent.category.LAUNCHER {package}"
    )
    component = re.compile(rf"{re.escape(package)}/[A-Za-z0-9_.$]+")

    def start(text: str) -> Act | None:
        lines = text.split()
        # A '$' in a class's name would be read by the phone's shell.
        return AdbShell(f"am start -n '{lines[-1]}'") if lines and component.fullmatch(lines[-1]) else None

    return (Made(look, start, "opens the app", "the app's first page could not be found"),)


def _restart_app(target: Target) -> tuple[Step, ...]:
    stop = Do(AdbShell(f"am force-stop {target.package}"), "stops the app")
    return (stop, Wait(APP_REST_S, "lets the app end"), *_open(target))


def _clear_cache(target: Target) -> tuple[Step, ...]:
    # The flag stands before the name: behind it Android passes it over, clears all the app's data and says "Success".
    package = target.package

    def clear(text: str) -> Act | None:
        if not re.search(r"^\s*clear \[--user USER_ID\] \[--cache-only\] PACKAGE\s*$", text, re.MULTILINE):
            return None
        return AdbShell(f"pm clear --cache-only {package}")

    return (Made(AdbLook("pm help"), clear, "clears the app's cache", "this phone can only clear data with it"),)


def _reboot(target: Target) -> tuple[Step, ...]:
    return (
        Do(AdbShell("svc power reboot", ends_link=True), "restarts the phone"),
        Wait(REBOOT_S, "waits until the phone has started; unlock it once"),
    )


_AIRPLANE_SDK = 30
_BACKGROUND_SDK = 28
_OF_UID_SDK = 29
_NEARBY_SDK = 31
_ANY = 10_000
_APP = frozenset({Need.PACKAGE})

REMEDIES = (
    Remedy(
        id="adb.bluetooth_on",
        fix="turn_bluetooth_on",
        channel=Channel.ADB,
        changes="Bluetooth is turned on, and airplane mode off where it is on (Android 11 and later).",
        undo="Bluetooth and airplane mode are set back.",
        risk=Risk.NONE,
        minutes=5,
        steps=_bluetooth_on,
        source="AOSP cmds/svc BluetoothCommand (from 8), ConnectivityService ShellCmd airplane-mode (from 11)",
        sdk=(26, _ANY),
        in_part=True,
    ),
    Remedy(
        id="adb.bluetooth_cycle",
        fix="restart_bluetooth",
        channel=Channel.ADB,
        changes="Bluetooth is off for 5 seconds, then on again. Headphones and car drop out meanwhile.",
        undo="Bluetooth is turned on again by itself.",
        risk=Risk.INTERRUPTS,
        minutes=5,
        steps=_bluetooth_cycle,
        source="AOSP cmds/svc BluetoothCommand (from 8)",
        sdk=(26, _ANY),
    ),
    Remedy(
        id="adb.battery_saver_off",
        fix="turn_off_battery_saver",
        channel=Channel.ADB,
        changes="The battery saver is turned off.",
        undo="The battery saver is turned on again; Android takes that only while the phone is not charging.",
        risk=Risk.LOW,
        minutes=15,
        steps=_saver_off,
        source="AOSP BatterySaverStateMachine, which observes the setting (before 9: PowerManagerService)",
        sdk=(26, _ANY),
        in_part=True,
    ),
    Remedy(
        id="adb.allow_background",
        fix="allow_background",
        channel=Channel.ADB,
        changes="The app is exempted from battery optimisation, may run in the background, and counts as one in use."
        " A maker's own lists are not reached.",
        undo="Each of these is set back.",
        risk=Risk.LOW,
        minutes=20,
        steps=_allow_background,
        source="AOSP DeviceIdleController whitelist (from 6), AppOpsService RUN_ANY_IN_BACKGROUND and"
        " ActivityManagerShellCommand set-standby-bucket (from 9), appops --uid (from 10)",
        needs=_APP,
        sdk=(23, _ANY),
        in_part=True,
    ),
    Remedy(
        id="adb.grant_permissions",
        fix="grant_permissions",
        channel=Channel.ADB,
        changes="The app gets the permission for nearby devices (before Android 12: location).",
        undo="The permission is taken back, which also ends the app.",
        risk=Risk.LOW,
        minutes=5,
        steps=_grant,
        source="AOSP PackageManagerShellCommand grant and revoke (from 6)",
        needs=_APP,
        sdk=(23, _ANY),
        in_part=True,
    ),
    Remedy(
        id="adb.background_data",
        fix="allow_background_data",
        channel=Channel.ADB,
        changes="The app may use mobile data in the background, also with the data saver on.",
        undo="The app is taken off the list again.",
        risk=Risk.LOW,
        minutes=15,
        steps=_background_data,
        source="AOSP NetworkPolicyManagerShellCommand (from 7)",
        needs=frozenset({Need.UID}),
        sdk=(24, _ANY),
    ),
    Remedy(
        id="adb.app_open",
        fix="sync_now",
        channel=Channel.ADB,
        changes="The app is opened.",
        undo="Nothing to undo.",
        risk=Risk.NONE,
        minutes=5,
        steps=_open,
        source="AOSP PackageManagerShellCommand resolve-activity (from 7), ActivityManagerShellCommand start",
        needs=_APP,
        first=("Unlock the phone and leave its screen on, with the tracker beside it.",),
        sdk=(24, _ANY),
    ),
    Remedy(
        id="adb.app_restart",
        fix="sync_now",
        channel=Channel.ADB,
        changes="The app is stopped and opened. What it has on the phone stays; a sync under way is cut off and begins"
        " again.",
        undo="Nothing to undo.",
        risk=Risk.LOW,
        minutes=5,
        steps=_restart_app,
        source="AOSP ActivityManagerShellCommand force-stop, start",
        needs=_APP,
        first=("Unlock the phone and leave its screen on, with the tracker beside it.",),
        sdk=(24, _ANY),
    ),
    Remedy(
        id="adb.app_cache",
        fix="clear_app_cache",
        channel=Channel.ADB,
        changes="The app's cache is cleared. Its data stays.",
        undo="Nothing to undo: the app fills its cache again.",
        risk=Risk.LOW,
        minutes=10,
        steps=_clear_cache,
        source="AOSP PackageManagerShellCommand clear --cache-only, only where the phone's own 'pm help' lists it",
        needs=_APP,
        sdk=(26, _ANY),
    ),
    Remedy(
        id="adb.reboot",
        fix="restart_phone",
        channel=Channel.ADB,
        changes="The phone restarts. Calls, music and open work end. No app works before it is unlocked once.",
        undo="Nothing to undo.",
        risk=Risk.INTERRUPTS,
        minutes=10,
        steps=_reboot,
        source="AOSP cmds/svc PowerCommand reboot (from 7)",
        first=("Have the phone's PIN at hand, and stay to unlock it after the restart.",),
        sdk=(24, _ANY),
    ),
)
"""In the order to try them where several carry out one fix."""
