"""Names of devices: which part is a product and which part is somebody's.

A name enters (``Ann's Inspire 3``), the product in it leaves (``Inspire 3``). Products are listed, not
guessed: whatever is not known to be a product counts as personal.
"""

import re
import tomllib
from importlib.resources import files

_LISTED = tomllib.loads(files("unstuck.doctor.privacy").joinpath("products.toml").read_text("utf-8"))
_VENDORS: list[str] = _LISTED["makers"]
_MODELS: list[str] = _LISTED["models"]

_GENERIC = (
    "phone|tracker|watch|smart ?watch|band|wrist ?band|tablet|laptop|notebook|pc|buds|ear ?buds|headphones|headset|"
    "speaker|car|scale|keyboard|mouse|tv|le|ble|bluetooth|device|unknown"
)
_MAKER = "(?:" + "|".join(_VENDORS) + ")"
_MODEL = f"(?:{_MAKER} )*(?:{'|'.join(_MODELS)})"
_END = r"(?![^\W_]|\.\d)"
_NAME = r"[^\W\d_a-z][\w.-]*"
"""A word that begins with a capital."""

_PRODUCT = re.compile(
    rf"(?i)(?:{_MAKER}|{'|'.join(_MODELS)}|{_GENERIC}|one|zip|ultra|force|air)"
    rf"(?:[ _-]+(?:{_MAKER}|{'|'.join(_MODELS)}|{_GENERIC}))*"
)
_MODEL_INSIDE = re.compile(rf"(?i)(?<![^\W_]){_MODEL}{_END}")
_NOBODY = "|".join(
    ("the", "a", "an", "this", "that", "your", "my", "its", "each", "every", "android", "unstuck", *_VENDORS)
)

OWNED = (
    re.compile(
        rf"(?<![\w'’])(?!(?i:{_NOBODY})['’`´])(?P<owner>{_NAME}(?: {_NAME}){{0,2}})(?:['’`´]s|['’`´])"
        rf" (?:(?i:{_MODEL}|{_MAKER}|phone|tracker|watch|band|tablet|laptop|headphones|buds)){_END}"
    ),
    re.compile(rf"(?<![\w])(?i:{_MODEL}) (?:von|de|di|van|av) (?P<owner>{_NAME})"),
)
"""A product with its owner in running text: ``Ann's Inspire 3``, ``iPhone de Ann``."""


def is_product(name: str) -> bool:
    """Whether a device's name says only what it is, not whose; also when it says nothing."""
    return not name.strip() or _PRODUCT.fullmatch(name.strip()) is not None


def product_in(name: str) -> str:
    """The longest known product in a device's name, as written there; empty where there is none."""
    return max((match[0] for match in _MODEL_INSIDE.finditer(name)), key=len, default="")


def owner_in(name: str) -> str:
    """Whose device it is by its name, where that is plain to see; else empty."""
    return next((match["owner"] for owned in OWNED for match in owned.finditer(name)), "")
