"""Time of one posterior, one plan and one choice of question on the whole knowledge."""

import random
import statistics
import time
import warnings
from collections.abc import Callable, Mapping

from tests.doctor.reasoning.general_library import add_by_parts, add_causes

from benchmarks.scale import SMOKE
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Knowledge
from unstuck.doctor.reasoning.gate import Situation
from unstuck.doctor.reasoning.lattice import lattice
from unstuck.doctor.reasoning.network import Network, links_and_leaks
from unstuck.doctor.reasoning.network import posterior as posterior_from_parts
from unstuck.doctor.reasoning.plan import make_plan
from unstuck.doctor.reasoning.questions import worth_of_questions
from unstuck.model.diagnosis import State

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its generated bindings lack a __module__; not ours to fix
    import pyagrum

_RUNS = 1 if SMOKE else 31
"""Thirty-one runs: enough for a steady median of something that takes milliseconds."""
_LIMIT_MS = 20
_SEED = 20261122
"""Any fixed number: the same findings in every run, here and at the peer."""
_TRUE_CAUSES = ("bluetooth.out_of_range", "phone.battery_saver")
"""The findings are drawn from the network with these two holding: an ordinary, not a trivial case."""
_SAME = 1e-3
"""Most that a probability may differ from the peer's, which does not stop at three causes together."""


def run() -> list[dict[str, object]]:
    """Rows for posterior, plan and question, the posterior beside pyAgrum's on the same network and findings."""
    knowledge = load()
    links, leaks = links_and_leaks(knowledge)
    causes = tuple(knowledge.causes.values())
    network = Network.of(knowledge)
    states = _drawn(knowledge)
    found, blind = network.posterior(states, stopped=True), network.posterior({}, stopped=True)
    peer = _Peer(knowledge, states)
    ours = network.posterior(states, stopped=False).marginals
    if max(abs(ours[id_] - probability) for id_, probability in peer.marginals().items()) > _SAME:
        raise RuntimeError("the peer's posterior is not ours: the two times cannot be compared")
    fixes, unknown = knowledge.fixes, Situation()
    return [
        _row(
            f"posterior from the parts, {len(causes)} causes, {len(links)} findings",
            _median_ms(lambda: posterior_from_parts(causes, links, leaks, states, stopped=False).marginals),
            f"<= {_LIMIT_MS}",
            _median_ms(lambda: _Peer(knowledge, states).marginals()),
        ),
        _row(
            "posterior, network ready",
            _median_ms(lambda: network.posterior(states, stopped=False).marginals),
            f"<= {_LIMIT_MS}",
            _median_ms(peer.marginals),
        ),
        _row(
            "first posterior of a process",
            _median_ms(lambda: _first_posterior(knowledge, states)),
            f"<= {_LIMIT_MS}",
        ),
        _row("evidence lines of all causes", _median_ms(lambda: found.evidence_for(found.network.columns))),
        _row("plan, nothing known", _median_ms(lambda: make_plan(blind, fixes, unknown))),
        _row("plan, every finding known", _median_ms(lambda: make_plan(found, fixes, unknown))),
        _row(
            f"worth of all {len(knowledge.questions)} questions, nothing known",
            _median_ms(lambda: worth_of_questions(blind, knowledge, {}, unknown)),
        ),
    ]


def _first_posterior(knowledge: Knowledge, states: Mapping[str, State]) -> dict[str, float]:
    """With the combinations laid out anew, as in a fresh process."""
    lattice.cache_clear()
    return Network.of(knowledge).posterior(states, stopped=True).marginals


def _drawn(knowledge: Knowledge) -> dict[str, State]:
    """Every finding, yes or no, drawn from the network with the true causes holding."""
    links, leaks = links_and_leaks(knowledge)
    dice = random.Random(_SEED)
    states = {}
    for finding, its_links in links.items():
        silent = 1.0 - leaks[finding]
        for link in its_links:
            silent *= 1.0 - link.strength if link.cause in _TRUE_CAUSES else 1.0
        states[finding] = State.NO if dice.random() < silent else State.YES
    return states


def _row(name: str, value_ms: float, limit: str | None = None, peer_ms: float | None = None) -> dict[str, object]:
    return {
        "name": name,
        "value": value_ms,
        "unit": "ms",
        "limit": limit,
        "peer": None if peer_ms is None else "pyAgrum",
        "peer_value": peer_ms,
        "ratio": None if peer_ms is None else peer_ms / value_ms,
    }


def _median_ms(work: Callable[[], object]) -> float:
    work()  # once for what is laid out once per process
    times = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return 1000.0 * statistics.median(times)


class _Peer:
    """The same network in pyAgrum, without a limit on causes together, and with its findings put in by their parts: as
    noisy-OR nodes it does not come to an end on findings with a dozen causes."""

    def __init__(self, knowledge: Knowledge, states: Mapping[str, State]) -> None:
        links, leaks = links_and_leaks(knowledge)
        causes = tuple(knowledge.causes.values())
        self.causes = tuple(knowledge.causes)
        self.network = pyagrum.BayesNet()
        add_causes(self.network, causes)
        self.evidence = add_by_parts(self.network, causes, links, leaks, states)

    def marginals(self) -> dict[str, float]:
        """Probability of every cause, by exact inference."""
        inference = pyagrum.LazyPropagation(self.network)
        inference.setEvidence(self.evidence)
        inference.makeInference()
        return {cause: 1.0 - float(inference.posterior(cause)[0]) for cause in self.causes}
