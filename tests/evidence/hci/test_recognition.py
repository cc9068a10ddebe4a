"""Which devices are trackers, by what, and how sure."""

import struct

import pytest

from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import facts, only, read
from unstuck.evidence.hci import HciReader
from unstuck.evidence.hci.peers import SURE_ADVERT, SURE_COMPANY, SURE_HANDLES, SURE_NAME, SURE_SERVICE, SURE_WEAK
from unstuck.model.evidence import Fact, FactSet, ReaderOptions

WHOOP = bytes.fromhex("610800018d6d82b8614a1c8cb0f8dcc6")[::-1]
POINTER = bytes.fromhex("ac2f03458182" + "4be591e02992e6b40ebb")


def _sign(fact: Fact) -> tuple[str, str, float | None]:
    return fact.text("vendor"), fact.text("by"), fact.number("sure")


@pytest.mark.parametrize(
    ("data", "sign"),
    [
        (b.FITBIT_ADVERT, ("fitbit", "advert", SURE_ADVERT)),
        (b"\x03\x02\xe0\xfe", ("huami", "advert", SURE_ADVERT)),
        (b"\x11\x07" + WHOOP, ("whoop", "advert", SURE_SERVICE)),
        (b"\x11\x06" + WHOOP, ("whoop", "advert", SURE_SERVICE)),
        (b.named("Forerunner 255"), ("garmin", "name", SURE_NAME)),
        (b"\x04\xff\xb2\x02\x00", ("oura", "advert", SURE_COMPANY)),
        (b"\x03\x03\x0d\x18", ("sensor", "advert", SURE_WEAK)),
    ],
)
def test_a_tracker_is_recognised_by_its_advert(data: bytes, sign: tuple[str, str, float]) -> None:
    assert _sign(only(facts([b.advert(1, -60, data)]), "device.recognised")) == sign


def test_a_surer_sign_is_told_again_a_weaker_one_is_not() -> None:
    by_name, by_service = b.advert(1, -60, b.named("Inspire 3")), b.advert(2, -60)
    assert [_sign(fact)[1] for fact in facts([by_name, by_service]).all("device.recognised")] == ["name", "advert"]
    found = facts([by_service, by_name])
    assert [_sign(fact)[1] for fact in found.all("device.recognised")] == ["advert"]
    assert only(found, "device.recognised").text("name") == "Inspire 3"


def test_damaged_advert_data_is_read_as_far_as_it_makes_sense() -> None:
    assert not facts([b.advert(1, -60, b"\x00\xff\x03\x03\x62\xfd")]).has("device.recognised")
    assert facts([b.advert(1, -60, b"\x03\x03\x62\xfd\x09\x09ab")]).has("device.recognised")


@pytest.mark.parametrize(
    "exchange",
    [
        [b.att(2, True, b"\x11\x14" + bytes(4) + WHOOP)],
        [b.att(2, True, b"\x09\x15" + bytes(5) + WHOOP)],
        [b.att(2, False, b"\x06\1\0\xff\xff\0\x28" + WHOOP), b.att(3, True, b"\x07\1\0\2\0")],
        [b.att(2, True, b"\x06\1\0\xff\xff\0\x28" + WHOOP)],
    ],
    ids=["found as service", "found as characteristic", "searched and found", "asked for by the device"],
)
def test_a_tracker_is_recognised_by_a_service(exchange: list[b.Packet]) -> None:
    found = facts([b.connected(1), *exchange])
    assert _sign(only(found, "device.recognised")) == ("whoop", "service", SURE_SERVICE)


def test_a_16_bit_service_found_on_the_device_counts_too() -> None:
    found = facts([b.connected(1), b.att(2, True, b"\x11\x06\1\0\5\0\x62\xfd")])
    assert _sign(only(found, "device.recognised")) == ("fitbit", "service", SURE_ADVERT)


def test_a_fitbit_with_cached_services_is_recognised_by_what_it_looks_for_on_the_phone() -> None:
    find = b.att(2, True, b"\x06\1\0\xff\xff\0\x28" + b.LINK_CONFIGURATION)
    found = facts([find, b.disconnected(9, 0x08)])
    recognised = only(found, "device.recognised")
    assert _sign(recognised) == ("fitbit", "service", SURE_SERVICE)
    assert recognised.subject == only(found, "link.lost").subject == "handle 0x0040"


def test_a_fitbit_is_recognised_by_the_pointer_the_phone_reads() -> None:
    found = facts([b.connected(1), b.att(2, False, b"\x0a\x52\0"), b.att(3, True, b"\x0b" + POINTER)])
    assert _sign(only(found, "device.recognised"))[0] == "fitbit"


@pytest.mark.parametrize(
    "exchange",
    [
        [b.att(2, False, b"\x06\1\0\xff\xff\0\x28" + WHOOP), b.att(3, True, b"\1\x06\1\0\x0a")],
        [b.att(2, False, b"\x11\x14" + bytes(4) + WHOOP)],
        [b.att(2, True, b"\x0b" + bytes(16))],
    ],
    ids=["searched in vain", "the phone's own service", "some value"],
)
def test_what_the_device_does_not_have_says_nothing(exchange: list[b.Packet]) -> None:
    assert not facts([b.connected(1), *exchange]).has("device.recognised")


def test_the_name_a_device_gives_over_gatt_is_read() -> None:
    asked = b.att(2, False, b"\x08\1\0\xff\xff\0\x2a")
    answer = b.att(3, True, b"\x09\x0b\3\0" + b"Inspire 3")
    found = facts([b.connected(1), asked, answer])
    assert only(found, "device.name").value == {"name": "Inspire 3", "source": "gatt"}
    assert _sign(only(found, "device.recognised")) == ("fitbit", "name", SURE_NAME)


def test_handles_alone_are_a_guess() -> None:
    values = [packet for at in range(6) for packet in (b.write(2 + at, b"abc"), b.notify(2.5 + at, b"abc"))]
    found = facts([b.connected(1), *values, b.disconnected(9, 0x13)])
    assert _sign(only(found, "device.recognised")) == ("fitbit", "handles", SURE_HANDLES)
    assert not facts([b.connected(1), *values[:4], b.disconnected(9, 0x13)]).has("device.recognised")


def test_a_device_recognised_in_one_trace_is_known_by_its_address_in_the_next() -> None:
    reader = HciReader(ReaderOptions())
    read(b.btsnoop([b.advert(1, -60, b.FITBIT_ADVERT + b.named("Inspire 3"))]), "log.last", reader=reader)
    later = FactSet(read(b.btsnoop([b.connected(100)]), "log", reader=reader).facts)
    recognised = only(later, "device.recognised")
    assert _sign(recognised) == ("fitbit", "address", SURE_ADVERT)
    assert recognised.text("name") == "Inspire 3"


def test_a_device_recognised_in_one_trace_is_known_by_its_bond_in_the_next() -> None:
    reader = HciReader(ReaderOptions())
    read(b.btsnoop([b.advert(1, -60)]), "log.last", reader=reader)
    address = bytes.fromhex(b.TRACKER.replace(":", ""))[::-1]
    bond = b.command(100, 0x2027, b"\1" + address + bytes(32))
    later = FactSet(read(b.btsnoop([bond, b.complete(100.01, 0x2027)]), "log", reader=reader).facts)
    assert _sign(only(later, "device.recognised")) == ("fitbit", "bond", SURE_ADVERT)


def test_names_keep_only_what_can_be_printed() -> None:
    found = facts([b.advert(1, -60, b.named("Inspire\x07 3\0\0"))])
    assert only(found, "device.name").text("name") == "Inspire 3"


def test_a_name_in_no_valid_encoding_is_still_a_name() -> None:
    found = facts([b.connected(0), b.advert(1, -60, struct.pack("BB", 4, 9) + b"\xff\xfeA")])
    assert only(found, "device.name").text("name").endswith("A")
