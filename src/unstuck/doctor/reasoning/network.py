"""The network of causes: which combinations of causes the findings leave, and how probable each is.

A two-level noisy-OR network (Heckerman, Breese and Rommelse 1995). Each cause holds or not, on
its own prior. A finding is *no* only when its leak and every cause present all failed to bring it
about::

    P(no  | S) = (1 - leak) * product over c in S of (1 - strength_c)
    P(yes | S) = 1 - P(no | S)

A cause that shows itself in several forms is split: each form is a column of its own, with its share of the prior and
its own strengths, and of one cause one form holds at a time. Otherwise the signs that one form cannot show would speak
against the others.

The posterior is exact over every combination S of at most ``max_together`` causes. The model, its
limits and the reasons for its numbers: docs/why/reasoning.md.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from unstuck.doctor.knowledge.schema import Cause, Knowledge, Link, key_of
from unstuck.doctor.reasoning.lattice import Bools, Floats, Indices, Lattice, lattice, over_members
from unstuck.model.diagnosis import State
from unstuck.model.hop import Hop

MAX_CAUSES_TOGETHER = 3
"""Causes held at once. At the catalogue's priors four or more independent causes hold in one of a
hundred thousand stopped trackers, and each step more multiplies the combinations by seven. What the
limit costs when four do hold: docs/why/reasoning.md."""

PROBABILITY_FLOOR = 1e-6
"""Nearest that a prior, strength or leak may come to 0 or 1 (probability). A strength of exactly 1
would let one reader's slip disprove a cause for ever, a leak of exactly 0 would prove one, and two
such findings could contradict each other and leave 0/0. One in a million is below anything a
source can support, and far above where a double loses digits."""

UNLISTED_SHARE = 0.05
"""Share of trackers whose data has stopped where no listed cause holds (probability), before any
finding. No source counts the complaints that a catalogue does not cover; one in twenty is our
assumption. It keeps *something else* possible, and it only wins when the findings fit no listed
cause. It is a share of the stopped, not a rate per day, so that it does not depend on how the
priors were scaled."""

TOLD_WRONGLY = 0.02
"""Share of answers that are wrong: misread, misremembered, meant for another phone. Judgement; a log that was read is
taken at its word, a person is not."""

SPEAKS_FOR_LOG_RATIO = math.log(1.25)
"""Least log-likelihood ratio at which a finding is shown under a cause: it must shift the odds of
the cause by a quarter, or it only adds a line."""


@dataclass(frozen=True, slots=True)
class Said:
    """That a person answered: the question, and how many answers it has."""

    question: str
    answers: int = 2


@dataclass(frozen=True, eq=False, slots=True)
class Network:
    """Causes and findings made ready for many posteriors.

    ``causes``: of every column its cause, so one with forms is there more than once. ``columns``: of every cause its
    columns; ``columns_by_key``: those of its forms too (``tracker.hung/mute``); ``holding``: in which combinations it
    holds (rows,). ``finding_rows``: of every finding its row in ``log_silent`` and ``log_seen`` (findings, rows): log
    P(no | combination) and log P(yes | combination). ``log_prior`` (rows,), not normalised.
    """

    causes: tuple[Cause, ...]
    columns: Mapping[str, tuple[int, ...]]
    columns_by_key: Mapping[str, tuple[int, ...]]
    holding: Mapping[str, Bools]
    finding_rows: Mapping[str, int]
    lattice: Lattice
    log_prior: Floats
    log_silent: Floats
    log_seen: Floats
    links: Mapping[str, tuple[Link, ...]]

    @classmethod
    def build(
        cls,
        causes: Sequence[Cause],
        links: Mapping[str, Sequence[Link]],
        leaks: Mapping[str, float],
        max_together: int = MAX_CAUSES_TOGETHER,
    ) -> "Network":
        """Join the parts. ValueError: a cause twice, a link to no cause, a leak missing, a number outside 0 to 1."""
        columns: dict[str, tuple[int, ...]] = {}
        of_column: list[tuple[Cause, str]] = []
        log_odds: list[float] = []
        log_none = 0.0
        for cause in causes:
            if cause.id in columns:
                raise ValueError("a cause is listed twice")
            prior = _probability(cause.prior, f"prior of {cause.id}")
            log_none += math.log1p(-prior)
            forms = [(form.id, form.share) for form in cause.forms] or [("", 1.0)]
            columns[cause.id] = tuple(range(len(of_column), len(of_column) + len(forms)))
            of_column += [(cause, form) for form, _ in forms]
            log_odds += [math.log(prior * share) - math.log1p(-prior) for _, share in forms]
        kinds = tuple(kind for kind, its in enumerate(columns.values()) for _ in its)
        space = lattice(kinds, max_together)
        log_prior = log_none + over_members(np.array([log_odds], dtype=np.float64), space.members, np.add)[0]
        log_fails = np.zeros((len(links), len(of_column)), dtype=np.float64)
        log_no_leak = np.zeros(len(links), dtype=np.float64)
        for index, (finding, its_links) in enumerate(links.items()):
            if finding not in leaks:
                raise ValueError(f"finding {finding} has no leak")
            log_no_leak[index] = math.log1p(-_probability(leaks[finding], f"leak of {finding}"))
            for link in its_links:
                if link.cause not in columns:
                    raise ValueError(f"finding {finding} is linked to {link.cause}, which is no cause")
                by_key = link.by_key
                for column in columns[link.cause]:
                    strength = by_key.get(key_of(link.cause, of_column[column][1]), link.strength)
                    strength = _probability(strength, f"strength of {link.cause} for {finding}")
                    log_fails[index, column] += math.log1p(-strength)
        log_silent = log_no_leak[:, None] + over_members(log_fails, space.members, np.add)
        kept = {finding: tuple(its_links) for finding, its_links in links.items()}
        return cls(
            causes=tuple(cause for cause, _ in of_column),
            columns=columns,
            columns_by_key={key_of(cause.id, form): (at,) for at, (cause, form) in enumerate(of_column)} | columns,
            holding={cause: space.holding(its) for cause, its in columns.items()},
            finding_rows={finding: row for row, finding in enumerate(kept)},
            lattice=space,
            log_prior=log_prior,
            log_silent=log_silent,
            log_seen=np.log(-np.expm1(log_silent)),
            links=kept,
        )

    @classmethod
    def of(cls, knowledge: Knowledge, max_together: int = MAX_CAUSES_TOGETHER) -> "Network":
        """Build the network of all causes, findings and symptoms of the knowledge (``symptom.<id>``)."""
        links, leaks = links_and_leaks(knowledge)
        return cls.build(tuple(knowledge.causes.values()), links, leaks, max_together)

    def posterior(
        self,
        states: Mapping[str, State],
        *,
        stopped: bool,
        able: Collection[str] | None = None,
        told: Mapping[str, Said] | None = None,
    ) -> "Posterior":
        """Exact posterior given what is known.

        Unknown findings, and findings without a row here, say nothing. ``stopped``: data is known
        to have stopped, so that before any finding no listed cause holds in UNLISTED_SHARE of all cases.
        ``able``: the causes that can close the way that was seen closed; combinations without any of
        them then share UNLISTED_SHARE, because they do not explain the stop. ``told``: findings that a person
        answered, who may be wrong (TOLD_WRONGLY), with the question; all others were read.
        """
        known = {id_: state for id_, state in states.items() if state is not State.UNKNOWN and id_ in self.links}
        log_weights = self.log_prior.copy()
        if stopped and able is not None:
            log_weights = self._explaining(able)
        elif stopped:
            log_weights[0] = self.log_unlisted
        row = self.finding_rows
        doubted = {id_: said for id_, said in (told or {}).items() if id_ in known}
        silent = [row[id_] for id_, state in known.items() if state is State.NO and id_ not in doubted]
        seen = [row[id_] for id_, state in known.items() if state is State.YES and id_ not in doubted]
        log_weights += self.log_silent[silent].sum(axis=0)
        log_weights += self.log_seen[seen].sum(axis=0)
        log_weights += self.log_told(known, doubted)
        return Posterior(self, log_weights - log_sum(log_weights), known, stopped, doubted)

    def columns_of(self, key: str) -> tuple[int, ...]:
        """The columns of a cause, or the one of a form (``tracker.hung/mute``); none where there is no such cause."""
        return self.columns_by_key.get(key, ())

    @property
    def log_unlisted(self) -> float:
        """Log prior weight of the empty combination once data is known to have stopped."""
        listed = log_sum(self.log_prior[1:])
        if listed == -math.inf:
            return float(self.log_prior[0])
        return listed + math.log(UNLISTED_SHARE / (1.0 - UNLISTED_SHARE))

    def _explaining(self, able: Collection[str]) -> Floats:
        """Prior weights with all combinations that hold no able cause scaled down to UNLISTED_SHARE together."""
        columns = [column for cause, its in self.columns.items() if cause in able for column in its]
        explains = self.lattice.holding(columns)
        log_weights = self.log_prior.copy()
        if explains.any():
            target = log_sum(log_weights[explains]) + math.log(UNLISTED_SHARE / (1.0 - UNLISTED_SHARE))
            log_weights[~explains] += target - log_sum(log_weights[~explains])
        return log_weights

    def log_likelihood(self, finding: str, state: State, rows: Indices | None = None) -> Floats:
        """Log P(state of the finding | combination), shape (rows,); zeros for unknown. KeyError: no such finding."""
        row = self.finding_rows[finding]
        if state is State.UNKNOWN:
            return np.zeros(len(self.log_prior) if rows is None else len(rows))
        log_says: Floats = (self.log_silent if state is State.NO else self.log_seen)[row]
        return log_says if rows is None else log_says[rows]

    def log_answer(self, findings: Mapping[str, State], answers: int = 2, rows: Indices | None = None) -> Floats:
        """Log P(a person gives the answer that states these findings | combination), shape (rows,).

        One answer is right or wrong as a whole. A wrong one falls on any of the other ``answers - 1``. ``rows``: of
        these combinations alone. KeyError: no such finding.
        """
        log_right = np.zeros(len(self.log_prior) if rows is None else len(rows))
        for id_, state in findings.items():
            log_right += self.log_likelihood(id_, state, rows)
        right = np.exp(log_right)
        wrong = (1.0 - right) / max(answers - 1, 1)
        doubted: Floats = np.log(right * (1.0 - TOLD_WRONGLY) + wrong * TOLD_WRONGLY)
        return doubted

    def log_told(self, known: Mapping[str, State], told: Mapping[str, Said]) -> Floats:
        """The same over every question that was answered, shape (rows,); findings not in ``known`` say nothing."""
        total = np.zeros_like(self.log_prior)
        for said in dict.fromkeys(told.values()):
            total += self.log_answer(
                {id_: known[id_] for id_ in told if told[id_] == said and id_ in known}, said.answers
            )
        return total


@dataclass(frozen=True, eq=False, slots=True)
class Posterior:
    """What is still possible, and how probable: one normalised log weight per combination (rows,).

    ``known``: the findings these weights rest on. ``stopped``: the empty combination then means
    *something that is not in the catalogue*; otherwise it means *nothing is wrong*.
    """

    network: Network
    log_weights: Floats
    known: Mapping[str, State]
    stopped: bool
    told: Mapping[str, Said] = field(default_factory=dict)
    """Of the known findings those that a person answered."""

    @property
    def cause_ids(self) -> tuple[str, ...]:
        """Of each column of ``combinations`` its cause; one with forms has several."""
        return tuple(cause.id for cause in self.network.causes)

    @property
    def combinations(self) -> Bools:
        """Which column is in which combination, shape (rows, columns)."""
        return self.network.lattice.present

    @property
    def weights(self) -> Floats:
        """Probability of each combination, shape (rows,); they sum to 1."""
        weights: Floats = np.exp(self.log_weights)
        return weights

    @property
    def marginals(self) -> dict[str, float]:
        """Probability of each cause, by id. Causes may coincide, so these need not sum to 1."""
        held = self._of_columns
        return {cause: min(float(held[list(its)].sum()), 1.0) for cause, its in self.network.columns.items()}

    @property
    def surest(self) -> float:
        """Probability of the most probable cause, in one of its forms."""
        return min(float(self._of_columns.max(initial=0.0)), 1.0)

    @property
    def _of_columns(self) -> Floats:
        """Probability of each column, shape (columns,)."""
        members = self.network.lattice.members
        columns = self.network.lattice.present.shape[1]
        counted = np.bincount(members.ravel(), np.repeat(self.weights, members.shape[1]), minlength=columns + 1)
        return np.asarray(counted[:columns], dtype=np.float64)

    @property
    def hops(self) -> dict[Hop, float]:
        """Probability that some cause at a hop holds; these need not sum to 1 either."""
        present, weights = self.combinations, self.weights
        return {
            hop: float(weights[present[:, [one.hop is hop for one in self.network.causes]].any(axis=1)].sum())
            for hop in Hop
        }

    @property
    def empty(self) -> float:
        """Probability that no listed cause holds."""
        return float(np.exp(self.log_weights[0]))

    def given(self, finding: str, state: State) -> "Posterior":
        """The posterior with one more finding. A finding already known, or unknown: the same. KeyError: no such one."""
        more = self.network.log_likelihood(finding, state)
        if state is State.UNKNOWN or finding in self.known:
            return self
        return self._with(more, {finding: state}, {})

    def given_answer(self, findings: Mapping[str, State], said: Said) -> "Posterior":
        """The posterior with what one more answer states; findings that are known already are left out."""
        news = {id_: state for id_, state in findings.items() if id_ not in self.known}
        return self._with(self.network.log_answer(news, said.answers), news, dict.fromkeys(news, said))

    def _with(self, more: Floats, news: Mapping[str, State], told: Mapping[str, Said]) -> "Posterior":
        log_weights = self.log_weights + more
        log_weights = log_weights - log_sum(log_weights)
        return Posterior(self.network, log_weights, {**self.known, **news}, self.stopped, {**self.told, **told})

    def if_stopped(self) -> "Posterior":
        """The same findings, supposing that data has stopped: what holds *if* it is stuck."""
        if self.stopped:
            return self
        log_weights = self.log_weights.copy()
        log_weights[0] += self.network.log_unlisted - self.network.log_prior[0]
        return Posterior(self.network, log_weights - log_sum(log_weights), self.known, True, self.told)

    def after_failed(self, mends: Mapping[str, float]) -> "Posterior":
        """The posterior after a fix was done and data still does not move.

        ``mends``: cause, or form of one -> chance that the fix ends it; each cause present is ended or not on its
        own. What is left is no longer what the findings were seen on, so ``known`` is empty.
        """
        after, moving = transition(self.network, self.weights, mends)
        return self._stuck_after(after, moving, {})

    def after_undone(self, mends: Mapping[str, float]) -> "Posterior":
        """The posterior after a fix was done, data did not move, and the fix was taken back: all causes are as before.

        Each combination is weighed by the chance that the fix leaves it stuck, 1 - product of its ``mends``.
        """
        chances = np.zeros((1, len(self.network.causes)), dtype=np.float64)
        for cause, chance in mends.items():
            chances[0, self.network.columns_of(cause)] = chance
        ended = over_members(chances, self.network.lattice.members, np.multiply)[0]
        ended[0] = 0.0  # no fix here ends what is not listed
        weights = self.weights
        return self._stuck_after(weights * (1.0 - ended), float(weights @ ended), self.known)

    def _stuck_after(self, after: Floats, moving: float, known: Mapping[str, State]) -> "Posterior":
        if moving >= 1.0 - PROBABILITY_FLOOR or after.sum() <= 0.0:
            # The fix could not fail by this model, yet it did: nothing in the catalogue fits.
            after = np.zeros_like(after)
            after[0] = 1.0
        with np.errstate(divide="ignore"):
            log_weights = np.log(after / after.sum())
        told = {id_: said for id_, said in self.told.items() if id_ in known}
        return Posterior(self.network, log_weights, known, self.stopped, told)

    def contribution(self, cause: str, finding: str) -> float:
        """How much a finding speaks for (positive) or against (negative) a cause, given all the rest.

        The log-likelihood ratio: log odds of the cause with the finding minus those without it
        (natural logarithm). 0 for a finding these weights do not rest on. KeyError: no such cause.
        """
        if cause not in self.network.columns:
            raise KeyError(cause)
        if finding not in self.known:
            return 0.0
        return self._log_odds(self.log_weights, cause) - self._log_odds(self.log_weights - self._says(finding), cause)

    def _says(self, finding: str) -> Floats:
        """What a known finding adds to the log weights, shape (rows,); of an answer its own part."""
        said = self.told.get(finding)
        if said is None:
            return self.network.log_likelihood(finding, self.known[finding])
        same = {id_: self.known[id_] for id_, other in self.told.items() if other == said}
        others = {id_: state for id_, state in same.items() if id_ != finding}
        both = self.network.log_answer(same, said.answers)
        return both - self.network.log_answer(others, said.answers) if others else both

    def evidence_for(
        self, causes: Iterable[str], at_least: float = SPEAKS_FOR_LOG_RATIO
    ) -> dict[str, tuple[tuple[str, float], ...]]:
        """Of each cause the findings seen that are linked to it and speak for it, strongest first, with their
        contribution."""
        log_odds = {cause: self._log_odds(self.log_weights, cause) for cause in causes}
        spoken: dict[str, list[tuple[str, float]]] = {cause: [] for cause in log_odds}
        for finding, state in self.known.items():
            linked = {link.cause for link in self.network.links[finding]} & log_odds.keys()
            if state is State.YES and linked:
                without = self.log_weights - self._says(finding)
                for cause in linked:
                    spoken[cause].append((finding, log_odds[cause] - self._log_odds(without, cause)))
        return {
            cause: tuple(sorted((one for one in its if one[1] >= at_least), key=lambda one: (-one[1], one[0])))
            for cause, its in spoken.items()
        }

    def _log_odds(self, log_weights: Floats, cause: str) -> float:
        held = self.network.holding[cause]
        return log_sum(log_weights[held]) - log_sum(log_weights[~held])


def posterior(
    causes: Sequence[Cause],
    links: Mapping[str, Sequence[Link]],
    leaks: Mapping[str, float],
    states: Mapping[str, State],
    *,
    stopped: bool,
    max_together: int = MAX_CAUSES_TOGETHER,
) -> Posterior:
    """Exact posterior in one call; for many of the same network build a ``Network`` once."""
    return Network.build(causes, links, leaks, max_together).posterior(states, stopped=stopped)


def links_and_leaks(knowledge: Knowledge) -> tuple[dict[str, tuple[Link, ...]], dict[str, float]]:
    """Links and leaks of all findings and symptoms of the knowledge, by finding id."""
    links = {spec.id: spec.links for spec in knowledge.findings.values()}
    leaks = {spec.id: spec.leak for spec in knowledge.findings.values()}
    for symptom in knowledge.symptoms.values():
        links[symptom_finding(symptom.id)] = symptom.links
        leaks[symptom_finding(symptom.id)] = symptom.leak
    return links, leaks


def symptom_finding(symptom: str) -> str:
    """The finding id of a symptom."""
    return f"symptom.{symptom}"


def transition(network: Network, weights: Floats, mends: Mapping[str, float]) -> tuple[Floats, float]:
    """Do a fix: weights (rows,) of what is still stuck afterwards (not normalised), and the mass that now moves.

    Mass that was in the empty combination before stays there: no fix here ends what is not listed.
    """
    after = weights.copy()
    unlisted = float(after[0])
    after[0] = 0.0
    each = [(column, chance) for cause, chance in mends.items() for column in network.columns_of(cause)]
    for column, chance in each:
        holds = network.lattice.present[:, column]
        ended = after[holds] * chance
        after[holds] -= ended
        after[network.lattice.without[holds, column]] += ended
    moving = float(after[0])
    after[0] = unlisted
    return after, moving


def log_sum(log_values: Floats | Iterable[float]) -> float:
    """Log of the sum of exponentials, without overflow; minus infinity for nothing."""
    values = np.asarray(log_values, dtype=np.float64)
    top = float(values.max(initial=-np.inf))
    if top == -np.inf:
        return -math.inf
    return top + math.log(float(np.exp(values - top).sum()))


def _probability(value: float, what: str) -> float:
    if not 0.0 <= value <= 1.0:  # also catches not-a-number
        raise ValueError(f"{what} is {value}; it must lie between 0 and 1")
    return min(max(value, PROBABILITY_FLOOR), 1.0 - PROBABILITY_FLOOR)
