"""Battery saver and battery level: ``dumpsys power`` and ``dumpsys battery``.

Before 9 ``mLowPowerModeEnabled``, from 9 a block ``Battery saver state machine:``. A field that only
holds the letters mBatterySaver is never taken for the state: the policy block is full of them.
"""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_OLD = re.compile(rb"(?m)^ +mLowPowerModeEnabled=(true|false)\b")
_MACHINE = re.compile(rb"(?m)^ *Battery saver state machine:")
_ENABLED = re.compile(rb"(?m)^ +(?:Enabled|full)=(true|false)\b")
_STATISTICS = re.compile(rb"(?m)^ +Battery Saver is currently: (ON|OFF)\b")
_TIMES = re.compile(rb"(?m)^ +Times (?:full )?enabled: (\d{1,9})")
_SWITCHED = re.compile(rb"(?m)^ +Last (ON|OFF) time: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*)")
_LEVEL = re.compile(rb"(?m)^ +mBatteryLevel=(\d{1,3})\b")
_EXEMPT_IDS = re.compile(rb"(?m)^ +mDeviceIdleWhitelist=\[([\d, ]*)\]")
_SERVICE_LEVEL = re.compile(rb"(?m)^ +level: (\d{1,3})\b")
_SERVICE_SCALE = re.compile(rb"(?m)^ +scale: (\d{1,5})\b")

_BLOCK_BYTES = 2_000
"""The state machine's own fields stand in the first lines of its block (about 20 lines)."""


def read(page: Page, context: Context) -> None:
    """State ``power.battery_saver``, its switching, ``phone.battery`` and exemptions by app id."""
    data, notes = page.data, context.notes
    if (found := _OLD.search(data)) is not None:
        notes.state("power.battery_saver", found[1] == b"true", page, page.index(found.start()))
    if (machine := _MACHINE.search(data)) is not None:
        end = machine.end() + _BLOCK_BYTES
        if (found := _ENABLED.search(data, machine.end(), end)) is not None:
            notes.state("power.battery_saver", found[1] == b"true", page, page.index(found.start()))
    if (found := _STATISTICS.search(data)) is not None:
        notes.state("power.battery_saver", found[1] == b"ON", page, page.index(found.start()))
        _switching(page, context, found.end())
    if (found := _LEVEL.search(data)) is not None:
        notes.state("phone.battery", int(found[1]), page, page.index(found.start()))
    if (found := _EXEMPT_IDS.search(data)) is not None:
        _exempt(page, context, text(found[1]), page.index(found.start()))


def _switching(page: Page, context: Context, begin: int) -> None:
    end = begin + _BLOCK_BYTES
    times = [int(found[1]) for found in _TIMES.finditer(page.data, begin, end)]
    if not any(times):
        return  # "Last OFF time" is then only the start of the service
    for found in _SWITCHED.finditer(page.data, begin, end):
        when = context.clock.read(found[2])
        context.notes.event("power.battery_saver_switched", found[1] == b"ON", page, page.index(found.start()), when)


def _exempt(page: Page, context: Context, ids: str, index: int) -> None:
    """The list holds app ids; they mean nothing without the package dump."""
    listed = {int(part) for part in re.findall(r"[0-9]{1,9}", ids)}
    for uid, package in context.apps.uids().items():
        context.notes.state("app.doze_exempt", uid in listed, page, index, package)


def read_battery(page: Page, context: Context) -> None:
    """State ``phone.battery`` of ``dumpsys battery``."""
    level = _SERVICE_LEVEL.search(page.data)
    if level is None:
        return
    scale = _SERVICE_SCALE.search(page.data)
    full = int(scale[1]) if scale else 100
    if full:
        context.notes.state("phone.battery", round(100 * int(level[1]) / full), page, page.index(level.start()))
