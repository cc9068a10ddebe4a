"""The first page and the days: what is shown of what the server and the agent know."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from anyio import to_thread
from fastapi.responses import Response
from tools.screenshots import PictureDoor

from tests.chain.server.world import NOW, Agent, World, minutes
from tests.web.pages.screen import Screen
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.records import Batch, Kind, Record, SleepStage, Wear, encode
from unstuck.chain.server.broker import News
from unstuck.chain.server.domain.ingest import Chunk
from unstuck.chain.server.storage import trackers
from unstuck.web.pages.base.visit import Visit
from unstuck.web.pages.door import Seen
from unstuck.web.pages.home.day import day as day_of
from unstuck.web.pages.home.live import stream
from unstuck.web.pages.home.routes import now_values
from unstuck.web.pages.mount import mount

Screens = Callable[..., Screen]
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
KEEPS_S = 7 * DAY_S


@pytest.fixture
def alice(screen: Screens, world: World) -> tuple[Screen, Agent, str]:
    """A person at a screen, and a phone and a tracker of hers."""
    one = screen()
    person = world.person("alice")
    tracker = person.tracker()
    agent = person.device()
    one.sign_in("alice")
    return one, agent, tracker


def ended(door: PictureDoor, attempt: Attempt) -> Seen:
    """What the device shows of itself once this attempt is over."""
    door.stand("syncing", NOW)
    assert door.seen is not None
    door.seen.agent.underway.clear()
    door.seen.agent.last[attempt.side] = attempt
    return door.seen


def test_without_a_tracker_it_says_how_to_claim_one(screen: Screens) -> None:
    one = screen().register("alice")
    for path in ("/", "/days/2026-01-21"):
        assert "No tracker yet." in one.read(path)
        assert 'href="/settings#trackers"' in one.page.text


def test_with_a_tracker_and_no_record_it_waits(alice: tuple[Screen, Agent, str]) -> None:
    one, _, _ = alice
    assert "Waiting for the first sync." in one.read("/")
    assert "not heard yet" in one.text()


def test_it_says_until_when_the_oldest_unsynced_minute_is_kept(alice: tuple[Screen, Agent, str], world: World) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 60, start=NOW - 2 * HOUR_S))
    agent.tell(tracker, tracker={"now": NOW, "held": {"1": [[60, 81]]}, "overwritten": {}, "keeps_s": KEEPS_S})
    one.get("/")
    # 2026-01-21 12:53:20 UTC is Wednesday; the hour of minutes ended one hour ago
    assert "Nothing is lost; the oldest unsynced minute is kept until Wednesday 28 January, 11:53." in one.text()
    assert "22 records only here" in one.text()
    assert "60 records safe" in one.text()
    assert "Everything is moving." in one.text()


def test_it_does_not_say_that_nothing_is_lost_when_something_is(alice: tuple[Screen, Agent, str]) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 2 * HOUR_S))
    agent.send(tracker, minutes(1, 20, [10] * 5, start=NOW - 2 * HOUR_S))
    agent.tell(tracker, tracker={"now": NOW, "held": {}, "overwritten": {"1": [[5, 19]]}, "keeps_s": KEEPS_S})
    one.get("/")
    assert "Nothing is lost" not in one.text()
    assert "15 records were overwritten before they were synced" in one.text()


def test_what_is_old_says_from_when_it_is(alice: tuple[Screen, Agent, str], world: World) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 600))
    world.time.pass_(44 * MINUTE_S)
    assert "Everything is moving." in one.read("/")
    world.time.pass_(2 * MINUTE_S)
    one.get("/")
    assert "Nothing heard since 12:53." in one.text()
    assert "As of 12:53." in one.text()


def test_a_phone_that_speaks_and_does_not_meet_its_tracker_is_stuck_at_bluetooth(
    alice: tuple[Screen, Agent, str], world: World
) -> None:
    one, agent, tracker = alice
    told = {"now": NOW, "held": {"1": [[5, 9]]}, "overwritten": {}, "keeps_s": KEEPS_S}
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 600))
    world.time.pass_(2 * HOUR_S)
    agent.tell(tracker, tracker=told, phone={"held": {}})
    one.get("/")
    assert "Stuck at Bluetooth since 12:53." in one.text()
    assert "has not reached the tracker" in one.text()


def test_sync_now_without_an_agent_says_how(alice: tuple[Screen, Agent, str]) -> None:
    one, _, _ = alice
    one.get("/")
    assert "This server cannot reach the tracker itself" in one.text()
    assert 'action="/sync"' not in one.page.text
    assert one.post("/sync", one.fields("/sign-out")).status_code == 403


@pytest.fixture
def door(world: World, alice: tuple[Screen, Agent, str]) -> PictureDoor:
    """An agent at this server, of alice's tracker."""
    found = PictureDoor(alice[2])
    mount(world.app, found)
    return found


def test_an_agent_here_shows_its_own_attempts_and_true_progress(
    alice: tuple[Screen, Agent, str], door: PictureDoor
) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 600))
    door.stand("syncing", NOW)
    one.get("/")
    assert "820 of 1,204 records" in one.text()
    assert '<progress id="p-1" value="820" max="1204">' in one.page.text
    door.stand("stuck", NOW)
    one.get("/")
    assert "Stuck at Bluetooth since 12:31." in one.text()
    assert "The tracker was not heard. " in one.text()
    assert "Bring it near" in one.text()
    assert "next 12:57 (again after trouble)" in one.text()


@pytest.mark.parametrize(
    ("side", "outcome", "words"),
    [
        (Side.DRAIN, Outcome.BLUETOOTH_OFF, "Stuck at Bluetooth"),
        (Side.DRAIN, Outcome.TRACKER_ERASED, "Stuck at the tracker"),
        (Side.DRAIN, Outcome.JOURNAL_FULL, "Stuck on the phone"),
        (Side.UPLOAD, Outcome.TOKEN_REVOKED, "Stuck before the server"),
        (Side.UPLOAD, Outcome.REJECTED, "Everything is moving."),
        (Side.DRAIN, Outcome.TRIM_HELD_BACK, "Everything is moving."),
    ],
)
def test_each_trouble_is_shown_at_its_hop(
    alice: tuple[Screen, Agent, str], door: PictureDoor, side: Side, outcome: Outcome, words: str
) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 600))
    ended(door, Attempt(side, NOW - 20, NOW, outcome, "", 0))
    one.get("/")
    assert words in one.text()


def test_it_stands_still_since_the_first_attempt_that_failed_not_since_the_last(
    alice: tuple[Screen, Agent, str], door: PictureDoor
) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 600))
    seen = ended(door, Attempt(Side.DRAIN, NOW - 20, NOW, Outcome.TRACKER_SILENT, "", 0))
    door.seen = replace(seen, agent=replace(seen.agent, failing_s={Side.DRAIN: NOW - HOUR_S}))
    one.get("/")
    assert "Stuck at the tracker since 11:53." in one.text()


def test_while_it_stands_still_it_says_until_when_what_was_recorded_since_is_kept(
    alice: tuple[Screen, Agent, str], door: PictureDoor
) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 60, start=NOW - HOUR_S))
    agent.tell(tracker, tracker={"now": NOW, "held": {}, "overwritten": {}, "keeps_s": KEEPS_S})
    assert "Nothing is lost; all that was recorded until 12:53 is safe." in one.read("/")
    door.stand("stuck", NOW)
    assert "Nothing is lost; the oldest unsynced minute is kept until Wednesday 28 January, 12:53." in one.read("/")


def test_what_the_device_forbids_is_named_and_stands_where_its_cause_does(
    alice: tuple[Screen, Agent, str], door: PictureDoor
) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 600))
    why = "airplane mode has turned Bluetooth off: turn it off"
    ended(door, Attempt(Side.DRAIN, NOW - 20, NOW, Outcome.HOST_FORBIDS, why, 0, ("bluetooth.off",)))
    one.get("/")
    assert "Stuck at Bluetooth since" in one.text()
    assert "Airplane mode has turned Bluetooth off." in one.text()
    assert "Turn it off." in one.text()


def test_an_agent_is_shown_and_moved_only_by_who_has_its_tracker(
    screen: Screens, door: PictureDoor, alice: tuple[Screen, Agent, str], world: World
) -> None:
    one, _, tracker = alice
    door.stand("stuck", NOW)
    bob = world.person("bob")
    bob.tracker()
    other = Screen(world, "192.0.2.1", {})
    other.sign_in("bob")
    other.get("/")
    assert "Stuck" not in other.text()
    proof = other.fields("/sign-out")
    assert other.post("/sync", proof).status_code == 403
    assert other.post("/sync", {**proof, "tracker": tracker}).status_code == 403
    assert door.asked == 0
    one.get("/")
    assert one.submit("/sync").status_code == 303
    assert door.asked == 1
    one.get("/settings")
    one.submit(f"/settings/trackers/{tracker}/release")
    one.get("/")
    assert 'action="/sync"' not in one.page.text, "who released it does not see it any more"


def test_the_live_part_sends_a_fragment_at_first_and_when_records_come(
    alice: tuple[Screen, Agent, str], world: World
) -> None:
    one, agent, tracker = alice
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 600))
    visit = visit_of(world, one)
    more = minutes(1, 5, [10] * 5, start=NOW - 600)

    async def read() -> list[str]:
        found: list[str] = []
        events = stream(visit, "", now_values)
        async for event in events:
            found.append(event)
            if len(found) == 3:  # the whole first look
                await to_thread.run_sync(store, world, visit.account, tracker, more)
            if "10 records safe" in " ".join(event.replace("</b>", "").replace("<b>", "").split()):
                break
        await events.aclose()
        return found

    found = world.portal.call(read)
    assert [event.splitlines()[0] for event in found[:3]] == ["event: now", "event: today", "event: said"]
    assert "<script" not in "".join(found)
    assert all(line.startswith(("event: ", "data: ", ": ")) for event in found for line in event.splitlines() if line)


def visit_of(world: World, one: Screen) -> Visit:
    """The visit of the last request of this screen."""
    kept: list[Visit] = []
    original = Visit.page

    def page(self: Visit, *given: Any, **values: Any) -> Response:
        kept.append(self)
        return original(self, *given, **values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Visit, "page", page)
        one.get("/")
    return kept[-1]


def store(world: World, account: int, tracker: str, batch: Batch) -> None:
    """What an upload does, without asking this event loop for it."""
    with world.database.write() as connection:
        chunk = Chunk(batch.boot, batch.first, batch.last, NOW - 300, NOW, encode(batch))
        trackers.add_chunks(connection, account, tracker, [chunk], NOW)
    services = world.app.state.services
    services.broker.publish(account, News("records", tracker))


def test_days_are_those_of_the_persons_zone(screen: Screens, world: World) -> None:
    one = screen()
    person = world.person("alice")
    tracker = person.tracker()
    evening = 1_769_036_400  # 2026-01-21 23:00 UTC: already the 22nd in Berlin
    person.device().send(tracker, minutes(1, 0, [100] * 10, start=evening))
    world.time.pass_(12 * HOUR_S)
    one.get("/sign-in")
    one.submit("/sign-in", name="alice", password="correct horse battery", zone="Europe/Berlin")
    assert "Nothing of this day is at the server." in one.read("/days/2026-01-21")
    one.get("/days/2026-01-22")
    assert "1,000" in one.text()
    assert one.page.text.count('<th scope="row">') == 24
    one.get("/settings")
    one.submit("/settings/view", language="", zone="UTC", clock="12", theme="")
    one.get("/days/2026-01-21")
    assert "11:00 PM" in one.text()
    assert "1,000" in one.text()


def test_a_night_belongs_as_a_whole_to_the_day_on_which_it_ends() -> None:
    midnight = NOW // DAY_S * DAY_S
    spans = [(midnight, 2 * HOUR_S), (midnight - HOUR_S, HOUR_S), (midnight + 13 * HOUR_S, HOUR_S)]
    value = (int(SleepStage.DEEP),)
    records = [Record(1, at, Kind.SLEEP, start, length, value) for at, (start, length) in enumerate(spans)]
    records.append(Record(1, 3, Kind.SLEEP, midnight + DAY_S - HOUR_S, HOUR_S + 1, value))
    before, present = day_of(records, (), midnight - DAY_S, midnight), day_of(records, (), midnight, midnight + DAY_S)
    assert before.sleep == ()
    assert present.slept_s == 4 * HOUR_S, "the night from 23:00 and the nap; not what ends tomorrow"
    assert present.sleep[0].start == midnight - HOUR_S


def test_a_day_has_its_sleep_workouts_and_named_holes(alice: tuple[Screen, Agent, str]) -> None:
    one, agent, tracker = alice
    start = NOW - 8 * HOUR_S
    records = list(minutes(1, 0, [50] * 30, start=start).records)
    records += minutes(1, 30, [0] * 20, start=start, wear=Wear.NOT_WORN).records
    records.append(Record(1, 50, Kind.SLEEP, start, 1800, (int(SleepStage.DEEP),)))
    records.append(Record(1, 51, Kind.WORKOUT, start + 600, 1200, (1, 1500, 900, 130, 166, 1125)))
    agent.send(tracker, Batch(tuple(records)))
    agent.send(tracker, minutes(1, 80, [50] * 10, start=start))
    agent.tell(
        tracker,
        tracker={"now": NOW, "held": {"1": [[90, 99]]}, "overwritten": {"1": [[52, 79]]}, "keeps_s": KEEPS_S},
    )
    one.get("/days/2026-01-21")
    text = one.text()
    assert "deep 30 min" in text
    assert "1,500 steps · 1.1 km · 130 beats a minute, at most 166 · 90 kcal" in text
    missing = text.split("What is missing, and why")[1].split("Days around it")[0]
    for words in ("not worn", "lost", "still on the tracker"):
        assert words in missing
    chart = json.loads(one.get("/days/2026-01-21/chart.json").text)
    assert {hole["label"] for hole in chart["holes"]} >= {"not worn", "lost", "still on the tracker"}
    assert sum(chart["steps"][1]) == 40 * 50
    assert [rate for rate in chart["heart"][1] if rate] == [70] * 60
    assert chart["ticks"][1][1] == "03:00"


def test_a_day_to_come_and_one_long_ago_are_empty_and_can_be_left(alice: tuple[Screen, Agent, str]) -> None:
    one, _, _ = alice
    for day in ("2026-06-01", "1975-01-01"):
        one.get(f"/days/{day}")
        assert "Nothing of this day is at the server." in one.text()
        assert 'rel="prev"' in one.page.text
    assert date(2026, 1, 21).isoformat() in one.get("/days").headers["location"]


def test_several_trackers_are_chosen_between(alice: tuple[Screen, Agent, str], world: World) -> None:
    one, agent, tracker = alice
    other = agent.person.tracker()
    one.get(f"/?tracker={other}")
    assert f'href="/?tracker={tracker}"' in one.page.text
    assert f'href="/?tracker={other}" aria-current="true"' in one.page.text
