"""Switches a person can flip: ``dumpsys settings`` (rows) and ``settings list`` (``key=value``)."""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_NAMES = rb"(airplane_mode_on|auto_time|bluetooth_on|location_mode|low_power)"
_ROW = re.compile(rb"(?m)^[ \t]*_id:\d+ name:" + _NAMES + rb" (?:pkg:\S* )?value:(\S*)")
_PROVIDERS = (
    re.compile(rb"(?m)^[ \t]*_id:\d+ name:location_providers_allowed (?:pkg:\S* )?value:(?!null\b)([\w,]*)"),
    re.compile(rb"(?m)^location_providers_allowed=(?!null\b)([\w,]*)"),
)
_LISTED = re.compile(rb"(?m)^" + _NAMES + rb"=([^\s]*)")


def read(page: Page, context: Context) -> None:
    """State what was set: airplane mode, battery saver, location, automatic time, and ``bluetooth.adapter``.

    The setting only says what Bluetooth should be: it is left out where Bluetooth itself was asked. Up to 9 there is
    no location mode, and the list of location providers, empty or not, stands for it.
    """
    seen: set[str] = set()
    for form in (_ROW, _LISTED):
        for found in form.finditer(page.data):
            name, value = text(found[1]), text(found[2])
            if name not in seen and value.isascii() and value.isdigit() and len(value) < 10:
                seen.add(name)
                _state(page, context, name, int(value), page.index(found.start(1)))
    for form in _PROVIDERS:
        if (providers := form.search(page.data)) is not None and not context.notes.has("phone.location"):
            context.notes.state("phone.location", providers[1] != b"", page, page.index(providers.start()))


def _state(page: Page, context: Context, name: str, value: int, index: int) -> None:
    notes = context.notes
    if name == "airplane_mode_on":
        notes.state("phone.airplane_mode", value == 1, page, index)
    elif name == "auto_time":
        notes.state("phone.automatic_time", value == 1, page, index)
    elif name == "low_power":
        notes.state("power.battery_saver", value == 1, page, index)
    elif name == "location_mode":
        notes.state("phone.location", value != 0, page, index)
    elif not context.bluetooth_asked:
        notes.state("bluetooth.adapter", "off" if value == 0 else "on", page, index)
