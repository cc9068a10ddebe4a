import pytest

from tests.doctor.rules.cases import (
    APP,
    BUDS,
    CASES,
    END,
    TRACKER,
    advert,
    answer,
    at,
    attempts,
    battery,
    build,
    find,
    hole,
    http,
    lost,
    op,
    opened,
    permission,
    radio_day,
    server_status,
)
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.rules.run import RULES
from unstuck.model.diagnosis import State
from unstuck.model.evidence import Fact, Value


def test_every_finding_has_a_rule_and_a_case() -> None:
    assert set(RULES) == set(load().findings)
    assert set(CASES) == set(load().findings)


@pytest.mark.parametrize("finding_id", sorted(CASES))
def test_finding_can_be_yes(finding_id: str) -> None:
    found = find(finding_id, CASES[finding_id][0])
    assert found.state is State.YES
    assert found.proof
    assert found.proof[0].facts
    assert found.proof[0].text


@pytest.mark.parametrize("finding_id", sorted(CASES))
def test_finding_can_be_no_with_proof(finding_id: str) -> None:
    found = find(finding_id, CASES[finding_id][1])
    assert found.state is State.NO
    assert found.proof
    assert found.proof[0].facts
    assert found.proof[0].text


@pytest.mark.parametrize("finding_id", sorted(CASES))
def test_finding_is_unknown_without_evidence(finding_id: str) -> None:
    assert find(finding_id, []).state is State.UNKNOWN
    assert find(finding_id, [], tracker=False).state is State.UNKNOWN


@pytest.mark.parametrize("question", sorted(load().questions))
def test_every_answer_settles_its_findings(question: str) -> None:
    for given in load().questions[question].answers:
        for finding_id, holds in given.findings.items():
            found = find(finding_id, [answer(question, given.id)])
            assert found.state is (State.YES if holds else State.NO)


def test_evidence_outweighs_an_answer() -> None:
    facts = [at("bluetooth.adapter", "on"), answer("bluetooth_on", "off")]
    assert find("adapter_off", facts).state is State.NO


def test_an_answer_nobody_offered_says_nothing() -> None:
    assert find("adapter_off", [answer("bluetooth_on", "perhaps")]).state is State.UNKNOWN


def test_absent_bluetooth_is_neither_on_nor_off() -> None:
    assert find("adapter_off", [at("bluetooth.adapter", "absent")]).state is State.UNKNOWN


def test_a_single_133_is_no_storm() -> None:
    lone = at("gatt.status", {"status": 133, "new_state": "disconnected"}, 10, BUDS)
    assert find("gatt_133_storm", [lone]).state is State.NO


def test_ordinary_cleaning_of_cached_apps_is_no_background_kill() -> None:
    cached = at("app.killed", {"reason": "empty #17", "adj": 985, "kind": "cached"}, 9, APP)
    assert find("app_killed_in_background", [cached]).state is State.NO


def test_restriction_per_user_id_counts_as_much_as_per_package() -> None:
    facts = [
        op("RUN_ANY_IN_BACKGROUND", "allow"),
        at("app.op", {"op": "RUN_ANY_IN_BACKGROUND", "mode": "ignore", "level": "uid"}, 0, APP),
        at("app.doze_exempt", True, 0, APP),
    ]
    assert find("background_denied", facts).state is State.YES


def test_location_permission_is_what_counts_before_android_12() -> None:
    location = at("app.permission", {"permission": "ACCESS_FINE_LOCATION", "granted": False}, 0, APP)
    assert find("permission_denied", [build(sdk=29), location]).state is State.YES
    assert find("permission_denied", [build(sdk=33), location, permission(True)]).state is State.NO


def test_loss_long_before_others_is_not_the_same_minutes() -> None:
    facts: list[Fact] = [opened(200, BUDS), lost(190, BUDS), opened(150, "aa:aa:aa:aa:aa:aa"), lost(60)]
    assert find("others_lost_too", facts).state is State.NO


def test_neighbours_tracker_signal_does_not_speak_for_ours() -> None:
    assert find("signal_weak", [lost(60), advert(59, -97, BUDS)]).state is State.UNKNOWN


def test_server_errors_heal_with_the_next_good_answer() -> None:
    assert find("service_errors", [http(500, 9), http(502, 8), http(200, 7)]).state is State.NO


# our own chain


def test_a_tracker_silent_for_minutes_only_is_not_known_to_be_silent() -> None:
    assert find("tracker_silent_to_agent", [attempts("tracker.silent", 20, 5)]).state is State.UNKNOWN


def test_a_low_battery_is_no_empty_one_while_the_tracker_answers() -> None:
    assert find("tracker_battery_flat", [battery(3, 5), attempts("synced", 600, 5)]).state is State.NO
    silent = [attempts("synced", 600, 65), attempts("tracker.silent", 60, 5)]
    assert find("tracker_battery_flat", [battery(3, 65), *silent]).state is State.YES


def test_the_log_that_our_agent_brought_is_older_than_its_attempts() -> None:
    brought = attempts("synced", 600, 5)
    assert find("tracker_waited_for_phone", [radio_day("2026-03-19", advertise=24), brought]).state is State.UNKNOWN
    assert find("tracker_link_idle", [radio_day("2026-03-19", idle=20), brought]).state is State.UNKNOWN


def test_the_servers_own_status_says_whether_it_is_down() -> None:
    assert find("service_reports_incident", [server_status("maintenance")]).state is State.YES
    assert find("service_reports_incident", [server_status("up")]).state is State.NO


def test_a_clock_off_by_minutes_counts_and_seconds_do_not() -> None:
    assert find("tracker_clock_off", [at("tracker.clock_offset", -600.0, 5, TRACKER)]).state is State.YES
    assert find("tracker_clock_off", [at("tracker.clock_offset", 2.0, 5, TRACKER)]).state is State.NO


def test_off_the_wrist_for_a_day_up_to_now_is_not_worn() -> None:
    assert find("tracker_off_wrist", [hole("not_worn", 1500, 0)]).state is State.YES
    assert find("tracker_off_wrist", [hole("not_worn", 300, 0)]).state is State.UNKNOWN
    assert find("tracker_off_wrist", [hole("not_worn", 3000, 1500)]).state is State.UNKNOWN
    mark: Value = {"hop": "server", "newest": END.isoformat(), "boot": 0, "sequence": 9}
    newest = at("ledger.watermark", mark, 0, TRACKER)
    assert find("tracker_off_wrist", [hole("not_worn", 3000, 1500), newest]).state is State.NO
    assert find("tracker_off_wrist", [hole("not_worn", 300, 0), newest]).state is State.UNKNOWN


def test_a_loss_of_last_week_is_not_overwriting_now_and_a_term_that_passed_is() -> None:
    told = at("tracker.overwritten", 12, 5, TRACKER)
    assert find("records_overwritten", [told, hole("lost", 30_000, 29_000, 9_000)]).state is State.NO
    assert find("records_overwritten", [told]).state is State.YES
    past: Value = {"since": END.isoformat(), "lost_at": END.isoformat()}
    assert find("records_overwritten", [at("ledger.at_risk", past, 5, TRACKER)]).state is State.YES
