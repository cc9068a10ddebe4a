"""Templates that are safe against names made to harm: all is escaped, control and direction characters are gone."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from unstuck.doctor.telling import wording


def templates(package: str) -> Environment:
    """Templates of a package, by their path in it."""
    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalized(value: object) -> object:
    return wording.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
