"""Whatever the bytes, however they arrive, wherever they are cut."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data import DATA, needs_data
from tests.evidence.hci import builders as b
from tests.evidence.hci.reading import read
from unstuck.evidence.hci import first_time, recognise, session
from unstuck.model.errors import EvidenceError
from unstuck.model.evidence import Fact

HEADS = [
    b"",
    b.btsnoop([]),
    b.btsnoop([], 1001),
    b.btsnoop([], 2001),
    b.pcap([], 201),
    b.pcap([], 187),
    b.pcap([], 254, ">", True),
    b.pcapng([], (201,)),
    b.pcapng([], (1, 254), ">"),
    b.snooz([b.advert(1, -60)])[:9],
    b.packetlogger([b.advert(1, -60)]),
]
MAKERS: list[Callable[[list[b.Packet]], bytes]] = [b.btsnoop, b.pcap, b.pcapng, b.packetlogger]

TALK = [
    *b.reset(0),
    b.advert(1, -70, b.FITBIT_ADVERT + b.named("Inspire 3")),
    b.connected(2),
    b.encrypted(2.2),
    b.att(2.3, True, b"\x06\1\0\xff\xff\0\x28" + b.LINK_CONFIGURATION),
    b.att(2.4, False, b"\1\x06\1\0\x0a"),
    b.notify(2.5, b"\x80"),
    b.write(2.6, b"\x80"),
    b.write(2.7, b"\x81\0\0\x08\x08"),
    b.notify(2.8, b"\x81\0\0\x08\x08"),
    *b.read_rssi(3, -88),
    b.connected_br(4, code=0x04),
    b.command(5, 0x200C),
    b.legacy_adverts(6, [(b.OTHER, -50, b""), (b.TRACKER, -96, b"")]),
    b.disconnected(9, 0x08),
    b.connected(10),
    b.disconnected(10.3, 0x3E),
]


@given(st.sampled_from(HEADS), st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(head: bytes, body: bytes) -> None:
    recognise(head + body)
    first_time(head + body)
    with contextlib.suppress(EvidenceError):
        assert read(head + body).source.records > 0


packets = st.builds(
    b.Packet,
    st.floats(0, 500).map(lambda at: round(at, 3)),
    st.booleans(),
    st.one_of(
        st.binary(min_size=1, max_size=40),
        st.tuples(st.sampled_from(TALK), st.binary(max_size=3), st.integers(1, 40)).map(
            lambda parts: parts[0].data[: parts[2]] + parts[1]
        ),
        st.sampled_from(TALK).map(lambda packet: packet.data),
    ),
)


@given(st.lists(packets, max_size=30))
def test_any_packets_give_facts_that_obey_the_vocabulary(some: list[b.Packet]) -> None:
    data = b.btsnoop(some)
    if some:
        assert read(data).source.records == len(some)


@given(st.lists(st.sampled_from(TALK), min_size=1, max_size=30), st.sampled_from(MAKERS), st.integers(1, 300))
def test_any_split_into_chunks_gives_equal_facts(
    some: list[b.Packet], make: Callable[[list[b.Packet]], bytes], chunk: int
) -> None:
    data = make(some)
    assert read(data, chunk=chunk) == read(data)


@pytest.mark.parametrize("block", [50, 97, 333])
@pytest.mark.parametrize("make", MAKERS)
def test_facts_do_not_depend_on_where_blocks_end(
    block: int, make: Callable[[list[b.Packet]], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make(TALK * 3)
    whole = read(data)
    monkeypatch.setattr("unstuck.evidence.hci.reader.BLOCK_BYTES", block)
    assert read(data) == whole


@needs_data
@pytest.mark.parametrize("name", ["whoisbe__pongbot-mcp/btsnoop_hci.log.last", "wangdalian__btsnooper/btsnoop_hci.log"])
@pytest.mark.parametrize("block", [1_000, 37_777])
def test_facts_of_real_captures_do_not_depend_on_where_blocks_end(
    name: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (DATA / "hci" / name).read_bytes()
    whole = read(data)
    monkeypatch.setattr("unstuck.evidence.hci.reader.BLOCK_BYTES", block)
    assert read(data) == whole


EVENTS = {"link.opened", "link.lost", "link.not_established", "link.encrypted", "hci.reset", "rssi.read"}


def _events(found: tuple[Fact, ...], before: int) -> list[Fact]:
    return [fact for fact in found if fact.name in EVENTS and int(fact.locator.split()[1]) < before]


@pytest.mark.parametrize("make", MAKERS)
def test_a_trace_cut_at_any_byte_keeps_the_facts_before(make: Callable[[list[b.Packet]], bytes]) -> None:
    data = make(TALK)
    whole = read(data).facts
    for cut in range(len(data)):
        try:
            reading = read(data[:cut])
        except EvidenceError:
            continue
        # The last link may still turn out to be one that failed to establish: what is said of it may change.
        before = min(reading.source.records, 17)
        assert _events(reading.facts, before) == _events(whole, before)


def test_telling_packets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "TELLING_KEPT", 1)
    found = read(b.btsnoop([b.connected(1), b.notify(2, b"\x80"), b.notify(3, b"\x81\0\0\x08\x08")])).facts
    assert not [fact for fact in found if fact.name == "device.recognised"]
