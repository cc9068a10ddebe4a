from datetime import UTC, datetime
from pathlib import Path

import pytest

from unstuck.model.evidence import Fact, Value
from unstuck.model.vocabulary import KINDS, violations

NOON = datetime(2026, 3, 19, 12, tzinfo=UTC)
SOURCE = Path(__file__).parents[2] / "src" / "unstuck"


def test_every_kind_describes_its_value() -> None:
    assert all(kind.fields and kind.meaning for kind in KINDS.values())


def test_every_word_a_rule_asks_for_is_in_the_vocabulary() -> None:
    """A rule that asks for a fact no reader may state would be silent for ever."""
    import re

    asked = set()
    for path in (SOURCE / "doctor").rglob("*.py"):
        asked |= set(
            re.findall(
                r"\"((?:agent|hci|ledger|link|att|advert|pairing|gatt|app|power|phone|network|bluetooth|tracker|server|ble|rssi|links|device|reported)\.[a-z_]+)\"",
                path.read_text("utf-8"),
            )
        )
    causes = {name for name in asked if (SOURCE / "doctor/knowledge/causes.toml").read_text("utf-8").count(f'"{name}"')}
    assert asked - causes
    assert asked - causes <= set(KINDS)


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("no.such_word", True, "not in the vocabulary"),
        ("hci.hardware_error", {"code": 1, "colour": 2}, "unknown part 'colour'"),
        ("hci.hardware_error", {}, "part 'code' is missing"),
        ("hci.hardware_error", 1, "needs named parts"),
    ],
)
def test_what_does_not_fit_is_named(name: str, value: Value, wrong: str) -> None:
    assert any(wrong in said for said in violations(Fact(name, value, NOON, "a.log", "packet 1")))


def test_a_fact_needs_a_place_and_an_aware_time() -> None:
    naive = datetime(2026, 3, 19, 12)  # noqa: DTZ001 - the missing zone is what is tested
    assert violations(Fact("phone.battery", 80, NOON, "", ""))
    assert violations(Fact("phone.battery", 80, naive, "a", "line 1"))
    assert violations(Fact("phone.battery", 80, NOON, "a", "line 1", "x" * 201))
    assert not violations(Fact("phone.battery", 80, NOON, "a", "line 1"))
