"""JSON that breaks off: its whole values before the break."""

import json
import re

MOST_DEPTH = 64
"""Levels that are followed; a case has 7."""

_TOKEN = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def whole_part(text: str) -> dict[str, object]:
    """The object as far as it is whole: each list and object cut after its last whole value. Empty where none is."""
    closers: list[str] = []
    best, best_closers = 0, ""
    at = 0
    for match in _TOKEN.finditer(text):
        if text[at : match.start()].strip():
            break  # a string that never ends, or a character that no JSON has
        at = match.end()
        token = match[0]
        if token in "{[":
            closers.append("}" if token == "{" else "]")
            if len(closers) > MOST_DEPTH:
                break
        elif token in "}]" and (not closers or closers.pop() != token):
            break
        if token == ",":
            best, best_closers = match.start(), "".join(reversed(closers))
        elif token in "}]" and closers:
            best, best_closers = match.end(), "".join(reversed(closers))
    try:
        found = json.loads(text[:best] + best_closers)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
