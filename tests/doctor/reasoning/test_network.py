"""The network of causes against a general Bayesian-network library, and at its edges."""

import itertools
import math
import random
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doctor.reasoning.general_library import oracle, unlisted_likelihood
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Cause, FindingSpec, Form, Knowledge, Link, OfForm, Symptom
from unstuck.doctor.reasoning.lattice import lattice
from unstuck.doctor.reasoning.network import (
    PROBABILITY_FLOOR,
    UNLISTED_SHARE,
    Network,
    Posterior,
    links_and_leaks,
    posterior,
)
from unstuck.model.diagnosis import State
from unstuck.model.hop import Hop

TOLERANCE = 1e-9


def cause(id_: str, prior: float) -> Cause:
    return Cause(id_, Hop.PHONE, id_, id_, id_, prior, "made for the test", "")


def link(cause_id: str, strength: float) -> Link:
    return Link(cause_id, strength, "made for the test")


class Case:
    """A random network with some findings known."""

    def __init__(self, seed: int, causes: int, findings: int, links_each: int = 4) -> None:
        dice = random.Random(seed)
        self.causes = [cause(f"c{index}", dice.uniform(0.01, 0.4)) for index in range(causes)]
        self.links = {
            f"f{index}": [
                link(f"c{parent}", dice.uniform(0.05, 0.98))
                for parent in dice.sample(range(causes), min(links_each, causes))
            ]
            for index in range(findings)
        }
        self.leaks = {finding: dice.uniform(0.002, 0.3) for finding in self.links}
        self.states = {finding: dice.choice(list(State)) for finding in self.links}


def assert_same(ours: Posterior, theirs: Mapping[str, float]) -> None:
    marginals = ours.marginals
    assert marginals.keys() == theirs.keys()
    for cause_id, probability in theirs.items():
        assert marginals[cause_id] == pytest.approx(probability, abs=TOLERANCE), cause_id


@given(seed=st.integers(0, 2**32), causes=st.integers(1, 8), findings=st.integers(0, 12), stopped=st.booleans())
@settings(max_examples=100, deadline=None)
def test_untruncated_equals_the_general_library(seed: int, causes: int, findings: int, stopped: bool) -> None:
    case = Case(seed, causes, findings)
    ours = posterior(case.causes, case.links, case.leaks, case.states, stopped=stopped, max_together=causes)
    assert_same(ours, oracle(case.causes, case.links, case.leaks, case.states, stopped=stopped, max_together=None))


@given(seed=st.integers(0, 2**32), causes=st.integers(4, 8), findings=st.integers(0, 12), stopped=st.booleans())
@settings(max_examples=100, deadline=None)
def test_at_most_three_equals_the_general_library_told_the_same(
    seed: int, causes: int, findings: int, stopped: bool
) -> None:
    case = Case(seed, causes, findings)
    ours = posterior(case.causes, case.links, case.leaks, case.states, stopped=stopped)
    assert_same(ours, oracle(case.causes, case.links, case.leaks, case.states, stopped=stopped, max_together=3))


@pytest.mark.parametrize("seed", range(3))
def test_twelve_causes_and_thirty_findings_equal_the_general_library(seed: int) -> None:
    case = Case(seed, 12, 30)
    for together in (3, 12):
        ours = posterior(case.causes, case.links, case.leaks, case.states, stopped=True, max_together=together)
        theirs = oracle(case.causes, case.links, case.leaks, case.states, stopped=True, max_together=together)
        assert_same(ours, theirs)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("stopped", [False, True])
def test_the_whole_real_network_equals_the_general_library(seed: int, stopped: bool) -> None:
    knowledge = load()
    links, leaks = links_and_leaks(knowledge)
    dice = random.Random(seed)

    likely = [State.NO, State.NO, State.NO, State.NO, State.YES]
    states = {finding: dice.choice(likely) for finding in links}
    ours = Network.of(knowledge).posterior(states, stopped=stopped)
    assert len(ours.known) == len(knowledge.findings) + len(knowledge.symptoms)
    causes = tuple(knowledge.causes.values())
    assert_same(ours, oracle(causes, links, leaks, states, stopped=stopped, max_together=3, by_parts=True))


def form_of(cause: Cause, dice: random.Random) -> str:
    """One of its forms, by their shares; empty where it has none."""
    return (
        dice.choices([form.id for form in cause.forms], [form.share for form in cause.forms])[0] if cause.forms else ""
    )


def strength_in(link: Link, held: Mapping[str, str]) -> float:
    """The link's strength in the form that holds."""
    return {one.form: one.strength for one in link.of_forms}.get(held[link.cause], link.strength)


def drawn(knowledge: Knowledge, true_causes: set[str], dice: random.Random) -> dict[str, State]:
    """Every finding, yes or no, drawn from the network while these causes hold, each in one of its forms."""
    links, leaks = links_and_leaks(knowledge)
    held = {id_: form_of(knowledge.causes[id_], dice) for id_ in sorted(true_causes)}
    return {
        finding: State.NO
        if dice.random()
        < (1 - leaks[finding]) * math.prod(1 - strength_in(each, held) for each in its_links if each.cause in held)
        else State.YES
        for finding, its_links in links.items()
    }


@pytest.mark.timeout(240)  # the general library needs some seconds for each draw
@pytest.mark.parametrize("holding", [1, 2])
def test_the_limit_of_three_changes_less_than_a_per_cent_while_one_or_two_causes_hold(holding: int) -> None:
    knowledge, dice = load(), random.Random(holding)
    links, leaks = links_and_leaks(knowledge)
    causes, network = tuple(knowledge.causes.values()), Network.of(knowledge)
    for _ in range(12):
        true_causes = set(dice.sample(list(knowledge.causes), holding))
        states = drawn(knowledge, true_causes, dice)
        ours = network.posterior(states, stopped=True).marginals
        unlimited = oracle(causes, links, leaks, states, stopped=True, max_together=None, by_parts=True)
        assert ours == pytest.approx(unlimited, abs=0.01)


def brute_force(case: Case, *, stopped: bool, together: int) -> dict[str, float]:
    """The definition, combination by combination, in plain Python."""
    mass = dict.fromkeys((one.id for one in case.causes), 0.0)
    total = 0.0
    unlisted, listed = unlisted_likelihood([one.prior for one in case.causes], together) if stopped else (1.0, 1.0)
    for held in itertools.product((False, True), repeat=len(case.causes)):
        if sum(held) > together:
            continue
        present = {one.id for one, holds in zip(case.causes, held, strict=True) if holds}
        weight = math.prod(one.prior if one.id in present else 1 - one.prior for one in case.causes)
        weight *= listed if present else unlisted
        for finding, state in case.states.items():
            silent = (1 - case.leaks[finding]) * math.prod(
                1 - each.strength for each in case.links[finding] if each.cause in present
            )
            weight *= {State.YES: 1 - silent, State.NO: silent, State.UNKNOWN: 1.0}[state]
        total += weight
        for id_ in present:
            mass[id_] += weight
    return {id_: value / total for id_, value in mass.items()}


@given(seed=st.integers(0, 2**32), stopped=st.booleans(), together=st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_posterior_is_the_definition(seed: int, stopped: bool, together: int) -> None:
    case = Case(seed, 5, 6, links_each=3)
    ours = posterior(case.causes, case.links, case.leaks, case.states, stopped=stopped, max_together=together)
    assert_same(ours, brute_force(case, stopped=stopped, together=together))


def test_twenty_eight_causes_without_forms_have_3683_combinations_of_up_to_three() -> None:
    space = lattice(tuple(range(28)), 3)
    assert space.present.shape == (3683, 28)
    assert space.present.sum(axis=1).max() == 3
    assert not space.present[0].any()
    assert len({row.tobytes() for row in space.present}) == 3683


def test_taking_a_cause_out_of_a_combination_leads_to_the_rest_of_it() -> None:
    space = lattice((0, 1, 1, 2, 3), 3)
    for row, column in itertools.product(range(len(space.present)), range(5)):
        if space.present[row, column]:
            rest = space.present[row].copy()
            rest[column] = False
            assert (space.present[space.without[row, column]] == rest).all()
        else:
            assert space.without[row, column] == -1


def test_too_many_combinations_are_refused() -> None:
    with pytest.raises(ValueError, match="combinations"):
        lattice(tuple(range(28)), 28)


def test_of_one_cause_one_form_holds_at_a_time() -> None:
    space = lattice((0, 0, 1), 3)
    held = [tuple(np.flatnonzero(row).tolist()) for row in space.present]
    assert held == [(), (0,), (1,), (2,), (0, 2), (1, 2)]


def with_forms(id_: str, prior: float, **shares: float) -> Cause:
    return replace(cause(id_, prior), forms=tuple(Form(form, share, form) for form, share in shares.items()))


def by_form(cause_id: str, **strengths: float) -> Link:
    return Link(cause_id, 0.5, "made for the test", of_forms=tuple(OfForm(*each) for each in strengths.items()))


FORMED = [with_forms("hung", 0.1, silent=0.5, mute=0.5), cause("far", 0.2)]
OF_FORMS = {
    "not_heard": [by_form("hung", silent=0.9, mute=0.02), link("far", 0.9)],
    "no_answer": [by_form("hung", silent=0.02, mute=0.9)],
}
FORMED_LEAKS = {"not_heard": 0.01, "no_answer": 0.01}


def test_what_one_form_cannot_show_does_not_speak_against_the_other() -> None:
    states = {"not_heard": State.YES, "no_answer": State.NO}
    split = posterior(FORMED, OF_FORMS, FORMED_LEAKS, states, stopped=True).marginals["hung"]
    blurred = {id_: [replace(one, of_forms=()) for one in its] for id_, its in OF_FORMS.items()}
    as_one = posterior(FORMED, blurred, FORMED_LEAKS, states, stopped=True).marginals["hung"]
    assert split > 1.3 * as_one
    assert split == pytest.approx(
        oracle(FORMED, OF_FORMS, FORMED_LEAKS, states, stopped=True, max_together=3, by_parts=True)["hung"],
        abs=TOLERANCE,
    )


def test_a_fix_that_ends_one_form_leaves_the_other() -> None:
    found = posterior(FORMED, OF_FORMS, FORMED_LEAKS, {"not_heard": State.YES}, stopped=True)
    before = found.marginals["hung"]
    assert found.after_failed({"hung/mute": 0.99}).marginals["hung"] > 0.8 * before
    without_silent = found.after_failed({"hung/silent": 0.99}).marginals["hung"]
    assert found.after_failed({"hung": 0.99}).marginals["hung"] < without_silent < 0.5 * before
    assert found.network.columns_of("hung/mute") == (1,)
    assert found.network.columns_of("nothing/mute") == ()


def test_the_surest_is_a_cause_in_one_form() -> None:
    found = posterior(FORMED, OF_FORMS, FORMED_LEAKS, {}, stopped=False)
    assert found.surest == pytest.approx(found.marginals["far"])
    assert posterior([], {}, {}, {}, stopped=True).surest == 0.0


def test_unknown_findings_say_nothing() -> None:
    case = Case(7, 6, 8)
    unknown = dict.fromkeys(case.links, State.UNKNOWN)
    silent = posterior(case.causes, case.links, case.leaks, unknown, stopped=False)
    nothing = posterior(case.causes, case.links, case.leaks, {}, stopped=False)
    assert silent.marginals == nothing.marginals
    assert nothing.known == {}


def test_without_evidence_and_limit_the_marginals_are_the_priors() -> None:
    case = Case(3, 6, 4)
    ours = posterior(case.causes, case.links, case.leaks, {}, stopped=False, max_together=6)
    assert ours.marginals == pytest.approx({one.id: one.prior for one in case.causes})


@pytest.mark.parametrize("prior", [0.001, 0.1])
def test_stopped_data_leaves_something_unlisted_its_share_whatever_the_scale_of_the_priors(prior: float) -> None:
    causes = [cause("a", prior), cause("b", prior)]
    moving = posterior(causes, {}, {}, {}, stopped=False)
    stopped = posterior(causes, {}, {}, {}, stopped=True)
    assert moving.empty == pytest.approx((1 - prior) ** 2)
    assert stopped.empty == pytest.approx(UNLISTED_SHARE)


def test_without_any_listed_cause_only_something_unlisted_is_left() -> None:
    assert posterior([], {}, {}, {}, stopped=True).empty == 1.0
    assert posterior([cause("a", 0.5)], {}, {}, {}, stopped=True, max_together=0).empty == 1.0


def test_findings_that_fit_no_cause_speak_for_something_unlisted() -> None:
    links = {f"f{index}": [link("a", 0.9)] for index in range(6)}
    leaks = dict.fromkeys(links, 0.01)
    ours = posterior([cause("a", 0.1)], links, leaks, dict.fromkeys(links, State.NO), stopped=True)
    assert ours.empty > 0.99


EXTREMES = st.sampled_from([0.0, 1e-12, 0.5, 1.0 - 1e-12, 1.0])


@given(
    priors=st.lists(EXTREMES, min_size=3, max_size=3),
    strengths=st.lists(EXTREMES, min_size=6, max_size=6),
    leaks=st.lists(EXTREMES, min_size=2, max_size=2),
    states=st.lists(st.sampled_from(State), min_size=2, max_size=2),
    stopped=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_extreme_numbers_and_contradictions_stay_finite(
    priors: list[float], strengths: list[float], leaks: list[float], states: list[State], stopped: bool
) -> None:
    causes = [cause(f"c{index}", prior) for index, prior in enumerate(priors)]
    links = {f"f{f}": [link(f"c{c}", strengths[3 * f + c]) for c in range(3)] for f in range(2)}
    ours = posterior(
        causes,
        links,
        {f"f{f}": leaks[f] for f in range(2)},
        {f"f{f}": states[f] for f in range(2)},
        stopped=stopped,
    )
    assert ours.weights.sum() == pytest.approx(1.0)
    for probability in ours.marginals.values():
        assert 0.0 <= probability <= 1.0
    for cause_id, finding in itertools.product(ours.cause_ids, links):
        assert math.isfinite(ours.contribution(cause_id, finding))


def test_a_contradiction_of_certainties_is_shared_out_not_a_crash() -> None:
    links = {"always": [link("a", 1.0)], "only": [link("a", 1.0)]}
    states = {"always": State.NO, "only": State.YES}
    ours = posterior([cause("a", 0.5)], links, {"always": 0.0, "only": 0.0}, states, stopped=False)
    assert ours.marginals["a"] == pytest.approx(0.5, abs=0.01)


def test_numbers_inside_the_floors_are_taken_as_they_are() -> None:
    barely = 2 * PROBABILITY_FLOOR
    ours = posterior([cause("a", barely)], {}, {}, {}, stopped=False)
    assert ours.marginals["a"] == pytest.approx(barely, rel=1e-9)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_a_number_that_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        posterior([cause("a", wrong)], {}, {}, {}, stopped=False)
    with pytest.raises(ValueError, match="strength of a for f"):
        posterior([cause("a", 0.1)], {"f": [link("a", wrong)]}, {"f": 0.1}, {}, stopped=False)
    with pytest.raises(ValueError, match="leak of f"):
        posterior([cause("a", 0.1)], {"f": []}, {"f": wrong}, {}, stopped=False)


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        posterior([cause("a", 0.1), cause("a", 0.2)], {}, {}, {}, stopped=False)
    with pytest.raises(ValueError, match="no cause"):
        posterior([cause("a", 0.1)], {"f": [link("b", 0.1)]}, {"f": 0.1}, {}, stopped=False)
    with pytest.raises(ValueError, match="no leak"):
        posterior([cause("a", 0.1)], {"f": [link("a", 0.1)]}, {}, {}, stopped=False)


@given(seed=st.integers(0, 2**32), stopped=st.booleans())
@settings(max_examples=25, deadline=None)
def test_one_finding_more_is_the_same_as_all_at_once(seed: int, stopped: bool) -> None:
    case = Case(seed, 6, 6)
    network = Network.build(case.causes, case.links, case.leaks)
    stepwise = network.posterior({}, stopped=stopped)
    for finding, state in case.states.items():
        stepwise = stepwise.given(finding, state)
    at_once = network.posterior(case.states, stopped=stopped)
    assert stepwise.marginals == pytest.approx(at_once.marginals, abs=1e-12)
    assert stepwise.known == at_once.known


def test_a_finding_already_known_is_not_counted_twice() -> None:
    case = Case(1, 4, 3)
    ours = posterior(case.causes, case.links, case.leaks, {"f0": State.YES}, stopped=False)
    assert ours.given("f0", State.YES) is ours


def test_contribution_is_the_change_of_log_odds() -> None:
    case = Case(11, 6, 8)
    network = Network.build(case.causes, case.links, case.leaks)
    full = network.posterior(case.states, stopped=True)
    for finding, state in case.states.items():
        rest = network.posterior({**case.states, finding: State.UNKNOWN}, stopped=True)
        for id_ in full.cause_ids:
            change = logit(full.marginals[id_]) - logit(rest.marginals[id_])
            assert full.contribution(id_, finding) == pytest.approx(change, abs=1e-6)
        if state is State.UNKNOWN:
            assert full.contribution(full.cause_ids[0], finding) == 0.0


def logit(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


def test_contribution_survives_a_certain_cause() -> None:
    links = {f"f{index}": [link("a", 0.99)] for index in range(40)}
    leaks = dict.fromkeys(links, 0.001)
    ours = posterior([cause("a", 0.1), cause("b", 0.1)], links, leaks, dict.fromkeys(links, State.YES), stopped=False)
    assert ours.marginals["a"] == 1.0
    assert ours.contribution("a", "f0") == pytest.approx(math.log(0.99 + 0.01 * 0.001) - math.log(0.001), abs=1e-6)


def test_evidence_lines_are_those_that_speak_for_the_cause_best_first() -> None:
    causes = [cause("a", 0.1), cause("b", 0.1)]
    links = {
        "strong": [link("a", 0.9)],
        "weak": [link("a", 0.5)],
        "common": [link("a", 0.52)],
        "other": [link("b", 0.9)],
        "absent": [link("a", 0.1)],
    }
    leaks = {"strong": 0.01, "weak": 0.1, "common": 0.5, "other": 0.01, "absent": 0.01}
    states = dict.fromkeys(links, State.YES) | {"absent": State.NO}
    ours = posterior(causes, links, leaks, states, stopped=False)
    assert [finding for finding, _ in ours.evidence_for(["a"])["a"]] == ["strong", "weak", "common"]
    assert [finding for finding, _ in ours.evidence_for(["a"], at_least=1.0)["a"]] == ["strong", "weak"]
    assert ours.contribution("a", "absent") < 0


def test_a_cause_that_explains_a_finding_takes_it_from_the_other() -> None:
    causes = [cause("a", 0.1), cause("b", 0.1)]
    links = {"shared": [link("a", 0.9), link("b", 0.9)], "of_a": [link("a", 0.9)]}
    network = Network.build(causes, links, {"shared": 0.01, "of_a": 0.01})
    before = network.posterior({"shared": State.YES}, stopped=False)
    after = before.given("of_a", State.YES)
    assert after.marginals["a"] > before.marginals["a"]
    assert after.marginals["b"] < before.marginals["b"]


def test_a_failed_fix_speaks_against_what_it_mends() -> None:
    ours = posterior([cause("a", 0.3), cause("b", 0.3)], {}, {}, {}, stopped=True)
    after = ours.after_failed({"a": 0.9})
    assert after.marginals["a"] < ours.marginals["a"]
    assert after.marginals["b"] > ours.marginals["b"]
    assert after.weights.sum() == pytest.approx(1.0)
    assert after.known == {}


def test_a_failed_fix_follows_bayes_on_each_combination() -> None:
    ours = posterior([cause("a", 0.3), cause("b", 0.2)], {}, {}, {}, stopped=True)
    only_a, only_b, both = 0.3 * 0.8, 0.7 * 0.2, 0.3 * 0.2
    none = (only_a + only_b + both) * UNLISTED_SHARE / (1 - UNLISTED_SHARE)
    after = ours.after_failed({"a": 0.75})
    still = none + 0.25 * only_a + only_b + both
    assert after.marginals["a"] == pytest.approx((0.25 * only_a + 0.25 * both) / still)
    assert after.marginals["b"] == pytest.approx((only_b + both) / still)
    assert after.empty == pytest.approx(none / still)


def test_one_fix_that_ends_both_causes_ends_each_on_its_own() -> None:
    ours = posterior([cause("a", 0.5), cause("b", 0.5)], {}, {}, {}, stopped=True)
    after = ours.after_failed({"a": 0.5, "b": 0.5})
    none = 0.75 * UNLISTED_SHARE / (1 - UNLISTED_SHARE)
    still_a = 0.25 * 0.5 + 0.25 * 0.25  # only a, not ended; both, only b ended
    still_both = 0.25 * 0.25
    total = none + 2 * still_a + still_both
    assert after.marginals["a"] == pytest.approx((still_a + still_both) / total)


def test_when_every_listed_cause_is_ended_only_something_unlisted_is_left() -> None:
    ours = posterior([cause("a", 0.3)], {}, {}, {}, stopped=True)
    after = ours.after_failed({"a": 1.0}).after_failed({"a": 1.0})
    assert after.empty == pytest.approx(1.0)
    assert after.marginals == {"a": 0.0}
    certain = posterior([cause("a", 1.0)], {}, {}, {}, stopped=True).after_failed({"a": 1.0})
    assert certain.empty == 1.0


def test_symptoms_are_findings_of_the_network() -> None:
    knowledge = Knowledge(
        causes={"a": cause("a", 0.2)},
        findings={"f": FindingSpec("f", Hop.PHONE, "", "", (), 0.1, "", (link("a", 0.6),))},
        questions={},
        symptoms={"silent": Symptom("silent", "", 0.2, (link("a", 0.9),))},
        fixes={},
    )
    network = Network.of(knowledge)
    assert set(network.finding_rows) == {"f", "symptom.silent"}
    told = network.posterior({"symptom.silent": State.YES}, stopped=False)
    assert told.marginals["a"] > 0.2


def test_given_keeps_the_weights_normalised() -> None:
    case = Case(5, 6, 6)
    ours = Network.build(case.causes, case.links, case.leaks).posterior({}, stopped=True)
    for finding in case.links:
        ours = ours.given(finding, State.NO)
    assert np.isclose(ours.weights.sum(), 1.0)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_supposing_that_it_stopped_is_the_same_as_knowing_it(seed: int) -> None:
    case = Case(seed, 6, 6)
    network = Network.build(case.causes, case.links, case.leaks)
    supposed = network.posterior(case.states, stopped=False).if_stopped()
    known = network.posterior(case.states, stopped=True)
    assert supposed.marginals == pytest.approx(known.marginals, abs=1e-12)
    assert supposed.empty == pytest.approx(known.empty, abs=1e-12)
    assert known.if_stopped() is known
