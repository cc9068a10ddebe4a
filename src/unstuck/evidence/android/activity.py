"""Why processes ended (``dumpsys activity exit-info``, Android 11 and later) and hibernation (13 and later)."""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text
from unstuck.model.evidence import Scalar

_EXITS = b"ACTIVITY MANAGER PROCESS EXIT INFO"
_PART = re.compile(rb"(?m)^[ \t]*ACTIVITY MANAGER ")
_PACKAGE = re.compile(rb"(?m)^[ \t]*package: ([\w.]+)[ \t]*\r?$")
_EXIT = re.compile(
    rb"timestamp=(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\s[^#]*?"
    rb"\bprocess=(\S+)\s+reason=(\d{1,4}) \(([^)\n]{0,80})\)(?:\s+subreason=\d{1,4} \(([^)\n]{0,80})\))?"
)
_HIBERNATED = re.compile(rb"UserLevelState\{packageName='([\w.]+)', hibernated=(true|false)'?")


def read(page: Page, context: Context) -> None:
    """State ``app.exit`` for the apps of interest."""
    at = page.data.find(_EXITS)
    if at < 0:
        return
    stop = _PART.search(page.data, at + len(_EXITS))
    end = stop.start() if stop else len(page.data)
    headings = [(found.start(), text(found[1])) for found in _PACKAGE.finditer(page.data, at, end)]
    for number, (start, package) in enumerate(headings):
        if package not in context.apps.packages:
            continue
        block_end = headings[number + 1][0] if number + 1 < len(headings) else end
        for found in _EXIT.finditer(page.data, start, block_end):
            value: dict[str, Scalar] = {
                "reason": int(found[3]),
                "reason_text": text(found[4]),
                "subreason_text": text(found[5] or b""),
            }
            when = context.clock.read(found[1])
            context.notes.event("app.exit", value, page, page.index(found.start(3)), when, package)


def read_hibernation(page: Page, context: Context) -> None:
    """State ``app.hibernated`` of ``dumpsys app_hibernation``; the stray quote is really printed."""
    for found in _HIBERNATED.finditer(page.data):
        if (package := text(found[1])) in context.apps.packages:
            hibernated = found[2] == b"true"
            context.notes.state("app.hibernated", hibernated, page, page.index(found.start(1)), package)
