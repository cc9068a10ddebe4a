"""Templates that are safe against names made to harm: all is escaped, control and direction characters are gone."""

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from unstuck.doctor.telling import wording
from unstuck.model.worded import Worded


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


@pass_context
def _finalized(context: Context, value: object) -> object:
    """``in_words``, where the page has one, says a sentence in its language."""
    if isinstance(value, Worded) and "in_words" in context:
        value = context["in_words"](value)
    return wording.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
