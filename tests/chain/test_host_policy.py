"""What a phone forbids, in the whole chain: it stops just that, nothing is lost, and syncing goes on by itself."""

import asyncio
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chain.phone.test_host import BACKGROUND, CASES, Case
from tests.chain.whole import TRACKER, Chain, World, recorded
from unstuck.chain.link.coap import Request
from unstuck.chain.phone import held
from unstuck.chain.phone.host import HostAct, HostState
from unstuck.chain.phone.hosts import SettableHost
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.records import Ranges
from unstuck.chain.tracker.generator import Generator

START_S = 1_460_505_600
"""2016-04-13 00:00 UTC."""
FORBIDDEN_S = 6 * 3600
GOES_ON_WITHIN_S = 2 * 3600
"""The hour before it was forbidden, and the slowest rhythm, which is an hour."""
STOPS = {
    Side.DRAIN: {HostAct.RUN, HostAct.WAKE, HostAct.USE_RADIO, HostAct.WRITE_JOURNAL},
    Side.UPLOAD: {HostAct.RUN, HostAct.WAKE, HostAct.UPLOAD},
}
"""What each side needs when an alarm wakes it."""


def all_of(state: HostState) -> dict[str, Any]:
    return {one.name: getattr(state, one.name) for one in fields(state)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_it_stops_just_what_it_forbids_and_goes_on_by_itself_when_lifted(quick_folder: Path, case: Case) -> None:
    world = World(quick_folder, START_S, Generator(3))
    host = SettableHost(lambda: world.now_s, BACKGROUND)
    world.host = host
    words: list[object] = []

    def said() -> set[Side]:
        sides = {Request: Side.DRAIN, httpx.Request: Side.UPLOAD}
        return {sides[type(word)] for word in words if type(word) in sides}

    async def life() -> None:
        async with Chain(world, on_wire=words.append) as chain:
            chain.record(1800)
            assert await chain.sync() == (Outcome.SYNCED.value, Outcome.SYNCED.value)
            host.set(**all_of(case.state))
            host.at(world.now_s + FORBIDDEN_S, **all_of(BACKGROUND))
            chain.record(1800)
            waiting, end_s = _ever(chain), chain.tracker.notes.recorded_until_s
            words.clear()
            attempts = [await chain.agent.drain_once(HostAct.WAKE), await chain.agent.upload_once(HostAct.WAKE)]
            stopped = {side for side, needs in STOPS.items() if needs & case.acts}
            assert {one.side for one in attempts if one.outcome is Outcome.HOST_FORBIDS} == stopped
            assert said() == set(Side) - stopped
            for one in attempts:
                assert one.causes == ((case.cause,) if one.side in stopped else ())
            assert chain.journal.attempts(TRACKER, 2) == attempts
            missing = held.without(_ever(chain), held.joined(chain.tracker.memory.held, _committed(chain)))
            assert missing == {}, "freed although it is not safe here"

            while held.without(waiting, chain.journal.ledger(TRACKER).confirmed):
                await _next_alarm(chain)
                assert world.now_s < START_S + FORBIDDEN_S + GOES_ON_WITHIN_S, "it did not go on by itself"
            assert await chain.minutes(START_S, end_s) == dict(recorded(world.source, START_S, end_s))

    asyncio.run(life())


async def _next_alarm(chain: Chain) -> None:
    """What the agent does when nobody asks it for anything: the side that is due next, at its time."""
    side, due = min(chain.agent.snapshot().next.items(), key=lambda pair: pair[1].at_s)
    chain.record(max(0.0, due.at_s - chain.now_s))
    once = {Side.DRAIN: chain.agent.drain_once, Side.UPLOAD: chain.agent.upload_once}[side]
    await once(HostAct.WAKE)


def _ever(chain: Chain) -> held.Held:
    ends = chain.tracker.memory.ends
    return {boot: Ranges.span(0, end - 1) for boot, end in ends.items()}


def _committed(chain: Chain) -> held.Held:
    return chain.journal.ledger(TRACKER).committed
