"""Room on the phone: ``dumpsys diskstats`` and ``dumpsys devicestoragemonitor``."""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page

_DATA = re.compile(rb"(?m)^[ \t]*Data-Free: (\d{1,15})K / (\d{1,15})K total = (\d{1,3})% free")
_MONITOR_LOW = re.compile(rb"(?m)^[ \t]+(?:mLowStorage|mLowMemoryFlag|mMemLowFlag)=(true|false)\b")
_MONITOR_LEVEL = re.compile(rb"(?m)^[ \t]+.*\blevel=(NORMAL|LOW|FULL)\b")


def read(page: Page, context: Context) -> None:
    """State ``phone.storage``."""
    if (found := _DATA.search(page.data)) is None:
        return
    free, total = int(found[1]), int(found[2])
    percent = round(100 * free / total, 1) if total else float(int(found[3]))
    value = {"free_bytes": free * 1024, "total_bytes": total * 1024, "free_percent": percent}
    context.notes.state("phone.storage", value, page, page.index(found.start(1)))


def read_monitor(page: Page, context: Context) -> None:
    """State ``phone.storage_low``."""
    if (found := _MONITOR_LOW.search(page.data)) is not None:
        context.notes.state("phone.storage_low", found[1] == b"true", page, page.index(found.start(1)))
    elif (found := _MONITOR_LEVEL.search(page.data)) is not None:
        context.notes.state("phone.storage_low", found[1] != b"NORMAL", page, page.index(found.start(1)))
