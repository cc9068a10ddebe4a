"""The ledger: every hole has exactly one reason, and the right one."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.chain.server.world import NOW, Agent, World, minutes
from unstuck.chain.records import Batch, Kind, Minute, Ranges, Record, Wear
from unstuck.chain.server import views
from unstuck.chain.server.domain import ledger
from unstuck.chain.server.domain.ingest import recut
from unstuck.chain.server.domain.ledger import Coverage, Place, TrackerTold
from unstuck.model.records import HoleReason

DAY_S = 86400


def setting_up(world: World) -> tuple[Agent, str]:
    person = world.person("anna")
    return person.device(), person.tracker()


def holes_of(agent: Agent, tracker: str, query: str = "") -> list[tuple[str, int, int]]:
    found = agent.get(f"/v1/trackers/{tracker}/ledger{query}")
    return [(hole["reason"], (hole["start"] - NOW) // 60, (hole["end"] - NOW) // 60) for hole in found["holes"]]


def told(held: Any, overwritten: Any = None, now_minute: int = 0, **more: Any) -> dict[str, Any]:
    return {"now": NOW + 60 * now_minute, "held": held, "overwritten": overwritten or {}, **more}


def test_nothing_missing_is_no_hole(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(tracker, minutes(0, 0, [1] * 10))
    agent.tell(tracker, tracker=told({"0": [[0, 9]]}, now_minute=10), phone={"held": {}})
    assert holes_of(agent, tracker) == []


def test_each_hop_that_still_holds_records_gives_its_reason(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(tracker, minutes(0, 10, [1] * 10), minutes(0, 30, [1] * 5))
    agent.tell(
        tracker,
        tracker=told({"0": [[25, 49]]}, {"0": [[0, 9]]}, now_minute=50, keeps_s=7 * DAY_S),
        phone={"held": {"0": [[20, 27], [35, 39]]}},
    )
    assert holes_of(agent, tracker) == [
        ("lost", 0, 10),
        ("not_uploaded", 20, 28),
        ("not_drained", 28, 30),
        ("not_uploaded", 35, 40),
        ("not_drained", 40, 50),
    ]
    found = agent.get(f"/v1/trackers/{tracker}/ledger")
    assert found["at_risk"] == {"since": NOW + 28 * 60, "lost_at": NOW + 28 * 60 + 7 * DAY_S}
    assert found["holes"][1] == {
        "start": NOW + 1200, "end": NOW + 1680, "reason": "not_uploaded", "boot": 0, "first": 20, "last": 27
    }  # fmt: skip


def test_lost_is_said_only_when_it_is_known(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(tracker, minutes(0, 5, [1] * 5))
    assert holes_of(agent, tracker) == [("not_drained", 0, 5)]
    agent.tell(tracker, tracker=told({}, {"0": [[0, 4]]}, now_minute=10))
    assert holes_of(agent, tracker) == [("lost", 0, 5)]


def test_records_on_any_phone_are_not_lost_until_the_person_says_the_phone_is_gone(world: World) -> None:
    agent, tracker = setting_up(world)
    other = agent.person.device("old phone")
    other.tell(tracker, phone={"held": {"0": [[0, 4]]}})
    agent.send(tracker, minutes(0, 5, [1] * 5))
    agent.tell(tracker, tracker=told({"0": [[5, 9]]}, now_minute=10), phone={"held": {}})
    assert holes_of(agent, tracker) == [("not_uploaded", 0, 5)]
    agent.person.ask("DELETE", f"/v1/tokens/{other.id}")
    assert holes_of(agent, tracker) == [("lost", 0, 5)]


def test_time_without_a_record_is_not_recorded_or_not_worn(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(
        tracker,
        minutes(0, 0, [1] * 10),
        minutes(0, 10, [0] * 5, wear=Wear.NOT_WORN),
        minutes(0, 15, [1] * 5, NOW + 60 * 20),  # 20 minutes of silence after it was taken off
        minutes(0, 20, [1] * 5, NOW + 60 * 60),  # 40 minutes in which it was off
    )
    assert holes_of(agent, tracker) == [("not_worn", 10, 35), ("not_recorded", 40, 80)]


def test_a_clock_set_by_seconds_makes_no_hole(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(tracker, minutes(0, 0, [1] * 5), minutes(0, 5, [1] * 5, NOW + 59))
    assert holes_of(agent, tracker) == []


def test_after_a_restart_the_head_that_is_missing_lies_before_what_is_there(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(tracker, minutes(0, 0, [1] * 10), minutes(1, 3, [1] * 5, NOW + 60 * 60))
    assert holes_of(agent, tracker) == [("not_recorded", 10, 60), ("not_drained", 60, 63)]


def test_a_boot_of_which_nothing_came_is_a_hole_too(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(tracker, minutes(0, 0, [1] * 10))
    agent.tell(tracker, tracker=told({"1": [[0, 29]]}, now_minute=40))
    assert holes_of(agent, tracker) == [("not_drained", 10, 40)]


def test_holes_are_listed_for_the_span_asked_for(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(tracker, minutes(0, 0, [1] * 5), minutes(0, 10, [1] * 5), minutes(0, 20, [1] * 5))
    assert holes_of(agent, tracker, f"?from={NOW + 900}") == [("not_drained", 15, 20)]
    assert holes_of(agent, tracker, f"?to={NOW + 900}") == [("not_drained", 5, 10)]


def test_a_hole_has_the_same_bounds_and_reason_whatever_span_is_asked_for(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(
        tracker,
        minutes(0, 0, [0] * 10, wear=Wear.NOT_WORN),
        minutes(0, 10, [1] * 10, NOW + 60 * 100),  # silence from minute 10 to 110
        minutes(0, 20, [1] * 10, NOW + 60 * 300),  # from 120 to 320
        minutes(0, 30, [1] * 10, NOW + 60 * 300),
    )
    assert holes_of(agent, tracker) == [("not_worn", 0, 110), ("not_recorded", 120, 320)]
    asked = f"?from={NOW + 60 * 50}&to={NOW + 60 * 60}"
    assert holes_of(agent, tracker, asked) == [("not_worn", 0, 110)]
    asked = f"?from={NOW + 60 * 200}&to={NOW + 60 * 210}"
    assert holes_of(agent, tracker, asked) == [("not_recorded", 120, 320)]
    assert holes_of(agent, tracker, f"?from={NOW + 60 * 325}") == []


def test_ledger_and_records_of_one_reading_are_those_of_two(world: World) -> None:
    agent, tracker = setting_up(world)
    agent.send(tracker, minutes(0, 0, [1] * 10), minutes(0, 30, [1] * 20))
    agent.send(tracker, minutes(0, 60, [0] * 10, wear=Wear.NOT_WORN), minutes(0, 90, [1] * 5))
    agent.tell(tracker, tracker=told({"0": [[60, 99]]}, {"0": [[10, 19]]}, 100), phone={"held": {"0": [[70, 79]]}})
    with world.database.read() as connection:
        account = connection.execute(text("select account_id from trackers")).scalar_one()
        for first, last in ((-5, 200), (0, 100), (15, 40), (35, 36), (65, 95), (120, 200)):
            start, end = NOW + first * 60, NOW + last * 60
            both = views.ledger_and_records(connection, account, tracker, start, end)
            assert both[0] == views.ledger_of(connection, account, tracker, start, None), (first, last)
            assert both[1] == views.records(connection, account, tracker, start, end), (first, last)


def test_watermarks_say_the_newest_of_each_hop(world: World) -> None:
    agent, tracker = setting_up(world)
    assert agent.get(f"/v1/trackers/{tracker}/watermarks") == {"tracker": None, "phone": None, "server": None}
    agent.send(tracker, minutes(0, 0, [1] * 10))
    agent.tell(tracker, tracker=told({"0": [[5, 29]]}, now_minute=30), phone={"held": {"0": [[10, 19]]}})
    assert agent.get(f"/v1/trackers/{tracker}/watermarks") == {
        "tracker": {"boot": 0, "sequence": 29, "time": NOW + 1800},
        "phone": {"boot": 0, "sequence": 19, "time": NOW + 1200},
        "server": {"boot": 0, "sequence": 9, "time": NOW + 600},
    }


def test_ranges_that_end_before_they_begin_are_refused(world: World) -> None:
    agent, tracker = setting_up(world)
    assert agent.tell(tracker, phone={"held": {"0": [[5, 4]]}}).status_code == 422
    assert agent.tell(tracker, phone={"held": {"-1": [[4, 5]]}}).status_code == 422


def test_days_are_those_of_the_persons_zone(world: World) -> None:
    agent, tracker = setting_up(world)
    midnight = NOW - NOW % DAY_S
    agent.send(tracker, minutes(0, 0, [5, 6], midnight - 60))
    path = f"/v1/trackers/{tracker}/days?from={midnight - DAY_S}&to={midnight + DAY_S}"
    assert [day["steps"] for day in agent.get(path)["days"]] == [5, 6]
    assert [day["steps"] for day in agent.get(f"{path}&zone=Europe/Berlin")["days"]] == [11]
    assert agent.person.ask("GET", f"{path}&zone=../../etc/passwd").status_code == 422


def test_the_wear_state_is_where_the_ledger_looks_for_it() -> None:
    assert Minute._fields[ledger._WEAR] == "wear"


_HELD = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4).map(
    lambda pairs: Ranges.of(sorted(pair) for pair in pairs)
)
_BOOTS = st.fixed_dictionaries({0: _HELD, 1: _HELD})


@given(server=_BOOTS, phone=_BOOTS, tracker=st.none() | st.tuples(_BOOTS, _BOOTS), unworn=_HELD)
def test_every_missing_record_and_minute_has_exactly_one_reason(
    server: dict[int, Ranges],
    phone: dict[int, Ranges],
    tracker: tuple[dict[int, Ranges], dict[int, Ranges]] | None,
    unworn: Ranges,
) -> None:
    now = NOW + 60 * 400
    state = TrackerTold(now, *tracker) if tracker else None
    batches = [_batch(boot, first, last, unworn) for boot in (0, 1) for first, last in server[boot]]
    places = [Place.of(recut(batch)) for batch in batches]
    identity = ledger.identity_holes(places, phone, state, now)
    exist = ledger.union((server, phone, *(tracker or ())))
    for boot in (0, 1):
        here = [(hole.first, hole.last) for hole in identity if hole.boot == boot]
        found = [number for first, last in here for number in range(first or 0, (last or 0) + 1)]
        top = exist[boot].last if exist[boot] else -1
        assert sorted(found) == [number for number in range(top + 1) if number not in server[boot]]
    for hole in identity:
        number, boot = hole.first or 0, hole.boot or 0
        assert (hole.reason is HoleReason.NOT_UPLOADED) == (number in phone[boot])
        if hole.reason is HoleReason.LOST:
            assert tracker is not None
            assert number not in tracker[0][boot]
    coverage = Coverage.of(record for batch in batches for record in batch.records)
    holes = ledger.joined([*identity, *ledger.time_holes(coverage, identity, None, now)])
    for before, after in pairwise(holes):
        assert before.start <= before.end <= after.start
    spans = Ranges.of((hole.start, hole.end - 1) for hole in holes if hole.end > hole.start)
    if batches:
        whole = Ranges.span(min(place.starts for place in places), now - 61)
        assert (spans | coverage.worn).contains(whole)
    assert not spans & coverage.worn


def _batch(boot: int, first: int, last: int, unworn: Ranges) -> Batch:
    start = NOW + boot * 60 * 200
    return Batch(
        tuple(
            Record(
                boot,
                number,
                Kind.MINUTE,
                start + 60 * number,
                60,
                tuple(Minute(1, 0, 0, Wear.NOT_WORN if number in unworn else Wear.WORN)),
            )
            for number in range(first, last + 1)
        )
    )


@given(starts=st.lists(st.integers(0, 2**53 - 1), min_size=1, max_size=6), now=st.integers(0, 2**53 - 1))
def test_a_clock_that_jumps_anywhere_still_gives_each_record_one_hole(starts: list[int], now: int) -> None:
    places = [Place(at, 1, 1, start, start + 60) for at, start in enumerate(starts)]
    holes = ledger.identity_holes(places, {}, None, now)
    assert [(hole.boot, hole.first, hole.last) for hole in holes] == [(at, 0, 0) for at in range(len(starts))]
    assert all(hole.start <= hole.end <= now for hole in holes)
