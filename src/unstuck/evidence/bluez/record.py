"""Records what passes between this computer and its Bluetooth controller with ``btmon``, where that is allowed."""

import asyncio
import contextlib
import shutil
import signal
from pathlib import Path

from unstuck.model.errors import ErrorCode, LiveError

PROGRAM = "btmon"

_START_S = 0.5
"""btmon that may not listen says so and ends within this."""
_END_LIMIT_S = 5.0


async def record(target: Path, seconds: float, program: str = PROGRAM) -> None:
    """Record to ``target`` (btsnoop) for ``seconds``. Other programs' use of Bluetooth goes on undisturbed.

    Raises:
        LiveError: There is no btmon, or this user may not record.
    """
    path = shutil.which(program)
    if path is None:
        what_to_do = "install BlueZ's tools (Debian: sudo apt install bluez); all but the recording was read"
        raise LiveError(ErrorCode.LIVE_NO_PROGRAM, source="bluez", program=program, what_to_do=what_to_do)
    btmon = await asyncio.create_subprocess_exec(
        path,
        "-w",
        str(target),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await asyncio.wait_for(btmon.wait(), max(seconds, _START_S))
    except TimeoutError:
        pass
    else:
        said = await btmon.stderr.read() if btmon.stderr is not None else b""
        raise _not_allowed(said)
    finally:
        await _end(btmon)


async def _end(btmon: asyncio.subprocess.Process) -> None:
    """It writes the rest of its file when it is interrupted."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        if btmon.returncode is not None:
            return
        btmon.send_signal(sign)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(btmon.wait(), _END_LIMIT_S)


def _not_allowed(said: bytes) -> LiveError:
    words = " ".join(said.decode("utf-8", "replace").split())[:100]
    reason = f"btmon may not record for this user{f' ({words})' if words else ''}; run the same with sudo"
    return LiveError(ErrorCode.LIVE_FAILED, source="bluez", reason=f"{reason}; all but the recording was read")
