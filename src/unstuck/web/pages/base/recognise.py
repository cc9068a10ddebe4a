"""Sentences that lost how they were put together: kept in a file or a database as English, and found again here.

A case file and a journal hold the doctor's sentences as plain text. To say them in another language, the text is laid
beside the templates of the catalogue: what fits one is that template, and what stands in its places are its values.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from unstuck.model.worded import Worded, counted, joined, worded

_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\d{1,3}(,\d{3})+")
_LETTERS_LEAST = 5
"""Of its own that a template must have: ``{place} {number}`` would fit anything."""
_DEEPEST = 3
"""Values are sentences themselves at times, and theirs; deeper than that none is nested."""
_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?: (\d{4}))?"
    r"(?: (\d\d:\d\d))?"
)
_SENTENCE = re.compile(r"(?<=[.!?]) ")


@dataclass(frozen=True, slots=True)
class _Template:
    text: str
    pattern: re.Pattern[str]
    of_one: bool
    """It is the form for one of a text that has another for several."""


class Recogniser:
    """Of one catalogue. ``of_one``: those of its messages that have another form for several. ``has``: whether it has
    a message as it stands.
    """

    def __init__(self, messages: Iterable[str], of_one: Iterable[str], has: Callable[[str], bool]) -> None:
        kinds = {**dict.fromkeys(messages, False), **dict.fromkeys(of_one, True)}
        usable = (one for one in kinds if _PLACE.search(one) and len(_own_letters(one)) >= _LETTERS_LEAST)
        # The one with the most words of its own first: it says the most.
        order = sorted(usable, key=lambda one: (-len(_own_letters(one)), one))
        self._templates: Sequence[_Template] = [_Template(one, _pattern(one), kinds[one]) for one in order]
        self._has = has

    def find(self, text: str) -> str:
        """The text as a sentence that can be said in another language; the text itself where it is none."""
        return self._found(text, _DEEPEST) or text

    def _found(self, text: str, depth: int) -> Worded | None:
        if not text or not depth or "{" in text:
            return None
        if self._has(text):
            return worded(text)
        if date := _DATE.fullmatch(text):
            return _dated(date)
        sentences = _SENTENCE.split(text)
        parts = [self._found(one, depth - 1) for one in sentences] if len(sentences) > 1 else []
        if parts and all(parts):
            whole = joined([one for one in parts if one is not None])
            return whole if isinstance(whole, Worded) else None
        for template in self._templates:
            match = template.pattern.fullmatch(text)
            if match is not None and not (template.of_one and match.groupdict().get("n") != "1"):
                places = match.groupdict().items()
                values = {name: self._found(value, depth - 1) or _value(value) for name, value in places}
                if template.of_one:
                    return counted(template.text, template.text, 1, **{**values, "n": 1})
                return worded(template.text, **values)
        return None


def _dated(found: re.Match[str]) -> Worded | None:
    """As doctor/telling/wording.py puts a date together."""
    weekday, day, month, year, time = found.groups()
    parts = {"weekday": worded(weekday), "day": day, "month": worded(month)}
    if year:
        date = worded("{weekday} {day} {month} {year}", **parts, year=year)
    else:
        date = worded("{weekday} {day} {month}", **parts)
    whole = joined([date, time or ""])
    return whole if isinstance(whole, Worded) else None


def _value(text: str) -> str | int:
    return int(text.replace(",", "")) if _NUMBER.fullmatch(text) else text


def _own_letters(template: str) -> str:
    return "".join(filter(str.isalpha, _PLACE.sub("", template)))


def _pattern(template: str) -> re.Pattern[str]:
    parts, seen, at = [], set[str](), 0
    for place in _PLACE.finditer(template):
        parts.append(re.escape(template[at : place.start()]))
        parts.append(f"(?P={place[1]})" if place[1] in seen else f"(?P<{place[1]}>.+?)")
        seen.add(place[1])
        at = place.end()
    return re.compile("".join([*parts, re.escape(template[at:])]))
