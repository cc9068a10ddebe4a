"""The rules that every page begins with: the tokens of both schemes, then type, space and the chain."""

from importlib.resources import files

from unstuck.web.base.tokens import DARK, LIGHT, custom_properties


def rules(package: str, name: str) -> str:
    """A style sheet of a package as text."""
    return files(package).joinpath(name).read_text("utf-8")


def style_sheet(*more: str) -> str:
    """Tokens, common rules, then these. The scheme is the system's unless ``<html data-theme>`` names one."""
    light, dark = custom_properties(LIGHT), custom_properties(DARK)
    schemes = (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}\n"
        ":root[data-theme=light]{color-scheme:light}\n"
    )
    return "\n" + schemes + rules("unstuck.web.base", "base.css") + "".join(more)
