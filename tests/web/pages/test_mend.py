"""Mend it where only a person can see and do: steps, timers, skipping, a plan that changes with what was tried."""

import re
import time
from collections.abc import Callable

import pytest

from tests.chain.server.world import World
from tests.web.pages.screen import Screen
from tests.web.pages.test_wrong import answer_until_found, follow, heading
from unstuck.web.pages.mend.timers import wait_s

Screens = Callable[..., Screen]


@pytest.fixture
def alice(screen: Screens) -> Screen:
    """Somebody whose tracker is not found, and who knows nothing more."""
    one = screen().register("alice")
    answer_until_found(one, symptom="never_connects", phone="google", make="fitbit", login_known="no")
    return one


def until(one: Screen, words: str) -> None:
    """Look again until the page says it."""
    for _ in range(100):
        if words in one.read("/mend"):
            return
        time.sleep(0.03)
    raise AssertionError(one.text())


def begin(one: Screen) -> str:
    """Show the steps of the first fix; its title."""
    one.get("/mend")
    title = heading(one)
    one.submit("/mend/do")
    until(one, "Skip this")
    assert heading(one) == title
    return title


def test_steps_come_one_by_one_and_the_plan_changes_with_what_did_not_help(alice: Screen) -> None:
    title = begin(alice)
    alice.submit("/mend/answer", value="yes")
    until(alice, "Did it help?")
    alice.submit("/mend/answer", value="no")
    until(alice, "Data still stands still.")
    alice.submit("/mend/go-on")
    follow(alice)
    assert heading(alice) != title
    assert f"{title} : did not help" in alice.text()


def test_what_helped_ends_it(alice: Screen) -> None:
    title = begin(alice)
    alice.submit("/mend/answer", value="yes")
    until(alice, "Did it help?")
    alice.submit("/mend/answer", value="yes")
    until(alice, "It helped: data moves.")
    alice.submit("/mend/go-on")
    follow(alice)
    assert heading(alice) == "Data moves."
    assert f"{title} : helped" in alice.text()


def test_step_to_the_support_leads_to_the_page_of_cases_and_names_no_command(alice: Screen) -> None:
    alice.get("/mend")
    alice.submit("/mend/do", fix="contact_support", how="hand")
    until(alice, "Skip this")
    assert "Make a case here" in alice.text()
    assert "unstuck case" not in alice.text()
    assert 'href="/case">Make a case' in alice.page.text


def test_what_is_skipped_is_not_offered_again_until_asked_for(alice: Screen) -> None:
    title = begin(alice)
    alice.submit("/mend/answer", value="no")
    until(alice, "Left out.")
    alice.submit("/mend/go-on")
    follow(alice)
    assert heading(alice) != title


def test_timer_ends_when_the_server_says_and_survives_a_reload(alice: Screen, world: World) -> None:
    for _ in range(12):
        begin(alice)
        if "Start the timer" in alice.text():
            break
        alice.submit("/mend/answer", value="no")
        until(alice, "Left out.")
        alice.submit("/mend/go-on")
    alice.submit("/mend/timer")
    first = alice.read("/mend")
    told = re.search(r"Wait until ([\d:]+)", first)
    assert told
    assert f"Wait until {told[1]}" in alice.read("/mend")
    world.time.pass_(6 * 3600)
    assert "The time is over: go on." in alice.read("/mend")


def test_stop_leaves_the_fix_undone(alice: Screen) -> None:
    begin(alice)
    alice.submit("/mend/stop")
    until(alice, "You stopped it.")
    alice.submit("/mend/go-on")
    follow(alice)
    assert "helped" not in alice.text()


def test_answer_to_another_question_changes_nothing(alice: Screen) -> None:
    begin(alice)
    proof = alice.fields("/mend/answer")
    alice.post("/mend/answer", {**proof, "asked": "helped", "value": "yes"})
    assert "Skip this" in alice.read("/mend")


def test_harmful_steps_are_closed_doors_with_their_reason(screen: Screens) -> None:
    one = screen().register("dora")
    answer_until_found(one, symptom="error_shown", phone="google", make="fitbit", login_known="no", asks_login="yes")
    one.get("/mend")
    said = one.text()
    assert "Closed doors" in said
    assert "You do not know the login" in said or "login" in said.split("Closed doors")[1]


def test_another_person_has_another_plan(alice: Screen, screen: Screens) -> None:
    begin(alice)
    bob = screen("192.0.2.9").register("bob")
    assert bob.get("/mend").headers["location"] == "/wrong"
    bob.get("/wrong")
    proof = bob.fields("/wrong/files")["form"]
    assert bob.post("/mend/answer", {"form": proof, "asked": "guide", "value": "yes"}).status_code == 404
    assert bob.post("/mend/stop", {"form": proof}).status_code == 404
    assert "Skip this" in alice.read("/mend")


def test_nothing_can_be_broken_where_the_chain_is_real(alice: Screen) -> None:
    assert alice.get("/break").status_code == 404
    alice.get("/wrong")
    proof = alice.fields("/wrong/files")["form"]
    assert alice.post("/break/strike", {"form": proof, "fault": "switched_off"}).status_code == 404


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        ("Turn it off and wait 30 seconds.", 30),
        ("Leave it for at least 30 minutes. What it recorded stays.", 1800),
        ("Keep both side by side for 20 minutes.", 1200),
        ("Hold the button for ten seconds.", 10),
        ("The app finds it within 2 minutes.", None),
        ("Counting may take a minute.", None),
    ],
)
def test_timers_are_offered_where_a_step_says_to_wait(step: str, seconds: int | None) -> None:
    assert wait_s(step) == seconds
