import re
from pathlib import Path

import pytest

from tests.doctor.knowledge.folder import change, write
from unstuck.doctor.knowledge.loader import load, read_knowledge, read_steps
from unstuck.doctor.knowledge.schema import Guard
from unstuck.model.errors import ErrorCode, KnowledgeError
from unstuck.model.hop import Hop


def test_shipped_knowledge_is_consistent_and_read_once() -> None:
    knowledge = load()
    assert len(knowledge.causes) == 28
    assert len(knowledge.fixes) == 27
    assert len(knowledge.symptoms) == 8
    assert load() is knowledge


def test_rows_become_types(tmp_path: Path) -> None:
    knowledge = read_knowledge(write(tmp_path))
    cause = knowledge.causes["bluetooth.off"]
    assert (cause.hop, cause.prior, cause.fault) == (Hop.BLUETOOTH, 0.01, True)
    assert [link.strength for link in knowledge.findings["adapter_off"].links] == [0.9, 0.1]
    assert knowledge.fixes["turn_on"].guards == (Guard.UNDRAINED,)
    assert knowledge.questions["is_it_on"].answers[1].findings == {"adapter_off": True, "symptom.silent": True}


def test_findings_of_all_files_are_joined(tmp_path: Path) -> None:
    folder = write(tmp_path)
    text = (folder / "findings/bluetooth.toml").read_text()
    (folder / "findings/more.toml").write_text(text.replace("adapter_off", "another"))
    assert set(read_knowledge(folder).findings) == {"adapter_off", "another"}


def test_a_row_for_several_platforms_and_trackers_becomes_several_steps(tmp_path: Path) -> None:
    found = {(steps.platform, steps.tracker) for steps in read_steps(write(tmp_path), "turn_on")}
    assert found == {("any", ""), ("iphone", ""), ("iphone", "band 2"), ("acme", ""), ("acme", "band 2")}


BROKEN = [
    ("causes.toml", 'hop = "tracker"', 'hop = "wrist"', "unknown hop 'wrist'"),
    ("causes.toml", 'hop = "tracker"', 'hop = "phone"', "does not begin with its hop"),
    ("causes.toml", "prior = 0.01", "prior = 1.5", "'prior' is 1.5"),
    ("causes.toml", "prior = 0.01", "prior = 0", "'prior' is 0"),
    ("causes.toml", "prior = 0.01", "prior = 1", "nothing is certain"),
    ("causes.toml", "prior = 0.01", "prior = true", "must be a number"),
    ("causes.toml", 'prior_source = "judgement: test"', 'prior_source = " "', "'prior_source' must be a text"),
    ("causes.toml", 'prior_source = "judgement: test"', "", "'prior_source' must be a text"),
    ("causes.toml", "tracker.hung", "bluetooth.off", "bluetooth.off"),
    ("causes.toml", "how_to_check", "how_to_chek", "'how_to_check' must be a text"),
    ("causes.toml", 'title = "Hung"', 'title = "Hung"\ncolour = "red"', "unknown key 'colour'"),
    ("causes.toml", "[[cause]]", "[[case]]", "'cause' must be a list"),
    ("causes.toml", "[[cause]]", "[[cause]", "is not TOML"),
    ("findings/bluetooth.toml", 'cause = "tracker.hung"', 'cause = "tracker.gone"', "unknown cause tracker.gone"),
    ("findings/bluetooth.toml", 'cause = "tracker.hung"', 'cause = "bluetooth.off"', "the cause bluetooth.off twice"),
    ("findings/bluetooth.toml", "strength = 0.1", "strength = 1.01", "'strength' is 1.01"),
    ("findings/bluetooth.toml", ', source = "judgement: test"', "", "'source' must be a text"),
    ("findings/bluetooth.toml", "leak = 0.01", "leak = 0.0", "'leak' is 0"),
    ("findings/bluetooth.toml", 'seen_in = ["bugreport"]', 'seen_in = ["tea"]', "unknown kind of evidence 'tea'"),
    ("findings/bluetooth.toml", 'id = "adapter_off"', 'id = "symptom.off"', "is kept for symptoms"),
    ("symptoms.toml", "bluetooth.off", "bluetooth.lost", "symptom silent names the unknown cause bluetooth.lost"),
    ("questions.toml", "adapter_off = true", "adapter_of = true", "answer no names the unknown finding adapter_of"),
    ("questions.toml", "symptom.silent", "symptom.loud", "the unknown finding symptom.loud"),
    ("questions.toml", "adapter_off = true", 'adapter_off = "yes"', "must say true or false of adapter_off"),
    ("questions.toml", 'id = "no"', 'id = "yes"', "the answer yes twice"),
    ("questions.toml", "look_up = { iphone", "look_up = { toaster", "unknown platform 'toaster'"),
    ("questions.toml", "minutes = 0.5", "minutes = -1", "'minutes' is -1"),
    (
        "fixes.toml",
        'cause = "tracker.hung"',
        'cause = "tracker.gone"',
        "fix turn_on names the unknown cause tracker.gone",
    ),
    ("fixes.toml", "chance = 0.9", "chance = 0", "'chance' is 0"),
    ("fixes.toml", "effort = 0", "effort = 4", "'effort' must be a whole number from 0 to 3"),
    ("fixes.toml", '["undrained"]', '["undraned"]', "unknown guard 'undraned'"),
    ("fixes.toml", 'id = "turn_on"', 'id = "turn_off"', "steps/turn_off.toml is missing"),
    ("makers.toml", '["acme corp"]', '["Acme"]', "must be in lower case"),
]


@pytest.mark.parametrize(("name", "old", "new", "reason"), BROKEN)
def test_contradiction_is_named(tmp_path: Path, name: str, old: str, new: str, reason: str) -> None:
    folder = write(tmp_path)
    change(folder, name, old, new)
    with pytest.raises(KnowledgeError, match=re.escape(reason)) as caught:
        read_knowledge(folder)
    assert caught.value.code is ErrorCode.KNOWLEDGE_INVALID


FORMED = """how_to_check = "Look"
forms = [
  { id = "silent", share = 0.75, says = "It is silent" },
  { id = "mute", share = 0.25, says = "It says nothing" },
]
"""


def with_forms(
    folder: Path, link: str = "{ silent = 0.8, mute = 0.2 }", mend: str = "{ silent = 0.4, mute = 0.1 }"
) -> None:
    """The hung tracker gets two forms, which its finding and its fix tell apart."""
    text = (folder / "causes.toml").read_text()
    (folder / "causes.toml").write_text(FORMED.join(text.rsplit('how_to_check = "Look"\n', 1)))
    change(folder, "findings/bluetooth.toml", '"tracker.hung", strength = 0.1', f'"tracker.hung", forms = {link}')
    change(folder, "fixes.toml", '"tracker.hung", chance = 0.1', f'"tracker.hung", forms = {mend}')


def test_a_cause_with_forms_has_the_mean_by_their_shares(tmp_path: Path) -> None:
    folder = write(tmp_path)
    with_forms(folder)
    knowledge = read_knowledge(folder)
    link = knowledge.findings["adapter_off"].links[1]
    mend = next(one for one in knowledge.fixes["turn_on"].mends if one.cause == "tracker.hung")
    assert link.strength == pytest.approx(0.65)
    assert mend.chance == pytest.approx(0.325)
    assert link.by_key == {"tracker.hung/silent": 0.8, "tracker.hung/mute": 0.2}
    assert mend.by_key == {"tracker.hung/silent": 0.4, "tracker.hung/mute": 0.1}


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("causes.toml", "share = 0.75", "share = 0.5", "add up to 0.75, not to 1"),
        ("causes.toml", '"mute", share', '"silent", share', "each with an id of its own"),
        ("findings/bluetooth.toml", "mute = 0.2", "dumb = 0.2", "must name its forms in their order (silent, mute)"),
        ("findings/bluetooth.toml", "silent = 0.8", "silent = 1.8", "'silent' is 1.8"),
        ("findings/bluetooth.toml", 'cause = "tracker.hung"', 'cause = "bluetooth.off"', "in their order (none)"),
        ("fixes.toml", "silent = 0.4, ", "", "turn_on: what it mends of tracker.hung must name its forms"),
    ],
)
def test_forms_that_do_not_agree_are_named(tmp_path: Path, name: str, old: str, new: str, reason: str) -> None:
    folder = write(tmp_path)
    with_forms(folder)
    change(folder, name, old, new)
    with pytest.raises(KnowledgeError, match=re.escape(reason)):
        read_knowledge(folder)


def test_cause_that_no_finding_shows_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    change(
        folder,
        "findings/bluetooth.toml",
        '  { cause = "tracker.hung", strength = 0.1, source = "judgement: test" },\n',
        "",
    )
    with pytest.raises(KnowledgeError, match=re.escape("cause tracker.hung has no finding")):
        read_knowledge(folder)


def test_fault_that_no_fix_mends_is_refused_but_a_harmless_cause_needs_none(tmp_path: Path) -> None:
    folder = write(tmp_path)
    change(folder, "fixes.toml", '  { cause = "tracker.hung", chance = 0.1, source = "judgement: test" },\n', "")
    with pytest.raises(KnowledgeError, match=re.escape("tracker.hung is a fault that no fix mends")):
        read_knowledge(folder)
    change(folder, "causes.toml", 'title = "Hung"', 'title = "Hung"\nfault = false')
    assert not read_knowledge(folder).causes["tracker.hung"].fault


def test_only_support_and_waiting_may_mend_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path)
    fix = (folder / "fixes.toml").read_text()
    idle = re.sub(r"mends = \[.*?\n\]", "mends = []", fix, flags=re.DOTALL)
    (folder / "fixes.toml").write_text(fix + idle.replace("turn_on", "contact_support"))
    (folder / "steps/contact_support.toml").write_text((folder / "steps/turn_on.toml").read_text())
    assert read_knowledge(folder).fixes["contact_support"].mends == ()
    change(folder, "fixes.toml", "contact_support", "dance")
    with pytest.raises(KnowledgeError, match=re.escape("fix dance mends nothing")):
        read_knowledge(folder)


def test_finding_with_five_strong_causes_tells_nothing_apart(tmp_path: Path) -> None:
    folder = write(tmp_path)
    cause = (folder / "causes.toml").read_text().split("[[cause]]")[1]
    link = '{{ cause = "bluetooth.c{}", {} = {}, source = "judgement: test" }},'
    names = range(5)
    with (folder / "causes.toml").open("a") as file:
        file.writelines("[[cause]]" + cause.replace("bluetooth.off", f"bluetooth.c{i}") for i in names)
    change(folder, "fixes.toml", "mends = [", "mends = [" + "".join(link.format(i, "chance", 0.5) for i in names))
    links = "".join(link.format(i, "strength", 0.5) for i in names)
    change(folder, "findings/bluetooth.toml", "links = [", "links = [" + links)
    with pytest.raises(KnowledgeError, match="strongly explained by 6 causes"):
        read_knowledge(folder)
    change(folder, "findings/bluetooth.toml", "strength = 0.5", "strength = 0.49")
    assert len(read_knowledge(folder).findings["adapter_off"].links) == 7


def test_what_is_seen_of_a_whole_way_is_explained_by_all_that_closes_it_and_by_nothing_else(tmp_path: Path) -> None:
    folder = write(tmp_path)
    change(folder, "causes.toml", "[[cause]]", '[[cause]]\ncloses = ["link"]')
    cause = (folder / "causes.toml").read_text().split("[[cause]]")[1]
    link = '{{ cause = "bluetooth.c{}", {} = {}, source = "judgement: test" }},'
    names = range(5)
    with (folder / "causes.toml").open("a") as file:
        file.writelines("[[cause]]" + cause.replace("bluetooth.off", f"bluetooth.c{i}") for i in names)
    change(folder, "fixes.toml", "mends = [", "mends = [" + "".join(link.format(i, "chance", 0.5) for i in names))
    links = "".join(link.format(i, "strength", 0.5) for i in names)
    change(folder, "findings/bluetooth.toml", "links = [", 'way = "link"\nlinks = [' + links)
    assert len(read_knowledge(folder).findings["adapter_off"].links) == 7
    change(folder, "findings/bluetooth.toml", 'way = "link"', 'way = "upload"')
    with pytest.raises(KnowledgeError, match=r"is seen of the way 'upload', which bluetooth\.\w+ does not close"):
        read_knowledge(folder)
    change(folder, "findings/bluetooth.toml", 'way = "upload"', 'way = "sideways"')
    with pytest.raises(KnowledgeError, match="unknown way 'sideways'"):
        read_knowledge(folder)


def test_finding_seen_only_in_answers_needs_an_answer(tmp_path: Path) -> None:
    folder = write(tmp_path)
    change(folder, "findings/bluetooth.toml", '["bugreport"]', '["answer"]')
    assert read_knowledge(folder).findings
    change(folder, "questions.toml", "adapter_off = true, ", "")
    change(folder, "questions.toml", "adapter_off = false", "")
    with pytest.raises(KnowledgeError, match="but no answer sets it"):
        read_knowledge(folder)


def test_finding_in_two_files_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "findings/tracker.toml").write_text((folder / "findings/bluetooth.toml").read_text())
    with pytest.raises(KnowledgeError, match="finding adapter_off is in two files"):
        read_knowledge(folder)


@pytest.mark.parametrize("name", ["causes.toml", "fixes.toml", "symptoms.toml", "questions.toml", "makers.toml"])
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path)
    (folder / name).unlink()
    with pytest.raises(KnowledgeError, match=re.escape(f"{name} is missing")):
        read_knowledge(folder)


def test_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "causes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(KnowledgeError, match=r"causes\.toml is not UTF-8"):
        read_knowledge(folder)


BROKEN_STEPS = [
    ('platform = "any"', 'platform = "android"', "has no steps for platform 'any'"),
    ('platform = "any"', 'platform = "toaster"', "unknown platform 'toaster'"),
    ('platform = ["iphone", "acme"]', 'platform = "any"', "two variants"),
    ('"band 2"', '"Band 2"', "must be in lower case"),
    ('lines = ["Turn it on there."]', "lines = []", "'lines' must be a list with at least 1"),
    ('lines = ["Turn it on there."]', 'lines = [" "]', "must hold texts that are not empty"),
    ('tracker = ["", "band 2"]', "tracker = [2]", "must be a text or a list of texts"),
    ("credit", "credits", "unknown key 'credits'"),
]


@pytest.mark.parametrize(("old", "new", "reason"), BROKEN_STEPS)
def test_wrong_steps_are_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    folder = write(tmp_path)
    change(folder, "steps/turn_on.toml", old, new)
    with pytest.raises(KnowledgeError, match=re.escape(reason)):
        read_steps(folder, "turn_on")
