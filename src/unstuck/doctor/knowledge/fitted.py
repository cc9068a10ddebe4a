"""Lays fitted numbers over the judgement of the knowledge files: knowledge and fitted.toml enter, knowledge leaves.

The file is written by ``python -m benchmarks.doctor fit`` and never by hand (docs/reference/knowledge.md). A number
whose judgement has changed since it was fitted is not used: what was fitted on another one is no longer its due.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from unstuck.doctor.knowledge.consistency import SYMPTOM_PREFIX
from unstuck.doctor.knowledge.forms import with_means
from unstuck.doctor.knowledge.rows import Row
from unstuck.doctor.knowledge.schema import Cause, FindingSpec, Fitted, Knowledge, Link, Mend, Symptom, key_of

FITTED_FILE = "fitted.toml"

SAME = 1e-9
"""Two numbers that were written alike are nearer than this."""

CASES_MOST = 10**9
"""More cases than anybody plays."""

Pair = tuple[str, str]
"""A finding and a cause, or the key of one of its forms (:func:`key_of`); a fix and a cause."""

_Key = TypeVar("_Key", Pair, str)
_Sign = TypeVar("_Sign", FindingSpec, Symptom)


@dataclass(frozen=True, slots=True)
class Number:
    """One row of the file."""

    value: float
    fitted: Fitted
    row: Row


@dataclass(slots=True)
class _Overlay:
    strengths: dict[Pair, Number]
    leaks: dict[str, Number]
    mends: dict[Pair, Number]
    priors: dict[str, Number]
    stale: list[str]

    def use(self, number: Number | None, now: float, what: str) -> Number | None:
        """The number, unless it was fitted on another judgement."""
        if number is None or abs(number.fitted.before - now) <= SAME:
            return number
        self.stale.append(f"{what}: fitted on {number.fitted.before:g}, the file now says {now:g}")
        return None


def overlaid(knowledge: Knowledge, file: Row) -> Knowledge:
    """The knowledge with the file's numbers in it. KnowledgeError: an id or pair that the knowledge does not have."""
    run = file.rows("run", least=1)
    for row in run:
        for key in ("split", "commit", "date"):
            row.text(key)
        row.whole("seed", 1, CASES_MOST)
        row.whole("cases", 0, CASES_MOST)
        row.whole("case_files", 0, CASES_MOST)
        row.number("weight", 0.0, float(CASES_MOST))
        row.end()
    over = _Overlay(
        _pairs(file, "strength", "finding", "cause", certain=True),
        _singles(file, "leak", "finding"),
        _pairs(file, "mend", "fix", "cause", certain=True),
        _singles(file, "prior", "cause"),
        [],
    )
    file.end()
    _known(knowledge, over)
    fitted = replace(
        knowledge,
        causes={key: _prior(one, over) for key, one in knowledge.causes.items()},
        findings={key: _sign(key, one, over) for key, one in knowledge.findings.items()},
        symptoms={key: _sign(SYMPTOM_PREFIX + key, one, over) for key, one in knowledge.symptoms.items()},
        fixes={
            key: replace(one, mends=tuple(_mend(key, mend, over) for mend in one.mends))
            for key, one in knowledge.fixes.items()
        },
        stale=tuple(over.stale),
    )
    return with_means(fitted)


def _number(row: Row, certain: bool) -> Number:
    cases = row.whole("cases", 1, CASES_MOST)
    yes = row.count("yes", float(cases))
    value, before = row.chance("value", certain=certain), row.chance("before", certain=certain)
    row.end()
    return Number(value, Fitted(before, yes, cases), row)


def _pairs(file: Row, key: str, one: str, other: str, *, certain: bool) -> dict[Pair, Number]:
    found: dict[Pair, Number] = {}
    for row in file.rows(key):
        pair = (row.text(one), row.text(other))
        if pair in found:
            row.fail(f"{pair[0]} and {pair[1]} stand in two rows")
        found[pair] = _number(row, certain)
    return found


def _singles(file: Row, key: str, one: str) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for row in file.rows(key):
        name = row.text(one)
        if name in found:
            row.fail(f"{name} stands in two rows")
        found[name] = _number(row, certain=False)
    return found


def _known(knowledge: Knowledge, over: _Overlay) -> None:
    """Stop at a row that speaks of what is not there."""
    signs: dict[str, tuple[Link, ...]] = {key: one.links for key, one in knowledge.findings.items()}
    signs |= {SYMPTOM_PREFIX + key: one.links for key, one in knowledge.symptoms.items()}
    links = {(sign, key) for sign, its in signs.items() for link in its for key in link.by_key}
    mends = {(fix.id, mend.cause) for fix in knowledge.fixes.values() for mend in fix.mends}
    _all_in(over.strengths, lambda pair: pair in links, "there is no link between")
    _all_in(over.mends, lambda pair: pair in mends, "there is no mend between")
    _all_in(over.leaks, lambda name: name in signs, "there is no finding")
    _all_in(over.priors, lambda name: name in knowledge.causes, "there is no cause")


def _all_in(rows: Mapping[_Key, Number], known: Callable[[_Key], bool], says: str) -> None:
    for key, number in rows.items():
        if not known(key):
            number.row.fail(f"{says} {key if isinstance(key, str) else ' and '.join(key)}")


def _prior(cause: Cause, over: _Overlay) -> Cause:
    number = over.use(over.priors.get(cause.id), cause.prior, f"prior of {cause.id}")
    return cause if number is None else replace(cause, prior=number.value, prior_fitted=number.fitted)


def _sign(name: str, sign: _Sign, over: _Overlay) -> _Sign:
    links = tuple(_link(name, link, over) for link in sign.links)
    number = over.use(over.leaks.get(name), sign.leak, f"leak of {name}")
    if number is None:
        return replace(sign, links=links)
    return replace(sign, links=links, leak=number.value, leak_fitted=number.fitted)


def _link(sign: str, link: Link, over: _Overlay) -> Link:
    def fitted(key: str, before: float) -> Number | None:
        return over.use(over.strengths.get((sign, key)), before, f"strength of {key} for {sign}")

    if not link.of_forms:
        number = fitted(link.cause, link.strength)
        return link if number is None else replace(link, strength=number.value, fitted=number.fitted)
    forms = [(one, fitted(key_of(link.cause, one.form), one.strength)) for one in link.of_forms]
    return replace(
        link,
        of_forms=tuple(
            one if number is None else replace(one, strength=number.value, fitted=number.fitted)
            for one, number in forms
        ),
    )


def _mend(fix: str, mend: Mend, over: _Overlay) -> Mend:
    if mend.of_forms:
        return mend  # closed cases do not say which form it was
    number = over.use(over.mends.get((fix, mend.cause)), mend.chance, f"chance of {fix} for {mend.cause}")
    return mend if number is None else replace(mend, chance=number.value, fitted=number.fitted)
