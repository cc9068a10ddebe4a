"""What the timeline shows is what the facts say, however many there are."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import sample
from unstuck.doctor.telling.wording import Clock
from unstuck.model.evidence import Fact
from unstuck.web.report.axis import framed, level_ticks, ticks
from unstuck.web.report.chart import NARROW, WIDE, Canvas, draw, thinned
from unstuck.web.report.days import draw_days, radio_days
from unstuck.web.report.lanes import MOST_PEERS, Series, Sign, close_up, picture

WHOLE = replace(sample.stuck_by_range(), facts=sample.capture_facts())


def fact(name: str, value: object, seconds: float, subject: str = "") -> Fact:
    """A fact with any value."""
    return Fact(name, value, sample.at(seconds), "x.log", "line 1", subject=subject)  # type: ignore[arg-type] # any value


def test_links_of_the_real_capture_are_bars_from_opening_to_end() -> None:
    own = picture(WHOLE).lanes[0]
    assert own.own
    assert own.label == f"Inspire 3 ({sample.TRACKER})"
    seconds = [(round((bar.end - bar.start).total_seconds()), bar.begun, bar.over) for bar in own.bars]
    assert seconds == [(4514, True, True), (36, True, True), (919, True, True)]


def test_losses_and_failed_attempts_are_marks_in_their_lanes() -> None:
    lanes = picture(WHOLE).lanes
    marks = [mark.sign for lane in lanes for mark in lane.marks if lane.subject]
    assert marks.count(Sign.LOST) == 6
    assert marks.count(Sign.UNHEARD) == 5
    assert marks.count(Sign.ENDED) == 3
    own = [mark.sign for mark in lanes[0].marks]
    assert (own.count(Sign.LOST), own.count(Sign.UNHEARD)) == (2, 3)


def test_link_that_began_before_the_trace_is_open_to_the_left() -> None:
    lost = fact("link.lost", {"handle": 1, "reason": 8, "held_s": None}, 50, "aa")
    first = fact("hci.reset", {"at_start": True}, 0)
    bar = picture(replace(WHOLE, facts=(first, lost))).lanes[0].bars[0]
    assert (bar.start, bar.end, bar.begun, bar.over) == (sample.at(0), sample.at(50), False, True)


def test_link_still_up_at_the_end_is_open_to_the_right() -> None:
    opened = fact("link.opened", {"handle": 1}, 10, "aa")
    last = fact("rssi.read", {"rssi": -60}, 90, "aa")
    bar = picture(replace(WHOLE, facts=(opened, last))).lanes[0].bars[0]
    assert (bar.start, bar.end, bar.begun, bar.over) == (sample.at(10), sample.at(90), True, False)


def test_bad_state_of_a_switch_lasts_until_it_is_switched_back() -> None:
    facts = (
        fact("hci.reset", {"at_start": True}, 0),
        fact("bluetooth.switched", {"on": False, "reason": "AIRPLANE_MODE", "by": ""}, 10),
        fact("bluetooth.switched", {"on": True, "reason": "", "by": ""}, 40),
        fact("power.battery_saver_switched", True, 60),
        fact("rssi.read", {"rssi": -60}, 90, "aa"),
    )
    lanes = {lane.label: lane for lane in picture(replace(WHOLE, facts=facts)).lanes}
    bluetooth, saver = lanes["Bluetooth of the phone"], lanes["Battery saver"]
    assert [(bar.start, bar.end, bar.over) for bar in bluetooth.bars] == [(sample.at(10), sample.at(40), True)]
    assert [(bar.start, bar.end, bar.over) for bar in saver.bars] == [(sample.at(60), sample.at(90), False)]
    assert bluetooth.marks[1].text == "Bluetooth off (AIRPLANE_MODE)"


def test_history_outside_the_trace_is_counted_and_not_drawn() -> None:
    drawn = picture(sample.stuck_by_range())
    assert drawn.happenings_left_out == 1
    assert drawn.span is not None
    assert all(drawn.span[0] <= mark.time <= drawn.span[1] for lane in drawn.lanes for mark in lane.marks)


def test_devices_without_a_lane_are_counted() -> None:
    drawn = picture(sample.crowded(400))
    assert sum(bool(lane.subject) for lane in drawn.lanes) == MOST_PEERS
    assert drawn.devices_left_out > 0


def test_unavailable_signal_is_not_drawn() -> None:
    facts = (fact("advert.seen", {"rssi": None}, 1, "aa"), fact("rssi.read", {"rssi": 127}, 2, "aa"))
    assert picture(replace(WHOLE, facts=facts)).series == ()


def test_close_up_shows_the_time_since_it_is_stuck() -> None:
    closer = close_up(picture(sample.stuck_by_range()), sample.stuck_by_range().since)
    assert closer is not None
    assert closer.span is not None
    assert (closer.span[1] - closer.span[0]).total_seconds() < 600
    assert close_up(picture(sample.healthy()), None) is None


def test_close_up_of_a_healthy_link_shows_its_troubles() -> None:
    closer = close_up(picture(WHOLE), None)
    assert closer is not None
    assert closer.span is not None
    assert closer.span[0] < sample.at(4758.3) < sample.at(5066.8) < closer.span[1]


def test_thinning_keeps_lowest_and_highest() -> None:
    scale = framed(sample.at(0), sample.at(6000), 44, 900)
    points = [(sample.at(n * 0.5), float(-60 - (n * 37) % 41)) for n in range(12_000)]
    thin = thinned(points, scale)
    assert len(thin) < 700
    assert min(level for _, level in thin) == min(level for _, level in points)
    assert max(level for _, level in thin) == max(level for _, level in points)


def test_words_of_the_picture_are_in_the_picture() -> None:
    svg = str(draw(picture(WHOLE), WIDE, Clock("UTC"), WHOLE.since, "in words"))
    assert "<desc" in svg
    assert "in words" in svg
    assert 'role="img"' in svg


@pytest.mark.parametrize("canvas", [WIDE, NARROW])
def test_axis_labels_do_not_touch(canvas: Canvas) -> None:
    for hours in (0.01, 0.5, 1.7, 9, 30, 24 * 20, 24 * 400, 24 * 5000):
        scale = framed(sample.at(0), sample.at(3600 * hours), canvas.left, canvas.width - canvas.left - 8)
        most = max(2, int(scale.width / canvas.tick_units))
        found = ticks(scale, Clock("Europe/Vienna"), most)
        assert 1 <= len(found) <= most + 1
        xs = [scale.x(moment) for moment, _ in found]
        assert all(later - earlier > 40 for earlier, later in pairwise(xs))


def test_axis_counts_in_the_phones_zone() -> None:
    scale = framed(datetime(2026, 3, 19, 20, tzinfo=UTC), datetime(2026, 3, 20, 6, tzinfo=UTC), 0, 900)
    labels = [label for _, label in ticks(scale, Clock("Europe/Vienna"), 10)]
    assert labels == ["22:00", "20 Mar", "02:00", "04:00", "06:00"]


@settings(max_examples=80, deadline=None)
@given(
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/Vienna", "Asia/Kathmandu", "nonsense"]),
)
def test_any_span_can_be_framed_and_ticked(one: datetime, two: datetime, zone: str) -> None:
    first, last = min(one, two), max(one, two)
    scale = framed(first, last, 44, 900)
    assert 44 <= scale.x(first) <= scale.x(last) <= 944
    assert len(ticks(scale, Clock(zone), 9)) <= 10


DRAWN = [
    "link.opened", "link.lost", "link.ended", "link.not_established", "link.refused", "advert.seen", "rssi.read",
    "bluetooth.switched", "power.battery_saver_switched", "app.killed", "tracker.log_gap", "pairing.failed",
]  # fmt: skip
ROWS = st.tuples(
    st.sampled_from(DRAWN),
    st.floats(0, 1e6),
    st.sampled_from(["", "aa", "bb", sample.TRACKER]),
    st.integers(-200, 200),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=40))
def test_any_facts_in_any_order_make_a_picture(rows: list[tuple[str, float, str, int]]) -> None:
    facts = tuple(
        fact(name, {"handle": n, "rssi": n, "on": n > 0, "held_s": n, "reason": n, "status": n}, seconds, subject)
        for name, seconds, subject, n in rows
    )
    drawn = picture(replace(WHOLE, facts=facts))
    for canvas in (WIDE, NARROW):
        svg = str(draw(drawn, canvas, Clock("UTC"), sample.at(10), ""))
        assert "nan" not in svg
        assert "inf" not in svg


@pytest.mark.parametrize("levels", [(), ((sample.at(1), -70.0),)])
def test_series_without_points_or_with_one_is_drawn(levels: tuple[tuple[datetime, float], ...]) -> None:
    drawn = replace(picture(WHOLE), series=(Series("a device", own=True, adverts=False, points=levels),))
    svg = str(draw(drawn, WIDE, Clock("UTC"), None, ""))
    assert "Signal, dBm" in svg
    assert "−100" in svg


def test_close_up_without_signal_in_it_is_drawn() -> None:
    facts = (
        fact("rssi.read", {"rssi": -60}, 0, sample.TRACKER),
        fact("link.lost", {"reason": 8, "held_s": 5}, 9_000, sample.TRACKER),
        fact("hci.reset", {"at_start": True}, 10_000),
    )
    closer = close_up(picture(replace(WHOLE, facts=facts)), sample.at(9_500))
    assert closer is not None
    assert [one.points for one in closer.series] == [()]
    assert "<svg" in draw(closer, NARROW, Clock("UTC"), sample.at(9_500), "")


def test_device_with_two_names_is_called_as_in_the_list() -> None:
    facts = (
        fact("device.name", {"name": "Old"}, 1, "aa:bb:cc:dd:ee:01"),
        fact("device.name", {"name": "New"}, 2, "aa:bb:cc:dd:ee:01"),
        fact("bluetooth.bond", {"name": "Bond"}, 3, "aa:bb:cc:dd:ee:01"),
        fact("link.opened", {"handle": 1}, 4, "aa:bb:cc:dd:ee:01"),
        fact("rssi.read", {"rssi": -60}, 5, "aa:bb:cc:dd:ee:01"),
    )
    drawn = picture(replace(WHOLE, facts=facts))
    assert drawn.lanes[0].label == "New (aa:bb:cc:dd:ee:01)"
    assert drawn.series[0].label.startswith("New (aa:bb:cc:dd:ee:01),")


@pytest.mark.parametrize(
    ("subject", "name", "label"),
    [
        ("40:f9:57:6d:0c:14", "40F9576D0C14", "40:f9:57:6d:0c:14"),
        ("[address 3]", "[address 3]", "[address 3]"),
        ("[address 3]", "Inspire 3 [address 3]", "Inspire 3 [address 3]"),
        ("[address 3]", "Inspire 3", "Inspire 3 ([address 3])"),
    ],
)
def test_address_is_said_once_in_a_label(subject: str, name: str, label: str) -> None:
    facts = (fact("device.name", {"name": name}, 1, subject), fact("link.opened", {"handle": 1}, 2, subject))
    assert picture(replace(WHOLE, facts=facts)).lanes[0].label == label


def test_level_ticks_are_round() -> None:
    assert level_ticks(-100, -50, 10) == [-100, -90, -80, -70, -60, -50]
    assert level_ticks(0, 25, 6) == [0, 6, 12, 18, 24]


def test_radio_days_survive_nonsense() -> None:
    facts = (
        fact("tracker.radio_day", {"date": "2026-03-19", "advertise_h": -5.0, "fast_h": None, "reports": 1}, 1),
        fact("tracker.radio_day", {"date": "yesterday", "advertise_h": 5.0, "reports": 1}, 2),
    )
    days = radio_days(replace(WHOLE, facts=facts))
    assert [day.hours for day in days] == [(0.0, 0.0, 0.0, 0.0, 0.0)]
    assert "nan" not in draw_days(days, WIDE)
    assert draw_days([], WIDE) == ""


def test_days_longer_than_24_hours_are_drawn_whole() -> None:
    value = {
        "date": "2026-03-19",
        "advertise_h": 20.0,
        "fast_h": 20.0,
        "slow_gg_h": 0,
        "idle_gg_h": 0,
        "slow_none_h": 0,
    }
    svg = draw_days(radio_days(replace(WHOLE, facts=(fact("tracker.radio_day", value, 1),))), WIDE)
    assert svg.count('height="90"') == 2
