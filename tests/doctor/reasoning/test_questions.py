"""Which question is worth asking, and which causes nobody checked."""

import random
from collections.abc import Mapping
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import (
    Answer,
    Cause,
    EvidenceKind,
    FindingSpec,
    Fix,
    Guard,
    Knowledge,
    Link,
    Mend,
    Question,
    Symptom,
)
from unstuck.doctor.reasoning.gate import Situation
from unstuck.doctor.reasoning.network import Network, Posterior, Said
from unstuck.doctor.reasoning.questions import (
    ASKING_MINUTES,
    GOES_ON_SHARE,
    SAVED_SHARE,
    _Estimate,
    next_question,
    unchecked_causes,
    what_would_settle,
    worth_of_questions,
)
from unstuck.doctor.reasoning.repair import STILL_STUCK_MINUTES, Repair, ended
from unstuck.model.diagnosis import State
from unstuck.model.hop import Hop

ALL_WELL = Situation(undrained=False, unsent=False, vendor_down=False, tracker_battery_percent=80, login_known=True)


def cause(id_: str, prior: float, *, fault: bool = True) -> Cause:
    return Cause(id_, Hop.PHONE, id_, id_, id_, prior, "", "", fault)


def finding(id_: str, strengths: Mapping[str, float], leak: float = 0.01, *kinds: EvidenceKind) -> FindingSpec:
    links = tuple(Link(cause_id, strength, "") for cause_id, strength in strengths.items())
    return FindingSpec(id_, Hop.PHONE, id_, "", kinds or (EvidenceKind.ANSWER,), leak, "", links)


def yes_no(id_: str, *findings: str, minutes: float = 0.2) -> Question:
    return Question(
        id_,
        f"{id_}?",
        minutes,
        (
            Answer("yes", "Yes", dict.fromkeys(findings, True)),
            Answer("no", "No", dict.fromkeys(findings, False)),
        ),
        {"android": "Settings"},
    )


def fix(id_: str, minutes: float, mends: Mapping[str, float], *guards: Guard) -> Fix:
    return Fix(id_, id_, "", minutes, 0, tuple(Mend(c, chance, "") for c, chance in mends.items()), guards, "", "", "")


def knowledge_of(
    causes: list[Cause], findings: list[FindingSpec], questions: list[Question], fixes: list[Fix]
) -> Knowledge:
    return Knowledge(
        {each.id: each for each in causes},
        {each.id: each for each in findings},
        {each.id: each for each in questions},
        {"silent": Symptom("silent", "", 0.2, (Link(causes[0].id, 0.5, ""),))},
        {each.id: each for each in fixes},
    )


@pytest.fixture
def two_causes() -> Knowledge:
    """Two causes as likely as each other, each with a dear fix; one question tells them apart, one tells nothing."""
    return knowledge_of(
        [cause("a", 0.05), cause("b", 0.05)],
        [finding("shows_a", {"a": 0.95}), finding("noise", {"a": 0.3, "b": 0.3}, 0.3)],
        [yes_no("telling", "shows_a"), yes_no("idle", "noise")],
        [fix("mends_a", 20, {"a": 0.9}), fix("mends_b", 20, {"b": 0.9})],
    )


def worths(
    knowledge: Knowledge, states: Mapping[str, State], situation: Situation = ALL_WELL, asked: tuple[str, ...] = ()
) -> dict[str, float]:
    found = Network.of(knowledge).posterior(states, stopped=True)
    return {
        worth.question.id: worth.minutes for worth in worth_of_questions(found, knowledge, states, situation, asked)
    }


def test_the_question_that_tells_causes_apart_is_asked(two_causes: Knowledge) -> None:
    found = Network.of(two_causes).posterior({}, stopped=True)
    question = next_question(found, two_causes, {}, ALL_WELL, (), "android")
    assert question is not None
    assert (question.id, question.text, question.answers) == ("telling", "telling?", ("Yes", "No"))
    assert question.how_to_look == "Settings"


def test_a_question_that_tells_nothing_costs_only_its_time(two_causes: Knowledge) -> None:
    found = worths(two_causes, {})
    assert found["telling"] > 5.0
    assert found["idle"] < 0.0


def test_a_question_whose_finding_is_known_is_not_asked(two_causes: Knowledge) -> None:
    for state in (State.YES, State.NO):
        assert "telling" not in worths(two_causes, {"shows_a": state})
    assert "telling" in worths(two_causes, {"shows_a": State.UNKNOWN})


def test_a_question_is_asked_once(two_causes: Knowledge) -> None:
    assert "telling" not in worths(two_causes, {}, asked=("telling",))
    found = Network.of(two_causes).posterior({}, stopped=True)
    assert next_question(found, two_causes, {}, ALL_WELL, ("telling",)) is None


def test_a_question_is_asked_for_what_is_not_known_yet_of_it(two_causes: Knowledge) -> None:
    both = yes_no("both", "shows_a", "noise")
    knowledge = Knowledge(two_causes.causes, two_causes.findings, {"both": both}, two_causes.symptoms, two_causes.fixes)
    one = Knowledge(
        two_causes.causes, two_causes.findings, {"one": yes_no("one", "shows_a")}, two_causes.symptoms, two_causes.fixes
    )
    known = {"noise": State.NO}
    assert worths(knowledge, known)["both"] == pytest.approx(worths(one, known)["one"])
    assert worths(knowledge, {"noise": State.NO, "shows_a": State.NO}) == {}


def test_nothing_is_asked_once_the_cause_is_clear() -> None:
    signs = [finding(f"sign{index}", {"a": 0.95}) for index in range(4)]
    knowledge = knowledge_of(
        [cause("a", 0.05), cause("b", 0.001)],
        [*signs, finding("asked", {"a": 0.9})],
        [yes_no("more", "asked")],
        [fix("mends_a", 1, {"a": 0.97}), fix("mends_b", 5, {"b": 0.9})],
    )
    states = {sign.id: State.YES for sign in signs}
    found = Network.of(knowledge).posterior(states, stopped=True)
    assert next_question(found, knowledge, states, ALL_WELL) is None


def test_a_question_costs_its_minutes_and_the_asking(two_causes: Knowledge) -> None:
    slow = yes_no("slow", "shows_a", minutes=10.2)
    knowledge = Knowledge(
        two_causes.causes,
        two_causes.findings,
        {**two_causes.questions, "slow": slow},
        two_causes.symptoms,
        two_causes.fixes,
    )
    found = worths(knowledge, {})
    assert found["telling"] - found["slow"] == pytest.approx(10.0)
    assert found["idle"] == pytest.approx(-0.2 - ASKING_MINUTES, abs=0.5)


def test_the_worth_is_what_the_answer_saves_by_the_exact_plan() -> None:
    knowledge = knowledge_of(
        [cause("a", 0.04), cause("b", 0.06), cause("c", 0.02)],
        [finding("shows_a", {"a": 0.9, "c": 0.2}, 0.05)],
        [yes_no("telling", "shows_a")],
        [fix("mends_a", 5, {"a": 0.9}), fix("mends_b", 20, {"b": 0.8}), fix("mends_c", 2, {"c": 0.9})],
    )
    network = Network.of(knowledge)
    before = network.posterior({}, stopped=True)
    said = Said("telling")
    chance = float(before.weights @ np.exp(network.log_answer({"shows_a": State.YES})))
    after = chance * best_cost(before.given_answer({"shows_a": State.YES}, said), knowledge) + (1 - chance) * best_cost(
        before.given_answer({"shows_a": State.NO}, said), knowledge
    )
    exact = (best_cost(before, knowledge) - after) * SAVED_SHARE - 0.2 - ASKING_MINUTES
    assert worths(knowledge, {})["telling"] == pytest.approx(exact, rel=0.05)


def best_cost(found: Posterior, knowledge: Knowledge) -> float:
    """Expected cost of the best of all orders, with giving up after any step, weighed as for a question."""
    fixes = list(knowledge.fixes.values())
    repair = Repair.build(found, fixes)

    def cost(order: tuple[int, ...]) -> float:
        stuck = 1.0 - float(repair.moved(repair.missing[list(order)].prod(axis=0)[None])[0])
        return repair.cost_of(order) - (1.0 - GOES_ON_SHARE) * STILL_STUCK_MINUTES * stuck

    return min(cost(order) for size in range(len(fixes) + 1) for order in permutations(range(len(fixes)), size))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_estimate_behind_a_worth_is_close_to_the_best_plan(seed: int) -> None:
    dice = random.Random(seed)
    knowledge = knowledge_of(
        [cause(f"c{index}", dice.uniform(0.002, 0.05)) for index in range(5)],
        [finding("f", {"c0": 0.9, "c1": 0.4})],
        [yes_no("q", "f")],
        [
            fix(
                f"f{index}",
                dice.choice([1, 2, 5, 10, 20]),
                {f"c{c}": dice.uniform(0.2, 1) for c in dice.sample(range(5), dice.randint(1, 3))},
            )
            for index in range(5)
        ],
    )
    found = Network.of(knowledge).posterior({}, stopped=True)
    estimate = _Estimate.build(found, knowledge.fixes, ALL_WELL)
    best = best_cost(found, knowledge)
    assert best * 0.97 <= float(estimate.costs_of(estimate.weights[None])[0]) <= best * 1.15


@pytest.mark.parametrize("seed", range(5))
def test_the_estimate_over_pairs_is_the_one_over_every_combination(seed: int) -> None:
    dice = random.Random(seed)
    knowledge = load()
    network = Network.of(knowledge)
    found = network.posterior(
        dict.fromkeys(dice.sample(sorted(knowledge.findings), dice.randint(1, 4)), State.YES), stopped=True
    )
    estimate = _Estimate.build(found, knowledge.fixes, ALL_WELL)
    members = network.lattice.members[estimate.rows]
    listed = (estimate.rows != 0).astype(np.float64)
    missing, costs, weights = estimate.missing[:, :-1], estimate.costs, estimate.weights
    order = np.argsort(-((ended(members, missing) * listed) @ weights) / costs, kind="stable")
    residuals = np.vstack([np.ones(missing.shape[1]), missing[order]]).cumprod(axis=0)
    still = weights * (1.0 - ended(members, residuals) * listed)
    spent = np.concatenate([[0.0], np.cumsum(still[:-1].sum(axis=1) * costs[order])])
    least = float((spent + still @ estimate.stuck_minutes).min())
    assert float(estimate.costs_of(weights[None])[0]) == pytest.approx(least, abs=1e-9)


def test_knowing_that_nothing_is_broken_saves_the_repair() -> None:
    knowledge = knowledge_of(
        [cause("b", 0.05), cause("idle", 0.05, fault=False)],
        [finding("off_wrist", {"idle": 0.95})],
        [yes_no("worn", "off_wrist")],
        [fix("mends_b", 20, {"b": 0.9})],
    )
    # Less than if the answer were sure: one that says "not worn" may be wrong, and then something is broken.
    assert worths(knowledge, {})["worn"] > 0.0


def test_what_blocks_a_fix_makes_it_dearer_not_impossible(two_causes: Knowledge) -> None:
    guarded = {
        "sync_now": fix("sync_now", 10, {}),
        "mends_a": fix("mends_a", 20, {"a": 0.9}, Guard.UNDRAINED),
        "mends_b": fix("mends_b", 20, {"b": 0.9}),
    }
    knowledge = Knowledge(two_causes.causes, two_causes.findings, two_causes.questions, two_causes.symptoms, guarded)
    found = Network.of(knowledge).posterior({}, stopped=True)
    without = {id_: each for id_, each in guarded.items() if id_ != "mends_a"}
    allowed, blocked, absent = (
        float(estimate.costs_of(estimate.weights[None])[0])
        for estimate in (
            _Estimate.build(found, guarded, ALL_WELL),
            _Estimate.build(found, guarded, Situation(undrained=True)),
            _Estimate.build(found, without, ALL_WELL),
        )
    )
    assert allowed < blocked < absent
    assert worths(knowledge, {}, Situation(undrained=True))["telling"] > 0


def test_questions_come_in_the_order_of_their_worth() -> None:
    knowledge = load()
    found = Network.of(knowledge).posterior({}, stopped=True)
    minutes = [worth.minutes for worth in worth_of_questions(found, knowledge, {}, Situation())]
    assert len(minutes) == len([one for one in knowledge.questions.values() if any(a.findings for a in one.answers)])
    assert minutes == sorted(minutes, reverse=True)
    assert minutes[0] > 0


def test_asking_on_narrows_the_causes_and_comes_to_an_end() -> None:
    """A person with Bluetooth off answers every question as they are asked."""
    knowledge = load()
    network = Network.of(knowledge)
    states: dict[str, State] = {}
    told: dict[str, Said] = {}
    asked: list[str] = []
    while True:
        found = network.posterior(states, stopped=True, told=told)
        question = next_question(found, knowledge, states, Situation(), asked)
        if question is None:
            break
        asked.append(question.id)
        wanted = {"bluetooth_on": "off", "sync_by_hand": "not_found", "others_connect": "no"}.get(question.id)
        answers = knowledge.questions[question.id].answers
        healthy = min(answers, key=lambda answer: sum(answer.findings.values()))
        given_answer = next((answer for answer in answers if answer.id == wanted), healthy)
        for id_, holds in given_answer.findings.items():
            if id_ not in states:
                states[id_] = State.YES if holds else State.NO
                told[id_] = Said(question.id, len(answers))
    assert "bluetooth_on" in asked
    assert found.marginals["bluetooth.off"] > 0.9
    assert len(asked) < len(knowledge.questions)


def test_a_cause_is_unchecked_while_every_finding_about_it_is_unknown(two_causes: Knowledge) -> None:
    assert unchecked_causes(two_causes, {}) == ["a", "b"]
    assert unchecked_causes(two_causes, {"shows_a": State.UNKNOWN}) == ["a", "b"]
    assert unchecked_causes(two_causes, {"shows_a": State.NO}) == ["b"]
    assert unchecked_causes(two_causes, {"noise": State.YES}) == []


def test_a_reported_symptom_is_no_check(two_causes: Knowledge) -> None:
    assert unchecked_causes(two_causes, {"symptom.silent": State.YES}) == ["a", "b"]


def test_the_easiest_evidence_that_can_settle_a_cause_comes_first() -> None:
    knowledge = knowledge_of(
        [cause("a", 0.1), cause("weak", 0.1)],
        [
            finding("in_log", {"a": 0.9}, 0.01, EvidenceKind.HCI, EvidenceKind.BUGREPORT),
            finding("asked", {"a": 0.3, "weak": 0.3}, 0.2, EvidenceKind.ANSWER),
            finding("in_export", {"a": 0.6}, 0.02, EvidenceKind.TAKEOUT),
        ],
        [],
        [],
    )
    assert what_would_settle(knowledge, "a") == (EvidenceKind.BUGREPORT, EvidenceKind.HCI, EvidenceKind.TAKEOUT)
    assert what_would_settle(knowledge, "weak") == (EvidenceKind.ANSWER,)


def test_every_cause_of_the_catalogue_has_some_evidence_that_could_settle_it() -> None:
    knowledge = load()
    assert [id_ for id_ in knowledge.causes if not what_would_settle(knowledge, id_)] == []
