"""Values of Link Status and Link Configuration, as golden-gate's GATT services lay them out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.chain.link.gatt import ids
from unstuck.chain.link.gatt.values import (
    FAST,
    SLOW,
    ConnectionConfiguration,
    ConnectionStatus,
    Mode,
    Pace,
    PreferredConfiguration,
    StatusFlag,
)

U8, U16 = st.integers(0, 0xFF), st.integers(0, 0xFFFF)
PACES = st.builds(Pace, U16, U16, U8, U8)


def test_values_are_little_endian_and_as_long_as_described() -> None:
    configuration = ConnectionConfiguration(12, 3, 400, 517, Mode.SLOW)
    assert configuration.to_bytes() == bytes.fromhex("0c00 0300 9001 0502 02")
    status = ConnectionStatus(StatusFlag.ENCRYPTED | StatusFlag.LENGTH_EXTENSION)
    assert status.to_bytes() == bytes.fromhex("06 fb 4808 fb 4808")
    assert PreferredConfiguration().to_bytes() == bytes.fromhex("03 0c00 0c00 00 14 6000 7400 03 28 00 0000 0000")


@given(st.builds(ConnectionConfiguration, U16, U16, U16, U16, st.sampled_from(Mode)), st.binary(max_size=3))
def test_a_configuration_survives_the_way_and_one_byte_too_many(made: ConnectionConfiguration, tail: bytes) -> None:
    assert ConnectionConfiguration.from_bytes(made.to_bytes() + tail) == made


@given(st.builds(ConnectionStatus, st.integers(0, 31).map(StatusFlag), U8, U16, U8, U16))
def test_a_status_survives_the_way(made: ConnectionStatus) -> None:
    assert ConnectionStatus.from_bytes(made.to_bytes()) == made


@given(
    st.builds(
        PreferredConfiguration,
        st.none() | PACES,
        st.none() | PACES,
        st.none() | st.tuples(U8, U16),
        st.none() | U16,
    )
)
def test_wishes_survive_the_way_and_no_wish_stays_none(made: PreferredConfiguration) -> None:
    assert len(made.to_bytes()) == 18
    assert PreferredConfiguration.from_bytes(made.to_bytes()) == made


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for kind in (ConnectionConfiguration, ConnectionStatus, PreferredConfiguration):
        with suppress(ValueError):
            kind.from_bytes(data)


def test_what_no_controller_takes_is_not_possible() -> None:
    assert FAST.possible
    assert SLOW.possible
    for pace in (
        Pace(0, 0, 0, 0),
        Pace(5, 12, 0, 20),
        Pace(24, 12, 0, 20),
        Pace(12, 4000, 0, 255),
        Pace(116, 116, 30, 20),
        Pace(12, 12, 0, 0),
    ):
        assert not pace.possible


@pytest.mark.parametrize("name", [name for name in vars(ids) if name.isupper()])
def test_ids_are_written_as_bleak_writes_them(name: str) -> None:
    uuid = getattr(ids, name)
    assert uuid == uuid.lower()
    assert [len(part) for part in uuid.split("-")] == [8, 4, 4, 4, 12]
