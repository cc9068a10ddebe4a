from datetime import timedelta

from tests.doctor.rules.cases import (
    APP,
    BUDS,
    END,
    TRACKER,
    http,
    killed,
    lost,
    opened,
    radio_day,
    series,
    started,
    traffic,
    unheard,
)
from tests.doctor.rules.cases import at as seen
from unstuck.doctor.case import Choice, open_case
from unstuck.doctor.flow import Flow, watch
from unstuck.model.diagnosis import Tracker
from unstuck.model.evidence import Fact, FactSet
from unstuck.model.hop import Hop


def flow_of(*facts: Fact) -> Flow:
    choice = Choice(Tracker(TRACKER, "Inspire 3", "fitbit"), frozenset({TRACKER}))
    return watch(open_case(FactSet(facts), choice, frozenset({APP}), END))


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


def test_a_link_back_for_ten_minutes_moves() -> None:
    assert flow_of(opened(200), lost(60), opened(12), traffic()).moves
    assert flow_of(opened(200), lost(60), opened(5), traffic()).stops


def test_a_link_that_began_before_the_trace_counts_when_lost() -> None:
    assert flow_of(lost(60)).stops[0].since == before(60)


def test_an_open_link_without_data_for_long_stands_still_at_the_phone() -> None:
    busy = traffic().value
    assert isinstance(busy, dict)
    quiet = seen("link.traffic", {**busy, "last": (END - timedelta(hours=3)).isoformat()}, 180, TRACKER)
    flow = flow_of(opened(300), quiet)
    assert [(stop.hop, stop.since) for stop in flow.stops] == [(Hop.PHONE, before(180))]


def test_other_devices_losses_are_not_our_stop() -> None:
    assert not flow_of(opened(40), traffic(), lost(30, BUDS)).stops


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
