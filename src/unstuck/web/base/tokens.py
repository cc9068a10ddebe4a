"""Colours of the report, for light and dark. Every text and its ground have a contrast of at least 4.5 to 1."""

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "paper": "#fcfdfc",
    "surface": "#fcfdfc",
    "ink": "#14201d",
    "muted": "#50605b",
    "line": "#d3dbd8",
    "moving": "#0a6b5c",
    "moving-soft": "#dcefea",
    "broken": "#b0281c",
    "broken-soft": "#fbe6e2",
    "caution": "#7d5200",
    "caution-soft": "#faeed2",
    "still": "#5a6872",
    "still-soft": "#e8edee",
    "bar": "#84919a",
    "other": "#3f5f93",
}
DARK: Mapping[str, str] = {
    "paper": "#121917",
    "surface": "#121917",
    "ink": "#e6edea",
    "muted": "#a2b1ac",
    "line": "#2d3936",
    "moving": "#57c9b1",
    "moving-soft": "#12332c",
    "broken": "#ff9184",
    "broken-soft": "#3c1d19",
    "caution": "#e9b957",
    "caution-soft": "#342910",
    "still": "#9db0b8",
    "still-soft": "#202b2c",
    "bar": "#6a7a82",
    "other": "#94b3ec",
}

TEXT_ON = (
    ("ink", "paper"), ("ink", "surface"), ("ink", "moving-soft"), ("ink", "broken-soft"), ("ink", "caution-soft"),
    ("ink", "still-soft"), ("muted", "paper"), ("muted", "surface"), ("moving", "surface"), ("moving", "paper"),
    ("moving", "moving-soft"), ("broken", "surface"), ("broken", "paper"), ("broken", "broken-soft"),
    ("caution", "surface"), ("caution", "paper"), ("caution", "caution-soft"), ("still", "surface"),
    ("still", "paper"), ("still", "still-soft"), ("muted", "still-soft"), ("muted", "broken-soft"),
)  # fmt: skip
"""Every pair of text and ground the style sheet uses."""

SHAPES_ON = (
    ("moving", "surface"), ("broken", "surface"), ("caution", "surface"), ("still", "surface"), ("other", "surface"),
    ("bar", "surface"),
)  # fmt: skip
"""Pairs of drawn shapes and ground; these need 3 to 1."""


def custom_properties(tokens: Mapping[str, str]) -> str:
    """The tokens as CSS custom properties."""
    return "".join(f"--{name}:{value};" for name, value in tokens.items())


def contrast(one: str, two: str) -> float:
    """Contrast of two ``#rrggbb`` colours as WCAG 2.2 defines it, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
