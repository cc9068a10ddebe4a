"""What a phone forbids, reason by reason, and what a computer can tell of itself."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from unstuck.chain.phone.host import (
    RESERVE_BYTES,
    Bucket,
    HostAct,
    HostForbidsError,
    HostState,
    HostWhy,
    Network,
    Permission,
    ask,
    reasons_not,
)
from unstuck.chain.phone.hosts import Desktop, SettableHost
from unstuck.doctor.knowledge.loader import load

BACKGROUND = HostState(on_screen=False)
"""An app like any other that nobody looks at."""
PERMISSIONS = frozenset(Permission)
RUN, WAKE, RADIO, SCAN = HostAct.RUN, HostAct.WAKE, HostAct.USE_RADIO, HostAct.SCAN
JOURNAL, TRIM, UPLOAD = HostAct.WRITE_JOURNAL, HostAct.TRIM, HostAct.UPLOAD


def saying(state: HostState) -> dict[HostWhy, set[HostAct]]:
    found: dict[HostWhy, set[HostAct]] = {}
    for act in HostAct:
        for reason in reasons_not(act, state):
            assert reason.act is act
            found.setdefault(reason.why, set()).add(act)
    return found


class Case(NamedTuple):
    """One state, and all that it forbids."""

    state: HostState
    why: HostWhy
    acts: set[HostAct]
    cause: str


CASES = [
    Case(replace(BACKGROUND, force_stopped=True), HostWhy.FORCE_STOPPED, set(HostAct), "phone.app_stopped"),
    Case(
        replace(BACKGROUND, background_restricted=True, unrestricted=True),
        HostWhy.BACKGROUND_RESTRICTED,
        {RUN, WAKE, UPLOAD},
        "phone.background_restricted",
    ),
    Case(
        replace(BACKGROUND, bucket=Bucket.RESTRICTED, charging=True),
        HostWhy.STANDBY_RESTRICTED,
        {RUN, WAKE, UPLOAD},
        "phone.background_restricted",
    ),
    Case(
        replace(BACKGROUND, bucket=Bucket.NEVER),
        HostWhy.STANDBY_RESTRICTED,
        {RUN, WAKE, UPLOAD},
        "phone.background_restricted",
    ),
    Case(replace(BACKGROUND, bucket=Bucket.RARE), HostWhy.STANDBY_RARE, {WAKE, UPLOAD}, "phone.background_restricted"),
    Case(replace(BACKGROUND, battery_saver=True), HostWhy.BATTERY_SAVER, {RUN, UPLOAD}, "phone.battery_saver"),
    Case(
        replace(BACKGROUND, dozing=True, unrestricted=True), HostWhy.DOZE_ALARMS, {WAKE}, "phone.background_restricted"
    ),
    Case(replace(BACKGROUND, auto_start_off=True), HostWhy.AUTO_START_OFF, {WAKE}, "phone.background_restricted"),
    Case(HostState(bluetooth_on=False), HostWhy.BLUETOOTH_OFF, {RADIO, SCAN, TRIM}, "bluetooth.off"),
    Case(
        HostState(bluetooth_on=False, airplane_mode=True), HostWhy.AIRPLANE_MODE, {RADIO, SCAN, TRIM}, "bluetooth.off"
    ),
    Case(
        HostState(permissions=PERMISSIONS - {Permission.NEARBY_DEVICES}),
        HostWhy.NO_NEARBY_DEVICES,
        {RADIO, SCAN, TRIM},
        "phone.permission_missing",
    ),
    Case(
        HostState(permissions=PERMISSIONS - {Permission.LOCATION}, scan_needs_location=True),
        HostWhy.NO_LOCATION,
        {SCAN},
        "phone.permission_missing",
    ),
    Case(
        HostState(permissions=PERMISSIONS - {Permission.STORAGE}, journal_is_shared=True),
        HostWhy.NO_STORAGE,
        {JOURNAL, TRIM},
        "phone.permission_missing",
    ),
    Case(HostState(storage_free_bytes=RESERVE_BYTES - 1), HostWhy.DISK_FULL, {JOURNAL, TRIM}, "phone.storage_full"),
    Case(HostState(storage_quota_left_bytes=0), HostWhy.QUOTA_FULL, {JOURNAL, TRIM}, "phone.storage_full"),
    Case(HostState(network=Network.NONE), HostWhy.OFFLINE, {UPLOAD}, "phone.offline"),
    Case(HostState(network=Network.CAPTIVE_PORTAL), HostWhy.CAPTIVE_PORTAL, {UPLOAD}, "phone.offline"),
    Case(HostState(network=Network.UNVALIDATED), HostWhy.NOT_VALIDATED, {UPLOAD}, "phone.offline"),
    Case(replace(BACKGROUND, data_saver=True, metered=True), HostWhy.DATA_SAVER, {UPLOAD}, "phone.background_data_off"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_each_state_forbids_just_its_acts_and_names_its_cause(case: Case) -> None:
    assert saying(case.state) == {case.why: case.acts}
    for act in case.acts:
        (reason,) = reasons_not(act, case.state)
        assert reason.cause == case.cause
        assert reason.text == f"{reason.words}: {reason.step}"


def test_doze_stops_an_app_that_is_not_exempt_altogether() -> None:
    state = replace(BACKGROUND, dozing=True)
    assert saying(state) == {HostWhy.DOZE: {RUN, UPLOAD}, HostWhy.DOZE_ALARMS: {WAKE}}


def test_there_is_a_case_for_every_reason_and_each_names_a_cause_of_the_catalogue() -> None:
    assert {case.why for case in CASES} | {HostWhy.DOZE} == set(HostWhy)
    assert {case.cause for case in CASES} <= set(load().causes)


@pytest.mark.parametrize(
    "state",
    [
        HostState(),
        BACKGROUND,
        # who looks at the app lifts what limits the background
        HostState(
            background_restricted=True,
            bucket=Bucket.RESTRICTED,
            battery_saver=True,
            dozing=True,
            auto_start_off=True,
            data_saver=True,
            metered=True,
        ),
        replace(BACKGROUND, battery_saver=True, unrestricted=True),
        replace(BACKGROUND, bucket=Bucket.RARE, charging=True),
        replace(BACKGROUND, bucket=Bucket.FREQUENT),
        replace(BACKGROUND, data_saver=True),
        replace(BACKGROUND, metered=True),
        replace(BACKGROUND, data_saver=True, metered=True, data_saver_exempt=True),
        HostState(airplane_mode=True),
        HostState(permissions=frozenset({Permission.NEARBY_DEVICES})),
        HostState(storage_free_bytes=RESERVE_BYTES, storage_quota_left_bytes=RESERVE_BYTES),
    ],
)
def test_what_only_looks_like_a_limit_forbids_nothing(state: HostState) -> None:
    assert saying(state) == {}


def test_every_reason_is_told_not_only_the_first() -> None:
    state = replace(
        BACKGROUND, battery_saver=True, background_restricted=True, network=Network.NONE, data_saver=True, metered=True
    )
    assert [reason.why for reason in reasons_not(UPLOAD, state)] == [
        HostWhy.BACKGROUND_RESTRICTED,
        HostWhy.BATTERY_SAVER,
        HostWhy.OFFLINE,
        HostWhy.DATA_SAVER,
    ]
    with pytest.raises(HostForbidsError) as forbidden:
        ask(SettableHost(lambda: 0.0, state), JOURNAL, UPLOAD)
    assert forbidden.value.causes == (
        "phone.background_restricted",
        "phone.battery_saver",
        "phone.offline",
        "phone.background_data_off",
    )


def test_a_settable_host_changes_when_told_and_when_its_time_has_come() -> None:
    now = [100.0]
    host = SettableHost(lambda: now[0])
    host.at(200.0, network=Network.NONE)
    host.at(300.0, network=Network.VALIDATED)
    seen = []
    for now[0] in (100.0, 200.0, 299.0, 300.0):
        seen.append(bool(host.forbids(UPLOAD)))
    assert seen == [False, True, True, False]
    host.set(bluetooth_on=False)
    assert [reason.why for reason in host.forbids(RADIO)] == [HostWhy.BLUETOOTH_OFF]
    assert host.asked == [UPLOAD] * 4 + [RADIO]
    with pytest.raises(TypeError):
        host.set(nonsense=True)


def test_a_computer_forbids_only_to_fill_its_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = shutil.disk_usage(tmp_path)
    free = [RESERVE_BYTES]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: room._replace(free=free[0]))
    host = Desktop(tmp_path)
    assert {act for act in HostAct if host.forbids(act)} == set()
    free[0] -= 1
    assert {act for act in HostAct if host.forbids(act)} == {JOURNAL, TRIM}
    assert {act for act in HostAct if Desktop().forbids(act)} == set()


def test_a_disk_that_cannot_be_asked_is_not_called_full(tmp_path: Path) -> None:
    assert Desktop(tmp_path / "nowhere").forbids(JOURNAL) == ()
