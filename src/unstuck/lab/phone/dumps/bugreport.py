"""The bug report: head, logs, properties and services in one text, and the zip around it.

Only sections that speak of an app and its tracker are written; a real one is a hundred times as long. Form: reports of
9, 10 and 14 (dumpstate format 2.0).
"""

import io
import zipfile
from datetime import datetime

from unstuck.lab.phone import times
from unstuck.lab.phone.dumps import logs, network, properties, services, system
from unstuck.lab.phone.dumps.view import View
from unstuck.lab.phone.models import BUILD

COMMENT = b"Synthetic bug report, made by Unstuck's lab phone; no real phone"

_DUMPED_AFTER_S = 0.0
"""Services of a real report are dumped some seconds after its head; here all is of one moment."""

_FIRST_ZIP_TIME = datetime(1980, 1, 1)  # noqa: DTZ001 - a zip knows no zone and nothing before


def name(view: View) -> str:
    """The file name of the report without its ending, as dumpstate makes it."""
    return f"bugreport-{view.model.product}-{BUILD}-{times.dashed(view.now)}"


def archive(view: View, hci_log: bytes | None = None) -> bytes:
    """The zip: main text, its name, the format version, and the Bluetooth log where this phone keeps one in it."""
    entry = f"{name(view)}.txt"
    members = {"version.txt": b"2.0", "main_entry.txt": entry.encode(), entry: main_text(view).encode()}
    if hci_log is not None and view.model.hci_log:
        members[view.model.hci_log] = hci_log
    moment = max(view.now, _FIRST_ZIP_TIME)
    stamp = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.comment = COMMENT
        for path, data in members.items():
            info = zipfile.ZipInfo(path, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(info, data)
    return buffer.getvalue()


def main_text(view: View) -> str:
    """The dumpstate text."""
    main = logs.threadtime(view, logs.lines(view, ("main", "system")), uid=True)
    events = logs.threadtime(view, logs.lines(view, ("events",)), uid=True)
    options = "-v threadtime -v printable -v uid -d *:v"
    parts = [
        _head(view),
        "------ DUMPSYS CRITICAL (/system/bin/dumpsys) ------\n",
        _wrapped(view, "CRITICAL activity", system.processes(view)),
        "------ 0.302s was the duration of 'DUMPSYS CRITICAL' ------\n",
        _command(f"SYSTEM LOG (logcat {options})", main),
        _command(f"EVENT LOG (logcat -b events {options})", events),
        "------ DUMPSYS HIGH (/system/bin/dumpsys) ------\n",
        _wrapped(view, "HIGH connectivity", network.connectivity(view)),
        "------ 8.242s was the duration of 'DUMPSYS HIGH' ------\n",
        _command("SYSTEM PROPERTIES (getprop)", properties.dump(view)),
        "------ DUMPSYS (/system/bin/dumpsys) ------\n",
        *(_wrapped(view, service, services.SERVICES[service](view)) for service in services.names(view)),
        "------ 2.409s was the duration of 'DUMPSYS' ------\n",
        f"{'=' * 56}\n== dumpstate: done (id 1)\n{'=' * 56}\n",
        "------ 22.904s was the duration of 'DUMPSTATE' ------\n",
    ]
    return "".join(parts)


def _head(view: View) -> str:
    rule = "=" * 56
    model = view.model
    lines = [
        rule,
        f"== dumpstate: {times.full(view.now)}",
        rule,
        "",
        f"Build: {BUILD}",
        f"Build fingerprint: '{model.fingerprint}'",
        "Bootloader: synthetic",
        "Radio: synthetic",
        "Network: synthetic",
        f"Kernel: Linux version {model.kernel}-synthetic",
        "Command line: synthetic",
    ]
    if model.android >= 14:
        lines += [f"Android SDK version: {model.sdk}", "SDK extensions: [ad_services=10, r=10, s=10, t=10, u=10]"]
    lines += [f"Uptime: {_uptime(view)}", "Bugreport format version: 2.0"]
    arguments = "(synthetic: made by Unstuck's lab phone)"
    parallel = "parallel_run=1 " if model.android >= 12 else ""
    lines += [f"Dumpstate info: id=1 pid=29772 dry_run=0 {parallel}args={arguments}", ""]
    return "".join(f"{line}\n" for line in lines)


def _uptime(view: View) -> str:
    minutes = int(view.up_s // 60)
    weeks, minutes = divmod(minutes, 10_080)
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    counted = ((weeks, "week"), (days, "day"), (hours, "hour"), (minutes, "minute"))
    return "up " + ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted)


def _command(title: str, body: str) -> str:
    short = title.split(" (")[0]
    return f"------ {title} ------\n{body}------ 0.030s was the duration of '{short}' ------\n"


def _wrapped(view: View, service: str, body: str) -> str:
    """One service as dumpsys prints it in a report; 14 put three lines under the title."""
    began = "Service host process PID: 1511\nThreads in use: 0/31\nClient PIDs: 1511, 2310\n"
    short = service.rpartition(" ")[2]
    ending = f", ending at: {times.full(view.local(view.wall_s + _DUMPED_AFTER_S))}" if view.android >= 10 else ""
    return (
        f"{'-' * 79}\nDUMP OF SERVICE {service}:\n{began if view.android >= 14 else ''}{body}"
        f"--------- 0.004s was the duration of dumpsys {short}{ending}\n"
    )
