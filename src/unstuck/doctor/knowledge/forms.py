"""Forms of a cause: that links and causes agree about them, and the mean strength over them. Knowledge in and out.

A cause has forms where it shows itself in ways of which one holds at a time (its radio is silent, or it connects and
answers nothing). A link to such a cause has one strength for all of them, or one for each; so has what a fix mends.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from unstuck.doctor.knowledge.rows import invalid
from unstuck.doctor.knowledge.schema import Cause, Knowledge, Link, OfForm

SHARES_SUM_WITHIN = 1e-6
"""The shares of all forms of a cause add up to 1 as near as decimals do."""


def check_forms(knowledge: Knowledge) -> None:
    """Raise KnowledgeError (KNOWLEDGE_INVALID) where shares do not add up, or a link and its cause name other forms."""
    for cause in knowledge.causes.values():
        ids = [form.id for form in cause.forms]
        if len(ids) == 1 or len(set(ids)) != len(ids):
            invalid(f"cause {cause.id} has forms: they must be two or more, each with an id of its own")
        total = math.fsum(form.share for form in cause.forms)
        if ids and abs(total - 1.0) > SHARES_SUM_WITHIN:
            invalid(f"cause {cause.id}: the shares of its forms add up to {total:g}, not to 1")
    signs = {key: one.links for key, one in knowledge.findings.items()}
    signs |= {key: one.links for key, one in knowledge.symptoms.items()}
    for sign, links in signs.items():
        for link in links:
            _same_forms(knowledge, f"{sign}: the link to", link.cause, link.of_forms)
    for fix in knowledge.fixes.values():
        for mend in fix.mends:
            _same_forms(knowledge, f"{fix.id}: what it mends of", mend.cause, mend.of_forms)


def _same_forms(knowledge: Knowledge, where: str, cause: str, of_forms: Sequence[OfForm]) -> None:
    known = [form.id for form in knowledge.causes[cause].forms] if cause in knowledge.causes else []
    if of_forms and [one.form for one in of_forms] != known:
        invalid(f"{where} {cause} must name its forms in their order ({', '.join(known) or 'none'})")


def with_means(knowledge: Knowledge) -> Knowledge:
    """The same with the mean over the forms as strength or chance of all that tells them apart."""
    causes = knowledge.causes
    return replace(
        knowledge,
        findings={key: replace(one, links=_links(one.links, causes)) for key, one in knowledge.findings.items()},
        symptoms={key: replace(one, links=_links(one.links, causes)) for key, one in knowledge.symptoms.items()},
        fixes={
            key: replace(
                fix,
                mends=tuple(
                    replace(mend, chance=mean(mend.of_forms, causes[mend.cause])) if mend.of_forms else mend
                    for mend in fix.mends
                ),
            )
            for key, fix in knowledge.fixes.items()
        },
    )


def _links(links: Sequence[Link], causes: Mapping[str, Cause]) -> tuple[Link, ...]:
    return tuple(
        replace(link, strength=mean(link.of_forms, causes[link.cause])) if link.of_forms else link for link in links
    )


def mean(of_forms: Sequence[OfForm], cause: Cause) -> float:
    """What holds for all forms of a cause together: the mean by their shares."""
    return math.fsum(form.share * one.strength for form, one in zip(cause.forms, of_forms, strict=True))
