"""The hand over adb: it does what a permit holds, and believes no answer that says no."""

import asyncio

import pytest

from tests.doctor.remedies.stage import NOTHING_AT_STAKE, PHONE, planned
from unstuck.doctor.remedies.acts import AdbLook, AdbShell, BluezLook, Done
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.doctor.remedies.hands.adb import AdbHand
from unstuck.doctor.remedies.permit import Consent, Permit, Request, permit
from unstuck.model.errors import ErrorCode, LiveError


def leave(name: str, command: str, **read: str) -> Permit:
    remedy = REMEDIES[name]
    raw = {look: next(iter(read.values())) for look in remedy.looks(PHONE)}
    ends = command == "svc power reboot"
    request = Request(remedy, PHONE, AdbShell(command, ends_link=ends), Consent(remedy.id, PHONE, raw))
    return permit(request, [planned(remedy.fix)], NOTHING_AT_STAKE)


def hand(output: str, status: int | None = 0, *, gone: bool = False) -> tuple[AdbHand, list[str]]:
    ran: list[str] = []

    async def shell(command: str) -> tuple[str, int | None]:
        ran.append(command)
        if gone:
            raise LiveError(ErrorCode.LIVE_GONE, serial="R5CT", doing="it was asked")
        return output, status

    return AdbHand(shell), ran


def test_the_permitted_command_is_run_and_no_other() -> None:
    own, ran = hand("")
    assert asyncio.run(own.make(leave("adb.battery_saver_off", "settings put global low_power 0", read="1"))) == Done(
        True
    )
    assert ran == ["settings put global low_power 0"]


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ("", 1),
        ("Error: Invalid namespace 'globe'", 0),
        ("java.lang.SecurityException: Shell does not have permission", 0),
        ("/system/bin/sh: cmd: not found", None),
    ],
)
def test_a_refusal_is_told(output: str, status: int | None) -> None:
    own, _ = hand(output, status)
    done = asyncio.run(own.make(leave("adb.battery_saver_off", "settings put global low_power 0", read="1")))
    assert not done.ok
    assert done.text == output


def test_a_phone_that_goes_away_by_a_restart_did_what_it_was_told() -> None:
    own, _ = hand("", gone=True)
    assert asyncio.run(own.make(leave("adb.reboot", "svc power reboot"))).ok
    away, _ = hand("", gone=True)
    done = asyncio.run(away.make(leave("adb.battery_saver_off", "settings put global low_power 0", read="1")))
    assert not done.ok
    assert "the phone went away" in done.text


def test_a_look_that_fails_reads_nothing() -> None:
    for own, _ in (hand("x", 1), hand("", gone=True)):
        assert asyncio.run(own.look(AdbLook("settings get global low_power"))) is None
    old, _ = hand("1\n", None)
    assert asyncio.run(old.look(AdbLook("settings get global low_power"))) == "1\n"


def test_it_takes_nothing_that_is_not_for_a_phone() -> None:
    own, ran = hand("")
    with pytest.raises(TypeError):
        asyncio.run(own.look(BluezLook("/", "i", "n")))
    assert ran == []
