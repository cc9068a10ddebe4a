"""What is wrong, by questions alone: one at a time, back, leave and resume, and nobody sees another's."""

import re
from collections.abc import Callable

import pytest

from tests.chain.server.world import NOW, World, minutes
from tests.web.pages.screen import Screen
from unstuck.doctor.knowledge.loader import load
from unstuck.web.pages.wrong import pictures

Screens = Callable[..., Screen]


@pytest.fixture
def alice(screen: Screens) -> Screen:
    return screen().register("alice")


def choose(one: Screen, choice: str) -> None:
    """Press a big button of the question on the page, and follow."""
    assert f'value="{choice}"' in one.page.text, one.text()
    one.submit("/wrong/ask", choice=choice)
    follow(one)


def follow(one: Screen) -> None:
    while one.page.status_code == 303:
        one.get(one.page.headers["location"])


def heading(one: Screen) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", one.page.text, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[1])).strip()


def asked(one: Screen) -> str:
    """Id of the question on the page."""
    return one.fields("/wrong/ask")["id"]


def answer_until_found(one: Screen, **answers: str) -> list[str]:
    """Go through the questions; what has no answer here is not known. The ids in their order."""
    ids = []
    one.get("/wrong/ask")
    follow(one)
    while 'action="/wrong/ask"' in one.page.text:
        kind = one.fields("/wrong/ask")["kind"]
        id_ = asked(one) or kind
        ids.append(id_)
        assert len(ids) < 60
        choose(one, answers.get(id_, "unsure"))
    return ids


def test_answers_alone_end_in_cause_plan_and_what_was_not_checked(alice: Screen) -> None:
    ids = answer_until_found(alice, symptom="never_connects", phone="google", make="fitbit")
    assert ids[:3] == ["symptom", "phone", "make"]
    assert len(ids) > 3
    alice.get("/wrong/ask?question=bluetooth_on")
    choose(alice, "off")
    alice.get("/wrong/found")
    said = alice.text()
    assert load().causes["bluetooth.off"].title in said
    assert "Not checked" in said
    assert 'href="/mend"' in alice.page.text


def test_question_shows_where_to_look_on_this_phone(alice: Screen) -> None:
    alice.get("/wrong/ask")
    for choice in ("never_connects", "iphone", "fitbit"):
        choose(alice, choice)
    question = load().questions[asked(alice)]
    assert question.look_up["iphone"] in alice.text()


def test_back_takes_the_last_answer_back(alice: Screen) -> None:
    alice.get("/wrong/ask")
    first = heading(alice)
    choose(alice, "never_connects")
    assert heading(alice) != first
    alice.submit("/wrong/back")
    follow(alice)
    assert heading(alice) == first


def test_session_is_resumed_on_another_screen(alice: Screen, screen: Screens) -> None:
    alice.get("/wrong/ask")
    choose(alice, "never_connects")
    choose(alice, "google")
    there = heading(alice)
    other = screen("192.0.2.7")
    other.sign_in("alice")
    assert "There is something begun" in other.read("/wrong")
    other.get("/wrong/ask")
    assert heading(other) == there


def test_another_person_begins_at_the_beginning(alice: Screen, screen: Screens) -> None:
    alice.get("/wrong/ask")
    first = heading(alice)
    choose(alice, "never_connects")
    bob = screen("192.0.2.9").register("bob")
    assert "There is something begun" not in bob.read("/wrong")
    bob.get("/wrong/ask")
    assert heading(bob) == first


def test_page_left_open_answers_nothing_else(alice: Screen) -> None:
    alice.get("/wrong/ask")
    old = alice.fields("/wrong/ask")
    choose(alice, "never_connects")
    there = heading(alice)
    alice.post("/wrong/ask", {**old, "choice": "keeps_dropping"})
    follow(alice)
    assert heading(alice) == there


def test_answer_that_is_not_offered_is_refused(alice: Screen) -> None:
    alice.get("/wrong/ask")
    alice.submit("/wrong/ask", choice="no-such-answer")
    assert alice.page.status_code == 422
    assert "Choose one of the answers." in alice.text()


def test_begin_anew_forgets_the_answers(alice: Screen) -> None:
    alice.get("/wrong/ask")
    first = heading(alice)
    choose(alice, "never_connects")
    alice.get("/wrong")
    alice.submit("/wrong/new")
    alice.get("/wrong/ask")
    assert heading(alice) == first


def test_nothing_begun_has_no_diagnosis(alice: Screen) -> None:
    assert alice.get("/wrong/found").headers["location"] == "/wrong"
    assert alice.get("/mend").headers["location"] == "/wrong"


def test_whole_report_is_the_command_lines_own(alice: Screen) -> None:
    answer_until_found(alice, symptom="never_connects", bluetooth_on="off")
    answer = alice.get("/wrong/report.html")
    assert "<b>Unstuck</b> diagnosis" in answer.text
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]


def test_own_ledger_can_be_looked_at_without_an_agent_here(screen: Screens, world: World) -> None:
    person = world.person("carol")
    person.tracker()
    one = screen()
    one.sign_in("carol")
    one.get("/wrong")
    one.submit("/wrong/connect", way="chain")
    follow(one)
    assert "the server" in one.text()


def test_times_of_the_diagnosis_are_in_the_persons_zone(screen: Screens, world: World) -> None:
    one = screen()
    person = world.person("carol")
    tracker = person.tracker()
    agent = person.device()
    agent.send(tracker, minutes(1, 0, [10] * 60, start=NOW - 7200))
    one.sign_in("carol")
    one.get("/wrong")
    one.submit("/wrong/connect", way="chain")
    for zone, clock, words in (("UTC", "24", "12:"), ("Asia/Kolkata", "24", "18:"), ("Asia/Kolkata", "12", "6:")):
        one.get("/settings")
        one.submit("/settings/view", language="", zone=zone, clock=clock, theme="")
        read = re.search(r"What was read (.*)", one.read("/wrong/found"))
        assert read
        assert f" {words}" in read[1], read[1]


def test_what_is_not_connected_cannot_be(alice: Screen) -> None:
    alice.get("/wrong")
    proof = alice.fields("/wrong/files")["form"]
    assert alice.post("/wrong/connect", {"form": proof, "way": "phone"}).status_code == 422


def test_every_picture_belongs_to_a_question() -> None:
    assert set(pictures._OF) <= set(load().questions)
    assert set(pictures._OF.values()) == set(pictures.DRAWINGS)
