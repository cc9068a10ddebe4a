"""What the system kept of crashes and boots: the list that ``dumpsys dropbox`` prints."""

import re
from datetime import datetime

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_ENTRY = re.compile(
    rb"(?m)^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (SYSTEM_BOOT|data_app_crash|data_app_native_crash|system_app_crash)\b"
    rb"[^\n]*\n[ \t]+([^\r\n]{0,400})"
)
_PROCESS = re.compile(rb"Process: ([\w.:]+)")
_BUILD = re.compile(rb"Build: (\S{12,}?)(?: \.\.\.)?$")


def read(page: Page, context: Context) -> None:
    """State ``app.crashed`` for the apps of interest and ``phone.system_updated`` (inferred)."""
    before: bytes | None = None
    updated: tuple[int, datetime] | None = None
    for found in _ENTRY.finditer(page.data):
        when = context.clock.read(found[1])
        index = page.index(found.start())
        if found[2] == b"SYSTEM_BOOT":
            if (build := _BUILD.search(found[3])) is not None:
                if before is not None and not _same(before, build[1]) and when is not None:
                    updated = index, when
                before = build[1]
        elif (process := _PROCESS.match(found[3])) and (package := context.apps.of_process(text(process[1]))):
            context.notes.event("app.crashed", {"exception": ""}, page, index, when, package)
    if updated is not None:
        index, when = updated
        note = "inferred from the first boot that names another build: "
        context.notes.event("phone.system_updated", when.isoformat(), page, index, when, note=note)


def _same(one: bytes, other: bytes) -> bool:
    """The list shortens long names, so a beginning is enough."""
    return one.startswith(other) or other.startswith(one)
