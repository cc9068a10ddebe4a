"""Which devices of a trace the person means: an address, a masked address, or part of a name.

Android 14 and later print the addresses of devices masked, as ``XX:XX:XX:XX:00:01``; a person copies what they see.
"""

import re
from collections.abc import Iterable, Mapping

ADDRESS = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_MASKED = re.compile(r"(?:xx:){1,5}[0-9a-f]{2}(?::[0-9a-f]{2}){0,4}")
_COLONS = 5
"""Colons between the six bytes of an address."""
_MOST_BEHIND_A_MASK = 16
"""Devices one visible tail may stand for; two bytes are rarely shared, and more would be a hostile trace."""


def wanted(tracker: str, seen: Iterable[str], names: Mapping[str, str]) -> frozenset[str]:
    """Addresses that ``tracker`` names: itself, those in ``seen`` that end like a masked one, or those so called."""
    asked = tracker.strip().lower()
    if not asked:
        return frozenset()
    found = {address for address, name in names.items() if asked in name.lower()}
    if ADDRESS.fullmatch(asked):
        found.add(asked)
    elif asked.count(":") == _COLONS and _MASKED.fullmatch(asked):
        tail = asked[asked.rindex("xx") + len("xx") :]
        found.update(sorted(one for one in {*seen, *names} if one.endswith(tail))[:_MOST_BEHIND_A_MASK])
    return frozenset(found)
