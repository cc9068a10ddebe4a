"""Tries to make the whole treatment do harm: hostile cases, the real chain and its evidence, and a person who says yes
to everything and does all that is shown."""

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from unstuck.chain.paced import run
from unstuck.doctor.diagnose import Examination, Options, answer_facts, examine
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import guards_of, reasons_not_now
from unstuck.doctor.remedies.acts import Channel
from unstuck.doctor.remedies.drive import drive
from unstuck.doctor.remedies.journal import Entry
from unstuck.doctor.remedies.target import Connection
from unstuck.doctor.remedies.treatment import Outcome, Treatment
from unstuck.lab import evidence, hands
from unstuck.lab.evidence import Given
from unstuck.lab.faults.all import FAULTS
from unstuck.lab.hands import Bedside
from unstuck.lab.world import Setting, World
from unstuck.model.history import Result, Tried

WELL_S = 4_200.0


@dataclass
class Treated:
    """A case that was treated: records nowhere before and after, and what was held back at any moment and why."""

    lost_before: int
    lost: int
    bedside: Bedside
    outcome: Outcome
    held: dict[str, str]

    @property
    def journal(self) -> tuple[Entry, ...]:
        return self.bedside.journal


def treated(
    faults: str, folder: Path, *, answers: tuple[tuple[str, str], ...] = (), knows_login: bool = True, given: Given
) -> Treated:
    async def life() -> Treated:
        chosen, dice = [FAULTS[one] for one in faults.split("+")], random.Random(faults)
        hours = max(fault.memory_hours for fault in chosen)
        async with World(folder, Setting(memory_hours=hours)) as world:
            world.state.person.knows_login = knows_login
            for fault in chosen:
                fault.before(world.state, dice)
            await world.apply()
            await world.pass_time(WELL_S)
            for step in sorted((step for fault in chosen for step in fault.steps), key=lambda one: one.after_s):
                step.change(world.state, dice)
                await world.apply()
                await world.pass_time(60.0)
            await world.pass_time(max(fault.noticed_s[0] for fault in chosen))
            lost_before = world.lost()
            held: dict[str, str] = {}

            async def look(tried: tuple[Tried, ...]) -> Examination:
                """What ``unstuck fix chain report.zip`` sees, with a phone on the cable."""
                await world.apply()
                await evidence.save(world)
                read = [*await evidence.readings(world, given), *answer_facts(answers)]
                connections = (Connection(Channel.ADB, "lab"), Connection(Channel.CHAIN, str(world.folder)))
                options = Options(says_stuck=True, tried=tried, connections=connections)
                seen = examine(read, options, evidence.now(world))
                held.update({step.fix: step.blocked for step in seen.diagnosis.plan if step.blocked})
                return seen

            bedside = Bedside(world, dice, look)
            outcome = await drive(Treatment(live=False).run(), bedside, hands.hands(world))
            await world.pass_time(600.0)
            return Treated(lost_before, world.lost(), bedside, outcome, held)

    return run(life())


HOSTILE = (
    "keys_differ",
    "service_fails",
    "service_fails+keys_differ",
    "service_fails+password_changed",
    "database_damaged",
    "database_damaged+no_internet",
    "battery_flat+firmware_left_behind",
    "removed_from_account+switched_off",
    "tracker_forgot+login_revoked",
)


def check(found: Treated) -> None:
    assert found.lost <= found.lost_before, "records are nowhere that were somewhere before the treatment"
    harm = [(fix, done) for fix, done in found.bedside.did if done.harmful]
    assert not harm, "the person was shown something that erased records or locked out"
    for entry in found.journal:
        if entry.tried.result is Result.BLOCKED:
            assert entry.tried.note, f"{entry.tried.fix} is held back and nobody says why"
    named = {entry.tried.fix for entry in found.journal if entry.tried.result is Result.BLOCKED}
    told = " ".join(found.bedside.said)
    for fix in named:
        assert f"{load().fixes[fix].title}: not now." in told
    last = {step.fix for step in found.outcome.last.diagnosis.plan if step.blocked}
    if found.outcome.moves is not True:
        assert last <= named, "a fix is closed to the end, and was not named with its reason"


@pytest.mark.parametrize("faults", HOSTILE)
def test_no_hostile_case_loses_a_record_or_locks_out(faults: str, tmp_path: Path) -> None:
    check(treated(faults, tmp_path, given=Given.ALL))


@pytest.mark.parametrize("faults", ["password_changed", "removed_from_account", "other_account", "login_revoked"])
def test_nobody_who_does_not_know_the_login_is_locked_out(faults: str, tmp_path: Path) -> None:
    found = treated(faults, tmp_path, answers=(("login_known", "no"),), knows_login=False, given=Given.ALL)
    check(found)
    shown = {fix for fix, _ in found.bedside.did}
    assert not shown & {"sign_in_again", "relink_account", "reinstall_app"}


@pytest.mark.parametrize("faults", ["keys_differ", "database_damaged", "service_fails+keys_differ"])
@pytest.mark.parametrize("given", [Given.REPORT, Given.TRACE])
def test_with_part_of_the_evidence_what_is_not_known_is_not_done(faults: str, given: Given, tmp_path: Path) -> None:
    found = treated(faults, tmp_path, answers=(("login_known", "yes"),), given=given)
    check(found)
    seen = found.outcome.first.situation
    for fix, _ in found.bedside.did:
        if {guard.value for guard in guards_of(load().fixes[fix])} & {"undrained", "unsent"}:
            assert reasons_not_now(load().fixes[fix], seen) == ()
