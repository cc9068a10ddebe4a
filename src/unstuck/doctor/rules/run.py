"""Run every rule over a case; what evidence leaves open, the person's answers may settle."""

from collections.abc import Mapping

from unstuck.doctor.case import Case
from unstuck.doctor.knowledge.schema import Knowledge
from unstuck.doctor.rules import bluetooth, phone, server, tracker
from unstuck.doctor.rules.outcome import UNKNOWN, Outcome, Rule
from unstuck.model.diagnosis import Finding, Proof, State
from unstuck.model.worded import joined, worded

RULES: Mapping[str, Rule] = {**tracker.RULES, **bluetooth.RULES, **phone.RULES, **server.RULES}
"""Every rule by the id of its finding; the same ids as in the knowledge (tested)."""

OF_THE_STOP = frozenset(
    {
        "others_lost_too",
        "signal_weak",
        "lost_at_good_signal",
        "stopped_with_battery_saver",
        "os_updated_before_stop",
        "app_update_old",
        "app_killed_in_background",
        "app_never_restarted",
        "tracker_link_idle",
        "tracker_log_gaps",
        "tracker_off_wrist",
        "tracker_sensor_rows_absent",
        "tracker_waited_for_phone",
        "uploads_wait",
    }
)
"""Findings about the stop itself, about what led to it, or about whole days of a log: what proves them may be older."""

SYMPTOM = "symptom."
"""Prefix of the finding that a reported symptom is."""


def findings(case: Case, knowledge: Knowledge) -> tuple[Finding, ...]:
    """All findings of a case in the order of the knowledge, symptoms last."""
    answered = answered_findings(case, knowledge)
    found = []
    for finding_id in knowledge.findings:
        outcome = RULES[finding_id](case)
        if finding_id not in OF_THE_STOP and _is_old_news(case, outcome):
            outcome = UNKNOWN
        if outcome.state is State.UNKNOWN and finding_id in answered:
            found.append(answered[finding_id])
        else:
            found.append(Finding(finding_id, outcome.state, outcome.proof))
    reported = {fact.text(): fact for fact in case.facts.all("reported.symptom")}
    for symptom in knowledge.symptoms.values():
        fact = reported.get(symptom.id)
        if fact is None:
            found.append(Finding(SYMPTOM + symptom.id, State.UNKNOWN))
        else:
            found.append(
                Finding(
                    SYMPTOM + symptom.id,
                    State.YES,
                    (Proof(worded("reported: {symptom}", symptom=worded(symptom.says)), (fact,)),),
                )
            )
    return tuple(found)


def _is_old_news(case: Case, outcome: Outcome) -> bool:
    """Whether it is a *no* that was last seen before data stopped: that all was well then says nothing about now.

    Without this the person would never be asked: a battery of 30 % before the silence does not speak of the battery.
    """
    if outcome.state is not State.NO or case.stopped_at is None:
        return False
    times = [case.last_moment(fact) for proof in outcome.proof for fact in proof.facts]
    return bool(times) and all(time is not None and time < case.stopped_at for time in times)


def answered_findings(case: Case, knowledge: Knowledge) -> dict[str, Finding]:
    """What the newest answer to each question makes of findings; "don't know" makes nothing."""
    settled: dict[str, Finding] = {}
    for fact in case.facts.all("reported.answer"):
        question = knowledge.questions.get(fact.subject)
        for answer in question.answers if question else ():
            if answer.id == fact.text("answer") and question:
                for finding_id, holds in answer.findings.items():
                    proof = Proof(joined([worded(question.text), worded(answer.text)]), (fact,))
                    settled[finding_id] = Finding(finding_id, State.YES if holds else State.NO, (proof,))
    return settled
