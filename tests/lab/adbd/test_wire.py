"""Messages of the protocol: put together from any pieces, refused where damaged."""

import pytest

from unstuck.lab.adbd.wire import Command, Decoder, Message, WireError

HELLO = Message(Command.CNXN, 0x01000000, 4096, b"host::\0")
DATA = Message(Command.WRTE, 1, 2, b"some bytes")


def test_messages_survive_any_cutting() -> None:
    whole = HELLO.encoded(checked=True) + DATA.encoded(checked=True)
    for size in (1, 7, 24, 25, len(whole)):
        decoder = Decoder()
        found = [message for at in range(0, len(whole), size) for message in decoder.feed(whole[at : at + size])]
        assert found == [HELLO, DATA]


def test_the_bytes_are_those_of_the_protocol() -> None:
    assert DATA.encoded(checked=True).hex() == (
        "5752544501000000020000000a000000fb030000a8adabba" + b"some bytes".hex()
    )


def test_a_wrong_sum_ends_the_connection() -> None:
    damaged = bytearray(DATA.encoded(checked=True))
    damaged[-1] ^= 1
    with pytest.raises(WireError, match="sum is wrong"):
        list(Decoder().feed(bytes(damaged)))


def test_sums_are_not_looked_at_once_both_sides_leave_them_out() -> None:
    decoder = Decoder()
    decoder.checked = False
    assert list(decoder.feed(DATA.encoded())) == [DATA]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0" * 24])
def test_what_is_no_adb_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        list(Decoder().feed(data))


def test_a_payload_longer_than_allowed_is_refused_before_it_comes() -> None:
    head = bytearray(DATA.encoded()[:24])
    head[12:16] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(WireError, match="longer than allowed"):
        list(Decoder().feed(bytes(head)))
