"""Names of accounts and trackers: what is possible, and the one form in which they are compared."""

import re

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9@._+-]{2,63}")
"""Plain ASCII: two names that look alike to a person must be the same name."""

TRACKER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$"
"""A tracker's id: what the tracker says in its status; Bluetooth addresses and our own ids fit."""


def account_name(given: str) -> str | None:
    """The name in lower case without spaces around it, or None when it is not possible."""
    name = given.strip().lower()
    return name if _ACCOUNT.fullmatch(name) else None
