"""Encryption and pairing."""

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import facts, only

REQUEST, SECURITY, RANDOM, IDENTITY = b"\1" + bytes(6), b"\x0b\1", b"\4" + bytes(16), b"\x08" + bytes(16)
ADDRESS = bytes.fromhex(b.OTHER.replace(":", ""))[::-1]


@pytest.mark.parametrize("version", [0x08, 0x59, 0x30])
def test_every_version_of_encryption_coming_on_is_read(version: int) -> None:
    on = only(facts([b.connected(1), b.encrypted(2, version=version)]), "link.encrypted")
    assert on.subject == b.TRACKER
    assert on.value == {"handle": b.HANDLE, "event": version}


@pytest.mark.parametrize("version", [0x08, 0x59, 0x30])
@pytest.mark.parametrize("code", [0x05, 0x06, 0x3D])
def test_encryption_that_cannot_start_is_told_with_its_status(version: int, code: int) -> None:
    found = facts([b.connected(1), b.encrypted(2, code, version)])
    assert only(found, "link.encryption_failed").value == {"handle": b.HANDLE, "status": code}
    assert not found.has("link.encrypted")


def test_encryption_going_off_is_not_encryption_coming_on() -> None:
    assert not facts([b.connected(1), b.event(2, 0x08, b"\0\x40\0\0")]).has("link.encrypted", "link.encryption_failed")


@pytest.mark.parametrize("reason", [0x05, 0x06, 0x3D])
def test_a_link_that_ends_for_want_of_a_key_says_both(reason: int) -> None:
    found = facts([b.connected(1), b.disconnected(2, reason)])
    assert only(found, "link.encryption_failed").value == {"handle": b.HANDLE, "status": reason}
    assert only(found, "link.ended").number("reason") == reason


def test_authentication_of_a_br_link_that_fails_for_want_of_a_key_is_told() -> None:
    found = facts([b.connected_br(1), b.event(2, 0x06, b"\x06\x10\0")])
    assert only(found, "link.encryption_failed").value == {"handle": 0x10, "status": 0x06}
    assert not facts([b.connected_br(1), b.event(2, 0x06, b"\0\x10\0")]).has("link.encryption_failed")


def test_pairing_of_an_le_link_begins_and_completes() -> None:
    found = facts(
        [b.connected(1), b.smp(2, False, REQUEST), b.smp(3, True, RANDOM), b.encrypted(4), b.smp(5, True, IDENTITY)]
    )
    assert only(found, "pairing.started").value == {"by": "phone"}
    completed = only(found, "pairing.completed")
    assert (completed.value, completed.locator) == ({"kind": "smp"}, "packet 4")
    assert not found.has("pairing.failed")


def test_pairing_asked_for_by_the_tracker_is_told_so() -> None:
    found = facts([b.connected(1), b.smp(2, True, SECURITY), b.smp(3, False, REQUEST)])
    assert only(found, "pairing.started").value == {"by": "peer"}


def test_a_security_request_answered_with_the_old_key_is_no_pairing() -> None:
    found = facts([b.connected(1), b.smp(2, True, SECURITY), b.encrypted(3)])
    assert not found.has("pairing.started", "pairing.completed")


@pytest.mark.parametrize("received", [True, False])
def test_a_pairing_failure_is_told_with_its_reason(received: bool) -> None:
    found = facts([b.connected(1), b.smp(2, False, REQUEST), b.smp(3, received, b"\5\4")])
    failed = only(found, "pairing.failed")
    assert failed.value == {"reason": 4, "kind": "smp"}
    assert failed.excerpt == "SMP Pairing Failed: reason 0x04 confirm value does not match"
    assert not found.has("pairing.completed")


def test_pairing_after_a_failure_is_a_second_pairing() -> None:
    packets = [b.smp(at, False, data) for at, data in ((2, REQUEST), (3, b"\5\4"), (4, REQUEST), (5, b"\5\4"))]
    found = facts([b.connected(1), *packets])
    assert len(found.all("pairing.started")) == len(found.all("pairing.failed")) == 2


def test_keys_exchanged_on_a_link_without_events_complete_a_pairing() -> None:
    found = facts([b.smp(1, True, IDENTITY), b.smp(2, True, IDENTITY)])
    assert only(found, "pairing.completed").subject == "handle 0x0040"


@pytest.mark.parametrize(("first", "by"), [(0x31, "phone"), (0x32, "peer")])
def test_simple_pairing_of_a_br_device_is_told(first: int, by: str) -> None:
    found = facts(
        [
            b.event(1, first, ADDRESS + bytes(3)),
            b.event(2, 0x63 - first, ADDRESS + bytes(3)),
            b.event(3, 0x36, b"\0" + ADDRESS),
        ]
    )
    assert only(found, "pairing.started").value == {"by": by}
    assert only(found, "pairing.completed").value == {"kind": "ssp"}
    assert only(found, "pairing.completed").subject == b.OTHER


def test_simple_pairing_that_fails_is_told_with_its_status() -> None:
    found = facts([b.event(1, 0x31, ADDRESS), b.event(2, 0x36, b"\x05" + ADDRESS)])
    assert only(found, "pairing.failed").value == {"reason": 5, "kind": "ssp"}
