"""The battery history and BLE use: ``dumpsys batterystats``, as text and as checkin rows.

The history gives times as a distance from the last reset or clock mark, so each entry is dated from
the nearest mark before it. A periodic job of the app that stops running is good evidence of a killed
app; ACL_CONNECTED is a link that came up; STATE_CHANGED is the adapter being switched, either way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from unstuck.evidence.android.apps import parse_uid
from unstuck.evidence.android.clock import parse_stamp, span
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_MARK = re.compile(rb"(?m)^[ \t]+(\S+) \(\d+\) (?:RESET:)?TIME: (\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)")
_OFFSET = re.compile(rb"[ \t]+(\+?[0-9dhms]+) \(\d+\)")
_JOB = re.compile(rb'\+job=(\w+):"([^"\r\n]{1,300})"')
_SWITCH = re.compile(rb"(?<= )([+-])(bluetooth|ble_scan|power_save)(?=[\s=]|$)")
_PHONE = re.compile(rb"\bphone_state=(\w+)")
_CONNECTED = re.compile(rb'\bconn=\d+:"(CONNECTED|DISCONNECTED)"')
_BROADCAST = re.compile(rb"[+ ]tmpwhitelist=[^\r\n]{0,80}android\.bluetooth\.(?:device|adapter)\.action\.(\w+)")

_NEEDLES = (
    b"+job=",
    b"bluetooth",
    b"ble_scan",
    b"power_save",
    b"phone_state=",
    b" conn=",
)
"""One of these is in every line of the history that says something to us."""

_STATISTICS = b"Statistics since last charge:"
_SCAN = re.compile(rb"Bluetooth Scan \(total actual realtime\): ([^(\r\n]{1,60})\((\d{1,9}) times?\)")
_USER = re.compile(rb"\n  (u\d+a\d+|\d+):")
_USER_END = re.compile(rb"\n {0,2}\S")

_CHECKIN_STRING = re.compile(rb'(?m)^9,hsp,(\d{1,6}),(-?\d{1,9}),"([^"\r\n]{0,400})"')
_CHECKIN_ROW = re.compile(
    rb"(?m)^9,h,(\d{1,15})(?::(RESET:TIME|TIME|START|SHUTDOWN|[\w:]+?)(?::(\d{1,15}))?)?((?:,[^\r\n]*)?)\r?$"
)
_CHECKIN_PART = re.compile(r"([+-]?)(Ejb|Etw|bles|ps|b|Pst|Ecn)(?:=(\w+))?$")


def read(page: Page, context: Context) -> None:
    """State ``app.beat``, ``ble.scan``, ``ble.scanning``, ``ble.link_wakeup``, ``bluetooth.history`` and switches."""
    if b"9,h," in page.data[:4096] or b"\n9,hsp," in page.data:
        _checkin(page, context)
    else:
        _history(page, context)
        _scans(page, context)


@dataclass(slots=True)
class _Switches:
    """What has to be remembered between entries. A radio nobody spoke of yet counts as on."""

    radio_off: bool = False
    beginning: bool = True


def _history(page: Page, context: Context) -> None:
    data = page.data
    end = data.find(_STATISTICS)
    end = len(data) if end < 0 else end
    marks = list(_marks(page, end))
    switches = _Switches()
    mark = 0
    base: datetime | None = None
    for index in _lines_with(page, _NEEDLES, end):
        while mark < len(marks) and marks[mark][0] <= index:
            base = marks[mark][1]
            mark += 1
        line = page.line(index)
        offset = _OFFSET.match(line)
        if offset is None:
            continue
        distance = span(offset[1])
        switches.beginning = distance == timedelta(0)
        _entry(page, context, index, line, context.clock.utc(_moved(base, distance)), switches)


def _marks(page: Page, end: int) -> Iterator[tuple[int, datetime]]:
    """Each clock mark: its line, and the local time that the distances after it count from."""
    for found in _MARK.finditer(page.data, 0, end):
        at, distance = parse_stamp(found[2]), span(found[1])
        counted_from = _moved(at, -distance) if distance is not None else None
        if counted_from is not None:
            yield page.index(found.start(1)), counted_from


def _lines_with(page: Page, needles: tuple[bytes, ...], end: int) -> list[int]:
    found: set[int] = set()
    for needle in needles:
        at = page.data.find(needle, 0, end)
        while at >= 0:
            index = page.index(at)
            found.add(index)
            after = int(page.starts[index + 1]) if index + 1 < len(page.starts) else end
            at = page.data.find(needle, after, end)
    return sorted(found)


def _entry(page: Page, context: Context, index: int, line: bytes, when: datetime | None, switches: _Switches) -> None:
    notes = context.notes
    for found in _JOB.finditer(line):
        _beat(page, context, index, when, text(found[1]), text(found[2]))
    for found in _BROADCAST.finditer(line):
        _broadcast(page, context, index, when, text(found[1]))
    for found in _SWITCH.finditer(line):
        _switched(page, context, index, when, text(found[2]), found[1] == b"+")
    if (network := _CONNECTED.search(line)) is not None:
        notes.event("network.switched", network[1] == b"CONNECTED", page, index, when)
    if (radio := _PHONE.search(line)) is not None:
        _radio(page, context, index, when, radio[1] == b"off", switches)


def _beat(page: Page, context: Context, index: int, when: datetime | None, uid: str, job: str) -> None:
    """Jobs may carry a name space: ``@androidx.work@com.x/.Service``."""
    number = parse_uid(uid)
    package = context.apps.of_process(job.rpartition("@")[2].partition("/")[0])
    if package:
        context.apps.learn(package, number)
    package = package or context.apps.of_uid(number)
    if package:
        context.notes.event("app.beat", {"job": job}, page, index, when, package)


def _broadcast(page: Page, context: Context, index: int, when: datetime | None, action: str) -> None:
    if action == "ACL_CONNECTED":
        context.notes.event("ble.link_wakeup", True, page, index, when)
    elif action == "STATE_CHANGED":
        context.notes.event("bluetooth.history", {"on": None}, page, index, when)


def _switched(page: Page, context: Context, index: int, when: datetime | None, what: str, on: bool) -> None:
    if what == "bluetooth":
        context.notes.event("bluetooth.history", {"on": on}, page, index, when)
    elif what == "ble_scan":
        context.notes.event("ble.scanning", on, page, index, when)
    else:
        context.notes.event("power.battery_saver_switched", on, page, index, when)


def _radio(page: Page, context: Context, index: int, when: datetime | None, off: bool, switches: _Switches) -> None:
    """The phone's radio powered off means airplane mode; the state at the very beginning is no switch."""
    if not switches.beginning and off != switches.radio_off:
        note = f"inferred from the phone's radio going {'off' if off else 'on'}: "
        context.notes.event("phone.airplane_switched", off, page, index, when, note=note)
    switches.radio_off = off


def _scans(page: Page, context: Context) -> None:
    """Each user id has a block of its own; which one is the app's is known, or its ``Apk`` row says it."""
    data = page.data
    begin = data.find(_STATISTICS)
    if begin < 0:
        return
    for package in context.apps.sought():
        apk = data.find(b"\n    Apk " + package.encode() + b":", begin)
        if apk >= 0:
            at = data.rfind(b"\n  u", begin, apk)
            user = _USER.match(data, at) if at >= 0 else None
            context.apps.learn(package, parse_uid(text(user[1])) if user else None)
    for uid, package in sorted(context.apps.uids().items()):
        at = data.find(b"\n  u%da%d:" % (uid // 100_000, uid % 100_000 - 10_000), begin)
        if at < 0:
            continue
        stop = _USER_END.search(data, at + 1)
        end = stop.start() if stop else len(data)
        scan = data.find(b"\n    Bluetooth Scan (total actual realtime)", at, end)
        if scan >= 0:
            _scan(page, context, package, _SCAN.search(data, scan, end))


def _scan(page: Page, context: Context, package: str, found: re.Match[bytes] | None) -> None:
    if found is None or (length := span(found[1])) is None:
        return
    value = {"realtime_s": length.total_seconds(), "times": int(found[2])}
    context.notes.state("ble.scan", value, page, page.index(found.start()), package)


def _checkin(page: Page, context: Context) -> None:
    """Rows give the distance from the row before; strings stand in a pool in front."""
    pool = {int(found[1]): (int(found[2]), text(found[3])) for found in _CHECKIN_STRING.finditer(page.data)}
    now: datetime | None = None
    switches = _Switches()
    for found in _CHECKIN_ROW.finditer(page.data):
        if found[2] is not None and found[2].endswith(b"TIME") and found[3] is not None:
            now = _epoch(int(found[3]))
            switches.beginning = found[2].startswith(b"RESET")
            continue
        switches.beginning &= found[1] == b"0"
        if now is not None:
            now = _moved(now, timedelta(milliseconds=int(found[1])))
        if found[4]:
            _checkin_row(page, context, page.index(found.start()), text(found[4]), now, pool, switches)


def _checkin_row(
    page: Page,
    context: Context,
    index: int,
    row: str,
    when: datetime | None,
    pool: dict[int, tuple[int, str]],
    switches: _Switches,
) -> None:
    for part in row.split(",")[1:]:
        if (found := _CHECKIN_PART.match(part)) is None:
            continue
        sign, what, value = found.groups()
        number = int(value) if value and value.isascii() and value.isdigit() and len(value) < 9 else -1
        uid, words = pool.get(number, (0, ""))
        if what == "Ejb" and sign == "+":
            _beat(page, context, index, when, str(uid), words)
        elif what == "Etw" and sign != "-":
            _broadcast(page, context, index, when, words.rpartition(".")[2].partition("/")[0])
        elif what == "Ecn":
            if words in ("CONNECTED", "DISCONNECTED"):
                context.notes.event("network.switched", words == "CONNECTED", page, index, when)
        elif what == "Pst":
            _radio(page, context, index, when, value == "off", switches)
        elif sign:
            name = {"bles": "ble_scan", "ps": "power_save", "b": "bluetooth"}.get(what, "")
            if name:
                _switched(page, context, index, when, name, sign == "+")


def _epoch(milliseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _moved(when: datetime | None, by: timedelta | None) -> datetime | None:
    try:
        return None if when is None or by is None else when + by
    except OverflowError:
        return None
