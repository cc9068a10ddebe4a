"""App operations: ``dumpsys appops`` per package and per user id, and ``cmd appops get PACKAGE``.

A restriction can stand under the package or under its user id alone, so both are read. Up to 8.1 modes
are numbers. An operation without a row is at its default.
"""

import re

from unstuck.evidence.android.apps import parse_uid
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

OPERATIONS = frozenset(
    {
        "RUN_IN_BACKGROUND",
        "RUN_ANY_IN_BACKGROUND",
        "START_FOREGROUND",
        "BLUETOOTH_CONNECT",
        "BLUETOOTH_SCAN",
        "BLUETOOTH_ADVERTISE",
        "FINE_LOCATION",
        "COARSE_LOCATION",
        "POST_NOTIFICATION",
        "WAKE_LOCK",
        "SCHEDULE_EXACT_ALARM",
        "AUTO_REVOKE_PERMISSIONS_IF_UNUSED",
    }
)
"""Operations that decide whether a companion app can work in the background."""

_BACKGROUND = "RUN_ANY_IN_BACKGROUND"
_BACKGROUND_OPERATIONS = frozenset({"RUN_IN_BACKGROUND", _BACKGROUND})
"""Up to 8.1 there is only the first."""

_MODES = {"0": "allow", "1": "ignore", "2": "deny", "3": "default", "4": "foreground", "errored": "deny"}

_BLOCKS_LIMIT = 20
"""A package has one block for each user of the phone."""

_IN_PACKAGE = re.compile(rb"      (\w+) \((\w+)")
_NUMBERED = re.compile(rb"      (\w+): mode=(\w+)")
_USER = re.compile(rb"  Uid (\w+):")
_PACKAGE = re.compile(rb"    Package ([\w.]+):")
_PRINTED = re.compile(rb"(Uid mode: )?([A-Z][A-Z0-9_]+): (?:mode=)?(allow|ignore|deny|default|foreground|\d)\b")
_NONE = re.compile(rb"No operations\.")
_DEFAULT = re.compile(rb"Default mode: (\w+)")


def read(page: Page, context: Context) -> None:
    """State ``app.op`` for the apps of interest in ``dumpsys appops``."""
    users: set[tuple[str, int]] = set()
    for package in context.apps.sought():
        needle = b"\n    Package " + package.encode() + b":"
        at = page.data.find(needle)
        for _ in range(_BLOCKS_LIMIT):
            if at < 0:
                break
            heading = page.index(at + 1)
            _block(page, context, package, heading)
            user = page.data.rfind(b"\n  Uid ", 0, at)
            if user >= 0 and (package, user) not in users:
                users.add((package, user))
                _of_user(page, context, package, page.index(user + 1), heading)
            at = page.data.find(needle, at + len(needle))


def _block(page: Page, context: Context, package: str, heading: int) -> None:
    background = False
    for index in range(heading + 1, len(page.starts)):
        line = page.line(index)
        if _PACKAGE.match(line) or _USER.match(line) or not line.startswith(b"    "):
            break
        found = _IN_PACKAGE.match(line) or _NUMBERED.match(line)
        if found and text(found[1]) in OPERATIONS:
            _state(page, context, package, index, text(found[1]), text(found[2]), "package")
            background |= text(found[1]) in _BACKGROUND_OPERATIONS
    if not background:
        _state(page, context, package, heading, _BACKGROUND, "default", "package")


def _of_user(page: Page, context: Context, package: str, first: int, heading: int) -> None:
    """Rows between the user id's own heading and the first package under it."""
    user = _USER.match(page.line(first))
    context.apps.learn(package, parse_uid(text(user[1])) if user else None)
    for index in range(first + 1, heading):
        line = page.line(index)
        if _PACKAGE.match(line):
            break
        if (found := _NUMBERED.match(line)) and text(found[1]) in OPERATIONS:
            _state(page, context, package, index, text(found[1]), text(found[2]), "uid")


def read_printed(page: Page, context: Context) -> None:
    """State ``app.op`` of ``cmd appops get``; it does not print whose they are."""
    package = context.apps.only
    if not package:
        context.problems.append(
            f"{context.path}: does not say which app its operations belong to; give --app with the app's package."
        )
    empty = False
    for index, line in page.lines():
        if found := _PRINTED.match(line):
            if text(found[2]) in OPERATIONS:
                level = "uid" if found[1] else "package"
                _state(page, context, package, index, text(found[2]), text(found[3]), level)
        elif _NONE.match(line):
            empty = True
        elif empty and (found := _DEFAULT.match(line)):
            _state(page, context, package, index, _BACKGROUND, text(found[1]), "package")


def _state(page: Page, context: Context, package: str, index: int, operation: str, mode: str, level: str) -> None:
    value = {"op": operation, "mode": _MODES.get(mode, mode), "level": level}
    context.notes.state("app.op", value, page, index, package)
