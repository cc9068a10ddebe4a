"""Cheap cross-checks in ``dumpsys content``, and how the apps' sync adapters fared."""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_FLAG = re.compile(rb"(?m)^[ \t]*(Data connected|Battery saver|Memory low|Storage low): (true|false)\b")
_OUTCOME = re.compile(rb"\b(SUCCESS|FAILURE|Failure \(\d+[^)\n]{0,60}\)|ERROR)")


def read(page: Page, context: Context) -> None:
    """State ``power.battery_saver``, ``phone.storage_low``, ``app.sync``; the network only where nothing says more."""
    notes = context.notes
    for found in _FLAG.finditer(page.data):
        index = page.index(found.start(1))
        flag = found[2] == b"true"
        if found[1] == b"Battery saver":
            notes.state("power.battery_saver", flag, page, index)
        elif found[1] != b"Data connected":
            notes.state("phone.storage_low", flag, page, index)
        elif not notes.has("network.default"):
            value = {"present": flag, "validated": None, "transport": ""}
            notes.state("network.default", value, page, index)
    for package in context.apps.sought():
        at = page.data.find(package.encode())
        while at >= 0:
            index = page.index(at)
            if outcome := _OUTCOME.search(page.line(index)):
                value = {"ok": outcome[1] == b"SUCCESS", "detail": text(outcome[1])}
                notes.state("app.sync", value, page, index, package)
            at = page.data.find(package.encode(), at + len(package))
