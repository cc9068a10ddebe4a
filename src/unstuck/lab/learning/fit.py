"""Fits the numbers of the noisy-OR network: observations enter, numbers with their counts leave. Pure.

Every number is the mean of a Beta distribution whose prior is the judgement of the knowledge files, as if it had been
counted in ``weight`` cases: ``(weight * judgement + yes) / (weight + cases)``. Without a case nothing moves.

- A **leak** is counted in the cases in which no cause linked to the finding holds.
- A **strength** is counted in the cases in which, of the finding's causes, only this one holds. A yes there may come
  from the leak, so it counts for the cause by the chance that the cause brought it about; both depend on each other, so
  they are worked out in turns until nothing moves (expectation and maximisation, as for any noisy-OR).
- Where a cause has **forms**, each has its own strength, counted in the cases in which that form is known to hold.
- What a **person** said is wrong in a known share of answers, and counts for as much as it is then worth.
- A **chance to mend** is counted in the cases in which only that cause holds and the fix was tried.
- A finding that is the same in **every case** is not fitted: the lab makes it so (no phone of it is delivered with the
  app exempted from battery saving), and says nothing about life.
- A **prior** comes from closed case files alone; the lab draws causes as it likes and says nothing about life.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from unstuck.doctor.knowledge.consistency import STRONG, STRONG_CAUSES_MAX, SYMPTOM_PREFIX
from unstuck.doctor.knowledge.forms import mean
from unstuck.doctor.knowledge.schema import Cause, Fitted, Knowledge, Link, key_of
from unstuck.doctor.reasoning.network import TOLD_WRONGLY
from unstuck.lab.learning.observed import Observed, Seen

WEIGHT = 80.0
"""Cases that the judgement is worth: four times as many as one cause has in six hundred cases of the lab, because the
lab is simpler than life. Tried on 230 training cases that were not fitted to: with 20 more causes were named rightly
from traces and answers than with 80, fewer from reports and from all evidence."""

ROUNDS_MOST = 500
MOVES_LEAST = 1e-9
"""When the fit has come to rest."""

DIGITS, PRIOR_DIGITS = 4, 6
"""Decimals that are written: a thousand cases support three; priors are a hundred times smaller."""

SAME_CASES_LEAST = 100
"""From so many cases, a finding that never differs is the lab's own doing. Below it may be chance."""

LEAST, MOST = 0.0005, 0.9995
"""No number is fitted to certainty: one case in two thousand is beyond what a run can show."""

JUST_WEAK = STRONG - 0.01
"""What a cause gets that would be one strong cause too many of its finding."""


@dataclass(frozen=True, slots=True)
class Number:
    """A fitted number with what it was before, and the count behind it. ``held``: kept below what the count says,
    because the finding would have too many strong causes."""

    value: float
    fitted: Fitted
    held: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """All that was fitted; only what had a case. Keys as in fitted.toml."""

    strengths: Mapping[tuple[str, str], Number]
    leaks: Mapping[str, Number]
    mends: Mapping[tuple[str, str], Number]
    priors: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Missing:
    """A cause that a finding is not linked to and that seems to bring it about: for a person to judge."""

    finding: str
    cause: str
    share: float
    leak: float
    cases: int


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed case of life: the cause that was found, and what was tried with whether it helped."""

    cause: str
    tried: tuple[tuple[str, bool], ...] = ()


def fit(
    knowledge: Knowledge,
    cases: Sequence[Observed],
    closed: Sequence[Closed] = (),
    *,
    weight: float = WEIGHT,
    mends_of_the_lab: bool = False,
) -> Fit:
    """Fit everything. ``knowledge`` must be the judgement, without anything fitted before.

    ``mends_of_the_lab``: also take the chances to mend from the lab, whose acts are somebody's judgement themselves.
    """
    strengths: dict[tuple[str, str], Number] = {}
    leaks: dict[str, Number] = {}
    for finding, (links, leak) in signs(knowledge).items():
        if _is_the_same_for_all(finding, cases):
            continue
        leaked, strong = _fit_sign(finding, links, leak, cases, weight)
        if leaked is not None:
            leaks[finding] = leaked
        of_a_way = finding in knowledge.findings and knowledge.findings[finding].way is not None
        held_back = (
            strong if finding.startswith(SYMPTOM_PREFIX) or of_a_way else _few_strong(links, strong, knowledge.causes)
        )
        strengths |= {(finding, cause): number for cause, number in held_back.items()}
    mends = _mends(knowledge, cases if mends_of_the_lab else (), closed, weight)
    return Fit(strengths, leaks, mends, _priors(knowledge, closed, weight))


def _is_the_same_for_all(finding: str, cases: Sequence[Observed]) -> bool:
    """Whether the lab makes it so in every case, as a setting that all its phones are delivered with: no lesson."""
    states = [case.seen[finding].holds for case in cases if finding in case.seen]
    return len(states) >= SAME_CASES_LEAST and (all(states) or not any(states))


def signs(knowledge: Knowledge) -> dict[str, tuple[tuple[Link, ...], float]]:
    """Links and leak of every finding and symptom."""
    found = {key: (one.links, one.leak) for key, one in knowledge.findings.items()}
    return found | {SYMPTOM_PREFIX + key: (one.links, one.leak) for key, one in knowledge.symptoms.items()}


MISSING_CASES_LEAST = 8
MISSING_JUMP = 0.4
"""From so many cases, and so much more often than the leak, a finding is worth a look for a link that is missing."""


def missing_links(knowledge: Knowledge, cases: Sequence[Observed]) -> list[Missing]:
    """Findings that hold far more often than their leak with a cause they are not linked to, the plainest first."""
    found = []
    for finding, (links, leak) in signs(knowledge).items():
        linked = {link.cause for link in links}
        for cause in knowledge.causes.keys() - linked:
            seen = [case.seen[finding] for case in cases if case.truth == {cause} and finding in case.seen]
            share = sum(one.holds for one in seen) / len(seen) if seen else 0.0
            if len(seen) >= MISSING_CASES_LEAST and share >= leak + MISSING_JUMP:
                found.append(Missing(finding, cause, share, leak, len(seen)))
    return sorted(found, key=lambda one: (-one.share, one.finding, one.cause))


def _fit_sign(
    finding: str, links: Sequence[Link], leak: float, cases: Iterable[Observed], weight: float
) -> tuple[Number | None, dict[str, Number]]:
    by_key = {key: strength for link in links for key, strength in link.by_key.items()}
    causes = {link.cause for link in links}
    alone: dict[str, list[Seen]] = {key: [] for key in by_key}
    without: list[Seen] = []
    for case in cases:
        seen = case.seen.get(finding)
        holding = case.truth & causes
        if seen is not None and not holding:
            without.append(seen)
        elif seen is not None and len(holding) == 1:
            for key in by_key.keys() & (holding | case.forms):
                alone[key].append(seen)
    leaked = _settle(without, leak, weight, 0.0)
    base = leaked.value if leaked is not None else leak
    fitted = {key: _settle(alone[key], before, weight, base) for key, before in by_key.items()}
    return leaked, {key: number for key, number in fitted.items() if number is not None}


def _settle(seen: Sequence[Seen], before: float, weight: float, leak: float) -> Number | None:
    """The chance with which something brings a finding about, beside a leak; None without a case."""
    if not seen:
        return None
    kinds = Counter(seen)
    value, yes = before, 0.0
    for _ in range(ROUNDS_MOST):
        yes = sum(times * _fires(one, value, leak) for one, times in kinds.items())
        moved = min(MOST, max(LEAST, (weight * before + yes) / (weight + len(seen))))
        rest, value = abs(moved - value) < MOVES_LEAST, moved
        if rest:
            break
    return _number(value, before, yes, len(seen))


def _fires(seen: Seen, strength: float, leak: float) -> float:
    """How likely the cause itself brought about what was seen. A no that was read says that it did not."""
    holds = 1.0 - (1.0 - leak) * (1.0 - strength)
    if not seen.told:
        return strength / holds if seen.holds and holds > 0.0 else 0.0
    right, wrong = 1.0 - TOLD_WRONGLY, TOLD_WRONGLY
    if seen.holds:
        return right * strength / (right * holds + wrong * (1.0 - holds))
    return wrong * strength / (wrong * holds + right * (1.0 - holds))


def _few_strong(links: Sequence[Link], fitted: Mapping[str, Number], causes: Mapping[str, Cause]) -> dict[str, Number]:
    """Keep the rule that not too much explains a finding strongly: the weakest of those that were fitted give way.

    Of a cause with forms the mean counts: one that would become strong by the fit alone keeps the judgement.
    """
    formed = {link.cause: _fitted_mean(link, fitted, causes[link.cause]) for link in links if link.of_forms}
    grown = {link.cause for link in links if link.of_forms and link.strength < STRONG <= formed[link.cause]}
    left = {key: number for key, number in fitted.items() if key.partition("/")[0] not in grown}
    values = {link.cause: link.strength for link in links}
    values |= {cause: mean for cause, mean in formed.items() if cause not in grown}
    values |= {link.cause: left[link.cause].value for link in links if link.cause in left}
    strong = [cause for cause, value in values.items() if value >= STRONG]
    give_way = sorted((cause for cause in strong if cause in left), key=lambda cause: (values[cause], cause))
    many = max(0, len(strong) - STRONG_CAUSES_MAX)
    return left | {cause: Number(JUST_WEAK, left[cause].fitted, held=True) for cause in give_way[:many]}


def _fitted_mean(link: Link, fitted: Mapping[str, Number], cause: Cause) -> float:
    """The mean over the forms of a link, with what was fitted in place of the judgement."""
    of_forms = [
        replace(one, strength=fitted[key].value) if (key := key_of(cause.id, one.form)) in fitted else one
        for one in link.of_forms
    ]
    return mean(of_forms, cause)


def _mends(
    knowledge: Knowledge, cases: Sequence[Observed], closed: Sequence[Closed], weight: float
) -> dict[tuple[str, str], Number]:
    tried: dict[tuple[str, str], list[bool]] = {}
    for case in cases:
        if len(case.truth) == 1:
            cause = next(iter(case.truth))
            for fix, ended in case.ends.items():
                tried.setdefault((fix, cause), []).append(cause in ended)
    for one in closed:
        for fix, helped in one.tried:
            tried.setdefault((fix, one.cause), []).append(helped)
    found = {}
    for its in knowledge.fixes.values():
        for mend in its.mends:
            seen = tried.get((its.id, mend.cause), [])
            number = _settle([Seen(helped) for helped in seen], mend.chance, weight, 0.0)
            if number is not None:
                found[its.id, mend.cause] = number
    return found


def _priors(knowledge: Knowledge, closed: Sequence[Closed], weight: float) -> dict[str, Number]:
    """Shares of closed cases, so that all together stay what they are: how often anything is wrong they do not say."""
    if not closed:
        return {}
    total = sum(cause.prior for cause in knowledge.causes.values())
    times = Counter(one.cause for one in closed)
    found = {}
    for cause in knowledge.causes.values():
        value = (weight * cause.prior + times[cause.id] * total) / (weight + len(closed))
        found[cause.id] = _number(value, cause.prior, times[cause.id], len(closed), PRIOR_DIGITS)
    return found


def _number(value: float, before: float, yes: float, cases: int, digits: int = DIGITS) -> Number:
    return Number(round(value, digits), Fitted(before, round(yes, 2), cases))
