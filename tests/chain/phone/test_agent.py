"""The agent as a whole: its rhythm, what the host forbids, and a tracker that misbehaves."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest

from tests.chain.phone.made import FIRST_START_S, batch
from unstuck.chain.link.coap import Answered, Code, Failed, Failure, Request, Response
from unstuck.chain.phone.agent import Agent, Ways, says
from unstuck.chain.phone.drain import CHANGED_MOST
from unstuck.chain.phone.engine import FETCH_LEAST_RECORDS
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.gate import Why
from unstuck.chain.phone.host import Forbidden, HostAct, HostState, reasons_not
from unstuck.chain.phone.hosts import SettableHost
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.phone.rhythm import Because
from unstuck.chain.records import Ranges, encode
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import RamFiles
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.memory import Capacity
from unstuck.chain.tracker.resources import Identity

T = "t1"
NOW_S = FIRST_START_S + 3600
RECORDS = 66
"""What the generator records in the first hour: minutes, and stretches of sleep that end."""


class Wire:
    """The outermost wire: requests reach a real tracker's handler, unless ``answer`` says otherwise."""

    def __init__(self, began_s: int = FIRST_START_S, capacity: Capacity | None = None) -> None:
        self.now_s = NOW_S
        self.tracker = Tracker(Identity(T, "Band", "1.0"), RamFiles(), Generator(1), began_s, capacity=capacity)
        self.tracker.advance(NOW_S)
        self.asked: list[Request] = []
        self.answer: Callable[[Request], Response | Failed | None] = lambda request: None

    async def request(self, request: Request) -> Answered | Failed:
        self.asked.append(request)
        said = self.answer(request)
        if isinstance(said, Failed):
            return said
        return Answered(0, said or self.tracker.handle(request, self.now_s))

    @property
    def trims(self) -> int:
        return sum(wants_freed(request) for request in self.asked)


def first_wanted(request: Request) -> int | None:
    """The first record that a sync asks for."""
    return cbor2.loads(request.payload)[2] if request.path == ("sync",) else None


def told(*batch: object, end: int = RECORDS, battery: int = 50) -> Response:
    """The answer to a sync."""
    return Response(Code.CONTENT, cbor2.dumps([NOW_S, battery, end, *batch]))


def wants_freed(request: Request) -> bool:
    """Whether a trim goes along with a request."""
    return request.path == ("sync",) and len(cbor2.loads(request.payload)) == 6


class NoTrim:
    """A host that allows everything but a trim."""

    forbidding = True

    def forbids(self, act: HostAct) -> tuple[Forbidden, ...]:
        state = HostState(storage_free_bytes=0)
        return reasons_not(act, state) if self.forbidding and act is HostAct.TRIM else ()


async def never(seconds: float) -> None:
    await asyncio.Event().wait()


def made(folder: Path, wire: Wire, **ways: object) -> tuple[Agent, Journal]:
    journal = Journal(folder / "journal")
    return Agent(journal, T, wire, None, Ways(lambda: NOW_S, never, lambda: 0.5, **ways)), journal  # type: ignore[arg-type]  # host


def drained(agent: Agent) -> Attempt:
    return asyncio.run(agent.drain_once())


def test_sync_now_does_not_wait_for_the_rhythm(quick_folder: Path) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)

    async def life() -> list[Outcome]:
        ended: asyncio.Queue[Attempt] = asyncio.Queue()
        agent.on_attempt = ended.put_nowait
        running = asyncio.create_task(agent.run())
        first = await ended.get()
        await asyncio.sleep(0)
        assert ended.empty()
        assert agent.snapshot().next[Side.DRAIN].because is Because.RHYTHM
        agent.sync_now()
        second = await ended.get()
        running.cancel()
        await asyncio.wait((running,))
        return [first.outcome, second.outcome]

    assert asyncio.run(life()) == [Outcome.SYNCED, Outcome.NOTHING_NEW]
    journal.close()


def test_what_the_host_forbids_is_not_tried_and_said_with_its_causes(quick_folder: Path) -> None:
    wire = Wire()
    host = SettableHost(lambda: NOW_S, HostState(on_screen=False, battery_saver=True, bluetooth_on=False))
    agent, journal = made(quick_folder, wire, host=host)
    attempt = drained(agent)
    assert attempt.outcome is Outcome.HOST_FORBIDS
    assert "battery saver" in says(attempt)
    assert wire.asked == []
    journal.close()
    _, journal = made(quick_folder, wire, host=host)
    assert journal.attempts(T, 1) == [attempt]
    assert attempt.causes == ("phone.battery_saver", "bluetooth.off")
    journal.close()


def test_an_alarm_that_the_host_forbids_wakes_nobody_but_a_person_does(quick_folder: Path) -> None:
    wire = Wire()
    host = SettableHost(lambda: NOW_S, HostState(on_screen=False, auto_start_off=True))
    agent, journal = made(quick_folder, wire, host=host)
    alarm = asyncio.Event()

    async def life() -> list[Attempt]:
        ended: asyncio.Queue[Attempt] = asyncio.Queue()
        agent.on_attempt = ended.put_nowait
        agent._ways = replace(agent._ways, sleep=lambda seconds: alarm.wait())
        running = asyncio.create_task(agent.run())
        attempts = [await ended.get()]
        alarm.set()
        attempts.append(await ended.get())
        alarm.clear()
        await asyncio.sleep(0)
        while not ended.empty():  # the alarm rang once more before it was silenced
            ended.get_nowait()
        agent.sync_now()
        attempts.append(await ended.get())
        running.cancel()
        await asyncio.wait((running,))
        return attempts

    outcomes = [(attempt.outcome, attempt.causes) for attempt in asyncio.run(life())]
    assert outcomes == [
        (Outcome.SYNCED, ()),
        (Outcome.HOST_FORBIDS, ("phone.background_restricted",)),
        (Outcome.NOTHING_NEW, ()),
    ]
    journal.close()


def test_what_the_host_forbids_half_way_is_not_done_and_what_came_is_kept(quick_folder: Path) -> None:
    wire = Wire()
    host = SettableHost(lambda: NOW_S)
    agent, journal = made(quick_folder, wire, host=host)

    def off_at_the_records(request: Request) -> None:
        if request.path == ("sync",):
            host.set(bluetooth_on=False)

    wire.answer = off_at_the_records
    attempt = drained(agent)
    assert (attempt.outcome, attempt.records) == (Outcome.SYNCED, RECORDS)
    attempt = drained(agent)
    assert (attempt.outcome, attempt.causes) == (Outcome.HOST_FORBIDS, ("bluetooth.off",))
    assert wire.trims == 0
    wire.answer = lambda request: None
    host.set(bluetooth_on=True)
    assert drained(agent).outcome is Outcome.NOTHING_NEW
    assert journal.ledger(T).committed == {0: Ranges.span(0, RECORDS - 1)}
    assert wire.tracker.memory.held == {}
    journal.close()


def test_a_forbidden_trim_is_held_back_until_it_is_allowed(quick_folder: Path) -> None:
    wire = Wire()
    host = NoTrim()
    agent, journal = made(quick_folder, wire, host=host)
    held_before = wire.tracker.memory.held
    assert drained(agent).outcome is Outcome.SYNCED
    assert drained(agent).outcome is Outcome.TRIM_HELD_BACK
    assert [reason.why for reason in agent.snapshot().held_back] == [Why.HOST_FORBIDS]
    assert wire.trims == 0
    assert wire.tracker.memory.held == held_before
    assert agent.snapshot().last[Side.DRAIN].causes == ("phone.storage_full",)
    host.forbidding = False
    assert drained(agent).outcome is Outcome.NOTHING_NEW
    assert wire.tracker.memory.held == {}
    journal.close()


def test_what_was_committed_is_freed_with_the_first_request_of_the_next_sync(quick_folder: Path) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)
    assert (drained(agent).records, wire.trims) == (RECORDS, 0)
    assert journal.ledger(T).committed == {0: Ranges.span(0, RECORDS - 1)}
    wire.asked.clear()
    assert drained(agent).outcome is Outcome.NOTHING_NEW
    assert [(request.path, wants_freed(request)) for request in wire.asked] == [(("sync",), True)]
    assert wire.tracker.memory.held == {}
    assert journal.ledger(T).trimmed == journal.ledger(T).committed
    journal.close()


def test_silence_keeps_what_came_before_it_and_the_next_sync_goes_on_there(quick_folder: Path) -> None:
    wire = Wire(began_s=FIRST_START_S - 8 * 3600)
    agent, journal = made(quick_folder, wire)
    wire.answer = lambda request: Failed(0, Failure.NO_ANSWER)
    assert drained(agent).records == 0
    asked = iter(range(100))
    wire.answer = lambda request: Failed(0, Failure.NO_ANSWER) if next(asked) > 1 else None
    attempt = drained(agent)
    assert (attempt.outcome, attempt.records) == (Outcome.TRACKER_SILENT, FETCH_LEAST_RECORDS)
    assert agent.snapshot().next[Side.DRAIN].because is Because.BACK_OFF
    wire.answer = lambda request: None
    wire.asked.clear()
    assert drained(agent).outcome is Outcome.SYNCED
    assert [cbor2.loads(request.payload)[2] for request in wire.asked] == [FETCH_LEAST_RECORDS]
    journal.close()


def test_an_answer_that_was_lost_after_the_tracker_had_freed_is_no_trouble(quick_folder: Path) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)
    drained(agent)

    def lost_on_the_way_back(request: Request) -> Failed:
        wire.tracker.handle(request, NOW_S)
        return Failed(0, Failure.NO_ANSWER)

    wire.answer = lost_on_the_way_back
    assert drained(agent).outcome is Outcome.TRACKER_SILENT
    assert (wire.tracker.memory.held, journal.ledger(T).trimmed) == ({}, {})
    wire.answer = lambda request: None
    assert drained(agent).outcome is Outcome.NOTHING_NEW
    assert journal.ledger(T).trimmed == journal.ledger(T).committed
    journal.close()


def test_a_tracker_that_changed_is_asked_for_its_status_and_frees_nothing_before(quick_folder: Path) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)
    drained(agent)
    wire.tracker.handle(Request(Code.POST, ("restart",)), NOW_S)
    wire.asked.clear()
    assert drained(agent).outcome is Outcome.SYNCED
    assert [request.path for request in wire.asked] == [("sync",), ("status",), ("sync",)]
    assert wire.tracker.memory.held == {1: Ranges.span(0, 0)}
    assert journal.ledger(T).committed == {0: Ranges.span(0, RECORDS - 1), 1: Ranges.span(0, 0)}
    journal.close()


def test_a_tracker_in_the_place_of_another_frees_nothing_and_is_left_alone(quick_folder: Path) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)
    drained(agent)
    wire.tracker = Tracker(Identity("t2", "Band", "1.0"), RamFiles(), Generator(1), FIRST_START_S)
    wire.tracker.advance(NOW_S)
    held = dict(wire.tracker.memory.held)
    assert drained(agent).outcome is Outcome.TRACKER_OTHER
    assert wire.tracker.memory.held == held
    journal.close()


def test_a_tracker_that_always_says_it_changed_is_left_until_the_next_sync(quick_folder: Path) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)
    wire.answer = lambda request: Response(Code.PRECONDITION_FAILED) if request.path == ("sync",) else None
    assert drained(agent).outcome is Outcome.TRACKER_REFUSED
    assert len(wire.asked) == 2 * CHANGED_MOST
    journal.close()


def test_what_was_overwritten_while_it_waited_to_be_freed_is_not_lost(quick_folder: Path) -> None:
    wire = Wire(capacity=Capacity(detail=100, segment=50))
    agent, journal = made(quick_folder, wire)
    drained(agent)
    wire.now_s += 3600
    assert drained(agent).outcome is Outcome.SYNCED
    assert wire.tracker.memory.overwritten
    assert journal.ledger(T).overwritten == {}
    assert journal.ledger(T).committed == {0: Ranges.span(0, wire.tracker.memory.next_sequence - 1)}
    journal.close()


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (Response(Code.CONTENT, b"\xff"), Outcome.TRACKER_UNREADABLE),
        (told(b"\xff"), Outcome.TRACKER_UNREADABLE),
        (told(encode(batch(0, 5, 9))), Outcome.TRACKER_UNREADABLE),
        (told(encode(batch(7, 0, 9))), Outcome.TRACKER_UNREADABLE),
        (told(encode(batch(0, 0, 200))), Outcome.TRACKER_UNREADABLE),
        (told(), Outcome.TRACKER_UNREADABLE),
        (told(end=RECORDS - 1), Outcome.TRACKER_UNREADABLE),
        (told(battery=101), Outcome.TRACKER_UNREADABLE),
        (told("text"), Outcome.TRACKER_UNREADABLE),
        (Response(Code.INTERNAL_ERROR, b"out of order"), Outcome.TRACKER_REFUSED),
    ],
)
def test_records_that_are_not_what_was_asked_are_not_kept_and_nothing_is_freed(
    quick_folder: Path, given: Response, outcome: Outcome
) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)
    wire.answer = lambda request: given if request.path == ("sync",) else None
    assert drained(agent).outcome is outcome
    assert journal.stored(T) == []
    assert wire.trims == 0
    journal.close()


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"id": "other"}, Outcome.TRACKER_OTHER),
        ({"held": {0: [[5, 2]]}}, Outcome.TRACKER_UNREADABLE),
        ({"held": {-1: [[0, 2]]}}, Outcome.TRACKER_UNREADABLE),
        ({"held": None}, Outcome.TRACKER_UNREADABLE),
        ({"battery": 300}, Outcome.TRACKER_UNREADABLE),
        ({"boot": "0"}, Outcome.TRACKER_UNREADABLE),
        ({"end": None}, Outcome.TRACKER_UNREADABLE),
        ({"tag": 2**32}, Outcome.TRACKER_UNREADABLE),
        ({"name": "x" * 1000}, Outcome.TRACKER_UNREADABLE),
    ],
)
def test_a_status_that_cannot_be_trusted_ends_the_attempt(
    quick_folder: Path, change: dict[str, object], outcome: Outcome
) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)
    status = cbor2.loads(wire.tracker.handle(Request(Code.GET, ("status",)), NOW_S).payload) | change
    wire.answer = lambda request: Response(Code.CONTENT, cbor2.dumps(status)) if request.path == ("status",) else None
    assert drained(agent).outcome is outcome
    assert {request.path for request in wire.asked} == {("status",)}
    journal.close()


def test_records_that_went_between_status_and_fetch_do_not_stop_the_others(quick_folder: Path) -> None:
    wire = Wire()
    agent, journal = made(quick_folder, wire)
    wire.answer = lambda request: Response(Code.NOT_FOUND) if first_wanted(request) == 0 else None
    assert drained(agent).records == RECORDS - 1
    assert wire.trims == 0, "what may still be there is not freed"
    wire.answer = lambda request: None
    assert drained(agent).records == 1
    drained(agent)
    assert wire.tracker.memory.held == {}
    journal.close()


def test_attempts_survive_the_agent(quick_folder: Path) -> None:
    wire = Wire()
    wire.answer = lambda request: Failed(0, Failure.NO_ANSWER)
    for _ in range(3):
        agent, journal = made(quick_folder, wire)
        drained(agent)
        journal.close()
    agent, journal = made(quick_folder, wire)
    assert [attempt.outcome for attempt in journal.attempts(T, 10)] == [Outcome.TRACKER_SILENT] * 3
    assert agent.snapshot().last[Side.DRAIN].outcome is Outcome.TRACKER_SILENT
    journal.close()


def test_it_fails_since_the_first_attempt_that_did_until_records_move_again(quick_folder: Path) -> None:
    wire, now_s = Wire(), [NOW_S]
    wire.answer = lambda request: Failed(0, Failure.NO_ANSWER)
    journal = Journal(quick_folder / "journal")
    ways = Ways(lambda: now_s[0], never, lambda: 0.5)
    agent = Agent(journal, T, wire, None, ways)
    assert agent.snapshot().failing_s == {}
    for _ in range(3):
        drained(agent)
        now_s[0] += 600
    assert agent.snapshot().failing_s == {Side.DRAIN: NOW_S}
    assert Agent(journal, T, wire, None, ways).snapshot().failing_s == {Side.DRAIN: NOW_S}, "a restart changes nothing"
    wire.answer = lambda request: None
    drained(agent)
    assert agent.snapshot().failing_s == {}
    journal.close()
