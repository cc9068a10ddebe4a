"""The fit finds again what a network was made with, and never moves a number without data."""

import random
from collections.abc import Sequence
from dataclasses import replace
from tomllib import loads

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.doctor.knowledge.consistency import STRONG, STRONG_CAUSES_MAX, check
from unstuck.doctor.knowledge.fitted import overlaid
from unstuck.doctor.knowledge.loader import as_judged, load
from unstuck.doctor.knowledge.rows import Row as FileRow
from unstuck.doctor.knowledge.schema import Cause, FindingSpec, Fix, Form, Knowledge, Link, Mend, OfForm
from unstuck.doctor.reasoning.network import TOLD_WRONGLY
from unstuck.lab.learning.fit import Closed, Fit, fit, missing_links, signs
from unstuck.lab.learning.observed import Observed, Seen
from unstuck.lab.learning.written import Origin, as_toml
from unstuck.model.hop import Hop

NAMES = tuple(f"phone.cause_{number}" for number in range(4))
ORIGIN = Origin("training", 1, 100, 0, 20.0, "abc", "2026-11-27")


def network(strengths: Sequence[float], leak: float) -> Knowledge:
    """One finding, a cause for each strength, and a fix that mends the first."""
    causes = {name: Cause(name, Hop.PHONE, "t", "s", "e", 0.01, "p", "h") for name in NAMES[: len(strengths)]}
    links = tuple(Link(cause, strength, "judgement") for cause, strength in zip(causes, strengths, strict=True))
    finding = FindingSpec("sign", Hop.PHONE, "s", "e", (), leak, "l", links)
    fix_ = Fix("mend_it", "t", "e", 1.0, 0, (Mend(NAMES[0], 0.5, "m"),), (), "", "", "")
    return Knowledge(causes, {"sign": finding}, {}, {}, {"mend_it": fix_})


def drawn(strengths: Sequence[float], leak: float, cases: int, *, seed: int = 1, told: bool = False) -> list[Observed]:
    """Cases of a network with these numbers: one cause each, or none."""
    dice = random.Random(seed)
    found = []
    for number in range(cases):
        place = number % (len(strengths) + 1)
        strength = strengths[place] if place < len(strengths) else 0.0
        holds = dice.random() < 1.0 - (1.0 - leak) * (1.0 - strength)
        if told and dice.random() < TOLD_WRONGLY:
            holds = not holds
        truth = frozenset({NAMES[place]}) if place < len(strengths) else frozenset()
        found.append(Observed(truth, {"sign": Seen(holds, told)}))
    return found


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(
    ("strengths", "leak"), [((0.9, 0.3), 0.05), ((0.6, 0.2, 0.1), 0.3), ((0.05, 0.95), 0.01), ((0.5,), 0.5)]
)
def test_the_numbers_a_network_was_made_with_are_found_again(
    strengths: tuple[float, ...], leak: float, told: bool
) -> None:
    judged = network([0.5] * len(strengths), 0.1)
    found = fit(judged, drawn(strengths, leak, 12_000, told=told), weight=1.0)
    assert found.leaks["sign"].value == pytest.approx(leak, abs=0.03)
    assert [found.strengths["sign", cause].value for cause in judged.causes] == pytest.approx(strengths, abs=0.05)


@given(
    st.lists(st.floats(0.05, 0.95), min_size=1, max_size=4),
    st.floats(0.01, 0.5),
    st.lists(st.floats(0.05, 0.95), min_size=4, max_size=4),
    st.integers(0, 10**6),
)
def test_with_more_cases_a_number_comes_nearer_to_the_truth(
    strengths: list[float], leak: float, judgement: list[float], seed: int
) -> None:
    judged = network(judgement[: len(strengths)], leak)
    found = fit(judged, drawn(strengths, leak, 3_000, seed=seed), weight=20.0)
    for place, cause in enumerate(judged.causes):
        number = found.strengths["sign", cause]
        spread = 3.5 * (0.25 / number.fitted.cases) ** 0.5 / (1.0 - leak) + 0.03
        assert abs(number.value - strengths[place]) < spread or number.held


def test_without_a_case_nothing_moves() -> None:
    with as_judged():
        found = fit(load(), [])
    assert found == Fit({}, {}, {}, {})


def test_a_cause_that_no_case_has_keeps_its_judgement() -> None:
    found = fit(network([0.7, 0.4], 0.1), drawn((0.9,), 0.1, 200))
    assert ("sign", NAMES[0]) in found.strengths
    assert ("sign", NAMES[1]) not in found.strengths


def test_what_stays_unknown_is_no_observation() -> None:
    unknown = [Observed(frozenset({NAMES[0]}), {}), Observed(frozenset(), {})] * 50
    assert fit(network([0.7], 0.1), unknown) == Fit({}, {}, {}, {})


def test_the_judgement_weighs_as_many_cases_as_it_is_said_to() -> None:
    seen = [Observed(frozenset(), {"sign": Seen(True)})] * 10
    found = fit(network([0.5], 0.1), seen, weight=30.0)
    assert found.leaks["sign"].value == pytest.approx((30 * 0.1 + 10) / 40)
    assert found.leaks["sign"].fitted.before == 0.1


def test_two_causes_at_once_say_nothing_of_either() -> None:
    both = [Observed(frozenset(NAMES[:2]), {"sign": Seen(True)})] * 30
    assert fit(network([0.5, 0.5], 0.1), both).strengths == {}


def test_a_yes_that_the_leak_explains_is_not_given_to_the_cause() -> None:
    """Of no strength at all, though the finding holds in half of its cases: as often as without it."""
    found = fit(network([0.5], 0.5), drawn((0.0,), 0.5, 8_000), weight=1.0)
    assert found.strengths["sign", NAMES[0]].value < 0.06


def test_a_finding_does_not_get_too_many_strong_causes() -> None:
    with as_judged():
        knowledge = load()
    finding = max((one for one in knowledge.findings.values() if one.way is None), key=lambda one: len(one.links))
    assert len(finding.links) > STRONG_CAUSES_MAX
    found = fit(knowledge, always(finding))
    fitted = overlaid(knowledge, FileRow("fitted.toml", loads(as_toml(found, ORIGIN))))
    check(fitted)
    strong = [link for link in fitted.findings[finding.id].links if link.strength >= STRONG]
    assert len(strong) == STRONG_CAUSES_MAX
    assert any(number.held for number in found.strengths.values())


def always(finding: FindingSpec) -> list[Observed]:
    """It holds with each of its causes, in each of their forms, and not without one."""
    held = [
        Observed(frozenset({link.cause}), {finding.id: Seen(True)}, forms=frozenset({key} - {link.cause}))
        for link in finding.links
        for key in link.by_key
        for _ in range(400)
    ]
    return [*held, Observed(frozenset(), {finding.id: Seen(False)})]


def test_what_is_seen_of_a_whole_way_may_have_as_many_strong_causes_as_close_it() -> None:
    with as_judged():
        knowledge = load()
    finding = knowledge.findings["sync_finds_no_tracker"]
    found = fit(knowledge, always(finding))
    assert not any(number.held for number in found.strengths.values())
    fitted = {key: found.strengths[finding.id, key].value for link in finding.links for key in link.by_key}
    assert all(fitted[key] > before for link in finding.links for key, before in link.by_key.items())


def test_each_form_of_a_cause_has_a_strength_of_its_own() -> None:
    formed = Link(NAMES[0], 0.5, "made", of_forms=(OfForm("one", 0.5), OfForm("other", 0.5)))
    knowledge = network([0.5], 0.1)
    finding = replace(knowledge.findings["sign"], links=(formed,))
    cause = replace(knowledge.causes[NAMES[0]], forms=(Form("one", 0.5, "o"), Form("other", 0.5, "o")))
    knowledge = replace(knowledge, findings={"sign": finding}, causes={NAMES[0]: cause})

    def case(form: str, *, holds: bool) -> Observed:
        forms = frozenset({f"{NAMES[0]}/{form}"} if form else ())
        return Observed(frozenset({NAMES[0]}), {"sign": Seen(holds)}, forms=forms)

    cases = [case("one", holds=True), case("other", holds=False), case("", holds=True)] * 300
    found = fit(knowledge, cases, weight=10.0).strengths
    assert found["sign", f"{NAMES[0]}/one"].value > 0.9
    assert found["sign", f"{NAMES[0]}/other"].value < 0.1
    assert found["sign", f"{NAMES[0]}/one"].fitted.cases == 300  # whose form nobody knows, counts for neither
    assert ("sign", NAMES[0]) not in found


def test_what_is_the_same_in_every_case_is_the_labs_own_doing_and_is_not_fitted() -> None:
    seen = [Observed(frozenset(), {"sign": Seen(True)})] * 200
    assert fit(network([0.5], 0.1), seen) == Fit({}, {}, {}, {})
    assert fit(network([0.5], 0.1), [*seen, Observed(frozenset(), {"sign": Seen(False)})]).leaks


def test_priors_come_from_closed_cases_alone_and_their_sum_stays() -> None:
    knowledge = network([0.5, 0.5], 0.1)
    assert fit(knowledge, drawn((0.9, 0.9), 0.1, 300)).priors == {}
    priors = fit(knowledge, [], [Closed(NAMES[0])] * 30 + [Closed(NAMES[1])] * 10, weight=20.0).priors
    assert sum(one.value for one in priors.values()) == pytest.approx(0.02)
    assert priors[NAMES[0]].value == pytest.approx(0.02 * (10 + 30) / 60, abs=1e-5)
    assert priors[NAMES[0]].fitted.before == 0.01


def test_chances_to_mend_are_taken_from_the_lab_only_when_asked_for() -> None:
    knowledge = network([0.5], 0.1)
    cases = [Observed(frozenset({NAMES[0]}), {}, {"mend_it": frozenset({NAMES[0]})})] * 20
    assert fit(knowledge, cases).mends == {}
    asked = fit(knowledge, cases, mends_of_the_lab=True, weight=20.0)
    assert asked.mends["mend_it", NAMES[0]].value == pytest.approx(0.75)
    life = fit(knowledge, [], [Closed(NAMES[0], (("mend_it", False),))] * 20, weight=20.0)
    assert life.mends["mend_it", NAMES[0]].value == pytest.approx(0.25)


def test_a_link_that_seems_to_be_missing_is_named_and_never_added() -> None:
    knowledge = network([0.5], 0.05)
    stranger = Cause("phone.other", Hop.PHONE, "t", "s", "e", 0.01, "p", "h")
    knowledge = Knowledge({**knowledge.causes, stranger.id: stranger}, knowledge.findings, {}, {}, knowledge.fixes)
    cases = [Observed(frozenset({stranger.id}), {"sign": Seen(True)})] * 10
    (named,) = missing_links(knowledge, cases)
    assert (named.finding, named.cause, named.share, named.cases) == ("sign", stranger.id, 1.0, 10)
    assert ("sign", stranger.id) not in fit(knowledge, cases).strengths


def test_the_same_cases_give_the_same_file_byte_for_byte() -> None:
    with as_judged():
        knowledge = load()
    dice = random.Random(4)
    causes, findings = sorted(knowledge.causes), sorted(signs(knowledge))
    cases = [
        Observed(
            frozenset({dice.choice(causes)}), {one: Seen(dice.random() < 0.4, dice.random() < 0.3) for one in findings}
        )
        for _ in range(300)
    ]
    texts = {as_toml(fit(knowledge, some), ORIGIN) for some in (cases, list(reversed(cases)), cases)}
    assert len(texts) == 1
    fitted = overlaid(knowledge, FileRow("fitted.toml", loads(texts.pop())))
    assert fitted.stale == ()
    assert any(link.fitted for one in fitted.findings.values() for link in one.links)
