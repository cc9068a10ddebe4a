"""Which question is worth asking next, and what nobody has checked.

A question is worth what it takes off the expected cost of the repair, less its own cost
(expected cost of repair: Breese and Heckerman 1996). The cost of the repair is estimated in one
pass, by chance over cost without looking ahead; the plan itself looks ahead. docs/why/reasoning.md.
"""

import math
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unstuck.doctor.knowledge.schema import EvidenceKind, Fix, Knowledge, Question
from unstuck.doctor.reasoning.gate import LIFTED_BY, Situation, reasons_not_now
from unstuck.doctor.reasoning.lattice import Bools, Floats, Indices
from unstuck.doctor.reasoning.network import Network, Posterior
from unstuck.doctor.reasoning.repair import STILL_STUCK_MINUTES, Repair, cost_minutes
from unstuck.model.diagnosis import NextQuestion, State

ASKING_MINUTES = 0.5
"""What being asked weighs beside looking the answer up (minutes): reading, and one more step of patience."""

CONFIRM_LOGIN_MINUTES = 2.0
"""What it weighs to find out whether a login is known (minutes): sign in once in a browser, half of signing in again,
which begins with it."""

SAVED_SHARE = 0.8
"""Of what a question seems to save, the share that it is counted for. The estimate takes effort and risk for minutes
and ends the plan where going on seems too dear, while people go on: it saves less than it seems. On 400 training worlds
of the lab with all evidence the minutes were 116.5 % of the best in hindsight with 1, 115.0 with 0.7, 115.1 with 0.5,
116.5 with 0.35. From answers alone less than 0.8 named fewer causes rightly."""

GOES_ON_SHARE = 0.5
"""Of what being stuck at the end of a plan weighs, the share that counts for the worth of a question: a session goes on
after its plan, and most get data moving then. With 1, people were asked ten things that changed nothing before they
were told to wait. On 900 training worlds of the lab the minutes were 113.9 % of the best in hindsight with 1, 112.5 %
with 0.5; with 0.25 fewer causes were named rightly."""

TOGETHER_MAX = 2
"""Causes at once in the estimate, unless a combination of more is as probable as HEAVY_ROW: an answer makes single
causes and pairs probable, hardly a triple that was not probable before. Two, because pairs are laid out as a square."""

HEAVY_ROW = 1e-3
"""Probability from which a combination is in the estimate whatever its size."""

LIGHT_ROW = 1e-6
"""Probability below which a pair is left out of it: an answer makes it a hundred times as probable, hardly more, and a
hundredth of a minute is nothing. It leaves a quarter of the pairs."""

KIND_MINUTES: Mapping[EvidenceKind, float] = {
    EvidenceKind.ANSWER: 1.0,
    EvidenceKind.CHAIN: 1.0,
    EvidenceKind.BUGREPORT: 5.0,
    EvidenceKind.HCI: 20.0,
    EvidenceKind.TAKEOUT: 60.0,
}
"""About how long a person needs to get each kind of evidence (minutes): a look; a phone builds a
report for some minutes; a Bluetooth log must first be switched on and the trouble happen again;
an export is asked for and fetched later. Only the order is used."""

SETTLING_RATIO = 5.0
"""How many times likelier a finding must be with the cause than without, to settle something:
it moves a cause from one in twenty to one in five."""


Saying = tuple[tuple[str, bool], ...]
"""What an answer makes of findings."""


@dataclass(frozen=True, slots=True)
class Worth:
    """A question with what it saves: minutes of expected repair, less its own cost."""

    question: Question
    minutes: float


def next_question(
    posterior: Posterior,
    knowledge: Knowledge,
    states: Mapping[str, State],
    situation: Situation,
    asked: Container[str] = (),
    platform: str = "any",
    just_seen: Container[str] = (),
) -> NextQuestion | None:
    """The question that is worth most now, or None when none is worth its cost.

    ``asked``: questions already put, whatever was answered. ``platform`` picks where to look. ``just_seen``: questions
    whose answer needs no look-up, because the person has just looked whether a fix helped.
    """
    worths = worth_of_questions(posterior, knowledge, states, situation, asked, just_seen)
    if not worths or worths[0].minutes <= 0.0:
        return None
    question = worths[0].question
    answers = tuple(answer.text for answer in question.answers)
    ids = tuple(answer.id for answer in question.answers)
    return NextQuestion(question.id, question.text, answers, question.look_up.get(platform, ""), ids)


def worth_of_questions(
    posterior: Posterior,
    knowledge: Knowledge,
    states: Mapping[str, State],
    situation: Situation,
    asked: Container[str] = (),
    just_seen: Container[str] = (),
) -> tuple[Worth, ...]:
    """Every question that could be asked, the most worthwhile first.

    Only questions not asked yet of whose findings some are unknown; of an answer only these count. Judges as if data
    had stopped.
    """
    open_questions = [
        question
        for question in knowledge.questions.values()
        if question.id not in asked and len(_sayings(question, states)) > 1
    ]
    estimate = _Estimate.build(posterior.if_stopped(), knowledge.fixes, situation)
    (before,) = estimate.costs_of(estimate.weights[None])
    afters = estimate.costs_after([(_sayings(one, states), len(one.answers)) for one in open_questions])
    worths = [
        Worth(question, (before - after) * SAVED_SHARE - looking - ASKING_MINUTES)
        for question, after in zip(open_questions, afters, strict=True)
        for looking in (0.0 if question.id in just_seen else question.minutes,)
    ]
    return tuple(sorted(worths, key=lambda worth: (-worth.minutes, worth.question.id)))


def unchecked_causes(knowledge: Knowledge, states: Mapping[str, State]) -> list[str]:
    """Causes about which nothing could speak: every finding linked to them is unknown.

    A symptom that a person reports is what is to be explained, so it is no check.
    """
    checked = {link.cause for spec in knowledge.findings.values() if _is_known(spec.id, states) for link in spec.links}
    return [cause for cause in knowledge.causes if cause not in checked]


def what_would_settle(knowledge: Knowledge, cause: str) -> tuple[EvidenceKind, ...]:
    """Kinds of evidence that could settle a cause, the easiest to get first.

    A kind counts if some finding seen in it is SETTLING_RATIO times likelier with the cause than
    without; where no kind does, every kind that can show anything of the cause.
    """
    best: dict[EvidenceKind, float] = {}
    for spec in knowledge.findings.values():
        for link in spec.links:
            if link.cause == cause:
                seen = 1.0 - (1.0 - link.strength) * (1.0 - spec.leak)
                ratio = seen / spec.leak if spec.leak > 0.0 else math.inf
                for kind in spec.seen_in:
                    best[kind] = max(best.get(kind, 0.0), ratio)
    settling = [kind for kind, ratio in best.items() if ratio >= SETTLING_RATIO]
    return tuple(sorted(settling or best, key=lambda kind: KIND_MINUTES[kind]))


@dataclass(frozen=True, eq=False, slots=True)
class _Estimate:
    """Expected cost of repair for many weights over the same few combinations.

    ``rows``: those combinations in the lattice, with ``weights`` that sum to 1. ``paired``: of each but the empty one,
    where it stands in a square of causes by causes, the last of which is none; ``larger`` (rows of three or more,
    members): those that do not fit in it, last in ``rows``. ``missing`` (fixes, causes) and ``costs`` (fixes,) as in
    Repair, the costs with what lifts the reasons against a fix. ``stuck_minutes`` (rows,): what it weighs to end the
    plan in that combination.
    """

    network: Network
    rows: Indices
    weights: Floats
    paired: Indices
    larger: Indices
    missing: Floats
    costs: Floats
    stuck_minutes: Floats

    @classmethod
    def build(cls, posterior: Posterior, fixes: Mapping[str, Fix], situation: Situation) -> "_Estimate":
        network = posterior.network
        tried = list(fixes.values())  # support too: who knows what only it can mend goes there at once
        repair = Repair.build(posterior, tried)
        together = network.lattice.together
        few = (together <= 1) | ((together <= TOGETHER_MAX) & (posterior.weights >= LIGHT_ROW))
        rows = np.flatnonzero(few | (posterior.weights >= HEAVY_ROW))
        members = network.lattice.members[rows]
        pairs = int(np.count_nonzero(together[rows] <= TOGETHER_MAX))  # the lattice lists smaller combinations first
        none = len(network.causes)
        alone = np.full((len(members), TOGETHER_MAX - 1), none)  # where the lattice holds single causes only
        first, second = np.hstack([members, alone])[1:pairs, :TOGETHER_MAX].T
        costs = repair.costs + np.array([_lifting_minutes(fix, fixes, situation) for fix in tried])
        mended = {mend.cause for fix in tried for mend in fix.mends}  # waiting for a service mends too, and takes hours
        fault = np.array([cause.fault or cause.id in mended for cause in network.causes], dtype=np.bool_)
        nothing_to_mend: Bools = np.logical_not(network.lattice.present[rows][:, fault].any(axis=1))
        nothing_to_mend &= rows != 0
        weights = posterior.weights[rows]
        return cls(
            network=network,
            rows=rows,
            weights=weights / weights.sum(),
            paired=first * (none + 1) + second,
            larger=members[pairs:],
            missing=np.hstack([repair.missing, np.zeros((len(tried), 1))]),
            costs=costs,
            stuck_minutes=np.where(nothing_to_mend, 0.0, GOES_ON_SHARE * STILL_STUCK_MINUTES),
        )

    def costs_of(self, weights: Floats) -> Floats:
        """Expected minutes to get unstuck, or to give up, for weights (k, rows) each of which sum to 1; (k,)."""
        tried = np.broadcast_to(self.missing, (len(weights), *self.missing.shape))
        order = np.argsort(-self._ended(weights, tried) / self.costs, axis=1, kind="stable")
        residuals = np.insert(self.missing[order], 0, 1.0, axis=1).cumprod(axis=1)
        residuals[:, :, -1] = 0.0
        stuck = weights.sum(axis=1)[:, None] - self._ended(weights, residuals)
        spent = np.insert(np.cumsum(stuck[:, :-1] * self.costs[order], axis=1), 0, 0.0, axis=1)
        heavy = weights * self.stuck_minutes
        minutes = spent + heavy.sum(axis=1)[:, None] - self._ended(heavy, residuals)
        return np.asarray(minutes.min(axis=1), dtype=np.float64)

    def _ended(self, weights: Floats, residuals: Floats) -> Floats:
        """Of weights (k, rows), what is ended: residuals (k, tries, causes and none) -> (k, tries).

        Two causes end together with the product of two chances, so pairs are a quadratic form: thirty times less work
        than looking up every combination.
        """
        ends = 1.0 - residuals
        size, pairs = ends.shape[2], len(self.paired)
        square = np.zeros((len(weights), size * size))
        square[:, self.paired] = weights[:, 1 : pairs + 1]
        ended: Floats = ((ends @ square.reshape(-1, size, size)) * ends).sum(axis=2)
        if len(self.larger):
            ended += (ends[:, :, self.larger].prod(axis=3) @ weights[:, pairs + 1 :, None])[:, :, 0]
        return ended

    def costs_after(self, asked: Sequence[tuple[Collection[Saying], int]]) -> list[float]:
        """Expected cost of repair once a question is answered: of each question what its answers say, and how many."""
        joints = [self._joint(saying, answers) for sayings, answers in asked for saying in sayings]
        if not joints:
            return []
        weights = np.array(joints)
        chances = weights.sum(axis=1)
        possible = chances > 0.0
        costs = np.zeros(len(weights))
        costs[possible] = self.costs_of(weights[possible] / chances[possible, None])
        ends = np.cumsum([len(sayings) for sayings, _ in asked])[:-1]
        each = zip(np.split(chances, ends), np.split(costs, ends), strict=True)
        return [float(chance @ cost / chance.sum()) for chance, cost in each]

    def _joint(self, saying: Saying, answers: int) -> Floats:
        """Weights with what an answer says, (rows,); not normalised."""
        stated = {finding: State.YES if holds else State.NO for finding, holds in saying}
        joint: Floats = self.weights * np.exp(self.network.log_answer(stated, answers, self.rows))
        return joint


def _lifting_minutes(fix: Fix, fixes: Mapping[str, Fix], situation: Situation) -> float:
    """What it weighs to lift every reason against a fix first."""
    minutes = 0.0
    for lifting in {LIFTED_BY.get(reason.guard, "") for reason in reasons_not_now(fix, situation)}:
        minutes += cost_minutes(fixes[lifting]) if lifting in fixes else CONFIRM_LOGIN_MINUTES
    return minutes


def _is_known(finding: str, states: Mapping[str, State]) -> bool:
    return states.get(finding, State.UNKNOWN) is not State.UNKNOWN


def _sayings(question: Question, states: Mapping[str, State]) -> frozenset[Saying]:
    """What its answers say that is not known yet, each once; answers that then say nothing are left out."""
    sayings = (
        tuple((finding, holds) for finding, holds in answer.findings.items() if not _is_known(finding, states))
        for answer in question.answers
    )
    return frozenset(saying for saying in sayings if saying)
