"""Findings in, ranked causes with their proof out: what is counted, what can explain the stop, what is shown."""

from collections.abc import Mapping, Sequence

from unstuck.doctor.boundaries import Flow
from unstuck.doctor.knowledge.schema import Boundary, Knowledge
from unstuck.doctor.reasoning.network import Posterior
from unstuck.doctor.rules.run import SYMPTOM
from unstuck.model.diagnosis import CauseEvidence, Finding, RankedCause, State

LEAST_RANKED = 0.001
"""Causes below one in a thousand are left out of the ranking."""


def counted(found: Sequence[Finding], knowledge: Knowledge) -> dict[str, State]:
    """The states that go into the network: of findings that are signs of one thing only the strongest that holds."""
    states = {finding.id: finding.state for finding in found}
    for group in {spec.group for spec in knowledge.findings.values() if spec.group}:
        members = [spec for spec in knowledge.findings.values() if spec.group == group]
        holding = [spec for spec in members if states.get(spec.id) is State.YES]
        if holding:
            best = max(holding, key=lambda spec: max(link.strength for link in spec.links) / spec.leak)
            states.update({spec.id: State.UNKNOWN for spec in members if spec is not best})
    return states


def able(flow: Flow, knowledge: Knowledge) -> frozenset[str] | None:
    """The causes that can close the ways seen closed; None where that narrows nothing."""
    closed = {stop.boundary for stop in flow.stops}
    if not closed or Boundary.ANY in closed:
        return None
    return frozenset(cause.id for cause in knowledge.causes.values() if closed & set(cause.closes))


def rank(
    posterior: Posterior, found: Sequence[Finding], knowledge: Knowledge, seen_by: Posterior | None = None
) -> tuple[RankedCause, ...]:
    """Causes with at least one finding that speaks for them, most probable first, proof strongest first.

    What a person merely notices speaks for a cause but does not name it alone. ``seen_by``: the posterior that
    rests on the findings alone, where fixes that did not help have changed ``posterior`` since.
    """
    findings_alone = seen_by or posterior
    by_id = {finding.id: finding for finding in found}
    ranked = []
    probable = {id_: probability for id_, probability in posterior.marginals.items() if probability >= LEAST_RANKED}
    evidence = findings_alone.evidence_for(probable)
    for cause_id, probability in probable.items():
        seen = [finding for finding, _ in evidence[cause_id]]
        seen += _of_the_same_sign(cause_id, seen, by_id, knowledge)
        if all(finding.startswith(SYMPTOM) for finding in seen):
            continue
        cause = knowledge.causes[cause_id]
        proof = tuple(line for finding in seen for line in _lines(by_id[finding]))
        ranked.append(RankedCause(cause_id, cause.hop, cause.title, probability, proof))
    return tuple(sorted(ranked, key=lambda cause: (-cause.probability, cause.id)))


def _of_the_same_sign(cause: str, seen: Sequence[str], found: Mapping[str, Finding], knowledge: Knowledge) -> list[str]:
    """Findings that hold and were not counted because another of their group was: shown, so that all can be checked."""
    groups = {knowledge.findings[finding].group for finding in seen if finding in knowledge.findings} - {""}
    return [
        spec.id
        for spec in knowledge.findings.values()
        if spec.group in groups
        and spec.id not in seen
        and found[spec.id].state is State.YES
        and any(link.cause == cause for link in spec.links)
    ]


def _lines(finding: Finding) -> list[CauseEvidence]:
    lines = []
    for proof in finding.proof:
        first, *rest = proof.facts
        also = tuple(fact.locator for fact in rest if fact.source == first.source)
        lines.append(
            CauseEvidence(finding.id, proof.text, first.source, first.locator, first.time, first.excerpt, also)
        )
    return lines
