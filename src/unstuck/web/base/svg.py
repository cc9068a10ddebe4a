"""SVG elements as safe markup: every attribute and text is escaped, nothing else can get in."""

from collections.abc import Iterable

from markupsafe import Markup, escape

Attribute = str | int | float


def element(name: str, *children: Markup | str, **attributes: Attribute) -> Markup:
    """One element. ``class_`` is written ``class``, ``text_anchor`` is written ``text-anchor``.

    Plain strings among the children are text and are escaped. Numbers are written with one decimal.
    """
    words = "".join(f' {_name(key)}="{_written(value)}"' for key, value in attributes.items())
    if not children:
        return Markup(f"<{name}{words}/>")
    return Markup(f"<{name}{words}>") + joined(children) + Markup(f"</{name}>")


def joined(parts: Iterable[Markup | str]) -> Markup:
    """Parts one after another; plain strings are escaped."""
    return Markup("").join(parts)


def _name(key: str) -> str:
    return _IN_CAMEL_CASE.get(key) or key.rstrip("_").replace("_", "-")


_IN_CAMEL_CASE = {"view_box": "viewBox", "pattern_units": "patternUnits"}
"""Attributes that SVG does not write with hyphens."""


def _written(value: Attribute) -> Markup:
    return escape(f"{value:.1f}".removesuffix(".0")) if isinstance(value, float) else escape(value)
