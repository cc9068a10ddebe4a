"""The oracle of the network: the same posterior from pyAgrum, a general Bayesian-network library."""

import itertools
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
    by_parts: bool = False,
) -> dict[str, float]:
    """The same network in pyAgrum: noisy-OR nodes, and a chain that counts causes for the limit and for "stopped".

    A cause with forms is one variable: absent, or in one of them (only ``by_parts``: the library's noisy-OR is binary).

    Its "net" form of noisy-OR has the leak apart from the strengths, as ours has; its default, "compound", mixes them.
    ``by_parts``: the findings as :func:`add_by_parts` puts them, for a network whose findings have many causes.
    """
    network = pyagrum.BayesNet()
    add_causes(network, causes)
    known = {finding: state for finding, state in states.items() if state is not State.UNKNOWN and finding in links}
    evidence: dict[str, object] = {}
    if by_parts:
        evidence |= add_by_parts(network, causes, links, leaks, known)
    else:
        for finding, state in known.items():
            network.addNoisyORNet(pyagrum.LabelizedVariable(finding, finding, 2), leaks[finding])
            for one_link in links[finding]:
                network.addWeightedArc(one_link.cause, finding, one_link.strength)
            evidence[finding] = int(state is State.YES)
    if stopped or max_together is not None:
        unlisted, listed = unlisted_likelihood([one.prior for one in causes], max_together) if stopped else (1.0, 1.0)
        most = 1 if max_together is None else max_together
        add_count(network, causes, most)
        evidence["count"] = [unlisted] + [listed] * most + [listed if max_together is None else 0.0]
    inference = pyagrum.LazyPropagation(network)
    inference.setEvidence(evidence)
    inference.makeInference()
    return {one.id: 1.0 - float(inference.posterior(one.id)[0]) for one in causes}


def add_causes(network: "pyagrum.BayesNet", causes: Sequence[Cause]) -> None:
    """A variable for each: absent, and each of its forms (one, where it has none)."""
    for one in causes:
        shares = [form.share for form in one.forms] or [1.0]
        network.add(pyagrum.LabelizedVariable(one.id, one.id, 1 + len(shares)))
        network.cpt(one.id).fillWith([1 - one.prior, *(one.prior * share for share in shares)])


def by_state(link: Link, cause: Cause) -> list[float]:
    """Strength while the cause is absent (0), and in each of its forms (one, where it has none)."""
    each = [one.strength for one in link.of_forms] or [link.strength] * max(1, len(cause.forms))
    return [0.0, *each]


def add_by_parts(
    network: "pyagrum.BayesNet",
    causes: Sequence[Cause],
    links: Mapping[str, Sequence[Link]],
    leaks: Mapping[str, float],
    known: Mapping[str, State],
) -> dict[str, object]:
    """Put known findings in as what noisy-OR is by definition; the evidence that goes with them.

    *No* means that each cause failed on its own: a likelihood of 1 - strength on each (Heckerman 1990, Quickscore).
    *Yes* is a chain of ORs along the causes (temporal noisy-OR, Heckerman 1993). A node with twelve parents would marry
    them all, and ten such nodes make one table of all causes.
    """
    fails = {one.id: [1.0] * (1 + max(1, len(one.forms))) for one in causes}
    evidence: dict[str, object] = {}
    for finding, state in known.items():
        linked = {one.cause: one for one in links[finding]}
        strength = {one.id: by_state(linked[one.id], one) for one in causes if one.id in linked}
        if state is State.NO:
            for cause, each in strength.items():
                fails[cause] = [fail * (1 - one) for fail, one in zip(fails[cause], each, strict=True)]
            continue
        before = f"{finding}/leak"
        network.add(pyagrum.LabelizedVariable(before, before, 2))
        network.cpt(before).fillWith([1 - leaks[finding], leaks[finding]])
        for cause, each in strength.items():
            after = f"{finding}/{cause}"
            network.add(pyagrum.LabelizedVariable(after, after, 2))
            network.addArc(before, after)
            network.addArc(cause, after)
            for held, so_far in itertools.product(range(len(each)), (0, 1)):
                yes = 1.0 if so_far else each[held]
                network.cpt(after)[{cause: held, before: so_far}] = [1 - yes, yes]
            before = after
        evidence[before] = 1
    return evidence | {cause: each for cause, each in fails.items() if min(each) < 1.0}


def unlisted_likelihood(priors: Sequence[float], max_together: int | None) -> tuple[float, float]:
    """Soft evidence on "no listed cause" and "some" that leaves "none" its share of the stopped, at most 1."""
    by_number = np.array([1.0])
    for prior in priors:
        by_number = np.convolve(by_number, [1 - prior, prior])
    some = by_number[1:].sum() if max_together is None else by_number[1 : max_together + 1].sum()
    odds = UNLISTED_SHARE / (1 - UNLISTED_SHARE) * some / by_number[0]
    return float(odds / (1 + odds)), float(1 / (1 + odds))


def add_count(network: "pyagrum.BayesNet", causes: Sequence[Cause], most: int) -> None:
    """A chain that counts the causes present, saturating at ``most`` + 1; its end is named ``count``."""
    before = None
    for index, one in enumerate(causes):
        name = "count" if index == len(causes) - 1 else f"count{index}"
        network.add(pyagrum.RangeVariable(name, name, 0, most + 1))
        network.addArc(one.id, name)
        if before is not None:
            network.addArc(before, name)
        for held in range(1 + max(1, len(one.forms))):
            for so_far in range(most + 2) if before is not None else (0,):
                where = {one.id: held} | ({before: so_far} if before is not None else {})
                total = min(so_far + (held > 0), most + 1)
                network.cpt(name)[where] = [float(value == total) for value in range(most + 2)]
        before = name
