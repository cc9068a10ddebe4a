"""A device that signs in to another account sends it nothing of the account before, unless a person says so."""

import asyncio
from pathlib import Path

from tests.chain.whole import ADDRESS, CODE, PASSWORD, TRACKER, Chain, World, recorded
from unstuck.chain.phone.agent import says
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.server import Server
from unstuck.chain.tracker.generator import Generator

START_S = 1_460_505_600
"""2016-04-13 00:00 UTC."""
MINUTES_S = 600


class Person:
    """An account beside the chain's own."""

    def __init__(self, chain: Chain, session: str) -> None:
        self.chain = chain
        self.session = session

    @classmethod
    async def register(cls, chain: Chain, name: str) -> "Person":
        made = await chain.ask("POST", "/v1/accounts", "none", json={"name": name, "password": PASSWORD})
        return cls(chain, made.raise_for_status().json()["token"])

    async def take_over(self, other: "Person") -> Server:
        """The tracker changes hands, and the phone signs in here."""
        freed = await self.chain.ask("DELETE", f"/v1/trackers/{TRACKER}", other.session)
        freed.raise_for_status()
        claim = {"tracker": TRACKER, "code": CODE}
        (await self.chain.ask("POST", "/v1/trackers", self.session, json=claim)).raise_for_status()
        device = await self.chain.ask("POST", "/v1/tokens", self.session, json={"name": "phone"})
        return Server(ADDRESS, str(device.raise_for_status().json()["token"]), self.chain.transport)

    async def minutes(self) -> dict[int, int]:
        span = {"from": START_S, "to": START_S + 86_400}
        answer = await self.chain.ask("GET", f"/v1/trackers/{TRACKER}/minutes", self.session, params=span)
        columns = answer.raise_for_status().json()["minutes"]
        return dict(zip(columns["start"], columns["steps"], strict=True))


def truth(world: World, first: int, end: int) -> dict[int, int]:
    """Minutes of the numbered stretches of the test, the end not included."""
    return dict(recorded(world.source, START_S + first * MINUTES_S, START_S + end * MINUTES_S))


async def until_second_account(chain: Chain) -> tuple[Person, Person, Server]:
    """The first stretch is at the first account, the second waits for it; then the phone signs in to another."""
    first, second = Person(chain, chain.session), await Person.register(chain, "second")
    chain.record(MINUTES_S)
    assert await chain.sync() == (Outcome.SYNCED.value, Outcome.SYNCED.value)
    chain.record(MINUTES_S)
    assert (await chain.agent.drain_once()).outcome is Outcome.SYNCED
    return first, second, await second.take_over(first)


def test_each_account_gets_what_was_drained_with_its_login(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(3))

    async def life() -> None:
        async with Chain(world) as chain:
            first, second, server = await until_second_account(chain)
            async with server:
                chain.agent = chain.new_agent(chain.journal, server)
                chain.record(MINUTES_S)
                assert await chain.sync() == (Outcome.SYNCED.value, Outcome.OTHER_ACCOUNT.value)
                said = says(chain.journal.attempts(TRACKER, 1)[0])
                assert f"10 of owner at {ADDRESS}" in said
                assert "Nothing is lost" in said
                assert "--adopt-journal" in said
                world.now_s += 3601  # the next attempt compares what the server holds again
                assert (await chain.agent.upload_once()).outcome is Outcome.OTHER_ACCOUNT
                assert truth(world, 2, 3).items() <= (await second.minutes()).items()
                assert not truth(world, 0, 2).keys() & (await second.minutes()).keys()
            chain.journal.close()
            chain.open_journal()
            async with await first.take_over(second) as back:
                chain.agent = chain.new_agent(chain.journal, back)
                assert (await chain.agent.upload_once()).outcome is Outcome.SYNCED
                assert await first.minutes() == truth(world, 0, 2)

    asyncio.run(life())


def test_a_person_may_say_that_all_of_it_goes_to_the_new_account(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(3))

    async def life() -> None:
        async with Chain(world) as chain:
            _, second, server = await until_second_account(chain)
            async with server:
                chain.agent = chain.new_agent(chain.journal, server)
                chain.journal.adopt()
                assert (await chain.agent.upload_once()).outcome is Outcome.SYNCED
                assert await second.minutes() == truth(world, 0, 2)

    asyncio.run(life())


def test_where_all_had_arrived_another_account_is_served_without_a_word(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(3))

    async def life() -> None:
        async with Chain(world) as chain:
            first, second = Person(chain, chain.session), await Person.register(chain, "second")
            chain.record(MINUTES_S)
            await chain.sync()
            async with await second.take_over(first) as server:
                chain.agent = chain.new_agent(chain.journal, server)
                chain.record(MINUTES_S)
                assert await chain.sync() == (Outcome.SYNCED.value, Outcome.SYNCED.value)
                assert not truth(world, 0, 1).keys() & (await second.minutes()).keys()

    asyncio.run(life())


def test_what_was_drained_before_anyone_signed_in_goes_to_the_first_who_does(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(3))

    async def life() -> None:
        async with Chain(world) as chain:
            chain.agent = chain.new_agent(chain.journal, None)
            chain.record(MINUTES_S)
            assert (await chain.agent.drain_once()).outcome is Outcome.SYNCED
            chain.agent = chain.new_agent(chain.journal, chain.server)
            assert (await chain.agent.upload_once()).outcome is Outcome.SYNCED
            assert await Person(chain, chain.session).minutes() == truth(world, 0, 1)

    asyncio.run(life())


def test_a_login_whose_server_never_answered_keeps_its_records_from_the_next(quick_folder: Path) -> None:
    world = World(quick_folder, START_S, Generator(3))

    async def life() -> None:
        async with Chain(world) as chain:
            first, second = Person(chain, chain.session), await Person.register(chain, "second")
            chain.record(MINUTES_S)
            assert (await chain.agent.drain_once()).outcome is Outcome.SYNCED
            async with await second.take_over(first) as server:
                chain.agent = chain.new_agent(chain.journal, server)
                attempt = await chain.agent.upload_once()
                assert attempt.outcome is Outcome.OTHER_ACCOUNT
                assert "an account not known here" in attempt.detail
                assert await second.minutes() == {}

    asyncio.run(life())
