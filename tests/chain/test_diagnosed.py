"""The whole chain with one fault at a time, read as evidence: the doctor names the hop and the cause, with proof.

Everything is real but the radio: the agent's own journal and its server are all that the doctor is given.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.chain.whole import ADDRESS, PASSWORD, TRACKER, Chain, World
from unstuck.chain.link.coap import Answered, Failed, Failure, Request
from unstuck.chain.phone.tracker import Link
from unstuck.chain.records import Minute, Wear
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.memory import Capacity
from unstuck.chain.tracker.source import Sample
from unstuck.doctor.diagnose import Options, diagnose
from unstuck.evidence.chain import Account, collect
from unstuck.evidence.clocks import join
from unstuck.model.diagnosis import Diagnosis, State, Verdict
from unstuck.model.evidence import Fact, Reading, SourceInfo, Value
from unstuck.model.hop import Hop
from unstuck.model.vocabulary import violations

START_S = 1_460_505_600
"""2016-04-13 00:00 UTC."""
HOUR_S = 3600
RHYTHM_S = 900
SILENCE_S = 45.0
"""How long CoAP tries before it gives up (RFC 7252: MAX_TRANSMIT_WAIT is 93 s; ours is shorter)."""


@dataclass
class Cut:
    """A link that can be cut: then nothing answers, as over a radio out of reach."""

    link: Link
    chain: Chain
    cut: bool = False

    async def request(self, request: Request) -> Answered | Failed:
        if not self.cut:
            return await self.link.request(request)
        self.chain.world.now_s += SILENCE_S
        return Failed(0, Failure.NO_ANSWER)


class Life(Chain):
    """A chain whose link can be cut and whose server can be away. ``beside``: other evidence of the same run."""

    beside: Sequence[Reading] = ()

    async def __aenter__(self) -> "Life":
        await super().__aenter__()
        return self

    def new_link(self) -> Link:
        self.way = Cut(super().new_link(), self)
        return self.way

    async def go_on(self, hours: float) -> None:
        """The usual rhythm for so long."""
        end_s = self.now_s + hours * HOUR_S
        while self.now_s < end_s:
            self.record(RHYTHM_S)
            await self.sync()

    def server_says(self, status: int, code: str) -> None:
        """From now on every request is turned away like this."""
        answer = {"code": code, "message": "No.", "what_to_do": "Wait."}
        self.transport._inner = httpx.MockTransport(lambda request: httpx.Response(status, json=answer))

    async def read(self) -> list[Reading]:
        """What ``unstuck diagnose chain`` collects."""
        account = Account(ADDRESS, self.world.token, self.transport)
        own = await collect(self.world.folder / "journal.sqlite", account, self.now_s)
        return join([*own, *self.beside])


Told = Callable[[Life], Awaitable[None]]


def told(place: Path | World, happens: Told, *, symptom: str = "", tracker_id: str = TRACKER) -> Diagnosis:
    """Live through it, then diagnose."""
    world = place if isinstance(place, World) else World(place, START_S, Generator(5))

    async def life() -> Diagnosis:
        async with Life(world) as chain:
            await happens(chain)
            readings = await chain.read()
            now = datetime.fromtimestamp(chain.now_s, UTC)
            return diagnose(readings, Options(symptom=symptom), now)

    found = asyncio.run(life())
    assert [wrong for fact in found.facts for wrong in violations(fact)] == []
    assert found.tracker is not None
    assert (found.tracker.id, found.tracker.name, found.tracker.vendor) == (tracker_id, "Unstuck One", "unstuck")
    return found


def first(found: Diagnosis) -> str:
    """The first cause; it has proof with a place in a source."""
    assert found.causes, found.headline
    for line in found.causes[0].evidence:
        assert line.text
        assert line.locator
        assert line.source in {source.path for source in found.sources}
    assert found.causes[0].evidence
    return found.causes[0].id


def at(hours: float) -> datetime:
    return datetime.fromtimestamp(START_S, UTC) + timedelta(hours=hours)


def state(found: Diagnosis, finding: str) -> State:
    return next(one.state for one in found.findings if one.id == finding)


def test_all_well_is_healthy_from_tracker_to_server(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(6)

    found = told(quick_folder, happens)
    assert found.verdict is Verdict.HEALTHY
    assert found.causes == ()
    assert {hop: state.value for hop, state, _ in found.hops} == dict.fromkeys(Hop, "moving")


def test_a_tracker_silent_for_an_hour_is_out_of_reach(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(6)
        chain.way.cut = True
        await chain.go_on(1)

    found = told(quick_folder, happens)
    assert (found.verdict, found.stuck_at, first(found)) == (
        Verdict.STUCK,
        Hop.BLUETOOTH,
        "bluetooth.out_of_range",
    )
    assert found.since is not None
    assert abs(found.since - at(6.25)) < timedelta(minutes=2)
    assert found.causes[0].evidence[0].locator.startswith("attempts ")
    assert found.at_risk is not None
    assert abs(found.at_risk.since - at(6)) < timedelta(minutes=2)
    assert found.at_risk.lost_at - found.at_risk.since == timedelta(days=7)


def test_a_server_away_for_hours_is_an_outage(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        chain.server_says(503, "server.busy")
        await chain.go_on(4)

    found = told(quick_folder, happens)
    assert (found.verdict, found.stuck_at, first(found)) == (Verdict.STUCK, Hop.SERVER, "server.outage")
    assert found.at_risk is None, "the agent goes on draining: nothing is on the tracker alone"
    assert ("bluetooth", "moving") in {(hop.value, state.value) for hop, state, _ in found.hops}


def test_a_login_revoked_by_a_new_password_is_a_login_that_no_longer_holds(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        body = {"password": PASSWORD, "new_password": "another good horse 7"}
        (await chain.ask("POST", "/v1/account/password", chain.session, json=body)).raise_for_status()
        await chain.go_on(0.5)

    found = told(quick_folder, happens)
    assert (found.verdict, found.stuck_at, first(found)) == (Verdict.STUCK, Hop.SERVER, "server.login_expired")
    assert "password was changed" in found.causes[0].evidence[0].excerpt


def test_a_full_disk_on_the_phone_is_storage(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        pages = chain.journal._db.execute("PRAGMA page_count").fetchone()[0]
        chain.journal._db.execute(f"PRAGMA max_page_count = {pages}")
        chain.record(48 * HOUR_S)
        for _ in range(4):
            await chain.sync()
            chain.record(RHYTHM_S)

    found = told(quick_folder, happens)
    assert (found.verdict, found.stuck_at, first(found)) == (Verdict.STUCK, Hop.PHONE, "phone.storage_full")


def test_a_disk_so_full_that_nothing_can_be_noted_is_storage_too(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        chain.record(5 * HOUR_S)  # the agent tries and cannot write down even that
        monkeypatch.setattr("shutil.disk_usage", lambda path: DiskUsage(10**9, 10**9, 4096))

    found = told(quick_folder, happens)
    assert (found.verdict, found.stuck_at, first(found)) == (Verdict.STUCK, Hop.PHONE, "phone.storage_full")


class DiskUsage(NamedTuple):
    """As :func:`shutil.disk_usage` gives it."""

    total: int
    used: int
    free: int


def test_a_tracker_that_falls_silent_at_its_last_percent_is_flat(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        chain.tracker.notes = replace(chain.tracker.notes, battery_millipercent=3_000, charging=0)
        await chain.sync()
        chain.way.cut = True
        await chain.go_on(1)

    found = told(quick_folder, happens)
    assert (found.verdict, found.stuck_at, first(found)) == (Verdict.STUCK, Hop.TRACKER, "tracker.battery_empty")


def test_a_memory_that_overflowed_is_said_with_what_was_lost(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(1)
        chain.record(3 * 24 * HOUR_S)
        await chain.sync()
        await chain.sync()

    found = told(World(quick_folder, START_S, Generator(5), capacity=Capacity(detail=1_480, segment=240)), happens)
    assert (found.verdict, found.stuck_at, first(found)) == (Verdict.STUCK, Hop.TRACKER, "tracker.memory_full")
    assert found.causes[0].evidence[0].locator.startswith("ledger boot 0: ")
    assert found.at_risk is not None
    assert found.at_risk.lost_at <= datetime.fromtimestamp(START_S, UTC) + timedelta(days=4)
    assert any("the server had everything" in note for note in found.notes), "what works is said too"


@dataclass
class Drawer:
    """A wrist until an hour, then a drawer."""

    until_s: int
    wrist: Generator

    def sample(self, minute_s: int) -> Sample | None:
        return self.wrist.sample(minute_s) if minute_s < self.until_s else Sample(Minute(0, 0, 0, Wear.NOT_WORN))


@pytest.mark.parametrize("symptom", ["", "steps_frozen"])
def test_a_tracker_in_a_drawer_is_not_worn_and_nothing_is_broken(quick_folder: Path, symptom: str) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(2)
        for _ in range(13):
            chain.record(2 * HOUR_S)
            await chain.sync()

    found = told(World(quick_folder, START_S, Drawer(START_S + HOUR_S, Generator(5))), happens, symptom=symptom)
    assert found.verdict is Verdict.HEALTHY
    assert "not worn" in found.headline
    assert state(found, "tracker_off_wrist") is State.YES


def test_a_tracker_released_from_the_account_does_not_belong_to_it(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        (await chain.ask("DELETE", f"/v1/trackers/{TRACKER}", chain.session)).raise_for_status()
        await chain.go_on(0.5)

    found = told(quick_folder, happens)
    assert (found.verdict, found.stuck_at, first(found)) == (Verdict.STUCK, Hop.SERVER, "server.account_problem")


def test_an_agent_the_server_no_longer_takes_is_outdated(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        chain.server_says(426, "agent.too_old")
        await chain.go_on(0.5)

    assert first(told(quick_folder, happens)) == "phone.app_outdated"


def test_a_server_that_cannot_be_reached_is_first_the_phones_network(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)

        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("Temporary failure in name resolution")

        chain.transport._inner = httpx.MockTransport(refuse)
        await chain.go_on(2)

    found = told(quick_folder, happens)
    assert (found.verdict, first(found)) == (Verdict.STUCK, "phone.offline")


def test_an_agent_that_does_not_run_is_never_healthy(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        chain.record(12 * HOUR_S)

    found = told(quick_folder, happens)
    assert (found.verdict, found.stuck_at, first(found)) == (Verdict.STUCK, Hop.PHONE, "phone.app_stopped")


def test_trouble_that_is_over_is_not_held_against_anyone(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(1)
        chain.way.cut = True
        well = chain.transport._inner
        chain.server_says(503, "server.busy")
        await chain.go_on(3)
        chain.way.cut, chain.transport._inner = False, well
        await chain.go_on(0.5)

    found = told(quick_folder, happens)
    assert found.verdict is Verdict.HEALTHY
    assert found.causes == ()


def test_an_agent_that_never_got_through_is_not_healthy(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        chain.server_says(503, "server.busy")
        await chain.go_on(0.2)
        chain.way.cut = True
        await chain.go_on(0.1)

    assert told(quick_folder, happens).verdict is Verdict.INCONCLUSIVE


def test_a_server_that_turns_the_question_away_is_not_called_working(quick_folder: Path) -> None:
    async def happens(chain: Life) -> None:
        await chain.go_on(2)
        chain.record(60)
        chain.server_says(503, "server.busy")

    found = told(quick_folder, happens)
    assert found.verdict is Verdict.HEALTHY, "one refusal is no outage"
    assert {hop: text for hop, _, text in found.hops}[Hop.SERVER] == "login accepted", "data does not move just now"
    assert any(note.startswith("The server asks for patience just now") for note in found.notes)


def test_a_trace_of_the_same_run_is_about_the_same_tracker(quick_folder: Path) -> None:
    address = "c0:ff:ee:00:00:01"

    async def happens(chain: Life) -> None:
        await chain.go_on(3)
        chain.way.cut = True
        await chain.go_on(1)
        since = datetime.fromtimestamp(START_S, UTC) + timedelta(hours=3)
        seen: Value = {"vendor": "unstuck", "name": "Unstuck One", "by": "name", "sure": 0.8}
        lost: Value = {"handle": 64, "transport": "le", "reason": 8, "held_s": 90.0, "last_rssi": -93}
        link: Value = {
            "handle": 64, "transport": "le", "interval_ms": 30.0, "latency": 0, "timeout_ms": 5000.0, "parallel": 1,
        }  # fmt: skip
        trace = [
            Fact("device.recognised", seen, since, "btsnoop.log", "packet 1", "", address),
            Fact("link.opened", link, since, "btsnoop.log", "packet 2", "", address),
            Fact("link.lost", lost, since + timedelta(minutes=2), "btsnoop.log", "packet 9", "", address),
        ]
        chain.beside = [Reading(SourceInfo("btsnoop.log", "btsnoop", 9), tuple(trace))]

    found = told(quick_folder, happens, tracker_id=address)
    assert (found.stuck_at, first(found)) == (Hop.BLUETOOTH, "bluetooth.out_of_range")
    sources = {line.source.rsplit("/")[-1] for line in found.causes[0].evidence}
    assert sources == {"btsnoop.log", "journal.sqlite"}, "both speak for it"
    assert found.causes[0].probability > 0.8
