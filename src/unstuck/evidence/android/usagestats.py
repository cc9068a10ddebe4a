"""Standby buckets: ``dumpsys usagestats``.

Up to 8.1 a row only says ``idle=y`` or ``idle=n``; 9 brought buckets and events about their change;
13 and 14 indent the rows by two spaces instead of four.
"""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page

BUCKETS = {
    "EXEMPTED": 5,
    "ACTIVE": 10,
    "WORKING_SET": 20,
    "FREQUENT": 30,
    "RARE": 40,
    "RESTRICTED": 45,
    "NEVER": 50,
}
"""Numbers of UsageStatsManager by the names that the job scheduler prints."""

_ROW = re.compile(rb"\s*package=\S+ u=(\d{1,4}) bucket=(\d{1,3})\b")
_OLD_ROW = re.compile(rb"\s*package=\S+ (?:u=\d+ )?lastUsed\w*=.*\bidle=(y|n)\b")
_EVENT = re.compile(rb'\s*time="([^"]{1,40})" type=STANDBY_BUCKET_CHANGED package=\S+ standbyBucket=(\d{1,3})\b')


def read(page: Page, context: Context) -> None:
    """State ``app.standby_bucket`` now and at every change, or ``app.idle`` before 9."""
    for package in context.apps.sought():
        needle = b"package=" + package.encode() + b" "
        at = page.data.find(needle)
        while at >= 0:
            _row(page, context, package, page.index(at))
            at = page.data.find(needle, at + len(needle))


def _row(page: Page, context: Context, package: str, index: int) -> None:
    line = page.line(index)
    if found := _ROW.match(line):
        context.apps.learn(package, None)
        if int(found[1]) == 0:  # the phone's owner; other users' copies are other apps
            context.notes.state("app.standby_bucket", int(found[2]), page, index, package)
    elif found := _EVENT.match(line):
        context.apps.learn(package, None)
        when = context.clock.read(found[1])
        context.notes.event("app.standby_bucket", int(found[2]), page, index, when, package)
    elif found := _OLD_ROW.match(line):
        context.apps.learn(package, None)
        context.notes.state("app.idle", found[1] == b"y", page, index, package)
