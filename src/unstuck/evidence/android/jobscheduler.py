"""Scheduled jobs and what holds them back: ``dumpsys jobscheduler``."""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text
from unstuck.evidence.android.usagestats import BUCKETS

_JOB = b"\n  JOB #"
_HEAD = re.compile(rb"  JOB #\S+ [0-9a-f]+ (\S+)")
_SOURCE = re.compile(rb"(?m)^ +Source: .*\bpkg=([\w.]+)")
_UNSATISFIED = re.compile(rb"(?m)^ +Unsatisfied constraints:([^\[\r\n]*)")
_READY = re.compile(rb"(?m)^ +Ready: (true|false)\b")
_BUCKET = re.compile(rb"(?m)^ +Standby bucket: (\w+)")


def read(page: Page, context: Context) -> None:
    """State ``app.job`` and the bucket the scheduler believes in, for the apps of interest."""
    data = b"\n" + page.data
    at = data.find(_JOB)
    while at >= 0:
        after = data.find(_JOB, at + 1)
        _job(page, context, at, (len(data) if after < 0 else after) - 1)
        at = after


def _job(page: Page, context: Context, start: int, end: int) -> None:
    """Offsets are those of the page: the newline put in front makes up for the one skipped."""
    head = _HEAD.match(page.data, start, end)
    if head is None:
        return
    source = _SOURCE.search(page.data, start, end)
    owner = text(head[1]).partition("/")[0].rpartition("@")[2].rpartition(":")[2]
    package = text(source[1]) if source else owner
    if package not in context.apps.packages:
        package = owner
    if package not in context.apps.packages:
        return
    context.apps.learn(package, None)
    ready, unmet = _READY.search(page.data, start, end), _UNSATISFIED.search(page.data, start, end)
    index = page.index((unmet or ready or head).end())
    value = {
        "name": text(head[1]),
        "ready": None if ready is None else ready[1] == b"true",
        "unsatisfied": ",".join(text(unmet[1]).split()) if unmet else "",
    }
    context.notes.state("app.job", value, page, index, package)
    bucket = _BUCKET.search(page.data, start, end)
    if context.notes.has("app.standby_bucket", package):
        return  # the usage statistics are where buckets are kept
    if bucket is not None and (number := BUCKETS.get(text(bucket[1]))) is not None:
        context.notes.state("app.standby_bucket", number, page, page.index(bucket.start(1)), package)
