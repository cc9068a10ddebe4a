"""Lines that nobody understood: only words that cannot be anybody's stay, all others become an ellipsis.

Redaction knows identifiers by shape and context. In lines beside a proof neither is known, so here it is the other way
round: what is not listed goes.
"""

import re
from collections.abc import Iterator
from functools import cache

from unstuck.doctor.knowledge.loader import load

LONGEST_NUMBER = 4
"""Digits of a number that may stay: times, counts, states. Longer ones may be somebody's."""
MASK = "…"

_WORD = re.compile(r"[^\W_]+")
_OF_SYSTEMS = frozenset(
    (
        "active", "address", "allow", "am", "android", "background", "battery", "ble", "bluetooth", "bond",
        "bucket", "cached", "client", "clients", "com", "connected", "deep", "default", "deny", "device",
        "died", "disabled", "disconnected", "doze", "dual", "due", "enabled", "error", "event", "exempt",
        "false", "fitbit", "foreground", "gatt", "google", "health", "id", "idle", "ignore", "job", "jobs",
        "kill", "killed", "le", "level", "light", "low", "manager", "mobile", "mobileapp", "mode", "name",
        "network", "off", "on", "package", "packages", "pid", "pids", "plugged", "power", "proc", "process",
        "ready", "reason", "restrict", "saver", "screen", "service", "services", "settings", "standby",
        "start", "started", "state", "status", "stopped", "system", "time", "true", "uid", "user", "version",
        "whitelist", "wifi",
    )
)  # fmt: skip
"""Words of Android's own reports."""


def masked(line: str) -> str:
    """The line with every word that is not listed, and every long number, replaced."""
    return _WORD.sub(lambda match: match[0] if _may_stay(match[0]) else MASK, line)


def _may_stay(word: str) -> bool:
    return len(word) <= LONGEST_NUMBER if word.isdecimal() else word.casefold() in _vocabulary()


@cache
def _vocabulary() -> frozenset[str]:
    """Words in small letters that our own texts use, and those of systems."""
    return _OF_SYSTEMS | {
        word for text in _texts() for word in _WORD.findall(text) if word.isascii() and word.islower()
    }


def _texts() -> Iterator[str]:
    knowledge = load()
    for cause in knowledge.causes.values():
        yield from (cause.title, cause.explanation, cause.how_to_check)
    for finding in knowledge.findings.values():
        yield from (finding.id, finding.says, finding.explanation)
    for fix in knowledge.fixes.values():
        yield from (fix.id, fix.title, fix.explanation, fix.harm)
