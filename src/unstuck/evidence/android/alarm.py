"""Exemptions and restrictions as the alarm manager knows them: ``dumpsys alarm``."""

import re
from datetime import UTC, datetime, timedelta

from unstuck.evidence.android.apps import parse_uid
from unstuck.evidence.android.clock import parse_stamp
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_USER_IDS = re.compile(rb"(?m)^[ \t]+User (?:exemption list|whitelist) appids: \[([\d, ]*)\]")
_RESTRICTED = re.compile(rb"(?m)^[ \t]+Restricted packages:[ \t]*\r?\n")
_NOW = re.compile(rb"(?m)^[ \t]+nowRTC=(\d{12,14})=(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_ELAPSED = re.compile(rb"(?m)^[ \t]+nowRTC=\S+ [\d:.]+ nowELAPSED=(\d{1,13})\b")
_ROW = re.compile(rb"[ \t]+(u\d+a\d+|\d+)[ :]+([\w.]+)[ \t]*$")


def read(page: Page, context: Context) -> None:
    """State exemptions by app id where no list by name was read, restricted apps, and the uptime."""
    if (up := _ELAPSED.search(page.data)) is not None and not context.notes.has("phone.uptime"):
        context.notes.state("phone.uptime", {"seconds": int(up[1]) / 1000}, page, page.index(up.start(1)))
    ids = _USER_IDS.search(page.data)
    if ids is not None and not context.notes.has("app.doze_exempt"):
        listed = {int(part) for part in re.findall(rb"\d{1,9}", ids[1])}
        for uid, package in sorted(context.apps.uids().items()):
            context.notes.state("app.doze_exempt", uid in listed, page, page.index(ids.start(1)), package)
    heading = _RESTRICTED.search(page.data)
    if heading is None:
        return
    for index in range(page.index(heading.end()), len(page.starts)):
        row = _ROW.match(page.line(index))
        if row is None:
            return
        package = text(row[2])
        if package in context.apps.packages:
            context.apps.learn(package, parse_uid(text(row[1])))
            value = {"op": "RUN_ANY_IN_BACKGROUND", "mode": "ignore", "level": "package"}
            context.notes.state("app.op", value, page, index, package)


def moment(page: Page) -> tuple[datetime, timedelta] | None:
    """When this was printed (local time without zone), and the phone's distance to UTC.

    The moment stands there twice, as a count since 1970 and as local time.
    """
    found = _NOW.search(page.data)
    local = parse_stamp(found[2]) if found else None
    if found is None or local is None:
        return None
    there = datetime.fromtimestamp(int(found[1]) // 1000, UTC).replace(tzinfo=None)
    offset = timedelta(minutes=round((local - there) / timedelta(minutes=1)))
    return (local, offset) if abs(offset) <= timedelta(hours=14) else None
