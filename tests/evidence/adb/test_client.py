"""What the client makes of adb's own words, where no phone on TCP brings them about.

The program here is a script that stands for adb; its lines are those that adb 29 to 35 print (``adb devices -l``,
``transport.cpp`` and ``adb_client.cpp`` of AOSP).
"""

import os
import shlex
from pathlib import Path

import pytest

from unstuck.evidence.adb.client import AdbClient
from unstuck.model.errors import ErrorCode, LiveError

HEAD = "List of devices attached\n"


def client(folder: Path, listed: str, *, shell: str = "", status: int = 0, state: str = "device") -> AdbClient:
    program = folder / "adb"
    lines = [
        "#!/bin/sh",
        'case "$*" in',
        f"  devices*) printf %s {shlex.quote(HEAD + listed)};;",
        f"  *get-state) echo {state};;",
        f"  *shell*) printf %s {shlex.quote(shell)} >&2; exit {status};;",
        "esac",
    ]
    program.write_text("\n".join(lines) + "\n", "utf-8")
    program.chmod(0o755)
    return AdbClient(str(program))


@pytest.mark.parametrize(
    ("listed", "code", "said"),
    [
        ("", ErrorCode.LIVE_NO_PHONE, "plug it in with USB debugging on"),
        (
            "R58M0001  no permissions (user in plugdev group; are your udev rules wrong?); see [http://x] usb:1-2\n",
            ErrorCode.LIVE_FAILED,
            "android-sdk-platform-tools-common",
        ),
        ("R58M0001  offline usb:1-2 transport_id:3\n", ErrorCode.LIVE_OFFLINE, "plug it in again and unlock it"),
        ("10.0.0.7:40111  offline transport_id:3\n", ErrorCode.LIVE_OFFLINE, "connect it anew"),
        ("R58M0001  recovery usb:1-2 product:x model:Y device:z\n", ErrorCode.LIVE_OFFLINE, "'recovery'; restart it"),
        ("R58M0001  unauthorized usb:1-2 transport_id:3\n", ErrorCode.LIVE_NOT_ALLOWED, "tap Allow"),
        ("R58M0001  authorizing usb:1-2 transport_id:3\n", ErrorCode.LIVE_NOT_ALLOWED, "tap Allow"),
        (
            "R58M0001 device product:a model:One_A device:a\nR58M0002 unauthorized usb:1-3\n",
            ErrorCode.LIVE_SEVERAL,
            "serial R58M0001 (One A), serial R58M0002 (unauthorized)",
        ),
    ],
)
def test_a_phone_that_cannot_be_asked_is_one_sentence(tmp_path: Path, listed: str, code: ErrorCode, said: str) -> None:
    with pytest.raises(LiveError) as caught:
        client(tmp_path, listed).choose()
    assert caught.value.code is code
    assert said in str(caught.value)


def test_lines_of_a_server_that_starts_are_no_phones(tmp_path: Path) -> None:
    listed = "* daemon not running; starting now at tcp:5037\n* daemon started successfully\nR58M0001\tdevice\n"
    assert [phone.serial for phone in client(tmp_path, listed).phones()] == ["R58M0001"]


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ("error: device 'R58M0001' not found\n", ErrorCode.LIVE_GONE),
        ("adb: device 'R58M0001' not found\n", ErrorCode.LIVE_GONE),
        ("error: device offline\n", ErrorCode.LIVE_GONE),
        ("error: closed\n", ErrorCode.LIVE_GONE),
        ("error: device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set\n", ErrorCode.LIVE_NOT_ALLOWED),
    ],
)
def test_adbs_own_complaints_are_told_from_the_phones(tmp_path: Path, errors: str, code: ErrorCode) -> None:
    with pytest.raises(LiveError) as caught:
        client(tmp_path, "", shell=errors, status=1).shell("R58M0001", "getprop", 5.0)
    assert caught.value.code is code


def test_a_command_that_fails_on_the_phone_is_a_result(tmp_path: Path) -> None:
    failing = client(tmp_path, "", shell="Error: Unknown package\n", status=255)
    result = failing.shell("R58M0001", "pm path x", 5.0)
    assert (result.status, result.stderr) == (255, b"Error: Unknown package\n")


def test_an_answer_from_a_phone_that_is_gone_by_now_is_not_trusted(tmp_path: Path) -> None:
    """adb ends with 0 where the phone goes away in the middle of its answer."""
    with pytest.raises(LiveError) as caught:
        client(tmp_path, "", state="offline").shell("R58M0001", "getprop", 5.0)
    assert caught.value.code is ErrorCode.LIVE_GONE


def test_a_program_that_is_no_program_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "adb").write_bytes(b"\x7fELF broken")
    (tmp_path / "adb").chmod(0o755)
    with pytest.raises(LiveError, match="cannot be run"):
        AdbClient(os.fspath(tmp_path / "adb")).phones()
