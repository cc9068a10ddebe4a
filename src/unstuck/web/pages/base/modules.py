"""Scripts of /phone, under an address that names all of them: no page runs halves of two versions."""

import hashlib
from functools import cache
from importlib.resources import files

from unstuck.web.pages.base.assets import Assets, asset

FOLDER = "phone"


@cache
def modules() -> Assets:
    """Every module by its file name."""
    found = files("unstuck.web.pages").joinpath("static", FOLDER).iterdir()
    return Assets({one.name: asset(one.name, one.read_bytes()) for one in sorted(found, key=lambda one: one.name)})


def version() -> str:
    """Changes when any of them does."""
    return modules().version


def address(name: str) -> str:
    """Where a page finds a module; what it imports is beside it."""
    if name not in modules().names():
        raise KeyError(name)
    return f"/static/{FOLDER}/{version()}/{name}"


def digest_of(*texts: str) -> str:
    """Short and the same for the same texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
