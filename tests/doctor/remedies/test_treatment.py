"""Tries to make a treatment do harm: whatever the evidence, the person and the moment, no act gets past the gate."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doctor.remedies.phone import PACKAGE, State, TinyPhone
from tests.doctor.remedies.stage import (
    ADAPTER,
    CHAIN,
    EVERYTHING,
    NOTHING_AT_STAKE,
    PHONE,
    CrashError,
    Made,
    Stage,
    examination,
    honest,
    planned,
)
from unstuck.doctor.diagnose import Examination
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import ALWAYS_GUARDED, Situation, reasons_not_now
from unstuck.doctor.remedies.acts import AdbShell, BluezCall, ChainAct, ChainDeed
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.doctor.remedies.drive import drive
from unstuck.doctor.remedies.journal import journal_document, journal_of
from unstuck.doctor.remedies.permit import Consent, Permit, Request, permit
from unstuck.doctor.remedies.remedy import Ready, Remedy, ready
from unstuck.doctor.remedies.treatment import Outcome, Treatment
from unstuck.model.diagnosis import RankedCause, Verdict
from unstuck.model.errors import NotPermittedError
from unstuck.model.evidence import Fact, Value
from unstuck.model.history import Change, How, Result, Tried
from unstuck.model.hop import Hop

FIXES = tuple(load().fixes)
UNKNOWN_OR = st.sampled_from([None, True, False])
SITUATIONS = st.builds(
    Situation,
    undrained=UNKNOWN_OR,
    undrained_minutes=st.none() | st.floats(),
    unsent=UNKNOWN_OR,
    unsent_minutes=st.none() | st.floats(),
    vendor_down=UNKNOWN_OR,
    tracker_battery_percent=st.none() | st.floats(),
    login_known=UNKNOWN_OR,
    link_up=UNKNOWN_OR,
)
PLANS = st.lists(st.builds(planned, st.sampled_from(FIXES), st.sampled_from([None, None, None, "Wait"])), max_size=8)
"""Plans of a hostile diagnosis: in any order, twice, and open where the situation says no."""
EXAMINATIONS = st.builds(
    lambda plan, situation, verdict: examination(*plan, situation=situation, verdict=verdict),
    PLANS,
    SITUATIONS,
    st.sampled_from([Verdict.STUCK, Verdict.STUCK, Verdict.STUCK, Verdict.INCONCLUSIVE, Verdict.HEALTHY]),
)
STATES = st.builds(
    lambda on, air, saver, run, bucket, given_, black: State(
        {"bluetooth_on": on, "airplane_mode_on": air, "low_power": saver},
        run=run,
        bucket=bucket,
        granted={"BLUETOOTH_SCAN": given_, "BLUETOOTH_CONNECT": True},
        metered={"whitelist": set(), "blacklist": {10_234} if black else set()},
    ),
    st.sampled_from(["0", "1", "2"]),
    st.sampled_from(["0", "1"]),
    st.sampled_from(["0", "1", "null"]),
    st.sampled_from(["", "allow", "ignore", "deny"]),
    st.sampled_from([10, 20, 30, 40, 45]),
    st.booleans(),
    st.booleans(),
)


def play(stage: Stage, treatment: Treatment | None = None) -> Outcome:
    return asyncio.run(drive((treatment or Treatment()).run(), stage, stage.hands))


def remedy_of(made: Made) -> str:
    """Whose act it was, by the newest entry of the journal: it is there before the act."""
    return made.journal[-1].remedy


@given(
    st.lists(EXAMINATIONS, min_size=1, max_size=8),
    st.lists(st.booleans(), max_size=12),
    STATES,
    st.sampled_from([None, True, False]),
)
def test_no_harmful_act_and_none_without_consent_or_plan_ever_reaches_a_hand(
    seen: list[Examination], answers: list[bool], state: State, helped: bool | None
) -> None:
    stage = Stage(seen, answers, TinyPhone(state), help=helped)
    play(stage)
    for made in stage.made:
        remedy = REMEDIES[remedy_of(made)]
        entry = made.journal[-1]
        restores = any(
            (step := remedy.step_of(entry.target or PHONE, change.what)) is not None
            and step.setting.write(change.before) == made.act
            for change in entry.tried.changes
        )
        assert made.agreed is not None
        assert made.agreed.remedy == remedy
        if restores:
            continue
        assert made.act in [step.act for step in made.agreed.acts if isinstance(step, Ready)]
        fix = load().fixes[remedy.fix]
        assert remedy.fix in [step.fix for step in made.seen.diagnosis.plan]
        assert reasons_not_now(fix, made.seen.situation) == ()
    assert not stage.phone.lost_data


@given(st.sampled_from(FIXES), SITUATIONS, STATES)
def test_a_fix_that_the_gate_holds_back_is_never_done_whatever_the_plan_says(
    fix: str, situation: Situation, state: State
) -> None:
    stage = Stage([examination(planned(fix), situation=situation)], [True] * 9, TinyPhone(state))
    play(stage)
    if reasons_not_now(load().fixes[fix], situation):
        assert stage.made == []


@pytest.mark.parametrize("fix", sorted(ALWAYS_GUARDED))
def test_what_is_guarded_needs_to_be_known_to_be_harmless(fix: str) -> None:
    stage = Stage([examination(planned(fix), situation=Situation(), targets=[PHONE, ADAPTER])], [True] * 9)
    play(stage)
    assert stage.made == []


@pytest.mark.parametrize("one", REMEDIES.values(), ids=list(REMEDIES))
@pytest.mark.parametrize(
    "turns",
    [
        Situation(vendor_down=True, undrained=False, unsent=False, tracker_battery_percent=90.0, login_known=True),
        Situation(undrained=True, undrained_minutes=90.0, unsent=True, vendor_down=False, tracker_battery_percent=9.0),
    ],
)
def test_evidence_that_changes_between_consent_and_act_stops_the_act(one: Remedy, turns: Situation) -> None:
    own = [target for target in EVERYTHING if target.channel is one.channel]
    then = examination(planned(one.fix), situation=turns, targets=own)
    stage = Stage(
        [examination(planned(one.fix), targets=own), then], [True] * 9, TinyPhone(State(run="ignore", bucket=40))
    )
    play(stage)
    if reasons_not_now(load().fixes[one.fix], turns):
        assert stage.made == []
        assert {entry.tried.result for entry in stage.journal} <= {Result.BLOCKED}


def test_a_fix_that_is_no_longer_planned_when_the_answer_comes_is_not_done() -> None:
    stage = Stage([examination(planned("restart_phone")), examination()], [True])
    play(stage)
    assert len(stage.asked) == 1
    assert stage.made == []


def test_nothing_is_asked_or_done_when_data_moves() -> None:
    stage = Stage([examination(planned("restart_phone"), verdict=Verdict.HEALTHY)], [True])
    assert play(stage).moves is True
    assert (stage.asked, stage.made, stage.journal) == ([], [], ())


def test_data_that_moves_by_itself_while_the_person_thinks_needs_no_act() -> None:
    stage = Stage([examination(planned("restart_phone")), examination(verdict=Verdict.HEALTHY)], [True])
    assert play(stage).moves is True
    assert stage.made == []


def test_what_did_not_help_is_told_to_the_doctor_and_the_rest_of_the_plan_may_be_another() -> None:
    first = examination(planned("restart_tracker"), planned("restart_phone"), targets=[CHAIN])
    then = examination(planned("charge_tracker"), targets=[CHAIN])

    class Thinking(Stage):
        async def examine(self, says: str, tried: tuple[Tried, ...]) -> Examination:
            seen = await super().examine(says, tried)
            return replace(then, looked_at=seen.looked_at) if tried else seen

    stage = Thinking([first], [True], does_steps=True)
    play(stage)
    assert stage.guides == ["charge_tracker"]
    assert stage.journal[0].tried.result is Result.DID_NOT_HELP


def test_a_no_is_kept_and_the_next_fix_is_asked_about() -> None:
    saver = State({"bluetooth_on": "1", "low_power": "1"})
    stage = Stage(
        [examination(planned("turn_off_battery_saver"), planned("restart_phone"), targets=[PHONE])],
        [False, False],
        TinyPhone(saver),
    )
    assert play(stage).moves is False
    assert [one.fix.fix for one in stage.asked] == ["turn_off_battery_saver", "restart_phone"]
    assert [entry.tried.result for entry in stage.journal] == [Result.DECLINED, Result.DECLINED]
    assert stage.made == []


@given(STATES, st.sampled_from([one.fix for one in REMEDIES.values() if one.channel == "adb"]))
def test_what_did_not_help_is_taken_back_to_the_last_byte(state: State, fix: str) -> None:
    phone = TinyPhone(state)
    before = phone.copy_of_state()
    stage = Stage([examination(planned(fix), targets=[PHONE])], [True] * 9, phone)
    assert play(stage).moves is False
    if before.settings["bluetooth_on"] == "2":  # on in airplane mode: Android itself chooses the number
        before.settings["bluetooth_on"] = phone.state.settings["bluetooth_on"] = "2"
    assert phone.state == before
    assert not any(entry.standing for entry in stage.journal)


@given(STATES, st.sampled_from([one.fix for one in REMEDIES.values() if one.channel == "adb"]), st.integers(1, 6))
def test_a_crash_after_any_act_leaves_a_journal_that_restores_everything(state: State, fix: str, act: int) -> None:
    phone = TinyPhone(state)
    before = phone.copy_of_state()
    stage = Stage([examination(planned(fix), targets=[PHONE])], [True] * 9, phone, dies_at=act)
    with suppress(CrashError):
        play(stage)
    kept = journal_of(journal_document(stage.journal))
    later = Stage([], [True] * 9, phone)
    asyncio.run(drive(Treatment().undo(kept, REMEDIES), later, later.hands))
    if before.settings["bluetooth_on"] == "2":
        before.settings["bluetooth_on"] = phone.state.settings["bluetooth_on"] = "2"
    assert phone.state == before
    assert not any(entry.standing for entry in (later.journal or kept))


def test_a_change_is_in_the_journal_before_it_is_made() -> None:
    phone = TinyPhone(State({"bluetooth_on": "1", "low_power": "1"}))
    stage = Stage([examination(planned("turn_off_battery_saver"), targets=[PHONE])], [True], phone)
    play(stage)
    first = stage.made[0]
    assert first.act == AdbShell("settings put global low_power 0")
    assert first.journal[-1].standing == (Change("settings global low_power", "on", "off"),)
    assert first.journal[-1].tried.how is How.AUTOMATIC
    assert first.journal[-1].tried.ended is None


def test_undoing_leaves_alone_what_somebody_else_changed_since() -> None:
    phone = TinyPhone(State(run="ignore"))
    stage = Stage([examination(planned("allow_background"), targets=[PHONE])], [True], phone, dies_at=1)
    with pytest.raises(CrashError):
        play(stage)
    phone.state.run = "deny"
    later = Stage([], [True], phone)
    asyncio.run(drive(Treatment().undo(stage.journal, REMEDIES), later, later.hands))
    assert phone.state.run == "deny"
    assert any("left alone" in text for text in later.said)


def test_nothing_is_undone_without_a_yes() -> None:
    phone = TinyPhone(State(run="ignore"))
    stage = Stage([examination(planned("allow_background"), targets=[PHONE])], [True], phone, dies_at=1)
    with pytest.raises(CrashError):
        play(stage)
    later = Stage([], [False], phone)
    asyncio.run(drive(Treatment().undo(stage.journal, REMEDIES), later, later.hands))
    assert phone.state.run == "allow"
    assert later.journal == ()


def test_a_phone_that_takes_a_command_and_does_nothing_is_a_failure() -> None:
    phone = TinyPhone(State({"bluetooth_on": "1", "low_power": "1"}))
    phone.deaf = True
    stage = Stage([examination(planned("turn_off_battery_saver"), targets=[PHONE])], [True], phone)
    play(stage)
    assert stage.journal[0].tried.result is Result.FAILED
    assert "low_power is not off now" in stage.journal[0].tried.note
    assert not stage.journal[0].standing, "it reads as before, so there is nothing to restore"


def test_a_fix_that_no_remedy_carries_out_is_guided_and_the_person_is_asked() -> None:
    stage = Stage([examination(planned("charge_tracker"), planned("move_closer"))], help=True, does_steps=True)
    outcome = play(stage)
    assert stage.guides == ["charge_tracker"]
    assert outcome.moves is None, "a person says so, and the evidence does not show it"
    assert stage.journal[0].tried.how is How.GUIDED
    assert stage.journal[0].tried.result is Result.HELPED


def test_steps_nobody_did_are_kept_as_declined() -> None:
    stage = Stage([examination(planned("charge_tracker"))])
    assert play(stage).moves is False
    assert [entry.tried.result for entry in stage.journal] == [Result.DECLINED]


def test_a_guided_fix_that_the_gate_holds_back_is_not_shown() -> None:
    situation = replace(NOTHING_AT_STAKE, unsent=True)
    stage = Stage([examination(honest("reinstall_app", situation), situation=situation)], does_steps=True)
    play(stage)
    assert stage.guides == []
    assert stage.journal[0].tried.result is Result.BLOCKED


def test_only_what_was_named_is_tried() -> None:
    stage = Stage([examination(planned("restart_phone"), planned("charge_tracker"))], [True], does_steps=True)
    play(stage, Treatment(only=frozenset({"charge_tracker"})))
    assert stage.guides == ["charge_tracker"]
    assert stage.made == []


def moved(records: int) -> Fact:
    value: Value = {"side": "drain", "outcome": "synced", "through": True, "count": 1, "records": records}
    return Fact("agent.attempts", value, None, "journal", "attempt 1", "", "tracker")


def test_help_is_data_that_moves_and_the_change_is_kept() -> None:
    phone = TinyPhone(State({"bluetooth_on": "0", "airplane_mode_on": "0", "low_power": "0"}))
    stuck = examination(planned("turn_bluetooth_on"), targets=[PHONE])
    first = replace(stuck, diagnosis=replace(stuck.diagnosis, facts=(moved(10),)))
    then = replace(stuck, diagnosis=replace(stuck.diagnosis, facts=(moved(12),)))
    stage = Stage([first, first, first, first, then], [True], phone)
    outcome = play(stage)
    assert outcome.moves is True
    assert phone.state.settings["bluetooth_on"] == "1"
    assert stage.journal[0].tried.result is Result.HELPED
    assert stage.journal[0].standing, "it stands, and can be taken back later"


def test_a_change_stays_when_its_cause_is_gone_and_another_remains() -> None:
    phone = TinyPhone(State({"bluetooth_on": "0", "airplane_mode_on": "0", "low_power": "0"}))
    plan = planned("turn_bluetooth_on")

    def with_cause(chance: float) -> Examination:
        seen = examination(plan, targets=[PHONE])
        cause = RankedCause("bluetooth.off", Hop.BLUETOOTH, "Bluetooth is off", chance, ())
        return replace(seen, diagnosis=replace(seen.diagnosis, causes=(cause,)))

    stage = Stage([with_cause(0.95), with_cause(0.95), with_cause(0.02)], [True], phone)
    assert play(stage).moves is False
    assert phone.state.settings["bluetooth_on"] == "1"
    assert stage.journal[0].tried.result is Result.DID_NOT_HELP


def test_a_program_that_cannot_see_whether_it_helped_asks() -> None:
    blind = examination(planned("turn_bluetooth_on"), targets=[PHONE], verdict=Verdict.INCONCLUSIVE)
    phone = TinyPhone(State({"bluetooth_on": "0", "airplane_mode_on": "0", "low_power": "0"}))
    stage = Stage([blind], [True], phone, help=True)
    assert play(stage).moves is True


# the permit itself


def request_for(name: str, *, consent: bool = True) -> Request:
    remedy = REMEDIES[name]
    target = next(one for one in EVERYTHING if one.channel is remedy.channel)
    raw = {look: "true" if "Trusted" not in str(look) else "false" for look in remedy.looks(target)}
    act = next(step.act for step in ready(remedy, target, raw) if isinstance(step, Ready))
    return Request(remedy, target, act, Consent(remedy.id, target, raw) if consent else None)


@pytest.mark.parametrize("name", ["chain.drain_now", "bluez.power_cycle", "bluez.repair", "chain.restart_tracker"])
def test_a_permit_needs_plan_gate_and_consent(name: str) -> None:
    good = request_for(name)
    plan = [planned(good.remedy.fix)]
    assert permit(good, plan, NOTHING_AT_STAKE).use() == good.act
    for wrong, its_plan in (
        (good, []),
        (good, [planned(good.remedy.fix, "Wait")]),
        (request_for(name, consent=False), plan),
        (replace(good, act=AdbShell("reboot")), plan),
        (replace(good, act=ChainAct(ChainDeed.SIGN_IN)), plan),
        (replace(good, target=replace(good.target, device="another")), plan),
        (replace(good, consent=Consent("chain.sign_in", good.target, {})), plan),
        (replace(good, remedy=replace(good.remedy, fix="sync_now", id="my.own")), plan),
        (replace(good, remedy=replace(good.remedy, minutes=good.remedy.minutes + 1)), plan),
    ):
        with pytest.raises(NotPermittedError):
            permit(wrong, its_plan, NOTHING_AT_STAKE)


def test_forgetting_over_bluez_is_guarded_as_pairing_anew() -> None:
    request = request_for("bluez.repair")
    assert isinstance(request.act, BluezCall)
    assert request.act.method == "RemoveDevice"
    for unsafe in (Situation(), replace(NOTHING_AT_STAKE, undrained=True), replace(NOTHING_AT_STAKE, vendor_down=True)):
        with pytest.raises(NotPermittedError):
            permit(request, [planned("repair_bond")], unsafe)


@pytest.mark.parametrize("name", ["chain.pair_again", "bluez.pair_again"])
def test_pairing_again_without_erasing_may_always_be_done_and_opens_nothing_else(name: str) -> None:
    request = request_for(name)
    lost = Situation(undrained=True, undrained_minutes=600.0, vendor_down=True)
    assert permit(request, [planned("pair_again")], lost).use() == request.act
    with pytest.raises(NotPermittedError):
        permit(request, [planned("repair_bond")], lost)
    with pytest.raises(NotPermittedError):
        permit(request_for("bluez.repair"), [planned("pair_again"), planned("repair_bond")], lost)


def test_a_permit_cannot_be_made_by_hand_nor_used_twice() -> None:
    with pytest.raises(TypeError):
        Permit(object(), AdbShell("svc power reboot"), PHONE)
    leave = permit(request_for("chain.drain_now"), [planned("sync_now")], NOTHING_AT_STAKE)
    leave.use()
    with pytest.raises(RuntimeError):
        leave.use()


def test_undoing_restores_the_former_value_and_nothing_else() -> None:
    remedy = REMEDIES["adb.battery_saver_off"]
    change = Change("settings global low_power", "on", "off")
    consent = Consent(remedy.id, PHONE, {})
    good = Request(remedy, PHONE, AdbShell("settings put global low_power 1"), consent, change)
    assert permit(good, [], Situation()).use() == good.act
    for wrong in (
        replace(good, act=AdbShell("settings put global low_power 0")),
        replace(good, act=AdbShell("svc power reboot")),
        replace(good, consent=None),
        replace(good, undoes=Change("another setting", "on", "off")),
    ):
        with pytest.raises(NotPermittedError):
            permit(wrong, [], Situation())


def test_the_order_of_undoing_is_that_of_doing_turned_round() -> None:
    phone = TinyPhone(State(run="ignore", bucket=40))
    stage = Stage([examination(planned("allow_background"), targets=[PHONE])], [True], phone)
    play(stage)
    assert phone.ran == [
        f"am set-standby-bucket {PACKAGE} active",
        f"cmd appops set {PACKAGE} RUN_ANY_IN_BACKGROUND allow",
        f"dumpsys deviceidle whitelist +{PACKAGE}",
        f"dumpsys deviceidle whitelist -{PACKAGE}",
        f"cmd appops set {PACKAGE} RUN_ANY_IN_BACKGROUND ignore",
        f"am set-standby-bucket {PACKAGE} rare",
    ]


def test_the_chain_is_tried_before_the_phone_is_restarted_by_adb() -> None:
    stage = Stage([examination(planned("sync_now"))], [True] * 3)
    play(stage)
    assert stage.made[0].act == ChainAct(ChainDeed.DRAIN_NOW)
    assert stage.made[0].seen.targets == EVERYTHING
    assert CHAIN in {entry.target for entry in stage.journal}
