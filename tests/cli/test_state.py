"""What commands keep: on the disk with its name, and one sentence when it is damaged."""

import asyncio
import os
import stat
from pathlib import Path
from typing import cast

import pytest

from unstuck.chain.phone.person import Person
from unstuck.cli import up_login
from unstuck.cli.state import TRACKER_CODE_FILE, tracker_code
from unstuck.model.errors import UsageError


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="no handles of folders")
def test_a_code_and_its_name_are_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[str] = []
    real = os.fsync

    def noted(handle: int) -> None:
        folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        kinds.append("folder" if folder else "file")
        assert (tmp_path / TRACKER_CODE_FILE).exists() == folder, "the folder is synced when the name is in it"
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    code = tracker_code(tmp_path)
    assert kinds == ["file", "folder"]
    assert tracker_code(tmp_path) == code


@pytest.mark.parametrize("left", [b"", b"\n", b"ABCD-EFGH", b"\xff\xfe", b"ABCD-EFGH-2345-ABC!", b"\x00" * 19])
def test_a_damaged_code_is_said_in_one_sentence_and_not_replaced(tmp_path: Path, left: bytes) -> None:
    file = tmp_path / TRACKER_CODE_FILE
    file.write_bytes(left)
    with pytest.raises(UsageError, match=r"tracker-code: is no tracker's code"):
        tracker_code(tmp_path)
    assert file.read_bytes() == left


def test_a_code_that_is_a_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / TRACKER_CODE_FILE).mkdir()
    with pytest.raises(UsageError, match="tracker-code"):
        tracker_code(tmp_path)


@pytest.mark.parametrize(
    "left",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        '"name password"',
        "{}",
        '{"name": "a"}',
        '{"name": "a", "password": 7}',
        '{"name": null, "password": "b"}',
        "[" * 100_000,
    ],
)
def test_a_damaged_account_is_said_in_one_sentence_and_not_replaced(tmp_path: Path, left: str) -> None:
    file = tmp_path / up_login.ACCOUNT_FILE
    file.write_text(left)
    with pytest.raises(UsageError, match=r"account\.json: is no account; remove it"):
        asyncio.run(up_login._signed_in(cast(Person, object()), file))
    assert file.read_text() == left


def test_a_kept_account_is_signed_in(tmp_path: Path) -> None:
    file = tmp_path / up_login.ACCOUNT_FILE
    file.write_text('{"name": "a", "password": "b", "of": "a later version"}')
    person = _Person()
    asyncio.run(up_login._signed_in(cast(Person, person), file))
    assert person.signed_in == ("a", "b")


class _Person:
    """Takes any name and password."""

    signed_in = ("", "")

    async def sign_in(self, name: str, password: str) -> None:
        self.signed_in = (name, password)
