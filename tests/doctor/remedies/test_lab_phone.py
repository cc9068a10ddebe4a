"""Every remedy over adb on every model of the lab's phone: what is wrong is put right, and taken back when in vain."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.doctor.remedies.stage import NOTHING_AT_STAKE, Stage, StageHand, examination, planned
from unstuck.doctor.remedies.acts import Channel, Target
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.doctor.remedies.drive import Hand, drive
from unstuck.doctor.remedies.hands.adb import AdbHand
from unstuck.doctor.remedies.treatment import Treatment
from unstuck.lab.phone import MODELS, LabPhone, Model
from unstuck.model.history import How, Result

APP = "com.fitbit.FitbitMobile"
START_S = 1_770_000_000.0
SETTINGS = (
    "turn_bluetooth_on",
    "turn_off_battery_saver",
    "allow_background",
    "grant_permissions",
    "allow_background_data",
)


@dataclass
class Lab:
    """One of the lab's phones, in the worst state that settings can bring it into."""

    model: Model

    def __post_init__(self) -> None:
        self.now_s = START_S
        self.stage: Stage | None = None
        self.phone = LabPhone(self.model, self.clock, package=APP, app_name="Fitbit")
        state = self.phone.state
        state.charging = False
        state.battery_saver = state.data_saver = state.app.rejected_metered = True
        state.app.run_any_in_background = "ignore"
        state.app.permissions = set()
        self.phone.set_bluetooth(False)
        state.airplane_mode = self.model.sdk >= 30
        self.now_s += 40 * 86_400.0

    def clock(self) -> float:
        """The phone's time goes on while the treatment waits."""
        return self.now_s + (self.stage.waited_s if self.stage is not None else 0.0)

    async def shell(self, command: str) -> tuple[str, int | None]:
        result = self.phone.run(command)
        return (result.stdout + result.stderr).decode(), result.status

    def values(self) -> tuple[object, ...]:
        """All that the remedies over adb change."""
        state, standby = self.phone.state, self.phone.standby
        return (
            state.bluetooth,
            state.airplane_mode,
            state.battery_saver,
            state.app.run_any_in_background,
            state.app.run_any_of_uid,
            state.app.doze_exempt,
            state.app.rejected_metered,
            state.app.data_saver_exempt,
            frozenset(state.app.permissions),
            standby.bucket,
        )

    def treat(self, fixes: Sequence[str]) -> Stage:
        target = Target(Channel.ADB, "lab", self.model.sdk, APP, self.phone.state.app.uid)
        plan = [planned(fix) for fix in fixes]
        self.stage = stage = Stage([examination(*plan, situation=NOTHING_AT_STAKE, targets=[target])], [True] * 20)
        hands: dict[Channel, Hand | StageHand] = {Channel.ADB: AdbHand(self.shell)}
        asyncio.run(drive(Treatment().run(), stage, hands))
        return stage


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
@pytest.mark.parametrize("fix", SETTINGS)
def test_what_is_wrong_is_put_right_and_restored_when_it_does_not_help(model: Model, fix: str) -> None:
    lab = Lab(model)
    before = lab.values()
    stage = lab.treat([fix])
    entry, *after = stage.journal
    assert entry.tried.result is Result.UNDONE, entry.tried.note
    assert [one.tried.how for one in after] == [How.GUIDED] * REMEDIES[entry.remedy].in_part
    assert entry.tried.changes
    assert all(change.undone for change in entry.tried.changes)
    assert lab.values() == before


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_bluetooth_goes_off_and_on_and_the_phone_restarts(model: Model) -> None:
    lab = Lab(model)
    lab.phone.state.airplane_mode = False
    lab.phone.set_bluetooth(True)
    before = lab.values()
    stage = lab.treat(["restart_bluetooth", "restart_phone"])
    assert [entry.tried.result for entry in stage.journal] == [Result.DID_NOT_HELP, Result.DID_NOT_HELP]
    assert lab.values() == before
    assert stage.waited_s > 120, "it is given time to start"


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_the_app_is_opened_and_started_afresh(model: Model) -> None:
    lab = Lab(model)
    lab.phone.force_stop()
    stage = lab.treat(["sync_now"])
    assert [(entry.remedy, entry.tried.result) for entry in stage.journal] == [
        ("adb.app_open", Result.DID_NOT_HELP),
        ("adb.app_restart", Result.DID_NOT_HELP),
    ]
    assert not lab.phone.state.app.stopped
    assert lab.phone.state.on_screen == APP


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_only_the_cache_is_cleared_and_only_where_the_phone_can(model: Model) -> None:
    lab = Lab(model)
    data, permissions = lab.phone.state.app.data_bytes, set(lab.phone.state.app.permissions)
    (entry,) = lab.treat(["clear_app_cache"]).journal
    can = model.android >= 14
    assert entry.tried.result is (Result.DID_NOT_HELP if can else Result.DECLINED)
    assert (lab.phone.state.app.cache_bytes == 0) is can
    assert (lab.phone.state.app.data_bytes, lab.phone.state.app.permissions) == (data, permissions)
