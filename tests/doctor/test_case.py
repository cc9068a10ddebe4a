from tests.doctor.rules.cases import END, TRACKER, advert, at, opened
from unstuck.doctor.case import choose_packages, choose_tracker
from unstuck.model.diagnosis import Tracker
from unstuck.model.evidence import FactSet, Value

MI = "com.mi.health"
XIAOMI = "com.xiaomi.wearable"
BAND = Tracker("d0:00:00:00:00:09", "Smart Band 9", "xiaomi")


def recognised(subject: str, name: str = "Inspire 3") -> Value:
    return {"vendor": "fitbit", "name": name, "by": "advert", "sure": 0.95}


def test_a_tracker_that_was_only_heard_may_be_a_neighbours() -> None:
    heard = at("device.recognised", recognised(TRACKER), 9, TRACKER)
    assert "only heard" in choose_tracker(FactSet((heard, advert(9, -90)))).note
    assert not choose_tracker(FactSet((heard, opened(8)))).note


def test_the_export_and_the_trace_speak_of_one_tracker() -> None:
    listed: Value = {"name": "Inspire 3", "type": "Inspire 3", "firmware": "", "address": "", "bonded": True}
    facts = FactSet((at("device.recognised", recognised(TRACKER), 9, TRACKER), at("tracker.device", listed, 0, "4711")))
    found = choose_tracker(facts)
    assert found.subjects == {TRACKER, "4711"}
    assert found.tracker is not None
    assert found.tracker.id == TRACKER


def test_of_two_apps_of_one_vendor_the_one_in_use_counts() -> None:
    idle = at("app.stopped", True, 0, XIAOMI)
    used = at("app.beat", {"job": "sync"}, 5, MI)
    assert choose_packages(FactSet((idle, used)), BAND) == {MI}
    assert choose_packages(FactSet((idle,)), BAND) >= {MI, XIAOMI}


def test_a_package_the_person_names_is_the_only_one() -> None:
    assert choose_packages(FactSet(()), BAND, "org.example.app") == {"org.example.app"}


def test_undated_evidence_has_no_end() -> None:
    from unstuck.doctor.case import end_of_evidence

    assert end_of_evidence(FactSet(()), [None]) is None
    assert end_of_evidence(FactSet((advert(5, -60),)), [(END, END)]) == END


def test_a_tracker_may_be_named_by_its_masked_address() -> None:
    heard = at("device.recognised", recognised(TRACKER), 9, TRACKER)
    found = choose_tracker(FactSet((heard, opened(8))), "XX:XX:XX:XX:DE:51").tracker
    assert found is not None
    assert found.id == TRACKER
