"""Fitted numbers over the judgement: used, kept beside it, switched off, and never used on another judgement."""

from pathlib import Path

import pytest

from tests.doctor.knowledge.folder import change, write
from unstuck.doctor.knowledge import loader
from unstuck.doctor.knowledge.loader import as_judged, load, read_knowledge
from unstuck.doctor.knowledge.schema import Fitted
from unstuck.model.errors import KnowledgeError

RUN = """
[[run]]
split = "training"
seed = 1
cases = 100
case_files = 0
weight = 20
commit = "abc"
date = "2026-11-27"
"""

STRENGTH = """
[[strength]]
finding = "adapter_off"
cause = "bluetooth.off"
value = 0.97
before = 0.9
yes = 40
cases = 40
"""

LEAK = """
[[leak]]
finding = "symptom.silent"
value = 0.2
before = 0.1
yes = 9.5
cases = 30
"""


def laid(folder: Path, *rows: str) -> Path:
    write(folder)
    (folder / "fitted.toml").write_text(RUN + "".join(rows))
    return folder


def test_a_fitted_number_is_used_and_the_judgement_stays_beside_it(tmp_path: Path) -> None:
    knowledge = read_knowledge(laid(tmp_path, STRENGTH, LEAK))
    link, other = knowledge.findings["adapter_off"].links
    assert (link.strength, link.fitted) == (0.97, Fitted(0.9, 40.0, 40))
    assert (other.strength, other.fitted) == (0.1, None)
    symptom = knowledge.symptoms["silent"]
    assert (symptom.leak, symptom.leak_fitted) == (0.2, Fitted(0.1, 9.5, 30))


def test_priors_and_chances_to_mend_can_be_fitted_too(tmp_path: Path) -> None:
    mends = read_knowledge(write(tmp_path / "plain")).fixes["turn_on"].mends[0]
    prior = '\n[[prior]]\ncause = "tracker.hung"\nvalue = 0.015\nbefore = 0.02\nyes = 1\ncases = 4\n'
    mend = f'\n[[mend]]\nfix = "turn_on"\ncause = "{mends.cause}"\nvalue = 0.5\nbefore = {mends.chance}\n'
    mend += "yes = 1\ncases = 4\n"
    knowledge = read_knowledge(laid(tmp_path / "fitted", prior, mend))
    assert (knowledge.causes["tracker.hung"].prior, knowledge.fixes["turn_on"].mends[0].chance) == (0.015, 0.5)
    assert knowledge.causes["tracker.hung"].prior_fitted == Fitted(0.02, 1.0, 4)


def test_it_can_be_left_out(tmp_path: Path) -> None:
    knowledge = read_knowledge(laid(tmp_path, STRENGTH), fitted=False)
    assert knowledge.findings["adapter_off"].links[0].strength == 0.9


def test_what_was_fitted_on_another_judgement_is_not_used_and_is_named(tmp_path: Path) -> None:
    folder = laid(tmp_path, STRENGTH, LEAK)
    change(folder, "findings/bluetooth.toml", "strength = 0.9", "strength = 0.8")
    knowledge = read_knowledge(folder)
    assert knowledge.findings["adapter_off"].links[0].strength == 0.8
    assert knowledge.symptoms["silent"].leak == 0.2
    assert knowledge.stale == ("strength of bluetooth.off for adapter_off: fitted on 0.9, the file now says 0.8",)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (STRENGTH.replace("adapter_off", "adapter_of"), "no link between adapter_of and bluetooth.off"),
        (STRENGTH.replace("bluetooth.off", "phone.offline"), "no link between adapter_off and phone.offline"),
        (LEAK.replace("symptom.silent", "silent"), "no finding silent"),
        ('\n[[prior]]\ncause = "x"\nvalue = 0.1\nbefore = 0.1\nyes = 1\ncases = 2\n', "no cause x"),
        (
            '\n[[mend]]\nfix = "x"\ncause = "tracker.hung"\nvalue = 0.1\nbefore = 0.1\nyes = 1\ncases = 2\n',
            "no mend between x and tracker.hung",
        ),
        (STRENGTH + STRENGTH, "stand in two rows"),
        (LEAK + LEAK, "stands in two rows"),
        (STRENGTH.replace("value = 0.97", "value = 1.2"), "'value' is 1.2"),
        (STRENGTH.replace("yes = 40", "yes = 41"), "'yes' must be a number from 0 to 40"),
        (STRENGTH + "why = 1\n", "unknown key 'why'"),
    ],
)
def test_what_is_wrong_in_the_file_stops_with_a_sentence(tmp_path: Path, row: str, says: str) -> None:
    with pytest.raises(KnowledgeError, match=says):
        read_knowledge(laid(tmp_path, row))


def test_the_rules_of_the_knowledge_hold_for_fitted_numbers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unstuck.doctor.knowledge.consistency.STRONG_CAUSES_MAX", 1)
    two = STRENGTH.replace("bluetooth.off", "tracker.hung").replace("0.9\n", "0.1\n")
    with pytest.raises(KnowledgeError, match="strongly explained by 2 causes"):
        read_knowledge(laid(tmp_path, two))


def test_one_argument_switches_it_off_for_a_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_folder", lambda: laid(tmp_path, STRENGTH))
    loader._shipped.cache_clear()
    try:
        with as_judged():
            assert load().findings["adapter_off"].links[0].strength == 0.9
            assert load() is load()
        assert load().findings["adapter_off"].links[0].strength == 0.97
    finally:
        loader._shipped.cache_clear()


def test_no_number_that_is_shipped_was_fitted_on_another_judgement() -> None:
    assert load().stale == ()
