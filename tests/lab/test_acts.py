"""What the fixes do to the lab's world, where more than one thing follows from one of them."""

import random

import pytest

from unstuck.lab import acts
from unstuck.lab.phone.models import MODELS
from unstuck.lab.phone.phone import LabPhone
from unstuck.lab.state import State
from unstuck.lab.ways import causes

NOW_S = 1_773_273_600.0
MEGABYTE = 2**20


@pytest.fixture
def state() -> State:
    return State(LabPhone(MODELS["pixel-14"], lambda: NOW_S, package="unstuck.agent", app_name="the Unstuck agent"))


def test_who_opens_the_app_to_look_ends_a_force_stop(state: State) -> None:
    state.phone.run(f"am force-stop {state.phone.state.app.package}")
    assert "phone.app_stopped" in causes(state)
    acts.open_app(state)
    assert "phone.app_stopped" not in causes(state)
    assert state.synced_by_hand == 1


@pytest.mark.parametrize("why", ["disabled", "closes"])
def test_an_app_that_does_not_open_syncs_nothing(state: State, why: str) -> None:
    app = state.phone.state.app
    app.enabled, app.data_corrupt = why != "disabled", why == "closes"
    state.wrist.lagging = True
    acts.open_app(state)
    assert (state.synced_by_hand, state.wrist.lagging) == (0, True)


def test_a_disabled_app_is_enabled_by_the_fix_and_not_by_looking(state: State) -> None:
    state.phone.state.app.enabled = False
    acts.do("sync_now", state, random.Random(1))
    assert state.phone.state.app.enabled
    assert state.synced_by_hand == 1


@pytest.mark.parametrize(("wanted", "free"), [(0, 45), (30, 15), (300, 5)])
def test_what_waits_for_room_takes_what_a_cleared_cache_frees(state: State, wanted: int, free: int) -> None:
    phone = state.phone.state
    phone.storage_free_bytes, phone.storage_wanted_bytes = 5 * MEGABYTE, wanted * MEGABYTE
    phone.app.cache_bytes = 40 * MEGABYTE
    acts.do("clear_app_cache", state, random.Random(1))
    assert phone.storage_free_bytes == free * MEGABYTE
    assert phone.app.cache_bytes == 0
    assert phone.storage_wanted_bytes == max(0, wanted - 40) * MEGABYTE


def test_two_gigabytes_are_room_for_all_that_waits(state: State) -> None:
    phone = state.phone.state
    phone.storage_free_bytes, phone.storage_wanted_bytes = 5 * MEGABYTE, 300 * MEGABYTE
    acts.do("free_phone_storage", state, random.Random(1))
    assert phone.storage_wanted_bytes == 0
    assert not phone.storage_low
