"""The agent on bleak, BlueZ and Linux with the virtual tracker on this side: pair, sync, loss, key loss, resume."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.bluez.conftest import LINUX, Linux
from tests.bluez.wrist import AWAY, NEAR, Attempt, Phone, Ran, Wrist, ledger, records, worn
from tests.chain.server.process import ServerProcess
from unstuck.cli import diagnose
from unstuck.cli.state import JOURNAL_FILE
from unstuck.cli.status import ExitStatus
from unstuck.evidence.hci import HciReader
from unstuck.model.evidence import FactSet, ReaderOptions

pytestmark = [pytest.mark.bluez, pytest.mark.anyio, pytest.mark.timeout(400)]

HOUR_S = 3600
LARGEST_MTU = 517
"""Of ATT, and what BlueZ asks for."""
AUTHENTICATION, KEY_MISSING, SUPERVISION_TIMEOUT, REMOTE_USER, LOCAL_HOST = 0x05, 0x06, 0x08, 0x13, 0x16
IN_MID_TRANSFER = 4
"""Answers with records after which the tracker goes away for the second time: the first, in which all was asked for at
once and which was lost on its way, and two of the smaller ones after such a loss; the third is on its way then."""
GOOD = {"synced", "nothing_new"}
"""Whether there is something new depends on whether a minute has passed."""
PASSWORD = "correct horse battery"


@dataclass
class Kept:
    """A tracker that stays near its phone."""

    wrist: Wrist
    phone: Phone
    bonds: list[tuple[str, bool]]
    """After the first sync: the tracker's bonds, and whether each has a key of LE Secure Connections."""
    first: Ran
    recorded: int
    """When the first sync had ended."""
    attempts: dict[str, Attempt] = field(default_factory=dict)
    """What the agent said later, by what had happened before."""
    pairings: dict[str, int] = field(default_factory=dict)
    """How often it was paired until then."""
    trace: Path = Path()


@dataclass(frozen=True)
class Walked:
    """A tracker that went away in mid-transfer and came back."""

    wrist: Wrist
    ran: Ran
    mtu: int
    early: Path
    """The trace until it was lost for the first time."""
    trace: Path
    """Until it came back for good."""
    server: dict[str, Any]
    """The server's ledger at the end."""


def facts(trace: Path, wrist: Wrist) -> FactSet:
    """What our reader reads in the kernel's own trace about one tracker."""
    reading = HciReader(ReaderOptions(tracker=wrist.address)).read([trace.read_bytes()], str(trace))
    return FactSet([fact for fact in reading.facts if fact.subject in ("", wrist.address.lower())])


def drained(ran: Ran) -> list[Attempt]:
    """The attempts at the tracker."""
    return [attempt for attempt in ran.attempts if attempt["side"] == "drain"]


@pytest.fixture(scope="module")
async def first(linux: Linux, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kept]:
    """First contact, with six hours on the tracker."""
    async with worn(linux.air, tmp_path_factory.mktemp("keeper"), 1, 6 * HOUR_S) as wrist:
        phone = Phone(linux.guest, "keeper")
        ran = await phone.sync("--tracker", wrist.address)
        # Later runs write over it.
        journal = ran.journal.with_name("first.sqlite")
        shutil.copy(ran.journal, journal)
        store = wrist.host.device.keystore
        assert store is not None
        bonds = [(name, keys.ltk is not None) for name, keys in await store.get_all()]
        yield Kept(wrist, phone, bonds, Ran(ran.done, ran.attempts, journal), len(wrist.tracker.recorded))


def account(server: ServerProcess, wrist: Wrist) -> str:
    """A new account that has claimed the tracker; the device token for its agent."""

    def post(path: str, token: str, **body: str) -> Any:
        return server.http.post(path, json=body, headers={"Authorization": f"Bearer {token}"}).raise_for_status().json()

    person = post("/v1/accounts", "none", name="owner", password=PASSWORD)["token"]
    post("/v1/trackers", person, tracker=wrist.tracker.identity.id, code=wrist.code)
    return str(post("/v1/tokens", person, name="guest")["token"])


@pytest.fixture(scope="module")
async def walked(linux: Linux, first: Kept, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Six days are on the tracker; the agent goes on, with a server on this side, until all of it is there."""
    folder = tmp_path_factory.mktemp("walker")
    phone = Phone(linux.guest, "walker")
    trace, early = folder / "trace.btsnoop", folder / "early.btsnoop"
    async with worn(linux.air, folder, 2, 6 * 24 * HOUR_S) as wrist:
        server = await asyncio.to_thread(ServerProcess, folder / "server")
        with server:
            token = await asyncio.to_thread(account, server, wrist)
            (linux.guest.out / "token").write_text(token, encoding="ascii")
            address = linux.guest.forward(server.http.base_url.port or 0)
            way = ("--server", address, "--token-file", "/run/out/token")
            await phone.start("--tracker", wrist.address, *way)

            await wrist.until(lambda: wrist.tracker.answered)
            session = wrist.peripheral.session
            assert session is not None
            mtu = session.connection.att_mtu
            wrist.go(AWAY)
            await phone.next()
            shutil.copy(linux.guest.out / "trace.btsnoop", early)
            wrist.go(NEAR)
            await phone.signal("USR1")
            await wrist.until(lambda: wrist.tracker.answered >= IN_MID_TRANSFER)
            wrist.go(AWAY)
            await phone.next()
            await phone.sync_now()
            shutil.copy(linux.guest.out / "trace.btsnoop", trace)

            wrist.go(NEAR)
            await phone.sync_now()
            await phone.next("upload")
            ran = await phone.stop()
            path = f"/v1/trackers/{wrist.tracker.identity.id}/ledger"
            headers = {"Authorization": f"Bearer {token}"}
            told = await asyncio.to_thread(server.http.get, path, headers=headers)
    return Walked(wrist, ran, mtu, early, trace, told.raise_for_status().json())


@pytest.fixture(scope="module")
async def kept(linux: Linux, first: Kept, walked: Walked, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Later: new minutes; then the tracker forgets, the phone forgets, and Bluetooth is switched off."""
    wrist, phone = first.wrist, first.phone

    def note(after: str, attempt: Attempt) -> None:
        first.attempts[after] = attempt
        first.pairings[after] = wrist.count("paired")

    await wrist.until(lambda: len(wrist.tracker.recorded) > first.recorded)
    await phone.start("--tracker", wrist.address)
    note("a minute", await phone.next())
    await wrist.peripheral.forget_bonds()
    session = wrist.peripheral.session
    assert session is not None
    await session.connection.disconnect()
    note("the tracker forgot", await phone.sync_now())
    note("it still has", await phone.sync_now())
    await phone.stop()

    await phone.start("--tracker", wrist.address, "--pair-again")
    note("pair again", await phone.next())
    await linux.guest.run(["bluetoothctl", "remove", wrist.address])
    note("the phone forgot", await phone.sync_now())
    wrist.peripheral.open_pairing()
    note("the button", await phone.sync_now())
    await linux.guest.run(["bluetoothctl", "power", "off"])
    note("power off", await phone.sync_now())
    await linux.guest.run(["bluetoothctl", "power", "on"])
    note("power on", await phone.sync_now())
    await phone.stop()
    first.trace = tmp_path_factory.mktemp("kept") / "trace.btsnoop"
    shutil.copy(linux.guest.out / "trace.btsnoop", first.trace)
    return first


async def test_first_contact_pairs_and_brings_every_record(first: Kept) -> None:
    assert first.first.done.status == 0, first.first.done
    assert [one["outcome"] for one in first.first.attempts] == ["synced"]
    assert first.bonds == [(f"{LINUX}/P", True)]
    assert first.wrist.count("paired") == 1
    kept = records(first.first.journal)
    assert len(kept) > 6 * 60, "six hours were worn before"
    recorded = first.wrist.tracker.recorded
    assert kept == [recorded[record.boot, record.sequence] for record in kept]
    # A minute may have ended after the last answer.
    assert first.recorded - 1 <= len(kept) <= first.recorded


async def test_bluez_agrees_on_the_largest_mtu(walked: Walked) -> None:
    assert walked.mtu == LARGEST_MTU


async def test_a_link_lost_in_mid_transfer_is_resumed_with_nothing_lost_and_nothing_twice(walked: Walked) -> None:
    first, lost, away, back = drained(walked.ran)
    ends = ["bluetooth.link_lost", "bluetooth.link_lost", "bluetooth.not_heard", "synced"]
    assert [one["outcome"] for one in (first, lost, away, back)] == ends
    assert first["records"] == 0, "all was asked for at once, and lost on its way"
    assert min(lost["records"], back["records"]) > 0, "it was lost in the middle"
    kept = records(walked.ran.journal)
    recorded = walked.wrist.tracker.recorded
    assert lost["records"] + back["records"] == len(kept), "no record came twice"
    assert all((a.boot, a.sequence) < (b.boot, b.sequence) for a, b in pairwise(kept)), "nor is kept twice"
    assert kept == [recorded[record.boot, record.sequence] for record in kept]
    assert len(recorded) - 1 <= len(kept) <= len(recorded)


async def test_both_ends_know_that_the_link_was_lost(walked: Walked) -> None:
    assert walked.wrist.ends == [SUPERVISION_TIMEOUT, SUPERVISION_TIMEOUT, REMOTE_USER]
    lost = facts(walked.trace, walked.wrist).all("link.lost")
    assert [one.number("reason") for one in lost] == [SUPERVISION_TIMEOUT] * 2


async def test_the_bond_outlives_the_loss(walked: Walked) -> None:
    assert walked.wrist.count("paired") == 1
    assert walked.wrist.count("connected") == 3


async def test_the_server_holds_what_the_journal_holds(walked: Walked) -> None:
    tracker = walked.wrist.tracker.identity.id
    uploads = [one["outcome"] for one in walked.ran.attempts if one["side"] == "upload"]
    assert set(uploads) <= GOOD
    assert uploads[-1] == "synced"
    known = ledger(walked.ran.journal, tracker)
    held = walked.server["hops"]["server"]["held"]
    assert held == {str(boot): ranges.as_lists() for boot, ranges in known.committed.items()}
    assert known.confirmed == known.committed


async def test_our_reader_reads_the_loss_in_the_kernels_trace(walked: Walked) -> None:
    found = facts(walked.trace, walked.wrist).all("link.opened", "pairing.completed", "link.encrypted", "link.lost")
    assert {one.name for one in found} == {"link.opened", "pairing.completed", "link.encrypted", "link.lost"}
    assert found[-1].name == "link.lost"
    assert found[-1].number("last_rssi") is not None


async def test_the_doctor_does_not_call_a_loss_of_seconds_stuck(walked: Walked) -> None:
    status = diagnose.run(diagnose.Request((walked.early,), tracker=walked.wrist.address, plain=True))
    assert status is ExitStatus.INCONCLUSIVE


async def test_later_only_what_is_new_comes(kept: Kept) -> None:
    later = kept.attempts["a minute"]
    assert later["outcome"] == "synced"
    assert 1 <= later["records"] < 30, "minutes passed, not hours"
    assert kept.pairings["a minute"] == 1


async def test_a_tracker_that_forgot_is_named_and_pairing_again_mends_it(kept: Kept) -> None:
    once, again = kept.attempts["the tracker forgot"], kept.attempts["it still has"]
    # BlueZ does not say it. A running agent looks twice before it sends a person.
    assert once["outcome"] in {"bluetooth.not_connected", "bluetooth.key_missing"}
    assert again["outcome"] == "bluetooth.key_missing"
    assert kept.pairings["it still has"] == 1
    assert kept.attempts["pair again"]["outcome"] in GOOD
    assert kept.pairings["pair again"] == 2
    assert AUTHENTICATION in kept.wrist.ends, "Linux ends such a link"
    failed = facts(kept.trace, kept.wrist).all("link.encryption_failed")
    assert {one.number("status") for one in failed} == {KEY_MISSING}


async def test_a_phone_that_forgot_is_refused_until_the_button_is_held(kept: Kept) -> None:
    assert kept.attempts["the phone forgot"]["outcome"] == "bluetooth.pairing_refused"
    assert kept.pairings["the phone forgot"] == 2
    assert kept.attempts["the button"]["outcome"] in GOOD
    assert kept.pairings["the button"] == 3


async def test_bluetooth_that_is_off_is_said_and_syncing_goes_on_when_it_is_on(kept: Kept) -> None:
    assert kept.attempts["power off"]["outcome"] == "bluetooth.off"
    assert kept.attempts["power on"]["outcome"] in GOOD


async def test_through_all_of_it_nothing_was_lost(linux: Linux, kept: Kept) -> None:
    held = records(linux.guest.out / "keeper" / JOURNAL_FILE)
    recorded = kept.wrist.tracker.recorded
    assert held == [recorded[key] for key in sorted(recorded)][: len(held)]
    # A minute may have ended after the last sync.
    assert len(recorded) - 2 <= len(held)
