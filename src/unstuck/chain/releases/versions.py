"""Versions of agents and of firmware: which is older."""

import re

_FORM = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")


def read(text: str | None) -> tuple[int, int, int] | None:
    """Major, minor and patch of ``1.2.3`` and of ``1.2.3rc1``; None for anything else."""
    found = _FORM.match(text or "")
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def is_exact(text: str) -> bool:
    """Whether it is major, minor and patch in their one form: no addition, no leading zero."""
    numbers = read(text)
    return numbers is not None and text == ".".join(map(str, numbers))


def is_too_old(given: str | None, minimum: str) -> bool:
    """Whether a version is older than the minimum. Who does not say is older, when there is a minimum."""
    least = read(minimum)
    if least is None:
        return False
    version = read(given)
    return version is None or version < least
