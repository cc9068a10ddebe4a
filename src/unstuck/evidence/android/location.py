"""Location on or off: ``dumpsys location`` (10 ``Location Mode:``, 13 and later ``Location Setting:``)."""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page

_SETTING = re.compile(rb"(?m)^[ \t]*Location (?:Setting|Mode): (true|false)\b")


def read(page: Page, context: Context) -> None:
    """State ``phone.location``."""
    if (found := _SETTING.search(page.data)) is not None:
        context.notes.state("phone.location", found[1] == b"true", page, page.index(found.start(1)))
