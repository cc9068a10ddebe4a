"""The one list of command lines that the collector may send to a phone. Each only prints; none changes anything.

``dumpsys NAME`` prints the state of a service, and nothing is passed to the service that could change it: the words
after the name are fixed here (``dumpsys battery set``, ``dumpsys deviceidle force-idle`` and the like exist).
"""

from dataclasses import dataclass

LOG = "SYSTEM LOG"
"""Titles of parts of a bug report, as the reader of Android texts knows them."""
EVENTS = "EVENT LOG"
PROPERTIES = "SYSTEM PROPERTIES"


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, what it is for, and the part of a bug report that it fills.

    ``service`` is the name after ``DUMP OF SERVICE``; ``title`` stands instead where the part is no service.
    """

    line: str
    purpose: str
    limit_s: float
    service: str = ""
    title: str = ""

    @property
    def name(self) -> str:
        """Short, for the place of a fact: without the words that only choose a form."""
        return self.line.replace("logcat -d", "logcat").removesuffix(" -v threadtime").partition(" +")[0]


CLOCK = Command("date +%Y-%m-%dT%H:%M:%S%z", "the phone's clock, beside this computer's", 10.0)
UPTIME = Command("uptime -p", "since when the phone is up", 10.0)

_QUICK_S = 20.0
"""Small dumps take less than a second; dumpsys itself gives a service ten."""
_LONG_S = 60.0
"""Packages, battery history and logs are megabytes; over a slow cable or Wi-Fi they take a while."""


def _service(name: str, purpose: str, limit_s: float = _QUICK_S, *, more: str = "") -> Command:
    return Command(f"dumpsys {name}{more}", purpose, limit_s, service=name)


PARTS: tuple[Command, ...] = (
    Command("getprop", "maker, model, Android version, time zone", _QUICK_S, title=PROPERTIES),
    _service("bluetooth_manager", "Bluetooth on or off, paired devices, connected apps, crashes"),
    _service("package", "the tracker's app: installed, version, permissions, stopped", _LONG_S),
    _service("deviceidle", "doze, and the apps exempt from it"),
    _service("power", "battery saver"),
    _service("battery", "the phone's battery"),
    _service("appops", "background restriction and permissions of the app"),
    _service("usagestats", "how far the system holds the app back (standby bucket)"),
    _service("jobscheduler", "the app's planned work and what it waits for"),
    _service("alarm", "clock, and restricted apps"),
    _service("netpolicy", "data saver, background data of the app"),
    _service("connectivity", "internet"),
    _service("location", "location on or off: older systems scan only with it"),
    _service("diskstats", "free storage"),
    _service("devicestoragemonitor", "whether the system calls storage low"),
    _service("activity", "why the app's process ended", more=" exit-info"),
    _service("app_hibernation", "whether the app sleeps for want of use"),
    _service("dropbox", "crashes that the system noted"),
    _service("content", "outcome of account syncs"),
    _service("batterystats", "what ran when, Bluetooth scans", _LONG_S),
    Command("settings list global", "airplane mode, Bluetooth, battery saver as set", _QUICK_S, service="settings"),
    Command("settings list secure", "location as set", _QUICK_S, service="settings"),
    Command("logcat -d -v threadtime", "what the system and the app wrote lately", _LONG_S, title=LOG),
    Command("logcat -d -b events -v threadtime", "starts and ends of processes", _LONG_S, title=EVENTS),
)
"""In this order they are asked and put together."""

READ_ONLY: tuple[Command, ...] = (CLOCK, UPTIME, *PARTS)
"""All that is ever sent, but for ``adb bugreport`` where the person asked for it (--full)."""
