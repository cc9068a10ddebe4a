from datetime import timedelta

from tests.doctor.rules.cases import BUDS, END, TRACKER, lost, opened, unheard
from tests.doctor.rules.cases import at as seen
from unstuck.doctor.links import history
from unstuck.model.evidence import FactSet

TRACES = {"synthetic": (END - timedelta(hours=10), END)}


def test_a_link_runs_from_opening_to_loss() -> None:
    spans = history(FactSet((opened(60), lost(20))), TRACES).of([TRACKER])
    assert [(span.start, span.end) for span in spans] == [(END - timedelta(minutes=60), END - timedelta(minutes=20))]


def test_a_link_lost_without_an_opening_began_before_the_trace() -> None:
    assert history(FactSet((lost(20),)), TRACES).of([TRACKER])[0].start is None


def test_an_opening_without_an_end_is_still_up() -> None:
    assert history(FactSet((opened(60),)), TRACES).of([TRACKER])[0].end is None


def test_a_second_opening_ends_the_first() -> None:
    spans = history(FactSet((opened(60), opened(30))), TRACES).of([TRACKER])
    assert [span.end for span in spans] == [END - timedelta(minutes=30), None]


def test_classic_links_are_left_out() -> None:
    classic = seen(
        "link.lost", {"handle": 1, "transport": "br", "reason": 8, "held_s": 1.0, "last_rssi": None}, 5, BUDS
    )
    found = history(FactSet((classic,)), TRACES)
    assert not found.of([BUDS])
    assert not found.trouble


def test_open_at_names_only_other_devices_with_a_link_then() -> None:
    found = history(FactSet((opened(60), opened(50, BUDS), lost(30, BUDS))), TRACES)
    when = END - timedelta(minutes=40)
    assert [span.subject for span in found.open_at(when, [TRACKER])] == [BUDS]
    assert not found.open_at(END, [TRACKER])


def test_failures_without_a_settled_link_between_are_one_run() -> None:
    found = history(
        FactSet((opened(300), lost(200), opened(190), lost(185), unheard(180), opened(170), lost(20))), TRACES
    )
    runs = found.runs_of_trouble([TRACKER], END)
    assert [(END - first, END - last, count) for first, last, count in runs] == [
        (timedelta(minutes=200), timedelta(minutes=180), 3),
        (timedelta(minutes=20), timedelta(minutes=20), 1),
    ]


def test_a_settled_link_ends_the_trouble() -> None:
    found = history(FactSet((lost(90), opened(60))), TRACES)
    assert found.settled([TRACKER], END - timedelta(minutes=90), END)
    assert not found.settled([TRACKER], END - timedelta(minutes=50), END)


def test_a_link_counts_only_as_far_as_its_trace_was_watched() -> None:
    short = {"synthetic": (END - timedelta(hours=10), END - timedelta(minutes=55))}
    found = history(FactSet((lost(90), opened(60))), short)
    assert not found.settled([TRACKER], END - timedelta(minutes=90), END)
    assert not found.open_at(END, [])


def test_a_restart_of_bluetooth_ends_every_link() -> None:
    reset = seen("hci.reset", {"at_start": False}, 30)
    assert history(FactSet((opened(60), reset)), TRACES).of([TRACKER])[0].end == END - timedelta(minutes=30)
