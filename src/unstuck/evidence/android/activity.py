"""Why processes ended (``dumpsys activity exit-info``, Android 11 and later) and hibernation (13 and later)."""

import re
from itertools import islice

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text
from unstuck.model.evidence import Scalar

_PACKAGE = re.compile(rb"(?m)^[ \t]*package: ([\w.]+)[ \t]*\r?$")
_STAMP = re.compile(rb"timestamp=(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)")
_EXIT = re.compile(
    rb"\bprocess=\S{1,200}\s+reason=(\d{1,4}) \(([^)\n]{0,80})\)(?:\s+subreason=\d{1,4} \(([^)\n]{0,80})\))?"
)
_EXIT_BYTES = 1_000
"""A record has about 15 short fields; the reason stands in the middle."""
_EXITS_LIMIT = 200
"""Android keeps the last 16 exits of an app."""
_HIBERNATED = re.compile(rb"UserLevelState\{packageName='([\w.]+)', hibernated=(true|false)'?")


def read(page: Page, context: Context) -> None:
    """State ``app.exit`` for the apps of interest."""
    end = len(page.data)
    headings = [(found.start(), text(found[1])) for found in _PACKAGE.finditer(page.data)]
    for number, (start, package) in enumerate(headings):
        if package not in context.apps.packages:
            continue
        block_end = headings[number + 1][0] if number + 1 < len(headings) else end
        for stamp in islice(_STAMP.finditer(page.data, start, block_end), _EXITS_LIMIT):
            found = _EXIT.search(page.data, stamp.end(), min(block_end, stamp.end() + _EXIT_BYTES))
            if found is None:
                continue
            value: dict[str, Scalar] = {
                "reason": int(found[1]),
                "reason_text": text(found[2]),
                "subreason_text": text(found[3] or b""),
            }
            when = context.clock.read(stamp[1])
            context.notes.event("app.exit", value, page, page.index(found.start(1)), when, package)


def read_hibernation(page: Page, context: Context) -> None:
    """State ``app.hibernated`` of ``dumpsys app_hibernation``; the stray quote is really printed."""
    for found in _HIBERNATED.finditer(page.data):
        if (package := text(found[1])) in context.apps.packages:
            hibernated = found[2] == b"true"
            context.notes.state("app.hibernated", hibernated, page, page.index(found.start(1)), package)
