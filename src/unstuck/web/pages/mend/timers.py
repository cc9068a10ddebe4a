"""Waiting that a step asks for: the words of a step enter, seconds leave. Pure."""

import re

_MOST_S = 6 * 3600
_UNITS = {"second": 1, "minute": 60, "hour": 3600}
_NUMBERS = {"ten": 10, "twenty": 20, "thirty": 30}
_LASTING = re.compile(
    r"\b(?:wait|leave|keep|hold|stay|let)\b[^.;]*?\b(\d{1,3}|ten|twenty|thirty)\s+(second|minute|hour)s?\b", re.I
)


def wait_s(step: str) -> int | None:
    """How long the person is to wait in this step; None: it asks for no waiting.

    Only where the step says to wait, leave, keep or hold: "finds it within 2 minutes" is what to expect.
    """
    found = _LASTING.search(step)
    if found is None:
        return None
    count = _NUMBERS.get(found[1].lower()) or int(found[1])
    return min(_MOST_S, count * _UNITS[found[2].lower()]) or None
