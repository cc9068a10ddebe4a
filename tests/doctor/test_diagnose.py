from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.doctor.rules.cases import (
    APP,
    BUDS,
    END,
    TRACKER,
    advert,
    answer,
    battery,
    build,
    coverage,
    data,
    encrypted,
    http,
    killed,
    lost,
    network,
    opened,
    permission,
    radio_day,
    wear,
)
from tests.doctor.rules.cases import at as seen
from tests.sample import at, capture_facts, log_source
from unstuck.doctor.diagnose import Options, answer_facts, diagnose, examine
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.remedies.acts import Channel
from unstuck.doctor.remedies.target import Connection
from unstuck.model.diagnosis import Diagnosis, HopState, Verdict
from unstuck.model.evidence import Fact, Reading, SourceInfo, Value
from unstuck.model.hop import Hop

ROOT_FACT = Fact(
    "device.recognised",
    {"vendor": "fitbit", "name": "Inspire 3", "by": "advert", "sure": 0.95},
    None,
    "synthetic",
    "packet 1",
    "",
    TRACKER,
)


def of(*facts: Fact, options: Options | None = None, kind: str = "bugreport") -> Diagnosis:
    source = SourceInfo("synthetic", kind, len(facts))
    return diagnose([Reading(source, (ROOT_FACT, *facts))], options or Options(), END)


def real_case(options: Options | None = None) -> Diagnosis:
    return diagnose([Reading(log_source(), capture_facts())], options or Options(), END)


def test_real_case_is_stuck_at_bluetooth_out_of_range() -> None:
    found = real_case()
    assert found.verdict is Verdict.STUCK
    assert found.stuck_at is Hop.BLUETOOTH
    assert found.causes[0].id == "bluetooth.out_of_range"
    assert found.causes[0].probability > 0.8
    assert {line.locator for line in found.causes[0].evidence} >= {"packet 5697", "packet 5772", "packet 5853"}
    assert found.tracker is not None
    assert found.tracker.id == "e6:c0:ec:8e:de:51"


def test_real_case_is_stuck_since_the_first_loss_and_a_quarter_of_an_hour_does_not_heal_it() -> None:
    assert real_case().since == at(4758.3)


def test_minutes_at_risk_go_seven_days_after_the_stop() -> None:
    risk = real_case().at_risk
    assert risk is not None
    assert risk.lost_at - risk.since == timedelta(days=7)


def test_nothing_that_can_lose_data_is_open_while_records_are_on_the_tracker_alone() -> None:
    for step in real_case().plan:
        if "undrained" in load().fixes[step.fix].guards:
            assert step.blocked


def test_move_closer_comes_first_for_range() -> None:
    plan = [step for step in real_case().plan if step.blocked is None]
    assert plan[0].fix == "move_closer"
    assert plan[0].steps


def lost_alone(rssi: int) -> list[Fact]:
    return [
        coverage(),
        opened(300, BUDS),
        opened(200),
        encrypted(199),
        advert(61, rssi),
        lost(60, rssi=rssi),
        advert(20, rssi),
        seen("rssi.read", {"rssi": -50}, 1, BUDS),
    ]


def test_loss_of_the_tracker_alone_at_good_signal_is_not_called_range() -> None:
    alone = of(*lost_alone(-55), kind="btsnoop")
    together = of(*lost_alone(-95), lost(59, BUDS), kind="btsnoop")
    assert alone.verdict is together.verdict is Verdict.STUCK
    assert together.causes[0].id == "bluetooth.out_of_range"
    assert alone.causes[0].id != "bluetooth.out_of_range"


def test_other_devices_that_stay_make_range_less_likely() -> None:
    def probability(*more: Fact) -> float:
        found = of(*lost_alone(-88), *more, kind="btsnoop")
        return {cause.id: cause.probability for cause in found.causes}.get("bluetooth.out_of_range", 0.0)

    assert probability(lost(58, BUDS)) > 1.05 * probability()


def test_adapter_off_is_the_cause_named() -> None:
    found = of(
        seen("bluetooth.adapter", "ble_on"), seen("bluetooth.switched", {"on": False, "reason": "", "by": ""}, 50)
    )
    assert found.verdict is Verdict.STUCK
    assert found.causes[0].id == "bluetooth.off"
    assert found.plan[0].fix == "turn_bluetooth_on"


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ([seen("app.stopped", True, 0, APP)], "phone.app_stopped"),
        ([build(), permission(False)], "phone.permission_missing"),
        ([network(False, False)], "phone.offline"),
        ([http(401, 30), http(401, 10)], "server.login_expired"),
        ([http(503, 30), http(503, 10)], "server.outage"),
        ([http(426, 30), http(426, 10)], "phone.app_outdated"),
        ([http(403, 30), http(403, 10)], "server.account_problem"),
        ([battery(2)], "tracker.battery_empty"),
        ([radio_day("2026-03-19", idle=20), killed(300, "vendor")], "phone.background_restricted"),
    ],
)
def test_plain_evidence_names_its_cause(facts: list[Fact], cause: str) -> None:
    found = of(*facts)
    assert found.verdict is Verdict.STUCK
    assert found.causes[0].id == cause
    assert found.stuck_at is load().causes[cause].hop


def test_outage_closes_the_door_to_reinstalling() -> None:
    found = of(http(503, 30), http(503, 10))
    assert all(step.blocked for step in found.plan if step.fix in ("reinstall_app", "sign_in_again"))


def test_two_causes_at_once_are_both_named() -> None:
    found = of(seen("bluetooth.adapter", "off"), seen("app.stopped", True, 0, APP))
    assert {cause.id for cause in found.causes[:2]} == {"bluetooth.off", "phone.app_stopped"}
    assert found.causes[1].probability > 0.2


def test_nothing_seen_is_never_healthy() -> None:
    found = of(seen("power.battery_saver", False))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert all(state is not HopState.BROKEN for _, state, _ in found.hops)


def test_data_moving_to_the_end_is_healthy() -> None:
    found = of(opened(40), encrypted(39), *data(), kind="btsnoop")
    assert found.verdict is Verdict.HEALTHY
    assert found.stuck_at is None


def test_a_symptom_counts_against_a_healthy_looking_link() -> None:
    found = of(opened(40), encrypted(39), *data(), options=Options(symptom="silent"), kind="btsnoop")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.next_question is not None


def test_a_symptom_changes_what_is_likely() -> None:
    facts = [seen("app.doze_exempt", False, 0, APP), seen("bluetooth.crashes", 1)]
    silent = of(*facts, options=Options(symptom="silent"))
    unconnected = of(*facts, options=Options(symptom="never_connects"))

    def chance(found: Diagnosis, cause: str) -> float:
        return {row.id: row.probability for row in found.causes}.get(cause, 0.0)

    restricted, wedged = "phone.background_restricted", "bluetooth.stack_wedged"
    assert chance(silent, restricted) > chance(unconnected, restricted)
    assert chance(unconnected, wedged) > chance(silent, wedged)


def test_a_symptom_alone_names_no_cause_and_asks() -> None:
    found = diagnose([], Options(symptom="steps_frozen"), END)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert not found.causes
    assert found.next_question is not None


def test_answers_alone_lead_to_a_cause() -> None:
    found = diagnose(answer_facts([("bluetooth_on", "off")]), Options(symptom="steps_frozen"), END)
    assert found.causes[0].id == "bluetooth.off"
    assert found.verdict is Verdict.STUCK


def test_an_answered_question_is_not_asked_again() -> None:
    first = diagnose([], Options(symptom="steps_frozen"), END).next_question
    assert first is not None
    given = load().questions[first.id].answers[0].id
    again = diagnose(answer_facts([(first.id, given)]), Options(symptom="steps_frozen"), END).next_question
    assert again is None or again.id != first.id


def test_a_tracker_left_in_a_drawer_is_no_fault() -> None:
    found = of(wear("2026-03-19", 0, 24), options=Options(symptom="steps_frozen"))
    assert found.verdict is Verdict.HEALTHY
    assert "not worn" in found.headline


def test_restart_of_the_app_ends_the_stop() -> None:
    still = of(killed(200, "vendor"))
    again = of(killed(200, "vendor"), seen("app.started", {"why": "broadcast"}, 100, APP))
    assert still.verdict is Verdict.STUCK
    assert again.verdict is not Verdict.STUCK


def test_radio_log_gives_the_day_it_stopped() -> None:
    days = [
        radio_day("2026-03-17", fast=0.3, slow=23),
        radio_day("2026-03-18", idle=20),
        radio_day("2026-03-19", idle=21),
    ]
    found = of(*days)
    assert found.verdict is Verdict.STUCK
    assert found.since == datetime.fromisoformat("2026-03-18T00:00:00+00:00")


def test_evidence_after_the_moment_of_judgement_is_left_out() -> None:
    found = real_case(Options(at=at(4800)))
    assert all(fact.time is None or fact.time <= at(4800) for fact in found.facts)
    assert found.judged_at == at(4800)


def test_trouble_before_since_is_left_out_and_who_is_who_is_kept() -> None:
    found = real_case(Options(since=at(5060)))
    assert found.tracker is not None
    assert found.tracker.name == "Inspire 3"
    assert found.since is None or found.since >= at(5060)
    assert found.verdict is not Verdict.HEALTHY


def test_a_link_lost_before_since_is_not_taken_for_up() -> None:
    found = of(*lost_alone(-95), *data(70), options=Options(since=END - timedelta(minutes=30)), kind="btsnoop")
    assert "nothing has moved over it" not in found.headline


def test_minutes_that_came_in_later_end_an_earlier_stop() -> None:
    from tests.doctor.rules.cases import series

    assert of(*lost_alone(-95), lost(58, BUDS)).verdict is Verdict.STUCK
    assert of(*lost_alone(-95), lost(58, BUDS), series(0.001)).verdict is not Verdict.STUCK


def test_what_is_asked_about_the_past_keeps_the_phones_zone() -> None:
    zone = seen("phone.time_zone", "Europe/Zurich")
    assert of(zone, opened(300), options=Options(at=END - timedelta(hours=2))).zone == "Europe/Zurich"


def test_a_healthy_link_is_not_blamed_for_a_missing_night() -> None:
    facts = [opened(300), lost(200), opened(190), lost(185), opened(180), encrypted(179), *data()]
    for symptom in ("sleep_missing", "count_differs", "silent"):
        found = of(*facts, options=Options(symptom=symptom), kind="btsnoop")
        assert found.verdict is Verdict.INCONCLUSIVE
        assert not any(cause.id == "bluetooth.out_of_range" and cause.probability > 0.3 for cause in found.causes)


def test_a_lost_link_is_not_blamed_on_the_internet() -> None:
    found = of(*lost_alone(-95), lost(55), kind="btsnoop")
    first = [step.fix for step in found.plan[:3]]
    assert "go_online" not in first
    assert "allow_background_data" not in first


def test_several_signs_of_one_restriction_count_once() -> None:
    signs = [
        seen("app.op", {"op": "RUN_ANY_IN_BACKGROUND", "mode": "ignore", "level": "package"}, 0, APP),
        seen("app.standby_bucket", 45, 0, APP),
        seen("app.doze_exempt", False, 0, APP),
    ]
    stop = killed(200, "vendor")

    def chance(*facts: Fact) -> float:
        return {cause.id: cause.probability for cause in of(*facts).causes}["phone.background_restricted"]

    assert chance(stop, *signs) == chance(stop, signs[0])
    shown = {line.finding for line in of(stop, *signs).causes[0].evidence}
    assert {"background_denied", "bucket_rare", "app_not_exempt"} <= shown


def test_since_is_of_the_hop_that_the_cause_names() -> None:
    found = of(killed(20 * 60, "vendor"), *lost_alone(-95), lost(58, BUDS), kind="btsnoop")
    assert found.stuck_at is not None
    assert found.since == END - {Hop.PHONE: timedelta(hours=20), Hop.BLUETOOTH: timedelta(minutes=60)}[found.stuck_at]


def test_nothing_is_promised_where_no_data_was_seen_to_move() -> None:
    from tests.doctor.rules.cases import unheard

    found = of(unheard(90), unheard(60), kind="btsnoop")
    assert found.verdict is Verdict.STUCK
    assert found.at_risk is None


def test_an_old_battery_reading_opens_no_firmware_update() -> None:
    old = battery(80, minutes=20 * 1440)
    plan = of(old, seen("reported.answer", {"answer": "yes"}, 0, "firmware"), http(403, 9), http(403, 5)).plan
    assert all(step.blocked for step in plan if step.fix == "update_firmware")


def test_several_trackers_are_said_and_can_be_chosen() -> None:
    other = "d0:00:00:00:00:02"
    value: Value = {"vendor": "fitbit", "name": "Versa 4", "by": "advert", "sure": 0.9}
    facts = [
        replace(ROOT_FACT, value=value, subject=other),
        opened(40),
        opened(30, other),
        *data(),
    ]
    both = of(*facts, kind="btsnoop")
    assert any("Several trackers" in note for note in both.notes)
    chosen = of(*facts, options=Options(tracker="versa"), kind="btsnoop")
    assert chosen.tracker is not None
    assert chosen.tracker.id == other


def test_a_tracker_that_is_not_there_is_said() -> None:
    found = of(opened(40), options=Options(tracker="Charge 9"), kind="btsnoop")
    assert found.tracker is None
    assert any("Charge 9".lower() in note.lower() for note in found.notes)


def test_neighbours_tracker_does_not_hide_the_linked_one() -> None:
    neighbour = replace(ROOT_FACT, subject="d0:00:00:00:00:03")
    found = of(neighbour, opened(40), *data(), advert(3, -90, "d0:00:00:00:00:03"), kind="btsnoop")
    assert found.tracker is not None
    assert found.tracker.id == TRACKER


def test_every_cause_named_has_evidence_beside_it() -> None:
    for found in (real_case(), of(answer("bluetooth_on", "off"), http(401, 9), http(401, 3))):
        assert found.causes
        assert all(cause.evidence for cause in found.causes)


def test_a_phone_without_tracker_and_app_is_nobodys_case() -> None:
    offline = Reading(SourceInfo("synthetic", "bugreport", 1), (network(False, False),))
    found = diagnose([offline], Options(), END)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert diagnose([offline], Options(symptom="silent"), END).verdict is Verdict.STUCK


def killed_saver() -> tuple[Fact, ...]:
    return seen("power.battery_saver", True), killed(60, "background")


def test_a_fix_is_automatic_where_something_connected_can_carry_it_out() -> None:
    def automatic(*connections: Connection) -> set[str]:
        options = Options(symptom="steps_frozen", connections=connections)
        plan = of(build(34), *killed_saver(), options=options).plan
        return {step.fix for step in plan if step.automatic}

    assert automatic() == set()
    assert "turn_off_battery_saver" in automatic(Connection(Channel.ADB, "R5CT"))
    assert "turn_off_battery_saver" not in automatic(Connection(Channel.CHAIN, "agent"))


def test_an_examination_shows_what_the_gate_was_told_and_what_was_seen_to_stand() -> None:
    source = SourceInfo("synthetic", "bugreport", 1)
    found = examine([Reading(source, (ROOT_FACT, lost(50), lost(45)))], Options(), END)
    assert found.diagnosis.verdict is Verdict.STUCK
    assert found.situation.undrained is True
    assert found.flow.first_stop is not None
    assert found.looked_at == END
    assert found.targets == ()
