"""The oracle of the network: the same posterior from pyAgrum, a general Bayesian-network library."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from unstuck.doctor.knowledge.schema import Cause, Link
from unstuck.doctor.reasoning.network import UNLISTED_SHARE
from unstuck.model.diagnosis import State

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its generated bindings lack a __module__; not ours to fix
    import pyagrum


def oracle(
    causes: Sequence[Cause],
    links: Mapping[str, Sequence[Link]],
    leaks: Mapping[str, float],
    states: Mapping[str, State],
    *,
    stopped: bool,
    max_together: int | None,
) -> dict[str, float]:
    """The same network in pyAgrum: noisy-OR nodes, and a chain that counts causes for the limit and for "stopped".

    Its "net" form of noisy-OR has the leak apart from the strengths, as ours has; its default, "compound", mixes them.
    """
    network = pyagrum.BayesNet()
    evidence: dict[str, object] = {}
    for one in causes:
        network.add(pyagrum.LabelizedVariable(one.id, one.id, 2))
        network.cpt(one.id).fillWith([1 - one.prior, one.prior])
    for finding, its_links in links.items():
        if states.get(finding, State.UNKNOWN) is State.UNKNOWN:
            continue
        network.addNoisyORNet(pyagrum.LabelizedVariable(finding, finding, 2), leaks[finding])
        for one_link in its_links:
            network.addWeightedArc(one_link.cause, finding, one_link.strength)
        evidence[finding] = int(states[finding] is State.YES)
    if stopped or max_together is not None:
        unlisted, listed = unlisted_likelihood([one.prior for one in causes], max_together) if stopped else (1.0, 1.0)
        most = 1 if max_together is None else max_together
        add_count(network, [one.id for one in causes], most)
        evidence["count"] = [unlisted] + [listed] * most + [listed if max_together is None else 0.0]
    inference = pyagrum.LazyPropagation(network)
    inference.setEvidence(evidence)
    inference.makeInference()
    return {one.id: float(inference.posterior(one.id)[1]) for one in causes}


def unlisted_likelihood(priors: Sequence[float], max_together: int | None) -> tuple[float, float]:
    """Soft evidence on "no listed cause" and "some" that leaves "none" its share of the stopped, at most 1."""
    by_number = np.array([1.0])
    for prior in priors:
        by_number = np.convolve(by_number, [1 - prior, prior])
    some = by_number[1:].sum() if max_together is None else by_number[1 : max_together + 1].sum()
    odds = UNLISTED_SHARE / (1 - UNLISTED_SHARE) * some / by_number[0]
    return float(odds / (1 + odds)), float(1 / (1 + odds))


def add_count(network: "pyagrum.BayesNet", causes: Sequence[str], most: int) -> None:
    """A chain that counts the causes present, saturating at ``most`` + 1; its end is named ``count``."""
    before = None
    for index, one in enumerate(causes):
        name = "count" if index == len(causes) - 1 else f"count{index}"
        network.add(pyagrum.RangeVariable(name, name, 0, most + 1))
        network.addArc(one, name)
        if before is not None:
            network.addArc(before, name)
        for held in (0, 1):
            for so_far in range(most + 2) if before is not None else (0,):
                where = {one: held} | ({before: so_far} if before is not None else {})
                total = min(so_far + held, most + 1)
                network.cpt(name)[where] = [float(value == total) for value in range(most + 2)]
        before = name
