"""Texts in a person's language, through gettext. Numbers and texts enter, words leave.

Every text of the pages is English in the code and goes through :meth:`Words.gettext` (in templates ``_``) or
``ngettext``. Texts that are named in one place and shown in another are marked with :func:`noop` where they are named.
``make messages`` collects them. Values are put in by name: ``_("Hello %(name)s", name=...)``.
"""

import gettext
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from unstuck.doctor.telling.wording import clean
from unstuck.model import worded
from unstuck.model.worded import Worded
from unstuck.web.pages.base.recognise import Recogniser

DOMAIN = "unstuck"
LOCALE = Path(__file__).parents[1] / "locale"
SOURCE_LANGUAGE = "en"

_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "nl": "Nederlands"}
"""Languages by their own names; one is offered once its catalogue is there."""
_THOUSANDS = {"de": ".", "fr": "\u202f", "es": ".", "nl": "."}
"""What stands between thousands; a comma in English (Unicode CLDR)."""
_DECIMALS = {"de": ",", "fr": ",", "es": ",", "nl": ","}
_COMMAND = re.compile(r" \(unstuck [^()]*\)|: unstuck explain \w+|; (?:run )?&#39;unstuck .*?&#39;[^.]*")
"""How a command stands at the end of a text of the knowledge or of an error, escaped."""
_MOST_WANTED = 20
"""Languages read from a header: browsers send at most a handful."""


def noop(text: str) -> str:
    """The text itself: marks it for the catalogue where it is not shown at once."""
    return text


def _without_command(found: re.Match[str]) -> str:
    """A sentence that ended in a command ends before it."""
    return "." if found[0].startswith(":") else ""


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: str
    catalogue: gettext.NullTranslations

    def gettext(self, message: str, /, **values: object) -> Markup:
        """The text with the values in it, which are escaped."""
        return Markup(self.catalogue.gettext(message)) % self._in_words(values)

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> Markup:
        """The text that fits the number, which is ``%(n)s`` in it."""
        found = self.catalogue.ngettext(one, many, number)
        return Markup(found) % {"n": self.number(number), **self._in_words(values)}

    def number(self, number: float, decimals: int = 0) -> str:
        """As people of this language write it."""
        plain = f"{number:,.{decimals}f}"
        thousands, decimal = _THOUSANDS.get(self.language, ","), _DECIMALS.get(self.language, ".")
        return plain.replace(",", "\0").replace(".", decimal).replace("\0", thousands)

    def told(self, text: str) -> Markup:
        """A text of another package, such as the doctor's, with what is worded in it.

        What the catalogue has not stays English.
        """
        return Markup(escape(clean(self.plain(text))))

    def marked(self, text: str) -> Markup:
        """The same for the body of a page: what stays English says so, for who listens to it.

        What the knowledge says to type into a terminal is left out: whoever reads a page has the page.
        """
        text = self._whole(text)
        shown = Markup(_COMMAND.sub(_without_command, self.told(text)))
        if not text or self.language == SOURCE_LANGUAGE or worded.is_known(text, self.knows):
            return shown
        return Markup('<span lang="en">%s</span>') % shown

    def plain(self, text: str) -> str:
        """The same as text that is not escaped, for scripts and files."""
        text = self._whole(text)
        return worded.said(text, _Spoken(self.catalogue.gettext, self.catalogue.ngettext, self.number)) if text else ""

    def _whole(self, text: str) -> str:
        """A sentence that was kept as plain English, with how it was made."""
        if isinstance(text, Worded) or self.language == SOURCE_LANGUAGE or not text or self.knows(text):
            return text
        return _recogniser(self.language).find(text)

    def knows(self, message: str, plural: str = "") -> bool:
        """Whether the catalogue has it. A pair is asked for as one: gettext finds its singular alone only in newer
        Pythons (not in 3.11.2)."""
        found = self.catalogue.ngettext(message, plural, 1) if plural else self.catalogue.gettext(message)
        return not isinstance(found, _Untold)

    def _in_words(self, values: Mapping[str, object]) -> Mapping[str, object]:
        """Values that are worded in this language."""
        return {name: self.told(one) if isinstance(one, Worded) else one for name, one in values.items()}


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A language as sentences ask for it."""

    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]
    number: Callable[..., str]


class _Untold(str):
    """A text that the catalogue has not."""


class _English(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return _Untold(message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return _Untold(one if number == 1 else many)


@cache
def words_of(language: str) -> Words:
    """The words of a language; what its catalogue has not is English."""
    found = gettext.translation(DOMAIN, LOCALE, languages=[language], fallback=True)
    found.add_fallback(_English())
    return Words(language, found)


@cache
def _recogniser(language: str) -> Recogniser:
    words = words_of(language)
    # gettext has no public way to list a catalogue; without one nothing is recognised, and English stays English.
    messages = getattr(words.catalogue, "_catalog", {})
    plain = [one for one in messages if isinstance(one, str)]
    return Recogniser(plain, [one[0] for one in messages if isinstance(one, tuple)], words.knows)


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
