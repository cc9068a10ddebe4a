"""An Android 14 bug report, made up section by section in the line forms of real reports.

Only the sections that speak about a tracker app are written. Times inside a report are local, without a zone; the
zone stands in the system properties.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime

from examples.dumpsys import FINGERPRINT, ZONE, Phone, services, stamp

_ARCHIVE_TIME = (2026, 3, 12, 20, 0, 0)
"""One fixed time for every member, so that the same story gives the same bytes."""

_PROPERTIES = f"""[persist.sys.timezone]: [{ZONE.key}]
[ro.build.date]: [Tue Feb  3 11:20:05 UTC 2026]
[ro.build.fingerprint]: [{FINGERPRINT}]
[ro.build.version.release]: [14]
[ro.build.version.sdk]: [34]
[ro.build.version.security_patch]: [2026-02-05]
[ro.product.manufacturer]: [Google]
[ro.product.model]: [Pixel 8]
"""


def report(phone: Phone, hci_log: bytes | None = None) -> bytes:
    """The zip: main text, its name, the format version, and the Bluetooth log where the phone kept one."""
    name = f"bugreport-shiba-UNSTUCK.SYNTHETIC-{phone.taken:%Y-%m-%d-%H-%M-%S}.txt"
    members = {"version.txt": b"2.0", "main_entry.txt": name.encode(), name: main_text(phone).encode()}
    if hci_log is not None:
        members["FS/data/misc/bluetooth/logs/btsnoop_hci.log"] = hci_log
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"Synthetic bug report, made by Unstuck's examples; no real phone"
        for path, data in members.items():
            info = zipfile.ZipInfo(path, _ARCHIVE_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def main_text(phone: Phone) -> str:
    """The dumpstate text."""
    rule = "=" * 56
    head = f"""{rule}
== dumpstate: {phone.taken:%Y-%m-%d %H:%M:%S}
{rule}

Build: UNSTUCK.SYNTHETIC
Build fingerprint: '{FINGERPRINT}'
Bootloader: synthetic
Network: synthetic
Kernel: Linux version 5.15.0-synthetic
Android SDK version: 34
SDK extensions: [ad_services=10, r=10, s=10, t=10, u=10]
Uptime: {_uptime(phone)}
Bugreport format version: 2.0
Dumpstate info: id=1 pid=20077 dry_run=0 parallel_run=1 args=(synthetic: made by Unstuck's examples)

"""
    return (
        head
        + _command("SYSTEM LOG (logcat -v threadtime -v printable -v uid -d *:v)", _log(phone.system_log, "main"))
        + _command(
            "EVENT LOG (logcat -b events -v threadtime -v printable -v uid -d *:v)", _log(phone.event_log, "events")
        )
        + _command("SYSTEM PROPERTIES (getprop)", _PROPERTIES)
        + "------ DUMPSYS (/system/bin/dumpsys) ------\n"
        + "".join(_service(name, body, phone.taken) for name, body in services(phone))
        + "== dumpstate: done (id 1)\n"
    )


def _uptime(phone: Phone) -> str:
    minutes = round((phone.taken - phone.enable_log[0][0]).total_seconds() / 60)
    return f"up 0 weeks, {minutes // 1440} days, {minutes // 60 % 24} hours, {minutes % 60} minutes"


def _command(title: str, body: str) -> str:
    short = title.split(" (")[0]
    return f"------ {title} ------\n{body}------ 0.012s was the duration of '{short}' ------\n"


def _service(name: str, body: str, taken: datetime) -> str:
    return (
        f"{'-' * 79}\nDUMP OF SERVICE {name}:\n"
        "Service host process PID: 1511\nThreads in use: 0/31\nClient PIDs: 1511, 2310\n"
        f"{body}--------- 0.004s was the duration of dumpsys {name}, ending at: {taken:%Y-%m-%d %H:%M:%S}\n"
    )


def _log(lines: Sequence[tuple[datetime, str]], buffer: str) -> str:
    return f"--------- beginning of {buffer}\n" + "".join(f"{stamp(time)} {text}\n" for time, text in lines)
