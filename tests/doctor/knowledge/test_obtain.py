import re

import pytest

from unstuck.doctor.knowledge.loader import obtain, obtainable
from unstuck.doctor.knowledge.schema import Obtain

EVERY = {
    (way.id, way.platform): way
    for way in (
        *obtainable("any"),
        *obtainable("iphone"),
        *obtainable("android"),
        *obtainable("samsung"),
        *obtainable("google"),
        *obtainable("xiaomi"),
        *obtainable("huawei"),
    )
}


@pytest.mark.parametrize(
    ("platform", "kinds"),
    [
        ("android", {"bugreport", "hci", "takeout", "dumpsys"}),
        ("samsung", {"bugreport", "hci", "takeout", "dumpsys"}),
        ("iphone", {"hci", "sysdiagnose", "takeout"}),
        ("any", {"bugreport", "hci", "sysdiagnose", "takeout", "dumpsys"}),
    ],
)
def test_each_platform_lists_what_it_can_give(platform: str, kinds: set[str]) -> None:
    assert {way.id for way in obtainable(platform)} == kinds


@pytest.mark.parametrize("maker", ["Samsung", "google", "Xiaomi", "HUAWEI"])
def test_makers_with_their_own_bluetooth_log_show_it(maker: str) -> None:
    way = obtain("hci", maker)
    assert way is not None
    assert way.platform == maker.lower()


def test_other_makers_fall_back_to_android() -> None:
    way = obtain("hci", "fairphone")
    assert way is not None
    assert way.platform == "android"


def test_what_a_platform_cannot_give_is_none() -> None:
    assert obtain("bugreport", "iphone") is None
    assert obtain("sysdiagnose", "android") is None
    assert obtain("tea") is None


@pytest.mark.parametrize("way", EVERY.values(), ids=lambda way: f"{way.id}-{way.platform}")
def test_way_ends_in_a_diagnosis_and_says_what_is_private(way: Obtain) -> None:
    assert any("unstuck diagnose" in line for line in way.lines)
    assert re.search(r"address|names|health data", way.note)
    assert [line for line in way.lines if len(line) > 110 or "{" in line] == []


def test_log_that_may_hold_keys_says_so() -> None:
    notes = [way.note for way in EVERY.values() if way.id == "hci"]
    assert len(notes) == 6
    assert all("keys" in note for note in notes)


def test_what_was_switched_on_is_switched_off_again() -> None:
    for way in EVERY.values():
        if way.id in {"hci", "dumpsys", "sysdiagnose"}:
            assert re.search(r"off again|Remove the profile", " ".join(way.lines)), (way.id, way.platform)
