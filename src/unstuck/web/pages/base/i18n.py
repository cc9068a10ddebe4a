"""Texts in a person's language, through gettext. Numbers and texts enter, words leave.

Every text of the pages is English in the code and goes through :meth:`Words.gettext` (in templates ``_``) or
``ngettext``. Texts that are named in one place and shown in another are marked with :func:`noop` where they are named.
``python -m tools.catalogue`` collects them. Values are put in by name: ``_("Hello %(name)s", name=...)``.
"""

import gettext
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

DOMAIN = "unstuck"
LOCALE = Path(__file__).parents[1] / "locale"
SOURCE_LANGUAGE = "en"

_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "nl": "Nederlands"}
"""Languages by their own names; one is offered once its catalogue is there."""
_THOUSANDS = {"de": ".", "fr": "\u202f", "es": ".", "nl": "."}
"""What stands between thousands; a comma in English (Unicode CLDR)."""
_DECIMALS = {"de": ",", "fr": ",", "es": ",", "nl": ","}
_MOST_WANTED = 20
"""Languages read from a header: browsers send at most a handful."""


def noop(text: str) -> str:
    """The text itself: marks it for the catalogue where it is not shown at once."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: str
    catalogue: gettext.NullTranslations

    def gettext(self, message: str, /, **values: object) -> Markup:
        """The text with the values in it, which are escaped."""
        return Markup(self.catalogue.gettext(message)) % values

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> Markup:
        """The text that fits the number, which is ``%(n)s`` in it."""
        return Markup(self.catalogue.ngettext(one, many, number)) % {"n": self.number(number), **values}

    def number(self, number: float, decimals: int = 0) -> str:
        """As people of this language write it."""
        plain = f"{number:,.{decimals}f}"
        thousands, decimal = _THOUSANDS.get(self.language, ","), _DECIMALS.get(self.language, ".")
        return plain.replace(",", "\0").replace(".", decimal).replace("\0", thousands)

    def told(self, text: str) -> Markup:
        """A text of another package, such as the agent's, if the catalogue has it; no values are put in."""
        return Markup(escape(self.catalogue.gettext(text))) if text else Markup("")


@cache
def words_of(language: str) -> Words:
    """The words of a language; what its catalogue has not is English."""
    found = gettext.translation(DOMAIN, LOCALE, languages=[language], fallback=True)
    return Words(language, found)


@cache
def languages() -> dict[str, str]:
    """Languages there is a catalogue for, with their own names; English first."""
    there = {path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")}
    return {tag: name for tag, name in _NAMES.items() if tag == SOURCE_LANGUAGE or tag in there}


def wanted(accept_language: str) -> list[str]:
    """The tags of an Accept-Language header (RFC 9110, 12.5.4), the best first; what has not that form is left out."""
    found: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:_MOST_WANTED]:
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if tag and quality > 0:
            found.append((quality, tag.strip()))
    return [tag for _, tag in sorted(found, key=lambda pair: -pair[0])]


def choose(chosen: str, tags: Sequence[str]) -> str:
    """The language: what the account chose, else the first the browser wants and we have, else English."""
    have = languages()
    for tag in (chosen, *tags):
        language = tag.split("-")[0].lower()
        if language in have:
            return language
    return SOURCE_LANGUAGE
