"""What can be learnt from: rows of a run enter, one observation for each case leaves. Pure.

A finding is observed once in a case: as the fullest evidence has it, else as the person answered. Who answers may be
wrong; who reads is not. What stays unknown is no observation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from unstuck.doctor.knowledge.consistency import SYMPTOM_PREFIX
from unstuck.doctor.knowledge.schema import Knowledge, key_of
from unstuck.lab.benchmark.row import Row, states_of
from unstuck.lab.evidence import Given

FULLEST_FIRST = (Given.ALL, Given.REPORT, Given.TRACE)
"""The order in which evidence is asked about a finding."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding in a case: whether it holds, and whether a person said so."""

    holds: bool
    told: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """One case. ``truth``: the causes that are true. ``seen``: by finding, symptoms among them (``symptom.<id>``).

    ``ends``: fixes that were tried while only these causes held, and which of them each ended. ``forms``: of the causes
    that have several, those that are known to hold (``tracker.hung/mute``).
    """

    truth: frozenset[str]
    seen: Mapping[str, Seen]
    ends: Mapping[str, frozenset[str]] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()


def observed(rows: Iterable[Row], knowledge: Knowledge) -> list[Observed]:
    """One for each case, in the order of their numbers, whatever the order of the rows."""
    cases: dict[int, list[Row]] = {}
    for row in rows:
        if not row.error:
            cases.setdefault(row.number, []).append(row)
    return [_case(cases[number], knowledge) for number in sorted(cases)]


def _case(rows: Sequence[Row], knowledge: Knowledge) -> Observed:
    seen: dict[str, Seen] = {}
    by_given = {row.given: row for row in rows}
    for given in FULLEST_FIRST:
        row = by_given.get(given.value)
        for finding, holds in row.findings.items() if row is not None else ():
            if finding in knowledge.findings:
                seen.setdefault(finding, Seen(holds))
    answers = next((row.answers for row in rows if row.answers), {})
    for finding, holds in states_of(answers, knowledge).items():
        seen.setdefault(finding, Seen(holds, told=True))
    if rows[0].symptom:
        # Of all complaints a person makes one: the others are a no, so that what is fitted is the chance of this one.
        for symptom in knowledge.symptoms:
            seen[SYMPTOM_PREFIX + symptom] = Seen(symptom == rows[0].symptom)
    ends = next((row.ends for row in rows if row.ends), {})
    forms = frozenset(key_of(fault.cause, fault.form) for fault in rows[0].case.all if fault.form)
    ended = {fix: frozenset(causes) for fix, causes in ends.items()}
    return Observed(frozenset(rows[0].truth), seen, ended, forms)
