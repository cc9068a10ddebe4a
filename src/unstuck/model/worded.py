"""Sentences that remember how they were put together, so that they can be said in another language.

A :class:`Worded` is an ordinary English text everywhere: it compares, prints and is written as one. Whoever shows it in
another language calls :func:`said` with that language: the template is translated first, then its parts are put in.
What was put in as a plain text is a name or a quotation and stays as it is; what is words is worded itself.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a sentence; each language writes it its own way."""

    value: float
    decimals: int = 0


Part = str | int | Number


class Language(Protocol):
    """What a language can do. ``number``: as its people write it."""

    def gettext(self, message: str) -> str:
        """The message."""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The form that fits the number."""

    def number(self, number: float, decimals: int = 0) -> str:
        """The number."""


@dataclass(frozen=True, slots=True)
class _Template:
    one: str
    many: str = ""
    number: int = 1
    values: Mapping[str, Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Joined:
    parts: tuple[str, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class _Capital:
    text: str


_How = _Template | _Joined | _Capital


class Worded(str):
    """A text with the way it was made. Cutting or adding to it gives a plain text, which is English for ever."""

    __slots__ = ("how",)
    how: _How

    def __new__(cls, text: str, how: _How) -> "Worded":
        """The English text and how it was made; use :func:`worded` and the others of this module."""
        made = super().__new__(cls, text)
        made.how = how
        return made

    def __str__(self) -> str:
        return self

    def __reduce__(self) -> tuple[type["Worded"], tuple[str, _How]]:
        return Worded, ("".join(self), self.how)


def worded(template: str, /, **values: Part) -> Worded:
    """``worded("Stuck since {since}.", since=...)``. The template is a literal: the catalogue is made from them."""
    return _made(_Template(template, values=values))


def counted(one: str, many: str, number: int, /, **values: Part) -> Worded:
    """The form that fits the number, which is ``{n}`` in it: ``counted("{n} device", "{n} devices", 2)``."""
    return _made(_Template(one, many, number, {"n": number, **values}))


def joined(parts: Iterable[str], separator: str = " ") -> str:
    """The parts that are not empty, one after another."""
    kept = tuple(part for part in parts if part)
    return _made(_Joined(kept, separator)) if kept else ""


def capital(text: str) -> str:
    """The text with a capital first letter, in every language."""
    return _made(_Capital(text)) if isinstance(text, Worded) else text[:1].upper() + text[1:]


def parts_of(text: str) -> tuple[str, ...]:
    """What :func:`joined` joined; else the text alone."""
    return text.how.parts if isinstance(text, Worded) and isinstance(text.how, _Joined) else (text,)


def said(text: str, language: Language) -> str:
    """The text in a language. A plain text is looked up as it is."""
    return _told(text.how, language) if isinstance(text, Worded) else language.gettext(text)


def is_known(text: str, has: Callable[[str, str], bool]) -> bool:
    """Whether every template of the text is in a catalogue; ``has`` says it of one message and its plural, if any.

    Numbers are in all.
    """
    if not isinstance(text, Worded):
        return has(text, "")
    match text.how:
        case _Template(one, many, _, values):
            return has(one, many) and all(is_known(part, has) for part in values.values() if isinstance(part, Worded))
        case _Joined(parts, _):
            return all(is_known(part, has) for part in parts if any(map(str.isalpha, part)))
        case _Capital(inner):
            return is_known(inner, has)


class _English:
    def gettext(self, message: str) -> str:
        return message

    def ngettext(self, one: str, many: str, number: int) -> str:
        return one if number == 1 else many

    def number(self, number: float, decimals: int = 0) -> str:
        return f"{number:,.{decimals}f}"


_ENGLISH = _English()


def _made(how: _How) -> Worded:
    return Worded(_told(how, _ENGLISH), how)


def _told(how: _How, language: Language) -> str:
    match how:
        case _Template(one, many, number, values):
            template = language.ngettext(one, many, number) if many else language.gettext(one)
            return template.format_map({name: _part(part, language) for name, part in values.items()})
        case _Joined(parts, separator):
            return separator.join(said(part, language) for part in parts)
        case _Capital(inner):
            text = said(inner, language)
            return text[:1].upper() + text[1:]


def _part(part: Part, language: Language) -> str:
    if isinstance(part, Number):
        return language.number(part.value, part.decimals)
    if isinstance(part, int):
        return language.number(part)
    return said(part, language) if isinstance(part, Worded) else part
