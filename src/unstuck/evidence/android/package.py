"""Installed apps: ``dumpsys package``.

Under ``Hidden system packages:`` an updated system app appears again with its older copy, so only the
first appearance counts. From 13 some fields moved under ``User 0:`` and ``userId`` became ``appId``.
"""

import re
from collections import Counter
from datetime import datetime

from unstuck.evidence.android.apps import parse_uid
from unstuck.evidence.android.clock import parse_stamp
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

DEFAULT_APP = "com.fitbit.FitbitMobile"
"""The app that is missed when none of the known ones is installed; unchanged by the renaming of May 2026."""

_WHOLE_LIST = 10
"""A dump with more packages than this is the phone's whole list, not that of one app."""

_LIST = b"Packages:"
_LIST_ENDS = (b"Shared users:", b"Hidden system packages:", b"Package Changes:")
"""What can stand behind the list; the one that is nearly always there first, to search less."""
_BLOCK = b"  Package ["
_UNKNOWN = re.compile(rb"Unable to find package: ([\w.]+)")
_UID = re.compile(rb"(?m)^    (?:userId|appId)=(\d{1,7})\b")
_CODE = re.compile(rb"\bversionCode=(\d{1,18})\b")
_NAME = re.compile(rb"(?m)^    versionName=([^\r\n]{0,200})")
_FIRST = re.compile(rb"(?m)^ +firstInstallTime=([\d :.-]{10,32})")
_LAST = re.compile(rb"(?m)^ +lastUpdateTime=([\d :.-]{10,32})")
_USER = re.compile(rb"(?m)^    User (\d{1,4}):([^\r\n]*)")
_FLAG = re.compile(rb"\b(installed|stopped|enabled)=(\w+)")
_RUNTIME = re.compile(rb"(?m)^ +runtime permissions:[ \t]*\r?\n")
_PERMISSION = re.compile(rb" +([\w.]+): granted=(true|false)\b")
_CODE_PATH = b"\n    codePath="
_UPDATED = b"\n    lastUpdateTime="

_ENABLED = {"0": True, "1": True, "2": False, "3": False, "4": False}
"""PackageManager.COMPONENT_ENABLED_STATE_*: default, enabled, disabled, disabled by the person, until used."""

_TOGETHER = 5
"""So many system packages updated in the same minute are a system update, fewer are single updates."""


def read(page: Page, context: Context) -> None:
    """State what is known of each app of interest, and when the system was last updated (inferred)."""
    data = page.data
    heading = page.find_line(_LIST)
    start = max(heading, 0)
    end = len(data)
    for title in _LIST_ENDS:
        at = page.find_line(title, start, end)
        end = at if at >= 0 else end
    whole = heading >= 0 and _more_than(data, start, end, _WHOLE_LIST)
    present = set()
    for package in sorted(context.apps.packages):
        if _installed(page, context, package, start, end):
            present.add(package)
    if whole:
        context.apps.installed = present | (context.apps.installed or set())
        _system_update(page, context, start, end)
        if not present:
            missing = [context.apps.only] if context.apps.only else sorted({DEFAULT_APP} & context.apps.packages)
            for package in missing:
                context.notes.state("app.not_installed", True, page, page.index(start), package)
    at = -1 if whole else page.find_line(b"Unable to find package: ")
    if at >= 0 and (found := _UNKNOWN.match(data, at)) and (package := text(found[1])) in context.apps.packages:
        context.notes.state("app.not_installed", True, page, page.index(at), package)


def _more_than(data: bytes, start: int, end: int, least: int) -> bool:
    at = start - 1
    for _ in range(least + 1):
        at = data.find(_BLOCK, at + 1, end)
        if at < 0:
            return False
    return True


def _installed(page: Page, context: Context, package: str, start: int, end: int) -> bool:
    data = page.data
    at = data.find(_BLOCK + package.encode() + b"] (", start, end)
    if at < 0:
        return False
    after = data.find(b"\n" + _BLOCK, at, end)
    stop = end if after < 0 else after + 1
    uid = _UID.search(data, at, stop)
    number = parse_uid(text(uid[1])) if uid else None
    context.apps.learn(package, number)
    user, flags, where = _user(page, at, stop)
    if flags.get("installed") == "false":
        context.notes.state("app.not_installed", True, page, where, package)
        return False
    code, name = _CODE.search(data, at, stop), _NAME.search(data, at, stop)
    value = {
        "version_name": text(name[1]).strip() if name else "",
        "version_code": int(code[1]) if code else None,
        "first_install": _iso(context, _FIRST.search(data, at, stop)),
        "last_update": _iso(context, _LAST.search(data, at, stop)),
        "uid": number,
    }
    context.notes.state("app.installed", value, page, page.index(name.start() if name else at), package)
    if "stopped" in flags:
        context.notes.state("app.stopped", flags["stopped"] == "true", page, where, package)
    if (enabled := _ENABLED.get(flags.get("enabled", ""))) is not None:
        context.notes.state("app.enabled", enabled, page, where, package)
    _permissions(page, context, package, user, stop)
    return True


def _user(page: Page, at: int, stop: int) -> tuple[int, dict[str, str], int]:
    """The first user who has the app: offset of the row, its flags, its line. Without rows: the block."""
    best: tuple[int, dict[str, str], int] | None = None
    for found in _USER.finditer(page.data, at, stop):
        flags = {text(flag[1]): text(flag[2]) for flag in _FLAG.finditer(found[2])}
        row = (found.start(), flags, page.index(found.start()))
        if flags.get("installed") == "true":
            return row
        best = best or row
    return best or (at, {}, page.index(at))


def _permissions(page: Page, context: Context, package: str, at: int, stop: int) -> None:
    heading = _RUNTIME.search(page.data, at, stop)
    if heading is None:
        return
    for index in range(page.index(heading.start()) + 1, len(page.starts)):
        found = _PERMISSION.match(page.line(index))
        if found is None:
            return
        value = {"permission": text(found[1]).removeprefix("android.permission."), "granted": found[2] == b"true"}
        context.notes.state("app.permission", value, page, index, package)


def _iso(context: Context, found: re.Match[bytes] | None) -> str | None:
    when = context.clock.read(found[1]) if found else None
    return when.isoformat() if when else None


def _system_update(page: Page, context: Context, start: int, end: int) -> None:
    """No field says when the system was updated: many system packages of one minute let it be inferred."""
    data = page.data
    minutes: Counter[bytes] = Counter()
    where: dict[bytes, int] = {}
    at = data.find(_CODE_PATH, start, end)
    while at >= 0:
        after = data.find(_CODE_PATH, at + 1, end)
        if not data.startswith((b"/data/", b"/mnt/"), at + len(_CODE_PATH)):
            updated = data.find(_UPDATED, at, after if after >= 0 else end) + len(_UPDATED)
            if updated > len(_UPDATED):
                minute = data[updated : updated + 16]
                minutes[minute] += 1
                where.setdefault(minute, updated)
        at = after
    together = [
        minute
        for minute, count in minutes.items()
        if count >= _TOGETHER and _plausible(parse_stamp(minute + b":00"), context)
    ]
    if not together:
        return
    newest = max(together)
    when = context.clock.read(newest + b":00")
    if when is not None:
        note = f"inferred from {minutes[newest]} system packages of the same minute: "
        index = page.index(where[newest])
        context.notes.event("phone.system_updated", when.isoformat(), page, index, when, note=note)


def _plausible(when: datetime | None, context: Context) -> bool:
    """Packages of the system image carry a date before the system was even built (1970, 2009)."""
    when = context.clock.utc(when)
    return when is not None and context.built is not None and when > context.built
