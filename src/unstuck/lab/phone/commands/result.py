"""What a command on the phone comes back with."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from unstuck.evidence.adb.client import ShellResult as ShellResult

if TYPE_CHECKING:
    from unstuck.lab.phone.phone import LabPhone

NOT_FOUND = 127
"""Status of a command that there is not (POSIX shell)."""

FAILED = 255
"""Status of a service command that returned -1."""


Command = Callable[["LabPhone", Sequence[str]], ShellResult]


def said(text: str, status: int = 0) -> ShellResult:
    """On standard output."""
    return ShellResult(text.encode(), b"", status)


def complained(text: str, status: int = FAILED) -> ShellResult:
    """On standard error."""
    return ShellResult(b"", text.encode(), status)


def threw(command: str, exception: str) -> ShellResult:
    """A service command that ended with an exception, as ``cmd`` prints it."""
    trace = "\tat com.android.server.am.ActivityManagerService.synthetic(Unknown Source:0)\n"
    return complained(f"\nException occurred while executing '{command}':\n{exception}\n{trace}")


def unknown(name: str) -> ShellResult:
    """No such command."""
    return complained(f"/system/bin/sh: {name}: inaccessible or not found\n", NOT_FOUND)
