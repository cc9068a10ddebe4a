"""SYNTHETIC Android output, built by hand from the line forms each version is known to print.

Nothing in here was ever printed by a phone: names, addresses and times are made up. The forms follow what
was seen in real output of each version; where a form is known from AOSP source only, the function says so.
"""

import base64
import zlib
from dataclasses import dataclass, field

from tests.evidence.android.form_logs import FITBIT, OTHER, PID, UID, event_log, system_log

__all__ = ["FITBIT", "OTHER", "PID", "UID", "event_log", "system_log"]

SYNTHETIC = "synthetic: built by tests/evidence/android/forms.py, printed by no phone"

VERSIONS = ("6", "7.1", "8.1", "9", "10", "11", "13", "14", "15")
SDK = {"6": 23, "7.1": 25, "8.1": 27, "9": 28, "10": 29, "11": 30, "13": 33, "14": 34, "15": 35}


def number(version: str) -> float:
    return float(version)


@dataclass(frozen=True)
class Phone:
    """How a made-up phone stands; every field shows up in the forms of its version."""

    version: str = "14"
    state: str = "ON"
    enabled: bool = True
    saver: bool = False
    exempt: bool = False
    bucket: int = 10
    background: str = "allow"
    uid_operations: dict[str, str] = field(default_factory=dict)
    validated: bool = True
    online: bool = True
    crashes: tuple[str, ...] = ()
    installed: bool = True
    stopped: bool = False
    granted: bool = True
    rejected: bool = False
    location: bool = True
    storage_low: bool = False
    zone: str = "Europe/Berlin"
    extra: str = ""


def bluetooth_manager(phone: Phone) -> str:
    version = number(phone.version)
    lines = ["Bluetooth Status"]
    if version >= 8:
        lines.append(f"  enabled: {str(phone.enabled).lower()}")
    if version >= 8:
        lines.append(f"  state: {phone.state}")
    elif version >= 7:
        lines.append(f"  state: STATE_{phone.state}")
    else:
        lines.append(f"  state: { {'OFF': 10, 'TURNING_ON': 11, 'ON': 12, 'TURNING_OFF': 13}[phone.state] }")
    lines += ["  address: 22:22:02:60:D4:01", "  name: made-up phone", ""]
    if version >= 15:
        lines += [
            "Enable log:",
            "  08-19 14:49:29.148 \tPackage [BluetoothSystemServer] requested to [Disable]. \tReason is CRASH",
            "  08-19 14:49:31.020 \tPackage [com.android.systemui] requested to [Enable]. \t"
            "Reason is APPLICATION_REQUEST",
        ]
    elif version >= 14:
        lines += ["Enable log:", "  08-19 14:49:29.148 Disabled  due to APPLICATION_REQUEST by com.android.systemui"]
    elif version >= 9:
        lines += ["Enable log:", "  08-19 14:49:29 Disabled  due to APPLICATION_REQUEST by com.android.systemui"]
    elif version >= 8:
        lines += [
            "Enable log:",
            "  08-19 13:40:21  Enabled  by system boot",
            "  08-19 14:49:29  Disabled  by com.android.systemui",
        ]
    count = len(phone.crashes)
    lines.append(f"Bluetooth crashed {count} time{'' if count == 1 else 's'}")
    lines += [f"  {stamp}" for stamp in phone.crashes]
    lines.append(
        {9: "0 BLE appsregistered", 10: "0 BLE appsregistered", 15: "Number of Ble app registered: 0"}.get(
            int(version), "0 BLE apps registered"
        )
    )
    lines.append("")
    lines += bonds(version)
    lines += gatt_clients()
    lines += [
        "Profile: A2dpService",
        "  === A2dpStateMachine for 11:22:33:44:55:66 (Active) ===",
        "    mDevice: 11:22:33:44:55:66",
        "    mConnectionState: CONNECTED",
        "Profile: HeadsetService",
        "  === HeadsetStateMachine for 77:88:99:AA:BB:CC ===",
        "    mCurrentState: Disconnected",
        "",
    ]
    return "\n".join(lines) + "\n" + phone.extra


def bonds(version: float) -> list[str]:
    if version < 9:
        return ["Bonded devices:", "  AA:BB:CC:11:22:33 [LE] Inspire 3", "  11:22:33:44:55:66 [BR/EDR] Car", ""]
    if version < 14:
        return [
            "AdapterProperties",
            "  Name: made-up phone",
            "  Bonded devices:",
            "    AA:BB:CC:11:22:33 [  LE  ] Inspire 3",
            "    11:22:33:44:55:66 [BR/EDR][ 0x240418 ] Car",
            "    10:20:30:40:50:60 [ DUAL ] Tablet",
            "    01:02:03:04:05:06 [ ???? ] Thing",
            "",
        ]
    return [
        "AdapterProperties",
        "  Bonded devices:",
        "    XX:XX:XX:XX:22:33 [  LE  ] Inspire 3",
        "    5A:5A:5A:5A:5A:5A => AA:BB:CC:11:22:44 [ LE ] Charge 6",
        "",
    ]


def gatt_clients() -> list[str]:
    """The connection line is known from AOSP source only; every real dump said ``Entries: 0``."""
    return [
        "GATT Client Map",
        "  Entries: 7",
        f"  {FITBIT} (Registered)",
        "  Application ID : 5",
        "  UUID : 0000",
        "  LE scans (started/stopped)       : 3 / 3",
        "  Connections: 1",
        "    08-19 14:49:29 - 187253ms : AA:BB:CC:11:22:33 (5)",
        f"  {OTHER} (Registered)",
        "  Application ID : 6",
        "  Connections: 0",
        "",
        "GATT Server Map",
        "  Entries: 0",
        "",
    ]


def snooz_block(packets: bytes = b"synthetic packet log " * 40) -> str:
    """The packet log as it is printed: base64 of a version byte, eight bytes of time and a zlib stream."""
    packed = bytes([2]) + (1_700_000_000).to_bytes(8, "little") + zlib.compress(packets)
    words = base64.b64encode(packed).decode()
    rows = [words[at : at + 76] for at in range(0, len(words), 76)]
    head = f"--- BEGIN:BTSNOOP_LOG_SUMMARY ({len(packets)} bytes in) ---"
    return "\n".join([head, *rows, "--- END:BTSNOOP_LOG_SUMMARY ---", ""])


def power(phone: Phone) -> str:
    version, on = number(phone.version), str(phone.saver).lower()
    lines = ["POWER MANAGER (dumpsys power)", "", "Power Manager State:", "  mIsPowered=false", "  mBatteryLevel=63"]
    lines.append(f"  mDeviceIdleWhitelist=[1000, 10007{f', {UID}' if phone.exempt else ''}]")
    if version < 9:
        lines += [f"  mLowPowerModeEnabled={on}", f"  mLowPowerModeSetting={on}"]
    lines += ["", "Battery saver policy (*NOTE* they only apply when battery saver is ON):", "  mBatterySaver=true"]
    if version >= 10:
        lines += [
            "",
            "Battery saver state machine:",
            "  Enabled=" + on,
            f"    full={on}",
            "    adaptive=false",
            "  mSettingBatterySaverEnabled=" + on,
        ]
    elif version >= 9:
        lines += ["", "Battery saver state machine:", "  Enabled=" + on, "  mSettingBatterySaverEnabled=" + on]
    return "\n".join(lines) + "\n"


def deviceidle(phone: Phone) -> str:
    """The heading of the person's list is absent when the list is empty."""
    lines = [
        "  Settings:",
        "    light_after_inactive_to=+3m0s0ms",
        "  Whitelist (except idle) system apps:",
        "    com.android.vending",
        "  Whitelist system apps:",
        "    com.google.android.gms",
    ]
    if phone.exempt:
        lines += ["  Whitelist user apps:", f"    {FITBIT}", "  Whitelist user app ids:", f"    {UID}"]
    lines += ["  mLightEnabled=true  mDeepEnabled=true", "  mForceIdle=false", "  mState=IDLE mLightState=OVERRIDE"]
    return "\n".join(lines) + "\n"


def usagestats(phone: Phone) -> str:
    version = number(phone.version)
    if version < 9:
        idle = "y" if phone.bucket >= 40 else "n"
        row = f"    package={FITBIT} lastUsedElapsed=+1d2h lastUsedScreenOn=+3h idle={idle}"
    elif version < 13:
        row = f"    package={FITBIT} u=0 bucket={phone.bucket} reason=u-su used=+1h2m usedScr=+5m idle=n"
    else:
        row = (
            f"  package={FITBIT} u=0 bucket={phone.bucket} reason=t used=+1h2m usedByUser=+2h expiryTimes=() "
            f"lastInformedBucket={phone.bucket} idle=n"
        )
    lines = ["user=0", '  Last 24 hour events (timeRange="8/18/2023")']
    if version >= 9:
        lines.append(
            f'    time="2023-08-19 03:00:00" type=STANDBY_BUCKET_CHANGED package={FITBIT} '
            "standbyBucket=40 reason=t flags=0x0"
        )
    return "\n".join([*lines, "", "App Standby States:", row, f"    package={OTHER} u=0 bucket=50 reason=d"]) + "\n"


_MODE_NUMBERS = {"allow": 0, "ignore": 1, "deny": 2, "default": 3}


def appops(phone: Phone) -> str:
    version = number(phone.version)
    lines = ["Current AppOps Service state:", f"  Uid u0a{UID - 10000}:", "    state=cch"]
    lines += [f"      {name}: mode={mode}" for name, mode in phone.uid_operations.items()]
    lines.append(f"    Package {FITBIT}:")
    if version < 9:
        lines.append(f"      RUN_IN_BACKGROUND: mode={_MODE_NUMBERS[phone.background]}; time=+28d1h ago")
    else:
        lines += [
            f"      RUN_ANY_IN_BACKGROUND ({phone.background}): ",
            "      FINE_LOCATION (allow / switch COARSE_LOCATION=allow): ",
        ]
        lines.append("          Access: fg = 2023-08-19 14:00:00.000 (-1h)")
    lines += ["  Uid u0a9:", f"    Package {OTHER}:", "      RUN_ANY_IN_BACKGROUND (ignore): "]
    return "\n".join(lines) + "\n"


def package(phone: Phone) -> str:
    version = number(phone.version)
    user_id = "appId" if version >= 13 else "userId"
    lines = ["Database versions:", "  Internal:", f"    sdkVersion={SDK[phone.version]}", "", "Packages:"]
    if phone.installed:
        lines += [
            f"  Package [{FITBIT}] (abc1234):",
            f"    {user_id}={UID}",
            f"    codePath=/data/app/{FITBIT}-1",
            "    versionCode=20002345 minSdk=28 targetSdk=34",
            "    versionName=4.21.1",
        ]
        dates = ["firstInstallTime=2022-01-02 03:04:05", "lastUpdateTime=2023-08-01 10:11:12"]
        if version < 13:
            lines += [f"    {date}" for date in dates]
        else:
            lines.append(f"    {dates[1]}")
        stopped = str(phone.stopped).lower()
        lines.append(f"    User 0: ceDataInode=1 installed=true hidden=false stopped={stopped} enabled=0 instant=false")
        if version >= 13:
            lines.append(f"      {dates[0]}")
        name = "BLUETOOTH_CONNECT" if version >= 12 else "ACCESS_FINE_LOCATION"
        lines += [
            "      gids=[3003]",
            "      runtime permissions:",
            f"        android.permission.{name}: granted={str(phone.granted).lower()}, flags=[ USER_SET]",
        ]
    for count in range(12):
        lines += [
            f"  Package [com.example.app{count}] (1):",
            f"    {user_id}={10200 + count}",
            f"    codePath=/system/app/App{count}",
            "    lastUpdateTime=2023-08-10 04:05:06",
        ]
    lines += [
        "",
        "Hidden system packages:",
        f"  Package [{FITBIT}] (old):",
        "    userId=10999",
        "    versionName=1.0-old",
        "",
        "Shared users:",
        "",
    ]
    return "\n".join(lines) + "\n"


def connectivity(phone: Phone) -> str:
    version = number(phone.version)
    if not phone.online:
        return "NetworkProviders for: WIFI\n\nActive default network: none\n\nCurrent Networks:\n"
    valid = "&VALIDATED" if phone.validated else ""
    yes = str(phone.validated).lower()
    if version < 12:
        row = (
            "  NetworkAgentInfo{ ni{[type: WIFI[], state: CONNECTED/CONNECTED, reason: (unspecified)]}  network{100}  "
            f"lp{{x}}  nc{{[ Transports: WIFI Capabilities: INTERNET&NOT_VPN{valid}&FOREGROUND Unwanted: ]}}  "
            f"Score{{60}}  everValidated{{true}}  lastValidated{{{yes}}} }}"
        )
    else:
        policy = "EVER_VALIDATED&IS_VALIDATED" if phone.validated else "EVER_VALIDATED"
        tail = "firstValidated 16032 lastValidated 24320017" if version >= 14 else ""
        row = (
            "  NetworkAgentInfo{network{100}  handle{432902426637}  ni{WIFI CONNECTED extra: }  "
            f"Score(Policies : {policy} ; KeepConnected : 0)  {tail} "
            f"nc{{[ Transports: WIFI Capabilities: NOT_METERED&INTERNET&NOT_VPN{valid}&FOREGROUND LinkUp>=1]}}  }}"
        )
    return f"NetworkProviders for: WIFI\n\nActive default network: 100\n\nCurrent Networks:\n{row}\n"


def netpolicy(phone: Phone) -> str:
    rows = ["System ready: true", "Restrict background: false", "Restrict power: false", "Policy for UIDs:"]
    if phone.rejected:
        rows.append(f"  UID={UID} policy=1 (REJECT_METERED_BACKGROUND)")
    rows += ["  UID=10007 policy=4 (ALLOW_METERED_BACKGROUND)", "Power save whitelist app ids:", f"  UID={UID}: true"]
    return "\n".join(rows) + "\n"


def content(phone: Phone) -> str:
    version, low = number(phone.version), str(phone.storage_low).lower()
    lines = ["Data connected: true"]
    if version >= 9:
        lines.append(f"Battery saver: {str(phone.saver).lower()}")
    lines.append("auto sync: u0=true" if version < 9 else "Auto sync: u0=true ")
    lines.append(f"{'Storage' if version >= 13 else 'Memory'} low: {low}")
    return "\n".join(lines) + "\n"


def location(phone: Phone) -> str:
    word = "Setting" if number(phone.version) >= 13 else "Mode"
    return f"Location Manager State:\n    Location {word}: {str(phone.location).lower()}\n"


def settings(phone: Phone) -> str:
    mode = 3 if phone.location else 0
    return (
        "GLOBAL SETTINGS (user 0)\nversion: 170\n"
        "_id:1893 name:bluetooth_on pkg:android value:0 default:0 defaultSystemSet:true\n"
        "_id:1 name:airplane_mode_on pkg:android value:1 default:0 defaultSystemSet:true\n"
        "_id:2 name:ble_scan_always_enabled pkg:android value:1 default:0 defaultSystemSet:true\n"
        f"_id:3 name:low_power pkg:android value:{int(phone.saver)} default:0 defaultSystemSet:true\n"
        "SECURE SETTINGS (user 0)\n"
        f"_id:91 name:location_mode pkg:android value:{mode} default:3 defaultSystemSet:true\n"
    )


def diskstats() -> str:
    return "Latency: 0ms [512B Data Write]\nData-Free: 8924568K / 25497924K total = 35% free\n"


def jobscheduler() -> str:
    return (
        "Settings:\n  min_idle_count=1 \n\nRegistered 2 jobs:\n"
        f"  JOB #u0a{UID - 10000}/7: abc1234 {FITBIT}/.sync.SyncJob\n"
        f"    u0a{UID - 10000} tag=*job*/{FITBIT}/.sync.SyncJob\n"
        f"    Source: uid=u0a{UID - 10000} user=0 pkg={FITBIT}\n"
        "    Required constraints: TIMING_DELAY CONNECTIVITY [0x90000000]\n"
        "    Unsatisfied constraints: CONNECTIVITY BACKGROUND_NOT_RESTRICTED [0x10400000]\n"
        "    Standby bucket: EXEMPTED\n"
        "    Ready: false (job=false user=true !restricted=true !pending=true)\n"
        f"  JOB #1000/800: e1bd1e1 android/com.android.server.Idle\n"
        "    Unsatisfied constraints: IDLE [0x4]\n    Ready: false (job=false)\n"
    )


def exit_info() -> str:
    return (
        "ACTIVITY MANAGER PROCESS EXIT INFO (dumpsys activity exit-info)\n"
        "Last Timestamp of Persistence Into Persistent Storage: 2023-08-19 14:00:00.000\n"
        f"  package: {FITBIT}\n"
        f"    Historical Process Exit for uid={UID}\n"
        "        ApplicationExitInfo #0:\n"
        "          timestamp=2023-08-19 13:38:47.527 pid=30643 realUid=10140 packageUid=10140 user=0\n"
        f"          process={FITBIT} reason=13 (OTHER KILLS BY SYSTEM) subreason=3 (TOO MANY EMPTY PROCS) status=0\n"
        "        ApplicationExitInfo #1:\n"
        "          timestamp=2023-08-18 09:00:00.000\n          pid=1\n"
        f"          process={FITBIT}\n          reason=10 (USER REQUESTED)\n          subreason=0 (UNKNOWN)\n"
        f"  package: {OTHER}\n"
        "        ApplicationExitInfo #0:\n"
        "          timestamp=2023-08-19 12:00:00.000 pid=2\n"
        f"          process={OTHER} reason=6 (ANR) subreason=0 (UNKNOWN) status=0\n"
        "ACTIVITY MANAGER LRU PROCESSES (dumpsys activity lru)\n"
    )


def hibernation() -> str:
    return f"  UserLevelState{{packageName='{FITBIT}', hibernated=true', savedByte=1, lastUnhibernated='0'}}\n"


def properties(phone: Phone) -> str:
    rows = {
        "persist.sys.timezone": phone.zone,
        "ro.build.date": "Tue Aug  1 00:00:00 UTC 2023",
        "ro.build.date.utc": "1690848000",
        "ro.build.fingerprint": f"maker/model/model:{phone.version}/ABC/1:user/release-keys",
        "ro.build.version.release": phone.version,
        "ro.build.version.sdk": str(SDK[phone.version]),
        "ro.build.version.security_patch": "2023-08-05",
        "ro.product.manufacturer": "Maker",
        "ro.product.model": "Model",
    }
    return "".join(f"[{name}]: [{value}]\n" for name, value in rows.items() if value)


def service(name: str, body: str, phone: Phone, priority: str = "") -> str:
    """One service as dumpsys prints it in a report; 14 puts three lines under the title."""
    head = f"DUMP OF SERVICE {priority + ' ' if priority else ''}{name}:\n"
    if number(phone.version) >= 14:
        head += "Service host process PID: 1952\nThreads in use: 0/32\nClient PIDs: 21572, 20028\n"
    end = f"--------- 0.003s was the duration of dumpsys {name}, ending at: 2023-08-19 15:00:05\n"
    return "-" * 79 + "\n" + head + body + end


def report(phone: Phone, bluetooth: bool = True, extra: str = "") -> bytes:
    """A whole main text: head, logs, properties, services; times are local, in ``phone.zone``."""
    version = number(phone.version)
    head = (
        "=" * 56 + "\n== dumpstate: 2023-08-19 15:00:00\n" + "=" * 56 + "\n\n"
        f"Build: ABC\nBuild fingerprint: 'maker/model/model:{phone.version}/ABC/1:user/release-keys'\n"
    )
    if version >= 9:
        head += "Uptime: up 0 weeks, 1 day, 2 hours, 3 minutes\n"
    if version >= 14:
        head += f"Android SDK version: {SDK[phone.version]}\n"
    uid = version >= 8
    column = "-v uid " if uid else ""
    services = {
        "activity": exit_info() if version >= 11 else "ACTIVITY MANAGER SETTINGS (dumpsys activity settings)\n",
        "appops": appops(phone),
        "connectivity": connectivity(phone),
        "content": content(phone),
        "deviceidle": deviceidle(phone),
        "diskstats": diskstats(),
        "jobscheduler": jobscheduler(),
        "location": location(phone),
        "netpolicy": netpolicy(phone),
        "package": package(phone),
        "power": power(phone),
        "settings": settings(phone),
        "usagestats": usagestats(phone),
    }
    if version >= 13:
        services["app_hibernation"] = hibernation()
    if bluetooth:
        services["bluetooth_manager"] = bluetooth_manager(phone)
    return "".join(
        [
            head,
            f"\n------ SYSTEM LOG (logcat -v threadtime {column}-d *:v) ------\n",
            system_log(uid),
            "------ 0.3s was the duration of 'SYSTEM LOG' ------\n",
            f"------ EVENT LOG (logcat -b events -v threadtime {column}-d *:v) ------\n",
            event_log(uid),
            "------ 0.1s was the duration of 'EVENT LOG' ------\n",
            "------ DUMPSYS CRITICAL (/system/bin/dumpsys) ------\n",
            service("power", services["power"], phone, "CRITICAL"),
            "------ 0.1s was the duration of 'DUMPSYS CRITICAL' ------\n",
            "------ SYSTEM PROPERTIES (getprop) ------\n",
            properties(phone),
            "------ 0.1s was the duration of 'SYSTEM PROPERTIES' ------\n",
            "------ DUMPSYS (/system/bin/dumpsys) ------\n",
            *(service(name, body, phone) for name, body in sorted(services.items())),
            extra,
            "------ 3.172s was the duration of 'DUMPSYS' ------\n",
        ]
    ).encode()
