"""Who may use the network in the background: ``dumpsys netpolicy``."""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page

_BACKGROUND = re.compile(rb"(?m)^[ \t]*Restrict background: (true|false)\b")
_POWER = re.compile(rb"(?m)^[ \t]*Restrict power: (true|false)\b")
_POLICIES = re.compile(rb"(?m)^[ \t]*Policy for UIDs:")
_POLICY = re.compile(rb"[ \t]*UID=(\d{1,9}) policy=(\w{1,20})(?: \(([\w|]+)\))?")

_REJECT = 1
"""NetworkPolicyManager.POLICY_REJECT_METERED_BACKGROUND."""


def read(page: Page, context: Context) -> None:
    """State ``network.data_saver``, ``network.restrict_power`` and ``network.app_rejected_metered``."""
    for name, form in (("network.data_saver", _BACKGROUND), ("network.restrict_power", _POWER)):
        if (found := form.search(page.data)) is not None:
            context.notes.state(name, found[1] == b"true", page, page.index(found.start(1)))
    heading = _POLICIES.search(page.data)
    if heading is None:
        return
    rows: dict[int, tuple[bool, int]] = {}
    for index in range(page.index(heading.end()) + 1, len(page.starts)):
        found = _POLICY.match(page.line(index))
        if found is None:
            break
        number = found[2].isdigit() and int(found[2]) & _REJECT == _REJECT
        rows.setdefault(int(found[1]), (b"REJECT_METERED_BACKGROUND" in (found[3] or b"") or number, index))
    for uid, package in sorted(context.apps.uids().items()):
        rejected, index = rows.get(uid, (False, page.index(heading.end())))
        context.notes.state("network.app_rejected_metered", rejected, page, index, package)
