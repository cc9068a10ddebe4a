"""The file of bonds: what a power cut left of it does not keep a device from starting."""

import asyncio
import os
import stat
from pathlib import Path

import pytest
from bumble.keys import PairingKeys

from tests.chain.bluetooth import Room, asked, in_the_air
from unstuck.chain.link.radio.bonds import Bonds

PEER = "C1:00:00:00:00:01"
KEYS = PairingKeys(ltk=PairingKeys.Key(bytes(range(16))))


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b'{"__DEFAULT__": {"C1',
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"__DEFAULT__": []}',
        b'{"__DEFAULT__": {"C1:00:00:00:00:01": 7}}',
        b'{"__DEFAULT__": {"C1:00:00:00:00:01": {"ltk": {}}}}',
        b'{"__DEFAULT__": {"C1:00:00:00:00:01": {"ltk": {"value": "no hex"}}}}',
    ],
)
def test_a_damaged_file_is_set_aside_and_counts_as_none(tmp_path: Path, left: bytes) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(left)
    bonds = Bonds(file)
    assert asyncio.run(bonds.get_all()) == []
    assert (tmp_path / "keys.json.damaged").read_bytes() == left
    asyncio.run(bonds.update(PEER, KEYS))
    assert asyncio.run(Bonds(file).get(PEER)) == KEYS


def test_keys_and_their_name_are_on_the_disk_before_they_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[str] = []
    real = os.fsync

    def noted(handle: int) -> None:
        kinds.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    asyncio.run(Bonds(tmp_path / "deep" / "keys.json").update(PEER, KEYS))
    assert kinds == ["file", "folder"]
    assert stat.S_IMODE((tmp_path / "deep" / "keys.json").stat().st_mode) == 0o600


def test_phone_and_tracker_with_damaged_keys_pair_again(tmp_path: Path) -> None:
    for name in ("phone0-keys.json", "tracker-keys.json"):
        (tmp_path / name).write_bytes(b"")

    async def work() -> None:
        async with Room(tmp_path) as room:
            await asked(room.link(), "status")

    in_the_air(work())
    assert sorted(file.name for file in tmp_path.glob("*.damaged")) == [
        "phone0-keys.json.damaged",
        "tracker-keys.json.damaged",
    ]
