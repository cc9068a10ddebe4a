"""What the fixes do to the lab's world, where more than one thing follows from one of them."""

import random
from collections.abc import Callable

import pytest

from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.repair import LOOK_AGAIN_MINUTES
from unstuck.lab import acts
from unstuck.lab.phone.models import MODELS
from unstuck.lab.phone.phone import LabPhone
from unstuck.lab.state import Hung, State
from unstuck.lab.treating import by_order
from unstuck.lab.ways import causes

NOW_S = 1_773_273_600.0
MEGABYTE = 2**20
RESTART_MINUTES = load().fixes["restart_tracker"].minutes + LOOK_AGAIN_MINUTES


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


def _low(state: State) -> None:
    state.wrist.battery_percent = acts.HALF_CHARGED_PERCENT - 1


def _old_app(state: State) -> None:
    state.phone.update_app("3.0.0", 30_000_000)


def _offered(state: State) -> None:
    state.person.update_waited = True


def _full(state: State) -> None:
    state.phone.state.storage_free_bytes = acts.ENOUGH_ROOM_BYTES - 1


def _own_limit(state: State) -> None:
    state.phone.state.storage_quota_bytes = 5 * MEGABYTE


@pytest.mark.parametrize(
    ("fix", "wanting"),
    [
        ("charge_tracker", _low),
        ("update_app", _old_app),
        ("update_firmware", _offered),
        ("free_phone_storage", _full),
        ("free_phone_storage", _own_limit),
    ],
)
def test_long_fix_ends_where_its_steps_say_that_it_is_not_needed(
    state: State, fix: str, wanting: Callable[[State], None]
) -> None:
    known = load().fixes[fix]
    assert known.needless_minutes is not None
    state.wrist.hung = Hung.MUTE
    state.wrist.battery_percent = 80.0
    state.phone.update_app(acts.NEWEST_APP, acts.NEWEST_APP_CODE)
    assert by_order(state, (fix, "restart_tracker"), "1").minutes == known.needless_minutes + RESTART_MINUTES
    wanting(state)
    assert (
        by_order(state, (fix, "restart_tracker"), "1").minutes == known.minutes + LOOK_AGAIN_MINUTES + RESTART_MINUTES
    )


def test_what_only_doing_tells_is_done_to_its_end(state: State) -> None:
    quick = {fix.id for fix in load().fixes.values() if fix.needless_minutes is None}
    assert [fix for fix in sorted(quick) if acts.needless(fix, state)] == []
