from datetime import timedelta

from tests.doctor.rules.cases import (
    APP,
    BUDS,
    END,
    TRACKER,
    data,
    gatt,
    http,
    killed,
    lost,
    opened,
    radio_day,
    series,
    started,
    traffic,
    unheard,
    wear,
)
from tests.doctor.rules.cases import at as seen
from unstuck.doctor.boundaries import Flow
from unstuck.doctor.case import Choice, open_case
from unstuck.doctor.flow import watch
from unstuck.model.diagnosis import Tracker
from unstuck.model.evidence import Fact, FactSet
from unstuck.model.hop import Hop


def flow_of(*facts: Fact) -> Flow:
    choice = Choice(Tracker(TRACKER, "Inspire 3", "fitbit"), frozenset({TRACKER}))
    traces = {"synthetic": (END - timedelta(hours=10), END)}
    return watch(open_case(FactSet(facts), choice, frozenset({APP}), END, traces))


def before(minutes: float) -> object:
    return END - timedelta(minutes=minutes)


def test_nothing_seen_is_neither_stop_nor_move() -> None:
    flow = flow_of()
    assert not flow.stops
    assert not flow.moves
    assert flow.linked is None


def test_a_lost_link_that_stays_down_is_a_stop_since_the_loss() -> None:
    flow = flow_of(opened(200), lost(60))
    assert [(stop.hop, stop.since) for stop in flow.stops] == [(Hop.BLUETOOTH, before(60))]
    assert flow.linked is False


def test_a_run_of_failures_is_one_stop_since_the_first() -> None:
    flow = flow_of(opened(200), lost(60), unheard(50), opened(40), lost(39))
    assert flow.stops[0].since == before(60)
    assert len(flow.stops[0].facts) == 3


def test_a_link_that_settled_ends_the_run() -> None:
    flow = flow_of(opened(300), lost(250), opened(200), lost(60))
    assert flow.stops[0].since == before(60)


def test_a_single_loss_is_over_once_data_moves_again() -> None:
    assert flow_of(opened(200), lost(60), opened(5), *data()).moves


def test_a_run_of_losses_is_over_once_a_link_has_settled() -> None:
    failing = (opened(200), lost(60), unheard(50), unheard(45))
    assert flow_of(*failing, opened(20), *data()).moves
    back = flow_of(*failing, opened(12), *data())
    assert [stop.since for stop in back.stops] == [before(60)]
    assert any("counts as mended" in note for note in back.notes)


def test_a_single_loss_a_moment_ago_is_no_stop_yet() -> None:
    flow = flow_of(opened(200), *data(10), lost(5))
    assert not flow.stops
    assert not flow.moves
    assert flow.notes


def test_an_open_link_without_data_proves_nothing() -> None:
    flow = flow_of(opened(40), traffic())
    assert not flow.moves
    assert not flow.stops
    assert flow.linked


def test_what_a_trace_left_open_hours_ago_is_not_up_now() -> None:
    choice = Choice(Tracker(TRACKER, "Inspire 3", "fitbit"), frozenset({TRACKER}))
    traces = {"synthetic": (END - timedelta(hours=10), END - timedelta(hours=4))}
    facts = FactSet((opened(300), *data(250)))
    flow = watch(open_case(facts, choice, frozenset({APP}), END, traces))
    assert not flow.moves
    assert not flow.stops
    assert flow.linked is None


def test_a_phone_that_just_restarted_gets_time_to_connect() -> None:
    night = seen(
        "link.ended", {"handle": 64, "transport": "le", "reason": 22, "by": "phone", "held_s": 9.0}, 480, TRACKER
    )
    restart = seen("hci.reset", {"at_start": True}, 1)
    assert flow_of(opened(600), night).stops
    assert not flow_of(opened(600), night, restart).stops


def test_a_drawer_day_is_no_stop() -> None:
    day = radio_day("2026-03-19", advertise=24)
    assert flow_of(day).stops
    assert not flow_of(day, wear("2026-03-19", 0, 24)).stops


def test_a_sign_of_life_after_a_kill_ends_the_stop() -> None:
    assert flow_of(killed(200, "vendor")).stops
    assert not flow_of(killed(200, "vendor"), http(200, 100)).stops
    assert not flow_of(killed(200, "vendor"), opened(40), *data()).stops


def test_an_old_kill_says_nothing_about_now() -> None:
    assert not flow_of(killed(3 * 1440, "vendor")).stops


def test_an_old_answer_of_the_service_is_no_move() -> None:
    assert flow_of(http(200, 10)).moves
    assert not flow_of(http(200, 9 * 1440)).moves


def test_a_link_that_began_before_the_trace_counts_when_lost() -> None:
    assert flow_of(lost(60)).stops[0].since == before(60)


def test_an_open_link_without_data_for_long_stands_still_at_the_phone() -> None:
    flow = flow_of(opened(300), *data(180))
    assert [(stop.hop, stop.since) for stop in flow.stops] == [(Hop.PHONE, before(180))]


def test_other_devices_losses_are_not_our_stop() -> None:
    assert not flow_of(opened(40), *data(), lost(30, BUDS)).stops


def test_switched_off_bluetooth_is_a_stop_since_then() -> None:
    off = seen("bluetooth.switched", {"on": False, "reason": "", "by": ""}, 90)
    assert flow_of(off, seen("bluetooth.adapter", "off")).stops[0].since == before(90)
    assert not flow_of(off, seen("bluetooth.adapter", "on")).stops


def test_a_start_that_ends_in_the_next_kill_is_no_recovery() -> None:
    flow = flow_of(killed(200, "background"), started(100), killed(98, "background"))
    assert flow.stops[0].since == before(200)


def test_a_start_that_lived_is_a_recovery() -> None:
    flow = flow_of(killed(400, "background"), started(300), killed(98, "background"))
    assert flow.stops[0].since == before(98)


def test_ordinary_cleaning_is_no_stop() -> None:
    assert not flow_of(killed(200, "cached")).stops


def test_refused_uploads_stop_at_the_server_since_the_first() -> None:
    flow = flow_of(http(200, 90), http(401, 60), http(401, 30))
    assert [(stop.hop, stop.since) for stop in flow.stops] == [(Hop.SERVER, before(60))]
    assert not flow_of(http(401, 60), http(200, 30)).stops


def test_idle_days_reach_back_to_the_first_of_them() -> None:
    flow = flow_of(
        radio_day("2026-03-16", fast=0.3, slow=23), radio_day("2026-03-17", idle=20), radio_day("2026-03-18", idle=20)
    )
    assert flow.stops[0].hop is Hop.PHONE
    assert flow.stops[0].since.isoformat().startswith("2026-03-17")


def test_a_day_that_has_only_begun_says_nothing() -> None:
    flow = flow_of(radio_day("2026-03-18", fast=0.3, slow=23), radio_day("2026-03-19", advertise=6))
    assert flow.moves
    assert not flow.stops


def test_an_export_far_behind_the_trackers_log_is_a_stop() -> None:
    assert flow_of(series(3), radio_day("2026-03-18", fast=0.3, slow=23)).stops
    assert not flow_of(series(0.5), radio_day("2026-03-18", fast=0.3, slow=23)).stops


def test_without_a_trace_the_phones_log_shows_the_loss() -> None:
    flow = flow_of(gatt(0, 300), gatt(8, 90))
    assert [(stop.hop, stop.since) for stop in flow.stops] == [(Hop.BLUETOOTH, before(90))]
    assert not flow_of(gatt(8, 90), gatt(0, 80)).stops
    assert not flow_of(gatt(0, 300), gatt(8, 5)).stops
    assert not flow_of(gatt(0, 300), gatt(22, 90)).stops
