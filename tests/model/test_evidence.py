from datetime import UTC, datetime, timedelta

from unstuck.model.evidence import Fact, FactSet

NOON = datetime(2026, 3, 19, 12, tzinfo=UTC)


def fact(minutes: float | None, subject: str = "", name: str = "phone.battery") -> Fact:
    time = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Fact(name, 80, time, "a", "line 1", "", subject)


def test_facts_come_in_time_order_undated_first() -> None:
    late, early, undated = fact(5), fact(1), fact(None)
    assert FactSet((late, early, undated)).all("phone.battery") == [undated, early, late]


def test_several_names_are_merged_in_time_order() -> None:
    one, two = fact(2), fact(1, name="phone.location")
    assert FactSet((one, two)).all("phone.battery", "phone.location") == [two, one]


def test_latest_is_of_the_subject_asked_for() -> None:
    facts = FactSet((fact(1, "a"), fact(9, "b")))
    found = facts.latest("phone.battery", subject="a")
    assert found is not None
    assert found.subject == "a"
    assert facts.latest("phone.battery", subject="c") is None


def test_a_yes_is_no_number_and_a_number_no_yes() -> None:
    assert Fact("x", True, None, "a", "b").number() is None
    assert Fact("x", 1, None, "a", "b").flag() is None
    assert Fact("x", True, None, "a", "b").flag() is True


def test_named_parts_and_scalars_do_not_mix() -> None:
    parts = Fact("x", {"on": True, "count": 2}, None, "a", "b")
    assert parts.flag("on") is True
    assert parts.number("count") == 2
    assert parts.number() is None
    assert parts.text("missing") == ""
    assert Fact("x", 5, None, "a", "b").number("count") is None
