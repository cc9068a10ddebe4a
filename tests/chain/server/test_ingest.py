"""Uploads: idempotent, in any cut and order, partly taken, never more than is true."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from tests.chain.server.world import (
    CHEAP,
    NO_LIMITS,
    NOW,
    World,
    code_of_error,
    durable,
    minutes,
    rejected,
)
from unstuck.chain.records import Batch, Kind, Minute, Ranges, Record, encode, read_columns
from unstuck.chain.server.domain.ingest import apart, settle
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.routes import ingest
from unstuck.chain.server.storage import trackers


def steps_of(agent: Any, tracker: str) -> list[int]:
    found = agent.get(f"/v1/trackers/{tracker}/minutes?from={NOW - 86400}&to={NOW + 30 * 86400}")
    return list(found["minutes"]["steps"])


def test_records_sent_once_are_there_once(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    assert durable(agent.send(tracker, minutes(0, 0, [1, 2, 3]))) == {0: [[0, 2]]}
    assert steps_of(agent, tracker) == [1, 2, 3]


def test_a_repetition_changes_nothing_and_is_answered_alike(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    batches = [minutes(0, 0, [1, 2, 3]), minutes(1, 0, [4], NOW + 600)]
    first = agent.send(tracker, *batches)
    assert agent.send(tracker, *batches).content == first.content
    assert steps_of(agent, tracker) == [1, 2, 3, 4]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), min_size=1, max_size=12), seed=st.integers())
def test_any_cut_and_order_ends_with_each_record_once(world: World, cuts: list[tuple[int, int]], seed: int) -> None:
    person = world.person(f"p{world.dice.getrandbits(60)}")
    agent, tracker = person.device(), person.tracker()
    truth = list(range(100, 140))
    sent = Ranges()
    for low, high in (sorted(cut) for cut in cuts):
        batch = minutes(0, low, truth[low : high + 1])
        sent |= batch.ranges
        assert durable(agent.send(tracker, batch)) == {0: [[low, high]]}
    assert agent.get(f"/v1/trackers/{tracker}/ledger")["hops"]["server"]["held"] == {"0": sent.as_lists()}
    assert steps_of(agent, tracker) == [truth[at] for first, last in sent for at in range(first, last + 1)]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5), st.integers(0, 30), st.integers(0, 30))
def test_settling_keeps_what_is_held_and_adds_what_is_not(stored: list[tuple[int, int]], low: int, high: int) -> None:
    low, high = sorted((low, high))
    before = Ranges.of(sorted(pair) for pair in stored)
    held = [minutes(0, first, [7] * (last - first + 1)) for first, last in before]
    batch = minutes(0, low, [7] * (high - low + 1))
    data = encode(batch)
    settled = settle(read_columns(data), data, [other for other in held if other.ranges & batch.ranges])
    fresh = Ranges.of((chunk.first, chunk.last) for chunk in settled.fresh)
    assert fresh == batch.ranges - before
    assert not settled.conflicting
    assert settled.durable == batch.ranges


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 30), st.integers(1, 9)), max_size=8))
def test_batches_are_apart_when_no_two_share_a_record(spans: list[tuple[int, int, int]]) -> None:
    batches = [read_columns(encode(minutes(boot, first, [7] * length))) for boot, first, length in spans]
    shared = [
        any(one.boot == other.boot and one.ranges & other.ranges for other in batches if other is not one)
        for one in batches
    ]
    assert apart(batches) == [not any_ for any_ in shared]


def test_new_and_held_batches_of_one_upload_are_told_apart(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    agent.send(tracker, minutes(0, 10, [1, 2, 3]))
    batches = minutes(0, 0, [7] * 5), minutes(0, 5, [7] * 8), minutes(0, 13, [4]), minutes(0, 14, [5])
    answer = agent.send(tracker, *batches)
    assert durable(answer) == {0: [[0, 9], [13, 14]]}
    assert [(one["batch"], one["first"], one["last"]) for one in rejected(answer)] == [(1, 10, 12)]
    assert steps_of(agent, tracker) == [7] * 10 + [1, 2, 3, 4, 5]


def test_a_damaged_batch_is_named_and_the_rest_is_taken(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    answer = agent.send(tracker, minutes(0, 0, [1]), b"\x80", minutes(0, 5, [6]))
    assert durable(answer) == {0: [[0, 0], [5, 5]]}
    assert rejected(answer) == [{"batch": 1, "boot": None, "first": None, "last": None, "code": "batch.not_a_batch"}]


def test_other_content_for_a_held_identity_is_not_called_durable(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    agent.send(tracker, minutes(0, 0, [1, 2, 3]))
    answer = agent.send(tracker, minutes(0, 1, [2, 99, 4]))
    assert durable(answer) == {0: [[1, 1], [3, 3]]}
    assert rejected(answer) == [{"batch": 0, "boot": 0, "first": 2, "last": 2, "code": "record.conflict"}]
    assert steps_of(agent, tracker) == [1, 2, 3, 4]


def test_batches_of_one_upload_that_contradict_each_other_are_neither_durable(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    answer = agent.send(tracker, minutes(0, 0, [1, 2]), minutes(0, 1, [5, 6]))
    assert durable(answer) == {0: [[0, 0], [2, 2]]}
    assert steps_of(agent, tracker) == [1, 2, 6]


def test_a_wrong_clock_loses_nothing(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    far = Batch((Record(2, 0, Kind.MINUTE, 2**53 - 1, 60, tuple(Minute(5, 0, 0, 1))),))
    past = Batch((Record(3, 0, Kind.MINUTE, 0, 60, tuple(Minute(6, 0, 0, 1))),))
    assert durable(agent.send(tracker, far, past)) == {2: [[0, 0]], 3: [[0, 0]]}
    held = agent.get(f"/v1/trackers/{tracker}/ledger")["hops"]["server"]["held"]
    assert held == {"2": [[0, 0]], "3": [[0, 0]]}


def test_only_the_one_who_has_the_tracker_uploads(world: World) -> None:
    anna, bert = world.person("anna"), world.person("bert")
    tracker = anna.tracker()
    refused = bert.device().send(tracker, minutes(0, 0, [1]))
    assert code_of_error(refused) == (403, "tracker.not_claimed")
    assert bert.device().send("nobody-has-it").content == refused.content


def test_a_released_tracker_takes_no_records_and_keeps_those_it_has(world: World) -> None:
    anna = world.person("anna")
    agent, tracker = anna.device(), anna.tracker()
    agent.send(tracker, minutes(0, 0, [1]))
    assert anna.ask("DELETE", f"/v1/trackers/{tracker}").status_code == 204
    assert code_of_error(agent.send(tracker, minutes(0, 1, [2]))) == (403, "tracker.released")
    assert code_of_error(agent.tell(tracker)) == (403, "tracker.released")
    assert steps_of(agent, tracker) == [1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        cbor2.dumps([]),
        cbor2.dumps({"tracker": "x"}),
        cbor2.dumps({"tracker": 1, "batches": []}),
        cbor2.dumps({"tracker": "x", "batches": ["text"]}),
        cbor2.dumps({"tracker": "x", "batches": [], "more": 1}),
        cbor2.dumps({"tracker": "х", "batches": []}),
        cbor2.dumps({"tracker": "a\0b", "batches": []}),
        b"\xa2\x67tracker\x61x\x67tracker\x61x",
        b"\x81" * 5000,
    ],
)
def test_what_is_no_upload_is_refused_as_that(world: World, body: bytes) -> None:
    assert code_of_error(world.person("anna").device().send_raw(body)) == (422, "request.not_cbor")


def test_an_upload_damaged_on_the_way_is_never_a_fault(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    whole = cbor2.dumps({"tracker": tracker, "batches": [encode(minutes(0, 0, range(40))), encode(minutes(1, 3, [1]))]})

    @settings(max_examples=300, deadline=None)
    @given(at=st.integers(0, len(whole)), put=st.binary(max_size=4), cut=st.integers(0, 4))
    def send(at: int, put: bytes, cut: int) -> None:
        answer = agent.send_raw(whole[:at] + put + whole[at + cut :])
        assert answer.status_code in (200, 403, 422)

    send()


def test_too_large_an_upload_is_told_to_be_split(worlds: Any) -> None:
    world = worlds(settings=Settings(rates=NO_LIMITS, password_cost=CHEAP, ingest_bytes=1000, request_bytes=1000))
    person = world.person("anna")
    assert code_of_error(person.device().send_raw(bytes(1001))) == (413, "request.too_large")
    assert code_of_error(person.ask("POST", "/v1/tokens", content=bytes(1001))) == (413, "request.too_large")


def test_few_bytes_that_stand_for_very_many_records_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "_MOST_RECORDS", 100)
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    small, large = minutes(0, 0, [0] * 50), minutes(0, 50, [0] * 51)
    assert code_of_error(agent.send(tracker, small, large)) == (413, "request.too_large")
    assert durable(agent.send(tracker, large)) == {0: [[50, 100]]}


def test_a_full_server_says_when_to_come_back(worlds: Any) -> None:
    world = worlds(settings=Settings(rates=NO_LIMITS, password_cost=CHEAP, ingest_waiting=0))
    answer = world.person("anna").device().send("x")
    assert code_of_error(answer) == (503, "server.busy")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_full_disk_is_not_a_fault_and_nothing_is_called_durable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()

    def full(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(trackers, "add_chunks", full)
        answer = agent.send(tracker, minutes(0, 0, [1]))
    assert code_of_error(answer) == (503, "server.storage")
    assert int(answer.headers["Retry-After"]) >= 1
    assert steps_of(agent, tracker) == []
    assert durable(agent.send(tracker, minutes(0, 0, [1]))) == {0: [[0, 0]]}


def test_two_phones_sending_the_same_at_once_store_it_once(world: World) -> None:
    person = world.person("anna")
    tracker, phones = person.tracker(), [person.device(f"phone {at}") for at in range(4)]
    dice = random.Random(3)
    jobs = [(phone, low) for phone in phones for low in range(0, 60, 5)]
    dice.shuffle(jobs)
    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(lambda job: job[0].send(tracker, minutes(0, job[1], range(job[1], job[1] + 9))), jobs)
        )
    assert {answer.status_code for answer in answers} <= {200, 429}
    for low in range(0, 60, 5):
        durable(phones[0].send(tracker, minutes(0, low, range(low, low + 9))))
    assert steps_of(phones[0], tracker) == list(range(64))


def test_a_claim_needs_the_code_and_tells_nothing_without(world: World) -> None:
    anna, bert = world.person("anna"), world.person("bert")
    taken = anna.tracker()
    body = {"code": "AAAA-AAAA-AAAA-AAAA"}
    refused = [bert.ask("POST", "/v1/trackers", json={"tracker": id_, **body}) for id_ in (taken, "nobody-has-it")]
    assert code_of_error(refused[0]) == (403, "claim.refused")
    assert refused[0].content == refused[1].content


def test_a_tracker_changes_hands_only_when_released_and_its_past_stays(world: World) -> None:
    code = code_of(bytes(range(10)))
    body = {"tracker": tracker_id(code), "code": code.lower()}
    anna, bert = world.person("anna"), world.person("bert")
    assert anna.ask("POST", "/v1/trackers", json=body).status_code == 201
    agent = anna.device()
    agent.send(body["tracker"], minutes(0, 0, [1, 2]))
    assert code_of_error(bert.ask("POST", "/v1/trackers", json=body)) == (409, "claim.taken")
    anna.ask("DELETE", f"/v1/trackers/{body['tracker']}")
    assert bert.ask("POST", "/v1/trackers", json=body).status_code == 201
    other = bert.device()
    assert steps_of(other, body["tracker"]) == []
    assert durable(other.send(body["tracker"], minutes(0, 0, [8]))) == {0: [[0, 0]]}
    assert steps_of(agent, body["tracker"]) == [1, 2]
    assert code_of_error(anna.ask("POST", "/v1/trackers", json=body)) == (409, "claim.taken")


def test_of_many_who_claim_or_register_in_one_moment_exactly_one_wins(world: World) -> None:
    code = code_of(bytes(range(30, 40)))
    people = [world.person(f"person{at}") for at in range(6)]
    body = {"tracker": tracker_id(code), "code": code}
    new = {"name": "the-one-name", "password": "correct horse battery"}
    with ThreadPoolExecutor(6) as threads:
        claimed = list(threads.map(lambda person: person.ask("POST", "/v1/trackers", json=body).status_code, people))
        made = list(threads.map(lambda person: person.client.post("/v1/accounts", json=new).status_code, people))
    assert sorted(claimed) == [201, 409, 409, 409, 409, 409]
    assert sorted(made) == [201, 409, 409, 409, 409, 409]
