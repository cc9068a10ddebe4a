"""Forms of a cause: that links and causes agree about them, and the mean strength over them. Knowledge in and out.

A cause has forms where it shows itself in ways of which one holds at a time (its radio is silent, or it connects and
answers nothing). A link to such a cause has one strength for all of them, or one for each.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from unstuck.doctor.knowledge.rows import invalid
from unstuck.doctor.knowledge.schema import Cause, FindingSpec, Knowledge, Link, Symptom

SHARES_SUM_WITHIN = 1e-6
"""The shares of all forms of a cause add up to 1 as near as decimals do."""

_Sign = TypeVar("_Sign", FindingSpec, Symptom)


def check_forms(knowledge: Knowledge) -> None:
    """Raise KnowledgeError (KNOWLEDGE_INVALID) where shares do not add up, or a link and its cause name other forms."""
    for cause in knowledge.causes.values():
        ids = [form.id for form in cause.forms]
        if len(ids) == 1 or len(set(ids)) != len(ids):
            invalid(f"cause {cause.id} has forms: they must be two or more, each with an id of its own")
        total = math.fsum(form.share for form in cause.forms)
        if ids and abs(total - 1.0) > SHARES_SUM_WITHIN:
            invalid(f"cause {cause.id}: the shares of its forms add up to {total:g}, not to 1")
    for sign in (*knowledge.findings.values(), *knowledge.symptoms.values()):
        for link in sign.links:
            cause_of = knowledge.causes.get(link.cause)
            known = [form.id for form in cause_of.forms] if cause_of is not None else []
            if link.of_forms and [one.form for one in link.of_forms] != known:
                have = ", ".join(known) or "none"
                invalid(f"{sign.id}: the link to {link.cause} must name its forms in their order ({have})")


def with_means(knowledge: Knowledge) -> Knowledge:
    """The same with the mean over the forms as the strength of each link that tells them apart."""
    return replace(
        knowledge,
        findings={key: _meant(one, knowledge.causes) for key, one in knowledge.findings.items()},
        symptoms={key: _meant(one, knowledge.causes) for key, one in knowledge.symptoms.items()},
    )


def mean_strength(link: Link, cause: Cause) -> float:
    """Over the forms by their shares; the link's own where it does not tell them apart."""
    if not link.of_forms:
        return link.strength
    return math.fsum(form.share * one.strength for form, one in zip(cause.forms, link.of_forms, strict=True))


def _meant(sign: _Sign, causes: Mapping[str, Cause]) -> _Sign:
    links = tuple(
        replace(link, strength=mean_strength(link, causes[link.cause])) if link.of_forms else link
        for link in sign.links
    )
    return replace(sign, links=links)
