"""What the services of an Android 14 phone say in a bug report, in the line forms of real ones, about a tracker app."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Zurich")
APP = "com.fitbit.FitbitMobile"
_APP_UID = 10231
_APP_USER = "u0a231"
_JOB_SERVICE = f"{APP}/androidx.work.impl.background.systemjob.SystemJobService"
FINGERPRINT = "google/shiba/shiba:14/UNSTUCK.SYNTHETIC/1:user/release-keys"
_BONDS = (
    ("XX:XX:XX:XX:00:01", "[  LE  ]", "Inspire 3"),
    ("XX:XX:XX:XX:00:02", "[ DUAL ]", "Earbuds"),
    ("XX:XX:XX:XX:00:03", "[  LE  ]", "Watch"),
)


@dataclass(frozen=True)
class Phone:
    """How the phone stands when the report is taken. All times are local.

    ``enable_log`` and the two logs hold (time, text) pairs, the first of ``enable_log`` being the boot.
    ``saver_since`` is None while battery saver is off; ``beat_until`` is the last time the app's periodic job ran.
    """

    taken: datetime
    enable_log: Sequence[tuple[datetime, str]]
    beat_until: datetime
    bluetooth_on: bool = True
    gatt_links: int = 1
    saver_since: datetime | None = None
    battery_percent: int = 78
    system_log: Sequence[tuple[datetime, str]] = ()
    event_log: Sequence[tuple[datetime, str]] = ()


def services(phone: Phone) -> tuple[tuple[str, str], ...]:
    """Name and text of every service, in the order of a report."""
    return (
        ("appops", _appops(phone)),
        ("battery", _battery(phone)),
        ("batterystats", _batterystats(phone)),
        ("bluetooth_manager", _bluetooth(phone)),
        ("connectivity", _CONNECTIVITY),
        ("content", _content(phone)),
        ("deviceidle", _deviceidle(phone)),
        ("diskstats", _DISKSTATS),
        ("jobscheduler", _jobs(phone)),
        ("location", "Location Manager State:\n  User Info:\n    Location Setting: true\n"),
        ("netpolicy", _netpolicy(phone)),
        ("package", _PACKAGE),
        ("power", _power(phone)),
        ("settings", _settings(phone)),
        ("usagestats", _usagestats(phone)),
    )


def stamp(time: datetime) -> str:
    """A time as logs write it: no year, no zone, milliseconds."""
    return f"{time:%m-%d %H:%M:%S}.{time.microsecond // 1000:03d}"


_DISKSTATS = """Latency: 0ms [512B Data Write]
Recent Disk Write Speed (kB/s) = 81544
Data-Free: 48924568K / 114497924K total = 42% free
Cache-Free: 48924568K / 114497924K total = 42% free
System-Free: 0K / 917500K total = 0% free
File-based Encryption: true
"""


def _bluetooth(phone: Phone) -> str:
    state = "ON" if phone.bluetooth_on else "BLE_ON"
    enabled = "true" if phone.bluetooth_on else "false"
    log = "".join(f"  {stamp(time)} {text}\n" for time, text in phone.enable_log)
    bonds = "".join(f"    {address} {kind} {name}\n" for address, kind, name in _BONDS)
    links = ""
    if phone.gatt_links:
        since = phone.taken - timedelta(hours=5, minutes=28)
        links = f"    {since:%m-%d %H:%M:%S} - 19680221ms : XX:XX:XX:XX:00:01 (7)\n"
    return f"""Bluetooth Status
  enabled: {enabled}
  state: {state}
  address: XX:XX:XX:XX:00:00
  name: Synthetic phone (Unstuck example)

Enable log:
{log}
Bluetooth crashed 0 times

0 BLE apps registered

AdapterProperties
  Name: Synthetic phone (Unstuck example)
  Address: XX:XX:XX:XX:00:00
  ConnectionState: STATE_DISCONNECTED
  State: {state}
  MaxConnectedAudioDevices: 5
  A2dpOffloadEnabled: true
  Discovering: false
  Bonded devices:
{bonds}
Profile: GattService
  GATT Client Map
  Entries: 1

  {APP} (Registered)
  Application ID : 5
  Connections: {phone.gatt_links}
{links}
"""


def _battery(phone: Phone) -> str:
    return f"""Current Battery Service state:
  AC powered: false
  USB powered: false
  Wireless powered: false
  status: 3
  health: 2
  present: true
  level: {phone.battery_percent}
  scale: 100
  voltage: 3921
  temperature: 271
  technology: Li-ion
"""


def _offset(since: timedelta) -> str:
    """A duration as the battery history writes it: ``+3h02m09s004ms``."""
    milliseconds = round(since.total_seconds() * 1000)
    parts = ((3_600_000, "h", 2), (60_000, "m", 2), (1000, "s", 2), (1, "ms", 3))
    text = ""
    for unit, suffix, width in parts:
        count, milliseconds = divmod(milliseconds, unit)
        if text or count:
            text += f"{count:0{width}d}{suffix}" if text else f"{count}{suffix}"
    return f"+{text}" if text else "0"


def _batterystats(phone: Phone) -> str:
    reset = phone.taken.replace(hour=0, minute=3, second=11, microsecond=0)
    job = f'job={_APP_USER}:"{_JOB_SERVICE}"'
    entries: list[tuple[datetime, str]] = []
    beat = reset + timedelta(minutes=4, seconds=7)
    while beat <= phone.beat_until:
        entries += [(beat, f"+{job}"), (beat + timedelta(milliseconds=2412), f"-{job}")]
        beat += timedelta(minutes=15, seconds=3)
    for time, _ in phone.enable_log:
        if time > reset:
            entries.append((time, '+tmpwhitelist=1002:"cf63cac android.bluetooth.adapter.action.STATE_CHANGED/u-1"'))
    if phone.saver_since is not None:
        entries.append((phone.saver_since, "+power_save"))
    history = "".join(
        f"{_offset(time - reset):>21} (2) {phone.battery_percent:03d} {text}\n"
        for time, text in sorted(entries, key=lambda entry: entry[0])
    )
    return (
        f"Battery History (1% used, 12KB used of 4096KB, 9 strings using 1KB):\n"
        f"{'0':>21} (14) RESET:TIME: {reset:%Y-%m-%d-%H-%M-%S}\n{history}\n"
    )


_CONNECTIVITY = """NetworkProviders for: WifiNetworkFactory Ethernet

Active default network: 100

Current network preferences:

Current Networks:
  NetworkAgentInfo{network{100}  handle{432902426637}  ni{WIFI CONNECTED extra: } created=2026-03-10T15:49:02.114Z \
Score(Policies : EVER_VALIDATED&IS_UNMETERED&IS_VALIDATED ; KeepConnected : )   firstValidated 16032  \
lastValidated 24320017  lp{{InterfaceName: wlan0}}  nc{[ Transports: WIFI Capabilities: \
NOT_METERED&INTERNET&NOT_RESTRICTED&TRUSTED&NOT_VPN&VALIDATED&NOT_ROAMING&FOREGROUND&NOT_CONGESTED&NOT_SUSPENDED]}}

Restrict background: false
"""


def _content(phone: Phone) -> str:
    saver = "true" if phone.saver_since else "false"
    return f"""Data connected: true
Battery saver: {saver}
Background network restriction:  disabled
Auto sync: u0=true
Storage low: false
Device idle: false
Reported active: false
Clock valid: true
Accounts: 1
"""


def _deviceidle(phone: Phone) -> str:
    exempt = "" if phone.saver_since else f"  Whitelist user apps:\n    {APP}\n"
    return f"""  Whitelist (except idle) system apps:
    com.google.android.gms
  Whitelist system apps:
    com.google.android.gms
{exempt}  Whitelist (except idle) all app ids:
    10127
  mLightEnabled=true  mDeepEnabled=true
  mForceIdle=false
  mScreenOn=true
  mNetworkConnected=true
  mCharging=false
  mState=ACTIVE mLightState=ACTIVE
"""


def _jobs(phone: Phone) -> str:
    restricted = phone.saver_since is not None
    unsatisfied = "BACKGROUND_NOT_RESTRICTED [0x400000]" if restricted else "TIMING_DELAY [0x80000000]"
    free = "false" if restricted else "true"
    ready = "(job=false user=true !restricted=false" if restricted else "(job=false user=true !restricted=true"
    return f"""Registered 1 jobs:
  JOB #{_APP_USER}/12: 4a1b2c3 {_JOB_SERVICE}
    {_APP_USER} tag=*job*/{_JOB_SERVICE}
    Source: uid={_APP_USER} user=0 pkg={APP}
    JobInfo:
      Service: {_JOB_SERVICE}
      PERIODIC: interval=+15m0s0ms flex=+5m0s0ms
      Requires: charging=false batteryNotLow=false deviceIdle=false
    Required constraints: TIMING_DELAY [0x80000000]
    Unsatisfied constraints: {unsatisfied}
    Implicit constraints:
      readyNotDozing: true
      readyNotRestrictedInBg: {free}
    Standby bucket: {"FREQUENT" if restricted else "ACTIVE"}
    Ready: false {ready} !pending=true !active=true !backingup=true comp=true)
"""


def _netpolicy(phone: Phone) -> str:
    saver = "true" if phone.saver_since else "false"
    return f"""System ready: true
Restrict background: false
Restrict power: {saver}
Device idle: false
Policy for UIDs:
  UID=10127 policy=4 (ALLOW_METERED_BACKGROUND)
"""


_GRANTED = "".join(
    f"        android.permission.{name}: granted=true, flags=[ USER_SET|USER_SENSITIVE_WHEN_GRANTED]\n"
    for name in (
        "ACCESS_FINE_LOCATION",
        "ACCESS_COARSE_LOCATION",
        "BLUETOOTH_CONNECT",
        "BLUETOOTH_SCAN",
        "POST_NOTIFICATIONS",
    )
)

_PACKAGE = f"""Database versions:
  Internal:
    sdkVersion=34 databaseVersion=3
    fingerprint={FINGERPRINT}

Packages:
  Package [{APP}] (9d78d80):
    appId={_APP_UID}
    pkg=Package{{c750050 {APP}}}
    codePath=/data/app/~~synthetic==/{APP}-1
    versionCode=21305044 minSdk=30 targetSdk=34
    versionName=4.33.fitbit-mobile-synthetic
    flags=[ HAS_CODE ALLOW_CLEAR_USER_DATA ]
    timeStamp=2026-03-02 06:11:45
    lastUpdateTime=2026-03-02 06:11:47
    User 0: ceDataInode=51377 installed=true hidden=false suspended=false distractionFlags=0 stopped=false \
notLaunched=false enabled=0 instant=false virtual=false
      firstInstallTime=2025-11-02 10:14:31
      gids=[3003]
      runtime permissions:
{_GRANTED}
"""


def _power(phone: Phone) -> str:
    on = "true" if phone.saver_since else "false"
    return f"""POWER MANAGER (dumpsys power)

Power Manager State:
  mWakefulness=Awake
  mIsPowered=false
  mBatteryLevel={phone.battery_percent}
  mDeviceIdleWhitelist=[10127{"" if phone.saver_since else f", {_APP_UID}"}]
Battery saver policy (*NOTE* they only apply when battery saver is ON):
Battery saver state machine:
  Enabled={on}
    full={on}
    adaptive=false
  mState={"2" if phone.saver_since else "1"}
  mLastChangedIntReason={"2" if phone.saver_since else "0"}
  mLastChangedStrReason=null
  mBootCompleted=true
  mSettingsLoaded=true
  mBatterySaverSnoozing=false
  mIsPowered=false
  mBatteryLevel={phone.battery_percent}
  mIsBatteryLevelLow=false
  mSettingBatterySaverEnabled={on}
  mSettingBatterySaverEnabledSticky=false
"""


def _settings(phone: Phone) -> str:
    bluetooth = int(phone.bluetooth_on)
    saver = int(phone.saver_since is not None)
    rows = (("airplane_mode_on", 0), ("ble_scan_always_enabled", 1), ("bluetooth_on", bluetooth), ("low_power", saver))
    return (
        "GLOBAL SETTINGS (user 0)\n"
        + "".join(
            f"_id:{40 + number} name:{name} pkg:android value:{value} default:0 defaultSystemSet:true\n"
            for number, (name, value) in enumerate(rows)
        )
        + "SECURE SETTINGS (user 0)\n"
        "_id:91 name:location_mode pkg:com.android.settings value:3 default:3 defaultSystemSet:true\n"
    )


def _appops(phone: Phone) -> str:
    seen = phone.beat_until
    return f"""Current AppOps Service state:
  Uid {_APP_USER}:
    state=cch
      FINE_LOCATION: mode=foreground
    Package {APP}:
      FINE_LOCATION (allow):
        null=[
          Access: [bg-s] {seen:%Y-%m-%d %H:%M:%S}.118 (-19m12s430ms)
        ]
      RUN_ANY_IN_BACKGROUND (allow):
"""


def _usagestats(phone: Phone) -> str:
    bucket, reason = (30, "t") if phone.saver_since else (10, "u-mf")
    return f"""user=0
 Package app standby buckets:
  package={APP} u=0 bucket={bucket} reason={reason} used=+24m10s120ms usedByUser=+24m10s120ms usedScr=+1h2m11s204ms \
usedByUserScr=+1h2m11s204ms expiryTimes={{10=-24m9s901ms}} lastInformedBucket={bucket} idle=n
"""
