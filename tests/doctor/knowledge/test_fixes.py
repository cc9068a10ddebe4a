"""Facts of the catalogue about fixes, held to the shipped data."""

import pytest

from unstuck.doctor.knowledge.loader import all_steps, load
from unstuck.doctor.knowledge.schema import Guard

CATALOGUE = [
    "restart_tracker",
    "restart_phone",
    "restart_bluetooth",
    "turn_bluetooth_on",
    "turn_off_battery_saver",
    "go_online",
    "charge_tracker",
    "move_closer",
    "reduce_interference",
    "free_connections",
    "disconnect_other_phone",
    "set_clock",
    "pair_again",
    "repair_bond",
    "update_app",
    "update_firmware",
    "allow_background",
    "grant_permissions",
    "allow_background_data",
    "free_phone_storage",
    "clear_app_cache",
    "sync_now",
    "sign_in_again",
    "relink_account",
    "reinstall_app",
    "wait_for_vendor",
    "contact_support",
]

MENDS = [
    ("restart_tracker", "tracker.hung"),
    ("restart_phone", "bluetooth.stack_wedged"),
    ("restart_bluetooth", "bluetooth.stack_wedged"),
    ("turn_bluetooth_on", "bluetooth.off"),
    ("turn_off_battery_saver", "phone.battery_saver"),
    ("go_online", "phone.offline"),
    ("charge_tracker", "tracker.battery_empty"),
    ("move_closer", "bluetooth.out_of_range"),
    ("reduce_interference", "bluetooth.interference"),
    ("free_connections", "bluetooth.too_many_connections"),
    ("disconnect_other_phone", "bluetooth.held_by_other_phone"),
    ("set_clock", "tracker.clock_wrong"),
    ("pair_again", "bluetooth.bond_broken"),
    ("pair_again", "phone.os_update"),
    ("repair_bond", "bluetooth.bond_broken"),
    ("repair_bond", "bluetooth.held_by_other_phone"),
    ("update_app", "phone.app_outdated"),
    ("update_app", "phone.os_update"),
    ("update_firmware", "tracker.firmware_outdated"),
    ("allow_background", "phone.background_restricted"),
    ("grant_permissions", "phone.permission_missing"),
    ("allow_background_data", "phone.background_data_off"),
    ("free_phone_storage", "phone.storage_full"),
    ("sync_now", "tracker.memory_full"),
    ("sign_in_again", "server.login_expired"),
    ("relink_account", "server.account_problem"),
    ("reinstall_app", "phone.app_data_corrupt"),
    ("wait_for_vendor", "server.outage"),
    ("wait_for_vendor", "server.delay"),
    ("contact_support", "tracker.hardware_fault"),
]

GUARDS = {
    "repair_bond": {Guard.UNDRAINED},
    "relink_account": {Guard.UNDRAINED, Guard.LOGIN_UNKNOWN, Guard.VENDOR_DOWN},
    "reinstall_app": {Guard.UNSENT, Guard.LOGIN_UNKNOWN, Guard.VENDOR_DOWN},
    "sign_in_again": {Guard.LOGIN_UNKNOWN, Guard.VENDOR_DOWN},
    "update_firmware": {Guard.BATTERY_LOW},
}


def test_every_fix_of_the_catalogue_is_there_and_no_other() -> None:
    assert sorted(load().fixes) == sorted(CATALOGUE)


@pytest.mark.parametrize(("fix", "cause"), MENDS)
def test_fix_mends_the_cause_the_catalogue_says(fix: str, cause: str) -> None:
    assert cause in {mend.cause for mend in load().fixes[fix].mends}


@pytest.mark.parametrize("fix", GUARDS)
def test_fix_that_can_lose_something_is_guarded(fix: str) -> None:
    assert GUARDS[fix] <= set(load().fixes[fix].guards)


def test_restarts_and_switches_are_not_guarded() -> None:
    harmless = set(CATALOGUE) - set(GUARDS)
    assert not [fix for fix in harmless if load().fixes[fix].guards]


def test_every_number_names_a_source_or_a_reasoned_judgement() -> None:
    for fix in load().fixes.values():
        for mend in fix.mends:
            assert len(mend.source.removeprefix("judgement:").split()) >= 4, (fix.id, mend.source)


def test_reinstalling_costs_more_than_everything_done_at_home() -> None:
    fixes = load().fixes
    worst = fixes["reinstall_app"]
    chores = {"update_firmware", "charge_tracker", "contact_support", "reinstall_app"}
    assert all(
        fix.minutes < worst.minutes and fix.effort <= worst.effort for fix in fixes.values() if fix.id not in chores
    )


def test_texts_are_sentences() -> None:
    for fix in load().fixes.values():
        for text in (fix.explanation, fix.harm, fix.worked_when, fix.undo):
            assert text[0].isupper(), (fix.id, text)
            assert text.endswith("."), (fix.id, text)
        assert not fix.title.endswith("."), fix.id
        assert len(fix.title) <= 75, fix.id


def test_steps_of_a_long_fix_say_where_it_turns_out_not_to_be_needed() -> None:
    ends = {fix.id for fix in load().fixes.values() if fix.needless_minutes is not None}
    said = {
        fix for fix in CATALOGUE if all(any("stop here" in line for line in steps.lines) for steps in all_steps(fix))
    }
    assert ends == said == {"charge_tracker", "free_phone_storage", "update_app", "update_firmware"}


def test_what_is_not_needed_is_seen_long_before_it_is_done() -> None:
    for fix in load().fixes.values():
        assert fix.needless_minutes is None or fix.needless_minutes <= fix.minutes / 2, fix.id
