"""A fix that was done and did not help is evidence; what it says is checked against the definition, path by path."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.doctor.diagnose import Options, answer_facts, diagnose
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.knowledge.schema import Cause, Fix, Link, Mend
from unstuck.doctor.reasoning.network import UNLISTED_SHARE, Network
from unstuck.doctor.tried import failures, moving_again, weigh
from unstuck.model.diagnosis import State, Verdict
from unstuck.model.history import Answered, How, Result, Tried
from unstuck.model.hop import Hop

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def done(fix: str, minute: float, result: Result = Result.DID_NOT_HELP) -> Tried:
    return Tried(fix, at(minute - 1), How.GUIDED, result, at(minute))


class World:
    """A random network of a few causes, findings and fixes."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        self.priors = {f"c{n}": dice.uniform(0.02, 0.4) for n in range(4)}
        self.strengths = {f"f{n}": {cause: dice.uniform(0, 0.95) for cause in self.priors} for n in range(4)}
        self.leaks = {finding: dice.uniform(0.01, 0.3) for finding in self.strengths}
        self.mends = {f"x{n}": {c: dice.uniform(0, 0.98) for c in dice.sample(list(self.priors), 2)} for n in range(3)}
        self.states = {finding: dice.choice([State.YES, State.NO]) for finding in self.strengths}
        # Findings and fixes in any order of time; half of the findings have no time at all.
        self.seen = {finding: at(dice.uniform(0, 10)) for finding in self.strengths if dice.random() < 0.5}
        results = [Result.DID_NOT_HELP, Result.UNDONE]
        self.tried = [done(fix, dice.uniform(0, 10), dice.choice(results)) for fix in self.mends]
        causes = [Cause(id_, Hop.PHONE, id_, id_, id_, prior, "", "") for id_, prior in self.priors.items()]
        links = {f: [Link(c, s, "") for c, s in row.items()] for f, row in self.strengths.items()}
        self.network = Network.build(causes, links, self.leaks, max_together=4)
        self.fixes = {
            id_: Fix(id_, id_, "", 1, 0, tuple(Mend(c, m, "") for c, m in row.items()), (), "", "", "")
            for id_, row in self.mends.items()
        }

    def chance(self, finding: str, holds: frozenset[str]) -> float:
        silent = 1 - self.leaks[finding]
        for cause in holds:
            silent *= 1 - self.strengths[finding][cause]
        return silent if self.states[finding] is State.NO else 1 - silent

    def by_definition(self) -> dict[str, float]:
        """Every path of what each fix ended, weighed and added up."""
        priors: dict[frozenset[str], float] = {}
        for size in range(5):
            for chosen in itertools.combinations(self.priors, size):
                weight = 1.0
                for cause, prior in self.priors.items():
                    weight *= prior if cause in chosen else 1 - prior
                priors[frozenset(chosen)] = weight
        listed = sum(weight for holds, weight in priors.items() if holds)
        priors[frozenset()] = listed * UNLISTED_SHARE / (1 - UNLISTED_SHARE)
        # "Unlisted" is a state of its own: no fix ends it, and it never is the same as data that moves.
        paths: dict[frozenset[str], float] = priors
        steps: list[tuple[datetime, int, Tried | str]] = [(self.seen.get(f, START), 0, f) for f in self.states]
        steps += [(t.ended or t.began, 1, t) for t in self.tried]
        undated = {f for f in self.states if f not in self.seen}
        first = min(t.ended or t.began for t in self.tried)
        for _, _, step in sorted(steps, key=lambda s: (s[2] not in undated, s[0], s[1])):
            if isinstance(step, str):
                paths = {holds: weight * self.chance(step, holds) for holds, weight in paths.items()}
            else:
                paths = self.still_stuck(paths, step)
        assert first >= START
        whole = sum(paths.values())
        return {c: sum(w for holds, w in paths.items() if c in holds) / whole for c in self.priors}

    def still_stuck(self, paths: Mapping[frozenset[str], float], tried: Tried) -> dict[frozenset[str], float]:
        after: dict[frozenset[str], float] = {}
        mends = self.mends[tried.fix]
        for holds, weight in paths.items():
            if not holds:
                after[holds] = after.get(holds, 0.0) + weight
                continue
            for left in (frozenset(c) for n in range(len(holds) + 1) for c in itertools.combinations(sorted(holds), n)):
                if not left:
                    continue  # data moved; but the person says that it does not
                chance = weight
                for cause in holds:
                    chance *= 1 - mends.get(cause, 0.0) if cause in left else mends.get(cause, 0.0)
                end = holds if tried.result is Result.UNDONE else left
                after[end] = after.get(end, 0.0) + chance
        return after


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_failed_fixes_between_findings_equal_the_definition(seed: int) -> None:
    world = World(seed)
    ours = weigh(
        world.network, world.states, world.seen, failures(world.tried), world.fixes, stopped=True, able=None
    ).marginals
    for cause, probability in world.by_definition().items():
        assert ours[cause] == pytest.approx(probability, abs=1e-9)


def test_one_cause_alone_keeps_what_the_fix_leaves() -> None:
    """P(still stuck | cause) = 1 - chance of the fix: two causes alike, one fix for one of them."""
    causes = [Cause(id_, Hop.PHONE, id_, id_, id_, 0.1, "", "") for id_ in ("a", "b")]
    network = Network.build(causes, {}, {}, max_together=1)
    fix = Fix("x", "x", "", 1, 0, (Mend("a", 0.8, ""),), (), "", "", "")
    after = weigh(network, {}, {}, [done("x", 1)], {"x": fix}, stopped=True, able=None).marginals
    assert after["a"] / after["b"] == pytest.approx(0.2)


def stuck(*tried: Tried, again: datetime | None = None) -> Options:
    return Options(symptom="steps_frozen", tried=tried, stopped_again=again)


def test_what_was_tried_is_not_offered_again_and_the_cause_it_mends_is_less_likely() -> None:
    answers = [("background_setting", "restricted")]
    before = diagnose(answer_facts(answers), stuck(), at(0))
    after = diagnose(answer_facts(answers), stuck(done("allow_background", 5)), at(6))
    assert before.causes[0].id == "phone.background_restricted"
    assert "allow_background" in {step.fix for step in before.plan}
    assert "allow_background" not in {step.fix for step in after.plan}
    was, now = (one.causes[0].probability for one in (before, after))
    assert after.causes[0].id == "phone.background_restricted"
    assert now / (1 - now) < 0.2 * was / (1 - was)  # the fix ends it with 0.85
    assert any("did not help" in note for note in after.notes)


def test_a_switch_that_was_turned_on_no_longer_names_the_hop() -> None:
    answers = [("bluetooth_on", "off")]
    before = diagnose(answer_facts(answers), stuck(), at(0))
    after = diagnose(answer_facts(answers), stuck(done("turn_bluetooth_on", 5)), at(6))
    assert before.verdict is Verdict.STUCK
    assert before.headline == "Bluetooth is switched off."
    assert "off" not in after.headline.lower()


@pytest.mark.parametrize("result", [Result.FAILED, Result.DECLINED])
def test_what_could_not_be_done_says_nothing_but_is_not_offered_again(result: Result) -> None:
    answers = [("background_setting", "restricted")]
    before = diagnose(answer_facts(answers), stuck(), at(0))
    after = diagnose(answer_facts(answers), stuck(done("allow_background", 5, result)), at(6))
    assert after.causes == before.causes
    assert "allow_background" not in {step.fix for step in after.plan}


def test_what_helped_makes_data_move_until_it_stops_again() -> None:
    helped = done("restart_phone", 5, Result.HELPED)
    assert diagnose([], stuck(helped), at(6)).verdict is Verdict.HEALTHY
    assert diagnose([], stuck(helped, again=at(7)), at(8)).verdict is not Verdict.HEALTHY
    assert moving_again([helped, done("sync_now", 9)], None) is None
    assert moving_again([helped], None, at(9)) is None


def test_what_was_done_before_data_stopped_says_nothing() -> None:
    assert failures([done("sync_now", 1), done("restart_phone", 9)], since=at(5)) == [done("restart_phone", 9)]


def test_support_stays_the_end_of_the_plan() -> None:
    every = [done(fix, n) for n, fix in enumerate(load().fixes)]
    plan = diagnose([], stuck(*every), at(100)).plan
    assert [step.fix for step in plan if step.blocked is None] == ["contact_support"]


def bluetooth(*answers: tuple[str, float], tried: Sequence[Tried] = ()) -> list[str]:
    """The fixes in the plan of somebody who looked whether Bluetooth is on, and when."""
    given = tuple(Answered("bluetooth_on", answer, at(minute)) for answer, minute in answers)
    options = replace(stuck(*tried), answers=given, answered_at={one.question: one.at for one in given})
    newest = [(one.question, one.answer) for one in given[-1:]]
    return [step.fix for step in diagnose(answer_facts(newest), options, at(60)).plan]


def test_what_is_seen_to_be_off_again_is_turned_on_once_more() -> None:
    once = done("turn_bluetooth_on", 5)
    twice = done("turn_bluetooth_on", 15)
    assert bluetooth(("off", 1))[0] == "turn_bluetooth_on"
    assert "turn_bluetooth_on" not in bluetooth(("off", 1), tried=[once])
    assert bluetooth(("off", 1), ("off", 10), tried=[once])[0] == "turn_bluetooth_on"
    assert "turn_bluetooth_on" not in bluetooth(("off", 1), ("on", 10), tried=[once])
    assert "turn_bluetooth_on" not in bluetooth(("off", 1), ("off", 10), ("off", 20), tried=[once, twice])


def test_a_service_that_is_back_no_longer_bars_signing_in() -> None:
    answers = [("status_page", "incident"), ("asks_login", "yes"), ("login_known", "yes")]
    before = {step.fix: step.blocked for step in diagnose(answer_facts(answers), stuck(), at(0)).plan}
    options = replace(
        stuck(done("wait_for_vendor", 5)), answered_at={"status_page": at(1), "asks_login": at(8), "login_known": at(9)}
    )
    after = {step.fix: step.blocked for step in diagnose(answer_facts(answers), options, at(10)).plan}
    assert before["sign_in_again"] is not None
    assert after["sign_in_again"] is None


def test_only_what_a_person_said_is_put_into_their_mouth() -> None:
    said = diagnose([], stuck(done("restart_phone", 5, Result.HELPED)), at(6)).headline
    seen = diagnose([], stuck(Tried("restart_phone", at(4), How.AUTOMATIC, Result.HELPED, at(5))), at(6)).headline
    assert "as you said" in said
    assert seen == said.replace(", as you said", "")
