"""``unstuck diagnose bluez`` in the guest: what BlueZ and the monitor say of a tracker near it, and of no radio."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.bluez.conftest import Linux
from tests.bluez.wrist import Wrist, worn

pytestmark = [pytest.mark.bluez, pytest.mark.anyio, pytest.mark.timeout(400)]

RUN_LIMIT_S = 180.0
"""Imports alone take half a minute in a guest without KVM."""
SCANS_S = 150
"""For as long as it takes to start and to look; BlueZ shows the signal of a device only while somebody scans."""
RECORDS_S = 10

HOUR_S = 3600


@pytest.fixture(scope="module")
async def near(linux: Linux, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wrist]:
    """A tracker that advertises near the guest."""
    async with worn(linux.air, tmp_path_factory.mktemp("looked-at"), 7, HOUR_S) as wrist:
        yield wrist


async def diagnosed(linux: Linux, before: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a line of shell in the guest, then the doctor; its status and its document."""
    script = f'{before}; exec "$@"'
    options = ("diagnose", "bluez", "--json", "-", "--no-redact", *words)
    job = await linux.guest.python_in(script, "-m", "unstuck", *options, limit_s=RUN_LIMIT_S)
    done = await job.done()
    assert done.stdout, done
    return done.status, json.loads(done.stdout)


def facts(document: dict[str, Any], name: str, subject: str = "") -> list[dict[str, Any]]:
    """Facts of a kind, about a device or about the phone as a whole."""
    found = [fact for fact in document["facts"] if fact["name"] == name]
    about = [fact["value"].get("subject", "") if isinstance(fact["value"], dict) else "" for fact in found]
    return [fact for fact, whose in zip(found, about, strict=True) if whose == subject]


async def test_adapter_tracker_and_a_recording_are_read(linux: Linux, near: Wrist) -> None:
    scan = f"(bluetoothctl --timeout {SCANS_S} scan le > /dev/null 2>&1 &)"
    _, document = await diagnosed(linux, scan, "--seconds", str(RECORDS_S))
    address = near.address.lower()
    adapter = facts(document, "bluetooth.adapter")[-1]
    assert (adapter["value"], adapter["locator"]) == ("on", "/org/bluez/hci0")
    (device,) = facts(document, "bluetooth.device", address)
    assert (device["value"]["connected"], device["value"]["paired"]) == (False, False)
    heard = facts(document, "advert.seen", address)
    assert any(-100 < fact["value"]["rssi"] < 0 for fact in heard)
    recording = next(source for source in document["sources"] if source["path"] == "bluez btmon")
    assert recording["records"] > 0, recording
    assert all(not source["problems"] for source in document["sources"])
    assert any(fact["source"] == "bluez btmon" for fact in facts(document, "hci.coverage"))


async def test_a_radio_that_was_switched_off_is_told(linux: Linux, near: Wrist) -> None:
    try:
        status, document = await diagnosed(linux, "bluetoothctl power off > /dev/null", "--symptom", "never_connects")
        assert facts(document, "bluetooth.adapter")[-1]["value"] == "off"
        assert (status, document["verdict"], document["causes"][0]["id"]) == (1, "stuck", "bluetooth.off")
    finally:
        on = "until bluetoothctl power on | grep -q succeeded; do sleep 0.2; done"
        done = await linux.guest.run(["sh", "-c", on])
        assert done.status == 0, done
