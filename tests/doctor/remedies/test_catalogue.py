"""What remedies are made of: they exist in the catalogue of fixes, read without changing, and can be taken back."""

import asyncio
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doctor.remedies.phone import PACKAGE, UID, State, TinyPhone
from tests.doctor.remedies.stage import ADAPTER, CHAIN, EVERYTHING, PHONE, START
from unstuck.doctor.diagnose import Options, examine
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import guards_of
from unstuck.doctor.remedies.acts import AdbLook, AdbShell, Channel, Look, Target
from unstuck.doctor.remedies.catalogue import REMEDIES, automatic, remedies_for
from unstuck.doctor.remedies.hands.adb import AdbHand
from unstuck.doctor.remedies.remedy import NotPossibleError, Ready, Remedy, Risk, Set, Wait, ready
from unstuck.doctor.remedies.target import Connection, targets_of
from unstuck.model.evidence import Fact, FactSet, Reading, SourceInfo

READS = re.compile(
    r"settings get global \w+|dumpsys deviceidle whitelist|cmd appops get [\w.]+ \w+|am get-standby-bucket [\w.]+"
    r"|dumpsys package [\w.]+|cmd netpolicy list restrict-background-(white|black)list|pm help"
    r"|cmd package resolve-activity --brief -a android\.intent\.action\.MAIN"
    r" -c android\.intent\.category\.LAUNCHER [\w.]+"
)
"""Every command that only prints; what is not here needs a permit."""

SDKS = st.integers(0, 40)


def target_of(remedy: Remedy) -> Target:
    return next(target for target in EVERYTHING if target.channel is remedy.channel)


def read(remedy: Remedy, phone: TinyPhone, target: Target = PHONE) -> dict[Look, str | None]:
    hand = AdbHand(phone)
    return {look: asyncio.run(hand.look(look)) for look in remedy.looks(target)}


@pytest.mark.parametrize("remedy", REMEDIES.values(), ids=list(REMEDIES))
def test_a_remedy_carries_out_a_fix_of_the_catalogue_and_says_what_it_changes(remedy: Remedy) -> None:
    assert remedy.fix in load().fixes
    assert remedy.id.startswith(f"{remedy.channel}.")
    assert remedy.changes.endswith(".")
    assert remedy.undo.endswith((".", "anew"))
    assert remedy.source
    assert 0 < remedy.minutes <= 30
    assert remedy.steps(target_of(remedy))


@pytest.mark.parametrize("remedy", REMEDIES.values(), ids=list(REMEDIES))
def test_what_cannot_be_taken_back_says_so(remedy: Remedy) -> None:
    settings = [step for step in remedy.steps(target_of(remedy)) if isinstance(step, Set)]
    if remedy.risk is Risk.LASTING:
        assert "cannot" in remedy.undo.lower()
    elif not settings:
        assert "nothing to undo" in remedy.undo.lower()


@given(st.sampled_from([one for one in REMEDIES.values() if one.channel is Channel.ADB]), SDKS)
def test_looking_only_reads(remedy: Remedy, sdk: int) -> None:
    for look in remedy.looks(Target(Channel.ADB, "x", sdk, PACKAGE, UID)):
        assert isinstance(look, AdbLook)
        assert READS.fullmatch(look.command), look.command


@given(st.sampled_from([one for one in REMEDIES.values() if one.channel is Channel.ADB]), SDKS, st.booleans())
def test_no_command_deletes_an_apps_data_or_the_app(remedy: Remedy, sdk: int, can: bool) -> None:
    target = Target(Channel.ADB, "x", sdk, PACKAGE, UID)
    phone = TinyPhone(State({"bluetooth_on": "1", "low_power": "1"}, run="ignore", bucket=40))
    phone.help = phone.help if can else "  clear [--user USER_ID] PACKAGE\n"
    try:
        steps = ready(remedy, target, read(remedy, phone, target))
    except NotPossibleError:
        return
    for step in steps:
        if isinstance(step, Ready) and isinstance(step.act, AdbShell):
            words = step.act.command.split()
            assert not {"uninstall", "wipe", "rm", "format", "recovery", "factoryReset"} & set(words)
            if words[:2] == ["pm", "clear"]:
                assert words[2] == "--cache-only", "behind the name Android clears everything and says Success"


def test_the_cache_is_not_touched_where_the_phone_knows_no_such_flag() -> None:
    phone = TinyPhone()
    phone.help = "  clear [--user USER_ID] PACKAGE\n    Deletes all data associated with a package.\n"
    remedy = REMEDIES["adb.app_cache"]
    with pytest.raises(NotPossibleError):
        ready(remedy, PHONE, read(remedy, phone))


@pytest.mark.parametrize("remedy", [one for one in REMEDIES.values() if one.channel is Channel.ADB])
def test_every_setting_reads_back_what_was_written(remedy: Remedy) -> None:
    for step in remedy.steps(PHONE):
        if not isinstance(step, Set):
            continue
        phone = TinyPhone()
        written = 0
        for value in (
            "on",
            "off",
            "listed",
            "not listed",
            "granted",
            "not granted",
            "allow",
            "ignore",
            "deny",
            "10",
            "40",
        ):
            act = step.setting.write(value)
            if act is None:
                continue
            written += 1
            assert isinstance(act, AdbShell)
            asyncio.run(phone(act.command))
            text = asyncio.run(AdbHand(phone).look(step.setting.look))
            assert text is not None
            assert step.setting.value_of(text) == value
        assert written >= 2


@given(st.text(), st.one_of(st.integers(), st.floats(), st.none()), st.text())
def test_hostile_evidence_puts_nothing_into_a_command(package: str, uid: float | None, sdk: str) -> None:
    facts = FactSet(
        (
            Fact("phone.build", {"sdk": 34, "release": sdk}, None, "s", "l"),
            Fact("app.installed", {"uid": uid}, None, "s", "l", "", package),
        )
    )
    connection = Connection(Channel.ADB, "R5CT")
    for target in targets_of([connection], facts, frozenset({package}), [package]):
        assert re.fullmatch(r"[\w.]*", target.package, re.ASCII)
        assert target.uid is None or 10_000 <= target.uid <= 19_999
        assert target.address == ""


@pytest.mark.parametrize("name", ["com.a;reboot", "com.a b", "$(reboot).a", "com.a\nreboot", "a", "com.a\n"])
def test_a_package_with_a_command_in_it_is_no_package(name: str) -> None:
    facts = FactSet((Fact("app.installed", {"uid": 10_100}, None, "s", "l", "", name),))
    assert targets_of([Connection(Channel.ADB, "x")], facts, frozenset({name}), [])[0].package == ""


def test_another_phones_report_says_nothing_of_the_phone_on_the_cable() -> None:
    facts = FactSet(
        (
            Fact("phone.build", {"sdk": 28}, None, "adb", "l"),
            Fact("app.installed", {"uid": 10_100}, None, "adb", "l", "", PACKAGE),
            Fact("phone.build", {"sdk": 35}, None, "bugreport.zip", "l"),
            Fact("app.installed", {"uid": 10_555}, None, "bugreport.zip", "l", "", PACKAGE),
        )
    )
    (target,) = targets_of([Connection(Channel.ADB, "x", "adb")], facts, frozenset({PACKAGE}), [])
    assert (target.sdk, target.uid) == (28, 10_100)


@pytest.mark.parametrize("sdk", [float("nan"), float("inf"), -1, 1e300])
def test_a_version_that_is_none_gets_nothing(sdk: float) -> None:
    facts = FactSet((Fact("phone.build", {"sdk": sdk}, None, "s", "l"),))
    (target,) = targets_of([Connection(Channel.ADB, "x")], facts, frozenset(), [])
    assert automatic([target]) == frozenset()


def test_commands_that_a_version_does_not_have_are_not_offered() -> None:
    def ids(sdk: int) -> set[str]:
        target = Target(Channel.ADB, "x", sdk, PACKAGE, UID)
        return {remedy.id for remedy in REMEDIES.values() if remedy.not_here(target) is None}

    assert ids(0) == set(), "an unknown version gets nothing"
    assert ids(22) == set()
    assert ids(23) == {"adb.allow_background", "adb.grant_permissions"}
    assert "adb.bluetooth_on" not in ids(25)
    assert "adb.bluetooth_on" in ids(26)


def test_airplane_mode_is_only_touched_where_the_shell_may() -> None:
    def settings(sdk: int) -> list[str]:
        steps = REMEDIES["adb.bluetooth_on"].steps(Target(Channel.ADB, "x", sdk))
        return [step.setting.what for step in steps if isinstance(step, Set)]

    assert settings(29) == ["settings global bluetooth_on"]
    assert settings(30) == ["settings global airplane_mode_on", "settings global bluetooth_on"]


def test_without_the_app_only_what_is_about_the_phone_is_offered() -> None:
    target = Target(Channel.ADB, "x", 34)
    offered = {one.id for one in REMEDIES.values() if one.not_here(target) is None}
    assert offered == {"adb.bluetooth_on", "adb.bluetooth_cycle", "adb.battery_saver_off", "adb.reboot"}


def test_what_is_automatic_follows_from_what_is_connected() -> None:
    assert automatic([]) == frozenset()
    assert "sync_now" in automatic([CHAIN])
    assert "restart_phone" not in automatic([CHAIN])
    assert "turn_bluetooth_on" in automatic([ADAPTER])
    assert [remedy.id for remedy, _ in remedies_for("sync_now", [PHONE])] == ["adb.app_open", "adb.app_restart"]


def test_what_forgets_a_bond_is_guarded_unless_the_tracker_is_known_to_keep_its_records() -> None:
    forgetting = {one.id: one for one in REMEDIES.values() if "forget" in one.changes.lower()}
    assert {name: one.fix for name, one in forgetting.items()} == {
        "chain.pair_again": "pair_again",
        "bluez.pair_again": "pair_again",
        "bluez.repair": "repair_bond",
    }
    assert guards_of(load().fixes["repair_bond"])
    unknown = replace(ADAPTER, pairs_without_loss=False)
    assert forgetting["bluez.pair_again"].not_here(ADAPTER) is None
    assert "not known" in (forgetting["bluez.pair_again"].not_here(unknown) or "")


@pytest.mark.parametrize(("name", "harmless"), [("Unstuck One", True), ("Inspire 3", False), ("My own thing", False)])
def test_only_of_our_own_tracker_it_is_known_that_it_keeps_its_records(name: str, harmless: bool) -> None:
    fact = Fact("bluetooth.bond", {"name": name, "type": "le"}, None, "bluez", "l", "", ADAPTER.address.lower())
    reading = Reading(SourceInfo("bluez", "bluez", 1), (fact,))
    options = Options(connections=(Connection(Channel.BLUEZ, "/org/bluez/hci0"),))
    (target,) = examine([reading], options, START).targets
    assert target.pairs_without_loss is harmless


def test_only_what_is_wrong_is_changed() -> None:
    remedy = REMEDIES["adb.allow_background"]
    phone = TinyPhone(State(run="ignore", exempt={PACKAGE}))
    acts = [step.act for step in ready(remedy, PHONE, read(remedy, phone)) if isinstance(step, Ready)]
    assert acts == [AdbShell(f"cmd appops set {PACKAGE} RUN_ANY_IN_BACKGROUND allow")]


def test_nothing_is_done_where_all_is_well_already() -> None:
    for name in ("adb.bluetooth_on", "adb.battery_saver_off", "adb.grant_permissions"):
        assert ready(REMEDIES[name], PHONE, read(REMEDIES[name], TinyPhone())) == ()


def test_bluetooth_goes_off_rests_and_comes_back() -> None:
    remedy = REMEDIES["adb.bluetooth_cycle"]
    off, rest, on = ready(remedy, PHONE, read(remedy, TinyPhone()))
    assert isinstance(off, Ready)
    assert isinstance(on, Ready)
    assert (off.act, rest, on.act) == (
        AdbShell("svc bluetooth disable"),
        Wait(5.0, "lets Bluetooth rest"),
        AdbShell("svc bluetooth enable"),
    )
    assert on.restores


def test_what_cannot_be_read_is_not_changed() -> None:
    remedy = REMEDIES["adb.battery_saver_off"]
    for answer in (None, "", "maybe", "Security exception"):
        with pytest.raises(NotPossibleError):
            ready(remedy, PHONE, dict.fromkeys(remedy.looks(PHONE), answer))
